//! A decision in the making: what it has changed so far is visible to the rest of it, and nothing
//! of it is visible outside until it is finished.

mod conflicts;
mod documents;
mod held;
mod movements;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use conflicts::About;

use super::mass_change::Held;
use crate::business_fact::BusinessFact;
use crate::conflict::{Conflict, ConflictKind};
use crate::event::{Event, EventData, EventRef, Fingerprint, KitPart};
use crate::id::{ConflictId, EventId, LocationId, OrderId, Sku, Source, TransferId};
use crate::ledger::Sight;
use crate::order::Order;
use crate::record::{
    Basis, Bucket, Change, Effect, Fact, ItemInfo, LET_GO_MAX, Original, Outcome, Record, Timer,
    WaitKey,
};
use crate::state::{Known, Level, LocIx, Settings, SkuIx, State};
use crate::time::{Now, Timestamp, Uptime};
use crate::transfer::Transfer;

/// A decision in the making.
#[derive(Clone)]
pub(crate) struct Draft<'a> {
    pub(crate) state: &'a State,
    sight: Sight<'a>,
    /// The record being made.
    pub(crate) seq: u64,
    pub(crate) now: Timestamp,
    /// When the event being decided came: what the server's clock shows, which is behind `now` once
    /// it has gone back; of an earlier event, when that was recorded.
    pub(crate) came: Timestamp,
    /// The batch that the event is part of, if that is to be held.
    pub(crate) held: Option<Held<'a>>,
    pub(crate) uptime: Uptime,
    /// The event that the record carries.
    carrier: EventRef,
    /// The event being decided: the one that the record carries, or a held one that it releases.
    pub(crate) subject: EventRef,
    /// Whether it only says that an earlier event goes on, or has waited for too long.
    goes_on_by_itself: bool,
    /// The moment and the source of that event.
    pub(crate) fact: Fact,
    /// The same of the event that carries the record.
    own_fact: Fact,
    /// What it undoes by what it is.
    pub(super) undoes: Undoes,
    pub(crate) actor: &'a str,
    created: Vec<ItemInfo>,
    /// The levels that changed, apart from the map: its nodes have room for many.
    pub(super) levels: BTreeMap<(SkuIx, LocIx), Box<Level>>,
    /// The levels as the parts of the decision have left them that are finished.
    finished: BTreeMap<(SkuIx, LocIx), Box<Level>>,
    /// The effects of those parts.
    pub(super) effects: Vec<Effect>,
    /// What the part in progress belongs to, where that is not the fact of the record.
    basis: Option<Basis>,
    /// Whether the part in progress has moved a number.
    moved: bool,
    orders: BTreeMap<OrderId, Order>,
    transfers: BTreeMap<TransferId, Transfer>,
    pub(super) changes: Vec<Change>,
    pub(super) mentions: Vec<(SkuIx, LocIx)>,
    conflicts: u64,
    pub(crate) conflict: Option<ConflictId>,
    pub(crate) reason: Option<String>,
    pub(crate) original: Option<Original>,
    /// Set when a rule leaves a part of the event without effect on `on_hand`.
    pub(crate) absorbed: bool,
    /// What a person has said that only the event's order would.
    pub(crate) told: Told,
    /// The business fact that the event of the record says, and its content, if that is held back.
    said: Option<(BusinessFact, Fingerprint)>,
    /// By how much levels moved within seconds of their count.
    pub(super) near_counts: BTreeMap<(SkuIx, LocIx), i64>,
    /// The levels where it corrects something of which a person has said on which side of a count
    /// it lies.
    pub(super) placed: BTreeSet<(SkuIx, LocIx)>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(sight: Sight<'a>, event: &Event, now: Now, actor: &'a str) -> Self {
        let state = sight.state;
        let seq = state.head.seq + 1;
        let carrier = EventRef { source: event.source.clone(), id: event.id.clone(), seq };
        let fact = Fact { time: event.time, source: event.source.clone(), of: None };
        Self {
            state,
            sight,
            seq,
            now: now.wall,
            came: now.wall,
            held: None,
            uptime: now.uptime,
            subject: carrier.clone(),
            goes_on_by_itself: goes_on_by_itself(&event.data),
            carrier,
            own_fact: fact.clone(),
            undoes: match event.data {
                EventData::EventReversed(_) => Undoes::Event,
                _ => Undoes::Nothing,
            },
            fact,
            actor,
            created: Vec::new(),
            levels: BTreeMap::new(),
            finished: BTreeMap::new(),
            effects: Vec::new(),
            basis: None,
            moved: false,
            orders: BTreeMap::new(),
            transfers: BTreeMap::new(),
            changes: Vec::new(),
            mentions: Vec::new(),
            conflicts: state.head.conflicts,
            conflict: None,
            reason: None,
            original: None,
            absorbed: false,
            told: Told::default(),
            said: None,
            near_counts: BTreeMap::new(),
            placed: BTreeSet::new(),
        }
    }

    /// Decides a held event instead of the one that carries the record.
    pub(crate) fn stand_for(&mut self, held: &Record) {
        self.subject = held.event_ref();
        self.came = held.recorded_at;
        let time = time_of_held(held, &self.state.settings);
        self.fact = Fact { time, source: held.envelope.source.clone(), of: None };
    }

    /// Whether a time lay too far ahead when the event came (rule 5).
    pub(super) fn is_in_future(&self, time: Timestamp) -> bool {
        lies_ahead(time, self.came, &self.state.settings)
    }

    /// The fact behind the effects, if it is not that of the event that carries the record.
    pub(super) fn fact_of_another(&self) -> Option<Fact> {
        (self.fact != self.own_fact).then(|| self.fact.clone())
    }

    /// The outcome of a fact: absorbed if a count contains all of it, applied if it took any
    /// effect or had none to take.
    pub(crate) fn outcome_of_fact(&self) -> Outcome {
        if self.absorbed && !self.moved { Outcome::Absorbed } else { Outcome::Applied }
    }

    /// The movement that the part in progress is, where that is not the fact of the record.
    pub(super) fn movement_in_part(&self) -> Option<Fact> {
        match &self.basis {
            Some(Basis::Movement(fact)) => Some(fact.clone()),
            _ => None,
        }
    }

    /// Ends a part of the decision; the next one belongs to something else.
    pub(super) fn begin_part(&mut self, basis: Option<Basis>) {
        if self.moved {
            self.effects = self.all_effects();
            self.finished = self.levels.clone();
        }
        self.basis = basis;
        self.moved = false;
        self.absorbed = false;
    }

    /// The effects so far.
    pub(super) fn all_effects(&self) -> Vec<Effect> {
        let mut effects = self.effects.clone();
        for (key, after) in &self.levels {
            let begin = self.state.level(key.0, key.1);
            let before = self.finished.get(key).map_or(begin, Box::as_ref);
            for bucket in Bucket::ALL {
                let delta = after.get(bucket) - before.get(bucket);
                if delta != 0 {
                    effects.push(Effect {
                        sku: self.sku_name(key.0).clone(),
                        location: self.state.catalogue.location_name(key.1).clone(),
                        state: bucket,
                        delta,
                        after: after.get(bucket),
                        version: begin.version + 1,
                        basis: self.basis.clone(),
                    });
                }
            }
        }
        effects
    }

    /// An earlier record, if it is at hand.
    pub(crate) fn record(&self, seq: u64) -> Option<&'a Record> {
        self.sight.record(seq)
    }

    /// What the batch in progress has recorded so far.
    pub(super) const fn batch_records(&self) -> &'a [Record] {
        self.sight.records
    }

    /// What is known of an event's name, with what this decision has made of it so far.
    pub(super) fn known(&self, source: &Source, id: &EventId) -> Vec<Known> {
        let mut known = self.state.known(source, id).to_vec();
        for change in &self.changes {
            match change {
                Change::Final { seq, outcome, decided, .. } => {
                    let own = known.iter_mut().find(|known| known.seq == *seq);
                    if let Some(own) = own {
                        own.decide(*outcome, decided.unwrap_or(self.seq));
                    }
                }
                Change::Reversed { seq, by, .. } => {
                    for own in known.iter_mut().filter(|known| known.decided == *seq) {
                        own.reversed_by = *by;
                    }
                }
                _ => {}
            }
        }
        known
    }

    /// A conflict that is closed by now, if it is at hand.
    pub(crate) fn closed_conflict(&self, id: ConflictId) -> Option<&'a Conflict> {
        self.sight.closed_conflict(id)
    }

    /// The item that a name means, one created by this decision included.
    pub(crate) fn sku(&self, name: &Sku) -> Option<SkuIx> {
        self.state.catalogue.sku(name).or_else(|| {
            let place = self.created.iter().position(|item| item.sku == *name)?;
            let number = self.state.catalogue.items().len() + place;
            u32::try_from(number).ok().map(SkuIx)
        })
    }

    /// The item's own name.
    pub(crate) fn sku_name(&self, sku: SkuIx) -> &Sku {
        let items = self.state.catalogue.items();
        let number = sku.0 as usize;
        items.get(number).map_or_else(|| &self.created[number - items.len()].sku, |item| &item.sku)
    }

    /// What one unit of an item consists of; nothing unless it is a kit.
    pub(crate) fn kit(&self, sku: SkuIx) -> &[KitPart] {
        // What this decision itself creates are plain items.
        self.state.catalogue.items().get(sku.0 as usize).map_or(&[], |item| &item.kit)
    }

    /// The location that a name means.
    pub(crate) fn location(&self, name: &LocationId) -> Option<LocIx> {
        self.state.catalogue.location(name)
    }

    /// Makes an item known.
    pub(crate) fn create_item(&mut self, item: ItemInfo) {
        if self.sku(&item.sku).is_none() {
            self.created.push(item.clone());
        }
        self.changes.push(Change::Item(item));
    }

    /// A level as it is at this point of the decision.
    pub(crate) fn level(&self, sku: SkuIx, location: LocIx) -> &Level {
        let changed = self.levels.get(&(sku, location));
        changed.map_or_else(|| self.state.level(sku, location), Box::as_ref)
    }

    /// Changes one number of a level.
    pub(crate) fn add(&mut self, sku: SkuIx, location: LocIx, bucket: Bucket, delta: i64) {
        if delta == 0 {
            return self.mention(sku, location);
        }
        self.moved = true;
        let level = self.level_mut(sku, location);
        // Checked against the range when the draft is finished; quantities are far from overflow.
        level.set(bucket, level.get(bucket).saturating_add(delta));
    }

    /// A level to be changed besides its numbers.
    pub(super) fn level_mut(&mut self, sku: SkuIx, location: LocIx) -> &mut Level {
        let state = self.state;
        let level = self.levels.entry((sku, location));
        level.or_insert_with(|| Box::new(state.level(sku, location).clone()))
    }

    /// Notes that the event names a level, whether or not it has an effect there.
    pub(crate) fn mention(&mut self, sku: SkuIx, location: LocIx) {
        self.mentions.push((sku, location));
    }

    /// Whether to say whose movement it is that is taken back: only in the record of a reversal it
    /// goes without saying that it is no movement of its own.
    pub(super) fn says_whose(&self, fact: &Fact) -> bool {
        self.undoes != Undoes::Event || *fact != self.fact
    }

    /// Notes that a movement is taken back which an accepted count contains: `on_hand` does not move
    /// now. The state that had moved with it does: no count finds out how many units are in one.
    pub(super) fn counter(&mut self, (sku, location): (&Sku, &LocationId), delta: i64, fact: Fact) {
        let says = self.says_whose(&fact);
        self.change(Change::Absorbed {
            sku: sku.clone(),
            location: location.clone(),
            delta,
            state: None,
            fact: says.then_some(fact),
            movement: None,
        });
    }

    /// Whether this decision has taken movements of a level as contained in its count.
    pub(super) fn relies_on_count(&self, item: &Sku, place: &LocationId) -> bool {
        self.changes.iter().any(|change| {
            matches!(change, Change::Absorbed { sku, location, .. } if sku == item && location == place)
        })
    }

    /// Notes what has become of a held event.
    pub(super) fn became(&mut self, seq: u64, outcome: Outcome) {
        let before = self.goes_on_by_itself.then(|| self.decided_before(seq)).flatten();
        self.change(Change::Final { seq, outcome, decided: None, before });
    }

    /// The record that has decided an event which waits.
    fn decided_before(&self, seq: u64) -> Option<u64> {
        let held = self.record(seq)?;
        if waits_by_itself(self.state, held) {
            return Some(seq);
        }
        let known = self.state.known(&held.envelope.source, &held.envelope.id).iter();
        known.filter(|known| known.seq == seq).map(|known| known.decided).next()
    }

    /// Any other change.
    pub(crate) fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Wakes what waits for something, if anything does.
    pub(crate) fn wake(&mut self, on: WaitKey, discard: bool) {
        if self.state.waiting.any_on(&on) {
            self.changes.push(Change::Woken { on, discard, events: Vec::new() });
        }
    }

    /// The same by a person's decision, which can be taken back.
    pub(super) fn let_go(&mut self, on: WaitKey, discard: bool) {
        let mut events: Vec<u64> = self.state.waiting.on(&on).take(LET_GO_MAX + 1).collect();
        if events.is_empty() {
            return;
        }
        if events.len() > LET_GO_MAX {
            events.clear();
        }
        self.changes.push(Change::Woken { on, discard, events });
    }

    /// Wakes what waits for an order, or for more of it.
    pub(super) fn wake_order(&mut self, order: &OrderId) {
        let keys: Vec<WaitKey> = self.state.waiting.about_order(order).cloned().collect();
        for key in keys {
            self.wake(key, false);
        }
    }

    /// Whether a timer runs at this point of the decision.
    pub(super) fn is_timed(&self, timer: &Timer) -> bool {
        let own = self.changes.iter().rev().find_map(|change| match change {
            Change::Timer { what, at } if what == timer => Some(at.is_some()),
            _ => None,
        });
        own.unwrap_or_else(|| self.state.schedule.time_of(timer).is_some())
    }
}

/// Whether something of Onhand's own only says that an event has gone on, or has waited for too long.
pub(super) const fn goes_on_by_itself(data: &EventData) -> bool {
    matches!(data, EventData::EventReleased(_) | EventData::EventOrphaned(_))
}

/// Whether an event waits for what its own record has found that it waits for: then nothing else has
/// decided it so.
pub(crate) fn waits_by_itself(state: &State, held: &Record) -> bool {
    held.changes.iter().any(|change| {
        matches!(change, Change::Waiting { on, seq } if *seq == held.seq && state.waiting.waits(on, *seq))
    })
}

/// When a held event happened, as far as the rules are concerned. If its own time lay in the future
/// when it came, it is given up unless a person decides that the time of receipt stands for it.
pub(crate) fn time_of_held(held: &Record, settings: &Settings) -> Timestamp {
    let asked_about = held.changes.iter().any(|change| {
        matches!(change, Change::Conflict(conflict) if conflict.kind == ConflictKind::FutureTime)
    });
    let in_future = asked_about || lies_ahead(held.envelope.time, held.recorded_at, settings);
    if in_future { held.recorded_at } else { held.envelope.time }
}

fn lies_ahead(time: Timestamp, came: Timestamp, settings: &Settings) -> bool {
    time > came.plus_micros(settings.future_limit_us)
}

/// What a decision undoes by what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undoes {
    /// Nothing.
    Nothing,
    /// An event: it is a reversal.
    Event,
    /// A content that gives way to another one, and may come back.
    Content,
}

/// What a person has said that only an order, or a shipment, would: what a line is that names no
/// item, and where its units left from or came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    pub(crate) sku: Option<SkuIx>,
    pub(crate) location: Option<LocIx>,
}
