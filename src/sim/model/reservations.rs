//! Reservations: units held back for a while. Each hold ends once: it is given up, becomes the
//! commitment of an order, or its time is over.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::kits::{Parts, items};
use super::levels::{LevelName, available};
use super::orders::{Line, Share};
use super::{Answer, Did, Model};
use crate::event::{ReservationConfirmed, ReservationPlaced, ReservationReleased};
use crate::id::{LocationId, ReservationId, Sku};
use crate::record::{Outcome, Timer};
use crate::time::{Now, Uptime};

/// A reservation that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reservation {
    pub id: ReservationId,
    rows: Vec<Row>,
    expires_at: Uptime,
    /// Whether its units are still held.
    pub held: bool,
}

/// What one line of a reservation holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    sku: Sku,
    /// What one unit consists of, if it is a kit: as it was when it was held.
    kit: Parts,
    location: LocationId,
    quantity: i64,
}

impl Reservation {
    /// Whether it holds what another one holds, or held.
    pub fn is_same_hold(&self, other: &Self) -> bool {
        self.rows == other.rows && self.expires_at == other.expires_at
    }

    /// The units that it holds at present.
    pub fn holds(&self) -> impl Iterator<Item = (LevelName, i64)> {
        let rows = self.rows.iter().filter(|_| self.held);
        rows.flat_map(|row| {
            let items = items(&row.sku, &row.kit, row.quantity).into_iter();
            items.map(|(item, units)| ((item, row.location.clone()), units))
        })
    }
}

impl Model {
    /// The reservations that were granted, and whether each holds its units still.
    pub fn reservations(&self) -> BTreeMap<&ReservationId, bool> {
        self.reservations.iter().map(|known| (&known.id, known.held)).collect()
    }

    /// What time will bring about: the end of holds and of patience.
    pub fn timers(&self) -> BTreeMap<Timer, Uptime> {
        let held = self.reservations.iter().filter(|known| known.held);
        let ends = held.map(|known| (Timer::Reservation(known.id.clone()), known.expires_at));
        let patience = self.patience.iter().map(|(seq, until)| (Timer::Orphan(*seq), *until));
        ends.chain(patience).collect()
    }

    /// All of it is held or nothing, and never more than is available.
    pub(super) fn reserve(&mut self, data: &ReservationPlaced) -> Outcome {
        let row = |line: &crate::event::ReservedLine| {
            let (sku, location) = self.level_of(&line.sku, &line.location);
            let kit = self.parts(&sku);
            Row { sku, kit, location, quantity: line.quantity }
        };
        let reservation = Reservation {
            id: data.reservation.clone(),
            rows: data.lines.iter().map(row).collect(),
            expires_at: self.uptime.plus_seconds(data.expires_in_s),
            held: true,
        };
        let mut wanted: BTreeMap<LevelName, i64> = BTreeMap::new();
        for (level, quantity) in reservation.holds() {
            *wanted.entry(level).or_default() += quantity;
        }
        let is_there =
            |(level, quantity): (&LevelName, &i64)| available(&self.level(level)) >= *quantity;
        if !wanted.iter().all(is_there) {
            return Outcome::Rejected;
        }
        self.reservations.push(reservation);
        Outcome::Applied
    }

    pub(super) fn free_reserved(&mut self, data: &ReservationReleased) -> Outcome {
        let Some(number) = self.held(&data.reservation) else { return Outcome::Rejected };
        self.reservations[number].held = false;
        Outcome::Applied
    }

    /// The hold becomes the commitment of an order that was not placed yet, on lines numbered from
    /// 1. An order of which all lines were said has its commitment already.
    pub(super) fn confirm(&mut self, seq: u64, data: &ReservationConfirmed) -> Outcome {
        let Some(number) = self.held(&data.reservation) else { return Outcome::Rejected };
        self.reservations[number].held = false;
        let rows = self.reservations[number].rows.clone();
        let order = self.order_or_new(&data.order);
        if order.has_all_lines() {
            return Outcome::Applied;
        }
        order.confirmed.push(seq);
        for Row { sku, kit, location, quantity } in rows {
            let mut line = Line::new(&order.free_number(&[]), &sku, kit);
            line.ordered = quantity;
            if order.cancelled {
                line.cancelled = quantity;
            } else {
                let share = Share { location, committed: quantity, fulfilled: 0, returned: 0 };
                line.shares.push(share);
            }
            order.lines.push(line);
        }
        self.wake_order(&data.order);
        Outcome::Applied
    }

    /// The time of something may be over.
    pub fn come_due(&mut self, timer: &Timer, now: Now) -> Answer {
        match timer {
            Timer::Reservation(id) => self.expire(id, now),
            Timer::Orphan(seq) => self.lose_patience(*seq, now),
        }
    }

    fn expire(&mut self, id: &ReservationId, now: Now) -> Answer {
        let held = self.held(id);
        let due = held.filter(|number| self.reservations[*number].expires_at <= now.uptime);
        let Some(number) = due else { return Answer::NotDue };
        let before = Rc::new(self.clone());
        self.tick(now);
        self.reservations[number].held = false;
        let seq = self.next_seq();
        self.record(Did::Expire, seq, Outcome::Applied, before);
        self.release(now);
        Answer::Recorded(seq)
    }

    /// The place of a reservation that still holds its units.
    fn held(&self, id: &ReservationId) -> Option<usize> {
        self.reservations.iter().position(|known| known.held && known.id == *id)
    }
}
