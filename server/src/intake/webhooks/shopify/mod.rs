//! Shopify's deliveries, read as events.
//!
//! # Which delivery says what
//!
//! One act of a merchant or customer raises several topics, in any order, late, or more than once,
//! and a repeated delivery carries its *original* body. So that no unit is counted twice or lost:
//!
//! * `orders/create` says **`order.placed`**, with the quantities as ordered.
//! * A fulfillment says **`order.fulfilled`** under its own id. One that was undone (`cancelled`,
//!   `error`, `failure`) was shipped when it was made and says **`order.returned`** besides; told
//!   of by `fulfillments/create` alone it never left the house and says nothing.
//! * A refund's line says, by `restock_type`:
//!   `cancel`: units that never left are free again, **`order.cancelled`**;
//!   `return`: shipped units are back on the shelf, **`order.returned`** with `restock`;
//!   `no_restock`: if nothing of the line was shipped before, its units are removed from the order
//!   and still in the house, **`order.cancelled`** (a commitment without a customer must not stay);
//!   else it is money for goods that do not come back, and nothing moves;
//!   `legacy_restock` (older shops; cancel and return in one word): `order.cancelled` if nothing
//!   of the line was shipped before, else `order.returned` with `restock`.
//! * `orders/updated` says **`order.amended`**: every line with the units that are not cancelled,
//!   shipped or not. `quantity` never falls and `current_quantity` also leaves out what was
//!   shipped and refunded, so the number is `current_quantity` + refunded after shipping + shipped
//!   in fulfillments that were undone. A line of which some units were refunded without restock
//!   after others were shipped leaves open which they were: there it is what is shipped +
//!   `fulfillable_quantity`. The topic comes for every change of an order; one that concerns no
//!   quantity gives an amendment without effect, because a body alone does not show whether a
//!   line was added.
//! * `orders/cancelled` says **`order.cancelled`** for all that is still committed, and
//!   `order.amended` to what is shipped, so that an older `orders/updated` that comes later does
//!   not commit the units again.
//! * `orders/edited` names changes without SKUs or a state; its result comes with
//!   `orders/updated`, so it is left alone. A body of the order's own shape is read like
//!   `orders/updated`.
//! * `inventory_levels/update` says **`channel.level_reported`**, an observation.
//!
//! The body of an order repeats its fulfillments and refunds. They are read from there too, as the
//! same events under the same ids (`fulfillment/{id}`, `refund/{id}/…`), so a lost delivery heals
//! with the next one and a repeated one is a duplicate. For that, nothing in such an event may
//! depend on when it was read: its lines carry no SKU, its time is that of the fact. Within one
//! delivery removals come before the amendment (which no longer has them), shipments after it
//! (they may concern added units), returns after shipments.
//!
//! `revision` is `updated_at` in microseconds. The shop writes it to the second, so the part of
//! `X-Shopify-Triggered-At` beyond it, below a second, is added to order changes within a second.
//!
//! # Names
//!
//! An order is `{channel}:{id}`, a line, fulfillment or refund its own id. A line whose item the
//! listings do not know keeps the shop's SKU, or is `{channel}:{variant id}` if it has none: it
//! becomes an `unmapped` conflict, never a lost sale. A line that the shop does not track
//! (`variant_inventory_management` or `variant_id` is `null`) and that no listing knows is no
//! stock: services, tips, gift cards. Orders marked `test` are left alone.

mod facts;
mod headers;
mod item;
mod order;
mod payload;
#[cfg(test)]
mod tests;

use axum::http::HeaderMap;
use onhand::event::{ChannelLevelReported, Event, EventData};
use onhand::id::{ChannelId, EventId, LocationId, OrderId, Source};
use onhand::quantity::QUANTITY_MAX;
use onhand::time::Timestamp;
use serde::de::DeserializeOwned;

use super::{Delivery, DeliveryError, Ignored, Listings};
use headers::Envelope;
pub(super) use headers::signature;

/// The topics that say something about stock: what a shop is to be subscribed to.
pub const TOPICS: [&str; 7] = [
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "fulfillments/create",
    "fulfillments/update",
    "refunds/create",
    "inventory_levels/update",
];

/// Reads a delivery.
pub(super) fn read(
    channel: &ChannelId,
    headers: &HeaderMap,
    body: &[u8],
    listings: &dyn Listings,
) -> Result<Delivery, DeliveryError> {
    let envelope = Envelope::read(headers, body)?;
    let source = Source::new(format!("channel:{channel}"))
        .map_err(|error| envelope.value("", format!("the channel's name {error}")))?;
    let reading = Reading { channel, source, envelope, listings };
    match reading.envelope.topic.as_str() {
        "orders/create" => order::created(&reading, &reading.parse(body)?),
        "orders/updated" => order::updated(&reading, &reading.parse(body)?),
        "orders/cancelled" => order::cancelled(&reading, &reading.parse(body)?),
        "orders/edited" => match reading.parse::<payload::Edited>(body)?.order_edit {
            Some(_) => Ok(Delivery::Ignored(Ignored::OrderEdit)),
            None => order::updated(&reading, &reading.parse(body)?),
        },
        "fulfillments/create" => facts::fulfillment_created(&reading, &reading.parse(body)?),
        "fulfillments/update" => facts::fulfillment_updated(&reading, &reading.parse(body)?),
        "refunds/create" => facts::refunded(&reading, &reading.parse(body)?),
        "inventory_levels/update" => level(&reading, &reading.parse(body)?),
        _ => Ok(Delivery::Ignored(Ignored::Topic)),
    }
}

/// A delivery being read.
struct Reading<'a> {
    channel: &'a ChannelId,
    source: Source,
    envelope: Envelope,
    listings: &'a dyn Listings,
}

impl Reading<'_> {
    fn parse<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, DeliveryError> {
        serde_json::from_slice(body).map_err(|error| DeliveryError::Body {
            topic: self.envelope.topic.clone(),
            detail: error.to_string(),
        })
    }

    /// An event of the delivery itself: its main one, or another one with a suffix.
    fn event(
        &self,
        suffix: Option<&str>,
        time: Timestamp,
        data: EventData,
    ) -> Result<Event, DeliveryError> {
        Ok(self.named(self.envelope.event_id(suffix)?, time, data))
    }

    /// An event under the id of its business fact, the same whichever delivery tells of it.
    fn fact(&self, id: &str, time: Timestamp, data: EventData) -> Result<Event, DeliveryError> {
        let id = EventId::new(id).map_err(|error| self.envelope.value("/id", error.to_string()))?;
        Ok(self.named(id, time, data))
    }

    fn named(&self, id: EventId, time: Timestamp, data: EventData) -> Event {
        Event {
            source: self.source.clone(),
            id,
            time,
            expected_version: None,
            extensions: std::collections::BTreeMap::new(),
            data,
        }
    }

    /// When a fact was: the first time given, else when the delivery was triggered.
    fn time(
        &self,
        pointer: &str,
        times: impl IntoIterator<Item = Option<Timestamp>>,
    ) -> Result<Timestamp, DeliveryError> {
        let first = times.into_iter().flatten().next();
        first
            .or(self.envelope.triggered_at)
            .ok_or_else(|| self.envelope.value(pointer, "is required: a time with zone"))
    }

    fn order_id(&self, order: u64) -> Result<OrderId, DeliveryError> {
        OrderId::new(format!("{}:{order}", self.channel))
            .map_err(|error| self.envelope.value("/id", error.to_string()))
    }

    fn location(&self, location: Option<u64>) -> Option<LocationId> {
        self.listings.location(&location?.to_string())
    }

    /// Checks a number of units; a refused one is named by its pointer.
    fn units(&self, pointer: &str, units: i64) -> Result<i64, DeliveryError> {
        if (0..=QUANTITY_MAX).contains(&units) {
            return Ok(units);
        }
        Err(self.envelope.value(pointer, format!("must be from 0 to {QUANTITY_MAX}, not {units}")))
    }
}

/// The name of a line, fulfillment or return: digits, which always keep the rules for ids.
fn digits<T: std::str::FromStr<Err = onhand::id::NameError>>(
    reading: &Reading<'_>,
    id: u64,
) -> Result<T, DeliveryError> {
    id.to_string()
        .parse()
        .map_err(|error: onhand::id::NameError| reading.envelope.value("/id", error.to_string()))
}

fn level(reading: &Reading<'_>, level: &payload::Level) -> Result<Delivery, DeliveryError> {
    let Some(quantity) = level.available else {
        return Ok(Delivery::Ignored(Ignored::Untracked));
    };
    let (item, location) = (level.inventory_item_id.to_string(), level.location_id.to_string());
    let Some(listing) = reading.listings.listing(&item, &location) else {
        return Ok(Delivery::Ignored(Ignored::Unlisted));
    };
    if !onhand::quantity::in_range(quantity) {
        let detail = format!("must be at most {QUANTITY_MAX} either way, not {quantity}");
        return Err(reading.envelope.value("/available", detail));
    }
    let time = reading.time("/updated_at", [level.updated_at])?;
    let channel = reading.channel.clone();
    let data = ChannelLevelReported { channel, listing, quantity, drift: None, unlisted: false };
    // One action, such as an order of several lines, tells of each level under the same event id.
    let level = format!("{item}.{location}");
    let event = reading.event(Some(&level), time, EventData::ChannelLevelReported(data))?;
    Ok(Delivery::Events(vec![event]))
}
