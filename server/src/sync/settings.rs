//! What a channel is set to, read from the JSON that came from outside: settings, secrets, and the
//! kinds that there are.
//!
//! | kind | `settings` | `secrets` | `external` of a listing |
//! |---|---|---|---|
//! | `simulated` | `base_url` (required) and those below | `access_token` (required), `webhook` | `inventory_item_id`, `variant_id?` |
//! | `shopify` | `shop_domain?` and those below | `access_token?`, `webhook` | the same |
//!
//! Both: `location_id?` (the channel's location whose levels are ours), `locations?` (the channel's
//! location ids and ours), `match_sku?` (default true), `readback_s?` (seconds between two
//! comparisons with the channel's own numbers, default 300), `on_drift?` (what becomes of a number
//! that nothing explains: `republish`, the default, or `ask` a person). `webhook` is text, or a list
//! while it rotates. Channels of kind `shopify` send their webhooks; no quantity is sent to them.

use std::collections::BTreeMap;
use std::fmt;

use onhand::event::FieldError;
use onhand::id::LocationId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::external::ExternalId;
use crate::intake::webhooks::SigningSecret;

/// Seconds between two comparisons with a channel's own numbers, unless it is set.
const READBACK_S: u64 = 300;
/// The least and the most that may be set, in seconds.
const READBACK_RANGE_S: std::ops::RangeInclusive<u64> = 1..=86_400;
/// Signing secrets that may hold at once while they rotate.
const WEBHOOK_SECRETS_MAX: usize = 8;

/// A kind of channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The simulated shop.
    Simulated,
    /// A Shopify shop.
    Shopify,
}

impl Kind {
    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "simulated" => Some(Self::Simulated),
            "shopify" => Some(Self::Shopify),
            _ => None,
        }
    }
}

/// A channel's settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the API of a simulated shop is.
    #[serde(default)]
    pub base_url: Option<String>,
    /// The domain of a Shopify shop.
    #[serde(default)]
    pub shop_domain: Option<String>,
    /// The channel's location whose levels are ours; any without it.
    #[serde(default)]
    pub location_id: Option<ExternalId>,
    /// Our names of the channel's locations, by its ids.
    #[serde(default)]
    pub locations: BTreeMap<String, LocationId>,
    /// Whether an order line of an unknown variant is taken by its SKU.
    #[serde(default = "yes")]
    pub match_sku: bool,
    /// Seconds between two comparisons with the channel's own numbers.
    #[serde(default = "readback_s")]
    pub readback_s: u64,
    /// What becomes of a number of the channel that nothing explains.
    #[serde(default)]
    pub on_drift: OnDrift,
}

/// What becomes of a number of a channel that nothing explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDrift {
    /// Onhand's number is sent again at once: nothing oversells while somebody thinks about it.
    #[default]
    Republish,
    /// A conflict opens, and nothing is sent until a person has decided.
    Ask,
}

const fn yes() -> bool {
    true
}

const fn readback_s() -> u64 {
    READBACK_S
}

/// A channel's secrets. They never show themselves.
#[derive(Clone, Default)]
pub struct Secrets {
    /// What its webhooks are signed with; any of them holds.
    pub webhook: Vec<SigningSecret>,
    /// What its API wants to see.
    pub access_token: Option<String>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretsForm {
    #[serde(default)]
    webhook: Option<Webhook>,
    #[serde(default)]
    access_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Webhook {
    One(String),
    Several(Vec<String>),
}

/// Settings and secrets of a kind, checked.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The kind.
    pub kind: Kind,
    /// The settings.
    pub settings: Settings,
    /// The secrets.
    pub secrets: Secrets,
}

/// Checks what a channel is to be set to.
///
/// # Errors
/// Names each member that is wrong. A secret is never repeated.
pub fn check(kind: &str, settings: &Value, secrets: &Value) -> Result<Checked, Vec<FieldError>> {
    let mut errors = Vec::new();
    let known = Kind::from_name(kind);
    if known.is_none() {
        errors.push(mistake("/kind", "must be simulated or shopify"));
    }
    let settings = read::<Settings>(settings, "/settings", &mut errors);
    let secrets = read_secrets(secrets, &mut errors);
    if let (Some(kind), Some(settings), Some(secrets)) = (known, &settings, &secrets) {
        check_together(kind, settings, secrets, &mut errors);
    }
    match (known, settings, secrets) {
        (Some(kind), Some(settings), Some(secrets)) if errors.is_empty() => {
            Ok(Checked { kind, settings, secrets })
        }
        _ => Err(errors),
    }
}

fn check_together(
    kind: Kind,
    settings: &Settings,
    secrets: &Secrets,
    errors: &mut Vec<FieldError>,
) {
    if !READBACK_RANGE_S.contains(&settings.readback_s) {
        let (least, most) = READBACK_RANGE_S.into_inner();
        let detail = format!("must be from {least} to {most} seconds");
        errors.push(mistake("/settings/readback_s", &detail));
    }
    if let Some(id) = settings.locations.keys().find(|id| ExternalId::new(id).is_err()) {
        let detail = format!("has the key {id:?}, which is no id of a location: digits");
        errors.push(mistake("/settings/locations", &detail));
    }
    if kind == Kind::Shopify && settings.base_url.is_some() {
        errors.push(mistake("/settings/base_url", "is not known to channels of kind shopify"));
    }
    if kind == Kind::Simulated {
        let url = settings.base_url.as_deref().and_then(|url| reqwest::Url::parse(url).ok());
        if !url.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
            let detail = "must be the URL of the shop's API, such as http://127.0.0.1:4000";
            errors.push(mistake("/settings/base_url", detail));
        }
        if secrets.access_token.as_deref().unwrap_or_default().is_empty() {
            errors.push(mistake("/secrets/access_token", "is required"));
        }
    }
}

fn read<T: DeserializeOwned>(
    value: &Value,
    pointer: &str,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    match T::deserialize(value) {
        Ok(read) => Some(read),
        Err(error) => {
            errors.push(mistake(pointer, &error.to_string()));
            None
        }
    }
}

fn read_secrets(value: &Value, errors: &mut Vec<FieldError>) -> Option<Secrets> {
    // The reader's own words could repeat a secret, so they are not passed on.
    let Ok(form) = SecretsForm::deserialize(value) else {
        let detail = "must be an object of webhook (text, or a list of texts) and access_token";
        errors.push(mistake("/secrets", detail));
        return None;
    };
    let webhook = match form.webhook {
        None => Vec::new(),
        Some(Webhook::One(secret)) => vec![secret],
        Some(Webhook::Several(secrets)) => secrets,
    };
    let count = webhook.len();
    let webhook: Vec<_> = webhook.into_iter().filter_map(SigningSecret::new).collect();
    if webhook.len() < count || count > WEBHOOK_SECRETS_MAX {
        let detail = format!("must be 1 to {WEBHOOK_SECRETS_MAX} secrets, none of them empty");
        errors.push(mistake("/secrets/webhook", &detail));
    }
    Some(Secrets { webhook, access_token: form.access_token })
}

fn mistake(pointer: &str, detail: &str) -> FieldError {
    FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_right_is_read() {
        let settings = json!({"base_url": "http://127.0.0.1:4000", "location_id": 7,
                              "locations": {"7": "berlin"}, "match_sku": false, "readback_s": 5,
                              "on_drift": "ask"});
        let secrets = json!({"access_token": "t", "webhook": ["new", "old"]});
        let checked = check("simulated", &settings, &secrets).unwrap();
        assert_eq!(checked.secrets.webhook.len(), 2);
        assert_eq!(checked.settings.on_drift, OnDrift::Ask);
        assert!(!checked.settings.match_sku);
        let checked = check("shopify", &json!({}), &json!({"webhook": "w"})).unwrap();
        assert!(checked.settings.match_sku);
        assert_eq!(checked.settings.readback_s, READBACK_S);
        assert_eq!(checked.settings.on_drift, OnDrift::Republish);
        assert!(!format!("{checked:?}").contains('w') || !format!("{checked:?}").contains("\"w\""));
    }

    #[test]
    fn what_is_wrong_is_named_and_no_secret_repeated() {
        let url = "http://h:1";
        let cases = [
            ("amazon", json!({}), json!({}), "/kind"),
            ("simulated", json!({}), json!({"access_token": "t"}), "/settings/base_url"),
            ("simulated", json!({"base_url": "ftp://h"}), json!({}), "/settings/base_url"),
            ("simulated", json!({"base_url": url}), json!({}), "/secrets/access_token"),
            ("simulated", json!({"base_ur": url}), json!({"access_token": "t"}), "/settings"),
            ("shopify", json!({"base_url": url}), json!({}), "/settings/base_url"),
            ("shopify", json!({"readback_s": 0}), json!({}), "/settings/readback_s"),
            ("shopify", json!({"on_drift": "panic"}), json!({}), "/settings"),
            ("shopify", json!({"locations": {"x": "b"}}), json!({}), "/settings/locations"),
            ("shopify", json!({}), json!({"webhook": ""}), "/secrets/webhook"),
            ("shopify", json!({}), json!({"webhook": ["hush", ""]}), "/secrets/webhook"),
            ("shopify", json!({}), json!({"webhook": 7, "access_token": "hush"}), "/secrets"),
            ("shopify", json!({}), json!({"hush": "hush"}), "/secrets"),
        ];
        for (kind, settings, secrets, pointer) in cases {
            let errors = check(kind, &settings, &secrets).unwrap_err();
            assert_eq!(errors[0].pointer, pointer, "{kind} {settings}");
            assert!(!format!("{errors:?}").contains("hush"), "{errors:?}");
        }
    }
}
