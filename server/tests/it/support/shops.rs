//! A real server with simulated shops as its channels, over real HTTP.

use std::sync::Arc;

use onhand::id::ChannelId;
use onhand::wire::page::Role;
use onhand_server::clock::SystemClock;
use onhand_server::simshop::{ListingSpec, Misbehaviour, ShopConfig, SimShop};
use onhand_server::sync::Counts;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::eventually;
use super::server::TestServer;

/// What the shops' APIs want to see.
const ACCESS_TOKEN: &str = "shop-access-token";
/// What the shops sign with.
pub const WEBHOOK_SECRET: &str = "shop-webhook-secret";

/// A server with stock.
pub struct House {
    pub server: TestServer,
    pub admin: String,
    events: std::sync::atomic::AtomicU64,
}

/// A shop that is a channel of it.
pub struct ShopChannel {
    pub channel: String,
    pub shop: SimShop,
}

impl House {
    /// A server with this much of each SKU in `berlin`.
    pub async fn with(stock: &[(&str, i64)]) -> Self {
        let house = Self::on(TestServer::start().await).await;
        house.stock(stock).await;
        house
    }

    /// Takes this much of each SKU into `berlin`.
    pub async fn stock(&self, stock: &[(&str, i64)]) {
        let mut events = vec![("location.upserted", json!({"location": "berlin", "rank": 1}))];
        for (sku, quantity) in stock {
            events.push(("item.upserted", json!({"sku": sku})));
            let counted = json!({"sku": sku, "location": "berlin", "counted": quantity});
            events.push(("stock.counted", counted));
        }
        self.send(&events).await;
    }

    /// A server as it is.
    pub async fn on(server: TestServer) -> Self {
        let admin = server.token("admin", Role::Admin).await;
        Self { server, admin, events: std::sync::atomic::AtomicU64::new(0) }
    }

    /// Has events decided; each must be applied.
    pub async fn send(&self, events: &[(&str, Value)]) {
        let events: Vec<Value> = events
            .iter()
            .map(|(kind, data)| {
                // What is counted is there before anything moves.
                let hour = if *kind == "stock.counted" { "09" } else { "10" };
                let time = format!("2026-11-23T{hour}:00:00Z");
                let id = self.events.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                json!({"specversion": "1.0", "source": "wms", "id": format!("{}-{id}", self.admin),
                    "type": kind, "time": time, "data": data})
            })
            .collect();
        let answer = self.ask(Method::POST, "/api/v1/events", Some(json!(events))).await;
        for result in answer["results"].as_array().unwrap() {
            assert_eq!(result["outcome"], "applied", "{result}");
        }
    }

    /// Changes what is there.
    pub async fn adjust(&self, sku: &str, delta: i64) {
        let data = json!({"sku": sku, "location": "berlin", "delta": delta, "reason": "test"});
        self.send(&[("stock.adjusted", data)]).await;
    }

    /// Asks the API as an administrator; the answer has to be a success.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.try_ask(method, path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Asks the API as an administrator.
    pub async fn try_ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.server.request(method, path).bearer_auth(&self.admin);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Opens a shop that lists these SKUs at 0, and makes it a channel.
    pub async fn shop(&self, channel: &str, number: u32, skus: &[&str]) -> ShopChannel {
        self.shop_with(channel, number, skus, json!({})).await
    }

    /// The same, with further members of the channel.
    pub async fn shop_with(
        &self,
        channel: &str,
        number: u32,
        skus: &[&str],
        more: Value,
    ) -> ShopChannel {
        let listings = skus.iter().map(|sku| ListingSpec {
            sku: (*sku).to_owned(),
            title: (*sku).to_owned(),
            available: 0,
        });
        let shop = SimShop::start(ShopConfig {
            domain: format!("{channel}.example"),
            number,
            listings: listings.collect(),
            access_token: ACCESS_TOKEN.to_owned(),
            webhook_url: format!("{}/hooks/{channel}", self.server.origin()),
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            retry_first_ms: 50,
            faults: Misbehaviour::default(),
            clock: Arc::new(SystemClock),
        });
        let shop = ShopChannel { channel: channel.to_owned(), shop: shop.await.unwrap() };
        self.register(&shop, more).await;
        shop
    }

    async fn register(&self, shop: &ShopChannel, more: Value) {
        let mut form = json!({
            "kind": "simulated",
            "settings": {"base_url": shop.shop.base_url()},
            "secrets": {"access_token": ACCESS_TOKEN, "webhook": WEBHOOK_SECRET},
        });
        for (name, value) in more.as_object().unwrap() {
            match (form[name].as_object_mut(), value.as_object()) {
                (Some(old), Some(new)) => old.extend(new.clone()),
                _ => form[name] = value.clone(),
            }
        }
        let path = format!("/api/v1/channels/{}", shop.channel);
        self.ask(Method::PUT, &path, Some(form)).await;
        for listing in shop.shop.listings() {
            let path = format!("{path}/listings/{}", listing.sku);
            let external = json!({"inventory_item_id": listing.inventory_item_id,
                "variant_id": listing.variant_id.to_string()});
            let form = json!({"sku": listing.sku, "external": external});
            self.ask(Method::PUT, &path, Some(form)).await;
        }
    }

    /// What can be sold of a SKU.
    pub async fn available(&self, sku: &str) -> i64 {
        let path = format!("/api/v1/stock?sku={sku}");
        let answer = self.ask(Method::GET, &path, None).await;
        let levels = answer["levels"].as_array().unwrap();
        levels.iter().map(|row| row["available"].as_i64().unwrap()).sum()
    }

    /// What a channel's listing shows.
    pub async fn publication(&self, shop: &ShopChannel, listing: &str) -> Value {
        let path = format!("/api/v1/channels/{}/publications?limit=1000", shop.channel);
        let answer = self.ask(Method::GET, &path, None).await;
        let rows = answer["publications"].as_array().unwrap().iter();
        rows.clone().find(|row| row["listing"] == listing).unwrap().clone()
    }

    /// What has happened to a channel.
    pub fn counts(&self, shop: &ShopChannel) -> Counts {
        let channel = ChannelId::new(shop.channel.as_str()).unwrap();
        self.server.state().channels.counts(&channel).unwrap()
    }

    /// Waits until a shop shows what Onhand has of every SKU, and Onhand knows that it does.
    pub async fn in_sync(&self, shop: &ShopChannel) {
        let what = format!("{} shows what is there", shop.channel);
        eventually(&what, async || {
            let channel = ChannelId::new(shop.channel.as_str()).unwrap();
            if self.server.state().channels.status(&channel)?.behind > 0 {
                return None;
            }
            for listing in shop.shop.listings() {
                if self.available(&listing.sku).await.max(0) != listing.available {
                    return None;
                }
            }
            Some(())
        })
        .await;
    }

    /// The same for all listings but one.
    pub async fn in_sync_except(&self, shop: &ShopChannel, sku: &str) {
        eventually("the others show what is there", async || {
            for listing in shop.shop.listings().iter().filter(|listing| listing.sku != sku) {
                if self.available(&listing.sku).await.max(0) != listing.available {
                    return None;
                }
            }
            Some(())
        })
        .await;
    }

    /// The events in the journal that match a query.
    pub async fn events(&self, query: &str) -> Vec<Value> {
        let answer =
            self.ask(Method::GET, &format!("/api/v1/events?limit=1000&{query}"), None).await;
        answer["events"].as_array().unwrap().clone()
    }
}

impl ShopChannel {
    /// What the shop shows of a SKU.
    pub fn shows(&self, sku: &str) -> i64 {
        self.shop.listings().iter().find(|listing| listing.sku == sku).unwrap().available
    }

    /// Calls the shop's own API.
    pub async fn call(&self, path: &str, body: Value) -> Value {
        let request = Client::new().post(format!("{}{path}", self.shop.base_url()));
        let answer = request.bearer_auth(ACCESS_TOKEN).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// Has the shop misbehave from now on.
    pub async fn misbehave(&self, faults: Value) {
        self.call("/misbehave", faults).await;
    }

    /// A customer orders more than the shop shows.
    pub async fn order_beyond(&self, sku: &str, quantity: i64) {
        let lines = json!([{"sku": sku, "quantity": quantity}]);
        self.call("/orders", json!({"lines": lines, "oversell": true})).await;
    }

    /// A customer orders.
    pub async fn order(&self, sku: &str, quantity: i64) {
        self.call("/orders", json!({"lines": [{"sku": sku, "quantity": quantity}]})).await;
    }
}
