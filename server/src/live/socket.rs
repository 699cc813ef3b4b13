//! `/live`: the websocket's handshake. Who asks is known before it is answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use axum::Router;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{State, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::session::{self, Gate, Shared};
use crate::auth::{Auth, Credential, Identity};
use crate::http::problem::Problem;
use crate::http::security::comes_from_us;
use crate::state::AppState;

/// A client's frame at most, in bytes: a hello with a few thousand SKUs.
const CLIENT_FRAME_BYTES_MAX: usize = 256 * 1024;
/// What a connection reads at once, in bytes. All of it is zeroed before each attempt to read, and
/// kept by each connection: clients say little.
const READ_BUFFER_BYTES: usize = 512;
/// Connections of one person or program.
const CONNECTIONS_PER_ACTOR: usize = 6_000;
/// Connections in all.
const CONNECTIONS_MAX: u32 = 10_000;
/// Seconds after which a connection that was one too many is worth another try.
const CONNECTION_RETRY_S: u32 = 5;

/// The live side of a server.
#[derive(Debug)]
pub struct Live {
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
    /// Connections of each person or program.
    open: Mutex<HashMap<String, usize>>,
}

impl Live {
    /// Connections share this.
    pub fn new(shared: Shared) -> Self {
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX as usize));
        Self { shared: Arc::new(shared), places, open: Mutex::default() }
    }

    /// What connections share.
    pub const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Waits until every connection has ended. Once the server is to stop, each says bye.
    pub async fn ended(&self) {
        // Nobody closes the semaphore.
        let _ = self.places.acquire_many(CONNECTIONS_MAX).await;
    }

    /// A place for one more connection; `None` if there are enough.
    fn place(self: &Arc<Self>, actor: &str) -> Option<Seat> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.entry(actor.to_owned()).or_default();
        if *own >= CONNECTIONS_PER_ACTOR {
            return None;
        }
        *own += 1;
        Some(Seat { live: Arc::clone(self), actor: actor.to_owned(), _place: place })
    }
}

/// A connection's place; given back when it is dropped.
struct Seat {
    live: Arc<Live>,
    actor: String,
    _place: OwnedSemaphorePermit,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.live.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.actor) {
            *own -= 1;
            if *own == 0 {
                open.remove(&self.actor);
            }
        }
    }
}

/// Asks again and again whether the session or token still holds.
struct Holds {
    auth: Arc<Auth>,
    credential: Credential,
}

#[async_trait]
impl Gate for Holds {
    async fn holds(&self) -> bool {
        match self.auth.check(self.credential).await {
            Ok(identity) => identity.is_some(),
            // A store that cannot be asked revokes nothing.
            Err(error) => {
                tracing::warn!(%error, "a live connection's identity could not be checked");
                true
            }
        }
    }
}

/// `GET /live`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/live", get(live))
}

async fn live(
    State(state): State<AppState>,
    identity: Identity,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    // Browsers let every page open a websocket anywhere and send the cookie along.
    if matches!(identity.credential, Credential::Session(_)) && !comes_from_us(&headers, &state) {
        return Err(Problem::forbidden("The connection does not come from a page of this server."));
    }
    let upgrade = upgrade.map_err(|error| Problem::bad_request(error.body_text()))?;
    let seat = state.live.place(&identity.actor).ok_or_else(|| {
        Problem::too_many_requests("Too many live connections are open.", CONNECTION_RETRY_S)
    })?;
    let gate = Arc::new(Holds { auth: Arc::clone(&state.auth), credential: identity.credential });
    let shared = Arc::clone(state.live.shared());
    let shutdown = state.shutdown.clone();
    let upgrade = upgrade
        .max_message_size(CLIENT_FRAME_BYTES_MAX)
        .max_frame_size(CLIENT_FRAME_BYTES_MAX)
        .read_buffer_size(READ_BUFFER_BYTES)
        // A frame is written when it is sent: the session has one on its way at a time.
        .write_buffer_size(0);
    let response = upgrade.on_upgrade(move |socket| async move {
        session::run(socket, shared, gate, async move { shutdown.requested().await }).await;
        drop(seat);
    });
    Ok(response.into_response())
}
