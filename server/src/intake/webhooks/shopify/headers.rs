//! What a delivery's headers say about it.

use axum::http::HeaderMap;
use onhand::id::{EventId, ID_MAX_CHARS};
use onhand::time::Timestamp;
use sha2::{Digest, Sha256};

use super::super::DeliveryError;

/// Longest suffix of an event id, so that every id made of a delivery fits the rule for ids.
const SUFFIX_MAX_CHARS: usize = 40;

/// A header of the delivery, in the older spelling `X-Shopify-…` or the newer `Shopify-…`.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers
        .get(format!("x-shopify-{name}"))
        .or_else(|| headers.get(format!("shopify-{name}")))?;
    value.to_str().ok().map(str::trim).filter(|text| !text.is_empty())
}

/// The signature, as sent.
pub(in crate::intake::webhooks) fn signature(headers: &HeaderMap) -> Option<&[u8]> {
    header(headers, "hmac-sha256").map(str::as_bytes)
}

/// What names a delivery, and when its cause was.
#[derive(Debug)]
pub(super) struct Envelope {
    /// The topic, in lower case with a slash, such as `orders/create`.
    pub(super) topic: String,
    /// When the shop says that the delivery was triggered.
    pub(super) triggered_at: Option<Timestamp>,
    /// Names the delivery: the same for every repetition and every subscription.
    key: String,
}

impl Envelope {
    /// Reads the headers. The key is (shop, topic, event id), else the webhook id, else the digest
    /// of topic and body: an event id repeats over topics and subscriptions, and some deliveries
    /// have no id at all.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, DeliveryError> {
        let topic = header(headers, "topic")
            .ok_or(DeliveryError::Header {
                name: "X-Shopify-Topic",
                detail: "is required, such as orders/create",
            })?
            .to_ascii_lowercase();
        let shop = header(headers, "shop-domain").unwrap_or_default();
        let key = if let Some(event) = header(headers, "event-id") {
            named(&format!("{topic}/{shop}/{event}"), &[&topic, shop, event])
        } else if let Some(webhook) = header(headers, "webhook-id") {
            named(&format!("webhook/{webhook}"), &[webhook])
        } else {
            let mut hash = Sha256::new();
            hash.update(topic.as_bytes());
            hash.update([0]);
            hash.update(body);
            format!("body/{}", onhand::journal::hex(&hash.finalize()))
        };
        let triggered_at =
            header(headers, "triggered-at").and_then(|text| Timestamp::parse(text).ok());
        Ok(Self { topic, triggered_at, key })
    }

    /// The id of the delivery's main event (no suffix) or of another one that it makes.
    pub(super) fn event_id(&self, suffix: Option<&str>) -> Result<EventId, DeliveryError> {
        let text = match suffix {
            None => self.key.clone(),
            Some(suffix) => format!("{}#{suffix}", self.key),
        };
        EventId::new(text).map_err(|_| DeliveryError::Header {
            name: "X-Shopify-Event-Id",
            detail: "must not contain control characters",
        })
    }

    /// An error about a value of the body.
    pub(super) fn value(
        &self,
        pointer: impl Into<String>,
        detail: impl Into<String>,
    ) -> DeliveryError {
        DeliveryError::Value {
            topic: self.topic.clone(),
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}

/// A readable key if there is room for it and a suffix, else its digest.
fn named(text: &str, parts: &[&str]) -> String {
    if text.chars().count() + SUFFIX_MAX_CHARS < ID_MAX_CHARS {
        return text.to_owned();
    }
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    format!("delivery/{}", onhand::journal::hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(pairs: &[(&'static str, &str)], body: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        Envelope::read(&headers, body).unwrap().event_id(None).unwrap().to_string()
    }

    #[test]
    fn the_event_id_comes_first_then_the_webhook_id_then_the_body() {
        let topic = ("x-shopify-topic", "orders/create");
        let shop = ("x-shopify-shop-domain", "a.example");
        let event = ("x-shopify-event-id", "e1");
        let webhook = ("x-shopify-webhook-id", "w1");
        assert_eq!(key(&[topic, shop, event, webhook], b"1"), "orders/create/a.example/e1");
        assert_eq!(key(&[topic, shop, webhook], b"1"), "webhook/w1");
        assert_eq!(key(&[topic, shop], b"1"), key(&[topic], b"1"));
        assert_ne!(key(&[topic], b"1"), key(&[topic], b"2"));
        assert_ne!(key(&[topic], b"1"), key(&[("shopify-topic", "orders/paid")], b"1"));
        assert_ne!(
            key(&[topic, shop, event], b"1"),
            key(&[topic, ("x-shopify-shop-domain", "b.example"), event], b"1")
        );
    }

    #[test]
    fn long_ids_still_fit() {
        let long = "x".repeat(500);
        let pairs = [("x-shopify-topic", "orders/create"), ("x-shopify-event-id", long.as_str())];
        let first = key(&pairs, b"1");
        assert!(first.len() + SUFFIX_MAX_CHARS < ID_MAX_CHARS, "{first}");
        let other = format!("{long}y");
        assert_ne!(first, key(&[pairs[0], ("x-shopify-event-id", other.as_str())], b"1"));
    }

    #[test]
    fn a_delivery_without_topic_is_refused() {
        let error = Envelope::read(&HeaderMap::new(), b"{}").unwrap_err();
        assert!(error.to_string().contains("X-Shopify-Topic"), "{error}");
    }
}
