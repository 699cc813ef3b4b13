//! The journal and the conflicts as lists: what can be asked for, and what a row says.

use onhand::sim::spoil::good;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::shops::House;

#[tokio::test]
async fn what_no_row_can_have_is_refused_and_what_would_be_right_is_said() {
    let house = House::with(&[("TEA", 1)]).await;
    for (path, name, right) in [
        ("events?type=stock.countd", "type", "stock.counted"),
        ("events?type=", "type", "conflict.resolved"),
        ("events?kind=oversold", "kind", "outcome"),
        ("events?outcome=done", "outcome", "applied"),
        ("conflicts?kind=oversell", "kind", "oversold"),
        ("conflicts?kind=", "kind", "poison"),
        ("conflicts?status=closed", "status", "auto_resolved"),
    ] {
        let path = format!("/api/v1/{path}");
        let (status, problem) = house.try_ask(Method::GET, &path, None).await;
        assert_eq!(status, 400, "{path}: {problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(name) && detail.contains(right), "{path}: {detail}");
    }
    for event in good() {
        let name = event["type"].as_str().unwrap();
        let rows = house.events(&format!("type={name}")).await;
        assert!(rows.iter().all(|row| row["envelope"]["type"] == name), "{rows:?}");
    }
}

/// A decided conflict, and open ones of which the options depend on more than their kind.
async fn conflicts() -> House {
    let house = House::with(&[("TEA", 1), ("CUP", 1)]).await;
    let event = |id: &str, kind: &str, second: u32, data: Value| {
        json!({"specversion": "1.0", "source": id, "id": id, "type": kind,
            "time": format!("2026-11-23T11:00:{second:02}Z"), "data": data})
    };
    let received = |sku: &str| json!({"sku": sku, "location": "berlin", "quantity": 1});
    let line = json!({"line": "1", "sku": "CUP", "quantity": 5, "location": "berlin"});
    let counted = json!({"sku": "TEA", "location": "berlin", "counted": 4});
    let events = json!([
        event("a", "stock.received", 0, received("NONE")),
        event("b", "stock.received", 0, received("NEW")),
        event("c", "order.placed", 0, json!({"order": "o", "lines": [line]})),
        event("d", "stock.counted", 0, counted),
        event("e", "stock.received", 5, received("TEA")),
        event("f", "stock.received", 0, json!({"sku": "TEA", "location": "x", "quantity": 1})),
    ]);
    house.ask(Method::POST, "/api/v1/events", Some(events)).await;
    let discard = json!({"option": "discard", "expected_version": 1});
    house.ask(Method::POST, "/api/v1/conflicts/c1/resolve", Some(discard)).await;
    house
}

#[tokio::test]
async fn conflicts_have_the_same_options_in_a_list_as_alone_but_for_previews() {
    let house = conflicts().await;
    let list = house.ask(Method::GET, "/api/v1/conflicts", None).await;
    let rows = list["conflicts"].as_array().unwrap();
    let mut kinds: Vec<&str> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["count_overlap", "oversold", "unmapped", "unmapped", "unmapped"]);
    let mut previews = 0;
    for row in rows {
        let path = format!("/api/v1/conflicts/{}", row["id"].as_str().unwrap());
        let mut alone = house.ask(Method::GET, &path, None).await;
        for option in alone["options"].as_array_mut().unwrap() {
            previews += usize::from(!option["preview"].is_null());
            option["preview"] = Value::Null;
        }
        // Which lines are promised units is only read of a single one.
        alone.as_object_mut().unwrap().remove("promises");
        assert_eq!(*row, alone);
        assert_eq!(row["options"] == json!([]), row["status"] == "resolved", "{row}");
    }
    assert!(previews > 5, "{previews}");
}
