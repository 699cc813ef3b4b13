//! What each page shows at first.

use onhand::conflict::ConflictStatus;
use onhand::id::Sku;
use onhand::wire::conflict::ConflictPage;
use onhand::wire::explain::LevelExplained;
use onhand::wire::live::EventRow;
use onhand::wire::page::{Figures, LevelReason, LocationRow, Overview, SkuPage};
use onhand_app::backend::Refusal;

use super::backend::unread;
use crate::history::explain_stock;
use crate::state::AppState;
use crate::store::{ConflictQuery, JournalQuery, JournalRow};

/// Events on the command center.
const OVERVIEW_EVENTS: u32 = 50;
/// Conflicts on the command center.
const OVERVIEW_CONFLICTS: usize = 12;
/// Scarce levels on the command center.
const OVERVIEW_SCARCE: u32 = 12;
/// Events on a SKU's page.
const SKU_EVENTS: u32 = 50;
/// Points of a SKU's chart.
const SKU_POINTS: u32 = 200;
/// Terms of a level that a SKU's page lists.
const WHY_TERMS: usize = 12;
/// Conflicts on one page.
const CONFLICTS: u32 = 200;

pub(super) async fn figures(state: &AppState) -> Result<Figures, Refusal> {
    let totals = state.meter.totals().await.map_err(unread)?;
    let channels = state.channel_statuses();
    Ok(Figures {
        seq: totals.seq,
        units_available: totals.units_available,
        levels: totals.levels,
        open_conflicts: totals.open_conflicts,
        behind: channels.iter().map(|channel| channel.behind).sum(),
        oldest_lag_ms: channels.iter().map(|channel| channel.lag_ms).max().unwrap_or_default(),
    })
}

pub(super) async fn overview(state: &AppState) -> Result<Overview, Refusal> {
    let mut conflicts = conflicts(state, Some(ConflictStatus::Open)).await?.conflicts;
    conflicts.truncate(OVERVIEW_CONFLICTS);
    let store = state.ledger.store();
    Ok(Overview {
        figures: figures(state).await?,
        intake: state.meter.intake(state.clock.now()),
        events: events(state, None, OVERVIEW_EVENTS).await?,
        conflicts,
        channels: state.channel_statuses(),
        scarce: store.scarce(OVERVIEW_SCARCE).await.map_err(unread)?,
    })
}

pub(super) async fn locations(state: &AppState) -> Result<Vec<LocationRow>, Refusal> {
    let locations = state.ledger.store().locations().await.map_err(unread)?;
    let row = |info: onhand::record::LocationInfo| LocationRow {
        location: info.location.to_string(),
        name: info.name.map(|name| name.to_string()),
    };
    Ok(locations.into_iter().map(row).collect())
}

pub(super) async fn events(
    state: &AppState,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<EventRow>, Refusal> {
    rows(state, JournalQuery { before, newest_first: true, limit, ..JournalQuery::default() }).await
}

/// Rows of the journal, as much of them as a screen needs.
pub(super) async fn rows(state: &AppState, query: JournalQuery) -> Result<Vec<EventRow>, Refusal> {
    let rows = state.ledger.store().journal(&query).await.map_err(unread)?;
    rows.iter().map(event_row).collect()
}

pub(super) fn event_row(row: &JournalRow) -> Result<EventRow, Refusal> {
    let mut event: EventRow = serde_json::from_slice(&row.bytes).map_err(|error| {
        tracing::error!(%error, seq = row.seq, "a row of the journal cannot be read");
        Refusal::Unavailable(format!("Event #{} cannot be read.", row.seq))
    })?;
    event.outcome = row.final_outcome.unwrap_or(event.outcome);
    Ok(event)
}

pub(super) async fn sku(state: &AppState, name: &str) -> Result<SkuPage, Refusal> {
    let seq = state.ledger.seq();
    let sku = Sku::new(name).map_err(|_| Refusal::NotFound)?;
    let store = state.ledger.store();
    let item = store.item(&sku).await.map_err(unread)?.ok_or(Refusal::NotFound)?;
    let of_sku = JournalQuery {
        sku: Some(name.to_owned()),
        newest_first: true,
        limit: SKU_EVENTS,
        ..JournalQuery::default()
    };
    let about = ConflictQuery {
        status: Some(ConflictStatus::Open),
        sku: Some(name.to_owned()),
        limit: CONFLICTS,
        ..ConflictQuery::default()
    };
    // Each reads on a connection of its own.
    let skus = std::slice::from_ref(&sku);
    let (levels, events, conflicts, history, why) = tokio::try_join!(
        async { store.levels_of(skus).await.map_err(unread) },
        async {
            let mut events = rows(state, of_sku).await?;
            for event in &mut events {
                // An order of hundreds of lines changes as many other items.
                event.effects.retain(|effect| effect.sku == sku);
            }
            Ok(events)
        },
        async { store.conflicts(&about).await.map_err(unread) },
        async { store.history(&sku, SKU_POINTS).await.map_err(unread) },
        why(state, &sku),
    )?;
    Ok(SkuPage {
        seq,
        sku: name.to_owned(),
        name: item.name.map(|name| name.to_string()),
        barcode: item.barcode.map(|barcode| barcode.to_string()),
        low_stock: item.low_stock,
        kit: item.kit,
        levels,
        events,
        publications: state.publications_of_sku(&sku),
        conflicts,
        history,
        why,
    })
}

/// Why the levels of an item are what they are.
pub(super) async fn why(state: &AppState, sku: &Sku) -> Result<Vec<LevelReason>, Refusal> {
    let store = state.ledger.store();
    let explained = explain_stock(store.as_ref(), sku, None, WHY_TERMS).await.map_err(unread)?;
    let levels = explained.ok_or(Refusal::NotFound)?.levels.into_iter();
    let reason =
        |LevelExplained { location, version, why, .. }| LevelReason { location, version, why };
    Ok(levels.map(reason).collect())
}

pub(super) async fn conflicts(
    state: &AppState,
    status: Option<ConflictStatus>,
) -> Result<ConflictPage, Refusal> {
    let seq = state.ledger.seq();
    let query = ConflictQuery { status, limit: CONFLICTS, ..ConflictQuery::default() };
    let mut conflicts = state.ledger.store().conflicts(&query).await.map_err(unread)?;
    if status == Some(ConflictStatus::Open) {
        // A stable sort keeps the newest first within one severity.
        conflicts.sort_by_key(|conflict| conflict.kind.severity());
    }
    Ok(ConflictPage { seq, conflicts, next_cursor: None })
}
