//! The demo's three shops, each a channel.

use std::sync::Arc;

use anyhow::Context as _;
use onhand::id::{ChannelId, ListingId};
use onhand::wire::channel::ChannelMode;
use rand::RngExt as _;
use serde_json::json;

use super::DemoClock;
use crate::control::{Channel, Listing};
use crate::simshop::{ListingSpec, Misbehaviour, ShopConfig, SimShop};
use crate::state::AppState;

/// The shops: channel, name, domain, faults.
const SHOPS: [(&str, &str, &str, Misbehaviour); 3] = [
    (
        "web-shop",
        "Web shop",
        "web-shop.demo.example",
        Misbehaviour {
            duplicate: 10,
            delay_ms: 0,
            reorder: 5,
            lose_answer: 2,
            too_many_requests: 2,
            server_error: 2,
            seed: 1,
        },
    ),
    (
        "marketplace",
        "Marketplace",
        "marketplace.demo.example",
        Misbehaviour {
            duplicate: 5,
            delay_ms: 300,
            reorder: 20,
            lose_answer: 0,
            too_many_requests: 12,
            server_error: 0,
            seed: 2,
        },
    ),
    (
        "outlet",
        "Outlet",
        "outlet.demo.example",
        Misbehaviour {
            duplicate: 0,
            delay_ms: 50,
            reorder: 0,
            lose_answer: 10,
            too_many_requests: 0,
            server_error: 10,
            seed: 3,
        },
    ),
];
/// Listings of one shop.
const LISTINGS_MAX: u32 = 1_000;
/// The pause before a shop sends a webhook again, in milliseconds.
const RETRY_FIRST_MS: u64 = 200;
/// Seconds between two comparisons of a shop's numbers with ours: often, so that a number edited in
/// the shop is seen while one watches.
const READBACK_S: u64 = 20;
/// Starts whose shops have ids of their own, so that no order's id comes back.
const STARTS_APART: u64 = 2_000_000;

/// How customers reach a shop.
#[derive(Debug, Clone)]
pub(super) struct Door {
    /// Its address.
    pub(super) base_url: String,
    /// What its API asks for.
    pub(super) access_token: String,
}

/// The open shops.
pub(super) struct Shops {
    open: Vec<(SimShop, Door)>,
}

impl Shops {
    /// Opens the shops and sets their channels up.
    pub(super) async fn open(state: &AppState) -> anyhow::Result<Self> {
        let items = state.ledger.store().items(None, LISTINGS_MAX).await?;
        let specs: Vec<ListingSpec> = items
            .iter()
            .map(|item| ListingSpec {
                sku: item.sku.to_string(),
                title: item.name.as_ref().map_or_else(|| item.sku.to_string(), ToString::to_string),
                available: 0,
            })
            .collect();
        let start = state.ledger.seq() % STARTS_APART * SHOPS.len() as u64;
        let mut open = Vec::new();
        for (index, shop) in SHOPS.iter().enumerate() {
            let number = u32::try_from(start + index as u64).unwrap_or_default();
            open.push(open_one(state, shop, number, specs.clone()).await?);
        }
        Ok(Self { open })
    }

    /// How customers reach the shops.
    pub(super) fn doors(&self) -> Vec<Door> {
        self.open.iter().map(|(_, door)| door.clone()).collect()
    }

    /// Closes the shops.
    pub(super) async fn close(self) {
        for (shop, _) in self.open {
            shop.stop().await;
        }
    }
}

async fn open_one(
    state: &AppState,
    (channel, name, domain, faults): &(&str, &str, &str, Misbehaviour),
    number: u32,
    listings: Vec<ListingSpec>,
) -> anyhow::Result<(SimShop, Door)> {
    let access_token = secret();
    let webhook_secret = secret();
    let clock: DemoClock = Arc::clone(&state.clock);
    let shop = SimShop::start(ShopConfig {
        domain: (*domain).to_owned(),
        number,
        listings,
        access_token: access_token.clone(),
        webhook_url: format!("http://{}/hooks/{channel}", state.address),
        webhook_secret: webhook_secret.clone(),
        retry_first_ms: RETRY_FIRST_MS,
        faults: *faults,
        clock,
    })
    .await
    .with_context(|| format!("the shop {name} does not open"))?;
    let channel = ChannelId::new(*channel)?;
    let row = Channel {
        channel: channel.clone(),
        kind: "simulated".to_owned(),
        name: (*name).to_owned(),
        mode: ChannelMode::Live,
        settings: json!({ "base_url": shop.base_url(), "readback_s": READBACK_S }),
        secrets: json!({ "access_token": access_token, "webhook": webhook_secret }),
        policy: json!({}),
    };
    state.channels.put_channel(row, false).await.context("a demo channel")?;
    let listings = shop
        .listings()
        .into_iter()
        .map(|listing| {
            Ok(Listing {
                channel: channel.clone(),
                listing: ListingId::new(listing.sku.as_str())?,
                sku: onhand::id::Sku::new(listing.sku.as_str())?,
                external: json!({
                    "inventory_item_id": listing.inventory_item_id.to_string(),
                    "variant_id": listing.variant_id.to_string(),
                }),
                policy: None,
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    state.channels.put_listings(&channel, listings).await.context("a demo channel's listings")?;
    let door = Door { base_url: shop.base_url(), access_token };
    Ok((shop, door))
}

/// A secret of one start's own.
fn secret() -> String {
    let bytes: [u8; 24] = rand::rng().random();
    onhand::journal::hex(&bytes)
}
