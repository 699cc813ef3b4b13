//! When the write-ahead log goes into the file: when nobody writes, or when it has grown large. A
//! large one is brought in beside the writer, by a connection of its own; the writer waits only
//! for what it has added meanwhile. No reader ever pays for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnection;
use tokio::sync::{Mutex, Notify};

use super::{BUSY_TIMEOUT, PAGE_BYTES, writing};
use crate::store::StoreError;

/// The log is brought in when it has grown to this many pages: 16 MiB. A longer one is written into
/// the file less often, but then the disk has so much to write at once that commits wait for it, and
/// the log itself no longer stays in the processor's cache.
const LOG_MAX_PAGES: i64 = 16 * 1024 * 1024 / PAGE_BYTES as i64;

/// The writer itself brings in what is left, once it is no more than this many pages.
const LOG_REST_PAGES: i64 = LOG_MAX_PAGES / 32;

/// How often the rest is tried to be made small before the writer brings it in as it is.
const ROUNDS_MAX: usize = 4;

/// From this many pages on the writer waits for readers to let go of the log.
const LOG_TOO_LARGE_PAGES: i64 = 32 * LOG_MAX_PAGES;

/// An idle writer brings the log in when it has at least this, and shortens its file.
const LOG_IDLE_BYTES: u64 = 1024 * 1024;

/// How often the log's size is looked at while writing, in commits.
const LOOK_EVERY_COMMITS: u64 = 8;

/// How often an idle writer is looked for.
const IDLE_INTERVAL: Duration = Duration::from_secs(2);

/// How often an opening looks whether another connection has closed.
const CLOSING_DELAY: Duration = Duration::from_millis(5);

/// Keeps the log small.
pub(super) struct Checkpoints {
    commits: Arc<AtomicU64>,
    look: Arc<Notify>,
    stopped: Arc<AtomicBool>,
}

/// What looks after the log.
struct Keeper {
    log: PathBuf,
    writer: Arc<Mutex<SqliteConnection>>,
    own: SqliteConnection,
    commits: Arc<AtomicU64>,
    look: Arc<Notify>,
    stopped: Arc<AtomicBool>,
}

impl Checkpoints {
    /// Starts looking after the log; `own` is a connection that writes nothing else.
    pub(super) fn start(
        database: &Path,
        writer: Arc<Mutex<SqliteConnection>>,
        own: SqliteConnection,
    ) -> Self {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let checkpoints =
            Self { commits: Arc::default(), look: Arc::default(), stopped: Arc::default() };
        let keeper = Keeper {
            log: PathBuf::from(log),
            writer,
            own,
            commits: Arc::clone(&checkpoints.commits),
            look: Arc::clone(&checkpoints.look),
            stopped: Arc::clone(&checkpoints.stopped),
        };
        tokio::spawn(keeper.run());
        checkpoints
    }

    /// After each commit.
    pub(super) fn committed(&self) {
        let commits = self.commits.fetch_add(1, Ordering::Relaxed) + 1;
        if commits.is_multiple_of(LOOK_EVERY_COMMITS) {
            self.look.notify_one();
        }
    }

    /// Stops looking after the log.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.look.notify_one();
    }
}

impl Keeper {
    async fn run(mut self) {
        let mut seen = 0;
        loop {
            let looked = tokio::time::timeout(IDLE_INTERVAL, self.look.notified()).await;
            if self.stopped.load(Ordering::Relaxed) || Arc::strong_count(&self.writer) == 1 {
                return;
            }
            if looked.is_ok() {
                if let Err(error) = self.keep_small().await {
                    tracing::warn!(%error, "the write-ahead log was not brought in");
                }
                continue;
            }
            let now = self.commits.load(Ordering::Relaxed);
            if now == seen && size_of(&self.log) >= LOG_IDLE_BYTES {
                checkpoint(&mut *self.writer.lock().await).await;
            }
            seen = now;
        }
    }

    /// Brings a large log in, so that the next commit begins it anew.
    async fn keep_small(&mut self) -> Result<(), StoreError> {
        let log = Log::after("PRAGMA wal_checkpoint(NOOP)", &mut self.own).await?;
        if log.pages < LOG_MAX_PAGES {
            return Ok(());
        }
        for _ in 0..ROUNDS_MAX {
            Log::after("PRAGMA wal_checkpoint(PASSIVE)", &mut self.own).await?;
            let log = Log::after("PRAGMA wal_checkpoint(NOOP)", &mut self.own).await?;
            if log.pages - log.brought_in <= LOG_REST_PAGES {
                break;
            }
        }
        let how = if log.pages < LOG_TOO_LARGE_PAGES {
            "PRAGMA wal_checkpoint(PASSIVE)"
        } else {
            "PRAGMA wal_checkpoint(RESTART)"
        };
        Log::after(how, &mut *self.writer.lock().await).await.map(drop)
    }
}

/// What a checkpoint says of the log.
struct Log {
    /// Whether somebody is in the way who reads what the log has changed.
    busy: bool,
    pages: i64,
    brought_in: i64,
}

impl Log {
    async fn after(
        statement: &'static str,
        connection: &mut SqliteConnection,
    ) -> Result<Self, StoreError> {
        let row: (i64, i64, i64) =
            sqlx::query_as(statement).fetch_one(connection).await.map_err(writing)?;
        Ok(Self { busy: row.0 != 0, pages: row.1, brought_in: row.2 })
    }
}

/// Brings the log in before anybody is told what it holds: a process that ended without warning may
/// have left something there that never reached the disk. From here on it has.
pub(super) async fn settle(writer: &mut SqliteConnection) -> Result<(), StoreError> {
    let begun = Instant::now();
    loop {
        match bring_in(writer).await {
            Ok(false) => return Ok(()),
            // A connection that closes brings the log in too, and SQLite does not wait for it.
            Ok(_) if begun.elapsed() < BUSY_TIMEOUT => tokio::time::sleep(CLOSING_DELAY).await,
            Ok(_) => {
                let why = "another program reads the ledger".to_owned();
                return Err(StoreError::Unavailable(why));
            }
            Err(StoreError::Full(why)) => {
                // Without room in the file everything stays in the log, which is synced first.
                tracing::warn!(why, "the write-ahead log was not brought in");
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
}

/// Brings the log in, if that is possible.
pub(super) async fn checkpoint(writer: &mut SqliteConnection) {
    if let Err(error) = bring_in(writer).await {
        // What is committed is safe in the log; the next idle moment or start tries again.
        tracing::warn!(%error, "the write-ahead log was not brought in");
    }
}

/// Brings all of the log in and shortens its file; says whether somebody is in the way who reads
/// what the log has changed.
async fn bring_in(writer: &mut SqliteConnection) -> Result<bool, StoreError> {
    Ok(Log::after("PRAGMA wal_checkpoint(TRUNCATE)", writer).await?.busy)
}

fn size_of(log: &Path) -> u64 {
    std::fs::metadata(log).map_or(0, |metadata| metadata.len())
}
