//! The journals of the present version tell of everything that a record can hold.

use onhand::conflict::{ConflictKind, ConflictStatus, ResolutionOption};
use onhand::journal::RECORD_VERSION;
use onhand::order::FactKey;
use onhand::record::{Bucket, Change, Outcome, Timer, WaitKey};
use onhand::reservation::Standing;
use onhand::state::Overlap;
use serde::de::DeserializeOwned;

use super::journals;
use crate::samples::GOOD;

/// Types that only Onhand itself says.
const OWN: [&str; 4] =
    ["reservation.expired", "event.released", "event.orphaned", "conflict.resolved"];

/// The names of all variants of an enumeration: what its reader says it expects, when it is given a
/// variant that does not exist. So a new one cannot be forgotten here.
fn variants<T: DeserializeOwned>(unknown: &str) -> Vec<String> {
    let Err(error) = serde_json::from_str::<T>(unknown) else { panic!("{unknown} is read") };
    let error = error.to_string();
    let (_, expected) = error.split_once("expected ").unwrap_or_else(|| panic!("{error}"));
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn named(names: impl IntoIterator<Item = &'static str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[test]
fn variants_are_found_by_what_their_reader_expects() {
    let kinds = variants::<ConflictKind>(r#""?""#);
    assert!(kinds.contains(&"oversold".to_owned()) && kinds.len() >= 8, "{kinds:?}");
    assert_eq!(variants::<Overlap>(r#""?""#), ["counted", "difference"]);
    assert!(variants::<Change>(r#"{"change":"?"}"#).contains(&"sku_alias".to_owned()));
}

#[test]
fn the_journals_of_this_version_tell_of_everything() {
    let recorded =
        Outcome::ALL.into_iter().filter(|it| !matches!(it, Outcome::Duplicate | Outcome::Invalid));
    // What there is, and by which member it is told; a variant that holds something is an object.
    let table: [(&str, Vec<String>); 12] = [
        ("type", named(GOOD.map(|(event_type, _)| event_type).into_iter().chain(OWN))),
        ("change", variants::<Change>(r#"{"change":"?"}"#)),
        ("outcome", named(recorded.map(Outcome::as_str))),
        ("state", named(Bucket::ALL.map(Bucket::as_str))),
        ("kind", variants::<ConflictKind>(r#""?""#)),
        ("status", variants::<ConflictStatus>(r#""?""#)),
        ("option", named(ResolutionOption::ALL.map(ResolutionOption::as_str))),
        ("fact", variants::<FactKey>(r#"{"fact":"?"}"#)),
        ("standing", variants::<Standing>(r#""?""#)),
        ("on", variants::<WaitKey>(r#""?""#)),
        ("what", variants::<Timer>(r#""?""#)),
        ("overlap", variants::<Overlap>(r#""?""#)),
    ];
    let all: String = journals(RECORD_VERSION).into_iter().map(|(_, journal)| journal).collect();
    let mut missing = Vec::new();
    for (member, names) in table {
        let told = |name: &String| {
            all.contains(&format!(r#""{member}":"{name}""#))
                || all.contains(&format!(r#""{member}":{{"{name}":"#))
        };
        missing.extend(names.into_iter().filter(|it| !told(it)).map(|it| format!("{member} {it}")));
    }
    assert!(
        missing.is_empty(),
        "no golden journal of version {RECORD_VERSION} tells of {missing:?}: add a tale to \
         src/tests/golden/tales.rs (not to one that is told), then run cargo test -p onhand \
         --features onhand/sim --test core golden::write -- --ignored"
    );
}
