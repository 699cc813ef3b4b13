//! F7: how long a large ledger's server takes until it answers again, after it was stopped and after
//! it was killed under load.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use onhand_server::bench::Plan;

use super::client::{Connection, request};
use super::large;
use super::load::{Target, closed};
use super::program::{Program, token};
use super::report::{Aim, Unit};
use super::workload::{Skus, Workload};
use super::{Bench, runtime};

const NAME: &str = "F7";

/// The ledger.
pub const PLAN: Plan = Plan { levels: 1_000_000, events: 10_000_000, seed: 1 };

/// The load under which the server is killed.
const CONNECTIONS: usize = 4;
const BATCH: usize = 256;
const UNDER_LOAD: Duration = Duration::from_secs(2);

/// What a ready server says of itself.
const READY: &[u8] = b"\"ready\":true";

/// F7.
pub fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let folder = runtime.block_on(large::ledger(bench, NAME, &PLAN))?;
    let bearer = format!("Bearer {}", token(&folder, "operator")?);
    let begun_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    bench.report.remark(format!(
        "F7: {} levels, {} journal rows; from the start of the process until /readyz answers 200. \
         Killed (SIGKILL) while {CONNECTIONS} connections send batches of {BATCH}",
        PLAN.levels, PLAN.events
    ));
    bench.each_round(|bench, round| {
        let (program, stopped) = runtime.block_on(ready(&folder))?;
        let target = Target { address: program.address, bearer: bearer.clone() };
        let source = format!("wms-{begun_s}-{round}");
        let workload = Workload::that_restocks(Skus::seeded(&PLAN), source);
        let workload = Rc::new(RefCell::new(workload));
        let load = closed(&target, &workload, CONNECTIONS, BATCH, Duration::ZERO, UNDER_LOAD);
        runtime.block_on(load)?;
        program.kill()?;
        let (program, killed) = runtime.block_on(ready(&folder))?;
        program.stop()?;
        let mut add = |what, aim, value| bench.report.add(NAME, what, Unit::Seconds, aim, value);
        add("ready after a stop", Aim::AtMost(3.0), stopped);
        add("ready after kill -9 under load", Aim::AtMost(5.0), killed);
        Ok(())
    })
}

/// Starts a server; gives the seconds until it is ready.
async fn ready(folder: &Path) -> anyhow::Result<(Program, f64)> {
    let begun = Instant::now();
    let program = Program::serve(folder)?;
    let mut connection = Connection::open(program.address).await?;
    let body = connection.ask(&request("GET", "/readyz", &[], &[])).await?;
    let taken_s = begun.elapsed().as_secs_f64();
    ensure!(body.windows(READY.len()).any(|it| it == READY), "the server is not ready");
    Ok((program, taken_s))
}
