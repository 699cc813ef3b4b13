//! The working set: what a batch needs of the things that are not always in memory. The host asks
//! [`crate::ledger::Ledger::wants`] before a batch and loads the answer from the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::{LocIx, Seen, SkuIx};
use crate::conflict::Conflict;
use crate::event::Fingerprint;
use crate::id::{ConflictId, EventId, LocationId, OrderId, ReservationId, Sku, Source, TransferId};
use crate::order::{Order, OrderUpdate};
use crate::record::{Change, Effect, Outcome, Record};
use crate::reservation::Reservation;
use crate::time::Timestamp;
use crate::transfer::{Transfer, TransferUpdate};

/// Orders at most that are looked at to have another location serve what one is short of.
pub const HOLDERS_MAX: usize = 1_000;

/// What has to be loaded for a batch.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// Names of events that may have come before; sorted, each once.
    pub ids: Vec<(Source, EventId)>,
    /// Orders that events name.
    pub orders: BTreeSet<OrderId>,
    /// Transfers that events name.
    pub transfers: BTreeSet<TransferId>,
    /// Reservations that events name.
    pub reservations: BTreeSet<ReservationId>,
    /// Levels whose movements at or after a moment a count needs.
    pub movements: BTreeMap<(Sku, LocationId), Timestamp>,
    /// Records that are to be decided again or taken back, by their places in the journal.
    pub records: BTreeSet<u64>,
    /// Conflicts that are closed by now.
    pub conflicts: BTreeSet<ConflictId>,
    /// Counts, each by its item and its record, of which the questions about movements that came late
    /// are needed that are closed by now.
    pub questions: BTreeSet<(Sku, u64)>,
    /// Levels of which the orders are needed that are promised units there: the last ones placed,
    /// at most [`HOLDERS_MAX`].
    pub holders: BTreeSet<(Sku, LocationId)>,
}

impl Wants {
    /// Whether nothing has to be loaded.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
            && self.orders.is_empty()
            && self.transfers.is_empty()
            && self.reservations.is_empty()
            && self.movements.is_empty()
            && self.records.is_empty()
            && self.conflicts.is_empty()
            && self.questions.is_empty()
            && self.holders.is_empty()
    }
}

/// What was loaded for a batch.
#[derive(Debug, Default)]
pub struct Loaded {
    /// What is known of event names, in the order of the journal.
    pub known: Vec<((Source, EventId), Known)>,
    /// The orders that exist.
    pub orders: Vec<Order>,
    /// The transfers that exist.
    pub transfers: Vec<Transfer>,
    /// The reservations that exist.
    pub reservations: Vec<Reservation>,
    /// The movements wanted, by level.
    pub movements: Vec<((Sku, LocationId), Vec<Movement>)>,
    /// The records wanted; none may be missing.
    pub records: Vec<Record>,
    /// The conflicts wanted, the questions among them.
    pub conflicts: Vec<Conflict>,
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
    /// The record that decided that, and holds its effects: its own, or a later one.
    pub decided: u64,
    /// The record that has taken these effects back, if one has.
    pub reversed_by: Option<u64>,
}

impl Known {
    /// Notes that a later record has decided it.
    pub(crate) const fn decide(&mut self, outcome: Outcome, decided: u64) {
        self.outcome = outcome;
        self.decided = decided;
        self.reversed_by = None;
    }

    /// Whether it is the content that holds, of those that came under its name: the others were
    /// refused, or are taken back.
    pub(crate) fn holds(&self) -> bool {
        self.outcome != Outcome::Rejected && self.reversed_by.is_none()
    }
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
    /// Whether it takes back what a count contained, or lets that stand again, so that it moved
    /// nothing itself.
    pub is_counter: bool,
}

impl Movement {
    /// What a count sees of it.
    pub(crate) fn seen(&self) -> Seen<'_> {
        let Self { time, seq, source, is_counter, .. } = self;
        Seen { time: *time, source, seq: *seq, is_counter: *is_counter }
    }

    /// What an effect of a record is to a count, if it is a movement of `on_hand`.
    pub fn of(record: &Record, effect: &Effect) -> Option<Self> {
        let (time, source) = record.movement(effect)?;
        Some(Self {
            time,
            seq: record.seq,
            source: source.clone(),
            delta: effect.delta,
            is_counter: false,
        })
    }

    /// What a change of a record is to a count, if it takes back a movement that another one
    /// contains.
    pub fn of_change(record: &Record, change: &Change) -> Option<Self> {
        let (time, source, delta) = record.countered(change)?;
        Some(Self { time, seq: record.seq, source: source.clone(), delta, is_counter: true })
    }
}

/// Documents of one kind, as far as the batch has asked for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Documents<N, D> {
    there: BTreeMap<N, D>,
    /// Those that were asked for and are not there, unless the batch has made them since.
    missing: BTreeSet<N>,
}

impl<N, D> Default for Documents<N, D> {
    fn default() -> Self {
        Self { there: BTreeMap::new(), missing: BTreeSet::new() }
    }
}

impl<N: Ord + Clone, D> Documents<N, D> {
    /// A document, if there is one.
    pub(crate) fn get(&self, name: &N) -> Option<&D> {
        self.there.get(name)
    }

    /// Whether it is known what a document is, or that there is none.
    pub(crate) fn is_known(&self, name: &N) -> bool {
        self.there.contains_key(name) || self.missing.contains(name)
    }

    /// All that there are.
    pub(crate) fn all(&self) -> impl Iterator<Item = &D> {
        self.there.values()
    }

    /// Takes in what a store has of those asked for, unless the batch has them already.
    fn load(&mut self, asked: &BTreeSet<N>, loaded: Vec<D>, name: impl Fn(&D) -> &N) {
        for document in loaded {
            self.there.entry(name(&document).clone()).or_insert(document);
        }
        let missing = asked.iter().filter(|name| !self.there.contains_key(*name));
        self.missing.extend(missing.cloned());
    }
}

/// What a batch has loaded, kept up to date while the batch goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Working {
    /// By source, then by id: so both are looked up without making a name of them. The hash has a
    /// secret key: see [`super::Catalogue`].
    known: BTreeMap<Source, HashMap<EventId, Vec<Known>, RandomState>>,
    orders: Documents<OrderId, Order>,
    transfers: Documents<TransferId, Transfer>,
    reservations: Documents<ReservationId, Reservation>,
    movements: BTreeMap<(SkuIx, LocIx), Movements>,
    records: BTreeMap<u64, Record>,
    conflicts: BTreeMap<ConflictId, Conflict>,
    questions: BTreeSet<(Sku, u64)>,
    holders: BTreeSet<(Sku, LocationId)>,
}

/// The movements of a level at or after a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Movements {
    from: Timestamp,
    all: Vec<Movement>,
}

impl Working {
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets what is not compared with the store after a replay.
    pub(crate) fn forget_all_but_documents(&mut self) {
        let before = std::mem::take(self);
        let Self { orders, transfers, reservations, .. } = before;
        *self = Self { orders, transfers, reservations, ..Self::default() };
    }

    pub(crate) const fn orders(&self) -> &Documents<OrderId, Order> {
        &self.orders
    }

    /// Takes in the orders that a store has of those asked for.
    pub(crate) fn load_orders(&mut self, asked: &BTreeSet<OrderId>, loaded: Vec<Order>) {
        self.orders.load(asked, loaded, |order| &order.order);
    }

    pub(crate) fn update_order(&mut self, update: OrderUpdate) {
        let id = update.order.clone();
        self.orders.there.entry(id.clone()).or_insert_with(|| Order::new(id)).update(update);
    }

    pub(crate) const fn transfers(&self) -> &Documents<TransferId, Transfer> {
        &self.transfers
    }

    /// Takes in the transfers that a store has of those asked for.
    pub(crate) fn load_transfers(&mut self, asked: &BTreeSet<TransferId>, loaded: Vec<Transfer>) {
        self.transfers.load(asked, loaded, |transfer| &transfer.transfer);
    }

    pub(crate) fn update_transfer(&mut self, update: TransferUpdate) {
        let transfers = &mut self.transfers.there;
        if let Some(transfer) = transfers.get_mut(&update.transfer) {
            transfer.update(update);
        } else {
            let transfer = Transfer::from(update);
            transfers.insert(transfer.transfer.clone(), transfer);
        }
    }

    pub(crate) const fn reservations(&self) -> &Documents<ReservationId, Reservation> {
        &self.reservations
    }

    /// Takes in the reservations that a store has of those asked for.
    pub(crate) fn load_reservations(
        &mut self,
        asked: &BTreeSet<ReservationId>,
        loaded: Vec<Reservation>,
    ) {
        self.reservations.load(asked, loaded, |reservation| &reservation.reservation);
    }

    pub(crate) fn put_reservation(&mut self, reservation: Reservation) {
        self.reservations.there.insert(reservation.reservation.clone(), reservation);
    }

    /// What came before under a name, as far as that is known.
    fn name(&self, source: &Source, id: &EventId) -> Option<&Vec<Known>> {
        self.known.get(source)?.get(id)
    }

    pub(crate) fn known(&self, source: &Source, id: &EventId) -> &[Known] {
        self.name(source, id).map_or(&[], Vec::as_slice)
    }

    /// Whether it is known what came before under a name.
    pub(crate) fn has_name(&self, source: &Source, id: &EventId) -> bool {
        self.name(source, id).is_some()
    }

    /// Takes in what a store knows of the names asked for, unless the batch knows them already.
    pub(crate) fn load_known(
        &mut self,
        asked: &[(Source, EventId)],
        loaded: Vec<((Source, EventId), Known)>,
    ) {
        let mut found: BTreeMap<(Source, EventId), Vec<Known>> = BTreeMap::new();
        for (name, known) in loaded {
            found.entry(name).or_default().push(known);
        }
        for names in asked.chunk_by(|(left, _), (right, _)| left == right) {
            let of_source = self.known.entry(names[0].0.clone()).or_default();
            for name in names {
                let known = of_source.entry(name.1.clone());
                known.or_insert_with(|| found.remove(name).unwrap_or_default());
            }
        }
    }

    pub(crate) fn put_known(&mut self, source: &Source, id: &EventId, known: Known) {
        let of_source = match self.known.get_mut(source) {
            Some(of_source) => of_source,
            None => self.known.entry(source.clone()).or_default(),
        };
        match of_source.get_mut(id) {
            Some(before) => before.push(known),
            None => drop(of_source.insert(id.clone(), vec![known])),
        }
    }

    /// All that is known.
    fn all_known(&mut self) -> impl Iterator<Item = &mut Known> {
        self.known.values_mut().flat_map(HashMap::values_mut).flatten()
    }

    /// Notes what a record has decided of an earlier event: mostly one of the name given, else one
    /// whose name is not at hand.
    pub(crate) fn decide(
        &mut self,
        seq: u64,
        name: Option<(&Source, &EventId)>,
        outcome: Outcome,
        decided: u64,
    ) {
        let is_it = |known: &&mut Known| known.seq == seq;
        let named = name.and_then(|(source, id)| self.known.get_mut(source)?.get_mut(id));
        if let Some(known) = named.into_iter().flatten().find(is_it) {
            known.decide(outcome, decided);
        } else if let Some(known) = self.all_known().find(is_it) {
            known.decide(outcome, decided);
        }
    }

    /// Notes that the effects of a record are taken back, or in force again.
    pub(crate) fn reverse(&mut self, decided: u64, by: Option<u64>) {
        for known in self.all_known().filter(|known| known.decided == decided) {
            known.reversed_by = by;
        }
    }

    pub(crate) fn movements(&self, sku: SkuIx, location: LocIx) -> &[Movement] {
        self.movements.get(&(sku, location)).map_or(&[], |movements| &movements.all)
    }

    /// Whether all movements of a level at or after a moment are known.
    pub(crate) fn has_movements(&self, level: (SkuIx, LocIx), from: Timestamp) -> bool {
        self.movements.get(&level).is_some_and(|movements| movements.from <= from)
    }

    /// Takes in all movements of a level at or after a moment.
    pub(crate) fn load_movements(
        &mut self,
        level: (SkuIx, LocIx),
        from: Timestamp,
        all: Vec<Movement>,
    ) {
        self.movements.insert(level, Movements { from, all });
    }

    /// Notes that nothing has ever moved at a level, so nothing has to be loaded for it.
    pub(crate) fn begin_level(&mut self, level: (SkuIx, LocIx)) {
        let nothing = || Movements { from: Timestamp::MIN, all: Vec::new() };
        self.movements.entry(level).or_insert_with(nothing);
    }

    /// Notes a movement, if all movements of its level are known that a count may need: the batch
    /// has loaded them, or the level is new.
    pub(crate) fn add_movement(&mut self, level: (SkuIx, LocIx), movement: Movement) {
        if let Some(movements) = self.movements.get_mut(&level)
            && movements.from <= movement.time
        {
            movements.all.push(movement);
        }
    }

    /// A record that was loaded to be decided again.
    pub(crate) fn record(&self, seq: u64) -> Option<&Record> {
        self.records.get(&seq)
    }

    /// A conflict that was loaded although it is closed.
    pub(crate) fn conflict(&self, id: ConflictId) -> Option<&Conflict> {
        self.conflicts.get(&id)
    }

    /// The conflicts that were loaded although they are closed.
    pub(crate) fn conflicts(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.values()
    }

    /// Whether the closed questions about a count are known.
    pub(crate) fn has_questions(&self, count: &(Sku, u64)) -> bool {
        self.questions.contains(count)
    }

    pub(crate) fn load_questions(&mut self, asked: &BTreeSet<(Sku, u64)>) {
        self.questions.extend(asked.iter().cloned());
    }

    pub(crate) fn load_conflicts(&mut self, conflicts: Vec<Conflict>) {
        self.conflicts.extend(conflicts.into_iter().map(|conflict| (conflict.id, conflict)));
    }

    /// Whether the orders are known that are promised units of a level.
    pub(crate) fn has_holders(&self, level: &(Sku, LocationId)) -> bool {
        self.holders.contains(level)
    }

    pub(crate) fn load_holders(&mut self, asked: &BTreeSet<(Sku, LocationId)>) {
        self.holders.extend(asked.iter().cloned());
    }

    /// How many records were loaded.
    pub(crate) fn records(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn load_records(&mut self, records: Vec<Record>) {
        self.records.extend(records.into_iter().map(|record| (record.seq, record)));
    }
}
