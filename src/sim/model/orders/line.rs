//! An order's lines.

use crate::id::{LineId, LocationId, OrderId, Sku};
use crate::record::WaitKey;
use crate::sim::model::kits::{Parts, items};

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its id.
    pub id: OrderId,
    /// Whether it was placed. Before that, only what reservations were confirmed for it is known, and
    /// what a person has applied without it.
    pub placed: bool,
    /// Whether it was cancelled as a whole before it was placed.
    pub cancelled: bool,
    /// The events that confirmed reservations for it before it was placed.
    pub confirmed: Vec<u64>,
    /// The newest amendment.
    pub revision: Option<i64>,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// A line of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: LineId,
    /// The item.
    pub sku: Sku,
    /// What one unit consists of, if it is a kit: as it was when it was first promised.
    pub kit: Parts,
    /// Units ordered.
    pub ordered: i64,
    /// Units cancelled.
    pub cancelled: i64,
    /// What is promised and shipped, where.
    pub shares: Vec<Share>,
}

/// A line's part at one location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Where.
    pub location: LocationId,
    /// Still promised.
    pub committed: i64,
    /// Shipped from here.
    pub fulfilled: i64,
    /// Shipped from here and brought back.
    pub returned: i64,
}

impl Order {
    pub(in crate::sim::model) fn new(id: &OrderId) -> Self {
        let (confirmed, lines) = (Vec::new(), Vec::new());
        let id = id.clone();
        Self { id, placed: false, cancelled: false, confirmed, revision: None, lines }
    }

    /// Whether all its lines were said: by its placing, or by an amendment that a person has applied
    /// without it.
    pub(in crate::sim::model) const fn has_all_lines(&self) -> bool {
        self.placed || self.revision.is_some()
    }

    /// The first number that is no line's id, nor one of these.
    pub(in crate::sim::model) fn free_number(&self, named: &[LineId]) -> LineId {
        let numbers = (1..).map(|number: u64| number.to_string().parse::<LineId>());
        let mut ids = numbers.map(|id| id.expect("digits make an id"));
        let free =
            ids.find(|id| self.lines.iter().all(|line| line.id != *id) && !named.contains(id));
        free.expect("numbers do not end")
    }

    /// What an event waits for that does not fit what is known before the order is placed.
    pub(super) fn rest(&self, record: u64) -> WaitKey {
        if self.confirmed.is_empty() {
            WaitKey::Order(self.id.clone())
        } else {
            WaitKey::RestOfOrder(self.id.clone(), record)
        }
    }
}

impl Share {
    /// Whether nothing of the line is here, nor ever was.
    pub const fn is_empty(&self) -> bool {
        self.committed == 0 && self.fulfilled == 0 && self.returned == 0
    }
}

impl Line {
    /// The items that hold the stock for so many of its units.
    pub(in crate::sim::model) fn items(&self, quantity: i64) -> Vec<(Sku, i64)> {
        items(&self.sku, &self.kit, quantity)
    }

    pub(in crate::sim::model) fn new(id: &LineId, sku: &Sku, kit: Parts) -> Self {
        let (id, sku) = (id.clone(), sku.clone());
        Self { id, sku, kit, ordered: 0, cancelled: 0, shares: Vec::new() }
    }

    /// Units still promised.
    pub fn committed(&self) -> i64 {
        self.shares.iter().map(|share| share.committed).sum()
    }

    /// Units shipped.
    pub fn fulfilled(&self) -> i64 {
        self.shares.iter().map(|share| share.fulfilled).sum()
    }

    /// Units brought back.
    pub fn returned(&self) -> i64 {
        self.shares.iter().map(|share| share.returned).sum()
    }

    /// Units ordered of which nothing else is known.
    pub(super) fn open(&self) -> i64 {
        self.ordered - self.cancelled - self.fulfilled() - self.committed()
    }

    /// Units shipped that have not come back.
    pub fn still_out(&self) -> i64 {
        (self.fulfilled() - self.returned()).max(0)
    }

    /// The first location where it was promised.
    pub(super) fn first_place(&self) -> Option<LocationId> {
        self.shares.first().map(|share| share.location.clone())
    }

    /// The part at a location, made empty if there is none yet.
    pub(in crate::sim::model) fn share(&mut self, location: &LocationId) -> &mut Share {
        if let Some(known) = self.shares.iter().position(|share| share.location == *location) {
            return &mut self.shares[known];
        }
        let location = location.clone();
        self.shares.push(Share { location, committed: 0, fulfilled: 0, returned: 0 });
        self.shares.last_mut().expect("it was just added")
    }

    /// Takes back up to so many promises: those at a location first, if one is named, then the
    /// others as they were made. Says where they stood.
    pub(super) fn ship(
        &mut self,
        quantity: i64,
        named: Option<&LocationId>,
    ) -> Vec<(LocationId, i64)> {
        let mut order: Vec<usize> = (0..self.shares.len()).collect();
        order.sort_by_key(|index| Some(&self.shares[*index].location) != named);
        self.uncommit(quantity, order)
    }

    /// Takes back up to so many promises, the last ones first. Says how many it were.
    pub(super) fn release(&mut self, quantity: i64) -> i64 {
        let order = (0..self.shares.len()).rev();
        self.uncommit(quantity, order).iter().map(|(_, units)| units).sum()
    }

    fn uncommit(
        &mut self,
        quantity: i64,
        order: impl IntoIterator<Item = usize>,
    ) -> Vec<(LocationId, i64)> {
        let mut left = quantity;
        let mut taken = Vec::new();
        for index in order {
            let share = &mut self.shares[index];
            let part = left.min(share.committed);
            if part > 0 {
                share.committed -= part;
                left -= part;
                taken.push((share.location.clone(), part));
            }
        }
        taken
    }
}
