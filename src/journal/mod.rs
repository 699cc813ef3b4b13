//! The journal's stored form: versioned JSON, each record chained to the one before by its hash.

mod upcast;

use std::cmp::Ordering;

use sha2::{Digest, Sha256};

use crate::record::Record;
use crate::state::Head;
use upcast::{UPCASTERS, upcast};

/// The version of the stored form that is written. Older ones are brought up to it when read.
pub const RECORD_VERSION: u32 = 1;

/// The hash that a record shares with all records before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chain(pub [u8; 32]);

impl Chain {
    /// The chain after a record with these bytes.
    #[must_use]
    pub fn after(self, record: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(record);
        Self(hash.finalize().into())
    }
}

/// The stored form cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The bytes are no record of a known version.
    #[error("not a journal record: {0}")]
    Json(#[from] serde_json::Error),
    /// A newer Onhand wrote it.
    #[error("version {0} is newer than this program, which knows up to {RECORD_VERSION}")]
    Newer(u32),
    /// Nobody ever wrote it.
    #[error("there is no version {0}")]
    Unknown(u32),
}

/// Why a stored record is not the one that belongs in its place.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The record that belongs there is missing.
    #[error("it is missing")]
    Missing,
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] RecordError),
    /// It is not the one that was written.
    #[error("it was changed after it was written: its hash does not follow")]
    Changed,
}

/// Reads the record that has to follow `last`, whose stored row says that it is the one at `seq`
/// with this hash over all records up to it.
///
/// # Errors
/// When it is not the record that was written there.
pub fn follow(last: &Head, seq: u64, bytes: &[u8], chain: Chain) -> Result<Record, Broken> {
    if seq != last.seq + 1 {
        return Err(Broken::Missing);
    }
    // What cannot be read may be of a newer version, which says more than that its hash is wrong.
    let record = decode(bytes)?;
    if last.chain.after(bytes) != chain || record.seq != seq {
        return Err(Broken::Changed);
    }
    Ok(record)
}

/// Writes a record in its stored form.
///
/// # Panics
/// Never: a record is plain data with string keys, which always serialises into memory.
pub fn encode(record: &Record) -> Vec<u8> {
    // What most records need, so that the text is not moved while it grows.
    const USUAL_BYTES: usize = 1_024;
    #[derive(serde::Serialize)]
    struct Versioned<'a> {
        v: u32,
        #[serde(flatten)]
        record: &'a Record,
    }
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut bytes, &Versioned { v: RECORD_VERSION, record })
        .expect("a record is plain data with string keys");
    // Records are kept for a while, and there are many of them.
    bytes.shrink_to_fit();
    bytes
}

/// How a record of the present version begins.
const NEWEST: &[u8] = b"{\"v\":1,";

/// Reads a record from its stored form.
///
/// # Errors
/// When the bytes are no record, or one of a version that this program does not know.
pub fn decode(bytes: &[u8]) -> Result<Record, RecordError> {
    #[derive(serde::Deserialize)]
    struct Version {
        v: u32,
    }
    // As `encode` begins; any other order of the members needs the detour.
    if bytes.starts_with(NEWEST) {
        return Ok(serde_json::from_slice(bytes)?);
    }
    let version = serde_json::from_slice::<Version>(bytes)?.v;
    match version.cmp(&RECORD_VERSION) {
        Ordering::Equal => Ok(serde_json::from_slice(bytes)?),
        Ordering::Greater => Err(RecordError::Newer(version)),
        Ordering::Less => Ok(serde_json::from_slice(&upcast(bytes, version, &UPCASTERS)?)?),
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)]);
        text.push(DIGITS[usize::from(byte & 0xf)]);
    }
    text
}

/// The bytes of exactly `N * 2` hexadecimal digits.
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}
