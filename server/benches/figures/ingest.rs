//! F1: events over HTTP, answered when they are synced to the disk; one a request, and in batches.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use super::load::{Measured, Target, check_levels, closed, open};
use super::program::{Program, token};
use super::raw::{self, RawSqlite};
use super::report::{Aim, Unit};
use super::workload::{LEVELS, Skus, Workload};
use super::{Bench, runtime, seed};

/// Connections that send single events.
const CONNECTIONS: usize = 64;

/// Connections that send batches: one batch is read while another is committed.
const BATCH_CONNECTIONS: usize = 8;

/// Events of one batch.
const BATCH: usize = 256;

/// Events that SQLite writes at once for comparison with single events over [`CONNECTIONS`]: no
/// server can have more of them at hand.
const RAW_GROUP: usize = 64;

/// What is sent before it counts.
const WARM_UP: Duration = Duration::from_millis(500);

/// How long the server is measured in a round.
const MEASURED: Duration = Duration::from_secs(3);

/// How long each raw limit is measured in a round.
const RAW: Duration = Duration::from_millis(1_500);

/// A stocked ledger under load, and a raw database under the same load.
struct Ground {
    runtime: tokio::runtime::Runtime,
    folder: PathBuf,
    raw_folder: PathBuf,
    bearer: String,
    seeded: u64,
    workload: Rc<RefCell<Workload>>,
    raw_workload: Workload,
    raw: RawSqlite,
}

impl Ground {
    fn prepare(bench: &mut Bench) -> anyhow::Result<Self> {
        let runtime = runtime()?;
        let folder = bench.place.folder("ledger")?;
        let raw_folder = bench.place.folder("raw")?;
        let skus = Skus::new(LEVELS)?;
        let seeded = runtime.block_on(seed::write(&folder, "stocking", skus.stock()))?;
        let bearer = format!("Bearer {}", token(&folder, "operator")?);
        let workload = Rc::new(RefCell::new(Workload::new(skus, "wms")));
        let raw_workload = Workload::new(Skus::new(LEVELS)?, "wms");
        let raw = runtime.block_on(RawSqlite::open(&raw_folder, &raw_workload))?;
        bench.report.remark(format!(
            "F1: a ledger of {LEVELS} levels, Zipf-distributed adjustments (s = 1.1) with growing \
             ids; server and load generator share all cores; {BATCH_CONNECTIONS} connections send \
             the batches. Raw SQLite: the event as sent, its unique name and its level, one \
             statement a table, one thread, no HTTP, nothing decided"
        ));
        Ok(Self { runtime, folder, raw_folder, bearer, seeded, workload, raw_workload, raw })
    }

    fn serve(&self) -> anyhow::Result<(Program, Target)> {
        let program = Program::serve(&self.folder)?;
        let target = Target { address: program.address, bearer: self.bearer.clone() };
        Ok((program, target))
    }

    /// Puts the server under load; gives also the seconds of a core that it spent on an event.
    fn closed(
        &self,
        program: &Program,
        target: &Target,
        connections: usize,
        size: usize,
    ) -> anyhow::Result<(Measured, f64)> {
        let before = (program.cpu()?, self.workload.borrow().answered());
        let load = closed(target, &self.workload, connections, size, WARM_UP, MEASURED);
        let measured = self.runtime.block_on(load)?;
        let events = self.workload.borrow().answered() - before.1;
        Ok((measured, (program.cpu()? - before.0) / events as f64))
    }

    /// Every level, and the length of the journal.
    fn check(&self) -> anyhow::Result<()> {
        let (program, target) = self.serve()?;
        let workload = self.workload.borrow();
        self.runtime.block_on(check_levels(&target, &workload, self.seeded))?;
        program.stop()
    }

    fn raw_sqlite(&mut self, batch: usize) -> anyhow::Result<Measured> {
        self.runtime.block_on(self.raw.write(&mut self.raw_workload, batch, RAW))
    }
}

/// F1a.
pub fn singles(bench: &mut Bench) -> anyhow::Result<()> {
    const NAME: &str = "F1a";
    let mut ground = Ground::prepare(bench)?;
    bench.each_round(|bench, _| {
        let (program, target) = ground.serve()?;
        let (ours, cost) = ground.closed(&program, &target, CONNECTIONS, 1)?;
        let half = ours.rate() / 2.0;
        let load = open(&target, &ground.workload, CONNECTIONS, half, WARM_UP, MEASURED);
        let at_half = ground.runtime.block_on(load)?;
        program.stop()?;
        let mut add = |what: &str, unit, aim, value| bench.report.add(NAME, what, unit, aim, value);
        add("64 connections", Unit::PerSecond, Aim::AtLeast(8_000.0), ours.rate());
        add("time on a core for an event", Unit::Micros, Aim::None, cost);
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
            add(&format!("answered, {name}"), Unit::Millis, Aim::None, ours.delay(share));
        }
        for (name, share, aim) in
            [("p50", 0.5, Aim::None), ("p99", 0.99, Aim::AtMost(0.015)), ("p999", 0.999, Aim::None)]
        {
            let what = format!("at half load, open loop, {name}");
            add(&what, Unit::Millis, aim, at_half.delay(share));
        }
        let raw = ground.raw_sqlite(RAW_GROUP)?;
        add("raw SQLite, 64 a transaction", Unit::PerSecond, Aim::None, raw.rate());
        raw_append(bench, NAME, &ground.raw_folder)
    })?;
    ground.check()
}

/// F1b.
pub fn batches(bench: &mut Bench) -> anyhow::Result<()> {
    const NAME: &str = "F1b";
    let mut ground = Ground::prepare(bench)?;
    bench.each_round(|bench, _| {
        let (program, target) = ground.serve()?;
        let (ours, cost) = ground.closed(&program, &target, BATCH_CONNECTIONS, BATCH)?;
        program.stop()?;
        let raw = ground.raw_sqlite(BATCH)?;
        let mut add = |what: &str, unit, aim, value| bench.report.add(NAME, what, unit, aim, value);
        add("256 a request", Unit::PerSecond, Aim::AtLeast(30_000.0), ours.rate());
        add("time on a core for an event", Unit::Micros, Aim::None, cost);
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
            add(&format!("request answered, {name}"), Unit::Millis, Aim::None, ours.delay(share));
        }
        add("raw SQLite, 256 a transaction", Unit::PerSecond, Aim::None, raw.rate());
        let share = ours.rate() / raw.rate();
        add("share of raw SQLite", Unit::Percent, Aim::AtLeast(0.6), share);
        raw_append(bench, NAME, &ground.raw_folder)
    })?;
    ground.check()
}

/// What the disk does at best.
pub fn raw_append(bench: &mut Bench, figure: &'static str, folder: &Path) -> anyhow::Result<()> {
    let disk = raw::append(folder, RAW)?;
    let mut add = |what: &str, unit, value| bench.report.add(figure, what, unit, Aim::None, value);
    add("raw append of 4 KiB + fdatasync", Unit::PerSecond, disk.rate());
    add("raw append of 4 KiB + fdatasync, p50", Unit::Millis, disk.delay(0.5));
    add("raw append of 4 KiB + fdatasync, p99", Unit::Millis, disk.delay(0.99));
    Ok(())
}
