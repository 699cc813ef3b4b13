//! Levels as they were, and why they are what they are: the store's rows, folded by the core.

use std::collections::HashMap;

use onhand::history::{Moment, Step, explain_newest, level_at};
use onhand::id::{ChannelId, LocationId, Sku};
use onhand::time::Timestamp;
use onhand::wire::explain::{ChannelExplained, LevelExplained, ListingExplained, StockExplained};
use onhand::wire::stock::{LevelRow, StockPage, StockQuery};

use crate::state::AppState;
use crate::store::{Store, StoreError, is_low};
use crate::sync::levels;

/// Levels looked at for one page; where few of them fit, the page is shorter and has a next one.
const LEVELS_LOOKED_AT_MAX: usize = 10_000;

/// Locations of one item that are explained at once: as many as the largest page has.
const LOCATIONS_MAX: u32 = 1_000;

/// Records looked at for each term that is listed: not every one moves `on_hand`.
const STEPS_OF_TERM: u32 = 4;

/// Records looked at in any case, also where few terms are listed.
const STEPS_MIN: u32 = 200;

/// Which clock a moment in the past is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// When things happened: as it truly was.
    #[default]
    Occurred,
    /// When they were recorded: as it was believed.
    Recorded,
}

/// A page of levels as they were at a moment. Those where nothing had happened yet are left out.
///
/// # Errors
/// When the store cannot be read.
pub async fn stock_at(
    store: &dyn Store,
    query: &StockQuery,
    at: Timestamp,
    clock: Clock,
) -> Result<StockPage, StoreError> {
    let moment = match clock {
        Clock::Occurred => Moment::Occurred(at),
        Clock::Recorded => Moment::Recorded(store.seq_at(at).await?),
    };
    // Whether a level was low depends on what it was then, so it is asked after the fold.
    let only_low = query.low;
    let mut query = StockQuery { low: false, ..query.clone() };
    let mut found = StockPage { seq: 0, levels: Vec::new(), next_cursor: None };
    let mut looked_at = 0;
    loop {
        let page = store.stock(&query).await?;
        looked_at += page.levels.len();
        found.seq = page.seq;
        found.next_cursor.clone_from(&page.next_cursor);
        found.levels.extend(levels_then(store, page, moment, only_low).await?);
        // A page ends where a page of the present ends, so that its cursor is one of the store's.
        if found.next_cursor.is_none()
            || !found.levels.is_empty()
            || looked_at >= LEVELS_LOOKED_AT_MAX
        {
            return Ok(found);
        }
        query.cursor.clone_from(&found.next_cursor);
    }
}

/// The levels of a page as they were; only those that were low then, if asked for.
async fn levels_then(
    store: &dyn Store,
    page: StockPage,
    moment: Moment,
    only_low: bool,
) -> Result<Vec<LevelRow>, StoreError> {
    let steps = steps_of(store, &page, None).await?;
    let marks = if only_low { low_marks(store, &page).await? } else { HashMap::new() };
    let rows = page.levels.into_iter().zip(steps).filter_map(|(row, steps)| {
        let level = level_at(&steps, moment);
        let low = || {
            let mark = marks.get(&row.sku).copied().flatten();
            is_low(level.available(), mark)
        };
        (level.version > 0 && (!only_low || low())).then(|| row.with(&level))
    });
    Ok(rows.collect())
}

/// The low-stock marks of a page's items.
async fn low_marks(
    store: &dyn Store,
    page: &StockPage,
) -> Result<HashMap<Sku, Option<i64>>, StoreError> {
    let skus: Vec<Sku> = page.levels.iter().map(|row| row.sku.clone()).collect();
    let items = store.items_of(&skus).await?;
    Ok(items.into_iter().map(|item| (item.sku, item.low_stock)).collect())
}

/// The steps of a page's levels, as far as they are part of the page.
async fn steps_of(
    store: &dyn Store,
    page: &StockPage,
    most: Option<u32>,
) -> Result<Vec<Vec<Step>>, StoreError> {
    let keys: Vec<(Sku, LocationId)> =
        page.levels.iter().map(|row| (row.sku.clone(), row.location.clone())).collect();
    let mut steps = store.steps(&keys, most).await?;
    for steps in &mut steps {
        steps.retain(|step| step.seq() <= page.seq);
    }
    Ok(steps)
}

/// Why the levels of an item are what they are, at one location or at all, in at most `most` terms
/// each; `None` if there is no such item.
///
/// # Errors
/// When the store cannot be read.
pub async fn explain_stock(
    store: &dyn Store,
    sku: &Sku,
    location: Option<&LocationId>,
    most: usize,
) -> Result<Option<StockExplained>, StoreError> {
    let Some(item) = store.item(sku).await? else { return Ok(None) };
    let query = StockQuery {
        sku: Some(item.sku.to_string()),
        location: location.map(ToString::to_string),
        limit: Some(LOCATIONS_MAX),
        ..StockQuery::default()
    };
    let page = store.stock(&query).await?;
    let newest = u32::try_from(most).unwrap_or(u32::MAX).saturating_mul(STEPS_OF_TERM);
    let steps = steps_of(store, &page, Some(newest.max(STEPS_MIN))).await?;
    let levels: Vec<LevelExplained> = page
        .levels
        .into_iter()
        .zip(steps)
        .map(|(row, steps)| LevelExplained {
            why: explain_newest(&steps, (row.buckets(), row.version), most),
            location: row.location,
            version: row.version,
            counted_at: row.counted_at,
        })
        .collect();
    let mut available = levels.iter().map(|level| level.why.available).sum();
    if item.is_kit() {
        let mut made = available_of(store, sku).await?;
        made.retain(|(name, _)| location.is_none_or(|location| location == name));
        available = made.iter().map(|(_, units)| units).sum();
    }
    let (sku, seq, kit) = (item.sku, page.seq, item.kit);
    Ok(Some(StockExplained { sku, seq, available, kit, levels }))
}

/// What can be sold of an item at each location; of a kit, what its components make there.
async fn available_of(store: &dyn Store, sku: &Sku) -> Result<Vec<(LocationId, i64)>, StoreError> {
    let mut available = levels::read(store, std::slice::from_ref(sku)).await?;
    Ok(available.remove(sku).map(|item| item.by_location).unwrap_or_default())
}

/// Why a channel shows what it shows of an item; `None` if there is no such channel.
///
/// # Errors
/// When the store cannot be read.
pub async fn explain_channel(
    state: &AppState,
    sku: &Sku,
    channel: &ChannelId,
) -> Result<Option<ChannelExplained>, StoreError> {
    let by_location = available_of(state.ledger.store().as_ref(), sku).await?;
    let Some(listings) = state.channels.explain(channel, sku, &by_location) else {
        return Ok(None);
    };
    let mut publications = state.channels.publications_of(sku);
    publications.retain(|row| row.channel == *channel);
    let listings = listings.into_iter().map(|(listing, quantity)| {
        let publication = publications.iter().find(|row| row.listing == listing).cloned();
        ListingExplained { listing, quantity, publication }
    });
    Ok(Some(ChannelExplained {
        sku: sku.clone(),
        channel: channel.clone(),
        listings: listings.collect(),
    }))
}
