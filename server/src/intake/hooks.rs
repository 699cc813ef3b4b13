//! `POST /hooks/{channel}`: a shop tells what happened. The signature over the raw body comes
//! first; without it nothing is learned, not even whether there is such a channel. Then what the
//! delivery says is made durable, and only then it is answered.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use onhand::event::{Event, EventData};
use onhand::id::ChannelId;
use onhand::ledger::Input;
use onhand::record::Outcome;

use super::webhooks::{self, Delivery, DeliveryError, SigningSecret};
use crate::http::limits::HOOK_LIMIT_BYTES;
use crate::http::problem::Problem;
use crate::processor::Answer;
use crate::state::AppState;

/// Seconds after which a shop should send again what could not be taken.
const RETRY_AFTER_S: u32 = 2;
/// A delivery whose event does not fit the schema: sending it again would not help.
const INVALID: &str = "invalid";
/// A delivery that has not the shape which its topic promises.
const UNREADABLE: &str = "unreadable";

/// The route.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/hooks/{channel}", post(receive))
        .layer(DefaultBodyLimit::max(HOOK_LIMIT_BYTES))
}

async fn receive(
    State(state): State<AppState>,
    Path(channel): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(channel) = verified(&state, &channel, &headers, &body) else {
        return (StatusCode::UNAUTHORIZED, "unauthorized").into_response();
    };
    let Some(listings) = state.channels.listings(&channel) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match webhooks::read(&channel, &headers, &body, &listings) {
        Ok(Delivery::Events(events)) => submit(&state, &channel, events).await,
        Ok(Delivery::Ignored(reason)) => {
            state.channels.count_ignored(&channel, reason.as_str());
            StatusCode::OK.into_response()
        }
        Err(error) => {
            tracing::warn!(%channel, %error, "a signed delivery cannot be read");
            state.channels.count_ignored(&channel, UNREADABLE);
            match error {
                DeliveryError::Value { .. } => Problem::invalid(error.to_string(), Vec::new()),
                DeliveryError::Header { .. } | DeliveryError::Body { .. } => {
                    Problem::bad_request(error.to_string())
                }
            }
            .into_response()
        }
    }
}

/// The channel, if it signed the body.
fn verified(
    state: &AppState,
    channel: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<ChannelId> {
    let secrets = state.channels.webhook_secrets(channel);
    // A channel that does not exist, or has no secret, takes as long as a wrong signature.
    let nobody = || SigningSecret::new("onhand").into_iter().collect();
    let known = !secrets.is_empty();
    let secrets: Vec<SigningSecret> = if known { secrets } else { nobody() };
    let signed = webhooks::verify(headers, body, &secrets).is_ok();
    if known && signed {
        return ChannelId::new(channel).ok();
    }
    // What somebody made up is not repeated: it must not fill the log.
    let target = if known { format!("channel {channel}") } else { "no channel".to_owned() };
    state.notes.refused("anonymous", "webhook", &target, "the signature does not hold");
    None
}

async fn submit(state: &AppState, channel: &ChannelId, events: Vec<Event>) -> Response {
    let news = |event: &Event| match &event.data {
        EventData::ChannelLevelReported(level) => {
            state.channels.reported(channel, &level.listing, level.quantity)
        }
        _ => true,
    };
    let inputs: Vec<Input> = events.into_iter().filter(news).map(Input::Event).collect();
    if inputs.is_empty() {
        return StatusCode::OK.into_response();
    }
    let actor: Arc<str> = Arc::from(format!("channel:{channel}"));
    match state.ledger.submit(inputs, actor).await {
        Ok(answers) => {
            for answer in &answers {
                if let Answer::Event(result) = answer
                    && result.outcome == Outcome::Invalid
                {
                    tracing::warn!(%channel, errors = ?result.errors, "a delivery is invalid");
                    state.channels.count_ignored(channel, INVALID);
                }
            }
            StatusCode::OK.into_response()
        }
        Err(error) => Problem::from(error).retry_after(RETRY_AFTER_S).into_response(),
    }
}
