//! Facts are never refused for lack of stock: where they take `available` below zero, a conflict
//! opens once, and closes by itself when the stock is back.

use onhand::conflict::{Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::ledger::Refused;
use onhand::record::Outcome;
use onhand::state::Oversold;

use crate::harness::World;
use crate::says::{
    adjusted, cancelled, counted, fulfilled, goods, line, line_from, moved, part, placed, received,
    reversed, set, shipped,
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
    assert_eq!(world.conflict().id, conflict.id, "still the same");
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
    assert_eq!(world.conflict().id, conflict.id);
}

/// Numbers on hand, committed, and short, as they are shown.
fn shown(conflict: &Conflict) -> [&str; 3] {
    [0, 1, 2].map(|place| conflict.evidence[place].value.as_str())
}

#[test]
fn it_shows_the_numbers_as_they_are_and_a_decision_on_earlier_ones_is_refused() {
    let (mut world, conflict) = oversold();
    assert_eq!((shown(&conflict), conflict.version), (["3", "5", "2"], 1));
    let moves = [
        (placed("o2", &[line_from("1", "TEA", 4, "berlin")]), ["3", "9", "6"], 2),
        (received("TEA", "berlin", 1), ["4", "9", "5"], 3),
        (fulfilled("o1", "f1", &[part("1", 5)]), ["-1", "4", "5"], 4),
        // What it does not show is no other question.
        (shipped("t1", "hamburg", "berlin", &[goods("TEA", 7)]), ["-1", "4", "5"], 4),
        (received("TEA", "hamburg", 1), ["-1", "4", "5"], 4),
        (moved("TEA", "berlin", 1, "available", "damaged"), ["-1", "4", "6"], 5),
    ];
    for (says, numbers, version) in moves {
        world.post(says);
        let now = world.open(ConflictKind::Oversold).remove(0);
        assert_eq!((now.id, shown(&now), now.version), (conflict.id, numbers, version));
    }
    let refused = world.resolve(&conflict, O::Acknowledge).unwrap_err();
    assert!(matches!(refused, Refused::Changed { now: 5, seen: 1 }), "{refused}");
    world.resolve(&world.open(ConflictKind::Oversold)[0], O::Acknowledge).unwrap();
}

/// That the numbers went with a movement, and came back with it, decides nothing.
#[test]
fn a_movement_is_taken_back_and_stands_again_while_the_level_is_short() {
    let (mut world, conflict) = oversold();
    let says = [
        adjusted("TEA", "berlin", -1).id("broken"),
        reversed("wms", "broken").id("back"),
        reversed("desk", "back"),
    ];
    for (says, short) in says.into_iter().zip(["3", "2", "3"]) {
        assert_eq!(world.post(says).outcome, Outcome::Applied);
        let now = world.conflict();
        assert_eq!((now.id, shown(&now)[2]), (conflict.id, short));
    }
}

#[test]
fn a_shortage_that_is_asked_about_again_shows_the_numbers_as_they_are() {
    let (mut world, conflict) = oversold();
    let decision = world.resolve(&conflict, O::Acknowledge).unwrap();
    world.post(adjusted("TEA", "berlin", -1));
    world.post(reversed("onhand", decision.envelope.id.as_str()));
    let again = world.conflict();
    assert_eq!((again.id, shown(&again), again.version), (conflict.id, ["2", "5", "3"], 3));
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

/// A question that is over says what was asked, not what has become of the level since.
#[test]
fn what_was_asked_stands_though_nothing_is_short_when_the_answer_is_taken_back() {
    let (mut world, conflict) = oversold();
    let decision = world.resolve(&conflict, O::Acknowledge).unwrap();
    world.post(received("TEA", "berlin", 9));
    world.post(reversed("onhand", decision.envelope.id.as_str()));
    let over = world.store.conflict(conflict.id);
    assert_eq!((over.status, &over.evidence), (ConflictStatus::AutoResolved, &conflict.evidence));
}

/// The order is taken back, which ends the question, and stands again. Nobody has to answer what is
/// over: they are asked anew.
#[test]
fn what_has_ended_the_question_can_be_taken_back() {
    let mut world = World::new().given([
        received("TEA", "berlin", 1).at(-1_000),
        placed("o1", &[line("1", "TEA", 3)]).id("order"),
    ]);
    let conflict = world.conflict();
    world.post(reversed("shop", "order").id("back"));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    world.quiet();
    assert_eq!(world.post(reversed("desk", "back")).outcome, Outcome::Applied);
    assert_eq!(world.available("TEA", "berlin"), -2);
    let again = world.conflict();
    assert_eq!(again.kind, ConflictKind::Oversold);
    assert_ne!(again.id, conflict.id);
}
