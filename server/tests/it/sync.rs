//! Sync out against the simulated shop over real HTTP: whatever the shop does, it comes to show
//! what is there.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::get};
use onhand::time::Timestamp;
use onhand_server::clock::{Clock, SystemClock};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::server::TestServer;
use crate::support::shops::House;

#[tokio::test]
async fn a_new_listing_shows_what_is_there_and_follows_it() {
    let house = House::with(&[("A", 12), ("B", 0)]).await;
    let shop = house.shop("shop", 1, &["A", "B"]).await;
    house.in_sync(&shop).await;
    assert_eq!((shop.shows("A"), shop.shows("B")), (12, 0));
    house.adjust("A", -5).await;
    house.in_sync(&shop).await;
    assert_eq!(shop.shows("A"), 7);
    let row = house.publication(&shop, "A").await;
    assert_eq!((&row["state"], &row["acknowledged"]), (&json!("in_sync"), &json!(7)));
    assert_eq!(row["acknowledged_seq"], row["desired_seq"]);
    assert_eq!(house.counts(&shop).drifted, 0);
}

#[tokio::test]
async fn a_listing_whose_item_has_no_level_is_left_alone() {
    let house = House::with(&[("A", 3)]).await;
    house.send(&[("item.upserted", json!({"sku": "NEW"}))]).await;
    let shop = house.shop("shop", 1, &["A", "NEW"]).await;
    shop.misbehave(json!({"hand_edit": {"sku": "NEW", "quantity": 40}})).await;
    house.in_sync_except(&shop, "NEW").await;
    assert_eq!(shop.shows("NEW"), 40, "absence is not zero");
}

#[tokio::test]
async fn a_sale_in_one_shop_lowers_the_others_and_is_no_drift() {
    let house = House::with(&[("A", 10)]).await;
    let one = house.shop("one", 1, &["A"]).await;
    let other = house.shop("other", 2, &["A"]).await;
    house.in_sync(&one).await;
    house.in_sync(&other).await;
    one.order("A", 3).await;
    eventually("the other shop hears of it", async || (other.shows("A") == 7).then_some(())).await;
    house.in_sync(&one).await;
    for shop in [&one, &other] {
        let counts = house.counts(shop);
        assert_eq!(counts.drifted, 0);
    }
    let echoes = "the shop's reports of our own numbers are known";
    eventually(echoes, async || (house.counts(&other).echoes >= 2).then_some(())).await;
    let recorded = house.events("type=channel.level_reported&source=channel:other").await;
    assert!(recorded.is_empty(), "an echo is no news: {recorded:?}");
}

#[tokio::test]
async fn a_kit_shows_what_its_components_make_and_sells_them() {
    let house = House::with(&[("TEA", 21), ("MUG", 9)]).await;
    let parts = json!([{"sku": "TEA", "quantity": 2}, {"sku": "MUG", "quantity": 1}]);
    house.send(&[("item.upserted", json!({"sku": "SET", "kit": parts.clone()}))]).await;
    let one = house.shop("one", 1, &["TEA", "MUG", "SET"]).await;
    let other = house.shop("other", 2, &["SET"]).await;
    let sets = async |number: i64| {
        for shop in [&one, &other] {
            let what = format!("{} shows {number} sets", shop.channel);
            eventually(&what, async || (shop.shows("SET") == number).then_some(())).await;
        }
    };
    sets(9).await;
    let explained = house.ask(Method::GET, "/api/v1/stock/SET/explain", None).await;
    assert_eq!((&explained["available"], &explained["kit"]), (&json!(9), &parts));
    let shown = house.ask(Method::GET, "/api/v1/stock/SET/explain?channel=one", None).await;
    assert_eq!(shown["listings"][0]["quantity"], 9);
    one.order("SET", 2).await;
    sets(7).await;
    house.in_sync_except(&one, "SET").await;
    assert_eq!((one.shows("TEA"), one.shows("MUG")), (17, 7));
    house.adjust("TEA", -6).await;
    sets(5).await;
    let parts = json!([{"sku": "MUG", "quantity": 3}]);
    house.send(&[("item.upserted", json!({"sku": "SET", "kit": parts}))]).await;
    sets(2).await;
    let third = house.shop("third", 3, &["SET"]).await;
    eventually("a new shop too", async || (third.shows("SET") == 2).then_some(())).await;
    for shop in [&one, &other, &third] {
        assert_eq!(house.counts(shop).drifted, 0, "{}", shop.channel);
    }
    let order = house.events("type=order.placed").await.remove(0);
    let order = order["envelope"]["data"]["order"].as_str().unwrap().to_owned();
    let order = house.ask(Method::GET, &format!("/api/v1/orders/{order}"), None).await;
    let line = &order["lines"][0];
    assert_eq!((&line["sku"], &line["committed"]), (&json!("SET"), &json!(2)));
}

/// A clock that runs, and jumps when it is told to.
#[derive(Default)]
struct JumpingClock(AtomicI64);

impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_micros(self.0.load(Ordering::Relaxed))
    }

    fn elapsed(&self) -> Duration {
        SystemClock.elapsed()
    }
}

#[tokio::test]
async fn a_clock_that_jumps_keeps_no_channel_waiting() {
    const DAY_US: i64 = 86_400_000_000;
    let clock = Arc::new(JumpingClock::default());
    let server = TestServer::with_clock(Arc::clone(&clock) as _, |_| {}).await;
    let house = House::on(server).await;
    house.stock(&[("A", 10)]).await;
    let shop = house.shop("shop", 1, &["A"]).await;
    house.in_sync(&shop).await;
    for jump in [-DAY_US, 2 * DAY_US, -DAY_US] {
        shop.misbehave(json!({"server_error": 100})).await;
        house.adjust("A", -1).await;
        eventually("an attempt has failed", async || {
            (house.publication(&shop, "A").await["attempts"].as_u64() > Some(0)).then_some(())
        })
        .await;
        clock.0.fetch_add(jump, Ordering::Relaxed);
        let next = house.publication(&shop, "A").await["next_attempt_at"].clone();
        let next = Timestamp::parse(next.as_str().unwrap()).unwrap();
        let wait_s = next.since(clock.now()) / 1_000_000;
        assert!(wait_s < 60, "the next attempt is shown to be in {wait_s} s");
        shop.misbehave(json!({"server_error": 0})).await;
        house.in_sync(&shop).await;
    }
}

#[tokio::test]
async fn every_kind_of_fault_at_once_ends_in_the_right_numbers() {
    let skus: Vec<String> = (0..12).map(|number| format!("S{number}")).collect();
    let stock: Vec<(&str, i64)> = skus.iter().map(|sku| (sku.as_str(), 400)).collect();
    let names: Vec<&str> = skus.iter().map(String::as_str).collect();
    let house = House::with(&stock).await;
    let shop = house.shop("shop", 1, &names).await;
    house.in_sync(&shop).await;
    shop.misbehave(json!({"duplicate": 30, "reorder": 30, "delay_ms": 20, "lose_answer": 30,
        "server_error": 30, "too_many_requests": 10, "seed": 7}))
        .await;
    let mut lowest = 400;
    for round in 0..60_usize {
        house.adjust(names[round % 12], -1).await;
        if round % 3 == 0 {
            shop.order(names[(round / 3) % 11 + 1], 2).await;
        }
        // Nothing ever adds to this one, so an older number would be a larger one.
        let shown = shop.shows("S0");
        assert!(shown <= lowest, "an older number followed: {shown} after {lowest}");
        lowest = shown;
    }
    shop.misbehave(json!({"duplicate": 0, "reorder": 0, "delay_ms": 0, "lose_answer": 0,
        "server_error": 0, "too_many_requests": 0}))
        .await;
    eventually("every webhook is in", async || (shop.shop.deliveries().waiting == 0).then_some(()))
        .await;
    house.in_sync(&shop).await;
    for sku in &names {
        assert_eq!(shop.shows(sku), house.available(sku).await, "{sku}");
    }
    let orders = house.events("type=order.placed").await;
    assert_eq!(orders.len(), 20, "each order once");
    assert!(house.counts(&shop).failed > 0, "the faults were met");
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_settled_and_no_drift() {
    let house = House::with(&[("A", 10)]).await;
    let shop = house.shop("shop", 1, &["A"]).await;
    house.in_sync(&shop).await;
    shop.misbehave(json!({"lose_answer": 100})).await;
    house.adjust("A", -4).await;
    eventually("the shop took it", async || (shop.shows("A") == 6).then_some(())).await;
    let told = "the lost answer is told";
    let row = eventually(told, async || {
        let row = house.publication(&shop, "A").await;
        (row["state"] == "retrying").then_some(row)
    })
    .await;
    assert_eq!(row["acknowledged"], 10, "what nobody confirmed is not acknowledged");
    assert!(row["last_error"].as_str().unwrap().contains("no answer"), "{row}");
    house.adjust("A", -1).await;
    shop.misbehave(json!({"lose_answer": 0})).await;
    house.in_sync(&shop).await;
    assert_eq!(shop.shows("A"), 5);
    assert_eq!(house.counts(&shop).drifted, 0);
}

#[tokio::test]
async fn a_hundred_changes_become_few_calls() {
    let house = House::with(&[("A", 1_000)]).await;
    let shop = house.shop("shop", 1, &["A"]).await;
    house.in_sync(&shop).await;
    let before = house.counts(&shop);
    let changes: Vec<(&str, Value)> = (0..400)
        .map(|_| {
            let data = json!({"sku": "A", "location": "berlin", "delta": -1, "reason": "test"});
            ("stock.adjusted", data)
        })
        .collect();
    for hundred in changes.chunks(100) {
        house.send(hundred).await;
    }
    house.in_sync(&shop).await;
    let calls = house.counts(&shop).calls - before.calls;
    assert!((1..=40).contains(&calls), "400 changes took {calls} calls");
    assert_eq!(shop.shows("A"), 600);
}

#[tokio::test]
async fn a_number_edited_in_the_shop_is_found_recorded_and_put_right() {
    let house = House::with(&[("A", 10), ("B", 10)]).await;
    let more = json!({"settings": {"readback_s": 1}});
    let shop = house.shop_with("shop", 1, &["A", "B"], more).await;
    house.in_sync(&shop).await;
    shop.misbehave(json!({"hand_edit": {"sku": "A", "quantity": 90}})).await;
    shop.misbehave(json!({"hand_edit": {"sku": "B", "quantity": 2}})).await;
    let repaired = "what could be oversold is put right at once";
    eventually(repaired, async || (shop.shows("A") == 10).then_some(())).await;
    assert_eq!(shop.shows("B"), 2, "fewer may be a sale whose webhook is still to come");
    house.in_sync(&shop).await;
    eventually("both are counted", async || (house.counts(&shop).drifted == 2).then_some(())).await;
    eventually("both are in the journal", async || {
        let events = house.events("type=channel.level_reported&source=channel:shop").await;
        let found = |quantity: i64| {
            events.iter().any(|event| {
                event["envelope"]["data"]["quantity"] == quantity
                    && event["envelope"]["id"].as_str().unwrap().starts_with("readback-")
            })
        };
        (found(90) && found(2)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_paused_channel_is_sent_nothing_and_then_the_newest() {
    let house = House::with(&[("A", 10)]).await;
    let shop = house.shop("shop", 1, &["A"]).await;
    house.in_sync(&shop).await;
    let status = house.ask(Method::POST, "/api/v1/channels/shop/pause", None).await;
    assert_eq!((&status["mode"], &status["health"]), (&json!("paused"), &json!("paused")));
    let calls = house.counts(&shop).calls;
    for _ in 0..5 {
        house.adjust("A", -1).await;
    }
    eventually("it knows what to send", async || {
        (house.publication(&shop, "A").await["desired"] == 5).then_some(())
    })
    .await;
    assert_eq!(house.counts(&shop).calls, calls);
    assert_eq!(shop.shows("A"), 10);
    house.ask(Method::POST, "/api/v1/channels/shop/resume", None).await;
    house.in_sync(&shop).await;
    assert_eq!(shop.shows("A"), 5);
    assert_eq!(house.counts(&shop).calls, calls + 1, "five changes, one call");
}

#[tokio::test]
async fn a_channel_in_shadow_computes_but_sends_nothing() {
    let house = House::with(&[("A", 10)]).await;
    let shop = house.shop_with("shop", 1, &["A"], json!({"mode": "shadow"})).await;
    let row = eventually("the number is computed", async || {
        let row = house.publication(&shop, "A").await;
        (row["desired"] == 10).then_some(row)
    })
    .await;
    assert_eq!(row["state"], "shadow");
    let paused = house.ask(Method::POST, "/api/v1/channels/shop/pause", None).await;
    assert_eq!(paused["mode"], "shadow");
    let resumed = house.ask(Method::POST, "/api/v1/channels/shop/resume", None).await;
    assert_eq!(resumed["mode"], "shadow", "going on is no permission to send");
    shop.order_beyond("A", 1).await;
    eventually("its orders come in", async || (house.available("A").await == 9).then_some(()))
        .await;
    assert_eq!(house.counts(&shop).pushed, 0);
}

#[tokio::test]
async fn the_policy_decides_what_a_channel_shows() {
    let house = House::with(&[("A", 21)]).await;
    let shop = house.shop("shop", 1, &["A"]).await;
    house.in_sync(&shop).await;
    let form = json!({"kind": "simulated", "settings": {"base_url": shop.shop.base_url()},
        "policy": {"percent": 50, "buffer": 2}});
    house.ask(Method::PUT, "/api/v1/channels/shop", Some(form)).await;
    eventually("half of it less two", async || (shop.shows("A") == 8).then_some(())).await;
    let item = shop.shop.listings()[0].inventory_item_id;
    let form = json!({"sku": "A", "external": {"inventory_item_id": item},
        "policy": {"percent": 100, "cap": 15}});
    house.ask(Method::PUT, "/api/v1/channels/shop/listings/A", Some(form)).await;
    let own = "the listing's own policy wins, the buffer stays";
    eventually(own, async || (shop.shows("A") == 15).then_some(())).await;
    // The shop lowers its own number; the number to show stays the same.
    shop.order("A", 1).await;
    eventually("it is 15 again", async || {
        (house.available("A").await == 20 && shop.shows("A") == 15).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_a_shop_does_not_know_is_parked_until_it_is_mended() {
    let house = House::with(&[("A", 5)]).await;
    let shop = house.shop("shop", 1, &["A"]).await;
    house.in_sync(&shop).await;
    let put = async |item: i64| {
        let form = json!({"sku": "A", "external": {"inventory_item_id": item}});
        house.ask(Method::PUT, "/api/v1/channels/shop/listings/A", Some(form)).await;
    };
    put(4).await;
    let row = eventually("it is parked", async || {
        let row = house.publication(&shop, "A").await;
        (row["state"] == "parked").then_some(row)
    })
    .await;
    assert!(row["last_error"].as_str().unwrap().contains("no inventory item 4"), "{row}");
    put(shop.shop.listings()[0].inventory_item_id).await;
    house.in_sync(&shop).await;
}

#[tokio::test]
async fn a_restart_remembers_what_was_acknowledged_and_looks_again() {
    let house = House::with(&[("A", 10), ("B", 3)]).await;
    let shop = house.shop("shop", 1, &["A", "B"]).await;
    house.in_sync(&shop).await;
    let seq = house.publication(&shop, "A").await["acknowledged_seq"].clone();
    let folder = house.server.stop().await;
    let server = TestServer::start_in(folder, Arc::new(SystemClock), |_| {}).await;
    let house = House::on(server).await;
    let row = house.publication(&shop, "A").await;
    assert_eq!((&row["acknowledged"], &row["desired"]), (&json!(10), &json!(10)));
    assert!(row["acknowledged_seq"].as_u64() >= seq.as_u64());
    house.in_sync(&shop).await;
    let counts = house.counts(&shop);
    assert_eq!((counts.pushed, counts.drifted), (0, 0), "reading was enough");
    house.adjust("B", -1).await;
    house.in_sync(&shop).await;
    assert_eq!(shop.shows("B"), 2);
}

/// A shop that has refused one call and notes when it was called.
#[derive(Clone, Default)]
struct Refusing(Arc<Mutex<Vec<Instant>>>);

async fn levels(State(shop): State<Refusing>, _: HeaderMap) -> Response {
    let mut calls = shop.0.lock().unwrap();
    calls.push(Instant::now());
    if calls.len() == 1 {
        return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "2")]).into_response();
    }
    let row = json!({"inventory_item_id": 7, "available": 5});
    Json(json!({"location_id": 1, "levels": [row]})).into_response()
}

#[tokio::test]
async fn a_shop_that_asks_for_time_gets_it() {
    let shop = Refusing::default();
    let app = Router::new().route("/inventory", get(levels)).with_state(shop.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });

    let house = House::with(&[("A", 5)]).await;
    let form = json!({"kind": "simulated", "settings": {"base_url": base_url},
        "secrets": {"access_token": "t"}});
    house.ask(Method::PUT, "/api/v1/channels/slow", Some(form)).await;
    let form = json!({"sku": "A", "external": {"inventory_item_id": 7}});
    house.ask(Method::PUT, "/api/v1/channels/slow/listings/a", Some(form)).await;
    eventually("it is asked again", async || (shop.0.lock().unwrap().len() >= 2).then_some(()))
        .await;
    let calls = shop.0.lock().unwrap().clone();
    let waited = calls[1].duration_since(calls[0]);
    assert!(waited >= Duration::from_secs(2), "waited {waited:?} instead of 2 s");
}

#[tokio::test]
async fn a_shop_that_is_gone_is_down_and_comes_back() {
    let house = House::with(&[("A", 5)]).await;
    let form = json!({"kind": "simulated", "settings": {"base_url": "http://127.0.0.1:9"},
        "secrets": {"access_token": "t"}});
    house.ask(Method::PUT, "/api/v1/channels/shop", Some(form)).await;
    let form = json!({"sku": "A", "external": {"inventory_item_id": 7}});
    house.ask(Method::PUT, "/api/v1/channels/shop/listings/A", Some(form)).await;
    let status = eventually("it is down", async || {
        let list = house.ask(Method::GET, "/api/v1/channels", None).await;
        let status = list["channels"][0].clone();
        (status["health"] == "down").then_some(status)
    })
    .await;
    assert_eq!((&status["behind"], &status["listings"]), (&json!(1), &json!(1)));
    assert!(status["last_error"].as_str().unwrap().contains("no answer"), "{status}");
    assert!(!status.to_string().contains("127.0.0.1"), "a page shows no addresses: {status}");
    let shop = house.shop("shop", 1, &["A"]).await;
    house.in_sync(&shop).await;
    let status = house.ask(Method::GET, "/api/v1/channels", None).await;
    assert_eq!(status["channels"][0]["health"], "healthy");
}
