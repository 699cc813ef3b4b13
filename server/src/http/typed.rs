//! From JSON to a type, with a pointer to what does not fit and words that a sender understands:
//! the messages of the usual reader name this program's types, and no place.

use std::fmt::{self, Display};

use onhand::event::FieldError;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

/// Reads a value as a `T`.
///
/// # Errors
/// The first thing that does not fit: where it stands, and what would be right.
pub fn read_as<T: DeserializeOwned>(value: &Value) -> Result<T, FieldError> {
    T::deserialize(Node(value)).map_err(|Misfit { pointer, detail }| FieldError { pointer, detail })
}

/// The pointer from an object to its member (RFC 6901 section 3).
pub fn pointer_to(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// What does not fit, seen from the value being read.
#[derive(Debug)]
struct Misfit {
    pointer: String,
    detail: String,
}

impl Misfit {
    fn here(detail: impl Into<String>) -> Self {
        Self { pointer: String::new(), detail: detail.into() }
    }

    fn at(name: &str, detail: &str) -> Self {
        Self::here(detail).within(name)
    }

    /// The same, seen from the object or list that the value stands in.
    fn within(self, name: &str) -> Self {
        Self { pointer: format!("{}{}", pointer_to(name), self.pointer), ..self }
    }

    fn none_of(names: &[&str]) -> Self {
        Self::here(format!("must be one of {}", names.join(", ")))
    }
}

impl Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.detail)
    }
}

impl std::error::Error for Misfit {}

impl serde::de::Error for Misfit {
    fn custom<T: Display>(message: T) -> Self {
        Self::here(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::here(format!("must be {}, not {}", wanted(expected), kind(found)))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::here(format!("must be {}", wanted(expected)))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::none_of(expected)
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::at(field, "is not a member of this object")
    }

    fn missing_field(field: &'static str) -> Self {
        Self::at(field, "is required")
    }
}

/// What a type wants, in words that know JSON only.
fn wanted(expected: &dyn Expected) -> String {
    let name = expected.to_string();
    let words = match name.as_str() {
        "u8" | "u16" | "u32" | "u64" => "a whole number from 0 on",
        "i8" | "i16" | "i32" | "i64" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => other,
    };
    words.to_owned()
}

/// What kind of value was sent.
const fn kind(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Signed(_) | Unexpected::Unsigned(_) => "a number",
        Unexpected::Float(_) => "a number that is no 64-bit integer",
        Unexpected::Str(_) => "a string",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        Unexpected::Unit | Unexpected::Option => "null",
        _ => "this",
    }
}

/// A JSON value being read.
struct Node<'de>(&'de Value);

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => {
                if let Some(number) = number.as_u64() {
                    visitor.visit_u64(number)
                } else if let Some(number) = number.as_i64() {
                    visitor.visit_i64(number)
                } else {
                    visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN))
                }
            }
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(rows) => visitor.visit_seq(Rows(rows.iter().enumerate())),
            Value::Object(members) => {
                visitor.visit_map(Members { rest: members.iter(), member: None })
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        // Types of this program would also be read from a list of their members in order.
        match self.0 {
            Value::Array(_) => Err(Misfit::invalid_type(Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(Misfit::none_of(names)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// The rest of a list.
struct Rows<'de>(std::iter::Enumerate<std::slice::Iter<'de, Value>>);

impl<'de> SeqAccess<'de> for Rows<'de> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Misfit> {
        let read = |(index, row): (usize, &'de Value)| {
            seed.deserialize(Node(row)).map_err(|misfit| misfit.within(&index.to_string()))
        };
        self.0.next().map(read).transpose()
    }
}

/// The rest of an object, and the member whose name has been read.
struct Members<'de> {
    rest: serde_json::map::Iter<'de>,
    member: Option<(&'de String, &'de Value)>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Misfit> {
        self.member = self.rest.next();
        let read = |(name, _): (&'de String, _)| {
            seed.deserialize(BorrowedStrDeserializer::new(name.as_str()))
        };
        self.member.map(read).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Misfit> {
        let Some((name, value)) = self.member.take() else {
            return Err(Misfit::custom("a value is read before its name"));
        };
        seed.deserialize(Node(value)).map_err(|misfit| misfit.within(name))
    }
}

#[cfg(test)]
mod tests {
    use onhand::wire::conflict::ResolveRequest;
    use serde_json::{Map, json};

    use super::*;

    fn wrong(change: &Value) -> (String, String) {
        let mut body = json!({"option": "cap", "expected_version": 3});
        let members = body.as_object_mut().unwrap();
        members.extend(change.as_object().unwrap().clone());
        let error = read_as::<ResolveRequest>(&body).unwrap_err();
        (error.pointer, error.detail)
    }

    #[test]
    fn what_does_not_fit_is_pointed_at_and_what_would_be_right_is_said() {
        let number = "must be a whole number from 0 on";
        let id = "must have at least 1 character";
        for (change, pointer, detail) in [
            (
                json!({"expected_version": "3"}),
                "/expected_version",
                &*format!("{number}, not a string"),
            ),
            (json!({"expected_version": -1}), "/expected_version", number),
            (
                json!({"expected_version": 1.5}),
                "/expected_version",
                &*format!("{number}, not a number that is no 64-bit integer"),
            ),
            (json!({"sku": 5}), "/sku", "must be a string, not a number"),
            (json!({"sku": ""}), "/sku", id),
            (json!({"a/b": 1}), "/a~1b", "is not a member of this object"),
            (json!({"lines": {}}), "/lines", "must be a list, not an object"),
            (json!({"lines": null}), "/lines", "must be a list, not null"),
            (json!({"lines": [[]]}), "/lines/0", "must be an object, not a list"),
            (json!({"lines": [{"order": "o"}]}), "/lines/0/line", "is required"),
            (json!({"lines": [{"order": "o", "line": "1"}, {"order": ""}]}), "/lines/1/order", id),
        ] {
            assert_eq!(wrong(&change), (pointer.to_owned(), detail.to_owned()), "{change}");
        }
        for option in [json!("apply"), json!(5), json!(["cap"])] {
            let (pointer, detail) = wrong(&json!({"option": option}));
            assert_eq!(pointer, "/option");
            assert!(detail.starts_with("must be one of keep_first, apply_second,"), "{detail}");
        }
    }

    #[test]
    fn the_value_itself_has_an_empty_pointer() {
        let error = read_as::<ResolveRequest>(&json!([])).unwrap_err();
        assert_eq!((&*error.pointer, &*error.detail), ("", "must be an object, not a list"));
        let error = read_as::<ResolveRequest>(&json!({})).unwrap_err();
        assert_eq!((&*error.pointer, &*error.detail), ("/option", "is required"));
    }

    #[test]
    fn what_fits_is_read_whole() {
        let value = json!({"a": [1, -1, 1.5, true, null, "x"], "b": {"c": {}}});
        assert_eq!(read_as::<Map<String, Value>>(&value).unwrap(), *value.as_object().unwrap());
        let request = json!({"option": "map", "expected_version": 1, "note": null, "sku": "A"});
        assert_eq!(read_as::<ResolveRequest>(&request).unwrap().sku.unwrap().as_str(), "A");
    }
}
