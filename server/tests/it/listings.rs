//! What programs report of a channel's listings that are not set up: a person says what they are.

use std::sync::Arc;

use onhand_server::clock::SystemClock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::TestServer;
use crate::support::shops::House;

/// Reports what a listing of the shop shows; gives the answer.
async fn report(house: &House, id: &str, listing: &str) -> Value {
    let event = json!({
        "specversion": "1.0", "source": "pos", "id": id, "time": "2026-11-23T10:00:00Z",
        "type": "channel.level_reported",
        "data": {"channel": "shop", "listing": listing, "quantity": 3},
    });
    let answer = house.ask(Method::POST, "/api/v1/events", Some(event)).await;
    answer["results"][0].clone()
}

async fn conflict_of(house: &House, result: &Value) -> Value {
    let id = result["conflict"].as_str().unwrap();
    house.ask(Method::GET, &format!("/api/v1/conflicts/{id}"), None).await
}

#[tokio::test]
async fn a_listing_that_nobody_knows_is_asked_about_and_stays_mapped() {
    let house = House::with(&[("A", 10)]).await;
    let result = report(&house, "1", "a-red").await;
    assert_eq!(result["outcome"], "conflict", "{result}");
    let conflict = conflict_of(&house, &result).await;
    let about = [&conflict["kind"], &conflict["channel"], &conflict["listing"]];
    assert_eq!(about, [&json!("unmapped"), &json!("shop"), &json!("a-red")]);
    let options: Vec<_> =
        conflict["options"].as_array().unwrap().iter().map(|it| &it["option"]).collect();
    assert_eq!(options, [&json!("map"), &json!("discard")]);
    assert_eq!(conflict["options"][0]["needs"], json!(["sku"]));
    let path = format!("/api/v1/conflicts/{}/resolve", conflict["id"].as_str().unwrap());
    let body = json!({"option": "map", "sku": "A", "expected_version": conflict["version"]});
    house.ask(Method::POST, &path, Some(body)).await;
    let first = house.ask(Method::GET, "/api/v1/events/pos/1", None).await;
    assert_eq!(first["final_outcome"], "applied", "{first}");
    assert_eq!(report(&house, "2", "a-red").await["outcome"], "applied");
    // It is remembered with everything else.
    let folder = house.server.stop().await;
    let house = House::on(TestServer::start_in(folder, Arc::new(SystemClock), |_| {}).await).await;
    assert_eq!(report(&house, "3", "a-red").await["outcome"], "applied");
    assert_eq!(report(&house, "4", "a-blue").await["outcome"], "conflict");
}

#[tokio::test]
async fn setting_a_listing_up_answers_the_question() {
    let house = House::with(&[("A", 10)]).await;
    let shop = house.shop("shop", 1, &["A"]).await;
    house.in_sync(&shop).await;
    assert_eq!(report(&house, "1", "A").await["outcome"], "applied", "it is set up");
    let first = report(&house, "2", "a-red").await;
    report(&house, "3", "a-red").await;
    let item = shop.shop.listings()[0].inventory_item_id;
    let form = json!({"sku": "A", "external": {"inventory_item_id": item}});
    house.ask(Method::PUT, "/api/v1/channels/shop/listings/a-red", Some(form)).await;
    let conflict = conflict_of(&house, &first).await;
    assert_eq!(conflict["status"], "resolved");
    assert_eq!(conflict["resolution"]["option"], "map");
    for id in ["2", "3"] {
        let event = house.ask(Method::GET, &format!("/api/v1/events/pos/{id}"), None).await;
        assert_eq!(event["final_outcome"], "applied", "{event}");
    }
    assert_eq!(report(&house, "2", "a-red").await["outcome"], "duplicate");
}

/// Of an item that is not known nothing can be said.
#[tokio::test]
async fn a_listing_of_an_item_that_nobody_knows_leaves_the_question_open() {
    let house = House::with(&[("A", 10)]).await;
    house.shop("shop", 1, &["A"]).await;
    let result = report(&house, "1", "a-red").await;
    let form = json!({"sku": "B", "external": {"inventory_item_id": 7}});
    house.ask(Method::PUT, "/api/v1/channels/shop/listings/a-red", Some(form)).await;
    assert_eq!(conflict_of(&house, &result).await["status"], "open");
}
