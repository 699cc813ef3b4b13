//! What holds for any events in any order. Seeds are fixed, so a failure is the same everywhere.

use std::collections::{BTreeMap, BTreeSet};

use onhand::conflict::ConflictKind;
use onhand::event::KitPart;
use onhand::ledger::Input;
use onhand::record::{Bucket, Change, Counted, Outcome, Timer};
use onhand::reservation::Standing;
use onhand::state::{Level, Oversold};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use crate::harness::World;
use crate::says::{Says, arrived, goods, received, reversed, shipped};
use crate::story::{Act, Said, Story, facts, shop, story, touched_by_order, touched_by_transfer};

/// A bounded number of cases with a fixed seed.
pub fn cases(cases: u32) -> Config {
    Config {
        cases,
        rng_seed: RngSeed::Fixed(20_261_123),
        failure_persistence: None,
        ..Config::default()
    }
}

/// Levels by the names of item and location.
type Levels = BTreeMap<(String, String), i64>;

fn on_hand(world: &World) -> Levels {
    let state = world.ledger.state();
    let named = state.levels().map(|(sku, location, level)| {
        let (sku, location) =
            (state.catalogue().sku_name(sku), state.catalogue().location_name(location));
        ((sku.to_string(), location.to_string()), level.get(Bucket::OnHand))
    });
    named.filter(|(_, number)| *number != 0).collect()
}

/// The levels about which a person is asked: those of open conflicts, and all that events of the
/// orders of open conflicts name.
fn flagged(world: &World, facts: &[Says]) -> BTreeSet<(String, String)> {
    let mut levels = BTreeSet::new();
    for conflict in world.ledger.state().open_conflicts() {
        if conflict.kind == ConflictKind::Oversold {
            continue; // It says nothing about on_hand.
        }
        if let (Some(sku), Some(location)) = (&conflict.sku, &conflict.location) {
            levels.insert((sku.to_string(), location.to_string()));
        }
        if let Some(order) = &conflict.order {
            levels.extend(touched_by_order(facts, order.as_str()));
        }
        if let Some(transfer) = &conflict.transfer {
            levels.extend(touched_by_transfer(facts, transfer.as_str()));
        }
    }
    levels
}

fn tell(story: &Story, order: &[usize]) -> World {
    let mut world = shop();
    let events: Vec<Says> = order.iter().map(|index| story.facts[*index].clone()).collect();
    world.stream(&events, &story.batches);
    world
}

fn bytes(world: &World) -> Vec<&[u8]> {
    world.store.journal.iter().map(|entry| entry.bytes.as_slice()).collect()
}

proptest! {
    #![proptest_config(cases(150))]

    /// Facts about stock that arrive in any order, any number of times, in any batches, lead to
    /// the same `on_hand` at every level, except where a person is asked.
    #[test]
    fn any_order_of_delivery_gives_the_same_on_hand_or_a_conflict(
        (story, order) in story().prop_flat_map(|story| {
            let order: Vec<usize> = (0..story.facts.len()).chain(story.repeats.clone()).collect();
            (Just(story), Just(order).prop_shuffle())
        })
    ) {
        let straight: Vec<usize> = (0..story.facts.len()).collect();
        let (one, other) = (tell(&story, &straight), tell(&story, &order));
        let mut asked = flagged(&one, &story.facts);
        asked.extend(flagged(&other, &story.facts));
        let certain = |world: &World| -> Levels {
            on_hand(world).into_iter().filter(|(level, _)| !asked.contains(level)).collect()
        };
        prop_assert_eq!(certain(&one), certain(&other), "asked about: {:?}", asked);
    }
}

proptest! {
    #![proptest_config(cases(80))]

    /// Repeats, wherever they come after the first, leave the journal as it is, byte for byte.
    #[test]
    fn duplicates_change_nothing(
        story in story(),
        places in proptest::collection::vec(any::<prop::sample::Index>(), 12),
    ) {
        let straight: Vec<usize> = (0..story.facts.len()).collect();
        let mut repeated = straight.clone();
        for (fact, place) in story.repeats.iter().zip(&places) {
            let first = repeated.iter().position(|index| index == fact).unwrap();
            let after = first + 1 + place.index(repeated.len() - first);
            repeated.insert(after, *fact);
        }
        let (once, again) = (tell(&story, &straight), tell(&story, &repeated));
        prop_assert_eq!(bytes(&once), bytes(&again));
    }

    /// How inputs are split into batches makes no difference to the journal, nor to the state.
    #[test]
    fn batches_leave_no_mark_on_the_journal(
        acts in proptest::collection::vec(Said::any(), 1..40),
        sizes in proptest::collection::vec(1_usize..9, 1..6),
    ) {
        let inputs: Vec<Input> = acts.iter().enumerate().map(|(n, act)| act.input(n)).collect();
        let tell = |sizes: &[usize]| {
            let mut world = shop();
            world.stream_inputs(&inputs, sizes);
            world
        };
        let (singly, batched, at_once) = (tell(&[1]), tell(&sizes), tell(&[inputs.len()]));
        prop_assert_eq!(bytes(&singly), bytes(&batched));
        prop_assert_eq!(bytes(&singly), bytes(&at_once));
        let digest = |world: &World| onhand::digest::of_state(world.ledger.state());
        prop_assert_eq!(digest(&singly), digest(&batched));
        prop_assert_eq!(digest(&singly), digest(&at_once));
        at_once.verify();
    }
}

/// Every number of every level is the sum of the effects on it, and its version their count.
fn check_levels(world: &World) {
    let mut sums: BTreeMap<(String, String), [i64; 7]> = BTreeMap::new();
    let mut versions: BTreeMap<(String, String), u64> = BTreeMap::new();
    for entry in &world.store.journal {
        let mut touched = BTreeSet::new();
        for effect in &entry.record.effects {
            let level = (effect.sku.to_string(), effect.location.to_string());
            let sum = &mut sums.entry(level.clone()).or_default()[effect.state as usize];
            *sum += effect.delta;
            assert_eq!(*sum, effect.after, "an effect leads on from the one before");
            touched.insert(level);
        }
        for effect in entry.record.effects.iter().filter(|effect| effect.state == Bucket::Reserved)
        {
            assert!(effect.after >= 0, "{effect:?}");
            let level =
                Level::with_buckets(sums[&(effect.sku.to_string(), effect.location.to_string())]);
            assert!(
                effect.delta < 0 || level.available() >= 0,
                "a request holds what is not there"
            );
        }
        for change in &entry.record.changes {
            match change {
                Change::Counted(Counted { sku, location, .. })
                | Change::Uncounted { sku, location, .. } => {
                    touched.insert((sku.to_string(), location.to_string()));
                }
                _ => {}
            }
        }
        for level in touched {
            *versions.entry(level).or_default() += 1;
        }
    }
    let state = world.ledger.state();
    for (sku, location, level) in state.levels() {
        let name = (
            state.catalogue().sku_name(sku).to_string(),
            state.catalogue().location_name(location).to_string(),
        );
        assert!(!state.catalogue().item(sku).is_kit(), "a kit has no level: {name:?}");
        let sum = sums.remove(&name).unwrap_or_default();
        assert_eq!(level.buckets(), sum, "{name:?}");
        assert_eq!(Some(level.version), versions.remove(&name), "{name:?}");
        let held: i64 = [
            Bucket::Committed,
            Bucket::Reserved,
            Bucket::Damaged,
            Bucket::QualityControl,
            Bucket::SafetyStock,
        ]
        .into_iter()
        .map(|bucket| level.get(bucket))
        .sum();
        assert_eq!(level.get(Bucket::OnHand), level.available() + held);
    }
    assert!(sums.is_empty(), "no effect is lost: {sums:?}");
}

/// What orders say is promised is what levels say is committed.
fn check_commitments(world: &World) {
    let mut promised: BTreeMap<(String, String), i64> = BTreeMap::new();
    for order in world.store.orders() {
        for line in &order.lines {
            for share in &line.shares {
                assert!(share.committed >= 0, "{order:?}");
                let promised_at = line.shares.iter().filter(|share| share.committed > 0).count();
                assert!(line.kit.is_empty() || promised_at <= 1, "a kit is never split: {order:?}");
                let own = [KitPart { sku: line.sku.clone(), quantity: 1 }];
                let parts = if line.kit.is_empty() { &own[..] } else { &line.kit };
                for part in parts {
                    let level = (part.sku.to_string(), share.location.to_string());
                    *promised.entry(level).or_default() += share.committed * part.quantity;
                }
            }
        }
    }
    let state = world.ledger.state();
    for (sku, location, level) in state.levels() {
        let name = (
            state.catalogue().sku_name(sku).to_string(),
            state.catalogue().location_name(location).to_string(),
        );
        let promised = promised.remove(&name).unwrap_or_default();
        assert_eq!(level.get(Bucket::Committed), promised, "{name:?}");
    }
    assert!(promised.values().all(|units| *units == 0));
}

/// What transfers say is on its way is what levels say is incoming, and a transfer that did not
/// arrive as it left is asked about.
fn check_incoming(world: &World) {
    let mut on_its_way: BTreeMap<(String, String), i64> = BTreeMap::new();
    for transfer in world.store.transfers() {
        for line in &transfer.lines {
            let level = (line.sku.to_string(), transfer.to.to_string());
            *on_its_way.entry(level).or_default() += line.outstanding();
            let given_up = line.lost == 0 || line.received + line.lost <= line.shipped;
            assert!(line.shipped >= 0 && line.received >= 0 && given_up, "{transfer:?}");
            let received = transfer.receipts.iter().flat_map(|receipt| &receipt.lines);
            let received = received.filter(|row| row.sku == line.sku);
            assert_eq!(line.received, received.map(|row| row.quantity).sum::<i64>());
        }
        let is_final = transfer.receipts.iter().any(|receipt| receipt.is_final);
        let mut lines = transfer.lines.iter();
        let differs = transfer.is_shipped()
            && lines.any(|line| line.surplus() > 0 || is_final && line.outstanding() > 0);
        let open = world.open(ConflictKind::Excess).into_iter();
        let asked = open.filter(|it| it.transfer.as_ref() == Some(&transfer.transfer)).count();
        assert_eq!(asked, usize::from(differs), "{transfer:?}");
    }
    let state = world.ledger.state();
    for (sku, location, level) in state.levels() {
        let name = (
            state.catalogue().sku_name(sku).to_string(),
            state.catalogue().location_name(location).to_string(),
        );
        let on_its_way = on_its_way.remove(&name).unwrap_or_default();
        assert_eq!(level.get(Bucket::Incoming), on_its_way, "{name:?}");
    }
    assert!(on_its_way.values().all(|units| *units == 0));
}

/// What reservations hold is what levels say is reserved; each one that holds is due to end, and
/// none ends twice.
fn check_reservations(world: &World) {
    let state = world.ledger.state();
    let mut held: BTreeMap<(String, String), i64> = BTreeMap::new();
    for reservation in world.store.reservations() {
        let holds = reservation.standing == Standing::Held;
        let timer = Timer::Reservation(reservation.reservation.clone());
        assert_eq!(state.schedule().time_of(&timer).is_some(), holds, "{reservation:?}");
        for line in reservation.lines.iter().filter(|_| holds) {
            for (sku, quantity) in line.items() {
                let level = (sku.to_string(), line.location.to_string());
                *held.entry(level).or_default() += quantity;
            }
        }
    }
    for (sku, location, level) in state.levels() {
        let name = (
            state.catalogue().sku_name(sku).to_string(),
            state.catalogue().location_name(location).to_string(),
        );
        let held = held.remove(&name).unwrap_or_default();
        assert_eq!(level.get(Bucket::Reserved), held, "{name:?}");
    }
    assert!(held.is_empty(), "{held:?}");
    let mut ended = BTreeSet::new();
    for change in world.store.journal.iter().flat_map(|entry| &entry.record.changes) {
        let Change::Reservation(reservation) = change else { continue };
        if reservation.standing == Standing::Held {
            // Held for the first time, or again: its end was taken back.
            ended.remove(&reservation.reservation);
        } else {
            assert!(ended.insert(reservation.reservation.clone()), "{reservation:?} ended twice");
        }
    }
}

/// Whatever waits for another event waits for a limited time, or a person is asked about it; and
/// nothing else is timed, nor asked about so.
fn check_orphans(world: &World) {
    let state = world.ledger.state();
    let waiting = state.waiting().all().filter(|(on, _)| on.times_out()).map(|(_, seq)| seq);
    let timed = state.schedule().iter().filter_map(|(_, timer)| match timer {
        Timer::Orphan(seq) => Some(*seq),
        Timer::Reservation(_) => None,
    });
    let asked = world.open(ConflictKind::Orphan).into_iter().map(|it| it.events[0].seq);
    let mut expected: Vec<u64> = timed.chain(asked).collect();
    expected.sort_unstable();
    let mut waiting: Vec<u64> = waiting.collect();
    waiting.sort_unstable();
    assert_eq!(waiting, expected);
}

/// An oversold conflict is open exactly where `available` is below zero and nobody has
/// acknowledged it.
fn check_oversold(world: &World) {
    let state = world.ledger.state();
    let mut open: BTreeSet<_> =
        world.open(ConflictKind::Oversold).into_iter().map(|conflict| conflict.id).collect();
    for (sku, location, level) in state.levels() {
        assert_eq!(level.available() < 0, level.oversold != Oversold::No);
        if let Oversold::Open(id) = level.oversold {
            let conflict = state.open_conflict(id).expect("it is open");
            assert_eq!(conflict.sku.as_ref(), Some(state.catalogue().sku_name(sku)));
            let name = state.catalogue().location_name(location);
            assert_eq!(conflict.location.as_ref(), Some(name));
            assert!(open.remove(&id), "one conflict for each level");
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// Takes everything back that took effect, the last first, until nothing is left to take back.
fn take_all_back(world: &mut World) {
    let names: Vec<(String, String)> = world
        .store
        .journal
        .iter()
        .map(|entry| &entry.record.envelope)
        .filter(|event| event.source.as_str() != "onhand")
        .map(|event| (event.source.to_string(), event.id.to_string()))
        .collect();
    loop {
        let taken = names
            .iter()
            .rev()
            .filter(|(source, id)| world.post(reversed(source, id)).outcome == Outcome::Applied);
        if taken.count() == 0 {
            return;
        }
    }
}

proptest! {
    #![proptest_config(cases(60))]

    /// Whatever happened, in whatever order it was told: taken back, nothing of it is left. (What a
    /// count contains stays with it, so there are none here.)
    #[test]
    fn what_is_all_taken_back_never_was(
        story in story().prop_map(|mut story| {
            story.facts.retain(|says| says.kind != "stock.counted");
            story
        })
    ) {
        let order: Vec<usize> = (0..story.facts.len()).collect();
        let mut world = tell(&story, &order);
        take_all_back(&mut world);
        for (_, _, level) in world.ledger.state().levels() {
            prop_assert!(level.buckets().iter().all(|number| *number == 0), "{:?}", level);
        }
        for order in world.store.orders() {
            prop_assert!(order.facts.is_empty() && order.lines.is_empty(), "{:?}", order);
        }
        world.verify();
    }
}

/// Each recorded event waits, is asked about, or has had its last outcome.
fn check_settled(world: &World) {
    use onhand::record::Outcome as O;
    let state = world.ledger.state();
    let waits = world.store.all_waiting();
    for entry in &world.store.journal {
        let seq = entry.record.seq;
        if entry.record.envelope.source.as_str() == "onhand" {
            continue;
        }
        match world.store.outcome(seq) {
            O::Parked => assert!(waits.contains(&seq), "#{seq} waits for nothing"),
            O::Conflict => {
                let asked = state
                    .open_conflicts()
                    .any(|conflict| conflict.events.iter().any(|event| event.seq == seq));
                assert!(waits.contains(&seq) || asked, "#{seq} is forgotten");
            }
            O::Invalid => panic!("#{seq} cannot be recorded as invalid"),
            O::Applied | O::Duplicate | O::Absorbed | O::Superseded | O::Rejected => {
                assert!(!waits.contains(&seq), "#{seq} is settled but waits");
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(150))]

    /// Facts of any kind, decisions on whatever conflicts they open, and the invariants after
    /// every step. The harness undoes and repeats each batch besides.
    #[test]
    fn the_invariants_hold_after_any_events_and_decisions(
        acts in proptest::collection::vec(Act::any(), 1..40),
        step_s in prop::sample::select(vec![4_i64, 40]),
    ) {
        let mut world = shop();
        for (index, act) in acts.iter().enumerate() {
            act.play(&mut world, index, step_s);
            check_levels(&world);
            check_commitments(&world);
            check_incoming(&world);
            check_reservations(&world);
            check_orphans(&world);
            check_oversold(&world);
            check_settled(&world);
        }
        world.verify();
    }

    /// The facts of a story are written and read without loss.
    #[test]
    fn events_are_read_as_they_were_written(facts in facts()) {
        for (index, says) in facts.iter().enumerate() {
            let event = says.event(&format!("e{index}"));
            let json = serde_json::to_string(&event).unwrap();
            let back: onhand::event::Event = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&back, &event);
            let parsed = onhand::event::parse(&serde_json::from_str(&json).unwrap()).unwrap();
            prop_assert_eq!(&parsed, &event);
        }
    }
}

proptest! {
    #![proptest_config(cases(200))]

    /// Whatever is sent, arrives and is decided, a unit is at one place, on its way to the other,
    /// or given up by name; what arrived too often is known to be too much.
    #[test]
    fn transfers_conserve_units(
        steps in proptest::collection::vec(
            (0..4_u8, 1..9_i64, any::<bool>(), any::<prop::sample::Index>()),
            1..12,
        ),
    ) {
        let mut world = World::new().given([received("TEA", "berlin", 100)]);
        world.replay_always = false;
        for (index, (kind, quantity, is_final, option)) in steps.into_iter().enumerate() {
            let second = i64::try_from(index).unwrap() * 60;
            let name = index.to_string();
            match kind {
                0 => {
                    let open = world.open(ConflictKind::Excess);
                    let Some(conflict) = open.first() else { continue };
                    let options = conflict.kind.options();
                    world.resolve(conflict, options[option.index(options.len())]).unwrap();
                }
                1 => {
                    let lines = [goods("TEA", quantity * 2)];
                    world.post(shipped("t1", "berlin", "hamburg", &lines).at(second).id(&name));
                }
                _ => {
                    let receipt = arrived("t1", &name, &[goods("TEA", quantity)]);
                    world.post(receipt.with("final", is_final).at(second));
                }
            }
            let lines = world.store.transfers().flat_map(|transfer| &transfer.lines);
            let (lost, surplus) = lines.fold((0, 0), |(lost, surplus), line| {
                (lost + line.lost, surplus + line.surplus())
            });
            let incoming = world.level("TEA", "hamburg").get(Bucket::Incoming);
            let there = world.on_hand("TEA", "berlin") + world.on_hand("TEA", "hamburg");
            prop_assert_eq!(there + incoming + lost - surplus, 100);
            check_incoming(&world);
        }
        world.verify();
    }
}
