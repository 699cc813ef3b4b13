//! `POST /hooks/{channel}`: signed deliveries in Shopify's form, and everything that is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use onhand::id::ChannelId;
use onhand::wire::page::Role;
use onhand_server::control::AuditOutcome;
use reqwest::{Method, Response};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::server::TestServer;
use crate::support::shops::House;
use crate::support::{eventually, shops};

/// A channel of kind shopify, and stock.
async fn house(webhook: Value) -> House {
    let house = House::with(&[("A", 10)]).await;
    let form = json!({"kind": "shopify", "secrets": {"webhook": webhook}});
    house.ask(Method::PUT, "/api/v1/channels/shop", Some(form)).await;
    house
}

fn order(id: u64, quantity: i64) -> Vec<u8> {
    let line = json!({"id": id + 1, "variant_id": 42, "product_id": 41, "sku": "A",
        "quantity": quantity, "current_quantity": quantity, "fulfillable_quantity": quantity,
        "variant_inventory_management": "shopify"});
    let order = json!({"id": id, "name": "#1", "created_at": "2026-11-23T10:00:00Z",
        "updated_at": "2026-11-23T10:00:00Z", "processed_at": "2026-11-23T10:00:00Z",
        "cancelled_at": null, "financial_status": "paid", "fulfillment_status": null,
        "line_items": [line], "fulfillments": [], "refunds": [], "test": false});
    serde_json::to_vec(&order).unwrap()
}

/// Delivers a body under a topic, signed with `secret`.
async fn deliver(
    server: &TestServer,
    channel: &str,
    topic: &str,
    secret: &str,
    body: Vec<u8>,
) -> Response {
    let request = server.post(&format!("/hooks/{channel}"));
    let request = request
        .header("content-type", "application/json")
        .header("x-shopify-topic", topic)
        .header("x-shopify-hmac-sha256", sign(secret, &body))
        .header("x-shopify-shop-domain", "shop.example")
        .header("x-shopify-api-version", "2026-10")
        .header("x-shopify-webhook-id", "w1")
        .header("x-shopify-event-id", format!("e-{}", body.len()))
        .header("x-shopify-triggered-at", "2026-11-23T10:00:01Z");
    request.body(body).send().await.unwrap()
}

/// What a shop puts into `X-Shopify-Hmac-Sha256`.
fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

fn ignored(house: &House, reason: &str) -> u64 {
    let channel = ChannelId::new("shop").unwrap();
    let counts = house.server.state().channels.counts(&channel).unwrap();
    counts.ignored.get(reason).copied().unwrap_or_default()
}

#[tokio::test]
async fn a_signed_order_is_durable_when_it_is_answered_and_counts_once() {
    let house = house(json!("hush")).await;
    let id = 9_007_199_254_740_993;
    for _ in 0..3 {
        let answer = deliver(&house.server, "shop", "orders/create", "hush", order(id, 4)).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(house.available("A").await, 6);
    }
    let events = house.events("type=order.placed").await;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["actor"], "channel:shop");
    assert_eq!(events[0]["envelope"]["source"], "channel:shop");
    assert_eq!(events[0]["envelope"]["data"]["order"], format!("shop:{id}"));
}

#[tokio::test]
async fn without_the_right_signature_nothing_is_learned_and_nothing_recorded() {
    let house = house(json!("hush")).await;
    let seq = house.events("").await.len();
    let body = order(1, 4);
    let server = &house.server;
    let wrong = deliver(server, "shop", "orders/create", "other", body.clone()).await;
    let nobody = deliver(server, "no-such-channel", "orders/create", "hush", body.clone()).await;
    let odd = deliver(server, "%00", "orders/create", "hush", body.clone()).await;
    let unsigned = server.post("/hooks/shop").body(body.clone()).send().await.unwrap();
    let empty = deliver(server, "shop", "orders/create", "hush", Vec::new()).await;
    let mut changed = body;
    let signature = sign("hush", &changed);
    let last = changed.len() - 1;
    changed.insert(last, b' ');
    let request = server.post("/hooks/shop").header("x-shopify-hmac-sha256", signature);
    let altered = request.header("x-shopify-topic", "orders/create").body(changed);
    let altered = altered.send().await.unwrap();
    for answer in [wrong, nobody, odd, unsigned, empty, altered] {
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.text().await.unwrap(), "unauthorized");
    }
    assert_eq!(house.available("A").await, 10);
    assert_eq!(house.events("").await.len(), seq);
    let log = server.audit_log().await;
    let refused: i64 = log
        .iter()
        .filter(|row| row.entry.outcome == AuditOutcome::Refused && row.entry.action == "webhook")
        .map(|row| row.count)
        .sum();
    assert_eq!(refused, 6);
    assert!(log.iter().all(|row| !format!("{row:?}").contains("no-such-channel")));
}

#[tokio::test]
async fn a_channel_without_a_secret_takes_nothing() {
    let house = House::with(&[("A", 10)]).await;
    let form = json!({"kind": "shopify"});
    house.ask(Method::PUT, "/api/v1/channels/shop", Some(form)).await;
    for secret in ["onhand", "shop"] {
        let answer = deliver(&house.server, "shop", "orders/create", secret, order(1, 4)).await;
        assert_eq!(answer.status(), 401);
    }
}

#[tokio::test]
async fn both_secrets_hold_while_they_rotate_and_the_old_one_no_longer_after() {
    let house = house(json!(["new", "old"])).await;
    for (id, secret) in [(1, "old"), (2, "new")] {
        let body = order(id * 100, 1);
        let answer = deliver(&house.server, "shop", "orders/create", secret, body).await;
        assert_eq!(answer.status(), 200, "{secret}");
    }
    let form = json!({"kind": "shopify", "secrets": {"webhook": "new"}});
    house.ask(Method::PUT, "/api/v1/channels/shop", Some(form)).await;
    let answer = deliver(&house.server, "shop", "orders/create", "old", order(300, 1)).await;
    assert_eq!(answer.status(), 401);
    // Another change of the channel leaves the secrets as they are.
    let form = json!({"kind": "shopify", "name": "Shop"});
    house.ask(Method::PUT, "/api/v1/channels/shop", Some(form)).await;
    let answer = deliver(&house.server, "shop", "orders/create", "new", order(300, 1)).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn what_says_nothing_about_stock_is_answered_well_and_counted() {
    let house = house(json!("hush")).await;
    let server = &house.server;
    let body = br#"{"id": 1}"#.to_vec();
    let answer = deliver(server, "shop", "products/update", "hush", body).await;
    assert_eq!((answer.status().as_u16(), ignored(&house, "topic")), (200, 1));
    let malformed = deliver(server, "shop", "orders/create", "hush", b"{".to_vec()).await;
    assert_eq!((malformed.status().as_u16(), ignored(&house, "unreadable")), (400, 1));
    let seq = house.events("type=order.placed").await.len();
    assert_eq!(seq, 0);
}

#[tokio::test]
async fn an_unknown_item_becomes_a_conflict_and_never_a_lost_sale() {
    let house = house(json!("hush")).await;
    let body = String::from_utf8(order(1, 2)).unwrap().replace("\"A\"", "\"NEW\"");
    let answer = deliver(&house.server, "shop", "orders/create", "hush", body.into_bytes()).await;
    assert_eq!(answer.status(), 200);
    let open = house.ask(Method::GET, "/api/v1/conflicts?status=open", None).await;
    assert_eq!(open["conflicts"][0]["kind"], "unmapped", "{open}");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_before_it_is_read() {
    let house = house(json!("hush")).await;
    let body = vec![b' '; 3 * 1024 * 1024];
    let answer = deliver(&house.server, "shop", "orders/create", "hush", body).await;
    assert_eq!(answer.status(), 413);
}

#[tokio::test]
async fn our_own_trouble_is_503_with_a_time_to_come_back() {
    let house = house(json!("hush")).await;
    house.server.state().ledger.close();
    let answer = deliver(&house.server, "shop", "orders/create", "hush", order(1, 1)).await;
    assert_eq!(answer.status(), 503);
    assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
}

#[tokio::test]
async fn every_copy_of_a_shops_delivery_counts_once() {
    let house = House::with(&[("A", 100)]).await;
    let shop = house.shop("shop", 1, &["A"]).await;
    house.in_sync(&shop).await;
    shop.misbehave(json!({"duplicate": 100, "reorder": 50, "seed": 3})).await;
    for _ in 0..10 {
        shop.order("A", 2).await;
    }
    eventually("all are delivered", async || (shop.shop.deliveries().waiting == 0).then_some(()))
        .await;
    assert_eq!(house.available("A").await, 80);
    assert_eq!(house.events("type=order.placed").await.len(), 10);
    house.in_sync(&shop).await;
}

#[tokio::test]
async fn secrets_are_in_no_answer_and_wrong_input_is_named() {
    let house = House::with(&[("A", 10)]).await;
    let shop = house.shop("shop", 1, &["A"]).await;
    let secrets = [shops::WEBHOOK_SECRET, "shop-access-token"];
    let viewer = house.server.token("viewer", Role::Viewer).await;
    for path in ["", "/shop", "/shop/publications"] {
        for token in [&viewer, &house.admin] {
            let request = house.server.get(&format!("/api/v1/channels{path}")).bearer_auth(token);
            let answer = request.send().await.unwrap().text().await.unwrap();
            assert!(secrets.iter().all(|secret| !answer.contains(secret)), "{answer}");
        }
    }
    let log = format!("{:?}", house.server.audit_log().await);
    assert!(log.contains("channel.put") && log.contains("listing.put"));
    assert!(secrets.iter().all(|secret| !log.contains(secret)));

    let base_url = shop.shop.base_url();
    let cases = [
        ("shop", json!({"kind": "amazon"}), 422, "/kind"),
        ("shop", json!({"kind": "simulated", "settings": {"base_url": 3}}), 422, "/settings"),
        ("new", json!({"kind": "simulated", "settings": {"base_url": base_url}}), 422, "/secrets"),
        ("shop", json!({"kind": "shopify", "policy": {"percent": 101}}), 422, "/policy/percent"),
        ("shop", json!({"kind": "shopify", "secrets": {"webhook": 5}}), 422, "/secrets"),
        ("shop", json!({"kind": "shopify", "mood": "good"}), 422, "mood"),
        ("shop", json!({"kind": "shopify", "mode": "on"}), 422, "mode"),
        ("none/listings/A", json!({"sku": "A", "external": {"inventory_item_id": 1}}), 404, ""),
        ("shop/listings/A", json!({"sku": "A", "external": {}}), 422, "/external"),
        ("shop/listings/A", json!({"sku": "", "external": {}}), 422, "sku"),
    ];
    for (path, form, status, place) in cases {
        let path = format!("/api/v1/channels/{path}");
        let (found, answer) = house.try_ask(Method::PUT, &path, Some(form.clone())).await;
        assert_eq!(found, status, "{form}: {answer}");
        assert!(answer.to_string().contains(place), "{form}: {answer}");
    }
    let (status, _) = house.try_ask(Method::POST, "/api/v1/channels/none/pause", None).await;
    assert_eq!(status, 404);
    house.in_sync(&shop).await;
}
