//! Reads: what each page shows at first.
#![expect(
    missing_docs,
    reason = "the macro turns each function's arguments into a struct that nobody names"
)]

use leptos::prelude::*;
use onhand::wire::channel::{ChannelStatus, PublicationRow};
use onhand::wire::conflict::{ConflictPage, ConflictView};
use onhand::wire::live::EventRow;
use onhand::wire::page::{AdjustPage, Figures, LocationRow, Overview, SkuPage, Viewer};
use onhand::wire::stock::StockPage;
use serde::{Deserialize, Serialize};

use super::{At, PageError};
#[cfg(feature = "ssr")]
use super::{backend, refused};

/// Rows of the stock table on one page.
pub const STOCK_PAGE_ROWS: u32 = 100;

/// Rows of the journal on one page.
pub const EVENTS_PAGE_ROWS: u32 = 100;

/// A page of levels with what its filters can be set to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockView {
    /// The rows.
    pub page: StockPage,
    /// Every location.
    pub locations: Vec<LocationRow>,
}

/// A channel with its listings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelView {
    /// How it is doing.
    pub status: ChannelStatus,
    /// What its listings show; those behind come first.
    pub publications: Vec<PublicationRow>,
}

/// A conflict with what its form can be filled with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictDetail {
    /// The conflict.
    pub view: ConflictView,
    /// Every location.
    pub locations: Vec<LocationRow>,
}

/// Who is signed in, if anybody is.
#[server(name = LoadViewer, prefix = "/api/fn", endpoint = "viewer")]
pub async fn viewer() -> Result<Option<Viewer>, PageError> {
    Ok(backend()?.viewer().ok())
}

/// The key figures.
#[server(name = LoadFigures, prefix = "/api/fn", endpoint = "figures")]
pub async fn figures() -> Result<Figures, PageError> {
    let backend = backend()?;
    backend.figures().await.map_err(refused)
}

/// The command center.
#[server(name = LoadOverview, prefix = "/api/fn", endpoint = "overview")]
pub async fn overview() -> Result<At<Overview>, PageError> {
    let backend = backend()?;
    let seq = backend.seq();
    backend.overview().await.map(|data| At { seq, data }).map_err(refused)
}

/// A page of levels; empty strings filter nothing.
#[server(name = LoadStock, prefix = "/api/fn", endpoint = "stock")]
pub async fn stock(
    q: String,
    location: String,
    low: bool,
    cursor: String,
) -> Result<At<StockView>, PageError> {
    let backend = backend()?;
    let seq = backend.seq();
    let some = |text: String| (!text.is_empty()).then_some(text);
    let query = onhand::wire::stock::StockQuery {
        sku: None,
        location: some(location),
        q: some(q),
        low,
        limit: Some(STOCK_PAGE_ROWS),
        cursor: some(cursor),
    };
    let page = backend.stock(query).await.map_err(refused)?;
    let locations = backend.locations().await.map_err(refused)?;
    Ok(At { seq, data: StockView { page, locations } })
}

/// One SKU.
#[server(name = LoadSku, prefix = "/api/fn", endpoint = "sku")]
pub async fn sku(sku: String) -> Result<At<SkuPage>, PageError> {
    let backend = backend()?;
    let seq = backend.seq();
    backend.sku(sku).await.map(|data| At { seq, data }).map_err(refused)
}

/// The newest events before `before`, newest first; 0 means all of them.
#[server(name = LoadEvents, prefix = "/api/fn", endpoint = "events")]
pub async fn events(before: u64) -> Result<At<Vec<EventRow>>, PageError> {
    let backend = backend()?;
    let seq = backend.seq();
    let before = (before > 0).then_some(before);
    backend.events(before, EVENTS_PAGE_ROWS).await.map(|data| At { seq, data }).map_err(refused)
}

/// Conflicts: the open ones, or those that are closed.
#[server(name = LoadConflicts, prefix = "/api/fn", endpoint = "conflicts")]
pub async fn conflicts(closed: bool) -> Result<At<ConflictPage>, PageError> {
    let backend = backend()?;
    let seq = backend.seq();
    let open = onhand::conflict::ConflictStatus::Open;
    let asked = if closed { None } else { Some(open) };
    let mut page = backend.conflicts(asked).await.map_err(refused)?;
    if closed {
        page.conflicts.retain(|conflict| conflict.status != open);
    }
    Ok(At { seq, data: page })
}

/// One conflict.
#[server(name = LoadConflict, prefix = "/api/fn", endpoint = "conflict")]
pub async fn conflict(id: String) -> Result<At<ConflictDetail>, PageError> {
    let backend = backend()?;
    let seq = backend.seq();
    let id = id.parse().map_err(|_| refused(crate::backend::Refusal::NotFound))?;
    let view = backend.conflict(id).await.map_err(refused)?;
    let locations = backend.locations().await.map_err(refused)?;
    Ok(At { seq, data: ConflictDetail { view, locations } })
}

/// What the adjustment form needs.
#[server(name = LoadAdjustPage, prefix = "/api/fn", endpoint = "adjust_page")]
pub async fn adjust_page() -> Result<At<AdjustPage>, PageError> {
    let backend = backend()?;
    let seq = backend.seq();
    backend.adjust_page().await.map(|data| At { seq, data }).map_err(refused)
}

/// The levels of one item, for the form to show before and after.
#[server(name = LoadLevelsOf, prefix = "/api/fn", endpoint = "levels_of")]
pub async fn levels_of(sku: String) -> Result<At<StockPage>, PageError> {
    let backend = backend()?;
    let seq = backend.seq();
    let query = onhand::wire::stock::StockQuery { sku: Some(sku), ..Default::default() };
    backend.stock(query).await.map(|data| At { seq, data }).map_err(refused)
}

/// How the channels are doing.
#[server(name = LoadChannels, prefix = "/api/fn", endpoint = "channels")]
pub async fn channels() -> Result<At<Vec<ChannelStatus>>, PageError> {
    let backend = backend()?;
    let seq = backend.seq();
    backend.channels().await.map(|data| At { seq, data }).map_err(refused)
}

/// One channel with its listings.
#[server(name = LoadChannel, prefix = "/api/fn", endpoint = "channel")]
pub async fn channel(id: String) -> Result<At<ChannelView>, PageError> {
    let backend = backend()?;
    let seq = backend.seq();
    let all = backend.channels().await.map_err(refused)?;
    let status = all.into_iter().find(|status| status.channel.as_str() == id);
    let status = status.ok_or_else(|| refused(crate::backend::Refusal::NotFound))?;
    let publications = backend.publications(id).await.map_err(refused)?;
    Ok(At { seq, data: ChannelView { status, publications } })
}
