//! Decisions by which events went on, one of which gave way to another content of its id since: that
//! goes first. Else the event would be in force again without the decision.

use onhand::conflict::{Choice, ConflictKind, ResolutionOption as O};
use onhand::record::{Outcome, Record};
use onhand::state::Settings;
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::says::{Says, adjusted, item, line_from, location, placed, received, reversed};

const ITEMS: [&str; 4] = ["a", "b", "c", "d"];

/// Four items, 5 of each, and as many make a change too large to go unseen.
fn world() -> World {
    let mut world = World::with(Settings { mass_change_min: 4, ..Settings::default() });
    world.batch([location("berlin", 1)]);
    world.batch(ITEMS.map(item));
    world.batch(ITEMS.map(|name| received(name, "berlin", 5).at(-60)));
    world
}

fn numbers(world: &World) -> Vec<(i64, i64)> {
    let numbers = |name| (world.on_hand(name, "berlin"), world.committed(name, "berlin"));
    ITEMS.iter().copied().map(numbers).collect()
}

fn reverse(world: &mut World, decision: &Record) -> EventResult {
    world.post(reversed("onhand", decision.envelope.id.as_str()))
}

/// The second content takes the place of what went on by the decision; then both decisions are taken
/// back, of which only the last one can go first.
fn gives_way(world: &mut World, decision: &Record, second: Says) {
    let by_decision = numbers(world);
    world.post(second);
    let asked = [ConflictKind::IdReused, ConflictKind::OrderChanged]
        .iter()
        .find_map(|kind| world.open(*kind).pop());
    let instead = world.resolve(&asked.unwrap(), O::ApplySecond).unwrap();
    assert_ne!(numbers(world), by_decision);
    let early = reverse(world, decision);
    assert_eq!(early.outcome, Outcome::Rejected);
    assert!(early.reason.as_deref().unwrap().contains("gave way to another content"), "{early:?}");
    assert_eq!(reverse(world, &instead).outcome, Outcome::Applied);
    assert_eq!(numbers(world), by_decision);
    assert_eq!(reverse(world, decision).outcome, Outcome::Applied);
    assert_eq!(numbers(world), [(5, 0); 4], "nothing of it is in force");
}

#[test]
fn an_approved_batch_is_held_as_a_whole_again() {
    let mut world = world();
    world.request(ITEMS.map(|name| adjusted(name, "berlin", -5).in_batch("b").id(name)));
    let asked = world.open(ConflictKind::MassChange).remove(0);
    let approved = world.resolve(&asked, O::Approve).unwrap();
    gives_way(&mut world, &approved, adjusted("a", "berlin", -2).in_batch("b").id("a"));
    let again = world.open(ConflictKind::MassChange).remove(0);
    assert_eq!((again.id, again.event_count), (asked.id, 4));
    world.resolve(&again, O::Reject).unwrap();
    assert_eq!(numbers(&world), [(5, 0); 4]);
}

#[test]
fn what_went_on_by_a_mapping_waits_for_the_name_again() {
    let table = [
        (adjusted("cup", "berlin", -1).id("x"), adjusted("a", "berlin", -2).id("x")),
        (
            placed("o1", &[line_from("1", "cup", 2, "berlin")]).id("x"),
            placed("o1", &[line_from("1", "a", 3, "berlin")]).id("y"),
        ),
    ];
    for (first, second) in table {
        let mut world = world();
        world.post(first);
        let asked = world.open(ConflictKind::Unmapped).remove(0);
        let means = Choice { sku: Some("a".parse().unwrap()), ..choice(&asked, O::Map) };
        let mapped = world.choose(means).unwrap();
        gives_way(&mut world, &mapped, second);
        assert_eq!(world.open(ConflictKind::Unmapped).len(), 1, "it is asked again");
    }
}
