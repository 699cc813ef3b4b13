//! `/api/v1/events`: in, and the journal out.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use onhand::event::{Event, Invalid, TYPES};
use onhand::id::{EventId, Source};
use onhand::record::Outcome;
use onhand::wire::EventResults;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::list::{Limit, Place};
use crate::auth::{Action, Identity};
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::intake::events::{BadRequest, REQUEST_BYTES_MAX, read};
use crate::intake::submit::submit;
use crate::state::AppState;
use crate::store::{JournalQuery, JournalRow};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/events", post(take).layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX)))
        .route("/api/v1/events", get(journal))
        .route("/api/v1/events/{source}/{id}", get(one))
}

impl From<BadRequest> for Problem {
    fn from(error: BadRequest) -> Self {
        match error {
            BadRequest::Malformed(_) => Self::bad_request(error.to_string()),
            BadRequest::TooMany(_) => Self::too_many(error.to_string()),
            BadRequest::ContentType => Self::unsupported_media_type(error.to_string()),
        }
    }
}

/// Takes events; answers when their outcome is durable.
async fn take(
    State(state): State<AppState>,
    identity: Identity,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<EventResults>, Problem> {
    let body = body.map_err(|rejection| match rejection.status() {
        axum::http::StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(REQUEST_BYTES_MAX),
        _ => Problem::bad_request("the body could not be read to its end"),
    })?;
    // Whoever may not post anything learns nothing about the body.
    state.auth.require(&identity, Action::PostEvent("stock.adjusted"), "POST /api/v1/events")?;
    let mut events = read(&headers, &body)?;
    authorise(&state, &identity, &events)?;
    for event in events.iter_mut().flatten() {
        state.channels.look_up(event);
    }
    let results = submit(&state.ledger, events, Arc::from(identity.actor.as_str())).await?;
    Ok(Json(EventResults { results }))
}

/// One event that the role may not post refuses the whole request (contract.md section 10), also if
/// it does not fit the schema.
fn authorise(
    state: &AppState,
    identity: &Identity,
    events: &[Result<Event, Invalid>],
) -> Result<(), Problem> {
    for event in events {
        let sent = match event {
            Ok(event) => Some(event.event_type()),
            Err(invalid) => invalid.event_type.as_deref(),
        };
        let Some(event_type) = TYPES.into_iter().find(|known| Some(*known) == sent) else {
            continue;
        };
        let action = Action::PostEvent(event_type);
        if !state.auth.may(identity, action) {
            let target = match event {
                Ok(event) => format!("{} {}", event.source, event.id),
                Err(_) => "an event that does not fit".to_owned(),
            };
            state.auth.require(identity, action, &target)?;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalParams {
    after: Option<u64>,
    #[serde(rename = "type")]
    event_type: Option<KnownType>,
    source: Option<String>,
    sku: Option<String>,
    order: Option<String>,
    outcome: Option<Outcome>,
    #[serde(default)]
    limit: Limit,
    cursor: Option<Place>,
}

/// The type asked for. A misspelt one would be answered as if nothing of it had happened.
struct KnownType(String);

impl<'de> Deserialize<'de> for KnownType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if TYPES.contains(&name.as_str()) {
            return Ok(Self(name));
        }
        Err(D::Error::custom(format!("must be one of {}", TYPES.join(", "))))
    }
}

async fn journal(
    State(state): State<AppState>,
    identity: Identity,
    params: Result<Params<JournalParams>, Problem>,
) -> Result<Response, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/events")?;
    let Params(params) = params?;
    let query = JournalQuery {
        after: params.cursor.map(|Place(seq)| seq).or(params.after),
        event_type: params.event_type.map(|KnownType(name)| name),
        source: params.source,
        sku: params.sku,
        order: params.order,
        outcome: params.outcome,
        limit: params.limit.rows(),
        ..JournalQuery::default()
    };
    let rows = state.ledger.store().journal(&query).await?;
    let full = params.limit.is_reached(rows.len());
    let next = rows.last().filter(|_| full).map(|row| row.seq);
    Ok(json(events_body(&rows, next)))
}

async fn one(
    State(state): State<AppState>,
    identity: Identity,
    Path((source, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/events/{source}/{id}")?;
    let missing = || Problem::not_found("No event of this source and id is recorded.");
    let source = Source::new(source).map_err(|_| missing())?;
    let id = EventId::new(id).map_err(|_| missing())?;
    let rows = state.ledger.store().journal_of(&source, &id).await?;
    rows.first().map(|row| json(event_body(row))).ok_or_else(missing)
}

fn json(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// A row of the journal: the stored record as it is, with what has become of it beside it.
pub(crate) fn event_body(row: &JournalRow) -> Vec<u8> {
    let mut body = row.bytes.clone();
    let outcome = row.final_outcome.map(|it| format!(",\"final_outcome\":\"{}\"", it.as_str()));
    let decided = row.decided_by.as_ref().map(|by| {
        let by = serde_json::to_string(by).unwrap_or_default();
        format!(",\"decided_by\":{by}")
    });
    let reversed = row.reversed_by.map(|seq| format!(",\"reversed_by\":{seq}"));
    if body.last() == Some(&b'}') {
        body.pop();
        for member in outcome.into_iter().chain(decided).chain(reversed) {
            body.extend_from_slice(member.as_bytes());
        }
        body.push(b'}');
    }
    body
}

fn events_body(rows: &[JournalRow], next: Option<u64>) -> Vec<u8> {
    let mut body = b"{\"events\":[".to_vec();
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&event_body(row));
    }
    let next = next.map_or("null".to_owned(), |next| format!("\"{next}\""));
    body.extend_from_slice(format!("],\"next_cursor\":{next}}}").as_bytes());
    body
}
