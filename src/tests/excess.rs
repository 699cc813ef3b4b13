//! Safeguard 6, second half: more fulfilled, cancelled or returned than a line still has is held
//! whole, the part that fits as well, until a person decides.

use onhand::conflict::{ConflictKind, ResolutionOption as O};
use onhand::ledger::Refused;
use onhand::record::Outcome;
use serde_json::Value;

use crate::harness::World;
use crate::says::{
    back, cancelled, fulfilled, line, line_from, part, part_from, placed, received, returned,
    reversed,
};

/// 20 units at Berlin and an order of 5 on line 1 and 4 on line 2.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 20).at(-60),
        placed("o1", &[line("1", "TEA", 5), line("2", "TEA", 4)]),
    ])
}

fn sku(mut row: Value, sku: &str) -> Value {
    row["sku"] = sku.into();
    row
}

#[test]
fn it_is_held_whole() {
    let too_much = [
        fulfilled("o1", "f1", &[part("1", 6), part("2", 1)]),
        fulfilled("o1", "f1", &[part("1", 3), part("1", 3)]),
        fulfilled("o1", "f1", &[part("9", 1)]),
        cancelled("o1").with("lines", vec![part("1", 6), part("2", 1)]),
        cancelled("o1").with("lines", vec![part("1", 3), part("1", 3)]),
        cancelled("o1").with("lines", vec![part("9", 1)]),
        returned("o1", "r1", &[back("1", 1, true)]),
        returned("o1", "r1", &[back("9", 1, true)]),
    ];
    for says in too_much {
        let mut world = world();
        let result = world.post(says.at(5));
        assert_eq!(result.outcome, Outcome::Conflict, "{result:?}");
        assert!(result.effects.is_empty());
        let conflict = world.conflict();
        assert_eq!(conflict.kind, ConflictKind::Excess);
        assert_eq!(conflict.order.as_ref().unwrap().as_str(), "o1");
        assert!(!conflict.evidence.is_empty());
        assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (20, 9));
    }
}

/// Line 1 is tea; the event says that it is mugs.
#[test]
fn another_item_than_the_orders_is_asked_about() {
    let is_mugs = |row: Value| sku(row, "MUG");
    let says = [
        (fulfilled("o1", "f1", &[is_mugs(part("1", 1)), part("2", 1)]), "line 1: is TEA"),
        (cancelled("o1").with("lines", vec![is_mugs(part("1", 1))]), "line 1: is TEA"),
        (returned("o1", "r1", &[is_mugs(back("2", 1, true))]), "line 2: is TEA"),
    ];
    for (says, evidence) in says {
        let mut world = world().given([received("MUG", "berlin", 5).at(-60)]);
        world.post(fulfilled("o1", "f0", &[part("2", 1)]).at(1));
        let before = (world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin"));
        assert_eq!(world.post(says.at(5)).outcome, Outcome::Conflict);
        let conflict = world.conflict();
        let said = &conflict.evidence[0];
        let said = format!("{}: {}", said.label, said.value);
        assert!(said.starts_with(evidence) && said.ends_with("not MUG"), "{said}");
        let after = (world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin"));
        assert_eq!((conflict.kind, after), (ConflictKind::Excess, before));
    }
}

#[test]
fn each_option_on_a_shipment_of_another_item_has_its_numbers() {
    // What is left of tea and mugs, and what is still promised of tea.
    let cases = [(O::Cap, (19, 5, 8)), (O::ApplyAnyway, (19, 3, 8)), (O::Discard, (20, 5, 9))];
    for (option, numbers) in cases {
        let mut world = world().given([received("MUG", "berlin", 5).at(-60)]);
        let mugs = sku(part("1", 2), "MUG");
        world.post(fulfilled("o1", "f1", &[mugs, part("2", 1)]).at(5));
        let conflict = world.conflict();
        world.resolve(&conflict, option).unwrap();
        let tea = (world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin"));
        assert_eq!((tea.0, world.on_hand("MUG", "berlin"), tea.1), numbers, "{option:?}");
        if option == O::ApplyAnyway {
            // It left, so it can come back: under the number of its own line.
            assert_eq!(world.order_line("o1", "3").fulfilled(), 2);
            let back = sku(back("3", 2, true), "MUG");
            world.post(returned("o1", "r1", &[back]).at(6));
            assert_eq!(world.on_hand("MUG", "berlin"), 5);
        }
        world.quiet();
    }
}

#[test]
fn the_items_of_lines_may_be_said_as_they_are() {
    let world = world().given([
        fulfilled("o1", "f1", &[sku(part("1", 3), "TEA")]).at(1),
        cancelled("o1").with("lines", vec![sku(part("1", 1), "TEA")]).at(2),
        returned("o1", "r1", &[sku(back("1", 1, true), "TEA")]).at(3),
    ]);
    world.quiet();
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (18, 5));
}

#[test]
fn just_as_much_as_there_is_fits() {
    let mut world = world().given([
        cancelled("o1").with("lines", vec![part("1", 1), part("1", 1)]).at(1),
        fulfilled("o1", "f1", &[part("1", 1), part("1", 2), part("2", 4)]).at(2),
        returned("o1", "r1", &[back("2", 4, true)]).at(3),
    ]);
    world.quiet();
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (17, 0));
    assert_eq!(world.order_line("o1", "1").cancelled, 2);
    let nothing_left = world.post(cancelled("o1").at(4));
    assert_eq!((nothing_left.outcome, nothing_left.effects.len()), (Outcome::Applied, 0));
}

/// What each option makes of a shipment of 6 from a line of 5, with 1 of line 2 beside it.
#[test]
fn each_option_on_a_shipment_has_its_number() {
    for (option, on_hand, committed) in
        [(O::Cap, 14, 3), (O::ApplyAnyway, 13, 3), (O::Discard, 20, 9)]
    {
        let mut world = world();
        let result = world.post(fulfilled("o1", "f1", &[part("1", 6), part("2", 1)]).at(5));
        let conflict = world.conflict();
        world.resolve(&conflict, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?}");
        assert_eq!(world.committed("TEA", "berlin"), committed, "{option:?}");
        let outcome = if option == O::Discard { Outcome::Rejected } else { Outcome::Applied };
        assert_eq!(world.outcome(&result), outcome);
        world.quiet();
    }
}

/// A return of 3 where 2 were shipped.
#[test]
fn each_option_on_a_return_has_its_number() {
    for (option, on_hand, back_again) in
        [(O::Cap, 20, 2), (O::ApplyAnyway, 21, 3), (O::Discard, 18, 0)]
    {
        let mut world = world().given([fulfilled("o1", "f1", &[part("1", 2)]).at(1)]);
        world.post(returned("o1", "r1", &[back("1", 3, true)]).at(5));
        let conflict = world.conflict();
        world.resolve(&conflict, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?}");
        assert_eq!(world.order_line("o1", "1").returned(), back_again);
    }
}

/// Units that are shipped cannot be un-promised, so "all" is "what fits" for a cancellation.
#[test]
fn each_option_on_a_cancellation_has_its_number() {
    for (option, committed) in [(O::Cap, 3), (O::ApplyAnyway, 3), (O::Discard, 9)] {
        let mut world = world();
        let lines = vec![part("1", 7), part("2", 1), part("9", 1)];
        world.post(cancelled("o1").with("lines", lines).at(5));
        let conflict = world.conflict();
        world.resolve(&conflict, option).unwrap();
        assert_eq!(world.committed("TEA", "berlin"), committed, "{option:?}");
        assert_eq!(world.on_hand("TEA", "berlin"), 20);
    }
}

#[test]
fn more_taken_back_than_shipped_leaves_nothing_to_take_back() {
    let mut world = world().given([fulfilled("o1", "f1", &[part("1", 1)]).at(1)]);
    world.post(returned("o1", "r1", &[back("1", 4, true)]).at(2));
    let conflict = world.conflict();
    world.resolve(&conflict, O::ApplyAnyway).unwrap();
    world.post(returned("o1", "r2", &[back("1", 1, true)]).at(3));
    let conflict = world.conflict();
    assert!(conflict.evidence[0].value.contains("0 are still out"), "{conflict:?}");
    world.resolve(&conflict, O::Cap).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 23);
}

#[test]
fn a_line_that_the_order_does_not_have_is_applied_if_it_says_what_it_is() {
    let mut world = world().given([received("MUG", "hamburg", 9)]);
    let row = sku(part_from("9", 2, "hamburg"), "MUG");
    world.post(fulfilled("o1", "f1", &[part("1", 5), row]).at(5));
    let conflict = world.conflict();
    world.resolve(&conflict, O::ApplyAnyway).unwrap();
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "hamburg")), (15, 7));
    let line = world.order_line("o1", "9");
    assert_eq!((line.sku.as_str(), line.ordered, line.fulfilled()), ("MUG", 0, 2));
    world.post(returned("o1", "r1", &[back("9", 2, true)]).at(6));
    assert_eq!(world.on_hand("MUG", "hamburg"), 9);
    world.quiet();
}

#[test]
fn a_line_that_nobody_can_name_is_not_dropped_quietly() {
    let mut world = world();
    let result = world.post(fulfilled("o1", "f1", &[part("1", 5), part("9", 2)]).at(5));
    let conflict = world.conflict();
    let refused = world.resolve(&conflict, O::ApplyAnyway).unwrap_err();
    assert!(matches!(refused, Refused::Impossible(_)), "{refused}");
    assert_eq!(world.on_hand("TEA", "berlin"), 20, "and nothing of it is applied");
    world.resolve(&conflict, O::Cap).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    assert_eq!(world.outcome(&result), Outcome::Applied);
}

/// A shipment of which nothing fitted tells nothing of an order of which all else is taken back: what
/// comes waits for the order again.
#[test]
fn what_has_left_no_line_is_not_heard_of() {
    let mut world = World::new().given([received("TEA", "berlin", 20)]);
    world.post(fulfilled("o1", "f1", &[sku(part_from("1", 1, "berlin"), "TEA")]).id("first"));
    world.pass(86_400);
    world.resolve(&world.conflict(), O::ApplyWithoutOrder).unwrap();
    let results = world.post_all([
        placed("o1", &[line("1", "TEA", 1)]).at(4),
        fulfilled("o1", "f2", &[part("9", 1)]).at(5),
        fulfilled("o1", "f3", &[part("9", 1)]).at(6),
        // Another content of the order is right, and not known yet.
        placed("o1", &[line("1", "NEW", 1)]).at(7),
    ]);
    let changed = world.open(ConflictKind::OrderChanged).remove(0);
    world.resolve(&changed, O::ApplySecond).unwrap();
    let held = world.open(ConflictKind::Excess);
    world.resolve(&held[0], O::Cap).unwrap();
    world.post(reversed("shop", "first"));
    world.resolve(&held[1], O::Cap).unwrap();
    let outcomes = [world.outcome(&results[1]), world.outcome(&results[2])];
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Parked]);
}

#[test]
fn a_shipment_from_another_location_moves_on_hand_there_and_committed_where_it_stood() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20),
        received("TEA", "hamburg", 20),
        placed("o1", &[line_from("1", "TEA", 5, "berlin")]),
        fulfilled("o1", "f1", &[part_from("1", 3, "hamburg")]),
    ]);
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (20, 2));
    assert_eq!((world.on_hand("TEA", "hamburg"), world.committed("TEA", "hamburg")), (17, 0));
    world.post(returned("o1", "r1", &[back("1", 3, true)]).at(2));
    assert_eq!(world.on_hand("TEA", "hamburg"), 20, "a return goes to where it shipped from");
}

#[test]
fn a_cancellation_without_lines_frees_all_that_is_still_committed() {
    let mut world = world().given([fulfilled("o1", "f1", &[part("1", 2)]).at(1)]);
    let result = world.post(cancelled("o1").at(2));
    assert_eq!(result.effects.len(), 1);
    assert_eq!(result.effects[0].delta, -7);
    assert_eq!((world.on_hand("TEA", "berlin"), world.available("TEA", "berlin")), (18, 18));
}
