//! A kit in an order: promised at one location or at none, in units of the kit; what it is made of
//! is settled when its line is committed.

use onhand::conflict::{ConflictKind, ResolutionOption as O};
use onhand::record::{Bucket, Outcome};
use serde_json::Value;

use crate::harness::World;
use crate::says::{
    amended, back, cancelled, counted, fulfilled, goods, item, kit, line, line_from, part,
    part_from, placed, received, returned,
};

/// `SET` is two of `TEA` and one `MUG`. The stock is that of tea and mugs at Berlin, Hamburg and
/// Munich, by rank.
fn stocked(stock: [(i64, i64); 3]) -> World {
    let mut world = World::new().given([kit("SET", &[goods("TEA", 2), goods("MUG", 1)])]);
    for (place, (tea, mugs)) in PLACES.into_iter().zip(stock) {
        world.post_all([counted("TEA", place, tea), counted("MUG", place, mugs)]);
    }
    world
}

const PLACES: [&str; 3] = ["berlin", "hamburg", "munich"];

/// What is committed of tea and of mugs, by rank.
fn committed(world: &World) -> [(i64, i64); 3] {
    PLACES.map(|place| (world.committed("TEA", place), world.committed("MUG", place)))
}

fn shares(world: &World, line: &str) -> Vec<(String, i64)> {
    let line = world.order_line("o1", line);
    let promised = line.shares.iter().filter(|share| share.committed != 0);
    promised.map(|share| (share.location.to_string(), share.committed)).collect()
}

/// Stock of tea and mugs by rank, sets ordered, and what is committed.
#[test]
fn a_kit_goes_whole_to_the_best_ranked_location_that_has_all_of_it() {
    let table = [
        ([(9, 9), (9, 9), (9, 9)], 2, [(4, 2), (0, 0), (0, 0)]),
        // It just fits.
        ([(4, 2), (9, 9), (9, 9)], 2, [(4, 2), (0, 0), (0, 0)]),
        // One component is missing at the better rank.
        ([(9, 1), (9, 9), (9, 9)], 2, [(0, 0), (4, 2), (0, 0)]),
        ([(3, 9), (9, 1), (9, 9)], 2, [(0, 0), (0, 0), (4, 2)]),
        // There would be enough at two places, but a kit is never split.
        ([(4, 0), (0, 2), (0, 0)], 2, [(4, 2), (0, 0), (0, 0)]),
        ([(2, 1), (2, 1), (0, 0)], 2, [(4, 2), (0, 0), (0, 0)]),
        ([(0, 0), (0, 0), (0, 0)], 2, [(4, 2), (0, 0), (0, 0)]),
    ];
    for (stock, quantity, expected) in table {
        let mut world = stocked(stock);
        let result = world.post(placed("o1", &[line("1", "SET", quantity)]));
        assert_eq!(result.outcome, Outcome::Applied);
        assert_eq!(committed(&world), expected, "{quantity} of {stock:?}");
        assert_eq!(shares(&world, "1").len(), 1);
        assert_eq!(world.order_line("o1", "1").committed(), quantity, "in units of the kit");
        assert_eq!(world.version("SET", "berlin"), 0, "a kit has no level");
    }
}

#[test]
fn what_no_location_has_shows_as_oversold_at_the_first_rank() {
    let mut world = stocked([(3, 9), (3, 9), (0, 0)]);
    world.post(placed("o1", &[line("1", "SET", 2)]));
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Oversold);
    assert_eq!(conflict.sku.unwrap().as_str(), "TEA");
    assert_eq!(world.available("TEA", "berlin"), -1);
    assert_eq!(world.available("MUG", "berlin"), 7);
}

#[test]
fn a_kit_goes_where_its_line_says() {
    let mut world = stocked([(9, 9), (0, 0), (9, 9)]);
    world.post(placed("o1", &[line_from("1", "SET", 2, "hamburg")]));
    assert_eq!(committed(&world), [(0, 0), (4, 2), (0, 0)]);
}

/// Lines of one order, with the stock of tea and mugs by rank, and what is committed.
#[test]
fn a_kit_and_its_component_are_summed_before_anything_is_decided() {
    let table: [(_, &[Value], _); 7] = [
        // 2 + 3 of tea: only Hamburg has it all, though Berlin could have served either.
        (
            [(4, 9), (5, 1), (0, 0)],
            &[line("1", "SET", 1), line("2", "TEA", 3)],
            [(0, 0), (5, 1), (0, 0)],
        ),
        (
            [(4, 9), (5, 1), (0, 0)],
            &[line("1", "TEA", 3), line("2", "SET", 1)],
            [(0, 0), (5, 1), (0, 0)],
        ),
        // No location has it all: the kit comes first, the rest as ever.
        (
            [(4, 9), (3, 1), (0, 0)],
            &[line("1", "TEA", 3), line("2", "SET", 1)],
            [(2, 1), (3, 0), (0, 0)],
        ),
        // The kit has its place, and what is left is split.
        (
            [(4, 9), (1, 1), (1, 0)],
            &[line("1", "TEA", 4), line("2", "SET", 1)],
            [(4, 1), (1, 0), (1, 0)],
        ),
        // Two lines of the same kit go together if one location has both.
        (
            [(4, 2), (6, 3), (0, 0)],
            &[line("1", "SET", 2), line("2", "SET", 1)],
            [(0, 0), (6, 3), (0, 0)],
        ),
        // Else each goes whole where it fits.
        (
            [(4, 2), (2, 1), (0, 0)],
            &[line("1", "SET", 2), line("2", "SET", 1)],
            [(4, 2), (2, 1), (0, 0)],
        ),
        // What names its location is served first.
        (
            [(5, 9), (4, 9), (0, 0)],
            &[line("1", "SET", 2), line_from("2", "TEA", 2, "berlin")],
            [(2, 0), (4, 2), (0, 0)],
        ),
    ];
    for (stock, lines, expected) in table {
        let mut world = stocked(stock);
        world.post(placed("o1", lines));
        assert_eq!(committed(&world), expected, "{stock:?} {lines:?}");
    }
}

/// Kits that share a component are one decision, also where the shared one lies between them.
#[test]
fn kits_that_share_components_are_decided_together() {
    let mut world = World::new().given([
        item("POT"),
        kit("SET", &[goods("TEA", 2), goods("MUG", 1)]),
        kit("BOX", &[goods("MUG", 1), goods("POT", 1)]),
    ]);
    for (place, units) in [("berlin", [9, 1, 9]), ("hamburg", [2, 2, 2])] {
        for (sku, units) in ["TEA", "MUG", "POT"].into_iter().zip(units) {
            world.post(counted(sku, place, units));
        }
    }
    world.post(placed("o1", &[line("1", "BOX", 1), line("2", "POT", 1), line("3", "SET", 1)]));
    for line in ["1", "2", "3"] {
        assert_eq!(shares(&world, line), [("hamburg".to_owned(), 1)]);
    }
}

#[test]
fn shipping_and_returning_kits_moves_their_components() {
    let mut world = stocked([(9, 9), (9, 9), (0, 0)]).given([
        placed("o1", &[line("1", "SET", 3)]).at(10),
        fulfilled("o1", "f1", &[part("1", 1)]).at(11),
        fulfilled("o1", "f2", &[part_from("1", 1, "hamburg")]).at(12),
    ]);
    assert_eq!(committed(&world), [(2, 1), (0, 0), (0, 0)]);
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (7, 8));
    assert_eq!((world.on_hand("TEA", "hamburg"), world.on_hand("MUG", "hamburg")), (7, 8));
    let mut broken = back("1", 1, true);
    broken["state"] = "damaged".into();
    world.post(returned("o1", "r1", &[broken]).at(20));
    let level = world.level("TEA", "berlin");
    assert_eq!((level.get(Bucket::OnHand), level.get(Bucket::Damaged)), (9, 2));
    let line = world.order_line("o1", "1");
    assert_eq!((line.fulfilled(), line.returned(), line.committed()), (2, 1, 1));
    world.quiet();
}

#[test]
fn cancelling_frees_the_components() {
    let mut world = stocked([(9, 9), (0, 0), (0, 0)]).given([placed("o1", &[line("1", "SET", 3)])]);
    world.post(cancelled("o1").with("lines", vec![part("1", 2)]));
    assert_eq!(committed(&world)[0], (2, 1));
    world.post(cancelled("o1"));
    assert_eq!(committed(&world)[0], (0, 0));
}

#[test]
fn more_than_a_line_has_is_an_excess_in_units_of_the_kit() {
    for (option, tea) in [(O::Cap, 5), (O::ApplyAnyway, 3), (O::Discard, 9)] {
        let mut world =
            stocked([(9, 9), (0, 0), (0, 0)]).given([placed("o1", &[line("1", "SET", 2)])]);
        world.post(fulfilled("o1", "f1", &[part("1", 3)]).at(20));
        let conflict = world.conflict();
        assert_eq!(conflict.kind, ConflictKind::Excess);
        assert!(conflict.evidence[0].value.contains("ships 3, but 2"), "{conflict:?}");
        world.resolve(&conflict, option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), tea, "{option:?}");
    }
}

#[test]
fn a_shipped_kit_that_was_never_ordered_is_what_the_kit_is_now() {
    let mut world = stocked([(9, 9), (0, 0), (0, 0)]).given([placed("o1", &[line("1", "TEA", 1)])]);
    let mut row = part_from("9", 2, "berlin");
    row["sku"] = "SET".into();
    world.post(fulfilled("o1", "f1", &[row]).at(20));
    let conflict = world.conflict();
    world.resolve(&conflict, O::ApplyAnyway).unwrap();
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (5, 7));
}

#[test]
fn changing_a_kit_leaves_open_orders_alone() {
    let mut world = stocked([(30, 30), (0, 0), (0, 0)]).given([
        placed("o1", &[line("1", "SET", 2)]).at(10),
        kit("SET", &[goods("MUG", 5)]).at(11),
    ]);
    assert_eq!(committed(&world)[0], (4, 2));
    world.post(amended("o1", 1, &[line("1", "SET", 3)]).at(12));
    assert_eq!(committed(&world)[0], (6, 3), "the line stays what it was");
    world.post(placed("o2", &[line("1", "SET", 1)]).at(13));
    assert_eq!(committed(&world)[0], (6, 8), "a new one is what the kit is now");
    world.post(fulfilled("o1", "f1", &[part("1", 3)]).at(14));
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (24, 27));
    world.post(cancelled("o2").at(15));
    assert_eq!(committed(&world)[0], (0, 0));
}

/// The stock of tea and mugs by rank, by which 2 sets are promised at Berlin; how many it is to be,
/// and what is committed then.
#[test]
fn an_amended_kit_stays_at_one_location() {
    let table = [
        // There is more where it is.
        ([(8, 4), (9, 9), (0, 0)], 4, [(8, 4), (0, 0), (0, 0)]),
        // There is not, so all of it goes where all of it is.
        ([(7, 4), (9, 9), (0, 0)], 4, [(0, 0), (8, 4), (0, 0)]),
        // Nobody has it all.
        ([(4, 2), (7, 9), (0, 0)], 4, [(8, 4), (0, 0), (0, 0)]),
        ([(8, 4), (9, 9), (0, 0)], 1, [(2, 1), (0, 0), (0, 0)]),
        ([(8, 4), (9, 9), (0, 0)], 2, [(4, 2), (0, 0), (0, 0)]),
    ];
    for (stock, quantity, expected) in table {
        let mut world = stocked(stock).given([placed("o1", &[line("1", "SET", 2)])]);
        assert_eq!(committed(&world), [(4, 2), (0, 0), (0, 0)]);
        world.post(amended("o1", 1, &[line("1", "SET", quantity)]));
        assert_eq!(committed(&world), expected, "{quantity} of {stock:?}");
        let line = world.order_line("o1", "1");
        assert_eq!((line.ordered, line.committed()), (quantity, quantity));
    }
}

/// A kit ties its components together where units of it are to be promised, not where it only
/// stays: tea and mugs are each for themselves, and go where each of them is.
/// Room for ten sets at Hamburg, where they are promised, and later for twenty at Berlin, which is
/// better ranked.
#[test]
fn more_of_a_kit_is_promised_where_it_is_already_or_else_all_of_it_elsewhere() {
    let mut world =
        stocked([(0, 0), (20, 10), (0, 0)]).given([placed("o1", &[line("1", "SET", 2)])]);
    world.post_all([received("TEA", "berlin", 40).at(1), received("MUG", "berlin", 20).at(1)]);
    let table = [(5, "hamburg"), (10, "hamburg"), (11, "berlin"), (12, "berlin")];
    for (revision, (sets, place)) in (1..).zip(table) {
        world.post(amended("o1", revision, &[line("1", "SET", sets)]).at(revision));
        assert_eq!(shares(&world, "1"), [(place.to_owned(), sets)]);
    }
}

#[test]
fn a_kit_of_which_nothing_more_is_promised_ties_nothing() {
    let mut world = stocked([(2, 8), (9, 9), (0, 0)]);
    world.post(placed("o1", &[line("1", "SET", 1)]));
    let lines = [line("1", "SET", 1), line("2", "TEA", 3), line("3", "MUG", 3)];
    world.post(amended("o1", 1, &lines));
    assert_eq!(shares(&world, "2"), [("hamburg".to_owned(), 3)]);
    assert_eq!(shares(&world, "3"), [("berlin".to_owned(), 3)]);
}

#[test]
fn a_kit_moves_as_a_whole_to_the_location_that_an_amendment_names() {
    let mut world = stocked([(9, 9), (9, 9), (0, 0)]).given([placed("o1", &[line("1", "SET", 2)])]);
    world.post(amended("o1", 1, &[line_from("1", "SET", 3, "munich")]));
    assert_eq!(committed(&world), [(0, 0), (0, 0), (6, 3)]);
}

#[test]
fn a_line_becomes_a_kit_and_an_item_again() {
    let mut world = stocked([(9, 9), (9, 9), (0, 0)]).given([placed("o1", &[line("1", "TEA", 3)])]);
    world.post(amended("o1", 1, &[line("1", "SET", 2)]));
    assert_eq!(committed(&world)[0], (4, 2));
    world.post(amended("o1", 2, &[line("1", "MUG", 5)]));
    assert_eq!(committed(&world)[0], (0, 5));
    assert!(world.order_line("o1", "1").kit.is_empty());
}

#[test]
fn a_shipment_of_kits_is_absorbed_by_the_counts_of_their_components() {
    let mut world = stocked([(9, 9), (0, 0), (0, 0)])
        .given([placed("o1", &[line("1", "SET", 2)]).at(10), counted("TEA", "berlin", 9).at(100)]);
    let late = world.post(fulfilled("o1", "f1", &[part("1", 2)]).at(50));
    assert_eq!(late.outcome, Outcome::Applied);
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (9, 7));
    assert_eq!(committed(&world)[0], (0, 0));
}

/// Each number of components keeps the range, and so does what a line may become.
#[test]
fn too_many_kits_are_invalid() {
    let pallet =
        || World::new().given([kit("PALLET", &[goods("MUG", 1), goods("TEA", 1_000_000)])]);
    let full = 1_000_000;
    let mut world = pallet();
    let result = world.post(placed("o1", &[line("1", "PALLET", full + 1)]));
    assert_eq!((result.outcome, result.seq), (Outcome::Invalid, None));
    assert_eq!(result.errors[0].pointer, "/data/lines");
    let world = &mut pallet().given([placed("o1", &[line("1", "PALLET", full)])]);
    let result = world.post(amended("o1", 1, &[line("1", "PALLET", full + 1)]));
    assert_eq!(result.outcome, Outcome::Invalid);
    let more = world.post(placed("o2", &[line("1", "PALLET", 1)]));
    assert_eq!(more.outcome, Outcome::Invalid, "the level keeps its range too");
    assert_eq!(world.committed("TEA", "berlin"), 1_000_000_000_000);
    assert_eq!(world.post(received("MUG", "berlin", 1)).outcome, Outcome::Applied);
}

/// What one line frees is there for the kit of a line that stands before it.
#[test]
fn a_kit_grows_where_it_is_into_what_a_later_line_frees() {
    let mut world = World::new().given([
        kit("DUO", &[goods("MUG", 2), goods("TEA", 1)]).at(-900),
        received("MUG", "berlin", 10).at(-900),
        received("TEA", "berlin", 10).at(-900),
        received("MUG", "hamburg", 20).at(-900),
        received("TEA", "hamburg", 20).at(-900),
        placed("o1", &[line_from("1", "DUO", 2, "berlin"), line_from("2", "MUG", 6, "berlin")]),
    ]);
    world.post(amended("o1", 1, &[line("1", "DUO", 5)]));
    assert_eq!((world.committed("MUG", "berlin"), world.committed("TEA", "berlin")), (10, 5));
    assert_eq!((world.committed("MUG", "hamburg"), world.committed("TEA", "hamburg")), (0, 0));
    world.quiet();
}
