//! F6: from the last event of a burst until every channel shows what is there, while all is well and
//! while every tenth call fails; and how few calls that takes.
//!
//! The channels are simulated shops in this process, over real HTTP, with webhooks of their own.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use onhand_server::clock::SystemClock;
use onhand_server::simshop::{ListingSpec, Misbehaviour, ShopConfig, SimShop};
use serde_json::json;

use super::client::{Connection, request};
use super::load::{Target, histogram, open};
use super::program::{Program, token};
use super::report::{Aim, Unit};
use super::workload::{Skus, Workload};
use super::{Bench, runtime, seed};

const NAME: &str = "F6";

/// Channels.
const CHANNELS: u32 = 20;

/// Levels of the ledger, each listed by every channel.
const LEVELS: usize = 50;

/// Units of each at the beginning: more than is sold, and less than a shop's number may be.
const UNITS: i64 = 10_000_000;

/// A burst: single events at this rate, over so many connections, for so long.
const BURST_PER_SECOND: f64 = 1_000.0;
const BURST_CONNECTIONS: usize = 16;
const BURST: Duration = Duration::from_secs(1);

/// Bursts of a round, while all is well and with faults.
const BURSTS: usize = 4;
const FAULTY_BURSTS: usize = 2;

/// How long the channels may take at most.
const PATIENCE: Duration = Duration::from_mins(1);

/// How often is looked whether they are right.
const LOOK: Duration = Duration::from_millis(5);

/// What the shops' APIs want to see, and what they sign with.
const ACCESS_TOKEN: &str = "bench-access-token";
const SECRET: &str = "bench-webhook-secret";

/// F6.
pub fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    let runtime = runtime()?;
    let folder = bench.place.folder("channels")?;
    let skus = Skus::new(LEVELS)?;
    runtime.block_on(seed::write(&folder, "stocking", skus.stocked(UNITS)))?;
    let bearer = format!("Bearer {}", token(&folder, "admin")?);
    let program = Program::serve(&folder)?;
    let target = Target { address: program.address, bearer };
    bench.report.remark(format!(
        "F6: {CHANNELS} simulated shops over HTTP, {LEVELS} listings each, bursts of \
         {BURST_PER_SECOND} single events; each burst counts until the last shop shows every \
         number. With faults 4 of 100 calls are answered 429 (wait 1 to 2 s), 3 are answered 503, \
         and 3 take effect but lose their answer. Calls: of all shops, reading back included, \
         beside one call for each event and shop"
    ));
    let workload = Rc::new(RefCell::new(Workload::on(skus, UNITS, "wms")));
    let shops = runtime.block_on(set_up(&target, &workload.borrow().skus))?;
    bench.each_round(|bench, round| {
        for (kind, bursts, aim) in
            [("all is well", BURSTS, 2.0), ("10 % of the calls fail", FAULTY_BURSTS, 30.0)]
        {
            let share = if bursts == BURSTS { [0, 0, 0] } else { [4, 3, 3] };
            let burst = Bursts { target: &target, workload: &workload, shops: &shops };
            let measured = runtime.block_on(async {
                burst.misbehave(share, round).await?;
                burst.measure(bursts).await
            })?;
            let mut add = |what: &str, unit, aim, value| {
                bench.report.add(NAME, &format!("{kind}: {what}"), unit, aim, value);
            };
            let Measured { p50, p99, fewer } = measured;
            add("last event to all equal, p50", Unit::Millis, Aim::None, p50);
            add("last event to all equal, p99", Unit::Millis, Aim::AtMost(aim), p99);
            add("events a call", Unit::Times, Aim::AtLeast(5.0), fewer);
        }
        Ok(())
    })?;
    runtime.block_on(async {
        for (_, shop) in shops {
            shop.stop().await;
        }
    });
    program.stop()
}

/// Opens the shops and makes them channels; returns once each shows what is there.
async fn set_up(target: &Target, skus: &Skus) -> anyhow::Result<Vec<(String, SimShop)>> {
    let mut shops = Vec::new();
    let mut connection = Connection::open(target.address).await?;
    for number in 0..CHANNELS {
        let name = format!("shop-{number:02}");
        let listings = (0..skus.count()).map(|sku| {
            let sku = skus.name(sku).to_string();
            ListingSpec { title: sku.clone(), sku, available: 0 }
        });
        let shop = SimShop::start(ShopConfig {
            domain: format!("{name}.example"),
            number,
            listings: listings.collect(),
            access_token: ACCESS_TOKEN.to_owned(),
            webhook_url: format!("http://{}/hooks/{name}", target.address),
            webhook_secret: SECRET.to_owned(),
            retry_first_ms: 100,
            faults: Misbehaviour::default(),
            clock: Arc::new(SystemClock),
        })
        .await?;
        let path = format!("/api/v1/channels/{name}");
        let form = json!({"kind": "simulated", "settings": {"base_url": shop.base_url()},
            "secrets": {"access_token": ACCESS_TOKEN, "webhook": SECRET}});
        put(target, &mut connection, &path, &form).await?;
        for listing in shop.listings() {
            let path = format!("{path}/listings/{}", listing.sku);
            let external = json!({"inventory_item_id": listing.inventory_item_id,
                "variant_id": listing.variant_id.to_string()});
            let form = json!({"sku": listing.sku, "external": external});
            put(target, &mut connection, &path, &form).await?;
        }
        shops.push((name, shop));
    }
    equal(&shops, &vec![UNITS; skus.count()]).await?;
    Ok(shops)
}

async fn put(
    target: &Target,
    connection: &mut Connection,
    path: &str,
    form: &serde_json::Value,
) -> anyhow::Result<()> {
    let bearer = target.bearer.as_str();
    let headers = [("authorization", bearer), ("content-type", "application/json")];
    let put = request("PUT", path, &headers, form.to_string().as_bytes());
    connection.ask(&put).await.map(drop)
}

/// Waits until every shop shows every number.
async fn equal(shops: &[(String, SimShop)], expected: &[i64]) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut behind: Vec<&(String, SimShop)> = shops.iter().collect();
    loop {
        behind.retain(|(_, shop)| {
            let shown = shop.listings();
            shown.iter().zip(expected).any(|(listing, expected)| listing.available != *expected)
        });
        let Some((name, _)) = behind.first() else { return Ok(()) };
        ensure!(begun.elapsed() < PATIENCE, "{name} does not show what is there");
        tokio::time::sleep(LOOK).await;
    }
}

struct Measured {
    /// Seconds from the last event until all shops show it.
    p50: f64,
    p99: f64,
    /// Calls that one for each event and shop would have been, by those that were made.
    fewer: f64,
}

/// What bursts need.
struct Bursts<'a> {
    target: &'a Target,
    workload: &'a Rc<RefCell<Workload>>,
    shops: &'a [(String, SimShop)],
}

impl Bursts<'_> {
    /// Has every shop misbehave: answers 429, answers 503, answers lost, each in percent.
    async fn misbehave(&self, share: [u8; 3], round: usize) -> anyhow::Result<()> {
        let [too_many_requests, server_error, lose_answer] = share;
        let access = format!("Bearer {ACCESS_TOKEN}");
        let headers = [("authorization", access.as_str()), ("content-type", "application/json")];
        for (number, (_, shop)) in self.shops.iter().enumerate() {
            let form = json!({"too_many_requests": too_many_requests,
                "server_error": server_error, "lose_answer": lose_answer,
                "seed": round * self.shops.len() + number});
            let base = shop.base_url();
            let address = base.strip_prefix("http://").context("a shop's address")?.parse()?;
            let post = request("POST", "/misbehave", &headers, form.to_string().as_bytes());
            Connection::open(address).await?.ask(&post).await?;
        }
        Ok(())
    }

    async fn measure(&self, bursts: usize) -> anyhow::Result<Measured> {
        let mut times = histogram()?;
        let (calls, events) = (self.calls().await?, self.workload.borrow().answered());
        for _ in 0..bursts {
            let (rate, connections) = (BURST_PER_SECOND, BURST_CONNECTIONS);
            open(self.target, self.workload, connections, rate, Duration::ZERO, BURST).await?;
            let last = Instant::now();
            let expected = self.workload.borrow().on_hand().to_vec();
            equal(self.shops, &expected).await?;
            times.saturating_record(u64::try_from(last.elapsed().as_nanos())?);
        }
        let events = (self.workload.borrow().answered() - events) as f64;
        let calls = self.calls().await? - calls;
        Ok(Measured {
            p50: times.value_at_quantile(0.5) as f64 / 1e9,
            p99: times.value_at_quantile(0.99) as f64 / 1e9,
            fewer: events * self.shops.len() as f64 / calls,
        })
    }

    /// Calls that the server says it has made.
    async fn calls(&self) -> anyhow::Result<f64> {
        let headers = [("authorization", self.target.bearer.as_str())];
        let mut connection = Connection::open(self.target.address).await?;
        let text = connection.ask(&request("GET", "/metrics", &headers, &[])).await?;
        let text = std::str::from_utf8(text)?;
        let lines = text.lines().filter(|line| line.starts_with("onhand_channel_calls_total{"));
        let values = lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        Ok(values.sum())
    }
}
