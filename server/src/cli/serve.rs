//! `onhand serve`.

use std::io::{self, Write as _};
use std::sync::Arc;

use anyhow::Context as _;
use tokio::signal;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::demo::{self, Demo};
use crate::server::Server;

/// Serves until the process is asked to stop.
pub(super) async fn serve(config: Config) -> anyhow::Result<()> {
    // Before the start, so that a signal during it is not lost.
    let stop = stop_signal().context("signals cannot be received")?;
    open_many_files();
    let server = Server::start(config, Arc::new(SystemClock)).await?;
    // For scripts that wait for the address: with port 0 there is no other way to know it.
    writeln!(io::stdout(), "Onhand serves http://{}", server.address())?;
    io::stdout().flush()?;
    stop.await;
    tracing::info!("stopping: requests that have begun are finished");
    server.stop().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Serves a demo until the process is asked to stop.
pub(super) async fn demo(config: Config) -> anyhow::Result<()> {
    let stop = stop_signal().context("signals cannot be received")?;
    // In a demo an unknown SKU is created on first sight (contract.md section 3.3, rule 7).
    let config = Config { create_unknown_skus: true, ..config };
    open_many_files();
    demo::prepare(&config, &SystemClock).await?;
    let server = Server::start_with(config, Arc::new(SystemClock), demo::users()).await?;
    let demo = Demo::start(&server).await?;
    let mut out = io::stdout();
    writeln!(out, "Onhand serves http://{}", server.address())?;
    writeln!(out, "Three simulated shops are selling. Sign in as one of:")?;
    for (email, password, role) in demo::users() {
        writeln!(out, "  {role:<10} {email:<24} {password}")?;
    }
    out.flush()?;
    stop.await;
    demo.stop().await;
    server.stop().await
}

/// Asks for room for as many connections as the system allows. With fewer the server runs too.
fn open_many_files() {
    #[cfg(unix)]
    if let Err(error) = crate::limits::open_many_files() {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Registers for SIGTERM and Ctrl-C; the future waits for either.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    let (mut terminate, mut interrupt) = (
        signal::unix::signal(signal::unix::SignalKind::terminate())?,
        signal::unix::signal(signal::unix::SignalKind::interrupt())?,
    );
    Ok(async move {
        #[cfg(unix)]
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        let _ = signal::ctrl_c().await;
    })
}
