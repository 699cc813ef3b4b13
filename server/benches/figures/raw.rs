//! The raw limits of the machine, for the same work.

use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use onhand::event::{Event, EventData};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};

use super::cpu;
use super::load::{Measured, histogram};
use super::workload::{LOCATION, STOCK, Workload, now};

/// Bytes of one append.
const APPEND_BYTES: usize = 4_096;

/// Appends 4 KiB and syncs, again and again.
pub fn append(folder: &Path, time: Duration) -> anyhow::Result<Measured> {
    let path = folder.join("append");
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let block = [0x5a; APPEND_BYTES];
    let mut delays: Histogram<u64> = histogram()?;
    let begun = Instant::now();
    let mut events = 0;
    while begun.elapsed() < time {
        let one = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        delays.saturating_record(u64::try_from(one.elapsed().as_nanos()).unwrap_or(u64::MAX));
        events += 1;
    }
    let elapsed = begun.elapsed();
    std::fs::remove_file(path)?;
    Ok(Measured { events, elapsed, delays })
}

/// SQLite as the store has it (the same library, write-ahead log, every commit synced, pages and
/// cache of the same size), with the least that the same work needs: the event as it was sent, its
/// name unique, and its level. One transaction a batch, one statement a table, the rows as one
/// JSON argument.
pub struct RawSqlite {
    connection: SqliteConnection,
    seq: u64,
}

const TABLES: &str = "
CREATE TABLE events (seq INTEGER PRIMARY KEY, source TEXT NOT NULL, id TEXT NOT NULL,
    event TEXT NOT NULL, UNIQUE (source, id)) STRICT;
CREATE TABLE levels (sku TEXT NOT NULL, location TEXT NOT NULL, on_hand INTEGER NOT NULL,
    version INTEGER NOT NULL, PRIMARY KEY (sku, location)) STRICT, WITHOUT ROWID;";

const EVENTS: &str = "
INSERT INTO events (seq, source, id, event)
SELECT value->>0, value->>1, value->>2, value->>3 FROM json_each(?1)";

const LEVELS: &str = "
INSERT INTO levels (sku, location, on_hand, version)
SELECT value->>0, value->>1, value->>2, 1 FROM json_each(?1) WHERE true
ON CONFLICT (sku, location)
DO UPDATE SET on_hand = on_hand + excluded.on_hand, version = version + 1";

impl RawSqlite {
    /// A database with the levels that the workload is about.
    pub async fn open(folder: &Path, workload: &Workload) -> anyhow::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("raw.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .page_size(4_096)
            // 16 MiB, at which the store checkpoints too.
            .pragma("wal_autocheckpoint", "4096")
            .pragma("mmap_size", "0")
            .pragma("temp_store", "MEMORY")
            .pragma("cache_size", "-65536");
        let mut connection = options.connect().await?;
        sqlx::raw_sql(TABLES).execute(&mut connection).await?;
        let skus: Vec<usize> = (0..workload.skus.count()).collect();
        for some in skus.chunks(1_000) {
            let name = |sku: &usize| (workload.skus.name(*sku).as_str(), LOCATION, STOCK);
            let rows: Vec<_> = some.iter().map(name).collect();
            let json = serde_json::to_string(&rows)?;
            sqlx::query(LEVELS).bind(json).execute(&mut connection).await?;
        }
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
        Ok(Self { connection, seq: 0 })
    }

    /// Writes batches of the workload for `time`.
    pub async fn write(
        &mut self,
        workload: &mut Workload,
        batch: usize,
        time: Duration,
    ) -> anyhow::Result<Measured> {
        let mut delays = histogram()?;
        let begun = Instant::now();
        let mut events = 0;
        while begun.elapsed() < time {
            let one = Instant::now();
            self.batch(workload, batch).await?;
            delays.saturating_record(u64::try_from(one.elapsed().as_nanos()).unwrap_or(u64::MAX));
            events += batch as u64;
        }
        Ok(Measured { events, elapsed: begun.elapsed(), delays })
    }

    async fn batch(&mut self, workload: &mut Workload, batch: usize) -> anyhow::Result<()> {
        let time = now();
        let mut rows = Vec::with_capacity(batch);
        let mut levels = Vec::with_capacity(batch);
        for _ in 0..batch {
            let said = workload.next();
            let mut event = Vec::with_capacity(256);
            workload.write(&said, &time, &mut event);
            self.seq += 1;
            rows.push((
                self.seq,
                workload.source().to_owned(),
                Workload::id(&said),
                String::from_utf8(event)?,
            ));
            levels.push((workload.skus.name(said.sku).clone(), LOCATION, said.delta));
        }
        let (rows, levels) = (serde_json::to_string(&rows)?, serde_json::to_string(&levels)?);
        let mut transaction = self.connection.begin().await?;
        sqlx::query(EVENTS).bind(rows).execute(&mut *transaction).await?;
        sqlx::query(LEVELS).bind(levels).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// The least that deciding needs, in memory: the name is new, the SKU is known, its number moves.
pub struct RawMemory {
    known: HashSet<(Box<str>, Box<str>)>,
    numbers: HashMap<Box<str>, usize>,
    on_hand: Vec<i64>,
}

impl RawMemory {
    /// With the levels that the workload is about.
    pub fn new(workload: &Workload) -> Self {
        let names = (0..workload.skus.count()).map(|sku| workload.skus.name(sku).as_str().into());
        let numbers: HashMap<_, _> = names.zip(0..).collect();
        let on_hand = vec![STOCK; numbers.len()];
        Self { known: HashSet::new(), numbers, on_hand }
    }

    /// Decides events, each batch with its own names to compare with; events a second of one
    /// core's time.
    pub fn decide(&mut self, events: &[Event], batch: usize) -> anyhow::Result<f64> {
        let begun = cpu::of_this_thread()?;
        for events in events.chunks(batch) {
            self.known.clear();
            for event in events {
                let name = (event.source.as_str().into(), event.id.as_str().into());
                if let EventData::StockAdjusted(data) = &event.data
                    && self.known.insert(name)
                    && let Some(number) = self.numbers.get(data.sku.as_str())
                {
                    self.on_hand[*number] += data.delta;
                }
            }
        }
        Ok(events.len() as f64 / (cpu::of_this_thread()? - begun))
    }
}
