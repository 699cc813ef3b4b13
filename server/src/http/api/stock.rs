//! `/api/v1/stock`: levels as they are now.

use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use onhand::wire::stock::{StockPage, StockQuery};
use serde::Deserialize;

use super::list;
use crate::auth::{Action, Identity};
use crate::http::problem::Problem;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new().route("/api/v1/stock", get(levels))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StockParams {
    sku: Option<String>,
    location: Option<String>,
    q: Option<String>,
    #[serde(default)]
    low: bool,
    limit: Option<u32>,
    cursor: Option<String>,
}

async fn levels(
    State(state): State<AppState>,
    identity: Identity,
    params: Result<Query<StockParams>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<StockPage>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/stock")?;
    let Query(params) = params.map_err(|error| Problem::bad_request(error.body_text()))?;
    let query = StockQuery {
        sku: params.sku,
        location: params.location,
        q: params.q,
        low: params.low,
        limit: Some(list::limit(params.limit)?),
        cursor: params.cursor,
    };
    Ok(Json(state.ledger.store().stock(&query).await?))
}
