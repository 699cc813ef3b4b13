//! How the server answers what pages ask.

use leptos::prelude::*;
use onhand::id::{LocationId, Sku};
use onhand::wire::conflict::Given;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::read::{
    Ask, ChannelView, ConflictDetail, EVENTS_PAGE_ROWS, LISTINGS_PAGE_ROWS, STOCK_PAGE_ROWS,
    StockView, TypedNeeds,
};
use super::{At, PageError, backend, refused};
use crate::backend::{Backend, Refusal};

/// JSON that is sent as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Packed(Box<RawValue>);

/// Answers a page's question, an [`Ask`] as JSON.
#[server(name = Load, prefix = "/api/fn", endpoint = "load")]
pub async fn load(ask: String) -> Result<Packed, PageError> {
    let ask: Ask = serde_json::from_str(&ask)
        .map_err(|error| refused(Refusal::Invalid(format!("ask {error}"))))?;
    answer(ask).await.map(Packed)
}

/// Answers a page's question in JSON of the type that it names.
pub(super) async fn answer(ask: Ask) -> Result<Box<RawValue>, PageError> {
    let backend = backend()?;
    let backend = &*backend;
    // Taken before anything is read: live frames with a later place may change the answer, earlier
    // ones are already in it.
    let seq = backend.seq();
    match ask {
        Ask::Viewer => json(&backend.viewer().ok()),
        Ask::Figures => json(&backend.figures().await.map_err(refused)?),
        Ask::Overview => pack(seq, backend.overview().await),
        Ask::Stock { q, location, low, cursor } => {
            stock(backend, seq, [q, location, cursor], low).await
        }
        Ask::Sku(sku) => pack(seq, backend.sku(sku).await),
        Ask::Why(sku) => json(&backend.why(sku).await.map_err(refused)?),
        Ask::Event { seq: place, .. } => pack(seq, backend.event(place).await),
        Ask::Events(before) => {
            let before = (before > 0).then_some(before);
            pack(seq, backend.events(before, EVENTS_PAGE_ROWS).await)
        }
        Ask::Conflicts { closed } => conflicts(backend, seq, closed).await,
        Ask::Conflict { id, given, .. } => conflict(backend, seq, &id, &given).await,
        Ask::Adjust { .. } => pack(seq, backend.adjust_page().await),
        Ask::LevelsOf(sku) => {
            let query = onhand::wire::stock::StockQuery { sku: Some(sku), ..Default::default() };
            pack(seq, backend.stock(query).await)
        }
        Ask::Channels => pack(seq, backend.channels().await),
        Ask::Channel { id, from } => channel(backend, seq, id, from as usize).await,
    }
}

fn json(answer: &impl Serialize) -> Result<Box<RawValue>, PageError> {
    let json = serde_json::value::to_raw_value(answer);
    json.map_err(|error| PageError::Unavailable(error.to_string()))
}

fn pack(seq: u64, answer: Result<impl Serialize, Refusal>) -> Result<Box<RawValue>, PageError> {
    let data = answer.map_err(refused)?;
    json(&At { seq, data })
}

async fn stock(
    backend: &dyn Backend,
    seq: u64,
    [q, location, cursor]: [String; 3],
    low: bool,
) -> Result<Box<RawValue>, PageError> {
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

async fn conflicts(
    backend: &dyn Backend,
    seq: u64,
    closed: bool,
) -> Result<Box<RawValue>, PageError> {
    let open = onhand::conflict::ConflictStatus::Open;
    let asked = if closed { None } else { Some(open) };
    let mut page = backend.conflicts(asked).await.map_err(refused)?;
    if closed {
        page.conflicts.retain(|conflict| conflict.status != open);
    }
    pack(seq, Ok(page))
}

async fn conflict(
    backend: &dyn Backend,
    seq: u64,
    id: &str,
    given: &TypedNeeds,
) -> Result<Box<RawValue>, PageError> {
    let id = id.parse().map_err(|_| refused(Refusal::NotFound))?;
    // What cannot be read is left out: the option then still says what it needs.
    let given = Given {
        sku: Sku::new(given.sku.trim()).ok(),
        location: LocationId::new(given.location.trim()).ok(),
        lines: given.lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect(),
    };
    let view = backend.conflict(id, given).await.map_err(refused)?;
    let locations = backend.locations().await.map_err(refused)?;
    let onhand::wire::conflict::ConflictView { conflict, severity, explanation, options, promises } =
        view;
    let detail = ConflictDetail { conflict, severity, explanation, options, locations, promises };
    pack(seq, Ok(detail))
}

async fn channel(
    backend: &dyn Backend,
    seq: u64,
    id: String,
    from: usize,
) -> Result<Box<RawValue>, PageError> {
    let all = backend.channels().await.map_err(refused)?;
    let status = all.into_iter().find(|status| status.channel.as_str() == id);
    let status = status.ok_or_else(|| refused(Refusal::NotFound))?;
    let publications = backend.publications(id).await.map_err(refused)?;
    let listings = publications.len() as u64;
    let page = publications.into_iter().skip(from).take(LISTINGS_PAGE_ROWS).collect();
    pack(seq, Ok(ChannelView { status, publications: page, listings }))
}
