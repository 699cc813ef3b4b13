//! What is known of each receipt of a transfer: where it arrived, what is left of it, and what it has
//! found that was given up.

use onhand::conflict::{Choice, ConflictKind, ResolutionOption as O};
use onhand::record::{Bucket, Outcome};
use onhand::transfer::Receipt;

use crate::harness::{World, choice};
use crate::says::{arrived, counted, goods, received, shipped};

/// 20 units at Berlin, of which `t1` sends 10 to Hamburg at second 10.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 20),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(10),
    ])
}

/// Something of each receipt, in the order in which they came.
fn each<T>(world: &World, what: impl Fn(&Receipt) -> T) -> Vec<(&str, T)> {
    let receipts = world.transfer("t1").receipts.iter();
    receipts.map(|receipt| (receipt.receipt.as_str(), what(receipt))).collect()
}

#[test]
fn a_receipt_knows_what_it_has_found_of_what_was_given_up() {
    let mut world = world();
    world.post(arrived("t1", "r1", &[goods("TEA", 7)]).with("final", true).at(20));
    world.resolve(&world.conflict(), O::Cap).unwrap();
    world.post_all([("r2", 1), ("r3", 2), ("r4", 1)].map(|(receipt, quantity)| {
        arrived("t1", receipt, &[goods("TEA", quantity), goods("MUG", 1)]).at(30)
    }));
    let found = each(&world, |receipt| {
        receipt.found.iter().map(|(sku, units)| format!("{units} {sku}")).collect::<Vec<_>>()
    });
    let expected = [
        ("r1", vec![]),
        ("r2", vec!["1 TEA".to_owned()]),
        ("r3", vec!["2 TEA".to_owned()]),
        ("r4", vec![]),
    ];
    assert_eq!(found, expected);
}

/// What is too much goes out of the last receipt as far as that has so much; the one before is as it
/// was, so nobody has to say first on which side of a count it lies.
#[test]
fn a_receipt_of_which_nothing_is_taken_out_is_as_it_was() {
    for (last, left) in [(4, None), (6, Some(2))] {
        let mut world = world().given([counted("TEA", "hamburg", 8).at(1500).by("pos")]);
        let first = 14 - last;
        world.post(arrived("t1", "r1", &[goods("TEA", first)]).at(1505));
        world.post(arrived("t1", "r2", &[goods("TEA", last)]).at(1600));
        let excess = world.open(ConflictKind::Excess).remove(0);
        world.resolve(&excess, O::Cap).unwrap();
        assert_eq!(world.on_hand("TEA", "hamburg"), 18);
        let rows = each(&world, |receipt| {
            receipt.lines.iter().map(|row| row.quantity).collect::<Vec<_>>()
        });
        assert_eq!(rows, [("r1", vec![first]), ("r2", left.into_iter().collect())]);
        assert_eq!(world.conflict().kind, ConflictKind::CountOverlap, "which is still to be said");
    }
}

/// Without a shipment nobody knows where a transfer goes, so a person says it of each receipt.
#[test]
fn receipts_without_a_shipment_arrive_where_a_person_says() {
    let mut world = World::new().given([received("TEA", "berlin", 20)]);
    let places = [("r1", 3, "hamburg"), ("r2", 1, "munich"), ("r3", 2, "hamburg")];
    world.post_all(places.map(|(id, units, _)| arrived("t1", id, &[goods("TEA", units)]).at(20)));
    world.pass(86_400);
    let asked = world.open(ConflictKind::Orphan);
    for (conflict, (_, _, place)) in asked.iter().zip(places) {
        let location = Some(place.parse().unwrap());
        world.choose(Choice { location, ..choice(conflict, O::ApplyWithoutOrder) }).unwrap();
    }
    let there = |world: &World| ["hamburg", "munich"].map(|place| world.on_hand("TEA", place));
    assert_eq!(there(&world), [5, 1]);
    let elsewhere = each(&world, |receipt| receipt.at.as_ref().map(ToString::to_string));
    assert_eq!(elsewhere, [("r1", None), ("r2", Some("munich".to_owned())), ("r3", None)]);
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(10));
    assert_eq!(there(&world), [5, 1]);
    assert_eq!(world.level("TEA", "hamburg").get(Bucket::Incoming), 4, "each of them has arrived");
    world.quiet();
}

/// All of it has arrived, so nothing is on its way; and that it left, the count contains.
#[test]
fn a_shipment_of_what_has_arrived_is_absorbed_by_a_later_count() {
    for (arrived_before, outcome) in [(4, Outcome::Absorbed), (3, Outcome::Applied)] {
        let mut world = World::new().given([received("TEA", "berlin", 9).at(-1_000)]);
        world.post(arrived("t1", "r1", &[goods("TEA", arrived_before)]).at(60));
        world.pass(86_400);
        let orphan = world.conflict();
        let at = Some("hamburg".parse().unwrap());
        world.choose(Choice { location: at, ..choice(&orphan, O::ApplyWithoutOrder) }).unwrap();
        world.post(counted("TEA", "berlin", 5).at(500));
        let says = shipped("t1", "berlin", "hamburg", &[goods("TEA", 4)]).at(0);
        let result = world.post(says.clone());
        assert_eq!((result.outcome, world.on_hand("TEA", "berlin")), (outcome, 5));
        let again = world.post(says.id("again"));
        assert_eq!(again.original.unwrap().outcome, outcome);
    }
}
