//! A batch that would empty the shelves, held and approved through the API and through the page.

use onhand::wire::page::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::server::{TestServer, location};

/// SKUs with 5 units each.
const SKUS: usize = 25;

#[expect(clippy::needless_pass_by_value, reason = "tests read better without references")]
fn event(id: &str, kind: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "source": "wms", "id": id, "type": kind,
        "time": "2026-11-23T10:00:00Z", "data": data})
}

fn sku(number: usize) -> String {
    format!("S{number:02}")
}

/// A count of nothing, as part of a batch.
fn empties(number: usize) -> Value {
    let data = json!({"sku": sku(number), "location": "berlin", "counted": 0});
    let mut count = event(&format!("count-{number}"), "stock.counted", data);
    count["batchid"] = json!("night");
    count["time"] = json!("2026-11-23T11:00:00Z");
    count
}

async fn post(server: &TestServer, token: &str, events: Vec<Value>) -> Vec<Value> {
    let answer = server.post("/api/v1/events").bearer_auth(token).json(&events);
    let answer: Value = answer.send().await.unwrap().json().await.unwrap();
    answer["results"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

async fn get(server: &TestServer, token: &str, path: &str) -> Value {
    server.get(path).bearer_auth(token).send().await.unwrap().json().await.unwrap()
}

/// A server on which the counts came, with what else is in their request between them.
async fn counted(server: &TestServer, token: &str) -> Vec<Value> {
    let mut known = vec![event("b", "location.upserted", json!({"location": "berlin"}))];
    for number in 0..SKUS {
        let name = sku(number);
        known.push(event(&format!("i{number}"), "item.upserted", json!({"sku": name})));
        let data = json!({"sku": name, "location": "berlin", "quantity": 5});
        known.push(event(&format!("r{number}"), "stock.received", data));
    }
    post(server, token, known).await;
    let mut request: Vec<Value> = (0..SKUS).map(empties).collect();
    request.insert(3, json!({"id": "nothing"}));
    let data = json!({"sku": "S00", "location": "berlin", "quantity": 2});
    let mut alone = event("alone", "stock.received", data);
    alone["time"] = json!("2026-11-23T12:00:00Z");
    request.insert(7, alone);
    post(server, token, request).await
}

#[tokio::test]
async fn a_batch_is_held_as_one_conflict_and_a_manager_approves_it() {
    let server = TestServer::start().await;
    let token = server.token("manager", Role::Manager).await;
    let results = counted(&server, &token).await;
    let outcomes: Vec<_> =
        results.iter().map(|result| result["outcome"].as_str().unwrap()).collect();
    for (place, outcome) in outcomes.iter().enumerate() {
        let expected = match place {
            3 => "invalid",
            7 => "applied",
            _ => "conflict",
        };
        assert_eq!(*outcome, expected, "{place}");
    }
    assert_eq!(results[7]["id"], "alone", "results come in the order of the request");
    let list = get(&server, &token, "/api/v1/conflicts?kind=mass_change").await;
    assert_eq!(list["conflicts"].as_array().unwrap().len(), 1);
    let conflict = get(&server, &token, "/api/v1/conflicts/c1").await;
    assert_eq!(
        (&conflict["kind"], &conflict["event_count"]),
        (&json!("mass_change"), &json!(SKUS))
    );
    let options: Vec<_> = conflict["options"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&options[0]["option"], &options[1]["option"]),
        (&json!("approve"), &json!("reject"))
    );
    let levels = options[0]["preview"]["levels"].as_array().unwrap();
    assert_eq!(levels.len(), SKUS, "the preview shows what the batch would do");
    assert!(levels.iter().skip(1).all(|level| level["on_hand"] == 0), "{levels:?}");
    assert_eq!(options[1]["preview"]["levels"], json!([]));

    let body = json!({"option": "approve", "expected_version": conflict["version"]});
    let resolve = |token: &str| {
        server.post("/api/v1/conflicts/c1/resolve").bearer_auth(token).json(&body).send()
    };
    let operator = server.token("operator", Role::Operator).await;
    assert_eq!(resolve(&operator).await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(resolve(&token).await.unwrap().status(), StatusCode::OK);
    let stock = get(&server, &token, "/api/v1/stock").await;
    let levels = stock["levels"].as_array().unwrap();
    let on_hand: Vec<_> = levels.iter().map(|level| level["on_hand"].as_i64().unwrap()).collect();
    assert_eq!((on_hand.len(), on_hand[0], on_hand[1..].iter().sum::<i64>()), (SKUS, 2, 0));
    let count = get(&server, &token, "/api/v1/events/wms/count-4").await;
    let again = post(&server, &token, vec![empties(4)]).await;
    assert_eq!(again[0]["outcome"], "duplicate");
    assert_eq!(again[0]["original"]["outcome"], "applied");
    assert_eq!(again[0]["original"]["seq"], count["seq"]);
}

#[tokio::test]
async fn what_is_held_outlives_a_restart_and_is_rejected_by_a_form() {
    let server = TestServer::start().await;
    let token = server.token("manager", Role::Manager).await;
    counted(&server, &token).await;
    let server = TestServer::start_in(
        server.stop().await,
        std::sync::Arc::new(onhand_server::clock::SystemClock),
        |_| {},
    )
    .await;
    let mia = server.signed_in("mia@example.com", Role::Manager).await;
    let page = mia.get("/conflicts/c1").send().await.unwrap().text().await.unwrap();
    for text in ["Approve the batch", "Reject the batch", "would go to zero", "night"] {
        assert!(page.contains(text), "{text} stands in the page");
    }
    let version = get(&server, &token, "/api/v1/conflicts/c1").await["version"].to_string();
    let fields = [("id", "c1"), ("option", "reject"), ("expected_version", version.as_str())];
    let done = mia.form("/api/fn/resolve", &fields).send().await.unwrap();
    assert!(location(&done).contains("done="), "{}", location(&done));
    let stock = get(&server, &token, "/api/v1/stock").await;
    let levels = stock["levels"].as_array().unwrap();
    let on_hand: i64 = levels.iter().map(|level| level["on_hand"].as_i64().unwrap()).sum();
    assert_eq!(on_hand, 5 * 25 + 2);
}

#[tokio::test]
async fn the_share_and_the_number_are_settings() {
    let server = TestServer::with(|config| config.mass_change_share = 100).await;
    let token = server.token("manager", Role::Manager).await;
    let results = counted(&server, &token).await;
    assert_eq!(results[0]["outcome"], "applied");
    let server = TestServer::with(|config| config.mass_change_min = SKUS + 1).await;
    let token = server.token("manager", Role::Manager).await;
    let results = counted(&server, &token).await;
    assert_eq!(results[0]["outcome"], "applied");
}
