//! The journal and the conflicts as lists: what can be asked for, and what a row says.

use onhand::sim::spoil::good;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::shops::House;

/// Every list.
const LISTS: [&str; 7] = [
    "stock",
    "events",
    "items",
    "locations",
    "channels",
    "channels/shop/publications",
    "conflicts",
];

/// The answer points at the parameter and says what would be right.
async fn is_refused(house: &House, path: &str, name: &str, right: &str) {
    let path = format!("/api/v1/{path}");
    let (status, problem) = house.try_ask(Method::GET, &path, None).await;
    assert_eq!(status, 400, "{path}: {problem}");
    let pointers: Vec<&Value> =
        problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, [&json!(format!("/{name}"))], "{path}: {problem}");
    let (detail, of_error) = (&problem["detail"], problem["errors"][0]["detail"].as_str().unwrap());
    assert_eq!(*detail, format!("{name} {of_error}"), "{path}");
    assert!(of_error.contains(right), "{path}: {of_error}");
}

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
        ("conflicts?cursor=c1", "cursor", "an earlier answer"),
        ("events?after=x", "after", "a whole number from 0 on"),
        ("events?cursor=-1", "cursor", "an earlier answer"),
        ("stock?low=yes", "low", "true or false"),
        ("stock?cursor=x", "cursor", "an earlier answer"),
        ("stock?at=today", "at", "RFC 3339"),
        ("stock?clock=recorded", "clock", "at=TIME"),
        ("stock/TEA/explain?where=berlin", "where", "location, channel"),
        ("stock/TEA/explain?location=", "location", "at least 1 character"),
        ("stock/TEA/explain?location=berlin&channel=shop", "channel", "not both"),
        ("locations?cursor=x", "cursor", "an earlier answer"),
        ("channels?cursor=x", "cursor", "an earlier answer"),
        ("channels/shop/publications?state=good", "state", "in_sync"),
        ("conflicts/c1?lines=1", "lines", "a JSON array"),
        ("conflicts/c1?lines=%5B%7B%22order%22%3A%22o%22%7D%5D", "lines", "/0/line is required"),
    ] {
        is_refused(&house, path, name, right).await;
    }
    for list in LISTS {
        for limit in ["0", "1001", "-1", "x", ""] {
            let path = format!("{list}?limit={limit}");
            is_refused(&house, &path, "limit", "a whole number from 1 to 1000").await;
        }
        is_refused(&house, &format!("{list}?limit=1&limit=2"), "limit", "once").await;
        is_refused(&house, &format!("{list}?colour=red"), "colour", "limit").await;
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

#[tokio::test]
async fn lists_of_few_rows_come_in_pages_too() {
    let house = House::with(&[("TEA", 1)]).await;
    house.send(&[("location.upserted", json!({"location": "attic", "rank": 9}))]).await;
    house.send(&[("location.upserted", json!({"location": "cellar", "rank": 2}))]).await;
    let (mut path, mut read) = ("/api/v1/locations?limit=2".to_owned(), Vec::new());
    loop {
        let page = house.ask(Method::GET, &path, None).await;
        let rows = page["locations"].as_array().unwrap();
        read.extend(rows.iter().map(|row| row["location"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/api/v1/locations?limit=2&cursor={cursor}");
    }
    assert_eq!(read, ["berlin", "cellar", "attic"]);
}
