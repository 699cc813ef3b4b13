//! Facts are never refused for lack of stock: where they take `available` below zero, a conflict
//! opens once, and closes by itself when the stock is back.

use onhand::conflict::{Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::record::Outcome;
use onhand::state::Oversold;

use crate::harness::World;
use crate::says::{
    adjusted, cancelled, counted, fulfilled, line, line_from, part, placed, received, set,
};

/// 3 units at Berlin, 5 ordered.
fn oversold() -> (World, Conflict) {
    let mut world = World::new().given([received("TEA", "berlin", 3)]);
    let order = world.post(placed("o1", &[line_from("1", "TEA", 5, "berlin")]));
    assert_eq!((order.outcome, order.conflict), (Outcome::Applied, None));
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Oversold);
    (world, conflict)
}

#[test]
fn the_truth_is_never_clamped() {
    let (world, conflict) = oversold();
    assert_eq!(world.available("TEA", "berlin"), -2);
    assert_eq!(conflict.sku.unwrap().as_str(), "TEA");
    assert_eq!(conflict.location.unwrap().as_str(), "berlin");
    let short = conflict.evidence.iter().find(|fact| fact.label == "short by").unwrap();
    assert_eq!(short.value, "2");
}

/// Everything that can take `available` below zero opens it.
#[test]
fn every_kind_of_event_can_open_it() {
    let says = [
        adjusted("TEA", "berlin", -1),
        adjusted("TEA", "berlin", 1).with("state", "damaged"),
        counted("TEA", "berlin", 2).at(60),
        set("TEA", "berlin", 2, 2),
        placed("o2", &[line_from("1", "TEA", 1, "berlin")]),
    ];
    for (says, expected) in says.into_iter().zip([true, false, true, true, true]) {
        let mut world = World::new().given([
            received("TEA", "berlin", 3),
            placed("o1", &[line_from("1", "TEA", 3, "berlin")]),
        ]);
        assert_eq!(world.post(says.clone()).outcome, Outcome::Applied);
        assert_eq!(world.open(ConflictKind::Oversold).len(), usize::from(expected), "{says:?}");
    }
}

#[test]
fn it_opens_once_for_a_level_and_apart_for_each() {
    let (mut world, conflict) = oversold();
    world.post(placed("o2", &[line_from("1", "TEA", 5, "berlin")]));
    assert_eq!(world.conflict(), conflict, "still the same");
    let lines = [line_from("1", "TEA", 1, "hamburg"), line_from("2", "MUG", 1, "berlin")];
    world.post(placed("o3", &lines));
    let ids: Vec<_> = world.open(ConflictKind::Oversold).iter().map(|c| c.id.number()).collect();
    assert_eq!(ids, [1, 2, 3], "one event opens several under different ids");
}

#[test]
fn it_closes_by_itself_at_zero() {
    let (mut world, conflict) = oversold();
    world.post(received("TEA", "berlin", 1));
    assert_eq!(world.status(&conflict), ConflictStatus::Open);
    world.post(received("TEA", "berlin", 1));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!(world.level("TEA", "berlin").oversold, Oversold::No);
    world.post(adjusted("TEA", "berlin", -1));
    let again = world.conflict();
    assert!(again.id > conflict.id, "a new shortage is a new conflict");
}

#[test]
fn a_cancellation_closes_it_too() {
    let (mut world, conflict) = oversold();
    world.post(cancelled("o1"));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
}

#[test]
fn shipping_what_was_promised_neither_opens_nor_closes_it() {
    let (mut world, conflict) = oversold();
    world.post(fulfilled("o1", "f1", &[part("1", 5)]));
    assert_eq!((world.on_hand("TEA", "berlin"), world.available("TEA", "berlin")), (-2, -2));
    assert_eq!(world.conflict(), conflict);
}

#[test]
fn once_acknowledged_it_opens_again_only_after_a_recovery() {
    let (mut world, conflict) = oversold();
    let version = world.version("TEA", "berlin");
    world.resolve(&conflict, O::Acknowledge).unwrap();
    assert_eq!(world.level("TEA", "berlin").oversold, Oversold::Acknowledged);
    assert_eq!(world.version("TEA", "berlin"), version, "nothing moved");
    world.post(placed("o2", &[line_from("1", "TEA", 9, "berlin")]));
    world.post(received("TEA", "berlin", 10));
    world.quiet();
    assert_eq!(world.available("TEA", "berlin"), -1);
    world.post(received("TEA", "berlin", 1));
    assert_eq!(world.level("TEA", "berlin").oversold, Oversold::No);
    world.post(adjusted("TEA", "berlin", -1));
    assert!(world.conflict().id > conflict.id);
}

#[test]
fn numbers_of_conflicts_go_on_after_a_replay() {
    let (world, conflict) = oversold();
    world.verify();
    assert_eq!(world.ledger.state().head().conflicts, conflict.id.number());
}

#[test]
fn an_event_held_for_another_reason_opens_nothing() {
    let mut world = World::new();
    world.post(placed("o1", &[line("1", "NEW", 5)]));
    assert!(world.open(ConflictKind::Oversold).is_empty());
}
