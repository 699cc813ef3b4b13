//! Conflicts as they are read and decided (contract.md section 5).

use serde::{Deserialize, Serialize};

use super::stock::LevelRow;
use crate::conflict::{CancelledPart, Conflict, ResolutionOption, Severity};
use crate::event::EventRef;
use crate::id::{LocationId, Sku, Text};
use crate::record::Effect;

/// A conflict with what can be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictView {
    /// The conflict.
    #[serde(flatten)]
    pub conflict: Conflict,
    /// How urgent it is.
    pub severity: Severity,
    /// What it is about, in one sentence.
    pub explanation: String,
    /// What a person can decide; empty once it is decided.
    pub options: Vec<OptionView>,
    /// The lines of orders that are promised units of an oversold level, kits of which they are
    /// components among them, the last ones placed first, at most [`PROMISES_LISTED_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promises: Vec<Promise>,
}

/// Lines of orders listed of one oversold level.
pub const PROMISES_LISTED_MAX: usize = 100;

/// Units that a line of an order is promised at a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The order.
    pub order: crate::id::OrderId,
    /// The line.
    pub line: crate::id::LineId,
    /// How many units.
    pub quantity: i64,
}

/// One possible decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionView {
    /// The option.
    pub option: ResolutionOption,
    /// The option in words.
    pub label: String,
    /// Names of the further fields it needs: `sku`, `location` or `lines`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// What would be so afterwards; `None` where it depends on what is still needed.
    pub preview: Option<Preview>,
    /// Why it cannot be done with what was given for its needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What options need, as far as a person has said it before they decide: so that these options can
/// be tried out, too.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Given {
    /// The item.
    #[serde(default)]
    pub sku: Option<Sku>,
    /// The location.
    #[serde(default)]
    pub location: Option<LocationId>,
    /// The lines to be cancelled.
    #[serde(default)]
    pub lines: Vec<CancelledPart>,
}

impl Given {
    /// Whether a field that an option needs is there.
    pub fn has(&self, need: &str) -> bool {
        match need {
            "sku" => self.sku.is_some(),
            "location" => self.location.is_some(),
            "lines" => !self.lines.is_empty(),
            _ => false,
        }
    }

    /// The fields of these names, without the others.
    #[must_use]
    pub fn only(self, needs: &[&str]) -> Self {
        let takes = |need| needs.contains(&need);
        Self {
            sku: self.sku.filter(|_| takes("sku")),
            location: self.location.filter(|_| takes("location")),
            lines: if takes("lines") { self.lines } else { Vec::new() },
        }
    }
}

/// What an option would lead to, found by running the real rules on a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// The levels it changes, as they would be.
    pub levels: Vec<LevelRow>,
    /// What each channel would be told next.
    pub publications: Vec<PublicationPreview>,
    /// Whether so many events wait for this decision that only the first of them were tried out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// The next push to a channel if an option were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationPreview {
    /// The channel.
    pub channel: String,
    /// The listing there.
    pub listing: String,
    /// What the channel acknowledged last.
    pub acknowledged: Option<i64>,
    /// What it would be told.
    pub desired: i64,
}

/// A list of conflicts, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictPage {
    /// The journal's last `seq` that these rows contain.
    pub seq: u64,
    /// The conflicts, without previews.
    pub conflicts: Vec<Conflict>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// The body of `POST /api/v1/conflicts/{id}/resolve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolveRequest {
    /// The option taken.
    pub option: ResolutionOption,
    /// Why.
    #[serde(default)]
    pub note: Option<Text>,
    /// The conflict's version that was seen.
    pub expected_version: u64,
    /// The item, where the option needs one.
    #[serde(default)]
    pub sku: Option<Sku>,
    /// The location, where the option needs one.
    #[serde(default)]
    pub location: Option<LocationId>,
    /// The lines to be cancelled, where the option needs some.
    #[serde(default)]
    pub lines: Vec<CancelledPart>,
}

/// The answer to a resolution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveResult {
    /// The conflict as it is now.
    pub conflict: Conflict,
    /// The event that records the decision.
    pub event: EventRef,
    /// What it changed.
    pub effects: Vec<Effect>,
}
