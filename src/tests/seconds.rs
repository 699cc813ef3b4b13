//! `apply_second`: of two contents of one id, or of one business fact, the second is right. The
//! first is taken back as by `event.reversed`; the second is decided as if it had come alone.

use onhand::conflict::{ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::ledger::Refused;
use onhand::record::{Bucket, Outcome};

use crate::harness::World;
use crate::says::{
    Says, adjusted, amended, arrived, back, confirmed, counted, fulfilled, goods, held, item, line,
    line_from, part, placed, received, released, reserved, returned, reversed, second, set,
    shipped, start,
};

fn world() -> World {
    World::new().given([received("TEA", "berlin", 20).at(-1_000)])
}

/// Two contents of one id, and what is on hand when only the second had come.
#[test]
fn the_second_content_of_an_id_takes_the_place_of_the_first() {
    let table = [
        (adjusted("TEA", "berlin", -3), adjusted("TEA", "berlin", -4), 16),
        (adjusted("TEA", "berlin", -3), adjusted("TEA", "berlin", -3).at(9), 17),
        (adjusted("TEA", "berlin", -3), received("TEA", "berlin", 5), 25),
        (counted("TEA", "berlin", 51), counted("TEA", "berlin", 15), 15),
        (counted("TEA", "berlin", 51).at(5), adjusted("TEA", "berlin", -1), 19),
        (adjusted("TEA", "berlin", -1).at(5), counted("TEA", "berlin", 15), 15),
        (set("TEA", "berlin", 3, 1), set("TEA", "berlin", 8, 1), 8),
        (adjusted("TEA", "hamburg", 3), adjusted("TEA", "berlin", 3), 23),
        // What is taken back elsewhere is no matter of the count.
        (adjusted("TEA", "hamburg", 3).at(5), counted("TEA", "berlin", 15), 15),
        (adjusted("MUG", "berlin", 3).at(5), counted("TEA", "berlin", 15), 15),
    ];
    for (first, second, on_hand) in table {
        let mut world = world().given([first.clone().id("x")]);
        let second = world.post(second.id("x"));
        let conflict = world.conflict();
        let decision = world.resolve(&conflict, O::ApplySecond).unwrap();
        assert_eq!(decision.outcome, Outcome::Applied);
        assert_eq!(world.outcome(&second), Outcome::Applied);
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{first:?}");
        assert_eq!(world.on_hand("TEA", "hamburg"), 0, "{first:?}");
        assert_eq!(world.status(&conflict), ConflictStatus::Resolved);
        world.quiet();
    }
}

/// Each business fact said twice: levels and order are as if only the second had been said.
#[test]
fn the_second_saying_of_a_fact_takes_the_place_of_the_first() {
    let order = || placed("o1", &[line_from("1", "TEA", 5, "berlin")]);
    let shipped = || fulfilled("o1", "f1", &[part("1", 3)]).at(1);
    let table: Vec<(Vec<Says>, Says, Says)> = vec![
        (vec![], order(), placed("o1", &[line_from("1", "TEA", 7, "berlin")])),
        (vec![order()], shipped(), fulfilled("o1", "f1", &[part("1", 1)])),
        (
            vec![order(), shipped()],
            returned("o1", "r1", &[back("1", 2, true)]),
            returned("o1", "r1", &[back("1", 1, false)]),
        ),
        (
            vec![order()],
            amended("o1", 1, &[line("1", "TEA", 9)]),
            amended("o1", 1, &[line("1", "TEA", 2)]),
        ),
    ];
    for (given, first, second) in table {
        let mut alone = world().given(given.clone());
        alone.post(second.clone().at(9));
        let mut world = world().given(given).given([first.at(8)]);
        let second = world.post(second.at(9));
        let conflict = world.conflict();
        assert_eq!(conflict.kind, ConflictKind::OrderChanged);
        world.resolve(&conflict, O::ApplySecond).unwrap();
        assert_eq!(world.outcome(&second), Outcome::Applied);
        let numbers = |world: &World| world.level("TEA", "berlin").buckets();
        assert_eq!(numbers(&world), numbers(&alone));
        let lines = |world: &World| world.store.order("o1").unwrap().lines.clone();
        assert_eq!(lines(&world), lines(&alone));
        world.quiet();
    }
}

/// Of a first that never took effect there is nothing to take back.
#[test]
fn the_second_takes_the_place_of_a_first_without_effect() {
    let hold = |units| reserved("r1", &[held("TEA", units, "berlin")]);
    let table = [
        (Outcome::Rejected, hold(99), adjusted("TEA", "berlin", -4)),
        (Outcome::Superseded, counted("TEA", "berlin", 3).at(-2_000), received("TEA", "berlin", 5)),
    ];
    for (outcome, first, second) in table {
        let mut world = world().given([counted("TEA", "berlin", 20).at(-1_500)]);
        let on_hand = world.on_hand("TEA", "berlin");
        assert_eq!(world.post(first.by("wms").id("x")).outcome, outcome);
        let second = world.post(second.by("wms").id("x"));
        let conflict = world.conflict();
        world.resolve(&conflict, O::ApplySecond).unwrap();
        assert_eq!(world.outcome(&second), Outcome::Applied);
        assert_ne!(world.on_hand("TEA", "berlin"), on_hand);
        world.quiet();
    }
}

/// A first that gave way is held again as it was, if its time is not over.
#[test]
fn a_reservation_comes_back_with_its_own_lines_while_its_time_lasts() {
    for (served_s, outcome, reserved_now) in
        [(100, Outcome::Applied, 5), (700, Outcome::Rejected, 3)]
    {
        let mut world = world();
        world.post(reserved("r1", &[held("TEA", 5, "berlin")]).id("x"));
        let longer = reserved("r1", &[held("TEA", 3, "berlin")]).with("expires_in_s", 86_400);
        world.post(longer.id("x"));
        let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
        assert_eq!(world.reserved("TEA", "berlin"), 3);
        world.pass(served_s);
        let event = &decision.envelope;
        let back = world.post(reversed(event.source.as_str(), event.id.as_str()));
        assert_eq!(back.outcome, outcome, "{back:?}");
        assert_eq!(world.reserved("TEA", "berlin"), reserved_now);
        let hold = world.store.reservation("r1").unwrap();
        assert_eq!(hold.lines[0].quantity, reserved_now);
    }
}

/// A third content is compared with the one that holds by then, and a fourth with that.
#[test]
fn a_third_content_takes_the_place_of_the_second_alone() {
    let says = |units: i64| adjusted("TEA", "berlin", -units).id("x");
    let mut world = world().given([says(3)]);
    for (before, units) in [(3, 4), (4, 5), (5, 6)] {
        world.post(says(units));
        let conflict = world.conflict();
        let holds = world.store.record(conflict.events[0].seq).envelope.clone();
        assert_eq!(holds, says(before).event("x"), "it is compared with what holds");
        let decision = world.resolve(&conflict, O::ApplySecond).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 20 - units);
        world.quiet();
        let id = decision.envelope.id.to_string();
        let back = world.post(reversed("onhand", &id));
        assert_eq!((back.outcome, back.reason), (Outcome::Applied, None));
        assert_eq!(world.on_hand("TEA", "berlin"), 20 - before, "the one before holds again");
        world.resolve(&world.conflict(), O::ApplySecond).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 20 - units);
    }
    let line = |quantity| [line("1", "TEA", quantity)];
    world.post(placed("o1", &line(1)));
    for quantity in [2, 3, 4] {
        world.post(placed("o1", &line(quantity)).at(quantity));
        world.resolve(&world.conflict(), O::ApplySecond).unwrap();
        assert_eq!(world.committed("TEA", "berlin"), quantity);
        assert_eq!(world.order_line("o1", "1").ordered, quantity);
        world.quiet();
    }
}

/// What is reserved by a first content is free for the second.
#[test]
fn a_second_reservation_takes_the_place_of_the_first() {
    let mut world = world();
    for quantity in [15, 20, 10] {
        world.post(reserved("r1", &[held("TEA", quantity, "berlin")]));
        if let Some(conflict) = world.open(ConflictKind::OrderChanged).pop() {
            world.resolve(&conflict, O::ApplySecond).unwrap();
        }
        assert_eq!(world.reserved("TEA", "berlin"), quantity);
        world.quiet();
    }
    world.post(released("r1"));
    assert_eq!(world.reserved("TEA", "berlin"), 0);
    assert!(world.ledger.state().schedule().is_empty());
}

/// Of a shipment, or of a receipt, said twice: the decision can be taken back, and taken again.
#[test]
fn a_second_shipment_or_receipt_gives_way_to_the_first_again() {
    let table = [
        (
            vec![],
            shipped("t1", "berlin", "hamburg", &[goods("TEA", 6)]),
            shipped("t1", "berlin", "munich", &[goods("TEA", 5)]),
        ),
        (
            vec![shipped("t1", "berlin", "hamburg", &[goods("TEA", 6)])],
            arrived("t1", "r1", &[goods("TEA", 2)]),
            arrived("t1", "r1", &[goods("TEA", 3)]),
        ),
        (
            vec![shipped("t1", "berlin", "hamburg", &[goods("TEA", 6)])],
            arrived("t1", "r1", &[goods("TEA", 8)]),
            arrived("t1", "r1", &[goods("TEA", 6)]),
        ),
    ];
    for (given, first, second) in table {
        let mut world = world().given(given);
        world.post(first);
        let numbers = |world: &World| {
            let levels =
                ["berlin", "hamburg", "munich"].map(|place| world.level("TEA", place).buckets());
            (levels, world.transfer("t1").clone())
        };
        let (before, asked) = (numbers(&world), world.open(ConflictKind::Excess).len());
        world.post(second);
        for _ in 0..2 {
            let conflict = world.open(ConflictKind::OrderChanged).remove(0);
            let decision = world.resolve(&conflict, O::ApplySecond).unwrap();
            assert_ne!(numbers(&world), before);
            assert!(world.open(ConflictKind::Excess).is_empty());
            let back = world.post(reversed("onhand", decision.envelope.id.as_str()));
            assert_eq!((back.outcome, back.reason), (Outcome::Applied, None));
            assert_eq!(numbers(&world), before);
            assert_eq!(world.open(ConflictKind::Excess).len(), asked);
        }
    }
}

/// The first ended a hold, which the decision brought back; it ends in the same way again, and can be
/// brought back once more.
#[test]
fn the_end_of_a_reservation_that_gave_way_comes_back_with_the_decision() {
    for first in [released("r1"), confirmed("r1", "o1")] {
        let hold = reserved("r1", &[held("TEA", 5, "berlin")]);
        let mut world = world().given([hold, first.by("shop").id("x")]);
        let numbers = |world: &World| {
            let order = world.store.order("o1").map(|order| order.lines.clone());
            (world.level("TEA", "berlin").buckets(), order)
        };
        let before = numbers(&world);
        world.post(adjusted("TEA", "berlin", -4).by("shop").id("x"));
        for _ in 0..2 {
            let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
            assert_eq!((world.reserved("TEA", "berlin"), world.on_hand("TEA", "berlin")), (5, 16));
            let back = world.post(reversed("onhand", decision.envelope.id.as_str()));
            assert_eq!((back.outcome, back.reason), (Outcome::Applied, None));
            assert_eq!(numbers(&world), before);
        }
        assert_eq!(world.post(released("r1")).outcome, Outcome::Rejected, "it has ended");
    }
}

/// With the decision nothing waits for the name again: there is nothing to ask about it.
#[test]
fn a_name_that_the_second_made_known_stays_known_without_the_decision() {
    let mut world = world().given([adjusted("TEA", "berlin", -1).by("erp").id("x")]);
    let waiting = world.post(received("CUP", "berlin", 2));
    let unknown = world.conflict();
    world.post(item("CUP").by("erp").id("x"));
    let reused = world.open(ConflictKind::IdReused).remove(0);
    let decision = world.resolve(&reused, O::ApplySecond).unwrap();
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("CUP", "berlin")), (20, 2));
    let back = world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!((back.outcome, back.reason), (Outcome::Applied, None));
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("CUP", "berlin")), (19, 2));
    assert_eq!(world.outcome(&waiting), Outcome::Applied);
    assert_eq!(world.status(&unknown), ConflictStatus::AutoResolved);
    assert_eq!(world.conflict().id, reused.id);
}

/// The second held units for another reservation than the first had ended: that one was never asked
/// for then, and can be said anew.
#[test]
fn a_reservation_of_the_second_alone_is_gone_with_the_decision() {
    for first in [released("r1"), confirmed("r1", "o1")] {
        let mut world =
            world().given([reserved("r1", &[held("TEA", 5, "berlin")]), first.by("shop").id("x")]);
        let before = world.level("TEA", "berlin").buckets();
        world.post(reserved("r2", &[held("TEA", 3, "berlin")]).by("shop").id("x"));
        let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
        assert_eq!(world.reserved("TEA", "berlin"), 8);
        let back = world.post(reversed("onhand", decision.envelope.id.as_str()));
        assert_eq!((back.outcome, back.reason), (Outcome::Applied, None));
        assert_eq!(world.level("TEA", "berlin").buckets(), before);
        let anew = world.post(reserved("r2", &[held("TEA", 4, "berlin")]).by("shop").id("anew"));
        assert_eq!(anew.outcome, Outcome::Applied, "{anew:?}");
        assert_eq!(world.reserved("TEA", "berlin"), 4);
    }
}

/// A receipt that is no longer one is in no question about its transfer.
#[test]
fn a_second_receipt_is_asked_about_without_the_first() {
    let mut world = world().given([shipped("t1", "berlin", "hamburg", &[goods("TEA", 5)])]);
    world.post(arrived("t1", "r1", &[goods("TEA", 7)]));
    let second = world.post(arrived("t1", "r1", &[goods("TEA", 8)]));
    let conflict = world.open(ConflictKind::OrderChanged).remove(0);
    world.resolve(&conflict, O::ApplySecond).unwrap();
    let excess = world.conflict();
    let seqs: Vec<_> = excess.events.iter().map(|event| event.seq).collect();
    assert_eq!((seqs, excess.event_count), (vec![second.seq.unwrap()], 1));
    assert_eq!(world.on_hand("TEA", "hamburg"), 8);
}

/// The first lies within a count, so nothing moves when it goes; but a count of a moment before it
/// that comes later must not add it up.
#[test]
fn what_is_taken_back_within_a_count_is_not_added_up_by_a_later_one() {
    let first = || adjusted("TEA", "berlin", -3).by("shop").at(50).id("x");
    let mut world = world().given([first(), counted("TEA", "berlin", 15).at(100).id("c")]);
    world.post(adjusted("TEA", "berlin", -4).by("shop").at(200).id("x"));
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 11);
    // The count is taken over by one of the same moment, from further back.
    let seen = world.version("TEA", "berlin");
    world.post(counted("TEA", "berlin", 18).at(100).id("d").expecting(seen));
    assert_eq!(world.on_hand("TEA", "berlin"), 14);
    let moved = world.store.fetch(&onhand::state::Wants {
        movements: [(("TEA".parse().unwrap(), "berlin".parse().unwrap()), start())].into(),
        ..Default::default()
    });
    let sum: i64 = moved.movements[0].1.iter().map(|movement| movement.delta).sum();
    assert_eq!(sum, -4, "of all that is told since the first count of 20");
    world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(world.on_hand("TEA", "berlin"), 18);
}

/// The first is gone when the second is decided: it cannot be taken back once more.
#[test]
fn a_second_that_takes_the_first_back_does_not_do_it_twice() {
    let mut world = world().given([adjusted("TEA", "berlin", -3).id("x")]);
    let second = world.post(reversed("wms", "x").by("wms").id("x"));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
    assert_eq!(world.outcome(&second), Outcome::Rejected);
    world.quiet();
}

/// The first lies within a count, on which the level rests from then on: the second cannot take that
/// count back, as nobody could any more.
#[test]
fn a_second_does_not_take_the_count_back_that_the_first_lies_within() {
    let mut world = world().given([
        adjusted("TEA", "berlin", -3).at(50).id("x"),
        counted("TEA", "berlin", 15).at(100).id("c"),
    ]);
    let second = world.post(reversed("wms", "c").by("wms").id("x"));
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert!(decision.reason.unwrap().contains("count again"));
    assert_eq!(world.outcome(&second), Outcome::Rejected);
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
}

/// The second is itself a reversal. When a third takes its place, what it took back is in force
/// again, and the first is not, whether or not that had an effect.
#[test]
fn what_a_second_took_back_comes_back_when_a_third_takes_its_place() {
    for first in [adjusted("TEA", "berlin", -3), fulfilled("o1", "f1", &[part("1", 3)])] {
        let mut world = world().given([adjusted("TEA", "berlin", -5).id("other")]);
        world.post(first.clone().by("wms").id("x"));
        world.post(reversed("wms", "other").by("wms").id("x"));
        world.resolve(&world.conflict(), O::ApplySecond).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 20, "{first:?}");
        world.post(adjusted("TEA", "berlin", -1).id("x"));
        world.resolve(&world.conflict(), O::ApplySecond).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 14, "{first:?}");
        let again = world.post(reversed("wms", "other"));
        assert_eq!((again.outcome, again.reason), (Outcome::Applied, None));
        assert_eq!(world.on_hand("TEA", "berlin"), 19, "{first:?}");
        world.quiet();
    }
}

/// With the first, the question is back that it raised.
#[test]
fn what_was_asked_about_the_first_is_asked_again_with_it() {
    let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
    world.post(adjusted("TEA", "berlin", -3).by("shop").at(105).id("x"));
    let late = world.conflict();
    world.post(adjusted("TEA", "berlin", -3).by("shop").at(300).id("x"));
    let reused = world.open(ConflictKind::IdReused).remove(0);
    let decision = world.resolve(&reused, O::ApplySecond).unwrap();
    assert_eq!(world.status(&late), ConflictStatus::AutoResolved);
    world.quiet();
    world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(world.status(&late), ConflictStatus::Open);
}

/// A count at second 100 finds 15. The first content is of this second, the second of that one; a
/// person says on which side of the count the second lies. That of the first is no matter by then.
#[test]
fn on_which_side_of_a_count_the_second_lies_is_decided_of_it_alone() {
    for (first, second) in [(50, 95), (50, 105), (95, 95), (95, 105), (105, 95), (105, 105)] {
        for (option, on_hand) in [(O::KeepCounted, 15), (O::KeepDifference, 11)] {
            let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
            world.post(adjusted("TEA", "berlin", -3).by("shop").at(first).id("x"));
            world.post(adjusted("TEA", "berlin", -4).by("shop").at(second).id("x"));
            let reused = world.open(ConflictKind::IdReused).remove(0);
            world.resolve(&reused, O::ApplySecond).unwrap();
            world.resolve(&world.conflict(), option).unwrap();
            assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{first}, {second}, {option:?}");
            world.quiet();
        }
    }
}

/// It is weighed against the clock of the moment when it came, as if it had come alone.
#[test]
fn a_second_of_the_future_is_held_as_such() {
    let table = [
        // Its moment has come by the time of the decision.
        (4_000, 5_000, 6_000, true),
        // The server's own clock was ahead, as it was.
        (90_000, 90_000, 4_000, false),
    ];
    for (came, time, decided, held) in table {
        let mut world = world().given([adjusted("TEA", "berlin", -3).id("x")]);
        world.wall = second(came);
        world.post(adjusted("TEA", "berlin", -4).at(time).id("x"));
        world.wall = second(decided);
        let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
        if held {
            assert_eq!(decision.outcome, Outcome::Conflict);
            assert_eq!(world.conflict().kind, ConflictKind::FutureTime);
            assert_eq!(world.on_hand("TEA", "berlin"), 20);
        } else {
            assert_eq!(world.on_hand("TEA", "berlin"), 16);
            world.quiet();
        }
    }
}

/// It has the time of its receipt from then on, whatever holds it besides.
#[test]
fn a_second_applied_as_received_stays_so() {
    let mut world = world().given([adjusted("TEA", "berlin", -3).by("shop").id("x")]);
    world.post(fulfilled("o1", "f1", &[part("1", 5)]).at(99_999).by("shop").id("x"));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
    world.post(placed("o1", &[line_from("1", "TEA", 4, "berlin")]));
    world.resolve(&world.conflict(), O::Cap).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 16);
    world.wall = second(5_000);
    world.post(counted("TEA", "berlin", 15).at(5_000));
    assert_eq!(world.on_hand("TEA", "berlin"), 15, "it left before the count, not after it");
}

#[test]
fn the_second_said_again_is_a_duplicate_and_the_first_is_the_same_as_ever() {
    let mut world = world().given([placed("o1", &[line("1", "TEA", 5)]).id("first")]);
    world.post(placed("o1", &[line("1", "TEA", 6)]).at(1).id("second"));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let again = world.post(placed("o1", &[line("1", "TEA", 6)]).at(2));
    assert_eq!(again.outcome, Outcome::Duplicate);
    assert_eq!(again.original.unwrap().id.as_str(), "second");
    let first = world.post(placed("o1", &[line("1", "TEA", 5)]).id("first"));
    assert_eq!(first.original.unwrap().outcome, Outcome::Applied, "the first outcome stands");
    assert_eq!(world.committed("TEA", "berlin"), 6);
}

#[test]
fn each_of_the_two_counts_at_its_own_time() {
    let mut world = world().given([adjusted("TEA", "berlin", -3).at(10).id("x")]);
    world.post(adjusted("TEA", "berlin", -4).at(200).id("x"));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 16);
    world.post(counted("TEA", "berlin", 15).at(100));
    assert_eq!(world.on_hand("TEA", "berlin"), 11, "the second came after the count");
}

#[test]
fn what_rests_on_the_first_stands_in_the_way() {
    let mut world = world()
        .given([placed("o1", &[line("1", "TEA", 5)]), fulfilled("o1", "f1", &[part("1", 1)])]);
    world.post(placed("o1", &[line("1", "TEA", 6)]).at(1));
    let conflict = world.conflict();
    let refused = world.resolve(&conflict, O::ApplySecond).unwrap_err();
    assert!(matches!(&refused, Refused::Impossible(why) if why.contains("rest on")), "{refused}");
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (19, 4));
    world.resolve(&conflict, O::KeepFirst).unwrap();
}

#[test]
fn a_first_that_still_waits_waits_no_longer() {
    let mut world = world();
    let first = world.post(fulfilled("o1", "f1", &[part("1", 3)]).id("x"));
    world.post(fulfilled("o1", "f1", &[part("1", 2)]).id("x"));
    let conflict = world.conflict();
    let decision = world.resolve(&conflict, O::ApplySecond).unwrap();
    assert_eq!(decision.outcome, Outcome::Parked, "the second waits instead");
    assert_eq!(world.outcome(&first), Outcome::Rejected);
    world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(world.outcome(&first), Outcome::Parked, "taken back, the first waits again");
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    world.post(placed("o1", &[line("1", "TEA", 5)]));
    assert_eq!(world.on_hand("TEA", "berlin"), 18);
    world.quiet();
}

#[test]
fn a_first_that_was_taken_back_before_is_not_taken_back_twice() {
    let mut world = world().given([adjusted("TEA", "berlin", -3).id("x")]);
    world.post(adjusted("TEA", "berlin", -4).id("x"));
    world.post(reversed("wms", "x"));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 16);
}

#[test]
fn a_first_that_is_held_itself_is_decided_first() {
    let mut world = world();
    world.post(adjusted("TEA", "berlin", -3).at(90_000).id("x"));
    world.post(adjusted("TEA", "berlin", -4).id("x"));
    let conflict = world.open(ConflictKind::IdReused).remove(0);
    let refused = world.resolve(&conflict, O::ApplySecond).unwrap_err();
    assert!(refused.to_string().contains("decide that first"), "{refused}");
}

#[test]
fn of_many_contents_all_but_the_second_are_refused() {
    let mut world = world().given([adjusted("TEA", "berlin", -3).id("x")]);
    let others: Vec<_> =
        [4, 5, 6].map(|units| adjusted("TEA", "berlin", -units).id("x")).into_iter().collect();
    let results = world.post_all(others);
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let outcomes: Vec<_> = results.iter().map(|result| world.outcome(result)).collect();
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Rejected, Outcome::Rejected]);
    assert_eq!(world.on_hand("TEA", "berlin"), 16);
}

/// A second content that another safeguard holds is held by that, and the first is gone.
#[test]
fn the_second_has_its_own_safeguards() {
    let mut world = world().given([adjusted("TEA", "berlin", -3).id("x")]);
    let second = world.post(adjusted("NEW", "berlin", -4).id("x"));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(world.conflict().kind, ConflictKind::Unmapped);
    assert_eq!(world.outcome(&second), Outcome::Conflict);
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
}

#[test]
fn the_second_is_taken_back_with_the_decision_and_the_first_is_in_force_again() {
    let mut world = world().given([placed("o1", &[line("1", "TEA", 5)]).id("first")]);
    world.post(placed("o1", &[line("1", "TEA", 6)]).at(1).id("second"));
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let result = world.post(reversed("shop", "second"));
    assert!(result.reason.unwrap().contains("reverse that decision"));
    world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(world.committed("TEA", "berlin"), 5);
    assert_eq!(world.conflict().kind, ConflictKind::OrderChanged);
    world.resolve(&world.conflict(), O::KeepFirst).unwrap();
    world.post(reversed("shop", "first"));
    assert_eq!(world.committed("TEA", "berlin"), 0);
    world.quiet();
}

/// What is on its way is another transfer's, though it is as much: whoever has seen the level before
/// has not seen that.
#[test]
fn the_version_grows_also_where_as_much_goes_as_comes() {
    let ships = |transfer| shipped(transfer, "berlin", "hamburg", &[goods("TEA", 3)]).id("x");
    let mut world = world();
    world.post_all([ships("t1"), ships("t2")]);
    assert_eq!(world.version("TEA", "hamburg"), 1);
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(world.version("TEA", "hamburg"), 2);
    world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(world.version("TEA", "hamburg"), 3);
    assert_eq!(world.level("TEA", "hamburg").get(Bucket::Incoming), 3);
}

/// The second content took the place of the first, the third takes the place of the second: for a
/// moment the first is back, and what waits for its order must not go on.
#[test]
fn an_order_that_is_there_only_in_between_wakes_nothing() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(-60)]);
    world.post(placed("o1", &[line("1", "TEA", 2)]).id("x"));
    world.post(placed("o2", &[line("1", "TEA", 3)]).id("x"));
    let conflict = world.conflict();
    world.resolve(&conflict, O::ApplySecond).unwrap();
    let parked = world.post(fulfilled("o1", "f1", &[part("1", 1)]));
    assert_eq!(parked.outcome, Outcome::Parked);
    world.post(received("TEA", "berlin", 1).by("shop").id("x"));
    let conflict = world.conflict();
    let records = world.store.journal.len();
    world.resolve(&conflict, O::ApplySecond).unwrap();
    assert_eq!(world.store.journal.len(), records + 1, "nothing follows from the decision");
    assert_eq!(world.outcome(&parked), Outcome::Parked);
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (21, 0));
    world.quiet();
}

/// Of several contents of one id one holds at most: what would let another stand beside it is refused,
/// and says which has to go first.
#[test]
fn two_contents_of_an_id_never_hold_together() {
    let takes_back =
        |decided: &onhand::record::Record| reversed("onhand", decided.envelope.id.as_str());
    let late = || adjusted("TEA", "berlin", -1).at(9_999).id("x");
    let second = || adjusted("TEA", "berlin", -2).id("x");
    // Its first content is given up, the second applied, and that is taken back.
    let mut world = world();
    world.post(late());
    let discarded = world.resolve(&world.conflict(), O::Discard).unwrap();
    world.post(second());
    let applied = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let refused = world.post(takes_back(&discarded));
    assert_eq!((refused.outcome, world.on_hand("TEA", "berlin")), (Outcome::Rejected, 18));
    assert!(refused.reason.unwrap().contains("of the same id holds"));
    world.post(takes_back(&applied));
    world.resolve(&world.conflict(), O::KeepFirst).unwrap();
    assert_eq!(world.post(takes_back(&discarded)).outcome, Outcome::Applied);
    world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 19);
}

#[test]
fn a_content_that_was_taken_back_does_not_come_back_beside_another() {
    let mut world = world();
    world.post(adjusted("TEA", "berlin", -1).id("x"));
    world.post(reversed("wms", "x").id("back"));
    world.post(adjusted("TEA", "berlin", -2).id("x"));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let refused = world.post(reversed("desk", "back"));
    assert_eq!((refused.outcome, world.on_hand("TEA", "berlin")), (Outcome::Rejected, 18));
    assert!(refused.reason.unwrap().contains("of the same id holds"));
}

/// While it is being asked which of the others is meant, none can come to hold besides.
#[test]
fn a_content_does_not_come_back_into_a_question_that_is_not_about_it() {
    let mut world = world();
    world.post(adjusted("TEA", "berlin", -1).id("x"));
    world.post(adjusted("TEA", "berlin", -2).at(9_999).id("x"));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let discarded = world.resolve(&world.conflict(), O::Discard).unwrap();
    world.post(adjusted("TEA", "berlin", -3).id("x"));
    let asked = world.conflict();
    let refused = world.post(reversed("onhand", discarded.envelope.id.as_str()));
    assert_eq!(refused.outcome, Outcome::Rejected);
    assert!(refused.reason.unwrap().contains("is open about other contents"));
    assert_eq!(world.conflict(), asked);
}

#[test]
fn what_was_discarded_by_its_name_does_not_wait_again_beside_another_content() {
    let mut world = world();
    world.post(adjusted("NEW", "berlin", -1).id("x"));
    let discarded = world.resolve(&world.conflict(), O::Discard).unwrap();
    world.post(adjusted("TEA", "berlin", -2).id("x"));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let refused = world.post(reversed("onhand", discarded.envelope.id.as_str()));
    assert_eq!(refused.outcome, Outcome::Rejected);
    assert!(refused.reason.unwrap().contains("of the same id holds"));
    world.quiet();
}

/// A reversal that comes again with another reason does not bring back a content beside the one that
/// took its place.
#[test]
fn a_second_reversal_brings_no_first_content_back_beside_the_second() {
    let mut world = world().given([received("TEA", "berlin", 2).by("erp").id("d")]);
    let before = world.on_hand("TEA", "berlin");
    world.post(received("TEA", "berlin", 4).by("erp").id("d"));
    let asked = world.conflict();
    world.post(reversed("erp", "d").id("back"));
    world.resolve(&asked, O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), before + 2);
    world.post(reversed("erp", "d").with("reason", "another").id("back"));
    let refused = world.resolve(&world.conflict(), O::ApplySecond).unwrap_err();
    assert!(refused.to_string().contains("of the same id holds"), "{refused}");
    assert_eq!(world.on_hand("TEA", "berlin"), before + 2);
    world.resolve(&world.conflict(), O::KeepFirst).unwrap();
    world.quiet();
}
