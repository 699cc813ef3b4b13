//! A decision on a transfer corrects what lies around a newer count, of which a person has said on
//! which side all of it lies: that was said of what had an effect by then.

use onhand::conflict::{Conflict, ConflictKind, ResolutionOption as O};
use onhand::record::{Bucket, Outcome};
use serde_json::{Value, json};

use crate::harness::World;
use crate::says::{Says, adjusted, arrived, counted, goods, received, shipped};

/// 100 at Berlin, of which 10 left for Hamburg; 8 were counted there at second 1500.
fn counted_there() -> World {
    World::new().given([
        received("TEA", "berlin", 100).at(900),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(1000),
        counted("TEA", "hamburg", 8).at(1500).by("pos"),
    ])
}

fn damaged(quantity: i64) -> Value {
    json!({ "sku": "TEA", "quantity": quantity, "state": "damaged" })
}

/// 12 damaged units arrived where 10 left, just before the count: it is taken as containing them.
fn arrives() -> Says {
    arrived("t1", "r1", &[damaged(12)]).with("final", true).at(1495)
}

/// TEA on hand at Hamburg, and how many of them are damaged.
fn in_state(world: &World) -> (i64, i64) {
    let level = world.level("TEA", "hamburg");
    (level.get(Bucket::OnHand), level.get(Bucket::Damaged))
}

/// What is asked about movements that came late to a count.
fn late(world: &World) -> Vec<Conflict> {
    let mut asked = world.open(ConflictKind::CountOverlap);
    asked.retain(|conflict| conflict.count.is_some());
    asked
}

/// A count that is held, and what a person says of the movements around it.
fn counts(world: &mut World, says: Says, verdict: O) {
    let count = world.post(says);
    assert_eq!(count.outcome, Outcome::Conflict, "{count:?}");
    let mut asked = world.open(ConflictKind::CountOverlap);
    asked.retain(|conflict| conflict.count.is_none());
    world.resolve(&asked[0], verdict).unwrap();
    assert_eq!(world.outcome(&count), Outcome::Applied);
}

fn decide(world: &mut World, option: O) {
    world.resolve(&world.open(ConflictKind::Excess)[0], option).unwrap();
}

/// The receipt came after the first count, as a person has said, so it had its effect when the second
/// one was decided on.
#[test]
fn what_came_after_the_older_count_lies_where_all_around_the_newer_one_does() {
    let table = [(O::KeepCounted, (30, 12), (30, 0)), (O::KeepDifference, (42, 12), (30, 0))];
    for (verdict, before, after) in table {
        let mut world = counted_there();
        world.post(arrives());
        world.resolve(&late(&world)[0], O::KeepDifference).unwrap();
        assert_eq!(in_state(&world), (20, 12));
        counts(&mut world, counted("TEA", "hamburg", 30).at(1502).by("pos"), verdict);
        assert_eq!(in_state(&world), before, "{verdict:?}");
        decide(&mut world, O::Discard);
        assert_eq!(in_state(&world), after, "{verdict:?}");
        world.quiet();
    }
}

/// Nobody has said anything of the receipt: the first count contains it, and the second one was held
/// for the sake of a sale.
#[test]
fn what_the_older_count_contains_had_no_effect_to_take_back() {
    for (verdict, on_hand) in [(O::KeepCounted, 30), (O::KeepDifference, 29)] {
        let mut world = counted_there();
        world.post(arrives());
        world.post(adjusted("TEA", "hamburg", -1).at(1501).by("shop"));
        counts(&mut world, counted("TEA", "hamburg", 30).at(1502).by("pos"), verdict);
        assert_eq!(late(&world), []);
        assert_eq!(in_state(&world), (on_hand, 0), "{verdict:?}");
        decide(&mut world, O::Discard);
        assert_eq!(in_state(&world), (on_hand, 0), "{verdict:?}");
        world.quiet();
    }
}

/// Of one receipt the tea is in a count, and the mugs came after another one.
#[test]
fn what_a_count_contains_of_one_item_says_nothing_of_another() {
    let mut world = counted_there();
    let rows = [goods("TEA", 12), goods("MUG", 3)];
    world.post(arrived("t1", "r1", &rows).with("final", true).at(1495));
    counts(&mut world, counted("MUG", "hamburg", 5).at(1500).by("pos"), O::KeepDifference);
    world.resolve(&late(&world)[0], O::KeepCounted).unwrap();
    let there = |world: &World| ["TEA", "MUG"].map(|sku| world.on_hand(sku, "hamburg"));
    assert_eq!(there(&world), [8, 8]);
    decide(&mut world, O::Discard);
    assert_eq!(there(&world), [8, 5]);
    world.quiet();
}

/// Tea left within seconds of a count of mugs, which was decided on for the sake of a sale. Then mugs
/// arrived as well: that they left with the tea is news, on which side of the count nobody has said.
#[test]
fn what_was_said_around_a_count_was_not_said_of_an_item_that_was_not_shipped_yet() {
    let shipment = || shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(1505);
    let tables = [
        vec![shipment()],
        // The shipment takes the place of another content, about mugs.
        vec![adjusted("MUG", "berlin", -1).at(950).id("x"), shipment().id("x")],
    ];
    for given in tables {
        let mut world = World::new()
            .given([received("TEA", "berlin", 100).at(900), received("MUG", "berlin", 20).at(900)]);
        world.post_all(given.clone());
        if let Some(asked) = world.open(ConflictKind::IdReused).pop() {
            world.resolve(&asked, O::ApplySecond).unwrap();
        }
        world.post(adjusted("MUG", "berlin", -1).at(1501).by("shop"));
        counts(&mut world, counted("MUG", "berlin", 15).at(1500).by("pos"), O::KeepCounted);
        assert_eq!(world.on_hand("MUG", "berlin"), 15);
        let rows = [goods("TEA", 10), goods("MUG", 2)];
        world.post(arrived("t1", "r1", &rows).with("final", true).at(1600));
        decide(&mut world, O::ApplyAnyway);
        assert_eq!(world.on_hand("MUG", "berlin"), 13, "{given:?}");
        world.resolve(&late(&world)[0], O::KeepCounted).unwrap();
        assert_eq!(world.on_hand("MUG", "berlin"), 15, "{given:?}");
        world.quiet();
    }
}

/// The receipt lay after the older count by its time, but a person has said that it is in that. The
/// newer count was made by who had said the receipt, so nobody was asked about it again: what is in
/// the older count is in the newer one, and what came after it by its time did come later.
#[test]
fn what_was_said_around_an_older_count_holds_for_the_correction_under_a_newer_one() {
    let table = [(O::KeepCounted, (30, 12), (30, 0)), (O::KeepDifference, (42, 12), (30, 0))];
    for (verdict, before, after) in table {
        let mut world = World::new().given([
            received("TEA", "berlin", 100).at(900),
            shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(1000),
        ]);
        world.post(arrives().at(1508));
        counts(&mut world, counted("TEA", "hamburg", 20).at(1500).by("pos"), verdict);
        let newer = world.post(counted("TEA", "hamburg", 30).at(1503));
        assert_eq!((newer.outcome, in_state(&world)), (Outcome::Applied, before), "{verdict:?}");
        decide(&mut world, O::Discard);
        assert_eq!(in_state(&world), after, "{verdict:?}");
        world.quiet();
    }
}
