//! What the processor tells the rest of the house about a batch, after it is durable.

use std::collections::BTreeMap;
use std::sync::Arc;

use onhand::conflict::{Conflict, ConflictKind, ConflictStatus};
use onhand::id::{LocationId, Sku};
use onhand::ledger::{Batch, Entry};
use onhand::record::Change;
use onhand::state::{SkuIx, State};
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
    /// What can be sold now of each SKU of which it changed that.
    pub availability: Vec<SkuAvailability>,
}

/// What can be sold of a SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkuAvailability {
    /// The SKU.
    pub sku: Sku,
    /// The newest record that changed any of its levels, or of its components, if it is a kit.
    pub seq: u64,
    /// `available` at each of its locations; negative where oversold.
    pub by_location: Vec<(LocationId, i64)>,
}

/// How batches reach those who listen: shared, never copied.
pub type Announcement = Arc<Committed>;

/// What a batch has to tell besides its records, put together while it is being written.
pub(super) struct News {
    levels: Vec<LevelRow>,
    conflicts: Vec<Conflict>,
    availability: Vec<SkuAvailability>,
}

impl News {
    /// Those of a batch; `state` is that after it.
    pub(super) fn of(batch: &Batch, state: &State) -> Self {
        let mut conflicts: BTreeMap<_, Conflict> = BTreeMap::new();
        for change in batch.entries.iter().flat_map(|entry| &entry.record.changes) {
            if let Change::Conflict(conflict) = change {
                conflicts.insert(conflict.id, conflict.as_ref().clone());
            }
        }
        Self {
            levels: level_rows(batch, state),
            conflicts: conflicts.into_values().collect(),
            availability: availability(batch, state),
        }
    }
}

impl Committed {
    /// What a batch that is durable now has to tell.
    pub(super) fn new(batch: Batch, news: News) -> Self {
        let to = batch.head.seq;
        Self {
            from: to - batch.entries.len() as u64,
            to,
            entries: batch.entries,
            levels: news.levels,
            conflicts: news.conflicts,
            availability: news.availability,
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

/// What can be sold of the SKUs whose levels a batch changed, and of the kits that consist of them
/// or have changed themselves.
fn availability(batch: &Batch, state: &State) -> Vec<SkuAvailability> {
    available(changed(batch, state), state)
}

/// The same of all that channels would be told after a batch, those SKUs included of which nothing
/// has changed but that a listing is no longer left alone.
pub(super) fn availability_to_tell(batch: &Batch, state: &State) -> Vec<SkuAvailability> {
    let mut skus = changed(batch, state);
    for change in batch.entries.iter().flat_map(|entry| &entry.record.changes) {
        if let Change::Conflict(conflict) = change
            && conflict.kind == ConflictKind::Drift
            && conflict.status != ConflictStatus::Open
            && let Some(sku) = conflict.sku.as_ref().and_then(|sku| state.catalogue().sku(sku))
        {
            skus.entry(sku).or_insert_with(|| newest(sku, state));
        }
    }
    available(skus, state)
}

/// The newest record that changed a level of a SKU.
fn newest(sku: SkuIx, state: &State) -> u64 {
    state.levels_of(sku).map(|(_, level)| level.seq).max().unwrap_or_default()
}

/// The SKUs of which a batch may have changed what can be sold, with the newest record that did.
fn changed(batch: &Batch, state: &State) -> BTreeMap<SkuIx, u64> {
    let catalogue = state.catalogue();
    let mut skus: BTreeMap<SkuIx, u64> = BTreeMap::new();
    for (sku, _, _) in batch.levels(state) {
        let seq = newest(sku, state);
        let kits = catalogue.kits_of(catalogue.sku_name(sku)).filter_map(|it| catalogue.sku(it));
        for sku in kits.chain([sku]) {
            let newest = skus.entry(sku).or_default();
            *newest = seq.max(*newest);
        }
    }
    for record in batch.entries.iter().map(|entry| &entry.record) {
        for change in &record.changes {
            if let Change::Item(item) = change
                && item.is_kit()
                && let Some(sku) = catalogue.sku(&item.sku)
            {
                let newest = skus.entry(sku).or_default();
                *newest = record.seq.max(*newest);
            }
        }
    }
    skus
}

fn available(skus: BTreeMap<SkuIx, u64>, state: &State) -> Vec<SkuAvailability> {
    let catalogue = state.catalogue();
    let availability = skus.into_iter().map(|(sku, seq)| SkuAvailability {
        sku: catalogue.sku_name(sku).clone(),
        seq,
        by_location: state
            .available(sku)
            .into_iter()
            .map(|(location, units)| (catalogue.location_name(location).clone(), units))
            .collect(),
    });
    availability.collect()
}
