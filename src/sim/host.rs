//! Drives a ledger as the processor does, over a store in memory, and checks on the way what has
//! to hold of every batch.

use super::store::Store;
use crate::digest;
use crate::journal;
use crate::ledger::{Batch, Input, Ledger, Processed, RELEASES_MAX, Step};
use crate::state::{Restoring, Settings, Snapshot, State};
use crate::time::{Now, SECOND_US, Timestamp, Uptime};

/// A ledger with its store and its clock.
#[derive(Debug)]
pub struct Host {
    /// The ledger.
    pub ledger: Ledger,
    /// Where its batches go.
    pub store: Store,
    /// The server's wall clock.
    pub wall: Timestamp,
    /// How long the ledger has been served.
    pub uptime: Uptime,
    /// Whether each batch is undone and decided again before it is kept, which must leave no
    /// trace.
    pub twice: bool,
    /// How many times the last batch had something loaded.
    pub loads: usize,
    settings: Settings,
}

impl Host {
    /// An empty ledger.
    pub fn new(settings: Settings, wall: Timestamp) -> Self {
        let ledger = Ledger::new(State::new(settings));
        let (store, uptime) = (Store::default(), Uptime::default());
        Self { ledger, store, wall, uptime, twice: true, loads: 0, settings }
    }

    /// What the clocks show.
    pub const fn now(&self) -> Now {
        Now { wall: self.wall, uptime: self.uptime }
    }

    /// Lets time pass while the ledger is served, then records what has come due.
    pub fn pass(&mut self, seconds: i64) {
        self.wall = self.wall.plus_micros(seconds * SECOND_US);
        self.uptime = self.uptime.plus_seconds(seconds);
        self.come_due();
    }

    /// Records what has come due.
    pub fn come_due(&mut self) {
        loop {
            let due = self.ledger.due(self.uptime, RELEASES_MAX);
            if due.is_empty() {
                return;
            }
            let inputs: Vec<Input> = due.into_iter().map(Input::Timer).collect();
            for processed in self.batch(&inputs, "onhand") {
                assert!(matches!(processed, Processed::Recorded(_)), "{processed:?}");
            }
        }
    }

    /// Has inputs decided and committed: in one batch, or in as many as their releases take. What
    /// is recorded is counted from the start of the journal.
    pub fn batch(&mut self, inputs: &[Input], actor: &str) -> Vec<Processed> {
        let inputs: Vec<(&Input, &str)> = inputs.iter().map(|input| (input, actor)).collect();
        let mut answers = Vec::with_capacity(inputs.len());
        loop {
            let before = self.store.journal.len();
            let (processed, more) = self.transaction(&inputs[answers.len()..]);
            answers.extend(processed.into_iter().map(|processed| counted_from(before, processed)));
            if !more {
                return answers;
            }
        }
    }

    /// Decides and commits one batch; says whether more is to be released.
    fn transaction(&mut self, inputs: &[(&Input, &str)]) -> (Vec<Processed>, bool) {
        let first = self.twice.then(|| self.try_out(inputs));
        let processed = self.process(inputs);
        let recorded = self.ledger.records().len();
        let batch = self.ledger.finish();
        assert_eq!(batch.entries.len(), recorded, "all that is recorded is written");
        if let Some(first) = first {
            assert!(bytes(&first).eq(bytes(&batch)), "deciding again decides the same");
        }
        self.store.commit(batch, &self.ledger);
        self.ledger.keep();
        processed
    }

    /// Decides a batch and undoes it.
    fn try_out(&mut self, inputs: &[(&Input, &str)]) -> Batch {
        let before = self.ledger.state().clone();
        self.process(inputs);
        let batch = self.ledger.finish();
        self.ledger.undo();
        assert!(*self.ledger.state() == before, "undoing a batch leaves no trace");
        batch
    }

    fn process(&mut self, inputs: &[(&Input, &str)]) -> (Vec<Processed>, bool) {
        let mut processed = Vec::with_capacity(inputs.len());
        self.loads = 0;
        let now = self.now();
        loop {
            match self.ledger.advance(inputs, &mut processed, now) {
                Step::Load(wants) => {
                    self.loads += 1;
                    self.ledger.load(&wants, self.store.fetch(&wants));
                }
                Step::Full => return (processed, true),
                Step::Done => return (processed, false),
            }
        }
    }

    /// Forgets everything but the store, as a stop does, and starts from its journal.
    pub fn restart(&mut self) {
        self.ledger = self.replayed();
        self.ledger.keep();
    }

    /// The ledger to which the journal leads, read from its stored bytes.
    pub fn replayed(&self) -> Ledger {
        let mut ledger = Ledger::new(State::new(self.settings));
        for (index, entry) in self.store.journal.iter().enumerate() {
            let record = journal::decode(&entry.bytes);
            let record = record.unwrap_or_else(|error| panic!("record {}: {error}", index + 1));
            assert_eq!(record, entry.record, "a record is read as it was written");
            assert_eq!(journal::encode(&record), entry.bytes, "and written as it was read");
            assert_eq!(record.seq, index as u64 + 1, "the journal has no gaps");
            ledger.replay(&record, &entry.bytes);
            assert_eq!(ledger.state().head().chain, entry.chain, "the chain holds");
        }
        ledger
    }

    /// The state as a start finds it in the store's tables.
    fn restored(&self) -> State {
        let present = self.ledger.state();
        let catalogue = present.catalogue();
        let (items, locations) = (catalogue.items().to_vec(), catalogue.locations().to_vec());
        let mut restoring = Restoring::begin(self.settings, items, locations);
        for (sku, location, level) in self.store.levels() {
            let taken = restoring.level(sku.as_str(), location.as_str(), level.clone());
            taken.expect("the store knows the item and the location");
        }
        let aliases = (
            catalogue.sku_aliases().clone(),
            catalogue.location_aliases().clone(),
            catalogue.listing_aliases().clone(),
        );
        let woken = present.waiting().woken().map(|(on, discard)| (on.clone(), discard));
        restoring.finish(Snapshot {
            head: *present.head(),
            sku_aliases: aliases.0.into_iter().collect(),
            location_aliases: aliases.1.into_iter().collect(),
            listing_aliases: aliases.2.into_iter().collect(),
            conflicts: self.store.open_conflicts().cloned().collect(),
            waiting: self.store.waiting().collect(),
            held: self.store.held().cloned().collect(),
            woken: woken.collect(),
            timers: self.store.timers().clone().into_iter().collect(),
        })
    }

    /// A replay of the journal leads to the present state, and so does a start from the tables.
    pub fn verify(&self) {
        assert!(
            self.restored() == self.ledger.state().at_rest(self.settings),
            "a start leads here"
        );
        let ledger = self.replayed();
        let (replayed, present) = (ledger.state(), self.ledger.state());
        assert_eq!(digest::of_state(replayed), digest::of_state(present), "a replay leads here");
        for order in ledger.orders() {
            assert_eq!(Some(order), self.store.order(order.order.as_str()));
        }
        for transfer in ledger.transfers() {
            assert_eq!(Some(transfer), self.store.transfer(transfer.transfer.as_str()));
        }
        for reservation in ledger.reservations() {
            let id = reservation.reservation.as_str();
            assert_eq!(Some(reservation), self.store.reservation(id));
        }
        let timers = present.schedule().iter().map(|(at, timer)| (timer.clone(), at)).collect();
        assert_eq!(*self.store.timers(), timers, "the store knows the timers");
        let waiting = present.waiting().all().map(|(on, seq)| (on.clone(), seq));
        assert!(waiting.eq(self.store.waiting()), "the state knows what waits");
    }
}

fn bytes(batch: &Batch) -> impl Iterator<Item = &[u8]> {
    batch.entries.iter().map(|entry| entry.bytes.as_slice())
}

/// The same, with what is recorded counted from the start of the journal.
fn counted_from(before: usize, processed: Processed) -> Processed {
    match processed {
        Processed::Recorded(index) => Processed::Recorded(before + index),
        Processed::Group(events) => {
            let events = events.into_iter().map(|processed| counted_from(before, processed));
            Processed::Group(events.collect())
        }
        other => other,
    }
}
