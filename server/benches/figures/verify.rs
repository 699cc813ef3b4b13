//! F2: `onhand verify` of a million events.

use std::path::Path;
use std::time::Instant;

use onhand::event::Event;
use sha2::{Digest as _, Sha256};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Row as _};

use super::report::{Aim, Unit};
use super::workload::{LEVELS, Skus, Workload};
use super::{Bench, cpu, program, runtime, seed};

/// Events that are verified.
const EVENTS: usize = 1_000_000;

/// F2b.
pub fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    const NAME: &str = "F2b";
    let runtime = runtime()?;
    let folder = bench.place.folder("verify")?;
    let skus = Skus::new(LEVELS)?;
    let stock: Vec<Event> = skus.stock().collect();
    let mut workload = Workload::new(skus, "wms");
    let sold = workload.events(EVENTS - stock.len())?;
    let events = stock.into_iter().chain(sold);
    runtime.block_on(seed::write(&folder, "stocking and selling", events))?;
    bench.report.remark(format!(
        "F2b: {EVENTS} events that stocked {LEVELS} levels and sold from them, from the start of \
         the program to its end. Raw: the journal's rows read in order and hashed"
    ));
    bench.each_round(|bench, _| {
        let (begun, cpu) = (Instant::now(), cpu::of_children()?);
        program::run(&folder, &["verify"])?;
        let verified = begun.elapsed().as_secs_f64();
        let cpu = cpu::of_children()? - cpu;
        let raw = runtime.block_on(read_and_hash(&folder))?;
        let mut add = |what, aim, value| bench.report.add(NAME, what, Unit::Seconds, aim, value);
        add("1 M events verified", Aim::AtMost(5.0), verified);
        add("time on all cores", Aim::None, cpu);
        add("raw: read and hashed", Aim::None, raw);
        Ok(())
    })
}

/// Seconds to read the journal and hash it.
async fn read_and_hash(folder: &Path) -> anyhow::Result<f64> {
    use futures_util::TryStreamExt as _;
    let path = folder.join(onhand_server::server::LEDGER_FILE);
    let mut connection =
        SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
    let begun = Instant::now();
    let mut hash = Sha256::new();
    let mut rows =
        sqlx::query("SELECT record FROM journal ORDER BY ledger, seq").fetch(&mut connection);
    while let Some(row) = rows.try_next().await? {
        hash.update(row.try_get::<&[u8], _>(0)?);
    }
    std::hint::black_box(hash.finalize());
    Ok(begun.elapsed().as_secs_f64())
}
