//! Safeguard 2: only absolute facts go stale; a count is the starting point for everything after
//! its moment, whenever that arrives.

use onhand::record::{Bucket, Change, Outcome};

use crate::harness::World;
use crate::says::{
    adjusted, back, counted, fulfilled, item, line, line_from, part, placed, received, returned,
    second, set,
};

#[test]
fn a_count_sets_on_hand() {
    let mut world = World::new().given([received("TEA", "berlin", 20)]);
    let count = world.post(counted("TEA", "berlin", 17).at(60));
    assert_eq!(count.outcome, Outcome::Applied);
    assert_eq!((count.effects[0].delta, count.effects[0].after), (-3, 17));
    assert_eq!(world.level("TEA", "berlin").counted.unwrap().time, second(60));
}

#[test]
fn a_count_of_a_level_without_history_starts_it() {
    let mut world = World::new();
    world.post(counted("TEA", "berlin", 0));
    let level = world.level("TEA", "berlin");
    assert_eq!((level.get(Bucket::OnHand), level.version), (0, 1));
}

#[test]
fn an_accepted_count_raises_the_version_even_where_it_finds_what_was_believed() {
    let mut world = World::new().given([received("TEA", "berlin", 20)]);
    let count = world.post(counted("TEA", "berlin", 20).at(60));
    assert_eq!(count.outcome, Outcome::Applied);
    assert!(count.effects.is_empty());
    assert_eq!(world.version("TEA", "berlin"), 2);
}

#[test]
fn a_count_older_than_the_newest_accepted_one_is_superseded() {
    let mut world = World::new().given([counted("TEA", "berlin", 20).at(100)]);
    let late = world.post(counted("TEA", "berlin", 5).at(99));
    assert_eq!(late.outcome, Outcome::Superseded);
    assert!(late.reason.unwrap().contains("newer count"));
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
    assert_eq!(world.version("TEA", "berlin"), 1);
}

#[test]
fn staleness_knows_each_level_apart() {
    let mut world = World::new().given([counted("TEA", "berlin", 20).at(100)]);
    for says in [counted("TEA", "hamburg", 5).at(10), counted("MUG", "berlin", 6).at(10)] {
        assert_eq!(world.post(says).outcome, Outcome::Applied);
    }
}

/// A count at second 100 finds 10; everything that moved after it is added, however the events
/// arrive.
#[test]
fn a_count_adds_what_moved_after_it_whenever_that_arrived() {
    let facts = || {
        [
            received("TEA", "berlin", 50).at(20),
            counted("TEA", "berlin", 10).at(100),
            adjusted("TEA", "berlin", -3).at(150),
            received("TEA", "berlin", 5).at(200),
        ]
    };
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1], [1, 0, 3, 2], [2, 1, 3, 0]] {
        let mut world = World::new();
        let facts = facts();
        for index in order {
            world.post(facts[index].clone());
        }
        assert_eq!(world.on_hand("TEA", "berlin"), 12, "{order:?}");
        world.quiet();
    }
}

#[test]
fn the_same_holds_within_one_batch() {
    let mut world = World::new();
    world.batch([
        received("TEA", "berlin", 5).at(200),
        adjusted("TEA", "berlin", -3).at(150),
        counted("TEA", "berlin", 10).at(100),
    ]);
    assert_eq!(world.on_hand("TEA", "berlin"), 12);
}

#[test]
fn the_same_holds_for_a_level_whose_item_came_in_the_same_batch() {
    let mut world = World::new();
    world.batch([
        item("NEW"),
        placed("o1", &[line_from("1", "NEW", 1, "berlin")]),
        received("NEW", "berlin", 5).at(200),
        counted("NEW", "berlin", 10).at(100),
    ]);
    assert_eq!(world.on_hand("NEW", "berlin"), 15);
}

#[test]
fn a_movement_at_the_very_moment_of_the_count_is_in_it() {
    let mut world = World::new().given([received("TEA", "berlin", 20)]);
    world.post(adjusted("TEA", "berlin", -3).at(100));
    world.post(counted("TEA", "berlin", 10).at(100));
    assert_eq!(world.on_hand("TEA", "berlin"), 10);
}

#[test]
fn a_late_relative_fact_is_absorbed_by_the_count_that_contains_it() {
    let mut world = World::new().given([counted("TEA", "berlin", 10).at(100)]);
    for (says, seconds) in
        [(received("TEA", "berlin", 5), 50), (adjusted("TEA", "berlin", -2), 100)]
    {
        let late = world.post(says.at(seconds));
        assert_eq!(late.outcome, Outcome::Absorbed);
        assert!(late.effects.is_empty());
    }
    assert_eq!(world.on_hand("TEA", "berlin"), 10);
    assert_eq!(world.version("TEA", "berlin"), 1);
    let record = world.store.record(world.ledger.state().head().seq);
    assert!(
        record.changes.iter().any(|change| matches!(change, Change::Absorbed { delta: -2, .. }))
    );
    assert_eq!(record.mentions.len(), 1, "the history of the SKU shows it");
}

#[test]
fn what_is_absorbed_does_not_come_back_with_the_next_count() {
    let mut world = World::new().given([counted("TEA", "berlin", 10).at(100)]);
    world.post(received("TEA", "berlin", 5).at(50));
    world.post(counted("TEA", "berlin", 8).at(200));
    assert_eq!(world.on_hand("TEA", "berlin"), 8);
}

#[test]
fn absorption_takes_the_state_that_moves_with_on_hand_as_well() {
    let mut world = World::new().given([counted("TEA", "berlin", 10).at(100)]);
    let late = world.post(adjusted("TEA", "berlin", 2).with("state", "damaged").at(50));
    assert_eq!(late.outcome, Outcome::Absorbed);
    assert_eq!(world.level("TEA", "berlin").get(Bucket::Damaged), 0);
}

#[test]
fn a_sale_is_never_dropped_for_being_late() {
    let mut world = World::new().given([counted("TEA", "berlin", 10).at(100)]);
    let order = world.post(placed("o1", &[line("1", "TEA", 4)]).at(50));
    assert_eq!(order.outcome, Outcome::Applied);
    let shipped = world.post(fulfilled("o1", "f1", &[part("1", 4)]).at(60));
    assert_eq!(shipped.outcome, Outcome::Applied, "its part in committed still applies");
    assert_eq!(world.on_hand("TEA", "berlin"), 10, "the count contains the shipment");
    assert_eq!(world.committed("TEA", "berlin"), 0);
    let line = world.order_line("o1", "1");
    assert_eq!((line.committed(), line.fulfilled()), (0, 4));
}

#[test]
fn a_late_return_is_absorbed_and_still_noted_on_the_order() {
    let mut world = World::new().given([
        received("TEA", "berlin", 10),
        placed("o1", &[line("1", "TEA", 4)]).at(1),
        fulfilled("o1", "f1", &[part("1", 4)]).at(2),
        counted("TEA", "berlin", 8).at(100),
    ]);
    let late = world.post(returned("o1", "r1", &[back("1", 2, true)]).at(50));
    assert_eq!(late.outcome, Outcome::Absorbed);
    assert_eq!(world.on_hand("TEA", "berlin"), 8);
    assert_eq!(world.order_line("o1", "1").returned(), 2);
}

#[test]
fn an_event_absorbed_in_part_is_applied() {
    let mut world = World::new().given([
        received("TEA", "berlin", 10),
        received("MUG", "berlin", 10),
        placed("o1", &[line("1", "TEA", 1), line("2", "MUG", 1)]).at(1),
        fulfilled("o1", "f1", &[part("1", 1), part("2", 1)]).at(2),
        counted("TEA", "berlin", 9).at(100),
    ]);
    let lines = [back("1", 1, true), back("2", 1, true)];
    let late = world.post(returned("o1", "r1", &lines).at(50));
    assert_eq!(late.outcome, Outcome::Applied);
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (9, 10));
}

#[test]
fn a_set_is_no_starting_point_but_counts_as_a_movement() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(10)]);
    world.post(set("TEA", "berlin", 15, 1).at(200));
    assert!(world.level("TEA", "berlin").counted.is_none());
    let before_it = world.post(received("TEA", "berlin", 1).at(150));
    assert_eq!(before_it.outcome, Outcome::Applied, "a set absorbs nothing");
    world.post(counted("TEA", "berlin", 30).at(100));
    assert_eq!(world.on_hand("TEA", "berlin"), 30 - 5 + 1);
}

#[test]
fn a_parked_fact_is_measured_by_its_own_time() {
    let mut world = World::new().given([counted("TEA", "berlin", 10).at(100)]);
    world.post(fulfilled("o1", "f1", &[part("1", 2)]).at(50));
    world.post(fulfilled("o1", "f2", &[part("1", 3)]).at(150));
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(40));
    assert_eq!(world.on_hand("TEA", "berlin"), 7, "only the shipment after the count moves it");
    assert_eq!(world.committed("TEA", "berlin"), 0);
    world.post(counted("TEA", "berlin", 20).at(120));
    assert_eq!(world.on_hand("TEA", "berlin"), 17, "and does so for a later count, too");
}
