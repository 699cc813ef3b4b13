//! When the write-ahead log goes into the file: when nobody writes, or when it has grown large.
//! Only the writing connection does it, so no reader ever pays for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnection;
use tokio::sync::Mutex;

use super::{BUSY_TIMEOUT, writing};
use crate::store::StoreError;

/// The log is brought in at once when it has grown to this.
const WAL_MAX_BYTES: u64 = 64 * 1024 * 1024;

/// An idle writer brings the log in when it has at least this.
const WAL_IDLE_BYTES: u64 = 1024 * 1024;

/// How often the log's size is looked at while writing, in commits.
const LOOK_EVERY_COMMITS: u64 = 256;

/// How often an idle writer is looked for.
const IDLE_INTERVAL: Duration = Duration::from_secs(2);

/// How often an opening looks whether another connection has closed.
const CLOSING_DELAY: Duration = Duration::from_millis(5);

/// Keeps the log small.
pub(super) struct Checkpoints {
    wal: PathBuf,
    commits: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
}

impl Checkpoints {
    /// Starts looking for idle moments.
    pub(super) fn start(database: &Path, writer: Arc<Mutex<SqliteConnection>>) -> Self {
        let mut wal = database.as_os_str().to_owned();
        wal.push("-wal");
        let checkpoints =
            Self { wal: PathBuf::from(wal), commits: Arc::default(), stopped: Arc::default() };
        let commits = Arc::clone(&checkpoints.commits);
        let stopped = Arc::clone(&checkpoints.stopped);
        let wal = checkpoints.wal.clone();
        tokio::spawn(async move {
            let mut seen = 0;
            loop {
                tokio::time::sleep(IDLE_INTERVAL).await;
                if stopped.load(Ordering::Relaxed) || Arc::strong_count(&writer) == 1 {
                    return;
                }
                let now = commits.load(Ordering::Relaxed);
                if now == seen && size_of(&wal) >= WAL_IDLE_BYTES {
                    checkpoint(&mut *writer.lock().await).await;
                }
                seen = now;
            }
        });
        checkpoints
    }

    /// After each commit, with the writer at hand.
    pub(super) async fn committed(&self, writer: &mut SqliteConnection) {
        let commits = self.commits.fetch_add(1, Ordering::Relaxed) + 1;
        if commits.is_multiple_of(LOOK_EVERY_COMMITS) && size_of(&self.wal) >= WAL_MAX_BYTES {
            checkpoint(writer).await;
        }
    }

    /// Stops looking for idle moments.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

/// Brings the log in before anybody is told what it holds: a process that ended without warning may
/// have left something there that never reached the disk. From here on it has.
pub(super) async fn settle(writer: &mut SqliteConnection) -> Result<(), StoreError> {
    let begun = Instant::now();
    loop {
        match bring_in(writer).await {
            Ok(0) => return Ok(()),
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

/// Not 0 if somebody is in the way who reads what the log has changed.
async fn bring_in(writer: &mut SqliteConnection) -> Result<i64, StoreError> {
    let row: (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(writer)
        .await
        .map_err(writing)?;
    Ok(row.0)
}

fn size_of(wal: &Path) -> u64 {
    std::fs::metadata(wal).map_or(0, |metadata| metadata.len())
}
