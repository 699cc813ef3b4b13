//! Events: the `CloudEvents` envelope and what each type says. Text becomes an [`Event`] here, once,
//! and whatever is an `Event` is well-formed.

mod data;
mod fingerprint;
pub mod json;
mod parse;
mod payload;
mod read;
mod version_use;

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use data::{
    CancelledLine, ChannelLevelReported, EventData, EventOrphaned, EventReleased, EventReversed,
    FulfilledLine, ItemUpserted, KitPart, LocationUpserted, OrderAmended, OrderCancelled,
    OrderFulfilled, OrderPlaced, OrderReturned, OrderedLine, ReceivedItem, ReservationConfirmed,
    ReservationExpired, ReservationPlaced, ReservationReleased, ReservedLine, ReturnedLine,
    ShippedItem, StockAdjusted, StockCounted, StockMoved, StockReceived, StockSet, StockState,
    TransferReceived, TransferShipped,
};
pub use fingerprint::Fingerprint;
pub use parse::{Invalid, parse};
pub use payload::{EXPIRES_IN_S_MAX, KIT_PARTS_MAX, LINES_MAX};
pub use read::{ERRORS_MAX, FieldError};
pub(crate) use version_use::VersionUse;

use crate::id::{EventId, Source};
use crate::time::Timestamp;

/// Extension attributes kept besides the named ones.
pub const EXTENSIONS_MAX: usize = 16;

/// What a source says: a well-formed `CloudEvent` of a type that Onhand knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Who says it.
    pub source: Source,
    /// Its id there.
    pub id: EventId,
    /// When it happened at its source.
    pub time: Timestamp,
    /// Applies only if the level still has this version.
    pub expected_version: Option<u64>,
    /// Any other extension attribute, `correlationid` and `batchid` among them, by name.
    pub extensions: BTreeMap<String, String>,
    /// What happened.
    pub data: EventData,
}

impl Event {
    /// The event's type.
    pub const fn event_type(&self) -> &'static str {
        self.data.event_type()
    }

    /// The batch it belongs to, if any.
    pub fn batch_id(&self) -> Option<&str> {
        self.extensions.get("batchid").map(String::as_str)
    }
}

/// An event by its name and its place in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRef {
    /// Who said it.
    pub source: Source,
    /// Its id there.
    pub id: EventId,
    /// Its place in the journal.
    pub seq: u64,
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("type", self.event_type())?;
        map.serialize_entry("time", &self.time)?;
        if let Some(version) = self.expected_version {
            map.serialize_entry("expectedversion", &version)?;
        }
        for (name, value) in &self.extensions {
            map.serialize_entry(name, value)?;
        }
        map.serialize_entry("data", &self.data)?;
        map.end()
    }
}

/// The stored form of an envelope, before its data is read by type.
#[derive(Deserialize)]
struct Stored<'a> {
    #[serde(rename = "specversion")]
    _specversion: serde::de::IgnoredAny,
    source: Source,
    id: EventId,
    #[serde(rename = "type")]
    event_type: String,
    time: Timestamp,
    #[serde(rename = "expectedversion", default)]
    expected_version: Option<u64>,
    #[serde(borrow)]
    data: &'a serde_json::value::RawValue,
    #[serde(flatten)]
    extensions: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Event {
    /// Reads the stored form, which was checked when it came in. For what comes from outside there
    /// is [`parse`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let data = EventData::from_stored(&stored.event_type, stored.data.get())
            .map_err(serde::de::Error::custom)?;
        Ok(Self {
            source: stored.source,
            id: stored.id,
            time: stored.time,
            expected_version: stored.expected_version,
            extensions: stored.extensions,
            data,
        })
    }
}
