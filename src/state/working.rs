//! The working set: what a batch needs of the things that are not always in memory. The host asks
//! [`crate::ledger::Ledger::wants`] before a batch and loads the answer from the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{LocIx, SkuIx};
use crate::event::Fingerprint;
use crate::id::{EventId, LocationId, OrderId, Sku, Source};
use crate::order::{Order, OrderUpdate};
use crate::record::{Outcome, Record};
use crate::time::Timestamp;

/// What has to be loaded for a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Names of events that may have come before.
    pub ids: BTreeSet<(Source, EventId)>,
    /// Orders that events name.
    pub orders: BTreeSet<OrderId>,
    /// Levels whose movements at or after a moment a count needs.
    pub movements: BTreeMap<(Sku, LocationId), Timestamp>,
}

impl Wants {
    /// Whether nothing has to be loaded.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.orders.is_empty() && self.movements.is_empty()
    }
}

/// What was loaded for a batch.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What is known of event names, in the order of the journal.
    pub known: Vec<((Source, EventId), Known)>,
    /// The orders that exist.
    pub orders: Vec<Order>,
    /// The movements wanted, by level.
    pub movements: Vec<((Sku, LocationId), Vec<Movement>)>,
}

/// An event that came before under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its place in the journal.
    pub seq: u64,
    /// What it said.
    pub fingerprint: Fingerprint,
    /// What became of it in the end, as far as that is decided.
    pub outcome: Outcome,
}

/// A movement of `on_hand` that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// When it happened.
    pub time: Timestamp,
    /// Its record.
    pub seq: u64,
    /// Who said it.
    pub source: Source,
    /// By how many units.
    pub delta: i64,
}

/// An event that was held back, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its record.
    pub record: Record,
}

/// What a batch has loaded, kept up to date while the batch goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Working {
    known: HashMap<(Source, EventId), Vec<Known>>,
    orders: BTreeMap<OrderId, Order>,
    movements: BTreeMap<(SkuIx, LocIx), Vec<Movement>>,
}

impl Working {
    pub(crate) fn clear(&mut self) {
        self.known.clear();
        self.orders.clear();
        self.movements.clear();
    }

    pub(crate) fn forget_all_but_orders(&mut self) {
        self.known.clear();
        self.movements.clear();
    }

    pub(crate) fn order(&self, order: &OrderId) -> Option<&Order> {
        self.orders.get(order)
    }

    pub(crate) fn orders(&self) -> &BTreeMap<OrderId, Order> {
        &self.orders
    }

    pub(crate) fn put_order(&mut self, order: Order) {
        self.orders.entry(order.order.clone()).or_insert(order);
    }

    pub(crate) fn update_order(&mut self, update: OrderUpdate) {
        let id = update.order.clone();
        self.orders.entry(id.clone()).or_insert_with(|| Order::new(id)).update(update);
    }

    pub(crate) fn known(&self, source: &Source, id: &EventId) -> &[Known] {
        // The key is a pair, so the lookup needs owned names; both are cheap to clone.
        self.known.get(&(source.clone(), id.clone())).map_or(&[], Vec::as_slice)
    }

    /// Takes in what a store knows of names, unless the batch knows them already.
    pub(crate) fn load_known(&mut self, loaded: Vec<((Source, EventId), Known)>) {
        let mut fresh: HashMap<(Source, EventId), Vec<Known>> = HashMap::new();
        for (name, known) in loaded {
            if !self.known.contains_key(&name) {
                fresh.entry(name).or_default().push(known);
            }
        }
        self.known.extend(fresh);
    }

    pub(crate) fn put_known(&mut self, name: (Source, EventId), known: Known) {
        self.known.entry(name).or_default().push(known);
    }

    pub(crate) fn set_outcome(&mut self, seq: u64, name: &(Source, EventId), outcome: Outcome) {
        if let Some(known) = self.known.get_mut(name)
            && let Some(known) = known.iter_mut().find(|known| known.seq == seq)
        {
            known.outcome = outcome;
        }
    }

    /// The same for an event whose name is not at hand: a person's decision, which is rare.
    pub(crate) fn find_and_set_outcome(&mut self, seq: u64, outcome: Outcome) {
        let mut known = self.known.values_mut().flatten();
        if let Some(known) = known.find(|known| known.seq == seq) {
            known.outcome = outcome;
        }
    }

    pub(crate) fn movements(&self, sku: SkuIx, location: LocIx) -> &[Movement] {
        self.movements.get(&(sku, location)).map_or(&[], Vec::as_slice)
    }

    /// Takes in what a store knows of a level's movements; those that the batch has made stay.
    pub(crate) fn put_movements(&mut self, level: (SkuIx, LocIx), mut movements: Vec<Movement>) {
        let last = movements.iter().map(|movement| movement.seq).max().unwrap_or_default();
        let known = self.movements.entry(level).or_default();
        movements.extend(known.drain(..).filter(|movement| movement.seq > last));
        *known = movements;
    }

    /// Notes that nothing has ever moved at a level, so nothing has to be loaded for it.
    pub(crate) fn begin_level(&mut self, level: (SkuIx, LocIx)) {
        self.movements.entry(level).or_default();
    }

    /// Notes a movement, if all movements of its level are known that a count may need: the batch
    /// has loaded them, or the level is new.
    pub(crate) fn add_movement(&mut self, level: (SkuIx, LocIx), movement: Movement) {
        if let Some(movements) = self.movements.get_mut(&level) {
            movements.push(movement);
        }
    }
}
