//! Business facts: what is the same under any event id (contract.md sections 3.3 and 10).

use serde::{Deserialize, Serialize};

use crate::event::{EventData, EventRef, Fingerprint};
use crate::id::{OrderId, ReceiptId, ReservationId, TransferId};
use crate::order::FactKey;
use crate::record::Outcome;

/// What makes a business fact the same fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BusinessFact {
    /// This was said of this order.
    Order(OrderId, FactKey),
    /// This transfer was shipped.
    Shipment(TransferId),
    /// This receipt of this transfer.
    Receipt(TransferId, ReceiptId),
    /// This reservation was asked for.
    Reservation(ReservationId),
}

impl BusinessFact {
    /// The business fact that an event says, if it says one.
    pub fn of(data: &EventData) -> Option<Self> {
        let of_order = |order: &OrderId, key| Some(Self::Order(order.clone(), key));
        match data {
            EventData::OrderPlaced(data) => of_order(&data.order, FactKey::Placed),
            EventData::OrderAmended(data) => of_order(&data.order, FactKey::Amended(data.revision)),
            EventData::OrderFulfilled(data) => {
                of_order(&data.order, FactKey::Fulfilled(data.fulfillment.to_string()))
            }
            EventData::OrderReturned(data) => {
                of_order(&data.order, FactKey::Returned(data.return_id.to_string()))
            }
            EventData::TransferShipped(data) => Some(Self::Shipment(data.transfer.clone())),
            EventData::TransferReceived(data) => {
                Some(Self::Receipt(data.transfer.clone(), data.receipt.clone()))
            }
            EventData::ReservationPlaced(data) => Some(Self::Reservation(data.reservation.clone())),
            _ => None,
        }
    }
}

impl std::fmt::Display for BusinessFact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Order(_, FactKey::Placed | FactKey::Cancelled) => f.write_str("the order"),
            Self::Order(_, FactKey::Confirmed(id)) => {
                write!(f, "the confirmation of reservation {id}")
            }
            Self::Order(_, FactKey::Amended(revision)) => write!(f, "revision {revision}"),
            Self::Order(_, FactKey::Fulfilled(id)) => write!(f, "fulfillment {id}"),
            Self::Order(_, FactKey::Returned(id)) => write!(f, "return {id}"),
            Self::Shipment(_) => f.write_str("the shipment"),
            Self::Receipt(_, id) => write!(f, "receipt {id}"),
            Self::Reservation(id) => write!(f, "reservation {id}"),
        }
    }
}

/// A business fact that has no effect yet: its event waits for something, or a person is asked about
/// it. It is said all the same, so a copy under another id is a duplicate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldFact {
    /// The fact.
    pub fact: BusinessFact,
    /// The event that says it.
    pub event: EventRef,
    /// What it says.
    pub content: Fingerprint,
    /// What has become of it so far.
    pub outcome: Outcome,
}
