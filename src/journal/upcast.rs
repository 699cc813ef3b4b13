//! Older forms of a record, brought up to the present one step by step. The stored bytes, and with
//! them the chain, stay as they were written.

use serde_json::{Map, Value};

use super::{RECORD_VERSION, RecordError};

/// Brings a record from one version to the next.
pub(super) type Upcaster = fn(&mut Map<String, Value>);

/// The steps, in order: the first leads from version 1 to 2. Whoever raises [`RECORD_VERSION`] adds
/// one; the golden journals of the versions before (`src/tests/golden`) hold it to what they lead to.
pub(super) const UPCASTERS: [Upcaster; RECORD_VERSION as usize - 1] = [];

/// The record in its newest form, from the form of `version`.
///
/// # Errors
/// When the bytes are no object, or there never was such a version.
pub(super) fn upcast(
    bytes: &[u8],
    version: u32,
    steps: &[Upcaster],
) -> Result<Vec<u8>, RecordError> {
    let mut record: Map<String, Value> = serde_json::from_slice(bytes)?;
    let done = usize::try_from(version).ok().and_then(|version| version.checked_sub(1));
    let steps = done.and_then(|done| steps.get(done..)).ok_or(RecordError::Unknown(version))?;
    for step in steps {
        step(&mut record);
    }
    Ok(serde_json::to_vec(&record)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 2 called the actor by another name, version 3 numbers from 1.
    const STEPS: [Upcaster; 2] = [
        |record| {
            if let Some(who) = record.remove("who") {
                record.insert("actor".into(), who);
            }
        },
        |record| {
            let number = record["number"].as_i64().unwrap_or_default();
            record.insert("number".into(), (number + 1).into());
        },
    ];

    fn upcast_to_3(record: &str, version: u32) -> Result<String, RecordError> {
        let newest = upcast(record.as_bytes(), version, &STEPS)?;
        Ok(String::from_utf8(newest).expect("JSON is text"))
    }

    #[test]
    fn each_older_version_takes_the_steps_that_it_lacks() {
        let newest = r#"{"actor":"mia","number":8}"#;
        assert_eq!(upcast_to_3(r#"{"who":"mia","number":7}"#, 1).unwrap(), newest);
        assert_eq!(upcast_to_3(r#"{"actor":"mia","number":7}"#, 2).unwrap(), newest);
        assert_eq!(upcast_to_3(r#"{"actor":"mia","number":8}"#, 3).unwrap(), newest);
    }

    #[test]
    fn a_version_that_never_was_is_refused() {
        assert!(matches!(upcast_to_3("{}", 0), Err(RecordError::Unknown(0))));
        assert!(matches!(upcast_to_3("[]", 1), Err(RecordError::Json(_))));
    }
}
