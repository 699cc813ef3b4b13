//! `reservation.confirmed`: the hold becomes the commitment of an order.

use super::super::draft::Draft;
use super::super::order::{fact, free_numbers};
use super::{add, held, reject, settle};
use crate::event::{EventData, Fingerprint, ReservationConfirmed};
use crate::order::{FactKey, Order, OrderLine, Share};
use crate::record::{Bucket, Outcome};
use crate::reservation::Standing;

/// Commits what was held to the order, on lines of its own that are numbered on from 1, and wakes
/// what waited for the order. An order that was placed before has its commitment already: then the
/// hold is only given back.
pub(in crate::decide) fn confirm(
    draft: &mut Draft<'_>,
    data: &ReservationConfirmed,
    seq: u64,
) -> Outcome {
    let reservation = match held(draft, &data.reservation) {
        Ok(reservation) => reservation,
        Err(reason) => return reject(draft, reason),
    };
    let lines = reservation.lines.clone();
    settle(draft, reservation, Standing::Confirmed(data.order.clone()));
    let order = draft.order(&data.order).cloned();
    let order = order.unwrap_or_else(|| Order::new(data.order.clone()));
    if order.has_all_lines() {
        draft.reason = Some(format!("order {} has its commitment already", data.order));
        return Outcome::Applied;
    }
    let cancelled = order.fact(&FactKey::Cancelled).is_some();
    let mut numbers = free_numbers(order.lines.iter().map(|line| line.line.clone()));
    let mut made: Vec<OrderLine> = Vec::with_capacity(lines.len());
    for line in lines {
        let committed = if cancelled { 0 } else { line.quantity };
        if !cancelled {
            add(draft, &line, Bucket::Committed, 1);
        }
        let share = Share { location: line.location, committed, fulfilled: 0, returned: 0 };
        made.push(OrderLine {
            line: numbers.next().expect("numbers do not end"),
            sku: line.sku,
            ordered: line.quantity,
            cancelled: line.quantity - committed,
            shares: if cancelled { Vec::new() } else { vec![share] },
            kit: line.kit,
        });
    }
    let key = FactKey::Confirmed(data.reservation.to_string());
    let fingerprint = Fingerprint::of_data(&EventData::ReservationConfirmed(data.clone()));
    let fact = Some(fact(draft, key, fingerprint, seq));
    draft.change_order(data.order.clone(), made, fact);
    draft.wake_order(&data.order);
    Outcome::Applied
}
