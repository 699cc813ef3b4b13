//! The simulated channel: a small real HTTP shop in Shopify's form, for the demonstration and for
//! tests over real HTTP. It holds listings and stock, takes orders, sends signed webhooks, accepts
//! stock writes with compare-and-set, and misbehaves on request.
//!
//! | call | does |
//! |---|---|
//! | `GET /listings` | every listing with its ids and what it shows |
//! | `POST /orders` `{lines: [{sku, quantity}], oversell?}` | a customer orders: `orders/create` |
//! | `GET /orders/{id}` | the order |
//! | `POST /orders/{id}/fulfillments` `{lines?: [{line_item_id, quantity}]}` | ships: `fulfillments/create`, `orders/updated` |
//! | `POST /orders/{id}/refunds` `{lines: [{line_item_id, quantity, restock_type}]}` | refunds: `refunds/create`, `orders/updated` |
//! | `POST /orders/{id}/cancel` `{restock?}` | cancels: `refunds/create`, `orders/cancelled`, `orders/updated` |
//! | `POST /inventory/set` `{items: [{inventory_item_id, quantity, change_from_quantity}]}` | shows new quantities, each only if the shop shows what the writer believes (`null`: whatever it shows) |
//! | `GET /inventory?ids=1,2` | reads back what is shown |
//! | `GET /misbehave`, `POST /misbehave` | the faults, see [`MisbehaviourChange`] |
//! | `GET /deliveries` | how the webhooks are doing |
//!
//! All need `Authorization: Bearer <access token>`. Every change of a shown quantity also sends
//! `inventory_levels/update`, our own writes included: that is the echo a connector has to know.
//! Faults of the API hit `/inventory` only, which is what a connector calls; orders are customers.
//!
//! Nothing here uses the code that reads deliveries: bodies and signatures are built anew from the
//! vendor's documentation, so that one side's mistake does not hide in the other.

mod api;
mod bodies;
mod delivery;
mod misbehave;
mod model;
mod serve;
#[cfg(test)]
mod tests;

pub use delivery::DeliveryCounts;
pub use misbehave::{DELAY_MAX_MS, Dice, Fault, HandEdit, Misbehaviour, MisbehaviourChange};
pub use model::{
    Hook, ItemWrite, ItemWritten, Listing, ListingSpec, PlacedLine, Refused, Restock, Shop,
};
pub use serve::{ShopConfig, SimShop, StartError};
