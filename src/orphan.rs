//! What an event does not say that came without its order, or without its transfer's shipment: a
//! person who applies it all the same has to add it.

use crate::event::EventData;
use crate::id::{LineId, LocationId, Sku};
use crate::order::Order;

/// The further fields that `apply_without_order` needs: `sku` and `location`, where neither the
/// event's lines nor what is known of the order say them.
pub fn needs(event: &EventData, order: Option<&Order>) -> &'static [&'static str] {
    let line_of = |id: &LineId| order?.lines.iter().find(|line| line.line == *id);
    let no_sku = |line: &LineId, sku: &Option<Sku>| line_of(line).is_none() && sku.is_none();
    let no_place = |line: &LineId, location: &Option<LocationId>| {
        location.is_none() && line_of(line).is_none_or(|line| line.shares.is_empty())
    };
    let (sku, location) = match event {
        EventData::OrderFulfilled(data) => (
            data.lines.iter().any(|row| no_sku(&row.line, &row.sku)),
            data.lines.iter().any(|row| no_place(&row.line, &row.location)),
        ),
        EventData::OrderReturned(data) => (
            data.lines.iter().any(|row| no_sku(&row.line, &row.sku)),
            data.lines.iter().any(|row| row.restock && no_place(&row.line, &row.location)),
        ),
        EventData::OrderCancelled(data) => {
            (data.lines.iter().flatten().any(|row| no_sku(&row.line, &row.sku)), false)
        }
        EventData::TransferReceived(_) => (false, true),
        _ => (false, false),
    };
    match (sku, location) {
        (true, true) => &["sku", "location"],
        (true, false) => &["sku"],
        (false, true) => &["location"],
        (false, false) => &[],
    }
}
