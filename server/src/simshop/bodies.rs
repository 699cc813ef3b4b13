//! Bodies of webhooks in the form that Shopify documents for its REST resources, built here from
//! nothing but that documentation. Times are written in the shop's zone, to the second.

use chrono::{DateTime, FixedOffset, Utc};
use onhand::time::Timestamp;
use serde_json::{Value, json};

use super::model::{Listing, Order, OrderLine, Parcel, Refund, Restock, Shop};

/// The shop's zone, as seconds east of Greenwich.
const ZONE_EAST_S: i32 = 3_600;
/// A price for every unit; stock is all that matters here.
const PRICE: &str = "12.50";

/// A moment as the shop writes it.
pub(super) fn time(moment: Timestamp) -> String {
    let utc = DateTime::<Utc>::from_timestamp_micros(moment.micros()).unwrap_or_default();
    match FixedOffset::east_opt(ZONE_EAST_S) {
        Some(zone) => utc.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        None => utc.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

/// `inventory_levels/update`
pub(super) fn level(listing: &Listing, location: i64) -> Value {
    let item = listing.inventory_item_id;
    json!({
        "inventory_item_id": item,
        "location_id": location,
        "available": listing.available,
        "updated_at": time(listing.updated_at),
        "admin_graphql_api_id":
            format!("gid://shopify/InventoryLevel/{location}?inventory_item_id={item}"),
    })
}

/// `orders/create`, `orders/updated`, `orders/cancelled`
pub(super) fn order(shop: &Shop, order: &Order) -> Value {
    let lines: Vec<Value> = order.lines.iter().map(|row| line(shop, row, row.quantity)).collect();
    let parcels = order.parcels.iter().map(|parcel| fulfillment(shop, order, parcel));
    let parcels: Vec<Value> = parcels.collect();
    let refunds: Vec<Value> = order.refunds.iter().map(|row| refund(shop, order, row)).collect();
    let cancelled = order.cancelled_at.map(time);
    json!({
        "id": order.id,
        "admin_graphql_api_id": format!("gid://shopify/Order/{}", order.id),
        "app_id": null,
        "buyer_accepts_marketing": false,
        "cancel_reason": cancelled.as_ref().map(|_| "customer"),
        "cancelled_at": cancelled,
        "closed_at": null,
        "confirmed": true,
        "created_at": time(order.created_at),
        "currency": "EUR",
        "current_total_price": PRICE,
        "financial_status": if order.refunds.is_empty() { "paid" } else { "partially_refunded" },
        "fulfillment_status": status_of(&order.lines),
        "location_id": null,
        "name": format!("#{}", order.number),
        "note": null,
        "number": order.number - 1_000,
        "order_number": order.number,
        "processed_at": time(order.created_at),
        "source_name": "web",
        "tags": "",
        "test": false,
        "total_price": PRICE,
        "updated_at": time(order.updated_at),
        "billing_address": null,
        "customer": null,
        "discount_codes": [],
        "fulfillments": parcels,
        "line_items": lines,
        "refunds": refunds,
        "shipping_address": null,
        "shipping_lines": [],
    })
}

/// A line item; in a parcel `quantity` is what the parcel holds.
fn line(shop: &Shop, line: &OrderLine, quantity: i64) -> Value {
    let listing = &shop.listings()[line.listing];
    json!({
        "id": line.id,
        "admin_graphql_api_id": format!("gid://shopify/LineItem/{}", line.id),
        "current_quantity": line.current(),
        "fulfillable_quantity": line.open(),
        "fulfillment_service": "manual",
        "fulfillment_status": status_of(std::slice::from_ref(line)),
        "gift_card": false,
        "grams": 250,
        "name": listing.title,
        "price": PRICE,
        "product_exists": true,
        "product_id": listing.product_id,
        "properties": [],
        "quantity": quantity,
        "requires_shipping": true,
        "sku": listing.sku,
        "taxable": true,
        "title": listing.title,
        "total_discount": "0.00",
        "variant_id": listing.variant_id,
        "variant_inventory_management": "shopify",
        "variant_title": null,
        "vendor": null,
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    })
}

/// `fulfillments/create`
pub(super) fn fulfillment(shop: &Shop, order: &Order, parcel: &Parcel) -> Value {
    let rows = parcel.lines.iter().filter_map(|(id, quantity)| {
        let row = order.lines.iter().find(|row| row.id == *id)?;
        Some(line(shop, row, *quantity))
    });
    let rows: Vec<Value> = rows.collect();
    let place = order.parcels.iter().position(|known| known.id == parcel.id).unwrap_or_default();
    json!({
        "id": parcel.id,
        "admin_graphql_api_id": format!("gid://shopify/Fulfillment/{}", parcel.id),
        "order_id": order.id,
        "created_at": time(parcel.created_at),
        "updated_at": time(parcel.created_at),
        "location_id": shop.location_id,
        "name": format!("#{}.{}", order.number, place + 1),
        "receipt": {},
        "service": "manual",
        "shipment_status": null,
        "status": "success",
        "tracking_company": null,
        "tracking_numbers": [],
        "tracking_urls": [],
        "line_items": rows,
    })
}

/// `refunds/create`
pub(super) fn refund(shop: &Shop, order: &Order, refund: &Refund) -> Value {
    let rows = refund.rows.iter().filter_map(|row| {
        let of = order.lines.iter().find(|line| line.id == row.line)?;
        let (word, place) = match row.restock {
            Restock::Cancel => ("cancel", Some(shop.location_id)),
            Restock::Return => ("return", Some(shop.location_id)),
            Restock::NoRestock => ("no_restock", None),
        };
        Some(json!({
            "id": row.id,
            "line_item_id": row.line,
            "location_id": place,
            "quantity": row.quantity,
            "restock_type": word,
            "subtotal": 12.5,
            "total_tax": 0.0,
            "line_item": line(shop, of, of.quantity),
        }))
    });
    let rows: Vec<Value> = rows.collect();
    json!({
        "id": refund.id,
        "admin_graphql_api_id": format!("gid://shopify/Refund/{}", refund.id),
        "order_id": order.id,
        "created_at": time(refund.created_at),
        "processed_at": time(refund.created_at),
        "note": null,
        "user_id": null,
        "restock": refund.rows.iter().any(|row| row.restock != Restock::NoRestock),
        "duties": [],
        "order_adjustments": [],
        "refund_line_items": rows,
        "return": null,
        "transactions": [],
    })
}

/// `fulfilled` if nothing is left to ship, `partial` if something was shipped, else null.
fn status_of(lines: &[OrderLine]) -> Option<&'static str> {
    let shipped: i64 = lines.iter().map(|line| line.shipped).sum();
    let open: i64 = lines.iter().map(OrderLine::open).sum();
    match (shipped, open) {
        (0, _) => None,
        (_, 0) => Some("fulfilled"),
        _ => Some("partial"),
    }
}
