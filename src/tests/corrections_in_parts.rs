//! A decision on a transfer corrects several receipts, each at its own moment. What takes it back,
//! and what a person says of that, keeps to these moments.

use onhand::conflict::{Conflict, ConflictKind, ResolutionOption as O};
use onhand::history::{Moment, level_at, steps};
use onhand::record::{Basis, Bucket, Outcome, Record};

use crate::harness::World;
use crate::says::{arrived, counted, goods, received, reversed, second, shipped};

/// Before and after the receipts at seconds 1200 and 1505, and the count at second 1500.
const MOMENTS: [i64; 5] = [1199, 1300, 1500, 1504, 1600];

/// 10 left for Hamburg, where 12 and then 8 arrived.
fn too_many() -> World {
    let mut world = World::new().given([
        received("TEA", "berlin", 100).at(900),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(1000),
        arrived("t1", "r0", &[goods("TEA", 12)]).at(1200),
    ]);
    world.post(arrived("t1", "r1", &[goods("TEA", 8)]).with("final", true).at(1505));
    world
}

fn excess(world: &World) -> Conflict {
    world.open(ConflictKind::Excess).remove(0)
}

fn take_back(world: &mut World, decision: &Record) {
    let reversal = world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(reversal.outcome, Outcome::Applied, "{reversal:?}");
}

/// What was truly on hand in Hamburg at each of [`MOMENTS`].
fn truly(world: &World) -> [i64; 5] {
    let records = world.store.journal.iter().flat_map(|entry| steps(&entry.record));
    let here = records.filter(|(_, location, _)| location.as_str() == "hamburg");
    let steps: Vec<_> = here.map(|(_, _, step)| step).collect();
    MOMENTS.map(|at| level_at(&steps, Moment::Occurred(second(at))).get(Bucket::OnHand))
}

/// The moments and the units of the movements in the last record.
fn moved(world: &World) -> Vec<(i64, i64)> {
    let record = &world.store.journal.last().unwrap().record;
    let effects = record.effects.iter().filter(|effect| effect.state == Bucket::OnHand);
    let moved = effects.map(|effect| {
        let time = match &effect.basis {
            Some(Basis::Movement(fact)) => fact.time,
            _ => record.fact_time(),
        };
        (time.since(second(0)) / onhand::time::SECOND_US, effect.delta)
    });
    moved.collect()
}

#[test]
fn what_is_taken_out_of_two_receipts_comes_back_to_each() {
    let mut world = too_many();
    assert_eq!(truly(&world), [0, 12, 12, 12, 20]);
    let decision = world.resolve(&excess(&world), O::Cap).unwrap();
    assert_eq!(truly(&world), [0, 10, 10, 10, 10]);
    take_back(&mut world, &decision);
    assert_eq!(truly(&world), [0, 12, 12, 12, 20]);
    let mut back = moved(&world);
    back.sort_unstable();
    assert_eq!(back, [(1200, 2), (1505, 8)]);
}

/// Of what is taken out, 8 lie near a count that was accepted since, which a person says contains that.
#[test]
fn what_is_taken_out_near_a_count_is_flipped_at_its_own_moment() {
    let mut world = too_many();
    let version = world.version("TEA", "hamburg");
    let count = counted("TEA", "hamburg", 12).at(1500).by("pos").expecting(version);
    assert_eq!(world.post(count).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "hamburg"), 20);
    world.resolve(&excess(&world), O::Cap).unwrap();
    assert_eq!(world.on_hand("TEA", "hamburg"), 12);
    let question = world.open(ConflictKind::CountOverlap).remove(0);
    world.resolve(&question, O::KeepCounted).unwrap();
    assert_eq!(moved(&world), [(1505, 8)]);
    assert_eq!(truly(&world), [0, 10, 12, 12, 20]);
}

/// The 8 came after the count of second 1506, the person says; the 2 of five minutes earlier stay in
/// it, about which nobody was asked.
#[test]
fn what_lies_far_from_a_count_is_no_part_of_the_question() {
    let mut world = too_many();
    let version = world.version("TEA", "hamburg");
    world.post(counted("TEA", "hamburg", 20).at(1506).by("pos").expecting(version));
    world.resolve(&excess(&world), O::Cap).unwrap();
    assert_eq!(world.on_hand("TEA", "hamburg"), 20);
    let question = world.open(ConflictKind::CountOverlap).remove(0);
    world.resolve(&question, O::KeepDifference).unwrap();
    assert_eq!(moved(&world), [(1505, -8)]);
    assert_eq!(world.on_hand("TEA", "hamburg"), 12);
}

/// The items that the transfer has lines of.
fn goods_of(world: &World) -> Vec<String> {
    world.transfer("t1").lines.iter().map(|line| line.sku.to_string()).collect()
}

/// What the second says takes the place of what the first said, line by line.
#[test]
fn a_transfer_has_no_line_of_what_only_the_first_shipment_named() {
    let ship = |skus: &[&str]| {
        let lines: Vec<_> = skus.iter().map(|sku| goods(sku, 1)).collect();
        shipped("t1", "berlin", "hamburg", &lines)
    };
    let table: [(&[&str], &[&str]); 3] =
        [(&["TEA"], &["MUG"]), (&["TEA", "MUG"], &["MUG"]), (&["TEA"], &["TEA", "MUG"])];
    for (first, then) in table {
        let mut world = World::new();
        world.post(ship(first));
        world.post(ship(then));
        let question = world.open(ConflictKind::OrderChanged).remove(0);
        let decision = world.resolve(&question, O::ApplySecond).unwrap();
        assert_eq!(goods_of(&world), then, "{first:?}");
        take_back(&mut world, &decision);
        assert_eq!(goods_of(&world), first, "{then:?}");
    }
}
