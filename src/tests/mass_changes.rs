//! Safeguard 8: a batch that would take more than 20 % of the items it names to zero, and at least
//! 20 of them, is held as one conflict until a person has approved or rejected it.

use onhand::conflict::{
    Conflict, ConflictKind, ConflictStatus, EVENTS_LISTED_MAX, ResolutionOption as O,
};
use onhand::event::Event;
use onhand::ledger::{Input, RELEASES_MAX, Refused, inputs};
use onhand::record::{LET_GO_MAX, Outcome};
use onhand::state::Settings;
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, cancelled, counted, fulfilled, goods, held, item, kit, line, line_from,
    location, moved, part, placed, received, reserved, reversed, set, shipped,
};

fn name(number: usize) -> String {
    format!("S{number:04}")
}

/// Items with 5 units each in Berlin.
fn stocked(items: usize) -> World {
    stocked_with(items, Settings::default())
}

fn stocked_with(items: usize, settings: Settings) -> World {
    let mut world = World::with(settings);
    world.replay_always = false;
    let mut known = vec![location("berlin", 1), location("hamburg", 2)];
    known.extend((0..items).map(|number| item(&name(number))));
    world.batch(known);
    world.batch((0..items).map(receipt).collect::<Vec<_>>());
    world
}

fn receipt(number: usize) -> Says {
    received(&name(number), "berlin", 5).at(-60).id(&format!("in-{number}"))
}

/// Two items to zero are enough to hold a batch.
fn strict() -> Settings {
    Settings { mass_change_min: 2, ..Settings::default() }
}

/// One item, known, with 5 units of it, for batches of few events.
fn few() -> World {
    let mut world = stocked_with(3, strict());
    world.replay_always = true;
    world
}

fn empties(number: usize) -> Says {
    counted(&name(number), "berlin", 0).in_batch("b")
}

fn leaves_some(number: usize) -> Says {
    counted(&name(number), "berlin", 4).in_batch("b")
}

fn outcomes(results: &[EventResult]) -> Vec<Outcome> {
    results.iter().map(|result| result.outcome).collect()
}

/// Whether a request is held by one conflict about all of it.
fn is_held(world: &World, results: &[EventResult]) -> bool {
    let open = world.open(ConflictKind::MassChange);
    assert!(open.len() <= 1, "one batch, one conflict: {open:?}");
    let Some(conflict) = open.first() else { return false };
    assert_eq!(conflict.event_count, results.len() as u64);
    for result in results {
        assert_eq!((result.outcome, result.conflict), (Outcome::Conflict, Some(conflict.id)));
        assert!(result.effects.is_empty(), "{result:?}");
    }
    true
}

#[test]
fn more_than_a_fifth_and_at_least_twenty_items_to_zero_hold_the_batch() {
    let table = [
        // Named, to zero, held.
        (100, 20, false),
        (100, 21, true),
        (20, 20, true),
        (19, 19, false),
        (99, 20, true),
        (105, 21, false),
    ];
    for (named, emptied, held) in table {
        let mut world = stocked(named);
        let batch = (0..named).map(|n| if n < emptied { empties(n) } else { leaves_some(n) });
        let results = world.request(batch.collect::<Vec<_>>());
        assert_eq!(is_held(&world, &results), held, "{emptied} of {named}");
        let left = world.on_hand(&name(0), "berlin");
        assert_eq!(left, if held { 5 } else { 0 }, "{emptied} of {named}");
    }
}

#[test]
fn the_house_can_settle_the_share_and_the_number() {
    let table = [
        // Share in percent, least number, named, to zero, held.
        (20, 2, 10, 2, false),
        (20, 2, 9, 2, true),
        (50, 1, 2, 1, false),
        (49, 1, 2, 1, true),
        (0, 3, 100, 2, false),
        (0, 3, 100, 3, true),
        (100, 0, 3, 3, false),
    ];
    for (mass_change_share, mass_change_min, named, emptied, held) in table {
        let settings = Settings { mass_change_share, mass_change_min, ..Settings::default() };
        let mut world = stocked_with(named, settings);
        let batch = (0..named).map(|n| if n < emptied { empties(n) } else { leaves_some(n) });
        let results = world.request(batch.collect::<Vec<_>>());
        assert_eq!(is_held(&world, &results), held, "{settings:?}, {emptied} of {named}");
    }
}

#[test]
fn a_batch_is_what_shares_a_batch_id_in_one_request() {
    let plain = |n| counted(&name(n), "berlin", 0);
    // Without an id, nothing is a batch.
    let mut world = stocked(40);
    world.request((0..40).map(plain).collect::<Vec<_>>());
    world.quiet();
    // In several requests, they are several batches.
    let mut world = stocked(40);
    for half in [0..19, 19..38] {
        world.request(half.map(empties).collect::<Vec<_>>());
    }
    world.quiet();
    // Two ids in one request are two batches; what is between is none of them.
    let mut world = stocked(40);
    let mixed = (0..40).map(|n| match n % 4 {
        0 => plain(n),
        1 => empties(n).in_batch("c"),
        _ => empties(n),
    });
    let results = world.request(mixed.collect::<Vec<_>>());
    let conflict = world.conflict();
    assert_eq!(conflict.event_count, 20);
    for (n, result) in results.iter().enumerate() {
        let held = n % 4 > 1;
        assert_eq!(result.conflict, held.then_some(conflict.id), "{n}");
        assert_eq!(world.on_hand(&name(n), "berlin"), if held { 5 } else { 0 }, "{n}");
    }
}

/// Two orders hold all of two items, one of them as a kit.
fn promised() -> World {
    let mut world = few();
    let both = [line_from("1", &name(0), 5, "berlin"), line_from("2", &name(1), 5, "berlin")];
    world.post_all([
        item("NONE"),
        kit("SET", &[goods(&name(0), 1), goods(&name(1), 1)]),
        placed("o1", &both),
        placed("o2", &[line_from("1", "SET", 5, "berlin")]),
    ]);
    world
}

/// Whether these events are held if they come as a batch.
fn holds(batch: Vec<Says>) -> bool {
    let mut world = promised();
    let results =
        world.request(batch.into_iter().map(|says| says.in_batch("b")).collect::<Vec<_>>());
    is_held(&world, &results)
}

#[test]
fn whatever_takes_items_to_zero_counts() {
    let (s0, s1) = (&name(0), &name(1));
    let table: [(&str, Vec<Says>); 8] = [
        ("counts", vec![counted(s0, "berlin", 0), counted(s1, "berlin", 0)]),
        ("adjustments", vec![adjusted(s0, "berlin", -5), adjusted(s1, "berlin", -9)]),
        ("sets", vec![set(s0, "berlin", 0, 3), set(s1, "berlin", 0, 3)]),
        ("a shipment", vec![fulfilled("o1", "f", &[part("1", 5), part("2", 5)])]),
        ("a kit that leaves", vec![fulfilled("o2", "f", &[part("1", 5)])]),
        (
            "what is on its way is not there",
            vec![shipped("t", "berlin", "hamburg", &[goods(s0, 5), goods(s1, 5)])],
        ),
        ("what was taken back", vec![reversed("wms", "in-0"), reversed("wms", "in-1")]),
        (
            "several steps",
            vec![
                received(s0, "berlin", 5),
                adjusted(s0, "berlin", -10),
                adjusted(s1, "berlin", -1),
                adjusted(s1, "berlin", -4),
            ],
        ),
    ];
    for (what, batch) in table {
        assert!(holds(batch), "{what}");
    }
}

#[test]
fn to_zero_means_that_nothing_is_on_hand_anywhere_where_something_was() {
    let (s0, s1, s2) = (&name(0), &name(1), &name(2));
    let none = |sku: &str| counted(sku, "berlin", 0);
    let less = |sku: &str, units: i64| adjusted(sku, "berlin", -units);
    let broken = |sku: &str| moved(sku, "berlin", 5, "available", "damaged");
    let table: [(&str, Vec<Says>); 7] = [
        ("one of them is not enough", vec![none(s0), counted(s1, "berlin", 1)]),
        (
            "it is elsewhere",
            vec![received(s0, "hamburg", 1), received(s1, "hamburg", 1), none(s0), none(s1)],
        ),
        (
            "it is there again at the end",
            vec![less(s0, 5), less(s1, 5), received(s0, "berlin", 1), received(s1, "berlin", 1)],
        ),
        ("there was nothing before", vec![none("NONE"), none(s0)]),
        ("it is promised, but there", vec![placed("o3", &[line("1", s2, 5), line("2", s0, 5)])]),
        ("it is broken, but there", vec![broken(s0), broken(s1)]),
        ("it was promised", vec![cancelled("o1"), cancelled("o2")]),
    ];
    for (what, batch) in table {
        assert!(!holds(batch), "{what}");
    }
}

/// Three counts to zero, held.
fn held_counts() -> (World, Vec<EventResult>) {
    let mut world = few();
    let results = world.request((0..3).map(empties).collect::<Vec<_>>());
    assert!(is_held(&world, &results));
    (world, results)
}

#[test]
fn approving_decides_all_of_it_in_order_and_rejecting_none() {
    let (mut world, results) = held_counts();
    let record = world.resolve(&world.conflict(), O::Approve).unwrap();
    assert_eq!((record.outcome, record.actor.as_str()), (Outcome::Applied, "user:mia@example.com"));
    let after = &world.store.journal[usize::try_from(record.seq).unwrap()..];
    let released: Vec<_> = after.iter().map(|entry| entry.record.effects[0].sku.as_str()).collect();
    assert_eq!(released, ["S0000", "S0001", "S0002"]);
    for (n, result) in results.iter().enumerate() {
        assert_eq!(
            (world.outcome(result), world.on_hand(&name(n), "berlin")),
            (Outcome::Applied, 0)
        );
    }
    world.quiet();

    let (mut world, results) = held_counts();
    world.resolve(&world.conflict(), O::Reject).unwrap();
    for (n, result) in results.iter().enumerate() {
        assert_eq!(
            (world.outcome(result), world.on_hand(&name(n), "berlin")),
            (Outcome::Rejected, 5)
        );
    }
    assert_eq!(world.store.waiting_count(), 0);
    world.quiet();
}

#[test]
fn the_conflict_says_what_the_batch_would_do_and_lists_its_events() {
    let mut world = stocked(100);
    let results = world.request((0..100).map(empties).collect::<Vec<_>>());
    let conflict = world.conflict();
    let says: Vec<_> = conflict.evidence.iter().map(|it| (&*it.label, &*it.value)).collect();
    let names = "S0000, S0001, S0002, S0003, S0004, S0005, S0006, S0007, S0008, S0009 and 90 more";
    assert_eq!(
        says,
        [
            ("batch", "b"),
            ("items it names", "100"),
            ("would go to zero", "100"),
            ("these are", names)
        ]
    );
    assert_eq!((conflict.event_count, conflict.events.len()), (100, EVENTS_LISTED_MAX));
    let seq = |result: &EventResult| result.seq.unwrap();
    assert_eq!(conflict.events[0].seq, seq(&results[0]));
    assert_eq!(conflict.events.last().unwrap().seq, seq(&results[99]), "the last is listed");
    // It is written where it opens and where it is complete, not with each event.
    let written = |entry: &&onhand::ledger::Entry| {
        let changes = &entry.record.changes;
        changes.iter().any(|it| matches!(it, onhand::record::Change::Conflict(_)))
    };
    assert_eq!(world.store.journal.iter().filter(written).count(), 2);
    assert_eq!(conflict.version, 2);
    let stale = onhand::conflict::Choice { expected_version: 1, ..choice(&conflict, O::Approve) };
    assert_eq!(world.choose(stale), Err(Refused::Changed { now: 2, seen: 1 }));
    world.verify();
}

#[test]
fn what_came_before_or_is_stopped_by_an_earlier_safeguard_is_not_part_of_it() {
    use Outcome::{Conflict as C, Duplicate as D, Invalid as I};

    let mut world = few();
    world.post(empties(0).id("known"));
    world.post(received(&name(0), "berlin", 5).at(1));
    world.post(placed("o1", &[line_from("1", &name(1), 1, "berlin")]));
    let b = |says: Says| says.in_batch("b");
    let batch = [
        empties(0).id("known"),
        counted(&name(0), "berlin", 1).at(2).id("known"),
        b(placed("o1", &[line_from("1", &name(1), 1, "berlin")])),
        b(placed("o1", &[line_from("1", &name(1), 2, "berlin")])),
        counted(&name(2), "berlin", 0).at(9_000),
        empties(2).id("first"),
        empties(2).id("first"),
        counted("NEW", "berlin", 0),
        counted(&name(0), "mars", 0),
        counted(&name(1), "berlin", 0).at(3),
        b(set(&name(1), "berlin", 0, 77)),
        b(fulfilled("o2", "f", &[part("1", 1)])),
        b(kit(&name(0), &[goods(&name(1), 1)])),
        counted(&name(1), "berlin", 0).at(4).id("first"),
    ];
    let results = world.request(batch.into_iter().map(b).collect::<Vec<_>>());
    assert_eq!(outcomes(&results), [D, C, D, C, C, C, D, C, C, C, C, C, I, C], "{results:?}");
    let kind = |result: &EventResult| {
        let conflict = result.conflict.map(|id| world.store.conflict(id).kind);
        conflict.map(ConflictKind::as_str)
    };
    let kinds: Vec<_> = results.iter().map(kind).collect();
    assert_eq!(
        kinds,
        [
            None,
            Some("id_reused"),
            None,
            Some("order_changed"),
            Some("future_time"),
            Some("mass_change"),
            None,
            Some("unmapped"),
            Some("unmapped"),
            Some("mass_change"),
            Some("mass_change"),
            Some("mass_change"),
            None,
            Some("id_reused"),
        ]
    );
    let again = results[6].original.as_ref().unwrap();
    assert_eq!((again.seq, again.outcome), (results[5].seq.unwrap(), Outcome::Conflict));
    let conflict = world.open(ConflictKind::MassChange).remove(0);
    let held: Vec<u64> = [5, 9, 10, 11].map(|n: usize| results[n].seq.unwrap()).to_vec();
    assert_eq!(conflict.events.iter().map(|event| event.seq).collect::<Vec<_>>(), held);
    assert_eq!(conflict.event_count, 4);
}

#[test]
fn approving_lifts_this_safeguard_alone() {
    use Outcome::{Applied, Parked, Superseded};

    let b = |says: Says| says.in_batch("b");
    let mut world = few();
    let results = world.request([
        empties(0),
        empties(1),
        b(set(&name(2), "berlin", 0, 1)),
        b(fulfilled("o1", "f", &[part("1", 1)])),
        counted(&name(0), "berlin", 3).at(-120).in_batch("b"),
    ]);
    assert!(is_held(&world, &results));
    // Somebody moved the level in between.
    world.post(received(&name(2), "berlin", 1));
    world.resolve(&world.conflict(), O::Approve).unwrap();
    let now: Vec<_> = results.iter().map(|result| world.outcome(result)).collect();
    assert_eq!(now, [Applied, Applied, Outcome::Conflict, Parked, Superseded]);
    assert_eq!(world.conflict().kind, ConflictKind::VersionMismatch);
}

#[test]
fn names_that_the_batch_itself_makes_known_do_not_stop_its_events() {
    for create_unknown_skus in [false, true] {
        let mut world = stocked_with(3, Settings { create_unknown_skus, ..strict() });
        let mut batch = vec![location("ulm", 3).in_batch("b"), item("NEW").in_batch("b")];
        batch.extend((0..3).map(empties));
        batch.push(received("NEW", "ulm", 7).in_batch("b"));
        let results = world.request(batch);
        assert!(is_held(&world, &results), "{results:?}");
        let catalogue = world.ledger.state().catalogue();
        assert_eq!(catalogue.sku(&"NEW".parse().unwrap()), None, "nothing of it is so for now");
        world.resolve(&world.conflict(), O::Approve).unwrap();
        assert_eq!(world.on_hand("NEW", "ulm"), 7);
        world.quiet();
        world.verify();
    }
}

/// The share is one of all items that the batch is about, whatever it says of them.
#[test]
fn items_that_the_batch_only_describes_count_among_those_it_names() {
    // Whether something has waited for one of them, which is over with the batch.
    let table = [(7, false, true), (8, false, false), (7, true, true), (8, true, false)];
    for (described, is_awaited, held) in table {
        let mut world = few();
        if is_awaited {
            world.post(received("N0", "berlin", 1));
        }
        let mut batch = vec![empties(0), empties(1)];
        batch.extend((0..described).map(|number| item(&format!("N{number}")).in_batch("b")));
        let results = world.request(batch);
        assert_eq!(is_held(&world, &results), held, "2 of {}, {is_awaited}", 2 + described);
    }
}

/// So it is where what is said of them is refused for itself.
#[test]
fn items_of_which_the_batch_is_refused_something_count_among_those_it_names() {
    for (refused, is_too_much) in [(7, true), (8, false)] {
        let mut world = few();
        let names = (0..refused).map(|number| format!("N{number}"));
        let names: Vec<String> = names.collect();
        world.post_all(names.iter().map(|name| item(name)));
        let mut batch = vec![empties(0), empties(1)];
        batch.extend(
            names.iter().map(|name| {
                reserved(&format!("r-{name}"), &[held(name, 1, "berlin")]).in_batch("b")
            }),
        );
        let results = world.request(batch);
        assert_eq!(is_held(&world, &results), is_too_much, "2 of {}", 2 + refused);
        if !is_too_much {
            let refused = results[2..].iter().all(|it| it.outcome == Outcome::Rejected);
            assert!(refused, "{results:?}");
        }
    }
}

/// What is held with its batch is said: a copy repeats it, within the batch and outside.
#[test]
fn a_fact_said_twice_in_the_batch_is_said_once() {
    let said = |id: &str, quantity| {
        placed("o1", &[line_from("1", &name(0), quantity, "berlin")]).id(id).in_batch("b")
    };
    let mut world = few();
    let mut batch: Vec<Says> = (0..3).map(empties).collect();
    batch.extend([said("x", 1), said("y", 1), said("z", 2)]);
    let results = world.request(batch);
    assert!(is_held(&world, &results[..4]));
    assert_eq!(outcomes(&results[4..]), [Outcome::Duplicate, Outcome::Conflict]);
    assert_eq!(world.open(ConflictKind::OrderChanged).len(), 1);
    let outside = world.post(placed("o1", &[line_from("1", &name(0), 1, "berlin")]).id("w"));
    assert_eq!((outside.outcome, outside.seq), (Outcome::Duplicate, results[3].seq));
    world.resolve(&world.open(ConflictKind::MassChange)[0], O::Approve).unwrap();
    assert_eq!(world.outcome(&results[3]), Outcome::Applied);
    assert_eq!(world.outcome(&results[5]), Outcome::Conflict);
}

#[test]
fn a_fact_of_a_batch_that_was_rejected_can_be_said_anew() {
    let mut world = few();
    let order = || placed("o1", &[line_from("1", &name(0), 1, "berlin")]);
    let mut batch: Vec<Says> = (0..3).map(empties).collect();
    batch.push(order().in_batch("b"));
    let results = world.request(batch);
    assert!(is_held(&world, &results));
    world.resolve(&world.conflict(), O::Reject).unwrap();
    assert_eq!(world.post(order()).outcome, Outcome::Applied);
}

#[test]
fn a_repeat_of_a_held_event_is_answered_with_what_has_become_of_it() {
    let mut world = few();
    let batch: Vec<Says> = (0..3).map(|n| empties(n).id(&name(n))).collect();
    let first = world.request(batch.clone());
    let of = |results: &[EventResult]| -> Vec<_> {
        let originals = results.iter().map(|result| result.original.clone().unwrap());
        originals.map(|original| (Some(original.seq), original.outcome)).collect()
    };
    let expect = |outcome| first.iter().map(|first| (first.seq, outcome)).collect::<Vec<_>>();
    let again = world.request(batch.clone());
    assert_eq!(of(&again), expect(Outcome::Conflict));
    assert_eq!(world.conflict().event_count, 3);
    world.resolve(&world.conflict(), O::Approve).unwrap();
    // What was empty before does not become so, so the batch is not held a second time.
    let again = world.request(batch);
    assert_eq!(of(&again), expect(Outcome::Applied));
    world.quiet();
}

#[test]
fn the_house_goes_on_while_a_batch_is_held() {
    let (mut world, results) = held_counts();
    world.post(received(&name(0), "berlin", 2).at(30));
    world.post(adjusted(&name(1), "berlin", -1).at(-30));
    world.resolve(&world.conflict(), O::Approve).unwrap();
    // The counts stand at their own time: what came later is added, what came before is in them.
    assert_eq!((world.on_hand(&name(0), "berlin"), world.on_hand(&name(1), "berlin")), (2, 0));
    assert_eq!(world.outcome(&results[0]), Outcome::Applied);
}

#[test]
fn what_a_batch_wakes_goes_on_after_the_whole_of_it() {
    let mut world = few();
    world.post(fulfilled("o1", "f", &[part("1", 2)]).at(5));
    let results = world.request([
        placed("o1", &[line_from("1", &name(0), 3, "berlin")]).in_batch("b"),
        adjusted(&name(0), "berlin", 1).in_batch("b"),
    ]);
    assert_eq!(outcomes(&results), [Outcome::Applied; 2]);
    let records = world.store.journal.iter().rev().take(3);
    let types: Vec<_> = records.map(|entry| entry.record.envelope.event_type()).collect();
    assert_eq!(types, ["event.released", "stock.adjusted", "order.placed"]);
}

/// What holds a batch is found out at its end. Of many in one request, only the first has all of the
/// request decided once more.
#[test]
fn many_batches_that_are_held_begin_the_transaction_anew_once() {
    let ids: Vec<&'static str> =
        (0..25).map(|batch| &*Box::leak(format!("b{batch}").into_boxed_str())).collect();
    let batch = |number: usize| ids[number / 4];
    let mut world = stocked_with(100, strict());
    let events = (0..100).map(|it| counted(&name(it), "berlin", 0).in_batch(batch(it)));
    let results = world.request(events.collect::<Vec<_>>());
    assert!(outcomes(&results).iter().all(|outcome| *outcome == Outcome::Conflict));
    let open = world.open(ConflictKind::MassChange);
    assert_eq!(open.len(), ids.len());
    assert!(open.iter().all(|conflict| conflict.event_count == 4), "{open:?}");
    assert!(world.loads <= 3, "{} times", world.loads);
    for conflict in open {
        world.resolve(&conflict, O::Approve).unwrap();
    }
    assert_eq!(world.on_hand(&name(99), "berlin"), 0);
    world.verify();
}

#[test]
fn a_batch_that_loads_more_on_its_way_is_decided_once() {
    let mut world = few();
    let b = |says: Says| says.in_batch("b");
    // The reversal needs what the batch has recorded before it.
    let results = world.request([
        b(adjusted(&name(0), "berlin", -5).id("x")),
        b(reversed("wms", "x")),
        b(reversed("wms", "in-1")),
        b(item("NEW")),
        b(counted("NEW", "berlin", 3)),
    ]);
    assert_eq!(outcomes(&results), [Outcome::Applied; 5]);
    assert_eq!((world.on_hand(&name(0), "berlin"), world.on_hand(&name(1), "berlin")), (5, 0));
    assert_eq!(world.on_hand("NEW", "berlin"), 3);
}

#[test]
fn more_than_one_transaction_takes_is_approved_in_several() {
    let many = RELEASES_MAX + 100;
    let mut world = stocked(many);
    let results = world.request((0..many).map(empties).collect::<Vec<_>>());
    assert!(is_held(&world, &results));
    world.resolve(&world.conflict(), O::Approve).unwrap();
    assert!(results.iter().all(|result| world.outcome(result) == Outcome::Applied));
    assert_eq!((world.store.waiting_count(), world.on_hand(&name(many - 1), "berlin")), (0, 0));
    world.quiet();
    world.verify();
}

#[test]
fn a_decision_on_a_batch_can_be_reversed() {
    for option in [O::Approve, O::Reject] {
        let (mut world, results) = held_counts();
        let decision = world.resolve(&world.conflict(), option).unwrap();
        let reversal = world.post(reversed("onhand", decision.envelope.id.as_str()));
        assert_eq!(reversal.outcome, Outcome::Applied, "{reversal:?}");
        let conflict = world.conflict();
        assert_eq!(conflict.status, ConflictStatus::Open);
        for (n, result) in results.iter().enumerate() {
            assert_eq!(world.outcome(result), Outcome::Conflict);
            assert_eq!(world.on_hand(&name(n), "berlin"), 5);
        }
        world.resolve(&conflict, O::Approve).unwrap();
        assert_eq!(world.on_hand(&name(0), "berlin"), 0);
        world.quiet();
    }
}

/// All that a request may carry, of which its conflict lists fewer, is taken back as a whole; what
/// was approved together with more of the same batch is not.
#[test]
fn a_decision_on_a_large_batch_can_be_reversed_as_a_whole() {
    for (many, whole) in [(LET_GO_MAX, true), (LET_GO_MAX + 1, false)] {
        let mut world = stocked(many);
        let results = world.request((0..many).map(empties).collect::<Vec<_>>());
        let decision = world.resolve(&world.conflict(), O::Approve).unwrap();
        let reversal = world.post(reversed("onhand", decision.envelope.id.as_str()));
        let on_hand = if whole { 5 } else { 0 };
        for number in [0, EVENTS_LISTED_MAX, many - 1] {
            assert_eq!(world.on_hand(&name(number), "berlin"), on_hand, "{number} of {many}");
        }
        if whole {
            assert_eq!((reversal.outcome, reversal.effects.len()), (Outcome::Applied, many));
            assert!(results.iter().all(|result| world.outcome(result) == Outcome::Conflict));
            world.resolve(&world.conflict(), O::Reject).unwrap();
            assert!(results.iter().all(|result| world.outcome(result) == Outcome::Rejected));
        } else {
            let problem = "more than 1000 events went on with it: reverse those instead";
            assert_eq!(reversal.reason.as_deref(), Some(problem));
        }
        world.quiet();
        world.verify();
    }
}

/// A stream of requests: some plain, some batches, some of them held.
fn requests() -> Vec<Vec<Says>> {
    let mut requests = vec![vec![received(&name(0), "berlin", 1)], (0..3).map(empties).collect()];
    requests.push(vec![fulfilled("o1", "f", &[part("1", 1)]).at(3), item("NEW")]);
    requests.push(vec![
        placed("o1", &[line_from("1", &name(0), 2, "berlin")]).at(2).in_batch("c"),
        counted("LATER", "berlin", 2).in_batch("c"),
        adjusted(&name(1), "berlin", -5).in_batch("d"),
        adjusted(&name(2), "berlin", -5).in_batch("d"),
        adjusted(&name(1), "berlin", 2),
        item("LATER").in_batch("c"),
    ]);
    requests.push(vec![adjusted(&name(2), "berlin", 1)]);
    requests
}

#[test]
fn how_requests_are_put_into_transactions_makes_no_difference() {
    let inputs: Vec<Input> = requests()
        .into_iter()
        .enumerate()
        .flat_map(|(request, says)| {
            let events = says.into_iter().enumerate();
            let events = events.map(move |(n, says)| says.event(&format!("r{request}-{n}")));
            inputs(events.collect::<Vec<Event>>())
        })
        .map(|(input, _)| input)
        .collect();
    let journal = |sizes: &[usize]| -> Vec<Vec<u8>> {
        let mut world = few();
        world.stream_inputs(&inputs, sizes);
        let held: Vec<Conflict> = world.open(ConflictKind::MassChange);
        assert_eq!(held.iter().map(|it| it.event_count).collect::<Vec<_>>(), [3, 2]);
        world.store.journal.iter().map(|entry| entry.bytes.clone()).collect()
    };
    let one_by_one = journal(&[1]);
    for sizes in [&[100][..], &[2], &[3, 1], &[4, 2]] {
        assert!(journal(sizes) == one_by_one, "{sizes:?}");
    }
}
