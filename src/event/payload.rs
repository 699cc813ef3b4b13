//! From the `data` of an event to what its type says: one reader per type.

use super::data::{
    CancelledLine, ChannelLevelReported, EventData, EventReversed, FulfilledLine, ItemUpserted,
    KitPart, LocationUpserted, OrderAmended, OrderCancelled, OrderFulfilled, OrderPlaced,
    OrderReturned, OrderedLine, ReceivedItem, ReservationConfirmed, ReservationPlaced,
    ReservationReleased, ReservedLine, ReturnedLine, ShippedItem, StockAdjusted, StockCounted,
    StockMoved, StockReceived, StockSet, StockState, TransferReceived, TransferShipped,
};
use super::json::Json;
use super::read::{Errors, Reader};
use crate::id::{
    ChannelId, EventId, FulfillmentId, LineId, ListingId, LocationId, OrderId, ReceiptId,
    ReservationId, ReturnId, Sku, Source, Text, TransferId,
};
use crate::quantity::QUANTITY_MAX;

/// Lines of one order, shipment, return or reservation.
pub const LINES_MAX: usize = 10_000;

/// Components of one kit.
pub const KIT_PARTS_MAX: usize = 100;

/// Longest time for which a reservation can be asked, in seconds: ten years.
pub const EXPIRES_IN_S_MAX: i64 = 315_360_000;

/// Highest rank of a location.
const RANK_MAX: i64 = 1_000_000;

/// Reads `type` and `data` of an envelope.
pub(super) fn typed_data(reader: &Reader<'_>, errors: &Errors) -> Option<EventData> {
    let event_type = match reader.required("type") {
        Some(Json::String(text)) => text.as_str(),
        other => {
            if let Some(other) = other {
                reader.error("type", format!("must be a string, not {}", other.kind()));
            }
            // What its data should be is not known.
            reader.optional("data");
            return None;
        }
    };
    let read: fn(&Reader<'_>) -> Option<EventData> = match event_type {
        "item.upserted" => item,
        "location.upserted" => location,
        "stock.adjusted" => adjusted,
        "stock.received" => received,
        "stock.counted" => counted,
        "stock.moved" => moved,
        "stock.set" => set,
        "transfer.shipped" => shipped,
        "transfer.received" => arrived,
        "order.placed" => placed,
        "order.amended" => amended,
        "order.cancelled" => cancelled,
        "order.fulfilled" => fulfilled,
        "order.returned" => returned,
        "reservation.placed" => reserved,
        "reservation.released" => released,
        "reservation.confirmed" => confirmed,
        "channel.level_reported" => reported,
        "event.reversed" => reversed,
        other => {
            let shown: String = other.chars().take(60).collect();
            reader.error("type", format!("{shown:?} is not an event type that Onhand takes"));
            reader.optional("data");
            return None;
        }
    };
    let value = reader.required("data")?;
    let data = Reader::new(value, "/data".into(), errors)?;
    let read = read(&data);
    data.finish();
    read
}

fn sku(reader: &Reader<'_>) -> Option<Sku> {
    reader.name("sku", |text| Sku::new(text))
}

fn place(reader: &Reader<'_>) -> Option<LocationId> {
    reader.name("location", |text| LocationId::new(text))
}

fn optional_place(reader: &Reader<'_>) -> Option<LocationId> {
    reader.optional_name("location", |text| LocationId::new(text))
}

fn order(reader: &Reader<'_>) -> Option<OrderId> {
    reader.name("order", |text| OrderId::new(text))
}

fn transfer(reader: &Reader<'_>) -> Option<TransferId> {
    reader.name("transfer", |text| TransferId::new(text))
}

fn line(reader: &Reader<'_>) -> Option<LineId> {
    reader.name("line", |text| LineId::new(text))
}

/// States in which units arrive or vanish.
const STATES: [StockState; 3] =
    [StockState::Available, StockState::Damaged, StockState::QualityControl];

/// States between which units are moved.
const MOVED_STATES: [StockState; 4] = [
    StockState::Available,
    StockState::Damaged,
    StockState::QualityControl,
    StockState::SafetyStock,
];

/// The state in which units arrive or vanish; available unless told otherwise.
fn state(reader: &Reader<'_>) -> Option<StockState> {
    match reader.optional("state") {
        None => Some(StockState::Available),
        Some(value) => state_of(reader, "state", value, &STATES),
    }
}

/// A state by its name, if it is one of those that are allowed.
fn state_of(
    reader: &Reader<'_>,
    name: &str,
    value: &Json,
    allowed: &[StockState],
) -> Option<StockState> {
    let text = if let Json::String(text) = value { text.as_str() } else { "" };
    let state = allowed.iter().find(|state| state.as_str() == text).copied();
    if state.is_none() {
        let names: Vec<String> =
            allowed.iter().map(|state| format!("\"{}\"", state.as_str())).collect();
        reader.error(name, format!("must be one of {}", names.join(", ")));
    }
    state
}

fn item(reader: &Reader<'_>) -> Option<EventData> {
    let (sku, name) = (sku(reader), reader.optional_text("name"));
    let barcode = reader.optional_text("barcode");
    let low_stock = reader.optional_number("low_stock", 0, QUANTITY_MAX);
    let kit = kit(reader, sku.as_ref());
    Some(EventData::ItemUpserted(ItemUpserted { sku: sku?, name, barcode, low_stock, kit: kit? }))
}

/// The components of a kit, if it is one: each once, and not the kit itself.
#[expect(clippy::option_option, reason = "wrong, absent and there are three answers")]
fn kit(reader: &Reader<'_>, own: Option<&Sku>) -> Option<Option<Vec<KitPart>>> {
    let mut seen = std::collections::BTreeSet::new();
    reader.optional_rows("kit", 1..=KIT_PARTS_MAX, |row| {
        let (sku, quantity) = (sku(row), row.quantity("quantity", 1));
        let sku = sku?;
        if own == Some(&sku) {
            row.error("sku", "must not be the kit itself");
        }
        if !seen.insert(sku.clone()) {
            row.error("sku", "must be named once");
        }
        Some(KitPart { sku, quantity: quantity? })
    })
}

fn location(reader: &Reader<'_>) -> Option<EventData> {
    let (location, name) = (place(reader), reader.optional_text("name"));
    let rank = reader.optional_number("rank", 1, RANK_MAX);
    Some(EventData::LocationUpserted(LocationUpserted { location: location?, name, rank }))
}

fn adjusted(reader: &Reader<'_>) -> Option<EventData> {
    let (sku, location) = (sku(reader), place(reader));
    let delta = reader.number("delta", -QUANTITY_MAX, QUANTITY_MAX);
    if delta == Some(0) {
        reader.error("delta", "must not be 0");
    }
    let reason = reason(reader);
    let state = state(reader);
    let (reference, note) = (reader.optional_text("reference"), reader.optional_text("note"));
    Some(EventData::StockAdjusted(StockAdjusted {
        sku: sku?,
        location: location?,
        delta: delta?,
        reason: reason?,
        state: state?,
        reference,
        note,
    }))
}

fn reason(reader: &Reader<'_>) -> Option<Text> {
    let reason = reader.name("reason", |text| Text::new(text));
    if reason.as_ref().is_some_and(|reason| reason.as_str().trim().is_empty()) {
        reader.error("reason", "must say why");
    }
    reason
}

fn received(reader: &Reader<'_>) -> Option<EventData> {
    let (sku, location) = (sku(reader), place(reader));
    let quantity = reader.quantity("quantity", 1);
    let reference = reader.optional_text("reference");
    Some(EventData::StockReceived(StockReceived {
        sku: sku?,
        location: location?,
        quantity: quantity?,
        reference,
    }))
}

fn counted(reader: &Reader<'_>) -> Option<EventData> {
    let (sku, location) = (sku(reader), place(reader));
    let counted = reader.quantity("counted", 0);
    Some(EventData::StockCounted(StockCounted {
        sku: sku?,
        location: location?,
        counted: counted?,
    }))
}

fn moved(reader: &Reader<'_>) -> Option<EventData> {
    let (sku, location) = (sku(reader), place(reader));
    let moved_state =
        |name| reader.required(name).and_then(|value| state_of(reader, name, value, &MOVED_STATES));
    let (from_state, to_state) = (moved_state("from_state"), moved_state("to_state"));
    if from_state.is_some() && from_state == to_state {
        reader.error("to_state", "must differ from from_state");
    }
    let quantity = reader.quantity("quantity", 1);
    Some(EventData::StockMoved(StockMoved {
        sku: sku?,
        location: location?,
        from_state: from_state?,
        to_state: to_state?,
        quantity: quantity?,
    }))
}

fn set(reader: &Reader<'_>) -> Option<EventData> {
    let (sku, location) = (sku(reader), place(reader));
    let quantity = reader.quantity("quantity", 0);
    Some(EventData::StockSet(StockSet { sku: sku?, location: location?, quantity: quantity? }))
}

/// The rows of `lines`, at `least` so many, whose line ids must differ unless `repeats` allows the
/// same line twice.
fn lines<T>(
    reader: &Reader<'_>,
    least: usize,
    repeats: bool,
    mut read: impl FnMut(&Reader<'_>) -> Option<T>,
    id: impl Fn(&T) -> &LineId,
) -> Option<Vec<T>> {
    let rows = reader.rows("lines", least..=LINES_MAX, |row| read(row))?;
    let mut seen = std::collections::BTreeSet::new();
    if !repeats {
        for row in &rows {
            if !seen.insert(id(row)) {
                reader.error("lines", format!("must name line {:?} once", id(row).as_str()));
                return None;
            }
        }
    }
    Some(rows)
}

fn shipped(reader: &Reader<'_>) -> Option<EventData> {
    let transfer = transfer(reader);
    let from = reader.name("from", |text| LocationId::new(text));
    let to = reader.name("to", |text| LocationId::new(text));
    if from.is_some() && from == to {
        reader.error("to", "must differ from from");
    }
    let lines = reader.rows("lines", 1..=LINES_MAX, |row| {
        let (sku, quantity) = (sku(row), row.quantity("quantity", 1));
        Some(ShippedItem { sku: sku?, quantity: quantity? })
    });
    Some(EventData::TransferShipped(TransferShipped {
        transfer: transfer?,
        from: from?,
        to: to?,
        lines: lines?,
    }))
}

fn arrived(reader: &Reader<'_>) -> Option<EventData> {
    let transfer = transfer(reader);
    let receipt = reader.name("receipt", |text| ReceiptId::new(text));
    let is_final = reader.optional_bool("final");
    // That nothing came is said once and for all.
    let least = usize::from(is_final != Some(Some(true)));
    let lines = reader.rows("lines", least..=LINES_MAX, |row| {
        let (sku, quantity, state) = (sku(row), row.quantity("quantity", 1), state(row));
        Some(ReceivedItem { sku: sku?, quantity: quantity?, state: state? })
    });
    Some(EventData::TransferReceived(TransferReceived {
        transfer: transfer?,
        receipt: receipt?,
        lines: lines?,
        is_final: is_final?.unwrap_or(false),
    }))
}

fn ordered_lines(reader: &Reader<'_>, least: usize) -> Option<Vec<OrderedLine>> {
    let read = |row: &Reader<'_>| {
        let (line, sku) = (line(row), sku(row));
        let quantity = row.quantity("quantity", 1);
        let location = optional_place(row);
        Some(OrderedLine { line: line?, sku: sku?, quantity: quantity?, location })
    };
    lines(reader, least, false, read, |row| &row.line)
}

fn placed(reader: &Reader<'_>) -> Option<EventData> {
    let (order, lines) = (order(reader), ordered_lines(reader, 1));
    Some(EventData::OrderPlaced(OrderPlaced { order: order?, lines: lines? }))
}

fn amended(reader: &Reader<'_>) -> Option<EventData> {
    let order = order(reader);
    let revision = reader.number("revision", 0, i64::MAX);
    // Nothing may be left of the order.
    let lines = ordered_lines(reader, 0);
    Some(EventData::OrderAmended(OrderAmended {
        order: order?,
        revision: revision?,
        lines: lines?,
    }))
}

fn cancelled(reader: &Reader<'_>) -> Option<EventData> {
    let order = order(reader);
    let lines = reader.optional_rows("lines", 1..=LINES_MAX, |row| {
        let line = line(row);
        let quantity = row.quantity("quantity", 1);
        let sku = row.optional_name("sku", |text| Sku::new(text));
        Some(CancelledLine { line: line?, quantity: quantity?, sku })
    });
    Some(EventData::OrderCancelled(OrderCancelled { order: order?, lines: lines? }))
}

fn fulfilled(reader: &Reader<'_>) -> Option<EventData> {
    let order = order(reader);
    let fulfillment = reader.name("fulfillment", |text| FulfillmentId::new(text));
    let read = |row: &Reader<'_>| {
        let line = line(row);
        let quantity = row.quantity("quantity", 1);
        let location = optional_place(row);
        let sku = row.optional_name("sku", |text| Sku::new(text));
        Some(FulfilledLine { line: line?, quantity: quantity?, location, sku })
    };
    let lines = lines(reader, 1, true, read, |row| &row.line);
    Some(EventData::OrderFulfilled(OrderFulfilled {
        order: order?,
        fulfillment: fulfillment?,
        lines: lines?,
    }))
}

fn returned(reader: &Reader<'_>) -> Option<EventData> {
    let order = order(reader);
    let return_id = reader.name("return", |text| ReturnId::new(text));
    let read = |row: &Reader<'_>| {
        let line = line(row);
        let quantity = row.quantity("quantity", 1);
        let location = optional_place(row);
        let restock = row.bool("restock");
        let state = state(row);
        let sku = row.optional_name("sku", |text| Sku::new(text));
        Some(ReturnedLine {
            line: line?,
            quantity: quantity?,
            location,
            restock: restock?,
            state: state?,
            sku,
        })
    };
    let lines = lines(reader, 1, true, read, |row| &row.line);
    Some(EventData::OrderReturned(OrderReturned {
        order: order?,
        return_id: return_id?,
        lines: lines?,
    }))
}

fn reservation(reader: &Reader<'_>) -> Option<ReservationId> {
    reader.name("reservation", |text| ReservationId::new(text))
}

fn reserved(reader: &Reader<'_>) -> Option<EventData> {
    let reservation = reservation(reader);
    let lines = reader.rows("lines", 1..=LINES_MAX, |row| {
        let (sku, location) = (sku(row), place(row));
        let quantity = row.quantity("quantity", 1);
        Some(ReservedLine { sku: sku?, location: location?, quantity: quantity? })
    });
    let expires_in_s = reader.number("expires_in_s", 1, EXPIRES_IN_S_MAX);
    Some(EventData::ReservationPlaced(ReservationPlaced {
        reservation: reservation?,
        lines: lines?,
        expires_in_s: expires_in_s?,
    }))
}

fn released(reader: &Reader<'_>) -> Option<EventData> {
    let reservation = reservation(reader)?;
    Some(EventData::ReservationReleased(ReservationReleased { reservation }))
}

fn confirmed(reader: &Reader<'_>) -> Option<EventData> {
    let (reservation, order) = (reservation(reader), order(reader));
    Some(EventData::ReservationConfirmed(ReservationConfirmed {
        reservation: reservation?,
        order: order?,
    }))
}

fn reported(reader: &Reader<'_>) -> Option<EventData> {
    let channel = reader.name("channel", |text| ChannelId::new(text));
    let listing = reader.name("listing", |text| ListingId::new(text));
    let quantity = reader.number("quantity", -QUANTITY_MAX, QUANTITY_MAX);
    Some(EventData::ChannelLevelReported(ChannelLevelReported {
        unlisted: false,
        channel: channel?,
        listing: listing?,
        quantity: quantity?,
        drift: None,
    }))
}

fn reversed(reader: &Reader<'_>) -> Option<EventData> {
    let source = reader.name("source", |text| Source::new(text));
    let id = reader.name("id", |text| EventId::new(text));
    let reason = reason(reader);
    Some(EventData::EventReversed(EventReversed { source: source?, id: id?, reason: reason? }))
}
