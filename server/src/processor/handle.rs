//! How the rest of the house asks the processor.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use onhand::conflict::Choice;
use onhand::ledger::Input;
use onhand::record::Record;
use onhand::wire::EventResult;
use onhand::wire::stock::LevelRow;
use tokio::sync::{broadcast, oneshot};

use super::announce::{Announcement, SkuAvailability};
use super::meters::Meters;
use super::queue::{Job, Queue, QueueFull, Work};
use crate::store::Store;

/// The answer to one input.
#[derive(Debug)]
pub enum Answer {
    /// What became of an event. True for ever: it is durable.
    Event(EventResult),
    /// The same for each event of a group, in its order.
    Group(Vec<EventResult>),
    /// A resolution was carried out; the record holds its effects.
    Resolved(Box<Record>),
    /// A resolution was not taken.
    Refused(onhand::ledger::Refused),
    /// What a choice would lead to: the levels that it changes, as they would be, and what could
    /// then be sold.
    Preview {
        /// The levels, as they would be.
        levels: Vec<LevelRow>,
        /// What could be sold then.
        availability: Vec<SkuAvailability>,
        /// Whether more events would go on after these than were tried out.
        more: bool,
    },
}

/// The processor cannot take or finish the work; nothing of it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Too much is waiting. Try again shortly.
    #[error(transparent)]
    Full(#[from] QueueFull),
    /// The store could not take the batch. Try again later.
    #[error("the store cannot be written: {0}")]
    Store(String),
    /// The store has no space left.
    #[error("the disk is full")]
    DiskFull,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

/// A way to the processor. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    queue: Arc<dyn Queue>,
    store: Arc<dyn Store>,
    committed: broadcast::Sender<Announcement>,
    seq: Arc<AtomicU64>,
    meters: Meters,
}

impl Handle {
    /// A way to a processor that takes from `queue`, writes to `store`, announces on `committed`,
    /// keeps the last durable place in `seq` and measures its work with `meters`.
    pub(super) fn new(
        queue: Arc<dyn Queue>,
        store: Arc<dyn Store>,
        committed: broadcast::Sender<Announcement>,
        seq: Arc<AtomicU64>,
        meters: Meters,
    ) -> Self {
        Self { queue, store, committed, seq, meters }
    }

    /// The journal's last durable place: every read from now on contains it.
    pub fn seq(&self) -> u64 {
        self.seq.load(Ordering::Acquire)
    }

    /// Has events decided and waits until the outcome is durable; one result per event, in order.
    ///
    /// # Errors
    /// When nothing of it is recorded.
    pub async fn submit(
        &self,
        inputs: Vec<Input>,
        actor: Arc<str>,
    ) -> Result<Vec<Answer>, Unavailable> {
        self.ask(Work::Decide(inputs), actor).await
    }

    /// Decides a conflict and waits until the decision is durable.
    ///
    /// # Errors
    /// When nothing of it is recorded.
    pub async fn resolve(&self, choice: Choice, actor: Arc<str>) -> Result<Answer, Unavailable> {
        self.one(Work::Resolve(choice), actor).await
    }

    /// What a choice would lead to.
    ///
    /// # Errors
    /// When it cannot be found out right now.
    pub async fn preview(&self, choice: Choice) -> Result<Answer, Unavailable> {
        self.one(Work::Preview(choice), Arc::from("onhand")).await
    }

    async fn one(&self, work: Work, actor: Arc<str>) -> Result<Answer, Unavailable> {
        let mut answers = self.ask(work, actor).await?;
        answers.pop().ok_or(Unavailable::Stopping)
    }

    async fn ask(&self, work: Work, actor: Arc<str>) -> Result<Vec<Answer>, Unavailable> {
        let (answer, answered) = oneshot::channel();
        self.queue.offer(Job { work, actor, answer })?;
        answered.await.unwrap_or(Err(Unavailable::Stopping))
    }

    /// What is durable, for reading.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Batches from now on. A listener that falls behind is told how many it missed and reads the
    /// store instead.
    pub fn listen(&self) -> broadcast::Receiver<Announcement> {
        self.committed.subscribe()
    }

    /// Inputs that wait in the queue.
    pub fn queue_depth(&self) -> usize {
        self.queue.depth()
    }

    /// What the processor measures of its own work.
    pub const fn meters(&self) -> &Meters {
        &self.meters
    }

    /// Refuses work from now on; what is in the queue is still done.
    pub fn close(&self) {
        self.queue.close();
    }
}
