//! `stock.moved`: units change their state where they are. `on_hand` stays; what is not in another
//! state is available. The states: available, damaged, quality control, safety stock.

use onhand::conflict::{ConflictKind, ConflictStatus};
use onhand::record::{Bucket, Outcome};

use crate::harness::World;
use crate::says::{adjusted, counted, line, moved, placed, received};

/// 20 units at Berlin, of which 3 are damaged, 4 in quality control and 5 held back.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 20),
        moved("TEA", "berlin", 3, "available", "damaged").at(1),
        moved("TEA", "berlin", 4, "available", "quality_control").at(2),
        moved("TEA", "berlin", 5, "available", "safety_stock").at(3),
    ])
}

/// `on_hand`, `available`, `damaged`, `quality_control` and `safety_stock` at Berlin.
fn numbers(world: &World) -> [i64; 5] {
    let level = world.level("TEA", "berlin");
    [
        level.get(Bucket::OnHand),
        level.available(),
        level.get(Bucket::Damaged),
        level.get(Bucket::QualityControl),
        level.get(Bucket::SafetyStock),
    ]
}

/// What is moved from where to where, and the numbers that it leads to.
#[test]
fn each_move_has_its_numbers() {
    let table = [
        ("available", "damaged", 1, [20, 7, 4, 4, 5]),
        ("available", "quality_control", 1, [20, 7, 3, 5, 5]),
        ("available", "safety_stock", 1, [20, 7, 3, 4, 6]),
        ("damaged", "available", 3, [20, 11, 0, 4, 5]),
        ("damaged", "quality_control", 2, [20, 8, 1, 6, 5]),
        ("damaged", "safety_stock", 2, [20, 8, 1, 4, 7]),
        ("quality_control", "available", 4, [20, 12, 3, 0, 5]),
        ("quality_control", "damaged", 1, [20, 8, 4, 3, 5]),
        ("quality_control", "safety_stock", 1, [20, 8, 3, 3, 6]),
        ("safety_stock", "available", 5, [20, 13, 3, 4, 0]),
        ("safety_stock", "damaged", 1, [20, 8, 4, 4, 4]),
        ("safety_stock", "quality_control", 1, [20, 8, 3, 5, 4]),
    ];
    for (from, to, quantity, expected) in table {
        let mut world = world();
        let result = world.post(moved("TEA", "berlin", quantity, from, to).at(9));
        assert_eq!(result.outcome, Outcome::Applied);
        assert_eq!(numbers(&world), expected, "{quantity} from {from} to {to}");
        assert_eq!(world.version("TEA", "berlin"), 5);
        let moved: Vec<Bucket> = result.effects.iter().map(|effect| effect.state).collect();
        assert!(!moved.contains(&Bucket::OnHand), "a move does not touch on_hand");
        world.quiet();
    }
}

#[test]
fn a_move_happened_so_it_is_never_refused_for_lack_of_stock() {
    let mut world = world();
    let result = world.post(moved("TEA", "berlin", 9, "damaged", "available"));
    assert_eq!(result.outcome, Outcome::Applied);
    assert_eq!(numbers(&world), [20, 17, -6, 4, 5], "the truth is never clamped");
}

#[test]
fn what_is_moved_away_from_promised_units_is_oversold() {
    let mut world = world().given([placed("o1", &[line("1", "TEA", 8)])]);
    let result = world.post(moved("TEA", "berlin", 2, "available", "damaged"));
    assert_eq!((result.outcome, result.conflict), (Outcome::Applied, None));
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Oversold);
    world.post(moved("TEA", "berlin", 2, "safety_stock", "available"));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!(world.available("TEA", "berlin"), 0);
}

/// A count says how many are there, not in which state, so it contains no move.
#[test]
fn a_move_is_not_absorbed_by_a_count_and_moves_none() {
    let mut world = world().given([counted("TEA", "berlin", 18).at(100)]);
    for (second, damaged) in [(50, 4), (100, 5), (150, 6)] {
        let late = moved("TEA", "berlin", 1, "available", "damaged").at(second).by("pos");
        let result = world.post(late);
        assert_eq!((result.outcome, result.conflict), (Outcome::Applied, None));
        assert_eq!(world.level("TEA", "berlin").get(Bucket::Damaged), damaged);
        assert_eq!(world.on_hand("TEA", "berlin"), 18);
    }
    world.quiet();
}

/// A late adjustment of damaged units is in the count, and so is its state: it moves with
/// `on_hand` or not at all.
#[test]
fn the_state_that_moves_with_on_hand_is_absorbed_with_it() {
    let mut world = world().given([counted("TEA", "berlin", 18).at(100)]);
    let late = adjusted("TEA", "berlin", 2).with("state", "damaged").at(50);
    assert_eq!(world.post(late).outcome, Outcome::Absorbed);
    assert_eq!(numbers(&world), [18, 6, 3, 4, 5]);
    let later = adjusted("TEA", "berlin", 2).with("state", "damaged").at(150);
    assert_eq!(world.post(later).outcome, Outcome::Applied);
    assert_eq!(numbers(&world), [20, 6, 5, 4, 5]);
}

/// A count next to a move is not ambiguous: whatever the state, as many are there.
#[test]
fn a_move_next_to_a_count_leaves_it_certain() {
    let mut world = world();
    world.post(moved("TEA", "berlin", 1, "available", "damaged").at(100).by("pos"));
    let count = world.post(counted("TEA", "berlin", 18).at(101));
    assert_eq!((count.outcome, count.conflict), (Outcome::Applied, None));
    let after = world.post(moved("TEA", "berlin", 1, "damaged", "available").at(102).by("pos"));
    assert_eq!((after.outcome, after.conflict), (Outcome::Applied, None));
    assert_eq!(numbers(&world), [18, 6, 3, 4, 5]);
    world.quiet();
}

#[test]
fn moves_commute() {
    let moves = [
        moved("TEA", "berlin", 2, "available", "damaged").at(10),
        moved("TEA", "berlin", 6, "damaged", "quality_control").at(11),
        moved("TEA", "berlin", 3, "quality_control", "available").at(12),
    ];
    let (mut forth, mut back) = (world(), world());
    forth.post_all(moves.clone());
    back.post_all(moves.into_iter().rev());
    assert_eq!(numbers(&forth), numbers(&back));
    assert_eq!(numbers(&forth), [20, 9, -1, 7, 5]);
}

#[test]
fn an_unknown_name_holds_a_move() {
    let mut world = World::new();
    for (sku, location) in [("NEW", "berlin"), ("TEA", "bonn")] {
        let result = world.post(moved(sku, location, 1, "available", "damaged"));
        assert_eq!(result.outcome, Outcome::Conflict);
    }
    assert_eq!(world.open(ConflictKind::Unmapped).len(), 2);
}
