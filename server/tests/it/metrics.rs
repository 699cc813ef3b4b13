//! `GET /metrics`: what it says, and to whom.

use std::collections::BTreeMap;

use onhand::wire::page::Role;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use serde_json::json;

use crate::support::eventually;
use crate::support::server::TestServer;
use crate::support::shops::House;

/// Every line of the answer that has a value, by its name and labels.
async fn figures(server: &TestServer) -> BTreeMap<String, f64> {
    let answer = server.get("/metrics").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    let text = answer.text().await.unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let figure = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(figure).collect()
}

#[tokio::test]
async fn the_figures_are_those_of_what_happened() {
    let house = House::with(&[("A", 10)]).await;
    let before = figures(&house.server).await;
    house.adjust("A", -1).await;
    let wrong = json!([
        {"specversion": "1.0", "source": "wms", "id": "wrong", "type": "no.such.type",
         "time": "2026-11-23T10:00:00Z", "data": {}},
    ]);
    house.ask(reqwest::Method::POST, "/api/v1/events", Some(wrong)).await;
    let after = figures(&house.server).await;
    let grown = |name: &str| after[name] - before[name];
    assert!((grown("onhand_events_total{outcome=\"applied\"}") - 1.0).abs() < f64::EPSILON);
    assert!((grown("onhand_events_total{outcome=\"invalid\"}") - 1.0).abs() < f64::EPSILON);
    assert!(grown("onhand_events_total{outcome=\"conflict\"}").abs() < f64::EPSILON);
    assert!((grown("onhand_journal_seq") - 1.0).abs() < f64::EPSILON);
    for histogram in ["onhand_batch_events", "onhand_decide_seconds", "onhand_commit_seconds"] {
        assert!((grown(&format!("{histogram}_count")) - 1.0).abs() < f64::EPSILON, "{histogram}");
        assert!(grown(&format!("{histogram}_sum")) > 0.0, "{histogram}");
    }
    assert!(after["process_resident_memory_bytes"] > 1e6);
    assert!(after["onhand_database_bytes{database=\"ledger\"}"] > 0.0);
    assert!(after["onhand_wal_bytes{database=\"ledger\"}"] > 0.0);
    assert!(after["onhand_queue_events"].abs() < f64::EPSILON);
}

#[tokio::test]
async fn a_channels_lag_is_there_and_goes() {
    let house = House::with(&[("A", 10)]).await;
    let shop = house.shop("shop", 1, &["A"]).await;
    house.in_sync(&shop).await;
    shop.misbehave(json!({"server_error": 100})).await;
    house.adjust("A", -1).await;
    let (behind, lag) = (
        "onhand_channel_listings_behind{channel=\"shop\"}",
        "onhand_channel_lag_seconds{channel=\"shop\"}",
    );
    eventually("the lag is told", async || {
        let figures = figures(&house.server).await;
        let late = figures[lag] > 0.0 && (figures[behind] - 1.0).abs() < f64::EPSILON;
        (late && figures["onhand_channel_calls_failed_total{channel=\"shop\"}"] > 0.0).then_some(())
    })
    .await;
    shop.misbehave(json!({"server_error": 0})).await;
    house.in_sync(&shop).await;
    let figures = figures(&house.server).await;
    assert!(figures[behind].abs() < f64::EPSILON && figures[lag].abs() < f64::EPSILON);
    assert!(figures["onhand_channel_pushed_total{channel=\"shop\"}"] >= 2.0);
}

#[tokio::test]
async fn who_may_see_the_stock_may_see_the_figures_and_nobody_else_from_afar() {
    let server = TestServer::start().await;
    for role in Role::ALL {
        let token = server.token(role.as_str(), role).await;
        let asked = server.get("/metrics").header(HOST, "stock.example.com").bearer_auth(token);
        assert_eq!(asked.send().await.unwrap().status().as_u16(), 200, "{role:?}");
    }
    // From another machine, or what looks like it: by a proxy, by a name that is not this machine's.
    for (name, value) in [
        ("host", "stock.example.com"),
        ("host", "127.0.0.1.example.com"),
        ("x-forwarded-for", "203.0.113.9"),
        ("forwarded", "for=203.0.113.9"),
        ("authorization", "Bearer onh_wrong"),
        ("origin", "https://stock.example.com"),
    ] {
        let answer = server.get("/metrics").header(name, value).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 401, "{name}: {value}");
    }
    let port = server.address().port();
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let asked = server.get("/metrics").header(HOST, format!("{host}:{port}"));
        assert_eq!(asked.send().await.unwrap().status().as_u16(), 200, "{host}");
    }
    let answer = server.get("/metrics").header(AUTHORIZATION, "Basic eA==").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
}

#[tokio::test]
async fn behind_a_proxy_everybody_needs_an_identity() {
    let behind = |config: &mut onhand_server::config::Config| {
        config.public_url = Some("https://stock.example.com".to_owned());
    };
    let server = TestServer::with(behind).await;
    assert_eq!(server.get("/metrics").send().await.unwrap().status().as_u16(), 401);
    let token = server.token("prometheus", Role::Viewer).await;
    let asked = server.get("/metrics").bearer_auth(token);
    assert_eq!(asked.send().await.unwrap().status().as_u16(), 200);
}
