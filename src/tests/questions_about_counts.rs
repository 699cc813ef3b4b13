//! A question about a movement that came late to a count is asked whenever that count stands, or
//! stands again, as long as the movement does and no answer is in force.

use onhand::conflict::{Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::ledger::Input;
use onhand::record::{Outcome, Record};
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::history::check_past;
use crate::says::{adjusted, counted, received, reversed};

/// A count at second 100 found 15, then the shop's sale of 3 at this second arrives.
fn late(second: i64) -> (World, Conflict) {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        counted("TEA", "berlin", 15).at(100).id("count"),
    ]);
    world.post(adjusted("TEA", "berlin", -3).by("shop").at(second).id("sale"));
    let conflict = world.conflict();
    (world, conflict)
}

fn reverse(world: &mut World, decision: &Record) -> EventResult {
    world.post(reversed("onhand", decision.envelope.id.as_str()))
}

fn newer_count(world: &mut World) {
    let newer = world.post(counted("TEA", "berlin", 30).at(500).id("newer"));
    assert_eq!(newer.outcome, Outcome::Applied);
}

fn without_newer_count(world: &mut World) {
    let gone = world.post(reversed("wms", "newer"));
    assert_eq!(gone.outcome, Outcome::Applied, "{gone:?}");
}

/// Where the sale lies, an answer, whether that is what was assumed, and what is on hand by it.
const ANSWERS: [(i64, O, bool, i64); 4] = [
    (95, O::KeepCounted, true, 15),
    (95, O::KeepDifference, false, 12),
    (105, O::KeepDifference, true, 12),
    (105, O::KeepCounted, false, 15),
];

/// Under the newer count the answer makes no difference, so nobody is asked; without that count the
/// question stands again as if it had never been answered. One that had moved the level is part of
/// what the newer count is measured by: that stays then.
#[test]
fn an_answer_taken_back_under_a_newer_count_is_asked_for_without_that() {
    for (second, answer, is_assumed, on_hand) in ANSWERS {
        let (mut world, asked) = late(second);
        let decision = world.resolve(&asked, answer).unwrap();
        newer_count(&mut world);
        assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
        assert_eq!(world.on_hand("TEA", "berlin"), 30);
        world.quiet();
        if !is_assumed {
            let stays = world.post(reversed("wms", "newer"));
            assert!(stays.reason.unwrap().contains("count again"));
            continue;
        }
        without_newer_count(&mut world);
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{answer:?} of {second}");
        let again = world.conflict();
        assert_eq!((again.id, again.version), (asked.id, asked.version + 2));
        check_past(&world);
        let other = if answer == O::KeepCounted { O::KeepDifference } else { O::KeepCounted };
        world.resolve(&again, other).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 27 - on_hand, "{other:?} of {second}");
        world.quiet();
    }
}

/// An answer whose end nobody was asked for is not in force again once the question is, be it that
/// somebody has answered anew.
#[test]
fn an_answer_does_not_stand_again_beside_its_question() {
    for (second, answer, _, on_hand) in ANSWERS.into_iter().filter(|(_, _, assumed, _)| *assumed) {
        for anew in [None, Some(O::KeepCounted), Some(O::KeepDifference)] {
            let (mut world, asked) = late(second);
            let decision = world.resolve(&asked, answer).unwrap();
            newer_count(&mut world);
            let back = reverse(&mut world, &decision);
            without_newer_count(&mut world);
            assert_eq!(world.conflict().id, asked.id);
            if let Some(anew) = anew {
                world.resolve(&world.conflict(), anew).unwrap();
            }
            let stood = world.on_hand("TEA", "berlin");
            let again = world.post(reversed("desk", back.id.as_deref().unwrap()));
            assert_eq!(again.outcome, Outcome::Rejected, "{second} {anew:?}");
            let why = again.reason.unwrap();
            let expected = if anew.is_some() { "decided anew" } else { "is open again" };
            assert!(why.contains(expected), "{why}");
            assert_eq!(world.on_hand("TEA", "berlin"), stood);
            assert!(anew.is_some() || stood == on_hand);
            check_past(&world);
        }
    }
}

#[test]
fn an_answer_that_stands_is_respected_without_the_newer_count() {
    for (second, answer, is_assumed, on_hand) in ANSWERS {
        for taken_back_for_a_while in [false, is_assumed] {
            let (mut world, asked) = late(second);
            let decision = world.resolve(&asked, answer).unwrap();
            newer_count(&mut world);
            if taken_back_for_a_while {
                let id = decision.envelope.id.as_str();
                world.post(reversed("onhand", id).id("undo"));
                let redo = world.post(reversed("desk", "undo"));
                assert_eq!(redo.outcome, Outcome::Applied, "{redo:?}");
            }
            without_newer_count(&mut world);
            assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{answer:?} of {second}");
            assert_eq!(world.status(&asked), ConflictStatus::Resolved);
            world.quiet();
            check_past(&world);
        }
    }
}

/// The same for what a person has said of a count that was held.
#[test]
fn what_was_said_of_a_held_count_is_respected_without_the_newer_count() {
    for (option, on_hand) in [(O::KeepCounted, 15), (O::KeepDifference, 12)] {
        let mut world = World::new().given([
            received("TEA", "berlin", 20).at(-1_000),
            adjusted("TEA", "berlin", -3).by("shop").at(95),
        ]);
        world.post(counted("TEA", "berlin", 15).at(100));
        world.resolve(&world.conflict(), option).unwrap();
        newer_count(&mut world);
        without_newer_count(&mut world);
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?}");
        world.quiet();
    }
}

/// A question is asked of the count that it is about, and not of one between.
#[test]
fn of_several_newer_counts_the_last_one_taken_back_brings_the_question() {
    let (mut world, asked) = late(105);
    let decision = world.resolve(&asked, O::KeepDifference).unwrap();
    newer_count(&mut world);
    world.post(counted("TEA", "berlin", 40).at(600).id("newest"));
    reverse(&mut world, &decision);
    world.post(reversed("wms", "newest"));
    world.quiet();
    without_newer_count(&mut world);
    assert_eq!(world.conflict().id, asked.id);
}

/// Whether in one batch or in several, what it takes is at hand.
#[test]
fn it_is_asked_again_in_the_batch_that_took_the_answer_back() {
    for together in [false, true] {
        let (mut world, asked) = late(105);
        let decision = world.resolve(&asked, O::KeepDifference).unwrap();
        let inputs = [
            counted("TEA", "berlin", 30).at(500).event("newer"),
            reversed("onhand", decision.envelope.id.as_str()).event("undo"),
            reversed("wms", "newer").event("without"),
        ];
        let inputs = inputs.map(Input::Event);
        for some in inputs.chunks(if together { 3 } else { 1 }) {
            world.answers(some);
        }
        assert_eq!(world.conflict().id, asked.id, "together: {together}");
        assert_eq!(world.on_hand("TEA", "berlin"), 12);
    }
}

/// Of two contents of one id the first counts mugs, and the second tea. With the decision for the
/// second the count of mugs stands again and the newer one of tea does not: the one has nothing to
/// say of what is asked again about the other.
#[test]
fn a_count_of_another_item_that_stands_again_answers_nothing() {
    let (mut world, asked) = late(105);
    world.post(counted("MUG", "berlin", 5).at(200).id("x"));
    world.post(counted("TEA", "berlin", 30).at(300).id("x"));
    let reused = world.open(ConflictKind::IdReused).remove(0);
    let decision = world.resolve(&reused, O::ApplySecond).unwrap();
    assert_eq!(world.status(&asked), ConflictStatus::AutoResolved);
    assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (12, 5));
    assert_eq!(world.status(&asked), ConflictStatus::Open);
}

/// The same where all of it is one batch: the answer is given in it as well.
#[test]
fn it_is_asked_again_in_the_batch_that_gave_the_answer_and_took_it_back() {
    for together in [false, true] {
        let (mut world, asked) = late(105);
        // The decision is called by its place in the journal.
        let decision = format!("resolved-{}", world.store.journal.len() + 1);
        let inputs = [
            Input::Resolve(choice(&asked, O::KeepDifference)),
            Input::Event(counted("TEA", "berlin", 30).at(500).event("newer")),
            Input::Event(reversed("onhand", &decision).event("undo")),
            Input::Event(reversed("wms", "newer").event("without")),
        ];
        for some in inputs.chunks(if together { 4 } else { 1 }) {
            world.answers(some);
        }
        assert_eq!(world.conflict().id, asked.id, "together: {together}");
        assert_eq!(world.on_hand("TEA", "berlin"), 12);
    }
}
