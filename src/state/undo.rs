//! The undo journal: what to put back when a batch's commit failed.

use std::collections::BTreeMap;

use super::{Head, Level, LocIx, SkuIx, State, Subject, Working};
use crate::business_fact::HeldFact;
use crate::conflict::Conflict;
use crate::id::{ChannelId, ConflictId, ListingId, LocationId, Sku};
use crate::record::{ItemInfo, LocationInfo, Timer, WaitKey};
use crate::time::Uptime;

/// One change, with what was there before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Undo {
    Head(Head),
    Level((SkuIx, LocIx), Option<Level>),
    Item(Sku, Option<ItemInfo>),
    Location(LocationId, Option<LocationInfo>),
    SkuAlias(Sku, Option<Sku>),
    LocationAlias(LocationId, Option<LocationId>),
    ListingAlias((ChannelId, ListingId), Option<Sku>),
    Conflict(ConflictId, Option<Box<Conflict>>),
    Subject(Subject, Option<ConflictId>),
    /// The event waited, or did not.
    Waiting(WaitKey, u64, bool),
    Woken(WaitKey, Option<bool>),
    Held(u64, Option<Box<HeldFact>>),
    Timer(Timer, Option<Uptime>),
}

/// A place in the batch in progress.
#[derive(Debug)]
pub(crate) struct Mark {
    head: Head,
    /// How many changes came before.
    undo: usize,
    working: Working,
}

/// The changes of the batch in progress, oldest first.
pub(crate) type UndoLog = Vec<Undo>;

impl State {
    /// What each level that the batch in progress has changed was before the batch; `None` where
    /// nothing had happened yet.
    pub(crate) fn levels_before(&self) -> BTreeMap<(SkuIx, LocIx), Option<&Level>> {
        let mut before = BTreeMap::new();
        for undo in &self.undo {
            if let Undo::Level(key, level) = undo {
                before.entry(*key).or_insert(level.as_ref());
            }
        }
        before
    }

    /// The low-stock mark of each item that the batch in progress has changed, as it was before.
    pub(crate) fn low_stock_before(&self) -> BTreeMap<SkuIx, Option<i64>> {
        let mut before = BTreeMap::new();
        for undo in &self.undo {
            if let Undo::Item(sku, item) = undo
                && let Some(sku) = self.catalogue.sku(sku)
            {
                before.entry(sku).or_insert(item.as_ref().and_then(|item| item.low_stock));
            }
        }
        before
    }

    /// Puts everything back as it was when the batch began.
    pub(crate) fn roll_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            self.put_back(undo);
        }
        self.working.clear();
    }

    /// A place in the batch to which it can be rolled back. It costs a copy of all that is loaded.
    pub(crate) fn mark(&self) -> Mark {
        Mark { head: self.head, undo: self.undo.len(), working: self.working.clone() }
    }

    /// Puts everything back as it was at a mark.
    pub(crate) fn roll_back_to(&mut self, mark: Mark) {
        let Mark { head, undo, working } = mark;
        for undo in self.undo.split_off(undo).into_iter().rev() {
            self.put_back(undo);
        }
        // The note of it is that of the whole batch.
        self.head = head;
        self.working = working;
    }

    fn put_back(&mut self, undo: Undo) {
        match undo {
            Undo::Head(head) => self.head = head,
            Undo::Level(key, before) => self.levels.put_back(key, before),
            Undo::Item(sku, before) => self.catalogue.undo_item(&sku, before),
            Undo::Location(name, before) => self.catalogue.undo_location(&name, before),
            Undo::SkuAlias(name, before) => {
                self.catalogue.put_sku_alias(name, before);
            }
            Undo::ListingAlias(listing, before) => {
                self.catalogue.put_listing_alias(listing, before);
            }
            Undo::LocationAlias(name, before) => {
                self.catalogue.put_location_alias(name, before);
            }
            Undo::Conflict(id, before) => {
                restore(&mut self.conflicts, id, before.map(|conflict| *conflict));
            }
            Undo::Subject(subject, before) => restore(&mut self.subjects, subject, before),
            Undo::Waiting(key, seq, before) => {
                self.waiting.set(&key, seq, before);
            }
            Undo::Woken(key, before) => {
                self.waiting.wake(&key, before);
            }
            Undo::Held(seq, before) => {
                self.held.set(seq, before.map(|held| *held));
            }
            Undo::Timer(what, before) => {
                self.schedule.set(&what, before);
            }
        }
    }
}

fn restore<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, before: Option<V>) {
    match before {
        Some(value) => {
            map.insert(key, value);
        }
        None => {
            map.remove(&key);
        }
    }
}
