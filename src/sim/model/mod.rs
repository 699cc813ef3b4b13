//! The reference model: the rule book a second time, slow and obvious.
//!
//! It is written from the contract alone and shares no rule with `decide`. It keeps everything that
//! was ever said, never undoes anything and has no index: what a level is, it works out each time
//! from the list of facts. What it does not say (texts, evidence, previews) it does not check.

mod batches;
mod conflicts;
mod corrections;
mod counts;
mod drift;
mod facts;
mod kits;
mod levels;
mod names;
mod orders;
mod orphans;
mod past;
mod reservations;
mod resolve;
mod rests;
mod reversals;
mod rules;
mod second;
mod settle;
mod shortage;
mod transfers;
mod undo;
mod undo_orders;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub use conflicts::{About, Asked};
pub use kits::Parts;
pub use levels::{Effects, LevelName, Levels, Numbers, available};
pub use orders::{Line, Order, Share};
pub use past::MOVED;

use crate::event::Event;
use crate::id::{ChannelId, EventId, ListingId, LocationId, Sku};
use crate::record::{Outcome, WaitKey};
use crate::state::Settings;
use crate::time::{Now, Timestamp, Uptime};
use batches::Holding;
use counts::Count;
use facts::{Movement, Shift};
use reservations::Reservation;
pub use transfers::{Item, Transfer};

/// Everything that was said, and what follows from it.
#[derive(Debug, Clone)]
pub struct Model {
    settings: Settings,
    /// The journal, record by record.
    pub journal: Vec<Rc<Said>>,
    /// The events from outside among them, by their place.
    told: BTreeMap<u64, Told>,
    /// When the last record was made.
    now: Timestamp,
    /// What the server's clock shows.
    wall: Timestamp,
    /// How long the ledger has been served.
    uptime: Uptime,
    /// The records by which the core has refused something, for requests of which the rule book
    /// leaves that open.
    pub refused: BTreeSet<u64>,
    /// The events on which a rule breaks off at present.
    pub poisonous: BTreeSet<EventId>,
    items: Vec<Sku>,
    kits: BTreeMap<Sku, Parts>,
    locations: Vec<(LocationId, Option<i64>)>,
    sku_meanings: BTreeMap<Sku, Sku>,
    location_meanings: BTreeMap<LocationId, LocationId>,
    listing_meanings: BTreeMap<(ChannelId, ListingId), Sku>,
    movements: Vec<Movement>,
    shifts: Vec<Shift>,
    counts: Vec<Count>,
    orders: Vec<Order>,
    transfers: Vec<Transfer>,
    reservations: Vec<Reservation>,
    /// All conflicts, in the order in which they opened.
    asked: Vec<Asked>,
    waiting: BTreeSet<(WaitKey, u64)>,
    /// Until when events may wait for others before a person is asked.
    patience: BTreeMap<u64, Uptime>,
    /// The events whose waiting is over, and whether they are to be discarded.
    woken: BTreeMap<u64, bool>,
    /// Levels that are oversold with a person's knowledge.
    acknowledged: BTreeSet<LevelName>,
    /// The batch that is being held.
    holding: Option<Holding>,
    /// Records that are taken back, with the events that they decided.
    taken_back: BTreeSet<u64>,
    /// What was known between the parts of the record in the making.
    between: Vec<Rc<Self>>,
}

/// One record of the journal, as far as the model predicts it.
#[derive(Debug)]
pub struct Said {
    /// What became of it.
    pub outcome: Outcome,
    /// What it changed.
    pub effects: Effects,
    /// The levels whose version it raised.
    pub raised: BTreeSet<LevelName>,
    did: Did,
    /// What was known before it, between its parts, and after it.
    before: Rc<Model>,
    between: Vec<Rc<Model>>,
    after: Rc<Model>,
}

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Did {
    /// An event came in.
    Tell,
    /// An event that waited went on.
    Release,
    /// A person decided on the conflict of this index.
    Decide(usize),
    /// The time of a hold was over.
    Expire,
    /// A person is asked about an event that has waited for too long.
    Orphan,
}

impl Did {
    /// What the name of an event begins with that Onhand itself makes.
    const fn own_name(self) -> Option<&'static str> {
        match self {
            Self::Tell => None,
            Self::Release => Some("released"),
            Self::Decide(_) => Some("resolved"),
            Self::Expire => Some("expired"),
            Self::Orphan => Some("orphaned"),
        }
    }
}

/// An event from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    event: Event,
    recorded_at: Timestamp,
    /// When it happened, as far as the rules are concerned.
    time: Timestamp,
    /// What has become of it so far.
    outcome: Outcome,
    /// The record that says so.
    decided: u64,
}

/// What the model answers to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is in the journal at this place.
    Recorded(u64),
    /// It repeats the event at this place, of which this has become.
    Duplicate(u64, Outcome),
    /// It does not fit what is known; nothing is recorded.
    Invalid,
    /// The decision is not taken.
    Refused,
    /// Its time has not come, or it is settled by now; nothing is recorded.
    NotDue,
}

/// What the rules say about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ruling {
    /// This becomes of it.
    Outcome(Outcome),
    /// It repeats the business fact of the event at this place.
    Repeats(u64),
    /// It does not fit what is known, whatever a person says.
    Impossible,
    /// The processor cannot handle it.
    BreaksOff,
}

impl Model {
    /// A model of an empty ledger.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            journal: Vec::new(),
            told: BTreeMap::new(),
            now: Timestamp::default(),
            wall: Timestamp::default(),
            uptime: Uptime::default(),
            refused: BTreeSet::new(),
            poisonous: BTreeSet::new(),
            items: Vec::new(),
            kits: BTreeMap::new(),
            locations: Vec::new(),
            sku_meanings: BTreeMap::new(),
            location_meanings: BTreeMap::new(),
            listing_meanings: BTreeMap::new(),
            movements: Vec::new(),
            shifts: Vec::new(),
            counts: Vec::new(),
            orders: Vec::new(),
            transfers: Vec::new(),
            reservations: Vec::new(),
            asked: Vec::new(),
            waiting: BTreeSet::new(),
            patience: BTreeMap::new(),
            woken: BTreeMap::new(),
            acknowledged: BTreeSet::new(),
            holding: None,
            taken_back: BTreeSet::new(),
            between: Vec::new(),
        }
    }

    /// An event from outside comes in.
    pub fn tell(&mut self, event: &Event, now: Now) -> Answer {
        let answer = self.say(event, now);
        self.release(now);
        answer
    }

    /// The same, without what it wakes.
    fn say(&mut self, event: &Event, now: Now) -> Answer {
        if let Some(first) = self.repeated(event) {
            return Answer::Duplicate(first, self.told[&first].outcome);
        }
        let before = Rc::new(self.clone());
        let seq = self.next_seq();
        let recorded_at = self.tick(now);
        let outcome = Outcome::Parked;
        let (event, time) = (event.clone(), event.time);
        let told = Told { event, recorded_at, time, outcome, decided: seq };
        self.told.insert(seq, told);
        let ruling = if self.name_is_taken(seq) {
            Ruling::Outcome(self.ask_about_name(seq))
        } else if self.holding.as_ref().is_some_and(|holding| holding.certain) {
            Ruling::Outcome(self.hold(seq))
        } else {
            self.rule(seq, &rules::Waived::default())
        };
        let ruling = match ruling {
            Ruling::BreaksOff => Ruling::Outcome(self.ask_about_poison(seq)),
            other => other,
        };
        match ruling {
            Ruling::Outcome(outcome) => {
                self.become_of(seq, outcome);
                self.record(Did::Tell, seq, outcome, before);
                Answer::Recorded(seq)
            }
            Ruling::Repeats(first) => {
                *self = (*before).clone();
                Answer::Duplicate(first, self.told[&first].outcome)
            }
            Ruling::Impossible | Ruling::BreaksOff => {
                *self = (*before).clone();
                Answer::Invalid
            }
        }
    }

    /// The processor cannot handle the event told at `seq`: a person is asked, and the rest goes on.
    fn ask_about_poison(&mut self, seq: u64) -> Outcome {
        let order = self.told[&seq].event.data.order().cloned();
        self.ask(About::Poison(order), [seq]);
        Outcome::Conflict
    }

    /// What has become of the event at a place of the journal.
    pub fn outcome(&self, seq: u64) -> Option<Outcome> {
        self.told.get(&seq).map(|told| told.outcome)
    }

    /// The events that wait for something, with what they wait for.
    pub const fn waiting(&self) -> &BTreeSet<(WaitKey, u64)> {
        &self.waiting
    }

    fn next_seq(&self) -> u64 {
        self.journal.len() as u64 + 1
    }

    /// The time of recording never goes back, whatever the clock does.
    fn tick(&mut self, now: Now) -> Timestamp {
        self.wall = now.wall;
        self.uptime = now.uptime;
        self.now = now.wall.max(self.now.plus_micros(1));
        self.now
    }

    /// Ends a part of the record in the making.
    fn end_part(&mut self) {
        self.between.push(Rc::new(self.clone()));
    }

    fn become_of(&mut self, seq: u64, outcome: Outcome) {
        let decided = self.next_seq();
        let told = self.told.get_mut(&seq).expect("it was told");
        (told.outcome, told.decided) = (outcome, decided);
    }

    /// Ends a record about the event told at `about`: what it changed is the difference between
    /// after and before.
    fn record(&mut self, did: Did, about: u64, outcome: Outcome, before: Rc<Self>) {
        self.watch_oversold(about, &before);
        self.watch_held_counts(&before);
        let effects = levels::difference(&before.levels(), &self.levels());
        // A level that went and came back in parts has moved, and so has a count.
        let between = std::mem::take(&mut self.between);
        let stages = [&*before].into_iter().chain(between.iter().map(AsRef::as_ref));
        let stages: Vec<&Self> = stages.chain([&*self]).collect();
        let levels: Vec<Levels> = stages.iter().map(|model| model.levels()).collect();
        let parts = levels.windows(2).map(|pair| levels::difference(&pair[0], &pair[1]));
        let moved = parts.flat_map(Effects::into_keys).map(|(level, _)| level);
        let counted = stages.windows(2).flat_map(|pair| pair[1].counted_since(pair[0]));
        let raised = moved.chain(counted.cloned()).collect();
        let after = Rc::new(self.clone());
        let said = Said { outcome, effects, raised, did, before, between, after };
        self.journal.push(Rc::new(said));
    }
}
