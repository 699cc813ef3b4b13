//! Safeguard 8 for what safeguard 7 had held: events of a batch that waited for names are looked at
//! as a batch when they go on together.

use onhand::conflict::{Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::event::Event;
use onhand::ledger::{Input, RELEASES_MAX, inputs};
use onhand::record::Outcome;
use onhand::sim::trap::{Phase, Trap};
use onhand::state::Settings;
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, counted, fulfilled, goods, item, kit, line_from, location, part_from, placed,
    received, reversed, set,
};

fn name(number: usize) -> String {
    format!("S{number}")
}

/// Items with 5 units each in Berlin, of which two to zero are enough to hold a batch.
fn stocked(items: usize) -> World {
    stocked_with(items, Settings { mass_change_min: 2, ..Settings::default() })
}

fn stocked_with(items: usize, settings: Settings) -> World {
    let mut world = World::with(settings);
    world.batch([location("berlin", 1)]);
    world.batch((0..items).map(|number| item(&name(number))).collect::<Vec<_>>());
    let received = (0..items).map(|number| received(&name(number), "berlin", 5).at(-60));
    world.batch(received.collect::<Vec<_>>());
    world
}

/// All 5 units of an item leave, from a place that nobody knows.
fn leaves(number: usize) -> Says {
    adjusted(&name(number), "mars", -5).in_batch("b")
}

fn leave(world: &mut World, items: usize) -> Vec<EventResult> {
    let results = world.request((0..items).map(leaves).collect::<Vec<_>>());
    assert!(results.iter().all(|result| result.outcome == Outcome::Conflict), "{results:?}");
    results
}

/// Says that the unknown place is Berlin; gives the decision's own id.
fn map(world: &mut World) -> String {
    let mut unknown = world.open(ConflictKind::Unmapped).into_iter();
    let unknown = unknown.find(|it| it.location.is_some()).expect("a place is asked about");
    let choice = Choice { location: Some("berlin".parse().unwrap()), ..choice(&unknown, O::Map) };
    world.choose(choice).unwrap().envelope.id.as_str().to_owned()
}

/// The events that the only conflict about a batch holds, if there is one.
fn held(world: &World) -> Option<Vec<u64>> {
    let open = world.open(ConflictKind::MassChange);
    assert!(open.len() <= 1, "one batch, one conflict: {open:?}");
    let seqs = |conflict: &Conflict| conflict.events.iter().map(|event| event.seq).collect();
    open.first().map(seqs)
}

fn places(results: &[EventResult]) -> Vec<u64> {
    results.iter().map(|result| result.seq.unwrap()).collect()
}

fn on_hand(world: &World, item: usize) -> i64 {
    world.on_hand(&name(item), "berlin")
}

#[test]
fn however_the_name_becomes_known_the_batch_is_held_as_a_whole() {
    for way in ["it is mapped", "it is created", "it comes by itself"] {
        let mut world = stocked(3);
        let results = leave(&mut world, 3);
        match way {
            "it is mapped" => drop(map(&mut world)),
            "it is created" => drop(world.resolve(&world.conflict(), O::Create).unwrap()),
            _ => drop(world.post(location("mars", 2))),
        }
        let conflict = world.conflict();
        assert_eq!(held(&world), Some(places(&results)), "{way}");
        assert_eq!(conflict.event_count, 3, "{way}");
        let evidence = |label: &str| {
            let row = conflict.evidence.iter().find(|row| row.label == label);
            row.map(|row| row.value.clone()).unwrap()
        };
        assert_eq!(
            (evidence("items it names"), evidence("would go to zero")),
            ("3".into(), "3".into())
        );
        assert!((0..3).all(|item| on_hand(&world, item) == 5), "{way}");
        assert!(results.iter().all(|it| world.outcome(it) == Outcome::Conflict), "{way}");
        let last = &world.store.journal.last().unwrap().record;
        assert_eq!((last.outcome, last.conflict), (Outcome::Conflict, Some(conflict.id)));
    }
}

#[test]
fn a_person_approves_or_rejects_it_like_any_batch() {
    for (option, outcome, left) in
        [(O::Approve, Outcome::Applied, 0), (O::Reject, Outcome::Rejected, 5)]
    {
        let mut world = stocked(3);
        let results = leave(&mut world, 3);
        map(&mut world);
        world.resolve(&world.conflict(), option).unwrap();
        for (item, result) in results.iter().enumerate() {
            assert_eq!((world.outcome(result), on_hand(&world, item)), (outcome, left));
        }
        assert_eq!(world.store.waiting_count(), 0);
        world.quiet();
    }
}

#[test]
fn what_is_held_is_what_one_batch_does_together() {
    let b = |says: Says| says.in_batch("b");
    let plain = |item: usize| adjusted(&name(item), "mars", -5);
    let some = |item: usize| b(adjusted(&name(item), "mars", -1));
    let mut diluted = vec![leaves(0), leaves(1)];
    diluted.extend((2..11).map(some));
    let table: [(&str, Vec<Says>, bool); 7] = [
        ("two items", vec![leaves(0), leaves(1)], true),
        ("one item", vec![leaves(0), some(1)], false),
        ("no batch", vec![plain(0), plain(1)], false),
        ("two batches", vec![leaves(0), plain(1).in_batch("c")], false),
        ("two sources", vec![leaves(0), leaves(1).by("erp")], false),
        ("two among many", diluted, false),
        ("what else is said in between", vec![leaves(0), plain(2), leaves(1)], true),
    ];
    for (what, batch, is_held) in table {
        let mut world = stocked(11);
        world.request(batch);
        map(&mut world);
        assert_eq!(held(&world).is_some(), is_held, "{what}");
        assert_eq!(on_hand(&world, 0), if is_held { 5 } else { 0 }, "{what}");
    }
}

/// One event can be a batch as well.
#[test]
fn one_event_that_is_too_much_is_held_alone() {
    let settings = Settings { mass_change_min: 1, ..Settings::default() };
    let mut world = stocked_with(1, settings);
    let results = leave(&mut world, 1);
    map(&mut world);
    assert_eq!((held(&world), on_hand(&world, 0)), (Some(places(&results)), 5));
}

#[test]
fn it_goes_on_together_before_what_was_said_in_between() {
    let mut world = stocked(4);
    let some = |item: usize| adjusted(&name(item), "mars", -1);
    let results = world.request([some(0).in_batch("b"), some(1), some(2).in_batch("b"), some(3)]);
    map(&mut world);
    let released = world.store.journal.iter().rev().take(4).rev();
    let skus: Vec<_> = released.map(|entry| entry.record.effects[0].sku.to_string()).collect();
    assert_eq!(skus, ["S0", "S2", "S1", "S3"]);
    assert!(results.iter().all(|result| world.outcome(result) == Outcome::Applied));
}

#[test]
fn what_is_stopped_by_an_earlier_safeguard_is_not_part_of_it() {
    let b = |says: Says| says.by("wms").in_batch("b");
    let mut world = stocked(3);
    let order = |id: &str| b(placed("o1", &[line_from("1", &name(2), 1, "mars")]).id(id));
    let results = world.request([
        leaves(0),
        leaves(1),
        // It waits for another name afterwards.
        b(adjusted("NEW", "mars", -5)),
        // These come as far, whatever would have become of them.
        b(set(&name(2), "mars", 0, 77)),
        b(fulfilled("o2", "f", &[part_from("1", 1, "mars")])),
        order("order"),
        // A name that the batch makes known.
        b(kit("SET", &[goods("NEW", 1)])),
    ]);
    world.post(item("NEW"));
    map(&mut world);
    let all = places(&results);
    let as_far = [0, 1, 2, 3, 4, 5].map(|index: usize| all[index]).to_vec();
    assert_eq!(held(&world), Some(as_far));
    assert_eq!(world.outcome(&results[6]), Outcome::Applied);
    world.resolve(&world.open(ConflictKind::MassChange)[0], O::Approve).unwrap();
    assert_eq!((on_hand(&world, 0), on_hand(&world, 1)), (0, 0));
    assert_eq!(world.outcome(&results[4]), Outcome::Parked);
    assert_eq!(world.outcome(&results[5]), Outcome::Applied);
}

#[test]
fn what_waits_for_another_name_comes_to_what_is_held_of_its_batch() {
    let mut world = stocked(3);
    let results =
        world.request([leaves(0), adjusted("NEW", "mars", 5).in_batch("b"), leaves(1), leaves(2)]);
    map(&mut world);
    let all = places(&results);
    assert_eq!(held(&world), Some(vec![all[0], all[2], all[3]]));
    world.post(item("NEW"));
    assert_eq!(held(&world), Some(vec![all[0], all[2], all[3], all[1]]));
    assert_eq!(world.outcome(&results[1]), Outcome::Conflict);
}

#[test]
fn a_decision_on_the_name_is_taken_back_with_the_question_about_the_batch() {
    let mut world = stocked(3);
    let results = leave(&mut world, 3);
    let decision = map(&mut world);
    let question = world.conflict();
    let reversal = world.post(reversed("onhand", &decision));
    assert_eq!(reversal.outcome, Outcome::Applied, "{reversal:?}");
    assert_eq!(world.status(&question), ConflictStatus::AutoResolved);
    let unknown = world.conflict();
    assert_eq!((unknown.kind, unknown.event_count), (ConflictKind::Unmapped, 3));
    assert!(results.iter().all(|result| world.outcome(result) == Outcome::Conflict));
    // Known again, it is the same question anew.
    map(&mut world);
    assert_eq!(held(&world), Some(places(&results)));
    world.resolve(&world.conflict(), O::Approve).unwrap();
    assert!((0..3).all(|item| on_hand(&world, item) == 0));
    world.quiet();
}

#[test]
fn decisions_on_the_name_and_on_the_batch_can_both_be_taken_back() {
    for (first, then) in [(0, 1), (1, 0)] {
        let mut world = stocked(3);
        let results = leave(&mut world, 3);
        let on_name = map(&mut world);
        let on_batch = world.resolve(&world.conflict(), O::Approve).unwrap();
        let decisions = [on_name, on_batch.envelope.id.as_str().to_owned()];
        for index in [first, then] {
            let reversal = world.post(reversed("onhand", &decisions[index]));
            assert_eq!(reversal.outcome, Outcome::Applied, "{reversal:?}");
            assert!((0..3).all(|item| on_hand(&world, item) == 5));
            assert!(results.iter().all(|result| world.outcome(result) == Outcome::Conflict));
            assert_eq!(world.store.waiting_count(), 3);
        }
    }
}

/// A stream of requests in which batches wait for names, and go on.
fn requests() -> Vec<Vec<Says>> {
    let b = |says: Says, batch| says.in_batch(batch);
    vec![
        vec![leaves(0), adjusted(&name(3), "mars", -1), leaves(1), leaves(2)],
        vec![b(counted(&name(3), "mars", 0), "c"), b(counted("NEW", "moon", 2), "c")],
        vec![b(adjusted(&name(4), "moon", -5), "d"), b(adjusted(&name(5), "mars", -4), "d")],
        vec![location("moon", 4), b(location("mars", 3), "e"), b(item("NEW"), "e")],
        vec![adjusted(&name(4), "berlin", 2)],
    ]
}

#[test]
fn how_requests_are_put_into_transactions_makes_no_difference() {
    let events = requests().into_iter().enumerate().flat_map(|(request, says)| {
        let events = says.into_iter().enumerate();
        let events = events.map(move |(n, says)| says.event(&format!("r{request}-{n}")));
        inputs(events.collect::<Vec<Event>>())
    });
    let inputs: Vec<Input> = events.map(|(input, _)| input).collect();
    let journal = |sizes: &[usize]| -> Vec<Vec<u8>> {
        let mut world = stocked(6);
        world.stream_inputs(&inputs, sizes);
        assert_eq!(held(&world).map(|held| held.len()), Some(3));
        world.store.journal.iter().map(|entry| entry.bytes.clone()).collect()
    };
    let one_by_one = journal(&[1]);
    for sizes in [&[100][..], &[2], &[3, 1], &[4, 2]] {
        assert!(journal(sizes) == one_by_one, "{sizes:?}");
    }
}

/// All that a request carries goes on in one transaction, the next one if this has no room left.
#[test]
fn a_large_batch_is_held_as_a_whole_wherever_the_transaction_ends() {
    let many = 1_000;
    for before in [0, 20, 30, RELEASES_MAX] {
        let mut world = stocked(0);
        world.replay_always = false;
        world.batch((0..many).map(|number| item(&name(number))).collect::<Vec<_>>());
        let received = (0..many).map(|number| received(&name(number), "berlin", 5).at(-60));
        world.batch(received.collect::<Vec<_>>());
        world.batch((0..before).map(|_| adjusted("S0", "mars", 1)).collect::<Vec<_>>());
        let results = leave(&mut world, many);
        world.batch([adjusted("S1", "mars", 1)]);
        map(&mut world);
        let conflict = world.conflict();
        assert_eq!((conflict.kind, conflict.event_count), (ConflictKind::MassChange, 1_000));
        assert_eq!(world.store.waiting_count(), many, "after {before}");
        assert_eq!((on_hand(&world, 1), on_hand(&world, 2)), (6, 5));
        world.resolve(&conflict, O::Approve).unwrap();
        assert!(results.iter().all(|result| world.outcome(result) == Outcome::Applied));
        world.quiet();
        world.verify();
    }
}

/// What holds a batch is found out at its end; of several in one transaction, each for itself.
#[test]
fn many_batches_that_waited_for_one_name_are_held_one_by_one() {
    let ids = ["b0", "b1", "b2", "b3", "b4"];
    let mut world = stocked(12);
    let says = |item: usize| adjusted(&name(item), "mars", -5).in_batch(ids[item % ids.len()]);
    let results = world.request((0..12).map(says).collect::<Vec<_>>());
    map(&mut world);
    let open = world.open(ConflictKind::MassChange);
    let counts: Vec<u64> = open.iter().map(|it| it.event_count).collect();
    assert_eq!(counts, [3, 3, 2, 2, 2]);
    assert_eq!(world.store.waiting_count(), 12);
    for conflict in open {
        world.resolve(&conflict, O::Approve).unwrap();
    }
    assert!(results.iter().all(|result| world.outcome(result) == Outcome::Applied));
    world.quiet();
}

#[test]
fn what_cannot_be_handled_is_flagged_beside_the_batch_that_is_held() {
    let phases = [Phase::Load, Phase::Decide, Phase::Apply];
    for (phase, place) in phases.into_iter().flat_map(|phase| [0, 1, 2].map(|it| (phase, it))) {
        let mut world = stocked(3);
        let mut batch = vec![leaves(0), leaves(1)];
        let fails = received(&name(2), "mars", 1).id("poison-of-names").in_batch("b");
        batch.insert(place, fails);
        let results = world.request(batch);
        world.post(received(&name(2), "mars", 1));
        let trap = Trap::set(phase, "poison-of-names");
        map(&mut world);
        drop(trap);
        let mut all = places(&results);
        let failed = all.remove(place);
        assert_eq!(held(&world), Some(all), "{phase:?} {place}");
        let flagged = world.open(ConflictKind::Poison).remove(0);
        assert_eq!(flagged.events[0].seq, failed, "{phase:?} {place}");
        world.resolve(&flagged, O::Retry).unwrap();
        world.resolve(&world.conflict(), O::Approve).unwrap();
        assert_eq!([0, 1, 2].map(|item| on_hand(&world, item)), [0, 0, 7]);
        world.quiet();
        world.verify();
    }
}
