//! The frames of `/live` (contract.md section 7). The server writes the lists of a delta once per
//! batch and shares the bytes; these types are what a reader makes of them.

use serde::{Deserialize, Serialize};

use super::channel::{ChannelStatus, PublicationRow};
use super::stock::LevelRow;
use crate::conflict::Conflict;
use crate::id::ConflictId;
use crate::record::{Effect, Outcome};
use crate::time::Timestamp;

/// The version of the frames; a client of another version has to reload.
pub const PROTOCOL: u32 = 1;

/// What can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Levels.
    Stock,
    /// The journal.
    Events,
    /// Conflicts.
    Conflicts,
    /// Channels and publications.
    Channels,
}

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame: what to watch, and from where.
    Hello {
        /// What to watch.
        topics: Vec<Topic>,
        /// Only these items; all without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skus: Option<Vec<String>>,
        /// The `seq` the client already shows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume_from: Option<u64>,
    },
    /// Watch something else from now on.
    Subscribe {
        /// What to watch.
        topics: Vec<Topic>,
        /// Only these items; all without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skus: Option<Vec<String>>,
    },
    /// Send snapshots again.
    Resync,
}

/// What the server sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The answer to hello.
    Welcome {
        /// The journal's last `seq`.
        seq: u64,
        /// The version of the frames.
        protocol: u32,
        /// The build of the server; another one than the page's means: reload.
        build: String,
    },
    /// Everything a topic holds now, perhaps in several frames of one `seq`.
    Snapshot(Snapshot),
    /// What changed.
    Delta(Delta),
    /// The server is about to close.
    Bye {
        /// Why, as a word.
        code: String,
        /// Why, in words.
        reason: String,
    },
}

/// Everything a topic holds now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Which topic.
    pub topic: Topic,
    /// The journal's last `seq` that it contains.
    pub seq: u64,
    /// Topic `stock`: levels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<LevelRow>,
    /// Topic `events`: the newest rows of the journal, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventRow>,
    /// Topic `conflicts`: the open ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// Topic `channels`: what listings show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub publications: Vec<PublicationRow>,
    /// Topic `channels`: how each channel is doing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelStatus>,
}

/// What changed between two places of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delta {
    /// The `to` of the frame before.
    pub from: u64,
    /// The journal's last `seq` that is now contained.
    pub to: u64,
    /// Levels as they are now.
    #[serde(default)]
    pub levels: Vec<LevelRow>,
    /// New rows of the journal, oldest first.
    #[serde(default)]
    pub events: Vec<EventRow>,
    /// Conflicts as they are now.
    #[serde(default)]
    pub conflicts: Vec<Conflict>,
    /// Publications as they are now.
    #[serde(default)]
    pub publications: Vec<PublicationRow>,
    /// Channels as they are now.
    #[serde(default)]
    pub channels: Vec<ChannelStatus>,
}

/// One row of the journal, as much of it as a reader on a screen needs. The stored record is a
/// larger object of the same shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// Its place.
    pub seq: u64,
    /// When the processor took it.
    pub recorded_at: Timestamp,
    /// Who sent it.
    pub actor: String,
    /// The envelope without its data.
    pub envelope: EnvelopeRow,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where the outcome alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The conflict it opened or belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<ConflictId>,
    /// The changes of levels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
}

/// An envelope without its data, but for what people wrote there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeRow {
    /// Who says it.
    pub source: String,
    /// Its id there.
    pub id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: String,
    /// When it happened.
    pub time: Timestamp,
    /// The words of its data.
    #[serde(default, skip_serializing_if = "Remarks::is_empty")]
    pub data: Remarks,
}

/// What people wrote into an event's data.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Remarks {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Remarks {
    /// Whether nothing was written.
    pub const fn is_empty(&self) -> bool {
        self.reason.is_none() && self.reference.is_none() && self.note.is_none()
    }
}
