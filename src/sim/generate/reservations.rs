//! What is asked about reservations: mostly new ones, of which the last are released or confirmed.

use super::{Generator, name};
use crate::event::{
    EventData, ReservationConfirmed, ReservationPlaced, ReservationReleased, ReservedLine,
};
use crate::id::ReservationId;

impl Generator {
    pub(super) fn reserved(&mut self) -> EventData {
        if self.reservations == 0 || self.rng.percent(80) {
            self.reservations += 1;
        }
        let lines = (0..self.rng.within(1, 3)).map(|_| {
            let (sku, location, quantity) = (self.goods(), self.place(), self.part());
            ReservedLine { sku, location, quantity }
        });
        let lines = lines.collect();
        let reservation = name(&format!("r{}", self.reservations));
        let expires_in_s = self.rng.within(1, self.swarm.hold_s);
        EventData::ReservationPlaced(ReservationPlaced { reservation, lines, expires_in_s })
    }

    pub(super) fn freed(&mut self) -> EventData {
        let reservation = self.recent_reservation();
        EventData::ReservationReleased(ReservationReleased { reservation })
    }

    pub(super) fn confirmed(&mut self) -> EventData {
        let (reservation, order) = (self.recent_reservation(), self.order());
        EventData::ReservationConfirmed(ReservationConfirmed { reservation, order })
    }

    /// One of the last few reservations.
    fn recent_reservation(&mut self) -> ReservationId {
        let back = self.rng.below(3);
        name(&format!("r{}", self.reservations.saturating_sub(back).max(1)))
    }
}
