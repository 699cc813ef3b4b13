//! Orders: placed, shipped, refunded, cancelled. Ordering takes from what is shown; cancelling and
//! taking back with restock gives back; shipping changes nothing that is shown.

use std::collections::BTreeMap;

use onhand::time::Timestamp;

use super::{Act, Hook, ORDER_LINES_MAX, ORDERS_MAX, QUANTITY_LIMIT, Refused, Shop};
use crate::simshop::bodies;

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: i64,
    /// The number that people see.
    pub number: i64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
    /// What was shipped.
    pub parcels: Vec<Parcel>,
    /// What was refunded.
    pub refunds: Vec<Refund>,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// Its id.
    pub id: i64,
    /// The listing, by its place among the shop's.
    pub listing: usize,
    /// Units ordered.
    pub quantity: i64,
    /// Units taken out before they were shipped.
    pub removed: i64,
    /// Units shipped.
    pub shipped: i64,
    /// Of those, units refunded.
    pub refunded: i64,
}

impl OrderLine {
    /// Units still to ship.
    pub const fn open(&self) -> i64 {
        self.quantity - self.removed - self.shipped
    }

    /// Units neither removed nor refunded.
    pub const fn current(&self) -> i64 {
        self.quantity - self.removed - self.refunded
    }
}

/// A shipment: units by line id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Its id.
    pub id: i64,
    /// When it left.
    pub created_at: Timestamp,
    /// Units by line id.
    pub lines: Vec<(i64, i64)>,
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub id: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its rows.
    pub rows: Vec<RefundRow>,
}

/// A row of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundRow {
    /// Its id.
    pub id: i64,
    /// The order's line.
    pub line: i64,
    /// Units.
    pub quantity: i64,
    /// What becomes of them.
    pub restock: Restock,
}

/// What becomes of refunded units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restock {
    /// They were not shipped and are sold again.
    Cancel,
    /// They came back and are sold again.
    Return,
    /// They are not sold again.
    NoRestock,
}

/// A line to be ordered.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedLine {
    /// The shop's SKU.
    pub sku: String,
    /// Units, above 0.
    pub quantity: i64,
}

impl Shop {
    /// A customer orders. Without `oversell` the shop sells no more than it shows.
    ///
    /// # Errors
    /// When a line makes no sense or there is not enough.
    pub fn place(
        &mut self,
        lines: &[PlacedLine],
        oversell: bool,
        now: Timestamp,
    ) -> Result<(i64, Vec<Hook>), Refused> {
        if lines.is_empty() || lines.len() > ORDER_LINES_MAX {
            return Err(Refused::wrong(format!("lines must have 1 to {ORDER_LINES_MAX} rows")));
        }
        let mut wanted: BTreeMap<usize, i64> = BTreeMap::new();
        for line in lines {
            check_units(line.quantity)?;
            let sum = wanted.entry(self.index_of(&line.sku)?).or_default();
            *sum += line.quantity;
        }
        for (index, quantity) in &wanted {
            let listing = &self.listings[*index];
            if *quantity > listing.available && !oversell {
                let (sku, available) = (listing.sku.clone(), listing.available);
                return Err(Refused::NotEnough { sku, available });
            }
        }
        let mut act = self.act(now);
        let id = self.id();
        let mut rows = Vec::with_capacity(lines.len());
        for line in lines {
            let listing = self.index_of(&line.sku)?;
            let quantity = line.quantity;
            rows.push(OrderLine {
                id: self.id(),
                listing,
                quantity,
                removed: 0,
                shipped: 0,
                refunded: 0,
            });
        }
        self.order_number += 1;
        let order = Order {
            id,
            number: self.order_number,
            created_at: now,
            updated_at: now,
            cancelled_at: None,
            lines: rows,
            parcels: Vec::new(),
            refunds: Vec::new(),
        };
        act.tell("orders/create", bodies::order(self, &order));
        self.orders.insert(id, order);
        if self.orders.len() > ORDERS_MAX {
            self.orders.pop_first();
        }
        for (index, quantity) in wanted {
            let available = self.listings[index].available - quantity;
            self.show(index, available, &mut act);
        }
        Ok((id, act.hooks))
    }

    /// Ships units by line id, or all that is open.
    ///
    /// # Errors
    /// When there is no such order or line, or more is shipped than is open.
    pub fn fulfil(
        &mut self,
        order: i64,
        lines: Option<&[(i64, i64)]>,
        now: Timestamp,
    ) -> Result<Vec<Hook>, Refused> {
        let mut changed = self.open_order(order)?;
        let all: Vec<(i64, i64)> =
            changed.lines.iter().map(|line| (line.id, line.open())).collect();
        let wanted = lines.unwrap_or(&all);
        let mut shipped = Vec::new();
        for (id, quantity) in wanted.iter().copied().filter(|(_, quantity)| *quantity != 0) {
            let line = line_mut(&mut changed, id)?;
            check_units(quantity)?;
            if quantity > line.open() {
                return Err(Refused::wrong(format!("line {id} has only {} to ship", line.open())));
            }
            line.shipped += quantity;
            shipped.push((id, quantity));
        }
        if shipped.is_empty() {
            return Err(Refused::wrong("there is nothing to ship"));
        }
        let mut act = self.act(now);
        let parcel = Parcel { id: self.id(), created_at: now, lines: shipped };
        changed.parcels.push(parcel.clone());
        act.tell("fulfillments/create", bodies::fulfillment(self, &changed, &parcel));
        self.changed(changed, &mut act);
        Ok(act.hooks)
    }

    /// Refunds units of lines.
    ///
    /// # Errors
    /// When there is no such order or line, or the units are not in the state that the restock
    /// type speaks of.
    pub fn refund(
        &mut self,
        order: i64,
        rows: &[(i64, i64, Restock)],
        now: Timestamp,
    ) -> Result<Vec<Hook>, Refused> {
        let mut changed = self.open_order(order)?;
        if rows.is_empty() || rows.len() > ORDER_LINES_MAX {
            return Err(Refused::wrong(format!("lines must have 1 to {ORDER_LINES_MAX} rows")));
        }
        let mut back: BTreeMap<usize, i64> = BTreeMap::new();
        for (id, quantity, restock) in rows {
            let line = line_mut(&mut changed, *id)?;
            check_units(*quantity)?;
            take_out(line, *quantity, *restock)?;
            if *restock != Restock::NoRestock {
                *back.entry(line.listing).or_default() += quantity;
            }
        }
        let mut act = self.act(now);
        self.book_refund(&mut changed, rows, &mut act);
        self.changed(changed, &mut act);
        self.give_back(back, &mut act);
        Ok(act.hooks)
    }

    /// Cancels what is not shipped; with `restock` it is sold again.
    ///
    /// # Errors
    /// When there is no such order or nothing of it is open.
    pub fn cancel(
        &mut self,
        order: i64,
        restock: bool,
        now: Timestamp,
    ) -> Result<Vec<Hook>, Refused> {
        let mut changed = self.open_order(order)?;
        let kind = if restock { Restock::Cancel } else { Restock::NoRestock };
        let mut back: BTreeMap<usize, i64> = BTreeMap::new();
        let mut rows = Vec::new();
        for line in changed.lines.iter_mut().filter(|line| line.open() > 0) {
            let open = line.open();
            line.removed += open;
            rows.push((line.id, open, kind));
            if restock {
                *back.entry(line.listing).or_default() += open;
            }
        }
        if rows.is_empty() {
            return Err(Refused::wrong("there is nothing to cancel"));
        }
        let mut act = self.act(now);
        changed.cancelled_at = Some(now);
        changed.updated_at = now;
        self.book_refund(&mut changed, &rows, &mut act);
        act.tell("orders/cancelled", bodies::order(self, &changed));
        self.changed(changed, &mut act);
        self.give_back(back, &mut act);
        Ok(act.hooks)
    }

    fn book_refund(&mut self, order: &mut Order, rows: &[(i64, i64, Restock)], act: &mut Act) {
        let id = self.id();
        let mut booked = Vec::with_capacity(rows.len());
        for (line, quantity, restock) in rows.iter().copied() {
            booked.push(RefundRow { id: self.id(), line, quantity, restock });
        }
        let refund = Refund { id, created_at: act.now, rows: booked };
        order.refunds.push(refund.clone());
        act.tell("refunds/create", bodies::refund(self, order, &refund));
    }

    fn changed(&mut self, mut order: Order, act: &mut Act) {
        order.updated_at = act.now;
        act.tell("orders/updated", bodies::order(self, &order));
        self.orders.insert(order.id, order);
    }

    fn give_back(&mut self, back: BTreeMap<usize, i64>, act: &mut Act) {
        for (index, quantity) in back {
            let available = self.listings[index].available + quantity;
            self.show(index, available, act);
        }
    }

    fn open_order(&self, order: i64) -> Result<Order, Refused> {
        let found = self.orders.get(&order).cloned().ok_or(Refused::NoOrder(order))?;
        if found.cancelled_at.is_some() {
            return Err(Refused::wrong(format!("order {order} is cancelled")));
        }
        Ok(found)
    }
}

/// Takes units out of a line. Without restock the shipped ones are meant first, as the vendor's
/// shop does it.
fn take_out(line: &mut OrderLine, quantity: i64, restock: Restock) -> Result<(), Refused> {
    let out = line.shipped - line.refunded;
    let has = match restock {
        Restock::Cancel => line.open(),
        Restock::Return => out,
        Restock::NoRestock => line.open() + out,
    };
    if quantity > has {
        let text = format!("line {} has only {has} units for this restock_type", line.id);
        return Err(Refused::wrong(text));
    }
    let of_shipped = match restock {
        Restock::Cancel => 0,
        Restock::Return => quantity,
        Restock::NoRestock => quantity.min(out),
    };
    line.refunded += of_shipped;
    line.removed += quantity - of_shipped;
    Ok(())
}

fn line_mut(order: &mut Order, line: i64) -> Result<&mut OrderLine, Refused> {
    let found = order.lines.iter_mut().find(|known| known.id == line);
    found.ok_or_else(|| Refused::wrong(format!("the order has no line {line}")))
}

fn check_units(quantity: i64) -> Result<(), Refused> {
    if (1..=QUANTITY_LIMIT).contains(&quantity) {
        return Ok(());
    }
    Err(Refused::wrong(format!("quantity must be from 1 to {QUANTITY_LIMIT}, not {quantity}")))
}
