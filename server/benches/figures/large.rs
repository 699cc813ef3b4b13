//! Large ledgers, written once by `onhand bench seed` and kept in `target/bench/ledgers`.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use onhand_server::bench::Plan;
use onhand_server::server::LEDGER_FILE;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::report::{Aim, Unit};
use super::{Bench, program};

/// A kept ledger is written anew once runs have added more than this share of its events: a run of
/// all figures adds about a tenth.
const GROWN_SHARE: u64 = 4;

/// A ledger of this size.
pub async fn ledger(
    bench: &mut Bench,
    figure: &'static str,
    plan: &Plan,
) -> anyhow::Result<PathBuf> {
    let Plan { levels, events, seed } = *plan;
    let folder = bench.place.kept(&format!("levels-{levels}-events-{events}-seed-{seed}"))?;
    if let Some(seq) = length(&folder.join(LEDGER_FILE)).await
        && seq <= events + events / GROWN_SHARE
    {
        return Ok(folder);
    }
    fs::remove_dir_all(&folder)?;
    fs::create_dir_all(&folder)?;
    eprintln!("   seeding {levels} levels, {events} events; they are kept");
    let (levels, events, seed) = (levels.to_string(), events.to_string(), seed.to_string());
    let wanted = ["bench", "seed", "--levels", &levels, "--events", &events, "--seed", &seed];
    let begun = Instant::now();
    program::run(&folder, &wanted)?;
    let what = format!("seeding {events} events, {levels} levels");
    let taken_s = begun.elapsed().as_secs_f64();
    bench.report.add(figure, &what, Unit::Seconds, Aim::None, taken_s);
    Ok(folder)
}

/// The journal's length, if there is a whole ledger.
async fn length(path: &std::path::Path) -> Option<u64> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(false);
    let mut connection = options.connect().await.ok()?;
    let seq: i64 =
        sqlx::query_scalar("SELECT seq FROM head").fetch_one(&mut connection).await.ok()?;
    u64::try_from(seq).ok()
}
