//! Orders: what is promised, shipped and brought back.

mod amend;
mod commit;
mod line;
mod parts;
mod take_over;

pub use line::{Line, Order, Share};

use super::Model;
use super::conflicts::About;
use super::rules::Waived;
use crate::event::EventData;
use crate::id::{LineId, OrderId, Sku};
use crate::record::Outcome;

/// What to do with more than an order has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// Ask.
    Hold,
    /// Apply all of it.
    Anyway,
    /// Apply what fits.
    Cap,
}

impl Model {
    /// The orders of which anything is known.
    pub fn orders(&self) -> Vec<Order> {
        let mut orders = self.orders.clone();
        for line in orders.iter_mut().flat_map(|order| &mut order.lines) {
            line.shares.retain(|share| !share.is_empty());
        }
        orders
    }

    /// Whether anything is known of an order that is not taken back.
    pub(in crate::sim::model) fn is_heard_of(&self, order: &OrderId) -> bool {
        let known = self.orders.iter().find(|known| known.id == *order);
        known.is_some_and(|known| *known != Order::new(order))
    }

    fn is_known(&self, order: &OrderId) -> bool {
        self.orders.iter().any(|known| known.id == *order)
    }

    /// An order, of which nothing is known yet if it is new.
    pub(in crate::sim::model) fn order_or_new(&mut self, order: &OrderId) -> &mut Order {
        if !self.is_known(order) {
            self.orders.push(Order::new(order));
        }
        self.order_mut(order)
    }

    /// Whether what was told at `seq` is about lines that its order does not have, without saying
    /// what they are.
    pub(in crate::sim::model) fn names_strange_lines(&self, seq: u64) -> bool {
        let (order, lines): (_, Vec<(&LineId, Option<&Sku>)>) = match &self.told[&seq].event.data {
            EventData::OrderFulfilled(data) => {
                (&data.order, data.lines.iter().map(|row| (&row.line, row.sku.as_ref())).collect())
            }
            EventData::OrderReturned(data) => {
                (&data.order, data.lines.iter().map(|row| (&row.line, row.sku.as_ref())).collect())
            }
            _ => return false,
        };
        if !self.is_heard_of(order) {
            // It waits for the order first.
            return false;
        }
        let known = self.orders.iter().filter(|known| known.id == *order);
        let known: Vec<&LineId> =
            known.flat_map(|order| &order.lines).map(|line| &line.id).collect();
        // The first row of a line says what it is.
        let first = |line| lines.iter().find(|row| row.0 == line).and_then(|row| row.1);
        let said = |line| first(line).is_some_and(|sku| self.item(sku).is_some());
        lines.iter().any(|(line, _)| !known.contains(line) && !said(*line))
    }

    pub(in crate::sim::model) fn order_mut(&mut self, order: &OrderId) -> &mut Order {
        self.orders.iter_mut().find(|known| known.id == *order).expect("the order is known")
    }

    pub(super) fn line_mut(&mut self, order: &OrderId, line: &LineId) -> &mut Line {
        let lines = &mut self.order_mut(order).lines;
        lines.iter_mut().find(|known| known.id == *line).expect("the line is known")
    }

    /// A line of an order; a new one, if a person has said to apply even what is not in the order. It
    /// is none of those that the event names.
    pub(super) fn line_for(
        &mut self,
        order: &OrderId,
        id: &LineId,
        sku: Option<&Sku>,
        waived: &Waived,
        named: &[LineId],
    ) -> Option<&mut Line> {
        let told = waived.without_order.as_ref().and_then(|told| told.sku.clone());
        let said = sku.and_then(|name| self.item(name));
        let known = self.order_mut(order).lines.iter().position(|line| line.id == *id);
        let other = known.is_some_and(|known| self.is_other(order, known, sku));
        if known.is_some() && !other {
            return known.map(|known| &mut self.order_mut(order).lines[known]);
        }
        if waived.excess != Excess::Anyway {
            return None;
        }
        let sku = said.or(told).expect("it was checked that the line says what it is");
        let kit = self.parts(&sku);
        let order = self.order_mut(order);
        let same = order.lines.iter().position(|line| other && line.sku == sku);
        let index = same.unwrap_or_else(|| {
            let id = if other { order.free_number(named) } else { id.clone() };
            order.lines.push(Line::new(&id, &sku, kit));
            order.lines.len() - 1
        });
        order.lines.get_mut(index)
    }

    /// Whether lines are to be cancelled that are another item in what is known of the order, while
    /// not all of that is known.
    pub(in crate::sim::model) fn cancels_another_item(&self, data: &EventData) -> bool {
        let EventData::OrderCancelled(data) = data else { return false };
        let order = self.orders.iter().find(|order| order.id == data.order);
        if order.is_some_and(Order::has_all_lines) {
            // What fits is cancelled, and nothing is to be remembered.
            return false;
        }
        let line = |id: &LineId| order?.lines.iter().position(|line| line.id == *id);
        data.lines.iter().flatten().any(|row| {
            line(&row.line).is_some_and(|line| self.is_other(&data.order, line, row.sku.as_ref()))
        })
    }

    /// Whether a name means another item than a line of the order.
    pub(super) fn is_other(&self, order: &OrderId, line: usize, sku: Option<&Sku>) -> bool {
        let order = self.orders.iter().find(|known| known.id == *order);
        let line = &order.expect("the order is known").lines[line];
        sku.and_then(|name| self.item(name)).is_some_and(|sku| sku != line.sku)
    }

    /// More than the order has: all of it is held, what fits as well. If the order was not placed
    /// yet, nor amended without that, the rest of it may still come.
    pub(super) fn hold_excess(&mut self, order: &OrderId, seq: u64) -> Outcome {
        let record = self.next_seq();
        let known = self.order_mut(order);
        if !known.has_all_lines() {
            let rest = known.rest(record);
            return self.park(rest, seq);
        }
        self.ask(About::Excess(order.clone()), [seq]);
        Outcome::Conflict
    }
}
