//! Records that change several orders: each is named in what a level holds for it, and found by the
//! orders that it is about.

use onhand::conflict::{CancelledPart, Choice, ResolutionOption as O};
use onhand::history::{Step, TERMS_MAX, explain, steps};
use onhand::record::{Bucket, Outcome, Record};

use crate::harness::{World, choice};
use crate::says::{fulfilled, goods, kit, line_from, part, placed, received, reversed};

/// What Berlin, or Hamburg, holds of TEA for each order.
fn held(world: &World, place: &str) -> Vec<(String, i64)> {
    let all = world.store.journal.iter().flat_map(|entry| steps(&entry.record));
    let here = all.filter(|(sku, location, _)| (sku.as_str(), location.as_str()) == ("TEA", place));
    let steps: Vec<Step> = here.map(|(.., step)| step).collect();
    let holds = explain(&steps, TERMS_MAX).holds;
    let total: i64 = holds.iter().map(|hold| hold.quantity).sum();
    assert_eq!(total, world.level("TEA", place).get(Bucket::Committed));
    let named = holds.into_iter().map(|hold| {
        (hold.order.map_or_else(String::new, |order| order.to_string()), hold.quantity)
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named
}

fn of(order: &str, units: i64) -> (String, i64) {
    (order.to_owned(), units)
}

/// All orders that a record is about.
fn orders(record: &Record) -> Vec<&str> {
    let all = record.order().into_iter().chain(record.further_orders());
    let mut all: Vec<&str> = all.map(onhand::id::OrderId::as_str).collect();
    all.sort_unstable();
    all
}

/// 2 TEA at Berlin, promised 3 and 4 in two orders; 9 at Hamburg.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 2),
        received("TEA", "hamburg", 9),
        placed("o1", &[line_from("1", "TEA", 3, "berlin")]),
        placed("o2", &[line_from("1", "TEA", 4, "berlin")]),
    ])
}

#[test]
fn lines_that_one_decision_cancels_are_let_go_by_each_order() {
    let mut world = world();
    let line = |order: &str, units: i64| CancelledPart {
        order: order.parse().unwrap(),
        line: "1".parse().unwrap(),
        quantity: Some(units),
    };
    let conflict = world.conflict();
    let lines = vec![line("o1", 2), line("o2", 4)];
    let decision = world.choose(Choice { lines, ..choice(&conflict, O::CancelLines) }).unwrap();
    assert_eq!(orders(&decision), ["o1", "o2"]);
    assert_eq!(held(&world, "berlin"), [of("o1", 1)]);
    let event = &decision.envelope;
    let taken_back = world.post(reversed(event.source.as_str(), event.id.as_str()));
    assert_eq!(taken_back.outcome, Outcome::Applied);
    assert_eq!(orders(&world.store.journal.last().unwrap().record), ["o1", "o2"]);
    assert_eq!(held(&world, "berlin"), [of("o1", 3), of("o2", 4)]);
}

#[test]
fn units_that_one_decision_promises_elsewhere_are_held_there_for_each_order() {
    let mut world = world();
    let conflict = world.conflict();
    let location = Some("hamburg".parse().unwrap());
    world.choose(Choice { location, ..choice(&conflict, O::Reallocate) }).unwrap();
    let mut both = held(&world, "berlin");
    assert_eq!(both.iter().map(|(_, units)| units).sum::<i64>(), 2);
    both.extend(held(&world, "hamburg"));
    for (order, units) in [("o1", 3), ("o2", 4)] {
        let own: i64 = both.iter().filter(|(name, _)| name == order).map(|(_, units)| units).sum();
        assert_eq!(own, units, "{order} in {both:?}");
    }
}

#[test]
fn a_second_content_lets_the_units_of_the_firsts_order_go() {
    let mut world = world().given([received("TEA", "berlin", 20)]);
    world.post(placed("o3", &[line_from("1", "TEA", 3, "berlin")]).id("x"));
    world.post(placed("o4", &[line_from("1", "TEA", 5, "berlin")]).id("x"));
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(orders(&decision), ["o3", "o4"]);
    assert_eq!(held(&world, "berlin"), [of("o1", 3), of("o2", 4), of("o4", 5)]);
}

/// A decision that changes nothing in an order is about it if the question was.
#[test]
fn a_decision_to_leave_an_order_as_it_is_is_about_it() {
    let mut world = world();
    world.post(fulfilled("o1", "f1", &[part("1", 9)]));
    let asked = world.store.open_conflicts().find(|conflict| conflict.order.is_some()).cloned();
    let decision = world.resolve(&asked.unwrap(), O::Discard).unwrap();
    assert_eq!(orders(&decision), ["o1"]);
}

/// A set is two TEA and a MUG: of each set that is promised no more, its tea is let go twice over.
#[test]
fn kits_that_one_decision_cancels_let_their_components_go() {
    let mut world = World::new().given([
        kit("SET", &[goods("TEA", 2), goods("MUG", 1)]),
        received("TEA", "berlin", 3),
        received("MUG", "berlin", 9),
        placed("o1", &[line_from("1", "SET", 3, "berlin")]),
        placed("o2", &[line_from("1", "SET", 4, "berlin")]),
    ]);
    let conflict = world.conflict();
    let line = |order: &str, sets: i64| CancelledPart {
        order: order.parse().unwrap(),
        line: "1".parse().unwrap(),
        quantity: Some(sets),
    };
    let lines = vec![line("o1", 2), line("o2", 1)];
    world.choose(Choice { lines, ..choice(&conflict, O::CancelLines) }).unwrap();
    assert_eq!(held(&world, "berlin"), [of("o1", 2), of("o2", 6)]);
}
