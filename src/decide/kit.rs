//! Kits: items that consist of others and hold no stock of their own. They do not nest.

use super::Stop;
use super::draft::Draft;
use super::stock::sku_of;
use crate::event::{EventData, KitPart};
use crate::id::Sku;

/// A kit holds no stock, so nothing can happen to it.
pub(super) fn refuse_stock(draft: &Draft<'_>, data: &EventData) -> Result<(), Stop> {
    let sku = match data {
        EventData::StockAdjusted(data) => &data.sku,
        EventData::StockReceived(data) => &data.sku,
        EventData::StockCounted(data) => &data.sku,
        EventData::StockMoved(data) => &data.sku,
        EventData::StockSet(data) => &data.sku,
        _ => return Ok(()),
    };
    let catalogue = draft.state.catalogue();
    match catalogue.sku(sku) {
        Some(item) if catalogue.item(item).is_kit() => {
            Err(Stop::invalid("/data/sku", "is a kit, which holds no stock: name its components"))
        }
        _ => Ok(()),
    }
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
