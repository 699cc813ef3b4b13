//! What comes about by the passing of time alone: it is measured by how long the ledger is served,
//! recorded in the journal, and the same in a replay.

use onhand::conflict::ResolutionOption as O;
use onhand::ledger::{Input, Processed, Step};
use onhand::record::{Outcome, Timer};
use onhand::reservation::Standing;
use onhand::time::{SECOND_US, Uptime};

use crate::harness::World;
use crate::says::{confirmed, held, received, released, reserved};

const DAY_S: i64 = 86_400;

fn world() -> World {
    World::new().given([received("TEA", "berlin", 10).at(-60)])
}

fn standing(world: &World, reservation: &str) -> Standing {
    world.store.reservation(reservation).expect("it is known").standing.clone()
}

fn timer(reservation: &str) -> Timer {
    Timer::Reservation(reservation.parse().unwrap())
}

#[test]
fn a_hold_expires_when_its_time_is_over_and_not_before() {
    let mut world = world();
    world.post(reserved("r1", &[held("TEA", 4, "berlin")]).with("expires_in_s", 90));
    world.pass(89);
    assert_eq!((standing(&world, "r1"), world.reserved("TEA", "berlin")), (Standing::Held, 4));
    world.pass(1);
    assert_eq!((standing(&world, "r1"), world.reserved("TEA", "berlin")), (Standing::Expired, 0));
    let record = world.store.journal.last().unwrap().record.clone();
    assert_eq!(record.envelope.event_type(), "reservation.expired");
    assert_eq!(record.envelope.source.as_str(), "onhand");
    assert_eq!((record.actor.as_str(), record.outcome), ("onhand", Outcome::Applied));
    assert_eq!(record.effects.len(), 1);
    assert_eq!((record.effects[0].delta, record.effects[0].after), (-4, 0));
    assert_eq!(world.ledger.next_timer(), None);
    world.verify();
}

#[test]
fn holds_expire_in_the_order_of_their_time() {
    let mut world = world();
    for (id, seconds) in [("r1", 300), ("r2", 100), ("r3", 200), ("r4", 100)] {
        world.post(reserved(id, &[held("TEA", 1, "berlin")]).with("expires_in_s", seconds));
    }
    assert_eq!(world.ledger.next_timer(), Some(Uptime::from_micros(100 * SECOND_US)));
    world.pass(1_000);
    let expired: Vec<String> = world
        .store
        .journal
        .iter()
        .filter(|entry| entry.record.envelope.event_type() == "reservation.expired")
        .map(|entry| {
            serde_json::to_value(&entry.record.envelope.data).unwrap()["reservation"].to_string()
        })
        .collect();
    assert_eq!(expired, ["\"r2\"", "\"r4\"", "\"r3\"", "\"r1\""], "of the same time by name");
    assert_eq!(world.available("TEA", "berlin"), 10);
}

#[test]
fn a_wall_clock_that_leaps_or_stands_still_expires_nothing() {
    for leap_s in [-3_600, 3_600, 400 * DAY_S, 0] {
        let mut world = world();
        for n in 0..9 {
            world.post(reserved(&format!("r{n}"), &[held("TEA", 1, "berlin")]));
        }
        let before = world.ledger.state().head().recorded_at;
        world.wall = world.wall.plus_micros(leap_s * SECOND_US);
        world.come_due();
        world.post(received("TEA", "hamburg", 1));
        assert_eq!(world.reserved("TEA", "berlin"), 9, "{leap_s} s");
        assert!(world.ledger.state().head().recorded_at > before);
        world.uptime = world.uptime.plus_seconds(600);
        world.come_due();
        assert_eq!(world.reserved("TEA", "berlin"), 0, "served time counts all the same");
        world.verify();
    }
}

#[test]
fn a_hold_that_was_placed_after_a_leap_lasts_as_long_as_any_other() {
    let mut world = world();
    world.wall = world.wall.plus_micros(400 * DAY_S * SECOND_US);
    world.post(reserved("r1", &[held("TEA", 4, "berlin")]));
    world.pass(599);
    assert_eq!(standing(&world, "r1"), Standing::Held);
    world.pass(1);
    assert_eq!(standing(&world, "r1"), Standing::Expired);
}

#[test]
fn of_a_confirmation_and_an_expiry_of_the_same_moment_exactly_one_wins() {
    for (late_s, confirm_first) in [(-1, true), (0, true), (1, true), (-1, false), (0, false)] {
        let mut world = world();
        world.post(reserved("r1", &[held("TEA", 4, "berlin")]));
        world.uptime = world.uptime.plus_seconds(600 + late_s);
        let mut inputs =
            vec![Input::Event(confirmed("r1", "o1").event("confirm")), Input::Timer(timer("r1"))];
        if !confirm_first {
            inputs.reverse();
        }
        let answers = world.answers(&inputs);
        let wins = confirm_first || late_s < 0;
        let (reserved, committed) =
            (world.reserved("TEA", "berlin"), world.committed("TEA", "berlin"));
        assert_eq!((reserved, committed), (0, if wins { 4 } else { 0 }), "{answers:?}");
        let nothing = answers.iter().filter(|answer| matches!(answer, Processed::NotDue)).count();
        assert_eq!(nothing, usize::from(wins), "{answers:?}");
        let expected =
            if wins { Standing::Confirmed("o1".parse().unwrap()) } else { Standing::Expired };
        assert_eq!(standing(&world, "r1"), expected);
    }
}

#[test]
fn what_is_not_due_or_no_longer_is_not_recorded() {
    let mut world = world();
    world.post(reserved("r1", &[held("TEA", 4, "berlin")]));
    let early = world.answers(&[Input::Timer(timer("r1")), Input::Timer(timer("never"))]);
    assert!(early.iter().all(|answer| matches!(answer, Processed::NotDue)), "{early:?}");
    world.post(released("r1"));
    let records = world.store.journal.len();
    world.pass(1_000);
    assert_eq!(world.store.journal.len(), records);
    world.uptime = world.uptime.plus_seconds(1);
    let late = world.answers(&[Input::Timer(timer("r1"))]);
    assert!(matches!(late[0], Processed::NotDue), "{late:?}");
}

#[test]
fn an_expiry_that_could_not_be_committed_is_due_again() {
    let mut world = world();
    world.post(reserved("r1", &[held("TEA", 4, "berlin")]));
    world.uptime = world.uptime.plus_seconds(600);
    let input = Input::Timer(timer("r1"));
    let (now, mut processed) = (world.now(), Vec::new());
    while let Step::Load(wants) = world.ledger.advance(&[(&input, "onhand")], &mut processed, now) {
        let loaded = world.store.fetch(&wants);
        world.ledger.load(&wants, loaded);
    }
    assert!(matches!(processed[0], Processed::Recorded(_)));
    assert!(world.ledger.due(world.uptime, 10).is_empty());
    world.ledger.undo();
    assert_eq!(world.ledger.due(world.uptime, 10), [timer("r1")]);
    world.come_due();
    assert_eq!(standing(&world, "r1"), Standing::Expired);
}

#[test]
fn more_than_one_batch_can_come_due_at_once() {
    let mut world = World::new().given([received("TEA", "berlin", 5_000).at(-60)]);
    world.batch((0..2_500).map(|n| reserved(&format!("r{n}"), &[held("TEA", 1, "berlin")])));
    world.pass(600);
    assert_eq!((world.reserved("TEA", "berlin"), world.ledger.next_timer()), (0, None));
    world.verify();
}

#[test]
fn the_time_of_service_goes_on_from_the_last_record_and_never_back() {
    let mut world = world();
    world.pass(50);
    world.post(reserved("r1", &[held("TEA", 1, "berlin")]));
    world.pass(100);
    world.post(received("TEA", "hamburg", 1));
    let uptime = world.ledger.state().head().uptime;
    assert_eq!(uptime, Uptime::from_micros(150 * SECOND_US), "as far as anything is timed");
    world.uptime = Uptime::default();
    world.post(received("TEA", "hamburg", 1).at(1));
    assert_eq!(world.ledger.state().head().uptime, uptime);
    world.verify();
}

/// Two contents of one id, of which the second is right: no hold that has ended goes on to be timed.
#[test]
fn of_two_contents_about_holds_only_what_is_held_has_a_time() {
    let hold = |id: &str| reserved(id, &[held("TEA", 4, "berlin")]);
    let of_o1 = Standing::Confirmed("o1".parse().unwrap());
    let table = [
        // The hold ends again as soon as it has come back.
        ("r1", released("r1"), confirmed("r1", "o1"), of_o1),
        // One hold is not granted after all, another one ends.
        ("r2", hold("r1"), released("r2"), Standing::Released),
    ];
    for (id, first, second, expected) in table {
        let mut world = world().given([hold(id), first.id("x")]);
        world.post(second.id("x"));
        world.resolve(&world.conflict(), O::ApplySecond).unwrap();
        assert_eq!(standing(&world, id), expected);
        assert_eq!((world.reserved("TEA", "berlin"), world.ledger.next_timer()), (0, None));
    }
}
