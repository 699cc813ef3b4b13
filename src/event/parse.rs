//! From JSON to an [`Event`]: every field is checked here, and every mistake gets its pointer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::json::Json;
use super::payload::typed_data;
use super::read::{Errors, FieldError, Reader};
use super::{EXTENSIONS_MAX, Event, VersionUse};
use crate::id::{EventId, NameError, Source, Text, check_id};
use crate::time::Timestamp;

/// Extension attributes that are ids, with the rules for ids.
const ID_ATTRIBUTES: [&str; 2] = ["batchid", "correlationid"];

/// An object that is no event: what is wrong, and as much of its name as could be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invalid {
    /// The source, as sent.
    pub source: Option<String>,
    /// The id, as sent.
    pub id: Option<String>,
    /// The type, as sent.
    pub event_type: Option<String>,
    /// Every mistake, in the order found.
    pub errors: Vec<FieldError>,
}

/// Reads an event out of a JSON object.
///
/// # Errors
/// All mistakes, each with its JSON pointer.
pub fn parse(value: &Json) -> Result<Event, Invalid> {
    let errors = Errors::default();
    let event =
        Reader::new(value, String::new(), &errors).and_then(|reader| envelope(&reader, &errors));
    let errors = errors.into_list();
    match event {
        Some(event) if errors.is_empty() => Ok(event),
        _ => {
            let text = |name| match value.get(name) {
                Some(Json::String(text)) => {
                    Some(text.chars().take(crate::id::ID_MAX_CHARS).collect())
                }
                _ => None,
            };
            let (source, id, event_type) = (text("source"), text("id"), text("type"));
            Err(Invalid { source, id, event_type, errors })
        }
    }
}

fn envelope(reader: &Reader<'_>, errors: &Errors) -> Option<Event> {
    if let Some(version) = reader.required("specversion")
        && *version != Json::String("1.0".into())
    {
        reader.error("specversion", "must be \"1.0\"");
    }
    if let Some(content_type) = reader.optional("datacontenttype")
        && *content_type != Json::String("application/json".into())
    {
        reader.error("datacontenttype", "must be \"application/json\" or absent");
    }
    // Attributes of the envelope that carry nothing for stock are taken and left alone.
    reader.optional_text("subject");
    reader.optional_text("dataschema");
    let source = reader.name("source", |text| Source::new(text));
    if source.as_ref().is_some_and(|source| *source == Source::onhand()) {
        reader.error("source", "must not be \"onhand\", which is kept for Onhand itself");
    }
    let id = reader.name("id", |text| EventId::new(text));
    let time = time(reader);
    let expected_version = reader.optional_number("expectedversion", 0, i64::MAX);
    let has_version = reader.optional("expectedversion").is_some();
    let data = typed_data(reader, errors);
    if let Some(problem) = data.as_ref().and_then(|data| VersionUse::of(data).problem(has_version))
    {
        reader.error("expectedversion", problem);
    }
    let extensions = extensions(reader);
    Some(Event {
        source: source?,
        id: id?,
        time: time?,
        expected_version: expected_version.and_then(|version| u64::try_from(version).ok()),
        extensions,
        data: data?,
    })
}

fn time(reader: &Reader<'_>) -> Option<Timestamp> {
    match reader.required("time")? {
        Json::String(text) => {
            Timestamp::parse(text).map_err(|error| reader.error("time", error.to_string())).ok()
        }
        other => {
            reader.error("time", format!("must be a string, not {}", other.kind()));
            None
        }
    }
}

/// Extension attributes: lower-case letters and digits by the `CloudEvents` rules, values kept as
/// text.
fn extensions(reader: &Reader<'_>) -> BTreeMap<String, String> {
    let mut extensions = BTreeMap::new();
    for (name, value) in reader.rest() {
        let well_named = !name.is_empty()
            && name.len() <= 20
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !well_named {
            reader.error(name, "is no attribute name: 1 to 20 lower-case letters or digits");
            continue;
        }
        if *value == Json::Null {
            continue;
        }
        let text = match attribute(name, value) {
            Ok(text) => text,
            Err(detail) => {
                reader.error(name, detail);
                continue;
            }
        };
        if extensions.len() >= EXTENSIONS_MAX {
            reader.error(
                name,
                format!("is one extension attribute too many: at most {EXTENSIONS_MAX}"),
            );
        } else if extensions.insert(name.clone(), text).is_some() {
            reader.error(name, "must be given once");
        }
    }
    extensions
}

/// An extension attribute as text; what would be right, if it is wrong.
fn attribute(name: &str, value: &Json) -> Result<String, String> {
    let is_id = ID_ATTRIBUTES.contains(&name);
    let check = if is_id { check_id } else { check_line };
    match value {
        Json::String(text) => match check(text) {
            Ok(()) => Ok(text.clone()),
            Err(error) => Err(error.to_string()),
        },
        other if is_id => Err(format!("must be a string, not {}", other.kind())),
        Json::Integer(number) => Ok(number.to_string()),
        Json::Bool(flag) => Ok(flag.to_string()),
        other => Err(format!("must be a string, an integer or a boolean, not {}", other.kind())),
    }
}

/// Checks free text that stands in a header in binary mode.
fn check_line(text: &str) -> Result<(), NameError> {
    if text.chars().any(char::is_control) {
        return Err(NameError::Control);
    }
    Text::new(text).map(drop)
}
