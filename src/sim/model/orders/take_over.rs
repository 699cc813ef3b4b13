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
#[derive(Debug, Clone, PartialEq, Eq)]
enum Is {
    /// It was shipped from here, and perhaps it has come back.
    Shipped(LocationId, bool),
    /// It has come back here, though more than was shipped from here.
    Back(LocationId),
    /// It was cancelled.
    Cancelled,
    /// A person has cancelled it of a line of which nothing else was known.
    CancelledByName,
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
        let surplus = share.fulfilled..share.returned;
        all.extend(surplus.map(|_| Is::Back(share.location.clone())));
    }
    let cancelled = || if line.ordered > 0 { Is::Cancelled } else { Is::CancelledByName };
    all.extend((0..line.cancelled).map(|_| cancelled()));
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
        matches!(self.is, Is::Shipped(..) | Is::Cancelled)
    }

    fn join(&self, line: &mut Line) {
        match &self.is {
            Is::Shipped(location, back) => {
                let share = line.share(location);
                share.fulfilled += 1;
                share.returned += i64::from(*back);
            }
            Is::Back(location) => line.share(location).returned += 1,
            Is::Cancelled | Is::CancelledByName => line.cancelled += 1,
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
        if (happened, same_line) == (false, true) {
            cancel_by_name(&mut left, lines);
        }
        for (line, place) in lines.iter_mut().zip(places) {
            let mut took: Vec<(LineId, Is)> = Vec::new();
            left.retain(|unit| {
                let fits = match (&unit.is, place) {
                    (Is::Promised(location), Some(place)) => location == place,
                    _ => true,
                };
                let taken = fits
                    && unit.is_of(line)
                    && unit.has_happened() == happened
                    && !matches!(unit.is, Is::CancelledByName | Is::Back(_))
                    && (!same_line || unit.line == line.id)
                    && line.open() > 0;
                if taken {
                    unit.join(line);
                    took.push((unit.line.clone(), unit.is.clone()));
                }
                !taken
            });
            take_back_with(&mut left, line, &took);
        }
    }
    left
}

/// Units that came back beyond what was shipped go with the last that was.
fn take_back_with(left: &mut Vec<Unit>, line: &mut Line, took: &[(LineId, Is)]) {
    for (id, is) in took {
        let Is::Shipped(from, _) = is else { continue };
        let is_shipped = |unit: &Unit| {
            unit.line == *id && matches!(&unit.is, Is::Shipped(location, _) if location == from)
        };
        if left.iter().any(is_shipped) {
            continue;
        }
        left.retain(|unit| {
            let goes = unit.line == *id && unit.is == Is::Back(from.clone());
            if goes {
                unit.join(line);
            }
            !goes
        });
    }
}

/// What was cancelled by the name of its line alone is cancelled of the line of that name.
fn cancel_by_name(left: &mut Vec<Unit>, lines: &mut [Line]) {
    left.retain(|unit| {
        let mut same = lines.iter_mut().filter(|line| line.id == unit.line && line.open() > 0);
        let taken = if unit.is == Is::CancelledByName { same.next() } else { None };
        let stays = taken.is_none();
        if let Some(line) = taken {
            unit.join(line);
        }
        stays
    });
}

/// More was shipped than the order says: that stays on record, on a line of its item, else on one
/// of its own.
pub(super) fn keep_shipped(order: &mut Order, left: Vec<Unit>) {
    let shipped = |unit: &Unit| matches!(unit.is, Is::Shipped(..) | Is::Back(_));
    for unit in left.into_iter().filter(shipped) {
        let known = order.lines.iter().position(|line| unit.is_of(line));
        let number = known.unwrap_or_else(|| {
            let taken = order.lines.iter().any(|line| line.id == unit.line);
            let id = if taken { order.free_number(&[]) } else { unit.line.clone() };
            order.lines.push(Line::new(&id, &unit.sku, unit.kit.clone()));
            order.lines.len() - 1
        });
        unit.join(&mut order.lines[number]);
    }
}
