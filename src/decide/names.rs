//! Safeguard 7: names that Onhand does not know become a conflict, not an error, and the events
//! that use them wait.

use super::catalogue;
use super::draft::{About, Draft};
use crate::conflict::{ConflictKind, Evidence};
use crate::event::{Event, EventData};
use crate::id::{LocationId, Sku};
use crate::record::{Change, ItemInfo, Outcome, WaitKey};
use crate::state::{LocIx, SkuIx, Subject};

/// The first name of the event that means nothing yet. Unknown SKUs are created instead, if the
/// house has settled that.
pub(super) fn unknown(draft: &mut Draft<'_>, event: &Event) -> Option<WaitKey> {
    let (skus, locations) = named(&event.data);
    for sku in skus {
        if draft.sku(sku).is_none() {
            if !draft.state.settings.create_unknown_skus {
                return Some(WaitKey::Sku(sku.clone()));
            }
            if draft.held.is_some() {
                // Nothing comes of the event for now.
                continue;
            }
            let sku = sku.clone();
            catalogue::arrived(draft, WaitKey::Sku(sku.clone()));
            draft.create_item(ItemInfo::named(sku));
        }
    }
    for location in locations {
        if draft.location(location).is_none() {
            return Some(WaitKey::Location(location.clone()));
        }
    }
    if let EventData::ChannelLevelReported(data) = &event.data
        && data.unlisted
        && draft.state.catalogue.listed(&data.channel, &data.listing).is_none()
    {
        return Some(WaitKey::Listing(data.channel.clone(), data.listing.clone()));
    }
    let needs_a_location = match &event.data {
        EventData::OrderPlaced(data) => data.lines.iter().any(|line| line.location.is_none()),
        EventData::OrderAmended(data) => data.lines.iter().any(|line| line.location.is_none()),
        _ => false,
    };
    (needs_a_location && draft.state.catalogue.ranking().is_empty()).then_some(WaitKey::AnyLocation)
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

/// Lets the event wait for a name, in the one conflict about that name.
pub(super) fn hold(draft: &mut Draft<'_>, key: WaitKey, seq: u64) -> Outcome {
    draft.reason = Some(format!("{key} is not known"));
    let subject = Subject::Waits(key.clone());
    if let Some(conflict) = draft.conflict_about(&subject).cloned() {
        draft.join(&conflict);
    } else {
        let mut about = About::default();
        match &key {
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
        let evidence = vec![Evidence::new("not known", &key)];
        draft.open(ConflictKind::Unmapped, about, evidence);
    }
    draft.change(Change::Waiting { on: key, seq });
    Outcome::Conflict
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
