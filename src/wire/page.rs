//! What the pages show at first, before the live frames take over.

use serde::{Deserialize, Serialize};

use super::channel::{ChannelStatus, PublicationRow};
use super::live::EventRow;
use super::stock::LevelRow;
use crate::conflict::Conflict;
use crate::event::KitPart;
use crate::history::Explanation;
use crate::id::LocationId;
use crate::record::{Effect, Outcome};

/// Who may do what (contract.md section 2), from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything, changes nothing.
    Viewer,
    /// Posts adjustments, counts, receipts, moves and transfers.
    Warehouse,
    /// Posts any event, imports, pauses and resumes channels.
    Operator,
    /// Resolves conflicts, reverses events, approves batches.
    Manager,
    /// Manages users, tokens, channels, secrets and settings.
    Admin,
}

impl Role {
    /// Every role, from least to most.
    pub const ALL: [Self; 5] =
        [Self::Viewer, Self::Warehouse, Self::Operator, Self::Manager, Self::Admin];

    /// The role's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Warehouse => "warehouse",
            Self::Operator => "operator",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// The person who looks at a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// Their address.
    pub email: String,
    /// What they may do.
    pub role: Role,
}

/// The command center.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// The key figures.
    pub figures: Figures,
    /// Events recorded in each of the last 60 minutes, oldest first, by outcome.
    pub intake: Vec<IntakeMinute>,
    /// The newest rows of the journal, newest first.
    pub events: Vec<EventRow>,
    /// The most urgent open conflicts.
    pub conflicts: Vec<Conflict>,
    /// How each channel is doing.
    pub channels: Vec<ChannelStatus>,
    /// Levels that are oversold or at or below the low-stock mark, scarcest first.
    pub scarce: Vec<LevelRow>,
}

/// The figures that say in one glance how the ledger and its channels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Figures {
    /// The journal's last `seq` that this contains.
    pub seq: u64,
    /// Units that can be sold, over all levels; oversold levels count as 0.
    pub units_available: i64,
    /// Levels known.
    pub levels: u64,
    /// Conflicts that are open.
    pub open_conflicts: u64,
    /// Listings that do not show what they should.
    pub behind: u64,
    /// Milliseconds for which the oldest of them has not.
    pub oldest_lag_ms: u64,
}

/// What came in within one minute.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct IntakeMinute {
    /// Minutes since 1970-01-01T00:00Z.
    pub minute: i64,
    /// Events applied.
    pub applied: u32,
    /// Events that became or belong to a conflict.
    pub conflict: u32,
    /// All other events.
    pub other: u32,
}

/// One SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuPage {
    /// The journal's last `seq` that this contains.
    pub seq: u64,
    /// The SKU.
    pub sku: String,
    /// What people call it.
    pub name: Option<String>,
    /// What a scanner reads on it.
    pub barcode: Option<String>,
    /// Available units at or below which it counts as low.
    pub low_stock: Option<i64>,
    /// What one unit consists of, if it is a kit.
    pub kit: Vec<KitPart>,
    /// Its levels by location.
    pub levels: Vec<LevelRow>,
    /// The newest rows of the journal that touch it, newest first.
    pub events: Vec<EventRow>,
    /// What the channels show of it.
    pub publications: Vec<PublicationRow>,
    /// Open conflicts about it.
    pub conflicts: Vec<Conflict>,
    /// `on_hand` over time, over all locations, oldest first: the last points only.
    pub history: Vec<HistoryPoint>,
    /// Why its levels are what they are.
    pub why: Vec<LevelReason>,
}

/// One event of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// What became of it, with what it changed.
    pub event: EventRow,
    /// What it was answered first, where that was not yet what became of it.
    pub first_outcome: Option<Outcome>,
    /// The whole envelope, as JSON for people.
    pub envelope: String,
    /// The record that has taken its effects back, if one has.
    pub reversed_by: Option<u64>,
    /// Whether it has effects that can be taken back.
    pub can_be_reversed: bool,
    /// A fresh event id for taking it back: sending the form twice is the same as once.
    pub event_id: String,
}

/// Why one level is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelReason {
    /// The location.
    pub location: LocationId,
    /// The events that have had an effect here.
    pub version: u64,
    /// Its terms.
    pub why: Explanation,
}

/// A level's numbers after an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPoint {
    /// The journal's record.
    pub seq: u64,
    /// When it was recorded, in microseconds since 1970.
    pub at_us: i64,
    /// The location.
    pub location: String,
    /// `on_hand` afterwards.
    pub on_hand: i64,
}

/// A location that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationRow {
    /// The location.
    pub location: String,
    /// What people call it.
    pub name: Option<String>,
}

/// What the adjustment form needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdjustPage {
    /// A fresh event id: sending the form twice is the same as once.
    pub event_id: String,
    /// Locations to choose from.
    pub locations: Vec<LocationRow>,
    /// Items suggested, as SKU and name.
    pub items: Vec<(String, Option<String>)>,
    /// The last postings by this person, newest first.
    pub recent: Vec<EventRow>,
}

/// An adjustment, receipt or count as the form sends it. Strings, as forms have them; the server
/// reads them into an event and names the field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AdjustForm {
    /// The id minted when the form opened.
    pub event_id: String,
    /// `adjust`, `receive` or `count`.
    pub action: String,
    /// What.
    pub sku: String,
    /// Where.
    pub location: String,
    /// The difference, the quantity received, or the number counted.
    pub quantity: String,
    /// Why; required for `adjust`.
    pub reason: String,
    /// A remark.
    pub note: String,
}

/// What became of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormResult {
    /// The outcome's name, or `invalid`.
    pub outcome: String,
    /// The event's place in the journal.
    pub seq: Option<u64>,
    /// What it changed.
    pub effects: Vec<Effect>,
    /// The conflict it opened.
    pub conflict: Option<String>,
    /// What is wrong: field and words.
    pub errors: Vec<(String, String)>,
}
