//! Safeguard 1 for what is held back: a business fact is said when its event comes, not when it takes
//! effect. A copy under another id repeats it, other content is a question at once.

use onhand::business_fact::HeldFact;
use onhand::conflict::{Choice, ConflictKind, ResolutionOption as O};
use onhand::record::{Outcome, WaitKey};
use onhand::sim::trap::{Phase, Trap};

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, amended, arrived, back, fulfilled, goods, held, item, line, part, placed,
    received, reserved, returned, reversed, shipped,
};

/// 20 of tea at Berlin.
fn stocked() -> World {
    World::new().given([received("TEA", "berlin", 20).at(-60)])
}

/// Events that are held back, with what is the same fact and says something else.
fn held_back() -> [(Says, Says); 11] {
    let both = |says: fn(i64) -> Says| (says(1), says(2));
    [
        // They wait for their order, or for their shipment.
        both(|units| fulfilled("o1", "f1", &[part("1", units)])),
        both(|units| returned("o1", "r1", &[back("1", units, true)])),
        both(|units| amended("o1", 1, &[line("1", "TEA", units)])),
        both(|units| arrived("t1", "r1", &[goods("TEA", units)])),
        // For a name.
        both(|units| placed("o1", &[line("1", "NEW", units)])),
        both(|units| shipped("t1", "berlin", "mars", &[goods("TEA", units)])),
        both(|units| reserved("r1", &[held("NEW", units, "berlin")])),
        // For a person: they come from the future, or more is shipped than was ordered.
        both(|units| placed("o1", &[line("1", "TEA", units)]).at(9_999)),
        both(|units| shipped("t1", "berlin", "hamburg", &[goods("TEA", units)]).at(9_999)),
        both(|units| fulfilled("o2", "f1", &[part("1", 6 + units)])),
        both(|units| returned("o2", "r1", &[back("1", units, true)])),
    ]
}

fn facts(world: &World) -> Vec<HeldFact> {
    world.ledger.state().held_facts().all().cloned().collect()
}

#[test]
fn a_copy_of_what_is_held_back_is_a_duplicate_and_other_content_a_question() {
    for (says, otherwise) in held_back() {
        let mut world = stocked().given([placed("o2", &[line("1", "TEA", 5)])]);
        let first = world.post(says.clone());
        assert!([Outcome::Parked, Outcome::Conflict].contains(&first.outcome), "{says:?}");
        let records = world.store.journal.len();
        for copy in [says.clone().at(5), says.clone().by("another")] {
            let copy = world.post(copy);
            assert_eq!((copy.outcome, copy.seq), (Outcome::Duplicate, first.seq), "{says:?}");
            assert_eq!(copy.original.unwrap().outcome, first.outcome);
        }
        assert_eq!(world.store.journal.len(), records, "nothing is recorded");
        let other = world.post(otherwise.clone());
        let asked = world.open(ConflictKind::OrderChanged);
        assert_eq!((asked.len(), other.conflict), (1, Some(asked[0].id)), "{says:?}");
        let events: Vec<_> = asked[0].events.iter().map(|event| Some(event.seq)).collect();
        assert_eq!(events, [first.seq, other.seq]);
        let copy = world.post(otherwise.by("another"));
        assert_eq!((copy.outcome, copy.seq), (Outcome::Duplicate, other.seq));
        assert_eq!(world.outcome(&first), first.outcome, "it goes on to be held back");
        let known = facts(&world);
        world.restart();
        assert_eq!((facts(&world), known.len()), (known, 2), "also after a start");
    }
}

#[test]
fn what_has_come_is_a_duplicate_of_what_took_effect() {
    let mut world = stocked();
    let says = || fulfilled("o1", "f1", &[part("1", 2)]);
    let first = world.post(says().at(2));
    assert_eq!(world.post(says().at(3)).original.unwrap().outcome, Outcome::Parked);
    world.post(placed("o1", &[line("1", "TEA", 5)]));
    assert_eq!(world.outcome(&first), Outcome::Applied);
    let copy = world.post(says().at(4));
    assert_eq!((copy.seq, copy.original.unwrap().outcome), (first.seq, Outcome::Applied));
    assert_eq!((world.on_hand("TEA", "berlin"), facts(&world)), (18, vec![]));
    world.quiet();
}

#[test]
fn the_outcome_of_the_first_is_the_one_of_the_moment() {
    let mut world = stocked();
    let says = || fulfilled("o1", "f1", &[part("1", 2)]);
    world.post(says());
    world.pass(86_400);
    assert_eq!(world.conflict().kind, ConflictKind::Orphan);
    assert_eq!(world.post(says().at(5)).original.unwrap().outcome, Outcome::Conflict);
}

#[test]
fn what_comes_first_takes_effect_while_the_other_content_is_a_question() {
    let mut world = stocked();
    let first = world.post(fulfilled("o1", "f1", &[part("1", 2)]).at(2));
    let other = world.post(fulfilled("o1", "f1", &[part("1", 3)]).at(3));
    world.post(placed("o1", &[line("1", "TEA", 5)]));
    assert_eq!((world.outcome(&first), world.on_hand("TEA", "berlin")), (Outcome::Applied, 18));
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!((world.outcome(&other), world.on_hand("TEA", "berlin")), (Outcome::Applied, 17));
    world.quiet();
}

#[test]
fn of_two_that_wait_the_second_may_be_right() {
    let mut world = stocked();
    let first = world.post(fulfilled("o1", "f1", &[part("1", 2)]).at(2));
    let other = world.post(fulfilled("o1", "f1", &[part("1", 3)]).at(3));
    let decided = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let outcomes = |world: &World| (world.outcome(&first), world.outcome(&other));
    assert_eq!(outcomes(&world), (Outcome::Rejected, Outcome::Parked));
    let says_first = world.post(fulfilled("o1", "f1", &[part("1", 2)]).at(4));
    assert_eq!(says_first.outcome, Outcome::Conflict, "it is other content now");
    world.resolve(&world.conflict(), O::KeepFirst).unwrap();
    // The decision is taken back: each is held back by what had held it.
    world.post(reversed("onhand", decided.envelope.id.as_str()));
    assert_eq!(outcomes(&world), (Outcome::Parked, Outcome::Conflict));
    let held: Vec<_> =
        facts(&world).into_iter().map(|held| (held.event.seq, held.outcome)).collect();
    let seqs = (first.seq.unwrap(), other.seq.unwrap());
    assert_eq!(held, [(seqs.0, Outcome::Parked), (seqs.1, Outcome::Conflict)]);
    world.post(placed("o1", &[line("1", "TEA", 5)]));
    assert_eq!((outcomes(&world).0, world.on_hand("TEA", "berlin")), (Outcome::Applied, 18));
}

#[test]
fn what_another_question_holds_has_to_be_decided_first() {
    let mut world = stocked().given([placed("o1", &[line("1", "TEA", 5)])]);
    let first = world.post(fulfilled("o1", "f1", &[part("1", 9)]).at(2));
    let excess = world.conflict();
    let other = world.post(fulfilled("o1", "f1", &[part("1", 1)]).at(3));
    let changed = world.open(ConflictKind::OrderChanged).remove(0);
    let refused = world.resolve(&changed, O::ApplySecond).unwrap_err();
    assert!(refused.to_string().contains("decide that first"), "{refused}");
    world.resolve(&excess, O::Discard).unwrap();
    world.resolve(&changed, O::ApplySecond).unwrap();
    let outcomes = (world.outcome(&first), world.outcome(&other));
    assert_eq!(outcomes, (Outcome::Rejected, Outcome::Applied));
    assert_eq!(world.on_hand("TEA", "berlin"), 19);
    world.quiet();
}

#[test]
fn what_is_given_up_can_be_said_anew() {
    let order = || placed("o1", &[line("1", "TEA", 2)]);
    let mut world = stocked();
    world.post(order().at(9_999));
    world.resolve(&world.conflict(), O::Discard).unwrap();
    assert_eq!((facts(&world), world.post(order()).outcome), (vec![], Outcome::Applied));
}

#[test]
fn a_mapping_that_is_taken_back_holds_the_fact_back_again() {
    let mut world = stocked();
    let says = || placed("o1", &[line("1", "NEW", 2)]);
    let first = world.post(says());
    let unmapped = world.conflict();
    let to_tea = Choice { sku: Some("TEA".parse().unwrap()), ..choice(&unmapped, O::Map) };
    let mapped = world.choose(to_tea).unwrap();
    assert_eq!((world.outcome(&first), facts(&world)), (Outcome::Applied, vec![]));
    world.post(reversed("onhand", mapped.envelope.id.as_str()));
    let copy = world.post(says().at(7));
    assert_eq!((copy.outcome, copy.seq), (Outcome::Duplicate, first.seq));
    assert_eq!(copy.original.unwrap().outcome, Outcome::Conflict);
    world.post(item("NEW"));
    assert_eq!(world.committed("NEW", "berlin"), 2);
}

#[test]
fn a_decision_that_is_taken_back_holds_the_fact_back_again() {
    let mut world = stocked();
    let says = || placed("o1", &[line("1", "TEA", 2)]).at(9_999);
    let first = world.post(says());
    for option in [O::Discard, O::ApplyAsReceived] {
        let decided = world.resolve(&world.conflict(), option).unwrap();
        assert_eq!(facts(&world), []);
        world.post(reversed("onhand", decided.envelope.id.as_str()));
        let copy = world.post(says().by("another"));
        assert_eq!((copy.outcome, copy.seq), (Outcome::Duplicate, first.seq), "{option:?}");
    }
}

#[test]
fn an_event_that_cannot_be_handled_says_its_fact_too() {
    let mut world = stocked();
    let says = || placed("o1", &[line("1", "TEA", 2)]);
    let first = {
        let _trap = Trap::set(Phase::Decide, "poison-fact");
        world.post(says().id("poison-fact"))
    };
    assert_eq!(world.conflict().kind, ConflictKind::Poison);
    let copy = world.post(says());
    assert_eq!((copy.outcome, copy.seq), (Outcome::Duplicate, first.seq));
    world.resolve(&world.conflict(), O::Retry).unwrap();
    assert_eq!((world.committed("TEA", "berlin"), facts(&world)), (2, vec![]));
}

/// A sender that has begun to number its events anew says all of it again under ids that are free.
#[test]
fn the_second_content_of_an_id_has_not_said_anything_yet() {
    let mut world = stocked();
    let second = || placed("o2", &[line("1", "TEA", 2)]);
    world.post_all([placed("o1", &[line("1", "TEA", 1)]).id("1"), second().id("1")]);
    let reused = world.conflict();
    assert_eq!((reused.kind, facts(&world)), (ConflictKind::IdReused, vec![]));
    assert_eq!(world.post(second().id("2")).outcome, Outcome::Applied);
    world.resolve(&reused, O::KeepFirst).unwrap();
    assert_eq!(world.committed("TEA", "berlin"), 3, "nothing is lost with the decision");
}

/// The event that a person puts in the place of another says its fact, until that is taken back.
#[test]
fn the_second_content_of_an_id_says_its_fact_once_it_holds() {
    let mut world = stocked();
    let second = || fulfilled("o1", "f1", &[part("1", 2)]);
    let says = [received("TEA", "berlin", 1).id("1"), second().id("1").by("wms")];
    let other = world.post_all(says).remove(1);
    let decided = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let copy = world.post(second());
    assert_eq!((copy.outcome, copy.seq), (Outcome::Duplicate, other.seq));
    world.post(reversed("onhand", decided.envelope.id.as_str()));
    assert_eq!((world.conflict().kind, facts(&world)), (ConflictKind::IdReused, vec![]));
    let copy = world.post(second());
    assert_eq!(copy.outcome, Outcome::Parked);
    let order = WaitKey::Order("o1".parse().unwrap());
    assert_eq!(world.ledger.state().waiting().on(&order).collect::<Vec<_>>(), [copy.seq.unwrap()]);
}

/// The order was said before and is held as one of the future. That a third content is refused with
/// the decision for the second does not make it unsaid.
#[test]
fn a_content_that_takes_the_place_of_another_can_repeat_what_is_held_back() {
    let order = |units| placed("o1", &[line("1", "TEA", units)]);
    let mut world = stocked();
    world.post(adjusted("TEA", "berlin", -1).by("shop").id("x"));
    world.post(order(2).at(9_999));
    let second = world.post(order(3).id("x"));
    world.post(order(4).id("x"));
    let reused = world.open(ConflictKind::IdReused).remove(0);
    world.resolve(&reused, O::ApplySecond).unwrap();
    assert_eq!(world.outcome(&second), Outcome::Conflict);
    assert_eq!(world.open(ConflictKind::OrderChanged).len(), 1);
    assert_eq!(world.committed("TEA", "berlin"), 0);
}
