//! Writes events into a ledger that nobody serves: the same decisions, records and tables as through
//! a server, in large transactions. Each moment is that of the events themselves.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use onhand::event::Event;
use onhand::ledger::{Input, Ledger, Processed};
use onhand::state::{Settings, State};
use onhand::time::{Now, SECOND_US, Timestamp, Uptime};
use tokio::sync::mpsc;

use crate::lock::LedgerLock;
use crate::processor::decide;
use crate::server::LEDGER_FILE;
use crate::store::Store as _;
use crate::store::rows::Rows;
use crate::store::sqlite::SqliteStore;

/// Events of one transaction. What it holds in memory is some kilobytes for each.
const BATCH_EVENTS: usize = 32_768;

/// Events that are recorded at one moment.
const MOMENT_EVENTS: usize = 256;

/// Batches that are made while one is written.
const BATCHES_AHEAD: usize = 1;

/// How long after the newest event of a moment all of them are recorded, in microseconds.
const DELAY_US: i64 = SECOND_US;

/// The ledger's file while it is written: what breaks off leaves no ledger behind.
const UNFINISHED_FILE: &str = "ledger.db.unfinished";

/// Who sent the events, as the journal has it.
const ACTOR: &str = "bench";

/// There is a ledger already.
#[derive(Debug, thiserror::Error)]
#[error("{0} is there already: name an empty folder")]
pub struct Holds(String);

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// The journal's last place.
    pub seq: u64,
    /// Of its records those that took no effect, or none yet.
    pub not_applied: u64,
}

/// Writes a new ledger into `folder`. `progress` is told how many events are written.
///
/// # Errors
/// [`Holds`] when the folder holds a ledger; else says what cannot be written, or which event does
/// not fit.
pub async fn write(
    folder: &Path,
    settings: Settings,
    events: impl Iterator<Item = Event> + Send + 'static,
    mut progress: impl FnMut(u64),
) -> anyhow::Result<Written> {
    let _lock = LedgerLock::take(folder)?;
    let (unfinished, finished) = (folder.join(UNFINISHED_FILE), folder.join(LEDGER_FILE));
    for path in [&unfinished, &finished] {
        if path.exists() {
            return Err(Holds(path.display().to_string()).into());
        }
    }
    let mut writer = Writer::open(&unfinished, settings).await?;
    let mut batches = made_ahead(events);
    while let Some(batch) = batches.recv().await {
        writer.take(&batch).await?;
        progress(writer.ledger.state().head().seq);
    }
    let written = writer.finish().await?;
    std::fs::rename(&unfinished, &finished)
        .with_context(|| format!("{} cannot be renamed", unfinished.display()))?;
    Ok(written)
}

/// Makes batches on a thread of their own.
fn made_ahead(
    mut events: impl Iterator<Item = Event> + Send + 'static,
) -> mpsc::Receiver<Vec<Input>> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    std::thread::spawn(move || {
        loop {
            let batch: Vec<Input> = events.by_ref().take(BATCH_EVENTS).map(Input::Event).collect();
            // Nobody receives what is made after the writer has given up.
            if batch.is_empty() || sender.blocking_send(batch).is_err() {
                return;
            }
        }
    });
    receiver
}

struct Writer {
    path: PathBuf,
    store: SqliteStore,
    ledger: Ledger,
    begun: Option<Timestamp>,
    not_applied: u64,
}

impl Writer {
    async fn open(path: &Path, settings: Settings) -> anyhow::Result<Self> {
        let store = SqliteStore::fill(path).await?;
        let ledger = Ledger::new(State::new(settings));
        Ok(Self { path: path.to_owned(), store, ledger, begun: None, not_applied: 0 })
    }

    /// Decides and writes events, in one transaction unless they wake too much.
    async fn take(&mut self, inputs: &[Input]) -> anyhow::Result<()> {
        let inputs: Vec<(&Input, &str)> = inputs.iter().map(|input| (input, ACTOR)).collect();
        let mut rest = inputs.as_slice();
        while !rest.is_empty() {
            let mut processed = Vec::with_capacity(rest.len());
            let mut end = 0;
            while end < rest.len() {
                end = rest.len().min(end + MOMENT_EVENTS);
                let now = self.moment(rest[end - 1].0);
                let inputs = &rest[..end];
                let decided = decide(&mut self.ledger, &self.store, inputs, &mut processed, now);
                if decided.await?.more {
                    break;
                }
            }
            if let Some(other) = processed.iter().find(|it| !matches!(it, Processed::Recorded(_))) {
                bail!("an event was not recorded: {other:?}");
            }
            rest = &rest[processed.len()..];
            self.commit().await?;
        }
        Ok(())
    }

    /// When events up to this one are recorded.
    fn moment(&mut self, last: &Input) -> Now {
        let head = self.ledger.state().head();
        let time = if let Input::Event(event) = last { event.time } else { head.recorded_at };
        let wall = time.plus_micros(DELAY_US);
        let begun = *self.begun.get_or_insert(wall);
        Now { wall, uptime: Uptime::from_micros(wall.since(begun).max(head.uptime.micros())) }
    }

    async fn commit(&mut self) -> anyhow::Result<()> {
        let batch = self.ledger.finish();
        self.store.commit(&Rows::of(&batch, &self.ledger)).await?;
        let applied = onhand::record::Outcome::Applied;
        let others = batch.entries.iter().filter(|entry| entry.record.outcome != applied);
        self.not_applied += others.count() as u64;
        self.ledger.keep();
        Ok(())
    }

    /// Makes all of it durable.
    async fn finish(self) -> anyhow::Result<Written> {
        self.store.shut().await;
        // It was filled without syncing.
        std::fs::File::open(&self.path)?.sync_all()?;
        let seq = self.ledger.state().head().seq;
        Ok(Written { seq, not_applied: self.not_applied })
    }
}
