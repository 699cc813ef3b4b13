//! Reads: what each page shows at first. There is one question, [`Ask`], and one server function
//! that answers it, whatever the page: so the browser's copy holds the machinery of asking once.
#![expect(
    missing_docs,
    reason = "the macro turns each function's arguments into a struct that nobody names"
)]
#![cfg_attr(
    feature = "ssr",
    allow(clippy::unused_async, reason = "a server function is asynchronous in the browser")
)]

use leptos::prelude::*;
use onhand::conflict::{Conflict, Severity};
use onhand::wire::channel::{ChannelStatus, PublicationRow};
use onhand::wire::conflict::OptionView;
use onhand::wire::page::{LocationRow, Viewer};
use onhand::wire::stock::StockPage;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::PageError;
#[cfg(feature = "ssr")]
use super::{At, backend, refused};
#[cfg(feature = "ssr")]
use crate::backend::{Backend, Refusal};

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

/// A conflict with what can be decided, and what the form can be filled with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictDetail {
    /// The conflict.
    pub conflict: Conflict,
    /// How urgent it is.
    pub severity: Severity,
    /// What it is about, in one sentence.
    pub explanation: String,
    /// What a person can decide; empty once it is decided.
    pub options: Vec<OptionView>,
    /// Every location.
    pub locations: Vec<LocationRow>,
}

/// What a page asks the server for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// The key figures: `Figures`.
    Figures,
    /// The command center: `At<Overview>`.
    Overview,
    /// A page of levels, `At<StockView>`; empty strings filter nothing.
    Stock {
        /// What SKU or name contain.
        q: String,
        /// The location.
        location: String,
        /// Only those at or below the low-stock mark.
        low: bool,
        /// Where the page begins.
        cursor: String,
    },
    /// One SKU: `At<SkuPage>`.
    Sku(String),
    /// The newest events before this place, newest first, all for 0: `At<Vec<EventRow>>`.
    Events(u64),
    /// The open conflicts, or those that are closed: `At<ConflictPage>`.
    Conflicts {
        /// Those that are closed.
        closed: bool,
    },
    /// One conflict, `At<ConflictDetail>`, read anew with each outcome of its form.
    Conflict {
        /// Its id.
        id: String,
        /// The outcome of the form, as the address has it.
        outcome: String,
    },
    /// What the adjustment form needs, `At<AdjustPage>`, read anew with each outcome of it.
    Adjust {
        /// The outcome of the form, as the address has it.
        outcome: String,
    },
    /// The levels of one item, for the form to show before and after: `At<StockPage>`.
    LevelsOf(String),
    /// How the channels are doing: `At<Vec<ChannelStatus>>`.
    Channels,
    /// One channel with its listings: `At<ChannelView>`.
    Channel(String),
}

/// An answer as it travels: JSON of the type that the question names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Packed(Box<RawValue>);

impl PartialEq for Packed {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

impl Packed {
    #[cfg(feature = "ssr")]
    fn of(answer: &impl Serialize) -> Result<Self, PageError> {
        let json = serde_json::value::to_raw_value(answer);
        json.map(Self).map_err(|error| PageError::Unavailable(error.to_string()))
    }

    /// What is inside.
    ///
    /// # Errors
    /// When it is no `T`: page and server are of different builds.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, PageError> {
        serde_json::from_str(self.0.get()).map_err(|_| {
            PageError::Unavailable("The page is older than the server. Reload it.".to_owned())
        })
    }
}

/// Who is signed in, if anybody is.
#[server(name = LoadViewer, prefix = "/api/fn", endpoint = "viewer")]
pub async fn viewer() -> Result<Option<Viewer>, PageError> {
    Ok(backend()?.viewer().ok())
}

/// Answers a page's question, an [`Ask`] as JSON.
#[server(name = Load, prefix = "/api/fn", endpoint = "load")]
pub async fn load(ask: String) -> Result<Packed, PageError> {
    let ask: Ask = serde_json::from_str(&ask)
        .map_err(|error| refused(Refusal::Invalid(format!("ask {error}"))))?;
    let backend = backend()?;
    answer(&*backend, ask).await
}

/// Asks once, outside of a page's first render.
///
/// # Errors
/// Why there is no answer.
pub async fn fetch<T: DeserializeOwned>(ask: &Ask) -> Result<T, PageError> {
    load(question(ask)).await?.read()
}

/// A question as it travels.
pub fn question(ask: &Ask) -> String {
    // Strings, numbers and flags always serialise.
    serde_json::to_string(ask).unwrap_or_default()
}

#[cfg(feature = "ssr")]
async fn answer(backend: &dyn Backend, ask: Ask) -> Result<Packed, PageError> {
    // Taken before anything is read: live frames with a later place may change the answer, earlier
    // ones are already in it.
    let seq = backend.seq();
    match ask {
        Ask::Figures => Packed::of(&backend.figures().await.map_err(refused)?),
        Ask::Overview => pack(seq, backend.overview().await),
        Ask::Stock { q, location, low, cursor } => {
            stock(backend, seq, [q, location, cursor], low).await
        }
        Ask::Sku(sku) => pack(seq, backend.sku(sku).await),
        Ask::Events(before) => {
            let before = (before > 0).then_some(before);
            pack(seq, backend.events(before, EVENTS_PAGE_ROWS).await)
        }
        Ask::Conflicts { closed } => conflicts(backend, seq, closed).await,
        Ask::Conflict { id, .. } => conflict(backend, seq, &id).await,
        Ask::Adjust { .. } => pack(seq, backend.adjust_page().await),
        Ask::LevelsOf(sku) => {
            let query = onhand::wire::stock::StockQuery { sku: Some(sku), ..Default::default() };
            pack(seq, backend.stock(query).await)
        }
        Ask::Channels => pack(seq, backend.channels().await),
        Ask::Channel(id) => channel(backend, seq, id).await,
    }
}

#[cfg(feature = "ssr")]
fn pack(seq: u64, answer: Result<impl Serialize, Refusal>) -> Result<Packed, PageError> {
    let data = answer.map_err(refused)?;
    Packed::of(&At { seq, data })
}

#[cfg(feature = "ssr")]
async fn stock(
    backend: &dyn Backend,
    seq: u64,
    [q, location, cursor]: [String; 3],
    low: bool,
) -> Result<Packed, PageError> {
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
    pack(seq, Ok(StockView { page, locations }))
}

#[cfg(feature = "ssr")]
async fn conflicts(backend: &dyn Backend, seq: u64, closed: bool) -> Result<Packed, PageError> {
    let open = onhand::conflict::ConflictStatus::Open;
    let asked = if closed { None } else { Some(open) };
    let mut page = backend.conflicts(asked).await.map_err(refused)?;
    if closed {
        page.conflicts.retain(|conflict| conflict.status != open);
    }
    pack(seq, Ok(page))
}

#[cfg(feature = "ssr")]
async fn conflict(backend: &dyn Backend, seq: u64, id: &str) -> Result<Packed, PageError> {
    let id = id.parse().map_err(|_| refused(Refusal::NotFound))?;
    let view = backend.conflict(id).await.map_err(refused)?;
    let locations = backend.locations().await.map_err(refused)?;
    let onhand::wire::conflict::ConflictView { conflict, severity, explanation, options } = view;
    pack(seq, Ok(ConflictDetail { conflict, severity, explanation, options, locations }))
}

#[cfg(feature = "ssr")]
async fn channel(backend: &dyn Backend, seq: u64, id: String) -> Result<Packed, PageError> {
    let all = backend.channels().await.map_err(refused)?;
    let status = all.into_iter().find(|status| status.channel.as_str() == id);
    let status = status.ok_or_else(|| refused(Refusal::NotFound))?;
    let publications = backend.publications(id).await.map_err(refused)?;
    pack(seq, Ok(ChannelView { status, publications }))
}
