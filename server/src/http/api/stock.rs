//! `/api/v1/stock`: levels as they are now, as they were, and why.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use onhand::history::TERMS_MAX;
use onhand::id::{ChannelId, LocationId, Sku};
use onhand::time::Timestamp;
use onhand::wire::stock::{StockPage, StockQuery};
use serde::Deserialize;

use super::list::Limit;
use crate::auth::{Action, Identity};
use crate::history::{self, Clock};
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/stock", get(levels))
        .route("/api/v1/stock/{sku}/explain", get(explain))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StockParams {
    sku: Option<String>,
    location: Option<String>,
    q: Option<String>,
    #[serde(default)]
    low: bool,
    /// The moment to look at; now without it.
    at: Option<Timestamp>,
    clock: Option<Clock>,
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
}

async fn levels(
    State(state): State<AppState>,
    identity: Identity,
    params: Result<Params<StockParams>, Problem>,
) -> Result<Json<StockPage>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/stock")?;
    let Params(params) = params?;
    let query = StockQuery {
        sku: params.sku,
        location: params.location,
        q: params.q,
        low: params.low,
        limit: Some(params.limit.rows()),
        cursor: params.cursor,
    };
    let store = state.ledger.store().as_ref();
    let page = match (params.at, params.clock) {
        (None, None) => store.stock(&query).await?,
        (None, Some(_)) => {
            return Err(Problem::bad_parameter("clock", "needs a moment: at=TIME"));
        }
        (Some(at), clock) => {
            history::stock_at(store, &query, at, clock.unwrap_or_default()).await?
        }
    };
    Ok(Json(page))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExplainParams {
    location: Option<LocationId>,
    channel: Option<ChannelId>,
}

async fn explain(
    State(state): State<AppState>,
    identity: Identity,
    Path(sku): Path<String>,
    params: Result<Params<ExplainParams>, Problem>,
) -> Result<Response, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/stock/{sku}/explain")?;
    let Params(params) = params?;
    let no_item = || Problem::not_found("There is no item of this SKU.");
    let sku = Sku::new(sku).map_err(|_| no_item())?;
    let store = state.ledger.store().as_ref();
    match (params.location, params.channel) {
        (Some(_), Some(_)) => Err(Problem::bad_parameter(
            "channel",
            "must not be named together with a location: one of them, not both",
        )),
        (location, None) => {
            let explained =
                history::explain_stock(store, &sku, location.as_ref(), TERMS_MAX).await?;
            Ok(Json(explained.ok_or_else(no_item)?).into_response())
        }
        (None, Some(channel)) => {
            store.item(&sku).await?.ok_or_else(no_item)?;
            let explained = history::explain_channel(&state, &sku, &channel).await?;
            let no_channel = || Problem::not_found("There is no channel of this id.");
            Ok(Json(explained.ok_or_else(no_channel)?).into_response())
        }
    }
}
