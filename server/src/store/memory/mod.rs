//! The ledger in memory, for tests and the simulator: durable as long as the value lives.
//!
//! It keeps the journal and what a replay of it leads to, and nothing that the processor says
//! besides, but for the served time: so wherever it agrees with the tables of another store, these agree with the journal.

mod book;
mod read;

use std::sync::{Mutex, MutexGuard, PoisonError};

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

use super::rows::Rows;
use super::{ConflictQuery, JournalQuery, JournalRow, Store, StoreError, Totals};
use book::Book;

/// A ledger in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Book>);

impl MemoryStore {
    fn book(&self) -> MutexGuard<'_, Book> {
        // A batch that cannot be replayed panics before anything of it is kept.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, settings: Settings) -> Result<State, StoreError> {
        Ok(self.book().state().at_rest(settings))
    }

    async fn fetch(&self, wants: &Wants) -> Result<Loaded, StoreError> {
        self.book().fetch(wants)
    }

    async fn commit(&self, rows: &Rows<'_>) -> Result<(), StoreError> {
        self.book().commit(rows)
    }

    async fn served(&self) -> Result<Uptime, StoreError> {
        Ok(self.book().served)
    }

    async fn note_served(&self, uptime: Uptime) -> Result<(), StoreError> {
        self.book().note_served(uptime);
        Ok(())
    }

    async fn journal(&self, query: &JournalQuery) -> Result<Vec<JournalRow>, StoreError> {
        Ok(self.book().journal(query))
    }

    async fn journal_of(
        &self,
        source: &Source,
        id: &EventId,
    ) -> Result<Vec<JournalRow>, StoreError> {
        Ok(self.book().journal_of(source, id))
    }

    async fn stock(&self, query: &StockQuery) -> Result<StockPage, StoreError> {
        self.book().stock(query)
    }

    async fn levels_of(&self, skus: &[Sku]) -> Result<Vec<LevelRow>, StoreError> {
        Ok(self.book().levels_of(skus))
    }

    async fn scarce(&self, limit: u32) -> Result<Vec<LevelRow>, StoreError> {
        Ok(self.book().scarce(limit))
    }

    async fn totals(&self) -> Result<Totals, StoreError> {
        Ok(self.book().totals())
    }

    async fn intake(&self, from_minute: i64) -> Result<Vec<IntakeMinute>, StoreError> {
        Ok(self.book().intake(from_minute))
    }

    async fn steps(
        &self,
        levels: &[(Sku, LocationId)],
        most: Option<u32>,
    ) -> Result<Vec<Vec<Step>>, StoreError> {
        Ok(self.book().steps(levels, most))
    }

    async fn seq_at(&self, recorded_at: Timestamp) -> Result<u64, StoreError> {
        Ok(self.book().seq_at(recorded_at))
    }

    async fn history(&self, sku: &Sku, limit: u32) -> Result<Vec<HistoryPoint>, StoreError> {
        Ok(self.book().history(sku, limit))
    }

    async fn item(&self, sku: &Sku) -> Result<Option<ItemInfo>, StoreError> {
        Ok(self.book().item(sku))
    }

    async fn items_of(&self, skus: &[Sku]) -> Result<Vec<ItemInfo>, StoreError> {
        Ok(self.book().items_of(skus))
    }

    async fn items(&self, after: Option<&str>, limit: u32) -> Result<Vec<ItemInfo>, StoreError> {
        Ok(self.book().items(after, limit))
    }

    async fn locations(&self) -> Result<Vec<LocationInfo>, StoreError> {
        Ok(self.book().locations())
    }

    async fn order(&self, order: &OrderId) -> Result<Option<Order>, StoreError> {
        Ok(self.book().order(order))
    }

    async fn transfer(&self, transfer: &TransferId) -> Result<Option<Transfer>, StoreError> {
        Ok(self.book().transfer(transfer))
    }

    async fn conflicts(&self, query: &ConflictQuery) -> Result<Vec<Conflict>, StoreError> {
        Ok(self.book().conflicts(query))
    }

    async fn conflict(&self, id: ConflictId) -> Result<Option<Conflict>, StoreError> {
        Ok(self.book().conflict(id))
    }
}
