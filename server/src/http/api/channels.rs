//! `/api/v1/channels`: set up, paused, looked at (contract.md section 6). Secrets go in and never
//! come out.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use onhand::id::{ChannelId, ListingId, Sku};
use onhand::wire::channel::{ChannelMode, ChannelStatus, PublicationRow};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::auth::{Action, Identity};
use crate::control::{Channel, Listing};
use crate::http::problem::Problem;
use crate::state::AppState;
use crate::sync::ChannelError;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/channels", get(all))
        .route("/api/v1/channels/{channel}", put(set_up))
        .route("/api/v1/channels/{channel}/listings/{listing}", put(list))
        .route("/api/v1/channels/{channel}/pause", post(pause))
        .route("/api/v1/channels/{channel}/resume", post(resume))
        .route("/api/v1/channels/{channel}/reconcile", post(reconcile))
        .route("/api/v1/channels/{channel}/publications", get(publications))
}

impl From<ChannelError> for Problem {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::Unknown(_) => Self::not_found(error.to_string()),
            ChannelError::Invalid(errors) => Self::invalid("The channel does not fit.", errors),
            ChannelError::Control(_) | ChannelError::Store(_) | ChannelError::Client(_) => {
                Self::unavailable_because("The channel cannot be worked with", &error)
            }
        }
    }
}

#[derive(Serialize)]
struct Channels {
    channels: Vec<ChannelStatus>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct Publications {
    publications: Vec<PublicationRow>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelBody {
    kind: String,
    name: String,
    mode: ChannelMode,
    #[serde(default)]
    settings: Map<String, Value>,
    secrets: Option<Map<String, Value>>,
    #[serde(default)]
    policy: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListingBody {
    sku: Sku,
    external: Map<String, Value>,
    policy: Option<Map<String, Value>>,
}

/// A body, or what is wrong with it.
fn read<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, Problem> {
    match body {
        Ok(Json(body)) => Ok(body),
        Err(JsonRejection::JsonDataError(error)) => {
            Err(Problem::invalid(error.body_text(), Vec::new()))
        }
        Err(other) => Err(Problem::bad_request(other.body_text())),
    }
}

fn named(channel: String) -> Result<ChannelId, Problem> {
    ChannelId::new(channel).map_err(|error| Problem::bad_request(format!("channel {error}")))
}

async fn all(State(state): State<AppState>, identity: Identity) -> Result<Json<Channels>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/channels")?;
    Ok(Json(Channels { channels: state.channels.statuses(), next_cursor: None }))
}

async fn set_up(
    State(state): State<AppState>,
    identity: Identity,
    Path(channel): Path<String>,
    body: Result<Json<ChannelBody>, JsonRejection>,
) -> Result<Json<ChannelStatus>, Problem> {
    state.auth.require(&identity, Action::Administer, &format!("channel {channel}"))?;
    let channel = named(channel)?;
    let ChannelBody { kind, name, mode, settings, secrets, policy } = read(body)?;
    let keep_secrets = secrets.is_none();
    let row = Channel {
        channel,
        kind,
        name,
        mode,
        settings: Value::Object(settings),
        secrets: Value::Object(secrets.unwrap_or_default()),
        policy: Value::Object(policy),
    };
    Ok(Json(state.channels.put_channel(row, keep_secrets).await?))
}

async fn list(
    State(state): State<AppState>,
    identity: Identity,
    Path((channel, listing)): Path<(String, String)>,
    body: Result<Json<ListingBody>, JsonRejection>,
) -> Result<Json<ChannelStatus>, Problem> {
    state.auth.require(&identity, Action::Administer, &format!("listing {channel}/{listing}"))?;
    let channel = named(channel)?;
    let listing = ListingId::new(listing)
        .map_err(|error| Problem::bad_request(format!("listing {error}")))?;
    let ListingBody { sku, external, policy } = read(body)?;
    let row = Listing {
        channel: channel.clone(),
        listing,
        sku,
        external: Value::Object(external),
        policy: policy.map(Value::Object),
    };
    state.channels.put_listings(&channel, vec![row]).await?;
    status(&state, channel)
}

fn status(state: &AppState, channel: ChannelId) -> Result<Json<ChannelStatus>, Problem> {
    let status = state.channels.status(&channel);
    Ok(Json(status.ok_or(ChannelError::Unknown(channel))?))
}

async fn pause(
    State(state): State<AppState>,
    identity: Identity,
    Path(channel): Path<String>,
) -> Result<Json<ChannelStatus>, Problem> {
    steer(&state, &identity, channel, true).await
}

async fn resume(
    State(state): State<AppState>,
    identity: Identity,
    Path(channel): Path<String>,
) -> Result<Json<ChannelStatus>, Problem> {
    steer(&state, &identity, channel, false).await
}

async fn steer(
    state: &AppState,
    identity: &Identity,
    channel: String,
    paused: bool,
) -> Result<Json<ChannelStatus>, Problem> {
    state.auth.require(identity, Action::SteerChannel, &format!("channel {channel}"))?;
    let channel = named(channel)?;
    state.channels.set_paused(&channel, paused).await?;
    status(state, channel)
}

async fn reconcile(
    State(state): State<AppState>,
    identity: Identity,
    Path(channel): Path<String>,
) -> Result<Json<ChannelStatus>, Problem> {
    state.auth.require(&identity, Action::SteerChannel, &format!("channel {channel}"))?;
    Ok(Json(state.channels.reconcile(&named(channel)?)?))
}

async fn publications(
    State(state): State<AppState>,
    identity: Identity,
    Path(channel): Path<String>,
) -> Result<Json<Publications>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/channels/{channel}/publications")?;
    let channel = named(channel)?;
    let rows = state.channels.publications(&channel);
    let publications = rows.ok_or(ChannelError::Unknown(channel))?;
    Ok(Json(Publications { publications, next_cursor: None }))
}
