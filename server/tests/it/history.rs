//! Levels as they were and why they are what they are, over the API (contract.md section 4).

use onhand::wire::page::Role;
use serde_json::{Value, json};

use crate::support::server::TestServer;

/// Posts events and expects each to be recorded; gives their places.
async fn post(server: &TestServer, token: &str, events: &[Value]) -> Vec<u64> {
    let answer = server.post("/api/v1/events").bearer_auth(token).json(&events).send().await;
    let body: Value = answer.unwrap().json().await.unwrap();
    let results = body["results"].as_array().unwrap();
    results.iter().map(|result| result["seq"].as_u64().expect("it is recorded")).collect()
}

async fn get(server: &TestServer, token: &str, path: &str) -> (u16, Value) {
    let answer = server.get(path).bearer_auth(token).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn event(id: &str, kind: &str, time: &str, data: &Value) -> Value {
    json!({"specversion": "1.0", "source": "wms", "id": id, "type": kind, "time": time,
        "data": data})
}

fn delta(id: &str, time: &str, delta: i64) -> Value {
    let data = json!({"sku": "TEA", "location": "berlin", "delta": delta, "reason": "test"});
    event(id, "stock.adjusted", time, &data)
}

/// 20 pieces at 10:00, counted as 12 at 11:00, 5 more at 12:00; then a sale of 3 at 10:30 arrives.
async fn shop(server: &TestServer, token: &str) -> Vec<u64> {
    let counted = json!({"sku": "TEA", "location": "berlin", "counted": 12});
    let events = [
        event(
            "i",
            "item.upserted",
            "2026-11-20T10:00:00Z",
            &json!({"sku": "TEA", "low_stock": 12}),
        ),
        event("l", "location.upserted", "2026-11-20T10:00:00Z", &json!({"location": "berlin"})),
        delta("1", "2026-11-20T10:00:00Z", 20),
        event("2", "stock.counted", "2026-11-20T11:00:00Z", &counted),
        delta("3", "2026-11-20T12:00:00Z", 5),
        delta("4", "2026-11-20T10:30:00Z", -3),
    ];
    post(server, token, &events).await
}

#[tokio::test]
async fn stock_is_read_as_it_was_on_both_clocks() {
    let server = TestServer::start().await;
    let token = server.token("test", Role::Operator).await;
    let seqs = shop(&server, &token).await;
    for (at, on_hand, version) in [
        ("2026-11-20T10:00:00Z", 20, 1),
        // The sale is an event of then, though the count contains it.
        ("2026-11-20T10:30:00Z", 17, 2),
        ("2026-11-20T11:00:00Z", 12, 2),
        ("2026-11-20T12:00:00%2B01:00", 12, 2),
        ("2026-11-20T12:00:00Z", 17, 3),
    ] {
        let path = format!("/api/v1/stock?at={at}");
        let (status, body) = get(&server, &token, &path).await;
        assert_eq!(status, 200, "{body}");
        let level = &body["levels"][0];
        assert_eq!(
            (&level["on_hand"], &level["version"]),
            (&json!(on_hand), &json!(version)),
            "{at}"
        );
    }
    let (_, before) = get(&server, &token, "/api/v1/stock?at=2026-11-20T09:59:59Z").await;
    assert_eq!(before["levels"], json!([]), "nothing had happened yet");

    // As it was believed after the third event: the sale was not known.
    let (_, journal) = get(&server, &token, "/api/v1/events?limit=100").await;
    let recorded = |seq: u64| {
        let events = journal["events"].as_array().unwrap();
        let row = events.iter().find(|event| event["seq"] == seq).unwrap();
        row["recorded_at"].as_str().unwrap().to_owned()
    };
    for (seq, on_hand) in [(seqs[2], 20), (seqs[3], 12), (seqs[5], 17)] {
        let path = format!("/api/v1/stock?at={}&clock=recorded", recorded(seq));
        let (_, body) = get(&server, &token, &path).await;
        assert_eq!(body["levels"][0]["on_hand"], on_hand, "{body}");
    }

    let (_, low) = get(&server, &token, "/api/v1/stock?low=true&at=2026-11-20T11:00:00Z").await;
    assert_eq!(low["levels"][0]["on_hand"], 12, "it was low then, at its mark of 12");
    let (_, high) = get(&server, &token, "/api/v1/stock?low=true&at=2026-11-20T12:00:00Z").await;
    assert_eq!(high["levels"], json!([]));
}

#[tokio::test]
async fn a_level_is_there_from_its_first_movement_though_a_later_count_contains_it() {
    let server = TestServer::start().await;
    let token = server.token("test", Role::Operator).await;
    let at = "2026-11-20T10:00:00Z";
    let counted = json!({"sku": "TEA", "location": "berlin", "counted": 20});
    let events = [
        event("i", "item.upserted", at, &json!({"sku": "TEA"})),
        event("l", "location.upserted", at, &json!({"location": "berlin"})),
        event("1", "stock.counted", "2026-11-20T11:00:00Z", &counted),
        delta("2", at, 8),
        delta("3", "2026-11-20T10:20:00Z", -8),
    ];
    post(&server, &token, &events).await;
    for (at, on_hand) in [("10:00:00Z", 8), ("10:20:00Z", 0), ("11:00:00Z", 20)] {
        let path = format!("/api/v1/stock?at=2026-11-20T{at}");
        let (_, body) = get(&server, &token, &path).await;
        assert_eq!(body["levels"][0]["on_hand"], on_hand, "{at}: {body}");
    }
    let (_, before) = get(&server, &token, "/api/v1/stock?at=2026-11-20T09:59:59Z").await;
    assert_eq!(before["levels"], json!([]), "nothing had happened yet");
}

/// A person has said that a sale came after a count, though its time is before it: so it did, also
/// once a newer count is there.
#[tokio::test]
async fn between_two_counts_a_sale_lies_where_a_person_has_put_it() {
    let server = TestServer::start().await;
    let token = server.token("test", Role::Manager).await;
    let at = "2026-11-20T10:00:00Z";
    let counted = |units: i64| json!({"sku": "TEA", "location": "berlin", "counted": units});
    let mut sale = delta("3", "2026-11-20T10:59:55Z", -3);
    sale["source"] = "shop".into();
    let events = [
        event("i", "item.upserted", at, &json!({"sku": "TEA"})),
        event("l", "location.upserted", at, &json!({"location": "berlin"})),
        delta("1", at, 20),
        event("2", "stock.counted", "2026-11-20T11:00:00Z", &counted(15)),
        sale,
    ];
    post(&server, &token, &events).await;
    let (_, asked) = get(&server, &token, "/api/v1/conflicts?status=open").await;
    let id = asked["conflicts"][0]["id"].as_str().unwrap();
    let decision = json!({"option": "keep_difference", "expected_version": 1});
    let path = format!("/api/v1/conflicts/{id}/resolve");
    let answer = server.post(&path).bearer_auth(&token).json(&decision).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let newer = event("4", "stock.counted", "2026-11-20T12:00:00Z", &counted(10));
    for posted in [vec![], vec![newer]] {
        post(&server, &token, &posted).await;
        for (at, on_hand) in [("10:59:54Z", 20), ("10:59:55Z", 17), ("11:00:00Z", 12)] {
            let path = format!("/api/v1/stock?at=2026-11-20T{at}");
            let (_, body) = get(&server, &token, &path).await;
            assert_eq!(body["levels"][0]["on_hand"], on_hand, "{at}: {body}");
        }
    }
    let (_, last) = get(&server, &token, "/api/v1/stock?at=2026-11-20T12:00:00Z").await;
    assert_eq!(last["levels"][0]["on_hand"], 10);
}

/// Broken units that a later count contains could not be sold until then either.
#[tokio::test]
async fn before_a_count_the_states_of_what_it_contains_are_seen() {
    let server = TestServer::start().await;
    let token = server.token("test", Role::Operator).await;
    let at = "2026-11-20T10:00:00Z";
    let counted = json!({"sku": "TEA", "location": "berlin", "counted": 20});
    let mut broken = delta("2", at, 3);
    broken["data"]["state"] = "damaged".into();
    let events = [
        event("i", "item.upserted", at, &json!({"sku": "TEA"})),
        event("l", "location.upserted", at, &json!({"location": "berlin"})),
        event("1", "stock.counted", "2026-11-20T11:00:00Z", &counted),
        broken,
    ];
    post(&server, &token, &events).await;
    for (at, numbers, version) in
        [("10:30:00Z", [3, 3, 0], 1), ("11:00:00Z", [20, 0, 20], 1), ("12:00:00Z", [20, 0, 20], 1)]
    {
        let path = format!("/api/v1/stock?at=2026-11-20T{at}");
        let (_, body) = get(&server, &token, &path).await;
        let level = &body["levels"][0];
        let found = ["on_hand", "damaged", "available"].map(|name| level[name].clone());
        assert_eq!(found, numbers.map(Value::from), "{at}: {body}");
        assert_eq!(level["version"], version, "{at}: {body}");
    }
}

#[tokio::test]
async fn the_terms_of_a_level_add_up_and_lead_to_their_events() {
    let server = TestServer::start().await;
    let token = server.token("test", Role::Operator).await;
    let seqs = shop(&server, &token).await;
    let order = json!({"order": "o1", "lines": [{"line": "1", "sku": "TEA", "quantity": 4}]});
    let placed =
        post(&server, &token, &[event("5", "order.placed", "2026-11-20T13:00:00Z", &order)]).await
            [0];
    let (status, body) = get(&server, &token, "/api/v1/stock/TEA/explain?location=berlin").await;
    assert_eq!(status, 200, "{body}");
    let level = &body["levels"][0];
    let terms: Vec<_> = level["terms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|term| (term["cause"].clone(), term["quantity"].clone(), term["event"]["seq"].clone()))
        .collect();
    assert_eq!(
        terms,
        [(json!("counted"), json!(12), json!(seqs[3])), (json!("moved"), json!(5), json!(seqs[4])),]
    );
    assert_eq!((&level["on_hand"], &level["available"]), (&json!(17), &json!(13)));
    let hold = &level["holds"][0];
    assert_eq!(
        (&hold["state"], &hold["quantity"], &hold["order"], &hold["event"]["seq"]),
        (&json!("committed"), &json!(4), &json!("o1"), &json!(placed))
    );
    assert_eq!(body["available"], 13);
}

#[tokio::test]
async fn what_cannot_be_looked_at_says_why() {
    let server = TestServer::start().await;
    let token = server.token("test", Role::Operator).await;
    shop(&server, &token).await;
    for (path, status, word) in [
        ("/api/v1/stock?at=yesterday", 400, "at "),
        ("/api/v1/stock?at=2026-11-20T10:00:00", 400, "at "),
        ("/api/v1/stock?clock=recorded", 400, "at=TIME"),
        ("/api/v1/stock?at=2026-11-20T10:00:00Z&clock=wall", 400, "clock"),
        ("/api/v1/stock/NONE/explain", 404, "SKU"),
        ("/api/v1/stock/TEA/explain?channel=none", 404, "channel"),
        ("/api/v1/stock/TEA/explain?channel=a&location=berlin", 400, "not both"),
    ] {
        let (found, body) = get(&server, &token, path).await;
        assert_eq!(found, status, "{path}: {body}");
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{path}: {detail}");
    }
}
