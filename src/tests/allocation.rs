//! An order line without a location: the best-ranked location that can hold the whole line, else
//! split in rank order; what no location has is committed at the first rank. Lines with the same
//! SKU are summed first.

use onhand::event::LINES_MAX;
use onhand::record::Outcome;
use onhand::state::Settings;
use serde_json::Value;

use crate::harness::World;
use crate::says::{
    adjusted, amended, cancelled, fulfilled, item, line, line_from, location, part, placed,
    received,
};

/// This many units of `TEA` at Berlin, Hamburg and Munich, by rank.
fn stocked(units: [i64; 3]) -> World {
    let places = ["berlin", "hamburg", "munich"];
    let stocked = places.into_iter().zip(units).filter(|(_, units)| *units != 0);
    World::new().given(stocked.map(|(place, units)| adjusted("TEA", place, units)))
}

fn shares(world: &World, line: &str) -> Vec<(String, i64)> {
    let line = world.order_line("o1", line);
    line.shares.iter().map(|share| (share.location.to_string(), share.committed)).collect()
}

/// Stock by rank, what is ordered, and what is committed where.
#[test]
fn each_stock_has_its_allocation() {
    let table = [
        // The first rank holds it all.
        ([9, 9, 9], 5, [5, 0, 0]),
        // It just fits.
        ([5, 9, 9], 5, [5, 0, 0]),
        // The best-ranked one that holds the whole line, though a better one holds a part.
        ([4, 9, 9], 5, [0, 5, 0]),
        ([4, 4, 9], 5, [0, 0, 5]),
        // None holds it: split in rank order.
        ([4, 3, 2], 8, [4, 3, 1]),
        ([0, 3, 2], 5, [0, 3, 2]),
        // What no location has is committed at the first rank.
        ([4, 3, 2], 10, [5, 3, 2]),
        ([0, 3, 2], 6, [1, 3, 2]),
        ([0, 0, 0], 6, [6, 0, 0]),
        // A location that is short already gives nothing, and takes the rest all the same.
        ([-2, 3, 0], 5, [2, 3, 0]),
    ];
    for (units, quantity, expected) in table {
        let mut world = stocked(units);
        world.post(placed("o1", &[line("1", "TEA", quantity)]));
        let committed = ["berlin", "hamburg", "munich"].map(|place| world.committed("TEA", place));
        assert_eq!(committed, expected, "{quantity} of {units:?}");
    }
}

#[test]
fn what_others_were_promised_cannot_be_promised_again() {
    let mut world = stocked([5, 5, 0]).given([placed("o0", &[line("1", "TEA", 3)])]);
    world.post(placed("o1", &[line("1", "TEA", 3)]));
    assert_eq!(shares(&world, "1"), [("hamburg".to_owned(), 3)]);
}

#[test]
fn lines_of_the_same_sku_are_summed_before_anything_is_decided() {
    let mut world = stocked([4, 6, 0]);
    world.post(placed("o1", &[line("1", "TEA", 3), line("2", "TEA", 3)]));
    assert_eq!(shares(&world, "1"), [("hamburg".to_owned(), 3)], "6 together, not 3 and 3");
    assert_eq!(shares(&world, "2"), [("hamburg".to_owned(), 3)]);
}

#[test]
fn shares_are_filled_in_line_order() {
    let mut world = stocked([4, 3, 0]);
    world.post(placed("o1", &[line("1", "TEA", 5), line("2", "TEA", 2)]));
    assert_eq!(shares(&world, "1"), [("berlin".to_owned(), 4), ("hamburg".to_owned(), 1)]);
    assert_eq!(shares(&world, "2"), [("hamburg".to_owned(), 2)]);
}

#[test]
fn a_line_that_names_its_location_gets_it_and_is_not_summed() {
    let mut world = stocked([4, 6, 0]);
    let lines: [Value; 2] = [line("1", "TEA", 4), line_from("2", "TEA", 3, "munich")];
    world.post(placed("o1", &lines));
    assert_eq!(shares(&world, "1"), [("berlin".to_owned(), 4)]);
    assert_eq!(shares(&world, "2"), [("munich".to_owned(), 3)]);
}

#[test]
fn the_line_that_names_its_location_is_served_first() {
    let mut world = stocked([4, 6, 0]);
    let lines: [Value; 2] = [line("1", "TEA", 4), line_from("2", "TEA", 3, "berlin")];
    world.post(placed("o1", &lines));
    assert_eq!(shares(&world, "1"), [("hamburg".to_owned(), 4)]);
}

#[test]
fn unranked_locations_come_last_and_ties_go_by_name() {
    let mut unranked = location("alpha", 1);
    unranked.data = serde_json::json!({ "location": "alpha" });
    let mut world = World::empty().given([
        item("TEA"),
        unranked,
        location("zurich", 7),
        location("bonn", 7),
        location("munich", 1_000_000),
    ]);
    let ranking: Vec<_> = {
        let catalogue = world.ledger.state().catalogue();
        catalogue.ranking().iter().map(|ix| catalogue.location_name(*ix).to_string()).collect()
    };
    assert_eq!(ranking, ["bonn", "zurich", "munich", "alpha"]);
    world.post(placed("o1", &[line("1", "TEA", 1)]));
    assert_eq!(world.committed("TEA", "bonn"), 1);
    world.post(location("alpha", 2));
    let catalogue = world.ledger.state().catalogue();
    assert_eq!(catalogue.location_name(catalogue.ranking()[0]).as_str(), "alpha");
}

#[test]
fn a_split_line_ships_from_where_it_was_promised() {
    let mut world = stocked([4, 3, 0]).given([placed("o1", &[line("1", "TEA", 6)])]);
    world.post(fulfilled("o1", "f1", &[part("1", 5)]));
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("TEA", "hamburg")), (0, 2));
    assert_eq!((world.committed("TEA", "berlin"), world.committed("TEA", "hamburg")), (0, 1));
    world.post(received("TEA", "berlin", 1));
    assert_eq!(world.available("TEA", "berlin"), 1);
}

/// An order as large as an order can be: each item on two lines, far apart.
#[test]
fn an_order_of_ten_thousand_lines_is_placed_amended_and_shipped() {
    let settings = Settings { create_unknown_skus: true, ..Settings::default() };
    let mut world = World::with(settings).given([location("berlin", 1), location("hamburg", 2)]);
    world.replay_always = false;
    let half = LINES_MAX / 2;
    let sku = |number: usize| format!("S{}", number % half);
    let lines = |quantity| -> Vec<Value> {
        (0..LINES_MAX).map(|number| line(&number.to_string(), &sku(number), quantity)).collect()
    };
    let result = world.post(placed("o1", &lines(2)));
    assert_eq!((result.outcome, result.effects.len()), (Outcome::Applied, half));
    assert!(result.effects.iter().all(|effect| effect.delta == 4), "both lines are one sum");
    world.post(amended("o1", 1, &lines(3)));
    assert_eq!(world.committed("S0", "berlin"), 6);
    let all: Vec<Value> = (0..LINES_MAX).map(|number| part(&number.to_string(), 1)).collect();
    let result = world.post(fulfilled("o1", "f1", &all).at(1));
    assert_eq!((result.outcome, result.effects.len()), (Outcome::Applied, 2 * half));
    world.post(cancelled("o1").at(2));
    assert_eq!((world.committed("S7", "berlin"), world.on_hand("S7", "berlin")), (0, -2));
    world.verify();
}

#[test]
fn what_no_location_has_joins_what_the_first_rank_has() {
    let mut world = stocked([4, 3, 2]);
    world.post(placed("o1", &[line("1", "TEA", 10)]));
    let shares = shares(&world, "1");
    assert_eq!(shares, [("berlin", 5), ("hamburg", 3), ("munich", 2)].map(|(p, n)| (p.into(), n)));
}

#[test]
fn an_item_can_be_at_as_many_locations_as_there_are() {
    let places: Vec<String> = (0..20).map(|number| format!("p{number:02}")).collect();
    let mut world = World::new();
    world.post_all(places.iter().zip(10..).map(|(place, rank)| location(place, rank)));
    // In another order than that of their ranks.
    world.post_all(places.iter().rev().map(|place| adjusted("TEA", place, 1)));
    world.post(placed("o1", &[line("1", "TEA", 20)]));
    let expected: Vec<(String, i64)> = places.into_iter().map(|place| (place, 1)).collect();
    assert_eq!(shares(&world, "1"), expected);
}
