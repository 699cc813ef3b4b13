//! A shipment and another event came under one id: which of them holds decides whether what was
//! shipped can arrive.

use onhand::conflict::ResolutionOption as O;
use onhand::history::{Moment, level_at, steps};
use onhand::record::{Bucket, Outcome};
use onhand::wire::EventResult;

use crate::harness::World;
use crate::says::{adjusted, arrived, goods, received, reversed, second, shipped};

/// 20 at Berlin, where one got lost: so says the second content of an id, of which the first was a
/// shipment of 5. Then these 5 arrive, of which the receipt is given, and the name of the decision.
fn gave_way() -> (World, EventResult, String) {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(-900),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 5)]).at(10).id("x"),
    ]);
    world.post(adjusted("TEA", "berlin", -1).at(500).id("x"));
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let receipt = world.post(arrived("t1", "r1", &[goods("TEA", 5)]).at(600));
    assert_eq!(receipt.outcome, Outcome::Parked, "it never left");
    assert_eq!(tea(&world), (19, 0, 0));
    (world, receipt, decision.envelope.id.to_string())
}

/// TEA on hand at Berlin, on its way to Hamburg, and on hand there.
fn tea(world: &World) -> (i64, i64, i64) {
    let to = world.level("TEA", "hamburg");
    (world.on_hand("TEA", "berlin"), to.get(Bucket::Incoming), to.get(Bucket::OnHand))
}

/// How many units were truly on their way to Hamburg at these seconds.
fn on_their_way(world: &World) -> [i64; 4] {
    let records = world.store.journal.iter().flat_map(|entry| steps(&entry.record));
    let here = records.filter(|(_, location, _)| location.as_str() == "hamburg");
    let steps: Vec<_> = here.map(|(_, _, step)| step).collect();
    let at = |moment| level_at(&steps, Moment::Occurred(second(moment))).get(Bucket::Incoming);
    [9, 10, 599, 600].map(at)
}

#[test]
fn a_receipt_that_waits_goes_on_when_the_shipment_holds_again() {
    let (mut world, receipt, decision) = gave_way();
    assert_eq!(on_their_way(&world), [0; 4]);
    assert_eq!(world.post(reversed("onhand", &decision)).outcome, Outcome::Applied);
    assert_eq!(world.outcome(&receipt), Outcome::Applied);
    assert_eq!(tea(&world), (15, 0, 5));
    assert_eq!(on_their_way(&world), [0, 5, 5, 0]);
}

/// A third content takes the place of the second: for a moment the shipment is back.
#[test]
fn a_shipment_that_is_there_only_in_between_wakes_nothing() {
    let (mut world, receipt, _) = gave_way();
    world.post(adjusted("TEA", "berlin", -2).id("x"));
    let conflict = world.conflict();
    let records = world.store.journal.len();
    world.resolve(&conflict, O::ApplySecond).unwrap();
    assert_eq!(world.store.journal.len(), records + 1, "nothing follows from the decision");
    assert_eq!(world.outcome(&receipt), Outcome::Parked);
    assert_eq!(tea(&world), (18, 0, 0));
    world.quiet();
}
