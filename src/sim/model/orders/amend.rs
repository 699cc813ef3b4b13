//! Amendments: the lines as they now are.

use super::{Excess, Line};
use crate::event::{OrderAmended, OrderedLine};
use crate::id::Sku;
use crate::record::Outcome;
use crate::sim::model::Model;

/// A line that an amendment asks for, and the item that it means.
type Asked<'a> = (&'a OrderedLine, Sku);

/// What an amendment asks for of a line; a line of another item is another line.
fn asked_for(asked: &[Asked<'_>], line: &Line) -> i64 {
    let same = |(row, sku): &&Asked<'_>| row.line == line.id && *sku == line.sku;
    asked.iter().find(same).map_or(0, |(row, _)| row.quantity)
}

/// One line cannot be two items: where units are shipped, it stays what it was.
fn is_settled(line: &Line, sku: &Sku) -> bool {
    line.sku != *sku && line.fulfilled() > 0
}

impl Model {
    pub(in crate::sim::model) fn amend(
        &mut self,
        seq: u64,
        data: &OrderAmended,
        excess: Excess,
    ) -> Outcome {
        let item = |row: &OrderedLine| self.item(&row.sku).expect("the item is known");
        let asked: Vec<Asked<'_>> = data.lines.iter().map(|row| (row, item(row))).collect();
        let order = self.order_mut(&data.order);
        if order.revision.is_some_and(|newest| data.revision < newest) {
            return Outcome::Superseded;
        }
        let fits = order.lines.iter().all(|line| asked_for(&asked, line) >= line.fulfilled());
        if !fits && excess == Excess::Hold {
            return self.ask_about_excess(&data.order, seq);
        }
        order.revision = Some(data.revision);
        for line in &mut order.lines {
            free(line, &asked);
        }
        let mut missing = Vec::new();
        for (row, sku) in asked {
            let order = self.order_mut(&data.order);
            let line = order.lines.iter().position(|line| line.id == row.line);
            let line = line.unwrap_or_else(|| {
                order.lines.push(Line::new(&row.line, &sku));
                order.lines.len() - 1
            });
            let line = &mut order.lines[line];
            if is_settled(line, &sku) {
                continue;
            }
            if line.sku != sku {
                // Nothing of the other item was shipped, so nothing of it remains.
                *line = Line::new(&row.line, &sku);
            }
            line.ordered = row.quantity.max(line.fulfilled()) + line.cancelled;
            missing.push((row, (row.quantity - line.fulfilled() - line.committed()).max(0)));
        }
        self.commit_lines(&data.order, &missing);
        Outcome::Applied
    }
}

/// Takes back what a line no longer needs, or needs elsewhere.
fn free(line: &mut Line, asked: &[Asked<'_>]) {
    let row = asked.iter().find(|(row, _)| row.line == line.id);
    if row.is_some_and(|(_, sku)| is_settled(line, sku)) {
        return;
    }
    let quantity = asked_for(asked, line);
    if row.is_some_and(|(row, _)| row.location.is_some()) {
        // It is to come from there and from nowhere else.
        line.release(line.committed());
    } else {
        line.release(line.committed() - (quantity - line.fulfilled()).max(0));
    }
    // What was cancelled is no longer in the order's lines, but it was ordered once.
    line.ordered = quantity.max(line.fulfilled()) + line.cancelled;
}
