//! The simulated shop (`simshop`): stock writes with compare-and-set for each item, over HTTP.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use onhand::publication::Pace;
use onhand::time::SECOND_US;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::sync::connector::{CallError, Connector, ItemError, Limits, SetItem};
use crate::sync::external::External;

/// Listings of one call: the shop's own limit.
const ITEMS_MAX: usize = 250;
/// How long a connection may take to be made, in milliseconds.
const CONNECT_TIMEOUT_MS: u64 = 2_000;
/// How long a call may take, its answer read, in milliseconds.
const CALL_TIMEOUT_MS: u64 = 10_000;
/// An answer's size at most, in bytes; 250 rows have about 50 KiB.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// The longest wait that the shop may ask for, in seconds.
const RETRY_AFTER_MAX_S: i64 = 3_600;
/// At most 50 calls a second, at least one in 30 seconds.
const PACE: Pace =
    Pace { shortest_us: SECOND_US / 50, longest_us: 30 * SECOND_US, refused_us: SECOND_US };

/// A way to one simulated shop.
pub struct Simulated {
    client: Client,
    base_url: String,
    access_token: String,
}

impl fmt::Debug for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulated").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Written {
    results: Vec<ItemWritten>,
}

#[derive(Deserialize)]
struct ItemWritten {
    inventory_item_id: i64,
    ok: bool,
    #[serde(default)]
    code: String,
    #[serde(default)]
    quantity: Option<i64>,
}

#[derive(Deserialize)]
struct Levels {
    levels: Vec<Level>,
}

#[derive(Deserialize)]
struct Level {
    inventory_item_id: i64,
    available: i64,
}

impl Simulated {
    /// A way to the shop at `base_url`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base_url: &str, access_token: &str) -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS))
            .timeout(Duration::from_millis(CALL_TIMEOUT_MS))
            // A redirect could lead anywhere, with the token.
            .redirect(reqwest::redirect::Policy::none())
            // A lost connection is not tried again behind our back: the first may have been taken.
            .retry(reqwest::retry::never())
            .build()?;
        let base_url = base_url.trim_end_matches('/').to_owned();
        Ok(Self { client, base_url, access_token: access_token.to_owned() })
    }

    /// Sends a call and reads its answer. `lost` says what a lost answer means.
    async fn call(
        &self,
        request: RequestBuilder,
        lost: fn(String) -> CallError,
    ) -> Result<Vec<u8>, CallError> {
        let sent = request.bearer_auth(&self.access_token).send().await;
        let mut response = sent.map_err(|error| {
            let text = format!("no answer: {}", root(&error));
            if error.is_connect() { CallError::Transient(text) } else { lost(text) }
        })?;
        if let Some(error) = refused(&response, lost) {
            return Err(error);
        }
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                    body.extend_from_slice(&chunk);
                }
                Ok(None) => return Ok(body),
                Ok(Some(_)) => return Err(lost("the answer is too large".to_owned())),
                Err(error) => return Err(lost(format!("half an answer: {}", root(&error)))),
            }
        }
    }
}

/// The innermost cause, which says more than reqwest's own words and holds no URL.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// What a status other than success means.
fn refused(response: &Response, lost: fn(String) -> CallError) -> Option<CallError> {
    let status = response.status();
    let said = || {
        let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
        let seconds: i64 = text.trim().parse().ok()?;
        Some(seconds.clamp(0, RETRY_AFTER_MAX_S) * SECOND_US)
    };
    match status {
        StatusCode::OK => None,
        StatusCode::TOO_MANY_REQUESTS => Some(CallError::Throttled { retry_after_us: said() }),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Some(CallError::Transient(format!("{status}: the access token does not hold")))
        }
        // The shop looked at nothing; any other fault of a server may come after it did.
        StatusCode::SERVICE_UNAVAILABLE => Some(CallError::Transient(status.to_string())),
        status if status.is_server_error() => Some(lost(status.to_string())),
        status => Some(CallError::Transient(format!("unexpected answer {status}"))),
    }
}

#[async_trait]
impl Connector for Simulated {
    fn limits(&self) -> Limits {
        Limits { items_max: ITEMS_MAX, pace: PACE }
    }

    async fn set(&self, items: &[SetItem]) -> Result<Vec<Result<(), ItemError>>, CallError> {
        let rows: Vec<Value> = items.iter().map(row).collect();
        let url = format!("{}/inventory/set", self.base_url);
        let request = self.client.post(url).json(&json!({ "items": rows }));
        let body = self.call(request, CallError::Ambiguous).await?;
        let written: Written = serde_json::from_slice(&body)
            .map_err(|error| CallError::Ambiguous(format!("unreadable answer: {error}")))?;
        let fits = written.results.len() == items.len()
            && written.results.iter().zip(items).all(|(result, item)| {
                result.inventory_item_id == item.external.inventory_item_id.number()
            });
        if !fits {
            return Err(CallError::Ambiguous("the answer is about other items".to_owned()));
        }
        Ok(written.results.into_iter().map(outcome).collect())
    }

    async fn read(&self, items: &[External]) -> Result<Vec<Result<i64, ItemError>>, CallError> {
        let ids: Vec<String> =
            items.iter().map(|item| item.inventory_item_id.to_string()).collect();
        let url = format!("{}/inventory?ids={}", self.base_url, ids.join(","));
        let body = self.call(self.client.get(url), CallError::Transient).await?;
        let levels: Levels = serde_json::from_slice(&body)
            .map_err(|error| CallError::Transient(format!("unreadable answer: {error}")))?;
        let shown = |item: &External| {
            let id = item.inventory_item_id.number();
            let level = levels.levels.iter().find(|level| level.inventory_item_id == id);
            level.map(|level| level.available).ok_or_else(|| unknown(id))
        };
        Ok(items.iter().map(shown).collect())
    }
}

fn row(item: &SetItem) -> Value {
    json!({
        "inventory_item_id": item.external.inventory_item_id.number(),
        "quantity": item.quantity,
        "change_from_quantity": item.expected,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map` takes")]
fn outcome(written: ItemWritten) -> Result<(), ItemError> {
    if written.ok {
        return Ok(());
    }
    match (written.code.as_str(), written.quantity) {
        ("CHANGE_FROM_QUANTITY_STALE", Some(shown)) => Err(ItemError::Stale { shown }),
        ("INVALID_INVENTORY_ITEM", _) => Err(unknown(written.inventory_item_id)),
        (code, _) => Err(ItemError::Rejected(format!("the shop refuses the quantity: {code}"))),
    }
}

fn unknown(id: i64) -> ItemError {
    ItemError::Rejected(format!("the shop knows no inventory item {id}"))
}
