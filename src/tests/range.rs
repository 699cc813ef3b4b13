//! No number leaves its range: what would take one out is invalid, and nothing is recorded.

use onhand::conflict::{ConflictKind, ResolutionOption as O};
use onhand::ledger::Refused;
use onhand::quantity::QUANTITY_MAX;
use onhand::record::Outcome;

use crate::harness::World;
use crate::says::{
    Says, adjusted, back, counted, fulfilled, item, line, line_from, part, placed, received,
    returned,
};

fn full() -> World {
    World::new().given([received("TEA", "berlin", QUANTITY_MAX)])
}

#[test]
fn what_would_leave_the_range_is_invalid_and_leaves_no_trace() {
    let full_order = placed("o0", &[line_from("1", "TEA", QUANTITY_MAX, "munich")]);
    let world = || full().given([full_order.clone()]);
    let says: [Says; 4] = [
        received("TEA", "berlin", 1),
        adjusted("TEA", "berlin", QUANTITY_MAX),
        placed("o1", &[line_from("1", "TEA", 1, "munich")]),
        placed("o1", &[line_from("1", "MUG", 1, "munich"), line_from("2", "TEA", 1, "munich")]),
    ];
    for says in says {
        let mut world = world();
        let before = world.store.journal.len();
        let result = world.post(says);
        assert_eq!((result.outcome, result.seq), (Outcome::Invalid, None));
        assert_eq!(result.errors[0].pointer, "/data");
        assert!(result.errors[0].detail.contains("TEA"), "{}", result.errors[0].detail);
        assert_eq!(world.store.journal.len(), before);
        assert_eq!(world.committed("MUG", "munich"), 0, "nothing of it");
    }
}

#[test]
fn the_other_events_of_the_batch_are_untouched() {
    let mut world = full();
    let results = world.batch([
        adjusted("TEA", "berlin", -1),
        received("TEA", "berlin", 2),
        received("TEA", "berlin", 1),
    ]);
    let outcomes: Vec<_> = results.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Invalid, Outcome::Applied]);
    assert_eq!(world.on_hand("TEA", "berlin"), QUANTITY_MAX);
}

#[test]
fn available_has_the_same_range() {
    let mut world = World::new()
        .given([adjusted("TEA", "berlin", -QUANTITY_MAX), received("MUG", "berlin", 1)]);
    let order = world.post(placed("o1", &[line_from("1", "TEA", 1, "berlin")]));
    assert_eq!(order.outcome, Outcome::Invalid);
}

#[test]
fn a_count_with_all_that_moved_after_it_has_it_too() {
    let mut world = World::new().given([received("TEA", "berlin", 10).at(100)]);
    let count = world.post(counted("TEA", "berlin", QUANTITY_MAX).at(50));
    assert_eq!(count.outcome, Outcome::Invalid);
    assert_eq!(world.on_hand("TEA", "berlin"), 10);
}

#[test]
fn the_sum_of_many_lines_is_checked() {
    let mut world = World::new();
    let lines: Vec<_> = (0..10_000).map(|n| line(&n.to_string(), "TEA", QUANTITY_MAX)).collect();
    assert_eq!(world.post(placed("o1", &lines)).outcome, Outcome::Invalid);
    world.post(placed("o2", &[line("1", "TEA", 1)]));
    let lines: Vec<_> = (0..10_000).map(|_| part("1", QUANTITY_MAX)).collect();
    assert_eq!(world.post(fulfilled("o2", "f1", &lines)).outcome, Outcome::Conflict);
}

#[test]
fn a_held_event_that_would_leave_the_range_by_then_is_asked_about() {
    let mut world = World::new();
    let first = world.post(received("NEW", "berlin", QUANTITY_MAX));
    let second = world.post(received("NEW", "berlin", 1));
    world.post(item("NEW"));
    assert_eq!(world.outcome(&first), Outcome::Applied);
    assert_eq!(world.outcome(&second), Outcome::Conflict);
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Poison);
    assert!(conflict.evidence[1].value.contains("beyond"), "{conflict:?}");
    assert_eq!(world.on_hand("NEW", "berlin"), QUANTITY_MAX);
    // Once there is room for it, it can be taken.
    world.post(adjusted("NEW", "berlin", -1));
    world.resolve(&conflict, O::Retry).unwrap();
    assert_eq!(world.on_hand("NEW", "berlin"), QUANTITY_MAX);
    world.quiet();
}

#[test]
fn a_decision_that_would_leave_the_range_is_refused_and_can_be_taken_otherwise() {
    let mut world = World::new().given([placed("o1", &[line_from("1", "TEA", 1, "berlin")])]);
    let rows = [part("1", QUANTITY_MAX), part("1", 1)];
    world.post(fulfilled("o1", "f1", &rows));
    let excess = world.open(ConflictKind::Excess).remove(0);
    let refused = world.resolve(&excess, O::ApplyAnyway).unwrap_err();
    assert!(matches!(refused, Refused::Impossible(_)), "{refused}");
    world.resolve(&excess, O::Cap).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), -1);
}

/// No level shows how many units of a line came back that are not on hand again.
#[test]
fn what_came_back_of_a_line_has_the_same_range() {
    let mut world = World::new().given([
        received("TEA", "berlin", 5).at(-60),
        placed("o1", &[line("1", "TEA", 1)]),
        fulfilled("o1", "f1", &[part("1", 1)]).at(1),
    ]);
    let rows = [back("1", QUANTITY_MAX, false), back("1", 1, false)];
    world.post(returned("o1", "r1", &rows).at(2));
    let excess = world.conflict();
    let refused = world.resolve(&excess, O::ApplyAnyway).unwrap_err();
    assert!(refused.to_string().contains("beyond"), "{refused}");
    world.resolve(&excess, O::Cap).unwrap();
    assert_eq!(world.order_line("o1", "1").returned(), 1);
}
