//! A store in memory that answers as the real one does: from what batches have committed, never
//! from what the ledger holds in its own memory.

use std::collections::{BTreeMap, BTreeSet};

use crate::business_fact::HeldFact;
use crate::conflict::{Conflict, ConflictStatus};
use crate::id::{ConflictId, EventId, LocationId, OrderId, ReservationId, Sku, Source, TransferId};
use crate::ledger::{Batch, Entry, Ledger};
use crate::order::Order;
use crate::record::{Change, Outcome, Record, Timer, WaitKey};
use crate::reservation::Reservation;
use crate::state::{HOLDERS_MAX, Known, Level, Loaded, Movement, Wants};
use crate::time::Uptime;
use crate::transfer::Transfer;

/// A store in memory.
#[derive(Debug, Default)]
pub struct Store {
    /// The journal, record by record.
    pub journal: Vec<Entry>,
    names: BTreeMap<(Source, EventId), Vec<u64>>,
    finals: BTreeMap<u64, (Outcome, u64)>,
    reversed: BTreeMap<u64, u64>,
    orders: BTreeMap<OrderId, Order>,
    transfers: BTreeMap<TransferId, Transfer>,
    reservations: BTreeMap<ReservationId, Reservation>,
    timers: BTreeMap<Timer, Uptime>,
    levels: BTreeMap<(Sku, LocationId), Level>,
    movements: BTreeMap<(Sku, LocationId), Vec<Movement>>,
    waiting: BTreeSet<(WaitKey, u64)>,
    held: BTreeMap<u64, HeldFact>,
    conflicts: BTreeMap<ConflictId, Conflict>,
}

impl Store {
    /// Writes a batch.
    pub fn commit(&mut self, batch: Batch, ledger: &Ledger) {
        for order in batch.orders() {
            let order = ledger.orders().find(|known| known.order == *order);
            let order = order.expect("what a batch has changed is loaded");
            self.orders.insert(order.order.clone(), order.clone());
        }
        for transfer in batch.transfers() {
            let known = ledger.transfers().find(|known| known.transfer == *transfer);
            let known = known.expect("the ledger knows the transfers of its batch");
            self.transfers.insert(transfer.clone(), known.clone());
        }
        for reservation in batch.reservations() {
            let known = ledger.reservations().find(|known| known.reservation == *reservation);
            let known = known.expect("the ledger knows the reservations of its batch");
            self.reservations.insert(reservation.clone(), known.clone());
        }
        let state = ledger.state();
        for (sku, location, level) in batch.levels(state) {
            let (sku, location) = state.names(sku, location);
            self.levels.insert((sku.clone(), location.clone()), level.clone());
        }
        for entry in batch.entries {
            self.write(&entry.record);
            self.journal.push(entry);
        }
    }

    fn write(&mut self, record: &Record) {
        let name = (record.envelope.source.clone(), record.envelope.id.clone());
        self.names.entry(name).or_default().push(record.seq);
        for effect in &record.effects {
            if let Some(movement) = Movement::of(record, effect) {
                let level = (effect.sku.clone(), effect.location.clone());
                self.movements.entry(level).or_default().push(movement);
            }
        }
        for change in &record.changes {
            if let Change::Absorbed { sku, location, .. } = change
                && let Some(movement) = Movement::of_change(record, change)
            {
                let level = (sku.clone(), location.clone());
                self.movements.entry(level).or_default().push(movement);
            }
            match change {
                Change::Conflict(conflict) => {
                    self.conflicts.insert(conflict.id, conflict.as_ref().clone());
                }
                Change::Timer { what, at: Some(at) } => {
                    self.timers.insert(what.clone(), *at);
                }
                Change::Timer { what, at: None } => {
                    assert!(
                        self.timers.remove(what).is_some(),
                        "only a timer that runs is settled"
                    );
                }
                Change::Waiting { on, seq } => {
                    assert!(self.waiting.insert((on.clone(), *seq)), "it waits once");
                }
                Change::Released { on, seq } => {
                    assert!(
                        self.waiting.remove(&(on.clone(), *seq)),
                        "only what waits is released"
                    );
                }
                Change::Held { seq, said: Some(held) } => {
                    self.held.insert(*seq, held.as_ref().clone());
                }
                Change::Held { seq, said: None } => {
                    assert!(self.held.remove(seq).is_some(), "only what is held back is let go");
                }
                Change::Final { seq, outcome, decided, .. } => {
                    self.finals.insert(*seq, (*outcome, decided.unwrap_or(record.seq)));
                }
                Change::Reversed { seq, by: Some(by), .. } => {
                    self.reversed.insert(*seq, *by);
                }
                Change::Reversed { seq, by: None, .. } => {
                    self.reversed.remove(seq);
                }
                _ => {}
            }
        }
    }

    /// What a batch wants.
    pub fn fetch(&self, wants: &Wants) -> Loaded {
        let mut loaded = Loaded::default();
        for name in &wants.ids {
            for seq in self.names.get(name).into_iter().flatten() {
                loaded.known.push((name.clone(), self.known(*seq)));
            }
        }
        loaded.orders =
            wants.orders.iter().filter_map(|order| self.orders.get(order)).cloned().collect();
        let transfers = wants.transfers.iter().filter_map(|id| self.transfers.get(id));
        loaded.transfers = transfers.cloned().collect();
        let reservations = wants.reservations.iter();
        loaded.reservations =
            reservations.filter_map(|id| self.reservations.get(id)).cloned().collect();
        for (level, from) in &wants.movements {
            let all = self.movements.get(level).map_or(&[][..], Vec::as_slice);
            let wanted = all.iter().filter(|movement| movement.time >= *from).cloned().collect();
            loaded.movements.push((level.clone(), wanted));
        }
        loaded.records = wants.records.iter().map(|seq| self.record(*seq).clone()).collect();
        for (sku, location) in &wants.holders {
            let holders = self.orders.values().filter(|order| order.is_promised(sku, location));
            let mut holders: Vec<&Order> = holders.collect();
            holders.sort_by_key(|order| std::cmp::Reverse((order.first_seq(), &order.order)));
            loaded.orders.extend(holders.into_iter().take(HOLDERS_MAX).cloned());
        }
        let asked = |conflict: &&Conflict| {
            let count = conflict.sku.clone().zip(conflict.count);
            conflict.status != ConflictStatus::Open
                && count.is_some_and(|count| wants.questions.contains(&count))
        };
        let wanted = wants.conflicts.iter().map(|id| self.conflict(*id));
        loaded.conflicts = wanted.chain(self.conflicts.values().filter(asked)).cloned().collect();
        loaded
    }

    fn known(&self, seq: u64) -> Known {
        let decided = self.finals.get(&seq).map_or(seq, |(_, decided)| *decided);
        Known {
            seq,
            fingerprint: self.record(seq).fingerprint,
            outcome: self.outcome(seq),
            decided,
            reversed_by: self.reversed.get(&decided).copied(),
        }
    }

    /// All events that wait for anything.
    pub fn all_waiting(&self) -> BTreeSet<u64> {
        self.waiting.iter().map(|(_, seq)| *seq).collect()
    }

    /// All orders.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// What events wait for, with the events.
    pub fn waiting(&self) -> impl Iterator<Item = (WaitKey, u64)> {
        self.waiting.iter().cloned()
    }

    /// The business facts that are held back.
    pub fn held(&self) -> impl Iterator<Item = &HeldFact> {
        self.held.values()
    }

    /// How many events wait for something.
    pub fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    /// A record of the journal.
    pub fn record(&self, seq: u64) -> &Record {
        let index = usize::try_from(seq - 1).expect("a journal fits in memory");
        &self.journal[index].record
    }

    /// What became of an event in the end, as far as it is decided.
    pub fn outcome(&self, seq: u64) -> Outcome {
        self.finals.get(&seq).map_or(self.record(seq).outcome, |(outcome, _)| *outcome)
    }

    /// Whether what an event did is taken back.
    pub fn is_reversed(&self, seq: u64) -> bool {
        self.reversed.contains_key(&seq)
    }

    /// An order.
    pub fn order(&self, order: &str) -> Option<&Order> {
        self.orders.get(order)
    }

    /// A transfer.
    pub fn transfer(&self, transfer: &str) -> Option<&Transfer> {
        self.transfers.get(transfer)
    }

    /// All transfers.
    pub fn transfers(&self) -> impl Iterator<Item = &Transfer> {
        self.transfers.values()
    }

    /// A reservation.
    pub fn reservation(&self, reservation: &str) -> Option<&Reservation> {
        self.reservations.get(reservation)
    }

    /// All reservations.
    pub fn reservations(&self) -> impl Iterator<Item = &Reservation> {
        self.reservations.values()
    }

    /// The timers, and when they are due.
    pub const fn timers(&self) -> &BTreeMap<Timer, Uptime> {
        &self.timers
    }

    /// All levels at which anything ever happened.
    pub fn levels(&self) -> impl Iterator<Item = (&Sku, &LocationId, &Level)> {
        self.levels.iter().map(|((sku, location), level)| (sku, location, level))
    }

    /// The open conflicts.
    pub fn open_conflicts(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.values().filter(|conflict| conflict.status == ConflictStatus::Open)
    }

    /// A conflict, open or not.
    pub fn conflict(&self, id: ConflictId) -> &Conflict {
        &self.conflicts[&id]
    }
}
