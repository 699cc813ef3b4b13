//! Ledgers to measure on, written as `onhand bench seed` writes them.

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use onhand::event::Event;
use onhand_server::bench;
use onhand_server::config::Config;
use onhand_server::server::settings;

/// Writes events into a new ledger in `folder`; each has to be applied. Gives the journal's length.
pub async fn write(
    folder: &Path,
    what: &str,
    events: impl Iterator<Item = Event> + Send + 'static,
) -> anyhow::Result<u64> {
    let begun = Instant::now();
    let written = bench::write(folder, settings(&Config::default()), events, |_| ()).await?;
    ensure!(written.not_applied == 0, "{} events were not applied", written.not_applied);
    let (seq, taken_s) = (written.seq, begun.elapsed().as_secs_f64());
    eprintln!("   {what}: {seq} events in {taken_s:.1} s");
    Ok(seq)
}
