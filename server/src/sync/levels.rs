//! What is available of items, read from the store: at the start, after announcements were missed,
//! and when a listing or a policy is new. What a channel should show is never stored.

use std::collections::{BTreeMap, BTreeSet};

use onhand::event::KitPart;
use onhand::id::{LocationId, Sku};
use onhand::policy::kit_by_location;
use onhand::record::ItemInfo;
use onhand::wire::stock::StockQuery;

use crate::store::{Store, StoreError};

/// Items up to which each is asked for; for more of them all levels are read.
const SINGLE_ITEMS_MAX: usize = 32;
/// Rows of a page of levels.
const PAGE_ROWS: u32 = 1_000;

/// What is available of an item, and the journal's place up to which that holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Available {
    pub(crate) seq: u64,
    pub(crate) by_location: Vec<(LocationId, i64)>,
}

/// What is available of these items; those without a level are left out. Of a kit it is what its
/// components make.
///
/// Each page of levels comes with the place of the journal that it shows exactly, so that no later
/// announcement of an older change is taken for a newer one.
pub(crate) async fn read(
    store: &dyn Store,
    skus: &[Sku],
) -> Result<BTreeMap<Sku, Available>, StoreError> {
    // What kits consist of is read before any level, so what is made of that is as old as this.
    let seq = store.stock(&StockQuery { limit: Some(1), ..StockQuery::default() }).await?.seq;
    let items = store.items_of(skus).await?.into_iter();
    let kits: BTreeMap<Sku, Vec<KitPart>> =
        items.filter(ItemInfo::is_kit).map(|item| (item.sku, item.kit)).collect();
    let wanted: BTreeSet<&Sku> = skus.iter().collect();
    let parts = kits.values().flatten().map(|part| &part.sku);
    let holders: BTreeSet<&Sku> = wanted.iter().copied().chain(parts).collect();
    let mut found = BTreeMap::new();
    if holders.len() > SINGLE_ITEMS_MAX {
        pages(store, None, &mut found).await?;
    } else {
        for sku in holders {
            pages(store, Some(sku), &mut found).await?;
        }
    }
    for (kit, parts) in kits {
        let of_part = |part: &KitPart| {
            let levels = found.get(&part.sku).map(|item: &Available| item.by_location.clone());
            (part.quantity, levels.unwrap_or_default())
        };
        let by_location = kit_by_location(&parts.iter().map(of_part).collect::<Vec<_>>());
        if !by_location.is_empty() {
            found.insert(kit, Available { seq, by_location });
        }
    }
    found.retain(|sku, _| wanted.contains(sku));
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
