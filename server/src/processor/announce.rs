//! What the processor tells the rest of the house about a batch, after it is durable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onhand::conflict::Conflict;
use onhand::id::{LocationId, Sku};
use onhand::ledger::{Batch, Entry};
use onhand::record::Change;
use onhand::state::State;
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

impl Committed {
    /// What a durable batch has to tell; `state` is that after it.
    pub(super) fn of(batch: Batch, state: &State) -> Self {
        let levels = level_rows(&batch, state);
        let availability = availability(&batch, state);
        let mut conflicts: BTreeMap<_, Conflict> = BTreeMap::new();
        for change in batch.entries.iter().flat_map(|entry| &entry.record.changes) {
            if let Change::Conflict(conflict) = change {
                conflicts.insert(conflict.id, conflict.as_ref().clone());
            }
        }
        let to = batch.head.seq;
        Self {
            from: to - batch.entries.len() as u64,
            to,
            entries: batch.entries,
            levels,
            conflicts: conflicts.into_values().collect(),
            availability,
        }
    }
}

/// The levels that a batch changed.
pub(super) fn level_rows(batch: &Batch, state: &State) -> Vec<LevelRow> {
    batch
        .levels(state)
        .map(|(sku, location, level)| LevelRow::of(state.catalogue(), sku, location, level))
        .collect()
}

/// What can be sold of the SKUs whose levels a batch changed.
pub(super) fn availability(batch: &Batch, state: &State) -> Vec<SkuAvailability> {
    let skus: BTreeSet<_> = batch.levels(state).map(|(sku, _, _)| sku).collect();
    let catalogue = state.catalogue();
    skus.into_iter()
        .map(|sku| {
            let levels = state.levels_of(sku);
            let name: &Sku = catalogue.sku_name(sku);
            let mut seq = 0;
            let by_location = levels
                .map(|(location, level)| {
                    seq = seq.max(level.seq);
                    (catalogue.location_name(location).clone(), level.available())
                })
                .collect();
            SkuAvailability { sku: name.clone(), seq, by_location }
        })
        .collect()
}
