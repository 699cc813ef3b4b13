//! The processor's loop: take, load, decide, commit, answer, announce.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join;
use onhand::conflict::{Choice, ConflictKind};
use onhand::ledger::{Batch, Entry, Input, Ledger, Processed, RELEASES_MAX, Step};
use onhand::record::Change;
use onhand::state::State;
use onhand::time::{Now, Uptime};
use tokio::sync::broadcast;

use super::announce::{Announcement, Committed, News, availability_to_tell, level_rows};
use super::handle::{Answer, Handle, Unavailable};
use super::meters::{Meters, Tally};
use super::pending::{Pending, Preview, answers, hand_out, refuse, sort};
use super::queue::Queue;
use super::served::Served;
use crate::clock::{Clock, LOOK_INTERVAL};
use crate::store::rows::Rows;
use crate::store::{Store, StoreError};

/// Batches that a listener may fall behind before it has to read the store instead.
const ANNOUNCEMENTS: usize = 256;

/// How long the processor waits before it tries again what nobody has asked for (releases, timers),
/// after the store could not be read or written.
const RETRY_DELAY: Duration = Duration::from_millis(200);

/// The processor had to stop, and with it the process: see [`StoreError::Failed`].
#[derive(Debug, thiserror::Error)]
#[error("the processor stops: {0}")]
pub struct Stopped(#[from] StoreError);

/// The one task that owns a ledger.
pub struct Processor {
    ledger: Ledger,
    store: Arc<dyn Store>,
    queue: Arc<dyn Queue>,
    served: Served,
    committed: broadcast::Sender<Announcement>,
    seq: Arc<AtomicU64>,
    batch_max: usize,
    meters: Meters,
}

impl Processor {
    /// A processor for a ledger as the store remembers it, and the way to it. `served` is what was
    /// noted last of how long the ledger has been served.
    pub fn new(
        state: State,
        served: Uptime,
        store: Arc<dyn Store>,
        queue: Arc<dyn Queue>,
        clock: Arc<dyn Clock>,
        batch_max: usize,
    ) -> (Self, Handle) {
        let (committed, _) = broadcast::channel(ANNOUNCEMENTS);
        let seq = Arc::new(AtomicU64::new(state.head().seq));
        let meters = Meters::default();
        let handle = Handle::new(
            Arc::clone(&queue),
            Arc::clone(&store),
            committed.clone(),
            Arc::clone(&seq),
            meters.clone(),
        );
        let served = Served::from(state.head().uptime.max(served), clock);
        let ledger = Ledger::new(state);
        let processor = Self { ledger, store, queue, served, committed, seq, batch_max, meters };
        (processor, handle)
    }

    /// Works until the queue is closed and empty.
    ///
    /// # Errors
    /// When it is not known whether a batch is durable. The process must end then: what is in
    /// memory may be ahead of the disk.
    pub async fn run(mut self) -> Result<(), Stopped> {
        // What the last run has left to be released goes first, and needs nobody to ask for it.
        let mut stuck = self.work(VecDeque::new()).await?;
        let mut late = false;
        loop {
            let try_again = stuck.is_some() || late;
            let wait = if try_again { Some(RETRY_DELAY) } else { self.until_timer() };
            let Some(jobs) = self.next_jobs(wait).await else { break };
            let (pending, previews) = sort(jobs);
            if let Some(why) = &stuck {
                refuse(pending, previews, why);
                stuck = self.work(VecDeque::new()).await?;
                continue;
            }
            stuck = self.work(pending).await?;
            // Who asks goes first: a confirmation that came in time finds its hold.
            late = stuck.is_none() && !self.come_due().await?;
            self.note_served(false).await?;
            for Preview { choice, answer } in previews {
                let result = match &stuck {
                    None => self.preview(choice).await?,
                    Some(why) => Err(why.clone()),
                };
                // The asker may have gone; then nobody misses the answer.
                let _ = answer.send(result.map(|answer| vec![answer]));
            }
        }
        self.note_served(true).await
    }

    /// How long it is until a timer is due, or the stopwatch has to be looked at.
    fn until_timer(&mut self) -> Option<Duration> {
        let due = self.ledger.next_timer()?;
        let left_us = u64::try_from(due.since(self.served.now().uptime)).unwrap_or_default();
        Some(Duration::from_micros(left_us).min(LOOK_INTERVAL))
    }

    /// The next jobs; none, if there are none for as long as this. `None` once the queue is closed
    /// and empty.
    async fn next_jobs(&self, wait: Option<Duration>) -> Option<Vec<super::Job>> {
        let jobs = self.queue.take(self.batch_max);
        let Some(wait) = wait else { return jobs.await };
        tokio::select! {
            biased;
            jobs = jobs => jobs,
            () = self.served.sleep(wait) => Some(Vec::new()),
        }
    }

    /// Records what has come due, as far as one transaction goes; says whether that could be done.
    async fn come_due(&mut self) -> Result<bool, Stopped> {
        let uptime = self.served.now().uptime;
        let due = self.ledger.due(uptime, RELEASES_MAX).into_iter();
        let inputs: Vec<Input> = due.map(Input::Timer).collect();
        if inputs.is_empty() {
            return Ok(true);
        }
        let inputs: Vec<(&Input, &str)> = inputs.iter().map(|input| (input, "onhand")).collect();
        match self.transaction(&inputs, |_, _| ()).await {
            Ok(((), committed)) => self.announce(committed),
            Err(error) => {
                let why = unavailable(error)?;
                tracing::warn!(%why, timers = inputs.len(), "timers were not written");
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Notes how long the ledger has been served while timers run, so that a restart does not take
    /// them back to the last record. Nothing is lost if it cannot be noted now.
    async fn note_served(&mut self, last: bool) -> Result<(), Stopped> {
        if self.ledger.next_timer().is_none() {
            return Ok(());
        }
        let recorded = self.ledger.state().head().uptime;
        let Some(uptime) = self.served.reading_due(recorded, last) else { return Ok(()) };
        if let Err(error) = self.store.note_served(uptime).await {
            let why = unavailable(error)?;
            tracing::warn!(%why, "the served time was not noted");
        }
        Ok(())
    }

    /// Decides jobs, makes them durable and answers, in one transaction unless more is to be
    /// released than one takes. Gives back why events are still to be released afterwards: nothing
    /// new may be decided before them.
    async fn work(
        &mut self,
        mut pending: VecDeque<Pending>,
    ) -> Result<Option<Unavailable>, Stopped> {
        while !pending.is_empty() || self.is_releasing() {
            let inputs: Vec<(&Input, &str)> = pending.iter().flat_map(Pending::rest).collect();
            let prepare = |processed, entries: &[Entry]| answers(&inputs, processed, entries);
            let failure = match self.transaction(&inputs, prepare).await {
                Ok((answers, committed)) => {
                    hand_out(&mut pending, answers);
                    self.announce(committed);
                    // The next start goes on with a long release.
                    let ends = self.is_releasing() && self.queue.is_closed();
                    ends.then_some(Unavailable::Stopping)
                }
                Err(error) => Some(unavailable(error)?),
            };
            if let Some(why) = failure {
                tracing::warn!(%why, jobs = pending.len(), "a batch was not written");
                refuse(pending, Vec::new(), &why);
                return Ok(self.is_releasing().then_some(why));
            }
        }
        Ok(None)
    }

    /// Whether events are still to be released.
    fn is_releasing(&self) -> bool {
        self.ledger.state().waiting().next_due().is_some()
    }

    /// One transaction: these inputs, as far as it goes. While the store writes, `prepare` makes the
    /// answers from what was decided, and what there is to tell is put together: nothing of it leaves
    /// before the batch is durable.
    async fn transaction<T>(
        &mut self,
        inputs: &[(&Input, &str)],
        prepare: impl FnOnce(Vec<Processed>, &[Entry]) -> T,
    ) -> Result<(T, Option<Committed>), StoreError> {
        let mut processed = Vec::with_capacity(inputs.len());
        self.decide(inputs, &mut processed).await?;
        let batch = self.ledger.finish();
        let meanwhile = async {
            let tally = Tally::of(&batch, &processed);
            let news = News::of(&batch, self.ledger.state());
            (prepare(processed, &batch.entries), tally, news)
        };
        let (written, (prepared, tally, news)) = join(self.write(&batch), meanwhile).await;
        if let Err(error) = written {
            self.ledger.undo();
            return Err(error);
        }
        self.ledger.keep();
        self.meters.count_batch(&tally);
        report_poison(&batch);
        self.seq.store(batch.head.seq, Ordering::Release);
        let committed = (!batch.entries.is_empty()).then(|| Committed::new(batch, news));
        Ok((prepared, committed))
    }

    /// Makes the batch in progress durable.
    async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        if batch.entries.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        self.store.commit(&Rows::of(batch, &self.ledger)).await?;
        self.meters.commit_seconds.observe(begun.elapsed().as_secs_f64());
        Ok(())
    }

    /// Decides inputs now: see [`decide`].
    async fn decide(
        &mut self,
        inputs: &[(&Input, &str)],
        processed: &mut Vec<Processed>,
    ) -> Result<bool, StoreError> {
        let now = self.served.now();
        let begun = Instant::now();
        let store = self.store.as_ref();
        let decided = decide(&mut self.ledger, store, inputs, processed, now).await?;
        let loading = decided.loading;
        self.meters.decided(begun.elapsed().saturating_sub(loading), loading);
        Ok(decided.more)
    }

    /// Tells of a batch that is durable, and that the state contains.
    fn announce(&self, committed: Option<Committed>) {
        if let Some(committed) = committed {
            // Nobody may be listening; that is no error.
            let _ = self.committed.send(Arc::new(committed));
        }
    }

    /// What a choice would lead to: carried out like any other, as far as one transaction goes,
    /// then undone.
    async fn preview(&mut self, choice: Choice) -> Result<Result<Answer, Unavailable>, Stopped> {
        let input = Input::Resolve(choice);
        let mut processed = Vec::new();
        let more = match self.decide(&[(&input, "onhand")], &mut processed).await {
            Ok(more) => more,
            Err(error) => return Ok(Err(unavailable(error)?)),
        };
        let batch = self.ledger.finish();
        let state = self.ledger.state();
        let answer = match processed.pop() {
            Some(Processed::Refused(refused)) => Answer::Refused(refused),
            _ => Answer::Preview {
                levels: level_rows(&batch, state),
                availability: availability_to_tell(&batch, state),
                more,
            },
        };
        self.ledger.undo();
        Ok(Ok(answer))
    }
}

/// How far a transaction went.
pub(crate) struct Decided {
    /// Whether more is to be released than it takes.
    pub(crate) more: bool,
    /// For how long the store was read.
    pub(crate) loading: Duration,
}

/// Decides inputs, from the first that is not `processed` yet, and what they wake, as far as one
/// transaction goes. If the store cannot load what it takes, the batch is undone.
///
/// # Errors
/// When the store cannot be read.
pub(crate) async fn decide(
    ledger: &mut Ledger,
    store: &dyn Store,
    inputs: &[(&Input, &str)],
    processed: &mut Vec<Processed>,
    now: Now,
) -> Result<Decided, StoreError> {
    let mut loading = Duration::ZERO;
    let more = loop {
        match ledger.advance(inputs, processed, now) {
            Step::Load(wants) => {
                let begun = Instant::now();
                match store.fetch(&wants).await {
                    Ok(loaded) => ledger.load(&wants, loaded),
                    Err(error) => {
                        ledger.undo();
                        return Err(error);
                    }
                }
                loading += begun.elapsed();
            }
            Step::Full => break true,
            Step::Done => break false,
        }
    };
    Ok(Decided { more, loading })
}

/// Tells the operator of events that could not be handled: a rule needs mending.
fn report_poison(batch: &Batch) {
    for record in batch.entries.iter().map(|entry| &entry.record) {
        for change in &record.changes {
            if let Change::Conflict(conflict) = change
                && conflict.kind == ConflictKind::Poison
                && conflict.opened_seq == record.seq
            {
                let why = conflict.evidence.last().map_or("", |fact| fact.value.as_str());
                let (seq, id) = (record.seq, conflict.id);
                tracing::error!(seq, conflict = %id, why, "an event could not be handled");
            }
        }
    }
}

/// What those are told whose work could not be done; stops where it is not known whether it was.
fn unavailable(error: StoreError) -> Result<Unavailable, Stopped> {
    match error {
        StoreError::Full(_) => Ok(Unavailable::DiskFull),
        // Whether it is durable is not known, so nothing may be answered at all.
        StoreError::Failed(_) => Err(Stopped(error)),
        other => Ok(Unavailable::Store(other.to_string())),
    }
}
