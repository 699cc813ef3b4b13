//! What the targets share: the parsers of the server, compiled here by themselves, and what has to
//! hold of whatever they accept.
//!
//! The server as a whole, with its pages, would take ten times as long to build with
//! instrumentation, and none of it reads what these read.

pub mod intake;
#[path = "../../src/import/shop_log/mod.rs"]
pub mod shop_log;

use onhand::event::json::Json;
use onhand::event::{Event, EventData, Fingerprint, Invalid, parse};

/// An event that was accepted is one: it is read back as it was from the journal, and would be
/// accepted again as it would be sent to the API.
///
/// # Panics
/// When it is not.
pub fn is_event(event: &Event) {
    let text = serde_json::to_string(event).expect("an event is plain data");
    let stored: Event = serde_json::from_str(&text).expect("an event is read back");
    assert_eq!(stored, *event, "an event is stored as it is");
    assert_eq!(Fingerprint::of_event(&stored), Fingerprint::of_event(event));
    // A cancelled order of a shop has no line left, which nobody else can say.
    let no_lines = matches!(&event.data, EventData::OrderAmended(data) if data.lines.is_empty());
    if !no_lines {
        let json: Json = serde_json::from_str(&text).expect("an event is JSON");
        assert_eq!(parse(&json).as_ref(), Ok(event), "an event is accepted again: {text}");
    }
}

/// What was refused was refused for a reason that names a place.
///
/// # Panics
/// When it was not.
pub fn is_explained(invalid: &Invalid) {
    assert!(!invalid.errors.is_empty());
    for error in &invalid.errors {
        assert!(error.pointer.is_empty() || error.pointer.starts_with('/'), "{error:?}");
        assert!(!error.detail.is_empty(), "{error:?}");
    }
}
