//! Names as newtypes: what a string means is checked once, at the edge, and never again.

use std::fmt;
use std::sync::Arc;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest id or SKU, in characters (contract.md, conventions).
pub const ID_MAX_CHARS: usize = 128;

/// Longest free text (a reason, a note, a name), in characters (contract.md section 10, Shapes).
pub const TEXT_MAX_CHARS: usize = 2_000;

/// Why a string is not an id or not a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The string is empty.
    #[error("must have at least 1 character")]
    Empty,
    /// The string has more than [`ID_MAX_CHARS`] characters.
    #[error("must have at most 128 characters")]
    TooLong,
    /// The string holds a control character (C0, DEL or C1).
    #[error("must not contain control characters")]
    Control,
    /// The text has more than [`TEXT_MAX_CHARS`] characters.
    #[error("must have at most 2000 characters")]
    TextTooLong,
    /// The text holds the character NUL.
    #[error("must not contain the character NUL")]
    Nul,
}

/// Checks the rules that all ids share.
///
/// # Errors
/// Says which rule the string breaks.
pub fn check_id(text: &str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() <= ID_MAX_CHARS && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    // A string of at most 128 bytes has at most 128 characters; only longer ones need the count.
    if text.len() > ID_MAX_CHARS && text.chars().count() > ID_MAX_CHARS {
        return Err(NameError::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(NameError::Control);
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes a string that keeps the rules for ids: 1 to 128 characters, none of them a
            /// control character.
            ///
            /// # Errors
            /// Says which rule the string breaks.
            pub fn new(text: impl Into<Arc<str>>) -> Result<Self, NameError> {
                let text = text.into();
                check_id(&text).map(|()| Self(text))
            }

            /// The name as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Parsed(|text: &str| Self::new(text)))
            }
        }
    )+};
}

ids! {
    /// Stock keeping unit: what is sold and counted.
    Sku;
    /// A place that holds stock.
    LocationId;
    /// Who says that something happened: a warehouse system, a form, `onhand` itself, or a channel.
    Source;
    /// An event's id at its source; with the source it names the event for ever.
    EventId;
    /// An order's id.
    OrderId;
    /// A line's id within its order.
    LineId;
    /// A fulfillment's id within its order.
    FulfillmentId;
    /// A return's id within its order.
    ReturnId;
    /// A transfer's id.
    TransferId;
    /// A receipt's id within its transfer.
    ReceiptId;
    /// A reservation's id.
    ReservationId;
    /// A sales channel.
    ChannelId;
    /// A SKU as one channel knows it.
    ListingId;
}

impl Source {
    /// The source of events that Onhand itself makes: releases, resolutions, expiries.
    pub fn onhand() -> Self {
        Self(Arc::from("onhand"))
    }
}

/// A conflict's id: `c` and its number in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConflictId(u64);

impl ConflictId {
    /// The conflict with this number; numbers start at 1 and grow in the order of opening.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number in the ledger.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ConflictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// A string that is no conflict id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a conflict id such as c12")]
pub struct NotAConflictId;

impl std::str::FromStr for ConflictId {
    type Err = NotAConflictId;
    fn from_str(text: &str) -> Result<Self, NotAConflictId> {
        let digits = text.strip_prefix('c').ok_or(NotAConflictId)?;
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAConflictId);
        }
        digits.parse().map(Self).map_err(|_| NotAConflictId)
    }
}

impl Serialize for ConflictId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ConflictId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Parsed(str::parse::<Self>))
    }
}

/// Free text written by a person or a program: a reason, a note, a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

impl Text {
    /// Takes a text of at most [`TEXT_MAX_CHARS`] characters without NUL.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn new(text: impl Into<Arc<str>>) -> Result<Self, NameError> {
        let text = text.into();
        if text.len() > TEXT_MAX_CHARS && text.chars().count() > TEXT_MAX_CHARS {
            return Err(NameError::TextTooLong);
        }
        if text.contains('\0') {
            return Err(NameError::Nul);
        }
        Ok(Self(text))
    }

    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Parsed(|text: &str| Self::new(text)))
    }
}

/// Reads what a text means out of it, wherever it stands, without making a text of its own first.
pub(crate) struct Parsed<F>(pub(crate) F);

impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Parsed<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<D: serde::de::Error>(self, text: &str) -> Result<T, D> {
        self.0(text).map_err(D::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_1_to_128_characters_and_no_control_characters() {
        assert_eq!(check_id(""), Err(NameError::Empty));
        assert_eq!(check_id(&"é".repeat(128)), Ok(()));
        assert_eq!(check_id(&"é".repeat(129)), Err(NameError::TooLong));
        for control in ['\0', '\n', '\u{7f}', '\u{85}'] {
            assert_eq!(check_id(&format!("a{control}b")), Err(NameError::Control));
        }
        assert_eq!(check_id("T-Shirt Größe M/✓"), Ok(()));
    }

    #[test]
    fn a_text_may_have_line_breaks_but_no_nul() {
        assert_eq!(Text::new("two\nlines").map(|text| text.to_string()), Ok("two\nlines".into()));
        assert_eq!(Text::new("a\0"), Err(NameError::Nul));
        assert_eq!(Text::new("x".repeat(2_001)), Err(NameError::TextTooLong));
    }

    #[test]
    fn a_conflict_id_is_written_as_c_and_its_number() {
        assert_eq!("c12".parse(), Ok(ConflictId::from_number(12)));
        assert_eq!(ConflictId::from_number(12).to_string(), "c12");
        for bad in ["", "c", "12", "c-1", "c+1", "c99999999999999999999"] {
            assert_eq!(bad.parse::<ConflictId>(), Err(NotAConflictId), "{bad}");
        }
    }
}
