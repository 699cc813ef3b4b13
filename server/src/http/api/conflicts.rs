//! `/api/v1/conflicts`: what waits for a person, and the decision.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use onhand::conflict::{CancelledPart, Choice, Conflict, ConflictKind, ConflictStatus};
use onhand::event::FieldError;
use onhand::id::{ConflictId, LocationId, Sku};
use onhand::ledger::Refused;
use onhand::record::{Change, Record};
use onhand::wire::conflict::{ConflictView, Given, ResolveRequest, ResolveResult};
use serde::{Deserialize, Serialize};

use super::list::{Limit, Place};
use crate::auth::{Action, Identity};
use crate::conflicts::{listed, view};
use crate::http::input::Input;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::http::typed::read_as;
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
    #[serde(default)]
    limit: Limit,
    cursor: Option<Place>,
}

#[derive(Serialize)]
struct Conflicts {
    conflicts: Vec<ConflictView>,
    next_cursor: Option<String>,
}

async fn conflicts(
    State(state): State<AppState>,
    identity: Identity,
    params: Result<Params<ConflictParams>, Problem>,
) -> Result<Json<Conflicts>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/conflicts")?;
    let Params(params) = params?;
    let query = ConflictQuery {
        status: params.status,
        kind: params.kind,
        sku: params.sku,
        before: params.cursor.map(|Place(number)| number),
        limit: params.limit.rows(),
        ..ConflictQuery::default()
    };
    let store = state.ledger.store().as_ref();
    let conflicts = store.conflicts(&query).await?;
    let full = params.limit.is_reached(conflicts.len());
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
    params: Result<Params<GivenParams>, Problem>,
) -> Result<Json<ConflictView>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/conflicts/{id}")?;
    let Params(GivenParams { sku, location, lines }) = params?;
    let lines = lines.as_deref().map(read_lines).transpose()?.unwrap_or_default();
    let conflict = find(&state, &id).await?;
    let given = Given { sku, location, lines };
    Ok(Json(view(&state, conflict, &given).await?))
}

/// The lines to cancel, written as in the body of a resolution.
fn read_lines(lines: &str) -> Result<Vec<CancelledPart>, Problem> {
    let wrong = |detail: String| {
        let detail = format!("must be a JSON array of lines to cancel: {detail}");
        Problem::bad_parameter("lines", detail)
    };
    let value = serde_json::from_str(lines).map_err(|error| wrong(error.to_string()))?;
    read_as(&value).map_err(|error| {
        let place = if error.pointer.is_empty() { "it" } else { &error.pointer };
        wrong(format!("{place} {}", error.detail))
    })
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
            Refused::Unused { field, .. } => {
                let errors = at(&format!("/{field}"), &detail);
                Self::invalid("The option does not take it.", errors)
            }
            Refused::Impossible(_) => Self::invalid(detail, Vec::new()),
        }
    }
}
