//! What the processor tells the rest of the house about a batch, after it is durable.

use std::sync::Arc;

use onhand::conflict::Conflict;
use onhand::id::{LocationId, Sku};
use onhand::ledger::Entry;
use onhand::wire::stock::LevelRow;

/// A batch that is durable.
#[derive(Debug)]
pub struct Committed {
    /// The journal's last place before it.
    pub from: u64,
    /// The journal's last place after it.
    pub to: u64,
    /// The new rows of the journal, in order, with their stored bytes.
    pub entries: Vec<Entry>,
    /// The levels that it changed, as they are now.
    pub levels: Vec<LevelRow>,
    /// The conflicts that it opened or changed, as they are now.
    pub conflicts: Vec<Conflict>,
    /// What can be sold now of each SKU whose levels it changed.
    pub availability: Vec<SkuAvailability>,
}

/// What can be sold of a SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkuAvailability {
    /// The SKU.
    pub sku: Sku,
    /// The newest record that changed any of its levels.
    pub seq: u64,
    /// `available` at each of its locations; negative where oversold.
    pub by_location: Vec<(LocationId, i64)>,
}

/// How batches reach those who listen: shared, never copied.
pub type Announcement = Arc<Committed>;
