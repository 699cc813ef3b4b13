//! What has to hold of a history besides what the model predicts.

use std::collections::BTreeSet;

use super::compare::{ACTOR, Pair};
use super::host::Host;
use super::{past, trap};
use crate::digest;
use crate::event::Event;
use crate::ledger::{Entry, Input, Processed};
use crate::record::Outcome;

/// Checks a history that was played to its end.
///
/// # Panics
/// When something does not hold.
pub fn check(pair: &mut Pair) {
    pair.host.verify();
    past::check(pair);
    batches_leave_no_mark(pair);
    repeats_change_nothing(pair);
}

/// Batches played between two restarts.
const RESTART_BATCHES: usize = 20;

/// Each input in a batch of its own leads to the same journal, byte for byte, also when the ledger
/// starts anew from its journal now and then.
fn batches_leave_no_mark(pair: &Pair) {
    let mut single = Host::new(pair.settings, pair.host.wall);
    single.twice = false;
    trap::set_on_this_thread(pair.poisonous.clone());
    for (number, (now, inputs)) in pair.inputs.iter().enumerate() {
        if pair.mended == Some(number) {
            trap::set_on_this_thread(BTreeSet::new());
        }
        if number % RESTART_BATCHES == RESTART_BATCHES - 1 {
            single.restart();
        }
        (single.wall, single.uptime) = (now.wall, now.uptime);
        for input in inputs {
            single.batch(std::slice::from_ref(input), ACTOR);
        }
    }
    let differ = |entry: &(&Entry, &Entry)| entry.0.bytes != entry.1.bytes;
    let mut pairs = single.store.journal.iter().zip(&pair.host.store.journal);
    if let Some((alone, batched)) = pairs.find(differ) {
        let text = |entry: &Entry| String::from_utf8_lossy(&entry.bytes).into_owned();
        panic!("batches leave a mark: alone {}, in a batch {}", text(alone), text(batched));
    }
    assert_eq!(single.store.journal.len(), pair.host.store.journal.len(), "records, alone or not");
    let digest = |host: &Host| digest::of_state(host.ledger.state());
    assert_eq!(digest(&single), digest(&pair.host), "batches leave a mark on the state");
}

/// Whatever was sent can be sent again, late and all at once: each answer names the first copy and
/// what has become of it, and nothing is recorded.
fn repeats_change_nothing(pair: &mut Pair) {
    let inputs = pair.inputs.iter().flat_map(|(_, inputs)| inputs);
    let sent = inputs.flat_map(|input| match input {
        Input::Event(event) => std::slice::from_ref(event),
        Input::Group(events) => events,
        Input::Resolve(_) | Input::Timer(_) => &[],
    });
    // A fact that came under another id before is not recorded, so that its id can be used again
    // for something else; what is said under this id then is not a repeat.
    let names = |event: &Event| (event.source.clone(), event.id.clone());
    let recorded: Vec<&Event> =
        pair.host.store.journal.iter().map(|entry| &entry.record.envelope).collect();
    let used = |event: &Event| recorded.iter().any(|known| names(known) == names(event));
    // Nor is it one where the fact stands no longer: then it may be said anew.
    let store = &pair.host.store;
    let stands = |seq: u64| {
        let outcome = store.outcome(seq);
        [Outcome::Applied, Outcome::Absorbed].contains(&outcome) && !store.is_reversed(seq)
    };
    let fact_stands = |event: &Event| {
        let mut known = store.journal.iter().map(|entry| &entry.record);
        known.any(|record| record.envelope.data == event.data && stands(record.seq))
    };
    let events = sent.filter(|event| {
        let unrecorded = !used(event) && fact_stands(event);
        (unrecorded || recorded.contains(event)) && !pair.invalid.contains(event)
    });
    let inputs: Vec<Input> = events.cloned().map(Input::Event).collect();
    let records = pair.host.store.journal.len();
    let state = digest::of_state(pair.host.ledger.state());
    for (input, answer) in inputs.iter().zip(pair.host.batch(&inputs, ACTOR)) {
        let (Input::Event(event), Processed::Duplicate(original)) = (input, &answer) else {
            panic!("{input:?} came before, but is answered {answer:?}")
        };
        let outcome = pair.host.store.outcome(original.seq);
        assert_eq!(original.outcome, outcome, "a repeat is answered with what has become of it");
        let first = &pair.host.store.record(original.seq).envelope;
        assert_eq!(first.data, event.data, "a repeat is answered with the event that it repeats");
    }
    assert_eq!(pair.host.store.journal.len(), records, "a repeat is not recorded");
    assert_eq!(digest::of_state(pair.host.ledger.state()), state, "a repeat changes nothing");
}
