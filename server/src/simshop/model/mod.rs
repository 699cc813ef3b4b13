//! The shop's books: what it lists, what it shows as available, what was ordered. Pure: time comes
//! in as an argument, and what is to be told to the world comes out as [`Hook`]s.

mod order;
mod stock;

use std::collections::BTreeMap;

use onhand::time::Timestamp;
use serde_json::Value;

pub use order::{Order, OrderLine, Parcel, PlacedLine, Refund, Restock};
pub use stock::{ItemWrite, ItemWritten};

use super::bodies;

/// Most listings of one shop.
pub const LISTINGS_MAX: usize = 10_000;
/// Orders that the shop remembers; the oldest are forgotten first.
pub const ORDERS_MAX: usize = 20_000;
/// Most lines of one order.
pub const ORDER_LINES_MAX: usize = 1_000;
/// Largest quantity, either way: the vendor's own limit.
pub const QUANTITY_LIMIT: i64 = 1_000_000_000;
/// First id of the first shop. Beyond 2^53 and odd, so that a float anywhere would be seen.
const FIRST_ID: i64 = 9_007_199_254_740_993;
/// Ids between one shop and the next.
const IDS_PER_SHOP: i64 = 1_000_000_000_000;

/// What a shop is to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingSpec {
    /// The shop's SKU.
    pub sku: String,
    /// What the shop calls it.
    pub title: String,
    /// What it shows as available at first.
    pub available: i64,
}

/// A variant that the shop sells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The variant's id.
    pub variant_id: i64,
    /// The product's id.
    pub product_id: i64,
    /// The inventory item's id, by which its quantity is read and written.
    pub inventory_item_id: i64,
    /// The shop's SKU.
    pub sku: String,
    /// What the shop calls it.
    pub title: String,
    /// What it shows as available; below 0 when it sold more than it had.
    pub available: i64,
    /// When that changed last.
    pub updated_at: Timestamp,
}

/// A webhook to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The topic.
    pub topic: &'static str,
    /// Names the act behind it, the same over topics.
    pub event_id: String,
    /// Names this webhook.
    pub webhook_id: String,
    /// When the act was.
    pub triggered_at: Timestamp,
    /// The body.
    pub body: Value,
}

/// Why the shop does not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such order (404).
    #[error("there is no order {0}")]
    NoOrder(i64),
    /// The request makes no sense (422).
    #[error("{0}")]
    Wrong(String),
    /// More was ordered than the shop shows (422).
    #[error("only {available} of {sku} are available")]
    NotEnough {
        /// The SKU.
        sku: String,
        /// What the shop shows.
        available: i64,
    },
}

impl Refused {
    fn wrong(text: impl Into<String>) -> Self {
        Self::Wrong(text.into())
    }
}

/// The shop's books.
#[derive(Debug)]
pub struct Shop {
    /// The shop's domain, as its webhooks name it.
    pub domain: String,
    /// The only place where the shop keeps stock.
    pub location_id: i64,
    listings: Vec<Listing>,
    by_sku: BTreeMap<String, usize>,
    by_item: BTreeMap<i64, usize>,
    orders: BTreeMap<i64, Order>,
    next_id: i64,
    next_act: u64,
    order_number: i64,
}

impl Shop {
    /// Opens a shop. Shops of different numbers have different ids.
    ///
    /// # Errors
    /// When there are too many listings or one stands twice.
    pub fn open(
        domain: &str,
        number: u32,
        specs: &[ListingSpec],
        now: Timestamp,
    ) -> Result<Self, Refused> {
        if specs.len() > LISTINGS_MAX {
            return Err(Refused::wrong(format!("a shop has at most {LISTINGS_MAX} listings")));
        }
        let next_id = FIRST_ID + i64::from(number) * IDS_PER_SHOP;
        let mut shop = Self {
            domain: domain.to_owned(),
            location_id: next_id,
            listings: Vec::with_capacity(specs.len()),
            by_sku: BTreeMap::new(),
            by_item: BTreeMap::new(),
            orders: BTreeMap::new(),
            next_id: next_id + 2,
            next_act: 0,
            order_number: 1_000,
        };
        for spec in specs {
            shop.list(spec, now)?;
        }
        Ok(shop)
    }

    fn list(&mut self, spec: &ListingSpec, now: Timestamp) -> Result<(), Refused> {
        let index = self.listings.len();
        if self.by_sku.insert(spec.sku.clone(), index).is_some() {
            return Err(Refused::wrong(format!("SKU {} stands twice", spec.sku)));
        }
        let listing = Listing {
            variant_id: self.id(),
            product_id: self.id(),
            inventory_item_id: self.id(),
            sku: spec.sku.clone(),
            title: spec.title.clone(),
            available: spec.available,
            updated_at: now,
        };
        self.by_item.insert(listing.inventory_item_id, index);
        self.listings.push(listing);
        Ok(())
    }

    /// All listings, in the order in which they were made.
    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    /// The listing of a SKU.
    pub fn listing(&self, sku: &str) -> Option<&Listing> {
        self.by_sku.get(sku).map(|index| &self.listings[*index])
    }

    /// An order, if the shop still remembers it.
    pub fn order(&self, order: i64) -> Option<&Order> {
        self.orders.get(&order)
    }

    /// The order as the shop's API shows it, which is also how its webhooks do.
    pub fn order_body(&self, order: &Order) -> Value {
        bodies::order(self, order)
    }

    fn id(&mut self) -> i64 {
        let id = self.next_id;
        // Odd ids only: each is one that a float would round.
        self.next_id += 2;
        id
    }

    /// Starts an act: its id is shared by all the webhooks that tell of it.
    fn act(&mut self, now: Timestamp) -> Act {
        self.next_act += 1;
        Act { id: format!("{}-{:08}", self.domain, self.next_act), now, hooks: Vec::new() }
    }

    /// Changes what a listing shows and tells of it.
    fn show(&mut self, index: usize, available: i64, act: &mut Act) {
        let listing = &mut self.listings[index];
        listing.available = available;
        listing.updated_at = act.now;
        let body = bodies::level(&self.listings[index], self.location_id);
        act.tell("inventory_levels/update", body);
    }
}

/// Something that happens in the shop, with what it tells the world.
struct Act {
    id: String,
    now: Timestamp,
    hooks: Vec<Hook>,
}

impl Act {
    fn tell(&mut self, topic: &'static str, body: Value) {
        let number = self.hooks.len() + 1;
        self.hooks.push(Hook {
            topic,
            event_id: self.id.clone(),
            webhook_id: format!("{}-{number}", self.id),
            triggered_at: self.now,
            body,
        });
    }
}
