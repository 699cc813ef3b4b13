//! `item.upserted` and `location.upserted`: names become known, and what waited for them goes on.

use super::draft::Draft;
use super::{Stop, kit};
use crate::conflict::ConflictStatus;
use crate::event::{ItemUpserted, LocationUpserted};
use crate::record::{Change, ItemInfo, LocationInfo, Outcome, WaitKey};
use crate::state::Subject;

/// Members that the event leaves out stay as they were.
pub(super) fn item(draft: &mut Draft<'_>, data: &ItemUpserted) -> Result<Outcome, Stop> {
    let kit = data.kit.as_ref().map(|parts| kit::made_of(draft, &data.sku, parts)).transpose()?;
    let catalogue = &draft.state.catalogue;
    let before =
        catalogue.sku(&data.sku).map(|sku| catalogue.item(sku)).filter(|item| item.sku == data.sku);
    let item = ItemInfo {
        sku: data.sku.clone(),
        name: data.name.clone().or_else(|| before.and_then(|item| item.name.clone())),
        barcode: data.barcode.clone().or_else(|| before.and_then(|item| item.barcode.clone())),
        low_stock: data.low_stock.or_else(|| before.and_then(|item| item.low_stock)),
        kit: kit.or_else(|| before.map(|item| item.kit.clone())).unwrap_or_default(),
    };
    if before != Some(&item) {
        draft.create_item(item);
    }
    arrived(draft, WaitKey::Sku(data.sku.clone()));
    Ok(Outcome::Applied)
}

/// Members that the event leaves out stay as they were.
pub(super) fn location(draft: &mut Draft<'_>, data: &LocationUpserted) -> Outcome {
    let catalogue = &draft.state.catalogue;
    let before = catalogue.locations().iter().find(|info| info.location == data.location);
    let info = LocationInfo {
        location: data.location.clone(),
        name: data.name.clone().or_else(|| before.and_then(|info| info.name.clone())),
        rank: data.rank.or_else(|| before.and_then(|info| info.rank)),
    };
    if before != Some(&info) {
        draft.change(Change::Location(info));
    }
    arrived(draft, WaitKey::Location(data.location.clone()));
    arrived(draft, WaitKey::AnyLocation);
    Outcome::Applied
}

/// A name is known from now on: the conflict about it is over, and what waited is decided again.
pub(super) fn arrived(draft: &mut Draft<'_>, key: WaitKey) {
    if let Some(conflict) = draft.conflict_about(&Subject::Waits(key.clone())).cloned() {
        draft.close(&conflict, ConflictStatus::AutoResolved, None);
    }
    draft.wake(key, false);
}
