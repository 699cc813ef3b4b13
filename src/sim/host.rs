//! Drives a ledger as the processor does, over a store in memory, and checks on the way what has
//! to hold of every batch.

use super::store::Store;
use crate::conflict::Choice;
use crate::digest;
use crate::journal;
use crate::ledger::{Batch, Input, Ledger, Processed};
use crate::state::{Settings, State};
use crate::time::Timestamp;

/// Events released in one batch.
const RELEASE_BATCH: usize = 1_024;

/// A ledger with its store and its clock.
#[derive(Debug)]
pub struct Host {
    /// The ledger.
    pub ledger: Ledger,
    /// Where its batches go.
    pub store: Store,
    /// The server's clock.
    pub wall: Timestamp,
    /// Whether each batch is undone and decided again before it is kept, which must leave no
    /// trace.
    pub twice: bool,
    settings: Settings,
}

impl Host {
    /// An empty ledger.
    pub fn new(settings: Settings, wall: Timestamp) -> Self {
        let ledger = Ledger::new(State::new(settings));
        Self { ledger, store: Store::default(), wall, twice: true, settings }
    }

    /// Decides and commits one batch.
    pub fn batch(&mut self, inputs: &[Input], actor: &str) -> Vec<Processed> {
        let first = self.twice.then(|| self.try_out(inputs, actor));
        let processed = self.process(inputs, actor);
        let batch = self.ledger.finish();
        if let Some(first) = first {
            assert!(bytes(&first).eq(bytes(&batch)), "deciding again decides the same");
        }
        self.store.commit(batch, &self.ledger);
        self.ledger.keep();
        processed
    }

    /// Decides a batch and undoes it.
    fn try_out(&mut self, inputs: &[Input], actor: &str) -> Batch {
        let before = self.ledger.state().clone();
        self.process(inputs, actor);
        let batch = self.ledger.finish();
        self.ledger.undo();
        assert!(*self.ledger.state() == before, "undoing a batch leaves no trace");
        batch
    }

    fn process(&mut self, inputs: &[Input], actor: &str) -> Vec<Processed> {
        let wants = self.ledger.wants(inputs);
        self.ledger.load(self.store.fetch(&wants));
        inputs.iter().map(|input| self.ledger.process(input, actor, self.wall)).collect()
    }

    /// How many of these inputs it takes until one wakes what has been waiting; all of them, if
    /// none does.
    pub fn until_woken(&mut self, inputs: &[Input], actor: &str) -> usize {
        self.ledger.load(self.store.fetch(&self.ledger.wants(inputs)));
        let waking = inputs.iter().position(|input| {
            self.ledger.process(input, actor, self.wall);
            self.ledger.state().next_woken().is_some()
        });
        self.ledger.undo();
        waking.map_or(inputs.len(), |index| index + 1)
    }

    /// Decides again what waited for something that has come.
    pub fn release(&mut self) {
        while let Some((on, discard)) = self.ledger.state().next_woken() {
            let on = on.clone();
            let held = self.store.waiting(&on, RELEASE_BATCH);
            assert!(!held.is_empty(), "nothing is woken for {on} unless something waits");
            let inputs: Vec<Input> = held
                .into_iter()
                .map(|held| Input::Release { held: Box::new(held), on: on.clone(), discard })
                .collect();
            self.batch(&inputs, "onhand");
        }
    }

    /// A choice with the event that its conflict is about.
    pub fn resolution(&self, choice: Choice) -> Input {
        let conflict = self.ledger.state().open_conflict(choice.conflict);
        let held = conflict.and_then(|conflict| conflict.events.last());
        let held = held.map(|event| Box::new(self.store.record(event.seq).clone()));
        Input::Resolve { choice, held }
    }

    /// A replay of the journal, from its stored bytes, leads to the present state.
    pub fn verify(&self) {
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
        let (replayed, present) = (ledger.state(), self.ledger.state());
        assert_eq!(digest::of_state(replayed), digest::of_state(present), "a replay leads here");
        for order in ledger.orders() {
            assert_eq!(Some(order), self.store.order(order.order.as_str()));
        }
        let waiting: u64 = present.waiting().values().sum();
        assert_eq!(self.store.waiting_count() as u64, waiting, "the state counts what waits");
    }
}

fn bytes(batch: &Batch) -> impl Iterator<Item = &[u8]> {
    batch.entries.iter().map(|entry| entry.bytes.as_slice())
}
