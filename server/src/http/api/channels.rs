//! `/api/v1/channels`: the channels, what they sell and what they show (contract.md section 6).
//! Secrets are written here and never read.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use onhand::conflict::{Choice, ConflictKind, ConflictStatus, ResolutionOption};
use onhand::id::{ChannelId, ListingId, NameError, Sku, Text};
use onhand::ledger::Refused;
use onhand::wire::channel::{ChannelMode, ChannelStatus, PublicationRow, PublicationState};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::list::{self, Limit, PageParams};
use crate::auth::{Action, Identity};
use crate::control::{AuditEntry, AuditOutcome, Channel, ControlError, Listing};
use crate::http::input::Input;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::processor::Answer;
use crate::state::AppState;
use crate::store::ConflictQuery;
use crate::sync::ChannelError;

/// Times that the question about a listing is answered, if it changes meanwhile.
const ANSWER_TRIES_MAX: usize = 5;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/api/v1/channels", get(channels))
        .route("/api/v1/channels/{channel}", get(one).put(put_channel))
        .route("/api/v1/channels/{channel}/listings/{listing}", put(put_listing))
        .route("/api/v1/channels/{channel}/publications", get(publications))
        .route("/api/v1/channels/{channel}/pause", post(pause))
        .route("/api/v1/channels/{channel}/resume", post(resume))
        .route("/api/v1/channels/{channel}/reconcile", post(reconcile))
}

#[derive(Serialize)]
struct ChannelList {
    channels: Vec<ChannelStatus>,
    next_cursor: Option<String>,
}

/// What a channel is to be set to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChannelForm {
    kind: String,
    #[serde(default)]
    name: Option<Text>,
    #[serde(default = "live")]
    mode: ChannelMode,
    #[serde(default)]
    settings: Map<String, Value>,
    /// Without it a channel keeps the secrets that it has.
    #[serde(default)]
    secrets: Option<Map<String, Value>>,
    #[serde(default)]
    policy: Map<String, Value>,
}

const fn live() -> ChannelMode {
    ChannelMode::Live
}

/// What a channel is set to, without its secrets.
#[derive(Serialize)]
struct ChannelView {
    channel: ChannelId,
    kind: String,
    name: String,
    mode: ChannelMode,
    settings: Value,
    policy: Value,
    status: Option<ChannelStatus>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListingForm {
    sku: Sku,
    external: Map<String, Value>,
    #[serde(default)]
    policy: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicationParams {
    state: Option<PublicationState>,
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Publications {
    publications: Vec<PublicationRow>,
    next_cursor: Option<String>,
}

impl From<ChannelError> for Problem {
    fn from(error: ChannelError) -> Self {
        match error {
            ChannelError::Unknown(_) | ChannelError::Control(ControlError::Missing(_)) => missing(),
            ChannelError::Invalid(errors) => Self::unfit(errors),
            ChannelError::Store(error) => error.into(),
            ChannelError::Control(_) | ChannelError::Client(_) => {
                Self::unavailable_because("The channel cannot be changed", &error)
            }
        }
    }
}

fn missing() -> Problem {
    Problem::not_found("There is no channel of this id.")
}

fn known(channel: &str) -> Result<ChannelId, Problem> {
    ChannelId::new(channel).map_err(|_| missing())
}

/// A name in the path under which something new is to be set up.
fn new_name<T: std::str::FromStr<Err = NameError>>(what: &str, name: &str) -> Result<T, Problem> {
    name.parse().map_err(|error: NameError| {
        let detail = format!("The {what}'s id in the path {error}.");
        Problem::invalid(detail, Vec::new())
    })
}

/// Writes a privileged act down before its author hears that it is done.
async fn audit(
    state: &AppState,
    identity: &Identity,
    action: &str,
    target: String,
    detail: &str,
) -> Result<(), Problem> {
    let entry = AuditEntry {
        actor: identity.actor.clone(),
        action: action.to_owned(),
        target,
        detail: detail.to_owned(),
        outcome: AuditOutcome::Done,
    };
    let written = state.control.audit(state.clock.now(), &entry).await;
    written.map_err(|error| Problem::unavailable_because("The audit log cannot be written", &error))
}

async fn channels(
    State(state): State<AppState>,
    identity: Identity,
    params: Result<Params<PageParams>, Problem>,
) -> Result<Json<ChannelList>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/channels")?;
    let Params(params) = params?;
    let channels = state.channels.statuses();
    let (channels, next_cursor) = list::page(channels, &params, |it| it.channel.as_str())?;
    Ok(Json(ChannelList { channels, next_cursor }))
}

fn view(state: &AppState, channel: &ChannelId) -> Result<ChannelView, Problem> {
    let Channel { channel, kind, name, mode, settings, policy, secrets: _ } =
        state.channels.channel(channel).ok_or_else(missing)?;
    let status = state.channels.status(&channel);
    Ok(ChannelView { channel, kind, name, mode, settings, policy, status })
}

async fn one(
    State(state): State<AppState>,
    identity: Identity,
    Path(channel): Path<String>,
) -> Result<Json<ChannelView>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/channels/{channel}")?;
    Ok(Json(view(&state, &known(&channel)?)?))
}

async fn put_channel(
    State(state): State<AppState>,
    identity: Identity,
    Path(channel): Path<String>,
    form: Result<Input<ChannelForm>, Problem>,
) -> Result<Json<ChannelStatus>, Problem> {
    state.auth.require(&identity, Action::Administer, &format!("channel {channel}"))?;
    let Input(form) = form?;
    let channel: ChannelId = new_name("channel", &channel)?;
    let row = Channel {
        channel: channel.clone(),
        name: form.name.map_or_else(|| channel.to_string(), |name| name.to_string()),
        kind: form.kind,
        mode: form.mode,
        settings: Value::Object(form.settings),
        policy: Value::Object(form.policy),
        secrets: Value::Object(form.secrets.clone().unwrap_or_default()),
    };
    let detail = format!("kind {}, mode {}", row.kind, row.mode.as_str());
    let detail = if form.secrets.is_some() { format!("{detail}, with secrets") } else { detail };
    let status = state.channels.put_channel(row, form.secrets.is_none()).await?;
    audit(&state, &identity, "channel.put", format!("channel {channel}"), &detail).await?;
    Ok(Json(status))
}

async fn put_listing(
    State(state): State<AppState>,
    identity: Identity,
    Path((channel, listing)): Path<(String, String)>,
    form: Result<Input<ListingForm>, Problem>,
) -> Result<Json<ChannelStatus>, Problem> {
    let target = format!("channel {channel}, listing {listing}");
    state.auth.require(&identity, Action::Administer, &target)?;
    let Input(ListingForm { sku, external, policy }) = form?;
    let channel = known(&channel)?;
    let listing: ListingId = new_name("listing", &listing)?;
    let row = Listing {
        channel: channel.clone(),
        listing: listing.clone(),
        sku: sku.clone(),
        external: Value::Object(external),
        policy: policy.map(Value::Object),
    };
    state.channels.put_listings(&channel, vec![row]).await?;
    audit(&state, &identity, "listing.put", target, &format!("sells {sku}")).await?;
    answer_question(&state, &identity, (channel.clone(), listing), sku).await?;
    Ok(Json(state.channels.status(&channel).ok_or_else(missing)?))
}

/// Whoever sets a listing up has said which item it is: what was reported of it goes on. Where that
/// is no item that is known, the question stays open.
async fn answer_question(
    state: &AppState,
    identity: &Identity,
    listing: (ChannelId, ListingId),
    sku: Sku,
) -> Result<(), Problem> {
    let query = ConflictQuery {
        status: Some(ConflictStatus::Open),
        kind: Some(ConflictKind::Unmapped),
        listing: Some(listing),
        limit: 1,
        ..ConflictQuery::default()
    };
    // One that is on its way may change the conflict meanwhile.
    for _ in 0..ANSWER_TRIES_MAX {
        let Some(open) = state.ledger.store().conflicts(&query).await?.pop() else { break };
        let choice = Choice {
            conflict: open.id,
            option: ResolutionOption::Map,
            expected_version: open.version,
            note: None,
            sku: Some(sku.clone()),
            location: None,
            lines: Vec::new(),
        };
        let actor = Arc::from(identity.actor.as_str());
        let answer = state.ledger.resolve(choice, actor).await?;
        if !matches!(answer, Answer::Refused(Refused::Changed { .. } | Refused::NotOpen)) {
            break;
        }
    }
    Ok(())
}

async fn publications(
    State(state): State<AppState>,
    identity: Identity,
    Path(channel): Path<String>,
    params: Result<Params<PublicationParams>, Problem>,
) -> Result<Json<Publications>, Problem> {
    state.auth.require(&identity, Action::See, "GET /api/v1/channels/{channel}/publications")?;
    let Params(params) = params?;
    let limit = params.limit.rows() as usize;
    let mut rows = state.channels.publications(&known(&channel)?).ok_or_else(missing)?;
    rows.retain(|row| params.state.is_none_or(|state| row.state == state));
    if let Some(cursor) = &params.cursor {
        rows.retain(|row| row.listing.as_str() > cursor.as_str());
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| row.listing.to_string());
    Ok(Json(Publications { publications: rows, next_cursor }))
}

async fn pause(
    state: State<AppState>,
    identity: Identity,
    channel: Path<String>,
) -> Result<Json<ChannelStatus>, Problem> {
    set_paused(state, identity, channel, true).await
}

async fn resume(
    state: State<AppState>,
    identity: Identity,
    channel: Path<String>,
) -> Result<Json<ChannelStatus>, Problem> {
    set_paused(state, identity, channel, false).await
}

async fn set_paused(
    State(state): State<AppState>,
    identity: Identity,
    Path(channel): Path<String>,
    paused: bool,
) -> Result<Json<ChannelStatus>, Problem> {
    let target = format!("channel {channel}");
    state.auth.require(&identity, Action::SteerChannel, &target)?;
    let status = state.channels.set_paused(&known(&channel)?, paused).await?;
    let action = if paused { "channel.pause" } else { "channel.resume" };
    audit(&state, &identity, action, target, status.mode.as_str()).await?;
    Ok(Json(status))
}

async fn reconcile(
    State(state): State<AppState>,
    identity: Identity,
    Path(channel): Path<String>,
) -> Result<Json<ChannelStatus>, Problem> {
    let target = format!("channel {channel}");
    state.auth.require(&identity, Action::SteerChannel, &target)?;
    let status = state.channels.reconcile(&known(&channel)?)?;
    audit(&state, &identity, "channel.reconcile", target, "").await?;
    Ok(Json(status))
}
