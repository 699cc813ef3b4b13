//! Whole orders: placed, as they now are, cancelled.

use std::collections::BTreeSet;

use onhand::event::{
    Event, EventData, LINES_MAX, OrderAmended, OrderCancelled, OrderPlaced, OrderedLine,
};
use onhand::id::OrderId;
use onhand::time::{SECOND_US, Timestamp};

use super::facts::{self, Fate};
use super::payload::{Line, Order, RefundLine};
use super::{Delivery, DeliveryError, Ignored, Reading, digits, item};

/// `orders/create`; what was shipped or refunded at once (a sale over the counter) comes with it.
pub(super) fn created(reading: &Reading<'_>, order: &Order) -> Result<Delivery, DeliveryError> {
    if order.test == Some(true) {
        return Ok(Delivery::Ignored(Ignored::TestOrder));
    }
    let id = reading.order_id(order.id)?;
    let lines = lines(reading, order, |line| line.quantity)?;
    if lines.is_empty() {
        return Ok(Delivery::Ignored(Ignored::NoStockLine));
    }
    let time = reading.time("/created_at", [order.created_at, order.updated_at])?;
    let placed = EventData::OrderPlaced(OrderPlaced { order: id.clone(), lines });
    let mut events = vec![reading.event(None, time, placed)?];
    removals(reading, &id, order, &mut events)?;
    shipments(reading, &id, order, &mut events)?;
    Ok(Delivery::Events(events))
}

/// `orders/updated`; that of a cancelled order says the same as `orders/cancelled`.
pub(super) fn updated(reading: &Reading<'_>, order: &Order) -> Result<Delivery, DeliveryError> {
    if order.cancelled_at.is_some() {
        return cancelled(reading, order);
    }
    if order.test == Some(true) {
        return Ok(Delivery::Ignored(Ignored::TestOrder));
    }
    if !has_stock(reading, order) {
        return Ok(Delivery::Ignored(Ignored::NoStockLine));
    }
    let id = reading.order_id(order.id)?;
    let time = reading.time("/updated_at", [order.updated_at])?;
    let mut events = Vec::new();
    removals(reading, &id, order, &mut events)?;
    let amended = amended(reading, &id, order, time)?;
    events.push(reading.event(None, time, amended)?);
    shipments(reading, &id, order, &mut events)?;
    Ok(Delivery::Events(events))
}

/// `orders/cancelled`
pub(super) fn cancelled(reading: &Reading<'_>, order: &Order) -> Result<Delivery, DeliveryError> {
    if order.test == Some(true) {
        return Ok(Delivery::Ignored(Ignored::TestOrder));
    }
    // The vendor's documentation also shows bodies without lines: then all of it is cancelled.
    if !order.line_items.is_empty() && !has_stock(reading, order) {
        return Ok(Delivery::Ignored(Ignored::NoStockLine));
    }
    let id = reading.order_id(order.id)?;
    let time = reading.time("/cancelled_at", [order.cancelled_at, order.updated_at])?;
    let mut events = Vec::new();
    removals(reading, &id, order, &mut events)?;
    shipments(reading, &id, order, &mut events)?;
    let all = EventData::OrderCancelled(OrderCancelled { order: id.clone(), lines: None });
    events.push(reading.event(None, time, all)?);
    if let Some(updated_at) = order.updated_at.filter(|_| !order.line_items.is_empty()) {
        let amended = amended(reading, &id, order, updated_at)?;
        events.push(reading.event(Some("amended"), updated_at, amended)?);
    }
    Ok(Delivery::Events(events))
}

/// The order's lines as they now are. A cancelled order of which nothing is shipped has none.
fn amended(
    reading: &Reading<'_>,
    id: &OrderId,
    order: &Order,
    updated_at: Timestamp,
) -> Result<EventData, DeliveryError> {
    let lines = lines(reading, order, |line| standing(order, line))?;
    let revision = revision(updated_at, reading.envelope.triggered_at);
    Ok(EventData::OrderAmended(OrderAmended { order: id.clone(), revision, lines }))
}

/// Microseconds of `updated_at`, which is written to the second, refined by when the delivery was
/// triggered as far as that lies within the second that follows.
fn revision(updated_at: Timestamp, triggered_at: Option<Timestamp>) -> i64 {
    let beyond = triggered_at.map_or(0, |triggered| triggered.since(updated_at));
    updated_at.micros().saturating_add(beyond.clamp(0, SECOND_US - 1))
}

/// Units of a line that are not cancelled, shipped or not.
fn standing(order: &Order, line: &Line) -> i64 {
    let mut shipped: i64 = 0;
    let mut undone: i64 = 0;
    for fulfillment in &order.fulfillments {
        let rows = fulfillment.line_items.iter().filter(|row| row.id == line.id);
        let units = rows.fold(0_i64, |sum, row| sum.saturating_add(row.quantity));
        shipped = shipped.saturating_add(units);
        undone = undone.saturating_add(if fulfillment.is_undone() { units } else { 0 });
    }
    if order.cancelled_at.is_some() {
        return shipped;
    }
    let mut refunded: i64 = 0;
    let mut released: i64 = 0;
    let mut unsure = false;
    for refund in &order.refunds {
        for row in refund.rows.iter().filter(|row| row.line_item_id == line.id) {
            let shipped_before = shipped_before(order, refund.created_at, row);
            match Fate::of(row, shipped_before) {
                Fate::Released => released = released.saturating_add(row.quantity),
                Fate::Returned | Fate::Nothing => refunded = refunded.saturating_add(row.quantity),
            }
            unsure |=
                shipped_before && !matches!(row.restock_type.as_deref(), Some("cancel" | "return"));
        }
    }
    if let Some(open) = line.fulfillable_quantity.filter(|_| unsure) {
        return shipped.saturating_add(open.max(0));
    }
    let left = match line.current_quantity {
        Some(current) => current.saturating_add(refunded),
        None => line.quantity.saturating_sub(released),
    };
    left.saturating_add(undone).max(shipped)
}

/// Whether anything of a refunded line had been shipped, and not undone, when it was refunded.
fn shipped_before(order: &Order, refunded_at: Option<Timestamp>, row: &RefundLine) -> bool {
    let earlier = |made: Option<Timestamp>| match (made, refunded_at) {
        (Some(made), Some(refunded)) => made < refunded,
        _ => true,
    };
    order.fulfillments.iter().any(|fulfillment| {
        !fulfillment.is_undone()
            && earlier(fulfillment.created_at)
            && fulfillment
                .line_items
                .iter()
                .any(|shipped| shipped.id == row.line_item_id && shipped.quantity > 0)
    })
}

/// What the order's refunds take out of it.
fn removals(
    reading: &Reading<'_>,
    id: &OrderId,
    order: &Order,
    events: &mut Vec<Event>,
) -> Result<(), DeliveryError> {
    for refund in &order.refunds {
        let shipped = |row: &RefundLine| shipped_before(order, refund.created_at, row);
        events.extend(facts::released(reading, id, refund, &shipped)?);
    }
    Ok(())
}

/// What left the house, and what came back.
fn shipments(
    reading: &Reading<'_>,
    id: &OrderId,
    order: &Order,
    events: &mut Vec<Event>,
) -> Result<(), DeliveryError> {
    for fulfillment in &order.fulfillments {
        events.extend(facts::fulfilled(reading, id, fulfillment)?);
        if fulfillment.is_undone() {
            events.extend(facts::undone(reading, id, fulfillment)?);
        }
    }
    for refund in &order.refunds {
        let shipped = |row: &RefundLine| shipped_before(order, refund.created_at, row);
        events.extend(facts::returned(reading, id, refund, &shipped)?);
    }
    Ok(())
}

fn has_stock(reading: &Reading<'_>, order: &Order) -> bool {
    !order.line_items.iter().all(|line| item::is_no_stock(reading, &line.item))
}

/// The order's lines of stock with their units; lines of which nothing is left are gone.
fn lines(
    reading: &Reading<'_>,
    order: &Order,
    units: impl Fn(&Line) -> i64,
) -> Result<Vec<OrderedLine>, DeliveryError> {
    if order.line_items.len() > LINES_MAX {
        let detail = format!("must have at most {LINES_MAX} rows");
        return Err(reading.envelope.value("/line_items", detail));
    }
    let location = reading.location(order.location_id);
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for (index, line) in order.line_items.iter().enumerate() {
        let pointer = format!("/line_items/{index}");
        if !seen.insert(line.id) {
            return Err(reading.envelope.value(format!("{pointer}/id"), "must be given once"));
        }
        let quantity = reading.units(&format!("{pointer}/quantity"), units(line))?;
        if quantity == 0 || item::is_no_stock(reading, &line.item) {
            continue;
        }
        let sku = item::sku(reading, &line.item, line.id)?;
        let line = digits(reading, line.id)?;
        lines.push(OrderedLine { line, sku, quantity, location: location.clone() });
    }
    Ok(lines)
}
