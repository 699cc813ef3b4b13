//! `onhand import FILE`: a shop's log becomes events, with progress and a summary of what was not
//! taken and why.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use onhand::event::Event;
use onhand::wire::{EventResult, EventResults};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::import::shop_log::{Options, ShopLog, Summary};
use crate::intake::events::REQUEST_EVENTS_MAX;
use crate::intake::submit::submit;
use crate::lock::LedgerLock;
use crate::processor::{Handle, MemoryQueue, Processor};
use crate::server::{LEDGER_FILE, settings};
use crate::store::Store;
use crate::store::sqlite::SqliteStore;

/// The batch id of imported events. The same for every import, so that importing a file again gives
/// only duplicates; a batch is what shares it within one request.
const BATCH: &str = "import";

/// Where imported events go.
enum Target {
    /// The ledger in the data folder, which no server works on.
    Ledger(Handle),
    /// A server that runs.
    Server {
        /// The client.
        client: reqwest::Client,
        /// The address of `POST /api/v1/events`.
        url: String,
        /// The token.
        token: String,
    },
}

impl Target {
    async fn send(&self, events: Vec<Event>) -> anyhow::Result<Vec<EventResult>> {
        match self {
            Self::Ledger(handle) => {
                let events = events.into_iter().map(Ok).collect();
                Ok(submit(handle, events, Arc::from("import")).await?)
            }
            Self::Server { client, url, token } => {
                let request = client.post(url).bearer_auth(token).json(&events);
                let response = request.send().await.context("the server does not answer")?;
                if !response.status().is_success() {
                    let status = response.status();
                    bail!("the server refuses ({status}): {}", response.text().await?);
                }
                Ok(response.json::<EventResults>().await?.results)
            }
        }
    }
}

/// Imports files one after another: into the server at `url`, if one is given, else into the data
/// folder. The token for a server comes from the variable `ONHAND_TOKEN`.
pub(super) async fn import(
    config: &Config,
    files: &[std::path::PathBuf],
    url: Option<&str>,
) -> anyhow::Result<()> {
    if let Some(url) = url {
        let token = std::env::var("ONHAND_TOKEN").context("ONHAND_TOKEN must hold a token")?;
        let url = format!("{}/api/v1/events", url.trim_end_matches('/'));
        let target = Target::Server { client: reqwest::Client::new(), url, token };
        return all(&target, files).await;
    }
    let _lock = LedgerLock::take(&config.data)
        .context("with --url and ONHAND_TOKEN the import goes through the running server")?;
    let store = Arc::new(SqliteStore::open(&config.data.join(LEDGER_FILE)).await?);
    let state = store.load(settings(config)).await?;
    let queue = Arc::new(MemoryQueue::new(REQUEST_EVENTS_MAX));
    let durable: Arc<dyn Store> = Arc::<SqliteStore>::clone(&store);
    let (served, clock) = (store.served().await?, Arc::new(SystemClock));
    let batch_max = config.batch_events_max;
    let (processor, handle) = Processor::new(state, served, durable, queue, clock, batch_max);
    let processing = tokio::spawn(processor.run());
    let imported = all(&Target::Ledger(handle.clone()), files).await;
    handle.close();
    processing.await??;
    store.shut().await;
    imported
}

async fn all(target: &Target, files: &[std::path::PathBuf]) -> anyhow::Result<()> {
    let mut summary = Summary::default();
    let mut outcomes: BTreeMap<&'static str, u64> = BTreeMap::new();
    let begun = Instant::now();
    for file in files {
        one(target, file, &mut summary, &mut outcomes).await?;
    }
    tell(&summary, &outcomes, begun.elapsed())?;
    Ok(())
}

async fn one(
    target: &Target,
    file: &Path,
    summary: &mut Summary,
    outcomes: &mut BTreeMap<&'static str, u64>,
) -> anyhow::Result<()> {
    let mut log = ShopLog::open(file, Options::default())
        .with_context(|| format!("{} cannot be imported", file.display()))?;
    let bar = super::progress::bytes(log.progress().total_bytes);
    bar.set_message(file.file_name().unwrap_or_default().to_string_lossy().into_owned());
    loop {
        let mut events = Vec::with_capacity(REQUEST_EVENTS_MAX);
        while events.len() < REQUEST_EVENTS_MAX {
            match log.next() {
                Some(event) => {
                    let mut event = event?;
                    event.extensions.insert("batchid".to_owned(), BATCH.to_owned());
                    events.push(event);
                }
                None => break,
            }
        }
        if events.is_empty() {
            break;
        }
        for result in target.send(events).await? {
            *outcomes.entry(result.outcome.as_str()).or_default() += 1;
        }
        bar.set_position(log.progress().read_bytes);
    }
    bar.finish_and_clear();
    summary.add(log.summary());
    Ok(())
}

/// Says what was taken and what not.
fn tell(
    summary: &Summary,
    outcomes: &BTreeMap<&'static str, u64>,
    time: std::time::Duration,
) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let events: u64 = outcomes.values().sum();
    let rate = super::verify::rate(events, time);
    writeln!(
        out,
        "{} rows: {} taken, {} not",
        summary.rows,
        summary.taken_rows(),
        summary.skipped_rows()
    )?;
    for (kind, count) in &summary.taken {
        writeln!(out, "  taken as {}: {count}", kind.as_str())?;
    }
    for (reason, skipped) in &summary.skipped {
        writeln!(out, "  not taken, {reason}: {}", skipped.count)?;
        for example in &skipped.examples {
            writeln!(out, "    line {}: {}", example.line, example.text)?;
        }
    }
    if summary.spelled_twice() > 0 {
        writeln!(out, "  SKUs spelled in two ways: {}", summary.spelled_twice())?;
    }
    writeln!(out, "{events} events in {:.1} s ({rate} events/s)", time.as_secs_f64())?;
    for (outcome, count) in outcomes {
        writeln!(out, "  {outcome}: {count}")?;
    }
    Ok(())
}
