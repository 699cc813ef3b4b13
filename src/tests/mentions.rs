//! A record names the levels that its event is about although none of their numbers moved: they are
//! part of its history. Where an event does nothing and says nothing, it is not named.

use onhand::record::Outcome;

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
    let table: [(Vec<Says>, Says); 6] = [
        (vec![], fulfilled("o1", "f1", &[part("1", 2)])),
        (vec![], cancelled("o1").with("lines", vec![part("1", 2)])),
        (vec![], amended("o1", 1, &[line("1", "TEA", 6)])),
        (vec![some()], amended("o1", 1, &[line_from("1", "TEA", 4, "berlin")])),
        (vec![some()], cancelled("o1")),
        (vec![all()], returned("o1", "r1", &[back("1", 1, true)])),
    ];
    for (given, says) in table {
        let mut world = split().given(given);
        let result = world.post(says);
        assert_eq!(result.outcome, Outcome::Applied, "{result:?}");
        assert!(!result.effects.is_empty());
        assert!(mentioned(&world).is_empty(), "{result:?}: {:?}", mentioned(&world));
    }
}
