//! Programs that watch `/live`, thousands at a time, on one thread of their own. Of every frame they
//! read from where to where it goes; a few keep the numbers too.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::mpsc as ready;
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use onhand_server::bench::chance::Random;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::LocalSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::load::Target;
use super::runtime;
use super::workload::Skus;

/// SKUs that a client watches, picked as they sell.
pub const WATCHED: usize = 50;

/// One of so many clients keeps the numbers that it is told.
const KEEPS_NUMBERS: usize = 50;

/// Room for what a client reads at once.
const READ_BYTES: usize = 4 * 1_024;

/// Clients that connect at the same time.
const CONNECTING: usize = 32;

/// A frame that came.
#[derive(Clone, Copy)]
pub struct Came {
    /// The client.
    pub client: usize,
    /// The journal's place before it.
    pub from: u64,
    /// The journal's place after it.
    pub to: u64,
    /// When it came.
    pub at: Instant,
}

/// What a client knows.
struct Known {
    /// The journal's last place of which it was told.
    to: u64,
    /// The numbers, for those who keep them.
    numbers: Option<HashMap<String, i64>>,
}

/// All clients.
pub struct Watchers {
    more: UnboundedSender<Order>,
    thread: std::thread::JoinHandle<anyhow::Result<()>>,
}

/// What the thread is asked to do.
enum Order {
    /// Have this many clients in all, then say so.
    Grow(usize, ready::Sender<anyhow::Result<()>>),
    /// Note frames from now on.
    Note,
    /// Hand over what was noted.
    Noted(ready::Sender<Vec<Came>>),
    /// Hand over what clients know: the least place of all, and the numbers of those who keep them.
    Known(ready::Sender<(u64, Vec<HashMap<String, i64>>)>),
}

/// What the clients share.
struct Shared {
    known: RefCell<Vec<Known>>,
    came: RefCell<Option<Vec<Came>>>,
    /// Why a client has given up.
    failed: RefCell<Option<anyhow::Error>>,
}

/// The SKUs that each of so many clients watches.
pub fn watched(skus: &Skus, clients: usize) -> Vec<Vec<usize>> {
    let mut random = Random::new(7);
    let one = |_| {
        let mut own: Vec<usize> = (0..WATCHED).map(|_| skus.pick(&mut random)).collect();
        own.sort_unstable();
        own.dedup();
        own
    };
    (0..clients).map(one).collect()
}

impl Watchers {
    /// Nobody yet.
    pub fn start(target: Target, watched: Vec<Vec<String>>) -> Self {
        let (more, orders) = unbounded_channel();
        let thread = std::thread::spawn(move || {
            let shared = Rc::new(Shared {
                known: RefCell::default(),
                came: RefCell::default(),
                failed: RefCell::default(),
            });
            runtime()?.block_on(LocalSet::new().run_until(serve(orders, target, watched, shared)))
        });
        Self { more, thread }
    }

    /// Has this many clients in all, each with its first snapshot.
    pub fn grow(&self, clients: usize) -> anyhow::Result<()> {
        let (ready, done) = ready::channel();
        self.more.send(Order::Grow(clients, ready))?;
        done.recv().context("the clients have ended")?
    }

    /// Notes every frame from now on.
    pub fn note(&self) -> anyhow::Result<()> {
        Ok(self.more.send(Order::Note)?)
    }

    /// What came since [`Watchers::note`].
    pub fn noted(&self) -> anyhow::Result<Vec<Came>> {
        let (ready, noted) = ready::channel();
        self.more.send(Order::Noted(ready))?;
        noted.recv().context("the clients have ended")
    }

    /// The least place of the journal of which any client was told last, and the numbers of those
    /// who keep them.
    pub fn known(&self) -> anyhow::Result<(u64, Vec<HashMap<String, i64>>)> {
        let (ready, known) = ready::channel();
        self.more.send(Order::Known(ready))?;
        known.recv().context("the clients have ended")
    }

    /// Closes all connections. A client that was told anything wrong is an error.
    pub fn stop(self) -> anyhow::Result<()> {
        drop(self.more);
        self.thread.join().map_err(|_| anyhow::anyhow!("the clients panicked"))?
    }
}

async fn serve(
    mut orders: UnboundedReceiver<Order>,
    target: Target,
    watched: Vec<Vec<String>>,
    shared: Rc<Shared>,
) -> anyhow::Result<()> {
    // Whoever asked may have given up; then nobody misses the answer.
    while let Some(order) = orders.recv().await {
        if shared.failed.borrow().is_some() {
            break;
        }
        match order {
            Order::Grow(clients, done) => {
                let grown = grow(&target, &watched[..clients], &shared).await;
                let _ = done.send(grown);
            }
            Order::Note => *shared.came.borrow_mut() = Some(Vec::new()),
            Order::Noted(done) => {
                let _ = done.send(shared.came.take().unwrap_or_default());
            }
            Order::Known(done) => {
                let known = shared.known.borrow();
                let least = known.iter().map(|known| known.to).min().unwrap_or_default();
                let numbers = known.iter().filter_map(|known| known.numbers.clone()).collect();
                let _ = done.send((least, numbers));
            }
        }
    }
    shared.failed.take().map_or(Ok(()), Err)
}

/// Connects those who are missing.
async fn grow(target: &Target, watched: &[Vec<String>], shared: &Rc<Shared>) -> anyhow::Result<()> {
    let present = shared.known.borrow().len();
    let new = watched.iter().enumerate().skip(present);
    shared.known.borrow_mut().extend(new.clone().map(|(client, _)| Known {
        to: 0,
        numbers: client.is_multiple_of(KEEPS_NUMBERS).then(HashMap::new),
    }));
    let connecting = futures_util::stream::iter(new).map(|(client, skus)| async move {
        let mut socket = connect(target, skus).await?;
        // Until it is whole, the snapshot's end is not known: a page of SKUs is one frame.
        loop {
            let message = socket.next().await.context("closed before the snapshot")??;
            let Message::Text(text) = message else { continue };
            if take(shared, client, &text)? {
                break;
            }
        }
        let shared = Rc::clone(shared);
        tokio::task::spawn_local(async move {
            if let Err(error) = read(socket, client, &shared).await {
                *shared.failed.borrow_mut() = Some(error.context(format!("client {client}")));
            }
        });
        anyhow::Ok(())
    });
    let mut connected = std::pin::pin!(connecting.buffer_unordered(CONNECTING));
    while let Some(one) = connected.next().await {
        one?;
    }
    Ok(())
}

type Socket = WebSocketStream<TcpStream>;

async fn connect(target: &Target, skus: &[String]) -> anyhow::Result<Socket> {
    let mut request = format!("ws://{}/live", target.address).into_client_request()?;
    request.headers_mut().insert("authorization", target.bearer.parse()?);
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(READ_BYTES).write_buffer_size(0);
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    let hello = json!({"type": "hello", "topics": ["stock"], "skus": skus}).to_string();
    socket.send(Message::text(hello)).await?;
    Ok(socket)
}

async fn read(mut socket: Socket, client: usize, shared: &Shared) -> anyhow::Result<()> {
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            take(shared, client, &text)?;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow, default)]
    levels: Vec<Level<'a>>,
}

#[derive(Deserialize)]
struct Level<'a> {
    sku: &'a str,
    on_hand: i64,
}

/// Takes a frame in; says whether it was a snapshot.
fn take(shared: &Shared, client: usize, text: &Utf8Bytes) -> anyhow::Result<bool> {
    let at = Instant::now();
    let mut known = shared.known.borrow_mut();
    let known = &mut known[client];
    let snapshot = text.starts_with(r#"{"type":"snapshot""#);
    if snapshot {
        known.to = number(text, r#""seq":"#)?;
    } else if text.starts_with(r#"{"type":"delta""#) {
        let (from, to) = (number(text, r#""from":"#)?, number(text, r#""to":"#)?);
        ensure!(from == known.to, "a delta from {from} follows {}", known.to);
        known.to = to;
        if let Some(came) = shared.came.borrow_mut().as_mut() {
            came.push(Came { client, from, to, at });
        }
    } else {
        ensure!(text.starts_with(r#"{"type":"welcome""#), "told {text}");
        return Ok(false);
    }
    if let Some(numbers) = &mut known.numbers {
        let frame: Frame<'_> = serde_json::from_str(text)?;
        numbers.extend(frame.levels.iter().map(|level| (level.sku.to_owned(), level.on_hand)));
    }
    Ok(snapshot)
}

/// The number that follows the first `name`, which is near the beginning.
fn number(text: &str, name: &str) -> anyhow::Result<u64> {
    let Some((_, rest)) = text.split_once(name) else { bail!("{name} is missing in {text}") };
    let end = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
    Ok(rest[..end].parse()?)
}
