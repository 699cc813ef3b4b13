//! Safeguard 3: a count and a movement of another source at nearly the same moment. Nobody can
//! tell whether the count includes the movement, so a person decides.
//!
//! In all scenarios 20 units are there, `wms` counts at second 100, and `shop` moves something.

use onhand::conflict::{Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::journal;
use onhand::ledger::{Ledger, Refused};
use onhand::record::{Bucket, Change, Outcome};
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, back, counted, fulfilled, item, line, line_from, moved, part, part_from,
    placed, received, returned, reversed, set,
};

fn world() -> World {
    World::new().given([received("TEA", "berlin", 20).at(-1_000)])
}

fn sold(quantity: i64, second: i64) -> Says {
    adjusted("TEA", "berlin", -quantity).by("shop").at(second)
}

/// 20 are there, the shop sells 3 at this second, and a count at second 100 finds 15: it is held.
fn held(second: i64) -> (World, EventResult, Conflict) {
    let mut world = world().given([sold(3, second)]);
    let count = world.post(counted("TEA", "berlin", 15).at(100));
    assert_eq!(count.outcome, Outcome::Conflict, "{count:?}");
    let conflict = world.conflict();
    (world, count, conflict)
}

/// A count at second 100 found 15, then the shop's sale of 3 at this second arrives.
fn late(second: i64) -> (World, EventResult, Conflict) {
    let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
    let sale = world.post(sold(3, second));
    let conflict = world.conflict();
    (world, sale, conflict)
}

#[test]
fn the_window_is_ten_seconds_either_way_and_inclusive() {
    for (second, flagged) in [(89, false), (90, true), (100, true), (110, true), (111, false)] {
        let mut world = world().given([sold(3, second)]);
        let count = world.post(counted("TEA", "berlin", 15).at(100));
        assert_eq!(count.outcome == Outcome::Conflict, flagged, "at {second}");
        let mut world = self::world().given([counted("TEA", "berlin", 15).at(100)]);
        let sale = world.post(sold(3, second));
        assert_eq!(sale.conflict.is_some(), flagged, "late at {second}");
    }
}

#[test]
fn only_another_source_makes_it_ambiguous() {
    let mut world = world().given([sold(3, 99).by("wms")]);
    assert_eq!(world.post(counted("TEA", "berlin", 15).at(100)).outcome, Outcome::Applied);
    assert_eq!(world.post(sold(3, 101).by("wms")).conflict, None);
    assert_eq!(world.on_hand("TEA", "berlin"), 12);
    world.quiet();
}

#[test]
fn only_movements_of_that_on_hand_count() {
    let mut world = world().given([
        received("TEA", "hamburg", 5).by("shop").at(100),
        received("MUG", "berlin", 5).by("shop").at(100),
        placed("o1", &[line("1", "TEA", 2)]).at(100),
    ]);
    assert_eq!(world.post(counted("TEA", "berlin", 15).at(100)).outcome, Outcome::Applied);
}

#[test]
fn absorbed_movements_do_not_open_it() {
    let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
    world.post(sold(3, 80));
    assert_eq!(
        world.post(counted("TEA", "berlin", 14).at(101).by("pos")).outcome,
        Outcome::Applied
    );
    world.quiet();
}

#[test]
fn a_set_of_another_source_is_a_movement_too() {
    let mut world = world().given([set("TEA", "berlin", 18, 1).by("office").at(95)]);
    assert_eq!(world.post(counted("TEA", "berlin", 15).at(100)).outcome, Outcome::Conflict);
}

#[test]
fn a_count_that_has_seen_the_present_version_is_certain() {
    let mut world = world().given([sold(3, 99)]);
    let count = world.post(counted("TEA", "berlin", 15).at(100).expecting(2));
    assert_eq!(count.outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    world.quiet();
}

#[test]
fn staleness_is_decided_before_overlap() {
    let mut world = world().given([counted("TEA", "berlin", 15).at(200)]);
    world.post(sold(3, 150));
    assert_eq!(world.post(counted("TEA", "berlin", 14).at(150)).outcome, Outcome::Superseded);
    world.quiet();
}

#[test]
fn a_held_count_changes_nothing_until_a_person_decides() {
    let (world, _, conflict) = held(99);
    assert_eq!(conflict.kind, ConflictKind::CountOverlap);
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
    assert!(conflict.evidence.iter().any(|fact| fact.value.contains("-3 by shop")));
}

/// What each option makes of a count of 15 with a sale of 3 nearby, before or after it by time.
#[test]
fn each_option_on_a_held_count_has_its_number() {
    let table = [
        (95, O::KeepCounted, 15),
        (95, O::KeepDifference, 12),
        (95, O::Discard, 17),
        (105, O::KeepCounted, 15),
        (105, O::KeepDifference, 12),
        (105, O::Discard, 17),
    ];
    for (second, option, on_hand) in table {
        let (mut world, count, conflict) = held(second);
        world.resolve(&conflict, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?} with a sale at {second}");
        let outcome = if option == O::Discard { Outcome::Rejected } else { Outcome::Applied };
        assert_eq!(world.outcome(&count), outcome);
        assert_eq!(world.level("TEA", "berlin").counted.is_some(), option != O::Discard);
        world.quiet();
    }
}

#[test]
fn a_sale_that_a_person_puts_into_the_count_is_named_as_one_that_the_count_contains() {
    let (mut world, _, conflict) = late(105);
    let decision = world.resolve(&conflict, O::KeepCounted).unwrap();
    let contained: Vec<i64> = decision
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Absorbed { delta, .. } => Some(*delta),
            _ => None,
        })
        .collect();
    assert_eq!(contained, [-3]);
}

#[test]
fn the_decision_leaves_movements_outside_the_window_to_their_time() {
    for (option, on_hand) in [(O::KeepCounted, 14), (O::KeepDifference, 11)] {
        let (mut world, _, conflict) = held(105);
        world.post(sold(1, 500));
        world.resolve(&conflict, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?}");
    }
}

#[test]
fn a_decision_holds_for_all_that_has_moved_near_the_count_by_then() {
    for second in [90, 101, 110] {
        let (mut world, count, first) = held(99);
        world.post(sold(1, second));
        let asked = world.conflict();
        assert_eq!((asked.id, asked.version), (first.id, 2), "a sale at {second}");
        let shown: Vec<&str> = asked.evidence.iter().map(|fact| fact.value.as_str()).collect();
        assert_eq!(shown, ["15", "16", "-3 by shop (#7)", "-1 by shop (#9)"]);
        let refused = world.resolve(&first, O::KeepCounted).unwrap_err();
        assert!(matches!(refused, Refused::Changed { now: 2, seen: 1 }), "{refused}");
        world.resolve(&asked, O::KeepCounted).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 15);
        assert_eq!(world.outcome(&count), Outcome::Applied);
        world.quiet();
    }
}

#[test]
fn what_moves_elsewhere_or_at_another_time_or_by_who_counted_is_not_asked_about() {
    let elsewhere = [
        sold(1, 89),
        sold(1, 111),
        sold(1, 101).by("wms"),
        adjusted("MUG", "berlin", -1).by("shop").at(101),
        adjusted("TEA", "hamburg", -1).by("shop").at(101),
        placed("o1", &[line("1", "TEA", 2)]).at(101),
    ];
    for says in elsewhere {
        let (mut world, _, asked) = held(99);
        world.post(says);
        let open = world.open(ConflictKind::CountOverlap);
        assert_eq!(open, [asked]);
    }
}

/// The sale is too far from the other count for that to be held. What it finds changes what is on hand
/// within seconds of the held one, but nothing has moved then.
#[test]
fn another_count_near_a_held_one_is_no_movement() {
    let (mut world, _, asked) = held(109);
    let other = world.post(counted("TEA", "berlin", 13).by("pos").at(95));
    assert_eq!(other.outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 10);
    assert_eq!(world.conflict(), asked);
    world.resolve(&asked, O::KeepCounted).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    world.quiet();
}

/// Besides the sale of 3 there were 5 units, taken back before or after the question was asked.
#[test]
fn what_stands_again_since_the_question_is_asked_about_as_well() {
    let found = || adjusted("TEA", "berlin", 5).by("shop").at(101).id("found");
    let mut world = world().given([found(), reversed("shop", "found").id("back"), sold(3, 99)]);
    world.post(counted("TEA", "berlin", 15).at(100));
    let first = world.conflict();
    assert_eq!(first.evidence.len(), 3, "what came and went is no question");
    world.post(reversed("desk", "back").id("again"));
    let refused = world.resolve(&first, O::KeepCounted).unwrap_err();
    assert!(matches!(refused, Refused::Changed { .. }), "{refused}");
    assert_eq!(world.on_hand("TEA", "berlin"), 22, "nothing is decided yet");
    world.resolve(&world.conflict(), O::KeepCounted).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 15);

    let mut world = self::world().given([found(), sold(3, 99)]);
    world.post(counted("TEA", "berlin", 15).at(100));
    let back = world.post(reversed("shop", "found").id("back"));
    assert_eq!((back.outcome, world.conflict().version), (Outcome::Applied, 2));
    let again = world.post(reversed("desk", "back"));
    assert_eq!((again.outcome, world.conflict().version), (Outcome::Applied, 3));
    world.resolve(&world.conflict(), O::KeepCounted).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    world.quiet();
}

/// What is shown stays short, however much moves: the last of it, and that there is more.
#[test]
fn of_many_movements_near_a_count_the_last_are_shown() {
    let shown = |conflict: &Conflict| -> Vec<String> {
        conflict.evidence.iter().skip(2).map(|fact| fact.value.clone()).collect()
    };
    let (mut world, _, _) = held(95);
    world.post_all((1..=9).map(|quantity| sold(-quantity, 101)));
    let asked = shown(&world.conflict());
    assert_eq!((asked.len(), asked[0].as_str()), (10, "-3 by shop (#7)"));
    world.post_all((10..=14).map(|quantity| sold(-quantity, 101)));
    let asked = shown(&world.conflict());
    assert_eq!((asked.len(), asked[10].as_str()), (11, "+14 by shop (#22)"));
    assert!(asked[0].contains("more than is listed"), "{asked:?}");
    assert_eq!(world.conflict().version, 15);

    let mut world = self::world().given((1..=14).map(|quantity| sold(-quantity, 101)));
    world.post(counted("TEA", "berlin", 15).at(100));
    let asked = shown(&world.conflict());
    assert_eq!((asked.len(), asked[10].as_str()), (11, "+14 by shop (#20)"));
    assert!(asked[0].contains("more than is listed"), "{asked:?}");
}

/// The shop, whose movements they are, counts at the same moment: that is shown besides.
#[test]
fn that_more_has_moved_than_is_listed_is_shown_as_long_as_it_is_asked() {
    let mut world = world().given((1..=14).map(|quantity| sold(-quantity, 101)));
    world.post(counted("TEA", "berlin", 15).at(100));
    let labels = |world: &World| -> Vec<String> {
        let conflict = world.conflict();
        let more = |value: &str| if value.contains("more than") { " (more)" } else { "" };
        let rows = conflict.evidence.iter().take(4);
        rows.map(|fact| format!("{}{}", fact.label, more(&fact.value))).collect()
    };
    assert_eq!(labels(&world), ["counted", "on hand before", "moved (more)", "moved"]);
    assert_eq!(
        world.post(counted("TEA", "berlin", 16).by("shop").at(100)).outcome,
        Outcome::Applied
    );
    assert_eq!(
        labels(&world),
        ["counted", "on hand before", "counted at the same moment", "moved (more)"]
    );
    assert_eq!(world.conflict().evidence.len(), 14);
}

/// While the decision stood, more was sold near the count: who decides again has to see it.
#[test]
fn a_count_that_is_held_again_shows_what_has_moved_near_it_since() {
    let (mut world, _, first) = held(99);
    let decision = world.resolve(&first, O::Discard).unwrap();
    world.post(sold(1, 101));
    world.post(reversed("onhand", decision.envelope.id.as_str()));
    let asked = world.conflict();
    assert_eq!((asked.id, asked.version), (first.id, 3));
    let shown: Vec<&str> = asked.evidence.iter().map(|fact| fact.value.as_str()).collect();
    assert_eq!(shown, ["15", "16", "-3 by shop (#7)", "-1 by shop (#10)"]);
    world.resolve(&asked, O::KeepDifference).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 11);
    world.quiet();
}

/// The person was asked about the sale, which then was taken back; it stands again after they have
/// said on which side of the count it lies.
#[test]
fn what_a_person_has_said_holds_for_what_stands_again_later() {
    for second in [95, 105] {
        for (option, on_hand) in [(O::KeepCounted, 15), (O::KeepDifference, 12)] {
            let mut world = world().given([sold(3, second).id("sale")]);
            world.post(counted("TEA", "berlin", 15).at(100));
            world.post(reversed("shop", "sale").id("back"));
            world.resolve(&world.conflict(), option).unwrap();
            assert_eq!(world.on_hand("TEA", "berlin"), 15);
            world.post(reversed("desk", "back"));
            assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?} of a sale at {second}");
            world.quiet();
        }
    }
}

/// An earlier count contained the sale, so that taking it back moved nothing. It stands again after a
/// person has said of a newer count on which side of it the sale lies.
#[test]
fn what_a_person_has_said_of_a_newer_count_holds_for_what_stands_again() {
    for (option, on_hand) in [(O::KeepCounted, 15), (O::KeepDifference, 12)] {
        let mut world = world().given([sold(3, 95).id("sale")]);
        world.post(counted("TEA", "berlin", 17).by("shop").at(98));
        world.post(counted("TEA", "berlin", 15).at(100));
        let back = world.post(reversed("shop", "sale").id("back"));
        assert!(back.effects.is_empty(), "the first count contains it");
        let asked = world.conflict();
        assert_eq!(asked.version, 2, "it is another question all the same");
        world.resolve(&asked, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 15);
        world.post(reversed("desk", "back"));
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?}");
        world.quiet();
        // What stands again is part of what is known: a later count contains it.
        world.post(counted("TEA", "berlin", 11).at(200));
        assert_eq!(world.on_hand("TEA", "berlin"), 11);
    }
}

/// Taking the sale back had an effect only by what the person has said of the newer count. Under the
/// earlier one, which contains the sale, it would have had none.
#[test]
fn a_count_stays_once_a_movement_rests_on_what_a_person_has_said_of_it() {
    let mut world = world().given([sold(3, 95).id("sale")]);
    world.post(counted("TEA", "berlin", 17).by("shop").at(98));
    world.post(counted("TEA", "berlin", 15).at(100).id("count"));
    world.resolve(&world.conflict(), O::KeepDifference).unwrap();
    world.post(reversed("shop", "sale"));
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    let refused = world.post(reversed("wms", "count"));
    assert_eq!(refused.outcome, Outcome::Rejected);
    assert!(refused.reason.unwrap().contains("count again"));
}

/// What is later than the count by its own time rests on no word about it.
#[test]
fn a_count_goes_where_only_later_movements_came_since_the_word_on_it() {
    let mut world = world().given([sold(3, 95)]);
    world.post(counted("TEA", "berlin", 17).by("shop").at(98));
    world.post(counted("TEA", "berlin", 15).at(100).id("count"));
    world.resolve(&world.conflict(), O::KeepDifference).unwrap();
    world.post(sold(1, 200));
    assert_eq!(world.on_hand("TEA", "berlin"), 11);
    let gone = world.post(reversed("wms", "count"));
    assert_eq!((gone.outcome, world.on_hand("TEA", "berlin")), (Outcome::Applied, 16));
}

/// The movement was taken back, and the count after it; the movement alone stands again.
#[test]
fn nobody_is_asked_on_which_side_of_a_count_that_is_gone_something_lies() {
    for gone in [false, true] {
        let mut world = world().given([counted("TEA", "berlin", 15).at(100).id("count")]);
        world.post(sold(3, 105).id("sale"));
        world.post(reversed("shop", "sale").id("back"));
        world.quiet();
        if gone {
            world.post(reversed("wms", "count"));
        }
        world.post(reversed("desk", "back"));
        assert_eq!(world.open(ConflictKind::CountOverlap).len(), usize::from(!gone));
        assert_eq!(world.on_hand("TEA", "berlin"), if gone { 17 } else { 12 });
    }
}

#[test]
fn a_count_resolved_after_a_newer_one_was_accepted_is_superseded() {
    let (mut world, count, conflict) = held(99);
    world.post(counted("TEA", "berlin", 30).at(500));
    let record = world.resolve(&conflict, O::KeepCounted).unwrap();
    assert_eq!(record.outcome, Outcome::Superseded);
    assert_eq!(world.outcome(&count), Outcome::Superseded);
    assert_eq!(world.on_hand("TEA", "berlin"), 30);
}

#[test]
fn a_version_that_differs_as_well_is_asked_first_and_not_again() {
    let mut world = world().given([sold(3, 99)]);
    world.post(counted("TEA", "berlin", 15).at(100).expecting(7));
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::VersionMismatch);
    world.resolve(&conflict, O::ApplyRequested).unwrap();
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::CountOverlap);
    world.resolve(&conflict, O::KeepDifference).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 12);
    world.quiet();
}

/// What the person has said holds, also where the level has come to the version that the sender
/// expected.
#[test]
fn a_version_reached_by_chance_does_not_answer_for_the_person() {
    for (option, on_hand) in [(O::KeepCounted, 15), (O::KeepDifference, 12)] {
        let mut world = world().given([sold(3, 99)]);
        world.post(counted("TEA", "berlin", 15).at(100).expecting(3));
        world.resolve(&world.conflict(), O::ApplyRequested).unwrap();
        let asked = world.conflict();
        world.post(moved("TEA", "berlin", 1, "available", "damaged"));
        assert_eq!(world.version("TEA", "berlin"), 3);
        world.resolve(&asked, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?}");
        world.quiet();
    }
}

#[test]
fn a_late_movement_takes_effect_by_its_time_and_is_flagged() {
    let table = [
        (95, Outcome::Absorbed, 15, "taken as contained in the count"),
        (100, Outcome::Absorbed, 15, "taken as contained in the count"),
        (105, Outcome::Applied, 12, "taken as later than the count"),
    ];
    for (second, outcome, on_hand, taken_as) in table {
        let (world, sale, conflict) = late(second);
        assert_eq!((sale.outcome, sale.conflict), (outcome, Some(conflict.id)));
        assert_eq!(conflict.kind, ConflictKind::CountOverlap);
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand);
        let shown = &conflict.evidence[2];
        assert_eq!((shown.label.as_str(), shown.value.as_str()), ("the movement was", taken_as));
    }
}

/// The options of a late movement confirm what was assumed, or flip it.
#[test]
fn each_option_on_a_late_movement_has_its_number() {
    let table = [
        (95, O::KeepCounted, 15),
        (95, O::KeepDifference, 12),
        (105, O::KeepCounted, 15),
        (105, O::KeepDifference, 12),
    ];
    for (second, option, on_hand) in table {
        let (mut world, _, conflict) = late(second);
        world.resolve(&conflict, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?} of a sale at {second}");
        world.quiet();
        world.post(counted("TEA", "berlin", 50).at(9).by("shop"));
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "an older count changes nothing");
    }
}

#[test]
fn a_late_movement_cannot_be_discarded() {
    let (mut world, _, conflict) = late(105);
    let refused = world.resolve(&conflict, O::Discard).unwrap_err();
    assert!(matches!(refused, Refused::NotOffered { .. }), "{refused}");
}

#[test]
fn a_flip_takes_the_state_along_and_leaves_commitments() {
    let mut world = world().given([
        placed("o1", &[line("1", "TEA", 4)]).at(-900),
        counted("TEA", "berlin", 15).at(100),
    ]);
    world.post(fulfilled("o1", "f1", &[part("1", 4)]).at(105));
    let conflict = world.conflict();
    world.resolve(&conflict, O::KeepCounted).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    assert_eq!(world.committed("TEA", "berlin"), 0, "the order is shipped all the same");
    world.post(returned("o1", "r1", &[back("1", 2, true)]).at(95).by("desk"));
    let conflict = world.conflict();
    world.resolve(&conflict, O::KeepDifference).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
}

#[test]
fn a_damaged_unit_flips_both_numbers() {
    for (second, option) in [(95, O::KeepDifference), (105, O::KeepCounted)] {
        let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
        let found = adjusted("TEA", "berlin", 2).with("state", "damaged").by("shop").at(second);
        world.post(found);
        let conflict = world.conflict();
        world.resolve(&conflict, option).unwrap();
        let level = world.level("TEA", "berlin");
        let expected = if option == O::KeepDifference { (17, 2) } else { (15, 0) };
        assert_eq!((level.get(Bucket::OnHand), level.get(Bucket::Damaged)), expected);
    }
}

#[test]
fn one_event_asks_once_for_each_level_however_many_lines_moved_it() {
    let lines = [line_from("1", "TEA", 2, "berlin"), line_from("2", "TEA", 3, "berlin")];
    for (second, option, on_hand) in [(105, O::KeepCounted, 15), (95, O::KeepDifference, 10)] {
        let mut world =
            world().given([placed("o1", &lines).at(-9), counted("TEA", "berlin", 15).at(100)]);
        world.post(fulfilled("o1", "f1", &[part("1", 2), part("2", 3)]).at(second));
        let conflict = world.conflict();
        world.resolve(&conflict, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand);
    }
}

#[test]
fn one_event_near_two_counts_asks_twice_under_two_ids() {
    let lines = [line_from("1", "TEA", 2, "berlin"), line_from("2", "MUG", 3, "berlin")];
    let mut world = world().given([
        placed("o1", &lines).at(-9),
        counted("TEA", "berlin", 15).at(100),
        counted("MUG", "berlin", 15).at(100),
    ]);
    let shipped = world.post(fulfilled("o1", "f1", &[part("1", 2), part("2", 3)]).at(105));
    let conflicts = world.open(ConflictKind::CountOverlap);
    assert_eq!(conflicts.len(), 2);
    assert_ne!(conflicts[0].id, conflicts[1].id);
    assert_eq!(shipped.conflict, Some(conflicts[0].id));
    world.resolve(&conflicts[0], O::KeepCounted).unwrap();
    world.resolve(&conflicts[1], O::KeepCounted).unwrap();
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (15, 15));
    world.quiet();
}

#[test]
fn a_movement_that_was_parked_is_flipped_like_any_other() {
    for (second, option, on_hand) in [(105, O::KeepCounted, 15), (95, O::KeepDifference, 13)] {
        let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
        world.post(fulfilled("o1", "f1", &[part_from("1", 2, "berlin")]).at(second));
        world.post(placed("o1", &[line("1", "TEA", 2)]).at(80));
        let conflict = world.conflict();
        assert_eq!(conflict.events[0].source.as_str(), "shop", "the shipment comes first");
        world.resolve(&conflict, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?}");
        assert_eq!(world.status(&conflict), ConflictStatus::Resolved);
        world.quiet();
    }
}

#[test]
fn a_movement_applied_by_a_decision_is_flipped_like_any_other() {
    let mut world = world()
        .given([placed("o1", &[line("1", "TEA", 2)]).at(80), counted("TEA", "berlin", 15).at(100)]);
    world.post(fulfilled("o1", "f1", &[part("1", 3)]).at(105));
    let excess = world.conflict();
    world.resolve(&excess, O::ApplyAnyway).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 12);
    let overlap = world.conflict();
    world.resolve(&overlap, O::KeepCounted).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    world.quiet();
}

/// Where a count contains the movement, or not, whatever a person says of the count before, there is
/// nothing left to say.
#[test]
fn a_newer_count_ends_the_question_about_a_late_movement() {
    for second in [95, 105] {
        let (mut world, _, conflict) = late(second);
        let count = world.post(counted("TEA", "berlin", 30).at(500));
        assert_eq!((count.outcome, count.conflict), (Outcome::Applied, None));
        assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
        assert_eq!(world.store.conflict(conflict.id).resolution.as_ref().unwrap().by, "onhand");
        let refused = world.resolve(&conflict, O::KeepCounted).unwrap_err();
        assert!(matches!(refused, Refused::NotOpen), "{refused}");
        assert_eq!(world.on_hand("TEA", "berlin"), 30);
        world.quiet();
    }
}

/// A count elsewhere, an older one, and one that is held leave the question as it is.
#[test]
fn only_an_accepted_newer_count_of_the_level_ends_the_question() {
    let others = [
        counted("TEA", "hamburg", 30).at(500),
        counted("MUG", "berlin", 30).at(500),
        counted("TEA", "berlin", 30).at(99),
        counted("TEA", "berlin", 30).at(108).by("pos"),
    ];
    for says in others {
        let (mut world, _, conflict) = late(105);
        world.post(says);
        assert_eq!(world.status(&conflict), ConflictStatus::Open);
    }
}

#[test]
fn a_newer_count_ends_the_question_in_whichever_way_it_is_accepted() {
    // A person decides on it.
    let (mut world, _, late_sale) = late(105);
    world.post(counted("TEA", "berlin", 30).at(108).by("pos"));
    let held = world.open(ConflictKind::CountOverlap).remove(1);
    world.resolve(&held, O::KeepCounted).unwrap();
    assert_eq!(world.status(&late_sale), ConflictStatus::AutoResolved);
    world.quiet();
    // It takes the place of another content.
    let (mut world, _, late_sale) = late(105);
    world.post(received("MUG", "berlin", 1).at(500).id("x"));
    world.post(counted("TEA", "berlin", 30).at(500).id("x"));
    let reused = world.open(ConflictKind::IdReused).remove(0);
    world.resolve(&reused, O::ApplySecond).unwrap();
    assert_eq!(world.status(&late_sale), ConflictStatus::AutoResolved);
    world.quiet();
    // It has waited for a name.
    let (mut world, _, late_sale) = late(105);
    world.post(counted("TEE", "berlin", 30).at(500));
    let unmapped = world.open(ConflictKind::Unmapped).remove(0);
    let tea = Choice { sku: Some("TEA".parse().unwrap()), ..choice(&unmapped, O::Map) };
    world.choose(tea).unwrap();
    assert_eq!(world.status(&late_sale), ConflictStatus::AutoResolved);
    world.quiet();
}

/// The count that the question is about stands again, and so does the question.
#[test]
fn the_question_is_asked_again_once_the_newer_count_is_taken_back() {
    for (second, before) in [(95, 15), (105, 12)] {
        for (option, on_hand) in [(O::KeepCounted, 15), (O::KeepDifference, 12)] {
            let (mut world, _, first) = late(second);
            world.post(counted("TEA", "berlin", 30).at(500).id("newer"));
            world.post(counted("TEA", "berlin", 40).at(600).id("newest"));
            world.post(reversed("wms", "newest"));
            world.quiet();
            world.post(reversed("wms", "newer"));
            assert_eq!(world.on_hand("TEA", "berlin"), before);
            let asked = world.conflict();
            assert_eq!((asked.id, asked.version), (first.id, 3));
            world.resolve(&asked, option).unwrap();
            assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?} of a sale at {second}");
            world.quiet();
        }
    }
}

#[test]
fn the_question_is_asked_again_where_another_content_takes_the_place_of_the_newer_count() {
    let (mut world, _, first) = late(105);
    world.post(counted("TEA", "berlin", 30).at(500).id("x"));
    world.post(counted("TEA", "hamburg", 30).at(500).id("x"));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let asked = world.conflict();
    assert_eq!((asked.id, asked.version), (first.id, 3));
    // What is held of the other content is what the decision has led to.
    let (mut world, _, first) = late(105);
    world.post(counted("TEA", "berlin", 30).at(500).id("x"));
    world.post(counted("TEA", "berlin", 31).at(108).id("x"));
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let open = world.open(ConflictKind::CountOverlap);
    assert_eq!((open.len(), open[0].id), (2, first.id));
    assert_eq!((decision.outcome, decision.conflict), (Outcome::Conflict, Some(open[1].id)));
    // A count that takes its place ends the question again, at once.
    let (mut world, _, first) = late(105);
    world.post(counted("TEA", "berlin", 30).at(500).id("x"));
    world.post(counted("TEA", "berlin", 31).at(500).id("x"));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(world.status(&first), ConflictStatus::AutoResolved);
    assert_eq!(world.on_hand("TEA", "berlin"), 31);
    world.quiet();
}

#[test]
fn nobody_is_asked_again_about_a_movement_that_was_taken_back_under_the_newer_count() {
    // Both counts contain the one sale, neither of them the other.
    for second in [95, 105] {
        let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
        world.post(sold(3, second).id("sale"));
        world.post(counted("TEA", "berlin", 30).at(102).by("shop").id("newer"));
        world.quiet();
        let gone = world.post_all([reversed("shop", "sale"), reversed("shop", "newer")]);
        assert!(gone.iter().all(|result| result.outcome == Outcome::Applied), "{gone:?}");
        assert_eq!(world.on_hand("TEA", "berlin"), 15);
        world.quiet();
    }
}

/// A ledger of before a newer count ended the question may have it open still.
#[test]
fn a_flip_after_a_newer_count_changes_nothing() {
    for (second, option) in [(105, O::KeepCounted), (95, O::KeepDifference)] {
        let (mut world, _, conflict) = late(second);
        world.post(counted("TEA", "berlin", 30).at(500));
        let mut earlier = Ledger::default();
        for entry in &world.store.journal {
            let mut record = entry.record.clone();
            let ends = |change: &Change| matches!(change, Change::Conflict(it) if it.version > 1);
            record.changes.retain(|change| !ends(change));
            earlier.replay(&record, &journal::encode(&record));
        }
        earlier.keep();
        (world.ledger, world.replay_always) = (earlier, false);
        let record = world.resolve(&conflict, option).unwrap();
        assert_eq!(record.outcome, Outcome::Superseded);
        assert_eq!(world.on_hand("TEA", "berlin"), 30);
        world.quiet();
    }
}

#[test]
fn a_flip_lives_on_in_later_counts_at_the_time_of_its_fact() {
    let (mut world, _, conflict) = late(105);
    world.resolve(&conflict, O::KeepCounted).unwrap();
    world.post(counted("TEA", "berlin", 15).at(100).by("pos").expecting(4));
    assert_eq!(world.on_hand("TEA", "berlin"), 15, "sale and flip cancel out");
}

#[test]
fn a_movement_that_is_in_a_count_by_decision_is_not_asked_about_again() {
    let (mut world, _, conflict) = late(105);
    world.resolve(&conflict, O::KeepCounted).unwrap();
    let count = world.post(counted("TEA", "berlin", 14).at(108).by("pos"));
    assert_eq!(count.outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 14);
    world.quiet();
}

#[test]
fn a_held_count_of_an_unknown_name_is_weighed_when_the_name_comes() {
    let mut world = World::new();
    let count = world.post(counted("NEW", "berlin", 15).at(100));
    world.post(item("NEW"));
    assert_eq!(world.outcome(&count), Outcome::Applied);
    assert_eq!(world.on_hand("NEW", "berlin"), 15);
    world.quiet();
}
