//! What each event type says (contract.md section 3.2).

use serde::{Deserialize, Serialize};

use crate::conflict::Choice;
use crate::id::{
    ChannelId, EventId, FulfillmentId, LineId, ListingId, LocationId, OrderId, ReceiptId,
    ReservationId, ReturnId, Sku, Source, Text, TransferId,
};
use crate::record::Bucket;
use crate::time::Timestamp;

/// What happened. The serialised form is the event's `data`; the variant is its `type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum EventData {
    /// `item.upserted`
    ItemUpserted(ItemUpserted),
    /// `location.upserted`
    LocationUpserted(LocationUpserted),
    /// `stock.adjusted`
    StockAdjusted(StockAdjusted),
    /// `stock.received`
    StockReceived(StockReceived),
    /// `stock.counted`
    StockCounted(StockCounted),
    /// `stock.moved`
    StockMoved(StockMoved),
    /// `stock.set`
    StockSet(StockSet),
    /// `transfer.shipped`
    TransferShipped(TransferShipped),
    /// `transfer.received`
    TransferReceived(TransferReceived),
    /// `order.placed`
    OrderPlaced(OrderPlaced),
    /// `order.amended`
    OrderAmended(OrderAmended),
    /// `order.cancelled`
    OrderCancelled(OrderCancelled),
    /// `order.fulfilled`
    OrderFulfilled(OrderFulfilled),
    /// `order.returned`
    OrderReturned(OrderReturned),
    /// `reservation.placed`
    ReservationPlaced(ReservationPlaced),
    /// `reservation.released`
    ReservationReleased(ReservationReleased),
    /// `reservation.confirmed`
    ReservationConfirmed(ReservationConfirmed),
    /// `reservation.expired`: its time is over. Made by Onhand only.
    ReservationExpired(ReservationExpired),
    /// `channel.level_reported`
    ChannelLevelReported(ChannelLevelReported),
    /// `event.reversed`
    EventReversed(EventReversed),
    /// `event.released`: what an event waited for has come, and it is decided again. Made by
    /// Onhand only.
    EventReleased(EventReleased),
    /// `event.orphaned`: an event has waited for too long. Made by Onhand only.
    EventOrphaned(EventOrphaned),
    /// `conflict.resolved`: a person has decided. Made by Onhand only.
    ConflictResolved(Choice),
}

impl EventData {
    /// The order that the event is about.
    pub const fn order(&self) -> Option<&OrderId> {
        match self {
            Self::OrderPlaced(data) => Some(&data.order),
            Self::OrderAmended(data) => Some(&data.order),
            Self::OrderCancelled(data) => Some(&data.order),
            Self::OrderFulfilled(data) => Some(&data.order),
            Self::OrderReturned(data) => Some(&data.order),
            Self::ReservationConfirmed(data) => Some(&data.order),
            _ => None,
        }
    }

    /// The reservation that the event is about.
    pub const fn reservation(&self) -> Option<&ReservationId> {
        match self {
            Self::ReservationPlaced(data) => Some(&data.reservation),
            Self::ReservationReleased(data) => Some(&data.reservation),
            Self::ReservationConfirmed(data) => Some(&data.reservation),
            Self::ReservationExpired(data) => Some(&data.reservation),
            _ => None,
        }
    }

    /// The transfer that the event is about.
    pub const fn transfer(&self) -> Option<&TransferId> {
        match self {
            Self::TransferShipped(data) => Some(&data.transfer),
            Self::TransferReceived(data) => Some(&data.transfer),
            _ => None,
        }
    }

    /// The event's type.
    pub const fn event_type(&self) -> &'static str {
        match self {
            Self::ItemUpserted(_) => "item.upserted",
            Self::LocationUpserted(_) => "location.upserted",
            Self::StockAdjusted(_) => "stock.adjusted",
            Self::StockReceived(_) => "stock.received",
            Self::StockCounted(_) => "stock.counted",
            Self::StockMoved(_) => "stock.moved",
            Self::StockSet(_) => "stock.set",
            Self::TransferShipped(_) => "transfer.shipped",
            Self::TransferReceived(_) => "transfer.received",
            Self::OrderPlaced(_) => "order.placed",
            Self::OrderAmended(_) => "order.amended",
            Self::OrderCancelled(_) => "order.cancelled",
            Self::OrderFulfilled(_) => "order.fulfilled",
            Self::OrderReturned(_) => "order.returned",
            Self::ReservationPlaced(_) => "reservation.placed",
            Self::ReservationReleased(_) => "reservation.released",
            Self::ReservationConfirmed(_) => "reservation.confirmed",
            Self::ReservationExpired(_) => "reservation.expired",
            Self::ChannelLevelReported(_) => "channel.level_reported",
            Self::EventReversed(_) => "event.reversed",
            Self::EventReleased(_) => "event.released",
            Self::EventOrphaned(_) => "event.orphaned",
            Self::ConflictResolved(_) => "conflict.resolved",
        }
    }

    /// Reads stored data of a known type.
    ///
    /// # Errors
    /// When the type is unknown or the data does not fit it.
    pub fn from_stored(event_type: &str, data: &str) -> Result<Self, serde_json::Error> {
        use serde_json::from_str as read;
        Ok(match event_type {
            "item.upserted" => Self::ItemUpserted(read(data)?),
            "location.upserted" => Self::LocationUpserted(read(data)?),
            "stock.adjusted" => Self::StockAdjusted(read(data)?),
            "stock.received" => Self::StockReceived(read(data)?),
            "stock.counted" => Self::StockCounted(read(data)?),
            "stock.moved" => Self::StockMoved(read(data)?),
            "stock.set" => Self::StockSet(read(data)?),
            "transfer.shipped" => Self::TransferShipped(read(data)?),
            "transfer.received" => Self::TransferReceived(read(data)?),
            "order.placed" => Self::OrderPlaced(read(data)?),
            "order.amended" => Self::OrderAmended(read(data)?),
            "order.cancelled" => Self::OrderCancelled(read(data)?),
            "order.fulfilled" => Self::OrderFulfilled(read(data)?),
            "order.returned" => Self::OrderReturned(read(data)?),
            "reservation.placed" => Self::ReservationPlaced(read(data)?),
            "reservation.released" => Self::ReservationReleased(read(data)?),
            "reservation.confirmed" => Self::ReservationConfirmed(read(data)?),
            "reservation.expired" => Self::ReservationExpired(read(data)?),
            "channel.level_reported" => Self::ChannelLevelReported(read(data)?),
            "event.reversed" => Self::EventReversed(read(data)?),
            "event.released" => Self::EventReleased(read(data)?),
            "event.orphaned" => Self::EventOrphaned(read(data)?),
            "conflict.resolved" => Self::ConflictResolved(read(data)?),
            other => {
                return Err(serde::de::Error::custom(format!("unknown event type {other}")));
            }
        })
    }
}

/// An item is known from now on, or known better. Members that are absent stay as they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemUpserted {
    /// The item.
    pub sku: Sku,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// What a scanner reads on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<Text>,
    /// Available units at or below which the item counts as low, in base units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_stock: Option<i64>,
    /// What it consists of, if it is a kit: then it holds no stock of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kit: Option<Vec<KitPart>>,
}

/// A component of a kit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KitPart {
    /// What; no kit itself.
    pub sku: Sku,
    /// How many units of it one kit takes, above 0.
    pub quantity: i64,
}

/// A location is known from now on, or known better. Members that are absent stay as they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocationUpserted {
    /// The location.
    pub location: LocationId,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Its place in the order in which locations serve orders; 1 is the best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<i64>,
}

/// A state that units on hand can be in, as far as nobody has been promised them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockState {
    /// Free for sale; the default.
    Available,
    /// Broken, kept apart.
    Damaged,
    /// Waiting for inspection.
    QualityControl,
    /// Held back on purpose. Units are moved into it and out of it; none arrive in it or vanish
    /// from it.
    SafetyStock,
}

impl StockState {
    /// The state's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Damaged => "damaged",
            Self::QualityControl => "quality_control",
            Self::SafetyStock => "safety_stock",
        }
    }

    /// The number of a level that counts the units in this state; none for those that are
    /// available, which are what no other state holds.
    pub const fn bucket(self) -> Option<Bucket> {
        match self {
            Self::Available => None,
            Self::Damaged => Some(Bucket::Damaged),
            Self::QualityControl => Some(Bucket::QualityControl),
            Self::SafetyStock => Some(Bucket::SafetyStock),
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    fn is_available(&self) -> bool {
        *self == Self::Available
    }
}

/// Units appeared or vanished for a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockAdjusted {
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// How many units more (or fewer, if negative); not 0.
    pub delta: i64,
    /// Why.
    pub reason: Text,
    /// The state that moves with `on_hand`.
    #[serde(default = "available", skip_serializing_if = "StockState::is_available")]
    pub state: StockState,
    /// What it belongs to, e.g. a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Text>,
    /// A remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
}

const fn available() -> StockState {
    StockState::Available
}

/// Units arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockReceived {
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// How many units, above 0.
    pub quantity: i64,
    /// What it belongs to, e.g. a delivery note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Text>,
}

/// Somebody counted what is physically there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockCounted {
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// Physical `on_hand` at the event's time, at least 0.
    pub counted: i64,
}

/// Units changed their state where they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockMoved {
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// The state that they were in.
    pub from_state: StockState,
    /// The state that they are in now; another one.
    pub to_state: StockState,
    /// How many units, above 0.
    pub quantity: i64,
}

/// A request to make `on_hand` this number, if nothing has changed since it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StockSet {
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// The `on_hand` wanted, at least 0.
    pub quantity: i64,
}

/// Units left one location for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferShipped {
    /// The transfer.
    pub transfer: TransferId,
    /// Where they left from.
    pub from: LocationId,
    /// Where they go; another location.
    pub to: LocationId,
    /// What left.
    pub lines: Vec<ShippedItem>,
}

/// Part of what left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShippedItem {
    /// What.
    pub sku: Sku,
    /// How many, above 0.
    pub quantity: i64,
}

/// Units of a transfer arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferReceived {
    /// The transfer.
    pub transfer: TransferId,
    /// The receipt, unique in the transfer.
    pub receipt: ReceiptId,
    /// What arrived.
    pub lines: Vec<ReceivedItem>,
    /// Whether nothing more is to come.
    #[serde(rename = "final", default, skip_serializing_if = "is_false")]
    pub is_final: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Part of what arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceivedItem {
    /// What.
    pub sku: Sku,
    /// How many, above 0.
    pub quantity: i64,
    /// The state they are in.
    #[serde(default = "available", skip_serializing_if = "StockState::is_available")]
    pub state: StockState,
}

/// A customer ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderPlaced {
    /// The order.
    pub order: OrderId,
    /// What was ordered.
    pub lines: Vec<OrderedLine>,
}

/// An order's lines as they now are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderAmended {
    /// The order.
    pub order: OrderId,
    /// Grows with each amendment; an older one is superseded.
    pub revision: i64,
    /// The lines as they now are; a line that is absent is gone.
    pub lines: Vec<OrderedLine>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderedLine {
    /// The line.
    pub line: LineId,
    /// What.
    pub sku: Sku,
    /// How many, above 0.
    pub quantity: i64,
    /// Where it is to come from; without it the ranking decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
}

/// An order, or part of it, will not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderCancelled {
    /// The order.
    pub order: OrderId,
    /// Which lines; `None` means all that is still committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<CancelledLine>>,
}

/// Part of a cancellation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelledLine {
    /// The line.
    pub line: LineId,
    /// How many, above 0.
    pub quantity: i64,
    /// What, for a line whose order never came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
}

/// Units of an order left the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderFulfilled {
    /// The order.
    pub order: OrderId,
    /// The shipment, unique in the order.
    pub fulfillment: FulfillmentId,
    /// What was shipped.
    pub lines: Vec<FulfilledLine>,
}

/// Part of a shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FulfilledLine {
    /// The line.
    pub line: LineId,
    /// How many, above 0.
    pub quantity: i64,
    /// Where it left from; without it, where it was committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// What, for a line whose order never came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
}

/// Units of an order came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderReturned {
    /// The order.
    pub order: OrderId,
    /// The return, unique in the order.
    #[serde(rename = "return")]
    pub return_id: ReturnId,
    /// What came back.
    pub lines: Vec<ReturnedLine>,
}

/// Part of a return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnedLine {
    /// The line.
    pub line: LineId,
    /// How many, above 0.
    pub quantity: i64,
    /// Where it came back to; without it, where it was shipped from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// Whether the units are on hand again.
    pub restock: bool,
    /// The state they are in.
    #[serde(default = "available", skip_serializing_if = "StockState::is_available")]
    pub state: StockState,
    /// What, for a line whose order never came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
}

/// A request to hold units back for a customer, for a while: all of them or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservationPlaced {
    /// The reservation.
    pub reservation: ReservationId,
    /// What is to be held.
    pub lines: Vec<ReservedLine>,
    /// Seconds after recording at which the hold ends by itself, above 0.
    pub expires_in_s: i64,
}

/// One line of a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservedLine {
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// How many, above 0.
    pub quantity: i64,
}

/// A request to end a hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservationReleased {
    /// The reservation.
    pub reservation: ReservationId,
}

/// A request to make a hold the commitment of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservationConfirmed {
    /// The reservation.
    pub reservation: ReservationId,
    /// The order.
    pub order: OrderId,
}

/// The time of a hold is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservationExpired {
    /// The reservation.
    pub reservation: ReservationId,
}

/// A channel says what quantity it shows. An observation: it changes no stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelLevelReported {
    /// The channel.
    pub channel: ChannelId,
    /// The listing.
    pub listing: ListingId,
    /// What it shows, in base units.
    pub quantity: i64,
    /// By how much that is not what Onhand wants it to show, if a person is to be asked. Only
    /// Onhand says so, after it has compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Box<ChannelDrift>>,
    /// Whether Onhand knew of no such listing when this came. Only Onhand says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unlisted: bool,
}

/// A difference on a channel that nothing explains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelDrift {
    /// The item that is sold there.
    pub sku: Sku,
    /// How many units more the channel shows than are explained (fewer, if negative), since it last
    /// showed Onhand's number; 0 once it does again.
    pub difference: i64,
    /// What the channel acknowledged last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<AcknowledgedLevel>,
    /// The locations whose stock it shows; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<LocationId>,
}

/// A quantity that a channel acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgedLevel {
    /// The quantity, in base units.
    pub quantity: i64,
    /// The journal's record that it comes from.
    pub seq: u64,
    /// When it was acknowledged, if that is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A request to take the effects of an applied event back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventReversed {
    /// Source of the event.
    pub source: Source,
    /// Its id there.
    pub id: EventId,
    /// Why.
    pub reason: Text,
}

/// An event that waited is decided again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventReleased {
    /// Source of the event that waited.
    pub source: Source,
    /// Its id.
    pub id: EventId,
    /// Its place in the journal.
    pub seq: u64,
}

/// What an event belongs to has not come for too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventOrphaned {
    /// Source of the event that waits.
    pub source: Source,
    /// Its id.
    pub id: EventId,
    /// Its place in the journal.
    pub seq: u64,
}
