//! F3: many clients reserve the last units of one SKU, release what they hold, and try again.
//!
//! Every answer has its place in the journal. In that order each reservation has to be granted as
//! long as a unit is left and refused as long as none is: so nothing is oversold, nor held back.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use onhand::id::Sku;
use serde::Deserialize;

use super::client::{Connection, request};
use super::ingest::raw_append;
use super::load::{Client, Target, busy};
use super::program::{Program, token};
use super::report::{Aim, Unit};
use super::workload::{LOCATION, Skus, now};
use super::{Bench, runtime, seed};

/// Clients that want the same SKU.
const CLIENTS: usize = 64;

/// Units that there are of it.
const UNITS: i64 = 16;

/// Levels of the ledger, of which each round uses another one.
const LEVELS: usize = 1_000;

const WARM_UP: Duration = Duration::from_millis(500);
const MEASURED: Duration = Duration::from_secs(3);

/// How long the reservations last that are measured: longer than the run.
const LONG_S: u32 = 3_600;

/// How long those last whose end is waited for, and how long that may take.
const SHORT_S: u32 = 2;
const EXPIRED_WITHIN: Duration = Duration::from_secs(10);

/// F3.
pub fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    const NAME: &str = "F3";
    let runtime = runtime()?;
    let folder = bench.place.folder("reserve")?;
    let raw_folder = bench.place.folder("raw")?;
    let skus = Skus::new(LEVELS)?;
    runtime.block_on(seed::write(&folder, "stocking", skus.stocked(UNITS)))?;
    let bearer = format!("Bearer {}", token(&folder, "operator")?);
    bench.report.remark(format!(
        "F3: {CLIENTS} clients, {UNITS} units of one SKU, one reservation a request; who has got a \
         unit gives it back with the next request, which is not counted. Oversold: units granted \
         beyond those there, in the journal's order"
    ));
    bench.each_round(|bench, round| {
        let program = Program::serve(&folder)?;
        let target = Target { address: program.address, bearer: bearer.clone() };
        let sale = Sale::new(skus.name(round % LEVELS).clone(), format!("shop-{round}"));
        let sale = Rc::new(RefCell::new(sale));
        let (measured, granted) = runtime.block_on(async {
            let mut buyers = Vec::new();
            for _ in 0..CLIENTS {
                buyers.push(Buyer::open(&target, &sale).await?);
            }
            let (measured, buyers) = busy(buyers, WARM_UP, MEASURED).await?;
            let granted = sale.borrow().granted();
            settle(&target, &sale, buyers).await?;
            anyhow::Ok((measured, granted))
        })?;
        program.stop()?;
        let oversold = sale.borrow().oversold()?;
        let mut add = |what: &str, unit, aim, value| bench.report.add(NAME, what, unit, aim, value);
        add("64 clients on one SKU", Unit::PerSecond, Aim::AtLeast(5_000.0), measured.rate());
        add("oversold", Unit::Units, Aim::AtMost(0.0), oversold as f64);
        add("granted of those asked for", Unit::Percent, Aim::None, granted);
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            add(&format!("answered, {name}"), Unit::Millis, Aim::None, measured.delay(share));
        }
        raw_append(bench, NAME, &raw_folder)
    })
}

/// Has everything given back, then everything reserved until it expires; the level has to show it.
async fn settle(
    target: &Target,
    sale: &Rc<RefCell<Sale>>,
    buyers: Vec<Buyer>,
) -> anyhow::Result<()> {
    let mut holds = 0;
    let level = level(target, sale).await?;
    for buyer in &buyers {
        holds += i64::from(buyer.holds.is_some());
    }
    ensure!(level == Level::held(holds), "{holds} units are held, and the level is {level:?}");
    let mut last = None;
    for mut buyer in buyers {
        if buyer.holds.is_some() {
            buyer.release().await?;
        }
        last = Some(buyer);
    }
    let mut buyer = last.context("there are buyers")?;
    for _ in 0..UNITS {
        ensure!(buyer.place(SHORT_S).await?, "a unit that was given back is not there");
    }
    ensure!(!buyer.place(SHORT_S).await?, "more is granted than there is");
    let begun = Instant::now();
    while self::level(target, sale).await? != Level::held(0) {
        ensure!(begun.elapsed() < EXPIRED_WITHIN, "reservations do not expire");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Page {
    levels: Vec<Level>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Level {
    on_hand: i64,
    available: i64,
    reserved: i64,
}

impl Level {
    const fn held(units: i64) -> Self {
        Self { on_hand: UNITS, available: UNITS - units, reserved: units }
    }
}

async fn level(target: &Target, sale: &Rc<RefCell<Sale>>) -> anyhow::Result<Level> {
    let path = format!("/api/v1/stock?sku={}", sale.borrow().sku);
    let headers = [("authorization", target.bearer.as_str())];
    let mut connection = Connection::open(target.address).await?;
    let body = connection.ask(&request("GET", &path, &headers, &[])).await?;
    let mut page: Page = serde_json::from_slice(body)?;
    page.levels.pop().context("the level is there")
}

/// What an answer was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answered {
    Granted,
    Refused,
    Released,
}

/// All that happens to one SKU.
struct Sale {
    sku: Sku,
    source: String,
    next: u64,
    /// Every answer, by its place in the journal.
    answers: Vec<(u64, Answered)>,
}

impl Sale {
    const fn new(sku: Sku, source: String) -> Self {
        Self { sku, source, next: 0, answers: Vec::new() }
    }

    /// The share of the reservations that were granted.
    fn granted(&self) -> f64 {
        let count = |what| self.answers.iter().filter(|(_, it)| *it == what).count() as f64;
        let granted = count(Answered::Granted);
        granted / (granted + count(Answered::Refused))
    }

    /// Units that were granted beyond those that were there. A unit that was there and refused is
    /// an error.
    fn oversold(&self) -> anyhow::Result<i64> {
        let mut answers = self.answers.clone();
        answers.sort_unstable();
        let (mut held, mut oversold) = (0, 0);
        for (seq, answered) in answers {
            match answered {
                Answered::Granted => held += 1,
                Answered::Released => held -= 1,
                Answered::Refused => {
                    ensure!(held >= UNITS, "#{seq} was refused, and {held} units were held");
                }
            }
            oversold = oversold.max(held - UNITS);
        }
        // What expires is not answered to anybody, and is held to the end here.
        ensure!(held == UNITS, "{held} units are held at the end");
        Ok(oversold)
    }
}

/// A client with its own connection.
struct Buyer {
    connection: Connection,
    bearer: String,
    sale: Rc<RefCell<Sale>>,
    /// The reservation that it holds.
    holds: Option<u64>,
}

#[derive(Deserialize)]
struct Results<'a> {
    #[serde(borrow)]
    results: [Result<'a>; 1],
}

#[derive(Deserialize)]
struct Result<'a> {
    outcome: &'a str,
    seq: u64,
    #[serde(borrow, default)]
    effects: Vec<Effect<'a>>,
}

#[derive(Deserialize)]
struct Effect<'a> {
    sku: &'a str,
    state: &'a str,
    delta: i64,
}

impl Buyer {
    async fn open(target: &Target, sale: &Rc<RefCell<Sale>>) -> anyhow::Result<Self> {
        let connection = Connection::open(target.address).await?;
        let (bearer, sale) = (target.bearer.clone(), Rc::clone(sale));
        Ok(Self { connection, bearer, sale, holds: None })
    }

    /// Reserves a unit for so many seconds; says whether it was granted.
    async fn place(&mut self, expires_in_s: u32) -> anyhow::Result<bool> {
        let (number, sku) = {
            let mut sale = self.sale.borrow_mut();
            sale.next += 1;
            (sale.next, sale.sku.clone())
        };
        let lines = format!(r#"[{{"sku":"{sku}","location":"{LOCATION}","quantity":1}}]"#);
        let more = format!(r#","lines":{lines},"expires_in_s":{expires_in_s}"#);
        let granted = self.send("placed", number, &more, 1).await?;
        if granted {
            self.holds = Some(number);
        }
        Ok(granted)
    }

    /// Gives back what it holds.
    async fn release(&mut self) -> anyhow::Result<()> {
        let number = self.holds.take().context("nothing is held")?;
        ensure!(self.send("released", number, "", -1).await?, "a release was refused");
        Ok(())
    }

    /// Sends an event and checks the answer: its outcome, and just the effect that it asks for.
    async fn send(
        &mut self,
        what: &str,
        number: u64,
        more: &str,
        delta: i64,
    ) -> anyhow::Result<bool> {
        let (time, source) = (now(), self.sale.borrow().source.clone());
        let body = format!(
            r#"{{"specversion":"1.0","source":"{source}","id":"{what}-{number:012}","type":"reservation.{what}","time":"{time}","data":{{"reservation":"{source}-{number:012}"{more}}}}}"#
        );
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("content-type", "application/cloudevents+json"),
        ];
        let request = request("POST", "/api/v1/events", &headers, body.as_bytes());
        let answer = self.connection.ask(&request).await?;
        let wrong = || format!("a wrong answer: {}", String::from_utf8_lossy(answer));
        let Results { results: [result] } = serde_json::from_slice(answer).with_context(wrong)?;
        let mut sale = self.sale.borrow_mut();
        let granted = match (result.outcome, result.effects.as_slice()) {
            ("applied", [effect]) => {
                let right = effect.sku == sale.sku.as_str()
                    && (effect.state, effect.delta) == ("reserved", delta);
                ensure!(right, wrong());
                true
            }
            ("rejected", []) => false,
            _ => anyhow::bail!(wrong()),
        };
        let answered = match (granted, delta > 0) {
            (true, true) => Answered::Granted,
            (true, false) => Answered::Released,
            (false, _) => Answered::Refused,
        };
        sale.answers.push((result.seq, answered));
        Ok(granted)
    }
}

impl Client for Buyer {
    async fn exchange(&mut self) -> anyhow::Result<usize> {
        if self.holds.is_some() {
            self.release().await?;
            return Ok(0);
        }
        self.place(LONG_S).await?;
        Ok(1)
    }
}
