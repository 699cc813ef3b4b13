//! `stock.adjusted`, `stock.received`, `stock.moved` and `stock.set`.

use super::draft::Draft;
use super::movement::move_on_hand;
use super::{Lifted, Stop};
use crate::conflict::{ConflictKind, Evidence};
use crate::event::{Event, StockAdjusted, StockMoved, StockReceived, StockSet};
use crate::id::{LocationId, Sku};
use crate::record::{Bucket, Outcome};
use crate::state::{LocIx, SkuIx};

/// Units appeared or vanished.
pub(super) fn adjusted(
    draft: &mut Draft<'_>,
    event: &Event,
    data: &StockAdjusted,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    let (sku, location) = level_of(draft, &data.sku, &data.location)?;
    if version_differs(draft, event, sku, location, lifted) {
        return Ok(Outcome::Conflict);
    }
    move_on_hand(draft, sku, location, data.delta, data.state.bucket());
    Ok(draft.outcome_of_fact())
}

/// Units arrived.
pub(super) fn received(
    draft: &mut Draft<'_>,
    event: &Event,
    data: &StockReceived,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    let (sku, location) = level_of(draft, &data.sku, &data.location)?;
    if version_differs(draft, event, sku, location, lifted) {
        return Ok(Outcome::Conflict);
    }
    move_on_hand(draft, sku, location, data.quantity, None);
    Ok(draft.outcome_of_fact())
}

/// Units changed their state. Nothing came and nothing went, so a count says nothing about it: it
/// takes effect whatever its time, and moves no count.
pub(super) fn moved(
    draft: &mut Draft<'_>,
    event: &Event,
    data: &StockMoved,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    let (sku, location) = level_of(draft, &data.sku, &data.location)?;
    if version_differs(draft, event, sku, location, lifted) {
        return Ok(Outcome::Conflict);
    }
    let moves = [(data.from_state, -data.quantity), (data.to_state, data.quantity)];
    for (state, delta) in moves {
        if let Some(bucket) = state.bucket() {
            draft.add(sku, location, bucket, delta);
        }
    }
    Ok(Outcome::Applied)
}

/// `on_hand` is to be this number. It is no count: it says nothing about a moment, so it takes
/// effect now, whatever its time, and counts as a movement for later counts.
pub(super) fn set(
    draft: &mut Draft<'_>,
    event: &Event,
    data: &StockSet,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    let (sku, location) = level_of(draft, &data.sku, &data.location)?;
    if version_differs(draft, event, sku, location, lifted) {
        return Ok(Outcome::Conflict);
    }
    let on_hand = draft.level(sku, location).get(Bucket::OnHand);
    draft.add(sku, location, Bucket::OnHand, data.quantity - on_hand);
    Ok(Outcome::Applied)
}

/// The level that an event names. Unknown names were held back before, so this finds them.
pub(super) fn level_of(
    draft: &Draft<'_>,
    sku: &Sku,
    location: &LocationId,
) -> Result<(SkuIx, LocIx), Stop> {
    Ok((sku_of(draft, "/data/sku", sku)?, location_of(draft, "/data/location", location)?))
}

/// The item that a name at a place in the event means.
pub(super) fn sku_of(draft: &Draft<'_>, pointer: &str, sku: &Sku) -> Result<SkuIx, Stop> {
    draft.sku(sku).ok_or_else(|| Stop::invalid(pointer, "is not known"))
}

/// The location that a name at a place in the event means.
pub(super) fn location_of(
    draft: &Draft<'_>,
    pointer: &str,
    location: &LocationId,
) -> Result<LocIx, Stop> {
    draft.location(location).ok_or_else(|| Stop::invalid(pointer, "is not known"))
}

/// Safeguard 4: an event that says which version it has seen applies only to that version.
pub(super) fn version_differs(
    draft: &mut Draft<'_>,
    event: &Event,
    sku: SkuIx,
    location: LocIx,
    lifted: Lifted,
) -> bool {
    let Some(expected) = event.expected_version else { return false };
    let level = draft.state.level(sku, location);
    let version = level.version;
    if lifted.version || expected == version {
        return false;
    }
    let evidence = vec![
        Evidence::new("version seen by the sender", expected),
        Evidence::new("version now", version),
        Evidence::at("on hand now", level.get(Bucket::OnHand), level.updated_at),
        Evidence::at("the event says", super::describe(event), event.time),
    ];
    let about = draft.about(sku, location);
    draft.open(ConflictKind::VersionMismatch, about, evidence);
    draft.mention(sku, location);
    true
}
