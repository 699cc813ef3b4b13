//! Safeguard 6: what comes before its order waits for it, and goes on by itself.

use onhand::conflict::{ConflictKind, ResolutionOption};
use onhand::record::Outcome;

use crate::harness::World;
use crate::says::{
    amended, back, cancelled, fulfilled, item, line, part, placed, received, returned,
};

fn world() -> World {
    World::new().given([received("TEA", "berlin", 20).at(-60)])
}

#[test]
fn whatever_comes_before_its_order_is_parked() {
    let says = [
        fulfilled("o1", "f1", &[part("1", 1)]),
        cancelled("o1"),
        returned("o1", "r1", &[back("1", 1, true)]),
        amended("o1", 1, &[line("1", "TEA", 1)]),
    ];
    for says in says {
        let mut world = world();
        let result = world.post(says);
        assert_eq!(result.outcome, Outcome::Parked);
        assert_eq!(result.reason.as_deref(), Some("waits for order o1"));
        assert!(result.effects.is_empty());
        world.quiet();
    }
}

#[test]
fn it_goes_on_when_the_order_comes_in_the_order_of_the_journal() {
    let mut world = world();
    let parked = world.batch([
        amended("o1", 2, &[line("1", "TEA", 6)]).at(2),
        fulfilled("o1", "f1", &[part("1", 3)]).at(3),
        returned("o1", "r1", &[back("1", 1, true)]).at(4),
        cancelled("o1").at(5),
    ]);
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
    for result in &parked {
        assert_eq!(world.outcome(result), Outcome::Applied);
    }
    let line = world.order_line("o1", "1");
    let numbers = (line.ordered, line.fulfilled(), line.returned(), line.cancelled);
    assert_eq!((numbers, line.committed()), ((6, 3, 1, 3), 0));
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (18, 0));
    assert_eq!(world.store.waiting_count(), 0);
    world.quiet();
}

#[test]
fn each_release_is_a_record_with_its_own_place_that_names_the_event() {
    let mut world = world();
    let parked = world.post(fulfilled("o1", "f1", &[part("1", 3)]).at(3));
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
    let release = world.store.record(world.ledger.state().head().seq);
    assert_eq!(release.envelope.source.as_str(), "onhand");
    assert_eq!(release.envelope.event_type(), "event.released");
    assert_eq!(release.actor, "onhand");
    assert_eq!(release.fact_source().as_str(), "shop");
    assert_ne!(Some(release.seq), parked.seq);
}

#[test]
fn a_repeat_is_answered_with_parked_first_and_with_the_final_outcome_later() {
    let mut world = world();
    let says = fulfilled("o1", "f1", &[part("1", 3)]).at(3).id("ship");
    world.post(says.clone());
    assert_eq!(world.post(says.clone()).original.unwrap().outcome, Outcome::Parked);
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
    assert_eq!(world.post(says).original.unwrap().outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
}

#[test]
fn a_release_that_another_safeguard_holds_becomes_a_conflict() {
    let mut world = world();
    let says = fulfilled("o1", "f1", &[part("1", 9)]).at(3).id("ship");
    let parked = world.post(says.clone());
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(1));
    assert_eq!(world.outcome(&parked), Outcome::Conflict);
    assert_eq!(world.post(says).original.unwrap().outcome, Outcome::Conflict);
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Excess);
    assert_eq!(conflict.events[0].seq, parked.seq.unwrap(), "it is about the shipment");
    world.resolve(&conflict, ResolutionOption::Cap).unwrap();
    assert_eq!(world.outcome(&parked), Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
}

#[test]
fn an_order_that_is_held_itself_keeps_what_waits_for_it() {
    let mut world = world();
    let order = world.post(placed("o1", &[line("1", "NEW", 5)]).at(1));
    let shipped = world.post(fulfilled("o1", "f1", &[part("1", 2)]).at(2));
    assert_eq!((order.outcome, shipped.outcome), (Outcome::Conflict, Outcome::Parked));
    world.post(item("NEW"));
    assert_eq!(world.outcome(&order), Outcome::Applied);
    assert_eq!(world.outcome(&shipped), Outcome::Applied);
    assert_eq!((world.on_hand("NEW", "berlin"), world.committed("NEW", "berlin")), (-2, 3));
}
