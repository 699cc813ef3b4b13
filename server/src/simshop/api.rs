//! The shop's HTTP API.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use subtle::ConstantTimeEq;
use tokio::sync::mpsc;

use super::bodies::time;
use super::delivery::Counters;
use super::misbehave::{Dice, Fault, MisbehaviourChange};
use super::model::{Hook, ItemWrite, ItemWritten, Listing, PlacedLine, Refused, Restock, Shop};
use crate::clock::Clock;

/// Items of one call: the vendor's limit for lists in a request.
pub(super) const ITEMS_MAX: usize = 250;
/// What `Retry-After` says when the shop itself is too busy, in seconds.
const BUSY_RETRY_AFTER_S: u64 = 1;

/// What the handlers share.
pub(super) struct State {
    pub(super) shop: Mutex<Shop>,
    pub(super) dice: Arc<Mutex<Dice>>,
    pub(super) acts: mpsc::Sender<Vec<Hook>>,
    pub(super) access_token: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) counters: Arc<Counters>,
}

/// Marks an answer that is never to be sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct LostAnswer;

pub(super) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/listings", get(listings))
        .route("/orders", post(place))
        .route("/orders/{id}", get(order))
        .route("/orders/{id}/fulfillments", post(fulfil))
        .route("/orders/{id}/refunds", post(refund))
        .route("/orders/{id}/cancel", post(cancel))
        .route("/inventory", get(levels))
        .route("/inventory/set", post(set))
        .route("/misbehave", get(faults).post(misbehave))
        .route("/deliveries", get(deliveries))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&state), authorize))
        .with_state(state)
}

impl State {
    fn shop(&self) -> MutexGuard<'_, Shop> {
        self.shop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something in the shop and sends the webhooks that tell of it. A place in the queue is
    /// taken first, so an act that happened is always told.
    fn act<T>(
        &self,
        act: impl FnOnce(&mut Shop) -> Result<(T, Vec<Hook>), Refused>,
    ) -> Result<T, Answer> {
        let place = self.acts.try_reserve().map_err(|_| Answer::Busy)?;
        let mut shop = self.shop();
        let (result, hooks) = act(&mut shop)?;
        self.counters.add_waiting(hooks.len());
        // Still under the lock: the queue has the order of the acts.
        place.send(hooks);
        Ok(result)
    }

    fn order_body(&self, order: i64) -> Result<Value, Answer> {
        let shop = self.shop();
        let found = shop.order(order).ok_or(Refused::NoOrder(order))?;
        Ok(json!({ "order": shop.order_body(found) }))
    }
}

/// An answer that is not the one hoped for.
enum Answer {
    Refused(Refused),
    Unreadable(String),
    Busy,
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(refused @ Refused::NoOrder(_)) => {
                problem(StatusCode::NOT_FOUND, &refused.to_string())
            }
            Self::Refused(refused) => {
                problem(StatusCode::UNPROCESSABLE_ENTITY, &refused.to_string())
            }
            Self::Unreadable(text) => problem(StatusCode::BAD_REQUEST, &text),
            Self::Busy => {
                later(StatusCode::SERVICE_UNAVAILABLE, BUSY_RETRY_AFTER_S, "too many webhooks wait")
            }
        }
    }
}

fn problem(status: StatusCode, text: &str) -> Response {
    (status, Json(json!({ "errors": text }))).into_response()
}

fn later(status: StatusCode, retry_after_s: u64, text: &str) -> Response {
    let after = [(header::RETRY_AFTER, retry_after_s.to_string())];
    (status, after, Json(json!({ "errors": text }))).into_response()
}

async fn authorize(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or_default();
    if bool::from(shown.as_bytes().ct_eq(state.access_token.as_bytes())) {
        next.run(request).await
    } else {
        problem(StatusCode::UNAUTHORIZED, "a valid access token is required")
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Answer> {
    serde_json::from_slice(body).map_err(|error| Answer::Unreadable(error.to_string()))
}

/// Reads a body that may be missing altogether.
fn read_or_default<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Answer> {
    if body.is_empty() { Ok(T::default()) } else { read(body) }
}

fn listing(listing: &Listing) -> Value {
    json!({
        "variant_id": listing.variant_id,
        "product_id": listing.product_id,
        "inventory_item_id": listing.inventory_item_id,
        "sku": listing.sku,
        "title": listing.title,
        "available": listing.available,
        "updated_at": time(listing.updated_at),
    })
}

async fn listings(Shared(state): Shared<Arc<State>>) -> Json<Value> {
    let shop = state.shop();
    let rows: Vec<Value> = shop.listings().iter().map(listing).collect();
    Json(json!({ "domain": shop.domain, "location_id": shop.location_id, "listings": rows }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    lines: Vec<PlacedLine>,
    #[serde(default)]
    oversell: bool,
}

async fn place(Shared(state): Shared<Arc<State>>, body: Bytes) -> Result<Response, Answer> {
    let wanted: Place = read(&body)?;
    let now = state.clock.now();
    let order = state.act(|shop| shop.place(&wanted.lines, wanted.oversell, now))?;
    Ok((StatusCode::CREATED, Json(state.order_body(order)?)).into_response())
}

async fn order(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Answer> {
    state.order_body(id).map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShippedLine {
    line_item_id: i64,
    quantity: i64,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Fulfil {
    lines: Option<Vec<ShippedLine>>,
}

async fn fulfil(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Response, Answer> {
    let wanted: Fulfil = read_or_default(&body)?;
    let lines: Option<Vec<(i64, i64)>> = wanted
        .lines
        .map(|lines| lines.iter().map(|line| (line.line_item_id, line.quantity)).collect());
    let now = state.clock.now();
    state.act(|shop| Ok(((), shop.fulfil(id, lines.as_deref(), now)?)))?;
    Ok((StatusCode::CREATED, Json(state.order_body(id)?)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundedLine {
    line_item_id: i64,
    quantity: i64,
    restock_type: Restock,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundWanted {
    lines: Vec<RefundedLine>,
}

async fn refund(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Response, Answer> {
    let wanted: RefundWanted = read(&body)?;
    let rows: Vec<(i64, i64, Restock)> = wanted
        .lines
        .iter()
        .map(|line| (line.line_item_id, line.quantity, line.restock_type))
        .collect();
    let now = state.clock.now();
    state.act(|shop| Ok(((), shop.refund(id, &rows, now)?)))?;
    Ok((StatusCode::CREATED, Json(state.order_body(id)?)).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Cancel {
    restock: bool,
}

impl Default for Cancel {
    fn default() -> Self {
        Self { restock: true }
    }
}

async fn cancel(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Value>, Answer> {
    let wanted: Cancel = read_or_default(&body)?;
    let now = state.clock.now();
    state.act(|shop| Ok(((), shop.cancel(id, wanted.restock, now)?)))?;
    state.order_body(id).map(Json)
}

/// The API's faults that come before a call takes effect.
fn refused_by_fault(fault: Fault) -> Option<Response> {
    match fault {
        Fault::TooManyRequests { retry_after_s } => {
            Some(later(StatusCode::TOO_MANY_REQUESTS, retry_after_s, "Throttled"))
        }
        Fault::ServerError => {
            Some(problem(StatusCode::SERVICE_UNAVAILABLE, "the shop has a fault"))
        }
        Fault::None | Fault::LostAnswer => None,
    }
}

/// The API's fault that comes after it took effect.
fn lose_by_fault(fault: Fault, mut response: Response) -> Response {
    if fault == Fault::LostAnswer {
        response.extensions_mut().insert(LostAnswer);
    }
    response
}

#[derive(Deserialize)]
struct Ids {
    ids: String,
}

async fn levels(
    Shared(state): Shared<Arc<State>>,
    Query(query): Query<Ids>,
) -> Result<Response, Answer> {
    let fault = state.dice().fault();
    if let Some(response) = refused_by_fault(fault) {
        return Ok(response);
    }
    let ids: Result<Vec<i64>, _> = query.ids.split(',').map(|id| id.trim().parse()).collect();
    let ids = ids.map_err(|_| Refused::Wrong("ids must be whole numbers, by commas".into()))?;
    if ids.len() > ITEMS_MAX {
        return Err(Refused::Wrong(format!("ids must be at most {ITEMS_MAX}")).into());
    }
    let shop = state.shop();
    let rows: Vec<Value> = ids.iter().filter_map(|id| shop.level(*id)).map(listing).collect();
    let body = json!({ "location_id": shop.location_id, "levels": rows });
    Ok(lose_by_fault(fault, Json(body).into_response()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetItem {
    inventory_item_id: i64,
    quantity: i64,
    /// Has to be given; `null` writes whatever is shown.
    #[serde(deserialize_with = "given")]
    change_from_quantity: Option<i64>,
}

/// A member that may be `null` but not absent.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    Option::deserialize(deserializer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    items: Vec<SetItem>,
}

async fn set(Shared(state): Shared<Arc<State>>, body: Bytes) -> Result<Response, Answer> {
    let fault = state.dice().fault();
    if let Some(response) = refused_by_fault(fault) {
        return Ok(response);
    }
    let wanted: Set = read(&body)?;
    if wanted.items.is_empty() || wanted.items.len() > ITEMS_MAX {
        return Err(Refused::Wrong(format!("items must have 1 to {ITEMS_MAX} rows")).into());
    }
    let writes: Vec<ItemWrite> = wanted
        .items
        .iter()
        .map(|item| ItemWrite {
            inventory_item_id: item.inventory_item_id,
            quantity: item.quantity,
            change_from_quantity: item.change_from_quantity,
        })
        .collect();
    let now = state.clock.now();
    let results = state.act(|shop| Ok(shop.write(&writes, now)))?;
    let results: Vec<Value> =
        writes.iter().zip(results).map(|(write, result)| written(write, result)).collect();
    Ok(lose_by_fault(fault, Json(json!({ "results": results })).into_response()))
}

/// The answer for one item; the codes are the vendor's.
fn written(write: &ItemWrite, result: ItemWritten) -> Value {
    let id = write.inventory_item_id;
    let refused = |code, quantity: Option<i64>| json!({ "inventory_item_id": id, "ok": false, "code": code, "quantity": quantity });
    match result {
        ItemWritten::Ok => {
            json!({ "inventory_item_id": id, "ok": true, "quantity": write.quantity })
        }
        ItemWritten::Stale(shown) => refused("CHANGE_FROM_QUANTITY_STALE", Some(shown)),
        ItemWritten::UnknownItem => refused("INVALID_INVENTORY_ITEM", None),
        ItemWritten::InvalidQuantity if write.quantity < 0 => {
            refused("INVALID_QUANTITY_NEGATIVE", None)
        }
        ItemWritten::InvalidQuantity => refused("INVALID_QUANTITY_TOO_HIGH", None),
    }
}

async fn faults(Shared(state): Shared<Arc<State>>) -> Response {
    let faults = state.dice().faults();
    Json(faults).into_response()
}

async fn misbehave(Shared(state): Shared<Arc<State>>, body: Bytes) -> Result<Response, Answer> {
    let change: MisbehaviourChange = read(&body)?;
    let faults = state.dice().changed(&change).map_err(Refused::Wrong)?;
    if let Some(edit) = &change.hand_edit {
        let now = state.clock.now();
        state.act(|shop| Ok(((), shop.hand_edit(&edit.sku, edit.quantity, now)?)))?;
    }
    state.dice().put(faults, change.seed.is_some());
    Ok(Json(faults).into_response())
}

async fn deliveries(Shared(state): Shared<Arc<State>>) -> Response {
    Json(state.counters.read()).into_response()
}
