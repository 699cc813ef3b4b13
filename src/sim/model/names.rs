//! What names mean, and the identity of events and business facts.

use std::collections::BTreeMap;

use super::conflicts::{About, Asked};
use super::levels::LevelName;
use super::{Model, Ruling, Told};
use crate::conflict::EVENTS_LISTED_MAX;
use crate::event::{Event, EventData, OrderedLine};
use crate::id::{EventId, LocationId, OrderId, ReservationId, Sku, Source, TransferId};
use crate::record::{Outcome, WaitKey};

/// What makes a business fact the same fact.
#[derive(Debug, PartialEq, Eq)]
enum Fact<'a> {
    Placed(&'a OrderId),
    Amended(&'a OrderId, i64),
    Fulfilled(&'a OrderId, &'a str),
    Returned(&'a OrderId, &'a str),
    Shipped(&'a TransferId),
    Received(&'a TransferId, &'a str),
    Reserved(&'a ReservationId),
}

fn fact(data: &EventData) -> Option<Fact<'_>> {
    Some(match data {
        EventData::OrderPlaced(data) => Fact::Placed(&data.order),
        EventData::OrderAmended(data) => Fact::Amended(&data.order, data.revision),
        EventData::OrderFulfilled(data) => Fact::Fulfilled(&data.order, data.fulfillment.as_str()),
        EventData::OrderReturned(data) => Fact::Returned(&data.order, data.return_id.as_str()),
        EventData::TransferShipped(data) => Fact::Shipped(&data.transfer),
        EventData::TransferReceived(data) => Fact::Received(&data.transfer, data.receipt.as_str()),
        EventData::ReservationPlaced(data) => Fact::Reserved(&data.reservation),
        _ => return None,
    })
}

fn same_content(one: &Event, other: &Event) -> bool {
    one.time == other.time
        && one.expected_version == other.expected_version
        && one.extensions == other.extensions
        && said(&one.data) == said(&other.data)
}

/// What was said, without what Onhand knew of a listing by then.
fn said(data: &EventData) -> EventData {
    let mut data = data.clone();
    if let EventData::ChannelLevelReported(level) = &mut data {
        level.unlisted = false;
    }
    data
}

fn same_name(one: &Event, other: &Event) -> bool {
    one.source == other.source && one.id == other.id
}

impl Model {
    /// The place of the first event of the same name and content.
    pub(super) fn repeated(&self, event: &Event) -> Option<u64> {
        let mut told = self.told.iter();
        let same = |known: &Event| same_name(known, event) && same_content(known, event);
        told.find(|(_, told)| same(&told.event)).map(|(seq, _)| *seq)
    }

    /// Whether an event of other content has the name of the one at `seq`.
    pub(super) fn name_is_taken(&self, seq: u64) -> bool {
        let event = &self.told[&seq].event;
        self.told.range(..seq).any(|(_, told)| same_name(&told.event, event))
    }

    pub(super) fn ask_about_name(&mut self, seq: u64) -> Outcome {
        let event = &self.told[&seq].event;
        let about = About::Name(event.source.clone(), event.id.clone());
        let same = self.told.range(..seq).filter(|(_, told)| same_name(&told.event, event));
        let last = |counts: &dyn Fn(&Told) -> bool| same.clone().rfind(|(_, told)| counts(told));
        let counts = last(&|told| self.counts(told)).or_else(|| last(&|told| self.holds(told)));
        let first = *counts.or_else(|| same.clone().next()).expect("the name is taken").0;
        if self.asks_about_many(&about) {
            return Outcome::Rejected;
        }
        self.ask(about, [first, seq]);
        Outcome::Conflict
    }

    /// Whether as many contents of one name are asked about as can be.
    fn asks_about_many(&self, about: &About) -> bool {
        let open = self.open_about(about);
        open.is_some_and(|open| self.asked[open].events.len() >= EVENTS_LISTED_MAX)
    }

    /// Whether a content of a name was refused because many others are asked about.
    pub(super) fn is_one_of_many(&self, seq: u64) -> bool {
        let Told { event, outcome, .. } = &self.told[&seq];
        let about = About::Name(event.source.clone(), event.id.clone());
        *outcome == Outcome::Rejected && self.asks_about_many(&about)
    }

    /// Whether of the contents of one name more than one holds, those not counted of which it is being
    /// asked which is meant; or one of which it is not.
    pub fn two_hold(&self) -> bool {
        let mut names: BTreeMap<(&Source, &EventId), u64> = BTreeMap::new();
        self.told.iter().filter(|(_, told)| self.counts(told)).any(|(seq, told)| {
            let name = (&told.event.source, &told.event.id);
            let besides = |asked: &Asked| {
                asked.open
                    && matches!(&asked.about, About::Name(source, id) if (source, id) == name)
                    && !asked.events.contains(seq)
            };
            let is_second = !self.is_unclear(*seq) && names.insert(name, *seq).is_some();
            is_second || self.asked.iter().any(besides)
        })
    }

    /// Whether it is the content that holds, of those that came under its name.
    pub(super) fn holds(&self, told: &Told) -> bool {
        told.outcome != Outcome::Rejected && !self.taken_back.contains(&told.decided)
    }

    /// Whether it has an effect, or may come to have one.
    pub(super) fn counts(&self, told: &Told) -> bool {
        let may_count = [Outcome::Applied, Outcome::Absorbed, Outcome::Parked, Outcome::Conflict];
        self.holds(told) && may_count.contains(&told.outcome)
    }

    /// The ruling on a business fact that was told before under another name.
    pub(super) fn rule_on_repeated_fact(&mut self, seq: u64) -> Option<Ruling> {
        let event = &self.told[&seq].event;
        let key = fact(&event.data)?;
        let says_it = |told: &Told| fact(&told.event.data).as_ref() == Some(&key);
        let in_force = self.told.iter().find(|(known, told)| {
            says_it(told) && !same_name(&told.event, event) && self.stands(**known)
        });
        let before = self.told.range(..seq);
        let held = before.filter(|(known, told)| says_it(told) && self.is_held_back(**known));
        let said: Vec<(&u64, &Told)> = in_force.into_iter().chain(held).collect();
        let same = said.iter().find(|(_, known)| known.event.data == event.data);
        if let Some((first, _)) = same {
            return Some(Ruling::Repeats(**first));
        }
        let first = *said.first()?.0;
        let about = About::Changed(event.data.order().cloned());
        self.ask(about, [first, seq]);
        Some(Ruling::Outcome(Outcome::Conflict))
    }

    /// Whether a business fact has been acted upon.
    pub(super) fn stands(&self, seq: u64) -> bool {
        let told = &self.told[&seq];
        let in_force = !self.taken_back.contains(&told.decided);
        in_force && [Outcome::Applied, Outcome::Absorbed].contains(&told.outcome)
    }

    /// Whether what an event says is known and may yet be acted upon. Of several contents of one
    /// name, nobody knows that of the later ones.
    fn is_held_back(&self, seq: u64) -> bool {
        [Outcome::Parked, Outcome::Conflict].contains(&self.told[&seq].outcome)
            && !self.is_unclear(seq)
    }

    /// Whether its name had another content before, and a person is asked which is meant.
    pub(super) fn is_unclear(&self, seq: u64) -> bool {
        let is_asked = |asked: &Asked| {
            asked.open && matches!(asked.about, About::Name(..)) && asked.events[1..].contains(&seq)
        };
        self.asked.iter().any(is_asked)
    }

    /// The item that a name means.
    pub(super) fn item(&self, name: &Sku) -> Option<Sku> {
        let known = |sku: &Sku| self.items.contains(sku);
        if known(name) { Some(name.clone()) } else { self.sku_meanings.get(name).cloned() }
    }

    /// The location that a name means.
    pub(super) fn place(&self, name: &LocationId) -> Option<LocationId> {
        let known = |name: &LocationId| self.locations.iter().any(|(known, _)| known == name);
        if known(name) { Some(name.clone()) } else { self.location_meanings.get(name).cloned() }
    }

    /// The level that two names mean; both are known by now.
    pub(super) fn level_of(&self, sku: &Sku, location: &LocationId) -> LevelName {
        let (sku, location) = (self.item(sku), self.place(location));
        (sku.expect("the item is known"), location.expect("the location is known"))
    }

    /// The locations in the order in which they serve orders.
    pub(super) fn ranking(&self) -> Vec<LocationId> {
        let mut ranked = self.locations.clone();
        ranked.sort_by_key(|(name, rank)| (rank.is_none(), *rank, name.clone()));
        ranked.into_iter().map(|(name, _)| name).collect()
    }

    /// The first name in an event that nobody knows, items before locations. One is asked about at
    /// a time.
    pub(super) fn unknown_name(&self, data: &EventData) -> Option<WaitKey> {
        self.unknown_names(data).into_iter().next()
    }

    /// All of them, in this order.
    pub(super) fn unknown_names(&self, data: &EventData) -> Vec<WaitKey> {
        let unknown = |name: &WaitKey| match name {
            WaitKey::Sku(name) => self.item(name).is_none(),
            WaitKey::Location(name) => self.place(name).is_none(),
            WaitKey::Listing(channel, listing) => {
                !self.listing_meanings.contains_key(&(channel.clone(), listing.clone()))
            }
            _ => self.locations.is_empty(),
        };
        let mut names = names(data);
        names.sort_by_key(|name| !matches!(name, WaitKey::Sku(_)));
        names.retain(unknown);
        names
    }
}

/// What has to be known for an event: items, locations, or any location at all.
fn names(data: &EventData) -> Vec<WaitKey> {
    let level = |sku: &Sku, location: &LocationId| row(Some(sku), Some(location));
    match data {
        EventData::StockAdjusted(data) => level(&data.sku, &data.location),
        EventData::StockReceived(data) => level(&data.sku, &data.location),
        EventData::StockCounted(data) => level(&data.sku, &data.location),
        EventData::StockMoved(data) => level(&data.sku, &data.location),
        EventData::StockSet(data) => level(&data.sku, &data.location),
        EventData::OrderPlaced(data) => ordered(&data.lines),
        EventData::OrderAmended(data) => ordered(&data.lines),
        EventData::OrderFulfilled(data) => {
            let rows = data.lines.iter();
            rows.flat_map(|line| row(line.sku.as_ref(), line.location.as_ref())).collect()
        }
        EventData::OrderReturned(data) => {
            let rows = data.lines.iter();
            rows.flat_map(|line| row(line.sku.as_ref(), line.location.as_ref())).collect()
        }
        EventData::OrderCancelled(data) => {
            let rows = data.lines.iter().flatten();
            rows.flat_map(|line| row(line.sku.as_ref(), None)).collect()
        }
        EventData::TransferShipped(data) => {
            let skus = data.lines.iter().map(|line| WaitKey::Sku(line.sku.clone()));
            skus.chain([&data.from, &data.to].map(|name| WaitKey::Location(name.clone()))).collect()
        }
        EventData::TransferReceived(data) => {
            data.lines.iter().map(|line| WaitKey::Sku(line.sku.clone())).collect()
        }
        EventData::ReservationPlaced(data) => {
            data.lines.iter().flat_map(|line| level(&line.sku, &line.location)).collect()
        }
        EventData::ItemUpserted(data) => {
            data.kit.iter().flatten().map(|part| WaitKey::Sku(part.sku.clone())).collect()
        }
        EventData::ChannelLevelReported(data) if data.unlisted => {
            vec![WaitKey::Listing(data.channel.clone(), data.listing.clone())]
        }
        _ => Vec::new(),
    }
}

fn row(sku: Option<&Sku>, location: Option<&LocationId>) -> Vec<WaitKey> {
    let sku = sku.cloned().map(WaitKey::Sku);
    sku.into_iter().chain(location.cloned().map(WaitKey::Location)).collect()
}

fn ordered(lines: &[OrderedLine]) -> Vec<WaitKey> {
    let named = lines.iter().flat_map(|line| row(Some(&line.sku), line.location.as_ref()));
    let anywhere = lines.iter().any(|line| line.location.is_none());
    named.chain(anywhere.then_some(WaitKey::AnyLocation)).collect()
}

/// All items that an event names.
pub(super) fn skus(data: &EventData) -> Vec<Sku> {
    let sku = |name| if let WaitKey::Sku(sku) = name { Some(sku) } else { None };
    let mut skus: Vec<Sku> = names(data).into_iter().filter_map(sku).collect();
    match data {
        EventData::ItemUpserted(data) => skus.push(data.sku.clone()),
        EventData::ChannelLevelReported(data) => {
            skus.extend(data.drift.iter().map(|drift| drift.sku.clone()));
        }
        _ => {}
    }
    skus
}
