//! What a person decides of a transfer lies on the same side of a count as what it corrects: the
//! receipt, or the shipment, of which somebody has said whether the count contains it.

use onhand::conflict::{Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::history::{Moment, level_at, steps};
use onhand::ledger::Refused;
use onhand::record::{Bucket, Outcome, Record};

use serde_json::json;

use crate::harness::World;
use crate::says::{Says, arrived, counted, goods, received, reversed, second, shipped};

/// 100 at Berlin, of which 10 left for Hamburg.
fn sent() -> World {
    World::new().given([
        received("TEA", "berlin", 100).at(900),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(1000),
    ])
}

/// The same, and 8 were counted at Hamburg at second 1500 by somebody else.
fn counted_there() -> World {
    sent().given([counted("TEA", "hamburg", 8).at(1500).by("pos")])
}

/// The last receipt of the transfer.
fn arrives(quantity: i64, second: i64) -> Says {
    let receipt = arrived("t1", "r1", &[goods("TEA", quantity)]);
    receipt.with("final", true).at(second).id("r1")
}

/// The same of damaged units.
fn damaged(quantity: i64, second: i64) -> Says {
    let rows = [json!({ "sku": "TEA", "quantity": quantity, "state": "damaged" })];
    arrived("t1", "r1", &rows).with("final", true).at(second)
}

/// TEA on hand at Hamburg, and how many of them are damaged.
fn in_state(world: &World) -> (i64, i64) {
    let level = world.level("TEA", "hamburg");
    (level.get(Bucket::OnHand), level.get(Bucket::Damaged))
}

/// 90 were counted at Berlin at second 1500 by somebody else; 10 left at this second, and 7 arrived.
fn counted_here(second: i64) -> World {
    let mut world = World::new().given([
        received("TEA", "berlin", 100).at(900),
        counted("TEA", "berlin", 90).at(1500).by("pos"),
    ]);
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(second));
    world.post(arrives(7, 1600));
    world
}

fn open(world: &World, kind: ConflictKind) -> Conflict {
    let mut open = world.open(kind);
    assert_eq!(open.len(), 1, "{open:?}");
    open.remove(0)
}

fn decide(world: &mut World, kind: ConflictKind, option: O) -> Record {
    world.resolve(&open(world, kind), option).unwrap()
}

fn take_back(world: &mut World, decision: &Record) -> (Outcome, Option<String>) {
    let result = world.post(reversed("onhand", decision.envelope.id.as_str()));
    (result.outcome, result.reason)
}

fn refusal(world: &mut World, option: O) -> String {
    let excess = open(world, ConflictKind::Excess);
    let refused = world.resolve(&excess, option).unwrap_err();
    assert!(matches!(refused, Refused::Impossible(_)), "{refused:?}");
    refused.to_string()
}

/// `on_hand` of TEA as it truly was at that second, with all that is known today.
fn truly(world: &World, place: &str, at: i64) -> i64 {
    let records = world.store.journal.iter().flat_map(|entry| steps(&entry.record));
    let here =
        records.filter(|(sku, location, _)| (sku.as_str(), location.as_str()) == ("TEA", place));
    let steps: Vec<_> = here.map(|(_, _, step)| step).collect();
    let moment = Moment::Occurred(second(at));
    level_at(&steps, moment).get(Bucket::OnHand)
}

/// 12 arrived where 10 left, at this second; a person says of the receipt whether the count of 8
/// contains it, and then what is right of the transfer.
#[test]
fn what_is_taken_out_of_a_receipt_lies_on_its_side_of_the_count() {
    let table = [
        (1505, O::KeepCounted, 8, [(O::Discard, 8), (O::Cap, 8), (O::ApplyAnyway, 8)]),
        (1495, O::KeepCounted, 8, [(O::Discard, 8), (O::Cap, 8), (O::ApplyAnyway, 8)]),
        (1505, O::KeepDifference, 20, [(O::Discard, 8), (O::Cap, 18), (O::ApplyAnyway, 20)]),
        (1495, O::KeepDifference, 20, [(O::Discard, 8), (O::Cap, 18), (O::ApplyAnyway, 20)]),
    ];
    for (second, verdict, before, options) in table {
        for (option, after) in options {
            let mut world = counted_there();
            world.post(arrives(12, second));
            decide(&mut world, ConflictKind::CountOverlap, verdict);
            assert_eq!(world.on_hand("TEA", "hamburg"), before, "{second} {verdict:?}");
            decide(&mut world, ConflictKind::Excess, option);
            let case = format!("{second} {verdict:?} {option:?}");
            assert_eq!(world.on_hand("TEA", "hamburg"), after, "{case}");
            let incoming = world.level("TEA", "hamburg").get(Bucket::Incoming);
            assert_eq!(incoming, if option == O::Discard { 10 } else { 0 }, "{case}");
            assert_eq!(truly(&world, "hamburg", 1600), after, "{case}");
            world.quiet();
        }
    }
}

/// Of 10 that left near a count of 90, 7 arrived: `apply_anyway` sends 3 back where they came from,
/// at the moment of the shipment.
#[test]
fn what_never_left_lies_on_the_side_of_its_shipment() {
    let table = [
        (1505, O::KeepCounted, 90, 90),
        (1495, O::KeepCounted, 90, 90),
        (1505, O::KeepDifference, 80, 83),
        (1495, O::KeepDifference, 80, 83),
    ];
    for (second, verdict, before, after) in table {
        let mut world = counted_here(second);
        decide(&mut world, ConflictKind::CountOverlap, verdict);
        assert_eq!(world.on_hand("TEA", "berlin"), before, "{second} {verdict:?}");
        decide(&mut world, ConflictKind::Excess, O::ApplyAnyway);
        assert_eq!(world.on_hand("TEA", "berlin"), after, "{second} {verdict:?}");
        assert_eq!(truly(&world, "berlin", 1600), after, "{second} {verdict:?}");
        world.quiet();
    }
}

/// A later count is of what was there then: neither what it found nor what it is re-based on knows
/// of units that are in a count before it.
#[test]
fn a_later_count_adds_up_what_came_after_the_earlier_one_and_nothing_else() {
    for (second, verdict) in [(1505, O::KeepCounted), (1495, O::KeepDifference)] {
        for option in [O::Discard, O::Cap] {
            let mut world = counted_there();
            world.post(arrives(12, second));
            decide(&mut world, ConflictKind::CountOverlap, verdict);
            decide(&mut world, ConflictKind::Excess, option);
            let version = world.version("TEA", "hamburg");
            let again = counted("TEA", "hamburg", 30).at(1500).by("pos").expecting(version);
            assert_eq!(world.post(again).outcome, Outcome::Applied);
            assert_eq!(world.on_hand("TEA", "hamburg"), 30, "{second} {verdict:?} {option:?}");
        }
    }
}

#[test]
fn a_decision_waits_for_the_question_about_what_it_corrects() {
    for option in [O::Discard, O::Cap] {
        let mut world = counted_there();
        world.post(arrives(12, 1505));
        let overlap = open(&world, ConflictKind::CountOverlap);
        let refusal = refusal(&mut world, option);
        let expected = format!(
            "decide {} first: whether the count of TEA at hamburg contains what this corrects",
            overlap.id
        );
        assert_eq!(refusal, expected);
        world.resolve(&overlap, O::KeepCounted).unwrap();
        decide(&mut world, ConflictKind::Excess, option);
        assert_eq!(world.on_hand("TEA", "hamburg"), 8, "{option:?}");
        world.quiet();
    }
    let mut world = counted_here(1505);
    let overlap = open(&world, ConflictKind::CountOverlap);
    let refusal = refusal(&mut world, O::ApplyAnyway);
    assert!(refusal.starts_with(&format!("decide {} first", overlap.id)), "{refusal}");
}

#[test]
fn a_decision_that_corrects_nothing_of_it_does_not_wait() {
    let mut world = counted_there();
    world.post(arrives(12, 1505));
    decide(&mut world, ConflictKind::Excess, O::ApplyAnyway);
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("TEA", "hamburg")), (88, 20));
    decide(&mut world, ConflictKind::CountOverlap, O::KeepCounted);
    assert_eq!(world.on_hand("TEA", "hamburg"), 8);
    world.quiet();
}

/// 7 too many are 4 of a receipt that came after the count, as a person has said, and 3 of one that
/// the count has seen. Nobody is asked about the 3: the answer would be for the 4 as well.
#[test]
fn what_is_settled_in_part_is_not_asked_about() {
    let mut world = sent().given([arrived("t1", "r0", &[goods("TEA", 10)]).at(1495)]);
    let version = world.version("TEA", "hamburg");
    world.post(counted("TEA", "hamburg", 10).at(1500).by("pos").expecting(version));
    world.post(arrived("t1", "r1", &[goods("TEA", 4)]).at(1505));
    decide(&mut world, ConflictKind::CountOverlap, O::KeepDifference);
    world.post(arrived("t1", "r2", &[goods("TEA", 3)]).at(1490));
    decide(&mut world, ConflictKind::CountOverlap, O::KeepCounted);
    assert_eq!(world.on_hand("TEA", "hamburg"), 14);
    decide(&mut world, ConflictKind::Excess, O::Cap);
    assert_eq!(world.on_hand("TEA", "hamburg"), 10);
    assert_eq!(world.transfer("t1").receipts[0].lines[0].quantity, 7);
    world.quiet();
}

#[test]
fn units_in_a_state_go_with_it_as_far_as_they_had_come_into_it() {
    let table = [(1505, O::KeepCounted, (8, 0)), (1495, O::KeepDifference, (20, 12))];
    for (second, verdict, before) in table {
        let mut world = counted_there();
        world.post(damaged(12, second));
        decide(&mut world, ConflictKind::CountOverlap, verdict);
        assert_eq!(in_state(&world), before, "{verdict:?}");
        decide(&mut world, ConflictKind::Excess, O::Discard);
        assert_eq!(in_state(&world), (8, 0), "{verdict:?}");
    }
}

/// The effects of a receipt that had waited are those of the record that let it go on.
#[test]
fn what_is_said_of_a_receipt_that_had_waited_holds_for_its_correction() {
    let mut world = World::new().given([
        received("TEA", "berlin", 100).at(900),
        counted("TEA", "hamburg", 8).at(1500).by("pos"),
    ]);
    world.post(arrives(12, 1505));
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(1000));
    decide(&mut world, ConflictKind::CountOverlap, O::KeepCounted);
    decide(&mut world, ConflictKind::Excess, O::Cap);
    assert_eq!(world.on_hand("TEA", "hamburg"), 8);
    world.quiet();
}

/// 12 arrived at this second, then the count of 8 was held and decided so: what was said of the
/// movements around it was said of the receipt.
#[test]
fn what_is_said_of_all_around_a_count_holds_for_the_correction() {
    let table = [
        (1505, O::KeepCounted, 8, 8, 8),
        (1495, O::KeepCounted, 8, 8, 8),
        (1505, O::KeepDifference, 20, 8, 18),
        (1495, O::KeepDifference, 20, 8, 18),
    ];
    for (second, verdict, before, discarded, capped) in table {
        for (option, after) in [(O::Discard, discarded), (O::Cap, capped)] {
            let mut world = sent().given([damaged(12, second)]);
            world.post(counted("TEA", "hamburg", 8).at(1500).by("pos"));
            decide(&mut world, ConflictKind::CountOverlap, verdict);
            assert_eq!(in_state(&world), (before, 12), "{second} {verdict:?}");
            let decision = decide(&mut world, ConflictKind::Excess, option);
            let left = if option == O::Discard { 0 } else { 10 };
            assert_eq!(in_state(&world), (after, left), "{second} {verdict:?} {option:?}");
            assert!(world.open(ConflictKind::CountOverlap).is_empty());
            assert_eq!(take_back(&mut world, &decision), (Outcome::Applied, None));
            assert_eq!(in_state(&world), (before, 12), "{second} {verdict:?} {option:?}");
        }
    }
}

/// What came after a count may be in a newer one: the times say so. What is in a count is in all
/// that are newer, whatever the times say.
#[test]
fn under_a_newer_count_only_what_is_in_the_older_one_is_certain() {
    let table = [(1495, O::KeepDifference, 1600), (1505, O::KeepCounted, 1502)];
    for (second, verdict, newer) in table {
        let mut world = counted_there();
        world.post(arrives(12, second));
        decide(&mut world, ConflictKind::CountOverlap, verdict);
        world.post(counted("TEA", "hamburg", 30).at(newer).by("pos"));
        assert_eq!(world.on_hand("TEA", "hamburg"), 30, "{verdict:?}");
        decide(&mut world, ConflictKind::Excess, O::Discard);
        assert_eq!(world.on_hand("TEA", "hamburg"), 30, "{verdict:?}");
        world.quiet();
    }
}

#[test]
fn what_was_said_and_taken_back_under_a_newer_count_is_said_no_longer() {
    let mut world = counted_there();
    world.post(arrives(12, 1505));
    let said = decide(&mut world, ConflictKind::CountOverlap, O::KeepCounted);
    world.post(counted("TEA", "hamburg", 8).at(1502).by("pos"));
    assert_eq!(take_back(&mut world, &said), (Outcome::Applied, None));
    assert_eq!(world.on_hand("TEA", "hamburg"), 20, "it came after the newer count");
    decide(&mut world, ConflictKind::Excess, O::Discard);
    assert_eq!(world.on_hand("TEA", "hamburg"), 8);
}

#[test]
fn a_decision_that_went_with_another_is_taken_back_as_it_was() {
    for (second, verdict, before) in [(1505, O::KeepCounted, 8), (1495, O::KeepDifference, 20)] {
        for option in [O::Discard, O::Cap] {
            let mut world = counted_there();
            world.post(arrives(12, second));
            decide(&mut world, ConflictKind::CountOverlap, verdict);
            let transfer = world.transfer("t1").clone();
            let was = truly(&world, "hamburg", 1499);
            let decision = decide(&mut world, ConflictKind::Excess, option);
            assert_eq!(take_back(&mut world, &decision), (Outcome::Applied, None));
            assert_eq!(world.on_hand("TEA", "hamburg"), before, "{verdict:?} {option:?}");
            assert_eq!(truly(&world, "hamburg", 1499), was, "{verdict:?} {option:?}");
            assert_eq!(*world.transfer("t1"), transfer);
            decide(&mut world, ConflictKind::Excess, O::Discard);
            assert_eq!(world.on_hand("TEA", "hamburg"), 8, "{verdict:?} {option:?}");
            world.quiet();
        }
    }
}

/// It would be asked anew about what was corrected, and the correction would lie on the other side.
#[test]
fn what_was_said_of_a_count_stays_while_a_correction_went_with_it() {
    let table = [
        (1505, O::KeepCounted),
        (1495, O::KeepCounted),
        (1505, O::KeepDifference),
        (1495, O::KeepDifference),
    ];
    for (second, verdict) in table {
        for option in [O::Discard, O::Cap] {
            let mut world = counted_there();
            world.post(arrives(12, second));
            let said = decide(&mut world, ConflictKind::CountOverlap, verdict);
            let decision = decide(&mut world, ConflictKind::Excess, option);
            let (outcome, reason) = take_back(&mut world, &said);
            assert_eq!(outcome, Outcome::Rejected, "{second} {verdict:?} {option:?}");
            assert!(reason.unwrap().contains("a decision on the transfer rests on it"));
            assert_eq!(take_back(&mut world, &decision).0, Outcome::Applied);
            assert_eq!(take_back(&mut world, &said).0, Outcome::Applied);
            open(&world, ConflictKind::CountOverlap);
        }
    }
    let mut world = counted_here(1505);
    let said = decide(&mut world, ConflictKind::CountOverlap, O::KeepCounted);
    let decision = decide(&mut world, ConflictKind::Excess, O::ApplyAnyway);
    assert_eq!(take_back(&mut world, &said).0, Outcome::Rejected);
    assert_eq!(world.on_hand("TEA", "berlin"), 90);
    assert_eq!(take_back(&mut world, &decision).0, Outcome::Applied);
    assert_eq!(take_back(&mut world, &said), (Outcome::Applied, None));
    assert_eq!(world.on_hand("TEA", "berlin"), 80);
    open(&world, ConflictKind::CountOverlap);
}

/// A newer count had ended the question, and what was decided under it has corrected the receipt.
#[test]
fn a_newer_count_stays_while_a_correction_lies_beside_it() {
    let mut world = counted_there();
    world.post(arrives(12, 1505));
    let overlap = open(&world, ConflictKind::CountOverlap);
    let version = world.version("TEA", "hamburg");
    world.post(counted("TEA", "hamburg", 9).at(1502).by("pos").expecting(version).id("newer"));
    assert_eq!(world.status(&overlap), ConflictStatus::AutoResolved);
    assert_eq!(world.on_hand("TEA", "hamburg"), 21);
    let decision = decide(&mut world, ConflictKind::Excess, O::Cap);
    assert_eq!(world.on_hand("TEA", "hamburg"), 19);
    let back = world.post(reversed("pos", "newer"));
    assert!(back.reason.unwrap().contains("a decision on the transfer rests on it"));
    assert_eq!(take_back(&mut world, &decision).0, Outcome::Applied);
    assert_eq!(world.post(reversed("pos", "newer")).outcome, Outcome::Applied);
    assert_eq!(world.status(&overlap), ConflictStatus::Open);
}
