//! The past of a history that was played to its end: what each level was after every record and at
//! every moment, and why it is what it is.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::Pair;
use crate::history::steps;
use crate::history::{Explanation, Moment, Step, TERMS_MAX, explain, explain_newest, level_at};
use crate::ledger::Ledger;
use crate::record::Bucket;
use crate::sim::model::{LevelName, MOVED};
use crate::state::{Level, Oversold, State};
use crate::time::Timestamp;

/// The steps of each level.
type Kept = BTreeMap<LevelName, Vec<Step>>;

/// Checks the past.
///
/// # Panics
/// When it is not what it was.
pub(super) fn check(pair: &Pair) {
    let mut kept = Kept::new();
    for entry in &pair.host.store.journal {
        for (sku, location, step) in steps(&entry.record) {
            kept.entry((sku.clone(), location.clone())).or_default().push(step);
        }
    }
    check_believed(pair, &kept);
    check_true(pair, &kept);
    check_present(pair, &kept);
}

/// A level without what no step says: what a person has said of it or of its count.
fn comparable(level: &Level) -> Level {
    let mut level = level.clone();
    level.oversold = Oversold::No;
    if let Some(count) = &mut level.counted {
        (count.overlap, count.words, count.relied_on) = (None, Vec::new(), false);
    }
    level
}

/// After each record, every level that it touched is what its steps say it was then.
fn check_believed(pair: &Pair, kept: &Kept) {
    let mut ledger = Ledger::new(State::new(pair.settings));
    for entry in &pair.host.store.journal {
        ledger.replay(&entry.record, &entry.bytes);
        let (state, seq) = (ledger.state(), entry.record.seq);
        for (sku, location, _) in steps(&entry.record) {
            let known = state.catalogue().sku(sku).zip(state.catalogue().location(location));
            let Some((sku_number, location_number)) = known else { continue };
            let then = level_at(&kept[&(sku.clone(), location.clone())], Moment::Recorded(seq));
            let level = comparable(state.level(sku_number, location_number));
            assert_eq!(then, level, "{sku} at {location} as it was believed after #{seq}");
        }
    }
}

/// At each moment at which anything happened, and right before it, as much was there as the model
/// says, and in the states that units are moved into. Where anything was, something had happened.
fn check_true(pair: &Pair, kept: &Kept) {
    for (name, steps) in kept {
        let moments: BTreeSet<Timestamp> = steps
            .iter()
            .flat_map(|step| [step.occurred_at.plus_micros(-1), step.occurred_at])
            .collect();
        for at in moments {
            let level = level_at(steps, Moment::Occurred(at));
            let (core, model) = (MOVED.map(|it| level.get(it)), pair.model.truly_at(name, at));
            assert_eq!(core, model, "what was there of {name:?} at {at} ({MOVED:?}): core, model");
            let is_empty = core.iter().all(|number| *number == 0);
            assert!(is_empty || level.version > 0, "nothing had happened to {name:?} at {at}");
        }
    }
}

/// At the end of time, what truly is and what is believed are the same; and it adds up.
fn check_present(pair: &Pair, kept: &Kept) {
    let state = pair.host.ledger.state();
    for (sku, location, level) in state.levels() {
        let (sku, location) =
            (state.catalogue().sku_name(sku), state.catalogue().location_name(location));
        let steps = &kept[&(sku.clone(), location.clone())];
        let end = steps.iter().map(|step| step.occurred_at).max().unwrap_or_default();
        let last = level_at(steps, Moment::Occurred(end));
        assert_eq!(last, comparable(level), "{sku} at {location} in the end");
        check_sums(&explain(steps, TERMS_MAX), level);
        let changed: BTreeSet<u64> =
            steps.iter().filter(|step| step.is_change).map(Step::seq).collect();
        for from in changed.iter().rev().take(3) {
            let newest: Vec<Step> =
                steps.iter().filter(|step| step.seq() >= *from).cloned().collect();
            check_sums(
                &explain_newest(&newest, (level.buckets(), level.version), TERMS_MAX),
                level,
            );
        }
    }
}

/// What explains a level adds up to it, number by number.
fn check_sums(explained: &Explanation, level: &Level) {
    let sum: i64 = explained.terms.iter().map(|term| term.quantity).sum();
    assert_eq!(sum, level.get(Bucket::OnHand), "the terms of {explained:?}");
    assert_eq!(
        (explained.on_hand, explained.available),
        (sum, level.available()),
        "the sums of {explained:?}"
    );
    for state in Bucket::ALL.into_iter().filter(|state| *state != Bucket::OnHand) {
        let holds = explained.holds.iter().chain(&explained.incoming);
        let held = holds.filter(|hold| hold.state == state).map(|hold| hold.quantity);
        assert_eq!(held.sum::<i64>(), level.get(state), "what holds {state:?}: {explained:?}");
    }
}
