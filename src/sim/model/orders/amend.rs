//! Amendments: the lines as they now are.

use super::{Excess, Line};
use crate::event::{OrderAmended, OrderedLine};
use crate::id::{LocationId, OrderId, Sku};
use crate::record::Outcome;
use crate::sim::model::Model;
use crate::sim::model::rules::Waived;

/// A line that an amendment asks for, and the item that it means.
type Asked<'a> = (&'a OrderedLine, Sku);

/// What an amendment asks for of a line; a line of another item is another line.
fn asked_for(asked: &[Asked<'_>], line: &Line) -> i64 {
    let same = |(row, sku): &&Asked<'_>| row.line == line.id && *sku == line.sku;
    asked.iter().find(same).map_or(0, |(row, _)| row.quantity)
}

/// One line cannot be two items: where units are shipped, or came back, it stays what it was.
fn is_settled(line: &Line, sku: &Sku) -> bool {
    line.sku != *sku && line.fulfilled() + line.returned() > 0
}

impl Model {
    pub(in crate::sim::model) fn amend(
        &mut self,
        seq: u64,
        data: &OrderAmended,
        waived: &Waived,
    ) -> Outcome {
        let item = |row: &OrderedLine| self.item(&row.sku).expect("the item is known");
        let asked: Vec<Asked<'_>> = data.lines.iter().map(|row| (row, item(row))).collect();
        let order = self.order_mut(&data.order);
        if !order.has_all_lines() && waived.without_order.is_none() {
            return self.hold_excess(&data.order, seq);
        }
        if order.revision.is_some_and(|newest| data.revision < newest) {
            return Outcome::Superseded;
        }
        let fits = |line: &Line| {
            let row = asked.iter().find(|(row, _)| row.line == line.id);
            let stays = row.is_none_or(|(_, sku)| !is_settled(line, sku));
            stays && asked_for(&asked, line) >= line.fulfilled()
        };
        if !order.lines.iter().all(fits) && waived.excess == Excess::Hold {
            return self.hold_excess(&data.order, seq);
        }
        order.revision = Some(data.revision);
        let place = |row: &OrderedLine| self.place(row.location.as_ref()?);
        let places: Vec<Option<LocationId>> = data.lines.iter().map(place).collect();
        for line in &mut self.order_mut(&data.order).lines {
            let place = asked.iter().position(|(row, _)| row.line == line.id);
            free(line, &asked, place.and_then(|place| places[place].as_ref()));
        }
        let mut rows: Vec<&OrderedLine> = Vec::new();
        for (row, sku) in asked {
            let kit = self.parts(&sku);
            let order = self.order_mut(&data.order);
            let line = order.lines.iter().position(|line| line.id == row.line);
            let line = line.unwrap_or_else(|| {
                order.lines.push(Line::new(&row.line, &sku, kit.clone()));
                order.lines.len() - 1
            });
            let line = &mut order.lines[line];
            if is_settled(line, &sku) {
                continue;
            }
            if line.sku != sku {
                // Nothing of the other item was shipped or came back, so nothing of it remains.
                *line = Line::new(&row.line, &sku, kit);
            }
            line.ordered = row.quantity.max(line.fulfilled()) + line.cancelled;
            rows.push(row);
        }
        self.gather_kits(&data.order, &rows);
        let missing = |row: &&OrderedLine| {
            let line = self.line_mut(&data.order, &row.line);
            (row.quantity - line.fulfilled() - line.committed()).max(0)
        };
        let missing: Vec<i64> = rows.iter().map(missing).collect();
        // A line of which nothing is missing has no say in where the others go.
        let wanted = rows.into_iter().zip(missing).filter(|(_, missing)| *missing > 0);
        let wanted: Vec<(&OrderedLine, i64)> = wanted.collect();
        self.commit_lines(&data.order, &wanted);
        Outcome::Applied
    }

    /// A kit is never split: more of it is promised where it is promised already, if all of that is
    /// there; else all that is promised of it goes elsewhere together.
    fn gather_kits(&mut self, order: &OrderId, rows: &[&OrderedLine]) {
        for index in 0..self.order_mut(order).lines.len() {
            let line = self.order_mut(order).lines[index].clone();
            let row = rows.iter().find(|row| row.line == line.id && row.location.is_none());
            let promised = line.shares.iter().position(|share| share.committed > 0);
            let (Some(row), Some(share)) = (row, promised) else { continue };
            let more = row.quantity - line.fulfilled() - line.committed();
            if line.kit.is_empty() || more <= 0 {
                continue;
            }
            let location = line.shares[share].location.clone();
            let mut items = line.items(more).into_iter();
            let fits = items.all(|(item, units)| self.free(&item, &location) >= units);
            let line = &mut self.order_mut(order).lines[index];
            if fits {
                line.shares[share].committed += more;
            } else {
                line.release(line.committed());
            }
        }
    }
}

/// Takes back what a line no longer needs, or needs elsewhere, if it is to come from one `place`.
fn free(line: &mut Line, asked: &[Asked<'_>], place: Option<&LocationId>) {
    let row = asked.iter().find(|(row, _)| row.line == line.id);
    if row.is_some_and(|(_, sku)| is_settled(line, sku)) {
        return;
    }
    let quantity = asked_for(asked, line);
    for share in &mut line.shares {
        if place.is_some_and(|place| share.location != *place) {
            share.committed = 0;
        }
    }
    line.release(line.committed() - (quantity - line.fulfilled()).max(0));
    // What was cancelled is no longer in the order's lines, but it was ordered once.
    line.ordered = quantity.max(line.fulfilled()) + line.cancelled;
}
