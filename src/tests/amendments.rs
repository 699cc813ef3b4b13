//! `order.amended`: the order's lines as they now are, by revision.

use onhand::conflict::{ConflictKind, ResolutionOption as O};
use onhand::record::Outcome;

use crate::harness::World;
use crate::says::{
    amended, back, cancelled, fulfilled, goods, kit, line, line_from, part, placed, received,
    returned,
};

/// 10 of each at Berlin and Hamburg; an order of 5 `TEA` on line 1 and 2 `MUG` on line 2, at Berlin.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 10),
        received("TEA", "hamburg", 10),
        received("MUG", "berlin", 10),
        placed("o1", &[line("1", "TEA", 5), line("2", "MUG", 2)]),
    ])
}

fn committed(world: &World) -> [i64; 3] {
    let places = [("TEA", "berlin"), ("TEA", "hamburg"), ("MUG", "berlin")];
    places.map(|(sku, place)| world.committed(sku, place))
}

/// The lines as they now are, and what is committed then: `TEA` at Berlin and Hamburg, `MUG`.
#[test]
fn commitments_follow_the_lines() {
    let table = [
        ("more", vec![line("1", "TEA", 7), line("2", "MUG", 2)], [7, 0, 2]),
        ("less", vec![line("1", "TEA", 3), line("2", "MUG", 2)], [3, 0, 2]),
        ("the same", vec![line("1", "TEA", 5), line("2", "MUG", 2)], [5, 0, 2]),
        ("a line that is gone", vec![line("1", "TEA", 5)], [5, 0, 0]),
        ("nothing is left", vec![], [0, 0, 0]),
        (
            "a new line",
            vec![line("1", "TEA", 5), line("2", "MUG", 2), line("3", "MUG", 1)],
            [5, 0, 3],
        ),
        ("all lines exchanged", vec![line("3", "TEA", 1)], [1, 0, 0]),
        ("another item", vec![line("1", "MUG", 4), line("2", "MUG", 2)], [0, 0, 6]),
        (
            "another location",
            vec![line_from("1", "TEA", 5, "hamburg"), line("2", "MUG", 2)],
            [0, 5, 2],
        ),
        ("both", vec![line_from("1", "TEA", 7, "hamburg"), line("2", "TEA", 1)], [1, 7, 0]),
        ("more than there is", vec![line("1", "TEA", 17)], [10, 7, 0]),
    ];
    for (what, lines, expected) in table {
        let mut world = world();
        let result = world.post(amended("o1", 1, &lines));
        assert_eq!(result.outcome, Outcome::Applied, "{what}");
        assert_eq!(committed(&world), expected, "{what}");
        for row in &lines {
            let line = world.order_line("o1", row["line"].as_str().unwrap());
            assert_eq!(line.committed(), row["quantity"], "{what}");
            assert_eq!(line.ordered, row["quantity"], "{what}");
            assert_eq!(line.sku.as_str(), row["sku"], "{what}");
        }
        world.quiet();
    }
}

#[test]
fn what_is_no_longer_needed_is_given_up_at_the_last_rank_first() {
    let mut world = World::new().given([
        received("TEA", "berlin", 5),
        received("TEA", "hamburg", 2),
        received("TEA", "munich", 1),
        placed("o1", &[line("1", "TEA", 8)]),
    ]);
    for (revision, (units, left)) in (1..).zip([(7, [5, 2, 0]), (4, [4, 0, 0]), (3, [3, 0, 0])]) {
        world.post(amended("o1", revision, &[line("1", "TEA", units)]));
        assert_eq!(committed(&world), left);
    }
}

#[test]
fn a_line_that_is_gone_can_come_back() {
    let mut world = world().given([
        amended("o1", 1, &[line("2", "MUG", 2)]),
        amended("o1", 2, &[line("1", "TEA", 4), line("2", "MUG", 2)]),
    ]);
    assert_eq!(committed(&world), [4, 0, 2]);
    world.post(fulfilled("o1", "f1", &[part("1", 4)]));
    assert_eq!(world.on_hand("TEA", "berlin"), 6);
    world.quiet();
}

#[test]
fn an_older_revision_is_superseded() {
    let mut world = world().given([amended("o1", 5, &[line("1", "TEA", 3)])]);
    let older = world.post(amended("o1", 4, &[line("1", "TEA", 9)]));
    assert_eq!(older.outcome, Outcome::Superseded);
    assert_eq!(older.reason.as_deref(), Some("revision 5 stands"));
    assert_eq!(committed(&world), [3, 0, 0]);
}

#[test]
fn what_is_cancelled_no_longer_counts() {
    let mut world = world().given([cancelled("o1").with("lines", vec![part("1", 2)])]);
    world.post(amended("o1", 1, &[line("1", "TEA", 3), line("2", "MUG", 2)]));
    assert_eq!(committed(&world), [3, 0, 2]);
    let line = world.order_line("o1", "1");
    assert_eq!((line.ordered, line.cancelled), (5, 2));
}

#[test]
fn what_is_shipped_counts() {
    let mut world = world().given([fulfilled("o1", "f1", &[part("1", 2)])]);
    world.post(amended("o1", 1, &[line("1", "TEA", 6), line("2", "MUG", 2)]));
    assert_eq!(committed(&world), [4, 0, 2]);
    world.post(amended("o1", 2, &[line("1", "TEA", 2), line("2", "MUG", 2)]));
    assert_eq!(committed(&world), [0, 0, 2]);
    world.quiet();
}

#[test]
fn what_is_shipped_beyond_the_order_was_ordered_after_all_once_the_amendment_says_so() {
    let mut world = world().given([cancelled("o1").with("lines", vec![part("1", 5)])]);
    world.post(fulfilled("o1", "f1", &[part("1", 2)]));
    let conflict = world.conflict();
    world.resolve(&conflict, O::ApplyAnyway).unwrap();
    for (revision, quantity, committed) in [(1, 10, 8), (2, 2, 0)] {
        world.post(amended("o1", revision, &[line("1", "TEA", quantity)]));
        let line = world.order_line("o1", "1");
        assert_eq!((line.ordered, line.cancelled), (quantity + 5, 5));
        assert_eq!((line.committed(), line.fulfilled()), (committed, 2));
    }
}

#[test]
fn below_what_is_shipped_it_is_excess() {
    let below = [
        vec![line("1", "TEA", 1), line("2", "MUG", 1)],
        vec![line("2", "MUG", 1)],
        vec![line("1", "MUG", 5), line("2", "MUG", 1)],
    ];
    for lines in below {
        for (option, mugs) in [(O::Cap, 1), (O::ApplyAnyway, 1), (O::Discard, 2)] {
            let mut world = world().given([fulfilled("o1", "f1", &[part("1", 2)])]);
            let result = world.post(amended("o1", 1, &lines));
            assert_eq!(result.outcome, Outcome::Conflict);
            let conflict = world.conflict();
            assert_eq!(conflict.kind, ConflictKind::Excess);
            assert_eq!(committed(&world), [3, 0, 2]);
            world.resolve(&conflict, option).unwrap();
            assert_eq!(committed(&world)[2], mugs, "{option:?}");
            assert_eq!(world.order_line("o1", "1").fulfilled(), 2, "what is shipped stays shipped");
            assert_eq!(world.on_hand("TEA", "berlin"), 8);
        }
    }
}

#[test]
fn a_line_shipped_in_part_stays_the_item_it_was() {
    let mut world = world().given([fulfilled("o1", "f1", &[part("1", 2)])]);
    world.post(amended("o1", 1, &[line("1", "MUG", 5), line("2", "MUG", 2)]));
    let conflict = world.conflict();
    assert!(conflict.evidence[0].value.contains("2 of TEA are shipped"), "{conflict:?}");
    world.resolve(&conflict, O::ApplyAnyway).unwrap();
    assert_eq!(world.order_line("o1", "1").sku.as_str(), "TEA");
    world.post(returned("o1", "r1", &[back("1", 2, true)]));
    assert_eq!(world.on_hand("TEA", "berlin"), 10, "so that a return is of what was shipped");
}

/// The same where a person has taken a return without its shipment: the order tells what came back.
#[test]
fn a_line_of_which_units_came_back_stays_the_item_it_was() {
    for option in [O::Cap, O::ApplyAnyway, O::Discard] {
        let mut world = world();
        world.post(returned("o1", "r1", &[back("1", 1, true)]));
        world.resolve(&world.conflict(), O::ApplyAnyway).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 11);
        world.post(amended("o1", 1, &[line("1", "MUG", 5), line("2", "MUG", 2)]));
        let conflict = world.conflict();
        assert_eq!(conflict.evidence[0].value, "is to be MUG, but 1 of TEA came back");
        world.resolve(&conflict, option).unwrap();
        let kept = world.order_line("o1", "1");
        assert_eq!((kept.sku.as_str(), kept.returned()), ("TEA", 1), "{option:?}");
        assert_eq!(committed(&world), [5, 0, 2], "{option:?}");
    }
}

#[test]
fn early_amendments_apply_in_the_order_of_their_revisions() {
    let mut world = World::new().given([received("TEA", "berlin", 10)]);
    let newer = world.post(amended("o1", 2, &[line("1", "TEA", 2)]));
    let older = world.post(amended("o1", 1, &[line("1", "TEA", 9)]));
    world.post(placed("o1", &[line("1", "TEA", 5)]));
    assert_eq!(world.outcome(&newer), Outcome::Applied);
    assert_eq!(world.outcome(&older), Outcome::Superseded);
    assert_eq!(world.committed("TEA", "berlin"), 2);
}

/// Only what is ordered besides goes where the ranking says.
#[test]
fn what_is_promised_stays_where_it_is_when_more_is_ordered() {
    // The stock before an order of 5, what comes after it, and where an amendment to 8 has it.
    let table = [
        // Hamburg would have all of it by itself.
        (vec![received("TEA", "berlin", 6), received("TEA", "hamburg", 10)], vec![], [5, 3]),
        // So would Berlin by now.
        (vec![received("TEA", "hamburg", 10)], vec![received("TEA", "berlin", 20)], [3, 5]),
    ];
    for (stock, later, expected) in table {
        let order = placed("o1", &[line("1", "TEA", 5)]);
        let mut world = World::new().given(stock).given([order]).given(later);
        world.post(amended("o1", 1, &[line("1", "TEA", 8)]));
        assert_eq!(committed(&world)[..2], expected);
    }
}

/// Berlin has none of it, but that is where it was ordered from.
#[test]
fn a_kit_that_is_short_stays_where_it_is_when_less_is_ordered() {
    let mut world = World::new().given([
        received("TEA", "hamburg", 20),
        received("MUG", "hamburg", 20),
        kit("SET", &[goods("TEA", 2), goods("MUG", 1)]),
        placed("o1", &[line_from("1", "SET", 3, "berlin")]),
    ]);
    world.post(amended("o1", 1, &[line("1", "SET", 2)]));
    assert_eq!(committed(&world), [4, 0, 2]);
}
