//! What a connector is: the one place that knows how a kind of shop wants to be asked. It knows
//! nothing of the processor; it translates, sends, and says truthfully what came of it.

use async_trait::async_trait;
use onhand::publication::Pace;

use super::external::External;

/// What a kind of channel allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Listings of one call at most.
    pub items_max: usize,
    /// How calls are paced.
    pub pace: Pace,
}

/// A quantity to be shown, if the channel shows what is expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetItem {
    /// The listing, as the channel knows it.
    pub external: External,
    /// What to show.
    pub quantity: i64,
    /// What the channel has to show for this to be taken; without it, whatever it shows.
    pub expected: Option<i64>,
}

/// Why a call failed as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Too fast: the channel looked at nothing.
    #[error("the channel takes no more calls for now")]
    Throttled {
        /// How long it wants no calls, in microseconds, if it said so.
        retry_after_us: Option<i64>,
    },
    /// The channel certainly took nothing; another time it may.
    #[error("{0}")]
    Transient(String),
    /// It is not known whether the channel took it: the answer was lost, came too late or cannot
    /// be read.
    #[error("{0}")]
    Ambiguous(String),
}

/// Why one listing of a call was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// The channel shows another number than expected.
    #[error("the channel shows {shown}")]
    Stale {
        /// What it shows.
        shown: i64,
    },
    /// Not now; another time it may be.
    #[error("{0}")]
    Transient(String),
    /// For a reason that trying again does not mend.
    #[error("{0}")]
    Rejected(String),
}

/// A way to one channel.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// What it allows.
    fn limits(&self) -> Limits;

    /// Has quantities shown: one result for each item, in order.
    async fn set(&self, items: &[SetItem]) -> Result<Vec<Result<(), ItemError>>, CallError>;

    /// Asks what listings show: one result for each, in order.
    async fn read(&self, items: &[External]) -> Result<Vec<Result<i64, ItemError>>, CallError>;
}
