//! Events: the `CloudEvents` envelope and what each type says. Text becomes an [`Event`] here, once,
//! and whatever is an `Event` is well-formed.

mod data;
mod fingerprint;
pub mod json;
mod named;
mod parse;
mod payload;
mod read;
mod types;
mod version_use;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

pub use data::{
    AcknowledgedLevel, CancelledLine, ChannelDrift, ChannelLevelReported, EventData, EventOrphaned,
    EventReleased, EventReversed, FulfilledLine, ItemUpserted, KitPart, LocationUpserted,
    OrderAmended, OrderCancelled, OrderFulfilled, OrderPlaced, OrderReturned, OrderedLine,
    ReceivedItem, ReservationConfirmed, ReservationExpired, ReservationPlaced, ReservationReleased,
    ReservedLine, ReturnedLine, ShippedItem, StockAdjusted, StockCounted, StockMoved,
    StockReceived, StockSet, StockState, TransferReceived, TransferShipped,
};
pub use fingerprint::{FINGERPRINT_BYTES, Fingerprint};
pub use parse::{Invalid, parse};
pub use payload::{EXPIRES_IN_S_MAX, KIT_PARTS_MAX, LINES_MAX};
pub use read::{ERRORS_MAX, FieldError};
pub use types::TYPES;
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

impl<'de> Deserialize<'de> for Event {
    /// Reads the stored form, which was checked when it came in. For what comes from outside there
    /// is [`parse`].
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StoredVisitor)
    }
}

/// A text that is only looked at.
#[derive(Deserialize)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads the stored form of an envelope: its members, then its data by its type.
struct StoredVisitor;

impl<'de> Visitor<'de> for StoredVisitor {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let (mut source, mut id, mut time, mut expected_version) = (None, None, None, None);
        let mut event_type: Option<Word<'_>> = None;
        let mut data: Option<&RawValue> = None;
        let mut extensions = BTreeMap::new();
        while let Some(Word(name)) = map.next_key()? {
            match &*name {
                "specversion" => drop(map.next_value::<IgnoredAny>()?),
                "source" => source = Some(map.next_value()?),
                "id" => id = Some(map.next_value()?),
                "type" => event_type = Some(map.next_value()?),
                "time" => time = Some(map.next_value()?),
                "expectedversion" => expected_version = map.next_value()?,
                "data" => data = Some(map.next_value()?),
                _ => drop(extensions.insert(name.into_owned(), map.next_value()?)),
            }
        }
        let missing = A::Error::missing_field;
        let Word(event_type) = event_type.ok_or_else(|| missing("type"))?;
        let data = data.ok_or_else(|| missing("data"))?.get();
        Ok(Event {
            source: source.ok_or_else(|| missing("source"))?,
            id: id.ok_or_else(|| missing("id"))?,
            time: time.ok_or_else(|| missing("time"))?,
            expected_version,
            extensions,
            data: EventData::from_stored(&event_type, data).map_err(A::Error::custom)?,
        })
    }
}
