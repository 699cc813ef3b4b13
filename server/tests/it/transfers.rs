//! Transfers through the API: shipped by one process, received by the next, decided by a person;
//! and what the tables remember is what the journal leads to.

use std::sync::Arc;

use onhand::state::Settings;
use onhand::wire::page::Role;
use onhand_server::clock::SystemClock;
use onhand_server::verify::verify;
use serde_json::{Value, json};

use crate::support::server::TestServer;

#[expect(clippy::needless_pass_by_value, reason = "tests read better without references")]
fn event(kind: &str, second: u32, data: Value) -> Value {
    json!({"specversion": "1.0", "source": "wms", "id": format!("{kind}-{second}"), "type": kind,
        "time": format!("2026-11-23T10:00:{second:02}Z"), "data": data})
}

async fn post(server: &TestServer, token: &str, events: Value) -> Vec<Value> {
    let answer = server.post("/api/v1/events").bearer_auth(token).json(&events).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let body: Value = answer.json().await.unwrap();
    body["results"].as_array().unwrap().clone()
}

async fn get(server: &TestServer, token: &str, path: &str) -> Value {
    let answer = server.get(path).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{path}");
    answer.json().await.unwrap()
}

/// The level of a location: `on_hand` and `incoming`.
async fn level(server: &TestServer, token: &str, location: &str) -> (i64, i64) {
    let path = format!("/api/v1/stock?sku=TEA&location={location}");
    let page = get(server, token, &path).await;
    let number = |name: &str| page["levels"][0][name].as_i64().unwrap();
    (number("on_hand"), number("incoming"))
}

#[tokio::test]
async fn a_transfer_is_shipped_received_and_decided() {
    let server = TestServer::start().await;
    let manager = server.token("manager", Role::Manager).await;
    let warehouse = server.token("warehouse", Role::Warehouse).await;
    let stock = json!({"sku": "TEA", "location": "berlin", "quantity": 20});
    let known = json!([
        event("item.upserted", 0, json!({"sku": "TEA"})),
        event("location.upserted", 1, json!({"location": "berlin", "rank": 1})),
        event("location.upserted", 2, json!({"location": "hamburg", "rank": 2})),
        event("stock.received", 3, stock),
    ]);
    post(&server, &manager, known).await;
    let missing = server.get("/api/v1/transfers/t1").bearer_auth(&warehouse).send().await;
    assert_eq!(missing.unwrap().status().as_u16(), 404);
    let goods = json!([{"sku": "TEA", "quantity": 10}]);
    let shipped = json!({"transfer": "t1", "from": "berlin", "to": "hamburg", "lines": goods});
    let results =
        post(&server, &warehouse, json!([event("transfer.shipped", 10, shipped.clone())])).await;
    assert_eq!(results[0]["outcome"], "applied");
    assert_eq!(level(&server, &warehouse, "berlin").await, (10, 0));
    assert_eq!(level(&server, &warehouse, "hamburg").await, (0, 10));

    let folder = server.stop().await;
    let server = TestServer::start_in(folder, Arc::new(SystemClock), |_| {}).await;
    let goods = json!([{"sku": "TEA", "quantity": 7, "state": "damaged"}]);
    let received = json!({"transfer": "t1", "receipt": "r1", "lines": goods, "final": true});
    let results = post(
        &server,
        &warehouse,
        json!([event("transfer.shipped", 11, shipped), event("transfer.received", 20, received)]),
    )
    .await;
    assert_eq!(results[0]["outcome"], "duplicate", "the same fact under another id");
    assert_eq!(results[0]["original"]["seq"], 5);
    assert_eq!(results[1]["outcome"], "applied");
    assert_eq!(level(&server, &warehouse, "hamburg").await, (7, 3));
    let document = get(&server, &warehouse, "/api/v1/transfers/t1").await;
    let line = json!({"sku": "TEA", "shipped": 10, "received": 7, "lost": 0, "incoming": 3,
        "surplus": 0});
    assert_eq!(document["lines"], json!([line]));
    assert_eq!(document["receipts"][0]["final"], true);

    let conflict = results[1]["conflict"].as_str().unwrap();
    let path = format!("/api/v1/conflicts/{conflict}");
    let view = get(&server, &warehouse, &path).await;
    assert_eq!((&view["kind"], &view["transfer"]), (&json!("excess"), &json!("t1")));
    let options: Vec<&str> = view["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|option| option["option"].as_str().unwrap())
        .collect();
    assert_eq!(options, ["apply_anyway", "cap", "discard"]);
    let back = &view["options"][0]["preview"]["levels"][0];
    assert_eq!((&back["location"], &back["on_hand"]), (&json!("berlin"), &json!(13)));
    let choice = json!({"option": "cap", "expected_version": view["version"]});
    let answer = server.post(&format!("{path}/resolve")).bearer_auth(&manager).json(&choice);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(level(&server, &warehouse, "hamburg").await, (7, 0));
    let document = get(&server, &warehouse, "/api/v1/transfers/t1").await;
    assert_eq!(document["lines"][0]["lost"], 3);

    let store = server.state().ledger.store().clone();
    let verified = verify(&*store, Settings::default(), |_, _, _| {}).await.unwrap();
    assert_eq!(verified.seq, 7);
    server.stop().await;
}
