//! Load over HTTP: closed (each connection sends when it was answered) for rates, open (requests
//! leave when they are due, however long others take) for delays. Every answer is checked.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use hdrhistogram::Histogram;
use serde::Deserialize;
use tokio::sync::{Mutex, mpsc};
use tokio::task::LocalSet;

use super::client::{Connection, request};
use super::workload::{Said, Workload, now};

/// Digits that the histograms keep.
const PRECISION: u8 = 3;

/// Longer delays count as this.
const DELAY_MAX: Duration = Duration::from_mins(2);

/// Connections over which pages are asked for.
const READERS: usize = 4;

/// Where the load goes, and as whom.
#[derive(Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// The value of the header `authorization`.
    pub bearer: String,
}

/// What was measured.
pub struct Measured {
    /// Events answered within the time.
    pub events: u64,
    /// The time.
    pub elapsed: Duration,
    /// Delays of the answers, in nanoseconds.
    pub delays: Histogram<u64>,
}

impl Measured {
    /// Events a second.
    pub fn rate(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64()
    }

    /// The delay that this share of the answers did not exceed, in seconds.
    pub fn delay(&self, share: f64) -> f64 {
        self.delays.value_at_quantile(share) as f64 / 1e9
    }
}

/// An empty histogram for nanoseconds, up to [`DELAY_MAX`].
pub fn histogram() -> anyhow::Result<Histogram<u64>> {
    let most = u64::try_from(DELAY_MAX.as_nanos())?;
    Ok(Histogram::new_with_bounds(1, most, PRECISION)?)
}

/// Counts what is answered from the end of the warm-up on.
struct Counting {
    from: Instant,
    until: Instant,
    events: u64,
    delays: Histogram<u64>,
}

impl Counting {
    fn new(warm_up: Duration, time: Duration) -> anyhow::Result<Rc<RefCell<Self>>> {
        let from = Instant::now() + warm_up;
        let delays = histogram()?;
        Ok(Rc::new(RefCell::new(Self { from, until: from + time, events: 0, delays })))
    }

    fn answered(&mut self, events: usize, since: Instant) {
        let now = Instant::now();
        if events > 0 && now >= self.from && now < self.until {
            self.events += events as u64;
            let nanos = now.saturating_duration_since(since).as_nanos();
            self.delays.saturating_record(u64::try_from(nanos).unwrap_or(u64::MAX));
        }
    }
}

/// Somebody who sends the next request as soon as the last one is answered.
pub trait Client {
    /// Sends the next request and checks its answer; says how many events of it count.
    async fn exchange(&mut self) -> anyhow::Result<usize>;
}

/// Keeps `connections` busy with requests of `size` events for `time`, after a warm-up.
pub async fn closed(
    target: &Target,
    workload: &Rc<RefCell<Workload>>,
    connections: usize,
    size: usize,
    warm_up: Duration,
    time: Duration,
) -> anyhow::Result<Measured> {
    let mut senders = Vec::new();
    for _ in 0..connections {
        senders.push((Sender::open(target, workload).await?, size));
    }
    Ok(busy(senders, warm_up, time).await?.0)
}

impl Client for (Sender, usize) {
    async fn exchange(&mut self) -> anyhow::Result<usize> {
        self.0.exchange(self.1).await?;
        Ok(self.1)
    }
}

/// Keeps clients busy for `time`, after a warm-up, and gives them back.
pub async fn busy<C: Client + 'static>(
    clients: Vec<C>,
    warm_up: Duration,
    time: Duration,
) -> anyhow::Result<(Measured, Vec<C>)> {
    let counting = Counting::new(warm_up, time)?;
    let until = counting.borrow().until;
    let tasks = LocalSet::new();
    let mut working = Vec::new();
    for mut client in clients {
        let counting = Rc::clone(&counting);
        working.push(tasks.spawn_local(async move {
            while Instant::now() < until {
                let sent = Instant::now();
                let events = client.exchange().await?;
                counting.borrow_mut().answered(events, sent);
            }
            anyhow::Ok(client)
        }));
    }
    let clients = finish(tasks, working).await?;
    Ok((measured(&counting, time)?, clients))
}

/// Sends single events at `rate` for `time`, after a warm-up, over at most `connections`. A delay
/// counts from the moment at which its request was due.
pub async fn open(
    target: &Target,
    workload: &Rc<RefCell<Workload>>,
    connections: usize,
    rate: f64,
    warm_up: Duration,
    time: Duration,
) -> anyhow::Result<Measured> {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Sender::open(target, workload).await?);
    }
    let counting = Counting::new(warm_up, time)?;
    let due = pace(rate, warm_up + time);
    let due = Rc::new(Mutex::new(due));
    let tasks = LocalSet::new();
    let mut senders = Vec::new();
    for mut sender in open {
        let (counting, due) = (Rc::clone(&counting), Rc::clone(&due));
        senders.push(tasks.spawn_local(async move {
            loop {
                let next = due.lock().await.recv().await;
                let Some(since) = next else { return anyhow::Ok(()) };
                sender.exchange(1).await?;
                counting.borrow_mut().answered(1, since);
            }
        }));
    }
    finish(tasks, senders).await?;
    measured(&counting, time)
}

/// Says when requests are due, evenly. A thread of its own: the runtime's timer knows only
/// milliseconds.
fn pace(rate: f64, time: Duration) -> mpsc::UnboundedReceiver<Instant> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let begin = Instant::now();
        let count = (rate * time.as_secs_f64()) as u64;
        for number in 0..count {
            let due = begin + Duration::from_secs_f64(number as f64 / rate);
            if let Some(rest) = due.checked_duration_since(Instant::now()) {
                std::thread::sleep(rest);
            }
            if sender.send(due).is_err() {
                return;
            }
        }
    });
    receiver
}

async fn finish<T>(
    tasks: LocalSet,
    working: Vec<tokio::task::JoinHandle<anyhow::Result<T>>>,
) -> anyhow::Result<Vec<T>> {
    tasks.await;
    let mut done = Vec::with_capacity(working.len());
    for one in working {
        done.push(one.await??);
    }
    Ok(done)
}

/// Asks for pages, one after another at `rate`, over a few connections. A delay counts from the
/// moment at which a question was due.
pub async fn asked(target: &Target, paths: Vec<String>, rate: f64) -> anyhow::Result<Measured> {
    let time = Duration::from_secs_f64(paths.len() as f64 / rate);
    let counting = Counting::new(Duration::ZERO, DELAY_MAX)?;
    let due = Rc::new(Mutex::new(pace(rate, time)));
    let paths = Rc::new(RefCell::new(paths));
    let tasks = LocalSet::new();
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut connection = Connection::open(target.address).await?;
        let headers = [("authorization".to_owned(), target.bearer.clone())];
        let (counting, due, paths) = (Rc::clone(&counting), Rc::clone(&due), Rc::clone(&paths));
        readers.push(tasks.spawn_local(async move {
            let headers = headers.each_ref().map(|(name, value)| (name.as_str(), value.as_str()));
            loop {
                let next = due.lock().await.recv().await;
                let path = paths.borrow_mut().pop();
                let Some((since, path)) = next.zip(path) else { return anyhow::Ok(()) };
                let asked = connection.ask(&request("GET", &path, &headers, &[])).await;
                asked.with_context(|| path)?;
                counting.borrow_mut().answered(1, since);
            }
        }));
    }
    finish(tasks, readers).await?;
    measured(&counting, time)
}

fn measured(counting: &RefCell<Counting>, time: Duration) -> anyhow::Result<Measured> {
    let counting = counting.borrow();
    ensure!(counting.events > 0, "nothing was answered");
    Ok(Measured { events: counting.events, elapsed: time, delays: counting.delays.clone() })
}

/// A connection with its share of the load.
struct Sender {
    connection: Connection,
    workload: Rc<RefCell<Workload>>,
    bearer: String,
    said: Vec<Said>,
    body: Vec<u8>,
}

impl Sender {
    async fn open(target: &Target, workload: &Rc<RefCell<Workload>>) -> anyhow::Result<Self> {
        let connection = Connection::open(target.address).await?;
        let (workload, bearer) = (Rc::clone(workload), target.bearer.clone());
        Ok(Self { connection, workload, bearer, said: Vec::new(), body: Vec::new() })
    }

    /// Sends the next events in one request and checks the answer.
    async fn exchange(&mut self, size: usize) -> anyhow::Result<()> {
        self.write(size);
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("content-type", "application/cloudevents-batch+json"),
        ];
        let request = request("POST", "/api/v1/events", &headers, &self.body);
        let sent = Instant::now();
        let answer = self.connection.ask(&request).await?;
        check(answer, &self.said, sent, &mut self.workload.borrow_mut())
    }

    fn write(&mut self, size: usize) {
        let mut workload = self.workload.borrow_mut();
        let time = now();
        self.said.clear();
        self.body.clear();
        for index in 0..size {
            let said = workload.next();
            self.body.push(if index == 0 { b'[' } else { b',' });
            workload.write(&said, &time, &mut self.body);
            self.said.push(said);
        }
        self.body.push(b']');
    }
}

#[derive(Deserialize)]
struct Results<'a> {
    #[serde(borrow)]
    results: Vec<One<'a>>,
}

#[derive(Deserialize)]
struct One<'a> {
    id: &'a str,
    outcome: &'a str,
    #[serde(default)]
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

/// Every event has to be applied, with just the effect that it asks for.
fn check(
    answer: &[u8],
    said: &[Said],
    sent: Instant,
    workload: &mut Workload,
) -> anyhow::Result<()> {
    let wrong = || format!("a wrong answer: {}", String::from_utf8_lossy(answer));
    let Results { results } = serde_json::from_slice(answer).with_context(wrong)?;
    ensure!(results.len() == said.len(), wrong());
    for (result, said) in results.iter().zip(said) {
        let [effect] = result.effects.as_slice() else { anyhow::bail!(wrong()) };
        let right = result.outcome == "applied"
            && result.id == Workload::id(said)
            && effect.sku == workload.skus.name(said.sku).as_str()
            && (effect.state, effect.delta) == ("on_hand", said.delta);
        ensure!(right, wrong());
        workload.applied(said, result.seq, sent);
    }
    Ok(())
}

#[derive(Deserialize)]
struct Page {
    seq: u64,
    levels: Vec<Level>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Level {
    sku: String,
    on_hand: i64,
}

/// The journal's last place.
pub async fn journal(target: &Target) -> anyhow::Result<u64> {
    let headers = [("authorization", target.bearer.as_str())];
    let mut connection = Connection::open(target.address).await?;
    let body = connection.ask(&request("GET", "/api/v1/stock?limit=1", &headers, &[])).await?;
    Ok(serde_json::from_slice::<Page>(body)?.seq)
}

/// Compares every level, and the length of the journal, with what was answered.
pub async fn check_levels(target: &Target, workload: &Workload, seeded: u64) -> anyhow::Result<()> {
    let mut connection = Connection::open(target.address).await?;
    let headers = [("authorization", target.bearer.as_str())];
    let (mut cursor, mut seen) = (String::new(), 0);
    loop {
        let path = format!("/api/v1/stock?limit=1000{cursor}");
        let body = connection.ask(&request("GET", &path, &headers, &[])).await?;
        let page: Page = serde_json::from_slice(body)?;
        let journal = seeded + workload.answered();
        ensure!(page.seq == journal, "the journal ends at {}, not {journal}", page.seq);
        for level in page.levels {
            let expected = workload.on_hand()[seen];
            ensure!(level.sku == workload.skus.name(seen).as_str(), "{} is missing", level.sku);
            let Level { sku, on_hand } = level;
            ensure!(on_hand == expected, "{sku} has {on_hand}, not {expected}");
            seen += 1;
        }
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    ensure!(seen == workload.skus.count(), "{seen} levels are there");
    Ok(())
}
