//! `POST /hooks/{channel}`: any body under any topic of a Shopify-shaped shop, and any signature.
//!
//! The first byte chooses the topic and which headers there are, the second what the channel's
//! listings know.

#![no_main]

use axum::http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use onhand::id::{ChannelId, ListingId, LocationId, Sku};
use onhand_fuzz::intake::webhooks::{
    Delivery, DeliveryError, Listings, SHOPIFY_TOPICS, SigningSecret, read, verify,
};
use onhand_fuzz::is_event;

/// Topics that say something about stock, one that does so at times, and one that does not.
const MORE_TOPICS: [&str; 2] = ["orders/edited", "products/update"];

/// Knows names by their length, so that all combinations come up.
struct Known(u8);

impl Known {
    fn knows(&self, bit: u8, name: &str) -> bool {
        self.0 & (1 << bit) != 0 && name.len() % 2 == 1
    }
}

impl Listings for Known {
    fn sku(&self, variant: Option<&str>, sku: Option<&str>) -> Option<Sku> {
        let by_variant = variant.filter(|id| self.knows(0, id)).map(|_| "TSHIRT-M");
        by_variant.or(sku.filter(|sku| self.knows(1, sku)).map(|_| "MUG")).map(name)
    }

    fn location(&self, location: &str) -> Option<LocationId> {
        self.knows(2, location).then(|| name("berlin"))
    }

    fn listing(&self, inventory_item: &str, _: &str) -> Option<ListingId> {
        self.knows(3, inventory_item).then(|| name("tshirt-m"))
    }
}

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("it is a name")
}

fuzz_target!(|input: &[u8]| {
    let [choice, knows, body @ ..] = input else { return };
    let topics: Vec<&str> = SHOPIFY_TOPICS.into_iter().chain(MORE_TOPICS).collect();
    let mut headers = HeaderMap::new();
    let topic = topics[usize::from(*choice) % topics.len()];
    headers.insert("x-shopify-topic", HeaderValue::from_static(topic));
    headers.insert("x-shopify-shop-domain", HeaderValue::from_static("berlin.example"));
    if choice & 0x80 != 0 {
        headers.insert("x-shopify-event-id", HeaderValue::from_static("98880550-7158-44d4"));
        let triggered = HeaderValue::from_static("2026-11-23T10:00:05.250001Z");
        headers.insert("x-shopify-triggered-at", triggered);
    }
    if let Ok(signature) = HeaderValue::from_bytes(&body[..body.len().min(64)]) {
        headers.insert("x-shopify-hmac-sha256", signature);
    }
    let secrets: Vec<SigningSecret> = SigningSecret::new("fixture-secret").into_iter().collect();
    assert!(verify(&headers, body, &secrets).is_err(), "nobody guesses a signature");

    let (channel, listings): (ChannelId, _) = (name("berlin-shop"), Known(*knows));
    let delivery = read(&channel, &headers, body, &listings);
    match &delivery {
        Ok(Delivery::Events(events)) => {
            assert!(!events.is_empty(), "a delivery that says nothing is ignored");
            events.iter().for_each(is_event);
        }
        Ok(Delivery::Ignored(reason)) => assert!(!reason.as_str().is_empty()),
        Err(DeliveryError::Value { pointer, .. }) => {
            assert!(pointer.is_empty() || pointer.starts_with('/'), "{pointer}");
        }
        Err(_) => {}
    }
    assert_eq!(read(&channel, &headers, body, &listings), delivery, "it says the same again");
});
