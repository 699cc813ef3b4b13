//! F5: how soon thousands of programs that watch `/live` are told of an event, what each of them
//! costs, and what they leave of the rate at which events come in.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use hdrhistogram::Histogram;

use super::load::{Target, closed, histogram, open};
use super::program::{Program, token};
use super::report::{Aim, Report, Unit};
use super::watchers::{Came, WATCHED, Watchers, watched};
use super::workload::{Applied, Skus, Workload};
use super::{Bench, runtime, seed};

const NAME: &str = "F5";

/// Levels of the ledger.
const LEVELS: usize = 10_000;

/// How many watch.
const CLIENTS: [usize; 2] = [1_000, 5_000];

/// Single events a second while delays are measured, over this many connections.
const LOAD_PER_SECOND: f64 = 1_000.0;
const LOAD_CONNECTIONS: usize = 16;

/// Connections of the load at full speed, as F1a has them.
const FULL_CONNECTIONS: usize = 64;

const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(3);

/// How long the last frames may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// F5.
pub fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let most = CLIENTS.iter().copied().max().unwrap_or_default();
    onhand_server::limits::open_many_files()?;
    let runtime = runtime()?;
    let folder = bench.place.folder("fanout")?;
    let skus = Skus::new(LEVELS)?;
    let watched = watched(&skus, most);
    runtime.block_on(seed::write(&folder, "stocking", skus.stock()))?;
    let bearer = format!("Bearer {}", token(&folder, "operator")?);
    bench.report.remark(format!(
        "F5: each client watches the levels of {WATCHED} of {LEVELS} SKUs, picked as they sell \
         (Zipf, s = 1.1), and all run on one thread beside the load's; a delay counts from the \
         request to each frame that holds its event, at every client whose SKU it is. Ingest: \
         single events, {FULL_CONNECTIONS} connections, closed loop"
    ));
    let workload = Rc::new(RefCell::new(Workload::new(skus, "wms")));
    bench.each_round(|bench, _| {
        let program = Program::serve(&folder)?;
        let target = Target { address: program.address, bearer: bearer.clone() };
        let name = |sku: &usize| workload.borrow().skus.name(*sku).to_string();
        let names = watched.iter().map(|skus| skus.iter().map(name).collect()).collect();
        let watchers = Watchers::start(target.clone(), names);
        let ground = Ground { runtime: &runtime, target, workload: &workload, watched: &watched };
        let measured = ground.measure(&mut bench.report, &program, &watchers);
        // What a client has to complain of says more than that it is gone.
        watchers.stop()?;
        measured?;
        program.stop()
    })
}

/// What a round needs.
struct Ground<'a> {
    runtime: &'a tokio::runtime::Runtime,
    target: Target,
    workload: &'a Rc<RefCell<Workload>>,
    watched: &'a [Vec<usize>],
}

impl Ground<'_> {
    fn measure(
        &self,
        report: &mut Report,
        program: &Program,
        watchers: &Watchers,
    ) -> anyhow::Result<()> {
        let alone = self.full_speed()?;
        report.add(NAME, "ingest, nobody watches", Unit::PerSecond, Aim::None, alone);
        let mut before = None;
        for clients in CLIENTS {
            watchers.grow(clients)?;
            let mut add = |what: &str, unit, aim, value| {
                report.add(NAME, &format!("{clients} clients: {what}"), unit, aim, value);
            };
            let (delays, frames) = self.delays(watchers)?;
            for (name, share, aim) in
                [("p50", 0.5, Aim::None), ("p99", 0.99, Aim::AtMost(0.5)), ("most", 1.0, Aim::None)]
            {
                let delay = delays.value_at_quantile(share) as f64 / 1e9;
                add(&format!("event to frame, {name}"), Unit::Millis, aim, delay);
            }
            add("frames", Unit::PerSecond, Aim::None, frames);
            let share = self.full_speed()? / alone;
            add("ingest of that without", Unit::Percent, Aim::AtLeast(0.8), share);
            self.settle(watchers)?;
            let (resident, limit) = (program.resident_bytes()?, 24.0 * 1024.0);
            // What the server itself has grown by under the load is in the first of the two.
            if let Some((fewer, bytes)) = before.replace((clients, resident)) {
                let each = resident.saturating_sub(bytes) as f64 / (clients - fewer) as f64;
                let what = format!("memory a client, from {fewer} on");
                add(&what, Unit::Kilobytes, Aim::AtMost(limit), each);
            }
        }
        self.check(watchers)
    }

    /// Events a second when each connection sends as soon as it was answered.
    fn full_speed(&self) -> anyhow::Result<f64> {
        let load = closed(&self.target, self.workload, FULL_CONNECTIONS, 1, WARM_UP, MEASURED);
        Ok(self.runtime.block_on(load)?.rate())
    }

    /// From each event's request to each frame with it, and how many frames came a second.
    fn delays(&self, watchers: &Watchers) -> anyhow::Result<(Histogram<u64>, f64)> {
        watchers.note()?;
        self.workload.borrow_mut().keep_log();
        let (target, rate) = (&self.target, LOAD_PER_SECOND);
        let load = open(target, self.workload, LOAD_CONNECTIONS, rate, WARM_UP, MEASURED);
        self.runtime.block_on(load)?;
        self.settle(watchers)?;
        let events = self.workload.borrow_mut().take_log();
        let came = watchers.noted()?;
        let span = match (came.first(), came.last()) {
            (Some(first), Some(last)) => last.at.duration_since(first.at),
            _ => bail!("no frame came"),
        };
        let frames = came.len() as f64 / span.as_secs_f64();
        Ok((delays(&events, &came, self.watched)?, frames))
    }

    /// Waits until every client has been told of everything.
    fn settle(&self, watchers: &Watchers) -> anyhow::Result<()> {
        let journal = self.journal()?;
        let begun = Instant::now();
        while watchers.known()?.0 < journal {
            ensure!(begun.elapsed() < PATIENCE, "a client was not told of everything");
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The journal's last place.
    fn journal(&self) -> anyhow::Result<u64> {
        self.runtime.block_on(super::load::journal(&self.target))
    }

    /// Those who keep the numbers have to know them all, and rightly.
    fn check(&self, watchers: &Watchers) -> anyhow::Result<()> {
        let workload = self.workload.borrow();
        let right: HashMap<&str, i64> = (0..workload.skus.count())
            .map(|sku| (workload.skus.name(sku).as_str(), workload.on_hand()[sku]))
            .collect();
        for numbers in watchers.known()?.1 {
            ensure!(!numbers.is_empty(), "a client knows no number");
            for (sku, number) in numbers {
                ensure!(right.get(sku.as_str()) == Some(&number), "{sku} is not {number}");
            }
        }
        Ok(())
    }
}

/// The delay of every event at every client that watches its SKU. Each has to have come.
fn delays(
    events: &[Applied],
    came: &[Came],
    watched: &[Vec<usize>],
) -> anyhow::Result<Histogram<u64>> {
    let mut delays = histogram()?;
    let mut events = events.to_vec();
    events.sort_unstable_by_key(|event| event.seq);
    let mut seen = 0_u64;
    for frame in came {
        let first = events.partition_point(|event| event.seq <= frame.from);
        let within = events[first..].iter().take_while(|event| event.seq <= frame.to);
        for event in within {
            if watched[frame.client].binary_search(&event.sku).is_ok() {
                let nanos = frame.at.saturating_duration_since(event.sent).as_nanos();
                delays.saturating_record(u64::try_from(nanos).unwrap_or(u64::MAX));
                seen += 1;
            }
        }
    }
    let clients = came.iter().map(|frame| frame.client).max().map_or(0, |most| most + 1);
    let mut watching: HashMap<usize, u64> = HashMap::new();
    for sku in watched[..clients].iter().flatten() {
        *watching.entry(*sku).or_default() += 1;
    }
    let all: u64 = events.iter().filter_map(|event| watching.get(&event.sku)).sum();
    if seen != all || all == 0 {
        bail!("{seen} of {all} events were told");
    }
    Ok(delays)
}
