//! Fulfillments and refunds: facts with ids of their own, told by several topics.

use std::collections::BTreeMap;

use onhand::event::{
    CancelledLine, Event, EventData, FulfilledLine, OrderCancelled, OrderFulfilled, OrderReturned,
    ReturnedLine, StockState,
};
use onhand::id::{LineId, OrderId, ReturnId};

use super::payload::{Fulfillment, Refund, RefundLine};
use super::{Delivery, DeliveryError, Ignored, Reading, digits, item};

/// What a refund's line means for stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Units that never left are free again.
    Released,
    /// Shipped units are on the shelf again.
    Returned,
    /// Money only.
    Nothing,
}

impl Fate {
    /// By the vendor's word and whether anything of the line was shipped before the refund. A
    /// missing word, or one that is not documented, counts as `no_restock`.
    pub(super) fn of(line: &RefundLine, shipped_before: bool) -> Self {
        match (line.restock_type.as_deref(), shipped_before) {
            (Some("return"), _) | (Some("legacy_restock"), true) => Self::Returned,
            (Some("cancel"), _) | (_, false) => Self::Released,
            (_, true) => Self::Nothing,
        }
    }
}

/// `fulfillments/create`
pub(super) fn fulfillment_created(
    reading: &Reading<'_>,
    fulfillment: &Fulfillment,
) -> Result<Delivery, DeliveryError> {
    if fulfillment.is_undone() {
        return Ok(Delivery::Ignored(Ignored::NotShipped));
    }
    let order = order_of(reading, fulfillment.order_id)?;
    let shipped = fulfilled(reading, &order, fulfillment)?;
    Ok(shipped
        .map_or(Delivery::Ignored(Ignored::NoStockLine), |event| Delivery::Events(vec![event])))
}

/// `fulfillments/update`: the same fact again, or that it was undone.
pub(super) fn fulfillment_updated(
    reading: &Reading<'_>,
    fulfillment: &Fulfillment,
) -> Result<Delivery, DeliveryError> {
    if !fulfillment.is_undone() {
        return fulfillment_created(reading, fulfillment);
    }
    let order = order_of(reading, fulfillment.order_id)?;
    let back = undone(reading, &order, fulfillment)?;
    Ok(back.map_or(Delivery::Ignored(Ignored::NoStockLine), |event| Delivery::Events(vec![event])))
}

/// `refunds/create`: whether a line was shipped before is what the line itself says.
pub(super) fn refunded(reading: &Reading<'_>, refund: &Refund) -> Result<Delivery, DeliveryError> {
    let order = order_of(reading, refund.order_id)?;
    let shipped = |line: &RefundLine| {
        let status = line.line_item.as_ref().and_then(|item| item.fulfillment_status.as_deref());
        matches!(status, Some("fulfilled" | "partial"))
    };
    let mut events = Vec::new();
    events.extend(released(reading, &order, refund, &shipped)?);
    events.extend(returned(reading, &order, refund, &shipped)?);
    if events.is_empty() {
        return Ok(Delivery::Ignored(Ignored::MoneyOnly));
    }
    Ok(Delivery::Events(events))
}

fn order_of(reading: &Reading<'_>, order: Option<u64>) -> Result<OrderId, DeliveryError> {
    let order = order.ok_or_else(|| reading.envelope.value("/order_id", "is required"))?;
    reading.order_id(order)
}

/// `order.fulfilled`, if the fulfillment has units.
pub(super) fn fulfilled(
    reading: &Reading<'_>,
    order: &OrderId,
    fulfillment: &Fulfillment,
) -> Result<Option<Event>, DeliveryError> {
    let location = reading.location(fulfillment.location_id);
    let mut lines = Vec::new();
    for (line, quantity) in shipped_lines(reading, fulfillment)? {
        lines.push(FulfilledLine { line, quantity, location: location.clone(), sku: None });
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let time = reading.time("/created_at", [fulfillment.created_at, fulfillment.updated_at])?;
    let data = EventData::OrderFulfilled(OrderFulfilled {
        order: order.clone(),
        fulfillment: digits(reading, fulfillment.id)?,
        lines,
    });
    reading.fact(&format!("fulfillment/{}", fulfillment.id), time, data).map(Some)
}

/// `order.returned` for a fulfillment that was undone: its units never left, or came back.
pub(super) fn undone(
    reading: &Reading<'_>,
    order: &OrderId,
    fulfillment: &Fulfillment,
) -> Result<Option<Event>, DeliveryError> {
    let location = reading.location(fulfillment.location_id);
    let mut lines = Vec::new();
    for (line, quantity) in shipped_lines(reading, fulfillment)? {
        lines.push(back(line, quantity, location.clone()));
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let time = reading.time("/updated_at", [fulfillment.updated_at, fulfillment.created_at])?;
    let name = format!("fulfillment-{}", fulfillment.id);
    let return_id = ReturnId::new(name.as_str())
        .map_err(|error| reading.envelope.value("/id", error.to_string()))?;
    let data = EventData::OrderReturned(OrderReturned { order: order.clone(), return_id, lines });
    // Under the delivery's id: `updated_at` may move on, and the return's own id keeps it single.
    reading.event(Some(&name), time, data).map(Some)
}

/// `order.cancelled` for the units of a refund that never left, if there are any.
pub(super) fn released(
    reading: &Reading<'_>,
    order: &OrderId,
    refund: &Refund,
    shipped_before: &dyn Fn(&RefundLine) -> bool,
) -> Result<Option<Event>, DeliveryError> {
    let mut lines = Vec::new();
    for ((line, _), quantity) in refund_lines(reading, refund, Fate::Released, shipped_before)? {
        lines.push(CancelledLine { line: digits(reading, line)?, quantity, sku: None });
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let time = reading.time("/created_at", [refund.created_at])?;
    let data =
        EventData::OrderCancelled(OrderCancelled { order: order.clone(), lines: Some(lines) });
    reading.fact(&format!("refund/{}/cancelled", refund.id), time, data).map(Some)
}

/// `order.returned` for the units of a refund that are on the shelf again, if there are any.
pub(super) fn returned(
    reading: &Reading<'_>,
    order: &OrderId,
    refund: &Refund,
    shipped_before: &dyn Fn(&RefundLine) -> bool,
) -> Result<Option<Event>, DeliveryError> {
    let mut lines = Vec::new();
    for ((line, place), quantity) in refund_lines(reading, refund, Fate::Returned, shipped_before)?
    {
        lines.push(back(digits(reading, line)?, quantity, reading.location(place)));
    }
    if lines.is_empty() {
        return Ok(None);
    }
    let time = reading.time("/created_at", [refund.created_at])?;
    let return_id = ReturnId::new(format!("refund-{}", refund.id))
        .map_err(|error| reading.envelope.value("/id", error.to_string()))?;
    let data = EventData::OrderReturned(OrderReturned { order: order.clone(), return_id, lines });
    reading.fact(&format!("refund/{}/returned", refund.id), time, data).map(Some)
}

fn back(line: LineId, quantity: i64, location: Option<onhand::id::LocationId>) -> ReturnedLine {
    ReturnedLine {
        line,
        quantity,
        location,
        restock: true,
        state: StockState::Available,
        sku: None,
    }
}

/// Units by order line; an order line that stands twice in a parcel is summed.
fn shipped_lines(
    reading: &Reading<'_>,
    fulfillment: &Fulfillment,
) -> Result<Vec<(LineId, i64)>, DeliveryError> {
    let mut sums: BTreeMap<u64, i64> = BTreeMap::new();
    for line in &fulfillment.line_items {
        if item::is_no_stock(reading, &line.item) {
            continue;
        }
        let sum = sums.entry(line.id).or_default();
        *sum = reading.units("/line_items/quantity", sum.saturating_add(line.quantity))?;
    }
    let lines = sums.into_iter().filter(|(_, units)| *units > 0);
    lines.map(|(line, units)| Ok((digits(reading, line)?, units))).collect()
}

/// Units of a refund with this fate, by order line and place.
fn refund_lines(
    reading: &Reading<'_>,
    refund: &Refund,
    fate: Fate,
    shipped_before: &dyn Fn(&RefundLine) -> bool,
) -> Result<BTreeMap<(u64, Option<u64>), i64>, DeliveryError> {
    let mut sums: BTreeMap<(u64, Option<u64>), i64> = BTreeMap::new();
    for line in &refund.rows {
        if line.line_item.as_ref().is_some_and(|row| item::is_no_stock(reading, &row.item)) {
            continue;
        }
        if Fate::of(line, shipped_before(line)) == fate && line.quantity != 0 {
            // What is released was never anywhere else; only a return has a place.
            let place = line.location_id.filter(|_| fate == Fate::Returned);
            let sum = sums.entry((line.line_item_id, place)).or_default();
            *sum =
                reading.units("/refund_line_items/quantity", sum.saturating_add(line.quantity))?;
        }
    }
    Ok(sums)
}
