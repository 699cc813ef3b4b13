//! The whole server as one thing that can be started and stopped, by the program as by tests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use onhand::policy::Policy;
use onhand::publication::Times;
use onhand::state::{Settings, Wants};
use onhand::time::SECOND_US;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::auth::{Auth, SessionCookie, SessionRules};
use crate::clock::Clock;
use crate::config::Config;
use crate::control::{Control, Notes};
use crate::http::assets::Site;
use crate::http::health::Readiness;
use crate::http::{listener, router};
use crate::live::channels::tell;
use crate::live::session::{BYE_TIMEOUT, Shared};
use crate::live::socket::Live;
use crate::live::{Hub, Snapshots};
use crate::lock::LedgerLock;
use crate::processor::{Handle, MemoryQueue, Processor};
use crate::shutdown::Shutdown;
use crate::state::{self, AppState};
use crate::store::Store;
use crate::store::sqlite::SqliteStore;
use crate::sync::{Channels, Parts};
use crate::telemetry::Meter;

/// A server that runs.
pub struct Server {
    state: AppState,
    http: JoinHandle<()>,
    processor: JoinHandle<()>,
    store: Arc<SqliteStore>,
    lock: LedgerLock,
}

impl Server {
    /// Starts everything; from here on requests are answered.
    ///
    /// # Errors
    /// When the data cannot be opened or the address cannot be listened on; the message says which.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        Self::start_with(config, clock, Vec::new()).await
    }

    /// Starts everything, with users that the sign-in page offers, as (address, password, role).
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start_with(
        config: Config,
        clock: Arc<dyn Clock>,
        demo_users: Vec<(String, String, String)>,
    ) -> anyhow::Result<Self> {
        let lock = LedgerLock::take(&config.data)?;
        let control = Control::open(&config.data).await?;
        let ledger = config.data.join(LEDGER_FILE);
        let store = Arc::new(SqliteStore::open(&ledger).await?);
        let loaded = store.load(settings(&config)).await?;
        read_newest(store.as_ref(), loaded.head().seq).await?;
        let served = store.served().await?;
        tracing::info!(seq = loaded.head().seq, "the ledger is loaded");
        let queue = Arc::new(MemoryQueue::new(config.queue_capacity));
        let durable: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
        let batch_max = config.batch_events_max;
        let (processor, ledger) =
            Processor::new(loaded, served, durable, queue, Arc::clone(&clock), batch_max);
        let shutdown = Shutdown::default();
        let channels = Channels::start(Parts {
            handle: ledger.clone(),
            control: control.clone(),
            clock: Arc::clone(&clock),
            shutdown: shutdown.clone(),
            policy: Policy::default(),
            times: Times::default(),
        })
        .await?;
        let meter = Meter::start(&ledger, clock.now(), shutdown.clone()).await?;
        let site = Site::load(config.site_dir.as_deref())?;
        tracing::info!(origin = site.origin(), "the website comes from {}", site.origin());
        let live = watchers(&ledger, &channels, &site);
        let listener = TcpListener::bind(&config.listen)
            .await
            .with_context(|| format!("{} cannot be listened on", config.listen))?;
        let address = listener.local_addr()?;
        let notes = Notes::start(control.clone(), Arc::clone(&clock));
        let rules = session_rules(&config, address);
        let auth = Auth::new(control.clone(), notes.clone(), Arc::clone(&clock), rules);
        let state = state::Parts {
            config: Arc::new(config),
            address,
            clock,
            control,
            notes,
            live: Arc::new(live),
            ledger,
            channels,
            meter,
            auth: Arc::new(auth),
            site: Arc::new(site),
            readiness: Readiness::default(),
            shutdown,
            form_times: Arc::default(),
            demo_users: Arc::new(demo_users),
        };
        let state = AppState::from(state);
        state.readiness.ready("control");
        state.readiness.ready("ledger");
        state.readiness.ready("channels");
        let processor = tokio::spawn(own_ledger(processor));
        let app = router::router(state.clone());
        let connections_max = state.config.connections_max;
        let serving = listener::serve(listener, app, connections_max, state.shutdown.clone());
        Ok(Self { state, http: tokio::spawn(serving), processor, store, lock })
    }

    /// The address that the server listens on, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.state.address
    }

    /// What the handlers share.
    pub const fn state(&self) -> &AppState {
        &self.state
    }

    /// Stops taking requests, lets those that have begun finish, and closes everything: within
    /// 10 seconds.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { state, http, processor, store, lock } = self;
        state.shutdown.request();
        let (listener, _) = tokio::join!(http, timeout(LIVE_DRAIN_TIMEOUT, state.live.ended()));
        listener.context("the listener failed")?;
        state.channels.stopped().await;
        // Whoever was still waiting for an answer has it or is gone; what is queued is still done.
        state.ledger.close();
        processor.await.context("the processor failed")?;
        store.shut().await;
        state.notes.flush().await;
        state.control.close().await;
        drop(lock);
        Ok(())
    }
}

/// How long those who watch may take to hear that the server stops: longer than a bye may take.
const LIVE_DRAIN_TIMEOUT: Duration = Duration::from_secs(BYE_TIMEOUT.as_secs() + 1);

/// Reads the newest record. The tables say nothing about the version of what is in the journal, but
/// this does: a newer Onhand may have written what this one would misread.
async fn read_newest(store: &dyn Store, seq: u64) -> anyhow::Result<()> {
    if seq > 0 {
        let newest = Wants { records: [seq].into(), ..Wants::default() };
        store.fetch(&newest).await.with_context(|| format!("record #{seq} cannot be read"))?;
    }
    Ok(())
}

/// The ledger's file in the data folder.
pub const LEDGER_FILE: &str = "ledger.db";

/// What the house has settled for the rules.
pub const fn settings(config: &Config) -> Settings {
    Settings {
        count_window_us: config.count_window_s * SECOND_US,
        future_limit_us: FUTURE_LIMIT_US,
        orphan_after_us: config.orphan_after_s * SECOND_US,
        create_unknown_skus: config.create_unknown_skus,
        mass_change_share: config.mass_change_share,
        mass_change_min: config.mass_change_min,
    }
}

/// How far ahead of the server an event's time may be, in microseconds (contract.md section 3.3,
/// rule 5).
const FUTURE_LIMIT_US: i64 = 5 * 60 * SECOND_US;

/// The live side: takes batches from now on.
fn watchers(ledger: &Handle, channels: &Channels, site: &Site) -> Live {
    // Listening begins before the place is read from which it goes on.
    let batches = ledger.listen();
    let hub = Arc::new(Hub::new(ledger.seq()));
    let taking = Arc::clone(&hub);
    tokio::spawn(async move { taking.run(batches).await });
    tokio::spawn(tell(channels.clone(), Arc::clone(&hub)));
    let snapshots = Snapshots::new(Arc::clone(ledger.store()), Arc::new(channels.clone()));
    let build = site.manifest().map_or_else(String::new, |manifest| manifest.build_id.clone());
    Live::new(Shared { hub, snapshots, build })
}

/// Runs the processor. When the disk failed, nobody knows what is durable: the process ends at
/// once, nothing is answered, and the next start reads what is really there.
async fn own_ledger(processor: Processor) {
    if let Err(stopped) = processor.run().await {
        tracing::error!(%stopped, "the process ends, so that nothing is answered that is not durable");
        std::process::abort();
    }
}

fn session_rules(config: &Config, address: SocketAddr) -> SessionRules {
    let micros = |time: std::time::Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    SessionRules {
        lifetime_us: micros(config.session_lifetime()),
        idle_us: micros(config.session_idle()),
        cookie: SessionCookie::new(config.cookies_are_secure(address)),
    }
}
