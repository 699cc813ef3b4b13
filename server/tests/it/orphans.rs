//! A shipment whose order does not come, through the API, the processor's timers, a restart and the
//! page's form as a browser without a script sends it.

use std::sync::Arc;

use onhand::state::Settings;
use onhand::time::{SECOND_US, Timestamp};
use onhand::wire::page::Role;
use onhand_server::clock::ManualClock;
use onhand_server::config::Config;
use onhand_server::verify::verify;
use serde_json::{Value, json};

use crate::support::server::{TestServer, location};

/// Seconds after which the server asks.
const ASKS_AFTER_S: i64 = 10;

fn set(config: &mut Config) {
    config.orphan_after_s = ASKS_AFTER_S;
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::parse("2026-11-23T10:00:00Z").unwrap()))
}

#[expect(clippy::needless_pass_by_value, reason = "tests read better without references")]
fn event(id: &str, kind: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "source": "wms", "id": id, "type": kind,
        "time": "2026-11-23T10:00:00Z", "data": data})
}

async fn post(server: &TestServer, token: &str, events: &[Value]) -> Value {
    let request = server.post("/api/v1/events").bearer_auth(token).json(events);
    request.send().await.unwrap().json().await.unwrap()
}

async fn get(server: &TestServer, token: &str, path: &str) -> Value {
    server.get(path).bearer_auth(token).send().await.unwrap().json().await.unwrap()
}

/// Lets time pass while the processor looks at its clock: it does so for every job, also an empty
/// one, and records what it found due before the second answer.
async fn serve(server: &TestServer, clock: &ManualClock, seconds: i64) {
    for _ in 0..seconds {
        clock.advance(SECOND_US);
        for _ in 0..2 {
            server.state().ledger.submit(Vec::new(), Arc::from("test")).await.unwrap();
        }
    }
}

/// 10 of tea at Berlin, and a shipment of 3 of an order that nobody knows, waiting for 9 s.
async fn waiting(clock: &Arc<ManualClock>) -> (TestServer, String) {
    let server = TestServer::with_clock(Arc::<ManualClock>::clone(clock), set).await;
    let token = server.token("manager", Role::Manager).await;
    let lines = [json!({"line": "1", "quantity": 3})];
    let events = [
        event("i", "item.upserted", json!({"sku": "TEA"})),
        event("b", "location.upserted", json!({"location": "berlin", "rank": 1})),
        event("r", "stock.received", json!({"sku": "TEA", "location": "berlin", "quantity": 10})),
        event("f", "order.fulfilled", json!({"order": "o1", "fulfillment": "f1", "lines": lines})),
    ];
    let answer = post(&server, &token, &events).await;
    assert_eq!(answer["results"][3]["outcome"], "parked");
    serve(&server, clock, ASKS_AFTER_S - 1).await;
    assert_eq!(get(&server, &token, "/api/v1/conflicts").await["conflicts"], json!([]));
    (server, token)
}

#[tokio::test]
async fn a_shipment_is_asked_about_in_time_and_applied_with_what_a_person_adds() {
    let clock = clock();
    let (server, token) = waiting(&clock).await;
    serve(&server, &clock, 1).await;
    let conflict = get(&server, &token, "/api/v1/conflicts/c1").await;
    assert_eq!((&conflict["kind"], &conflict["order"]), (&json!("orphan"), &json!("o1")));
    let options = conflict["options"].as_array().unwrap();
    assert_eq!(options[0]["option"], "apply_without_order");
    assert_eq!(options[0]["needs"], json!(["sku", "location"]));
    assert_eq!(options[1]["option"], "discard");
    let list = get(&server, &token, "/api/v1/conflicts").await;
    assert_eq!(list["conflicts"][0]["options"][0]["needs"], json!(["sku", "location"]));
    let held = get(&server, &token, "/api/v1/events/wms/f").await;
    assert_eq!(held["final_outcome"], "conflict", "{held}");
    let decided = &held["decided_by"];
    assert_eq!((&decided["source"], &decided["conflict"]), (&json!("onhand"), &json!("c1")));
    let id = decided["id"].as_str().unwrap();
    let record = get(&server, &token, &format!("/api/v1/events/onhand/{id}")).await;
    assert_eq!((&record["seq"], &record["conflict"]), (&decided["seq"], &json!("c1")));

    let mia = server.signed_in("mia@example.com", Role::Manager).await;
    let page = mia.get("/conflicts/c1").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("need-sku") && page.contains("need-location"), "both can be filled in");
    let form = |more: &'static [(&'static str, &'static str)]| {
        let fields = [("id", "c1"), ("option", "apply_without_order"), ("expected_version", "1")];
        mia.form("/api/fn/resolve", &[&fields[..], more].concat()).send()
    };
    let none = form(&[("sku", "TEA")]).await.unwrap();
    assert!(location(&none).contains("error="), "{}", location(&none));
    let done = form(&[("sku", "TEA"), ("location", "berlin")]).await.unwrap();
    assert!(location(&done).contains("done="), "{}", location(&done));

    let line = json!({"line": "1", "sku": "TEA", "quantity": 5});
    let placed = event("p", "order.placed", json!({"order": "o1", "lines": [line]}));
    post(&server, &token, &[placed]).await;
    let stock = get(&server, &token, "/api/v1/stock?sku=TEA").await;
    let level = &stock["levels"][0];
    assert_eq!((&level["on_hand"], &level["committed"]), (&json!(7), &json!(2)));
    let store = Arc::clone(server.state().ledger.store());
    verify(store.as_ref(), Settings::default(), |_, _, _| {}).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn neither_a_leap_nor_a_restart_asks_too_early_and_the_order_closes_the_question() {
    let first = clock();
    let (server, token) = waiting(&first).await;
    first.leap(400 * 86_400 * SECOND_US);
    serve(&server, &first, 0).await;
    // A record says how far timers have come.
    let item = event("n", "item.upserted", json!({"sku": "MUG"}));
    post(&server, &token, &[item]).await;
    let folder = server.stop().await;

    let second = clock();
    let server = TestServer::start_in(folder, Arc::<ManualClock>::clone(&second), set).await;
    assert_eq!(get(&server, &token, "/api/v1/conflicts").await["conflicts"], json!([]));
    serve(&server, &second, 1).await;
    assert_eq!(get(&server, &token, "/api/v1/conflicts/c1").await["status"], "open");
    let line = json!({"line": "1", "sku": "TEA", "quantity": 5});
    let placed = event("p", "order.placed", json!({"order": "o1", "lines": [line]}));
    post(&server, &token, &[placed]).await;
    assert_eq!(get(&server, &token, "/api/v1/conflicts/c1").await["status"], "auto_resolved");
    let held = get(&server, &token, "/api/v1/events/wms/f").await;
    assert_eq!(held["final_outcome"], "applied", "{held}");
    let released = held["decided_by"]["id"].as_str().unwrap();
    let released = get(&server, &token, &format!("/api/v1/events/onhand/{released}")).await;
    assert_eq!(released["effects"][0]["sku"], "TEA", "it has the effects: {released}");
    server.stop().await;
}
