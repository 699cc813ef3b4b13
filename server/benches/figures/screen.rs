//! F4: from the last byte of a shop's signed webhook to the frame that tells a browser the new
//! number, while other events come in and others watch.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use hdrhistogram::Histogram;
use hmac::{Hmac, KeyInit as _, Mac as _};
use onhand::id::Sku;
use onhand_server::bench::chance::Random;
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::client::{Connection, request};
use super::ingest::raw_append;
use super::load::{Target, histogram, open};
use super::program::{Program, token};
use super::report::{Aim, Unit};
use super::workload::{Skus, Workload};
use super::{Bench, runtime, seed};

/// Levels of the ledger.
const LEVELS: usize = 1_000;

/// SKUs that only the measured webhooks sell: the first ones.
const WATCHED: usize = 200;

/// Others that watch the same page.
const VIEWERS: usize = 100;

/// Single events a second that come in meanwhile, over this many connections.
const LOAD_PER_SECOND: f64 = 1_000.0;
const LOAD_CONNECTIONS: usize = 16;

/// Webhooks in a round, and how many a second on average.
const WEBHOOKS: usize = 250;
const WEBHOOKS_PER_SECOND: f64 = 50.0;

/// How long the load runs before the first webhook.
const WARM_UP: Duration = Duration::from_millis(500);

/// How long a number may take to change before it counts as missing.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the shop signs with.
const SECRET: &str = "bench-webhook-secret";

/// F4.
pub fn measure(bench: &mut Bench) -> anyhow::Result<()> {
    const NAME: &str = "F4";
    let folder = bench.place.folder("screen")?;
    let raw_folder = bench.place.folder("raw")?;
    let skus = Skus::new(LEVELS)?;
    runtime()?.block_on(seed::write(&folder, "stocking", skus.stock()))?;
    let admin = format!("Bearer {}", token(&folder, "admin")?);
    bench.report.remark(format!(
        "F4: {LOAD_PER_SECOND} other events a second and {VIEWERS} more viewers of all {LEVELS} \
         levels meanwhile; the frame is read, not drawn"
    ));
    let mut sold = vec![0; WATCHED];
    let mut orders = 0;
    bench.each_round(|bench, round| {
        let program = Program::serve(&folder)?;
        let target = Target { address: program.address, bearer: admin.clone() };
        let background = Background::start(target.clone(), round);
        let delays = runtime()?.block_on(webhooks(&target, &skus, &mut sold, &mut orders))?;
        background.stop()?;
        program.stop()?;
        for (name, share, aim) in [
            ("p50", 0.5, Aim::AtMost(0.030)),
            ("p99", 0.99, Aim::AtMost(0.120)),
            ("most", 1.0, Aim::None),
        ] {
            let what = format!("webhook to frame, {name}");
            let delay = delays.value_at_quantile(share) as f64 / 1e9;
            bench.report.add(NAME, &what, Unit::Millis, aim, delay);
        }
        raw_append(bench, NAME, &raw_folder)
    })
}

/// Load and viewers on a thread of their own, so that they do not delay what is measured.
struct Background {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<anyhow::Result<()>>,
}

impl Background {
    fn start(target: Target, round: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&stop);
        let (started, watching) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime()?.block_on(LocalSet::new().run_until(async {
                for _ in 0..VIEWERS {
                    let mut viewer = watch(&target).await?;
                    tokio::task::spawn_local(async move {
                        while let Some(Ok(_)) = viewer.next().await {}
                    });
                }
                // Whoever waits for it may have given up.
                let _ = started.send(());
                let workload = Workload::new(Skus::new(LEVELS)?, format!("load-{round}"));
                let workload = Rc::new(RefCell::new(workload));
                while !until.load(Ordering::Relaxed) {
                    let second = Duration::from_secs(1);
                    let connections = LOAD_CONNECTIONS;
                    let rate = LOAD_PER_SECOND;
                    open(&target, &workload, connections, rate, Duration::ZERO, second).await?;
                }
                anyhow::Ok(())
            }))
        });
        // An error is reported when the thread is joined.
        let _ = watching.recv();
        Self { stop, thread }
    }

    fn stop(self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow::anyhow!("the load panicked"))?
    }
}

type Socket = WebSocketStream<TcpStream>;

/// Opens the websocket and asks for all levels; returns once the first snapshot is there.
async fn watch(target: &Target) -> anyhow::Result<Socket> {
    let mut request = format!("ws://{}/live", target.address).into_client_request()?;
    request.headers_mut().insert("authorization", target.bearer.parse()?);
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async(request, stream).await?;
    let hello = json!({"type": "hello", "topics": ["stock"]}).to_string();
    socket.send(Message::text(hello)).await?;
    while let Some(message) = socket.next().await {
        if message?.to_text().is_ok_and(|text| text.contains(r#""type":"snapshot""#)) {
            return Ok(socket);
        }
    }
    bail!("the websocket closed before the snapshot came")
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, default)]
    levels: Vec<Level<'a>>,
}

#[derive(Deserialize)]
struct Level<'a> {
    sku: &'a str,
    committed: i64,
}

/// Numbers that are about to change: for each SKU what `committed` will be, and since when.
type Awaited = Rc<RefCell<HashMap<Sku, (i64, Instant)>>>;

/// Connections of the shop that wait for no answer.
type Pool = Rc<RefCell<Vec<Connection>>>;

/// Sends webhooks and measures until each number has changed.
async fn webhooks(
    target: &Target,
    skus: &Skus,
    sold: &mut [i64],
    orders: &mut u64,
) -> anyhow::Result<Histogram<u64>> {
    set_up(target).await?;
    let socket = watch(target).await?;
    tokio::time::sleep(WARM_UP).await;
    let awaited: Awaited = Rc::default();
    let pool: Pool = Rc::default();
    let tasks = LocalSet::new();
    tasks
        .run_until(async {
            let reading = tokio::task::spawn_local(read(socket, Rc::clone(&awaited)));
            let mut random = Random::new(*orders);
            let mut answers = Vec::with_capacity(WEBHOOKS);
            for number in 0..WEBHOOKS {
                let pause = 2.0 * random.fraction() / WEBHOOKS_PER_SECOND;
                tokio::time::sleep(Duration::from_secs_f64(pause)).await;
                *orders += 1;
                sold[number % WATCHED] += 1;
                let (name, expected) = (skus.name(number % WATCHED), sold[number % WATCHED]);
                let delivery = delivery(*orders, name);
                let idle = pool.borrow_mut().pop();
                let mut connection = match idle {
                    Some(connection) => connection,
                    None => Connection::open(target.address).await?,
                };
                awaited.borrow_mut().insert(name.clone(), (expected, Instant::now()));
                connection.send(&delivery).await?;
                if let Some((_, since)) = awaited.borrow_mut().get_mut(name) {
                    *since = Instant::now();
                }
                let pool = Rc::clone(&pool);
                answers.push(tokio::task::spawn_local(async move {
                    let status = connection.answer().await?.status;
                    ensure!(status == 200, "a webhook was answered {status}");
                    pool.borrow_mut().push(connection);
                    anyhow::Ok(())
                }));
            }
            for answer in answers {
                answer.await??;
            }
            reading.await?
        })
        .await
}

/// Reads frames until every number has changed.
async fn read(mut socket: Socket, awaited: Awaited) -> anyhow::Result<Histogram<u64>> {
    let mut delays = histogram()?;
    while delays.len() < WEBHOOKS as u64 {
        let next = tokio::time::timeout(PATIENCE, socket.next()).await;
        let message = next.context("no frame comes")?.context("the websocket closed")??;
        take(&message, &awaited, &mut delays)?;
        let oldest = awaited.borrow().values().map(|(_, since)| since.elapsed()).max();
        ensure!(oldest.is_none_or(|oldest| oldest < PATIENCE), "a number did not change");
    }
    Ok(delays)
}

fn take(message: &Message, awaited: &Awaited, delays: &mut Histogram<u64>) -> anyhow::Result<()> {
    let now = Instant::now();
    let Message::Text(text) = message else { return Ok(()) };
    let frame: Frame<'_> = serde_json::from_str(text)?;
    let mut awaited = awaited.borrow_mut();
    for level in frame.levels {
        let Some((expected, since)) = awaited.get(level.sku) else { continue };
        ensure!(level.committed <= *expected, "{} sells by itself", level.sku);
        if level.committed == *expected {
            let nanos = now.saturating_duration_since(*since).as_nanos();
            delays.saturating_record(u64::try_from(nanos).unwrap_or(u64::MAX));
            awaited.remove(level.sku);
        }
    }
    Ok(())
}

/// Makes the shop a channel.
async fn set_up(target: &Target) -> anyhow::Result<()> {
    let form = json!({"kind": "shopify", "secrets": {"webhook": SECRET}}).to_string();
    let bearer = target.bearer.as_str();
    let headers = [("authorization", bearer), ("content-type", "application/json")];
    let put = request("PUT", "/api/v1/channels/shop", &headers, form.as_bytes());
    Connection::open(target.address).await?.ask(&put).await?;
    Ok(())
}

/// A new order of one unit, as the shop tells it.
fn delivery(order: u64, sku: &Sku) -> Vec<u8> {
    let now = super::workload::now();
    let id = 9_007_199_254_000_000 + order;
    let line = json!({"id": id + 1, "variant_id": 42, "product_id": 41, "sku": sku,
        "quantity": 1, "current_quantity": 1, "fulfillable_quantity": 1,
        "variant_inventory_management": "shopify"});
    let body = json!({"id": id, "name": format!("#{order}"), "created_at": now,
        "updated_at": now, "processed_at": now, "cancelled_at": null,
        "financial_status": "paid", "fulfillment_status": null, "line_items": [line],
        "fulfillments": [], "refunds": [], "test": false})
    .to_string();
    let (delivery, event) = (format!("w-{order}"), format!("e-{order}"));
    let signature = sign(body.as_bytes());
    let headers = [
        ("content-type", "application/json"),
        ("x-shopify-topic", "orders/create"),
        ("x-shopify-hmac-sha256", signature.as_str()),
        ("x-shopify-shop-domain", "shop.example"),
        ("x-shopify-api-version", "2026-10"),
        ("x-shopify-webhook-id", delivery.as_str()),
        ("x-shopify-event-id", event.as_str()),
        ("x-shopify-triggered-at", now.as_str()),
    ];
    request("POST", "/hooks/shop", &headers, body.as_bytes())
}

/// What the shop puts into `X-Shopify-Hmac-Sha256`.
fn sign(body: &[u8]) -> String {
    match Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            STANDARD.encode(mac.finalize().into_bytes())
        }
        Err(_) => String::new(),
    }
}
