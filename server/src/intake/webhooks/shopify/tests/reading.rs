//! What each topic says, one delivery at a time.

use serde_json::{Value, json};

use super::super::super::{Delivery, DeliveryError, Ignored, read};
use super::bodies::{LINE, ORDER, fulfillment, line, order, refund, with};
use super::{channel, deliver, events, headers, json, known};

fn none() -> Value {
    json!([])
}

fn ignored(topic: &str, body: &Value) -> Ignored {
    match deliver(topic, body) {
        Ok(Delivery::Ignored(reason)) => reason,
        other => panic!("{topic}: {other:?}"),
    }
}

#[test]
fn an_order_is_placed_with_ids_beyond_two_to_the_53rd_intact() {
    let events = events("orders/create", &order(0, &line(3, 3, 3), &none(), &none()));
    assert_eq!(events.len(), 1);
    assert_eq!(
        json(&events[0]),
        json!({
            "specversion": "1.0", "source": "channel:berlin-shop",
            "id": "orders/create/berlin.example/98880550-7158-44d4-b7cd-2c97c8a091b5",
            "type": "order.placed", "time": "2026-11-23T10:00:00Z",
            "data": {
                "order": "berlin-shop:820982911946154508",
                "lines": [{"line": "866550311766439020", "sku": "TSHIRT-M", "quantity": 3}],
            },
        })
    );
}

#[test]
fn every_event_is_what_the_api_would_take_too() {
    let shipped = json!([fulfillment(1, 1, 1, "success"), fulfillment(2, 2, 1, "failure")]);
    let refunds =
        json!([refund(3, 3, 1, "cancel", None), refund(4, 4, 1, "return", Some("partial")),]);
    let body = order(9, &line(4, 2, 2), &shipped, &refunds);
    for topic in ["orders/create", "orders/updated", "orders/cancelled", "orders/edited"] {
        for event in events(topic, &body) {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(onhand::event::parse(&serde_json::from_str(&text).unwrap()), Ok(event));
        }
    }
}

#[test]
fn the_name_of_a_line_is_ours_or_becomes_a_conflict() {
    let base = line(1, 1, 1);
    let cases = [
        ("mapped variant", base.clone(), Some("TSHIRT-M")),
        (
            "our own SKU",
            with(with(base.clone(), "variant_id", json!(1)), "sku", json!("MUG")),
            Some("MUG"),
        ),
        ("unknown", with(base.clone(), "variant_id", json!(1)), Some("SHOP-TS-M")),
        (
            "no SKU",
            with(with(base.clone(), "variant_id", json!(7)), "sku", json!("")),
            Some("berlin-shop:7"),
        ),
        (
            "SKU null",
            with(with(base.clone(), "variant_id", json!(7)), "sku", Value::Null),
            Some("berlin-shop:7"),
        ),
        (
            "SKU too long",
            with(with(base.clone(), "variant_id", json!(7)), "sku", json!("x".repeat(200))),
            Some("berlin-shop:7"),
        ),
        (
            "untracked but mapped",
            with(base.clone(), "variant_inventory_management", Value::Null),
            Some("TSHIRT-M"),
        ),
        (
            "untracked and unknown",
            with(
                with(base.clone(), "variant_id", json!(7)),
                "variant_inventory_management",
                Value::Null,
            ),
            None,
        ),
        ("custom line", with(base, "variant_id", Value::Null), None),
    ];
    for (what, line, expected) in cases {
        let body = order(0, &line, &none(), &none());
        let Some(expected) = expected else {
            assert_eq!(ignored("orders/create", &body), Ignored::NoStockLine, "{what}");
            continue;
        };
        let data = json(&events("orders/create", &body)[0])["data"].clone();
        assert_eq!(data["lines"][0]["sku"], expected, "{what}");
    }
    // A body that says nothing about the variant is not taken for a service.
    let silent = json!({"id": 5, "created_at": "2026-11-23T10:00:00Z",
        "line_items": [{"id": 6, "quantity": 2}]});
    let data = json(&events("orders/create", &silent)[0])["data"].clone();
    assert_eq!(data["lines"][0]["sku"], "berlin-shop:line-6");
}

#[test]
fn lines_that_are_no_stock_stay_out_of_parcels_and_refunds() {
    let service = json!({"id": 77, "variant_id": null, "quantity": 1, "sku": null});
    let mut parcel = fulfillment(1, 1, 2, "success");
    parcel["line_items"].as_array_mut().unwrap().push(service.clone());
    let data = json(&events("fulfillments/create", &parcel)[0])["data"].clone();
    assert_eq!(data["lines"].as_array().unwrap().len(), 1);
    let mut back = refund(2, 2, 1, "cancel", None);
    back["refund_line_items"][0]["line_item"] = service;
    assert_eq!(ignored("refunds/create", &back), Ignored::MoneyOnly);
}

#[test]
fn a_fulfillment_ships_unless_it_did_not_come_about() {
    for status in ["success", "pending", "open"] {
        let event = json(&events("fulfillments/create", &fulfillment(255, 7, 2, status))[0]);
        assert_eq!(event["type"], "order.fulfilled");
        assert_eq!(event["id"], "fulfillment/255");
        assert_eq!(event["time"], "2026-11-23T10:00:07Z");
        assert_eq!(
            event["data"],
            json!({"order": format!("berlin-shop:{ORDER}"), "fulfillment": "255",
                "lines": [{"line": LINE.to_string(), "quantity": 2, "location": "berlin"}]})
        );
    }
    for status in ["cancelled", "error", "failure"] {
        let body = fulfillment(255, 7, 2, status);
        assert_eq!(ignored("fulfillments/create", &body), Ignored::NotShipped, "{status}");
        let event = json(&events("fulfillments/update", &body)[0]);
        assert_eq!(event["type"], "order.returned", "{status}");
        assert_eq!(event["data"]["return"], "fulfillment-255");
        assert_eq!(event["data"]["lines"][0]["restock"], true);
    }
    let elsewhere = with(fulfillment(255, 7, 2, "success"), "location_id", json!(1));
    let event = json(&events("fulfillments/create", &elsewhere)[0]);
    assert_eq!(event["data"]["lines"][0].get("location"), None);
}

#[test]
fn a_refunds_line_says_what_its_restock_type_and_its_state_say() {
    use Value::Null;
    let cases = [
        ("cancel", None, Some("order.cancelled")),
        ("return", Some("fulfilled"), Some("order.returned")),
        ("no_restock", None, Some("order.cancelled")),
        ("no_restock", Some("partial"), None),
        ("no_restock", Some("fulfilled"), None),
        ("legacy_restock", None, Some("order.cancelled")),
        ("legacy_restock", Some("fulfilled"), Some("order.returned")),
    ];
    for (restock_type, status, expected) in cases {
        let body = refund(509_562_969, 8, 2, restock_type, status);
        let Some(expected) = expected else {
            assert_eq!(ignored("refunds/create", &body), Ignored::MoneyOnly, "{restock_type}");
            continue;
        };
        let read = events("refunds/create", &body);
        assert_eq!(read.len(), 1, "{restock_type}");
        let event = json(&read[0]);
        assert_eq!(event["type"], expected, "{restock_type} {status:?}");
        assert_eq!(event["data"]["lines"][0]["quantity"], 2);
        assert_eq!(event["time"], "2026-11-23T10:00:08Z");
    }
    let money = with(refund(1, 1, 1, "return", None), "refund_line_items", none());
    assert_eq!(ignored("refunds/create", &money), Ignored::MoneyOnly);
    let lines = with(money, "refund_line_items", Null);
    assert_eq!(ignored("refunds/create", &lines), Ignored::MoneyOnly);
}

/// Units that the amendment leaves to the only line; 0 if it is gone.
fn amended(body: &Value) -> i64 {
    let events = events("orders/updated", body);
    let amended = events.iter().map(json).find(|event| event["type"] == "order.amended").unwrap();
    amended["data"]["lines"][0]["quantity"].as_i64().unwrap_or(0)
}

#[test]
fn an_amendment_counts_what_is_not_cancelled_shipped_or_not() {
    let shipped = |units| json!([fulfillment(1, 1, units, "success")]);
    let refunded = |units, kind, status| json!([refund(2, 5, units, kind, status)]);
    let part = Some("partial");
    // (quantity, current, open), fulfillments, refunds -> units that are not cancelled
    let cases = [
        ("as ordered", (3, 3, 3), none(), none(), 3),
        ("an edit added one", (4, 4, 4), none(), none(), 4),
        ("an edit removed one", (3, 2, 2), none(), refunded(1, "cancel", None), 2),
        ("removed without a refund", (3, 2, 2), none(), none(), 2),
        ("removed, not restocked", (3, 2, 2), none(), refunded(1, "no_restock", None), 2),
        ("all removed", (3, 0, 0), none(), refunded(3, "cancel", None), 0),
        ("shipped in part", (3, 3, 1), shipped(2), none(), 3),
        ("shipped and back", (3, 2, 0), shipped(3), refunded(1, "return", part), 3),
        ("shipped, the rest removed", (3, 2, 0), shipped(2), refunded(1, "cancel", part), 2),
        ("shipped, paid back", (3, 2, 0), shipped(3), refunded(1, "no_restock", part), 3),
        ("the rest paid back", (3, 2, 0), shipped(2), refunded(1, "no_restock", part), 2),
        ("one of the shipped paid back", (3, 2, 1), shipped(2), refunded(1, "no_restock", part), 3),
        ("a parcel undone", (3, 3, 3), json!([fulfillment(1, 1, 2, "cancelled")]), none(), 5),
    ];
    for (what, (quantity, current, open), fulfillments, refunds, expected) in cases {
        let body = order(9, &line(quantity, current, open), &fulfillments, &refunds);
        assert_eq!(amended(&body), expected, "{what}");
        if what.contains("paid back") {
            continue;
        }
        // Older API versions have no `current_quantity` or say nothing of what is open.
        let mut bare = line(quantity, current, open);
        bare.as_object_mut().unwrap().remove("fulfillable_quantity");
        assert_eq!(amended(&order(9, &bare, &fulfillments, &refunds)), expected, "{what}");
        bare.as_object_mut().unwrap().remove("current_quantity");
        if what != "removed without a refund" {
            assert_eq!(amended(&order(9, &bare, &fulfillments, &refunds)), expected, "{what}");
        }
    }
}

#[test]
fn the_revision_is_updated_at_refined_within_its_second() {
    let revision = |second| {
        let body = order(second, &line(1, 1, 1), &none(), &none());
        json(&events("orders/updated", &body)[0])["data"]["revision"].as_i64().unwrap()
    };
    // Triggered at 10:00:05.250001.
    let start = 1_795_428_000_000_000;
    assert_eq!(revision(5), start + 5_250_001);
    assert_eq!(revision(6), start + 6_000_000);
    assert_eq!(revision(4), start + 4_999_999);
}

#[test]
fn a_cancelled_order_lets_go_of_all_and_bars_older_amendments() {
    let body = order(9, &line(3, 0, 0), &none(), &json!([refund(2, 8, 3, "cancel", None)]));
    let body = with(body, "cancelled_at", json!("2026-11-23T11:00:08+01:00"));
    for topic in ["orders/cancelled", "orders/updated"] {
        let read: Vec<Value> = events(topic, &body).iter().map(json).collect();
        let types: Vec<&str> = read.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["order.cancelled", "order.cancelled", "order.amended"]);
        assert_eq!(read[0]["id"], "refund/2/cancelled");
        assert_eq!(read[1]["data"], json!({"order": format!("berlin-shop:{ORDER}")}));
        assert_eq!(read[1]["time"], "2026-11-23T10:00:08Z");
        assert_eq!(read[2]["data"]["lines"], none());
    }
    let bare = json!({"id": 1, "cancelled_at": "2026-11-23T10:00:00Z"});
    assert_eq!(events("orders/cancelled", &bare).len(), 1);
}

#[test]
fn a_level_is_an_observation_of_the_listing() {
    let level = json!({"inventory_item_id": super::bodies::INVENTORY_ITEM, "location_id": 655_441_491,
        "available": 12, "updated_at": "2026-11-23T11:00:00+01:00",
        "admin_graphql_api_id": "gid://shopify/InventoryLevel/1?inventory_item_id=2"});
    let event = json(&events("inventory_levels/update", &level)[0]);
    assert_eq!(event["type"], "channel.level_reported");
    assert_eq!(
        event["data"],
        json!({"channel": "berlin-shop", "listing": "tshirt-m", "quantity": 12})
    );
    let cases = [
        ("available", Value::Null, Ignored::Untracked),
        ("location_id", json!(1), Ignored::Unlisted),
    ];
    for (member, value, expected) in cases {
        assert_eq!(
            ignored("inventory_levels/update", &with(level.clone(), member, value)),
            expected
        );
    }
}

#[test]
fn what_is_no_stock_is_left_alone_and_says_why() {
    let body = order(0, &line(1, 1, 1), &none(), &none());
    let test = with(body.clone(), "test", json!(true));
    for topic in ["orders/create", "orders/updated", "orders/cancelled"] {
        assert_eq!(ignored(topic, &test), Ignored::TestOrder);
    }
    assert_eq!(ignored("orders/paid", &body), Ignored::Topic);
    assert_eq!(ignored("app/uninstalled", &json!({})), Ignored::Topic);
    let edit = json!({"order_edit": {"id": 78_912_328_793_u64, "order_id": ORDER,
        "line_items": {"additions": [{"id": LINE, "delta": 1}], "removals": []}}});
    assert_eq!(ignored("orders/edited", &edit), Ignored::OrderEdit);
}

#[test]
fn a_malformed_delivery_says_what_is_wrong() {
    let good = order(0, &line(1, 1, 1), &none(), &none());
    let mut no_quantity = line(1, 1, 1);
    no_quantity.as_object_mut().unwrap().remove("quantity");
    let cases: [(&str, Value, &str); 7] = [
        ("orders/create", json!([]), "invalid length 0"),
        ("orders/create", with(good.clone(), "id", json!(8.2e17)), "floating point"),
        ("orders/create", with(good.clone(), "created_at", json!("yesterday")), "RFC 3339"),
        ("orders/create", order(0, &no_quantity, &none(), &none()), "missing field `quantity`"),
        ("orders/create", order(0, &line(-1, 1, 1), &none(), &none()), "/line_items/0/quantity"),
        (
            "orders/create",
            with(good, "line_items", json!([line(1, 1, 1), line(1, 1, 1)])),
            "/line_items/1/id",
        ),
        (
            "fulfillments/create",
            with(fulfillment(1, 1, 1, "success"), "order_id", Value::Null),
            "/order_id",
        ),
    ];
    for (topic, body, expected) in cases {
        let error = deliver(topic, &body).expect_err(expected).to_string();
        assert!(error.contains(expected) && error.contains(topic), "{expected}: {error}");
    }
    for body in [&b""[..], b"{", b"\xff", b"null", b"{\"id\":1} x"] {
        let result = read(&channel(), &headers("orders/create", "e"), body, &known());
        assert!(matches!(result, Err(DeliveryError::Body { .. })), "{body:?}: {result:?}");
    }
    let huge = u64::MAX - 1;
    let body = with(order(0, &line(1, 1, 1), &none(), &none()), "id", json!(huge));
    assert_eq!(
        json(&events("orders/create", &body)[0])["data"]["order"],
        format!("berlin-shop:{huge}")
    );
}
