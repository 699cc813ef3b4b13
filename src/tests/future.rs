//! Safeguard 5: an event whose time lies more than 5 minutes ahead of the server waits for a
//! person. And the server's own time, which never goes back.

use onhand::conflict::{ConflictKind, ResolutionOption};
use onhand::record::Outcome;
use onhand::time::SECOND_US;

use crate::harness::World;
use crate::says::{adjusted, counted, fulfilled, item, line, part, placed, received, second};

#[test]
fn five_minutes_ahead_are_taken_and_more_are_held() {
    let mut world = World::new();
    world.wall = world.wall.plus_micros(SECOND_US);
    let limit = world.wall.plus_micros(300 * SECOND_US);
    let within = world.post(received("TEA", "berlin", 1).at_time(limit));
    assert_eq!(within.outcome, Outcome::Applied);
    world.wall = world.wall.plus_micros(SECOND_US);
    let limit = world.wall.plus_micros(300 * SECOND_US);
    let beyond = world.post(received("TEA", "berlin", 1).at_time(limit.plus_micros(1)));
    assert_eq!(beyond.outcome, Outcome::Conflict);
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::FutureTime);
    assert_eq!(conflict.evidence[1].value, "300 s", "how far ahead it lies");
    assert_eq!(world.on_hand("TEA", "berlin"), 1);
}

#[test]
fn applied_as_received_it_has_the_time_of_its_recording() {
    let mut world = World::new();
    let held = world.post(received("TEA", "berlin", 5).at(99_999));
    let conflict = world.conflict();
    let record = world.resolve(&conflict, ResolutionOption::ApplyAsReceived).unwrap();
    let received_at = world.store.record(held.seq.unwrap()).recorded_at;
    assert_eq!(record.fact_time(), received_at);
    assert_eq!(record.fact_source().as_str(), "wms");
    assert_eq!(world.on_hand("TEA", "berlin"), 5);
    assert_eq!(world.outcome(&held), Outcome::Applied);
    world.quiet();
}

#[test]
fn discarded_it_is_rejected() {
    let mut world = World::new();
    let held = world.post(received("TEA", "berlin", 5).at(99_999));
    let conflict = world.conflict();
    world.resolve(&conflict, ResolutionOption::Discard).unwrap();
    assert_eq!(world.outcome(&held), Outcome::Rejected);
    assert_eq!(world.on_hand("TEA", "berlin"), 0);
}

#[test]
fn a_count_applied_as_received_adds_what_has_moved_since() {
    let mut world = World::new();
    world.post(counted("TEA", "berlin", 10).at(99_999));
    let conflict = world.conflict();
    world.wall = second(4_000);
    world.post(received("TEA", "berlin", 3).at(3_900));
    world.resolve(&conflict, ResolutionOption::ApplyAsReceived).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 13);
}

#[test]
fn a_name_that_is_unknown_as_well_is_asked_after_the_time_and_the_time_not_again() {
    let mut world = World::new();
    let held = world.post(received("NEW", "berlin", 5).at(99_999));
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::FutureTime);
    world.resolve(&conflict, ResolutionOption::ApplyAsReceived).unwrap();
    assert_eq!(world.conflict().kind, ConflictKind::Unmapped);
    world.post(item("NEW"));
    world.quiet();
    assert_eq!(world.on_hand("NEW", "berlin"), 5);
    let received_at = world.store.record(held.seq.unwrap()).recorded_at;
    let release = world.store.record(world.ledger.state().head().seq);
    assert_eq!(release.fact_time(), received_at);
}

#[test]
fn an_order_that_has_not_come_is_waited_for_after_the_decision_on_the_time() {
    let mut world = World::new().given([received("TEA", "berlin", 9)]);
    let held = world.post(fulfilled("o1", "f1", &[part("1", 1)]).at(99_999));
    let conflict = world.conflict();
    world.resolve(&conflict, ResolutionOption::ApplyAsReceived).unwrap();
    assert_eq!(world.outcome(&held), Outcome::Parked);
    world.post(placed("o1", &[line("1", "TEA", 1)]));
    assert_eq!(world.outcome(&held), Outcome::Applied);
    world.quiet();
}

#[test]
fn a_version_that_differs_as_well_is_asked_after_the_time_and_the_time_not_again() {
    let mut world = World::new().given([received("TEA", "berlin", 9)]);
    world.post(adjusted("TEA", "berlin", -1).at(99_999).expecting(7));
    let conflict = world.conflict();
    world.resolve(&conflict, ResolutionOption::ApplyAsReceived).unwrap();
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::VersionMismatch);
    let record = world.resolve(&conflict, ResolutionOption::ApplyRequested).unwrap();
    assert!(record.fact_time() < second(99_999));
    assert_eq!(world.on_hand("TEA", "berlin"), 8);
    world.quiet();
}

#[test]
fn recorded_at_grows_also_when_the_clock_goes_back() {
    let mut world = World::new();
    let steps = [0, 0, -3_600, 10, -10_000, 10_001].map(|step| step * SECOND_US);
    for step in steps {
        world.wall = world.wall.plus_micros(step);
        world.batch([received("TEA", "berlin", 1), received("TEA", "berlin", 1)]);
    }
    let times: Vec<_> = world.store.journal.iter().map(|entry| entry.record.recorded_at).collect();
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    let seqs: Vec<_> = world.store.journal.iter().map(|entry| entry.record.seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{seqs:?}");
}

#[test]
fn a_clock_that_was_ahead_for_a_while_lets_nothing_through_afterwards() {
    const DAY_US: i64 = 86_400 * SECOND_US;
    let mut world = World::new();
    let held = world.post(received("NEW", "berlin", 5));
    world.wall = world.wall.plus_micros(400 * DAY_US);
    world.post(received("TEA", "berlin", 1));
    world.wall = world.wall.plus_micros(-400 * DAY_US);
    let (here, tomorrow) = (world.wall, world.wall.plus_micros(DAY_US));
    let now = world.post(received("TEA", "berlin", 1).at_time(here));
    assert_eq!(now.outcome, Outcome::Applied);
    let ahead = world.post(received("TEA", "berlin", 1).at_time(tomorrow));
    assert_eq!(ahead.outcome, Outcome::Conflict);
    // What had come before a clock went back is not held for that.
    world.wall = world.wall.plus_micros(-DAY_US);
    world.post(item("NEW").at(-100_000));
    assert_eq!(world.outcome(&held), Outcome::Applied);
}
