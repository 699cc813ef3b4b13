//! Bodies in the form of the vendor's documentation and samples, with members that do not matter.

use serde_json::{Value, json};

/// Beyond 2^53, as in the vendor's own sample: a float would make it …500.
pub(super) const ORDER: u64 = 820_982_911_946_154_508;
pub(super) const LINE: u64 = 866_550_311_766_439_020;
pub(super) const VARIANT: u64 = 808_950_810_123_456_789;
pub(super) const INVENTORY_ITEM: u64 = 271_878_346_596_884_015;

/// One line of `quantity`, of which `current` are neither removed nor refunded and `open` are to
/// be shipped.
pub(super) fn line(quantity: i64, current: i64, open: i64) -> Value {
    json!({
        "id": LINE, "admin_graphql_api_id": format!("gid://shopify/LineItem/{LINE}"),
        "current_quantity": current, "fulfillable_quantity": open,
        "fulfillment_service": "manual", "fulfillment_status": null, "gift_card": false,
        "grams": 200, "name": "T-shirt - M", "price": "19.90", "product_exists": true,
        "product_id": 632_910_392, "properties": [], "quantity": quantity,
        "requires_shipping": true, "sku": "SHOP-TS-M", "taxable": true, "title": "T-shirt",
        "variant_id": VARIANT, "variant_inventory_management": "shopify",
        "vendor": null, "tax_lines": [], "duties": [], "discount_allocations": [],
    })
}

/// An order with this line, last changed at a second of 10:00.
pub(super) fn order(second: u32, line: &Value, fulfillments: &Value, refunds: &Value) -> Value {
    json!({
        "id": ORDER, "admin_graphql_api_id": format!("gid://shopify/Order/{ORDER}"),
        "name": "#9999", "order_number": 1234, "currency": "EUR", "test": false,
        "created_at": "2026-11-23T11:00:00+01:00", "processed_at": "2026-11-23T11:00:00+01:00",
        "updated_at": format!("2026-11-23T11:00:{second:02}+01:00"),
        "cancelled_at": null, "cancel_reason": null, "closed_at": null, "location_id": null,
        "financial_status": "paid", "fulfillment_status": null, "total_price": "39.80",
        "customer": {"id": 115_310_627_314_723_954_u64, "email": "john@example.com"},
        "line_items": [line], "fulfillments": fulfillments, "refunds": refunds,
        "shipping_lines": [{"id": 271_878_346_596_884_015_u64, "price": "10.00"}],
    })
}

pub(super) fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

/// A fulfillment of `quantity` made at a second of 10:00.
pub(super) fn fulfillment(id: u64, second: u32, quantity: i64, status: &str) -> Value {
    json!({
        "id": id, "order_id": ORDER, "status": status, "name": "#9999.1", "service": "manual",
        "created_at": format!("2026-11-23T11:00:{second:02}+01:00"),
        "updated_at": format!("2026-11-23T11:00:{second:02}+01:00"),
        "location_id": 655_441_491, "tracking_company": "UPS", "tracking_numbers": ["1z"],
        "shipment_status": null, "receipt": {},
        "line_items": [{
            "id": LINE, "variant_id": VARIANT, "sku": "SHOP-TS-M", "quantity": quantity,
            "variant_inventory_management": "shopify", "fulfillable_quantity": 0,
            "fulfillment_status": "fulfilled",
        }],
    })
}

/// A refund of `quantity` made at a second of 10:00, of a line with this status.
pub(super) fn refund(
    id: u64,
    second: u32,
    quantity: i64,
    restock_type: &str,
    status: Option<&str>,
) -> Value {
    let place = if restock_type == "no_restock" { Value::Null } else { json!(655_441_491) };
    json!({
        "id": id, "order_id": ORDER, "note": "wrong size", "restock": restock_type != "no_restock",
        "created_at": format!("2026-11-23T11:00:{second:02}+01:00"),
        "processed_at": format!("2026-11-23T11:00:{second:02}+01:00"),
        "duties": [], "order_adjustments": [], "transactions": [], "return": null,
        "refund_line_items": [{
            "id": 1_058_498_311, "line_item_id": LINE, "quantity": quantity,
            "location_id": place, "restock_type": restock_type, "subtotal": 19.9, "total_tax": 0.0,
            "line_item": {
                "id": LINE, "variant_id": VARIANT, "sku": "SHOP-TS-M", "quantity": 3,
                "variant_inventory_management": "shopify", "fulfillment_status": status,
            },
        }],
    })
}
