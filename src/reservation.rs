//! Reservations: units held back for a customer until the hold is confirmed, released or over.

use serde::{Deserialize, Serialize};

use crate::event::{EventRef, Fingerprint, KitPart};
use crate::id::{LocationId, OrderId, ReservationId, Sku};
use crate::time::Uptime;

/// A reservation that was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The reservation.
    pub reservation: ReservationId,
    /// What it holds or held, under the names by which Onhand knows items and locations.
    pub lines: Vec<HeldLine>,
    /// Where it stands.
    pub standing: Standing,
    /// How long the ledger will have been served when its time is over.
    pub expires_at: Uptime,
    /// The event that asked for it.
    pub placed: EventRef,
    /// The content of that, to tell a repeat from a change.
    pub fingerprint: Fingerprint,
}

/// What one line of a reservation holds or held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldLine {
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// How many.
    pub quantity: i64,
    /// What one unit consists of, if it is a kit: as it was when it was held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kit: Vec<KitPart>,
}

impl HeldLine {
    /// The items whose stock the line holds, and how many of each: its own, or the components of
    /// its kit.
    pub fn items(&self) -> impl Iterator<Item = (&Sku, i64)> {
        let own = self.kit.is_empty().then_some((&self.sku, self.quantity));
        // Quantities were checked with their components when they were asked for.
        let parts = self.kit.iter();
        let parts = parts.map(|part| (&part.sku, self.quantity.saturating_mul(part.quantity)));
        own.into_iter().chain(parts)
    }
}

/// Where a reservation stands. It leaves `Held` once and for all, unless that is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its units are held.
    Held,
    /// Given up before its time.
    Released,
    /// Its units became the commitment of this order.
    Confirmed(OrderId),
    /// Its time was over.
    Expired,
    /// The request for it was taken back: it is as if it had never been.
    Withdrawn,
}

impl std::fmt::Display for Standing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Held => f.write_str("held"),
            Self::Released => f.write_str("released"),
            Self::Confirmed(order) => write!(f, "confirmed for order {order}"),
            Self::Expired => f.write_str("expired"),
            Self::Withdrawn => f.write_str("taken back"),
        }
    }
}
