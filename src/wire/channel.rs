//! Channels and publications as they are read (contract.md section 6).

use serde::{Deserialize, Serialize};

use crate::id::{ChannelId, ListingId, Sku};
use crate::time::Timestamp;

/// What a channel may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelMode {
    /// Takes webhooks in and sends quantities out.
    Live,
    /// Takes webhooks in and computes what it would send, but sends nothing.
    Shadow,
    /// Takes webhooks in; sends nothing until it is resumed.
    Paused,
}

impl ChannelMode {
    /// The mode's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Shadow => "shadow",
            Self::Paused => "paused",
        }
    }
}

/// Where a publication stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PublicationState {
    /// The channel acknowledged what it should show.
    InSync,
    /// A newer quantity is to be sent.
    Pending,
    /// Sending failed; it will be tried again.
    Retrying,
    /// Sending failed for a reason that trying again does not mend.
    Parked,
    /// The channel shows something that Onhand did not send.
    Drifted,
    /// The channel is in shadow mode: nothing is sent.
    Shadow,
}

impl PublicationState {
    /// The state's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InSync => "in_sync",
            Self::Pending => "pending",
            Self::Retrying => "retrying",
            Self::Parked => "parked",
            Self::Drifted => "drifted",
            Self::Shadow => "shadow",
        }
    }
}

/// What one listing should show and what its channel acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationRow {
    /// The channel.
    pub channel: ChannelId,
    /// The listing.
    pub listing: ListingId,
    /// The item it sells.
    pub sku: Sku,
    /// What it should show.
    pub desired: i64,
    /// The journal's record from which that number comes.
    pub desired_seq: u64,
    /// What the channel acknowledged last.
    pub acknowledged: Option<i64>,
    /// The `desired_seq` that was acknowledged.
    pub acknowledged_seq: Option<u64>,
    /// Where it stands.
    pub state: PublicationState,
    /// Failed attempts since the last success.
    pub attempts: u32,
    /// When it is tried again.
    pub next_attempt_at: Option<Timestamp>,
    /// What went wrong last, in words.
    pub last_error: Option<String>,
    /// Milliseconds for which it has not shown what it should.
    pub lag_ms: u64,
}

/// How a channel is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelStatus {
    /// The channel.
    pub channel: ChannelId,
    /// What people call it.
    pub name: String,
    /// What kind of shop it is, such as `shopify` or `simulated`.
    pub kind: String,
    /// What it may do.
    pub mode: ChannelMode,
    /// How it is, in a word.
    pub health: ChannelHealth,
    /// Listings it has.
    pub listings: u64,
    /// Listings that do not show what they should.
    pub behind: u64,
    /// Milliseconds for which the oldest of them has not.
    pub lag_ms: u64,
    /// Quantities acknowledged since the server started.
    pub pushed: u64,
    /// Calls that failed since the server started.
    pub failed: u64,
    /// Differences found that Onhand did not cause, since the server started.
    pub drifted: u64,
    /// What went wrong last, in words.
    pub last_error: Option<String>,
}

/// How a channel is, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelHealth {
    /// Everything is acknowledged or about to be.
    Healthy,
    /// Some calls fail or wait for the channel's rate limit.
    Degraded,
    /// The channel does not answer; it is asked again from time to time.
    Down,
    /// A person paused it.
    Paused,
}
