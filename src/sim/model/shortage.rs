//! What a person can do where more is promised than is there.

use super::Model;
use super::levels::{LevelName, available};
use super::orders::{Line, Order};
use crate::conflict::{Choice, ResolutionOption as O};
use crate::event::EventData;
use crate::id::{LocationId, OrderId, Sku};

impl Model {
    /// False if the choice lacks what its option needs, or cannot be carried out.
    pub(super) fn settle_shortage(&mut self, level: &LevelName, choice: &Choice) -> bool {
        match choice.option {
            O::Reallocate => self.reallocate(level, choice),
            O::CancelLines => self.cancel_lines(level, choice),
            _ => self.acknowledged.insert(level.clone()),
        }
    }

    /// What is missing here is promised elsewhere, as far as it is there: of the orders that came
    /// last first, and of their last lines first.
    fn reallocate(&mut self, level: &LevelName, choice: &Choice) -> bool {
        let (sku, from) = level;
        let to = choice.location.as_ref().and_then(|name| self.place(name));
        let Some(to) = to.filter(|to| to != from) else { return false };
        let missing = -available(&self.level(level));
        let wanted = missing.min(self.free(sku, &to));
        let mut orders: Vec<OrderId> = self.orders.iter().map(|order| order.id.clone()).collect();
        orders.sort_by_key(|order| std::cmp::Reverse((self.first_said(order), order.clone())));
        let mut left = wanted;
        for order in orders {
            for index in (0..self.order_mut(&order).lines.len()).rev() {
                let line = self.order_mut(&order).lines[index].clone();
                let all = promised(&line, from);
                // All of a kit's line goes, or nothing of it.
                let is_kit = !line.kit.is_empty();
                let fits = |(item, units): &(Sku, i64)| self.free(item, &to) >= *units;
                if is_kit && !line.items(all).iter().all(fits) {
                    continue;
                }
                let part = if is_kit { all } else { left.min(all) };
                let items = line.items(part).into_iter();
                let units: i64 = items.filter(|(item, _)| item == sku).map(|it| it.1).sum();
                if units > 0 && left > 0 {
                    let line = &mut self.order_mut(&order).lines[index];
                    line.share(from).committed -= part;
                    line.share(&to).committed += part;
                    left -= units;
                }
            }
        }
        wanted > 0 && left < wanted
    }

    /// These lines are not delivered from here: so many of their units, or all.
    fn cancel_lines(&mut self, level: &LevelName, choice: &Choice) -> bool {
        let (sku, location) = level;
        for wanted in &choice.lines {
            let orders = self.orders.iter_mut().filter(|order| order.id == wanted.order);
            let mut lines = orders.flat_map(|order| &mut order.lines);
            let line = lines.find(|line| line.id == wanted.line && takes_from(line, sku));
            let Some(line) = line else { return false };
            let promised = promised(line, location);
            let units = wanted.quantity.unwrap_or(promised);
            if units <= 0 || units > promised {
                return false;
            }
            line.share(location).committed -= units;
            line.cancelled += units;
        }
        !choice.lines.is_empty()
    }

    /// The first event of which an order holds that it happened to it.
    fn first_said(&self, order: &OrderId) -> Option<u64> {
        let mut said = self.told.iter().filter(|(seq, told)| {
            told.event.data.order() == Some(order) && self.stands(**seq) && self.is_kept(**seq)
        });
        said.next().map(|(seq, _)| *seq)
    }

    /// Whether the order keeps the fact that an event says: a cancellation only if it was one of the
    /// whole order, before it was placed; a confirmation only if its units became promises.
    fn is_kept(&self, seq: u64) -> bool {
        let told = &self.told[&seq];
        let said = self.journal_at(told.decided);
        let order = |model: &Self| -> Option<Order> {
            let id = told.event.data.order()?;
            model.orders.iter().find(|order| order.id == *id).cloned()
        };
        let (before, after) = (order(&said.before), order(&said.after));
        let cancelled = |order: &Option<Order>| order.as_ref().is_some_and(|it| it.cancelled);
        match &told.event.data {
            EventData::OrderCancelled(_) => cancelled(&after) && !cancelled(&before),
            EventData::ReservationConfirmed(_) => {
                after.is_some_and(|order| order.confirmed.contains(&seq))
            }
            _ => true,
        }
    }

    /// Lines of orders that are promised units of a level, for a person to choose from.
    pub fn promised_at(&self, level: &LevelName) -> Vec<(OrderId, Line)> {
        let lines = self
            .orders
            .iter()
            .flat_map(|order| order.lines.iter().map(|line| (order.id.clone(), line.clone())));
        lines
            .filter(|(_, line)| takes_from(line, &level.0) && promised(line, &level.1) > 0)
            .collect()
    }
}

/// Whether a line is promised units of an item, be it as a component of its kit.
fn takes_from(line: &Line, sku: &Sku) -> bool {
    line.items(1).iter().any(|(item, _)| item == sku)
}

/// Units of a line that are promised at a location.
fn promised(line: &Line, location: &LocationId) -> i64 {
    let here = line.shares.iter().filter(|share| share.location == *location);
    here.map(|share| share.committed).sum()
}
