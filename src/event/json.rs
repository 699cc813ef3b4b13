//! JSON as it was sent: repeated keys and fractions are still visible, so that validation can
//! refuse them instead of a parser quietly choosing.

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number within 64 bits, written without fraction or exponent.
    Integer(i64),
    /// Any other number: `3.0`, `1e3`, or beyond 64 bits.
    OtherNumber,
    /// A string.
    String(String),
    /// A list.
    Array(Vec<Json>),
    /// An object, members in the order sent.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// What kind of value this is, in words for an error message.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "a number",
            Self::OtherNumber => "a number that is no 64-bit integer",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }

    /// The member of an object, or `None`.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, v)| v),
            _ => None,
        }
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(i64::try_from(value).map_or(Json::OtherNumber, Json::Integer))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_that_are_no_64_bit_integers_stay_recognisable() {
        assert_eq!(read("9223372036854775807"), Json::Integer(i64::MAX));
        for other in ["3.0", "1e3", "9223372036854775808", "-1.5", "1e400000"] {
            let value: Result<Json, _> = serde_json::from_str(other);
            assert!(matches!(value, Ok(Json::OtherNumber) | Err(_)), "{other}");
        }
    }

    #[test]
    fn every_kind_has_words_that_go_on_a_sentence() {
        let kinds = [
            ("null", "null"),
            ("true", "a boolean"),
            ("7", "a number"),
            ("7.5", "a number that is no 64-bit integer"),
            ("\"7\"", "a string"),
            ("[7]", "a list"),
            ("{}", "an object"),
        ];
        for (text, kind) in kinds {
            assert_eq!(read(text).kind(), kind);
        }
    }

    #[test]
    fn repeated_keys_are_kept() {
        let Json::Object(members) = read(r#"{"a":1,"a":2}"#) else { panic!("an object") };
        assert_eq!(members.len(), 2);
    }
}
