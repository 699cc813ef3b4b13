//! An oversold level decided through the API and through the page's form as a browser without a
//! script sends it.

use onhand::wire::page::Role;
use serde_json::{Value, json};

use crate::support::server::{TestServer, location};

#[expect(clippy::needless_pass_by_value, reason = "tests read better without references")]
fn event(id: &str, kind: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "source": "wms", "id": id, "type": kind,
        "time": "2026-11-23T10:00:00Z", "data": data})
}

/// 4 TEA at Berlin and 1 at Hamburg; two orders are promised 3 each at Berlin.
async fn oversold() -> (TestServer, String) {
    let server = TestServer::start().await;
    let token = server.token("manager", Role::Manager).await;
    let received =
        |place: &str, quantity: i64| json!({"sku": "TEA", "location": place, "quantity": quantity});
    let placed = |order: &str| {
        let line = json!({"line": "1", "sku": "TEA", "quantity": 3, "location": "berlin"});
        event(order, "order.placed", json!({"order": order, "lines": [line]}))
    };
    let events = json!([
        event("i", "item.upserted", json!({"sku": "TEA"})),
        event("b", "location.upserted", json!({"location": "berlin", "rank": 1})),
        event("h", "location.upserted", json!({"location": "hamburg", "rank": 2})),
        event("rb", "stock.received", received("berlin", 4)),
        event("rh", "stock.received", received("hamburg", 1)),
        placed("o1"),
        placed("o2"),
    ]);
    let answer = server.post("/api/v1/events").bearer_auth(&token).json(&events);
    assert_eq!(answer.send().await.unwrap().status(), 200);
    (server, token)
}

async fn get(server: &TestServer, token: &str, path: &str) -> Value {
    server.get(path).bearer_auth(token).send().await.unwrap().json().await.unwrap()
}

async fn available(server: &TestServer, token: &str) -> [i64; 2] {
    let levels = get(server, token, "/api/v1/stock?sku=TEA").await;
    [0, 1].map(|place| levels["levels"][place]["available"].as_i64().unwrap())
}

#[tokio::test]
async fn another_location_serves_what_is_missing_and_the_rest_is_asked_about_anew() {
    let (server, token) = oversold().await;
    let conflict = get(&server, &token, "/api/v1/conflicts/c1").await;
    let needs: Vec<(&str, &Value)> = conflict["options"]
        .as_array()
        .unwrap()
        .iter()
        .map(|option| (option["option"].as_str().unwrap(), &option["needs"]))
        .collect();
    assert_eq!(needs[0], ("acknowledge", &Value::Null));
    assert_eq!(needs[1], ("reallocate", &json!(["location"])));
    assert_eq!(needs[2], ("cancel_lines", &json!(["lines"])));
    assert_eq!(conflict["promises"][0], json!({"order": "o2", "line": "1", "quantity": 3}));

    let reallocated = |view: &Value| view["options"][1].clone();
    assert_eq!(reallocated(&conflict)["preview"], Value::Null, "it depends on the location");
    let tried = get(&server, &token, "/api/v1/conflicts/c1?location=hamburg").await;
    assert_eq!(reallocated(&tried)["preview"]["levels"][0]["available"], -1);
    let tried = get(&server, &token, "/api/v1/conflicts/c1?location=atlantis").await;
    assert_eq!(reallocated(&tried)["preview"], Value::Null);
    assert!(reallocated(&tried)["problem"].as_str().unwrap().contains("location"), "{tried}");

    let resolve = |body: Value| {
        server.post("/api/v1/conflicts/c1/resolve").bearer_auth(&token).json(&body).send()
    };
    let wrong = resolve(json!({"option": "reallocate", "expected_version": 1})).await.unwrap();
    assert_eq!(wrong.status(), 422);
    let problem: Value = wrong.json().await.unwrap();
    assert_eq!(problem["errors"][0]["pointer"], "/location");
    // What the option has no use for would be passed over, and whoever said it would not know.
    let both = json!({"option": "acknowledge", "location": "hamburg", "expected_version": 1});
    let wrong = resolve(both).await.unwrap();
    assert_eq!(wrong.status(), 422);
    let problem: Value = wrong.json().await.unwrap();
    assert_eq!(problem["errors"][0]["pointer"], "/location");
    let detail = "location is of no use to option acknowledge, which takes nothing besides";
    assert_eq!(problem["errors"][0]["detail"], detail);
    let choice = json!({"option": "reallocate", "location": "hamburg", "expected_version": 1});
    assert_eq!(resolve(choice).await.unwrap().status(), 200);
    assert_eq!(available(&server, &token).await, [-1, 0]);
    assert_eq!(get(&server, &token, "/api/v1/conflicts/c2").await["status"], "open");
}

#[tokio::test]
async fn lines_are_cancelled_by_a_form_without_a_script() {
    let (server, token) = oversold().await;
    let mia = server.signed_in("mia@example.com", Role::Manager).await;
    let page = mia.get("/conflicts/c1").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Order o2, line 1: 3 promised"), "the lines stand in the page");
    let form = |lines: &'static [&'static str]| {
        let mut fields = vec![("id", "c1"), ("option", "cancel_lines"), ("expected_version", "1")];
        fields.extend(lines.iter().map(|line| ("lines%5B%5D", *line)));
        mia.form("/api/fn/resolve", &fields).send()
    };
    let asked = "/conflicts/c1?lines%5B%5D=%7B%22order%22%3A%22o2%22%2C%22line%22%3A%221%22%7D";
    let tried = mia.get(asked).send().await.unwrap().text().await.unwrap();
    assert!(tried.matches("available").count() > page.matches("available").count(), "a preview");
    let none = form(&[]).await.unwrap();
    assert!(location(&none).contains("error="), "{}", location(&none));
    let done = form(&[r#"{"order":"o2","line":"1"}"#]).await.unwrap();
    assert!(location(&done).contains("done="), "{}", location(&done));
    assert_eq!(available(&server, &token).await, [1, 1]);
    let order = get(&server, &token, "/api/v1/orders/o2").await;
    assert_eq!(order["lines"][0]["cancelled"], 3);
}
