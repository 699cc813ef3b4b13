//! F9: what the same work costs on ledgers of different sizes.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::ensure;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use onhand_server::bench::Plan;
use onhand_server::bench::chance::{Random, Zipf};
use onhand_server::server::LEDGER_FILE;

use super::large;
use super::load::{Target, asked, closed};
use super::program::{Program, token};
use super::report::{Aim, Unit};
use super::workload::{Skus, Workload};
use super::{Bench, runtime};

const NAME: &str = "F9";

/// The ledgers, from the smallest to the largest.
const PLANS: [Plan; 3] = [
    Plan { levels: 10_000, events: 1_000_000, seed: 1 },
    Plan { levels: 100_000, events: 1_000_000, seed: 1 },
    Plan { levels: 1_000_000, events: 10_000_000, seed: 1 },
];

/// Connections that send batches, and events of one.
const CONNECTIONS: usize = 4;
const BATCH: usize = 256;
const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(2);

/// Questions a second, how many are asked, and how many before, which are not measured: they bring
/// in what a server that has been up for a while has in memory.
const QUESTIONS_RATE: f64 = 50.0;
const QUESTIONS: usize = 60;
const QUESTIONS_BEFORE: usize = 10;

/// How often the cost on the smallest ledger may be met on the largest.
const GROWTH_MAX: f64 = 1.5;

/// How long a page may take, in seconds.
const PAGE_MAX_S: f64 = 0.020;

/// Words of which goods are named.
const WORDS: [&str; 8] =
    ["RETROSPOT", "heart", "Lantern", "T-LIGHT", "zinc", "BABY", "red+bag", "SET+OF+MUG"];

/// A kind of question: its name and the path of the next one.
type Question = (&'static str, fn(&mut Asker) -> String);

static QUESTIONS_ASKED: [Question; 10] = [
    ("levels from anywhere on", |asker| format!("/api/v1/stock?cursor={}", asker.cursor())),
    ("levels of a location", |asker| {
        format!("/api/v1/stock?location=leeds&cursor={}", asker.cursor())
    }),
    ("levels that are low", |asker| format!("/api/v1/stock?low=true&cursor={}", asker.cursor())),
    ("search for words", |asker| format!("/api/v1/stock?q={}", asker.word())),
    ("search for a part of a SKU", |asker| {
        let sku = asker.sku();
        format!("/api/v1/stock?q={}", &sku[1..])
    }),
    ("search for two letters", |asker| format!("/api/v1/stock?q={}", &asker.word()[..2])),
    ("levels of one SKU", |asker| format!("/api/v1/stock?sku={}", asker.sku())),
    ("page of the stock", |asker| format!("/stock?q={}", asker.word())),
    ("page of one SKU", |asker| format!("/stock/{}", asker.sku())),
    ("command center", |_| "/".to_owned()),
];

/// Makes up questions.
struct Asker {
    skus: Vec<String>,
    popular: Zipf,
    random: Random,
}

impl Asker {
    fn new(plan: &Plan) -> Self {
        let skus: Vec<String> = plan.skus().map(|sku| sku.to_string()).collect();
        Self { popular: Zipf::new(skus.len()), skus, random: Random::new(7) }
    }

    /// A SKU, the popular ones often.
    fn sku(&mut self) -> &str {
        &self.skus[self.popular.pick(&mut self.random)]
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.random.place(WORDS.len())]
    }

    fn cursor(&mut self) -> String {
        let sku = &self.skus[self.random.place(self.skus.len())];
        URL_SAFE_NO_PAD.encode(format!("[\"{sku}\",\"{}\"]", Plan::location()))
    }
}

/// A ledger that is measured.
struct Ground {
    plan: Plan,
    folder: PathBuf,
    bearer: String,
    asker: Asker,
}

impl Ground {
    fn named(&self, what: &str) -> String {
        format!("{what}, {} k levels", self.plan.levels / 1_000)
    }
}

/// F9.
pub fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let mut grounds = Vec::new();
    for plan in PLANS {
        let folder = runtime.block_on(large::ledger(bench, NAME, &plan))?;
        // As on a machine that has served it for a while: the operating system has the file in
        // memory, as far as it fits.
        let mut file = fs::File::open(folder.join(LEDGER_FILE))?;
        io::copy(&mut file, &mut io::sink())?;
        let bearer = format!("Bearer {}", token(&folder, "operator")?);
        grounds.push(Ground { plan, folder, bearer, asker: Asker::new(&plan) });
    }
    bench.report.remark(format!(
        "F9: {} k levels with {} M journal rows each; {QUESTIONS} questions of a kind, \
         {QUESTIONS_RATE} a second, open loop, {QUESTIONS_BEFORE} before that are not measured; the \
         SKUs asked for are those that sell most; the files were read once",
        PLANS.map(|plan| (plan.levels / 1_000).to_string()).join(", "),
        PLANS.map(|plan| (plan.events / 1_000_000).to_string()).join(", "),
    ));
    let begun_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    bench.each_round(|bench, round| {
        let mut costs: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for ground in &mut grounds {
            let source = format!("wms-{begun_s}-{round}");
            for (what, cost) in one(bench, &runtime, ground, source)? {
                costs.entry(what).or_default().push(cost);
            }
        }
        for (what, costs) in costs {
            let (Some(first), Some(last)) = (costs.first(), costs.last()) else { continue };
            let what = format!("{what}: largest to smallest");
            bench.report.add(NAME, &what, Unit::Percent, Aim::AtMost(GROWTH_MAX), last / first);
        }
        Ok(())
    })
}

/// Measures one ledger; gives what each kind of work costs there, in seconds.
fn one(
    bench: &mut Bench,
    runtime: &tokio::runtime::Runtime,
    ground: &mut Ground,
    source: String,
) -> anyhow::Result<Vec<(&'static str, f64)>> {
    let program = Program::serve(&ground.folder)?;
    let target = Target { address: program.address, bearer: ground.bearer.clone() };
    let mut costs = Vec::new();
    for (what, path) in &QUESTIONS_ASKED {
        let mut paths = |many| (0..many).map(|_| path(&mut ground.asker)).collect::<Vec<_>>();
        let (before, paths) = (paths(QUESTIONS_BEFORE), paths(QUESTIONS));
        runtime.block_on(asked(&target, before, QUESTIONS_RATE))?;
        let answered = runtime.block_on(asked(&target, paths, QUESTIONS_RATE))?;
        ensure!(answered.events > 0, "nothing was answered");
        let named = ground.named(what);
        let mut add = |share: &str, aim, value| {
            bench.report.add(NAME, &format!("{named}, {share}"), Unit::Millis, aim, value);
        };
        add("p50", Aim::None, answered.delay(0.5));
        add("p99", Aim::AtMost(PAGE_MAX_S), answered.delay(0.99));
        costs.push((*what, answered.delay(0.5)));
    }
    let workload = Workload::that_restocks(Skus::seeded(&ground.plan), source);
    let workload = Rc::new(RefCell::new(workload));
    let load = closed(&target, &workload, CONNECTIONS, BATCH, WARM_UP, MEASURED);
    let batches = runtime.block_on(load)?;
    program.stop()?;
    let named = ground.named("batches of 256");
    bench.report.add(NAME, &named, Unit::PerSecond, Aim::None, batches.rate());
    costs.push(("batches of 256", 1.0 / batches.rate()));
    Ok(costs)
}
