//! What core and model are compared by.

use super::model::{About, Asked, Effects, LevelName, Line, Order, Share};
use crate::conflict::{Conflict, ConflictKind, EVENTS_LISTED_MAX};
use crate::event::EventData;
use crate::id::{ChannelId, ListingId, LocationId, OrderId, Sku};
use crate::order::{self, FactKey};
use crate::record::{Record, WaitKey};

/// A conflict as far as it is compared.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shown {
    kind: ConflictKind,
    sku: Option<Sku>,
    location: Option<LocationId>,
    order: Option<OrderId>,
    listing: Option<(ChannelId, ListingId)>,
    events: Vec<u64>,
    event_count: u64,
    version: u64,
}

impl Shown {
    pub fn of(conflict: &Conflict) -> Self {
        // That they name what their only event is about helps people to find them, no more.
        let is_of_event = matches!(
            conflict.kind,
            ConflictKind::IdReused
                | ConflictKind::OrderChanged
                | ConflictKind::FutureTime
                | ConflictKind::Orphan
                | ConflictKind::Poison
        ) || conflict.kind == ConflictKind::Excess && conflict.order.is_some();
        let is_named = matches!(
            conflict.kind,
            ConflictKind::IdReused | ConflictKind::FutureTime | ConflictKind::Unmapped
        );
        Self {
            kind: conflict.kind,
            // Which of a transfer's items it names first is of no consequence.
            sku: conflict.sku.clone().filter(|_| !is_of_event && !conflict.is_about_transfer()),
            location: conflict.location.clone().filter(|_| !is_of_event),
            order: conflict.order.clone().filter(|_| !is_named),
            listing: conflict.channel.clone().zip(conflict.listing.clone()),
            events: conflict.events.iter().map(|event| event.seq).collect(),
            event_count: conflict.event_count,
            version: conflict.version,
        }
    }

    pub fn expected(asked: &Asked) -> Self {
        let (mut sku, mut location, mut order, mut listing) = (None, None, None, None);
        match &asked.about {
            About::HeldCount(level)
            | About::LateMovement { level, .. }
            | About::Version(level)
            | About::Oversold(level) => {
                (sku, location) = (Some(level.0.clone()), Some(level.1.clone()));
            }
            About::Unknown(WaitKey::Sku(name)) => sku = Some(name.clone()),
            About::Unknown(WaitKey::Location(name)) => location = Some(name.clone()),
            About::Changed(id) | About::Orphan(_, id) | About::Poison(id) => order.clone_from(id),
            About::Unknown(WaitKey::Listing(channel, id)) => {
                listing = Some((channel.clone(), id.clone()));
            }
            About::Drift { sku: item, location: place, listing: shown } => {
                sku = Some(item.clone());
                listing = Some(shown.clone());
                location.clone_from(place);
            }
            About::Excess(id) => order = Some(id.clone()),
            About::Transfer(_, to) => location = Some(to.clone()),
            About::Name(..) | About::Future | About::Unknown(_) | About::Batch(_) => {}
        }
        let event_count = asked.events.len() as u64;
        // The last event is the one that a decision is about, so it is always listed.
        let mut events = asked.events.clone();
        if events.len() > EVENTS_LISTED_MAX {
            events.drain(EVENTS_LISTED_MAX - 1..events.len() - 1);
        }
        let (kind, version) = (asked.about.kind(), asked.version);
        Self { kind, sku, location, order, listing, events, event_count, version }
    }
}

/// The effects of a record. One that settles several facts may change a number more than once.
pub(super) fn effects(record: &Record) -> Effects {
    let mut effects = Effects::new();
    for effect in &record.effects {
        let level: LevelName = (effect.sku.clone(), effect.location.clone());
        assert_ne!(effect.delta, 0, "an effect changes something");
        *effects.entry((level, effect.state)).or_default() += effect.delta;
    }
    effects.retain(|_, delta| *delta != 0);
    effects
}

/// An order as the model writes it.
pub(super) fn as_expected(order: &order::Order) -> Order {
    let share = |share: &order::Share| Share {
        location: share.location.clone(),
        committed: share.committed,
        fulfilled: share.fulfilled,
        returned: share.returned,
    };
    let line = |line: &order::OrderLine| Line {
        id: line.line.clone(),
        sku: line.sku.clone(),
        kit: line.kit.iter().map(|part| (part.sku.clone(), part.quantity)).collect(),
        ordered: line.ordered,
        cancelled: line.cancelled,
        shares: line.shares.iter().map(share).filter(|share| !share.is_empty()).collect(),
    };
    let confirmed = order.facts.iter().filter(|fact| matches!(fact.key, FactKey::Confirmed(_)));
    Order {
        id: order.order.clone(),
        placed: order.is_placed(),
        cancelled: order.fact(&FactKey::Cancelled).is_some(),
        confirmed: confirmed.map(|fact| fact.seq).collect(),
        revision: order.revision,
        lines: order.lines.iter().map(line).collect(),
    }
}

/// The level that an event is about, by the names it uses.
pub(super) fn level_of(data: &EventData) -> Option<(&Sku, &LocationId)> {
    match data {
        EventData::StockAdjusted(data) => Some((&data.sku, &data.location)),
        EventData::StockReceived(data) => Some((&data.sku, &data.location)),
        EventData::StockCounted(data) => Some((&data.sku, &data.location)),
        EventData::StockMoved(data) => Some((&data.sku, &data.location)),
        EventData::StockSet(data) => Some((&data.sku, &data.location)),
        _ => None,
    }
}
