//! Reversing what happened to a transfer: what is on its way follows from what left and what
//! arrived.

use onhand::conflict::{Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::record::{Bucket, Outcome, Record};
use onhand::wire::EventResult;

use crate::harness::World;
use crate::says::{arrived, counted, goods, received, reversed, shipped};

/// 20 TEA and 20 MUG at Berlin, of which 5 and 4 left for Hamburg.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 20).at(-900),
        received("MUG", "berlin", 20).at(-900),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 5), goods("MUG", 4)]).id("s"),
    ])
}

/// TEA on hand at Berlin, on its way to Hamburg, and on hand there.
fn tea(world: &World) -> (i64, i64, i64) {
    let to = world.level("TEA", "hamburg");
    (world.on_hand("TEA", "berlin"), to.get(Bucket::Incoming), to.get(Bucket::OnHand))
}

fn reason(result: &EventResult) -> &str {
    assert_eq!(result.outcome, Outcome::Rejected, "{result:?}");
    result.reason.as_deref().unwrap()
}

#[test]
fn a_shipment_comes_back() {
    let mut world = world().given([reversed("wms", "s")]);
    assert_eq!(tea(&world), (20, 0, 0));
    let early = world.post(arrived("t1", "r1", &[goods("TEA", 5)]));
    assert_eq!(early.outcome, Outcome::Parked, "it never left");
    world.post(shipped("t1", "berlin", "munich", &[goods("TEA", 6)]));
    assert_eq!(world.outcome(&early), Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "munich"), 5);
    assert_eq!(world.on_hand("MUG", "berlin"), 20);
    world.quiet();
}

#[test]
fn a_receipt_is_on_its_way_again() {
    let mut world = world().given([
        arrived("t1", "r1", &[goods("TEA", 2)]).id("r1"),
        arrived("t1", "r2", &[goods("TEA", 1)]),
        reversed("wms", "r1"),
    ]);
    assert_eq!(tea(&world), (15, 4, 1));
    let again = world.post(arrived("t1", "r1", &[goods("TEA", 4), goods("MUG", 4)]).at(9));
    assert_eq!(again.outcome, Outcome::Applied, "the receipt can be said again");
    assert_eq!(tea(&world), (15, 0, 5));
    world.quiet();
}

#[test]
fn a_shipment_rests_under_its_receipts() {
    let mut world = world().given([arrived("t1", "r1", &[goods("TEA", 2)]).id("r1")]);
    let result = world.post(reversed("wms", "s"));
    assert!(reason(&result).contains("receipts of the transfer rest on it"), "{result:?}");
    world.post(reversed("wms", "r1"));
    assert_eq!(world.post(reversed("wms", "s")).outcome, Outcome::Applied);
    assert_eq!(tea(&world), (20, 0, 0));
}

#[test]
fn a_receipt_that_had_waited_is_taken_back_by_its_own_name() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(-900)]);
    world.post(arrived("t1", "r1", &[goods("TEA", 5)]).id("r1"));
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 5)]).id("s"));
    assert_eq!(tea(&world), (15, 0, 5));
    world.post(reversed("wms", "r1"));
    assert_eq!(tea(&world), (15, 5, 0));
}

/// The decision also ended the waiting of the first content, which is no receipt any more.
#[test]
fn a_shipment_that_took_the_place_of_its_receipt_comes_back_with_the_decision() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(-900)]);
    let first = world.post(arrived("t1", "r1", &[goods("TEA", 5)]).id("x"));
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 5)]).id("x"));
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(tea(&world), (15, 5, 0));
    let back = world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!((back.outcome, back.reason), (Outcome::Applied, None));
    assert_eq!(tea(&world), (20, 0, 0));
    assert_eq!(world.outcome(&first), Outcome::Parked);
    assert_eq!(world.conflict().kind, ConflictKind::IdReused);
}

#[test]
fn a_count_holds_what_arrived_before_it() {
    let world = world().given([
        arrived("t1", "r1", &[goods("TEA", 5), goods("MUG", 4)]).at(50).id("r1"),
        counted("TEA", "hamburg", 5).at(100),
        reversed("wms", "r1"),
    ]);
    assert_eq!(tea(&world), (15, 5, 5));
}

#[test]
fn a_question_about_a_receipt_is_over_with_it() {
    for (rows, is_final) in [(7, false), (3, true)] {
        let mut world = world();
        let receipt = arrived("t1", "r1", &[goods("TEA", rows), goods("MUG", 4)]).id("r1");
        world.post(receipt.with("final", is_final));
        let conflict = world.conflict();
        assert_eq!(conflict.kind, ConflictKind::Excess);
        world.post(reversed("wms", "r1"));
        assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
        assert_eq!(tea(&world), (15, 5, 0));
        world.quiet();
    }
}

#[test]
fn a_question_is_over_once_what_is_left_of_the_receipts_is_what_was_sent() {
    let mut world = world();
    world.post(arrived("t1", "r1", &[goods("TEA", 5), goods("MUG", 4)]));
    world.post(arrived("t1", "r2", &[goods("TEA", 2)]).id("r2"));
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Excess);
    world.post(reversed("wms", "r2"));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!(tea(&world), (15, 0, 5));
    world.quiet();
}

#[test]
fn a_question_that_is_another_without_the_receipt_is_asked_so() {
    let mut world = world();
    world.post(arrived("t1", "r1", &[goods("TEA", 4), goods("MUG", 4)]).id("r1"));
    world.post(arrived("t1", "r2", &[goods("TEA", 1)]).with("final", true).id("r2"));
    world.quiet();
    world.post(reversed("wms", "r1"));
    let conflict = world.conflict();
    assert_eq!(conflict.events.last().unwrap().id.as_str(), "r2");
    assert!(conflict.evidence.iter().any(|fact| fact.value.contains("4 are missing")));
    assert_eq!(tea(&world), (15, 4, 1));
    world.resolve(&conflict, O::Cap).unwrap();
    assert_eq!(tea(&world), (15, 0, 1));
}

/// 5 TEA left, 3 or 7 arrived, and a person has decided: everything is as it was before.
#[test]
fn a_decision_is_taken_back() {
    for arrives in [3, 7] {
        for option in [O::ApplyAnyway, O::Cap] {
            let mut world = world();
            let rows = [goods("TEA", arrives), goods("MUG", 4)];
            world.post(arrived("t1", "r1", &rows).with("final", true).id("r1"));
            let (conflict, before) = (world.conflict(), tea(&world));
            let transfer = world.store.transfer("t1").cloned();
            let decision = world.resolve(&conflict, option).unwrap();
            assert_ne!(tea(&world), before);
            let late = world.post(reversed("wms", "s"));
            assert!(reason(&late).contains("receipts of the transfer rest on it"), "{late:?}");
            world.post(reversed("onhand", decision.envelope.id.as_str()));
            assert_eq!(tea(&world), before, "{option:?} of {arrives}");
            assert_eq!(world.store.transfer("t1").cloned(), transfer);
            assert_eq!(world.conflict().id, conflict.id);
            world.post(reversed("wms", "r1"));
            world.quiet();
        }
    }
}

/// Who saw it before must look at it anew, however often it was closed and opened.
#[test]
fn a_question_has_a_new_version_each_time_it_is_asked_again() {
    for option in [O::ApplyAnyway, O::Cap] {
        let mut world = world();
        world.post(received("MUG", "munich", 1).id("taken"));
        world.post(arrived("t1", "r1", &[goods("TEA", 7)]).id("r1"));
        let asked = world.conflict();
        let decision = world.resolve(&asked, option).unwrap();
        world.post(reversed("onhand", decision.envelope.id.as_str()).by("wms").id("taken"));
        let second = world.open(ConflictKind::IdReused).remove(0);
        let second = world.resolve(&second, O::ApplySecond).unwrap();
        assert_eq!(world.open(asked.kind)[0].version, asked.version + 2, "{option:?}");
        assert_eq!(take_back(&mut world, &second).outcome, Outcome::Applied);
        assert!(world.open(asked.kind).is_empty());
        assert_eq!(take_back(&mut world, &decision).outcome, Outcome::Applied);
        assert_eq!(world.open(asked.kind)[0].version, asked.version + 4, "{option:?}");
    }
}

/// What is to be done instead of taking back what was taken back.
#[test]
fn what_a_reversal_took_back_of_a_transfer_is_said_or_decided_anew() {
    let mut world = world();
    let again = |world: &mut World, gone: &EventResult| {
        let again = world.post(reversed("desk", gone.id.as_deref().unwrap()));
        reason(&again).to_owned()
    };
    let gone = world.post(reversed("wms", "s"));
    assert_eq!(again(&mut world, &gone), "the shipment can be sent again instead");
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 5)]));
    world.post(arrived("t1", "r1", &[goods("TEA", 7)]).id("r1"));
    let asked = world.conflict();
    let decision = world.resolve(&asked, O::Cap).unwrap();
    let gone = take_back(&mut world, &decision);
    let expected = format!("{} is open again: decide that instead", asked.id);
    assert_eq!(again(&mut world, &gone), expected);
    let anew = world.resolve(&world.conflict(), O::ApplyAnyway).unwrap();
    let expected =
        format!("{} has been decided anew: reverse #{} first, then decide it", asked.id, anew.seq);
    assert_eq!(again(&mut world, &gone), expected);
    take_back(&mut world, &anew);
    let gone = world.post(reversed("wms", "r1"));
    assert_eq!(again(&mut world, &gone), "the receipt can be sent again instead");
}

#[test]
fn a_receipt_that_a_decision_has_changed_rests_under_it() {
    let mut world = world();
    world.post(arrived("t1", "r1", &[goods("TEA", 7)]).id("r1"));
    let decision = world.resolve(&world.conflict(), O::Cap).unwrap();
    let result = world.post(reversed("wms", "r1"));
    assert!(reason(&result).contains("a decision on the transfer rests on it"), "{result:?}");
    world.post(arrived("t1", "r2", &[goods("MUG", 1)]).id("r2"));
    let result = world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert!(reason(&result).contains("the transfer has moved on since: reverse receipt r2"));
    world.post(reversed("wms", "r2"));
    let result = world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(result.outcome, Outcome::Applied);
    assert_eq!(tea(&world), (15, 0, 7));
}

/// A world with a receipt that was discarded, and the decision.
fn discarded(mut world: World) -> (World, Conflict, Record) {
    let conflict = world.conflict();
    let decision = world.resolve(&conflict, O::Discard).unwrap();
    (world, conflict, decision)
}

fn take_back(world: &mut World, decision: &Record) -> EventResult {
    world.post(reversed("onhand", decision.envelope.id.as_str()))
}

/// Short or surplus, as it left or by way of a count: it stands again, and is asked about again.
#[test]
fn a_receipt_that_was_discarded_stands_again() {
    for arrives in [3, 7] {
        for is_counted in [false, true] {
            let mut world = world();
            let rows = [goods("TEA", arrives), goods("MUG", 4)];
            let receipt = arrived("t1", "r1", &rows).with("final", true).at(50).id("r1");
            let receipt = world.post(receipt);
            if is_counted {
                world.post(counted("TEA", "hamburg", 9).at(100));
            }
            let (before, transfer) = (tea(&world), world.store.transfer("t1").cloned());
            let (mut world, conflict, decision) = discarded(world);
            assert_eq!(world.outcome(&receipt), Outcome::Rejected);
            world.quiet();
            assert_eq!(take_back(&mut world, &decision).conflict, Some(conflict.id));
            assert_eq!(tea(&world), before, "{arrives} {is_counted}");
            assert_eq!(world.store.transfer("t1").cloned(), transfer);
            assert_eq!(world.outcome(&receipt), Outcome::Applied);
            let again = world.conflict();
            assert_eq!((again.id, again.version), (conflict.id, conflict.version + 2));
            let twice = take_back(&mut world, &decision);
            assert!(reason(&twice).contains("taken back already"), "{twice:?}");
            // It is what it was, under its own name as well.
            assert_eq!(world.post(reversed("wms", "r1")).outcome, Outcome::Applied);
            assert_eq!(world.on_hand("MUG", "hamburg"), 0);
            assert_eq!(world.level("TEA", "hamburg").get(Bucket::Incoming), 5);
            world.quiet();
        }
    }
}

#[test]
fn a_receipt_that_had_waited_stands_again_by_what_released_it() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(-900)]);
    world.post_all([
        arrived("t1", "r1", &[goods("TEA", 7)]).id("r1"),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 5)]),
    ]);
    let known = |world: &World| world.transfer("t1").receipts[0].clone();
    let before = known(&world);
    for _ in 0..2 {
        let (after, _, decision) = discarded(world);
        world = after;
        assert_eq!(tea(&world), (15, 5, 0));
        assert_eq!(take_back(&mut world, &decision).outcome, Outcome::Applied);
        assert_eq!((tea(&world), known(&world)), ((15, 0, 7), before.clone()));
    }
    assert_eq!(world.post(reversed("wms", "r1")).outcome, Outcome::Applied);
    assert_eq!(tea(&world), (15, 5, 0));
}

#[test]
fn what_is_asked_without_the_receipt_is_over_when_it_stands_again() {
    let world = world().given([
        arrived("t1", "r1", &[goods("TEA", 6)]).id("r1"),
        arrived("t1", "r2", &[goods("TEA", 2)]).id("r2"),
    ]);
    let (mut world, conflict, decision) = discarded(world);
    let rest = world.conflict();
    assert_ne!(rest.id, conflict.id);
    assert_eq!((tea(&world), rest.events[0].id.as_str()), ((15, 0, 6), "r1"));
    assert_eq!(take_back(&mut world, &decision).conflict, Some(conflict.id));
    assert_eq!(world.status(&rest), ConflictStatus::AutoResolved);
    let again = world.conflict();
    assert_eq!((again.id, again.event_count), (conflict.id, 2));
    assert_eq!(tea(&world), (15, 0, 8));
}

/// What rests on the receipt's being gone is named: it has to be reversed first.
#[test]
fn a_receipt_that_was_sent_again_goes_before_the_discarded_one_stands_again() {
    let surplus = || arrived("t1", "r1", &[goods("TEA", 7)]).id("r1");
    let table = [
        (arrived("t1", "r1", &[goods("TEA", 5)]).id("again"), "reverse receipt r1 (#11) first"),
        (arrived("t1", "r2", &[goods("MUG", 1)]).id("again"), "reverse receipt r2 (#11) first"),
        (received("TEA", "munich", 1).id("r1"), "of the same id holds: reverse that first"),
    ];
    for (since, refusal) in table {
        let (mut world, conflict, decision) = discarded(world().given([surplus()]));
        let other = world.post(since);
        let mut rests = ("wms".to_owned(), "again".to_owned());
        if other.outcome == Outcome::Conflict {
            let second = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
            rests = ("onhand".to_owned(), second.envelope.id.to_string());
        }
        let result = take_back(&mut world, &decision);
        assert!(reason(&result).contains(refusal), "{result:?}");
        assert_eq!(world.post(reversed(&rests.0, &rests.1)).outcome, Outcome::Applied);
        assert_eq!(take_back(&mut world, &decision).outcome, Outcome::Applied, "{refusal}");
        assert_eq!(tea(&world), (15, 0, 7));
        assert_eq!(world.open(ConflictKind::Excess)[0].id, conflict.id);
    }
}

#[test]
fn a_receipt_that_is_taken_back_takes_part_in_the_question_no_longer() {
    let mut world = world().given([
        arrived("t1", "r1", &[goods("TEA", 6)]).id("r1"),
        arrived("t1", "r2", &[goods("MUG", 5)]),
    ]);
    let asked = world.conflict();
    assert_eq!(asked.event_count, 2);
    world.post(reversed("wms", "r1"));
    let conflict = world.conflict();
    assert_eq!(conflict.version, asked.version + 1, "who decides has seen the question as it is");
    assert_eq!((conflict.events.len(), conflict.event_count), (1, 1));
}

/// Taken back beneath a decision, a receipt or a shipment would leave what the decision has moved.
#[test]
fn a_receipt_is_not_taken_back_beneath_a_decision_on_its_transfer() {
    for (arrives, option) in
        [(1, O::ApplyAnyway), (6, O::ApplyAnyway), (1, O::Cap), (6, O::Cap), (1, O::Discard)]
    {
        let mut world = World::new().given([
            received("TEA", "berlin", 20),
            shipped("t1", "berlin", "hamburg", &[goods("TEA", 4)]).id("left"),
            arrived("t1", "r0", &[goods("TEA", 1)]).id("first"),
        ]);
        let receipt = arrived("t1", "r1", &[goods("TEA", arrives)]).with("final", true);
        world.post(receipt.id("last"));
        let decision = world.resolve(&world.conflict(), option).unwrap();
        for name in ["first", "last", "left"] {
            let result = world.post(reversed("wms", name));
            assert_eq!(result.outcome, Outcome::Rejected, "{name} beneath {option:?}");
        }
        // The last first.
        world.post(reversed("onhand", decision.envelope.id.as_str()));
        for name in ["last", "first", "left"] {
            assert_eq!(world.post(reversed("wms", name)).outcome, Outcome::Applied, "{name}");
        }
        let there = ["berlin", "hamburg"].map(|place| world.on_hand("TEA", place));
        assert_eq!(there, [20, 0], "{arrives} arrived, {option:?}");
        assert_eq!(world.level("TEA", "hamburg").get(Bucket::Incoming), 0);
        world.quiet();
    }
}

#[test]
fn what_a_receipt_has_found_is_given_up_again_without_it() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 3)]),
    ]);
    world.post(arrived("t1", "r1", &[goods("TEA", 2)]).with("final", true));
    let decision = world.resolve(&world.conflict(), O::Cap).unwrap();
    let found = arrived("t1", "r2", &[goods("TEA", 1)]).id("found");
    assert_eq!(world.post(found).outcome, Outcome::Applied);
    world.post(reversed("wms", "found"));
    let level = world.level("TEA", "hamburg");
    assert_eq!((level.get(Bucket::OnHand), level.get(Bucket::Incoming)), (2, 0));
    world.quiet();
    let result = world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(result.outcome, Outcome::Applied);
    assert_eq!(world.level("TEA", "hamburg").get(Bucket::Incoming), 1);
}
