//! The whole server as one thing that can be started and stopped, by the program as by tests.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::auth::{Auth, SessionCookie, SessionRules};
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{Control, Notes};
use crate::http::assets::Site;
use crate::http::health::Readiness;
use crate::http::{listener, router};
use crate::shutdown::Shutdown;
use crate::state::AppState;

/// A server that runs.
pub struct Server {
    state: AppState,
    http: JoinHandle<()>,
}

impl Server {
    /// Starts everything; from here on requests are answered.
    ///
    /// # Errors
    /// When the data cannot be opened or the address cannot be listened on; the message says which.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let control = Control::open(&config.data).await?;
        let site = Site::load(config.site_dir.as_deref())?;
        tracing::info!(origin = site.origin(), "the website comes from {}", site.origin());
        let listener = TcpListener::bind(&config.listen)
            .await
            .with_context(|| format!("{} cannot be listened on", config.listen))?;
        let address = listener.local_addr()?;
        let notes = Notes::start(control.clone(), Arc::clone(&clock));
        let rules = session_rules(&config, address);
        let auth = Auth::new(control.clone(), notes.clone(), Arc::clone(&clock), rules);
        let state = AppState {
            config: Arc::new(config),
            address,
            clock,
            control,
            notes,
            auth: Arc::new(auth),
            site: Arc::new(site),
            readiness: Readiness::default(),
            shutdown: Shutdown::default(),
        };
        state.readiness.ready("control");
        let app = router::router(state.clone());
        let connections_max = state.config.connections_max;
        let serving = listener::serve(listener, app, connections_max, state.shutdown.clone());
        Ok(Self { state, http: tokio::spawn(serving) })
    }

    /// The address that the server listens on, with the real port.
    pub const fn address(&self) -> SocketAddr {
        self.state.address
    }

    /// What the handlers share.
    pub const fn state(&self) -> &AppState {
        &self.state
    }

    /// Stops taking requests, lets those that have begun finish, and closes everything: within
    /// 10 seconds.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { state, http } = self;
        state.shutdown.request();
        http.await.context("the listener failed")?;
        state.notes.flush().await;
        state.control.close().await;
        Ok(())
    }
}

fn session_rules(config: &Config, address: SocketAddr) -> SessionRules {
    let micros = |time: std::time::Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    SessionRules {
        lifetime_us: micros(config.session_lifetime()),
        idle_us: micros(config.session_idle()),
        cookie: SessionCookie::new(config.cookies_are_secure(address)),
    }
}
