//! Which item of ours a line means.

use onhand::id::Sku;

use super::payload::{Item, Said};
use super::{DeliveryError, Reading};

/// Whether a line is certainly no stock: the shop tracks nothing for it and no listing knows it.
pub(super) fn is_no_stock(reading: &Reading<'_>, item: &Item) -> bool {
    let untracked = matches!(item.variant_id, Said::None)
        || matches!(item.variant_inventory_management, Said::None);
    untracked && listed(reading, item).is_none()
}

/// The name of what a line sells: ours if the listings know it, else the shop's SKU, else one that
/// says which variant of which channel it is, so that a person can map it.
pub(super) fn sku(reading: &Reading<'_>, item: &Item, line: u64) -> Result<Sku, DeliveryError> {
    let own = || own_sku(item).and_then(|sku| Sku::new(sku).ok());
    if let Some(known) = listed(reading, item).or_else(own) {
        return Ok(known);
    }
    let name = match item.variant_id {
        Said::This(variant) => format!("{}:{variant}", reading.channel),
        Said::None | Said::Nothing => format!("{}:line-{line}", reading.channel),
    };
    Sku::new(name).map_err(|error| reading.envelope.value("/line_items", error.to_string()))
}

fn listed(reading: &Reading<'_>, item: &Item) -> Option<Sku> {
    let variant = match item.variant_id {
        Said::This(variant) => Some(variant.to_string()),
        Said::None | Said::Nothing => None,
    };
    reading.listings.sku(variant.as_deref(), own_sku(item))
}

fn own_sku(item: &Item) -> Option<&str> {
    item.sku.as_deref().map(str::trim).filter(|sku| !sku.is_empty())
}
