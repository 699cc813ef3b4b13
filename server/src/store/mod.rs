//! The store: where the ledger is durable. A port with one contract suite (`tests/it/store`), so
//! that another database is another implementation and nothing else.

pub(crate) mod about;
pub mod memory;
pub mod rows;
pub mod sqlite;
mod stock;
pub mod summary;

use async_trait::async_trait;
use onhand::conflict::{Conflict, ConflictKind, ConflictStatus};
use onhand::event::EventRef;
use onhand::history::Step;
use onhand::id::{
    ChannelId, ConflictId, EventId, ListingId, LocationId, OrderId, Sku, Source, TransferId,
};
use onhand::order::Order;
use onhand::record::{ItemInfo, LocationInfo, Outcome};
use onhand::state::{Loaded, Settings, State, Wants};
use onhand::time::{Timestamp, Uptime};
use onhand::transfer::Transfer;
use onhand::wire::page::{HistoryPoint, IntakeMinute};
use onhand::wire::stock::{LevelRow, StockPage, StockQuery};

use rows::Rows;
use serde::Serialize;
pub(crate) use stock::is_low;

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be written right now; nothing was written. Trying again may work.
    #[error("the store is busy or unreachable: {0}")]
    Unavailable(String),
    /// There is no space left; nothing was written.
    #[error("the disk is full: {0}")]
    Full(String),
    /// It is not known whether it was written, or the disk failed. The process has to stop: after
    /// a failed sync the operating system may have dropped what was to be written.
    #[error("the disk failed: {0}")]
    Failed(String),
    /// What is stored contradicts itself or is of a newer version.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The page's cursor is not one that the store gave out.
    #[error("cursor is not one that an earlier answer gave")]
    BadCursor,
}

/// The chart of what came in looks at no more than this many of the newest records.
const INTAKE_ROWS_MAX: usize = 200_000;

/// One row of the journal as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalRow {
    /// Its place.
    pub seq: u64,
    /// The record in its stored form.
    pub bytes: Vec<u8>,
    /// The hash over all records up to it.
    pub chain: [u8; 32],
    /// What became later of an event that had waited.
    pub final_outcome: Option<Outcome>,
    /// The other record that decided so.
    pub decided_by: Option<DecidedBy>,
    /// The record that has taken its effects back, if one has.
    pub reversed_by: Option<u64>,
}

/// The record that holds what became of an event that had waited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecidedBy {
    /// The record's event.
    #[serde(flatten)]
    pub event: EventRef,
    /// The conflict that the record opened or belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conflict: Option<ConflictId>,
}

/// Which rows of the journal are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JournalQuery {
    /// Only rows after this place.
    pub after: Option<u64>,
    /// Only rows before this place.
    pub before: Option<u64>,
    /// Newest first instead of oldest first.
    pub newest_first: bool,
    /// Only events of this type.
    pub event_type: Option<String>,
    /// Only events of this source.
    pub source: Option<String>,
    /// Only events that touch a level of this SKU or name it, and those of conflicts about it.
    pub sku: Option<String>,
    /// Only events about this order.
    pub order: Option<String>,
    /// Only events with this first or last outcome.
    pub outcome: Option<Outcome>,
    /// At most this many.
    pub limit: u32,
}

/// Which conflicts are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConflictQuery {
    /// Only those that stand so.
    pub status: Option<ConflictStatus>,
    /// Only those of this kind.
    pub kind: Option<ConflictKind>,
    /// Only those about this SKU, or about events that name or have moved it.
    pub sku: Option<String>,
    /// Only those about this listing of this channel.
    pub listing: Option<(ChannelId, ListingId)>,
    /// Only those with a smaller number, for the next page.
    pub before: Option<u64>,
    /// At most this many, newest first.
    pub limit: u32,
}

/// Sums over all levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// The journal's last `seq` that they contain.
    pub seq: u64,
    /// Units that can be sold; oversold levels count as 0.
    pub units_available: i64,
    /// Levels.
    pub levels: u64,
    /// Open conflicts.
    pub open_conflicts: u64,
}

/// Where a ledger is durable.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The state as the tables remember it.
    async fn load(&self, settings: Settings) -> Result<State, StoreError>;

    /// What a batch needs of the things that are not always in memory. A record that is not there
    /// means that the store is damaged.
    async fn fetch(&self, wants: &Wants) -> Result<Loaded, StoreError>;

    /// Writes a batch in one transaction, durably: when this returns `Ok`, a power cut loses
    /// nothing of it; when it returns an error other than `Failed`, nothing of it is there.
    async fn commit(&self, rows: &Rows<'_>) -> Result<(), StoreError>;

    /// How long the ledger has been served, as it was noted last.
    async fn served(&self) -> Result<Uptime, StoreError>;

    /// Notes how long the ledger has been served. It is no part of the state.
    async fn note_served(&self, uptime: Uptime) -> Result<(), StoreError>;

    /// Rows of the journal.
    async fn journal(&self, query: &JournalQuery) -> Result<Vec<JournalRow>, StoreError>;

    /// The rows recorded under an event's name, oldest first.
    async fn journal_of(
        &self,
        source: &Source,
        id: &EventId,
    ) -> Result<Vec<JournalRow>, StoreError>;

    /// Levels, by SKU, then location.
    async fn stock(&self, query: &StockQuery) -> Result<StockPage, StoreError>;

    /// The levels of some SKUs.
    async fn levels_of(&self, skus: &[Sku]) -> Result<Vec<LevelRow>, StoreError>;

    /// Levels that are oversold or at or below the low-stock mark, scarcest first.
    async fn scarce(&self, limit: u32) -> Result<Vec<LevelRow>, StoreError>;

    /// Sums over all levels.
    async fn totals(&self) -> Result<Totals, StoreError>;

    /// What was recorded in each minute since `from_minute` (minutes since 1970), oldest first.
    async fn intake(&self, from_minute: i64) -> Result<Vec<IntakeMinute>, StoreError>;

    /// What the records of the journal did to some levels, level by level, in the order of the
    /// facts: all of them, or the newest `most` that changed a level.
    async fn steps(
        &self,
        levels: &[(Sku, LocationId)],
        most: Option<u32>,
    ) -> Result<Vec<Vec<Step>>, StoreError>;

    /// The last record of a moment: nothing after it was recorded by then.
    async fn seq_at(&self, recorded_at: Timestamp) -> Result<u64, StoreError>;

    /// The newest points of a SKU's `on_hand`, oldest first.
    async fn history(&self, sku: &Sku, limit: u32) -> Result<Vec<HistoryPoint>, StoreError>;

    /// One item.
    async fn item(&self, sku: &Sku) -> Result<Option<ItemInfo>, StoreError>;

    /// The items of these SKUs, by SKU.
    async fn items_of(&self, skus: &[Sku]) -> Result<Vec<ItemInfo>, StoreError>;

    /// Items by SKU after a SKU, at most `limit`.
    async fn items(&self, after: Option<&str>, limit: u32) -> Result<Vec<ItemInfo>, StoreError>;

    /// All locations, by rank, then name.
    async fn locations(&self) -> Result<Vec<LocationInfo>, StoreError>;

    /// One order.
    async fn order(&self, order: &OrderId) -> Result<Option<Order>, StoreError>;

    /// One transfer.
    async fn transfer(&self, transfer: &TransferId) -> Result<Option<Transfer>, StoreError>;

    /// Conflicts, newest first.
    async fn conflicts(&self, query: &ConflictQuery) -> Result<Vec<Conflict>, StoreError>;

    /// One conflict.
    async fn conflict(&self, id: ConflictId) -> Result<Option<Conflict>, StoreError>;
}
