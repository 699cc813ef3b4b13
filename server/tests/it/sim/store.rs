//! The store in memory, with everything that can go wrong with a store: it is slow, it cannot be
//! read or written for a while, it is full, and it fails so that nobody knows what it has kept.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use onhand::conflict::Conflict;
use onhand::history::Step;
use onhand::id::{ConflictId, EventId, LocationId, OrderId, Sku, Source, TransferId};
use onhand::order::Order;
use onhand::record::{ItemInfo, LocationInfo};
use onhand::sim::rng::Rng;
use onhand::state::{Loaded, Settings, State, Wants};
use onhand::time::{Timestamp, Uptime};
use onhand::transfer::Transfer;
use onhand::wire::page::{HistoryPoint, IntakeMinute};
use onhand::wire::stock::{LevelRow, StockPage, StockQuery};
use onhand_server::store::memory::MemoryStore;
use onhand_server::store::rows::Rows;
use onhand_server::store::{ConflictQuery, JournalQuery, JournalRow, Store, StoreError, Totals};

use super::executor::Time;

/// How often what goes wrong, in percent.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    /// The longest that anything takes, in milliseconds.
    pub slow_ms: u64,
    /// Reads that fail.
    pub unreadable: u64,
    /// Commits that fail and are known to have failed.
    pub unwritable: u64,
    /// Commits that find the disk full; it stays so for a while.
    pub full: u64,
    /// Commits of which nobody knows whether they are durable.
    pub unknown: u64,
    /// Commits that are called durable and are not. No world has them but those that prove that
    /// they would be found out.
    pub forgotten: u64,
}

impl Faults {
    /// What a seed has: some faults often, others never.
    pub fn draw(rng: &mut Rng) -> Self {
        let mut sometimes = |percent: u64| if rng.percent(50) { percent } else { 0 };
        let (unreadable, unwritable) = (sometimes(10), sometimes(20));
        let (full, unknown) = (sometimes(6), sometimes(8));
        let slow_ms = rng.pick(&[0, 1, 5, 50]);
        Self { slow_ms, unreadable, unwritable, full, unknown, forgotten: 0 }
    }
}

/// A store that fails.
pub struct FaultyStore {
    durable: Arc<MemoryStore>,
    time: Time,
    faults: Faults,
    chance: Mutex<Chance>,
}

struct Chance {
    rng: Rng,
    full_until: Duration,
    calm: bool,
    /// A commit of this process has failed so that nobody knows what is durable.
    failed: bool,
}

/// What becomes of a commit.
enum Fate {
    Kept,
    Refused(StoreError),
    Unknown { kept: bool },
    Forgotten,
}

impl FaultyStore {
    pub fn new(durable: Arc<MemoryStore>, time: Time, faults: Faults, rng: Rng) -> Self {
        let chance = Chance { rng, full_until: Duration::ZERO, calm: false, failed: false };
        Self { durable, time, faults, chance: Mutex::new(chance) }
    }

    /// From now on nothing goes wrong.
    pub fn calm_down(&self) {
        self.chance.lock().unwrap().calm = true;
    }

    async fn take_time(&self) {
        let ms = self.chance.lock().unwrap().rng.below(self.faults.slow_ms + 1);
        self.time.sleep(Duration::from_millis(ms)).await;
    }

    async fn read(&self) -> Result<(), StoreError> {
        self.take_time().await;
        let mut chance = self.chance.lock().unwrap();
        if !chance.calm && chance.rng.percent(self.faults.unreadable) {
            return Err(StoreError::Unavailable("it cannot be read".to_owned()));
        }
        Ok(())
    }

    /// A process that does not know what is durable may not go on.
    fn goes_on(&self) {
        assert!(!self.chance.lock().unwrap().failed, "it goes on although a sync has failed");
    }

    fn fate(&self) -> Fate {
        let mut chance = self.chance.lock().unwrap();
        let now = self.time.now();
        if chance.calm {
            return Fate::Kept;
        }
        if now < chance.full_until || chance.rng.percent(self.faults.full) {
            if now >= chance.full_until {
                chance.full_until = now + Duration::from_millis(chance.rng.below(500));
            }
            return Fate::Refused(StoreError::Full("no room".to_owned()));
        }
        if chance.rng.percent(self.faults.unwritable) {
            return Fate::Refused(StoreError::Unavailable("it cannot be written".to_owned()));
        }
        if chance.rng.percent(self.faults.unknown) {
            return Fate::Unknown { kept: chance.rng.percent(50) };
        }
        if chance.rng.percent(self.faults.forgotten) {
            return Fate::Forgotten;
        }
        Fate::Kept
    }
}

/// Implements the port: what the processor asks goes wrong, what others read does not.
macro_rules! faulty {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl Store for FaultyStore {
            async fn load(&self, settings: Settings) -> Result<State, StoreError> {
                self.chance.lock().unwrap().failed = false;
                self.read().await?;
                self.durable.load(settings).await
            }

            async fn fetch(&self, wants: &Wants) -> Result<Loaded, StoreError> {
                self.goes_on();
                self.read().await?;
                self.durable.fetch(wants).await
            }

            async fn commit(&self, rows: &Rows<'_>) -> Result<(), StoreError> {
                self.goes_on();
                self.take_time().await;
                match self.fate() {
                    Fate::Kept => self.durable.commit(rows).await?,
                    Fate::Refused(error) => return Err(error),
                    Fate::Forgotten => return Ok(()),
                    Fate::Unknown { kept } => {
                        if kept {
                            self.durable.commit(rows).await?;
                        }
                        self.chance.lock().unwrap().failed = true;
                        self.take_time().await;
                        return Err(StoreError::Failed("a sync failed".to_owned()));
                    }
                }
                // It is durable, but nobody knows it yet.
                self.take_time().await;
                Ok(())
            }

            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.durable.$name($($argument),*).await
            })+
        }
    };
}

faulty!(
    fn served() -> Uptime;
    fn note_served(uptime: Uptime) -> ();
    fn journal(query: &JournalQuery) -> Vec<JournalRow>;
    fn journal_of(source: &Source, id: &EventId) -> Vec<JournalRow>;
    fn stock(query: &StockQuery) -> StockPage;
    fn levels_of(skus: &[Sku]) -> Vec<LevelRow>;
    fn scarce(limit: u32) -> Vec<LevelRow>;
    fn totals() -> Totals;
    fn intake(from_minute: i64) -> Vec<IntakeMinute>;
    fn steps(levels: &[(Sku, LocationId)], most: Option<u32>) -> Vec<Vec<Step>>;
    fn seq_at(recorded_at: Timestamp) -> u64;
    fn history(sku: &Sku, limit: u32) -> Vec<HistoryPoint>;
    fn item(sku: &Sku) -> Option<ItemInfo>;
    fn items_of(skus: &[Sku]) -> Vec<ItemInfo>;
    fn items(after: Option<&str>, limit: u32) -> Vec<ItemInfo>;
    fn locations() -> Vec<LocationInfo>;
    fn order(order: &OrderId) -> Option<Order>;
    fn transfer(transfer: &TransferId) -> Option<Transfer>;
    fn conflicts(query: &ConflictQuery) -> Vec<Conflict>;
    fn conflict(id: ConflictId) -> Option<Conflict>;
);
