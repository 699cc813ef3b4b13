//! The kinds of conflicts, and how urgent each is.

use serde::{Deserialize, Serialize};

use super::ResolutionOption;

/// What kind of decision is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// One event id, two contents.
    IdReused,
    /// One business fact, two contents.
    OrderChanged,
    /// The level changed since the sender read it.
    VersionMismatch,
    /// A count and a movement of another source at nearly the same moment, or two counts of one moment
    /// that found different numbers.
    CountOverlap,
    /// The event's time lies in the future.
    FutureTime,
    /// More than the order still has, or not what the transfer shipped.
    Excess,
    /// It has waited too long for its order, or for its transfer's shipment.
    Orphan,
    /// A name that Onhand does not know.
    Unmapped,
    /// More was promised than is there.
    Oversold,
    /// A batch that would take many items to zero at once.
    MassChange,
    /// A channel shows a number that nothing explains.
    Drift,
    /// The processor could not handle the event.
    Poison,
}

impl ConflictKind {
    /// The kind's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdReused => "id_reused",
            Self::OrderChanged => "order_changed",
            Self::VersionMismatch => "version_mismatch",
            Self::CountOverlap => "count_overlap",
            Self::FutureTime => "future_time",
            Self::Excess => "excess",
            Self::Orphan => "orphan",
            Self::Unmapped => "unmapped",
            Self::Oversold => "oversold",
            Self::MassChange => "mass_change",
            Self::Drift => "drift",
            Self::Poison => "poison",
        }
    }

    /// What the kind is about, in one sentence for people.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::IdReused => "The same event id came twice with different content.",
            Self::OrderChanged => "The same business fact came twice with different content.",
            Self::VersionMismatch => "The level changed after the sender had read it.",
            Self::CountOverlap => {
                "Stock moved within seconds of a count, so nobody can tell whether the count \
                 includes the movement, or two counts of one moment found different numbers."
            }
            Self::FutureTime => "The event says it happened in the future.",
            Self::Excess => "More was fulfilled, cancelled or returned than the order still has.",
            Self::Orphan => "What the event belongs to has not come: its order, or its shipment.",
            Self::Unmapped => "The event names something that Onhand does not know.",
            Self::Oversold => "More was promised to customers than is in stock.",
            Self::MassChange => {
                "A batch would take so many items to zero at once that it may be a mistake."
            }
            Self::Drift => "A channel shows a number that Onhand did not publish.",
            Self::Poison => {
                "The processor broke off while it handled the event; nothing of it counts."
            }
        }
    }

    /// How urgent it is for the shop: customers first, then wrong numbers, then the rest.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Oversold => Severity::Critical,
            Self::CountOverlap
            | Self::Excess
            | Self::Orphan
            | Self::OrderChanged
            | Self::Unmapped
            | Self::MassChange
            | Self::Drift
            | Self::Poison => Severity::High,
            Self::IdReused | Self::VersionMismatch | Self::FutureTime => Severity::Medium,
        }
    }

    /// The decisions a person can take on a conflict of this kind.
    pub const fn options(self) -> &'static [ResolutionOption] {
        use ResolutionOption as O;
        match self {
            Self::IdReused | Self::OrderChanged => &[O::KeepFirst, O::ApplySecond],
            Self::VersionMismatch => &[O::ApplyRequested, O::Discard],
            Self::CountOverlap => &[O::KeepCounted, O::KeepDifference, O::Discard],
            Self::FutureTime => &[O::ApplyAsReceived, O::Discard],
            Self::Excess => &[O::ApplyAnyway, O::Cap, O::Discard],
            Self::Orphan => &[O::ApplyWithoutOrder, O::Discard],
            Self::Unmapped => &[O::Map, O::Create, O::Discard],
            Self::Oversold => &[O::Acknowledge, O::Reallocate, O::CancelLines],
            Self::MassChange => &[O::Approve, O::Reject],
            Self::Drift => &[O::Republish, O::AcceptChannel],
            Self::Poison => &[O::Retry, O::Discard],
        }
    }
}

/// How urgent a conflict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Customers will be disappointed unless somebody acts.
    Critical,
    /// A number is wrong or incomplete until somebody decides.
    High,
    /// An event waits; the numbers are right without it.
    Medium,
}
