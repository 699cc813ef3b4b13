//! `/api/v1/conflicts`: what waits for a person, and the decision.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use onhand::conflict::{CancelledPart, Choice, Conflict, ConflictKind, ConflictStatus};
use onhand::event::FieldError;
use onhand::id::{ConflictId, LocationId, Sku};
use onhand::ledger::Refused;
use onhand::record::{Change, Record};
use onhand::wire::conflict::{ConflictView, Given, ResolveRequest, ResolveResult};
use serde::{Deserialize, Serialize};

use super::list;
use crate::auth::{Action, Identity};
use crate::conflicts::{listed, view};
use crate::http::input::Input;
use crate::http::problem::Problem;
use crate::processor::Answer;
use crate::state::AppState;
use crate::store::ConflictQuery;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/conflicts", get(conflicts))
        .route("/api/v1/conflicts/{id}", get(one))
        .route("/api/v1/conflicts/{id}/resolve", post(resolve))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConflictParams {
    status: Option<ConflictStatus>,
    kind: Option<ConflictKind>,
    sku: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Conflicts {
    conflicts: Vec<ConflictView>,
    next_cursor: Option<String>,
}

async fn conflicts(
    State(state): State<AppState>,
    identity: Identity,
    params: Result<Query<ConflictParams>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Conflicts>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/conflicts")?;
    let Query(params) = params.map_err(|error| Problem::bad_request(error.body_text()))?;
    let limit = list::limit(params.limit)?;
    let query = ConflictQuery {
        status: params.status,
        kind: params.kind,
        sku: params.sku,
        before: list::number(params.cursor.as_deref())?,
        limit,
        ..ConflictQuery::default()
    };
    let store = state.ledger.store().as_ref();
    let conflicts = store.conflicts(&query).await?;
    let full = conflicts.len() == limit as usize;
    let next_cursor = conflicts.last().filter(|_| full).map(|last| last.id.number().to_string());
    Ok(Json(Conflicts { conflicts: listed(store, conflicts).await?, next_cursor }))
}

fn missing() -> Problem {
    Problem::not_found("There is no conflict of this id.")
}

async fn find(state: &AppState, id: &str) -> Result<Conflict, Problem> {
    let id: ConflictId = id.parse().map_err(|_| missing())?;
    state.ledger.store().conflict(id).await?.ok_or_else(missing)
}

/// What the options that need something are tried out with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenParams {
    sku: Option<Sku>,
    location: Option<LocationId>,
    /// A JSON array, as in the body of a resolution.
    lines: Option<String>,
}

async fn one(
    State(state): State<AppState>,
    identity: Identity,
    Path(id): Path<String>,
    params: Result<Query<GivenParams>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<ConflictView>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/conflicts/{id}")?;
    let Query(GivenParams { sku, location, lines }) =
        params.map_err(|error| Problem::bad_request(error.body_text()))?;
    let lines: Option<Vec<CancelledPart>> =
        lines.map(|lines| serde_json::from_str(&lines)).transpose().map_err(|error| {
            Problem::bad_request(format!("lines must be a JSON array of lines to cancel: {error}"))
        })?;
    let conflict = find(&state, &id).await?;
    let given = Given { sku, location, lines: lines.unwrap_or_default() };
    Ok(Json(view(&state, conflict, &given).await?))
}

async fn resolve(
    State(state): State<AppState>,
    identity: Identity,
    Path(id): Path<String>,
    body: Result<Input<ResolveRequest>, Problem>,
) -> Result<Json<ResolveResult>, Problem> {
    state.auth.require(&identity, Action::ResolveConflict, &id)?;
    let Input(request) = body?;
    let conflict = find(&state, &id).await?;
    let choice = Choice {
        conflict: conflict.id,
        option: request.option,
        expected_version: request.expected_version,
        note: request.note,
        sku: request.sku,
        location: request.location,
        lines: request.lines,
    };
    match state.ledger.resolve(choice, Arc::from(identity.actor.as_str())).await? {
        Answer::Resolved(record) => Ok(Json(resolved(&record, conflict))),
        Answer::Refused(refused) => Err(refused.into()),
        Answer::Event(_) | Answer::Group(_) | Answer::Preview { .. } => {
            Err(Problem::unavailable("The ledger gave no answer to the resolution."))
        }
    }
}

fn resolved(record: &Record, before: Conflict) -> ResolveResult {
    let conflict = record.changes.iter().find_map(|change| match change {
        Change::Conflict(conflict) if conflict.id == before.id => Some(conflict.as_ref().clone()),
        _ => None,
    });
    ResolveResult {
        conflict: conflict.unwrap_or(before),
        event: record.event_ref(),
        effects: record.effects.clone(),
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let detail = refused.to_string();
        let at = |pointer: &str, detail: &str| {
            vec![FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() }]
        };
        match refused {
            Refused::NotOpen | Refused::Changed { .. } => Self::conflict(detail),
            Refused::NotOffered { .. } => {
                Self::invalid("The option is not offered.", at("/option", &detail))
            }
            Refused::Needs { field, problem } => {
                Self::invalid(detail, at(&format!("/{field}"), problem))
            }
            Refused::Impossible(_) => Self::invalid(detail, Vec::new()),
        }
    }
}
