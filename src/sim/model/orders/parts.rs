//! Parts of an order that are cancelled, shipped or brought back.

use std::collections::BTreeMap;

use super::{Excess, Line};
use crate::event::{FulfilledLine, OrderCancelled, OrderFulfilled, OrderReturned, ReturnedLine};
use crate::id::{LineId, LocationId, OrderId, Sku};
use crate::record::Outcome;
use crate::sim::model::Model;
use crate::sim::model::rules::Waived;

/// What a row is about: a line, the item that it is if the row says so, and how many units.
type Row<'a> = (&'a LineId, Option<&'a Sku>, i64);

/// What rows ask for of each line.
fn sums<'a>(rows: impl Iterator<Item = Row<'a>>) -> BTreeMap<LineId, i64> {
    let mut sums = BTreeMap::new();
    for (line, _, quantity) in rows {
        *sums.entry(line.clone()).or_default() += quantity;
    }
    sums
}

impl Model {
    /// Whether an order has all that rows ask for, and has it of the same items.
    fn fits(&self, order: &OrderId, rows: &[Row<'_>], has: impl Fn(&Line) -> i64) -> bool {
        let lines = self.orders.iter().filter(|known| known.id == *order);
        let lines: Vec<&Line> = lines.flat_map(|order| &order.lines).collect();
        let line = |id: &LineId| lines.iter().position(|line| line.id == *id);
        let is_same =
            |(id, sku, _): &Row<'_>| line(id).is_some_and(|line| !self.is_other(order, line, *sku));
        let enough = sums(rows.iter().copied());
        rows.iter().all(is_same)
            && enough
                .iter()
                .all(|(id, wanted)| line(id).is_some_and(|line| *wanted <= has(lines[line])))
    }

    pub(in crate::sim::model) fn cancel(
        &mut self,
        seq: u64,
        data: &OrderCancelled,
        waived: &Waived,
    ) -> Outcome {
        let rows = data.lines.iter().flatten();
        let rows: Vec<Row<'_>> =
            rows.map(|row| (&row.line, row.sku.as_ref(), row.quantity)).collect();
        if waived.excess == Excess::Hold && !self.fits(&data.order, &rows, Line::committed) {
            return self.hold_excess(&data.order, seq);
        }
        for index in 0..self.order_mut(&data.order).lines.len() {
            let other = |row: &&Row<'_>| !self.is_other(&data.order, index, row.1);
            let own: Vec<Row<'_>> = rows.iter().filter(other).copied().collect();
            let line = &mut self.order_mut(&data.order).lines[index];
            let wanted = sums(own.into_iter()).get(&line.id).copied().unwrap_or_default();
            let all = data.lines.is_none();
            line.cancelled += line.release(if all { line.committed() } else { wanted });
        }
        let all_known = self.order_mut(&data.order).has_all_lines();
        if waived.without_order.is_some() && !all_known {
            self.remember_cancelled(data, waived, &sums(rows.into_iter()));
        }
        let order = self.order_mut(&data.order);
        // What its placing brings will be cancelled too.
        order.cancelled |= !all_known && data.lines.is_none();
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
        let rows: Vec<_> = data.lines.iter().flatten().collect();
        for (index, row) in rows.iter().enumerate() {
            // The first row of a line says what it is.
            if rows[..index].iter().any(|earlier| earlier.line == row.line) {
                continue;
            }
            let cancelled = before(&row.line) + wanted[&row.line];
            let line = self.line_for(&data.order, &row.line, row.sku.as_ref(), waived, &[]);
            line.expect("a person has said what it is").cancelled = cancelled;
        }
    }

    pub(in crate::sim::model) fn fulfil(
        &mut self,
        seq: u64,
        data: &OrderFulfilled,
        waived: &Waived,
    ) -> Outcome {
        let rows = data.lines.iter();
        let rows: Vec<Row<'_>> =
            rows.map(|row| (&row.line, row.sku.as_ref(), row.quantity)).collect();
        if waived.excess == Excess::Hold && !self.fits(&data.order, &rows, Line::committed) {
            return self.hold_excess(&data.order, seq);
        }
        for row in &data.lines {
            self.ship(seq, data, row, waived);
        }
        Outcome::Applied
    }

    fn ship(&mut self, seq: u64, data: &OrderFulfilled, row: &FulfilledLine, waived: &Waived) {
        let order = &data.order;
        let ids: Vec<LineId> = data.lines.iter().map(|row| row.line.clone()).collect();
        let named = row.location.as_ref().and_then(|name| self.place(name));
        let best = self.ranking().into_iter().next();
        let told = waived.without_order.as_ref().and_then(|told| told.location.clone());
        let line = self.line_for(order, &row.line, row.sku.as_ref(), waived, &ids);
        let Some(line) = line else { return };
        let id = line.id.clone();
        let mut from = line.ship(row.quantity, named.as_ref());
        let fitting: i64 = from.iter().map(|(_, units)| units).sum();
        if waived.excess == Excess::Anyway && fitting < row.quantity {
            let place = told.or(line.first_place()).or(best).expect("a location is known");
            from.push((place, row.quantity - fitting));
        }
        for (stood, units) in from {
            let location = named.clone().unwrap_or(stood);
            let line = self.line_mut(order, &id);
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
        let rows = data.lines.iter();
        let rows: Vec<Row<'_>> =
            rows.map(|row| (&row.line, row.sku.as_ref(), row.quantity)).collect();
        if waived.excess == Excess::Hold && !self.fits(&data.order, &rows, Line::still_out) {
            return self.hold_excess(&data.order, seq);
        }
        for row in &data.lines {
            self.put_back(seq, data, row, waived);
        }
        Outcome::Applied
    }

    fn put_back(&mut self, seq: u64, data: &OrderReturned, row: &ReturnedLine, waived: &Waived) {
        let order = &data.order;
        let ids: Vec<LineId> = data.lines.iter().map(|row| row.line.clone()).collect();
        let named = row.location.as_ref().and_then(|name| self.place(name));
        let best = self.ranking().into_iter().next();
        let told = waived.without_order.as_ref().and_then(|told| told.location.clone());
        let line = self.line_for(order, &row.line, row.sku.as_ref(), waived, &ids);
        let Some(line) = line else { return };
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
