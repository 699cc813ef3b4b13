//! The names that travel and are stored, and the words in which people are told what is asked.

use std::collections::BTreeSet;

use onhand::business_fact::BusinessFact;
use onhand::conflict::{ConflictKind, ConflictStatus, ResolutionOption};
use onhand::record::Outcome;
use onhand::state::Overlap;
use serde::Serialize;

use crate::says::{
    amended, arrived, back, fulfilled, goods, held, line, part, placed, reserved, returned, shipped,
};

const KINDS: [ConflictKind; 12] = [
    ConflictKind::IdReused,
    ConflictKind::OrderChanged,
    ConflictKind::VersionMismatch,
    ConflictKind::CountOverlap,
    ConflictKind::FutureTime,
    ConflictKind::Excess,
    ConflictKind::Orphan,
    ConflictKind::Unmapped,
    ConflictKind::Oversold,
    ConflictKind::MassChange,
    ConflictKind::Drift,
    ConflictKind::Poison,
];

/// The name under which it travels.
fn travels(what: impl Serialize) -> String {
    serde_json::to_value(what).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn a_store_keeps_the_names_that_travel() {
    for kind in KINDS {
        assert_eq!(kind.as_str(), travels(kind));
    }
    for status in [ConflictStatus::Open, ConflictStatus::Resolved, ConflictStatus::AutoResolved] {
        assert_eq!(status.as_str(), travels(status));
    }
}

#[test]
fn a_name_is_read_as_it_was_written() {
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::from_name(outcome.as_str()), Some(outcome));
    }
    for option in ResolutionOption::ALL {
        assert_eq!(ResolutionOption::from_name(option.as_str()), Some(option));
    }
    for overlap in [Overlap::Counted, Overlap::Difference] {
        assert_eq!(Overlap::from_name(overlap.as_str()), Some(overlap));
    }
    assert_eq!(Outcome::from_name("maybe"), None);
    assert_eq!(ResolutionOption::from_name("maybe"), None);
    assert_eq!(Overlap::from_name("maybe"), None);
}

#[test]
fn every_kind_and_every_option_has_words_of_its_own() {
    let kinds: BTreeSet<_> = KINDS.into_iter().map(ConflictKind::explanation).collect();
    assert_eq!(kinds.len(), KINDS.len());
    let options: BTreeSet<_> =
        ResolutionOption::ALL.into_iter().map(ResolutionOption::label).collect();
    assert_eq!(options.len(), ResolutionOption::ALL.len());
}

#[test]
fn what_is_no_text_is_said_to_be_none() {
    let error = serde_json::from_str::<onhand::id::Sku>("7").unwrap_err().to_string();
    assert!(error.contains("expected a string"), "{error}");
    let error = serde_json::from_str::<onhand::event::Event>("7").unwrap_err().to_string();
    assert!(error.contains("expected an event"), "{error}");
}

#[test]
fn every_business_fact_is_called_by_what_its_event_is() {
    let table = [
        (placed("o1", &[line("1", "TEA", 1)]), "the order"),
        (amended("o1", 7, &[line("1", "TEA", 1)]), "revision 7"),
        (fulfilled("o1", "f1", &[part("1", 1)]), "fulfillment f1"),
        (returned("o1", "b1", &[back("1", 1, true)]), "return b1"),
        (shipped("t1", "berlin", "hamburg", &[goods("TEA", 1)]), "the shipment"),
        (arrived("t1", "a1", &[goods("TEA", 1)]), "receipt a1"),
        (reserved("h1", &[held("TEA", 1, "berlin")]), "reservation h1"),
    ];
    for (says, words) in table {
        let fact = BusinessFact::of(&says.event("x").data).unwrap();
        assert_eq!(fact.to_string(), words);
    }
}
