//! A record names the levels that its event is about although none of their numbers moved: they are
//! part of its history. Where an event does nothing and says nothing, it is not named; nor is a line
//! of an order of which nothing changed.

use onhand::record::Outcome;
use onhand::state::Settings;

use crate::harness::World;
use crate::says::{
    Says, adjusted, amended, back, cancelled, counted, fulfilled, line, line_from, part, placed,
    received, returned,
};

/// The levels that the last record names besides those that it moved.
fn mentioned(world: &World) -> Vec<(&str, &str)> {
    let record = &world.store.journal.last().unwrap().record;
    record.mentions.iter().map(|(sku, place)| (sku.as_str(), place.as_str())).collect()
}

/// An order of 8 TEA, of which 5 are promised at Berlin and 3 at Hamburg.
fn split() -> World {
    World::new().given([
        received("TEA", "berlin", 5),
        received("TEA", "hamburg", 5),
        placed("o1", &[line("1", "TEA", 8)]),
    ])
}

#[test]
fn what_a_count_contains_names_its_level() {
    let mut world = World::new().given([counted("TEA", "berlin", 9).at(100)]);
    assert_eq!(world.post(adjusted("TEA", "berlin", 1).at(50)).outcome, Outcome::Absorbed);
    assert_eq!(mentioned(&world), [("TEA", "berlin")]);
}

#[test]
fn a_count_that_finds_what_was_believed_names_its_level() {
    let mut world = World::new().given([received("TEA", "berlin", 9).at(50)]);
    world.post(counted("TEA", "berlin", 9).at(100));
    assert_eq!(mentioned(&world), [("TEA", "berlin")]);
}

/// Of an order that stands at two locations, one has a part in what happens.
#[test]
fn a_location_that_has_no_part_in_it_is_not_named() {
    let all = || fulfilled("o1", "f0", &[part("1", 8)]);
    let some = || cancelled("o1").with("lines", vec![part("1", 3)]);
    let berlins = || fulfilled("o1", "f0", &[part("1", 5)]);
    let back_there = || returned("o1", "r0", &[back("1", 5, true)]);
    let table: [(Vec<Says>, Says); 8] = [
        (vec![], fulfilled("o1", "f1", &[part("1", 2)])),
        (vec![], cancelled("o1").with("lines", vec![part("1", 2)])),
        (vec![], amended("o1", 1, &[line("1", "TEA", 6)])),
        (vec![some()], amended("o1", 1, &[line_from("1", "TEA", 4, "berlin")])),
        (vec![some()], cancelled("o1")),
        (vec![all()], returned("o1", "r1", &[back("1", 1, true)])),
        // Its part is over.
        (vec![berlins()], fulfilled("o1", "f1", &[part("1", 2)])),
        (vec![all(), back_there()], returned("o1", "r1", &[back("1", 1, true)])),
    ];
    for (given, says) in table {
        let mut world = split().given(given);
        let result = world.post(says);
        assert_eq!(result.outcome, Outcome::Applied, "{result:?}");
        assert!(!result.effects.is_empty());
        assert!(mentioned(&world).is_empty(), "{result:?}: {:?}", mentioned(&world));
    }
}

/// What one line gives up another one gets: as much is promised as before, of other lines.
#[test]
fn a_level_at_which_as_much_goes_as_comes_is_named() {
    let lines = |first, second, mugs| {
        let tea = [("1", first), ("2", second)].map(|(id, n)| line_from(id, "TEA", n, "berlin"));
        [&tea[..], &[line_from("3", "MUG", mugs, "berlin")]].concat()
    };
    for (mugs, moved) in [(1, 0), (2, 1)] {
        let mut world = World::new().given([
            received("TEA", "berlin", 9),
            received("MUG", "berlin", 9),
            placed("o1", &lines(5, 1, 1)),
        ]);
        let result = world.post(amended("o1", 1, &lines(3, 3, mugs)));
        assert_eq!((result.outcome, result.effects.len()), (Outcome::Applied, moved));
        assert_eq!(mentioned(&world), [("TEA", "berlin")], "{mugs} mugs");
    }
}

#[test]
fn what_is_held_with_its_batch_names_its_level() {
    let settings = Settings { mass_change_min: 1, ..Settings::default() };
    let mut world = World::new_with(settings).given([received("TEA", "berlin", 5).at(-60)]);
    let results = world.request([counted("TEA", "berlin", 0).in_batch("b")]);
    assert_eq!(results[0].outcome, Outcome::Conflict);
    assert_eq!(mentioned(&world), [("TEA", "berlin")]);
}

/// What there is of tea at Berlin, Hamburg and Munich, all of which goes to an order that has to be
/// split.
#[test]
fn a_location_that_gives_nothing_to_a_line_is_not_named() {
    let places = ["berlin", "hamburg", "munich"];
    for units in [[4, 0, 4], [0, 3, 2]] {
        let stock = places.into_iter().zip(units).filter(|(_, units)| *units > 0);
        let stock = stock.map(|(place, units)| received("TEA", place, units));
        let mut world = World::new().given(stock);
        world.post(placed("o1", &[line("1", "TEA", units.iter().sum())]));
        assert_eq!(places.map(|place| world.committed("TEA", place)), units);
        assert!(mentioned(&world).is_empty(), "{units:?}: {:?}", mentioned(&world));
    }
}

/// Of the lines of an order, one has nothing left to cancel, or is what it was before.
#[test]
fn a_line_that_has_no_part_in_it_is_not_named() {
    let lines = [line("1", "TEA", 3), line("2", "TEA", 2)];
    let gone = || cancelled("o1").with("lines", vec![part("1", 3)]);
    let table: [(Vec<Says>, Says, &[&str]); 3] = [
        (vec![gone()], cancelled("o1"), &["2"]),
        (vec![gone(), cancelled("o1")], cancelled("o1"), &[]),
        (vec![], amended("o1", 1, &[line("1", "TEA", 3), line("2", "TEA", 4)]), &["2"]),
    ];
    for (given, says, expected) in table {
        let stocked = World::new().given([received("TEA", "berlin", 9), placed("o1", &lines)]);
        let mut world = stocked.given(given);
        assert_eq!(world.post(says.clone()).outcome, Outcome::Applied);
        let record = &world.store.journal.last().unwrap().record;
        let named = record.order_updates().flat_map(|update| &update.lines);
        let named: Vec<&str> = named.map(|line| line.line.as_str()).collect();
        assert_eq!(named, expected, "{says:?}");
    }
}
