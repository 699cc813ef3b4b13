//! What makes two events the same: a digest of their content in canonical form.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::{ChannelLevelReported, Event, EventData};

/// Bytes of a fingerprint: 128 bits, so that two contents of one id do not meet by chance.
pub const FINGERPRINT_BYTES: usize = 16;

/// A digest of an event's content: type, time, data and extension attributes, or, for a business
/// fact, of its data alone (contract.md section 10, Idempotency).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; FINGERPRINT_BYTES]);

impl Fingerprint {
    /// The fingerprint of an event's whole content. Source and id are not part of it: they name
    /// the event, they do not describe it.
    pub fn of_event(event: &Event) -> Self {
        let mut hash = Sha256::new();
        hash.update(event.event_type().as_bytes());
        hash.update([0]);
        hash.update(event.time.micros().to_be_bytes());
        hash.update([u8::from(event.expected_version.is_some())]);
        hash.update(event.expected_version.unwrap_or_default().to_be_bytes());
        for (name, value) in &event.extensions {
            hash.update((name.len() as u64).to_be_bytes());
            hash.update(name.as_bytes());
            hash.update((value.len() as u64).to_be_bytes());
            hash.update(value.as_bytes());
        }
        hash.update([0xff]);
        update_with_data(&mut hash, &event.data);
        Self::finish(hash)
    }

    /// The fingerprint of what an event says, whenever and by whom it is said.
    pub fn of_data(data: &EventData) -> Self {
        let mut hash = Sha256::new();
        update_with_data(&mut hash, data);
        Self::finish(hash)
    }

    fn finish(hash: Sha256) -> Self {
        let digest = hash.finalize();
        let mut bytes = [0; FINGERPRINT_BYTES];
        bytes.copy_from_slice(&digest[..FINGERPRINT_BYTES]);
        Self(bytes)
    }
}

/// What most events need, so that their text is not moved while it grows.
const USUAL_BYTES: usize = 256;

/// The typed data serialises in one order, without white space and with defaults left out, so two
/// spellings of the same data give the same bytes.
fn update_with_data(hash: &mut Sha256, data: &EventData) {
    if let EventData::ChannelLevelReported(level) = data
        && level.unlisted
    {
        // What Onhand knew of the listing is no part of what was said.
        let said = ChannelLevelReported { unlisted: false, ..level.clone() };
        return update_with_data(hash, &EventData::ChannelLevelReported(said));
    }
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    // Serialising plain structs of strings and integers into memory cannot fail.
    let _ = serde_json::to_writer(&mut bytes, data);
    hash.update(bytes);
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::journal::hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(crate::id::Parsed(|text: &str| {
            crate::journal::unhex(text).map(Self).ok_or("must be 32 hexadecimal digits")
        }))
    }
}
