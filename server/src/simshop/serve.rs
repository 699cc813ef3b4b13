//! Opens the shop on a loopback port of the system's choice and closes it again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tower::ServiceExt;

use super::api::{self, LostAnswer, State};
use super::delivery::{ACTS_WAITING_MAX, Counters, Courier, DeliveryCounts, client};
use super::misbehave::{Dice, Misbehaviour};
use super::model::{Listing, ListingSpec, Refused, Shop};
use crate::clock::Clock;

/// Connections served at once; further ones wait.
const CONNECTIONS_MAX: usize = 256;
/// How long a client may take over its request's headers, in milliseconds.
const HEADER_TIMEOUT_MS: u64 = 10_000;

/// How to open a shop.
pub struct ShopConfig {
    /// The shop's domain, as its webhooks name it.
    pub domain: String,
    /// Keeps the ids of several shops apart.
    pub number: u32,
    /// What it sells.
    pub listings: Vec<ListingSpec>,
    /// What callers of its API must show.
    pub access_token: String,
    /// Where its webhooks go.
    pub webhook_url: String,
    /// What they are signed with.
    pub webhook_secret: String,
    /// The pause before the first retry of a webhook, in milliseconds; it doubles each time.
    pub retry_first_ms: u64,
    /// How it misbehaves at first.
    pub faults: Misbehaviour,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
}

/// Why a shop does not open.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its listings make no sense.
    #[error("the shop's listings: {0}")]
    Listings(#[from] Refused),
    /// No port.
    #[error("no port for the shop: {0}")]
    Port(#[from] io::Error),
    /// No HTTP client for its webhooks.
    #[error("no HTTP client for the shop's webhooks: {0}")]
    Client(#[from] reqwest::Error),
}

/// An open shop. It closes when this is dropped.
pub struct SimShop {
    address: SocketAddr,
    state: Arc<State>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl SimShop {
    /// Opens the shop.
    ///
    /// # Errors
    /// Says what is missing.
    pub async fn start(config: ShopConfig) -> Result<Self, StartError> {
        let now = config.clock.now();
        let shop = Shop::open(&config.domain, config.number, &config.listings, now)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (acts, waiting) = mpsc::channel(ACTS_WAITING_MAX);
        let (close, closed) = watch::channel(false);
        let dice = Arc::new(Mutex::new(Dice::new(config.faults)));
        let counters = Arc::new(Counters::default());
        let courier = Courier {
            client: client()?,
            url: config.webhook_url,
            domain: config.domain,
            secret: config.webhook_secret,
            retry_first_ms: config.retry_first_ms,
            dice: Arc::clone(&dice),
            counters: Arc::clone(&counters),
        };
        let state = Arc::new(State {
            shop: Mutex::new(shop),
            dice,
            acts,
            access_token: config.access_token,
            clock: config.clock,
            counters,
        });
        let tasks = vec![
            tokio::spawn(courier.run(waiting, closed.clone())),
            tokio::spawn(accept(listener, api::router(Arc::clone(&state)), closed)),
        ];
        Ok(Self { address, state, stop: close, tasks })
    }

    /// Where the shop's API is, such as `http://127.0.0.1:40123`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its listings as they are now.
    pub fn listings(&self) -> Vec<Listing> {
        self.shop().listings().to_vec()
    }

    /// The only place where it keeps stock.
    pub fn location_id(&self) -> i64 {
        self.shop().location_id
    }

    /// How its webhooks are doing.
    pub fn deliveries(&self) -> DeliveryCounts {
        self.state.counters.read()
    }

    /// Closes the shop; webhooks that still wait are lost.
    pub async fn stop(mut self) {
        // Nobody listens any more only when the tasks have ended by themselves.
        let _ = self.stop.send(true);
        for task in self.tasks.drain(..) {
            let _ = task.await;
        }
    }

    fn shop(&self) -> std::sync::MutexGuard<'_, Shop> {
        self.state.shop.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves connections until the shop closes.
async fn accept(listener: TcpListener, router: axum::Router, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            _ = stop.changed() => break,
            accepted = next(&listener, &places) => accepted,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        let (stream, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "the simulated shop cannot accept a connection");
                // Out of file descriptors, most likely: wait for some to be closed.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let router = router.clone();
        connections.spawn(async move {
            serve(stream, router).await;
            drop(place);
        });
    }
    connections.shutdown().await;
}

async fn next(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

/// Serves one connection. An answer that is to be lost ends it without a byte.
async fn serve(stream: TcpStream, router: axum::Router) {
    let service = hyper::service::service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request.map(Body::new)).await;
            if response.extensions().get::<LostAnswer>().is_some() {
                return Err(io::Error::other("the answer is lost on purpose"));
            }
            Ok(response)
        }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(HEADER_TIMEOUT_MS))
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the simulated shop ended early");
    }
}
