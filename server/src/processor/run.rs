//! The processor's loop: take, load, decide, commit, answer, announce.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use onhand::conflict::{Choice, Conflict};
use onhand::id::Sku;
use onhand::ledger::{Batch, Entry, Input, Ledger, Processed};
use onhand::record::Change;
use onhand::state::State;
use onhand::wire::EventResult;
use onhand::wire::stock::LevelRow;
use tokio::sync::broadcast;

use super::announce::{Announcement, Committed, SkuAvailability};
use super::handle::{Answer, Handle, Unavailable};
use super::queue::{Job, Queue, Work};
use crate::clock::Clock;
use crate::store::rows::Rows;
use crate::store::{Store, StoreError};

/// Events released in one go after what they waited for has come.
const RELEASE_BATCH: u32 = 1_024;

/// Batches that a listener may fall behind before it has to read the store instead.
const ANNOUNCEMENTS: usize = 256;

/// How long the processor waits before it tries again to release what waits, after the store
/// could not be read or written.
const RELEASE_RETRY_DELAY: Duration = Duration::from_millis(200);

/// The processor had to stop, and with it the process: see [`StoreError::Failed`].
#[derive(Debug, thiserror::Error)]
#[error("the processor stops: {0}")]
pub struct Stopped(#[from] StoreError);

/// The one task that owns a ledger.
pub struct Processor {
    ledger: Ledger,
    store: Arc<dyn Store>,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    committed: broadcast::Sender<Announcement>,
    seq: Arc<AtomicU64>,
    batch_max: usize,
}

/// A job in the batch, and what became of its inputs so far.
struct Pending {
    job: Job,
    inputs: Vec<Input>,
    processed: Vec<Processed>,
}

impl Processor {
    /// A processor for a ledger as the store remembers it, and the way to it.
    pub fn new(
        state: State,
        store: Arc<dyn Store>,
        queue: Arc<dyn Queue>,
        clock: Arc<dyn Clock>,
        batch_max: usize,
    ) -> (Self, Handle) {
        let (committed, _) = broadcast::channel(ANNOUNCEMENTS);
        let seq = Arc::new(AtomicU64::new(state.head().seq));
        let handle = Handle::new(
            Arc::clone(&queue),
            Arc::clone(&store),
            committed.clone(),
            Arc::clone(&seq),
        );
        let ledger = Ledger::new(state);
        (Self { ledger, store, queue, clock, committed, seq, batch_max }, handle)
    }

    /// Works until the queue is closed and empty.
    ///
    /// # Errors
    /// When it is not known whether a batch is durable. The process must end then: what is in
    /// memory may be ahead of the disk.
    pub async fn run(mut self) -> Result<(), Stopped> {
        loop {
            // What has been waiting goes first, and needs nobody to ask for it.
            let jobs = if self.ledger.state().next_woken().is_some() {
                self.queue.take_ready(self.batch_max)
            } else {
                match self.queue.take(self.batch_max).await {
                    Some(jobs) => jobs,
                    None => return Ok(()),
                }
            };
            if let Err(error) = self.release_waiting().await {
                refuse(Vec::new(), error)?;
                tokio::time::sleep(RELEASE_RETRY_DELAY).await;
            }
            let (previews, jobs): (Vec<_>, Vec<_>) =
                jobs.into_iter().partition(|job| matches!(job.work, Work::Preview(_)));
            if !jobs.is_empty() {
                self.process(jobs).await?;
            }
            for job in previews {
                self.preview(job).await?;
            }
        }
    }

    /// Decides jobs in one batch, commits it and answers.
    async fn process(&mut self, jobs: Vec<Job>) -> Result<(), Stopped> {
        let mut pending = match self.prepare(jobs).await {
            Ok(pending) => pending,
            Err((jobs, error)) => return refuse(jobs, error),
        };
        let now = self.clock.now();
        for one in &mut pending {
            for input in &one.inputs {
                one.processed.push(self.ledger.process(input, &one.job.actor, now));
            }
        }
        match self.commit().await {
            Ok(committed) => {
                for one in pending {
                    answer(one, &committed.entries);
                }
                self.announce(committed);
                Ok(())
            }
            Err(error) => refuse(pending.into_iter().map(|one| one.job).collect(), error),
        }
    }

    /// Loads what the jobs need from the store.
    async fn prepare(&mut self, jobs: Vec<Job>) -> Result<Vec<Pending>, (Vec<Job>, StoreError)> {
        let mut pending = Vec::with_capacity(jobs.len());
        let mut failure = None;
        for mut job in jobs {
            let inputs = match &mut job.work {
                Work::Decide(inputs) => Ok(std::mem::take(inputs)),
                Work::Resolve(choice) | Work::Preview(choice) => {
                    let choice = choice.clone();
                    self.resolution(choice).await.map(|input| vec![input])
                }
            };
            let inputs = inputs.unwrap_or_else(|error| {
                failure = Some(error);
                Vec::new()
            });
            pending.push(Pending { job, processed: Vec::with_capacity(inputs.len()), inputs });
        }
        if failure.is_none() {
            let inputs = pending.iter().flat_map(|one| &one.inputs);
            failure = self.load(inputs).await.err();
        }
        match failure {
            None => Ok(pending),
            Some(error) => {
                self.ledger.undo();
                Err((pending.into_iter().map(|one| one.job).collect(), error))
            }
        }
    }

    async fn load(&mut self, inputs: impl Iterator<Item = &Input>) -> Result<(), StoreError> {
        let wants = self.ledger.wants(inputs);
        if !wants.is_empty() {
            let loaded = self.store.fetch(&wants).await?;
            self.ledger.load(loaded);
        }
        Ok(())
    }

    /// A choice with the event that its conflict holds back.
    async fn resolution(&self, choice: Choice) -> Result<Input, StoreError> {
        let conflict = self.ledger.state().open_conflict(choice.conflict);
        let held = match conflict.and_then(|conflict| conflict.events.last()) {
            Some(event) => self.store.records(&[event.seq]).await?.pop().map(Box::new),
            None => None,
        };
        Ok(Input::Resolve { choice, held })
    }

    /// Decides again what waited for something that has come, at most [`RELEASE_BATCH`] at once.
    async fn release_waiting(&mut self) -> Result<(), StoreError> {
        if self.ledger.state().next_woken().is_none() {
            return Ok(());
        }
        if let Err(error) = self.decide_woken().await {
            self.ledger.undo();
            return Err(error);
        }
        let committed = self.commit().await?;
        self.announce(committed);
        Ok(())
    }

    /// Loads and decides the first events whose waiting is over.
    async fn decide_woken(&mut self) -> Result<(), StoreError> {
        let Some((on, discard)) = self.ledger.state().next_woken() else { return Ok(()) };
        let on = on.clone();
        let held = self.store.waiting(&on, RELEASE_BATCH).await?;
        let inputs: Vec<Input> = held
            .into_iter()
            .map(|held| Input::Release { held: Box::new(held), on: on.clone(), discard })
            .collect();
        self.load(inputs.iter()).await?;
        let now = self.clock.now();
        for input in &inputs {
            self.ledger.process(input, "onhand", now);
        }
        Ok(())
    }

    /// Makes the batch in progress durable, or undoes it.
    async fn commit(&mut self) -> Result<Committed, StoreError> {
        let batch = self.ledger.finish();
        if batch.entries.is_empty() {
            self.ledger.keep();
            let seq = batch.head.seq;
            return Ok(Committed {
                from: seq,
                to: seq,
                entries: Vec::new(),
                levels: Vec::new(),
                conflicts: Vec::new(),
                availability: Vec::new(),
            });
        }
        let result = self.store.commit(&Rows::of(&batch, &self.ledger)).await;
        match result {
            Ok(()) => {
                self.ledger.keep();
                self.seq.store(batch.head.seq, Ordering::Release);
                Ok(committed(batch, self.ledger.state()))
            }
            Err(error) => {
                self.ledger.undo();
                Err(error)
            }
        }
    }

    fn announce(&self, committed: Committed) {
        if committed.to > committed.from {
            // Nobody may be listening; that is no error.
            let _ = self.committed.send(Arc::new(committed));
        }
    }

    /// What a choice would lead to: carried out like any other, releases included, then undone.
    async fn preview(&mut self, mut job: Job) -> Result<(), Stopped> {
        let Work::Preview(choice) = &mut job.work else { return Ok(()) };
        let choice = choice.clone();
        let answers = self.try_out(choice).await;
        self.ledger.undo();
        match answers {
            Ok(answer) => {
                // The asker may have gone; then nobody misses the answer.
                let _ = job.answer.send(Ok(vec![answer]));
                Ok(())
            }
            Err(error) => refuse(vec![job], error),
        }
    }

    async fn try_out(&mut self, choice: Choice) -> Result<Answer, StoreError> {
        let input = self.resolution(choice).await?;
        self.load(std::iter::once(&input)).await?;
        let now = self.clock.now();
        if let Processed::Refused(refused) = self.ledger.process(&input, "onhand", now) {
            return Ok(Answer::Refused(refused));
        }
        self.decide_woken().await?;
        let batch = self.ledger.finish();
        let state = self.ledger.state();
        Ok(Answer::Preview {
            levels: level_rows(&batch, state),
            availability: availability(&batch, state),
        })
    }
}

/// Answers that nothing is recorded; stops where that is not known.
fn refuse(jobs: Vec<Job>, error: StoreError) -> Result<(), Stopped> {
    let answer = match &error {
        StoreError::Full(_) => Unavailable::DiskFull,
        StoreError::Failed(_) => {
            // Whether it is durable is not known, so nothing may be answered at all.
            drop(jobs);
            return Err(Stopped(error));
        }
        other => Unavailable::Store(other.to_string()),
    };
    tracing::warn!(%error, jobs = jobs.len(), "a batch was not written");
    for job in jobs {
        let _ = job.answer.send(Err(answer.clone()));
    }
    Ok(())
}

/// Answers one job.
fn answer(pending: Pending, entries: &[Entry]) {
    let answers = pending.inputs.iter().zip(pending.processed).map(|(input, processed)| {
        match (input, processed) {
            (Input::Event(event), Processed::Duplicate(original)) => {
                Answer::Event(EventResult::duplicate(&event.source, &event.id, original))
            }
            (Input::Event(event), Processed::Invalid(errors)) => {
                let (source, id) = (event.source.to_string(), event.id.to_string());
                Answer::Event(EventResult::invalid(Some(source), Some(id), errors))
            }
            (Input::Event(_), Processed::Recorded(index)) => {
                Answer::Event(EventResult::recorded(&entries[index].record))
            }
            (_, Processed::Recorded(index)) => {
                Answer::Resolved(Box::new(entries[index].record.clone()))
            }
            (_, Processed::Refused(refused)) => Answer::Refused(refused),
            (_, Processed::Duplicate(_) | Processed::Invalid(_)) => {
                unreachable!("only events from outside are duplicates or invalid")
            }
        }
    });
    // The asker may have gone; what is recorded stays recorded.
    let _ = pending.job.answer.send(Ok(answers.collect()));
}

/// What a durable batch has to tell.
fn committed(batch: Batch, state: &State) -> Committed {
    let levels = level_rows(&batch, state);
    let availability = availability(&batch, state);
    let mut conflicts: std::collections::BTreeMap<_, Conflict> = std::collections::BTreeMap::new();
    for change in batch.entries.iter().flat_map(|entry| &entry.record.changes) {
        if let Change::Conflict(conflict) = change {
            conflicts.insert(conflict.id, conflict.as_ref().clone());
        }
    }
    let to = batch.head.seq;
    Committed {
        from: to - batch.entries.len() as u64,
        to,
        entries: batch.entries,
        levels,
        conflicts: conflicts.into_values().collect(),
        availability,
    }
}

fn level_rows(batch: &Batch, state: &State) -> Vec<LevelRow> {
    batch
        .levels(state)
        .map(|(sku, location, level)| LevelRow::of(state.catalogue(), sku, location, level))
        .collect()
}

fn availability(batch: &Batch, state: &State) -> Vec<SkuAvailability> {
    let skus: BTreeSet<_> = batch.levels(state).map(|(sku, _, _)| sku).collect();
    let catalogue = state.catalogue();
    skus.into_iter()
        .map(|sku| {
            let levels = state.levels_of(sku);
            let name: &Sku = catalogue.sku_name(sku);
            let mut seq = 0;
            let by_location = levels
                .map(|(location, level)| {
                    seq = seq.max(level.seq);
                    (catalogue.location_name(location).clone(), level.available())
                })
                .collect();
            SkuAvailability { sku: name.clone(), seq, by_location }
        })
        .collect()
}
