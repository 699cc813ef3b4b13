//! The ledger in SQLite: one writing connection, a few reading ones, write-ahead log, every commit
//! synced (faults.md section 6).

mod about;
mod checkpoint;
mod commit;
mod fetch;
mod journal;
mod load;
mod names;
mod read;
mod search;
mod served;
mod steps;
mod stock;
mod summary;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use onhand::conflict::Conflict;
use onhand::history::Step;
use onhand::id::{ConflictId, EventId, LocationId, OrderId, Sku, Source, TransferId};
use onhand::order::Order;
use onhand::record::{ItemInfo, LocationInfo};
use onhand::state::{Loaded, Settings, State, Wants};
use onhand::time::{Timestamp, Uptime};
use onhand::transfer::Transfer;
use onhand::wire::page::{HistoryPoint, IntakeMinute};
use onhand::wire::stock::{LevelRow, StockPage, StockQuery};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::Mutex;

use super::rows::Rows;
use super::{ConflictQuery, JournalQuery, JournalRow, Store, StoreError, Totals};

/// The first SQLite without the WAL-reset bug that can corrupt a database with several
/// connections (versions 3.7.0 to 3.51.2).
const SQLITE_VERSION_MIN: (u32, u32, u32) = (3, 51, 3);

/// Reading connections for pages and the API.
const READERS: u32 = 4;

/// Size of a page of a new file: what one commit changes lies scattered, so small pages keep the
/// write-ahead log small.
const PAGE_BYTES: u32 = 4_096;

/// Memory for pages: the writer's, and that of each connection that only reads, which finds what it
/// lacks in the operating system's memory. In the words of `PRAGMA cache_size`: KiB, negative.
const WRITER_CACHE: &str = "-65536";
/// That of a writer that fills a new file: most pages change many times.
const FILLING_CACHE: &str = "-1048576";
const READER_CACHE: &str = "-8192";
/// That of the connection that reads everything once, in order.
const LOAD_CACHE: &str = "-2048";

/// How long a connection waits for another program's lock, e.g. a backup's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The ledger that this file holds. One organisation has one ledger; the column keeps several
/// apart where they share a database.
const LEDGER: i64 = 1;

/// A ledger in an SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    writer: Arc<Mutex<SqliteConnection>>,
    /// The processor's own reading connection, so that pages never keep it waiting.
    loader: Mutex<SqliteConnection>,
    reading: SqliteConnectOptions,
    readers: SqlitePool,
    names: names::Names,
    checkpoints: checkpoint::Checkpoints,
}

impl SqliteStore {
    /// Opens the file, creates it if it is not there, and brings its tables up to date.
    ///
    /// # Errors
    /// When the file cannot be used or synced, or SQLite is one with the WAL-reset bug.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, SqliteJournalMode::Wal, SqliteSynchronous::Full, WRITER_CACHE).await
    }

    /// Opens a new file to be filled: nothing is synced, and what fails leaves nothing that could be
    /// used. It is for files that are synced and only then called a ledger.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn fill(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, SqliteJournalMode::Off, SqliteSynchronous::Off, FILLING_CACHE).await
    }

    async fn open_with(
        path: &Path,
        journal: SqliteJournalMode,
        synchronous: SqliteSynchronous,
        cache: &'static str,
    ) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(journal)
            .synchronous(synchronous)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .page_size(PAGE_BYTES)
            // Checkpoints are the writer's own business: see `checkpoint`.
            .pragma("wal_autocheckpoint", "0")
            .pragma("mmap_size", "0")
            // What a statement would need to be undone alone: never on a disk.
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", cache);
        let mut writer = options.clone().connect().await.map_err(opening)?;
        check_version(&mut writer).await?;
        sqlx::migrate!("../migrations/sqlite/ledger")
            .run(&mut writer)
            .await
            .map_err(|error| StoreError::Damaged(error.to_string()))?;
        checkpoint::settle(&mut writer).await?;
        let bringing_in = options.clone().connect().await.map_err(opening)?;
        let reading = options.read_only(true).create_if_missing(false);
        let reading = reading.pragma("cache_size", READER_CACHE);
        let mut loader = reading.clone().connect().await.map_err(opening)?;
        let names = names::Names::read(&mut loader).await?;
        let readers = SqlitePoolOptions::new().max_connections(READERS);
        let readers = readers.connect_with(reading.clone()).await.map_err(opening)?;
        let writer = Arc::new(Mutex::new(writer));
        let checkpoints = checkpoint::Checkpoints::start(path, Arc::clone(&writer), bringing_in);
        let (path, loader) = (path.to_owned(), Mutex::new(loader));
        Ok(Self { path, writer, loader, reading, readers, names, checkpoints })
    }

    /// Writes what is in the log into the file and stops looking after it. What was committed is
    /// safe without it; the next start is only a little quicker.
    ///
    pub async fn shut(&self) {
        self.checkpoints.stop();
        self.readers.close().await;
        checkpoint::checkpoint(&mut *self.writer.lock().await).await;
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

async fn check_version(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()")
        .fetch_one(connection)
        .await
        .map_err(opening)?;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) < SQLITE_VERSION_MIN {
        let (major, minor, patch) = SQLITE_VERSION_MIN;
        return Err(StoreError::Damaged(format!(
            "SQLite {version} can corrupt its write-ahead log; {major}.{minor}.{patch} is needed"
        )));
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn opening(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn reading(error: sqlx::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// What an error while writing means. SQLite's primary codes: 5 busy, 6 locked, 13 full; anything
/// that the disk reports (10) may be a failed sync, after which nothing is certain.
#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` takes")]
fn writing(error: sqlx::Error) -> StoreError {
    let code = match &error {
        sqlx::Error::Database(database) => {
            database.code().and_then(|code| code.parse::<u32>().ok()).map(|code| code & 0xff)
        }
        _ => None,
    };
    match code {
        Some(5 | 6) => StoreError::Unavailable(error.to_string()),
        Some(13) => StoreError::Full(error.to_string()),
        _ => StoreError::Failed(error.to_string()),
    }
}

fn damaged(error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(error.to_string())
}

/// An unsigned number as SQLite has it. Sequences and versions never come near the sign.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A stored number that is never negative.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, settings: Settings) -> Result<State, StoreError> {
        let reading = self.reading.clone().pragma("cache_size", LOAD_CACHE);
        let mut connection = reading.connect().await.map_err(opening)?;
        let state = load::load(&mut connection, settings).await;
        connection.close().await.map_err(opening)?;
        state
    }

    async fn fetch(&self, wants: &Wants) -> Result<Loaded, StoreError> {
        fetch::fetch(&mut *self.loader.lock().await, &self.names, wants).await
    }

    async fn commit(&self, rows: &Rows<'_>) -> Result<(), StoreError> {
        let mut writer = self.writer.lock().await;
        let envelopes = rows.entries.iter().map(|entry| &entry.record.envelope);
        self.names.add(envelopes.map(|event| (&event.source, &event.id)));
        commit::commit(&mut writer, rows).await?;
        drop(writer);
        self.checkpoints.committed();
        Ok(())
    }

    async fn served(&self) -> Result<Uptime, StoreError> {
        served::read(&self.readers).await
    }

    async fn note_served(&self, uptime: Uptime) -> Result<(), StoreError> {
        served::note(&mut *self.writer.lock().await, uptime).await?;
        self.checkpoints.committed();
        Ok(())
    }

    async fn journal(&self, query: &JournalQuery) -> Result<Vec<JournalRow>, StoreError> {
        journal::journal(&self.readers, query).await
    }

    async fn journal_of(
        &self,
        source: &Source,
        id: &EventId,
    ) -> Result<Vec<JournalRow>, StoreError> {
        journal::journal_of(&self.readers, source, id).await
    }

    async fn stock(&self, query: &StockQuery) -> Result<StockPage, StoreError> {
        stock::page(&self.readers, query).await
    }

    async fn levels_of(&self, skus: &[Sku]) -> Result<Vec<LevelRow>, StoreError> {
        stock::levels_of(&self.readers, skus).await
    }

    async fn scarce(&self, limit: u32) -> Result<Vec<LevelRow>, StoreError> {
        stock::scarce(&self.readers, limit).await
    }

    async fn totals(&self) -> Result<Totals, StoreError> {
        stock::totals(&self.readers).await
    }

    async fn intake(&self, from_minute: i64) -> Result<Vec<IntakeMinute>, StoreError> {
        journal::intake(&self.readers, from_minute).await
    }

    async fn steps(
        &self,
        levels: &[(Sku, LocationId)],
        most: Option<u32>,
    ) -> Result<Vec<Vec<Step>>, StoreError> {
        steps::steps(&self.readers, levels, most).await
    }

    async fn seq_at(&self, recorded_at: Timestamp) -> Result<u64, StoreError> {
        steps::seq_at(&self.readers, recorded_at).await
    }

    async fn history(&self, sku: &Sku, limit: u32) -> Result<Vec<HistoryPoint>, StoreError> {
        steps::history(&self.readers, sku, limit).await
    }

    async fn item(&self, sku: &Sku) -> Result<Option<ItemInfo>, StoreError> {
        read::item(&self.readers, sku).await
    }

    async fn items_of(&self, skus: &[Sku]) -> Result<Vec<ItemInfo>, StoreError> {
        read::items_of(&self.readers, skus).await
    }

    async fn items(&self, after: Option<&str>, limit: u32) -> Result<Vec<ItemInfo>, StoreError> {
        read::items(&self.readers, after, limit).await
    }

    async fn locations(&self) -> Result<Vec<LocationInfo>, StoreError> {
        read::locations(&self.readers).await
    }

    async fn order(&self, order: &OrderId) -> Result<Option<Order>, StoreError> {
        read::order(&self.readers, order).await
    }

    async fn transfer(&self, transfer: &TransferId) -> Result<Option<Transfer>, StoreError> {
        read::transfer(&self.readers, transfer).await
    }

    async fn conflicts(&self, query: &ConflictQuery) -> Result<Vec<Conflict>, StoreError> {
        read::conflicts(&self.readers, query).await
    }

    async fn conflict(&self, id: ConflictId) -> Result<Option<Conflict>, StoreError> {
        read::conflict(&self.readers, id).await
    }
}
