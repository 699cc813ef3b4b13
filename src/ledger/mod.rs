//! One ledger: its state and the batch in progress. The host gives it inputs one after another and
//! writes what [`Ledger::finish`] hands out in one transaction; only then is the batch kept.

mod batch;
mod going_on;
mod group;
mod guard;
mod process;
mod sight;
mod wants;
mod whole;

use std::collections::BTreeMap;

use crate::apply::apply;
use crate::conflict::Choice;
pub use crate::decide::Refused;
use crate::decide::time_of_held;
use crate::event::{Event, FieldError};
use crate::id::{EventId, Source};
use crate::journal;
use crate::order::Order;
use crate::record::{Bucket, Change, Original, Outcome, Record, Timer};
use crate::reservation::Reservation;
use crate::state::{Due, Known, Level, Loaded, LocIx, Movement, Settings, SkuIx, State, Wants};
use crate::time::{Now, Uptime};
use crate::transfer::Transfer;

pub use batch::{Batch, Entry};
use going_on::{GoingOn, Release};
pub use group::inputs;
use group::{Group, Place, TriedOut};
use guard::{Broken, Culprit};
pub(crate) use sight::Sight;

/// Events released in one transaction; the others go on in the next ones.
pub const RELEASES_MAX: usize = 1_024;

/// Events that wait for one order, or one shipment, and go on in the order in which they happened;
/// of more, the first ones go on in the order in which they came.
const SORTED_MAX: usize = 256;

/// Something for the processor to decide.
#[derive(Debug, Clone)]
pub enum Input {
    /// What a source says.
    Event(Event),
    /// What a source says in one go: the events of one request that share a batch id.
    Group(Vec<Event>),
    /// A person's decision.
    Resolve(Choice),
    /// A timer that is due.
    Timer(Timer),
}

/// What became of an input.
#[derive(Debug)]
pub enum Processed {
    /// It is in the journal, once the batch is committed: the entry of this index in the batch.
    Recorded(usize),
    /// It came before. True only once the batch is committed, since the first may be part of it.
    Duplicate(Original),
    /// It does not fit; nothing is recorded.
    Invalid(Vec<FieldError>),
    /// What became of each event of the group.
    Group(Vec<Processed>),
    /// The resolution is not taken; nothing is recorded.
    Refused(Refused),
    /// The timer is not due, or no longer; nothing is recorded.
    NotDue,
}

/// What the host has to do for a ledger to go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Load this, hand it to [`Ledger::load`], and go on. Boxed: it is large, and most that is
    /// decided needs nothing.
    Load(Box<Wants>),
    /// End the batch here and go on in the next one: more events are to be released than one
    /// transaction takes, and they go before any further input; or the last event could not be
    /// handled.
    Full,
    /// Nothing: all inputs are decided, and all that they have woken.
    Done,
}

/// A ledger.
#[derive(Debug)]
pub struct Ledger {
    state: State,
    /// What the batch in progress has recorded.
    records: Vec<Record>,
    /// Events released in this batch.
    releases: usize,
    /// The group in progress.
    group: Option<Group>,
    /// The events that go on together at present. Boxed: it is rare.
    going_on: Option<Box<GoingOn>>,
    /// The groups of this batch that are to be held.
    held: BTreeMap<Place, TriedOut>,
    /// What could not be handled in this batch, and what the panic said.
    broken: BTreeMap<Culprit, String>,
    /// What the batch was last begun again for: it ends there.
    cut: Option<Culprit>,
    /// Whether it has come that far.
    is_over: bool,
}

impl Ledger {
    /// Takes over a state as a store remembers it.
    pub fn new(state: State) -> Self {
        Self {
            state,
            records: Vec::new(),
            releases: 0,
            group: None,
            going_on: None,
            held: BTreeMap::new(),
            broken: BTreeMap::new(),
            cut: None,
            is_over: false,
        }
    }

    /// The state, with what the batch in progress has changed.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What the batch in progress has recorded.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// What a decision can look at.
    fn sight(&self) -> Sight<'_> {
        Sight { state: &self.state, records: &self.records }
    }

    /// A record of the batch in progress, or one that was loaded for it.
    fn record(&self, seq: u64) -> Option<&Record> {
        self.sight().record(seq)
    }

    /// Takes in what was loaded for the batch. What the batch itself has made of it since stands.
    pub fn load(&mut self, asked: &Wants, loaded: Loaded) {
        let Loaded { mut known, orders, transfers, reservations, movements, records, conflicts } =
            loaded;
        if !known.is_empty() {
            self.bring_up_to_date(&mut known);
        }
        self.state.working.load_known(&asked.ids, known);
        self.state.working.load_orders(&asked.orders, orders);
        self.state.working.load_transfers(&asked.transfers, transfers);
        self.state.working.load_reservations(&asked.reservations, reservations);
        for ((sku, location), mut movements) in movements {
            let Some(from) = asked.movements.get(&(sku.clone(), location.clone())) else {
                continue;
            };
            let catalogue = &self.state.catalogue;
            let names = (catalogue.sku(&sku), catalogue.location(&location));
            let (Some(sku_number), Some(location_number)) = names else { continue };
            let here = |effect: &&crate::record::Effect| {
                effect.state == Bucket::OnHand && effect.sku == sku && effect.location == location
            };
            let absorbed = |change: &&Change| {
                matches!(change, Change::Absorbed { sku: item, location: place, .. }
                    if *item == sku && *place == location)
            };
            for record in &self.records {
                let effects = record.effects.iter().filter(here);
                let own = effects.filter_map(|effect| Movement::of(record, effect));
                let changes = record.changes.iter().filter(absorbed);
                let back = changes.filter_map(|change| Movement::of_change(record, change));
                movements.extend(own.chain(back).filter(|movement| movement.time >= *from));
            }
            self.state.working.load_movements((sku_number, location_number), *from, movements);
        }
        self.state.working.load_records(records);
        self.state.working.load_conflicts(conflicts);
        self.state.working.load_questions(&asked.questions);
        self.state.working.load_holders(&asked.holders);
    }

    /// Adds what the batch in progress has decided of earlier events.
    fn bring_up_to_date(&self, known: &mut [((Source, EventId), Known)]) {
        let mut decided: BTreeMap<u64, (Outcome, u64)> = BTreeMap::new();
        let mut reversed: BTreeMap<u64, Option<u64>> = BTreeMap::new();
        for record in &self.records {
            for change in &record.changes {
                match change {
                    Change::Final { seq, outcome, decided: by, .. } => {
                        decided.insert(*seq, (*outcome, by.unwrap_or(record.seq)));
                    }
                    Change::Reversed { seq, by, .. } => {
                        reversed.insert(*seq, *by);
                    }
                    _ => {}
                }
            }
        }
        for (_, known) in known {
            if let Some((outcome, seq)) = decided.get(&known.seq) {
                known.decide(*outcome, *seq);
            }
            if let Some(by) = reversed.get(&known.decided) {
                known.reversed_by = *by;
            }
        }
    }

    /// Decides inputs one after another, each by an actor, from the first that is not `processed`
    /// in this batch yet, and after each all the events that it has woken: what waited goes on
    /// before anything new, so it makes no difference how inputs are put into batches. Ends where
    /// the host has something to do.
    ///
    /// The time of recording and the time of service never go back, whatever the clocks do.
    ///
    /// An event that a rule panics on is flagged as poison, and the others go on. If that is found
    /// out too late to go on, the batch is begun again, and `processed` with it.
    pub fn advance(
        &mut self,
        inputs: &[(&Input, &str)],
        processed: &mut Vec<Processed>,
        now: Now,
    ) -> Step {
        loop {
            match self.go_on(inputs, processed, now) {
                Ok(step) => return step,
                Err(Broken { culprit, message }) => {
                    self.start_over();
                    processed.clear();
                    self.broken.insert(culprit, message);
                    self.cut = Some(culprit);
                }
            }
        }
    }

    fn go_on(
        &mut self,
        inputs: &[(&Input, &str)],
        processed: &mut Vec<Processed>,
        now: Now,
    ) -> Result<Step, Broken> {
        loop {
            let rest = &inputs[processed.len()..];
            let wants =
                |ledger: &Self| Box::new(ledger.wants(rest.iter().map(|(input, _)| *input)));
            if let Some(going_on) = self.going_on.take() {
                if !self.advance_going_on(going_on, processed, now)? {
                    return Ok(Step::Load(wants(self)));
                }
                continue;
            }
            // What a group wakes goes on after the whole of it.
            let due = if self.group.is_some() { None } else { self.next_due() };
            let is_over = self.is_over && self.group.is_none();
            if is_over && (due.is_some() || !rest.is_empty()) {
                return Ok(Step::Full);
            }
            if let Some(due) = due {
                match self.release_next(&due, now)? {
                    Release::Done => {}
                    Release::Missing => return Ok(Step::Load(wants(self))),
                    Release::Full => return Ok(Step::Full),
                }
            } else if let Some((Input::Group(events), actor)) = rest.first() {
                if !self.advance_group(events, actor, processed, now)? {
                    return Ok(Step::Load(wants(self)));
                }
            } else if let Some((input, actor)) = rest.first() {
                let culprit = Culprit::Input(processed.len());
                let event = if let Input::Event(event) = input { Some(event) } else { None };
                if !self.is_ready(culprit, event, |ledger| ledger.has_all_for(input)) {
                    return Ok(Step::Load(wants(self)));
                }
                let done = self.process(culprit, input, actor, now)?;
                processed.push(done);
            } else {
                return Ok(Step::Done);
            }
        }
    }

    /// The next event whose waiting is over. What waited for the same order, or for the same
    /// shipment, goes on in the order in which it happened: what comes back was shipped before.
    fn next_due(&self) -> Option<Due> {
        let due = self.state.waiting.next_due()?;
        let events = self.in_order_of_time(&due);
        let held = |seq: &u64| self.record(*seq);
        // One that is not at hand is asked for first.
        let missing = events.iter().find(|seq| held(seq).is_none()).copied();
        let first = missing.or_else(|| {
            let time = |held: &Record| time_of_held(held, &self.state.settings);
            events.into_iter().min_by_key(|seq| (held(seq).map(time), *seq))
        });
        Some(Due { seq: first.unwrap_or(due.seq), ..due })
    }

    /// The events of which the earliest goes on next; none, where they go on in the order of the
    /// journal.
    fn in_order_of_time(&self, due: &Due) -> Vec<u64> {
        if !due.on.times_out() {
            return Vec::new();
        }
        let events: Vec<u64> = self.state.waiting.on(&due.on).take(SORTED_MAX + 1).collect();
        if events.len() > SORTED_MAX { Vec::new() } else { events }
    }

    /// The timers that are due by now, at most `limit`, in the order in which they are due.
    pub fn due(&self, uptime: Uptime, limit: usize) -> Vec<Timer> {
        let due = self.state.schedule.iter().take_while(|(at, _)| *at <= uptime);
        due.take(limit).map(|(_, timer)| timer.clone()).collect()
    }

    /// When a timer will be due next.
    pub fn next_timer(&self) -> Option<Uptime> {
        self.state.schedule.iter().next().map(|(at, _)| at)
    }

    /// Ends the batch: writes its records in their stored form, chains them, and hands out what it
    /// changed. It is kept by [`Ledger::keep`] or undone by [`Ledger::undo`]; until then nothing
    /// else may be processed.
    pub fn finish(&mut self) -> Batch {
        let mut chain = self.state.head.chain;
        let seal = |record| {
            let bytes = journal::encode(&record);
            chain = chain.after(&bytes);
            Entry { record, bytes, chain }
        };
        let entries = std::mem::take(&mut self.records).into_iter().map(seal).collect();
        self.state.head.chain = chain;
        Batch { entries, head: self.state.head }
    }

    /// The batch is durable.
    pub fn keep(&mut self) {
        self.forget();
        self.releases = 0;
        self.state.undo.clear();
        self.state.working.clear();
    }

    /// The batch is not durable: it never happened.
    pub fn undo(&mut self) {
        self.forget();
        self.start_over();
    }

    /// Forgets what was found out about the batch while it was tried.
    fn forget(&mut self) {
        self.held.clear();
        self.broken.clear();
        (self.cut, self.is_over) = (None, false);
    }

    /// Goes back to the beginning of the batch.
    fn start_over(&mut self) {
        self.releases = 0;
        self.group = None;
        self.going_on = None;
        self.is_over = false;
        self.records.clear();
        self.state.roll_back();
    }

    /// What each level that the batch in progress has changed was before the batch, for the store;
    /// `None` where nothing had happened yet.
    pub fn levels_before(&self) -> BTreeMap<(SkuIx, LocIx), Option<&Level>> {
        self.state.levels_before()
    }

    /// The low-stock mark of each item that the batch in progress has changed, as it was before the
    /// batch, for the store.
    pub fn low_stock_before(&self) -> BTreeMap<SkuIx, Option<i64>> {
        self.state.low_stock_before()
    }

    /// The orders that the batch in progress knows, for the store.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.state.working.orders().all()
    }

    /// The transfers that the batch in progress knows, for the store.
    pub fn transfers(&self) -> impl Iterator<Item = &Transfer> {
        self.state.working.transfers().all()
    }

    /// The reservations that the batch in progress knows, for the store.
    pub fn reservations(&self) -> impl Iterator<Item = &Reservation> {
        self.state.working.reservations().all()
    }

    /// Applies a record of the journal in a replay. The record's own chain must follow from the
    /// one before. Orders, transfers and reservations stay in memory, to be compared with the store.
    pub fn replay(&mut self, record: &Record, bytes: &[u8]) {
        let chain = self.state.head.chain.after(bytes);
        apply(&mut self.state, record);
        self.state.head.chain = chain;
        self.state.undo.clear();
        self.state.working.forget_all_but_documents();
    }
}

/// An empty ledger.
impl Default for Ledger {
    fn default() -> Self {
        Self::new(State::new(Settings::default()))
    }
}
