//! What an order had before it was placed, unit by unit: units that reservations were confirmed
//! for become units of the lines that it is placed with, so that none is promised, shipped or
//! cancelled twice.

use super::{Line, Order};
use crate::id::{LineId, LocationId, Sku};
use crate::sim::model::Parts;

/// One unit of an order that was not placed yet.
#[derive(Debug)]
pub(super) struct Unit {
    /// The line that it was of.
    line: LineId,
    sku: Sku,
    kit: Parts,
    is: Is,
}

/// Where a unit stands.
#[derive(Debug, PartialEq, Eq)]
enum Is {
    /// It was shipped from here, and perhaps it has come back.
    Shipped(LocationId, bool),
    /// It was cancelled.
    Cancelled,
    /// It is promised here.
    Promised(LocationId),
}

/// The units of a line: first what has happened to it, and of what was shipped first what came
/// back.
fn units(line: &Line) -> Vec<Unit> {
    let mut all = Vec::new();
    for share in &line.shares {
        let shipped = (0..share.fulfilled).map(|number| number < share.returned);
        all.extend(shipped.map(|back| Is::Shipped(share.location.clone(), back)));
    }
    all.extend((0..line.cancelled).map(|_| Is::Cancelled));
    for share in &line.shares {
        all.extend((0..share.committed).map(|_| Is::Promised(share.location.clone())));
    }
    let (sku, kit) = (&line.sku, &line.kit);
    let of = |is| Unit { line: line.id.clone(), sku: sku.clone(), kit: kit.clone(), is };
    all.into_iter().map(of).collect()
}

impl Unit {
    fn is_of(&self, line: &Line) -> bool {
        self.sku == line.sku && self.kit == line.kit
    }

    fn has_happened(&self) -> bool {
        !matches!(self.is, Is::Promised(_))
    }

    fn join(&self, line: &mut Line) {
        match &self.is {
            Is::Shipped(location, back) => {
                let share = line.share(location);
                share.fulfilled += 1;
                share.returned += i64::from(*back);
            }
            Is::Cancelled => line.cancelled += 1,
            Is::Promised(location) => line.share(location).committed += 1,
        }
    }
}

/// Hands units of early lines out to the lines that the order is placed with, as far as these want
/// them (promised ones only where a line wants them): first what has happened, since it cannot be
/// undone, and both first to the line of the same name. Gives the units that nobody took.
pub(super) fn take_over(
    early: &[Line],
    lines: &mut [Line],
    places: &[Option<LocationId>],
) -> Vec<Unit> {
    let mut left: Vec<Unit> = early.iter().flat_map(units).collect();
    for (happened, same_line) in [(true, true), (true, false), (false, true), (false, false)] {
        for (line, place) in lines.iter_mut().zip(places) {
            left.retain(|unit| {
                let fits = match (&unit.is, place) {
                    (Is::Promised(location), Some(place)) => location == place,
                    _ => true,
                };
                let taken = fits
                    && unit.is_of(line)
                    && unit.has_happened() == happened
                    && (!same_line || unit.line == line.id)
                    && line.open() > 0;
                if taken {
                    unit.join(line);
                }
                !taken
            });
        }
    }
    left
}

/// More was shipped than the order says: that stays on record, on a line of its item, else on one
/// of its own.
pub(super) fn keep_shipped(order: &mut Order, left: Vec<Unit>) {
    let shipped = |unit: &Unit| matches!(unit.is, Is::Shipped(..));
    for unit in left.into_iter().filter(shipped) {
        let known = order.lines.iter().position(|line| unit.is_of(line));
        let number = known.unwrap_or_else(|| {
            let taken = order.lines.iter().any(|line| line.id == unit.line);
            let id = if taken { order.free_number() } else { unit.line.clone() };
            order.lines.push(Line::new(&id, &unit.sku, unit.kit.clone()));
            order.lines.len() - 1
        });
        unit.join(&mut order.lines[number]);
    }
}
