//! Which events may, must or cannot say the version of the level that they have seen
//! (contract.md section 3.3, rule 4).

use super::EventData;

/// How an event's type goes together with `expectedversion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionUse {
    /// It is about one level and may say its version.
    Allowed,
    /// It makes no sense without the version.
    Required,
    /// It is about no single level, so there is no version to compare with.
    Refused,
}

impl VersionUse {
    /// The rule for what an event says.
    pub(crate) const fn of(data: &EventData) -> Self {
        match data {
            EventData::StockAdjusted(_)
            | EventData::StockReceived(_)
            | EventData::StockCounted(_)
            | EventData::StockMoved(_) => Self::Allowed,
            EventData::StockSet(_) => Self::Required,
            EventData::ItemUpserted(_)
            | EventData::LocationUpserted(_)
            | EventData::TransferShipped(_)
            | EventData::TransferReceived(_)
            | EventData::OrderPlaced(_)
            | EventData::OrderAmended(_)
            | EventData::OrderCancelled(_)
            | EventData::OrderFulfilled(_)
            | EventData::OrderReturned(_)
            | EventData::ReservationPlaced(_)
            | EventData::ReservationReleased(_)
            | EventData::ReservationConfirmed(_)
            | EventData::ReservationExpired(_)
            | EventData::ChannelLevelReported(_)
            | EventData::EventReversed(_)
            | EventData::EventReleased(_)
            | EventData::EventOrphaned(_)
            | EventData::ConflictResolved(_) => Self::Refused,
        }
    }

    /// What is wrong with an event that has, or has not, a version.
    pub(crate) const fn problem(self, has_version: bool) -> Option<&'static str> {
        match (self, has_version) {
            (Self::Required, false) => {
                Some("is required: the version of the level that the sender has seen")
            }
            (Self::Refused, true) => Some("must be absent: the event is about no single level"),
            _ => None,
        }
    }
}
