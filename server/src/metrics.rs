//! What the server says of itself to Prometheus, gathered when it is asked: counters and histograms
//! that parts of the server keep anyway, and the present sizes of things.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::control::CONTROL_FILE;
use crate::live::LiveStats;
use crate::processor::{Handle, Meters};
use crate::server::LEDGER_FILE;
use crate::state::AppState;
use crate::sync::Channels;

/// One label with its value.
type Label = [(&'static str, String); 1];

/// Everything, in the text format of Prometheus (0.0.4).
///
/// # Errors
/// When the text cannot be written, which memory never refuses.
pub fn text(state: &AppState) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("onhand");
    ledger(&mut registry, &state.ledger, state.config.queue_capacity);
    processor(&mut registry, state.ledger.meters());
    channels(&mut registry, &state.channels);
    live(&mut registry, state.live.shared().hub.stats());
    files(&mut registry, &state.config.data);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    // Named as every process names it, without our prefix.
    if let Some(bytes) = resident_bytes() {
        let mut registry = Registry::with_prefix("process");
        let help = "Memory that the process holds";
        size(&mut registry, "resident_memory", help, Some(Unit::Bytes), bytes);
        encode(&mut text, &registry)?;
    }
    Ok(text)
}

fn ledger(registry: &mut Registry, ledger: &Handle, capacity: usize) {
    let depth = count(ledger.queue_depth());
    size(registry, "queue", "Events that wait for the processor", Some(events()), depth);
    let help = "Events that may wait for the processor";
    size(registry, "queue_capacity", help, Some(events()), count(capacity));
    size(registry, "journal_seq", "The journal's last durable place", None, ledger.seq());
}

fn processor(registry: &mut Registry, meters: &Meters) {
    let outcomes = Family::<Label, Counter>::default();
    for (outcome, counter) in meters.outcomes() {
        let label = [("outcome", outcome.as_str().to_owned())];
        outcomes.get_or_create(&label).inc_by(counter.get());
    }
    registry.register("events", "Events decided, by outcome", outcomes);
    let help = "Records of a committed batch";
    registry.register_with_unit("batch", help, events(), meters.batch_events.clone());
    let times = [
        ("decide", "Time to decide a batch, without loading", &meters.decide_seconds),
        ("load", "Time to load what a batch needs", &meters.load_seconds),
        ("commit", "Time to make a batch durable", &meters.commit_seconds),
    ];
    for (name, help, histogram) in times {
        registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
    }
}

fn channels(registry: &mut Registry, channels: &Channels) {
    let [listings, behind] = [(); 2].map(|()| Family::<Label, Gauge<u64, AtomicU64>>::default());
    let lag = Family::<Label, Gauge<f64, AtomicU64>>::default();
    let [calls, failed, pushed, drifted] = [(); 4].map(|()| Family::<Label, Counter>::default());
    for status in channels.statuses() {
        let label = [("channel", status.channel.to_string())];
        listings.get_or_create(&label).set(status.listings);
        behind.get_or_create(&label).set(status.behind);
        // Milliseconds of any length that a server runs are exact in a float.
        let lag_s = std::time::Duration::from_millis(status.lag_ms).as_secs_f64();
        lag.get_or_create(&label).set(lag_s);
        if let Some(counts) = channels.counts(&status.channel) {
            calls.get_or_create(&label).inc_by(counts.calls);
            failed.get_or_create(&label).inc_by(counts.failed);
            pushed.get_or_create(&label).inc_by(counts.pushed);
            drifted.get_or_create(&label).inc_by(counts.drifted);
        }
    }
    registry.register("channel_listings", "Listings of a channel", listings);
    let help = "Listings of a channel that do not show what they should";
    registry.register("channel_listings_behind", help, behind);
    let help = "Time for which the oldest of a channel's listings has not shown what it should";
    registry.register_with_unit("channel_lag", help, Unit::Seconds, lag);
    registry.register("channel_calls", "Calls made to a channel", calls);
    registry.register("channel_calls_failed", "Calls to a channel that failed", failed);
    registry.register("channel_pushed", "Quantities that a channel has acknowledged", pushed);
    let help = "Differences found on a channel that Onhand did not cause";
    registry.register("channel_drifted", help, drifted);
}

fn live(registry: &mut Registry, stats: &LiveStats) {
    let now = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    size(registry, "live_clients", "Websockets that are open", None, now(&stats.connections));
    let counters = [
        ("live_changes", "Changes told to those who watch", &stats.changes),
        ("live_frames", "Frames sent", &stats.frames),
        ("live_merges", "Changes merged into another for a slow reader", &stats.merges),
        ("live_overruns", "Slow readers that got a snapshot instead", &stats.overruns),
        ("live_snapshots", "Snapshots read from the store", &stats.snapshots),
        ("live_missed", "Times the hub itself missed batches", &stats.missed),
    ];
    for (name, help, counter) in counters {
        registry.register(name, help, total(now(counter)));
    }
    let bytes = total(now(&stats.frame_bytes));
    registry.register_with_unit("live_frame", "Size of the frames sent", Unit::Bytes, bytes);
}

fn files(registry: &mut Registry, data: &Path) {
    let [databases, logs] = [(); 2].map(|()| Family::<Label, Gauge<u64, AtomicU64>>::default());
    for (name, file) in [("ledger", LEDGER_FILE), ("control", CONTROL_FILE)] {
        let label = [("database", name.to_owned())];
        let (database, log) = (data.join(file), data.join(format!("{file}-wal")));
        databases.get_or_create(&label).set(file_bytes(&database));
        logs.get_or_create(&label).set(file_bytes(&log));
    }
    let help = "Size of a database's file";
    registry.register_with_unit("database", help, Unit::Bytes, databases);
    let help = "Size of a database's write-ahead log";
    registry.register_with_unit("wal", help, Unit::Bytes, logs);
}

fn events() -> Unit {
    Unit::Other("events".to_owned())
}

fn size(registry: &mut Registry, name: &str, help: &str, unit: Option<Unit>, value: u64) {
    let gauge = Gauge::<u64, AtomicU64>::default();
    gauge.set(value);
    match unit {
        Some(unit) => registry.register_with_unit(name, help, unit, gauge),
        None => registry.register(name, help, gauge),
    }
}

fn total(value: u64) -> Counter {
    let counter = Counter::default();
    counter.inc_by(value);
    counter
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The size of a file; 0 if there is none.
fn file_bytes(path: &PathBuf) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The memory that the process holds, where the system says so.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1_024)
}
