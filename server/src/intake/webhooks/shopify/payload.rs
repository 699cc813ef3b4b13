//! The parts of the shop's bodies that concern stock, as the vendor documents them. Everything
//! else in a body is passed over. Ids are 64-bit integers: the vendor's own sample has one beyond
//! 2^53.

use onhand::time::Timestamp;
use serde::{Deserialize, Deserializer};

/// An order: `orders/create`, `orders/updated`, `orders/cancelled`.
#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) cancelled_at: Option<Timestamp>,
    /// Where a sale over the counter was made; absent for sales on the web.
    pub(super) location_id: Option<u64>,
    pub(super) test: Option<bool>,
    #[serde(default, deserialize_with = "list")]
    pub(super) line_items: Vec<Line>,
    #[serde(default, deserialize_with = "list")]
    pub(super) fulfillments: Vec<Fulfillment>,
    #[serde(default, deserialize_with = "list")]
    pub(super) refunds: Vec<Refund>,
}

/// A line of an order.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    pub(super) id: u64,
    #[serde(flatten)]
    pub(super) item: Item,
    /// As ordered, with what edits added; removals leave it alone.
    pub(super) quantity: i64,
    /// `quantity` without everything removed or refunded, shipped or not.
    pub(super) current_quantity: Option<i64>,
    /// Still to ship.
    pub(super) fulfillable_quantity: Option<i64>,
}

/// What a line sells.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    /// The variant; `null` for a line that is none.
    #[serde(default)]
    pub(super) variant_id: Said<u64>,
    pub(super) sku: Option<String>,
    /// Who tracks the variant's stock; `null` if nobody does.
    #[serde(default)]
    pub(super) variant_inventory_management: Said<String>,
}

/// A member for which `null` and absent say different things.
#[derive(Debug, Default)]
pub(super) enum Said<T> {
    /// The body does not say.
    #[default]
    Nothing,
    /// The body says that there is none.
    None,
    /// The body says what it is.
    This(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Said<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|value| value.map_or(Self::None, Self::This))
    }
}

/// A fulfillment: `fulfillments/create`, `fulfillments/update`, and within an order.
#[derive(Debug, Deserialize)]
pub(super) struct Fulfillment {
    pub(super) id: u64,
    pub(super) order_id: Option<u64>,
    /// `success`, `pending`, `open`, `cancelled`, `error` or `failure`.
    pub(super) status: Option<String>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) location_id: Option<u64>,
    #[serde(default, deserialize_with = "list")]
    pub(super) line_items: Vec<ShippedLine>,
}

impl Fulfillment {
    /// Whether it was undone: its units are in the house.
    pub(super) fn is_undone(&self) -> bool {
        matches!(self.status.as_deref(), Some("cancelled" | "error" | "failure"))
    }
}

/// A line of a fulfillment: the order line's id and how many of it are in the parcel.
#[derive(Debug, Deserialize)]
pub(super) struct ShippedLine {
    pub(super) id: u64,
    pub(super) quantity: i64,
    #[serde(flatten)]
    pub(super) item: Item,
}

/// A refund: `refunds/create`, and within an order.
#[derive(Debug, Deserialize)]
pub(super) struct Refund {
    pub(super) id: u64,
    pub(super) order_id: Option<u64>,
    pub(super) created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "list", rename = "refund_line_items")]
    pub(super) rows: Vec<RefundLine>,
}

/// A line of a refund.
#[derive(Debug, Deserialize)]
pub(super) struct RefundLine {
    pub(super) line_item_id: u64,
    pub(super) quantity: i64,
    pub(super) location_id: Option<u64>,
    /// `cancel`, `return`, `no_restock` or `legacy_restock`.
    pub(super) restock_type: Option<String>,
    pub(super) line_item: Option<RefundedItem>,
}

/// The order line within a refund's line, as it was at the refund.
#[derive(Debug, Deserialize)]
pub(super) struct RefundedItem {
    /// `fulfilled`, `partial`, or `null` if nothing of the line was shipped.
    pub(super) fulfillment_status: Option<String>,
    #[serde(flatten)]
    pub(super) item: Item,
}

/// `inventory_levels/update`
#[derive(Debug, Deserialize)]
pub(super) struct Level {
    pub(super) inventory_item_id: u64,
    pub(super) location_id: u64,
    /// `null` if the shop does not track the item.
    pub(super) available: Option<i64>,
    pub(super) updated_at: Option<Timestamp>,
}

/// `orders/edited`: the edit by its changes, which name no SKU.
#[derive(Debug, Deserialize)]
pub(super) struct Edited {
    pub(super) order_edit: Option<serde::de::IgnoredAny>,
}

/// A list that may be `null`.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
