//! The journal, what a replay of it leads to, and what batches need of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use onhand::conflict::{Conflict, ConflictStatus};
use onhand::history::{self, Step};
use onhand::id::{
    ConflictId, EventId, LocationId, OrderId, ReservationId, Sku, Source, TransferId,
};
use onhand::journal::{self, Chain};
use onhand::ledger::Ledger;
use onhand::order::Order;
use onhand::record::{Change, Outcome, Record};
use onhand::reservation::Reservation;
use onhand::state::{HOLDERS_MAX, Known, Loaded, State, Wants};
use onhand::time::Uptime;
use onhand::transfer::Transfer;

use crate::store::StoreError;
use crate::store::rows::Rows;

/// All that is durable.
#[derive(Debug, Default)]
pub(super) struct Book {
    replayed: Ledger,
    pub(super) lines: Vec<Line>,
    /// Last outcomes, with the records that decided them.
    pub(super) finals: BTreeMap<u64, (Outcome, u64)>,
    /// Records whose effects are taken back, with those that do so.
    pub(super) reversals: BTreeMap<u64, u64>,
    pub(super) names: HashMap<(Source, EventId), Vec<u64>>,
    pub(super) steps: BTreeMap<(Sku, LocationId), Vec<Step>>,
    pub(super) conflicts: BTreeMap<ConflictId, Conflict>,
    orders: BTreeMap<OrderId, Order>,
    transfers: BTreeMap<TransferId, Transfer>,
    reservations: BTreeMap<ReservationId, Reservation>,
    /// What was noted of how long the ledger has been served.
    pub(super) served: Uptime,
}

/// A record of the journal as it is stored, and as it is read.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) record: Record,
    pub(super) bytes: Vec<u8>,
    pub(super) chain: Chain,
}

impl Book {
    pub(super) const fn state(&self) -> &State {
        self.replayed.state()
    }

    pub(super) fn note_served(&mut self, uptime: Uptime) {
        self.served = self.served.max(uptime);
    }

    /// Writes a batch: its records, and what these lead to.
    pub(super) fn commit(&mut self, rows: &Rows<'_>) -> Result<(), StoreError> {
        let next = self.state().head().seq + 1;
        if rows.entries.first().is_some_and(|entry| entry.record.seq != next) {
            return Err(StoreError::Failed(format!("the next record is #{next}")));
        }
        for entry in rows.entries {
            let record = journal::decode(&entry.bytes);
            let record = record.map_err(|error| StoreError::Damaged(error.to_string()))?;
            self.replayed.replay(&record, &entry.bytes);
            self.note(&record);
            let (bytes, chain) = (entry.bytes.clone(), entry.chain);
            self.lines.push(Line { record, bytes, chain });
        }
        let changed: BTreeSet<&OrderId> = rows.orders.iter().map(|order| &order.order).collect();
        let orders = self.replayed.orders().filter(|order| changed.contains(&order.order));
        self.orders.extend(orders.map(|order| (order.order.clone(), order.clone())));
        let changed: BTreeSet<&TransferId> =
            rows.transfers.iter().map(|transfer| &transfer.transfer).collect();
        let transfers = self.replayed.transfers().filter(|it| changed.contains(&it.transfer));
        self.transfers.extend(transfers.map(|it| (it.transfer.clone(), it.clone())));
        self.compare(rows);
        Ok(())
    }

    /// The rows that another store would write are what the journal leads to.
    fn compare(&self, rows: &Rows<'_>) {
        let state = self.state();
        assert_eq!(*state.head(), rows.head, "a batch ends where its records lead");
        let catalogue = state.catalogue();
        for (sku, location, level) in &rows.levels {
            let key = (sku.parse().ok(), location.parse().ok());
            let (Some(sku), Some(location)) = key else { panic!("{key:?} are no names") };
            let key = (catalogue.sku(&sku), catalogue.location(&location));
            let (Some(sku_number), Some(location_number)) = key else { panic!("{key:?} is known") };
            let replayed = state.level(sku_number, location_number);
            assert_eq!(*level, replayed, "the level of {sku} at {location}");
        }
        for order in &rows.orders {
            assert_eq!(Some(*order), self.orders.get(&order.order), "the order");
        }
        for transfer in &rows.transfers {
            assert_eq!(Some(*transfer), self.transfers.get(&transfer.transfer), "the transfer");
        }
        for conflict in &rows.conflicts {
            assert_eq!(Some(*conflict), self.conflicts.get(&conflict.id), "the conflict");
        }
        for (seq, said) in &rows.held {
            assert_eq!(*said, state.held_facts().of_event(*seq), "what is held back");
        }
        if let Some(woken) = &rows.woken {
            assert!(state.waiting().woken().eq(woken.iter().copied()), "what has come");
        }
    }

    fn note(&mut self, record: &Record) {
        let envelope = &record.envelope;
        let name = (envelope.source.clone(), envelope.id.clone());
        self.names.entry(name).or_default().push(record.seq);
        for (sku, location, step) in history::steps(record) {
            let level = (sku.clone(), location.clone());
            self.steps.entry(level).or_default().push(step);
        }
        for change in &record.changes {
            match change {
                Change::Conflict(conflict) => {
                    self.conflicts.insert(conflict.id, conflict.as_ref().clone());
                }
                Change::Reservation(reservation) => {
                    let id = reservation.reservation.clone();
                    self.reservations.insert(id, reservation.as_ref().clone());
                }
                Change::Final { seq, outcome, decided, .. } => {
                    self.finals.insert(*seq, (*outcome, decided.unwrap_or(record.seq)));
                }
                Change::Reversed { seq, by: Some(by), .. } => {
                    self.reversals.insert(*seq, *by);
                }
                Change::Reversed { seq, by: None, .. } => {
                    self.reversals.remove(seq);
                }
                _ => {}
            }
        }
    }

    /// A line of the journal by its place.
    pub(super) fn line(&self, seq: u64) -> Option<&Line> {
        self.lines.get(usize::try_from(seq.checked_sub(1)?).ok()?)
    }

    /// What became of a record in the end, as far as it is decided.
    pub(super) fn outcome(&self, record: &Record) -> Outcome {
        self.finals.get(&record.seq).map_or(record.outcome, |(outcome, _)| *outcome)
    }

    /// An order.
    pub(super) fn order(&self, order: &OrderId) -> Option<Order> {
        self.orders.get(order).cloned()
    }

    /// A transfer.
    pub(super) fn transfer(&self, transfer: &TransferId) -> Option<Transfer> {
        self.transfers.get(transfer).cloned()
    }

    /// What is wanted for a batch.
    pub(super) fn fetch(&self, wants: &Wants) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded::default();
        for name in &wants.ids {
            for line in self.lines_of(name) {
                loaded.known.push((name.clone(), self.known(&line.record)));
            }
        }
        loaded.orders = wants.orders.iter().filter_map(|order| self.order(order)).collect();
        let reservations = wants.reservations.iter();
        loaded.reservations =
            reservations.filter_map(|id| self.reservations.get(id)).cloned().collect();
        loaded.transfers = wants.transfers.iter().filter_map(|it| self.transfer(it)).collect();
        for (level, from) in &wants.movements {
            let steps = self.steps.get(level).into_iter().flatten();
            let steps = steps.filter(|step| step.occurred_at >= *from);
            loaded.movements.push((level.clone(), steps.flat_map(Step::movements).collect()));
        }
        for seq in &wants.records {
            let missing = || StoreError::Damaged(format!("the journal lacks record {seq}"));
            loaded.records.push(self.line(*seq).ok_or_else(missing)?.record.clone());
        }
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
        let conflicts = wants.conflicts.iter().filter_map(|id| self.conflicts.get(id));
        let conflicts = conflicts.chain(self.conflicts.values().filter(asked));
        loaded.conflicts = conflicts.cloned().collect();
        Ok(loaded)
    }

    fn known(&self, record: &Record) -> Known {
        let seq = record.seq;
        let decided = self.finals.get(&seq).map_or(seq, |(_, decided)| *decided);
        Known {
            seq,
            fingerprint: record.fingerprint,
            outcome: self.outcome(record),
            decided,
            reversed_by: self.reversals.get(&decided).copied(),
        }
    }

    /// The lines recorded under an event's name, oldest first.
    pub(super) fn lines_of(&self, name: &(Source, EventId)) -> impl Iterator<Item = &Line> {
        self.names.get(name).into_iter().flatten().filter_map(|seq| self.line(*seq))
    }
}
