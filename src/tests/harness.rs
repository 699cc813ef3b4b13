//! Given, when, then: a ledger over a store in memory, driven as the processor drives it.

use std::ops::{Deref, DerefMut};

use onhand::conflict::{Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption};
use onhand::event::{ChannelDrift, Event, EventData};
use onhand::ledger::{Input, Processed, Refused};
use onhand::order::OrderLine;
use onhand::record::{Bucket, Outcome, Record};
use onhand::sim::host::Host;
use onhand::state::{Level, Settings};
use onhand::time::SECOND_US;
use onhand::wire::EventResult;

use crate::says::{Says, item, location, reported, start};

/// Longest journal that is replayed after every batch; longer ones are replayed on demand.
const REPLAYED_MAX: usize = 200;

/// A ledger with everything around it that a scenario needs.
pub struct World {
    host: Host,
    /// Whether the journal is replayed after every batch.
    pub replay_always: bool,
    ids: u64,
}

/// Scenarios look at the ledger, the store and the clock of their world.
impl Deref for World {
    type Target = Host;
    fn deref(&self) -> &Host {
        &self.host
    }
}

impl DerefMut for World {
    fn deref_mut(&mut self) -> &mut Host {
        &mut self.host
    }
}

impl World {
    /// A ledger that knows nothing, an hour after second 0.
    pub fn empty() -> Self {
        Self::with(Settings::default())
    }

    /// The same with other settings.
    pub fn with(settings: Settings) -> Self {
        let wall = start().plus_micros(3_600 * SECOND_US);
        Self { host: Host::new(settings, wall), replay_always: true, ids: 0 }
    }

    /// A ledger that knows the SKUs `TEA` and `MUG` and the locations `berlin` (rank 1), `hamburg`
    /// (rank 2) and `munich` (rank 3).
    pub fn new() -> Self {
        Self::new_with(Settings::default())
    }

    /// The same with other settings.
    pub fn new_with(settings: Settings) -> Self {
        let mut world = Self::with(settings);
        let ranked = [("berlin", 1), ("hamburg", 2), ("munich", 3)];
        world.post_all(ranked.map(|(name, rank)| location(name, rank)));
        world.post_all(["TEA", "MUG"].map(item));
        world
    }

    /// What the world is about, for a scenario that drives it itself.
    pub fn into_host(self) -> Host {
        self.host
    }

    /// What is given: events that are applied.
    pub fn given(mut self, events: impl IntoIterator<Item = Says>) -> Self {
        for result in self.post_all(events) {
            assert_eq!(result.outcome, Outcome::Applied, "{result:?}");
        }
        self
    }

    /// One event in a batch of its own.
    pub fn post(&mut self, says: Says) -> EventResult {
        self.batch([says]).remove(0)
    }

    /// Events one after another, each in a batch of its own.
    pub fn post_all(&mut self, events: impl IntoIterator<Item = Says>) -> Vec<EventResult> {
        events.into_iter().map(|says| self.post(says)).collect()
    }

    /// Events in one batch.
    pub fn batch(&mut self, events: impl IntoIterator<Item = Says>) -> Vec<EventResult> {
        let events = events.into_iter().map(|says| self.name(&says));
        let inputs: Vec<Input> = events.map(Input::Event).collect();
        self.inputs(&inputs)
    }

    /// The events of one request, which may share batch ids, in one batch.
    pub fn request(&mut self, events: impl IntoIterator<Item = Says>) -> Vec<EventResult> {
        let events = events.into_iter().map(|says| self.name(&says));
        let (inputs, places): (Vec<Input>, Vec<Vec<usize>>) =
            onhand::ledger::inputs(events.collect::<Vec<_>>()).into_iter().unzip();
        let results = self.inputs(&inputs);
        let mut results: Vec<_> = places.into_iter().flatten().zip(results).collect();
        results.sort_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// Events one after another in batches of these sizes, over and over.
    pub fn stream(&mut self, events: &[Says], sizes: &[usize]) {
        let events: Vec<Input> = events.iter().map(|says| Input::Event(self.name(says))).collect();
        self.stream_inputs(&events, sizes);
    }

    /// The same for inputs of any kind.
    pub fn stream_inputs(&mut self, inputs: &[Input], sizes: &[usize]) {
        let mut rest = inputs;
        let mut sizes = sizes.iter().cycle();
        while let (false, Some(size)) = (rest.is_empty(), sizes.next()) {
            let (batch, others) = rest.split_at(rest.len().min(*size));
            self.answers(batch);
            rest = others;
        }
    }

    fn name(&mut self, says: &Says) -> Event {
        self.ids += 1;
        says.event(&says.id.clone().unwrap_or_else(|| format!("auto-{}", self.ids)))
    }

    /// Events as inputs in one batch.
    pub fn inputs(&mut self, inputs: &[Input]) -> Vec<EventResult> {
        let processed = self.answers(inputs);
        let results = inputs.iter().zip(processed).flat_map(|answered| match answered {
            (Input::Event(event), processed) => vec![self.result(event, processed)],
            (Input::Group(events), Processed::Group(all)) => {
                events.iter().zip(all).map(|(event, one)| self.result(event, one)).collect()
            }
            (input, processed) => panic!("{input:?} is answered {processed:?}"),
        });
        results.collect()
    }

    fn result(&self, event: &Event, processed: Processed) -> EventResult {
        match processed {
            Processed::Recorded(index) => EventResult::recorded(&self.store.journal[index].record),
            Processed::Duplicate(original) => {
                EventResult::duplicate(&event.source, &event.id, original)
            }
            Processed::Invalid(errors) => EventResult::invalid(None, None, errors),
            other => panic!("{event:?} is answered {other:?}"),
        }
    }

    /// What Onhand finds on the channel `web`: a listing shows this, which nothing explains.
    pub fn report(&mut self, listing: &str, shown: i64, drift: ChannelDrift) -> EventResult {
        self.report_at(listing, shown, drift, 0)
    }

    /// The same at a second.
    pub fn report_at(
        &mut self,
        listing: &str,
        shown: i64,
        drift: ChannelDrift,
        at: i64,
    ) -> EventResult {
        let mut event = self.name(&reported("web", listing, shown).by("channel:web").at(at));
        if let EventData::ChannelLevelReported(level) = &mut event.data {
            level.drift = Some(Box::new(drift));
        }
        self.inputs(&[Input::Event(event)]).remove(0)
    }

    /// What a channel says of a listing that is not set up.
    pub fn report_unlisted(&mut self, listing: &str, shown: i64) -> EventResult {
        let mut event = self.name(&reported("web", listing, shown));
        if let EventData::ChannelLevelReported(level) = &mut event.data {
            level.unlisted = true;
        }
        self.inputs(&[Input::Event(event)]).remove(0)
    }

    /// Inputs of any kind in one batch.
    pub fn answers(&mut self, inputs: &[Input]) -> Vec<Processed> {
        self.commit(inputs, "token:test")
    }

    fn commit(&mut self, inputs: &[Input], actor: &str) -> Vec<Processed> {
        let processed = self.host.batch(inputs, actor);
        if self.replay_always && self.store.journal.len() <= REPLAYED_MAX {
            self.verify();
        }
        processed
    }

    /// A person's decision on a conflict as it is now.
    pub fn resolve(
        &mut self,
        conflict: &Conflict,
        option: ResolutionOption,
    ) -> Result<Record, Refused> {
        self.choose(choice(conflict, option))
    }

    /// A person's decision.
    pub fn choose(&mut self, choice: Choice) -> Result<Record, Refused> {
        let input = Input::Resolve(choice);
        match self.commit(&[input], "user:mia@example.com").remove(0) {
            Processed::Recorded(index) => Ok(self.store.journal[index].record.clone()),
            Processed::Refused(refused) => Err(refused),
            other => panic!("{other:?}"),
        }
    }

    /// A level.
    pub fn level(&self, sku: &str, location: &str) -> Level {
        let state = self.ledger.state();
        let sku = state.catalogue().sku(&sku.parse().unwrap()).expect("the SKU is known");
        let location = state.catalogue().location(&location.parse().unwrap());
        state.level(sku, location.expect("the location is known")).clone()
    }

    pub fn on_hand(&self, sku: &str, location: &str) -> i64 {
        self.level(sku, location).get(Bucket::OnHand)
    }

    pub fn committed(&self, sku: &str, location: &str) -> i64 {
        self.level(sku, location).get(Bucket::Committed)
    }

    pub fn reserved(&self, sku: &str, location: &str) -> i64 {
        self.level(sku, location).get(Bucket::Reserved)
    }

    pub fn available(&self, sku: &str, location: &str) -> i64 {
        self.level(sku, location).available()
    }

    pub fn version(&self, sku: &str, location: &str) -> u64 {
        self.level(sku, location).version
    }

    /// A line of an order.
    pub fn order_line(&self, order: &str, line: &str) -> OrderLine {
        let order = self.store.order(order).expect("the order is known");
        order
            .lines
            .iter()
            .find(|known| known.line.as_str() == line)
            .expect("so is its line")
            .clone()
    }

    /// A transfer.
    pub fn transfer(&self, transfer: &str) -> &onhand::transfer::Transfer {
        self.store.transfer(transfer).expect("the transfer is known")
    }

    /// The open conflicts of a kind, oldest first.
    pub fn open(&self, kind: ConflictKind) -> Vec<Conflict> {
        let open = self.ledger.state().open_conflicts();
        open.filter(|conflict| conflict.kind == kind).cloned().collect()
    }

    /// The only open conflict.
    pub fn conflict(&self) -> Conflict {
        let mut open = self.ledger.state().open_conflicts();
        let conflict = open.next().expect("a conflict is open").clone();
        assert_eq!(open.next(), None, "no other is open");
        conflict
    }

    /// Asserts that no conflict is open.
    pub fn quiet(&self) {
        let open: Vec<_> = self.ledger.state().open_conflicts().collect();
        assert!(open.is_empty(), "{open:?}");
    }

    /// Where a conflict, open or not, stands.
    pub fn status(&self, conflict: &Conflict) -> ConflictStatus {
        self.store.conflict(conflict.id).status
    }

    /// What has become of a recorded event by now.
    pub fn outcome(&self, result: &EventResult) -> Outcome {
        self.store.outcome(result.seq.expect("it is in the journal"))
    }
}

/// An option on a conflict as it is, with nothing further.
pub fn choice(conflict: &Conflict, option: ResolutionOption) -> Choice {
    Choice {
        conflict: conflict.id,
        option,
        expected_version: conflict.version,
        note: None,
        sku: None,
        location: None,
        lines: Vec::new(),
    }
}
