//! Kits: items that consist of others and hold no stock of their own. They do not nest.

use super::Stop;
use super::draft::Draft;
use super::stock::sku_of;
use crate::conflict::{Choice, Conflict, ConflictKind, ResolutionOption};
use crate::event::{EventData, KitPart};
use crate::id::Sku;
use crate::record::{LET_GO_MAX, WaitKey};
use crate::state::State;

/// A kit holds no stock, so nothing can happen to it.
pub(super) fn refuse_stock(draft: &Draft<'_>, data: &EventData) -> Result<(), Stop> {
    let Some(sku) = stock_of(data) else { return Ok(()) };
    let catalogue = draft.state.catalogue();
    match catalogue.sku(sku) {
        Some(item) if catalogue.item(item).is_kit() => {
            Err(Stop::invalid("/data/sku", "is a kit, which holds no stock: name its components"))
        }
        _ => Ok(()),
    }
}

/// The item whose own stock an event is about, if it is about that and nothing else.
const fn stock_of(data: &EventData) -> Option<&Sku> {
    match data {
        EventData::StockAdjusted(data) => Some(&data.sku),
        EventData::StockReceived(data) => Some(&data.sku),
        EventData::StockCounted(data) => Some(&data.sku),
        EventData::StockMoved(data) => Some(&data.sku),
        EventData::StockSet(data) => Some(&data.sku),
        _ => None,
    }
}

/// The events that have to be looked at before a person may say that an unknown name means a kit:
/// those that wait for it, as many as go on by one decision that can be taken back. None, unless
/// the choice says so.
pub(crate) fn awaited_by(state: &State, conflict: &Conflict, choice: &Choice) -> Vec<u64> {
    let key = conflict.unknown_name();
    let catalogue = state.catalogue();
    let meant = choice.sku.as_ref().and_then(|sku| catalogue.sku(sku));
    let is_kit = meant.is_some_and(|sku| catalogue.item(sku).is_kit());
    let maps = conflict.kind == ConflictKind::Unmapped && choice.option == ResolutionOption::Map;
    if is_kit && maps && matches!(key, WaitKey::Sku(_)) {
        return state.waiting().on(&key).take(LET_GO_MAX).collect();
    }
    Vec::new()
}

/// Whether an event can only be about an item that is no kit: it is about stock of it, or makes it
/// a component.
pub(super) fn is_none_in(name: &Sku, data: &EventData) -> bool {
    let parts = match data {
        EventData::ItemUpserted(data) => data.kit.as_deref().unwrap_or_default(),
        _ => &[],
    };
    stock_of(data) == Some(name) || parts.iter().any(|part| part.sku == *name)
}

/// What a kit is made of, under the names by which Onhand knows the components.
pub(super) fn made_of(
    draft: &Draft<'_>,
    kit: &Sku,
    parts: &[KitPart],
) -> Result<Vec<KitPart>, Stop> {
    let catalogue = draft.state.catalogue();
    if let Some(other) = catalogue.kits_of(kit).next() {
        let detail = format!("cannot be, since {kit} is part of kit {other}: kits do not nest");
        return Err(Stop::invalid("/data/kit", detail));
    }
    let own = catalogue.sku(kit).filter(|item| catalogue.sku_name(*item) == kit);
    if own.is_some_and(|item| draft.state.levels_of(item).next().is_some()) {
        let detail = format!("cannot be, since {kit} has stock of its own: use another SKU");
        return Err(Stop::invalid("/data/kit", detail));
    }
    let mut made_of: Vec<KitPart> = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let pointer = format!("/data/kit/{index}/sku");
        let sku = draft.sku_name(sku_of(draft, &pointer, &part.sku)?);
        if sku == kit {
            return Err(Stop::invalid(&pointer, "means the kit itself"));
        }
        if catalogue.sku(sku).is_some_and(|item| catalogue.item(item).is_kit()) {
            return Err(Stop::invalid(&pointer, "is a kit itself: kits do not nest"));
        }
        if made_of.iter().any(|known| known.sku == *sku) {
            return Err(Stop::invalid(&pointer, "means the same item as one before it"));
        }
        made_of.push(KitPart { sku: sku.clone(), quantity: part.quantity });
    }
    Ok(made_of)
}
