//! `/api/v1/items`, `/api/v1/locations`, `/api/v1/orders` and `/api/v1/transfers`.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use onhand::id::{LocationId, OrderId, ReceiptId, TransferId};
use onhand::order::Order;
use onhand::record::{ItemInfo, LocationInfo};
use onhand::time::Timestamp;
use onhand::transfer::{Transfer, TransferLine};
use serde::Serialize;

use super::list::{self, PageParams};
use crate::auth::{Action, Identity};
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/items", get(items))
        .route("/api/v1/locations", get(locations))
        .route("/api/v1/orders/{order}", get(order))
        .route("/api/v1/transfers/{transfer}", get(transfer))
}

#[derive(Serialize)]
struct Items {
    items: Vec<ItemInfo>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Locations {
    locations: Vec<LocationInfo>,
    next_cursor: Option<String>,
}

async fn items(
    State(state): State<AppState>,
    identity: Identity,
    params: Result<Params<PageParams>, Problem>,
) -> Result<Json<Items>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/items")?;
    let Params(PageParams { limit, cursor }) = params?;
    let items = state.ledger.store().items(cursor.as_deref(), limit.rows()).await?;
    let full = limit.is_reached(items.len());
    let next_cursor = items.last().filter(|_| full).map(|item| item.sku.to_string());
    Ok(Json(Items { items, next_cursor }))
}

async fn locations(
    State(state): State<AppState>,
    identity: Identity,
    params: Result<Params<PageParams>, Problem>,
) -> Result<Json<Locations>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/locations")?;
    let Params(params) = params?;
    let locations = state.ledger.store().locations().await?;
    let (locations, next_cursor) = list::page(locations, &params, |it| it.location.as_str())?;
    Ok(Json(Locations { locations, next_cursor }))
}

/// An order's line with its sums.
#[derive(Serialize)]
struct LineView {
    line: String,
    sku: String,
    ordered: i64,
    committed: i64,
    fulfilled: i64,
    returned: i64,
    cancelled: i64,
    by_location: Vec<onhand::order::Share>,
}

#[derive(Serialize)]
struct OrderView {
    order: OrderId,
    placed: bool,
    revision: Option<i64>,
    lines: Vec<LineView>,
}

async fn order(
    State(state): State<AppState>,
    identity: Identity,
    Path(order): Path<String>,
) -> Result<Json<OrderView>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/orders/{order}")?;
    let missing = || Problem::not_found("No event of this order has taken effect.");
    let order = OrderId::new(order).map_err(|_| missing())?;
    let order = state.ledger.store().order(&order).await?;
    // Of one whose only event was taken back nothing is left.
    let order = order.filter(Order::is_heard_of);
    Ok(Json(view(order.ok_or_else(missing)?)))
}

fn view(order: Order) -> OrderView {
    OrderView {
        placed: order.is_placed(),
        lines: order
            .lines
            .into_iter()
            .map(|line| LineView {
                committed: line.committed(),
                fulfilled: line.fulfilled(),
                returned: line.returned(),
                line: line.line.to_string(),
                sku: line.sku.to_string(),
                ordered: line.ordered,
                cancelled: line.cancelled,
                by_location: line.shares,
            })
            .collect(),
        order: order.order,
        revision: order.revision,
    }
}

/// A transfer's line with what is still on its way.
#[derive(Serialize)]
struct TransferLineView {
    #[serde(flatten)]
    line: TransferLine,
    incoming: i64,
    surplus: i64,
}

#[derive(Serialize)]
struct ReceiptView {
    receipt: ReceiptId,
    #[serde(rename = "final")]
    is_final: bool,
    time: Timestamp,
    seq: u64,
}

#[derive(Serialize)]
struct TransferView {
    transfer: TransferId,
    /// `null`, like `shipped_at`, if receipts were taken in without the shipment.
    from: Option<LocationId>,
    to: LocationId,
    shipped_at: Option<Timestamp>,
    lines: Vec<TransferLineView>,
    receipts: Vec<ReceiptView>,
}

async fn transfer(
    State(state): State<AppState>,
    identity: Identity,
    Path(transfer): Path<String>,
) -> Result<Json<TransferView>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/transfers/{transfer}")?;
    let missing = || Problem::not_found("No shipment of this transfer is known.");
    let transfer = TransferId::new(transfer).map_err(|_| missing())?;
    let transfer = state.ledger.store().transfer(&transfer).await?.ok_or_else(missing)?;
    Ok(Json(transfer_view(transfer)))
}

fn transfer_view(transfer: Transfer) -> TransferView {
    let line = |line: TransferLine| TransferLineView {
        incoming: line.outstanding(),
        surplus: line.surplus(),
        line,
    };
    TransferView {
        shipped_at: transfer.shipment.map(|said| said.fact.time),
        lines: transfer.lines.into_iter().map(line).collect(),
        receipts: transfer
            .receipts
            .into_iter()
            .map(|receipt| ReceiptView {
                receipt: receipt.receipt,
                is_final: receipt.is_final,
                time: receipt.said.fact.time,
                seq: receipt.said.seq,
            })
            .collect(),
        transfer: transfer.transfer,
        from: transfer.from,
        to: transfer.to,
    }
}
