//! Sync out: drives every channel towards what it should show.
//!
//! What a listing should show is derived from the levels and its policy, never stored, so a crash
//! loses nothing of it. What the channel acknowledged is kept in the control database. A reconciler
//! looks for listings where the two differ and makes calls until they do not: a hundred changes of
//! one item become one call, and an older number never follows a newer one.

mod channel;
mod channels;
mod connector;
mod connectors;
mod drift;
mod external;
mod follow;
pub(crate) mod levels;
mod plan;
mod readback;
mod reconciler;
pub mod settings;
mod steady;
mod tell;

pub use channel::Counts;
pub use channels::{ChannelError, ChannelListings, Channels, Parts};
pub use connector::{CallError, Connector, ItemError, Limits, SetItem};
pub use external::{External, ExternalId, NotAnId};
pub use tell::ChannelsChanged;
