//! The shop over real HTTP: what a caller sees, what its webhooks say, and that both still agree
//! when it misbehaves.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use onhand::id::{ChannelId, ListingId, LocationId, Sku};
use onhand::record::Bucket;
use onhand::time::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::clock::ManualClock;
use crate::intake::webhooks::{Delivery, Listings, SigningSecret, read, verify};
use crate::test_ledger::TestLedger;

const TOKEN: &str = "test-token";
const SECRET: &str = "test-secret";
/// How long a test waits for a condition before it fails.
const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Inbox {
    got: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    /// Answers to the next deliveries; 200 when there are none left.
    answers: Arc<Mutex<VecDeque<StatusCode>>>,
}

impl Inbox {
    fn topics(&self) -> Vec<String> {
        let got = self.got.lock().unwrap();
        got.iter().map(|(headers, _)| text(headers, "x-shopify-topic")).collect()
    }
}

fn text(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).unwrap().to_str().unwrap().to_owned()
}

/// A receiver that remembers what it got, on a port of the system's choice.
async fn receiver() -> (String, Inbox) {
    async fn take(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
        inbox.got.lock().unwrap().push((headers, body));
        inbox.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::OK)
    }
    let inbox = Inbox::default();
    let router = axum::Router::new().route("/hook", post(take)).with_state(inbox.clone());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, inbox)
}

struct Test {
    shop: SimShop,
    inbox: Inbox,
    client: reqwest::Client,
    clock: Arc<ManualClock>,
}

impl Test {
    async fn open(faults: Misbehaviour) -> Self {
        let (webhook_url, inbox) = receiver().await;
        let spec = |sku: &str, available| ListingSpec {
            sku: sku.into(),
            title: format!("{sku} in red"),
            available,
        };
        let start = Timestamp::parse("2026-11-23T10:00:00Z").unwrap();
        let clock = Arc::new(ManualClock::at(start));
        let shop = SimShop::start(ShopConfig {
            domain: "berlin.example".into(),
            number: 1,
            listings: vec![spec("TSHIRT-M", 10), spec("MUG", 100_000)],
            access_token: TOKEN.into(),
            webhook_url,
            webhook_secret: SECRET.into(),
            retry_first_ms: 2,
            faults,
            clock: clock.clone(),
        })
        .await
        .unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { shop, inbox, client, clock }
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let url = format!("{}{path}", self.shop.base_url());
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, url).bearer_auth(TOKEN);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        Ok((response.status(), response.json().await?))
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call("POST", path, Some(body)).await.unwrap()
    }

    async fn order(&self, sku: &str, quantity: i64) -> Value {
        let body = json!({"lines": [{"sku": sku, "quantity": quantity}]});
        let (status, body) = self.post("/orders", body).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        body["order"].clone()
    }

    fn item(&self, sku: &str) -> i64 {
        let listings = self.shop.listings();
        listings.iter().find(|listing| listing.sku == sku).unwrap().inventory_item_id
    }

    fn shown(&self, sku: &str) -> i64 {
        let listings = self.shop.listings();
        listings.iter().find(|listing| listing.sku == sku).unwrap().available
    }

    /// Waits until no webhook waits any more.
    async fn settled(&self) -> DeliveryCounts {
        let start = Instant::now();
        loop {
            let counts = self.shop.deliveries();
            if counts.waiting == 0 {
                return counts;
            }
            assert!(start.elapsed() < DEADLINE, "{counts:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

/// The shop's own names, all mapped to the names of the same item in Onhand.
struct Mapped(BTreeMap<String, String>);

impl Listings for Mapped {
    fn sku(&self, variant: Option<&str>, _: Option<&str>) -> Option<Sku> {
        self.0.get(variant?).map(|name| Sku::new(name.as_str()).unwrap())
    }

    fn location(&self, _: &str) -> Option<LocationId> {
        Some(LocationId::new("berlin").unwrap())
    }

    fn listing(&self, item: &str, _: &str) -> Option<ListingId> {
        ListingId::new(item).ok()
    }
}

#[tokio::test]
async fn nothing_is_told_without_the_token() {
    let test = Test::open(Misbehaviour::default()).await;
    let url = format!("{}/listings", test.shop.base_url());
    for request in [test.client.get(&url), test.client.get(&url).bearer_auth("other")] {
        assert_eq!(request.send().await.unwrap().status(), StatusCode::UNAUTHORIZED);
    }
    let (status, body) = test.call("GET", "/listings", None).await.unwrap();
    assert_eq!(status, StatusCode::OK);
    for listing in body["listings"].as_array().unwrap() {
        for id in ["variant_id", "product_id", "inventory_item_id"] {
            let id = listing[id].as_i64().unwrap();
            assert!(id > 1 << 53 && id % 2 == 1, "a float would round {id}");
        }
    }
}

#[tokio::test]
async fn an_order_takes_from_what_is_shown_and_is_told_with_all_headers() {
    let test = Test::open(Misbehaviour::default()).await;
    let order = test.order("TSHIRT-M", 3).await;
    assert_eq!(test.shown("TSHIRT-M"), 7);
    test.settled().await;
    assert_eq!(test.inbox.topics(), ["orders/create", "inventory_levels/update"]);
    let (headers, body) = test.inbox.got.lock().unwrap()[0].clone();
    for name in ["topic", "hmac-sha256", "shop-domain", "api-version", "webhook-id", "event-id"] {
        assert!(!text(&headers, &format!("x-shopify-{name}")).is_empty(), "{name}");
    }
    let secrets = [SigningSecret::new(SECRET).unwrap()];
    assert_eq!(verify(&headers, &body, &secrets), Ok(()));
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), order);
    let (status, body) =
        test.post("/orders", json!({"lines": [{"sku": "TSHIRT-M", "quantity": 8}]})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(body["errors"], "only 7 of TSHIRT-M are available");
    let body = json!({"lines": [{"sku": "TSHIRT-M", "quantity": 8}], "oversell": true});
    assert_eq!(test.post("/orders", body).await.0, StatusCode::CREATED);
    assert_eq!(test.shown("TSHIRT-M"), -1);
}

#[tokio::test]
async fn an_orders_life_is_told_by_the_vendors_topics() {
    let test = Test::open(Misbehaviour::default()).await;
    let order = test.order("TSHIRT-M", 5).await;
    let path = |what: &str| format!("/orders/{}/{what}", order["id"]);
    let line = &order["line_items"][0]["id"];
    let refund = |quantity, kind: &str| json!({"lines": [{"line_item_id": line, "quantity": quantity, "restock_type": kind}]});
    let ship = json!({"lines": [{"line_item_id": line, "quantity": 2}]});
    assert_eq!(test.post(&path("fulfillments"), ship).await.0, StatusCode::CREATED);
    assert_eq!(test.shown("TSHIRT-M"), 5);
    assert_eq!(test.post(&path("refunds"), refund(1, "cancel")).await.0, StatusCode::CREATED);
    assert_eq!(test.shown("TSHIRT-M"), 6);
    assert_eq!(test.post(&path("refunds"), refund(1, "return")).await.0, StatusCode::CREATED);
    assert_eq!(test.shown("TSHIRT-M"), 7);
    assert_eq!(test.post(&path("refunds"), refund(1, "no_restock")).await.0, StatusCode::CREATED);
    assert_eq!(test.shown("TSHIRT-M"), 7);
    let (status, body) = test.post(&path("refunds"), refund(1, "return")).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    let (status, body) = test.post(&path("cancel"), json!({"restock": true})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(test.shown("TSHIRT-M"), 9);
    let row = &body["order"]["line_items"][0];
    assert_eq!((&row["quantity"], &row["current_quantity"]), (&json!(5), &json!(0)));
    assert_eq!(row["fulfillable_quantity"], 0);
    assert_eq!(test.post(&path("cancel"), json!({})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(test.post("/orders/5/cancel", json!({})).await.0, StatusCode::NOT_FOUND);
    let (_, same) = test.call("GET", &format!("/orders/{}", order["id"]), None).await.unwrap();
    assert_eq!(same, body);
    test.settled().await;
    let level = "inventory_levels/update";
    let expected: [&[&str]; 6] = [
        &["orders/create", level],
        &["fulfillments/create", "orders/updated"],
        &["refunds/create", "orders/updated", level],
        &["refunds/create", "orders/updated", level],
        &["refunds/create", "orders/updated"],
        &["refunds/create", "orders/cancelled", "orders/updated", level],
    ];
    assert_eq!(test.inbox.topics(), expected.concat());
}

#[tokio::test]
async fn stock_is_written_only_over_what_the_writer_has_seen() {
    let test = Test::open(Misbehaviour::default()).await;
    let (shirt, mug) = (test.item("TSHIRT-M"), test.item("MUG"));
    let item = |id: i64, quantity: i64, from: Value| json!({"inventory_item_id": id, "quantity": quantity, "change_from_quantity": from});
    let items = json!([
        item(shirt, 8, json!(10)),
        item(shirt, 6, json!(10)),
        item(mug, 5, Value::Null),
        item(mug, -1, Value::Null),
        item(1, 1, Value::Null),
    ]);
    let (status, body) = test.post("/inventory/set", json!({ "items": items })).await;
    assert_eq!(status, StatusCode::OK);
    let results = body["results"].as_array().unwrap();
    let codes: Vec<&str> =
        results.iter().map(|result| result["code"].as_str().unwrap_or("ok")).collect();
    assert_eq!(
        codes,
        [
            "ok",
            "CHANGE_FROM_QUANTITY_STALE",
            "ok",
            "INVALID_QUANTITY_NEGATIVE",
            "INVALID_INVENTORY_ITEM"
        ]
    );
    assert_eq!(results[1]["quantity"], 8);
    let path = format!("/inventory?ids={shirt},{mug},7");
    let (_, body) = test.call("GET", &path, None).await.unwrap();
    let shown: Vec<_> =
        body["levels"].as_array().unwrap().iter().map(|row| &row["available"]).collect();
    assert_eq!(shown, [&json!(8), &json!(5)]);
    test.settled().await;
    assert_eq!(test.inbox.topics(), ["inventory_levels/update"; 2], "the echo");
    let missing = json!({"items": [{"inventory_item_id": shirt, "quantity": 1}]});
    let (status, body) = test.post("/inventory/set", missing).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(body["errors"].as_str().unwrap().contains("change_from_quantity"), "{body}");
    let many: Vec<Value> = (0..251).map(|_| item(shirt, 1, Value::Null)).collect();
    let (status, _) = test.post("/inventory/set", json!({ "items": many })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn webhooks_are_repeated_until_they_are_taken_and_then_given_up() {
    let test = Test::open(Misbehaviour::default()).await;
    let refused = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::FOUND, StatusCode::NOT_FOUND];
    test.inbox.answers.lock().unwrap().extend(refused);
    test.order("MUG", 1).await;
    let counts = test.settled().await;
    assert_eq!((counts.delivered, counts.failed, counts.given_up), (2, 3, 0));
    let got = test.inbox.got.lock().unwrap().clone();
    let created: Vec<_> =
        got.iter().filter(|(h, _)| text(h, "x-shopify-topic") == "orders/create").collect();
    for (headers, body) in &created {
        assert_eq!(body, &created[0].1, "a retry carries the original body");
        assert_eq!(headers["x-shopify-webhook-id"], created[0].0["x-shopify-webhook-id"]);
    }
    test.inbox.answers.lock().unwrap().extend([StatusCode::SERVICE_UNAVAILABLE; 18]);
    test.order("MUG", 1).await;
    assert_eq!(test.settled().await.given_up, 2);
}

#[tokio::test]
async fn the_apis_faults_come_on_request() {
    let test = Test::open(Misbehaviour::default()).await;
    let shirt = test.item("TSHIRT-M");
    let set = |quantity: i64| {
        json!({"items": [{"inventory_item_id": shirt, "quantity": quantity,
            "change_from_quantity": null}]})
    };
    let url = format!("{}/inventory/set", test.shop.base_url());
    let send = |quantity| test.client.post(&url).bearer_auth(TOKEN).json(&set(quantity)).send();
    test.post("/misbehave", json!({"too_many_requests": 100})).await;
    let response = send(1).await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let after: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&after));
    test.post("/misbehave", json!({"too_many_requests": 0, "server_error": 100})).await;
    assert_eq!(send(2).await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(test.shown("TSHIRT-M"), 10);
    test.post("/misbehave", json!({"server_error": 0, "lose_answer": 100})).await;
    send(3).await.unwrap_err();
    assert_eq!(test.shown("TSHIRT-M"), 3, "it took effect, only the answer is lost");
    test.post("/misbehave", json!({"lose_answer": 0})).await;
    assert_eq!(send(4).await.unwrap().status(), StatusCode::OK);
    let edit = json!({"hand_edit": {"sku": "TSHIRT-M", "quantity": 44}});
    assert_eq!(test.post("/misbehave", edit).await.0, StatusCode::OK);
    assert_eq!(test.shown("TSHIRT-M"), 44);
    for wrong in [json!({"duplicate": 101}), json!({"hand_edit": {"sku": "X", "quantity": 1}})] {
        assert_eq!(test.post("/misbehave", wrong).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(test.post("/misbehave", json!({"bogus": 1})).await.0, StatusCode::BAD_REQUEST);
}

/// Customers and staff do things at random, webhooks come late, twice, out of order and to a
/// receiver that fails at times; what Onhand makes of them is what the shop knows.
#[tokio::test]
async fn what_the_webhooks_say_is_what_the_shop_did_however_they_arrive() {
    for seed in 1..=4 {
        a_random_life(seed).await;
    }
}

async fn a_random_life(seed: u64) {
    let faults =
        Misbehaviour { duplicate: 30, reorder: 20, delay_ms: 1, seed, ..Misbehaviour::default() };
    let test = Test::open(faults).await;
    let mut dice = Dice::new(Misbehaviour { seed, ..Misbehaviour::default() });
    let mut orders: Vec<Value> = Vec::new();
    for round in 0..150 {
        // Several acts within a second, which is all that the shop's times tell.
        test.clock.advance(230_000);
        if round % 7 == 0 {
            test.inbox.answers.lock().unwrap().push_back(StatusCode::SERVICE_UNAVAILABLE);
        }
        if orders.is_empty() || dice.up_to(2) == 0 {
            let quantity = i64::try_from(dice.up_to(4)).unwrap() + 1;
            orders.push(test.order("MUG", quantity).await);
            continue;
        }
        let pick = usize::try_from(dice.up_to(orders.len() as u64 - 1)).unwrap();
        let order = &orders[pick];
        let line = &order["line_items"][0]["id"];
        let refund = |kind: &str| json!({"lines": [{"line_item_id": line, "quantity": 1, "restock_type": kind}]});
        let ship = json!({"lines": [{"line_item_id": line, "quantity": 1}]});
        let (what, body) = match dice.up_to(4) {
            0 => ("cancel", json!({"restock": true})),
            1 => ("cancel", json!({"restock": false})),
            2 => ("refunds", refund("cancel")),
            _ => ("fulfillments", ship),
        };
        // Some make no sense any more and are refused, as in any shop.
        test.post(&format!("/orders/{}/{what}", order["id"]), body).await;
    }
    let counts = test.settled().await;
    assert_eq!(counts.given_up, 0);

    let variants = test.shop.listings().into_iter();
    let mapped =
        Mapped(variants.map(|listing| (listing.variant_id.to_string(), listing.sku)).collect());
    let channel = ChannelId::new("berlin").unwrap();
    let mut ledger = TestLedger::with("MUG", "berlin");
    let secrets = [SigningSecret::new(SECRET).unwrap()];
    let got = test.inbox.got.lock().unwrap().clone();
    for (headers, body) in &got {
        verify(headers, body, &secrets).unwrap();
        if let Delivery::Events(events) = read(&channel, headers, body, &mapped).unwrap() {
            for event in &events {
                ledger.take(event);
            }
        }
    }
    assert_eq!((ledger.conflicts(), ledger.waiting()), (Vec::new(), 0));
    let (mut open, mut shipped) = (0, 0);
    for order in &orders {
        let path = format!("/orders/{}", order["id"]);
        let (_, body) = test.call("GET", &path, None).await.unwrap();
        open += body["order"]["line_items"][0]["fulfillable_quantity"].as_i64().unwrap();
        for parcel in body["order"]["fulfillments"].as_array().unwrap() {
            shipped += parcel["line_items"][0]["quantity"].as_i64().unwrap();
        }
    }
    assert!(shipped > 0 && open > 0 && got.len() > 200, "{shipped} {open} {}", got.len());
    assert_eq!(ledger.sum("MUG", Bucket::Committed), open);
    assert_eq!(ledger.sum("MUG", Bucket::OnHand), -shipped);
}
