//! `event.reversed` through the API and the real store: also of events and decisions of earlier
//! batches and earlier runs, and the journal still leads to what the tables hold.

use std::sync::Arc;

use onhand::wire::page::Role;
use onhand_server::clock::SystemClock;
use onhand_server::store::Store;
use onhand_server::store::sqlite::SqliteStore;
use onhand_server::verify::verify;
use serde_json::{Value, json};

use crate::support::server::TestServer;

#[expect(clippy::needless_pass_by_value, reason = "tests read better without references")]
fn event(id: &str, kind: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "source": "wms", "id": id, "type": kind,
        "time": "2026-11-23T10:00:00Z", "data": data})
}

async fn post(server: &TestServer, token: &str, events: Value) -> Value {
    let answer = server.post("/api/v1/events").bearer_auth(token).json(&events);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json::<Value>().await.unwrap()["results"].clone()
}

async fn get(server: &TestServer, token: &str, path: &str) -> Value {
    let answer = server.get(path).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

async fn on_hand(server: &TestServer, token: &str) -> Value {
    get(server, token, "/api/v1/stock?sku=TEA").await["levels"][0]["on_hand"].clone()
}

fn reversal(id: &str, source: &str, target: &str) -> Value {
    event(id, "event.reversed", json!({"source": source, "id": target, "reason": "a mistake"}))
}

async fn again(server: TestServer) -> TestServer {
    let folder = server.stop().await;
    TestServer::start_in(folder, Arc::new(SystemClock), |_| {}).await
}

/// A shipment that waited for its order, and a receipt that waits for a name.
fn given() -> Value {
    let line = json!([{"line": "1", "sku": "TEA", "quantity": 2}]);
    let shipped = json!({"order": "o1", "fulfillment": "f1",
        "lines": [{"line": "1", "quantity": 2}]});
    let received =
        |sku: &str, quantity: i64| json!({"sku": sku, "location": "berlin", "quantity": quantity});
    json!([
        event("i", "item.upserted", json!({"sku": "TEA"})),
        event("l", "location.upserted", json!({"location": "berlin", "rank": 1})),
        event("r", "stock.received", received("TEA", 20)),
        event("f", "order.fulfilled", shipped),
        event("o", "order.placed", json!({"order": "o1", "lines": line})),
        event("early", "stock.received", received("CUP", 4)),
    ])
}

#[tokio::test]
async fn events_and_decisions_of_earlier_runs_are_taken_back() {
    let server = TestServer::start().await;
    let token = server.token("manager", Role::Manager).await;
    let results = post(&server, &token, given()).await;
    assert_eq!(results[3]["outcome"], "parked");
    let conflict = results[5]["conflict"].as_str().unwrap().to_owned();
    let resolve = server.post(&format!("/api/v1/conflicts/{conflict}/resolve"));
    let choice = json!({"option": "map", "sku": "TEA", "expected_version": 1});
    let answer = resolve.bearer_auth(&token).json(&choice).send().await.unwrap();
    let decision: Value = answer.json().await.unwrap();
    assert_eq!(on_hand(&server, &token).await, 22);

    let server = again(server).await;
    let decided = decision["event"]["id"].as_str().unwrap();
    let results = post(
        &server,
        &token,
        json!([
            reversal("1", "onhand", decided),
            reversal("2", "wms", "f"),
            reversal("3", "wms", "f"),
            reversal("4", "wms", "o"),
            reversal("5", "wms", "nothing"),
        ]),
    )
    .await;
    let outcomes: Vec<&str> =
        results.as_array().unwrap().iter().map(|it| it["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["applied", "applied", "rejected", "applied", "rejected"], "{results}");
    assert_eq!(on_hand(&server, &token).await, 20);
    let first = get(&server, &token, "/api/v1/events/wms/f").await;
    assert_eq!((&first["outcome"], &first["final_outcome"]), (&json!("parked"), &json!("applied")));
    assert_eq!(first["reversed_by"], results[1]["seq"]);
    let open = get(&server, &token, &format!("/api/v1/conflicts/{conflict}")).await;
    assert_eq!((&open["status"], &open["version"]), (&json!("open"), &json!(3)));

    // What is reversed is reversed for ever, and what waits again can be decided again.
    let server = again(server).await;
    let results = post(&server, &token, json!([reversal("6", "wms", "f")])).await;
    assert_eq!(results[0]["outcome"], "rejected");
    let results =
        post(&server, &token, json!([event("i2", "item.upserted", json!({"sku": "CUP"}))]));
    assert_eq!(results.await[0]["outcome"], "applied");
    let cups = get(&server, &token, "/api/v1/stock?sku=CUP").await;
    assert_eq!(cups["levels"][0]["on_hand"], 4);
    let late = event(
        "late",
        "stock.received",
        json!({"sku": "CUP", "location": "berlin",
        "quantity": 1}),
    );
    assert_eq!(post(&server, &token, json!([late])).await[0]["effects"][0]["after"], 5);

    let folder = server.stop().await;
    let store = SqliteStore::open(&folder.path().join("data/ledger.db")).await.unwrap();
    let settings = onhand::state::Settings::default();
    verify(&store, settings, |_, _, _| {}).await.unwrap();
    assert_eq!(store.load(settings).await.unwrap().catalogue().sku_aliases().len(), 0);
}

/// What an option would take back first has to stay, which the option says.
#[tokio::test]
async fn an_option_says_what_has_to_be_reversed_before_it_can_be_taken() {
    let server = TestServer::start().await;
    let token = server.token("manager", Role::Manager).await;
    let shipped = |quantity: i64| {
        json!({"transfer": "t1", "from": "berlin", "to": "hamburg",
            "lines": [{"sku": "TEA", "quantity": quantity}]})
    };
    let arrived = json!({"transfer": "t1", "receipt": "r1",
        "lines": [{"sku": "TEA", "quantity": 5}]});
    let given = json!([
        event("i", "item.upserted", json!({"sku": "TEA"})),
        event("b", "location.upserted", json!({"location": "berlin", "rank": 1})),
        event("h", "location.upserted", json!({"location": "hamburg", "rank": 2})),
        event("t", "transfer.shipped", shipped(5)),
        event("r", "transfer.received", arrived),
        event("t", "transfer.shipped", shipped(6)),
    ]);
    let results = post(&server, &token, given).await;
    let path = format!("/api/v1/conflicts/{}", results[5]["conflict"].as_str().unwrap());
    let second = async || {
        let view = get(&server, &token, &path).await;
        let options = view["options"].as_array().unwrap().clone();
        options.into_iter().find(|option| option["option"] == "apply_second").unwrap()
    };
    let option = second().await;
    assert_eq!(option["problem"], "receipts of the transfer rest on it: reverse those first");
    assert_eq!(option["preview"], Value::Null, "{option}");
    post(&server, &token, json!([reversal("1", "wms", "r")])).await;
    let option = second().await;
    assert_eq!(option["problem"], Value::Null, "{option}");
    assert_eq!(option["preview"]["levels"].as_array().unwrap().len(), 2, "{option}");
}

#[tokio::test]
async fn only_managers_may() {
    let server = TestServer::start().await;
    for (role, status) in [(Role::Warehouse, 403), (Role::Operator, 403), (Role::Manager, 200)] {
        let token = server.token(role.as_str(), role).await;
        let answer = server.post("/api/v1/events").bearer_auth(&token);
        let answer = answer.json(&reversal("1", "wms", "x")).send().await.unwrap();
        assert_eq!(answer.status(), status, "{role:?}");
    }
}
