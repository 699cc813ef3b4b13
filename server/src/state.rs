//! What handlers share.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{Control, Notes};
use crate::http::assets::Site;
use crate::http::health::Readiness;
use crate::shutdown::Shutdown;

/// What handlers share. Cheap to clone: each part is a handle.
#[derive(Clone)]
pub struct AppState {
    /// How the server is set.
    pub config: Arc<Config>,
    /// The address that the server listens on, with the real port.
    pub address: SocketAddr,
    /// The server's clock.
    pub clock: Arc<dyn Clock>,
    /// Users, sessions, tokens, the audit log, channels and listings.
    pub control: Control,
    /// Refusals for the audit log.
    pub notes: Notes,
    /// Who is asking, and may they.
    pub auth: Arc<Auth>,
    /// The website's files.
    pub site: Arc<Site>,
    /// What each part says of itself.
    pub readiness: Readiness,
    /// The wish to stop.
    pub shutdown: Shutdown,
}
