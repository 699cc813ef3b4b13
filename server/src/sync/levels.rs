//! What is available of items, read from the store: at the start, after announcements were missed,
//! and when a listing or a policy is new. What a channel should show is never stored.

use std::collections::BTreeMap;

use onhand::id::{LocationId, Sku};
use onhand::wire::stock::StockQuery;

use crate::store::{Store, StoreError};

/// Items up to which each is asked for; for more of them all levels are read.
const SINGLE_ITEMS_MAX: usize = 32;
/// Rows of a page of levels.
const PAGE_ROWS: u32 = 1_000;

/// What is available of an item, and the journal's place up to which that holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Available {
    pub(super) seq: u64,
    pub(super) by_location: Vec<(LocationId, i64)>,
}

/// What is available of these items; those without a level are left out.
///
/// Each page of levels comes with the place of the journal that it shows exactly, so that no later
/// announcement of an older change is taken for a newer one.
pub(super) async fn read(
    store: &dyn Store,
    skus: &[Sku],
) -> Result<BTreeMap<Sku, Available>, StoreError> {
    let mut found = BTreeMap::new();
    if skus.len() > SINGLE_ITEMS_MAX {
        pages(store, None, &mut found).await?;
        let wanted: std::collections::BTreeSet<&Sku> = skus.iter().collect();
        found.retain(|sku, _| wanted.contains(sku));
    } else {
        for sku in skus {
            pages(store, Some(sku), &mut found).await?;
        }
    }
    Ok(found)
}

async fn pages(
    store: &dyn Store,
    sku: Option<&Sku>,
    found: &mut BTreeMap<Sku, Available>,
) -> Result<(), StoreError> {
    let mut query = StockQuery {
        sku: sku.map(ToString::to_string),
        limit: Some(PAGE_ROWS),
        ..StockQuery::default()
    };
    loop {
        let page = store.stock(&query).await?;
        for row in page.levels {
            // An item that two pages share is as old as the first of them.
            let item = found
                .entry(row.sku)
                .or_insert_with(|| Available { seq: page.seq, by_location: Vec::new() });
            item.by_location.push((row.location, row.available));
        }
        match page.next_cursor {
            Some(cursor) => query.cursor = Some(cursor),
            None => return Ok(()),
        }
    }
}
