//! Webhooks of shops: first the signature over the raw body, then what the delivery says.
//!
//! Reading is pure: the same headers, body and listings always give the same events with the same
//! names, so that a delivery that comes twice, or in several subscriptions, is known as the same.

mod shopify;
mod signature;

use axum::http::HeaderMap;
use onhand::event::Event;
use onhand::id::{ChannelId, ListingId, LocationId, Sku};

pub use shopify::TOPICS as SHOPIFY_TOPICS;
pub use signature::{NotSigned, SigningSecret};

/// What a channel's own names mean in Onhand. Ids are as the channel writes them, in decimal.
pub trait Listings: Send + Sync {
    /// The item behind a channel's variant, by the variant's id, else by the shop's SKU where the
    /// channel's setting `match_sku` allows it. `None` if the channel's listings do not know it.
    fn sku(&self, variant: Option<&str>, sku: Option<&str>) -> Option<Sku>;

    /// Our name for the channel's location. `None` leaves the choice to the ledger: the ranking
    /// for what is ordered, the place of the commitment for what is shipped.
    fn location(&self, location: &str) -> Option<LocationId>;

    /// The listing whose quantity a level of this inventory item at this location is. `None` if
    /// there is no such listing, or if it lives at another location of the channel.
    fn listing(&self, inventory_item: &str, location: &str) -> Option<ListingId>;
}

/// What a delivery says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Events, to be taken in this order; at least one.
    Events(Vec<Event>),
    /// Nothing about stock. It is answered with 2xx and counted by its reason.
    Ignored(Ignored),
}

/// Why a delivery says nothing about stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ignored {
    /// The topic is none that moves stock.
    Topic,
    /// The order is a test: nothing is ever shipped for it.
    TestOrder,
    /// The delivery names changes only; `orders/updated` brings the lines as they now are.
    OrderEdit,
    /// No line is an item that the shop tracks or that Onhand knows.
    NoStockLine,
    /// The fulfillment did not come about.
    NotShipped,
    /// The refund gives money back but moves no stock.
    MoneyOnly,
    /// The shop does not track the item's quantity.
    Untracked,
    /// The level belongs to no listing of ours.
    Unlisted,
}

impl Ignored {
    /// The reason in one word, for the counter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::TestOrder => "test_order",
            Self::OrderEdit => "order_edit",
            Self::NoStockLine => "no_stock_line",
            Self::NotShipped => "not_shipped",
            Self::MoneyOnly => "money_only",
            Self::Untracked => "untracked",
            Self::Unlisted => "unlisted",
        }
    }
}

/// Why a signed delivery cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// A header is missing or unreadable (400).
    #[error("header {name} {detail}")]
    Header {
        /// The header.
        name: &'static str,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The body is no JSON, or not of the topic's shape (400).
    #[error("body of {topic}: {detail}")]
    Body {
        /// The delivery's topic.
        topic: String,
        /// What is wrong, with its place in the body.
        detail: String,
    },
    /// A value of the body cannot be right (422).
    #[error("body of {topic}: {pointer} {detail}")]
    Value {
        /// The delivery's topic.
        topic: String,
        /// JSON pointer of the value.
        pointer: String,
        /// What is wrong with it.
        detail: String,
    },
}

/// Checks that a delivery of a Shopify-shaped channel comes from the shop: its signature over the
/// raw body must be made with one of the secrets (several while the secret rotates).
///
/// # Errors
/// When it is not signed by any of them, or the body is empty. Nothing more is said on purpose.
pub fn verify(
    headers: &HeaderMap,
    body: &[u8],
    secrets: &[SigningSecret],
) -> Result<(), NotSigned> {
    signature::verify(shopify::signature(headers), body, secrets)
}

/// Reads a verified delivery of a Shopify-shaped channel.
///
/// # Errors
/// Says what is wrong with a delivery that does not have the documented shape.
pub fn read(
    channel: &ChannelId,
    headers: &HeaderMap,
    body: &[u8],
    listings: &dyn Listings,
) -> Result<Delivery, DeliveryError> {
    shopify::read(channel, headers, body, listings)
}
