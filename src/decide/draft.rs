//! A decision in the making: what it has changed so far is visible to the rest of it, and nothing
//! of it is visible outside until it is finished.

use std::collections::BTreeMap;

use crate::conflict::{Conflict, ConflictKind, ConflictStatus, Evidence, Resolution};
use crate::event::{Event, EventRef, KitPart};
use crate::id::{ConflictId, LocationId, OrderId, Sku, TransferId};
use crate::order::{Order, OrderUpdate};
use crate::record::{Bucket, Change, Fact, ItemInfo, Original, Outcome, Record, WaitKey};
use crate::state::{Level, LocIx, SkuIx, State};
use crate::time::Timestamp;
use crate::transfer::{Transfer, TransferUpdate};

/// A decision in the making.
pub(crate) struct Draft<'a> {
    pub(crate) state: &'a State,
    /// The record being made.
    pub(crate) seq: u64,
    pub(crate) now: Timestamp,
    /// The event that the record carries.
    carrier: EventRef,
    /// The event being decided: the one that the record carries, or a held one that it releases.
    pub(crate) subject: EventRef,
    /// The moment and the source of that event.
    pub(crate) fact: Fact,
    pub(crate) actor: &'a str,
    created: Vec<ItemInfo>,
    pub(super) levels: BTreeMap<(SkuIx, LocIx), Level>,
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
    /// By how much levels moved within seconds of their count.
    pub(super) near_counts: BTreeMap<(SkuIx, LocIx), i64>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(state: &'a State, event: &Event, now: Timestamp, actor: &'a str) -> Self {
        let seq = state.head.seq + 1;
        let carrier = EventRef { source: event.source.clone(), id: event.id.clone(), seq };
        Self {
            state,
            seq,
            now,
            subject: carrier.clone(),
            carrier,
            fact: Fact { time: event.time, source: event.source.clone() },
            actor,
            created: Vec::new(),
            levels: BTreeMap::new(),
            orders: BTreeMap::new(),
            transfers: BTreeMap::new(),
            changes: Vec::new(),
            mentions: Vec::new(),
            conflicts: state.head.conflicts,
            conflict: None,
            reason: None,
            original: None,
            absorbed: false,
            near_counts: BTreeMap::new(),
        }
    }

    /// Decides a held event instead of the one that carries the record. If its own time lies in
    /// what was the future, a person has decided that the time of receipt stands for it.
    pub(crate) fn stand_for(&mut self, held: &Record) {
        self.subject = held.event_ref();
        let held_as_future = held.changes.iter().any(|change| {
            matches!(change, Change::Conflict(conflict) if conflict.kind == ConflictKind::FutureTime)
        });
        let time = if held_as_future { held.recorded_at } else { held.envelope.time };
        self.fact = Fact { time, source: held.envelope.source.clone() };
    }

    /// The outcome of a fact: absorbed if a count contains all of it, applied if it took any
    /// effect or had none to take.
    pub(crate) fn outcome_of_fact(&self) -> Outcome {
        if self.absorbed && self.levels.is_empty() { Outcome::Absorbed } else { Outcome::Applied }
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
    pub(crate) fn level(&self, sku: SkuIx, location: LocIx) -> Level {
        let changed = self.levels.get(&(sku, location));
        changed.cloned().unwrap_or_else(|| self.state.level(sku, location))
    }

    /// Changes one number of a level.
    pub(crate) fn add(&mut self, sku: SkuIx, location: LocIx, bucket: Bucket, delta: i64) {
        if delta == 0 {
            return self.mention(sku, location);
        }
        let state = self.state;
        let level =
            self.levels.entry((sku, location)).or_insert_with(|| state.level(sku, location));
        // Checked against the range when the draft is finished; quantities are far from overflow.
        level.set(bucket, level.get(bucket).saturating_add(delta));
    }

    /// Notes that the event names a level, whether or not it has an effect there.
    pub(crate) fn mention(&mut self, sku: SkuIx, location: LocIx) {
        self.mentions.push((sku, location));
    }

    /// Any other change.
    pub(crate) fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Wakes what waits for something, if anything does.
    pub(crate) fn wake(&mut self, on: WaitKey, discard: bool) {
        if self.state.waiting.any_on(&on) {
            self.changes.push(Change::Woken { on, discard });
        }
    }

    /// An order as it is at this point of the decision.
    pub(crate) fn order(&self, order: &OrderId) -> Option<&Order> {
        self.orders.get(order).or_else(|| self.state.order(order))
    }

    /// Changes an order.
    pub(crate) fn update_order(&mut self, update: OrderUpdate) {
        let id = update.order.clone();
        let mut order = self.order(&id).cloned().unwrap_or_else(|| Order::new(id.clone()));
        order.update(update.clone());
        self.orders.insert(id, order);
        self.changes.push(Change::Order(update));
    }

    /// A transfer as it is at this point of the decision.
    pub(crate) fn transfer(&self, transfer: &TransferId) -> Option<&Transfer> {
        self.transfers.get(transfer).or_else(|| self.state.transfer(transfer))
    }

    /// Puts a transfer in the place of what it was, if it was known.
    pub(super) fn put_transfer(&mut self, after: Transfer) {
        let update = TransferUpdate::between(self.transfer(&after.transfer), &after);
        self.changes.push(Change::Transfer(Box::new(update)));
        self.transfers.insert(after.transfer.clone(), after);
    }

    /// Opens a conflict in which this event takes part; gives its id.
    pub(crate) fn open(&mut self, kind: ConflictKind, mut about: About, evidence: Vec<Evidence>) {
        about.events.push(self.subject.clone());
        self.open_with(kind, about, evidence);
    }

    /// Opens a conflict about what this very record does, also where it decides an earlier event:
    /// its last event is the one whose record holds the effects.
    pub(crate) fn open_about_this_record(
        &mut self,
        kind: ConflictKind,
        mut about: About,
        evidence: Vec<Evidence>,
    ) {
        if self.subject != self.carrier {
            about.events.push(self.subject.clone());
        }
        about.events.push(self.carrier.clone());
        self.open_with(kind, about, evidence);
    }

    fn open_with(&mut self, kind: ConflictKind, about: About, evidence: Vec<Evidence>) {
        self.conflicts += 1;
        let id = ConflictId::from_number(self.conflicts);
        let events = about.events;
        let conflict = Conflict {
            id,
            kind,
            status: ConflictStatus::Open,
            opened_at: self.now,
            opened_seq: self.seq,
            sku: about.sku,
            location: about.location,
            order: about.order,
            transfer: about.transfer,
            channel: None,
            event_count: events.len() as u64,
            events,
            evidence,
            version: 1,
            resolution: None,
        };
        self.conflict = self.conflict.or(Some(id));
        self.changes.push(Change::Conflict(Box::new(conflict)));
    }

    /// Joins an open conflict.
    pub(crate) fn join(&mut self, conflict: &Conflict) {
        self.join_with(conflict, conflict.evidence.clone());
    }

    /// Joins an open conflict, which has other evidence now.
    pub(crate) fn join_with(&mut self, conflict: &Conflict, evidence: Vec<Evidence>) {
        let mut conflict = Conflict { evidence, ..conflict.clone() };
        conflict.version += 1;
        conflict.event_count += 1;
        // The last event is the one that a decision is about, so it is always listed.
        conflict.events.truncate(crate::conflict::EVENTS_LISTED_MAX - 1);
        conflict.events.push(self.subject.clone());
        self.conflict = self.conflict.or(Some(conflict.id));
        self.changes.push(Change::Conflict(Box::new(conflict)));
    }

    /// Closes an open conflict.
    pub(crate) fn close(
        &mut self,
        conflict: &Conflict,
        status: ConflictStatus,
        choice: Option<&crate::conflict::Choice>,
    ) {
        let mut conflict = conflict.clone();
        conflict.status = status;
        conflict.version += 1;
        conflict.resolution = Some(Resolution {
            option: choice.map(|choice| choice.option),
            by: if choice.is_some() { self.actor.to_owned() } else { "onhand".to_owned() },
            at: self.now,
            note: choice.and_then(|choice| choice.note.clone()),
            seq: self.seq,
        });
        self.changes.push(Change::Conflict(Box::new(conflict)));
    }

    /// A conflict about a level.
    pub(crate) fn about(&self, sku: SkuIx, location: LocIx) -> About {
        About {
            sku: Some(self.sku_name(sku).clone()),
            location: Some(self.state.catalogue.location_name(location).clone()),
            ..About::default()
        }
    }
}

/// What a conflict is about.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) sku: Option<Sku>,
    pub(crate) location: Option<LocationId>,
    pub(crate) order: Option<OrderId>,
    pub(crate) transfer: Option<TransferId>,
    /// Earlier events that take part.
    pub(crate) events: Vec<EventRef>,
}
