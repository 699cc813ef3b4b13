//! `onhand demo`: a ledger seeded with real shop history, three simulated shops with faults over real
//! HTTP, and one user per role.

mod play;
mod seed;
mod shops;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use onhand::wire::page::Role;
use tokio::task::JoinHandle;

use crate::auth::hash_password;
use crate::clock::Clock;
use crate::config::Config;
use crate::control::Control;
use crate::server::Server;
use shops::Shops;

/// The extract of the shop's log, gzipped (see `server/data/README.md`).
const LOG: &[u8] = include_bytes!("../../data/online-retail-extract.csv.gz");
/// The extract's file in the data folder.
const LOG_FILE: &str = "demo-shop-log.csv.gz";

/// One user per role, as (address, password, role). They are shown to everybody on the sign-in
/// page, so they exist in a demo only.
pub fn users() -> Vec<(String, String, String)> {
    Role::ALL
        .into_iter()
        .map(|role| {
            let name = role.as_str();
            (format!("{name}@demo.example"), format!("{name}-of-the-demo"), name.to_owned())
        })
        .collect()
}

/// A demo that runs beside its server.
pub struct Demo {
    shops: Shops,
    playing: JoinHandle<()>,
}

/// Makes the data folder a demo's: its users and the log that is played. Before the server starts.
///
/// # Errors
/// When the folder cannot be written.
pub async fn prepare(config: &Config, clock: &dyn Clock) -> anyhow::Result<()> {
    let control = Control::open(&config.data).await?;
    for (email, password, role) in users() {
        if control.user_by_email(&email).await?.is_none() {
            let role = Role::from_name(&role).context("a role")?;
            let hash = hash_password(&password).context("a demo password")?;
            control.create_user(&email, &hash, role, clock.now()).await?;
        }
    }
    control.close().await;
    std::fs::write(log_file(&config.data), LOG).context("the demo's log cannot be written")?;
    Ok(())
}

fn log_file(data: &Path) -> PathBuf {
    data.join(LOG_FILE)
}

impl Demo {
    /// Seeds the ledger if it is empty, opens the shops and lets customers in.
    ///
    /// # Errors
    /// Says what does not work.
    pub async fn start(server: &Server) -> anyhow::Result<Self> {
        let state = server.state().clone();
        let log = log_file(&state.config.data);
        if state.ledger.seq() == 0 {
            seed::seed(&state, &log).await?;
        }
        let shops = Shops::open(&state).await?;
        let customers = play::Customers::new(&state, &log, shops.doors())?;
        let shutdown = state.shutdown.clone();
        let playing = tokio::spawn(async move {
            tokio::select! {
                () = customers.come() => {}
                () = shutdown.requested() => {}
            }
        });
        Ok(Self { shops, playing })
    }

    /// Sends the customers home and closes the shops.
    pub async fn stop(self) {
        self.playing.abort();
        self.shops.close().await;
    }
}

/// The clock that everything in a demo shares.
type DemoClock = Arc<dyn Clock>;
