//! `reservation.placed`: holds all lines or none, and never more than is available.

use std::collections::BTreeMap;

use super::super::draft::Draft;
use super::super::{Stop, stock};
use super::reject;
use crate::event::{EventData, Fingerprint, ReservationPlaced, ReservedLine};
use crate::id::{LocationId, Sku};
use crate::quantity;
use crate::record::{Bucket, Change, Outcome, Timer};
use crate::reservation::{HeldLine, Reservation, Standing};
use crate::state::{LocIx, SkuIx};

/// Holds the units if each level has as many as all lines together want of it, a kit's components at
/// its location. The time of the hold counts from the record that grants it.
pub(in crate::decide) fn place(
    draft: &mut Draft<'_>,
    data: &ReservationPlaced,
) -> Result<Outcome, Stop> {
    let lines =
        data.lines.iter().map(|line| held_line(draft, line)).collect::<Result<Vec<_>, _>>()?;
    let mut wanted: BTreeMap<(SkuIx, LocIx), i64> = BTreeMap::new();
    for line in &lines {
        for (item, quantity) in line.items() {
            let sum = wanted.entry(level(draft, item, &line.location)?).or_default();
            // Far from overflow: so many lines of so many units each.
            *sum = sum.saturating_add(quantity);
        }
    }
    for (sku, location) in wanted.keys() {
        draft.mention(*sku, *location);
    }
    if let Some(reason) = shortage(draft, &wanted) {
        return Ok(reject(draft, reason));
    }
    for ((sku, location), quantity) in &wanted {
        draft.add(*sku, *location, Bucket::Reserved, *quantity);
    }
    let expires_at = draft.uptime.plus_seconds(data.expires_in_s);
    draft.change(Change::Timer {
        what: Timer::Reservation(data.reservation.clone()),
        at: Some(expires_at),
    });
    draft.change(Change::Reservation(Box::new(Reservation {
        reservation: data.reservation.clone(),
        lines,
        standing: Standing::Held,
        expires_at,
        placed: draft.subject.clone(),
        fingerprint: Fingerprint::of_data(&EventData::ReservationPlaced(data.clone())),
    })));
    Ok(Outcome::Applied)
}

/// What is missing, at the first level that has too little.
fn shortage(draft: &Draft<'_>, wanted: &BTreeMap<(SkuIx, LocIx), i64>) -> Option<String> {
    let short = wanted
        .iter()
        .find(|((sku, location), quantity)| draft.level(*sku, *location).available() < **quantity);
    short.map(|((sku, location), quantity)| {
        let available = draft.level(*sku, *location).available();
        let location_name = draft.state.catalogue.location_name(*location);
        let sku_name = draft.sku_name(*sku);
        format!("{quantity} of {sku_name} at {location_name} are wanted, {available} are available")
    })
}

/// The level that a line names. Unknown names were held back before, so this finds it.
fn level(draft: &Draft<'_>, sku: &Sku, location: &LocationId) -> Result<(SkuIx, LocIx), Stop> {
    let sku = stock::sku_of(draft, "/data/lines", sku)?;
    Ok((sku, stock::location_of(draft, "/data/lines", location)?))
}

/// The line under the names by which Onhand knows its item and location; a kit is what it is now.
fn held_line(draft: &Draft<'_>, line: &ReservedLine) -> Result<HeldLine, Stop> {
    let (sku, location) = level(draft, &line.sku, &line.location)?;
    let kit = draft.kit(sku).to_vec();
    if kit.iter().any(|part| quantity::multiply(line.quantity, part.quantity).is_none()) {
        let (sku, range) = (&line.sku, quantity::QUANTITY_MAX);
        return Err(Stop::invalid("/data/lines", format!("would take {sku} beyond {range}")));
    }
    Ok(HeldLine {
        sku: draft.sku_name(sku).clone(),
        location: draft.state.catalogue.location_name(location).clone(),
        quantity: line.quantity,
        kit,
    })
}
