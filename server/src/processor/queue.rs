//! The queue before the processor: bounded by events, so that overload is refused at the door and
//! never grows the memory.

use std::sync::Arc;

use async_trait::async_trait;
use onhand::conflict::Choice;
use onhand::ledger::Input;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};

use super::handle::{Answer, Unavailable};

/// What the processor is asked to do.
#[derive(Debug)]
pub enum Work {
    /// Decide these inputs, together in one batch.
    Decide(Vec<Input>),
    /// Say what a choice would lead to, and change nothing.
    Preview(Choice),
    /// Decide a conflict.
    Resolve(Choice),
}

impl Work {
    /// How many inputs this counts as; each event of a group is one.
    fn size(&self) -> usize {
        let size = |input: &Input| match input {
            Input::Group(events) => events.len(),
            Input::Event(_) | Input::Resolve(_) | Input::Timer(_) => 1,
        };
        match self {
            Self::Decide(inputs) => inputs.iter().map(size).sum(),
            Self::Preview(_) | Self::Resolve(_) => 1,
        }
    }
}

/// Some work, who asks for it, and where the answer goes.
#[derive(Debug)]
pub struct Job {
    /// The work.
    pub work: Work,
    /// Who asks: an actor such as `token:wms` or `user:mia@example.com`.
    pub actor: Arc<str>,
    /// Where the answer goes, once it is durable.
    pub answer: oneshot::Sender<Result<Vec<Answer>, Unavailable>>,
}

/// The queue holds all it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many events are waiting to be processed")]
pub struct QueueFull;

/// The queue before the processor. In one process it is memory; over several machines a stream.
#[async_trait]
pub trait Queue: Send + Sync + 'static {
    /// Takes a job, or refuses it at once and as a whole. An empty queue takes any job.
    fn offer(&self, job: Job) -> Result<(), QueueFull>;

    /// Waits for jobs and takes as many as make up to `max` inputs, at least one job; `None` once
    /// the queue is closed and empty. Giving up waiting loses nothing.
    async fn take(&self, max: usize) -> Option<Vec<Job>>;

    /// Refuses jobs from now on; those taken in are still handed out.
    fn close(&self);

    /// Whether jobs are refused from now on.
    fn is_closed(&self) -> bool;

    /// Inputs that wait.
    fn depth(&self) -> usize;
}

/// A queue in memory.
#[derive(Debug)]
pub struct MemoryQueue {
    capacity: usize,
    places: Arc<Semaphore>,
    sender: mpsc::Sender<(Job, OwnedSemaphorePermit)>,
    receiver: Mutex<Receiving>,
    closed: watch::Sender<bool>,
}

#[derive(Debug)]
struct Receiving {
    jobs: mpsc::Receiver<(Job, OwnedSemaphorePermit)>,
    // A job that did not fit into the last batch.
    held: Option<Job>,
}

impl MemoryQueue {
    /// A queue for at most `capacity` inputs.
    pub fn new(capacity: usize) -> Self {
        let (sender, jobs) = mpsc::channel(capacity);
        Self {
            capacity,
            places: Arc::new(Semaphore::new(capacity)),
            sender,
            receiver: Mutex::new(Receiving { jobs, held: None }),
            closed: watch::Sender::new(false),
        }
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    fn offer(&self, job: Job) -> Result<(), QueueFull> {
        // A job larger than the queue waits alone in it, rather than being refused for ever.
        let size = job.work.size().min(self.capacity);
        let size = u32::try_from(size).map_err(|_| QueueFull)?;
        let places = Arc::clone(&self.places).try_acquire_many_owned(size);
        let places = places.map_err(|_| QueueFull)?;
        self.sender.try_send((job, places)).map_err(|_| QueueFull)
    }

    async fn take(&self, max: usize) -> Option<Vec<Job>> {
        let mut receiving = self.receiver.lock().await;
        let first = match receiving.held.take() {
            Some(job) => job,
            None => receiving.next(self.closed.subscribe()).await?,
        };
        Some(receiving.fill(first, max))
    }

    fn close(&self) {
        self.places.close();
        self.closed.send_replace(true);
    }

    fn is_closed(&self) -> bool {
        *self.closed.borrow()
    }

    fn depth(&self) -> usize {
        self.capacity.saturating_sub(self.places.available_permits())
    }
}

impl Receiving {
    /// The next job; `None` once the queue is closed and empty.
    async fn next(&mut self, mut closed: watch::Receiver<bool>) -> Option<Job> {
        tokio::select! {
            biased;
            job = self.jobs.recv() => job.map(|(job, _)| job),
            _ = closed.wait_for(|closed| *closed) => None,
        }
    }

    fn fill(&mut self, first: Job, max: usize) -> Vec<Job> {
        let mut size = first.work.size();
        let mut jobs = vec![first];
        while size < max {
            let Ok((job, _)) = self.jobs.try_recv() else { break };
            size += job.work.size();
            if size > max {
                self.held = Some(job);
                break;
            }
            jobs.push(job);
        }
        jobs
    }
}
