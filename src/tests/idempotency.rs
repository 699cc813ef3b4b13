//! Safeguard 1: (source, id) names an event for ever, and a business fact counts once.

use onhand::conflict::{
    ConflictKind, ConflictStatus, EVENTS_LISTED_MAX, ResolutionOption, ResolutionOption as O,
};
use onhand::record::Outcome;
use serde_json::json;

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, amended, back, cancelled, counted, fulfilled, goods, held, item, line,
    line_from, part, placed, received, reserved, returned, shipped,
};

fn stocked() -> World {
    World::new().given([received("TEA", "berlin", 20).at(-60)])
}

#[test]
fn the_same_content_again_is_a_duplicate_with_the_original() {
    let mut world = stocked();
    let first = world.post(adjusted("TEA", "berlin", -3).id("scan-1"));
    let again = world.post(adjusted("TEA", "berlin", -3).id("scan-1"));
    assert_eq!(again.outcome, Outcome::Duplicate);
    assert_eq!(again.seq, first.seq);
    let original = again.original.unwrap();
    assert_eq!(original.outcome, Outcome::Applied);
    assert_eq!((original.source.as_str(), original.id.as_str()), ("wms", "scan-1"));
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
    assert_eq!(world.store.journal.len() as u64, first.seq.unwrap(), "nothing is recorded");
}

#[test]
fn a_duplicate_within_the_same_batch_is_one_too() {
    let mut world = stocked();
    let says = adjusted("TEA", "berlin", -3).id("scan-1");
    let results = world.batch([says.clone(), says.clone(), says]);
    let outcomes: Vec<_> = results.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Duplicate, Outcome::Duplicate]);
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
}

#[test]
fn the_same_id_of_another_source_is_another_event() {
    let mut world = stocked();
    world.post(adjusted("TEA", "berlin", -3).id("1").by("wms"));
    let other = world.post(adjusted("TEA", "berlin", -3).id("1").by("pos"));
    assert_eq!(other.outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 14);
}

#[test]
fn two_spellings_of_the_same_content_are_the_same() {
    let mut world = stocked();
    world.post(adjusted("TEA", "berlin", -3).id("1"));
    let spelled_out = adjusted("TEA", "berlin", -3).with("state", "available").id("1");
    let again = world.post(spelled_out.with("note", serde_json::Value::Null));
    assert_eq!(again.outcome, Outcome::Duplicate);
}

#[test]
fn other_content_under_the_same_id_is_one_conflict_without_effect() {
    let mut world = stocked();
    let first = world.post(adjusted("TEA", "berlin", -3).id("1"));
    let others = [
        adjusted("TEA", "berlin", -4).id("1"),
        adjusted("TEA", "berlin", -3).id("1").at(1),
        adjusted("TEA", "berlin", -3).id("1").expecting(2),
        received("TEA", "berlin", 3).id("1"),
    ];
    for other in others {
        let result = world.post(other);
        assert_eq!(result.outcome, Outcome::Conflict);
        assert_eq!(result.conflict, Some(world.conflict().id));
    }
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::IdReused);
    assert_eq!(conflict.events[0].seq, first.seq.unwrap(), "the first content comes first");
    assert_eq!(conflict.event_count, 5);
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
}

#[test]
fn a_repeat_of_content_that_became_a_conflict_is_a_duplicate_of_that_event() {
    let mut world = stocked();
    world.post(adjusted("TEA", "berlin", -3).id("1"));
    let second = world.post(adjusted("TEA", "berlin", -4).id("1"));
    let again = world.post(adjusted("TEA", "berlin", -4).id("1"));
    assert_eq!(again.outcome, Outcome::Duplicate);
    assert_eq!(again.seq, second.seq);
    assert_eq!(again.original.unwrap().outcome, Outcome::Conflict);
}

#[test]
fn keeping_the_first_rejects_every_other_content_for_good() {
    let mut world = stocked();
    world.post(adjusted("TEA", "berlin", -3).id("1"));
    let second = world.post(adjusted("TEA", "berlin", -4).id("1"));
    let third = world.post(adjusted("TEA", "berlin", -5).id("1"));
    let conflict = world.conflict();
    world.resolve(&conflict, ResolutionOption::KeepFirst).unwrap();
    assert_eq!(world.status(&conflict), ConflictStatus::Resolved);
    assert_eq!(world.outcome(&second), Outcome::Rejected);
    assert_eq!(world.outcome(&third), Outcome::Rejected);
    let again = world.post(adjusted("TEA", "berlin", -4).id("1"));
    assert_eq!(again.original.unwrap().outcome, Outcome::Rejected);
    world.quiet();
}

#[test]
fn yet_another_content_after_the_decision_opens_a_new_conflict() {
    let mut world = stocked();
    world.post(adjusted("TEA", "berlin", -3).id("1"));
    world.post(adjusted("TEA", "berlin", -4).id("1"));
    let first = world.conflict();
    world.resolve(&first, ResolutionOption::KeepFirst).unwrap();
    world.post(adjusted("TEA", "berlin", -5).id("1"));
    let second = world.conflict();
    assert_ne!(first.id, second.id);
    assert_eq!(second.version, 1);
    assert_eq!(world.status(&first), ConflictStatus::Resolved);
}

/// Each business fact, said twice under two ids: the same content is a duplicate.
#[test]
fn a_business_fact_under_another_id_is_a_duplicate() {
    let mut world =
        stocked().given([placed("o1", &[line("1", "TEA", 5)]).at(1).id("place")]).given([
            fulfilled("o1", "f1", &[part("1", 2)]).at(2),
            returned("o1", "r1", &[back("1", 1, true)]).at(3),
            amended("o1", 1, &[line("1", "TEA", 4)]).at(4),
        ]);
    let (on_hand, committed) = (world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin"));
    assert_eq!((on_hand, committed), (19, 2));
    let repeats = [
        placed("o1", &[line("1", "TEA", 5)]).at(100).by("pos"),
        fulfilled("o1", "f1", &[part("1", 2)]).at(100),
        returned("o1", "r1", &[back("1", 1, true)]).at(100),
        amended("o1", 1, &[line("1", "TEA", 4)]).at(100),
    ];
    for repeat in repeats {
        let result = world.post(repeat.clone());
        assert_eq!(result.outcome, Outcome::Duplicate, "{repeat:?}");
        assert_eq!(result.original.unwrap().outcome, Outcome::Applied);
    }
    assert_eq!(world.on_hand("TEA", "berlin"), on_hand);
    assert_eq!(world.committed("TEA", "berlin"), committed);
    world.quiet();
}

/// The same facts with other content: a conflict each, and no effect.
#[test]
fn a_business_fact_with_other_content_is_a_conflict() {
    let changes = [
        placed("o1", &[line("1", "TEA", 6)]),
        fulfilled("o1", "f1", &[part("1", 1)]),
        returned("o1", "r1", &[back("1", 1, false)]),
        amended("o1", 1, &[line("1", "TEA", 3)]),
    ];
    for change in changes {
        let mut world = stocked().given([
            placed("o1", &[line("1", "TEA", 5)]),
            fulfilled("o1", "f1", &[part("1", 2)]).at(2),
            returned("o1", "r1", &[back("1", 1, true)]).at(3),
            amended("o1", 1, &[line("1", "TEA", 4)]).at(4),
        ]);
        let result = world.post(change.at(5));
        assert_eq!(result.outcome, Outcome::Conflict);
        assert!(result.effects.is_empty());
        let conflict = world.conflict();
        assert_eq!(conflict.kind, ConflictKind::OrderChanged);
        assert_eq!(conflict.order.as_ref().unwrap().as_str(), "o1");
        assert_eq!(conflict.events.len(), 2, "the first and the second saying");
        world.resolve(&conflict, ResolutionOption::KeepFirst).unwrap();
        assert_eq!(world.outcome(&result), Outcome::Rejected);
        assert_eq!(world.on_hand("TEA", "berlin"), 19);
        world.quiet();
    }
}

#[test]
fn a_duplicate_of_an_absorbed_fact_says_absorbed() {
    let mut world = stocked().given([
        placed("o1", &[line_from("1", "TEA", 5, "berlin")]),
        counted("TEA", "berlin", 15).at(500),
        fulfilled("o1", "f1", &[part("1", 5)]).at(600),
    ]);
    let first = world.post(returned("o1", "r1", &[back("1", 5, true)]).at(100));
    assert_eq!(first.outcome, Outcome::Absorbed);
    let again = world.post(returned("o1", "r1", &[back("1", 5, true)]).at(101));
    assert_eq!(again.original.unwrap().outcome, Outcome::Absorbed);
}

#[test]
fn a_repeat_in_the_batch_of_the_decision_is_answered_with_the_final_outcome() {
    let mut world = stocked();
    let late = adjusted("TEA", "berlin", 1).at(9_999).id("1");
    world.post(late.clone());
    let conflict = world.conflict();
    let resolve = onhand::ledger::Input::Resolve(choice(&conflict, ResolutionOption::Discard));
    let repeat = onhand::ledger::Input::Event(late.event("1"));
    let answers = world.answers(&[resolve, repeat]);
    let onhand::ledger::Processed::Duplicate(original) = &answers[1] else { panic!("{answers:?}") };
    assert_eq!(original.outcome, Outcome::Rejected);
}

#[test]
fn a_cancellation_is_no_business_fact_and_a_catalogue_event_can_be_said_again() {
    let mut world = stocked().given([placed("o1", &[line("1", "TEA", 5)])]);
    for _ in 0..2 {
        assert_eq!(world.post(cancelled("o1").at(5)).outcome, Outcome::Applied);
        assert_eq!(world.post(item("TEA")).outcome, Outcome::Applied);
    }
    assert_eq!(world.committed("TEA", "berlin"), 0);
}

/// A copy of a business fact that a person is asked about is a repeat of it, under any id: nobody is
/// asked twice. Once it is given up, it can be said anew.
#[test]
fn a_copy_of_a_fact_that_is_held_is_a_duplicate_of_it() {
    let order = || placed("o1", &[line("1", "TEA", 3)]);
    let table: Vec<(ConflictKind, Vec<Says>, Says)> = vec![
        (ConflictKind::Excess, vec![order()], fulfilled("o1", "f1", &[part("1", 9)])),
        (ConflictKind::Excess, vec![order()], returned("o1", "r1", &[back("1", 1, true)])),
        (ConflictKind::OrderChanged, vec![order()], placed("o1", &[line("1", "TEA", 4)])),
        (
            ConflictKind::OrderChanged,
            vec![order(), fulfilled("o1", "f1", &[part("1", 1)])],
            fulfilled("o1", "f1", &[part("1", 2)]),
        ),
        (
            ConflictKind::OrderChanged,
            vec![shipped("t1", "berlin", "hamburg", &[goods("TEA", 2)])],
            shipped("t1", "berlin", "hamburg", &[goods("TEA", 3)]),
        ),
        (
            ConflictKind::OrderChanged,
            vec![reserved("r1", &[held("TEA", 2, "berlin")])],
            reserved("r1", &[held("TEA", 3, "berlin")]),
        ),
    ];
    for (kind, given, says) in table {
        let mut world = World::new().given([received("TEA", "berlin", 20).at(-60)]).given(given);
        let first = world.post(says.clone());
        let conflict = world.conflict();
        assert_eq!((conflict.kind, first.outcome), (kind, Outcome::Conflict));
        let records = world.store.journal.len();
        for copy in [says.clone().at(5), says.clone().by("another")] {
            let copy = world.post(copy);
            assert_eq!(copy.outcome, Outcome::Duplicate, "{says:?}");
            let original = copy.original.unwrap();
            assert_eq!((Some(original.seq), original.outcome), (first.seq, Outcome::Conflict));
        }
        assert_eq!(world.store.journal.len(), records);
        let give_up = if kind == ConflictKind::Excess { O::Discard } else { O::KeepFirst };
        world.resolve(&conflict, give_up).unwrap();
        assert_eq!(world.post(says.at(9)).outcome, Outcome::Conflict, "it is said anew");
        world.verify();
    }
}

/// A cancellation has no id of its own: the same once more is another one.
#[test]
fn a_cancellation_said_twice_is_two() {
    let mut world = World::new()
        .given([received("TEA", "berlin", 20).at(-60), placed("o1", &[line("1", "TEA", 1)])]);
    let more = || cancelled("o1").with("lines", json!([part("1", 2)]));
    assert_eq!(world.post(more()).outcome, Outcome::Conflict);
    assert_eq!(world.post(more()).outcome, Outcome::Conflict);
    assert_eq!(world.open(ConflictKind::Excess).len(), 2);
}

/// With a decision for another content all others are refused, so each of them is shown.
#[test]
fn every_content_of_an_id_is_shown() {
    let mut world = stocked();
    world.post_all((1..=4).map(|units| adjusted("TEA", "berlin", -units).id("scan-1")));
    let shown = world.conflict().evidence;
    for units in 2..=4 {
        let says = |value: &str| value.contains(&format!("\"delta\":-{units}"));
        assert_eq!(shown.iter().filter(|evidence| says(&evidence.value)).count(), 1, "{shown:?}");
    }
}

#[test]
fn the_conflict_shows_the_first_ten_places_of_what_came_under_one_id() {
    let mut world = stocked();
    for units in 1..=12 {
        world.post(adjusted("TEA", "berlin", -units).id("1"));
    }
    let conflict = world.conflict();
    assert_eq!(conflict.event_count, 12);
    assert_eq!(conflict.evidence.len(), 10);
}

/// Any decision would refuse all but one of those that are asked about, so it is refused at once what
/// comes beyond as many as a conflict lists: nothing stays held by a conflict that does not know of it.
#[test]
fn of_very_many_contents_of_an_id_the_last_are_refused_at_once() {
    for option in [O::KeepFirst, O::ApplySecond] {
        let mut world = World::new();
        let says = |units| adjusted("TEA", "berlin", units).id("x");
        let many = i64::try_from(EVENTS_LISTED_MAX).unwrap();
        let results = world.post_all((1..=many + 3).map(says));
        let conflict = world.conflict();
        assert_eq!((conflict.event_count, conflict.events.len()), {
            (EVENTS_LISTED_MAX as u64, EVENTS_LISTED_MAX)
        });
        for beyond in &results[EVENTS_LISTED_MAX..] {
            assert_eq!((beyond.outcome, beyond.conflict), (Outcome::Rejected, Some(conflict.id)));
            let reason = beyond.reason.as_deref().unwrap();
            assert!(reason.ends_with("contents of its id: say it under another"), "{reason}");
        }
        let again = world.post(says(many + 2));
        assert_eq!(again.outcome, Outcome::Duplicate);
        world.resolve(&conflict, option).unwrap();
        assert!(results.iter().all(|result| world.outcome(result) != Outcome::Conflict));
        assert_eq!(world.on_hand("TEA", "berlin"), if option == O::KeepFirst { 1 } else { 2 });
        world.quiet();
    }
}
