//! Safeguard 8 for a batch that goes on in parts, since some of it has waited for names: what the
//! parts do that nobody has looked at counts together.

use onhand::conflict::{Choice, Conflict, ConflictKind, ResolutionOption as O};
use onhand::event::Event;
use onhand::ledger::{Input, inputs};
use onhand::record::Outcome;
use onhand::state::Settings;
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, counted, held as goods_at, item, location, received, reserved, reversed,
};

fn name(number: usize) -> String {
    format!("S{number}")
}

/// Items with 5 units each in Berlin, of which four to zero are enough to hold a batch.
fn stocked(items: usize) -> World {
    let mut world = World::with(Settings { mass_change_min: 4, ..Settings::default() });
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

/// All of some items leaves at once, and all of some others from a place that nobody knows.
fn leave(world: &mut World, at_once: usize, later: usize) -> Vec<EventResult> {
    let places = (0..at_once).map(|_| "berlin").chain((0..later).map(|_| "mars"));
    let says = places.enumerate().map(|(number, place)| leaves(number, place));
    world.request(says.collect::<Vec<_>>())
}

/// Says that an unknown place is Berlin; gives the decision's own id.
fn map(world: &mut World, place: &str) -> String {
    let mut unknown = world.open(ConflictKind::Unmapped).into_iter();
    let unknown = unknown.find(|it| it.location == Some(place.parse().unwrap())).unwrap();
    let choice = Choice { location: Some("berlin".parse().unwrap()), ..choice(&unknown, O::Map) };
    world.choose(choice).unwrap().envelope.id.as_str().to_owned()
}

/// The only conflict about a batch, if there is one.
fn held(world: &World) -> Option<Conflict> {
    let mut open = world.open(ConflictKind::MassChange);
    assert!(open.len() <= 1, "one at a time: {open:?}");
    open.pop()
}

fn evidence(conflict: &Conflict, label: &str) -> Option<String> {
    let row = conflict.evidence.iter().find(|row| row.label == label);
    row.map(|row| row.value.clone())
}

fn on_hand(world: &World, items: std::ops::Range<usize>) -> Vec<i64> {
    items.map(|item| world.on_hand(&name(item), "berlin")).collect()
}

#[test]
fn what_the_batch_has_emptied_before_counts_with_what_goes_on() {
    let table = [
        // To zero at once and later, otherwise named at once and later, held.
        (3, 3, 0, 0, true),
        (3, 1, 0, 0, true),
        (1, 3, 0, 0, true),
        (2, 1, 0, 0, false),
        (3, 0, 0, 1, false),
        (3, 1, 15, 0, true),
        (3, 1, 16, 0, false),
        (3, 1, 10, 5, true),
        (3, 1, 10, 6, false),
        // What is too much by itself is so whatever the batch names beside it.
        (1, 4, 30, 0, true),
    ];
    for (at_once, later, named, named_later, is_held) in table {
        let what = format!("{at_once} and {later}, with {named} and {named_later}");
        let mut world = stocked(at_once + later + named + named_later);
        let sides =
            [(at_once, leaves as fn(usize, &str) -> Says, "berlin"), (later, leaves, "mars")];
        let others =
            [(named, sold as fn(usize, &str) -> Says, "berlin"), (named_later, sold, "mars")];
        let all = sides.into_iter().chain(others);
        let all = all.flat_map(|(count, says, place)| (0..count).map(move |_| (says, place)));
        let says = all.enumerate().map(|(number, (says, place))| says(number, place));
        world.request(says.collect::<Vec<_>>());
        assert_eq!(held(&world), None, "{what}: what came at once was not too much");
        map(&mut world, "mars");
        assert_eq!(held(&world).is_some(), is_held, "{what}");
        assert!(on_hand(&world, 0..at_once).iter().all(|left| *left == 0), "{what}");
        let left = if is_held { 5 } else { 0 };
        let rest = on_hand(&world, at_once..at_once + later);
        assert!(rest.iter().all(|it| *it == left), "{what}: {rest:?}");
    }
}

#[test]
fn only_what_goes_on_is_held_and_the_conflict_says_what_the_whole_would_do() {
    let mut world = stocked(8);
    let results = leave(&mut world, 3, 2);
    map(&mut world, "mars");
    let conflict = held(&world).unwrap();
    let listed: Vec<u64> = conflict.events.iter().map(|event| event.seq).collect();
    assert_eq!(listed, [results[3].seq.unwrap(), results[4].seq.unwrap()]);
    for (label, value) in [
        ("items it names", "5"),
        ("would go to zero", "5"),
        ("of these at zero by it already", "3"),
        ("these are", "S0, S1, S2, S3, S4"),
    ] {
        assert_eq!(evidence(&conflict, label).as_deref(), Some(value), "{label}");
    }
    assert_eq!(on_hand(&world, 0..5), [0, 0, 0, 5, 5]);
    world.resolve(&conflict, O::Approve).unwrap();
    assert_eq!(on_hand(&world, 0..5), [0; 5]);
    assert!(results.iter().all(|result| world.outcome(result) == Outcome::Applied));
    world.quiet();
}

#[test]
fn parts_that_go_on_one_after_another_count_together() {
    let mut world = stocked(5);
    let places = ["mars", "mars", "moon", "moon", "pluto"];
    let says = places.into_iter().enumerate().map(|(number, place)| leaves(number, place));
    world.request(says.collect::<Vec<_>>());
    map(&mut world, "mars");
    assert_eq!((held(&world), on_hand(&world, 0..5)), (None, vec![0, 0, 5, 5, 5]));
    map(&mut world, "moon");
    let conflict = held(&world).unwrap();
    assert_eq!((conflict.event_count, on_hand(&world, 0..5)), (2, vec![0, 0, 5, 5, 5]));
    assert_eq!(evidence(&conflict, "of these at zero by it already").as_deref(), Some("2"));
}

#[test]
fn what_is_at_zero_for_another_reason_or_no_longer_does_not_count() {
    let in_berlin = |units| adjusted("S0", "berlin", units);
    let table: [(&str, Vec<Says>, bool); 6] = [
        ("nothing happens", vec![], true),
        ("units come in", vec![received("S0", "berlin", 1)], false),
        ("a count finds some", vec![counted("S0", "berlin", 2)], false),
        ("it would be gone by now in any case", vec![in_berlin(-5)], false),
        ("units come in and leave", vec![in_berlin(1), in_berlin(-1)], true),
        ("it is taken back", vec![reversed("wms", "first")], false),
    ];
    for (what, happens, is_held) in table {
        let mut world = stocked(4);
        let all = [leaves(0, "berlin").id("first"), leaves(1, "berlin"), leaves(2, "berlin")];
        world.request(all.into_iter().chain([leaves(3, "mars")]).collect::<Vec<_>>());
        for result in world.post_all(happens) {
            assert_eq!(result.outcome, Outcome::Applied, "{what}: {result:?}");
        }
        map(&mut world, "mars");
        assert_eq!(held(&world).is_some(), is_held, "{what}");
    }
}

#[test]
fn what_a_person_has_approved_does_not_count_again() {
    for (later, is_held) in [(3, false), (4, true)] {
        let mut world = stocked(4 + later);
        leave(&mut world, 4, later);
        let conflict = held(&world).expect("four at once are too much");
        world.resolve(&conflict, O::Approve).unwrap();
        map(&mut world, "mars");
        assert_eq!(held(&world).is_some(), is_held, "{later} later");
    }
}

/// There is nothing to hold it back for.
#[test]
fn a_part_that_takes_nothing_to_zero_goes_on_whatever_the_rest_has_done() {
    for (last, is_held) in [(sold(4, "mars"), false), (leaves(4, "mars"), true)] {
        let mut world = stocked(5);
        let emptied = (0..3).map(|number| leaves(number, "berlin"));
        world.request(emptied.chain([sold(3, "berlin"), last]).collect::<Vec<_>>());
        // Of this there would be one unit without the batch: it is the fourth to zero.
        world.post(adjusted(&name(3), "berlin", -4));
        map(&mut world, "mars");
        assert_eq!(held(&world).is_some(), is_held);
    }
}

#[test]
fn another_batch_or_another_request_is_not_part_of_it() {
    let table: [(&str, Vec<Vec<Says>>, bool); 4] = [
        ("one request", vec![vec![leaves(2, "berlin"), leaves(3, "mars")]], true),
        (
            "another request",
            vec![
                vec![sold(4, "berlin").in_batch("c")],
                vec![leaves(2, "berlin"), leaves(3, "mars")],
            ],
            false,
        ),
        ("another batch", vec![vec![leaves(2, "berlin"), leaves(3, "mars").in_batch("c")]], false),
        ("another source", vec![vec![leaves(2, "berlin"), leaves(3, "mars").by("erp")]], false),
    ];
    for (what, requests, is_held) in table {
        let mut world = stocked(5);
        let mut requests = requests.into_iter();
        let first = requests.next().unwrap();
        let start = [leaves(0, "berlin"), leaves(1, "berlin")];
        world.request(start.into_iter().chain(first).collect::<Vec<_>>());
        for request in requests {
            world.request(request);
        }
        map(&mut world, "mars");
        assert_eq!(held(&world).is_some(), is_held, "{what}");
    }
}

#[test]
fn a_decision_on_the_name_is_taken_back_and_asks_the_same_again() {
    let mut world = stocked(4);
    leave(&mut world, 3, 1);
    for _ in 0..2 {
        let decision = map(&mut world, "mars");
        let conflict = held(&world).unwrap();
        assert_eq!(evidence(&conflict, "would go to zero").as_deref(), Some("4"));
        assert_eq!(world.post(reversed("onhand", &decision)).outcome, Outcome::Applied);
        assert_eq!(held(&world), None);
    }
    map(&mut world, "mars");
    world.resolve(&held(&world).unwrap(), O::Approve).unwrap();
    assert_eq!(on_hand(&world, 0..4), [0; 4]);
    world.quiet();
}

#[test]
fn how_requests_are_put_into_transactions_makes_no_difference() {
    let mut requests = vec![
        vec![leaves(0, "berlin"), leaves(1, "berlin"), leaves(2, "moon"), leaves(3, "mars")],
        vec![leaves(4, "berlin"), sold(5, "moon")],
        vec![location("moon", 2)],
        vec![adjusted(&name(0), "berlin", 1), received(&name(2), "moon", 1)],
    ];
    requests.push(vec![location("mars", 3).in_batch("e"), leaves(6, "mars").in_batch("e")]);
    let events = requests.into_iter().enumerate().flat_map(|(request, says)| {
        let events = says.into_iter().enumerate();
        let events = events.map(move |(n, says)| says.event(&format!("r{request}-{n}")));
        inputs(events.collect::<Vec<Event>>())
    });
    let inputs: Vec<Input> = events.map(|(input, _)| input).collect();
    let journal = |sizes: &[usize]| -> Vec<Vec<u8>> {
        let mut world = stocked(7);
        world.stream_inputs(&inputs, sizes);
        world.store.journal.iter().map(|entry| entry.bytes.clone()).collect()
    };
    let one_by_one = journal(&[1]);
    for sizes in [&[100][..], &[2], &[3, 1], &[4, 2]] {
        assert!(journal(sizes) == one_by_one, "{sizes:?}");
    }
}

/// The twentieth item that a batch names is enough for four of them to be few. It is not named by what
/// came to nothing.
#[test]
fn what_was_refused_or_taken_back_or_is_asked_about_is_not_looked_at() {
    let b = |says: Says| says.by("wms").in_batch("b");
    let table = [
        ("it stands", sold(19, "berlin"), false),
        ("it is refused", b(reserved("r1", &[goods_at("S19", 9, "berlin")])), true),
        ("it is asked about", sold(19, "berlin").at(99_999), true),
        ("it is taken back", sold(19, "berlin").id("gone"), true),
    ];
    for (what, last, is_held) in table {
        let mut world = stocked(20);
        let emptied = (0..3).map(|number| leaves(number, "berlin"));
        let says = emptied.chain((4..19).map(|number| sold(number, "berlin"))).chain([last]);
        world.request(says.chain([leaves(3, "mars")]).collect::<Vec<_>>());
        if what == "it is taken back" {
            assert_eq!(world.post(reversed("wms", "gone")).outcome, Outcome::Applied);
        }
        map(&mut world, "mars");
        assert_eq!(held(&world).is_some(), is_held, "{what}");
    }
}

/// A request carries 1,000 events at most: what is further away was said in another one, though it
/// calls its batch the same.
#[test]
fn what_is_further_away_than_one_request_reaches_is_not_part_of_it() {
    for (distance, is_held) in [(999, true), (1_000, false)] {
        for have_waited in [false, true] {
            let mut world = stocked(5);
            world.replay_always = false;
            let place = if have_waited { "mars" } else { "berlin" };
            let first = (0..3).map(|number| leaves(number, place));
            // Among what waits other events may stand; among what is done the batch has no gap.
            let fill = adjusted(&name(4), "berlin", 1);
            let fill = if have_waited { fill } else { fill.in_batch("b") };
            let fills = (3..distance).map(|_| fill.clone());
            world.request(first.chain(fills).collect::<Vec<_>>());
            world.request([leaves(3, "mars")]);
            map(&mut world, "mars");
            let what = format!("{distance} away, where the others have waited: {have_waited}");
            assert_eq!(held(&world).is_some(), is_held, "{what}");
            world.verify();
        }
    }
}

/// Very many, of which the last waits: the others are found a few at first, then more at a time.
#[test]
fn a_large_batch_is_loaded_in_a_few_goes() {
    let mut world = stocked(1);
    world.replay_always = false;
    let fills = (0..900).map(|_| adjusted(&name(0), "berlin", 1).in_batch("b"));
    world.request(fills.chain([sold(0, "mars")]).collect::<Vec<_>>());
    map(&mut world, "mars");
    assert!(world.loads < 12, "{} goes", world.loads);
}

/// As many events as a request may carry, of which three wait.
#[test]
fn a_large_batch_is_looked_at_as_a_whole() {
    for (place, at_once, is_held) in [(0, 198, true), (500, 198, true), (997, 197, false)] {
        let mut world = stocked(0);
        world.replay_always = false;
        world.batch((0..1_000).map(|number| item(&name(number))).collect::<Vec<_>>());
        let received = (0..1_000).map(|number| received(&name(number), "berlin", 5).at(-60));
        world.batch(received.collect::<Vec<_>>());
        let says = |number| {
            if number < at_once { leaves(number, "berlin") } else { sold(number, "berlin") }
        };
        let mut says: Vec<Says> = (0..997).map(says).collect();
        says.splice(place..place, (997..1_000).map(|number| leaves(number, "mars")));
        world.request(says);
        world.post(location("venus", 9));
        map(&mut world, "mars");
        let conflict = held(&world);
        assert_eq!(conflict.is_some(), is_held, "{at_once}, and three at {place}");
        if let Some(conflict) = conflict {
            assert_eq!(evidence(&conflict, "items it names").as_deref(), Some("1000"));
            assert_eq!(evidence(&conflict, "would go to zero").as_deref(), Some("201"));
        }
        world.verify();
    }
}

/// Its time lay ahead, so a person was asked about one of the events alone, and applied it.
#[test]
fn what_a_person_has_applied_by_itself_does_not_count_again() {
    let mut world = stocked(4);
    let ahead = leaves(0, "berlin").at(99_999);
    let rest = [leaves(1, "berlin"), leaves(2, "berlin"), leaves(3, "mars")];
    world.request([ahead].into_iter().chain(rest).collect::<Vec<_>>());
    let asked = world.open(ConflictKind::FutureTime).remove(0);
    world.resolve(&asked, O::ApplyAsReceived).unwrap();
    assert_eq!(on_hand(&world, 0..4), [0, 0, 0, 5]);
    map(&mut world, "mars");
    assert_eq!((held(&world), on_hand(&world, 0..4)), (None, vec![0; 4]));
}
