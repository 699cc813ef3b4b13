//! `onhand verify`.

use std::io::{self, Write as _};
use std::time::Instant;

use crate::config::Config;
use crate::lock::LedgerLock;
use crate::server::{LEDGER_FILE, settings};
use crate::store::sqlite::SqliteStore;
use crate::verify::Stage;

/// Replays the journal, compares with the tables and says so.
pub(super) async fn verify(config: &Config) -> anyhow::Result<()> {
    let _lock = LedgerLock::take(&config.data)?;
    let store = SqliteStore::open(&config.data.join(LEDGER_FILE)).await?;
    let mut bar = super::progress::unmeasured("reading the tables");
    let mut shown = None;
    let begun = Instant::now();
    let verified = crate::verify::verify(&store, settings(config), |stage, done, all| {
        if shown.replace(stage) != Some(stage) {
            bar.finish_and_clear();
            bar = super::progress::events(all);
            bar.set_message(match stage {
                Stage::Replaying => "replaying",
                Stage::Comparing => "comparing documents",
            });
        }
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    let verified = verified?;
    let rate = rate(verified.seq, begun.elapsed());
    writeln!(io::stdout(), "seq {}\ndigest {}\n{rate} events/s", verified.seq, verified.digest)?;
    Ok(())
}

/// Whole events a second.
pub(super) fn rate(events: u64, time: std::time::Duration) -> u64 {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    events.saturating_mul(1_000_000) / micros
}
