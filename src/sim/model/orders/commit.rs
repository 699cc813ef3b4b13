//! Promises: where the units of a line are to come from.

use std::collections::BTreeMap;

use super::{Line, Order};
use crate::event::{OrderPlaced, OrderedLine};
use crate::id::{LineId, LocationId, OrderId, Sku};
use crate::record::{Outcome, WaitKey};
use crate::sim::model::Model;
use crate::sim::model::levels::available;

impl Model {
    pub(in crate::sim::model) fn place_order(&mut self, data: &OrderPlaced) -> Outcome {
        self.orders.push(Order { id: data.order.clone(), revision: None, lines: Vec::new() });
        for row in &data.lines {
            let sku = self.item(&row.sku).expect("the item is known");
            let line = Line { ordered: row.quantity, ..Line::new(&row.line, &sku) };
            self.order_mut(&data.order).lines.push(line);
        }
        let wanted: Vec<(&OrderedLine, i64)> =
            data.lines.iter().map(|line| (line, line.quantity)).collect();
        self.commit_lines(&data.order, &wanted);
        self.wake(&WaitKey::Order(data.order.clone()), false);
        Outcome::Applied
    }

    /// Promises units to lines of an order: first where lines say so, then by ranking.
    pub(super) fn commit_lines(&mut self, order: &OrderId, wanted: &[(&OrderedLine, i64)]) {
        let mut sums: BTreeMap<Sku, i64> = BTreeMap::new();
        let mut missing: BTreeMap<&LineId, i64> = BTreeMap::new();
        for (line, quantity) in wanted {
            if let Some(location) = &line.location {
                let location = self.place(location).expect("the location is known");
                self.line_mut(order, &line.line).share(&location).committed += quantity;
            } else {
                let sku = self.item(&line.sku).expect("the item is known");
                *sums.entry(sku).or_default() += quantity;
                missing.insert(&line.line, *quantity);
            }
        }
        for (sku, sum) in sums {
            let mut allocated = self.allocate(&sku, sum);
            let lines = &mut self.order_mut(order).lines;
            for line in lines.iter_mut().filter(|line| line.sku == sku) {
                let mut left = missing.get(&line.id).copied().unwrap_or_default();
                for (location, units) in &mut allocated {
                    let part = left.min(*units);
                    if part > 0 {
                        line.share(location).committed += part;
                        *units -= part;
                        left -= part;
                    }
                }
            }
        }
    }

    /// Where so many units are to come from.
    fn allocate(&self, sku: &Sku, quantity: i64) -> Vec<(LocationId, i64)> {
        let ranking = self.ranking();
        let free =
            |location: &LocationId| available(&self.level(&(sku.clone(), location.clone()))).max(0);
        if let Some(whole) = ranking.iter().find(|location| free(location) >= quantity) {
            return vec![(whole.clone(), quantity)];
        }
        let mut left = quantity;
        let mut shares = Vec::new();
        for location in &ranking {
            let part = left.min(free(location));
            shares.push((location.clone(), part));
            left -= part;
        }
        shares[0].1 += left;
        shares
    }
}
