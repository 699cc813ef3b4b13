//! One ledger: its state and the batch in progress. The host gives it inputs one after another and
//! writes what [`Ledger::finish`] hands out in one transaction; only then is the batch kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::apply::apply;
pub use crate::apply::is_movement;
use crate::conflict::Choice;
pub use crate::decide::Refused;
use crate::decide::{self, Verdict};
use crate::event::{Event, EventData, EventReleased, FieldError, Fingerprint};
use crate::id::{EventId, LocationId, OrderId, Sku, Source};
use crate::journal::{self, Chain};
use crate::order::Order;
use crate::record::{Change, Decision, Original, Record, WaitKey};
use crate::state::{Head, Level, Loaded, LocIx, Settings, SkuIx, State, Wants};
use crate::time::Timestamp;

/// Something for the processor to decide.
#[derive(Debug, Clone)]
pub enum Input {
    /// What a source says.
    Event(Event),
    /// An event whose waiting is over.
    Release {
        /// The event as it was recorded.
        held: Box<Record>,
        /// What it waited for.
        on: WaitKey,
        /// Whether it is to be discarded instead.
        discard: bool,
    },
    /// A person's decision.
    Resolve {
        /// What the person chose.
        choice: Choice,
        /// The last event of the conflict, as it was recorded.
        held: Option<Box<Record>>,
    },
}

/// What became of an input.
#[derive(Debug)]
pub enum Processed {
    /// It is in the journal, once the batch is committed.
    Recorded(usize),
    /// It came before. True only once the batch is committed, since the first may be part of it.
    Duplicate(Original),
    /// It does not fit; nothing is recorded.
    Invalid(Vec<FieldError>),
    /// The resolution is not taken; nothing is recorded.
    Refused(Refused),
}

/// A record with its stored bytes and the chain up to it.
#[derive(Debug)]
pub struct Entry {
    /// The record.
    pub record: Record,
    /// Its stored form, written once and used by all readers.
    pub bytes: Vec<u8>,
    /// The hash over all records up to it.
    pub chain: Chain,
}

/// What a batch changed: everything that has to be written, in one transaction.
#[derive(Debug, Default)]
pub struct Batch {
    /// The new rows of the journal, in order.
    pub entries: Vec<Entry>,
    /// Where the journal stands afterwards.
    pub head: Head,
}

/// A ledger.
#[derive(Debug)]
pub struct Ledger {
    state: State,
    entries: Vec<Entry>,
}

impl Ledger {
    /// Takes over a state as a store remembers it.
    pub fn new(state: State) -> Self {
        Self { state, entries: Vec::new() }
    }

    /// The state, with what the batch in progress has changed.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The rows of the journal that the batch in progress has made.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What has to be loaded before these inputs can be processed.
    pub fn wants<'a>(&self, inputs: impl IntoIterator<Item = &'a Input>) -> Wants {
        let inputs: Vec<&Input> = inputs.into_iter().collect();
        let mapped = Mapped::of(&self.state, &inputs);
        let mut wants = Wants::default();
        for input in inputs {
            match input {
                Input::Event(event) => {
                    wants.ids.insert((event.source.clone(), event.id.clone()));
                    self.want(event, event.time, &mapped, &mut wants);
                }
                Input::Release { held, .. } | Input::Resolve { held: Some(held), .. } => {
                    // It may be decided with the time at which it was received.
                    let time = held.envelope.time.min(held.recorded_at);
                    self.want(&held.envelope, time, &mapped, &mut wants);
                }
                Input::Resolve { held: None, .. } => {}
            }
        }
        wants
    }

    fn want(&self, event: &Event, time: Timestamp, mapped: &Mapped<'_>, wants: &mut Wants) {
        if let Some(order) = order_of(&event.data) {
            wants.orders.insert(order.clone());
        }
        if let EventData::StockCounted(count) = &event.data {
            let catalogue = &self.state.catalogue;
            let sku = mapped.skus.get(&count.sku).copied().unwrap_or(&count.sku);
            let location = mapped.locations.get(&count.location).copied();
            let location = location.unwrap_or(&count.location);
            // An item that the same batch creates has no movements from before it.
            if let (Some(sku), Some(location)) = (catalogue.sku(sku), catalogue.location(location))
            {
                let (sku, location) = self.state.names(sku, location);
                let from = time.plus_micros(-self.state.settings.count_window_us);
                let wanted = wants.movements.entry((sku.clone(), location.clone())).or_insert(from);
                *wanted = from.min(*wanted);
            }
        }
    }

    /// Takes in what was loaded for the batch. What the batch itself has made of it since an
    /// earlier load stands.
    pub fn load(&mut self, loaded: Loaded) {
        let state = &mut self.state;
        state.working.load_known(loaded.known);
        for order in loaded.orders {
            state.working.put_order(order);
        }
        for ((sku, location), movements) in loaded.movements {
            let names = (state.catalogue.sku(&sku), state.catalogue.location(&location));
            if let (Some(sku), Some(location)) = names {
                state.working.put_movements((sku, location), movements);
            }
        }
    }

    /// Decides one input and applies the decision. `wall` is the server's clock; the time of
    /// recording never goes back, whatever the clock does.
    pub fn process(&mut self, input: &Input, actor: &str, wall: Timestamp) -> Processed {
        let now = wall.max(self.state.head.recorded_at.plus_micros(1));
        match input {
            Input::Event(event) => match decide::decide(&self.state, event, now, actor) {
                Verdict::Record(decision) => self.record(event.clone(), decision, now, actor),
                Verdict::Duplicate(original) => Processed::Duplicate(original),
                Verdict::Invalid(errors) => Processed::Invalid(errors),
            },
            Input::Release { held, on, discard } => {
                let data = EventData::EventReleased(EventReleased {
                    source: held.envelope.source.clone(),
                    id: held.envelope.id.clone(),
                    seq: held.seq,
                });
                let carrier = self.own_event("released", data, now);
                let decision = decide::release(&self.state, &carrier, held, on, *discard, now);
                self.record(carrier, decision, now, "onhand")
            }
            Input::Resolve { choice, held } => {
                let data = EventData::ConflictResolved(choice.clone());
                let carrier = self.own_event("resolved", data, now);
                let held = held.as_deref();
                match decide::resolve(&self.state, &carrier, choice, held, now, actor) {
                    Ok(decision) => self.record(carrier, decision, now, actor),
                    Err(refused) => Processed::Refused(refused),
                }
            }
        }
    }

    /// An event that Onhand itself makes; its place in the journal makes its id unique.
    fn own_event(&self, what: &str, data: EventData, now: Timestamp) -> Event {
        let id = EventId::new(format!("{what}-{}", self.state.head.seq + 1));
        Event {
            source: Source::onhand(),
            id: id.expect("a word and a number make an id"),
            time: now,
            expected_version: None,
            extensions: std::collections::BTreeMap::new(),
            data,
        }
    }

    fn record(
        &mut self,
        envelope: Event,
        decision: Decision,
        now: Timestamp,
        actor: &str,
    ) -> Processed {
        let record = Record {
            seq: self.state.head.seq + 1,
            recorded_at: now,
            actor: actor.to_owned(),
            fingerprint: Fingerprint::of_event(&envelope),
            envelope,
            outcome: decision.outcome,
            reason: decision.reason,
            conflict: decision.conflict,
            effects: decision.effects,
            changes: decision.changes,
            mentions: decision.mentions,
            fact: decision.fact,
        };
        let bytes = journal::encode(&record);
        let chain = self.state.head.chain.after(&bytes);
        apply(&mut self.state, &record, chain);
        self.entries.push(Entry { record, bytes, chain });
        Processed::Recorded(self.entries.len() - 1)
    }

    /// Hands out what the batch changed. It is kept by [`Ledger::keep`] or undone by
    /// [`Ledger::undo`]; until then nothing else may be processed.
    pub fn finish(&mut self) -> Batch {
        Batch { entries: std::mem::take(&mut self.entries), head: self.state.head }
    }

    /// The batch is durable.
    pub fn keep(&mut self) {
        self.state.undo.clear();
        self.state.working.clear();
    }

    /// The batch is not durable: it never happened.
    pub fn undo(&mut self) {
        self.entries.clear();
        self.state.roll_back();
    }

    /// The orders that the batch in progress knows, for the store.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.state.working.orders().values()
    }

    /// Applies a record of the journal in a replay. The record's own chain must follow from the
    /// one before. Orders stay in memory, for [`Ledger::orders`] to be compared with the store.
    pub fn replay(&mut self, record: &Record, bytes: &[u8]) {
        let chain = self.state.head.chain.after(bytes);
        apply(&mut self.state, record, chain);
        self.state.undo.clear();
        self.state.working.forget_all_but_orders();
    }
}

impl Batch {
    /// The orders that the batch changed.
    pub fn orders(&self) -> BTreeSet<&OrderId> {
        let changes = self.entries.iter().flat_map(|entry| &entry.record.changes);
        changes
            .filter_map(|change| match change {
                Change::Order(update) => Some(&update.order),
                _ => None,
            })
            .collect()
    }

    /// The levels that the batch changed, as they are now.
    pub fn levels<'a>(
        &'a self,
        state: &'a State,
    ) -> impl Iterator<Item = (SkuIx, LocIx, &'a Level)> {
        let mut keys: BTreeSet<(SkuIx, LocIx)> = BTreeSet::new();
        for entry in &self.entries {
            let effects = entry.record.effects.iter().map(|effect| (&effect.sku, &effect.location));
            let changes = entry.record.changes.iter().filter_map(level_of);
            for (sku, location) in effects.chain(changes) {
                let key = (state.catalogue.sku(sku), state.catalogue.location(location));
                if let (Some(sku), Some(location)) = key {
                    keys.insert((sku, location));
                }
            }
        }
        keys.into_iter().filter_map(|(sku, location)| {
            state.levels.get(&(sku, location)).map(|level| (sku, location, level))
        })
    }
}

/// The level that a change is about, besides effects.
fn level_of(change: &Change) -> Option<(&Sku, &LocationId)> {
    match change {
        Change::Counted(counted) => Some((&counted.sku, &counted.location)),
        Change::Recovered { sku, location } => Some((sku, location)),
        Change::Conflict(conflict) => match (conflict.kind, &conflict.sku, &conflict.location) {
            (crate::conflict::ConflictKind::Oversold, Some(sku), Some(location)) => {
                Some((sku, location))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The names that a batch is going to map, so that what is known of their targets can be loaded
/// for the rest of the batch.
#[derive(Default)]
struct Mapped<'a> {
    skus: BTreeMap<&'a Sku, &'a Sku>,
    locations: BTreeMap<&'a LocationId, &'a LocationId>,
}

impl<'a> Mapped<'a> {
    fn of(state: &'a State, inputs: &[&'a Input]) -> Self {
        let mut mapped = Self::default();
        for input in inputs {
            let Input::Resolve { choice, .. } = input else { continue };
            let Some(conflict) = state.open_conflict(choice.conflict) else { continue };
            if let (Some(name), Some(sku)) = (&conflict.sku, &choice.sku) {
                mapped.skus.insert(name, sku);
            }
            if let (Some(name), Some(location)) = (&conflict.location, &choice.location) {
                mapped.locations.insert(name, location);
            }
        }
        mapped
    }
}

/// The order that an event is about.
pub fn order_of(data: &EventData) -> Option<&OrderId> {
    match data {
        EventData::OrderPlaced(data) => Some(&data.order),
        EventData::OrderAmended(data) => Some(&data.order),
        EventData::OrderCancelled(data) => Some(&data.order),
        EventData::OrderFulfilled(data) => Some(&data.order),
        EventData::OrderReturned(data) => Some(&data.order),
        _ => None,
    }
}

/// An empty ledger.
impl Default for Ledger {
    fn default() -> Self {
        Self::new(State::new(Settings::default()))
    }
}
