//! A number that somebody edits in the shop, where the channel is set to have a person asked.

use std::sync::Arc;

use onhand::wire::conflict::PublicationPreview;
use onhand_server::clock::SystemClock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::server::TestServer;
use crate::support::shops::{House, ShopChannel};

/// A shop in sync at 10 of A and 5 of B, on a channel that asks.
async fn asking(house: &House) -> ShopChannel {
    let more = json!({"settings": {"readback_s": 1, "on_drift": "ask"}});
    let shop = house.shop_with("shop", 1, &["A", "B"], more).await;
    house.in_sync(&shop).await;
    shop
}

/// Somebody sets the shop's number of A by hand; gives the conflict that follows.
async fn edited(house: &House, shop: &ShopChannel, quantity: i64) -> Value {
    shop.misbehave(json!({"hand_edit": {"sku": "A", "quantity": quantity}})).await;
    eventually("a person is asked", async || {
        let path = "/api/v1/conflicts?status=open&kind=drift";
        let list = house.ask(Method::GET, path, None).await;
        let conflict = list["conflicts"].get(0)?.clone();
        let shows = json!({"label": "the channel shows", "value": quantity.to_string()});
        let evidence = conflict["evidence"].as_array().unwrap().iter();
        let mut same =
            evidence.filter(|it| it["label"] == shows["label"] && it["value"] == shows["value"]);
        same.next().is_some().then_some(conflict.clone())
    })
    .await
}

async fn resolve(house: &House, conflict: &Value, more: Value) {
    let id = conflict["id"].as_str().unwrap();
    let mut body = json!({"expected_version": conflict["version"]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    house.ask(Method::POST, &format!("/api/v1/conflicts/{id}/resolve"), Some(body)).await;
}

async fn is_held(house: &House, shop: &ShopChannel, shows: i64) {
    let row = house.publication(shop, "A").await;
    assert_eq!(row["state"], "drifted", "{row}");
    // What Onhand has changes, and the other listing follows; this one is left alone.
    house.adjust("A", -1).await;
    house.adjust("B", -1).await;
    eventually("the other listing is sent", async || {
        (shop.shows("B") == house.available("B").await).then_some(())
    })
    .await;
    assert_eq!(shop.shows("A"), shows);
    house.adjust("A", 1).await;
}

#[tokio::test]
async fn a_person_is_asked_and_has_onhands_number_published_again() {
    let house = House::with(&[("A", 10), ("B", 5)]).await;
    let shop = asking(&house).await;
    let conflict = edited(&house, &shop, 90).await;
    assert_eq!((&conflict["channel"], &conflict["listing"]), (&json!("shop"), &json!("A")));
    assert_eq!((&conflict["sku"], &conflict["location"]), (&json!("A"), &json!("berlin")));
    is_held(&house, &shop, 90).await;
    assert_eq!(house.counts(&shop).drifted, 1);
    resolve(&house, &conflict, json!({"option": "republish"})).await;
    house.in_sync(&shop).await;
    assert_eq!(shop.shows("A"), 10);
    let events = house.events("type=channel.level_reported").await;
    let found: Vec<&Value> =
        events.iter().filter(|event| event["envelope"]["data"].get("drift").is_some()).collect();
    assert_eq!(found.len(), 1, "{events:?}");
    assert_eq!(found[0]["envelope"]["data"]["drift"]["difference"], 80);
    assert_eq!(found[0]["actor"], "onhand");
}

/// The channels and listings that would be told something if an option were taken, and what.
fn pushes(option: &Value) -> Vec<(String, String, i64)> {
    let pushes = option["preview"]["publications"].clone();
    let pushes: Vec<PublicationPreview> = serde_json::from_value(pushes).unwrap();
    pushes.into_iter().map(|push| (push.channel, push.listing, push.desired)).collect()
}

/// A push of A.
fn push(channel: &str, quantity: i64) -> (String, String, i64) {
    (channel.to_owned(), "A".to_owned(), quantity)
}

#[tokio::test]
async fn each_answer_says_what_it_would_have_the_channels_told() {
    let house = House::with(&[("A", 10), ("B", 5)]).await;
    let other = house.shop_with("other", 2, &["A"], json!({})).await;
    let shop = asking(&house).await;
    house.in_sync(&other).await;
    let conflict = edited(&house, &shop, 90).await;
    let path = format!("/api/v1/conflicts/{}", conflict["id"].as_str().unwrap());
    let view = house.ask(Method::GET, &path, None).await;
    let [republish, accept] = &view["options"].as_array().unwrap()[..] else { panic!("{view}") };
    assert_eq!(
        (&republish["option"], &accept["option"]),
        (&json!("republish"), &json!("accept_channel"))
    );
    let same = json!({"channel": "shop", "listing": "A", "acknowledged": 10, "desired": 10});
    assert_eq!(republish["preview"], json!({"levels": [], "publications": [same]}));
    assert_eq!(accept["preview"]["levels"][0]["available"], 90);
    assert_eq!(pushes(accept), [push("other", 90), push("shop", 90)]);
    // What Onhand has moves on while the person thinks.
    house.adjust("A", -3).await;
    let view = house.ask(Method::GET, &path, None).await;
    assert_eq!(pushes(&view["options"][0]), [push("shop", 7)]);
    resolve(&house, &conflict, json!({"option": "republish"})).await;
    house.in_sync(&shop).await;
    assert_eq!(shop.shows("A"), 7);
}

#[tokio::test]
async fn a_person_is_asked_and_accepts_the_channels_number() {
    let house = House::with(&[("A", 10), ("B", 5)]).await;
    house.send(&[("location.upserted", json!({"location": "hamburg", "rank": 2}))]).await;
    let shop = asking(&house).await;
    let conflict = edited(&house, &shop, 4).await;
    assert_eq!(conflict["location"], Value::Null, "the channel counts two");
    let id = conflict["id"].as_str().unwrap();
    let view = house.ask(Method::GET, &format!("/api/v1/conflicts/{id}"), None).await;
    assert_eq!(view["options"][1]["option"], "accept_channel");
    assert_eq!(view["options"][1]["needs"], json!(["location"]));
    resolve(&house, &conflict, json!({"option": "accept_channel", "location": "berlin"})).await;
    assert_eq!(house.available("A").await, 4);
    house.in_sync(&shop).await;
    assert_eq!(shop.shows("A"), 4);
    // What the shop sells from there on is followed as ever.
    shop.order("A", 1).await;
    eventually("the sale comes in", async || (house.available("A").await == 3).then_some(())).await;
    house.in_sync(&shop).await;
    assert_eq!(house.counts(&shop).drifted, 1);
}

/// Takes the last decision back.
async fn reverse(house: &House) {
    let decisions = house.events("type=conflict.resolved").await;
    let id = &decisions.last().unwrap()["envelope"]["id"];
    let data = json!({"source": "onhand", "id": id, "reason": "a mistake"});
    house.send(&[("event.reversed", data)]).await;
}

#[tokio::test]
async fn a_decision_that_is_taken_back_is_asked_for_again() {
    let house = House::with(&[("A", 10), ("B", 5)]).await;
    let shop = asking(&house).await;
    let conflict = edited(&house, &shop, 4).await;
    resolve(&house, &conflict, json!({"option": "accept_channel"})).await;
    house.in_sync(&shop).await;
    assert_eq!((house.available("A").await, shop.shows("A")), (4, 4));
    reverse(&house).await;
    assert_eq!(house.available("A").await, 10);
    let path = format!("/api/v1/conflicts/{}", conflict["id"].as_str().unwrap());
    let again = house.ask(Method::GET, &path, None).await;
    assert_eq!(again["events"], conflict["events"]);
    assert!(again["version"].as_u64() > conflict["version"].as_u64(), "{again}");
    // A person answers, or it is over by itself: what the channel shows is what it was last told.
    eventually("nobody is asked any more", async || {
        let view = house.ask(Method::GET, &path, None).await;
        if view["status"] == "auto_resolved" || view["status"] == "resolved" {
            return Some(());
        }
        let answer = json!({"option": "republish", "expected_version": view["version"]});
        house.try_ask(Method::POST, &format!("{path}/resolve"), Some(answer)).await;
        None
    })
    .await;
    house.in_sync(&shop).await;
    assert_eq!(shop.shows("A"), 10);
}

#[tokio::test]
async fn the_question_closes_by_itself_when_the_number_is_put_back() {
    let house = House::with(&[("A", 10), ("B", 5)]).await;
    let shop = asking(&house).await;
    let conflict = edited(&house, &shop, 4).await;
    shop.misbehave(json!({"hand_edit": {"sku": "A", "quantity": 10}})).await;
    let id = conflict["id"].as_str().unwrap();
    eventually("nobody is asked any more", async || {
        let path = format!("/api/v1/conflicts/{id}");
        let view = house.ask(Method::GET, &path, None).await;
        (view["status"] == "auto_resolved").then_some(())
    })
    .await;
    house.adjust("A", -3).await;
    house.in_sync(&shop).await;
    assert_eq!(shop.shows("A"), 7);
}

#[tokio::test]
async fn the_question_outlives_a_restart() {
    let house = House::with(&[("A", 10), ("B", 5)]).await;
    let shop = asking(&house).await;
    let before = edited(&house, &shop, 4).await;
    let folder = house.server.stop().await;
    let server = TestServer::start_in(folder, Arc::new(SystemClock), |_| {}).await;
    let house = House::on(server).await;
    eventually("the shop is looked at", async || (house.counts(&shop).calls > 0).then_some(()))
        .await;
    is_held(&house, &shop, 4).await;
    let list = house.ask(Method::GET, "/api/v1/conflicts?kind=drift", None).await;
    assert_eq!(list["conflicts"], json!([before]), "it is not asked twice");
    resolve(&house, &before, json!({"option": "republish"})).await;
    house.in_sync(&shop).await;
    assert_eq!(shop.shows("A"), 10);
}
