//! The processor: one task that owns the ledger. It drains the queue in batches, decides in
//! memory, commits once a batch, and only then answers and announces.

mod announce;
mod handle;
mod meters;
mod pending;
mod queue;
mod run;
mod served;

pub use announce::{Committed, SkuAvailability};
pub use handle::{Answer, Handle, Unavailable};
pub use meters::Meters;
pub use queue::{Job, MemoryQueue, Queue, QueueFull, Work};
pub(crate) use run::decide;
pub use run::{Processor, Stopped};
