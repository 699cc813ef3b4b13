//! Safeguard 6, last part: what has waited for a day for its order becomes a question. If the order
//! comes after all, nobody has to answer; if a person applies the event without it, the order takes
//! over what happened.

use std::collections::BTreeMap;

use onhand::conflict::{Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::ledger::{Input, Processed, Refused};
use onhand::order::OrderLine;
use onhand::record::{Outcome, Record, Timer};
use onhand::state::Settings;
use onhand::time::{SECOND_US, Uptime};
use proptest::prelude::*;
use serde_json::Value;

use crate::harness::{World, choice};
use crate::properties::cases;
use crate::says::{
    Says, amended, arrived, back, cancelled, confirmed, fulfilled, goods, held, item, kit, line,
    line_from, part, part_from, placed, received, reserved, returned, reversed, shipped,
};

const DAY_S: i64 = 86_400;

/// 20 of tea and 5 mugs at Berlin, 20 of tea at Hamburg.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 20).at(-60),
        received("TEA", "hamburg", 20).at(-60),
        received("MUG", "berlin", 5).at(-60),
    ])
}

fn with_sku(mut row: Value, sku: &str) -> Value {
    row["sku"] = sku.into();
    row
}

/// An orphan: it was told, and a day has passed.
fn orphan(world: &mut World, says: Says) -> Conflict {
    let result = world.post(says);
    assert_eq!(result.outcome, Outcome::Parked, "{result:?}");
    world.pass(DAY_S);
    world.conflict()
}

/// Applies an orphan without its order, with what a person adds.
fn apply(
    world: &mut World,
    conflict: &Conflict,
    sku: Option<&str>,
    location: Option<&str>,
) -> Result<Record, Refused> {
    world.choose(Choice {
        sku: sku.map(|sku| sku.parse().unwrap()),
        location: location.map(|location| location.parse().unwrap()),
        ..choice(conflict, O::ApplyWithoutOrder)
    })
}

/// The same with tea and Berlin, as far as the orphan does not say them itself.
fn apply_as_needed(world: &mut World, conflict: &Conflict) -> Result<Record, Refused> {
    let place = usize::try_from(conflict.events[0].seq).unwrap() - 1;
    let data = &world.store.journal[place].record.envelope.data;
    let order = data.order().and_then(|order| world.store.order(order.as_str()));
    let needs = onhand::orphan::needs(data, order);
    let some = |field: &str, name| needs.contains(&field).then_some(name);
    apply(world, conflict, some("sku", "TEA"), some("location", "berlin"))
}

/// What is on hand and committed of tea at Berlin.
fn tea(world: &World) -> (i64, i64) {
    (world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin"))
}

/// Ordered, promised, shipped, returned and cancelled units of a line.
fn numbers(world: &World, order: &str, id: &str) -> [i64; 5] {
    let line = world.order_line(order, id);
    [line.ordered, line.committed(), line.fulfilled(), line.returned(), line.cancelled]
}

#[test]
fn whatever_waits_for_its_order_or_its_shipment_is_asked_about_after_a_day() {
    let waiting = [
        fulfilled("o1", "f1", &[part("1", 1)]),
        cancelled("o1"),
        returned("o1", "r1", &[back("1", 1, true)]),
        amended("o1", 1, &[line("1", "TEA", 1)]),
        arrived("t1", "r1", &[goods("TEA", 1)]),
    ];
    for says in waiting {
        let mut world = world();
        let parked = world.post(says.id("late"));
        world.pass(DAY_S - 1);
        world.quiet();
        world.pass(1);
        let conflict = world.conflict();
        assert_eq!(conflict.kind, ConflictKind::Orphan);
        assert_eq!(conflict.kind.options(), [O::ApplyWithoutOrder, O::Discard]);
        assert_eq!(conflict.events.last().unwrap().id.as_str(), "late");
        assert_eq!(conflict.order.is_some(), conflict.transfer.is_none());
        assert_eq!(world.outcome(&parked), Outcome::Conflict);
        let record = world.store.journal.last().unwrap().record.clone();
        assert_eq!(record.envelope.event_type(), "event.orphaned");
        assert_eq!((record.actor.as_str(), record.effects.len()), ("onhand", 0));
        assert_eq!(world.ledger.next_timer(), None, "it is asked about once");
        world.verify();
    }
}

#[test]
fn the_time_is_the_one_that_is_set() {
    let settings = Settings { orphan_after_us: 5 * SECOND_US, ..Settings::default() };
    let mut world = World::with(settings);
    world.post(cancelled("o1"));
    assert_eq!(world.ledger.next_timer(), Some(Uptime::from_micros(5 * SECOND_US)));
    world.pass(5);
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Orphan);
    let waits = conflict.evidence.iter().find(|fact| fact.label == "it waits for").unwrap();
    assert_eq!(waits.value, "order o1, for 5 s by now");
}

#[test]
fn what_waits_for_a_name_is_asked_about_at_once_and_not_again() {
    let mut world = world();
    world.post(placed("o1", &[line("1", "NEW", 1)]));
    world.post(fulfilled("o2", "f1", &[part_from("1", 1, "ulm")]));
    assert_eq!(world.ledger.next_timer(), None);
    world.pass(2 * DAY_S);
    assert_eq!(world.open(ConflictKind::Unmapped).len(), 2);
    assert!(world.open(ConflictKind::Orphan).is_empty());
}

#[test]
fn a_wall_clock_that_leaps_asks_about_nothing() {
    for leap_s in [-3_600, 3_600, 400 * DAY_S, 0] {
        let mut world = world();
        world.batch((0..9).map(|n| cancelled(&format!("o{n}"))));
        world.wall = world.wall.plus_micros(leap_s * SECOND_US);
        world.come_due();
        world.quiet();
        world.uptime = world.uptime.plus_seconds(DAY_S);
        world.come_due();
        assert_eq!(world.open(ConflictKind::Orphan).len(), 9, "served time counts all the same");
        world.verify();
    }
}

#[test]
fn a_start_goes_on_with_the_time_that_was_left() {
    let mut world = world();
    world.post(cancelled("o1"));
    world.pass(DAY_S - 10);
    world.post(received("TEA", "berlin", 1));
    world.restart();
    world.pass(9);
    world.quiet();
    world.pass(1);
    assert_eq!(world.conflict().kind, ConflictKind::Orphan);
}

#[test]
fn an_order_that_comes_in_time_settles_the_timer() {
    let mut world = world();
    world.post(fulfilled("o1", "f1", &[part("1", 3)]).at(2));
    world.pass(DAY_S - 1);
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
    assert_eq!((tea(&world), world.ledger.next_timer()), ((17, 2), None));
    world.pass(DAY_S);
    world.quiet();
}

#[test]
fn an_order_that_comes_too_late_lets_the_event_go_on_and_closes_the_question() {
    let mut world = world();
    let says = fulfilled("o1", "f1", &[part("1", 3)]).at(2).id("ship");
    let conflict = orphan(&mut world, says.clone());
    assert_eq!(world.post(says.clone()).original.unwrap().outcome, Outcome::Conflict);
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!(world.post(says).original.unwrap().outcome, Outcome::Applied);
    assert_eq!((tea(&world), numbers(&world, "o1", "1")), ((17, 2), [5, 2, 3, 0, 0]));
    world.quiet();
    let late = world.resolve(&conflict, O::Discard).unwrap_err();
    assert!(matches!(late, Refused::NotOpen), "{late}");
}

/// The order has come: how long it took is no question any more.
#[test]
fn what_went_on_with_its_order_is_taken_back_and_not_asked_about_again() {
    let mut world = world();
    let conflict = orphan(&mut world, fulfilled("o1", "f1", &[part("1", 3)]).at(2).id("ship"));
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
    let undo = world.post(reversed("shop", "ship"));
    assert_eq!((undo.outcome, tea(&world)), (Outcome::Applied, (20, 5)));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    world.quiet();
}

#[test]
fn a_shipment_that_comes_too_late_does_the_same_for_its_receipt() {
    let mut world = world();
    let conflict = orphan(&mut world, arrived("t1", "r1", &[goods("TEA", 3)]).at(9));
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 4)]).at(1));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!((tea(&world).0, world.on_hand("TEA", "hamburg")), (16, 23));
    world.quiet();
}

#[test]
fn a_confirmation_that_fits_only_in_part_begins_the_time_anew() {
    let mut world = world();
    world.post(reserved("h1", &[held("TEA", 2, "berlin")]).with("expires_in_s", 2 * DAY_S));
    let conflict = orphan(&mut world, fulfilled("o1", "f1", &[part("1", 3)]).at(2));
    world.post(confirmed("h1", "o1"));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!(world.store.waiting_count(), 1, "it waits for the rest of the order");
    world.pass(DAY_S - 1);
    world.quiet();
    world.pass(1);
    let again = world.conflict();
    assert_eq!(again.kind, ConflictKind::Orphan);
    apply(&mut world, &again, None, None).unwrap();
    assert_eq!(tea(&world), (17, 0));
    assert_eq!(numbers(&world, "o1", "1"), [2, 0, 3, 0, 0]);
}

#[test]
fn what_is_discarded_is_refused_for_good() {
    let mut world = world();
    let says = fulfilled("o1", "f1", &[part("1", 3)]).at(2).id("ship");
    let conflict = orphan(&mut world, says.clone());
    let record = world.resolve(&conflict, O::Discard).unwrap();
    assert!(record.effects.is_empty());
    assert_eq!(world.store.waiting_count(), 0);
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
    assert_eq!(tea(&world), (20, 5));
    assert_eq!(world.post(says).original.unwrap().outcome, Outcome::Rejected);
    world.quiet();
}

/// Units of two lines leave without their order: what the lines do not say, a person adds.
#[test]
fn a_shipment_needs_the_sku_and_the_location_from_its_lines_or_from_the_person() {
    let from = |row: Value| part_from(row["line"].as_str().unwrap(), 3, "berlin");
    let cases: [(Value, &[&str]); 4] = [
        (part("1", 3), &["sku", "location"]),
        (with_sku(part("1", 3), "TEA"), &["location"]),
        (from(part("1", 3)), &["sku"]),
        (with_sku(from(part("1", 3)), "TEA"), &[]),
    ];
    for (row, needed) in cases {
        let mut world = world();
        let conflict = orphan(&mut world, fulfilled("o1", "f1", &[row]).at(2));
        let held = world.store.record(conflict.events[0].seq).envelope.data.clone();
        assert_eq!(onhand::orphan::needs(&held, None), needed);
        let say = |field: &str, value| needed.contains(&field).then_some(value);
        let (sku, location) = (say("sku", "TEA"), say("location", "berlin"));
        for field in needed {
            let (sku, location) =
                (sku.filter(|_| *field != "sku"), location.filter(|_| *field != "location"));
            let refused = apply(&mut world, &conflict, sku, location).unwrap_err();
            assert!(matches!(refused, Refused::Needs { field: f, .. } if f == *field), "{refused}");
        }
        apply(&mut world, &conflict, sku, location).unwrap();
        assert_eq!((tea(&world), numbers(&world, "o1", "1")), ((17, 0), [0, 0, 3, 0, 0]));
        world.quiet();
    }
}

/// What a reservation was confirmed for is known of an order that was not placed yet. Here its line 1
/// is tea, and the shop says that it is mugs.
#[test]
fn an_orphan_of_another_item_than_is_known_gets_a_line_of_its_own() {
    let mut world =
        world().given([reserved("r1", &[held("TEA", 2, "berlin")]), confirmed("r1", "o1")]);
    let row = with_sku(part_from("1", 3, "berlin"), "MUG");
    let conflict = orphan(&mut world, fulfilled("o1", "f1", &[row]));
    apply(&mut world, &conflict, None, None).unwrap();
    assert_eq!((tea(&world), world.on_hand("MUG", "berlin")), ((20, 2), 2));
    assert_eq!(numbers(&world, "o1", "1"), [2, 2, 0, 0, 0]);
    assert_eq!(numbers(&world, "o1", "2"), [0, 0, 3, 0, 0]);
    // Then the shop's order comes: what was shipped was its line 1.
    world.post(placed("o1", &[line("1", "MUG", 3), line("2", "TEA", 2)]));
    assert_eq!(numbers(&world, "o1", "1"), [3, 0, 3, 0, 0]);
    assert_eq!(numbers(&world, "o1", "2"), [2, 2, 0, 0, 0]);
    world.quiet();
}

#[test]
fn another_item_than_is_known_cannot_be_cancelled_without_the_order() {
    let mut world =
        world().given([reserved("r1", &[held("TEA", 2, "berlin")]), confirmed("r1", "o1")]);
    let row = with_sku(part("1", 1), "MUG");
    let conflict = orphan(&mut world, cancelled("o1").with("lines", vec![row]));
    let refused = apply(&mut world, &conflict, None, None).unwrap_err();
    assert!(refused.to_string().contains("line \"1\" is TEA"), "{refused}");
    assert_eq!(tea(&world), (20, 2));
}

/// Lines by their names, each as ordered, promised, shipped, returned and cancelled units.
type Lines = &'static [(&'static str, [i64; 5])];

/// What was applied without the order, what the order then says, and what is so afterwards: its
/// lines, and tea at Berlin.
type Later = (Says, Vec<Value>, Lines, (i64, i64));

#[test]
fn an_order_that_comes_later_takes_over_what_happened_without_it() {
    let ship = |quantity| fulfilled("o1", "f1", &[part("1", quantity)]);
    let cancel = |quantity| cancelled("o1").with("lines", vec![part("1", quantity)]);
    let cases: [Later; 9] = [
        (ship(3), vec![line("1", "TEA", 5)], &[("1", [5, 2, 3, 0, 0])], (17, 2)),
        (ship(5), vec![line("1", "TEA", 5)], &[("1", [5, 0, 5, 0, 0])], (15, 0)),
        // More than the order says stays on record.
        (ship(7), vec![line("1", "TEA", 5)], &[("1", [5, 0, 7, 0, 0])], (13, 0)),
        // The same item on another line: the units left for this order.
        (
            ship(3),
            vec![line("1", "TEA", 1), line("2", "TEA", 4)],
            &[("1", [1, 0, 1, 0, 0]), ("2", [4, 2, 2, 0, 0])],
            (17, 2),
        ),
        // Another item than the person said: what left has left.
        (
            ship(3),
            vec![line("1", "MUG", 2)],
            &[("1", [2, 2, 0, 0, 0]), ("2", [0, 0, 3, 0, 0])],
            (17, 0),
        ),
        (cancel(2), vec![line("1", "TEA", 5)], &[("1", [5, 3, 0, 0, 2])], (20, 3)),
        // A cancellation is of its line alone, and of no more than that.
        (
            cancel(7),
            vec![line("1", "TEA", 5), line("2", "TEA", 4)],
            &[("1", [5, 0, 0, 0, 5]), ("2", [4, 4, 0, 0, 0])],
            (20, 4),
        ),
        (cancelled("o1"), vec![line("1", "TEA", 5)], &[("1", [5, 0, 0, 0, 5])], (20, 0)),
        (
            returned("o1", "r1", &[back("1", 2, true)]),
            vec![line("1", "TEA", 5)],
            &[("1", [5, 5, 0, 2, 0])],
            (22, 5),
        ),
    ];
    for (says, lines, after, level) in cases {
        let mut world = world();
        let conflict = orphan(&mut world, says.clone().at(2));
        apply_as_needed(&mut world, &conflict).unwrap();
        let order = world.post(placed("o1", &lines).at(1));
        assert_eq!(order.outcome, Outcome::Applied);
        for (id, expected) in after {
            assert_eq!(numbers(&world, "o1", id), *expected, "{says:?} line {id}");
        }
        assert_eq!(tea(&world), level, "{says:?}");
        world.quiet();
        world.verify();
    }
}

#[test]
fn a_cancellation_of_a_line_needs_only_what_the_line_is() {
    let mut world = world();
    let lines = vec![part("1", 2)];
    let conflict = orphan(&mut world, cancelled("o1").with("lines", lines));
    let refused = apply(&mut world, &conflict, None, None).unwrap_err();
    assert!(matches!(refused, Refused::Needs { field: "sku", .. }), "{refused}");
    // Of what it is, the order knows better: the cancellation is remembered by its line.
    apply(&mut world, &conflict, Some("MUG"), None).unwrap();
    world.post(placed("o1", &[line("1", "TEA", 5)]));
    assert_eq!(numbers(&world, "o1", "1"), [5, 3, 0, 0, 2]);
}

#[test]
fn what_was_shipped_without_its_order_can_come_back_and_be_shipped_on() {
    let mut world = world();
    let row = with_sku(part_from("1", 3, "berlin"), "TEA");
    let conflict = orphan(&mut world, fulfilled("o1", "f1", &[row]).at(2));
    apply(&mut world, &conflict, None, None).unwrap();
    world.post(returned("o1", "r1", &[back("1", 1, true)]).at(3));
    assert_eq!(tea(&world), (18, 0));
    let more = world.post(fulfilled("o1", "f2", &[part("1", 2)]).at(4));
    assert_eq!(more.outcome, Outcome::Parked, "more of it waits for the order again");
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
    assert_eq!(world.outcome(&more), Outcome::Applied);
    assert_eq!((tea(&world), numbers(&world, "o1", "1")), ((16, 0), [5, 0, 5, 1, 0]));
    world.quiet();
}

#[test]
fn a_second_shipment_without_the_order_asks_only_for_what_is_not_known_by_then() {
    let mut world = world();
    let row = with_sku(part_from("1", 3, "hamburg"), "TEA");
    let first = orphan(&mut world, fulfilled("o1", "f1", &[row]).at(2));
    apply(&mut world, &first, None, None).unwrap();
    let second = orphan(&mut world, fulfilled("o1", "f2", &[part("1", 2)]).at(3));
    apply(&mut world, &second, None, None).unwrap();
    assert_eq!(world.on_hand("TEA", "hamburg"), 15, "where the line was shipped from before");
}

#[test]
fn the_same_shipment_under_another_id_is_the_same_also_without_its_order() {
    let mut world = world();
    let says = fulfilled("o1", "f1", &[with_sku(part_from("1", 3, "berlin"), "TEA")]).at(2);
    let conflict = orphan(&mut world, says.clone());
    apply(&mut world, &conflict, None, None).unwrap();
    let again = world.post(says);
    assert_eq!(again.outcome, Outcome::Duplicate);
    assert_eq!(again.original.unwrap().outcome, Outcome::Applied);
    assert_eq!(tea(&world), (17, 0));
}

#[test]
fn a_kit_leaves_without_its_order_as_its_components() {
    let mut world = world().given([kit("SET", &[goods("TEA", 2), goods("MUG", 1)])]);
    let conflict = orphan(&mut world, fulfilled("o1", "f1", &[part("1", 2)]).at(2));
    apply(&mut world, &conflict, Some("SET"), Some("berlin")).unwrap();
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (16, 3));
    world.post(placed("o1", &[line_from("1", "SET", 3, "berlin")]).at(1));
    assert_eq!(numbers(&world, "o1", "1"), [3, 1, 2, 0, 0]);
    assert_eq!(world.committed("MUG", "berlin"), 1);
}

/// An amendment says all lines, so nothing is missing: the order that comes later adds nothing.
#[test]
fn an_amendment_that_is_applied_without_its_order_stands_for_it() {
    let mut world = world();
    let lines = [line("1", "TEA", 4), line("2", "MUG", 1)];
    let conflict = orphan(&mut world, amended("o1", 3, &lines).at(2));
    apply(&mut world, &conflict, None, None).unwrap();
    assert_eq!(tea(&world), (20, 4));
    world.post(fulfilled("o1", "f1", &[part("1", 1)]).at(3));
    assert_eq!(tea(&world), (19, 3), "what fits goes on without the order");
    let too_much = world.post(fulfilled("o1", "f2", &[part("1", 9)]).at(4));
    assert_eq!(too_much.outcome, Outcome::Conflict);
    let excess = world.conflict();
    assert_eq!(excess.kind, ConflictKind::Excess, "all that there is to ship is known");
    world.resolve(&excess, O::Discard).unwrap();
    let placed = world.post(placed("o1", &[line("1", "TEA", 9)]).at(1));
    assert_eq!(placed.outcome, Outcome::Applied);
    assert_eq!(placed.reason.as_deref(), Some("revision 3 stands"));
    assert_eq!((tea(&world), numbers(&world, "o1", "1")), ((19, 3), [4, 3, 1, 0, 0]));
    world.post(amended("o1", 4, &[line("1", "TEA", 2)]).at(5));
    assert_eq!(tea(&world), (19, 1));
    world.quiet();
}

#[test]
fn a_receipt_without_its_shipment_needs_to_know_where() {
    let mut world = world();
    let says = arrived("t1", "r1", &[goods("TEA", 3)]).at(5);
    let conflict = orphan(&mut world, says.clone());
    let refused = apply(&mut world, &conflict, None, None).unwrap_err();
    assert!(matches!(refused, Refused::Needs { field: "location", .. }), "{refused}");
    apply(&mut world, &conflict, None, Some("hamburg")).unwrap();
    assert_eq!(world.on_hand("TEA", "hamburg"), 23);
    assert_eq!(world.post(says).outcome, Outcome::Duplicate);
    let further = world.post(arrived("t1", "r2", &[goods("TEA", 1)]).at(6));
    assert_eq!(further.outcome, Outcome::Parked, "the shipment is still to come");
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(1));
    assert_eq!(world.outcome(&further), Outcome::Applied);
    let line = &world.transfer("t1").lines[0];
    assert_eq!((line.shipped, line.received, line.outstanding()), (10, 4, 6));
    let incoming = world.level("TEA", "hamburg").get(onhand::record::Bucket::Incoming);
    assert_eq!((tea(&world).0, world.on_hand("TEA", "hamburg"), incoming), (10, 24, 6));
    world.quiet();
}

#[test]
fn a_receipt_elsewhere_than_the_shipment_says_arrived_where_it_arrived() {
    let mut world = world();
    let conflict = orphan(&mut world, arrived("t1", "r1", &[goods("TEA", 3)]).at(5));
    apply(&mut world, &conflict, None, Some("munich")).unwrap();
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 2)]).at(1));
    let excess = world.conflict();
    assert_eq!(excess.kind, ConflictKind::Excess, "3 arrived, 2 left");
    assert_eq!(excess.events.last().unwrap().seq, conflict.events[0].seq);
    world.resolve(&excess, O::Cap).unwrap();
    assert_eq!((tea(&world).0, world.on_hand("TEA", "munich")), (18, 2));
    assert_eq!(world.on_hand("TEA", "hamburg"), 20);
    world.quiet();
}

#[test]
fn a_decision_that_is_taken_back_asks_again() {
    for option in [O::ApplyWithoutOrder, O::Discard] {
        let mut world = world();
        let row = with_sku(part_from("1", 3, "berlin"), "TEA");
        let conflict = orphan(&mut world, fulfilled("o1", "f1", &[row]).at(2).id("ship"));
        let record = world.resolve(&conflict, option).unwrap();
        let undo = world.post(reversed("onhand", record.envelope.id.as_str()));
        assert_eq!(undo.outcome, Outcome::Applied, "{undo:?}");
        let again = world.conflict();
        assert_eq!((again.id, tea(&world)), (conflict.id, (20, 0)));
        let says = fulfilled("o1", "f1", &[with_sku(part_from("1", 3, "berlin"), "TEA")]);
        let known = world.post(says.at(2).id("ship")).original.unwrap();
        assert_eq!(known.outcome, Outcome::Conflict, "{option:?}");
        world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
        assert_eq!((world.status(&conflict), tea(&world)), (ConflictStatus::AutoResolved, (17, 2)));
        world.verify();
    }
}

#[test]
fn a_decision_that_is_taken_back_after_the_order_has_come_lets_the_event_go_on() {
    let mut world = world();
    let row = with_sku(part_from("1", 3, "berlin"), "TEA");
    let conflict = orphan(&mut world, fulfilled("o1", "f1", &[row]).at(2));
    let record = world.resolve(&conflict, O::Discard).unwrap();
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
    assert_eq!(tea(&world), (20, 5));
    world.post(reversed("onhand", record.envelope.id.as_str()));
    assert_eq!((tea(&world), world.status(&conflict)), ((17, 2), ConflictStatus::AutoResolved));
    world.quiet();
}

#[test]
fn a_decision_that_is_taken_back_after_the_shipment_has_come_lets_its_receipt_go_on() {
    let mut world = world();
    let conflict = orphan(&mut world, arrived("t1", "r1", &[goods("TEA", 3)]).at(9));
    let record = world.resolve(&conflict, O::Discard).unwrap();
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 3)]).at(1));
    assert_eq!(world.on_hand("TEA", "hamburg"), 20);
    world.post(reversed("onhand", record.envelope.id.as_str()));
    assert_eq!(world.on_hand("TEA", "hamburg"), 23);
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    world.quiet();
}

/// A reservation that is confirmed for the order brings a part of it, so the event goes on as well.
#[test]
fn a_decision_that_is_taken_back_after_a_part_of_the_order_has_come_lets_the_event_go_on() {
    let hold = reserved("r1", &[held("TEA", 3, "berlin")]).with("expires_in_s", 2 * DAY_S);
    let mut world = world().given([hold]);
    let conflict = orphan(&mut world, cancelled("o1").at(2).id("early"));
    let record = world.resolve(&conflict, O::Discard).unwrap();
    world.post(confirmed("r1", "o1"));
    assert_eq!(tea(&world), (20, 3));
    world.post(reversed("onhand", record.envelope.id.as_str()));
    assert_eq!((tea(&world), world.status(&conflict)), ((20, 0), ConflictStatus::AutoResolved));
    world.quiet();
}

/// What happens to the part that is known brings no more of the order.
#[test]
fn a_decision_that_is_taken_back_after_a_shipment_of_what_is_known_lets_nothing_go_on() {
    let hold = reserved("r1", &[held("TEA", 3, "berlin")]).with("expires_in_s", 2 * DAY_S);
    let mut world = world().given([hold, confirmed("r1", "o1")]);
    let shipped = world.post(fulfilled("o1", "f1", &[part("1", 4)]).at(2));
    world.pass(DAY_S);
    let conflict = world.conflict();
    let record = world.resolve(&conflict, O::Discard).unwrap();
    world.post(fulfilled("o1", "f2", &[part("1", 1)]).at(3));
    world.post(reversed("onhand", record.envelope.id.as_str()));
    assert_eq!((world.conflict().id, world.outcome(&shipped)), (conflict.id, Outcome::Conflict));
    assert_eq!(tea(&world), (19, 2));
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
    assert_eq!((tea(&world), world.status(&conflict)), ((15, 0), ConflictStatus::AutoResolved));
}

#[test]
fn what_an_order_has_taken_over_is_not_taken_back_from_under_it() {
    for says in [
        fulfilled("o1", "f1", &[part("1", 3)]),
        cancelled("o1").with("lines", vec![part("1", 3)]),
        amended("o1", 1, &[line("1", "TEA", 3)]),
    ] {
        let mut world = world();
        let conflict = orphan(&mut world, says.at(2).id("early"));
        apply_as_needed(&mut world, &conflict).unwrap();
        world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
        let before = tea(&world);
        let undo = world.post(reversed("shop", "early"));
        assert_eq!((undo.outcome, tea(&world)), (Outcome::Rejected, before), "{undo:?}");
    }
}

#[test]
fn what_was_applied_without_its_order_can_be_taken_back_before_that_comes() {
    let mut world = world();
    let conflict = orphan(&mut world, fulfilled("o1", "f1", &[part("1", 3)]).at(2).id("early"));
    apply(&mut world, &conflict, Some("TEA"), Some("berlin")).unwrap();
    assert_eq!(world.post(reversed("shop", "early")).outcome, Outcome::Applied);
    assert_eq!(tea(&world), (20, 0));
    assert_eq!(world.post(cancelled("o1")).outcome, Outcome::Parked, "nothing is known of it");
    world.post(item("CAP"));
    world.verify();
}

#[test]
fn more_than_one_batch_of_orphans_is_asked_about_and_can_be_answered() {
    let mut world = world();
    world.replay_always = false;
    world.batch((0..2_500).map(|n| cancelled(&format!("o{n}"))));
    world.pass(DAY_S);
    assert_eq!(world.open(ConflictKind::Orphan).len(), 2_500);
    assert_eq!(world.ledger.next_timer(), None);
    world.verify();
}

#[test]
fn the_option_is_worded_by_what_is_missing() {
    let mut of_order = world();
    let of_order = orphan(&mut of_order, fulfilled("o1", "f1", &[part("1", 3)]).at(2));
    let mut of_transfer = world();
    let of_transfer = orphan(&mut of_transfer, arrived("t1", "r1", &[goods("TEA", 1)]).at(2));
    let label = O::ApplyWithoutOrder.label();
    assert_eq!(of_order.label(O::ApplyWithoutOrder), label);
    assert_ne!(of_transfer.label(O::ApplyWithoutOrder), label);
}

#[test]
fn a_timer_that_is_settled_asks_nothing() {
    let mut world = world();
    let parked = world.post(cancelled("o1"));
    let timer = Input::Timer(Timer::Orphan(parked.seq.unwrap()));
    world.post(placed("o1", &[line("1", "TEA", 1)]));
    world.uptime = world.uptime.plus_seconds(DAY_S);
    let answers = world.answers(&[timer]);
    assert!(matches!(answers[0], Processed::NotDue), "{answers:?}");
    world.quiet();
}

proptest! {
    #![proptest_config(cases(120))]

    /// Whatever was shipped, returned or cancelled without the order, line by line, and whatever the
    /// order then says: each unit that moved is on record once, and of each line exactly that is
    /// promised which nothing else is known of.
    #[test]
    fn nothing_is_lost_or_doubled_when_the_order_comes_after_all(
        early in proptest::collection::vec((0..3_u8, 1..5_i64, 1..4_u8), 1..6),
        ordered in proptest::collection::vec(1..8_i64, 1..4),
    ) {
        let mut world = world();
        world.replay_always = false;
        let (mut shipped, mut returned_units) = (0, 0);
        let mut given_up: BTreeMap<String, i64> = BTreeMap::new();
        for (number, (kind, quantity, id)) in early.into_iter().enumerate() {
            let (id, fact) = (id.to_string(), number.to_string());
            let says = match kind {
                0 => fulfilled("o1", &fact, &[part(&id, quantity)]),
                1 => returned("o1", &fact, &[back(&id, quantity, true)]),
                _ => cancelled("o1").with("lines", vec![part(&id, quantity)]),
            };
            if world.post(says).outcome == Outcome::Parked {
                world.pass(DAY_S);
                let orphan = world.open(ConflictKind::Orphan).remove(0);
                apply_as_needed(&mut world, &orphan).unwrap();
            }
            shipped += if kind == 0 { quantity } else { 0 };
            returned_units += if kind == 1 { quantity } else { 0 };
            *given_up.entry(id).or_default() += if kind == 2 { quantity } else { 0 };
        }
        let lines = ordered.iter().zip(1..);
        let lines = lines.map(|(units, id)| line(&id.to_string(), "TEA", *units));
        world.post(placed("o1", &lines.collect::<Vec<_>>()));
        let order = world.store.order("o1").unwrap();
        let sum = |of: fn(&OrderLine) -> i64| order.lines.iter().map(of).sum::<i64>();
        prop_assert_eq!(sum(|line| line.ordered), ordered.iter().sum::<i64>());
        let moved = (sum(OrderLine::fulfilled), sum(OrderLine::returned));
        prop_assert_eq!(moved, (shipped, returned_units));
        for line in &order.lines {
            let known = line.committed() + line.fulfilled() + line.cancelled;
            prop_assert!(known >= line.ordered, "units of {line:?} are lost");
            let promised_once = known == line.ordered || line.committed() == 0;
            prop_assert!(promised_once, "{line:?} is promised twice");
            let left = (line.ordered - line.fulfilled()).max(0);
            let wanted = given_up.get(line.line.as_str()).copied().unwrap_or_default();
            prop_assert_eq!(line.cancelled, wanted.min(left), "a cancellation is of its line");
        }
        prop_assert_eq!(tea(&world), (20 - shipped + returned_units, sum(OrderLine::committed)));
        world.verify();
    }
}

/// What a person has applied without its order was there before the order was placed, and is there
/// when the placing is taken back. What has happened to its lines since, rests on it.
#[test]
fn a_placing_goes_back_to_what_was_cancelled_without_it() {
    let early = [part("1", 5), part("2", 2)];
    let lines = [line("2", "TEA", 4), line_from("3", "TEA", 9, "berlin")];
    let later: [(Option<Says>, Outcome); 2] = [
        (None, Outcome::Applied),
        (Some(cancelled("o1").with("lines", vec![part("2", 1)]).at(10)), Outcome::Rejected),
    ];
    for (later, outcome) in later {
        let mut world = world();
        let conflict = orphan(&mut world, cancelled("o1").with("lines", early.to_vec()));
        apply(&mut world, &conflict, Some("TEA"), None).unwrap();
        let known = ["1", "2"].map(|id| numbers(&world, "o1", id));
        assert_eq!(known, [[0, 0, 0, 0, 5], [0, 0, 0, 0, 2]]);
        world.post(placed("o1", &lines).id("p"));
        assert_eq!(numbers(&world, "o1", "2"), [4, 2, 0, 0, 2]);
        if let Some(later) = later {
            assert_eq!(world.post(later).outcome, Outcome::Applied);
        }
        let result = world.post(reversed("shop", "p"));
        assert_eq!(result.outcome, outcome, "{result:?}");
        if outcome == Outcome::Applied {
            assert_eq!(["1", "2"].map(|id| numbers(&world, "o1", id)), known);
            assert_eq!(world.store.order("o1").unwrap().lines.len(), 2);
            assert_eq!(tea(&world), (20, 0));
        }
        world.verify();
    }
}

/// What comes back without its order has to say what it is, and where it is put if it is put anywhere.
#[test]
fn a_return_needs_a_location_only_where_it_is_restocked() {
    let known = |row: Value| with_sku(row, "TEA");
    let cases: [(Value, &[&str]); 4] = [
        (back("1", 1, true), &["sku", "location"]),
        (known(back("1", 1, true)), &["location"]),
        (back("1", 1, false), &["sku"]),
        (known(back("1", 1, false)), &[]),
    ];
    for (row, needed) in cases {
        let event = returned("o1", "r1", &[row]).event("r");
        assert_eq!(onhand::orphan::needs(&event.data, None), needed);
    }
}

/// What was promised by an amendment and is released with it is counted as cancelled, so the
/// cancellation cannot go again once somebody has amended the order since.
#[test]
fn what_is_cancelled_as_a_whole_after_an_early_amendment_is_cancelled() {
    let lines = [line("1", "TEA", 3)];
    let mut world = world();
    let whole = orphan(&mut world, cancelled("o1").id("gone"));
    let early = world.post(amended("o1", 1, &lines));
    world.pass(86_400);
    let amendment = world.open(ConflictKind::Orphan).pop().unwrap();
    assert_eq!(amendment.events[0].seq, early.seq.unwrap());
    apply(&mut world, &amendment, None, None).unwrap();
    assert_eq!(tea(&world), (20, 3));
    apply(&mut world, &whole, None, None).unwrap();
    assert_eq!((numbers(&world, "o1", "1"), tea(&world)), ([3, 0, 0, 0, 3], (20, 0)));
    world.post(amended("o1", 2, &lines));
    let undo = world.post(reversed("shop", "gone"));
    assert_eq!((undo.outcome, tea(&world)), (Outcome::Rejected, (20, 3)));
}

/// An amendment has said all lines, so nothing is to be remembered for when the order comes: more than
/// there is to cancel is not cancelled, as with `apply_anyway` of an order that was placed.
#[test]
fn after_an_early_amendment_only_what_is_there_is_cancelled() {
    for row in [part("1", 7), part("9", 7)] {
        let mut world = world();
        let rows = cancelled("o1").with("lines", vec![with_sku(row, "TEA")]);
        let some = orphan(&mut world, rows);
        world.post(amended("o1", 1, &[line("1", "TEA", 3)]));
        world.pass(86_400);
        let amendment = world.open(ConflictKind::Orphan).pop().unwrap();
        apply(&mut world, &amendment, None, None).unwrap();
        apply(&mut world, &some, None, None).unwrap();
        let order = world.store.order("o1").unwrap();
        let cancelled: Vec<i64> = order.lines.iter().map(|line| line.cancelled).collect();
        assert!(cancelled == [3] || cancelled == [0], "{order:?}");
        assert_eq!(tea(&world).1 + cancelled[0], 3);
    }
}

/// The early amendment stands for the order, on which a later revision rests: taken back, it can stand
/// again.
#[test]
fn a_revision_after_an_early_amendment_stands_again_without_the_order() {
    let mut world = world();
    let early = orphan(&mut world, amended("o1", 1, &[line("1", "TEA", 3)]));
    apply(&mut world, &early, None, None).unwrap();
    world.post(amended("o1", 2, &[line("1", "TEA", 5)]).id("later"));
    world.post(reversed("shop", "later").id("undo"));
    assert_eq!(tea(&world), (20, 3));
    let again = world.post(reversed("desk", "undo"));
    assert_eq!((again.outcome, again.reason), (Outcome::Applied, None));
    assert_eq!((tea(&world), numbers(&world, "o1", "1")), ((20, 5), [5, 5, 0, 0, 0]));
}
