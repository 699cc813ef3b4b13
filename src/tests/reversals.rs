//! `event.reversed`: the counter-effect of an event that took effect, once. It negates the stored
//! effects, except what a later count already contains, and is refused where there is nothing to
//! take back or something later rests on it.

use onhand::conflict::{ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::record::{Bucket, Outcome};
use onhand::wire::EventResult;

use crate::harness::World;
use crate::says::{
    Says, adjusted, counted, item, line, location, placed, received, reported, reversed, second,
    set,
};

/// 20 units at Berlin since long ago.
fn world() -> World {
    World::new().given([received("TEA", "berlin", 20).at(-1_000)])
}

fn sold(quantity: i64, second: i64) -> Says {
    adjusted("TEA", "berlin", -quantity).by("shop").at(second).id("sale")
}

fn reason(result: &EventResult) -> &str {
    assert_eq!(result.outcome, Outcome::Rejected, "{result:?}");
    result.reason.as_deref().unwrap()
}

/// Every event about stock, reversed right away, leaves the numbers as they were.
#[test]
fn each_kind_of_stock_event_has_its_counter_effect() {
    let table = [
        adjusted("TEA", "berlin", -3),
        adjusted("TEA", "berlin", 2).with("state", "damaged"),
        adjusted("TEA", "berlin", 2).with("state", "quality_control"),
        received("TEA", "berlin", 5),
        counted("TEA", "berlin", 17),
        counted("TEA", "berlin", 20),
        set("TEA", "berlin", 12, 1),
    ];
    for says in table {
        let mut world = world();
        let before = world.level("TEA", "berlin");
        world.post(says.clone().at(5).id("x"));
        let result = world.post(reversed("wms", "x"));
        assert_eq!(result.outcome, Outcome::Applied, "{says:?}: {result:?}");
        let after = world.level("TEA", "berlin");
        assert_eq!(after.buckets(), before.buckets(), "{says:?}");
        assert_eq!(after.counted, before.counted, "{says:?}");
        assert_eq!(after.version, before.version + 2, "{says:?}");
        world.quiet();
    }
}

#[test]
fn the_answer_shows_the_effects() {
    let mut world = world().given([sold(3, 5)]);
    let result = world.post(reversed("shop", "sale").at(900));
    assert_eq!(result.effects.len(), 1);
    let effect = &result.effects[0];
    assert_eq!((effect.state, effect.delta, effect.after), (Bucket::OnHand, 3, 20));
}

#[test]
fn an_event_is_taken_back_once() {
    let mut world = world().given([sold(3, 5), reversed("shop", "sale").id("undo")]);
    let again = world.post(reversed("shop", "sale"));
    assert!(reason(&again).contains("taken back already"), "{again:?}");
    let repeat = world.post(reversed("shop", "sale").id("undo"));
    assert_eq!(repeat.outcome, Outcome::Duplicate);
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
}

#[test]
fn an_event_of_the_same_batch_can_be_taken_back() {
    let mut world = world();
    let results = world.batch([sold(3, 5), reversed("shop", "sale"), reversed("shop", "sale")]);
    let outcomes: Vec<_> = results.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Applied, Outcome::Rejected]);
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
}

#[test]
fn what_is_not_there_or_took_no_effect_cannot_be_taken_back() {
    let mut world = world().given([counted("TEA", "berlin", 20).at(100)]);
    world.post(counted("TEA", "berlin", 5).at(9).id("stale"));
    world.post(set("TEA", "berlin", 5, 77).id("held"));
    world.post(received("NEW", "berlin", 5).id("unmapped"));
    world.post(crate::says::fulfilled("o1", "f1", &[crate::says::part("1", 1)]).id("parked"));
    let table = [
        ("wms", "nothing", "there is no event nothing of wms"),
        ("wms", "stale", "it is superseded"),
        ("wms", "held", "held by a conflict"),
        ("wms", "unmapped", "held by a conflict"),
        ("shop", "parked", "it is parked"),
    ];
    for (source, id, expected) in table {
        let result = world.post(reversed(source, id));
        assert!(reason(&result).contains(expected), "{id}: {result:?}");
    }
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
}

#[test]
fn names_and_observations_are_said_anew_instead() {
    let mut world = World::new();
    let table = [
        (item("TEA").with("name", "Tea"), "saying it anew"),
        (location("berlin", 5), "saying it anew"),
        (reported("c", "l", 5).by("wms"), "an observation has no effect"),
    ];
    for (index, (says, expected)) in table.into_iter().enumerate() {
        let id = format!("x{index}");
        world.post(says.id(&id));
        let result = world.post(reversed("wms", &id));
        assert!(reason(&result).contains(expected), "{result:?}");
    }
}

/// A sale of 3 at this second, then a count of 10 at second 100: what is left when the sale is
/// taken back. The count says what is there, so a sale before it makes no difference to it.
#[test]
fn a_later_count_already_holds_what_happened_before_it() {
    for (second, on_hand) in [(50, 10), (100, 10), (150, 10)] {
        let mut world = world().given([sold(3, second).by("wms")]);
        world.post(counted("TEA", "berlin", 10).at(100));
        let before = world.on_hand("TEA", "berlin");
        assert_eq!(before, if second > 100 { 7 } else { 10 });
        let result = world.post(reversed("wms", "sale").at(900));
        assert_eq!(result.outcome, Outcome::Applied);
        assert_eq!(result.effects.is_empty(), second <= 100);
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "sold at {second}");
        // A count that comes still later finds neither the sale nor its end.
        world.post(counted("TEA", "berlin", 10).at(120));
        assert_eq!(world.on_hand("TEA", "berlin"), 10, "sold at {second}");
        world.quiet();
    }
}

/// The count says how many are there, not in which state: the state is taken back all the same.
#[test]
fn a_count_does_not_hold_the_state() {
    let mut world = world().given([
        adjusted("TEA", "berlin", 2).with("state", "damaged").at(50).id("x"),
        counted("TEA", "berlin", 22).at(100),
        reversed("wms", "x"),
    ]);
    let level = world.level("TEA", "berlin");
    assert_eq!((level.get(Bucket::OnHand), level.get(Bucket::Damaged)), (22, 0));
    world.post(counted("TEA", "berlin", 20).at(200));
    assert_eq!(world.available("TEA", "berlin"), 20);
}

#[test]
fn what_was_absorbed_has_nothing_to_take_back() {
    let mut world = world().given([counted("TEA", "berlin", 10).at(100)]);
    assert_eq!(world.post(sold(3, 50)).outcome, Outcome::Absorbed);
    let result = world.post(reversed("shop", "sale"));
    assert_eq!(result.outcome, Outcome::Applied);
    assert!(result.effects.is_empty());
    assert_eq!(world.on_hand("TEA", "berlin"), 10);
}

#[test]
fn a_movement_that_was_taken_back_makes_no_count_ambiguous() {
    let mut world = world().given([sold(3, 99), reversed("shop", "sale")]);
    assert_eq!(world.post(counted("TEA", "berlin", 15).at(100)).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    world.quiet();
}

/// A person has said of a sale near a count on which side it lies; taking the sale back keeps to
/// that.
#[test]
fn what_a_person_has_said_of_a_movement_near_a_count_holds_for_its_reversal() {
    for (second, option, counted_15, without) in [
        (95, O::KeepCounted, 15, 15),
        (95, O::KeepDifference, 12, 15),
        (105, O::KeepCounted, 15, 15),
        (105, O::KeepDifference, 12, 15),
    ] {
        let mut world = world().given([sold(3, second)]);
        world.post(counted("TEA", "berlin", 15).at(100));
        let conflict = world.conflict();
        world.resolve(&conflict, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), counted_15);
        world.post(reversed("shop", "sale"));
        assert_eq!(world.on_hand("TEA", "berlin"), without, "{option:?} of a sale at {second}");
        world.quiet();
    }
}

#[test]
fn a_question_about_a_late_movement_is_over_when_the_movement_is_taken_back() {
    for second in [95, 105] {
        let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
        world.post(sold(3, second));
        let conflict = world.conflict();
        world.post(reversed("shop", "sale"));
        assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
        assert_eq!(world.on_hand("TEA", "berlin"), 15);
        world.quiet();
    }
}

#[test]
fn a_movement_that_was_flipped_is_taken_back_after_the_decision() {
    for (second, option) in [(95, O::KeepDifference), (105, O::KeepCounted)] {
        let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
        world.post(sold(3, second));
        let conflict = world.conflict();
        let decision = world.resolve(&conflict, option).unwrap();
        let result = world.post(reversed("shop", "sale"));
        let expected = format!("the decision on {} rests on it", conflict.id);
        assert!(reason(&result).contains(&expected), "{result:?}");
        world.post(reversed("onhand", decision.envelope.id.as_str()));
        assert_eq!(world.status(&conflict), ConflictStatus::Open);
        assert_eq!(world.post(reversed("shop", "sale")).outcome, Outcome::Applied);
        assert_eq!(world.on_hand("TEA", "berlin"), 15);
        world.quiet();
    }
}

#[test]
fn a_movement_that_was_confirmed_is_taken_back_at_once() {
    for (second, option) in [(95, O::KeepCounted), (105, O::KeepDifference)] {
        let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
        world.post(sold(3, second));
        let conflict = world.conflict();
        let decision = world.resolve(&conflict, option).unwrap();
        assert_eq!(world.post(reversed("shop", "sale")).outcome, Outcome::Applied);
        assert_eq!(world.on_hand("TEA", "berlin"), 15);
        let late = world.post(reversed("onhand", decision.envelope.id.as_str()));
        assert!(reason(&late).contains("taken back already"), "{late:?}");
    }
}

/// Without a count, late movements count by the count before it again.
#[test]
fn a_count_that_is_taken_back_gives_way_to_the_one_before() {
    let mut world = world().given([
        counted("TEA", "berlin", 10).at(100).id("first"),
        received("TEA", "berlin", 5).at(150),
        counted("TEA", "berlin", 51).at(200).id("typo"),
        received("TEA", "berlin", 1).at(250),
        reversed("wms", "typo"),
    ]);
    assert_eq!(world.on_hand("TEA", "berlin"), 16);
    assert_eq!(world.level("TEA", "berlin").counted.unwrap().time, crate::says::second(100));
    world.post(adjusted("TEA", "berlin", -2).at(180));
    assert_eq!(world.on_hand("TEA", "berlin"), 14, "the count of second 200 is no more");
    world.post(adjusted("TEA", "berlin", -2).at(90));
    assert_eq!(world.on_hand("TEA", "berlin"), 14, "but that of second 100 is");
    world.post(counted("TEA", "berlin", 15).at(190));
    assert_eq!(world.on_hand("TEA", "berlin"), 16);
    world.quiet();
}

#[test]
fn a_count_is_taken_back_only_while_it_is_the_newest_and_nothing_rests_on_it() {
    let mut world = world().given([
        counted("TEA", "berlin", 10).at(100).id("first"),
        counted("TEA", "berlin", 11).at(200).id("second"),
    ]);
    let result = world.post(reversed("wms", "first"));
    assert!(reason(&result).contains("a newer count"), "{result:?}");
    world.post(reversed("wms", "second"));
    world.post(sold(3, 50));
    let result = world.post(reversed("wms", "first"));
    assert!(reason(&result).contains("measured by it by now: count again"), "{result:?}");
    assert_eq!(world.on_hand("TEA", "berlin"), 10);
}

#[test]
fn a_count_with_a_decision_on_a_movement_near_it_is_not_taken_back() {
    for (second, option) in [(95, O::KeepDifference), (105, O::KeepCounted)] {
        let mut world = world().given([counted("TEA", "berlin", 15).at(100).id("count")]);
        world.post(sold(3, second));
        let conflict = world.conflict();
        world.resolve(&conflict, option).unwrap();
        let result = world.post(reversed("wms", "count"));
        assert!(reason(&result).contains("count again"), "{result:?}");
    }
}

#[test]
fn a_question_about_a_movement_near_a_count_is_over_when_the_count_is_taken_back() {
    let mut world = world().given([counted("TEA", "berlin", 15).at(100).id("count")]);
    world.post(sold(3, 105));
    let conflict = world.conflict();
    world.post(reversed("wms", "count"));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
    world.quiet();
}

#[test]
fn an_event_that_had_waited_is_taken_back_by_its_own_name() {
    let mut world = World::new();
    world.post(received("NEW", "berlin", 5).at(-9).id("early"));
    world.post(item("NEW"));
    assert_eq!(world.on_hand("NEW", "berlin"), 5);
    let released = world.store.journal.last().unwrap().record.envelope.id.clone();
    let result = world.post(reversed("onhand", released.as_str()));
    assert!(reason(&result).contains("reverse early of wms instead"), "{result:?}");
    world.post(reversed("wms", "early"));
    assert_eq!(world.on_hand("NEW", "berlin"), 0);
    let again = world.post(reversed("wms", "early"));
    assert!(reason(&again).contains("taken back already"), "{again:?}");
}

#[test]
fn taking_back_can_open_and_close_an_oversold_conflict() {
    let mut world = World::new().given([
        received("TEA", "berlin", 5).id("x"),
        placed("o1", &[line("1", "TEA", 4)]),
        reversed("wms", "x"),
    ]);
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Oversold);
    world.post(reversed("desk", "auto-8"));
    assert_eq!(world.available("TEA", "berlin"), 1, "the reversal is taken back");
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
}

#[test]
fn a_reversal_can_be_taken_back_and_the_event_then_again() {
    let mut world = world().given([sold(3, 5), reversed("shop", "sale").id("undo")]);
    assert_eq!(world.post(reversed("desk", "undo").id("redo")).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
    let undo = world.post(reversed("desk", "undo"));
    assert!(reason(&undo).contains("taken back already"), "{undo:?}");
    assert_eq!(world.post(reversed("shop", "sale")).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
}

#[test]
fn a_reversal_that_was_held_is_decided_when_its_turn_comes() {
    let mut world = world().given([sold(3, 5)]);
    let early = world.post(reversed("shop", "sale").at(90_000).id("undo"));
    assert_eq!(early.outcome, Outcome::Conflict);
    let conflict = world.conflict();
    world.resolve(&conflict, O::ApplyAsReceived).unwrap();
    assert_eq!(world.outcome(&early), Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
}

#[test]
fn a_question_that_was_over_with_its_movement_is_asked_again_with_it() {
    let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
    world.post(sold(3, 105));
    let conflict = world.conflict();
    world.post(reversed("shop", "sale").id("undo"));
    world.quiet();
    world.post(reversed("desk", "undo").id("redo"));
    assert_eq!(world.conflict().id, conflict.id);
    world.resolve(&world.conflict(), O::KeepCounted).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    let result = world.post(reversed("desk", "redo"));
    assert!(reason(&result).contains("decided anew: reverse #11 first"), "{result:?}");
}

/// A sale that a count contains, by its time or by a person's word, then taken back: a count of a
/// moment near the sale neither adds it up nor has anything to ask about it, unless it stands again.
#[test]
fn a_movement_taken_back_within_a_count_is_in_no_other_count_either() {
    for (second, next) in [(95, 104), (105, 102)] {
        for stands_again in [false, true] {
            let mut world = world().given([sold(3, second)]);
            world.post(counted("TEA", "berlin", 15).at(100));
            let conflict = world.conflict();
            world.resolve(&conflict, O::KeepCounted).unwrap();
            world.post(reversed("shop", "sale").id("undo"));
            if stands_again {
                world.post(reversed("desk", "undo"));
            }
            assert_eq!(world.on_hand("TEA", "berlin"), 15);
            world.post(counted("TEA", "berlin", 16).at(next));
            assert_eq!(world.on_hand("TEA", "berlin"), if stands_again { 15 } else { 16 });
            let asked = world.open(ConflictKind::CountOverlap).len();
            assert_eq!(asked, usize::from(stands_again), "sold at {second}");
        }
    }
}

/// A reversal that was held for a while is an event like any other: it can be taken back by its own
/// name, and what it took back within a count is not added up later.
#[test]
fn a_reversal_that_was_decided_later_is_taken_back_like_any_other() {
    let mut world = world().given([adjusted("TEA", "berlin", -3).by("shop").at(50).id("x")]);
    world.post(reversed("shop", "x").at(90_000).id("back"));
    world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
    let again = world.post(reversed("desk", "back"));
    assert_eq!((again.outcome, again.reason), (Outcome::Applied, None));
    assert_eq!(world.on_hand("TEA", "berlin"), 17);

    let mut world = self::world().given([
        adjusted("TEA", "berlin", -3).by("shop").at(50).id("x"),
        counted("TEA", "berlin", 15).at(100).id("count"),
    ]);
    world.post(reversed("shop", "x").at(90_000).id("back"));
    world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 15, "the count contains it");
    let wants = onhand::state::Wants {
        movements: [(("TEA".parse().unwrap(), "berlin".parse().unwrap()), second(0))].into(),
        ..Default::default()
    };
    let moved = |world: &World| -> i64 {
        world.store.fetch(&wants).movements[0].1.iter().map(|movement| movement.delta).sum()
    };
    assert_eq!(moved(&world), 0, "it came and went");
    world.post(reversed("desk", "back"));
    assert_eq!((world.on_hand("TEA", "berlin"), moved(&world)), (15, -3));
}
