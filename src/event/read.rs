//! Reads typed fields out of a JSON object and collects every mistake with its JSON pointer.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::json::Json;
use crate::id::{NameError, Text};
use crate::quantity::QUANTITY_MAX;

/// Mistakes listed for one event; the rest would help nobody.
pub const ERRORS_MAX: usize = 20;

/// One mistake in an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// JSON pointer (RFC 6901), relative to the event.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

/// Collects mistakes while an event is read.
#[derive(Debug, Default)]
pub struct Errors(RefCell<Vec<FieldError>>);

impl Errors {
    /// Notes a mistake at a place.
    pub fn add(&self, pointer: impl Into<String>, detail: impl Into<String>) {
        let mut list = self.0.borrow_mut();
        if list.len() < ERRORS_MAX {
            list.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        }
    }

    /// All mistakes, in the order they were found.
    pub fn into_list(self) -> Vec<FieldError> {
        self.0.into_inner()
    }
}

/// An object being read. Members that nobody asked for are mistakes once [`Reader::finish`] runs.
pub struct Reader<'a> {
    pointer: String,
    members: &'a [(String, Json)],
    asked: RefCell<Vec<&'static str>>,
    errors: &'a Errors,
}

impl<'a> Reader<'a> {
    /// Starts reading `value`, which stands at `pointer`; `None`, with the mistake noted, when it
    /// is no object.
    pub fn new(value: &'a Json, pointer: String, errors: &'a Errors) -> Option<Self> {
        let Json::Object(members) = value else {
            errors.add(pointer, format!("must be an object, not {}", value.kind()));
            return None;
        };
        Some(Self { pointer, members, asked: RefCell::default(), errors })
    }

    /// The pointer of a member.
    pub fn pointer(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, escape(name))
    }

    /// Notes a mistake at a member.
    pub fn error(&self, name: &str, detail: impl Into<String>) {
        self.errors.add(self.pointer(name), detail);
    }

    /// A member if it is there; a repeated one is a mistake, `null` counts as absent.
    pub fn optional(&self, name: &'static str) -> Option<&'a Json> {
        let asked_before = self.asked.borrow().contains(&name);
        self.asked.borrow_mut().push(name);
        let mut found = self.members.iter().filter(|(key, _)| key == name).map(|(_, v)| v);
        let first = found.next();
        if found.next().is_some() && !asked_before {
            self.error(name, "must be given once");
        }
        first.filter(|value| **value != Json::Null)
    }

    /// A member that has to be there.
    pub fn required(&self, name: &'static str) -> Option<&'a Json> {
        let value = self.optional(name);
        if value.is_none() {
            self.error(name, "is required");
        }
        value
    }

    /// A string of the given type, if it is there.
    pub fn optional_name<T>(
        &self,
        name: &'static str,
        make: impl FnOnce(&str) -> Result<T, NameError>,
    ) -> Option<T> {
        self.optional(name).and_then(|value| self.name_of(name, value, make))
    }

    /// A string of the given type that has to be there.
    pub fn name<T>(
        &self,
        name: &'static str,
        make: impl FnOnce(&str) -> Result<T, NameError>,
    ) -> Option<T> {
        self.required(name).and_then(|value| self.name_of(name, value, make))
    }

    fn name_of<T>(
        &self,
        name: &str,
        value: &Json,
        make: impl FnOnce(&str) -> Result<T, NameError>,
    ) -> Option<T> {
        let Json::String(text) = value else {
            self.error(name, format!("must be a string, not {}", value.kind()));
            return None;
        };
        make(text).map_err(|error| self.error(name, error.to_string())).ok()
    }

    /// Free text, if it is there.
    pub fn optional_text(&self, name: &'static str) -> Option<Text> {
        self.optional_name(name, |text| Text::new(text))
    }

    /// A whole number within `low..=high` that has to be there.
    pub fn number(&self, name: &'static str, low: i64, high: i64) -> Option<i64> {
        self.required(name).and_then(|value| self.number_of(name, value, low, high))
    }

    /// A whole number within `low..=high`, if it is there.
    pub fn optional_number(&self, name: &'static str, low: i64, high: i64) -> Option<i64> {
        self.optional(name).and_then(|value| self.number_of(name, value, low, high))
    }

    fn number_of(&self, name: &str, value: &Json, low: i64, high: i64) -> Option<i64> {
        match value {
            Json::Integer(number) if (low..=high).contains(number) => Some(*number),
            Json::Integer(_) => {
                self.error(name, format!("must be a whole number from {low} to {high}"));
                None
            }
            other => {
                self.error(name, format!("must be a whole number, not {}", other.kind()));
                None
            }
        }
    }

    /// A quantity of at least `low` base units that has to be there.
    pub fn quantity(&self, name: &'static str, low: i64) -> Option<i64> {
        self.number(name, low, QUANTITY_MAX)
    }

    /// `true` or `false`, which has to be there.
    pub fn bool(&self, name: &'static str) -> Option<bool> {
        match self.required(name)? {
            Json::Bool(value) => Some(*value),
            other => {
                self.error(name, format!("must be true or false, not {}", other.kind()));
                None
            }
        }
    }

    /// `true` or `false`, if it is there; `None` where it is neither.
    #[expect(clippy::option_option, reason = "wrong, absent and there are three answers")]
    pub fn optional_bool(&self, name: &'static str) -> Option<Option<bool>> {
        match self.optional(name) {
            None => Some(None),
            Some(_) => self.bool(name).map(Some),
        }
    }

    /// A list of objects, each read by `read`; `None` where the list or one of its rows is wrong.
    /// It has so many rows.
    pub fn rows<T>(
        &self,
        name: &'static str,
        many: RangeInclusive<usize>,
        read: impl FnMut(&Reader<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.required(name).and_then(|value| self.rows_of(name, value, many, read))
    }

    /// A list as in [`Reader::rows`], if it is there.
    #[expect(clippy::option_option, reason = "wrong, absent and there are three answers")]
    pub fn optional_rows<T>(
        &self,
        name: &'static str,
        many: RangeInclusive<usize>,
        read: impl FnMut(&Reader<'_>) -> Option<T>,
    ) -> Option<Option<Vec<T>>> {
        match self.optional(name) {
            None => Some(None),
            Some(value) => self.rows_of(name, value, many, read).map(Some),
        }
    }

    fn rows_of<T>(
        &self,
        name: &str,
        value: &Json,
        many: RangeInclusive<usize>,
        mut read: impl FnMut(&Reader<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Json::Array(items) = value else {
            self.error(name, format!("must be a list, not {}", value.kind()));
            return None;
        };
        if !many.contains(&items.len()) {
            let (least, most) = (many.start(), many.end());
            self.error(name, format!("must have {least} to {most} rows, not {}", items.len()));
            return None;
        }
        let mut rows = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{}/{index}", self.pointer(name));
            let row = Reader::new(item, pointer, self.errors).and_then(|reader| {
                let row = read(&reader);
                reader.finish();
                row
            });
            rows.extend(row);
        }
        // A row that could not be read has noted its mistake, so the event is refused as a whole.
        (rows.len() == items.len()).then_some(rows)
    }

    /// Members that nobody asked for become mistakes.
    pub fn finish(&self) {
        let asked = self.asked.borrow();
        for (key, _) in self.members {
            if !asked.contains(&key.as_str()) {
                self.error(key, "is not a member of this object");
            }
        }
    }

    /// Members that nobody has asked for so far.
    pub fn rest(&self) -> impl Iterator<Item = &'a (String, Json)> {
        let asked = self.asked.borrow().clone();
        self.members.iter().filter(move |(key, _)| !asked.contains(&key.as_str()))
    }
}

/// Escapes a member's name for a JSON pointer (RFC 6901 section 3).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
