//! Conflicts: what only a person can decide (contract.md section 5).

mod kind;
mod option;

use serde::{Deserialize, Serialize};

use crate::event::{EventRef, Fingerprint};
use crate::id::{
    ChannelId, ConflictId, LineId, ListingId, LocationId, OrderId, Sku, Source, Text, TransferId,
};
use crate::record::WaitKey;
use crate::time::Timestamp;

pub use kind::{ConflictKind, Severity};
pub use option::ResolutionOption;

/// Events listed in a conflict; `event_count` counts all of them.
pub const EVENTS_LISTED_MAX: usize = 50;

/// What an accepted count is called where another one of the same moment is held.
pub(crate) const COUNTED_AS_WELL: &str = "counted at the same moment";

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
    /// The record that opened it.
    pub opened_seq: u64,
    /// The last record that renewed its evidence while it was open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_seq: Option<u64>,
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
    /// The content of the business fact that it holds, in records of before such facts were noted
    /// by themselves ([`crate::record::Change::Held`]); nothing rests on it any more.
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

    /// The names of the further fields that an option takes, all of which it needs. What an orphan
    /// that is applied without its order takes depends on its event: [`crate::orphan::needs`].
    pub const fn needs(&self, option: ResolutionOption) -> &'static [&'static str] {
        use ResolutionOption as O;
        match (self.kind, option) {
            (ConflictKind::Unmapped, O::Map) if self.location.is_none() => &["sku"],
            (ConflictKind::Unmapped, O::Map) | (ConflictKind::Oversold, O::Reallocate) => {
                &["location"]
            }
            (ConflictKind::Drift, O::AcceptChannel) if self.location.is_none() => &["location"],
            (ConflictKind::Oversold, O::CancelLines) => &["lines"],
            _ => &[],
        }
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

    /// When the count was made that it holds, and by whom, if it holds one.
    pub(crate) fn held_count(&self) -> Option<(Timestamp, &Source)> {
        let holds_count = self.kind == ConflictKind::CountOverlap && self.count.is_none();
        let event = self.events.last().filter(|_| holds_count)?;
        // What was counted comes first of all that is shown.
        let counted = self.evidence.first()?;
        Some((counted.at?, &event.source))
    }

    /// Whether it holds a count while another one of the same moment stands.
    fn holds_one_of_two_counts(&self) -> bool {
        let mut shown = self.evidence.iter();
        self.held_count().is_some() && shown.any(|fact| fact.label == COUNTED_AS_WELL)
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
    pub fn label(&self, option: ResolutionOption) -> &'static str {
        match option {
            ResolutionOption::KeepCounted if self.holds_one_of_two_counts() => {
                "This count is right, not the other one, and the movements are in it"
            }
            ResolutionOption::KeepDifference if self.holds_one_of_two_counts() => {
                "This count is right, not the other one, and the movements came after it"
            }
            ResolutionOption::Discard if self.holds_one_of_two_counts() => {
                "The other count is right: discard this one"
            }
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
