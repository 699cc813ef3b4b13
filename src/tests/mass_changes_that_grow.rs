//! Safeguard 8 for a part of a batch that has waited for a name while a person was asked about the
//! rest, or after they had decided: the whole batch is held as one conflict.

use onhand::conflict::{
    Choice, Conflict, ConflictKind, ConflictStatus, EVENTS_LISTED_MAX, ResolutionOption as O,
};
use onhand::event::Event;
use onhand::ledger::{Input, RELEASES_MAX, inputs};
use onhand::record::Outcome;
use onhand::sim::trap::{Phase, Trap};
use onhand::state::Settings;
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, held, item, line, location, placed, received, reserved, reversed, set,
};

fn name(number: usize) -> String {
    format!("S{number}")
}

/// Items with 5 units each in Berlin, of which two to zero are enough to hold a batch.
fn stocked(items: usize) -> World {
    let mut world = World::with(Settings { mass_change_min: 2, ..Settings::default() });
    world.batch([location("berlin", 1)]);
    world.batch((0..items).map(|number| item(&name(number))).collect::<Vec<_>>());
    let received = (0..items).map(|number| received(&name(number), "berlin", 5).at(-60));
    world.batch(received.collect::<Vec<_>>());
    world
}

/// All 5 units of an item leave from here.
fn leaves(number: usize, from: &str) -> Says {
    adjusted(&name(number), from, -5).in_batch("b")
}

/// One unit of an item leaves.
fn sold(number: usize, from: &str) -> Says {
    adjusted(&name(number), from, -1).in_batch("b")
}

/// A batch of which two items go to zero at once, so that it is held, and the rest waits for places.
fn leave(world: &mut World, later: impl IntoIterator<Item = Says>) -> Vec<EventResult> {
    let at_once = [leaves(0, "berlin"), leaves(1, "berlin")];
    let results = world.request(at_once.into_iter().chain(later).collect::<Vec<_>>());
    assert!(results.iter().all(|result| result.outcome == Outcome::Conflict), "{results:?}");
    results
}

/// Says that an unknown place is Berlin; gives the decision's own id.
fn map(world: &mut World, place: &str) -> String {
    let mut unknown = world.open(ConflictKind::Unmapped).into_iter();
    let unknown = unknown.find(|it| it.location == Some(place.parse().unwrap())).unwrap();
    let choice = Choice { location: Some("berlin".parse().unwrap()), ..choice(&unknown, O::Map) };
    world.choose(choice).unwrap().envelope.id.as_str().to_owned()
}

/// Decides on the batch; gives the decision's own id.
fn decide(world: &mut World, option: O) -> String {
    let record = world.resolve(&asked(world), option).unwrap();
    record.envelope.id.as_str().to_owned()
}

fn take_back(world: &mut World, decision: &str) {
    let reversal = world.post(reversed("onhand", decision));
    assert_eq!(reversal.outcome, Outcome::Applied, "{reversal:?}");
}

/// The only open conflict about a batch.
fn asked(world: &World) -> Conflict {
    let mut open = world.open(ConflictKind::MassChange);
    assert_eq!(open.len(), 1, "one batch, one conflict: {open:?}");
    open.remove(0)
}

fn listed(conflict: &Conflict) -> Vec<u64> {
    conflict.events.iter().map(|event| event.seq).collect()
}

fn evidence(conflict: &Conflict, label: &str) -> Option<String> {
    let row = conflict.evidence.iter().find(|row| row.label == label);
    row.map(|row| row.value.clone())
}

fn places(results: &[EventResult]) -> Vec<u64> {
    results.iter().map(|result| result.seq.unwrap()).collect()
}

fn outcomes(world: &World, results: &[EventResult]) -> Vec<Outcome> {
    results.iter().map(|result| world.outcome(result)).collect()
}

fn on_hand(world: &World, items: std::ops::Range<usize>) -> Vec<i64> {
    items.map(|item| world.on_hand(&name(item), "berlin")).collect()
}

/// However little it does by itself.
#[test]
fn a_part_that_is_released_comes_to_the_rest_that_is_held() {
    let table = [("all leaves", leaves(2, "mars"), 3), ("one is sold", sold(2, "mars"), 2)];
    for (what, part, emptied) in table {
        let mut world = stocked(4);
        let results = leave(&mut world, [part, leaves(3, "moon")]);
        let before = asked(&world);
        assert_eq!((before.event_count, before.version), (2, 2), "{what}");
        map(&mut world, "mars");
        let conflict = asked(&world);
        assert_eq!(conflict.id, before.id, "{what}");
        assert_eq!((conflict.event_count, conflict.version), (3, 3), "{what}");
        assert_eq!(listed(&conflict), places(&results)[..3], "{what}");
        for (label, value) in [("items it names", 3), ("would go to zero", emptied)] {
            assert_eq!(evidence(&conflict, label), Some(value.to_string()), "{what}: {label}");
        }
        map(&mut world, "moon");
        let conflict = asked(&world);
        assert_eq!((conflict.event_count, conflict.version), (4, 4), "{what}");
        assert_eq!(evidence(&conflict, "items it names").as_deref(), Some("4"), "{what}");
        assert_eq!(outcomes(&world, &results), [Outcome::Conflict; 4], "{what}");
        assert_eq!(on_hand(&world, 0..4), [5; 4], "{what}");
    }
}

/// The figures are those of before until it comes back, and say so.
#[test]
fn a_part_that_goes_back_to_wait_for_its_name_is_noted() {
    let note = "some of its events went back to wait for a name";
    let mut world = stocked(4);
    leave(&mut world, [leaves(2, "mars"), leaves(3, "mars")]);
    let mars = map(&mut world, "mars");
    assert_eq!((asked(&world).event_count, evidence(&asked(&world), "measured before")), (4, None));
    take_back(&mut world, &mars);
    let left = asked(&world);
    assert_eq!((left.event_count, left.evidence.iter().filter(|it| it.value == note).count()), {
        (2, 1)
    });
    assert_eq!(evidence(&left, "would go to zero").as_deref(), Some("4"));
    map(&mut world, "mars");
    assert_eq!((asked(&world).event_count, evidence(&asked(&world), "measured before")), (4, None));
}

#[test]
fn it_goes_with_the_decision_on_the_batch() {
    for (option, outcome, left) in
        [(O::Approve, Outcome::Applied, 0), (O::Reject, Outcome::Rejected, 5)]
    {
        let mut world = stocked(4);
        let results = leave(&mut world, [leaves(2, "mars"), leaves(3, "mars")]);
        map(&mut world, "mars");
        decide(&mut world, option);
        assert_eq!(outcomes(&world, &results), [outcome; 4]);
        assert_eq!(on_hand(&world, 0..4), [left; 4]);
        assert_eq!(world.store.waiting_count(), 0);
        world.quiet();
    }
}

/// Who decides has to have seen all of it.
#[test]
fn a_decision_on_what_it_was_before_is_refused() {
    let mut world = stocked(3);
    leave(&mut world, [leaves(2, "mars")]);
    let seen = asked(&world);
    map(&mut world, "mars");
    world.resolve(&seen, O::Approve).unwrap_err();
    assert_eq!(on_hand(&world, 0..3), [5; 3]);
}

#[test]
fn what_the_conflict_shows_is_what_all_of_it_would_do_by_now() {
    let mut world = stocked(5);
    let says = [leaves(2, "mars"), adjusted(&name(3), "mars", -3).in_batch("b")];
    leave(&mut world, says.into_iter().chain([adjusted(&name(3), "mars", -2).in_batch("b")]));
    // Of one there is more by now.
    world.post(received(&name(1), "berlin", 1));
    map(&mut world, "mars");
    let conflict = asked(&world);
    for (label, value) in
        [("items it names", "4"), ("would go to zero", "3"), ("these are", "S0, S2, S3")]
    {
        assert_eq!(evidence(&conflict, label).as_deref(), Some(value), "{label}");
    }
    // What was tried out for that has left nothing behind.
    assert_eq!(on_hand(&world, 0..5), [5, 6, 5, 5, 5]);
    assert_eq!(world.version(&name(0), "berlin"), 1);
}

#[test]
fn what_does_not_come_as_far_does_not_come_to_it() {
    let mut world = stocked(3);
    let b = |says: Says| says.in_batch("b");
    let later = [b(adjusted("NEW", "mars", -5)), b(placed("o1", &[line("1", "NEW", 1)]).by("wms"))];
    let results = leave(&mut world, later);
    world.post(item("NEW"));
    // The one waits for its place; the other has come.
    let all = places(&results);
    assert_eq!(listed(&asked(&world)), [all[0], all[1], all[3]]);
    let unknown = world.open(ConflictKind::Unmapped);
    assert_eq!(listed(&unknown[0]), [all[2]]);
    map(&mut world, "mars");
    assert_eq!(listed(&asked(&world)), [all[0], all[1], all[3], all[2]]);
    decide(&mut world, O::Approve);
    assert_eq!(outcomes(&world, &results), [Outcome::Applied; 4]);
}

#[test]
fn a_part_of_another_batch_does_not_come_to_it() {
    let others = [
        ("no batch", adjusted(&name(2), "mars", -5)),
        ("another batch", leaves(2, "mars").in_batch("c")),
        ("another source", leaves(2, "mars").by("erp")),
    ];
    for (what, other) in others {
        let mut world = stocked(3);
        leave(&mut world, [other]);
        map(&mut world, "mars");
        assert_eq!(asked(&world).event_count, 2, "{what}");
        assert_eq!(on_hand(&world, 0..3), [5, 5, 0], "{what}");
    }
}

#[test]
fn a_part_of_an_approved_batch_takes_effect() {
    let mut world = stocked(3);
    let results = leave(&mut world, [leaves(2, "mars")]);
    decide(&mut world, O::Approve);
    map(&mut world, "mars");
    assert_eq!(outcomes(&world, &results), [Outcome::Applied; 3]);
    world.quiet();
}

/// A person has said that the batch is wrong, but has not seen this part of it.
#[test]
fn a_part_of_a_rejected_batch_is_asked_about() {
    let table = [("all leaves", leaves(2, "mars"), 0), ("one is sold", sold(2, "mars"), 4)];
    for (what, part, left) in table {
        for (option, outcome, left) in
            [(O::Approve, Outcome::Applied, left), (O::Reject, Outcome::Rejected, 5)]
        {
            let mut world = stocked(3);
            let results = leave(&mut world, [part.clone()]);
            let first = asked(&world);
            decide(&mut world, O::Reject);
            map(&mut world, "mars");
            let conflict = asked(&world);
            assert_eq!(listed(&conflict), [results[2].seq.unwrap()], "{what}");
            let rejected = evidence(&conflict, "the rest of it was rejected with");
            assert_eq!(rejected, Some(first.id.to_string()), "{what}");
            assert_eq!(evidence(&conflict, "items it names").as_deref(), Some("1"), "{what}");
            assert_eq!(on_hand(&world, 0..3), [5; 3], "{what}");
            decide(&mut world, option);
            assert_eq!(world.outcome(&results[2]), outcome, "{what}");
            assert_eq!(on_hand(&world, 0..3), [5, 5, left], "{what}");
            world.quiet();
        }
    }
}

/// Also where both was decided in one transaction.
#[test]
fn a_part_sees_a_rejection_just_before_it() {
    let mut world = stocked(3);
    leave(&mut world, [sold(2, "mars")]);
    let unknown = world.open(ConflictKind::Unmapped).remove(0);
    let berlin = Some("berlin".parse().unwrap());
    let decisions = [
        choice(&asked(&world), O::Reject),
        Choice { location: berlin, ..choice(&unknown, O::Map) },
    ];
    world.answers(&decisions.map(Input::Resolve));
    let rejected = evidence(&asked(&world), "the rest of it was rejected with");
    assert_eq!(rejected.as_deref(), Some("c1"));
    assert_eq!(on_hand(&world, 0..3), [5; 3]);
}

/// What a person has approved may be refused for another reason.
#[test]
fn a_request_that_was_refused_once_it_was_approved_is_not_a_rejected_batch() {
    let mut world = stocked(3);
    let b = |says: Says| says.in_batch("b");
    let asks = b(reserved("r1", &[held("S0", 5, "berlin")]).with("expires_in_s", 60));
    let results = leave(&mut world, [asks, sold(2, "mars")]);
    decide(&mut world, O::Approve);
    assert_eq!(world.outcome(&results[2]), Outcome::Rejected);
    map(&mut world, "mars");
    assert_eq!(world.outcome(&results[3]), Outcome::Applied);
    world.quiet();
}

#[test]
fn a_decision_with_the_part_among_the_events_is_taken_back() {
    for option in [O::Approve, O::Reject] {
        let mut world = stocked(3);
        let results = leave(&mut world, [leaves(2, "mars")]);
        map(&mut world, "mars");
        let before = asked(&world);
        let decision = decide(&mut world, option);
        take_back(&mut world, &decision);
        let conflict = asked(&world);
        assert_eq!((conflict.id, listed(&conflict)), (before.id, places(&results)));
        assert_eq!(outcomes(&world, &results), [Outcome::Conflict; 3]);
        assert_eq!(on_hand(&world, 0..3), [5; 3]);
        decide(&mut world, O::Approve);
        assert_eq!(on_hand(&world, 0..3), [0; 3]);
        world.quiet();
    }
}

/// It took effect by itself; the next one is asked about with the others.
#[test]
fn a_part_that_came_after_an_approval_stays_when_that_is_taken_back() {
    let mut world = stocked(4);
    let results = leave(&mut world, [leaves(2, "mars"), leaves(3, "moon")]);
    let approval = decide(&mut world, O::Approve);
    map(&mut world, "mars");
    take_back(&mut world, &approval);
    assert_eq!(listed(&asked(&world)), places(&results)[..2]);
    assert_eq!(on_hand(&world, 0..4), [5, 5, 0, 5]);
    map(&mut world, "moon");
    let conflict = asked(&world);
    let all = places(&results);
    assert_eq!(listed(&conflict), [all[0], all[1], all[3]]);
    for (label, value) in [("would go to zero", "4"), ("of these at zero by it already", "1")] {
        assert_eq!(evidence(&conflict, label).as_deref(), Some(value), "{label}");
    }
    decide(&mut world, O::Approve);
    assert_eq!(on_hand(&world, 0..4), [0; 4]);
    world.quiet();
}

#[test]
fn a_part_comes_to_the_rest_again_where_its_rejection_is_taken_back() {
    let mut world = stocked(3);
    let results = leave(&mut world, [leaves(2, "mars")]);
    let first = asked(&world);
    let rejection = decide(&mut world, O::Reject);
    take_back(&mut world, &rejection);
    map(&mut world, "mars");
    assert_eq!((asked(&world).id, listed(&asked(&world))), (first.id, places(&results)));
}

#[test]
fn a_part_leaves_with_the_decision_on_its_name() {
    let mut world = stocked(3);
    let results = leave(&mut world, [leaves(2, "mars")]);
    let before = asked(&world);
    for _ in 0..2 {
        let decision = map(&mut world, "mars");
        assert_eq!(asked(&world).event_count, 3);
        take_back(&mut world, &decision);
        let left = asked(&world);
        assert_eq!((left.id, listed(&left)), (before.id, places(&results)[..2].to_vec()));
        assert_eq!(listed(&world.open(ConflictKind::Unmapped)[0]), places(&results)[2..]);
    }
    decide(&mut world, O::Approve);
    map(&mut world, "mars");
    assert_eq!(on_hand(&world, 0..3), [0; 3]);
    world.quiet();
}

/// The name means nothing again, but what is decided of the batch stays decided.
#[test]
fn decisions_on_the_name_and_on_the_batch_can_both_be_taken_back() {
    for (first, then) in [(0, 1), (1, 0)] {
        for option in [O::Approve, O::Reject] {
            let mut world = stocked(3);
            let results = leave(&mut world, [leaves(2, "mars")]);
            let on_name = map(&mut world, "mars");
            let decisions = [on_name, decide(&mut world, option)];
            for index in [first, then] {
                take_back(&mut world, &decisions[index]);
                assert_eq!(world.outcome(&results[2]), Outcome::Conflict, "{option:?} {first}");
            }
            assert_eq!(outcomes(&world, &results), [Outcome::Conflict; 3]);
            assert_eq!(on_hand(&world, 0..3), [5; 3]);
            assert_eq!(world.store.waiting_count(), 3);
        }
    }
}

/// What is tried out to see what the whole would do takes nothing with it.
#[test]
fn what_cannot_be_handled_of_the_rest_stays_held() {
    for phase in [Phase::Load, Phase::Decide, Phase::Apply] {
        let mut world = stocked(4);
        let id = format!("poison-of-rest-{phase:?}");
        let says = [leaves(0, "berlin"), leaves(1, "berlin").id(&id), leaves(2, "mars")];
        let results = world.request(says);
        world.post(set(&name(3), "berlin", 4, 1));
        let trap = Trap::set(phase, &id);
        map(&mut world, "mars");
        let conflict = asked(&world);
        assert_eq!(listed(&conflict), places(&results), "{phase:?}");
        assert_eq!(world.conflict().id, conflict.id, "{phase:?}: nothing else is asked");
        drop(trap);
        decide(&mut world, O::Approve);
        assert_eq!(on_hand(&world, 0..4), [0, 0, 0, 4], "{phase:?}");
        world.verify();
    }
}

#[test]
fn how_requests_are_put_into_transactions_makes_no_difference() {
    let requests = vec![
        vec![leaves(0, "berlin"), leaves(1, "berlin"), leaves(2, "moon"), sold(3, "mars")],
        vec![adjusted(&name(4), "moon", -5), location("moon", 2)],
        vec![received(&name(2), "moon", 1)],
        vec![location("mars", 3).in_batch("e"), sold(5, "mars").in_batch("e")],
        vec![leaves(6, "berlin").in_batch("f"), leaves(5, "pluto").in_batch("f")],
        vec![location("pluto", 4)],
    ];
    let events = requests.into_iter().enumerate().flat_map(|(request, says)| {
        let events = says.into_iter().enumerate();
        let events = events.map(move |(n, says)| says.event(&format!("r{request}-{n}")));
        inputs(events.collect::<Vec<Event>>())
    });
    let inputs: Vec<Input> = events.map(|(input, _)| input).collect();
    let journal = |sizes: &[usize]| -> Vec<Vec<u8>> {
        let mut world = stocked(7);
        world.stream_inputs(&inputs, sizes);
        let open = world.open(ConflictKind::MassChange);
        let counts: Vec<u64> = open.iter().map(|conflict| conflict.event_count).collect();
        assert_eq!(counts, [4, 1]);
        world.store.journal.iter().map(|entry| entry.bytes.clone()).collect()
    };
    let one_by_one = journal(&[1]);
    for sizes in [&[100][..], &[2], &[3, 1], &[4, 2]] {
        assert!(journal(sizes) == one_by_one, "{sizes:?}");
    }
}

/// As many events as a request may carry, of which some come later, more than are listed.
#[test]
fn a_large_batch_grows_as_well() {
    let later = EVENTS_LISTED_MAX + 10;
    for before in [0, RELEASES_MAX] {
        let mut world = stocked(0);
        world.replay_always = false;
        world.batch((0..1_000).map(|number| item(&name(number))).collect::<Vec<_>>());
        let received = (0..1_000).map(|number| received(&name(number), "berlin", 5).at(-60));
        world.batch(received.collect::<Vec<_>>());
        world.batch((0..before).map(|_| adjusted("S0", "mars", 1)).collect::<Vec<_>>());
        let at = |number| if number < 1_000 - later { "berlin" } else { "mars" };
        let says = (0..1_000).map(|number| leaves(number, at(number)));
        let results = world.request(says.collect::<Vec<_>>());
        let first = asked(&world);
        map(&mut world, "mars");
        let conflict = asked(&world);
        assert_eq!((conflict.event_count, conflict.version), (1_000, first.version + 1));
        let (mut listed, all) = (listed(&conflict), places(&results));
        assert_eq!(listed.pop(), all.last().copied());
        assert_eq!(listed, all[..EVENTS_LISTED_MAX - 1]);
        assert_eq!(evidence(&conflict, "items it names").as_deref(), Some("1000"));
        let emptied = 1_000 - usize::from(before > 0);
        assert_eq!(evidence(&conflict, "would go to zero"), Some(emptied.to_string()));
        decide(&mut world, O::Approve);
        assert!(results.iter().all(|result| world.outcome(result) == Outcome::Applied));
        assert_eq!(world.status(&conflict), ConflictStatus::Resolved);
        world.verify();
    }
}

/// A part that takes nothing to zero by itself is asked about all the same where the rest was rejected;
/// there is nothing to list then.
#[test]
fn of_a_part_that_empties_nothing_no_items_are_listed() {
    let mut world = stocked(4);
    leave(&mut world, [sold(2, "mars")]);
    decide(&mut world, O::Reject);
    map(&mut world, "mars");
    let asked = asked(&world);
    assert_eq!(evidence(&asked, "would go to zero").as_deref(), Some("0"));
    assert_eq!(evidence(&asked, "these are"), None);
}

/// What is refused since too many contents of its id are asked about is no part of what its batch does.
#[test]
fn what_is_refused_for_its_id_is_not_held_with_its_batch() {
    let mut world = stocked(4);
    let says = |units: i64| adjusted(&name(3), "berlin", units).id("x");
    world.post_all((1..).map(says).take(EVENTS_LISTED_MAX));
    let again = says(-1).in_batch("b");
    let results = world.request([leaves(0, "berlin"), again, leaves(1, "berlin")]);
    let got: Vec<Outcome> = results.iter().map(|result| result.outcome).collect();
    assert_eq!(got, [Outcome::Conflict, Outcome::Rejected, Outcome::Conflict]);
    let asked = asked(&world);
    assert_eq!((asked.event_count, evidence(&asked, "items it names").as_deref()), (2, Some("2")));
}
