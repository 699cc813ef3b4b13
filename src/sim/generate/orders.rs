//! What is said about orders: few orders and few lines, so that parts meet their wholes.

use super::{Generator, LINES, name};
use crate::event::{
    CancelledLine, EventData, FulfilledLine, OrderAmended, OrderCancelled, OrderFulfilled,
    OrderPlaced, OrderReturned, OrderedLine, ReturnedLine,
};
use crate::id::{LocationId, OrderId, Sku};

impl Generator {
    pub(super) fn placed(&mut self) -> EventData {
        let (order, lines) = (self.order(), self.ordered_lines());
        EventData::OrderPlaced(OrderPlaced { order, lines })
    }

    pub(super) fn amended(&mut self) -> EventData {
        let (order, lines) = (self.order(), self.ordered_lines());
        let revision = self.rng.within(0, 4);
        EventData::OrderAmended(OrderAmended { order, revision, lines })
    }

    pub(super) fn cancelled(&mut self) -> EventData {
        let order = self.order();
        let row = |own: &mut Self, line: &str| CancelledLine {
            line: name(line),
            quantity: own.part(),
            sku: own.maybe_sku(),
        };
        let lines = self.rng.percent(60).then(|| self.rows(row));
        EventData::OrderCancelled(OrderCancelled { order, lines })
    }

    pub(super) fn fulfilled(&mut self) -> EventData {
        let (order, fulfillment) = (self.order(), name(&self.fact()));
        let lines = self.rows(|own, line| FulfilledLine {
            line: name(line),
            quantity: own.part(),
            location: own.maybe_place(),
            sku: own.maybe_sku(),
        });
        EventData::OrderFulfilled(OrderFulfilled { order, fulfillment, lines })
    }

    pub(super) fn returned(&mut self) -> EventData {
        let (order, return_id) = (self.order(), name(&self.fact()));
        let lines = self.rows(|own, line| ReturnedLine {
            line: name(line),
            quantity: own.part(),
            location: own.maybe_place(),
            restock: own.rng.percent(70),
            state: own.state(),
            sku: own.maybe_sku(),
        });
        EventData::OrderReturned(OrderReturned { order, return_id, lines })
    }

    pub(super) fn order(&mut self) -> OrderId {
        name(&format!("o{}", 1 + self.rng.below(self.swarm.orders)))
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

    /// Rows about some lines, now and then two about one of them.
    fn rows<T>(&mut self, row: impl Fn(&mut Self, &str) -> T) -> Vec<T> {
        let mut lines = self.some_lines();
        if self.rng.percent(15) {
            lines.push(self.rng.pick(&lines.clone()));
        }
        lines.into_iter().map(|line| row(self, line)).collect()
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
