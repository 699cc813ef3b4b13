//! F2: what the core decides without any I/O, on one core.

use anyhow::{bail, ensure};
use onhand::ledger::{Entry, Input, Ledger, Step};
use onhand::record::Outcome;
use onhand::state::Loaded;
use onhand::time::{Now, Timestamp, Uptime};

use super::raw::RawMemory;
use super::report::{Aim, Unit};
use super::workload::{LEVELS, Skus, Workload};
use super::{Bench, cpu};

/// Events decided in a round.
const EVENTS: usize = 300_000;

/// Events of one batch, as the processor takes them at most.
const BATCH: usize = 1_024;

/// F2a.
pub fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    const NAME: &str = "F2a";
    let skus = Skus::new(LEVELS)?;
    let mut ledger = Ledger::default();
    let stock: Vec<Input> = skus.stock().map(Input::Event).collect();
    decide(&mut ledger, &stock)?;
    drop(stock);
    let mut workload = Workload::new(skus, "wms");
    let mut memory = RawMemory::new(&workload);
    bench.report.remark(format!(
        "F2a: {LEVELS} levels, batches of {BATCH}, one thread, nothing stored; a second is one of \
         the thread's own time on a core. Raw memory: the name's place in a set, the SKU's in a \
         map, one addition"
    ));
    bench.each_round(|bench, _| {
        let events = workload.events(EVENTS)?;
        let raw = memory.decide(&events, BATCH)?;
        let inputs: Vec<Input> = events.into_iter().map(Input::Event).collect();
        let (decided, written) = decide(&mut ledger, &inputs)?;
        let mut add = |what, aim, value| bench.report.add(NAME, what, Unit::PerSecond, aim, value);
        add("decided and applied", Aim::AtLeast(1_000_000.0), decided);
        add("decided, applied, encoded and chained", Aim::None, written);
        add("raw memory", Aim::None, raw);
        Ok(())
    })?;
    ensure!(ledger.state().open_conflicts().next().is_none(), "the load makes no conflict");
    Ok(())
}

/// Decides events in batches. Gives the events a second of one core's time: to decide and apply
/// them, and to write them in their stored form and chain them as well.
fn decide(ledger: &mut Ledger, inputs: &[Input]) -> anyhow::Result<(f64, f64)> {
    let wall = Timestamp::from_micros(chrono::Utc::now().timestamp_micros());
    let now = Now { wall, uptime: Uptime::default() };
    let inputs: Vec<(&Input, &str)> = inputs.iter().map(|input| (input, "token:wms")).collect();
    let (mut deciding, mut all) = (0.0, 0.0);
    for batch in inputs.chunks(BATCH) {
        let begun = cpu::of_this_thread()?;
        let mut processed = Vec::with_capacity(batch.len());
        loop {
            match ledger.advance(batch, &mut processed, now) {
                // No name came before.
                Step::Load(wants) => ledger.load(&wants, Loaded::default()),
                Step::Full => bail!("the load releases nothing"),
                Step::Done => break,
            }
        }
        deciding += cpu::of_this_thread()? - begun;
        let entries = ledger.finish().entries;
        ledger.keep();
        all += cpu::of_this_thread()? - begun;
        let applied = |entry: &Entry| entry.record.outcome == Outcome::Applied;
        ensure!(entries.len() == batch.len(), "an event was not recorded");
        ensure!(entries.iter().all(applied), "an event was not applied");
    }
    let events = inputs.len() as f64;
    Ok((events / deciding, events / all))
}
