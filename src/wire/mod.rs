//! What travels between Onhand and those who read it: REST bodies, live frames, page data. Kept
//! apart from the domain types, so that those can change without breaking a reader.

pub mod channel;
pub mod conflict;
pub mod explain;
pub mod live;
pub mod page;
pub mod stock;

use serde::{Deserialize, Serialize};

use crate::event::FieldError;
use crate::id::{ConflictId, EventId, Source};
use crate::record::{Effect, Original, Outcome, Record};

/// The answer to one event (contract.md section 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventResult {
    /// The event's source, as far as it could be read.
    pub source: Option<String>,
    /// The event's id, as far as it could be read.
    pub id: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Its place in the journal; for a duplicate the original's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The changes of levels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// Why, where the outcome alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The conflict it opened or belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<ConflictId>,
    /// The first of its kind, for a duplicate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Original>,
    /// What is wrong with it, if it is invalid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl EventResult {
    /// The answer to an event that the journal has recorded.
    pub fn recorded(record: &Record) -> Self {
        Self {
            source: Some(record.envelope.source.to_string()),
            id: Some(record.envelope.id.to_string()),
            outcome: record.outcome,
            seq: Some(record.seq),
            effects: record.effects.clone(),
            reason: record.reason.clone(),
            conflict: record.conflict,
            original: None,
            errors: Vec::new(),
        }
    }

    /// The answer to a repeat of `original`.
    pub fn duplicate(source: &Source, id: &EventId, original: Original) -> Self {
        Self {
            source: Some(source.to_string()),
            id: Some(id.to_string()),
            outcome: Outcome::Duplicate,
            seq: Some(original.seq),
            effects: Vec::new(),
            reason: None,
            conflict: None,
            original: Some(original),
            errors: Vec::new(),
        }
    }

    /// The answer to what does not fit the schema.
    pub fn invalid(source: Option<String>, id: Option<String>, errors: Vec<FieldError>) -> Self {
        Self {
            source,
            id,
            outcome: Outcome::Invalid,
            seq: None,
            effects: Vec::new(),
            reason: None,
            conflict: None,
            original: None,
            errors,
        }
    }
}

/// The body of an answer to `POST /api/v1/events`: one result per event, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventResults {
    /// One result per event.
    pub results: Vec<EventResult>,
}
