//! The reading against bodies of the vendor's documented form, in every order of arrival.

mod any_order;
mod bodies;
mod reading;

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use onhand::event::Event;
use onhand::id::{ChannelId, ListingId, LocationId, Sku};
use serde_json::Value;

use super::super::{Delivery, DeliveryError, Listings, read};

/// Listings held in maps.
#[derive(Debug, Default)]
struct Known {
    variants: BTreeMap<String, &'static str>,
    own_skus: Vec<&'static str>,
    locations: BTreeMap<String, &'static str>,
    levels: BTreeMap<(String, String), &'static str>,
}

impl Listings for Known {
    fn sku(&self, variant: Option<&str>, sku: Option<&str>) -> Option<Sku> {
        let by_variant = variant.and_then(|id| self.variants.get(id)).copied();
        let by_name = || self.own_skus.iter().find(|own| Some(**own) == sku).copied();
        by_variant.or_else(by_name).map(|name| Sku::new(name).unwrap())
    }

    fn location(&self, location: &str) -> Option<LocationId> {
        self.locations.get(location).map(|name| LocationId::new(*name).unwrap())
    }

    fn listing(&self, item: &str, location: &str) -> Option<ListingId> {
        let key = (item.to_owned(), location.to_owned());
        self.levels.get(&key).map(|name| ListingId::new(*name).unwrap())
    }
}

fn channel() -> ChannelId {
    ChannelId::new("berlin-shop").unwrap()
}

fn known() -> Known {
    Known {
        variants: BTreeMap::from([(bodies::VARIANT.to_string(), "TSHIRT-M")]),
        own_skus: vec!["MUG"],
        locations: BTreeMap::from([("655441491".to_owned(), "berlin")]),
        levels: BTreeMap::from([(
            (bodies::INVENTORY_ITEM.to_string(), "655441491".to_owned()),
            "tshirt-m",
        )]),
    }
}

fn headers(topic: &str, event: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let pairs = [
        ("X-Shopify-Topic", topic),
        ("X-Shopify-Shop-Domain", "berlin.example"),
        ("X-Shopify-API-Version", "2026-07"),
        ("X-Shopify-Webhook-Id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"),
        ("X-Shopify-Event-Id", event),
        ("X-Shopify-Triggered-At", "2026-11-23T10:00:05.250001Z"),
    ];
    for (name, value) in pairs {
        headers.insert(axum::http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    headers
}

fn deliver(topic: &str, body: &Value) -> Result<Delivery, DeliveryError> {
    let body = serde_json::to_vec(body).unwrap();
    read(&channel(), &headers(topic, "98880550-7158-44d4-b7cd-2c97c8a091b5"), &body, &known())
}

fn events(topic: &str, body: &Value) -> Vec<Event> {
    match deliver(topic, body) {
        Ok(Delivery::Events(events)) => events,
        other => panic!("{topic}: {other:?}"),
    }
}

/// An event as it would be sent to the API, which is also how it must be well-formed.
fn json(event: &Event) -> Value {
    serde_json::to_value(event).unwrap()
}
