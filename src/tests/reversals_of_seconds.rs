//! A decision for a second content may have brought an event back: the first content, or the second
//! one itself, was about a reversal. With the decision, that event goes again.

use onhand::conflict::{ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::record::{Outcome, Record};
use onhand::reservation::Standing;
use onhand::wire::EventResult;

use crate::harness::World;
use crate::says::{
    adjusted, arrived, confirmed, counted, fulfilled, goods, held, item, line, part, placed,
    received, released, reserved, reversed,
};

/// 20 on hand, and 5 more that were taken back, which leaves 20.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        received("TEA", "berlin", 5).id("goods"),
        reversed("wms", "goods").id("back"),
    ])
}

fn reverse(world: &mut World, decision: &Record) -> EventResult {
    world.post(reversed("onhand", decision.envelope.id.as_str()))
}

fn goes(world: &mut World, decision: &Record) {
    let undo = reverse(world, decision);
    assert_eq!((undo.outcome, undo.reason), (Outcome::Applied, None));
}

fn second_of(world: &World) -> onhand::conflict::Conflict {
    world.open(ConflictKind::IdReused).remove(0)
}

/// The first content was the reversal: without it the goods are there again. Taken back and taken
/// anew as often as one likes, and the goods can be reversed by their own name meanwhile.
#[test]
fn what_the_first_had_taken_back_goes_again_with_the_decision() {
    let mut world = world();
    world.post(adjusted("TEA", "berlin", -1).by("desk").id("back"));
    for _ in 0..2 {
        let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 24, "the goods, and one less");
        goes(&mut world, &decision);
        assert_eq!(world.on_hand("TEA", "berlin"), 20);
        let gone = world.post(reversed("wms", "goods"));
        assert!(gone.reason.unwrap().contains("taken back already"));
    }
    world.resolve(&second_of(&world), O::KeepFirst).unwrap();
    world.quiet();
}

/// The second content takes the reversal back. With the decision the reversal is in force again, and
/// the first content too.
#[test]
fn what_the_second_has_brought_back_goes_again_with_the_decision() {
    let mut world = world();
    world.post(adjusted("TEA", "berlin", -1).by("desk").id("x"));
    world.post(reversed("desk", "back").id("x"));
    for _ in 0..2 {
        let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 25);
        goes(&mut world, &decision);
        assert_eq!(world.on_hand("TEA", "berlin"), 19);
    }
    world.resolve(&second_of(&world), O::KeepFirst).unwrap();
    world.quiet();
}

/// Nor would the goods go twice.
#[test]
fn what_has_gone_since_by_another_reversal_is_named() {
    let mut world = world();
    world.post(adjusted("TEA", "berlin", -1).by("desk").id("back"));
    let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    let gone = world.post(reversed("wms", "goods").id("again"));
    assert_eq!(world.on_hand("TEA", "berlin"), 19);
    let refused = reverse(&mut world, &decision);
    assert_eq!(refused.outcome, Outcome::Rejected);
    let first = format!("reverse #{} first", gone.seq.unwrap());
    assert!(refused.reason.unwrap().ends_with(&first));
    world.post(reversed("desk", "again"));
    goes(&mut world, &decision);
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
}

/// Also where what was brought back had gone on when its name became known.
#[test]
fn what_has_gone_since_is_named_also_if_it_had_waited() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(-1_000)]);
    world.post_all([received("CUP", "berlin", 5).id("goods"), item("CUP")]);
    world.post(reversed("wms", "goods").id("back"));
    world.post(adjusted("TEA", "berlin", -1).by("desk").id("back"));
    let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("CUP", "berlin"), 5);
    let gone = world.post(reversed("wms", "goods").id("again"));
    let refused = reverse(&mut world, &decision);
    let first = format!("has gone since: reverse #{} first", gone.seq.unwrap());
    assert!(refused.reason.unwrap().ends_with(&first));
    world.post(reversed("desk", "again"));
    goes(&mut world, &decision);
    assert_eq!(world.on_hand("CUP", "berlin"), 0);
}

#[test]
fn what_rests_on_what_was_brought_back_is_reversed_first() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        placed("o1", &[line("1", "TEA", 5)]).by("shop").id("order"),
        reversed("shop", "order").id("back"),
    ]);
    world.post(adjusted("TEA", "berlin", -1).by("desk").id("back"));
    let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    world.post(fulfilled("o1", "f1", &[part("1", 2)]).by("shop").id("sent"));
    let refused = reverse(&mut world, &decision);
    assert_eq!(refused.outcome, Outcome::Rejected);
    assert!(refused.reason.unwrap().contains("later events rest on line 1"));
    world.post(reversed("shop", "sent"));
    goes(&mut world, &decision);
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (20, 0));
}

/// What is asked about an event that is there again is over when it goes.
#[test]
fn a_question_about_what_was_brought_back_is_over_with_it() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        counted("TEA", "berlin", 15).at(100),
        adjusted("TEA", "berlin", -3).by("shop").at(105).id("late"),
    ]);
    let near = world.conflict();
    world.post(reversed("shop", "late").id("back"));
    world.quiet();
    world.post(adjusted("TEA", "hamburg", 1).by("desk").id("back"));
    for _ in 0..2 {
        let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
        assert_eq!((world.on_hand("TEA", "berlin"), world.conflict().id), (12, near.id));
        goes(&mut world, &decision);
        assert_eq!(world.status(&near), ConflictStatus::AutoResolved);
        assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("TEA", "hamburg")), (15, 0));
    }
    // Once somebody has said on which side it lies, that goes first.
    let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    let answer = world.resolve(&world.conflict(), O::KeepCounted).unwrap();
    let refused = reverse(&mut world, &decision);
    let first = format!("reverse #{} first", answer.seq);
    assert!(refused.reason.unwrap().ends_with(&first));
    goes(&mut world, &answer);
    goes(&mut world, &decision);
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
}

/// A third content takes the place of the second, whose first was a reversal: the goods stay, and
/// what the third replaces is the second.
#[test]
fn a_third_takes_the_place_of_a_second_that_brought_something_back() {
    let mut world = world();
    world.post(adjusted("TEA", "berlin", -1).by("desk").id("back"));
    let second = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    world.post(adjusted("TEA", "berlin", -2).by("desk").id("back"));
    for _ in 0..2 {
        let third = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 23);
        goes(&mut world, &third);
        assert_eq!(world.on_hand("TEA", "berlin"), 24);
    }
    world.resolve(&second_of(&world), O::KeepFirst).unwrap();
    goes(&mut world, &second);
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
}

/// The first content itself had brought the goods back: they go with it, and come with it again.
#[test]
fn what_the_first_had_brought_back_goes_with_it() {
    let mut world = world();
    world.post(reversed("desk", "back").by("desk").id("redo"));
    assert_eq!(world.on_hand("TEA", "berlin"), 25);
    world.post(adjusted("TEA", "berlin", -1).by("desk").id("redo"));
    for _ in 0..2 {
        let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 19);
        goes(&mut world, &decision);
        assert_eq!(world.on_hand("TEA", "berlin"), 25);
    }
    let again = world.post(reversed("desk", "redo").id("undo"));
    assert!(again.reason.unwrap().contains("reverse that event instead"));
}

/// A reversal that had waited for a decision is no other than one that had not.
#[test]
fn a_decision_that_let_a_reversal_bring_something_back_is_taken_back() {
    let mut world = world();
    world.post(reversed("desk", "back").at(90_000).id("redo"));
    for _ in 0..2 {
        let decision = world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 25);
        goes(&mut world, &decision);
        assert_eq!(world.on_hand("TEA", "berlin"), 20);
    }
}

/// The first content brings the goods back, and the second takes them again. Beside another content
/// of the goods, which holds by now, they do not come to stand when the decision is taken back.
#[test]
fn what_comes_back_only_to_go_again_stands_beside_nothing() {
    let mut world = world();
    world.post(reversed("wms", "goods").with("reason", "another").id("back"));
    let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
    world.post(received("TEA", "berlin", 7).id("goods"));
    world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 27);
    goes(&mut world, &decision);
    assert_eq!(world.on_hand("TEA", "berlin"), 27);
    world.resolve(&second_of(&world), O::KeepFirst).unwrap();
    world.quiet();
}

/// The first waited for its order, as somebody had decided. It gave way, and waits again: that decision
/// can be taken back as before.
#[test]
fn a_decision_on_a_first_that_waits_again_is_taken_back() {
    for id in ["x", "y"] {
        let mut world = World::new().given([received("TEA", "berlin", 20).at(-1_000)]);
        let early = fulfilled("o1", "f1", &[part("1", 3)]).at(90_000).id("x");
        let first = world.post(early);
        let as_received = world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
        let second = world.post(fulfilled("o1", "f1", &[part("1", 2)]).id(id));
        let instead = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
        goes(&mut world, &instead);
        assert_eq!([world.outcome(&first), world.outcome(&second)], {
            [Outcome::Parked, Outcome::Conflict]
        });
        assert_eq!(
            world.store.waiting_count(),
            1,
            "{id}: the second is held, and waits for nothing"
        );
        goes(&mut world, &as_received);
        assert_eq!(world.outcome(&first), Outcome::Conflict, "{id}");
        assert_eq!(world.open(ConflictKind::FutureTime).len(), 1, "{id}");
    }
}

/// The second is itself the reversal of a decision, whose question is open again by it.
#[test]
fn a_second_that_has_opened_a_question_again_is_not_taken_back_but_that_decided() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(-1_000)]);
    world.post(adjusted("TEA", "berlin", -3).at(90_000));
    let future = world.conflict();
    let as_received = world.resolve(&future, O::ApplyAsReceived).unwrap();
    world.post(adjusted("TEA", "berlin", 1).by("desk").id("back"));
    world.post(reversed("onhand", as_received.envelope.id.as_str()).id("back"));
    let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    assert_eq!(world.conflict().id, future.id);
    let undo = reverse(&mut world, &decision);
    let expected = format!("{} is open again: decide that instead", future.id);
    assert_eq!((undo.outcome, undo.reason), (Outcome::Rejected, Some(expected)));
}

/// A question about a level holds no event, but is open again by the second all the same.
#[test]
fn a_second_that_has_asked_again_about_a_level_is_not_taken_back_but_that_decided() {
    let sale = adjusted("TEA", "berlin", -3).by("shop").at(105);
    let late = [counted("TEA", "berlin", 15).at(100), sale];
    let short = [placed("o1", &[line("1", "TEA", 23)])];
    let table = [(late.to_vec(), O::KeepCounted, 12), (short.to_vec(), O::Acknowledge, 20)];
    for (given, answer, on_hand) in table {
        let stock = received("TEA", "berlin", 20).at(-1_000);
        let mut world = World::new().given([stock]).given(given);
        let asked = world.conflict();
        let answered = world.resolve(&asked, answer).unwrap();
        world.post(received("MUG", "berlin", 1).by("desk").id("x"));
        world.post(reversed("onhand", answered.envelope.id.as_str()).by("desk").id("x"));
        let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
        assert_eq!(world.status(&asked), ConflictStatus::Open);
        let undo = reverse(&mut world, &decision);
        let expected = format!("{} is open again: decide that instead", asked.id);
        assert_eq!((undo.outcome, undo.reason), (Outcome::Rejected, Some(expected)), "{answer:?}");
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{answer:?}");
    }
}

/// The first is brought back by what the second would take back: it goes once, and the second is
/// refused as if it had come alone.
#[test]
fn a_second_does_not_take_back_what_has_brought_the_first_back() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        adjusted("TEA", "berlin", -3).id("x"),
        reversed("wms", "x").id("back"),
        reversed("desk", "back").id("again"),
    ]);
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
    let second = world.post(reversed("desk", "again").by("wms").id("x"));
    world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
    assert_eq!(world.outcome(&second), Outcome::Rejected);
}

/// The second holds the units again that were given up, or that an order had, as long as it stands.
#[test]
fn how_a_reservation_had_ended_holds_again_without_the_second() {
    let table = [
        (released("r1").id("end"), Standing::Released, [0, 0]),
        (confirmed("r1", "o1").id("end"), Standing::Confirmed("o1".parse().unwrap()), [0, 4]),
    ];
    for (end, standing, expected) in table {
        let mut world = world().given([reserved("r1", &[held("TEA", 4, "berlin")]), end]);
        let numbers =
            |world: &World| [world.reserved("TEA", "berlin"), world.committed("TEA", "berlin")];
        world.post(received("MUG", "berlin", 1).by("desk").id("x"));
        world.post(reversed("shop", "end").by("desk").id("x"));
        let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
        assert_eq!(numbers(&world), [4, 0]);
        goes(&mut world, &decision);
        assert_eq!(numbers(&world), expected);
        assert_eq!(world.store.reservation("r1").unwrap().standing, standing);
    }
}

/// Each content moves at its own moment, also when the first stands again: a count in between
/// contains the one and not the other. What a reversal is about goes without saying, the rest does
/// not.
#[test]
fn a_first_stands_again_at_its_own_moment() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        adjusted("TEA", "berlin", -3).at(10).id("x"),
    ]);
    world.post(adjusted("TEA", "berlin", -4).at(100).id("x"));
    let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    goes(&mut world, &decision);
    let says_whose = |world: &World| -> Vec<(i64, bool)> {
        let record = &world.store.journal.last().unwrap().record;
        record.effects.iter().map(|effect| (effect.delta, effect.basis.is_some())).collect()
    };
    assert_eq!(says_whose(&world), [(4, false), (-3, true)]);
    world.post(counted("TEA", "berlin", 17).at(50));
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
    world.post(reversed("wms", "x"));
    world.post(adjusted("TEA", "berlin", -1).at(200).id("y"));
    world.post(reversed("wms", "y"));
    assert_eq!(says_whose(&world), [(1, false)]);
}

/// The second was older than a count, and has no effect: the first stands again, and so it is the first
/// that a third content would take the place of.
#[test]
fn a_third_takes_the_place_of_the_first_that_stands_again_beside_a_second_without_effect() {
    let mut world = World::new().given([
        adjusted("TEA", "berlin", 1).at(100).id("x"),
        reversed("wms", "x").id("back"),
        counted("TEA", "berlin", 4).at(0),
    ]);
    world.post(counted("TEA", "berlin", 9).at(-10).id("x"));
    let decision = world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    assert_eq!(decision.outcome, Outcome::Superseded);
    world.post(reversed("desk", "back"));
    assert_eq!(world.on_hand("TEA", "berlin"), 5);
    world.post(adjusted("TEA", "berlin", 2).at(110).id("x"));
    world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 6);
}

/// The decision on an event leads to the record that has taken the decision back for another content
/// of the event, and that to the decision again.
#[test]
fn a_decision_that_another_content_of_its_event_has_taken_back_is_gone() {
    let says = |quantity| arrived("t1", "r1", &[goods("TEA", quantity)]).at(0);
    let mut world = World::new();
    world.post(says(2).id("a"));
    world.post(says(3).by("shop").id("b"));
    let changed = world.open(ConflictKind::OrderChanged).remove(0);
    let kept = world.resolve(&changed, O::KeepFirst).unwrap();
    world.post(reversed("onhand", kept.envelope.id.as_str()).by("wms").id("a"));
    world.resolve(&second_of(&world), O::ApplySecond).unwrap();
    let again = reverse(&mut world, &kept);
    assert_eq!(again.outcome, Outcome::Rejected);
    assert!(again.reason.unwrap().contains("taken back already"));
}
