//! Orders, transfers and reservations as they are at a point of a decision in the making.

use std::collections::BTreeMap;

use super::{Draft, Undoes};
use crate::id::{LineId, OrderId, ReservationId, TransferId};
use crate::order::{LineMove, Order, OrderFact, OrderLine, OrderUpdate};
use crate::record::Change;
use crate::reservation::Reservation;
use crate::transfer::{Transfer, TransferUpdate};

impl Draft<'_> {
    /// An order as it is at this point of the decision.
    pub(crate) fn order(&self, order: &OrderId) -> Option<&Order> {
        self.orders.get(order).or_else(|| self.state.order(order))
    }

    /// Changes lines of an order, as a business fact says, if it is one.
    pub(crate) fn change_order(
        &mut self,
        order: OrderId,
        lines: Vec<OrderLine>,
        fact: Option<OrderFact>,
    ) {
        self.update_order(OrderUpdate::new(order, lines, fact));
    }

    /// Changes an order in any way; by how much its lines move is found out here.
    pub(crate) fn update_order(&mut self, mut update: OrderUpdate) {
        let id = update.order.clone();
        let mut order = self.order(&id).cloned().unwrap_or_else(|| Order::new(id.clone()));
        let places = order.lines.iter().enumerate();
        let before: BTreeMap<&LineId, (usize, &OrderLine)> =
            places.map(|(place, line)| (&line.line, (place, line))).collect();
        let changed = update.lines.iter().map(|line| (&line.line, Some(line)));
        let touched = changed.chain(update.gone.iter().map(|line| (line, None)));
        let mut touched: Vec<_> = touched.collect();
        // They are noted as they stood, so that they can come back so.
        touched.sort_by_key(|(line, _)| before.get(line).map_or(usize::MAX, |(place, _)| *place));
        let moves = touched.into_iter().flat_map(|(line, after)| {
            LineMove::between(before.get(line).map(|(_, before)| *before), after)
        });
        update.moves = moves.collect();
        order.update(update.clone());
        self.orders.insert(id, order);
        self.changes.push(Change::Order(update));
    }

    /// A reservation as it is at this point of the decision.
    pub(crate) fn reservation(&self, id: &ReservationId) -> Option<&Reservation> {
        let own = self.changes.iter().rev().find_map(|change| match change {
            Change::Reservation(reservation) if reservation.reservation == *id => {
                Some(reservation.as_ref())
            }
            _ => None,
        });
        own.or_else(|| self.state.reservation(id))
    }

    /// A transfer that was shipped, as it is at this point of the decision.
    pub(crate) fn transfer(&self, transfer: &TransferId) -> Option<&Transfer> {
        self.known_transfer(transfer).filter(|known| known.is_shipped())
    }

    /// What is known of a transfer, whether or not it was shipped.
    pub(crate) fn known_transfer(&self, transfer: &TransferId) -> Option<&Transfer> {
        self.transfers.get(transfer).or_else(|| self.state.transfer(transfer))
    }

    /// Puts a transfer in the place of what it was, if it was known.
    pub(crate) fn put_transfer(&mut self, after: Transfer) {
        let known = self.known_transfer(&after.transfer).cloned();
        let mut update = TransferUpdate::between(known.as_ref(), &after);
        // What comes back stands where the update puts it.
        let mut now = known.clone().unwrap_or(after);
        now.update(update.clone());
        update.before = known.filter(|_| self.undoes == Undoes::Content).map(Box::new);
        self.changes.push(Change::Transfer(Box::new(update)));
        self.transfers.insert(now.transfer.clone(), now);
    }
}
