//! The conflicts about channels' numbers, as the ledger has them: what they hold back, and which of
//! them are decided.

use std::collections::{BTreeSet, HashMap};

use onhand::conflict::{Conflict, ConflictKind, ConflictStatus};
use onhand::event::EventData;
use onhand::id::{ChannelId, ListingId, Sku};
use onhand::record::{Change, Record};
use onhand::state::Wants;

use crate::processor::Committed;
use crate::store::{ConflictQuery, Store, StoreError};

/// Conflicts read at once.
const PAGE: u32 = 500;

/// Listings about which a person is asked, with their items and by how many units they differ.
type Asked = HashMap<ListingId, (Sku, i64)>;

/// The listings of each channel about which a person is asked.
pub(super) async fn open(store: &dyn Store) -> Result<HashMap<ChannelId, Asked>, StoreError> {
    let mut asked: HashMap<ChannelId, Asked> = HashMap::new();
    let mut query = ConflictQuery {
        status: Some(ConflictStatus::Open),
        kind: Some(ConflictKind::Drift),
        limit: PAGE,
        ..ConflictQuery::default()
    };
    loop {
        let page = store.conflicts(&query).await?;
        let last = page.iter().filter_map(|conflict| conflict.events.last());
        let records: BTreeSet<u64> = last.map(|event| event.seq).collect();
        let loaded = store.fetch(&Wants { records, ..Wants::default() }).await?;
        for record in &loaded.records {
            if let Some((channel, listing, question)) = question(record) {
                asked.entry(channel).or_default().insert(listing, question);
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => query.before = Some(last.id.number()),
            _ => return Ok(asked),
        }
    }
}

/// What the last report of a conflict asks.
fn question(record: &Record) -> Option<(ChannelId, ListingId, (Sku, i64))> {
    let EventData::ChannelLevelReported(level) = &record.envelope.data else { return None };
    let drift = level.drift.as_ref()?;
    let question = (drift.sku.clone(), drift.difference);
    Some((level.channel.clone(), level.listing.clone(), question))
}

/// Whether a decision about a channel's number was taken back in this batch, so that a person is
/// asked again.
pub(super) fn asks_again(batch: &Committed) -> bool {
    let is_asked = |change: &Change| {
        matches!(change, Change::Conflict(conflict)
            if conflict.kind == ConflictKind::Drift && conflict.status == ConflictStatus::Open)
    };
    let mut records = batch.entries.iter().map(|entry| &entry.record);
    records.any(|record| {
        let takes_back = matches!(record.envelope.data, EventData::EventReversed(_));
        takes_back && record.changes.iter().any(is_asked)
    })
}

/// The listings about which nobody is asked any more since this batch.
pub(super) fn decided(batch: &Committed) -> Vec<(&ChannelId, &ListingId)> {
    let changes = batch.entries.iter().flat_map(|entry| &entry.record.changes);
    let closed = changes.filter_map(|change| match change {
        Change::Conflict(conflict) if is_decided(conflict) => Some(conflict),
        _ => None,
    });
    closed.filter_map(|conflict| conflict.channel.as_ref().zip(conflict.listing.as_ref())).collect()
}

fn is_decided(conflict: &Conflict) -> bool {
    conflict.kind == ConflictKind::Drift && conflict.status != ConflictStatus::Open
}
