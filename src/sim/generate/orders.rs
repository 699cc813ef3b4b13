//! What is said about orders: mostly about the last few of them and about parts of what was ordered,
//! so that parts meet their wholes.

use super::{Generator, LINES, Part, name};
use crate::event::{
    CancelledLine, EventData, FulfilledLine, OrderAmended, OrderCancelled, OrderFulfilled,
    OrderPlaced, OrderReturned, OrderedLine, ReturnedLine,
};
use crate::id::{LocationId, OrderId, Sku};

impl Generator {
    pub(super) fn placed(&mut self) -> EventData {
        if self.rng.percent(self.swarm.new_percent) {
            self.orders += 1;
        }
        let (order, lines) = (self.order(), self.ordered_lines());
        let parts = lines.iter().map(|row| (row.line.clone(), row.quantity)).collect();
        self.ordered.push((order.clone(), parts));
        EventData::OrderPlaced(OrderPlaced { order, lines })
    }

    pub(super) fn amended(&mut self) -> EventData {
        let (order, mut lines) = (self.order(), self.ordered_lines());
        if self.rng.percent(5) {
            lines.clear();
        }
        let revision = self.rng.within(0, 4);
        EventData::OrderAmended(OrderAmended { order, revision, lines })
    }

    pub(super) fn cancelled(&mut self) -> EventData {
        let (order, rows) = self.parts();
        let row = |(line, quantity): Part| CancelledLine { line, quantity, sku: self.maybe_sku() };
        let lines: Vec<CancelledLine> = rows.into_iter().map(row).collect();
        let lines = self.rng.percent(60).then_some(lines);
        EventData::OrderCancelled(OrderCancelled { order, lines })
    }

    pub(super) fn fulfilled(&mut self) -> EventData {
        let ((order, rows), fulfillment) = (self.parts(), name(&self.fact()));
        let row = |(line, quantity): Part| FulfilledLine {
            line,
            quantity,
            location: self.maybe_place(),
            sku: self.maybe_sku(),
        };
        let lines = rows.into_iter().map(row).collect();
        EventData::OrderFulfilled(OrderFulfilled { order, fulfillment, lines })
    }

    pub(super) fn returned(&mut self) -> EventData {
        let ((order, rows), return_id) = (self.parts(), name(&self.fact()));
        let row = |(line, quantity): Part| ReturnedLine {
            line,
            quantity,
            location: self.maybe_place(),
            restock: self.rng.percent(70),
            state: self.state(),
            sku: self.maybe_sku(),
        };
        let lines = rows.into_iter().map(row).collect();
        EventData::OrderReturned(OrderReturned { order, return_id, lines })
    }

    /// One of the last few orders.
    pub(super) fn order(&mut self) -> OrderId {
        let back = self.rng.below(self.swarm.orders);
        name(&format!("o{}", self.orders.saturating_sub(back).max(1)))
    }

    /// Parts of what was ordered, mostly; now and then two of one line.
    fn parts(&mut self) -> (OrderId, Vec<Part>) {
        let order = self.order();
        let known = self.ordered.iter().rev().find(|(known, _)| *known == order);
        let known = known.map(|(_, lines)| lines.clone());
        let mut parts: Vec<Part> = match known.filter(|_| self.rng.percent(80)) {
            Some(lines) => {
                let mut some = lines.clone();
                some.retain(|_| self.rng.percent(60));
                if some.is_empty() { lines } else { some }
            }
            None => self.some_lines().into_iter().map(|line| (name(line), self.part())).collect(),
        };
        for (_, quantity) in &mut parts {
            if self.rng.percent(60) {
                *quantity = self.rng.within(1, *quantity);
            }
        }
        if self.rng.percent(10) {
            parts.push(self.rng.pick(&parts.clone()));
        }
        (order, parts)
    }

    /// The name of a shipment or a return, mostly a new one.
    pub(super) fn fact(&mut self) -> String {
        if self.facts == 0 || self.rng.percent(90) {
            self.facts += 1;
        }
        format!("f{}", self.facts)
    }

    fn ordered_lines(&mut self) -> Vec<OrderedLine> {
        let lines = self.some_lines();
        let row = |line: &&str| OrderedLine {
            line: name(line),
            sku: self.goods(),
            quantity: self.quantity(),
            location: self.maybe_place(),
        };
        lines.iter().map(row).collect()
    }

    /// Some lines, each once.
    fn some_lines(&mut self) -> Vec<&'static str> {
        let mut lines: Vec<&str> = LINES.into_iter().filter(|_| self.rng.percent(50)).collect();
        if lines.is_empty() {
            lines.push(LINES[0]);
        }
        if self.rng.percent(20) {
            self.rng.shuffle(&mut lines);
        }
        lines
    }

    /// A part of what is usually ordered.
    pub(super) fn part(&mut self) -> i64 {
        let small = self.rng.percent(70);
        let most = if small { (self.swarm.quantity / 2).max(1) } else { self.swarm.quantity };
        self.rng.within(1, most)
    }

    fn maybe_place(&mut self) -> Option<LocationId> {
        self.rng.percent(40).then(|| self.place())
    }

    fn maybe_sku(&mut self) -> Option<Sku> {
        self.rng.percent(5).then(|| self.goods())
    }
}
