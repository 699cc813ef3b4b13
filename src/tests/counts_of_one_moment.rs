//! Safeguards 2 and 3: two counts of one level at the very same moment that found different numbers.
//! Which of them arrives last says nothing about which one is right, so a person decides.
//!
//! In all scenarios 20 units are there, and `wms` counts 15 at second 100.

use onhand::conflict::{Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::ledger::Refused;
use onhand::record::Outcome;

use crate::harness::{World, choice};
use crate::history::check_past;
use crate::says::{Says, adjusted, counted, received, reversed};

fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        counted("TEA", "berlin", 15).at(100).id("count"),
    ])
}

fn other(found: i64) -> Says {
    counted("TEA", "berlin", found).at(100).id("other")
}

/// The same with another count of that moment, which found 12 and is held.
fn held() -> (World, Conflict) {
    let mut world = world();
    let held = world.post(other(12).by("pos"));
    assert_eq!(held.outcome, Outcome::Conflict);
    let conflict = world.conflict();
    (world, conflict)
}

fn shown(conflict: &Conflict) -> Vec<(&str, &str)> {
    conflict.evidence.iter().map(|fact| (fact.label.as_str(), fact.value.as_str())).collect()
}

#[test]
fn another_count_of_the_same_moment_is_held_whoever_made_it() {
    for source in ["wms", "pos"] {
        let mut world = world();
        let held = world.post(other(12).by(source));
        assert_eq!(held.outcome, Outcome::Conflict);
        assert!(held.effects.is_empty());
        assert_eq!((world.on_hand("TEA", "berlin"), world.version("TEA", "berlin")), (15, 2));
        let asked = world.conflict();
        assert_eq!(asked.kind, ConflictKind::CountOverlap);
        let facts = [("counted", "12"), ("on hand before", "15")];
        let first = ("counted at the same moment", "by wms (#7)");
        assert_eq!(shown(&asked), [facts[0], facts[1], first]);
        assert!(asked.label(O::Discard).contains("The other count is right"));
    }
}

/// What an option means is said of the other count, where there is one.
#[test]
fn options_say_which_of_two_counts_is_right() {
    let (_, of_two) = held();
    let mut alone = world();
    alone.post(adjusted("TEA", "berlin", -1).by("shop").at(195));
    alone.post(counted("TEA", "berlin", 9).at(200));
    for option in [O::KeepCounted, O::KeepDifference, O::Discard] {
        assert_ne!(of_two.label(option), option.label(), "{option:?}");
        assert_eq!(alone.conflict().label(option), option.label(), "{option:?}");
    }
}

/// What the first count says by now is what it found and what has moved since.
#[test]
fn a_count_that_found_the_same_is_applied_without_effect() {
    for (found, outcome) in [(15, Outcome::Applied), (11, Outcome::Conflict)] {
        let mut world = world();
        world.post(adjusted("TEA", "berlin", -4).at(200));
        let second = world.post(other(found).by("pos"));
        assert_eq!(second.outcome, outcome, "{found}");
        assert!(second.effects.is_empty());
        assert_eq!(world.on_hand("TEA", "berlin"), 11);
    }
}

#[test]
fn a_count_of_another_moment_is_ruled_by_time_alone() {
    let [before, after] = [(99, Outcome::Superseded), (101, Outcome::Applied)];
    for (second, outcome) in [before, after] {
        let mut world = world();
        assert_eq!(world.post(other(12).by("pos").at(second)).outcome, outcome);
        world.quiet();
    }
}

/// Who says so has seen the first count.
#[test]
fn a_count_that_has_seen_the_present_version_is_certain() {
    let mut world = world();
    assert_eq!(world.post(other(12).by("pos").expecting(2)).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 12);
    world.quiet();
}

#[test]
fn either_order_asks_and_either_answer_can_be_had() {
    for found in [[15, 12], [12, 15]] {
        for (option, on_hand) in
            [(O::KeepCounted, found[1]), (O::KeepDifference, found[1]), (O::Discard, found[0])]
        {
            let mut world = World::new();
            let counts = found.map(|found| counted("TEA", "berlin", found).at(100));
            world.post_all(counts);
            world.post(received("TEA", "berlin", 5).at(300));
            world.resolve(&world.conflict(), option).unwrap();
            assert_eq!(world.on_hand("TEA", "berlin"), on_hand + 5, "{option:?} of {found:?}");
            world.quiet();
            check_past(&world);
        }
    }
}

/// A movement within seconds of both counts makes it one question, not two.
#[test]
fn what_moved_near_the_count_is_shown_with_the_other_count() {
    for (option, on_hand) in [(O::KeepCounted, 12), (O::KeepDifference, 9), (O::Discard, 12)] {
        let mut world = world();
        world.post(adjusted("TEA", "berlin", -3).at(105));
        world.post(other(12).by("pos"));
        let asked = world.conflict();
        let labels = ["counted", "on hand before", "counted at the same moment", "moved"];
        assert_eq!(shown(&asked).iter().map(|(label, _)| *label).collect::<Vec<_>>(), labels);
        world.resolve(&asked, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?}");
        world.quiet();
    }
}

#[test]
fn a_decision_is_taken_back_like_any_other() {
    for (option, decided) in [(O::KeepCounted, 12), (O::KeepDifference, 12), (O::Discard, 15)] {
        let (mut world, asked) = held();
        let decision = world.resolve(&asked, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), decided);
        world.post(reversed("onhand", decision.envelope.id.as_str()));
        assert_eq!(world.on_hand("TEA", "berlin"), 15);
        let again = world.conflict();
        assert_eq!((again.id, shown(&again)), (asked.id, shown(&asked)), "{option:?}");
        check_past(&world);
    }
}

#[test]
fn a_count_resolved_after_a_newer_one_was_accepted_is_superseded() {
    let (mut world, asked) = held();
    world.post(counted("TEA", "berlin", 30).at(500));
    let again = world.conflict();
    assert_eq!((again.id, shown(&again)[1]), (asked.id, ("on hand before", "30")));
    let decision = world.resolve(&again, O::KeepCounted).unwrap();
    assert!(decision.reason.unwrap().contains("newer count"));
    assert_eq!(world.on_hand("TEA", "berlin"), 30);
    world.quiet();
}

/// Nothing stands in its way then, but that is for the person to say, who sees it first.
#[test]
fn it_stays_a_question_once_the_first_count_is_taken_back() {
    let (mut world, asked) = held();
    world.post(reversed("wms", "count"));
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
    let refused = world.choose(choice(&asked, O::KeepCounted)).unwrap_err();
    assert!(matches!(refused, Refused::Changed { .. }), "{refused:?}");
    let again = world.conflict();
    assert_eq!(shown(&again), [("counted", "12"), ("on hand before", "20")]);
    world.resolve(&again, O::KeepCounted).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 12);
    world.quiet();
}

/// The count was held for a movement near it; who decides has to see that another one of its moment
/// was accepted since, which had seen that movement.
#[test]
fn a_count_accepted_at_the_moment_of_a_held_one_is_shown() {
    let mut world = World::new()
        .given([received("TEA", "berlin", 20).at(-1_000), adjusted("TEA", "berlin", -3).at(95)]);
    world.post(other(12).by("pos"));
    let first = world.conflict();
    world.post(counted("TEA", "berlin", 15).at(100).expecting(2));
    let again = world.conflict();
    assert_eq!((again.id, again.version), (first.id, first.version + 1));
    assert_eq!(shown(&again)[2], ("counted at the same moment", "by wms (#9)"));
    world.resolve(&again, O::Discard).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    assert_eq!(world.status(&first), ConflictStatus::Resolved);
    world.quiet();
}
