//! A batch as rows: everything that one transaction writes, in the words of the tables.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use onhand::business_fact::HeldFact;
use onhand::conflict::Conflict;
use onhand::history::{self, Step};
use onhand::id::{ChannelId, ListingId, LocationId, OrderId, Sku};
use onhand::ledger::{Batch, Entry, Ledger};
use onhand::order::Order;
use onhand::record::{Change, ItemInfo, LocationInfo, Outcome, Timer, WaitKey};
use onhand::reservation::Reservation;
use onhand::state::{Head, Level, LocIx, SkuIx, State};
use onhand::time::Uptime;
use onhand::transfer::Transfer;

use super::about;
use super::summary::Summary;

/// What a record did to a level.
#[derive(Debug)]
pub struct LevelStep<'a> {
    /// The level's item.
    pub sku: &'a Sku,
    /// The level's location.
    pub location: &'a LocationId,
    /// What was done.
    pub step: Step,
    /// The record that had changed the level last before this one, 0 if none had: only on the first
    /// step of those by which a record changed a level.
    pub previous: Option<u64>,
}

/// What one batch writes.
#[derive(Debug)]
pub struct Rows<'a> {
    /// Where the journal stands afterwards.
    pub head: Head,
    /// The new rows of the journal.
    pub entries: &'a [Entry],
    /// What each of them did to which level.
    pub steps: Vec<LevelStep<'a>>,
    /// The SKUs that records are about although they touch no level of them.
    pub named: Vec<(&'a Sku, u64)>,
    /// Which orders a record is about beside its first, and its place in the journal.
    pub further_orders: Vec<(&'a OrderId, u64)>,
    /// The levels that changed, as they are now.
    pub levels: Vec<(&'a str, &'a str, &'a Level)>,
    /// The items that changed, with their numbers.
    pub items: Vec<(u32, &'a ItemInfo)>,
    /// The locations that changed, with their numbers.
    pub locations: Vec<(u32, &'a LocationInfo)>,
    /// What names mean from now on, by kind (`sku`, `location` or `listing`) and name; `None` is
    /// nothing.
    pub aliases: BTreeMap<(&'static str, Cow<'a, str>), Option<&'a str>>,
    /// The orders that changed, as they are now.
    pub orders: Vec<&'a Order>,
    /// The transfers that changed, as they are now.
    pub transfers: Vec<&'a Transfer>,
    /// The reservations that changed, as they are now.
    pub reservations: Vec<&'a Reservation>,
    /// The timers that were set, or settled.
    pub timers: BTreeMap<&'a Timer, Option<Uptime>>,
    /// The conflicts that changed, as they are now.
    pub conflicts: Vec<&'a Conflict>,
    /// Events that wait from now on.
    pub waiting: BTreeSet<(WaitKey, u64)>,
    /// The business facts that are held back, by the events' places in the journal; `None` if no
    /// longer.
    pub held: BTreeMap<u64, Option<&'a HeldFact>>,
    /// Events that wait no longer.
    pub released: BTreeSet<(WaitKey, u64)>,
    /// What has come, and whether those that wait for it are discarded; all of it, replacing what
    /// was there. `None` if it did not change.
    pub woken: Option<Vec<(&'a WaitKey, bool)>>,
    /// Last outcomes of events, with the records that decided them.
    pub finals: BTreeMap<u64, (Outcome, u64)>,
    /// Records whose effects are taken back, with the records that do so; `None` where they are in
    /// force again.
    pub reversals: BTreeMap<u64, Option<u64>>,
    /// What changes of the summaries beside the levels.
    pub summary: Summary<'a>,
}

impl<'a> Rows<'a> {
    /// The rows of a batch that the ledger has just finished.
    pub fn of(batch: &'a Batch, ledger: &'a Ledger) -> Self {
        let state = ledger.state();
        let before = ledger.levels_before();
        let changed: BTreeSet<_> = batch.orders();
        let transferred = batch.transfers();
        let reserved = batch.reservations();
        let (steps, named) = traces(batch, state, &before);
        let mut rows = Self {
            head: batch.head,
            entries: &batch.entries,
            steps,
            named,
            further_orders: further_orders(batch),
            levels: levels(batch, state),
            items: Vec::new(),
            locations: Vec::new(),
            aliases: BTreeMap::new(),
            orders: ledger.orders().filter(|order| changed.contains(&order.order)).collect(),
            transfers: ledger
                .transfers()
                .filter(|known| transferred.contains(&known.transfer))
                .collect(),
            reservations: ledger
                .reservations()
                .filter(|known| reserved.contains(&known.reservation))
                .collect(),
            timers: BTreeMap::new(),
            conflicts: Vec::new(),
            waiting: BTreeSet::new(),
            held: BTreeMap::new(),
            released: BTreeSet::new(),
            woken: None,
            finals: BTreeMap::new(),
            reversals: BTreeMap::new(),
            summary: Summary::of(ledger, &before),
        };
        rows.collect_changes(batch, state);
        rows
    }

    fn collect_changes(&mut self, batch: &'a Batch, state: &'a State) {
        let mut items = BTreeMap::new();
        let mut locations = BTreeMap::new();
        let mut conflicts = BTreeMap::new();
        let mut woken = false;
        let changes = batch
            .entries
            .iter()
            .flat_map(|entry| entry.record.changes.iter().map(|change| (entry.record.seq, change)));
        for (by, change) in changes {
            match change {
                Change::Item(item) => {
                    items.insert(&item.sku, item);
                }
                Change::Location(info) => {
                    locations.insert(&info.location, info);
                }
                Change::SkuAlias { .. }
                | Change::LocationAlias { .. }
                | Change::ListingAlias { .. } => self.collect_meaning(change),
                Change::Timer { what, at } => {
                    self.timers.insert(what, *at);
                }
                Change::Conflict(conflict) => {
                    conflicts.insert(conflict.id, conflict.as_ref());
                }
                Change::Held { seq, said } => {
                    self.held.insert(*seq, said.as_deref());
                }
                Change::Waiting { on, seq } => {
                    let row = (on.clone(), *seq);
                    self.released.remove(&row);
                    self.waiting.insert(row);
                }
                Change::Released { on, seq } => {
                    woken = true;
                    let row = (on.clone(), *seq);
                    // What began to wait in this very batch was never written.
                    if !self.waiting.remove(&row) {
                        self.released.insert(row);
                    }
                }
                Change::Woken { .. } => woken = true,
                Change::Final { seq, outcome, decided, .. } => {
                    self.finals.insert(*seq, (*outcome, decided.unwrap_or(by)));
                }
                Change::Reversed { seq, by, .. } => {
                    self.reversals.insert(*seq, *by);
                }
                Change::Absorbed { .. }
                | Change::Withdrawn { .. }
                | Change::Counted(_)
                | Change::Uncounted { .. }
                | Change::Order(_)
                | Change::Transfer(_)
                | Change::Reservation(_)
                | Change::Recovered { .. } => {}
            }
        }
        let catalogue = state.catalogue();
        let number = |sku| catalogue.sku(sku).map(|sku| sku.0);
        self.items = items.into_values().filter_map(|i| Some((number(&i.sku)?, i))).collect();
        let number = |name| catalogue.location(name).map(|location| location.0);
        let located = locations.into_values();
        self.locations = located.filter_map(|i| Some((number(&i.location)?, i))).collect();
        self.conflicts = conflicts.into_values().collect();
        self.woken = woken.then(|| state.waiting().woken().collect());
    }

    fn collect_meaning(&mut self, change: &'a Change) {
        match change {
            Change::SkuAlias { name, sku } => {
                let target = sku.as_ref().map(Sku::as_str);
                self.aliases.insert(("sku", name.as_str().into()), target);
            }
            Change::LocationAlias { name, location } => {
                let target = location.as_ref().map(LocationId::as_str);
                self.aliases.insert(("location", name.as_str().into()), target);
            }
            Change::ListingAlias { channel, listing, sku } => {
                let name = listing_name(channel, listing);
                let target = sku.as_ref().map(Sku::as_str);
                self.aliases.insert(("listing", name.into()), target);
            }
            _ => {}
        }
    }
}

/// What separates a channel from its listing in a name: no id contains it.
const OF_CHANNEL: char = '\n';

/// A channel's listing as one name.
fn listing_name(channel: &ChannelId, listing: &ListingId) -> String {
    format!("{channel}{OF_CHANNEL}{listing}")
}

/// The channel and the listing of such a name.
pub fn listing_of(name: &str) -> Option<(ChannelId, ListingId)> {
    let (channel, listing) = name.split_once(OF_CHANNEL)?;
    Some((channel.parse().ok()?, listing.parse().ok()?))
}

/// What each record did to each level, linked to what had changed the level before; and which other
/// items it is about.
fn traces<'a>(
    batch: &'a Batch,
    state: &State,
    before: &BTreeMap<(SkuIx, LocIx), Option<&Level>>,
) -> (Vec<LevelStep<'a>>, Vec<(&'a Sku, u64)>) {
    let catalogue = state.catalogue();
    let last = before.iter().map(|(key, level)| (*key, level.map_or(0, |level| level.seq)));
    let mut last: BTreeMap<_, u64> = last.collect();
    let (mut all, mut named) = (Vec::with_capacity(batch.entries.len()), Vec::new());
    for entry in &batch.entries {
        let steps = history::steps(&entry.record);
        // They are in the order of their SKUs.
        let touches = |sku: &Sku| steps.binary_search_by(|(other, ..)| (*other).cmp(sku)).is_ok();
        let others = about::named(&entry.record).into_iter().filter(|sku| !touches(sku));
        named.extend(others.map(|sku| (sku, entry.record.seq)));
        for (sku, location, step) in steps {
            let key = catalogue.sku(sku).zip(catalogue.location(location));
            let last = key.and_then(|key| last.get_mut(&key)).filter(|_| step.is_change);
            let previous = last.map(|last| std::mem::replace(last, step.seq()));
            // The second step of a record finds the record itself.
            let previous = previous.filter(|previous| *previous != step.seq());
            all.push(LevelStep { sku, location, step, previous });
        }
    }
    (all, named)
}

fn further_orders(batch: &Batch) -> Vec<(&OrderId, u64)> {
    let records = batch.entries.iter().map(|entry| &entry.record);
    let orders = records
        .flat_map(|record| record.further_orders().into_iter().map(|order| (order, record.seq)));
    orders.collect()
}

fn levels<'a>(batch: &'a Batch, state: &'a State) -> Vec<(&'a str, &'a str, &'a Level)> {
    let catalogue = state.catalogue();
    batch
        .levels(state)
        .map(|(sku, location, level)| {
            let (sku, location) = (catalogue.sku_name(sku), catalogue.location_name(location));
            (sku.as_str(), location.as_str(), level)
        })
        .collect()
}
