//! What the states of a level truly were: of movements that a later count contains, `on_hand` and
//! the state that moves with it were there until that count (contract.md sections 4 and 10).

use onhand::conflict::ResolutionOption as O;
use onhand::history::{Moment, Step, level_at, steps};
use onhand::record::{Bucket, Change};
use onhand::state::Level;

use crate::harness::World;
use crate::says::{Says, adjusted, counted, moved, received, reversed, second};

/// Broken units of tea appear in Berlin.
fn broken(units: i64, at_s: i64) -> Says {
    adjusted("TEA", "berlin", units).with("state", "damaged").by("shop").at(at_s)
}

/// The tea in Berlin as it truly was.
fn level(world: &World, at_s: i64) -> Level {
    let mut kept: Vec<Step> = Vec::new();
    for entry in &world.store.journal {
        let here = steps(&entry.record)
            .into_iter()
            .filter(|(sku, location, _)| (sku.as_str(), location.as_str()) == ("TEA", "berlin"));
        kept.extend(here.map(|(_, _, step)| step));
    }
    level_at(&kept, Moment::Occurred(second(at_s)))
}

/// What was on hand, and how much of it was damaged, at some moments.
fn truly<const N: usize>(world: &World, moments: [i64; N]) -> [(i64, i64); N] {
    moments.map(|at_s| {
        let level = level(world, at_s);
        (level.get(Bucket::OnHand), level.get(Bucket::Damaged))
    })
}

#[test]
fn before_a_count_the_state_of_a_movement_that_it_contained_is_seen() {
    let mut world = World::new()
        .given([received("TEA", "berlin", 20).at(0), counted("TEA", "berlin", 18).at(100)]);
    world.post(broken(3, 50));
    assert_eq!(truly(&world, [49, 50, 99]), [(20, 0), (23, 3), (23, 3)]);
    assert_eq!(level(&world, 50).available(), 20, "none of the broken ones could be sold");
    assert_eq!(truly(&world, [100]), [(18, 0)], "what the count has absorbed never took effect");
    assert_eq!(level(&world, 100).buckets(), world.level("TEA", "berlin").buckets());
}

#[test]
fn a_movement_within_a_count_that_was_taken_back_was_in_no_state_either() {
    let mut world = World::new()
        .given([received("TEA", "berlin", 20).at(0), counted("TEA", "berlin", 18).at(100)]);
    world.post(broken(3, 50).id("late"));
    for (says, delta, then) in
        [(reversed("shop", "late").id("back"), -3, (20, 0)), (reversed("desk", "back"), 3, (23, 3))]
    {
        let seq = world.post(says).seq.unwrap();
        let withdrawn = world.store.record(seq).changes.iter().find_map(|change| match change {
            Change::Withdrawn { delta, state, .. } => Some((*delta, *state)),
            _ => None,
        });
        assert_eq!(withdrawn, Some((delta, Some(Bucket::Damaged))));
        assert_eq!(truly(&world, [60, 100]), [then, (18, 0)]);
    }
}

/// It had its effect before the count came, and no count finds out how many are broken: taking it
/// back moves the state, and not what was counted.
#[test]
fn a_movement_that_a_count_came_to_contain_is_taken_back_once() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(0)]);
    world.post(broken(3, 50).id("late"));
    world.post(counted("TEA", "berlin", 18).at(100));
    assert_eq!(truly(&world, [60, 100]), [(23, 3), (18, 3)]);
    world.post(reversed("shop", "late").id("back"));
    assert_eq!(truly(&world, [60, 100]), [(20, 0), (18, 0)]);
    world.post(reversed("desk", "back"));
    assert_eq!(truly(&world, [60, 100]), [(23, 3), (18, 3)]);
}

#[test]
fn a_verdict_on_a_movement_moves_its_state_once() {
    let mut world = World::new().given([counted("TEA", "berlin", 14).at(100)]);
    world.post(broken(2, 95));
    let verdict = world.resolve(&world.conflict(), O::KeepDifference).unwrap();
    assert_eq!(truly(&world, [94, 95, 100]), [(0, 0), (2, 2), (16, 2)]);
    world.post(reversed("onhand", verdict.envelope.id.as_str()));
    assert_eq!(truly(&world, [94, 95, 100]), [(0, 0), (2, 2), (14, 0)]);
}

#[test]
fn a_movement_that_a_person_says_is_in_the_count_moves_no_state_after_it() {
    let mut world = World::new().given([counted("TEA", "berlin", 14).at(100)]);
    world.post(broken(2, 105));
    let verdict = world.resolve(&world.conflict(), O::KeepCounted).unwrap();
    assert_eq!(truly(&world, [105]), [(14, 0)]);
    world.post(counted("TEA", "berlin", 14).at(900));
    assert_eq!(truly(&world, [104, 105, 900]), [(14, 0); 3]);
    world.post(reversed("onhand", verdict.envelope.id.as_str()));
    assert_eq!(truly(&world, [104, 105, 900]), [(14, 0), (16, 2), (14, 2)]);
}

#[test]
fn at_each_count_a_state_goes_on_with_what_moved_it_for_good() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(0),
        moved("TEA", "berlin", 1, "available", "damaged").at(10),
        counted("TEA", "berlin", 20).at(100),
        moved("TEA", "berlin", 2, "available", "safety_stock").at(150),
        counted("TEA", "berlin", 20).at(300),
    ]);
    world.post(broken(3, 50));
    world.post(adjusted("TEA", "berlin", 5).with("state", "quality_control").at(200));
    let states = [Bucket::OnHand, Bucket::Damaged, Bucket::QualityControl, Bucket::SafetyStock];
    for (at_s, numbers) in [
        (10, [20, 1, 0, 0]),
        (50, [23, 4, 0, 0]),
        (100, [20, 1, 0, 0]),
        (150, [20, 1, 0, 2]),
        (200, [25, 1, 5, 2]),
        (300, [20, 1, 0, 2]),
    ] {
        let level = level(&world, at_s);
        assert_eq!(states.map(|state| level.get(state)), numbers, "at {at_s}");
    }
}

#[test]
fn until_the_count_the_version_counts_what_that_contains() {
    let mut world = World::new().given([counted("TEA", "berlin", 20).at(100)]);
    let late = world.post(broken(3, 50).id("late")).seq.unwrap();
    let seen = |at_s| {
        let level = level(&world, at_s);
        (level.version, level.seq)
    };
    assert_eq!([49, 50].map(seen), [(0, 0), (1, late)]);
    assert_eq!(level(&world, 50).updated_at, world.store.record(late).recorded_at);
    // The count is the first event that had an effect.
    assert_eq!(seen(100), (1, late - 1));
    assert_eq!(world.version("TEA", "berlin"), 1);
}
