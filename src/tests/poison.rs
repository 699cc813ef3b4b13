//! Safeguard 9: an event that the processor cannot handle, because a rule panics, is flagged for a
//! person, and the rest goes on. Rules that fail on purpose exist in tests alone (`sim::trap`).

use onhand::conflict::{Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::ledger::{Input, Processed, Refused, Step};
use onhand::record::Outcome;
use onhand::reservation::Standing;
use onhand::sim::host::Host;
use onhand::sim::trap::{MESSAGE, Phase, Trap};
use onhand::state::Settings;
use onhand::time::Now;

use crate::harness::{World, choice};
use crate::says::{
    cancelled, counted, fulfilled, held, item, line, location, part, placed, received, reserved,
    reversed, second,
};

/// Where a rule can fail for an event.
const PHASES: [Phase; 3] = [Phase::Load, Phase::Decide, Phase::Apply];

fn world() -> World {
    World::new().given([received("TEA", "berlin", 20).at(-60)])
}

fn poison(world: &World) -> Conflict {
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Poison);
    assert_eq!(conflict.kind.options(), [O::Retry, O::Discard]);
    assert_eq!(conflict.evidence.last().unwrap().value, MESSAGE);
    conflict
}

#[test]
fn an_event_that_cannot_be_handled_is_flagged_and_its_neighbours_are_applied() {
    for phase in PHASES {
        let mut world = world();
        let _trap = Trap::set(phase, "poison-neighbours");
        let results = world.batch([
            received("TEA", "berlin", 1).id("before"),
            // A level that does not exist yet: nothing of it may stay.
            received("MUG", "munich", 5).id("poison-neighbours"),
            received("TEA", "berlin", 2).id("after"),
        ]);
        let outcomes: Vec<_> = results.iter().map(|result| result.outcome).collect();
        assert_eq!(outcomes, [Outcome::Applied, Outcome::Conflict, Outcome::Applied], "{phase:?}");
        let conflict = poison(&world);
        assert_eq!(conflict.events[0].seq, results[1].seq.unwrap());
        assert_eq!(results[1].conflict, Some(conflict.id));
        assert!(results[1].effects.is_empty());
        assert_eq!((world.on_hand("TEA", "berlin"), world.version("MUG", "munich")), (23, 0));
        world.post(received("TEA", "berlin", 1));
        assert_eq!(world.on_hand("TEA", "berlin"), 24, "and the ledger goes on");
        world.verify();
        world.restart();
        assert_eq!(world.conflict(), conflict, "also after a start");
    }
}

/// A batch that was begun again for an event that broke off half-way ends with that event, so that
/// what comes after it is decided once.
#[test]
fn a_batch_that_was_begun_again_ends_with_the_event_it_was_begun_again_for() {
    for (phase, decided) in [(Phase::Apply, 2), (Phase::Decide, 3)] {
        let Host { mut ledger, store, uptime, .. } = world().into_host();
        let _trap = Trap::set(phase, "poison-cut");
        let ids = ["before", "poison-cut", "after"];
        let inputs = ids.map(|id| Input::Event(received("TEA", "berlin", 1).event(id)));
        let inputs: Vec<(&Input, &str)> = inputs.iter().map(|input| (input, "token:wms")).collect();
        let (mut processed, now) = (Vec::new(), Now { wall: second(9_000), uptime });
        let step = loop {
            match ledger.advance(&inputs, &mut processed, now) {
                Step::Load(wants) => ledger.load(&wants, store.fetch(&wants)),
                other => break other,
            }
        };
        let expected = if decided == inputs.len() { Step::Done } else { Step::Full };
        assert_eq!((step, processed.len()), (expected, decided), "{phase:?}");
    }
}

#[test]
fn a_repeat_is_a_duplicate_of_what_was_flagged() {
    for phase in PHASES {
        let mut world = world();
        let _trap = Trap::set(phase, "poison-repeat");
        let says = received("TEA", "berlin", 1).id("poison-repeat");
        let first = world.post(says.clone());
        for _ in 0..3 {
            let again = world.post(says.clone());
            assert_eq!(again.outcome, Outcome::Duplicate, "{phase:?}");
            assert_eq!(again.original.unwrap().seq, first.seq.unwrap());
        }
        poison(&world);
    }
}

#[test]
fn a_whole_batch_of_them_is_flagged_one_by_one() {
    for phase in PHASES {
        let mut world = world();
        let ids: Vec<String> = (0..40).map(|n| format!("poison-batch-{n}")).collect();
        let _traps: Vec<Trap> = ids.iter().map(|id| Trap::set(phase, id)).collect();
        let mut events: Vec<_> = ids.iter().map(|id| received("TEA", "berlin", 1).id(id)).collect();
        events.insert(20, received("TEA", "berlin", 1).id("sound"));
        let results = world.batch(events);
        let applied = results.iter().filter(|result| result.outcome == Outcome::Applied).count();
        assert_eq!((applied, world.on_hand("TEA", "berlin")), (1, 21), "{phase:?}");
        assert_eq!(world.open(ConflictKind::Poison).len(), 40);
    }
}

#[test]
fn it_is_decided_again_when_a_person_says_so() {
    for phase in PHASES {
        let mut world = world();
        let trap = Trap::set(phase, "poison-retry");
        let says = received("TEA", "berlin", 1).id("poison-retry");
        let result = world.post(says.clone());
        let conflict = poison(&world);
        if phase != Phase::Apply {
            let failed = world.resolve(&conflict, O::Retry).unwrap_err();
            assert!(matches!(&failed, Refused::Impossible(why) if why.contains(MESSAGE)));
            assert_eq!(world.conflict(), conflict, "it stays as it is while the rule fails");
        }
        drop(trap);
        let record = world.resolve(&conflict, O::Retry).unwrap();
        assert_eq!(record.effects.len(), 1);
        assert_eq!(
            (world.on_hand("TEA", "berlin"), world.outcome(&result)),
            (21, Outcome::Applied)
        );
        assert_eq!(world.post(says).original.unwrap().outcome, Outcome::Applied);
        world.quiet();
        world.post(reversed("onhand", record.envelope.id.as_str()));
        assert_eq!((world.on_hand("TEA", "berlin"), world.conflict().id), (20, conflict.id));
    }
}

#[test]
fn it_meets_the_other_safeguards_when_it_is_decided_again() {
    let mut world = world();
    let trap = Trap::set(Phase::Decide, "poison-safeguards");
    world.post(counted("TEA", "berlin", 9).at(99_999).id("poison-safeguards"));
    drop(trap);
    let conflict = poison(&world);
    let record = world.resolve(&conflict, O::Retry).unwrap();
    assert_eq!(
        (record.outcome, world.conflict().kind),
        (Outcome::Conflict, ConflictKind::FutureTime)
    );
}

#[test]
fn what_is_given_up_is_refused_for_good() {
    let mut world = world();
    let _trap = Trap::set(Phase::Decide, "poison-discard");
    let result = world.post(received("TEA", "berlin", 1).id("poison-discard"));
    let conflict = poison(&world);
    world.resolve(&conflict, O::Discard).unwrap();
    assert_eq!((world.outcome(&result), world.on_hand("TEA", "berlin")), (Outcome::Rejected, 20));
    world.quiet();
}

/// The order comes, and the shipment that waits for it cannot be handled.
#[test]
fn what_waited_and_cannot_be_handled_does_not_stop_what_waits_beside_it() {
    for phase in PHASES {
        let mut world = world();
        let shipped = world.post(fulfilled("o1", "f1", &[part("1", 3)]).at(2).id("poison-waits"));
        let cancelled = world.post(cancelled("o1").at(3));
        let trap = Trap::set(phase, "poison-waits");
        let order = world.batch([
            placed("o1", &[line("1", "TEA", 5)]).at(1),
            received("TEA", "berlin", 1).id("after"),
        ]);
        assert_eq!(order[0].outcome, Outcome::Applied, "{phase:?}");
        assert_eq!(order[1].outcome, Outcome::Applied);
        assert_eq!(world.outcome(&shipped), Outcome::Conflict);
        assert_eq!(world.outcome(&cancelled), Outcome::Applied);
        assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (21, 0));
        assert_eq!((world.store.waiting_count(), world.ledger.next_timer()), (0, None));
        let conflict = poison(&world);
        assert_eq!(conflict.order.as_ref().unwrap().as_str(), "o1");
        assert_eq!(conflict.events[0].seq, shipped.seq.unwrap());
        drop(trap);
        let record = world.resolve(&conflict, O::Retry).unwrap();
        assert_eq!(record.outcome, Outcome::Conflict, "all of it is cancelled by now");
        assert_eq!(world.conflict().kind, ConflictKind::Excess);
    }
}

#[test]
fn an_expiry_that_fails_is_flagged_once_and_can_be_made_up_for() {
    let mut world = world();
    let holds = ["poison-hold", "sound-hold"];
    world.post_all(holds.map(|id| reserved(id, &[held("TEA", 4, "berlin")])));
    let trap = Trap::set(Phase::Time, "poison-hold");
    world.pass(600);
    let conflict = poison(&world);
    assert_eq!(world.reserved("TEA", "berlin"), 4, "the other hold has ended");
    assert_eq!(world.ledger.next_timer(), None, "nothing tries it again by itself");
    let records = world.store.journal.len();
    world.pass(600);
    assert_eq!(world.store.journal.len(), records);
    drop(trap);
    world.resolve(&conflict, O::Retry).unwrap();
    assert_eq!(world.reserved("TEA", "berlin"), 0);
    let standing = &world.store.reservation("poison-hold").unwrap().standing;
    assert_eq!(*standing, Standing::Expired);
    world.quiet();
    world.verify();
}

#[test]
fn a_question_that_fails_is_flagged_and_can_be_asked_later() {
    let mut world = world();
    let parked = world.post(cancelled("o1").id("poison-question"));
    let trap = Trap::set(Phase::Time, "poison-question");
    world.pass(86_400);
    let conflict = poison(&world);
    assert_eq!(world.outcome(&parked), Outcome::Parked, "it waits as before");
    drop(trap);
    world.resolve(&conflict, O::Retry).unwrap();
    let orphan = world.conflict();
    assert_eq!(orphan.kind, ConflictKind::Orphan);
    let undo = world.post(reversed("onhand", conflict.events[0].id.as_str()));
    let reason = undo.reason.as_deref();
    assert_eq!(reason, Some("nothing has taken effect by it"), "asking only asks");
    world.post(placed("o1", &[line("1", "TEA", 1)]));
    assert_eq!(world.status(&orphan), ConflictStatus::AutoResolved);
    world.quiet();
}

#[test]
fn a_question_that_failed_is_not_asked_about_what_has_gone_on_since() {
    let mut world = world();
    let parked = world.post(cancelled("o1").id("poison-question"));
    let trap = Trap::set(Phase::Time, "poison-question");
    world.pass(86_400);
    let conflict = poison(&world);
    drop(trap);
    world.post(placed("o1", &[line("1", "TEA", 1)]));
    assert_eq!(world.outcome(&parked), Outcome::Applied);
    let record = world.resolve(&conflict, O::Retry).unwrap();
    assert_eq!(record.reason.as_deref(), Some("its event does not wait any more"));
    world.quiet();
}

#[test]
fn a_decision_that_cannot_be_carried_out_is_refused_and_its_neighbours_are_not() {
    for phase in [Phase::Load, Phase::Decide] {
        let mut world = world();
        world.post(received("NEW", "berlin", 1).at(99_999).id("poison-decision"));
        let conflict = world.conflict();
        let trap = Trap::set(phase, "poison-decision");
        let says = received("TEA", "berlin", 1).event("beside");
        let decision = Input::Resolve(choice(&conflict, O::ApplyAsReceived));
        let answers = world.answers(&[decision, Input::Event(says)]);
        let refused = matches!(&answers[0], Processed::Refused(Refused::Impossible(_)));
        assert!(refused && matches!(answers[1], Processed::Recorded(_)), "{answers:?}");
        assert_eq!(world.conflict(), conflict);
        drop(trap);
        world.resolve(&conflict, O::ApplyAsReceived).unwrap();
        world.post(item("NEW"));
        assert_eq!(world.on_hand("NEW", "berlin"), 1);
        world.quiet();
    }
}

/// A group is looked at as a whole, so it is never cut; what fails in it costs its own event alone.
#[test]
fn what_fails_in_a_group_costs_one_event_of_it() {
    for phase in PHASES {
        let mut world = world();
        let ids = ["poison-group-1", "poison-group-2"];
        let _traps = ids.map(|id| Trap::set(phase, id));
        let says = |id: &str| received("TEA", "berlin", 1).id(id).in_batch("b");
        let results = world.request([
            says("first"),
            says(ids[0]),
            says("second"),
            says(ids[1]),
            says("third"),
            received("TEA", "berlin", 1).id("beside"),
        ]);
        let applied = results.iter().filter(|result| result.outcome == Outcome::Applied).count();
        assert_eq!((applied, world.on_hand("TEA", "berlin")), (4, 24), "{phase:?}: {results:?}");
        assert_eq!(world.open(ConflictKind::Poison).len(), 2);
    }
}

/// Two items would be emptied, which is too much here; the third event cannot be handled.
#[test]
fn what_fails_in_a_group_that_is_held_is_flagged_beside_it() {
    for phase in PHASES {
        let settings = Settings { mass_change_min: 2, ..Settings::default() };
        let mut world = World::new_with(settings)
            .given([received("TEA", "berlin", 5).at(-60), received("MUG", "berlin", 5).at(-60)]);
        let _trap = Trap::set(phase, "poison-held-group");
        let results = world.request([
            counted("TEA", "berlin", 0).in_batch("b"),
            received("TEA", "munich", 1).id("poison-held-group").in_batch("b"),
            counted("MUG", "berlin", 0).in_batch("b"),
        ]);
        assert!(results.iter().all(|result| result.outcome == Outcome::Conflict), "{results:?}");
        assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (5, 5));
        let batch = world.open(ConflictKind::MassChange).remove(0);
        world.resolve(&batch, O::Approve).unwrap();
        assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (0, 0));
        world.verify();
    }
}

#[test]
fn a_held_group_is_listed_as_a_whole_wherever_one_of_its_events_fails() {
    for (phase, place) in PHASES.into_iter().flat_map(|phase| [0, 1, 2].map(|it| (phase, it))) {
        let mut world = World::with(Settings { mass_change_min: 2, ..Settings::default() });
        world.post_all([location("berlin", 1), item("TEA"), item("MUG"), item("CAP")]);
        world.post_all(["TEA", "MUG"].map(|sku| received(sku, "berlin", 5).at(-60)));
        let _trap = Trap::set(phase, "poison-listed");
        let mut batch = vec![counted("TEA", "berlin", 0), counted("MUG", "berlin", 0)];
        batch.insert(place, received("CAP", "berlin", 1).id("poison-listed"));
        let batch = batch.into_iter().map(|says| says.in_batch("b"));
        world.request(batch.collect::<Vec<_>>());
        let held = world.open(ConflictKind::MassChange).remove(0);
        assert_eq!((held.event_count, held.events.len()), (2, 2), "{phase:?} {place}");
        assert_eq!(world.open(ConflictKind::Poison).len(), 1);
    }
}
