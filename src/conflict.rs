//! Conflicts: what only a person can decide (contract.md section 5).

use serde::{Deserialize, Serialize};

use crate::event::{EventRef, Fingerprint};
use crate::id::{
    ChannelId, ConflictId, LineId, ListingId, LocationId, OrderId, Sku, Text, TransferId,
};
use crate::record::WaitKey;
use crate::time::Timestamp;

/// Events listed in a conflict; `event_count` counts all of them.
pub const EVENTS_LISTED_MAX: usize = 50;

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
    /// A count and a movement of another source at nearly the same moment.
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
                 includes the movement."
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

/// Where a conflict stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictStatus {
    /// Waits for a person.
    Open,
    /// A person decided.
    Resolved,
    /// What it was about is gone by itself.
    AutoResolved,
}

impl ConflictStatus {
    /// The status's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::AutoResolved => "auto_resolved",
        }
    }
}

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

/// What happened to a conflict in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// The option taken; `None` when it closed by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub option: Option<ResolutionOption>,
    /// Who decided: an actor such as `user:mia@example.com`, or `onhand`.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What they noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// The event in the journal that closed it.
    pub seq: u64,
}

/// A conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// Its id.
    pub id: ConflictId,
    /// What kind of decision it needs.
    pub kind: ConflictKind,
    /// Where it stands.
    pub status: ConflictStatus,
    /// When it opened (server time).
    pub opened_at: Timestamp,
    /// The record that opened it: what came after that is not in its evidence.
    pub opened_seq: u64,
    /// The item it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// The location it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// The order it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// The transfer it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferId>,
    /// The channel it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
    /// The listing there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<ListingId>,
    /// The record of the count that a movement came too near to, where the movement came later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The content of the business fact that it holds, to tell a copy under another id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Fingerprint>,
    /// The first events that take part, at most [`EVENTS_LISTED_MAX`]; the first one opened it.
    pub events: Vec<EventRef>,
    /// How many events take part.
    pub event_count: u64,
    /// The facts a person needs for the decision.
    pub evidence: Vec<Evidence>,
    /// Grows with every change, so that a decision is taken on what was seen.
    pub version: u64,
    /// What happened in the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
}

impl Conflict {
    /// The options that it offers as it is; none, once it is decided.
    pub fn offered(&self) -> impl Iterator<Item = ResolutionOption> {
        let is_open = self.status == ConflictStatus::Open;
        let unknown = (self.kind == ConflictKind::Unmapped).then(|| self.unknown_name());
        // An order's line without any location needs a location to be created, not mapped.
        let is_nameless = unknown == Some(WaitKey::AnyLocation);
        // What a listing sells has to be said, and how a channel knows it, where it is set up.
        let is_listing = matches!(unknown, Some(WaitKey::Listing(..)));
        // A movement that took effect by its time is confirmed or flipped, not dropped.
        let is_late = self.is_about_late_movement();
        self.kind.options().iter().copied().filter(move |option| {
            let is_discard = *option == ResolutionOption::Discard;
            is_open
                && !(is_late && is_discard)
                && !(is_listing && *option == ResolutionOption::Create)
                && (is_discard || !is_nameless)
        })
    }

    /// What the events of a conflict about an unknown name wait for.
    pub(crate) fn unknown_name(&self) -> WaitKey {
        match (&self.sku, &self.location, self.channel.as_ref().zip(self.listing.as_ref())) {
            (Some(sku), ..) => WaitKey::Sku(sku.clone()),
            (None, Some(location), _) => WaitKey::Location(location.clone()),
            (None, None, Some((channel, listing))) => {
                WaitKey::Listing(channel.clone(), listing.clone())
            }
            (None, None, None) => WaitKey::AnyLocation,
        }
    }

    /// Whether it is about a movement near a count that had its effect, not about a count held back.
    pub(crate) fn is_about_late_movement(&self) -> bool {
        self.kind == ConflictKind::CountOverlap && self.count.is_some()
    }

    /// What it is about, in one sentence for people.
    pub const fn explanation(&self) -> &'static str {
        if self.is_about_transfer() {
            "A transfer did not arrive as it left."
        } else {
            self.kind.explanation()
        }
    }

    /// What an option means here, in words.
    pub const fn label(&self, option: ResolutionOption) -> &'static str {
        match option {
            ResolutionOption::ApplyAnyway if self.is_about_transfer() => {
                "What arrived is right: correct the shipment"
            }
            ResolutionOption::Cap if self.is_about_transfer() => {
                "What left is right: give up what is missing, take out what is too much"
            }
            ResolutionOption::Discard if self.is_about_transfer() => {
                "The receipt is wrong: take it back"
            }
            ResolutionOption::ApplyWithoutOrder if self.transfer.is_some() => {
                "Take it in without its shipment"
            }
            option => option.label(),
        }
    }

    /// Whether a transfer did not arrive as it left. What arrived took effect; the decision is about
    /// the difference.
    pub const fn is_about_transfer(&self) -> bool {
        matches!(self.kind, ConflictKind::Excess) && self.transfer.is_some()
    }
}

/// One fact for the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is, in words.
    pub label: String,
    /// Its value, in words or digits.
    pub value: String,
    /// When it was so, where that matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

impl Evidence {
    /// A fact without a moment.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over numbers and new strings")]
    pub fn new(label: &str, value: impl ToString) -> Self {
        Self { label: label.to_owned(), value: value.to_string(), at: None }
    }

    /// A fact at a moment.
    #[expect(clippy::needless_pass_by_value, reason = "callers hand over numbers and new strings")]
    pub fn at(label: &str, value: impl ToString, at: Timestamp) -> Self {
        Self { label: label.to_owned(), value: value.to_string(), at: Some(at) }
    }
}

/// A person's decision: the data of the event `conflict.resolved`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The conflict.
    pub conflict: ConflictId,
    /// The option taken.
    pub option: ResolutionOption,
    /// The conflict's version that the person saw.
    pub expected_version: u64,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Text>,
    /// The item, where the option needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// The location, where the option needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// The lines to be cancelled, where the option needs some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<CancelledPart>,
}

/// A line of an order, or part of it, that will not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelledPart {
    /// The order.
    pub order: OrderId,
    /// The line.
    pub line: LineId,
    /// How many; all that is promised, if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
}
