//! What an event wakes goes on directly after it, before anything new, in the order of the journal,
//! or of its time where it waited for one order or shipment: how events are put into batches decides
//! nothing.

use onhand::conflict::ResolutionOption as O;
use onhand::event::EventData;
use onhand::ledger::{Input, Ledger, Processed, RELEASES_MAX, Step};
use onhand::record::Outcome;
use onhand::sim::host::Host;
use onhand::state::Settings;
use onhand::time::Now;

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, arrived, back, cancelled, confirmed, counted, fulfilled, goods, held, item,
    line, location, part, placed, received, reserved, returned, reversed, shipped,
};

/// Events that wait for one order and go on in the order in which they happened, at most.
const SORTED_MAX: usize = 256;

fn world() -> World {
    World::new().given([received("TEA", "berlin", 20).at(-60)])
}

/// The events of the journal after a place, by their types.
fn types_after(world: &World, seq: usize) -> Vec<&'static str> {
    world.store.journal[seq..].iter().map(|entry| entry.record.envelope.event_type()).collect()
}

#[test]
fn what_waited_goes_before_the_next_event_of_the_batch() {
    let mut world = world();
    let shipped = world.post(fulfilled("o1", "f1", &[part("1", 3)]).at(2));
    // The cancellation would leave nothing to ship if it went first.
    let results = world.batch([placed("o1", &[line("1", "TEA", 5)]).at(1), cancelled("o1").at(3)]);
    assert!(results.iter().all(|result| result.outcome == Outcome::Applied), "{results:?}");
    assert_eq!(world.outcome(&shipped), Outcome::Applied);
    let line = world.order_line("o1", "1");
    assert_eq!((line.fulfilled(), line.cancelled, line.committed()), (3, 2, 0));
    world.quiet();
}

#[test]
fn what_began_to_wait_in_the_batch_goes_on_in_the_batch() {
    let mut world = world();
    let seq = world.store.journal.len();
    world.batch([
        fulfilled("o1", "f1", &[part("1", 3)]).at(2),
        placed("o1", &[line("1", "NEW", 5)]).at(1),
        received("NEW", "berlin", 4).at(3),
        item("NEW"),
        cancelled("o1").at(4),
    ]);
    let expected = [
        "order.fulfilled",
        "order.placed",
        "stock.received",
        "item.upserted",
        // The order, which was waiting for its item, and the shipment, which was waiting for the
        // order and came before the receipt.
        "event.released",
        "event.released",
        "event.released",
        "order.cancelled",
    ];
    assert_eq!(types_after(&world, seq), expected);
    let released = |index: usize| world.store.journal[seq + index].record.fact_time();
    assert!(released(4) < released(5) && released(5) < released(6));
    assert_eq!((world.on_hand("NEW", "berlin"), world.committed("NEW", "berlin")), (1, 0));
    assert_eq!(world.store.waiting_count(), 0);
    world.quiet();
}

/// The first transaction of these inputs: how it ends, and how many records it has had loaded.
fn first_transaction(world: World, says: &[Says]) -> (Step, Ledger, usize) {
    let name = |(n, says): (usize, &Says)| Input::Event(says.event(&format!("e{n}")));
    let inputs: Vec<Input> = says.iter().enumerate().map(name).collect();
    let inputs: Vec<(&Input, &str)> = inputs.iter().map(|input| (input, "token:shop")).collect();
    let Host { mut ledger, store, wall, uptime, .. } = world.into_host();
    let (mut processed, mut loaded) = (Vec::new(), 0);
    loop {
        match ledger.advance(&inputs, &mut processed, Now { wall, uptime }) {
            Step::Load(wants) => {
                loaded += wants.records.len();
                ledger.load(&wants, store.fetch(&wants));
            }
            step => return (step, ledger, loaded),
        }
    }
}

/// Also where it has to be loaded first, as long as there is room for it in memory.
#[test]
fn what_has_waited_for_long_goes_on_in_the_transaction_of_what_woke_it() {
    let mut world = world();
    world.post(fulfilled("o1", "f1", &[part("1", 3)]).at(2));
    let order = placed("o1", &[line("1", "TEA", 5)]).at(1);
    let (step, ledger, _) = first_transaction(world, &[order]);
    assert_eq!((step, ledger.records().len()), (Step::Done, 2));
}

/// As many events as one transaction releases, and more: it ends after exactly so many.
#[test]
fn one_transaction_releases_so_many_events_and_no_more() {
    for (many, step) in [(RELEASES_MAX, Step::Done), (RELEASES_MAX + 2, Step::Full)] {
        let ship = |n| fulfilled("o1", &format!("f{n}"), &[part("1", 1)]).at(2);
        let mut says: Vec<Says> = (0..many).map(ship).collect();
        says.push(placed("o1", &[line("1", "TEA", 5_000)]).at(1));
        let (ended, ledger, _) = first_transaction(world(), &says);
        let released = ledger.records().len() - says.len();
        assert_eq!((ended, released), (step, RELEASES_MAX), "of {many}");
    }
}

/// More waits than one transaction releases, or a batch that the rest of it has no room for: what is
/// left is loaded by the next one.
#[test]
fn one_transaction_loads_no_more_than_it_may_release() {
    let ship = |n| fulfilled("o1", &format!("f{n}"), &[part("1", 1)]).at(2);
    let ships: Vec<Says> = (0..RELEASES_MAX + 500).map(ship).collect();
    let early = |_| adjusted("TEA", "mars", 1);
    let batch = (0..1_000).map(|_| adjusted("TEA", "mars", 1).in_batch("b"));
    let table = [
        (ships, placed("o1", &[line("1", "TEA", 5_000)]).at(1), RELEASES_MAX),
        ((0..30).map(early).chain(batch).collect(), location("mars", 9), 30),
    ];
    for (waits, comes, released) in table {
        let mut world = world();
        world.request(waits);
        let (step, ledger, loaded) = first_transaction(world, &[comes]);
        assert_eq!(
            (step, ledger.records().len(), loaded),
            (Step::Full, 1 + released, RELEASES_MAX)
        );
    }
}

#[test]
fn an_event_with_two_unknown_names_goes_on_when_both_come_in_one_batch() {
    let mut world = world();
    let result = world.post(received("NEW", "mars", 4));
    world.batch([item("NEW"), crate::says::location("mars", 9)]);
    assert_eq!(world.outcome(&result), Outcome::Applied);
    assert_eq!(world.on_hand("NEW", "mars"), 4);
    world.quiet();
}

#[test]
fn a_count_released_in_the_batch_of_its_mapping_knows_what_the_batch_has_moved() {
    let mut world = world();
    world.post(counted("TEE", "berlin", 7).at(100));
    let map = onhand::conflict::Choice {
        sku: Some("TEA".parse().unwrap()),
        ..choice(&world.conflict(), O::Map)
    };
    let moved = Input::Event(received("TEA", "berlin", 2).at(200).event("moved"));
    world.answers(&[moved, Input::Resolve(map)]);
    assert_eq!(world.on_hand("TEA", "berlin"), 9, "7 counted, and 2 came after");
}

#[test]
fn more_than_one_transaction_takes_goes_on_in_the_next_ones_before_anything_new() {
    let many = RELEASES_MAX + RELEASES_MAX / 2;
    let units = i64::try_from(many).unwrap();
    let mut world = World::new().given([received("TEA", "berlin", 5_000)]);
    let ships: Vec<Says> =
        (0..many).map(|n| fulfilled("o1", &format!("f{n}"), &[part("1", 1)]).at(10)).collect();
    world.batch(ships);
    assert_eq!(world.store.waiting_count(), many);
    let seq = world.store.journal.len();
    world.batch([placed("o1", &[line("1", "TEA", units + 100)]).at(1), cancelled("o1").at(20)]);
    assert_eq!(world.store.waiting_count(), 0);
    let types = types_after(&world, seq);
    assert_eq!(
        (types.len(), types[0], types[many + 1]),
        (many + 2, "order.placed", "order.cancelled")
    );
    assert_eq!(world.on_hand("TEA", "berlin"), 5_000 - units);
    assert_eq!(world.order_line("o1", "1").cancelled, 100);
    world.quiet();
    world.verify();
}

#[test]
fn a_batch_loads_what_it_needs_in_a_few_goes_whatever_its_size() {
    let loads = |orders: usize| {
        let mut world = world();
        world.replay_always = false;
        let name = |n: usize| format!("o{n}");
        let ships: Vec<Says> =
            (0..orders).map(|n| fulfilled(&name(n), "f", &[part("1", 1)]).at(2)).collect();
        world.batch(ships);
        let placed = |n| placed(&name(n), &[line("1", "NEW", 1)]).at(1);
        let half = orders / 2;
        world.batch((0..half).map(placed).collect::<Vec<_>>());
        let mut last = vec![item("NEW")];
        last.extend((half..orders).map(placed));
        world.batch(last);
        assert_eq!(world.store.waiting_count(), 0);
        world.loads
    };
    // First for the inputs, with the orders and the shipments that they wake, then for what those
    // orders need and wake in turn.
    assert_eq!((loads(2), loads(20), loads(500)), (2, 2, 2));
}

/// Whatever that is: a reservation becomes an order as well, which shipments may have waited for.
#[test]
fn what_an_event_wakes_is_loaded_with_it() {
    let early = fulfilled("o1", "f1", &[part("1", 3)]).at(2);
    let goods = [goods("TEA", 3)];
    let table = [
        (early.clone(), confirmed("r1", "o1").at(1)),
        (early, placed("o1", &[line("1", "TEA", 5)]).at(1)),
        (arrived("t1", "r1", &goods).at(2), shipped("t1", "berlin", "hamburg", &goods).at(1)),
        (received("TEA", "mars", 1), location("mars", 9)),
        (received("NEW", "berlin", 1), item("NEW")),
    ];
    for (waits, wakes) in table {
        let mut world = world();
        world.post(reserved("r1", &[held("TEA", 5, "berlin")]));
        world.post(waits);
        world.post(wakes.clone());
        assert_eq!((world.store.waiting_count(), world.loads), (0, 1), "{wakes:?}");
    }
}

/// What waited for its order goes on in the order in which it happened, whatever the order in which
/// it came: what comes back was shipped before, and what is cancelled is what was not.
#[test]
fn what_waited_for_an_order_goes_on_in_the_order_of_its_time() {
    let shipped = || fulfilled("o1", "f1", &[part("1", 2)]).at(10);
    let table = [
        ([returned("o1", "r1", &[back("1", 1, true)]).at(20), shipped()], [1, 2, 1, 0]),
        ([cancelled("o1").at(20), shipped()], [0, 2, 0, 1]),
        ([shipped(), cancelled("o1").at(5)], [0, 0, 0, 3]),
    ];
    for (early, expected) in table {
        for together in [false, true] {
            let mut world = world();
            let order = placed("o1", &[line("1", "TEA", 3)]).at(1);
            if together {
                world.batch(early.clone().into_iter().chain([order]));
            } else {
                world.post_all(early.clone().into_iter().chain([order]));
            }
            let line = world.order_line("o1", "1");
            let numbers = [line.committed(), line.fulfilled(), line.returned(), line.cancelled];
            assert_eq!(numbers, expected, "{early:?}");
        }
    }
}

/// To find the earliest of very many each time would take too long: the first of them go on in the
/// order in which they came, until few enough are left.
#[test]
fn of_very_many_that_waited_for_an_order_the_last_ones_go_on_in_the_order_of_their_time() {
    let many = SORTED_MAX + 2;
    let second = |n: usize| 1_000 - i64::try_from(n).unwrap();
    let mut world = World::new().given([received("TEA", "berlin", 1_000)]);
    let ship = |n| fulfilled("o1", &format!("f{n}"), &[part("1", 1)]).at(second(n));
    let results = world.batch((0..many).map(ship).collect::<Vec<_>>());
    let seq = world.store.journal.len();
    world.post(placed("o1", &[line("1", "TEA", 1_000)]).at(1));
    let released = world.store.journal[seq + 1..].iter().map(|entry| {
        let data = &entry.record.envelope.data;
        let EventData::EventReleased(released) = data else { panic!("{data:?}") };
        Some(released.seq)
    });
    let came = |n: usize| results[n].seq;
    let expected = [0, 1].into_iter().chain((2..many).rev()).map(came);
    assert!(released.eq(expected), "two as they came, the others from the earliest to the latest");
}

/// So does what arrived before its shipment: the final receipt is the last one.
#[test]
fn what_arrived_before_its_shipment_goes_on_in_the_order_of_its_time() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(-60)]);
    world.post_all([
        arrived("t1", "r2", &[goods("TEA", 2)]).with("final", true).at(300),
        arrived("t1", "r1", &[goods("TEA", 3)]).at(200),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 5)]).at(100),
    ]);
    let receipts = world.transfer("t1").receipts.iter();
    let receipts: Vec<&str> = receipts.map(|receipt| receipt.receipt.as_str()).collect();
    assert_eq!(receipts, ["r1", "r2"]);
    world.quiet();
}

#[test]
fn what_a_reversal_takes_back_as_it_goes_on_is_known_to_what_follows_in_the_batch() {
    let settings = Settings { mass_change_min: 2, ..Settings::default() };
    let stock = ["TEA", "MUG"].map(|sku| received(sku, "berlin", 5).at(-60));
    let mut world = World::new_with(settings).given(stock);
    let ahead = adjusted("TEA", "berlin", -1).id("x").at(99_999);
    world.post(ahead.clone());
    let decision = world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
    world.request([
        reversed("onhand", decision.envelope.id.as_str()).in_batch("b"),
        counted("TEA", "berlin", 0).in_batch("b"),
        counted("MUG", "berlin", 0).in_batch("b"),
    ]);
    let approval = choice(&world.conflict(), O::Approve);
    let again = Input::Event(ahead.event("x"));
    let answers = world.answers(&[Input::Resolve(approval), again]);
    let Processed::Duplicate(original) = &answers[1] else { panic!("{answers:?}") };
    assert_eq!(original.outcome, Outcome::Conflict, "it is asked about again");
}
