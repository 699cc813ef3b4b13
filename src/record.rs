//! What the processor makes of an event: its outcome, its effects, and the record of both.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::business_fact::HeldFact;
use crate::conflict::{Conflict, Resolution};
use crate::event::{Event, EventData, EventRef, Fingerprint, KitPart};
use crate::id::{
    ChannelId, ConflictId, ListingId, LocationId, OrderId, ReservationId, Sku, Source, Text,
    TransferId,
};
use crate::order::OrderUpdate;
use crate::reservation::Reservation;
use crate::state::{Baseline, Overlap, Seen, Word};
use crate::time::{Timestamp, Uptime};
use crate::transfer::TransferUpdate;

/// What became of an event (contract.md section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It took effect.
    Applied,
    /// The same had come before; the first outcome stands.
    Duplicate,
    /// A late relative fact that an accepted later count already contains.
    Absorbed,
    /// An absolute fact older than one already accepted.
    Superseded,
    /// Flagged for a person.
    Conflict,
    /// Waits for something named in the reason.
    Parked,
    /// A request that the rules refuse.
    Rejected,
    /// Does not fit the schema; nothing is recorded.
    Invalid,
}

impl Outcome {
    /// Every outcome, in the order of contract.md.
    pub const ALL: [Self; 8] = [
        Self::Applied,
        Self::Duplicate,
        Self::Absorbed,
        Self::Superseded,
        Self::Conflict,
        Self::Parked,
        Self::Rejected,
        Self::Invalid,
    ];

    /// The outcome's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Duplicate => "duplicate",
            Self::Absorbed => "absorbed",
            Self::Superseded => "superseded",
            Self::Conflict => "conflict",
            Self::Parked => "parked",
            Self::Rejected => "rejected",
            Self::Invalid => "invalid",
        }
    }

    /// The outcome of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// One of the numbers of a level that effects change; `available` is derived from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// Everything physically there.
    OnHand,
    /// Promised to orders.
    Committed,
    /// Held by reservations.
    Reserved,
    /// Broken, kept apart.
    Damaged,
    /// Waiting for inspection.
    QualityControl,
    /// Held back on purpose.
    SafetyStock,
    /// On its way here.
    Incoming,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: [Self; 7] = [
        Self::OnHand,
        Self::Committed,
        Self::Reserved,
        Self::Damaged,
        Self::QualityControl,
        Self::SafetyStock,
        Self::Incoming,
    ];

    /// The bucket's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnHand => "on_hand",
            Self::Committed => "committed",
            Self::Reserved => "reserved",
            Self::Damaged => "damaged",
            Self::QualityControl => "quality_control",
            Self::SafetyStock => "safety_stock",
            Self::Incoming => "incoming",
        }
    }
}

/// A signed change of one state of one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// The item.
    pub sku: Sku,
    /// The location.
    pub location: LocationId,
    /// Which of its numbers.
    pub state: Bucket,
    /// By how many units.
    pub delta: i64,
    /// The number afterwards.
    pub after: i64,
    /// The level's version afterwards.
    pub version: u64,
    /// What it belongs to, where that is not the fact of its record: it takes something back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
}

/// What an effect that takes something back belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The movement of this fact.
    Movement(Fact),
    /// The count of this record: the effect is no movement.
    Count(u64),
}

/// Events that may go on by one decision for it to be taken back as a whole: as many as one request
/// may carry. Taking them back is one record, before which nothing else is decided.
pub const LET_GO_MAX: usize = 1_000;

/// A change of anything besides the numbers of a level. Each holds the whole of what is so
/// afterwards, so that applying it twice is the same as once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// An item is known as this.
    Item(ItemInfo),
    /// A location is known as this.
    Location(LocationInfo),
    /// A name of an item means this item.
    SkuAlias {
        /// The name used outside.
        name: Sku,
        /// The item meant; `None` if it means nothing any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sku: Option<Sku>,
    },
    /// A name of a location means this location.
    LocationAlias {
        /// The name used outside.
        name: LocationId,
        /// The location meant; `None` if it means nothing any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<LocationId>,
    },
    /// A channel's listing that was not set up means this item.
    ListingAlias {
        /// The channel.
        channel: ChannelId,
        /// The listing there.
        listing: ListingId,
        /// The item meant; `None` if it means nothing any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sku: Option<Sku>,
    },
    /// A movement that an accepted count contains, and that therefore changed nothing.
    Absorbed {
        /// The item.
        sku: Sku,
        /// The location.
        location: LocationId,
        /// By how much `on_hand` would have moved.
        delta: i64,
        /// The state that would have moved with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<Bucket>,
        /// The movement that it takes back, where that is not the fact of the record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fact: Option<Fact>,
        /// The movement, where it takes back none and is one of several of the record.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        movement: Option<Fact>,
    },
    /// A movement that never had an effect, because a count contains it, is taken back, or stands
    /// again: what truly was is another, and no number changes, now or by a later count.
    Withdrawn {
        /// The item.
        sku: Sku,
        /// The location.
        location: LocationId,
        /// By how much `on_hand` would have moved.
        delta: i64,
        /// The state that would have moved with it. Records of before this was noted name none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<Bucket>,
        /// The movement.
        fact: Fact,
    },
    /// A count was accepted: later counts and late movements are measured against it.
    Counted(Counted),
    /// A count is taken back: late movements are measured against the one before it again. Or it
    /// stands again, where that is what the level is measured against now.
    Uncounted {
        /// The item.
        sku: Sku,
        /// The location.
        location: LocationId,
        /// The record that had accepted it.
        seq: u64,
        /// What late movements are measured against now: the count before it, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counted: Option<Baseline>,
    },
    /// The effects of a record are taken back, or in force again.
    Reversed {
        /// The record.
        seq: u64,
        /// The record that takes them back; `None` if they are in force again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<u64>,
        /// Whether they only say, for movements recorded before, on which side of a count these lie.
        /// Journals of before have noted it; each step says what it is about, which tells it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        verdict: bool,
    },
    /// An order changed.
    Order(OrderUpdate),
    /// A transfer changed. Boxed: it holds its whole shipment.
    Transfer(Box<TransferUpdate>),
    /// A reservation is this. Boxed: it holds all its lines.
    Reservation(Box<Reservation>),
    /// A timer is due when the ledger has been served for this long, or is settled.
    Timer {
        /// Which.
        what: Timer,
        /// When it is due; `None` once it is settled.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Uptime>,
    },
    /// A conflict is this. Boxed: it is large and rare.
    Conflict(Box<Conflict>),
    /// An event waits for something.
    Waiting {
        /// What it waits for.
        on: WaitKey,
        /// The event's place in the journal.
        seq: u64,
    },
    /// What events wait for has come: they are decided again, in the order of the journal.
    Woken {
        /// What has come.
        on: WaitKey,
        /// Whether those that wait are to be discarded instead.
        discard: bool,
        /// The events that go on by a person's decision, by their places in the journal, so that it
        /// can be taken back. None are named where nobody has decided, where they are more than
        /// [`LET_GO_MAX`], and in records of before this was noted.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        events: Vec<u64>,
    },
    /// An event waits no longer.
    Released {
        /// What it waited for.
        on: WaitKey,
        /// The event's place in the journal.
        seq: u64,
    },
    /// A level whose oversell a person had acknowledged has stock again.
    Recovered {
        /// The item.
        sku: Sku,
        /// The location.
        location: LocationId,
    },
    /// The business fact that an event says is held back, or no longer.
    Held {
        /// The event's place in the journal.
        seq: u64,
        /// What it says; `None` once it has taken effect or is given up. Boxed: it is rare.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<Box<HeldFact>>,
    },
    /// What has become of an event that was held back at first, as far as it is decided. The last
    /// one stands.
    Final {
        /// The event's place in the journal.
        seq: u64,
        /// What became of it.
        outcome: Outcome,
        /// The record that decided it so, if that is an earlier one, which stands again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decided: Option<u64>,
        /// The record that had decided it before, where the conflict does not say so to whoever
        /// takes the decision back: of a receipt, of what a channel showed, and of an event that
        /// went on by itself or waited for too long. None is named in records of before this was
        /// noted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
    },
}

impl Change {
    /// What has become of an event by the record itself.
    pub(crate) const fn became(seq: u64, outcome: Outcome) -> Self {
        Self::Final { seq, outcome, decided: None, before: None }
    }

    /// A record's effects are taken back by another, or in force again.
    pub(crate) const fn reversed(seq: u64, by: Option<u64>) -> Self {
        Self::Reversed { seq, by, verdict: false }
    }
}

/// What an event can wait for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitKey {
    /// An item of this name.
    Sku(Sku),
    /// A location of this name.
    Location(LocationId),
    /// The placing of this order.
    Order(OrderId),
    /// The placing of this order, or more of it: reservations have been confirmed for it, and the
    /// record of this place in the journal has found that the event does not fit what they held.
    /// What is found so anew waits for more than has come by then.
    RestOfOrder(OrderId, u64),
    /// The shipment of this transfer.
    Transfer(TransferId),
    /// Any location at all: an order line that names none needs one.
    AnyLocation,
    /// A decision on the batch that this conflict holds.
    Approval(ConflictId),
    /// This listing of a channel.
    Listing(ChannelId, ListingId),
}

impl WaitKey {
    /// Whether a person is asked once an event has waited for this for too long. About unknown
    /// names one is asked at once.
    pub const fn times_out(&self) -> bool {
        matches!(self, Self::Order(_) | Self::RestOfOrder(..) | Self::Transfer(_))
    }

    /// Whether it is a name that nobody knows yet, or any location: such events have not come as
    /// far as the safeguard that looks at batches.
    pub const fn is_name(&self) -> bool {
        matches!(self, Self::Sku(_) | Self::Location(_) | Self::AnyLocation | Self::Listing(..))
    }
}

impl std::fmt::Display for WaitKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sku(sku) => write!(f, "SKU {sku}"),
            Self::Location(location) => write!(f, "location {location}"),
            Self::Order(order) | Self::RestOfOrder(order, _) => write!(f, "order {order}"),
            Self::Transfer(transfer) => write!(f, "transfer {transfer}"),
            Self::AnyLocation => f.write_str("a location"),
            Self::Approval(conflict) => write!(f, "a decision on {conflict}"),
            Self::Listing(channel, listing) => write!(f, "listing {listing} of channel {channel}"),
        }
    }
}

/// What comes about by the passing of time alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// The end of this reservation.
    Reservation(ReservationId),
    /// The event of this place in the journal has waited for as long as it may.
    Orphan(u64),
}

/// An item of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemInfo {
    /// The item.
    pub sku: Sku,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// What a scanner reads on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<Text>,
    /// Available units at or below which it counts as low.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_stock: Option<i64>,
    /// What it consists of, under the names by which Onhand knows the components; empty unless it
    /// is a kit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kit: Vec<KitPart>,
}

impl ItemInfo {
    /// An item of which only the name is known.
    pub const fn named(sku: Sku) -> Self {
        Self { sku, name: None, barcode: None, low_stock: None, kit: Vec::new() }
    }

    /// Whether it consists of others and holds no stock of its own.
    pub const fn is_kit(&self) -> bool {
        !self.kit.is_empty()
    }
}

/// A location of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationInfo {
    /// The location.
    pub location: LocationId,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text>,
    /// Its place in the ranking; 1 is the best, none is last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<i64>,
}

/// An accepted count of one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The item.
    pub sku: Sku,
    /// The location.
    pub location: LocationId,
    /// When it was counted.
    pub time: Timestamp,
    /// Who counted.
    pub source: Source,
    /// How many were there.
    pub counted: i64,
    /// The journal's record that accepted it.
    pub seq: u64,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// What a person has said of the movements within seconds of it, if there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// Within how many microseconds of it those were. None is named in records of before this was
    /// noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_us: Option<i64>,
    /// What persons have said of older counts that may hold for this one as well, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Word>,
    /// The count that stood before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Baseline>,
}

/// What was decided about one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What became of it.
    pub outcome: Outcome,
    /// The changes of levels.
    pub effects: Vec<Effect>,
    /// All other changes.
    pub changes: Vec<Change>,
    /// Why, where the outcome alone does not say it.
    pub reason: Option<String>,
    /// The conflict it opened or belongs to.
    pub conflict: Option<ConflictId>,
    /// The first of its kind, for a duplicate.
    pub original: Option<Original>,
    /// Levels the event names although nothing moved there, for the history of the SKU.
    pub mentions: Vec<(Sku, LocationId)>,
    /// The fact behind the effects, where it is another event's: a released or resolved one.
    pub fact: Option<Fact>,
}

/// The moment and the source of the fact behind effects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// When it happened.
    pub time: Timestamp,
    /// Who said it.
    pub source: Source,
    /// The record that moved something by it, where this is about that: it is taken back or
    /// corrected, or somebody says on which side of a count it lies. None is named in records of
    /// before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
}

impl Fact {
    /// What a count sees of a movement by it, that of this record.
    pub(crate) const fn seen(&self, seq: u64, is_counter: bool) -> Seen<'_> {
        Seen { time: self.time, source: &self.source, seq, is_counter }
    }
}

/// The first event of which another one is a duplicate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// Its source.
    pub source: Source,
    /// Its id there.
    pub id: crate::id::EventId,
    /// Its place in the journal.
    pub seq: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// One row of the journal: an event, who sent it, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its place in the ledger's gapless order, from 1.
    pub seq: u64,
    /// When the processor took it, by the server's clock; strictly increasing.
    pub recorded_at: Timestamp,
    /// How long the ledger had been served then. Only recorded where timers run: they go on from it
    /// after a restart, or from what the server has noted since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<Uptime>,
    /// Who sent it, such as `token:wms` or `user:mia@example.com`.
    pub actor: String,
    /// What was said.
    pub envelope: Event,
    /// The fingerprint of its content.
    pub fingerprint: Fingerprint,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where the outcome alone does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The conflict it opened or belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<ConflictId>,
    /// The changes of levels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// All other changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Levels named without effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<(Sku, LocationId)>,
    /// The fact behind the effects, where it is another event's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<Fact>,
}

impl Record {
    /// The moment of the fact behind the effects.
    pub fn fact_time(&self) -> Timestamp {
        self.fact.as_ref().map_or(self.envelope.time, |fact| fact.time)
    }

    /// The source of the fact behind the effects.
    pub fn fact_source(&self) -> &Source {
        self.fact.as_ref().map_or(&self.envelope.source, |fact| &fact.source)
    }

    /// When and by whom it was said that `on_hand` moved, for an effect that is a movement. A count
    /// is none: it is a new starting point, and taking it back is going back to the one before.
    pub fn movement<'a>(&'a self, effect: &'a Effect) -> Option<(Timestamp, &'a Source)> {
        match &effect.basis {
            _ if effect.state != Bucket::OnHand => None,
            Some(Basis::Movement(fact)) => Some((fact.time, &fact.source)),
            Some(Basis::Count(_)) => None,
            None => self.is_movement().then(|| (self.fact_time(), self.fact_source())),
        }
    }

    /// The same for a change that takes back a movement which an accepted count contains: it moves
    /// nothing now, but a count of a moment before that movement must not add it up.
    pub fn countered<'a>(&'a self, change: &'a Change) -> Option<(Timestamp, &'a Source, i64)> {
        match (&self.envelope.data, change) {
            (_, Change::Absorbed { delta, fact: Some(fact), .. }) => {
                Some((fact.time, &fact.source, *delta))
            }
            (EventData::EventReversed(_), Change::Absorbed { delta, fact: None, .. }) => {
                Some((self.fact_time(), self.fact_source(), *delta))
            }
            _ => None,
        }
    }

    /// Whether the fact behind it is a movement, not a count.
    pub fn is_movement(&self) -> bool {
        !self.changes.iter().any(|change| matches!(change, Change::Counted(_)))
    }

    /// The event by its name and place.
    pub fn event_ref(&self) -> EventRef {
        EventRef {
            source: self.envelope.source.clone(),
            id: self.envelope.id.clone(),
            seq: self.seq,
        }
    }

    /// The order that the event is about, or the first that it changes on behalf of another event.
    pub fn order(&self) -> Option<&OrderId> {
        self.order_updates().next().map(|update| &update.order).or(self.envelope.data.order())
    }

    /// The other orders that the record is about: those that it changes, the one that its event is
    /// about, and those of conflicts that it opens, changes or closes.
    pub fn further_orders(&self) -> BTreeSet<&OrderId> {
        let changed = self.order_updates().map(|update| &update.order);
        let asked = self.changes.iter().filter_map(|change| match change {
            Change::Conflict(conflict) => conflict.order.as_ref(),
            _ => None,
        });
        let all = changed.chain(self.envelope.data.order()).chain(asked);
        all.filter(|order| Some(*order) != self.order()).collect()
    }

    /// What it changes in orders.
    pub fn order_updates(&self) -> impl Iterator<Item = &OrderUpdate> {
        self.changes.iter().filter_map(|change| match change {
            Change::Order(update) => Some(update),
            _ => None,
        })
    }

    /// How a conflict ended that this record closes.
    pub fn resolution_of(&self, id: ConflictId) -> Option<&Resolution> {
        self.changes.iter().find_map(|change| match change {
            Change::Conflict(conflict) if conflict.id == id => conflict.resolution.as_ref(),
            _ => None,
        })
    }
}
