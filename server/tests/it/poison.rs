//! An event that the processor cannot handle, through the API, the loop that owns the ledger, SQLite
//! and a restart. Rules that fail on purpose exist in builds for tests alone.

use std::sync::Arc;

use onhand::sim::trap::{MESSAGE, Phase, Trap};
use onhand::state::Settings;
use onhand::wire::page::Role;
use onhand_server::clock::SystemClock;
use onhand_server::verify::verify;
use serde_json::{Value, json};

use crate::support::server::TestServer;

#[expect(clippy::needless_pass_by_value, reason = "tests read better without references")]
fn event(id: &str, kind: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "source": "wms", "id": id, "type": kind,
        "time": "2026-11-23T10:00:00Z", "data": data})
}

fn received(id: &str, quantity: i64) -> Value {
    event(id, "stock.received", json!({"sku": "TEA", "location": "berlin", "quantity": quantity}))
}

/// Posts events in one request; gives their outcomes.
async fn post(server: &TestServer, token: &str, events: &[Value]) -> Vec<String> {
    let request = server.post("/api/v1/events").bearer_auth(token).json(events);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    let results = answer["results"].as_array().unwrap().iter();
    results.map(|result| result["outcome"].as_str().unwrap().to_owned()).collect()
}

async fn get(server: &TestServer, token: &str, path: &str) -> Value {
    server.get(path).bearer_auth(token).send().await.unwrap().json().await.unwrap()
}

async fn on_hand(server: &TestServer, token: &str) -> i64 {
    let stock = get(server, token, "/api/v1/stock?sku=TEA").await;
    stock["levels"][0]["on_hand"].as_i64().unwrap()
}

async fn resolve(server: &TestServer, token: &str, option: &str) -> reqwest::StatusCode {
    let body = json!({"option": option, "expected_version": 1});
    let request = server.post("/api/v1/conflicts/c1/resolve").bearer_auth(token).json(&body);
    request.send().await.unwrap().status()
}

async fn poisoned(phase: Phase, id: &str) {
    let server = TestServer::start().await;
    let token = server.token("manager", Role::Manager).await;
    let names = [
        event("i", "item.upserted", json!({"sku": "TEA"})),
        event("b", "location.upserted", json!({"location": "berlin", "rank": 1})),
    ];
    post(&server, &token, &names).await;
    let trap = Trap::set(phase, id);
    let batch = [received("before", 1), received(id, 50), received("after", 2)];
    let outcomes = post(&server, &token, &batch).await;
    assert_eq!(outcomes, ["applied", "conflict", "applied"], "{phase:?}");
    assert_eq!(post(&server, &token, &batch).await, ["duplicate"; 3]);
    assert_eq!(post(&server, &token, &[received("later", 4)]).await, ["applied"]);
    assert_eq!(on_hand(&server, &token).await, 7);

    let conflict = get(&server, &token, "/api/v1/conflicts/c1").await;
    assert_eq!((&conflict["kind"], &conflict["status"]), (&json!("poison"), &json!("open")));
    let offered: Vec<&Value> =
        conflict["options"].as_array().unwrap().iter().map(|option| &option["option"]).collect();
    assert_eq!(offered, ["retry", "discard"]);
    let evidence = conflict["evidence"].as_array().unwrap();
    assert!(evidence.iter().any(|fact| fact["value"] == MESSAGE), "{evidence:?}");
    if phase == Phase::Decide {
        assert_eq!(resolve(&server, &token, "retry").await, 422, "it fails again");
    }
    let store = Arc::clone(server.state().ledger.store());
    verify(store.as_ref(), Settings::default(), |_, _, _| {}).await.unwrap();
    let folder = server.stop().await;

    // The next start has a rule that works.
    drop(trap);
    let server = TestServer::start_in(folder, Arc::new(SystemClock), |_| {}).await;
    assert_eq!(get(&server, &token, "/api/v1/conflicts/c1").await["status"], "open");
    assert_eq!(resolve(&server, &token, "retry").await, 200);
    assert_eq!(on_hand(&server, &token).await, 57);
    let store = Arc::clone(server.state().ledger.store());
    verify(store.as_ref(), Settings::default(), |_, _, _| {}).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_rule_that_panics_costs_one_event_and_no_other() {
    poisoned(Phase::Decide, "server-poison-decide").await;
}

#[tokio::test]
async fn a_panic_half_way_through_a_change_costs_one_event_and_no_other() {
    poisoned(Phase::Apply, "server-poison-apply").await;
}
