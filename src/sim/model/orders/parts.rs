//! Parts of an order that are cancelled, shipped or brought back.

use std::collections::BTreeMap;

use super::{Excess, Line, Order};
use crate::event::{FulfilledLine, OrderCancelled, OrderFulfilled, OrderReturned, ReturnedLine};
use crate::id::{LineId, LocationId, OrderId};
use crate::record::Outcome;
use crate::sim::model::Model;
use crate::sim::model::rules::Waived;

/// What rows ask for of each line.
fn sums<'a>(rows: impl Iterator<Item = (&'a LineId, i64)>) -> BTreeMap<LineId, i64> {
    let mut sums = BTreeMap::new();
    for (line, quantity) in rows {
        *sums.entry(line.clone()).or_default() += quantity;
    }
    sums
}

/// Whether the lines of an order have all that is asked for.
fn fits(order: &Order, wanted: &BTreeMap<LineId, i64>, has: impl Fn(&Line) -> i64) -> bool {
    wanted.iter().all(|(id, quantity)| {
        let line = order.lines.iter().find(|line| line.id == *id);
        line.is_some_and(|line| *quantity <= has(line))
    })
}

impl Model {
    pub(in crate::sim::model) fn cancel(
        &mut self,
        seq: u64,
        data: &OrderCancelled,
        waived: &Waived,
    ) -> Outcome {
        let order = self.order_mut(&data.order);
        let wanted = match &data.lines {
            None => sums(order.lines.iter().map(|line| (&line.id, line.committed()))),
            Some(rows) => sums(rows.iter().map(|row| (&row.line, row.quantity))),
        };
        if waived.excess == Excess::Hold && !fits(order, &wanted, Line::committed) {
            return self.hold_excess(&data.order, seq);
        }
        for line in &mut order.lines {
            let quantity = wanted.get(&line.id).copied().unwrap_or_default();
            line.cancelled += line.release(quantity);
        }
        if waived.without_order.is_some() {
            self.remember_cancelled(data, waived, &wanted);
        }
        let order = self.order_mut(&data.order);
        // What its placing brings will be cancelled too.
        order.cancelled |= !order.placed && data.lines.is_none();
        Outcome::Applied
    }

    /// What is cancelled beyond what is promised stays so until the order comes.
    fn remember_cancelled(
        &mut self,
        data: &OrderCancelled,
        waived: &Waived,
        wanted: &BTreeMap<LineId, i64>,
    ) {
        let known = self.journal.last().map_or_else(Vec::new, |said| said.after.orders());
        let order = known.into_iter().find(|order| order.id == data.order);
        let lines = order.map_or_else(Vec::new, |order| order.lines);
        let before =
            |id: &LineId| lines.iter().find(|line| line.id == *id).map_or(0, |line| line.cancelled);
        for row in data.lines.iter().flatten() {
            let cancelled = before(&row.line) + wanted[&row.line];
            let line = self.line_for(&data.order, &row.line, row.sku.as_ref(), waived);
            line.expect("a person has said what it is").cancelled = cancelled;
        }
    }

    pub(in crate::sim::model) fn fulfil(
        &mut self,
        seq: u64,
        data: &OrderFulfilled,
        waived: &Waived,
    ) -> Outcome {
        let wanted = sums(data.lines.iter().map(|row| (&row.line, row.quantity)));
        let order = self.order_mut(&data.order);
        if waived.excess == Excess::Hold && !fits(order, &wanted, Line::committed) {
            return self.hold_excess(&data.order, seq);
        }
        for row in &data.lines {
            self.ship(seq, &data.order, row, waived);
        }
        Outcome::Applied
    }

    fn ship(&mut self, seq: u64, order: &OrderId, row: &FulfilledLine, waived: &Waived) {
        let named = row.location.as_ref().and_then(|name| self.place(name));
        let best = self.ranking().into_iter().next();
        let told = waived.without_order.as_ref().and_then(|told| told.location.clone());
        let Some(line) = self.line_for(order, &row.line, row.sku.as_ref(), waived) else { return };
        let mut from = line.ship(row.quantity, named.as_ref());
        let fitting: i64 = from.iter().map(|(_, units)| units).sum();
        if waived.excess == Excess::Anyway && fitting < row.quantity {
            let place = told.or(line.first_place()).or(best).expect("a location is known");
            from.push((place, row.quantity - fitting));
        }
        for (stood, units) in from {
            let location = named.clone().unwrap_or(stood);
            let line = self.line_mut(order, &row.line);
            line.share(&location).fulfilled += units;
            for (item, units) in line.items(units) {
                self.move_units(seq, &(item, location.clone()), -units, None);
            }
        }
    }

    pub(in crate::sim::model) fn take_back(
        &mut self,
        seq: u64,
        data: &OrderReturned,
        waived: &Waived,
    ) -> Outcome {
        let wanted = sums(data.lines.iter().map(|row| (&row.line, row.quantity)));
        let order = self.order_mut(&data.order);
        if waived.excess == Excess::Hold && !fits(order, &wanted, Line::still_out) {
            return self.hold_excess(&data.order, seq);
        }
        for row in &data.lines {
            self.put_back(seq, &data.order, row, waived);
        }
        Outcome::Applied
    }

    fn put_back(&mut self, seq: u64, order: &OrderId, row: &ReturnedLine, waived: &Waived) {
        let named = row.location.as_ref().and_then(|name| self.place(name));
        let best = self.ranking().into_iter().next();
        let told = waived.without_order.as_ref().and_then(|told| told.location.clone());
        let Some(line) = self.line_for(order, &row.line, row.sku.as_ref(), waived) else { return };
        let mut left = match waived.excess {
            Excess::Anyway => row.quantity,
            Excess::Hold | Excess::Cap => row.quantity.min(line.still_out()),
        };
        let mut back: Vec<(LocationId, i64)> = Vec::new();
        for share in &mut line.shares {
            let part = left.min(share.fulfilled - share.returned).max(0);
            share.returned += part;
            left -= part;
            back.push((share.location.clone(), part));
        }
        if left > 0 {
            let first = named.clone().or(told).or(line.first_place()).or(best);
            let location = first.expect("a location is known");
            line.share(&location).returned += left;
            back.push((location, left));
        }
        let line = line.clone();
        for (shipped_from, units) in back.into_iter().filter(|_| row.restock) {
            let location = named.clone().unwrap_or(shipped_from);
            for (item, units) in line.items(units) {
                self.move_units(seq, &(item, location.clone()), units, row.state.bucket());
            }
        }
    }
}
