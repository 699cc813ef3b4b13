//! The decisions that a person can take.

use serde::{Deserialize, Serialize};

/// A decision that a person can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolutionOption {
    /// The first content stands.
    KeepFirst,
    /// The second content takes its place.
    ApplySecond,
    /// Do it although the version has moved on.
    ApplyRequested,
    /// Leave it without effect.
    Discard,
    /// The movements are in the count.
    KeepCounted,
    /// The movements came after the count.
    KeepDifference,
    /// Apply it with the time at which it was received.
    ApplyAsReceived,
    /// Apply all of it.
    ApplyAnyway,
    /// Apply what fits.
    Cap,
    /// Apply it although its order, or its shipment, has not come.
    ApplyWithoutOrder,
    /// The name means one that Onhand knows.
    Map,
    /// The name is new: create it.
    Create,
    /// Seen; leave it as it is.
    Acknowledge,
    /// Another location serves what is missing.
    Reallocate,
    /// Lines of orders are not delivered.
    CancelLines,
    /// The batch is right.
    Approve,
    /// The batch is wrong: none of it takes effect.
    Reject,
    /// Onhand's number holds.
    Republish,
    /// The channel's number holds.
    AcceptChannel,
    /// Decide it again.
    Retry,
}

impl ResolutionOption {
    /// Every option.
    pub const ALL: [Self; 20] = [
        Self::KeepFirst,
        Self::ApplySecond,
        Self::ApplyRequested,
        Self::Discard,
        Self::KeepCounted,
        Self::KeepDifference,
        Self::ApplyAsReceived,
        Self::ApplyAnyway,
        Self::Cap,
        Self::ApplyWithoutOrder,
        Self::Map,
        Self::Create,
        Self::Acknowledge,
        Self::Reallocate,
        Self::CancelLines,
        Self::Approve,
        Self::Reject,
        Self::Republish,
        Self::AcceptChannel,
        Self::Retry,
    ];

    /// The option's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeepFirst => "keep_first",
            Self::ApplySecond => "apply_second",
            Self::ApplyRequested => "apply_requested",
            Self::Discard => "discard",
            Self::KeepCounted => "keep_counted",
            Self::KeepDifference => "keep_difference",
            Self::ApplyAsReceived => "apply_as_received",
            Self::ApplyAnyway => "apply_anyway",
            Self::Cap => "cap",
            Self::ApplyWithoutOrder => "apply_without_order",
            Self::Map => "map",
            Self::Create => "create",
            Self::Acknowledge => "acknowledge",
            Self::Reallocate => "reallocate",
            Self::CancelLines => "cancel_lines",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Republish => "republish",
            Self::AcceptChannel => "accept_channel",
            Self::Retry => "retry",
        }
    }

    /// The option of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|option| option.as_str() == name)
    }

    /// The option in words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::KeepFirst => "Keep the first",
            Self::ApplySecond => "Take the first back and apply the second",
            Self::ApplyRequested => "Apply it to the present level",
            Self::Discard => "Discard",
            Self::KeepCounted => "The movements are in the count",
            Self::KeepDifference => "The movements came after the count",
            Self::ApplyAsReceived => "Apply it with the time of receipt",
            Self::ApplyAnyway => "Apply all of it",
            Self::Cap => "Apply what fits",
            Self::ApplyWithoutOrder => "Apply it without its order",
            Self::Map => "It means one that is known",
            Self::Create => "Create it",
            Self::Acknowledge => "Acknowledge",
            Self::Reallocate => "Serve it from another location",
            Self::CancelLines => "Cancel lines of orders",
            Self::Approve => "Approve the batch",
            Self::Reject => "Reject the batch",
            Self::Republish => "Publish Onhand's number again",
            Self::AcceptChannel => "Adjust the stock to the channel's number",
            Self::Retry => "Decide it again",
        }
    }
}
