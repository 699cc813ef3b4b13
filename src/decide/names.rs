//! Safeguard 7: names that Onhand does not know become a conflict, not an error, and the events
//! that use them wait.

use std::collections::BTreeSet;

use super::catalogue;
use super::draft::{About, Draft};
use crate::conflict::{Conflict, ConflictKind, Evidence};
use crate::event::{Event, EventData};
use crate::id::{LocationId, Sku};
use crate::record::{Change, ItemInfo, Outcome, WaitKey};
use crate::state::{LocIx, SkuIx, Subject};

/// Further names shown in the conflict about one, at most.
const FURTHER_SHOWN_MAX: usize = 10;

/// What the further names are called there.
const FURTHER: &str = "not known either when it came";

/// The names of the event that mean nothing yet, each once, items before locations. Unknown SKUs are created
/// instead, if the house has settled that.
pub(super) fn unknown(draft: &mut Draft<'_>, event: &Event) -> Vec<WaitKey> {
    let (skus, locations) = named(&event.data);
    let mut unknown: Vec<WaitKey> = Vec::new();
    for sku in skus {
        if draft.sku(sku).is_some() {
            continue;
        }
        let key = WaitKey::Sku(sku.clone());
        if !draft.state.settings.create_unknown_skus {
            unknown.push(key);
        } else if draft.held.is_none() {
            // Of what is to be held nothing comes for now.
            catalogue::arrived(draft, key);
            draft.create_item(ItemInfo::named(sku.clone()));
        }
    }
    let places = locations.into_iter().filter(|location| draft.location(location).is_none());
    unknown.extend(places.cloned().map(WaitKey::Location));
    if let EventData::ChannelLevelReported(data) = &event.data
        && data.unlisted
        && draft.state.catalogue.listed(&data.channel, &data.listing).is_none()
    {
        unknown.push(WaitKey::Listing(data.channel.clone(), data.listing.clone()));
    }
    let needs_a_location = match &event.data {
        EventData::OrderPlaced(data) => data.lines.iter().any(|line| line.location.is_none()),
        EventData::OrderAmended(data) => data.lines.iter().any(|line| line.location.is_none()),
        _ => false,
    };
    if needs_a_location && draft.state.catalogue.ranking().is_empty() {
        unknown.push(WaitKey::AnyLocation);
    }
    let mut seen = BTreeSet::new();
    unknown.retain(|name| seen.insert(name.clone()));
    unknown
}

/// Whether a name is one of its own, not by mapping.
pub(super) fn is_known(draft: &Draft<'_>, key: &WaitKey) -> bool {
    let catalogue = &draft.state.catalogue;
    match key {
        WaitKey::Sku(name) => {
            catalogue.sku(name).is_some_and(|sku| catalogue.sku_name(sku) == name)
        }
        WaitKey::Location(name) => catalogue
            .location(name)
            .is_some_and(|location| catalogue.location_name(location) == name),
        WaitKey::AnyLocation => !catalogue.ranking().is_empty(),
        WaitKey::Order(_)
        | WaitKey::RestOfOrder(..)
        | WaitKey::Transfer(_)
        | WaitKey::Listing(..)
        | WaitKey::Approval(_) => false,
    }
}

/// Lets the event wait for a name, in the one conflict about that name, which shows the `further`
/// ones that it will be asked about after that.
pub(super) fn hold(
    draft: &mut Draft<'_>,
    data: &EventData,
    (key, further): (&WaitKey, &[WaitKey]),
    seq: u64,
) -> Outcome {
    draft.reason = Some(format!("{key} is not known"));
    let subject = Subject::Waits(key.clone());
    if let Some(conflict) = draft.conflict_about(&subject).cloned() {
        join(draft, conflict, data, further);
    } else {
        let mut about = About {
            order: data.order().cloned(),
            transfer: data.transfer().cloned(),
            ..About::default()
        };
        match key {
            WaitKey::Sku(sku) => about.sku = Some(sku.clone()),
            WaitKey::Location(location) => about.location = Some(location.clone()),
            WaitKey::Listing(channel, listing) => {
                (about.channel, about.listing) = (Some(channel.clone()), Some(listing.clone()));
            }
            WaitKey::Order(_)
            | WaitKey::RestOfOrder(..)
            | WaitKey::Transfer(_)
            | WaitKey::Approval(_)
            | WaitKey::AnyLocation => {}
        }
        let mut evidence = vec![Evidence::new("not known", key)];
        show(&mut evidence, further);
        draft.open(ConflictKind::Unmapped, about, evidence);
    }
    draft.change(Change::Waiting { on: key.clone(), seq });
    Outcome::Conflict
}

/// Another event joins the conflict about a name, which is about an order or a transfer only as long
/// as all of them are.
fn join(draft: &mut Draft<'_>, mut conflict: Conflict, data: &EventData, further: &[WaitKey]) {
    if conflict.order.as_ref() != data.order() {
        conflict.order = None;
    }
    if conflict.transfer.as_ref() != data.transfer() {
        conflict.transfer = None;
    }
    let mut evidence = conflict.evidence.clone();
    show(&mut evidence, further);
    draft.join(&conflict, evidence);
}

/// Shows further names that are not known, those not shown yet.
fn show(evidence: &mut Vec<Evidence>, further: &[WaitKey]) {
    for name in further {
        let row = Evidence::new(FURTHER, name);
        let shown = evidence.iter().filter(|row| row.label == FURTHER).count();
        if shown < FURTHER_SHOWN_MAX && !evidence.contains(&row) {
            evidence.push(row);
        }
    }
}

/// The level that an event is about, if it is one and known.
pub(super) fn level(draft: &Draft<'_>, data: &EventData) -> Option<(SkuIx, LocIx)> {
    let (skus, locations) = named(data);
    let ([sku], [location]) = (&skus[..], &locations[..]) else { return None };
    draft.sku(sku).zip(draft.location(location))
}

/// What an event is about, for a conflict that holds it: its order or transfer, and its item and its
/// location where it names only one.
pub(super) fn about(draft: &Draft<'_>, data: &EventData) -> About {
    let (mut skus, locations) = named(data);
    if let EventData::ItemUpserted(data) = data {
        skus = vec![&data.sku];
    }
    let sku = only(skus.into_iter().map(|name| {
        let known = draft.sku(name).map(|sku| draft.sku_name(sku));
        known.unwrap_or(name)
    }));
    let location = only(locations.into_iter().map(|name| {
        let known = draft.location(name);
        known.map_or(name, |location| draft.state.catalogue.location_name(location))
    }));
    let (order, transfer) = (data.order().cloned(), data.transfer().cloned());
    About { sku: sku.cloned(), location: location.cloned(), order, transfer, ..About::default() }
}

/// The one value that all of them are.
pub(super) fn only<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// The SKUs and locations that an event names and that have to be known for it.
fn named(data: &EventData) -> (Vec<&Sku>, Vec<&LocationId>) {
    let skus = match data {
        EventData::ItemUpserted(data) => data.kit.iter().flatten().map(|part| &part.sku).collect(),
        EventData::ChannelLevelReported(_) => Vec::new(),
        _ => data.skus(),
    };
    (skus, places(data))
}

/// The locations that an event names and that have to be known for it.
fn places(data: &EventData) -> Vec<&LocationId> {
    match data {
        EventData::StockAdjusted(data) => vec![&data.location],
        EventData::StockReceived(data) => vec![&data.location],
        EventData::StockCounted(data) => vec![&data.location],
        EventData::StockMoved(data) => vec![&data.location],
        EventData::StockSet(data) => vec![&data.location],
        EventData::TransferShipped(data) => vec![&data.from, &data.to],
        EventData::OrderPlaced(data) => {
            data.lines.iter().filter_map(|line| line.location.as_ref()).collect()
        }
        EventData::OrderAmended(data) => {
            data.lines.iter().filter_map(|line| line.location.as_ref()).collect()
        }
        EventData::OrderFulfilled(data) => {
            data.lines.iter().filter_map(|line| line.location.as_ref()).collect()
        }
        EventData::OrderReturned(data) => {
            data.lines.iter().filter_map(|line| line.location.as_ref()).collect()
        }
        EventData::ReservationPlaced(data) => {
            data.lines.iter().map(|line| &line.location).collect()
        }
        EventData::ItemUpserted(_)
        | EventData::LocationUpserted(_)
        | EventData::TransferReceived(_)
        | EventData::OrderCancelled(_)
        | EventData::ReservationReleased(_)
        | EventData::ReservationConfirmed(_)
        | EventData::ReservationExpired(_)
        | EventData::ChannelLevelReported(_)
        | EventData::EventReversed(_)
        | EventData::EventReleased(_)
        | EventData::EventOrphaned(_)
        | EventData::ConflictResolved(_) => Vec::new(),
    }
}
