//! How a channel names what is ours: ids of Shopify's form.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number by which a channel names something. It is written as text, because it may exceed what
/// a float holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(i64);

impl ExternalId {
    /// The id with these digits.
    ///
    /// # Errors
    /// When it is something else than the digits of a signed 64-bit number, which is what the
    /// vendor's ids are.
    pub fn new(text: &str) -> Result<Self, NotAnId> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse::<i64>().ok().filter(|_| digits).ok_or(NotAnId)?;
        Ok(Self(number))
    }

    /// The number.
    pub const fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl From<i64> for ExternalId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

/// Something that is no id of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an id: a whole number, or its digits as text")]
pub struct NotAnId;

impl Serialize for ExternalId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ExternalId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u64),
            Text(String),
        }
        let text = match Form::deserialize(deserializer) {
            Ok(Form::Number(number)) => number.to_string(),
            Ok(Form::Text(text)) => text,
            Err(_) => return Err(serde::de::Error::custom(NotAnId)),
        };
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

/// A listing as its channel knows it: `external` of the kinds `simulated` and `shopify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct External {
    /// By which its quantity is read and written.
    pub inventory_item_id: ExternalId,
    /// By which order lines name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<ExternalId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_or_their_digits_beyond_what_a_float_holds() {
        let read = |text: &str| serde_json::from_str::<External>(text);
        let both = [
            r#"{"inventory_item_id": 820982911946154509, "variant_id": "9223372036854775807"}"#,
            r#"{"inventory_item_id": "820982911946154509", "variant_id": 9223372036854775807}"#,
        ];
        for text in both {
            let external = read(text).unwrap();
            assert_eq!(external.inventory_item_id.number(), 820_982_911_946_154_509);
            assert_eq!(external.variant_id.unwrap().number(), i64::MAX);
            let written = serde_json::to_string(&external).unwrap();
            assert_eq!(read(&written).unwrap(), external);
        }
        for bad in ["1.5", "-3", "\"\"", "\"gid://7\"", "9223372036854775808", "null", "[]"] {
            let error = read(&format!(r#"{{"inventory_item_id": {bad}}}"#)).unwrap_err();
            assert!(error.to_string().contains("must be an id"), "{bad}: {error}");
        }
        assert!(read(r#"{"inventory_item_id": 1, "sku": "x"}"#).is_err());
    }
}
