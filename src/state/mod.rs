//! The central state: catalogue and levels, always in memory, and the working set that a batch
//! needs of everything else.
//!
//! Only [`crate::apply`] changes it, and every change leaves a note in the undo journal, so that a
//! batch whose commit failed never happened.

mod catalogue;
mod held;
mod level;
mod levels;
mod restore;
mod schedule;
mod undo;
mod waiting;
mod working;

use std::collections::BTreeMap;

pub use catalogue::{Catalogue, LocIx, SkuIx};
pub use held::HeldFacts;
pub(crate) use level::Seen;
pub use level::{Baseline, Level, Overlap, Oversold, Word};
pub(crate) use levels::Levels;
pub use restore::{Damaged, Restoring, Snapshot};
pub use schedule::Schedule;
pub(crate) use undo::{Mark, Undo, UndoLog};
pub use waiting::{Due, Waiting};
pub use working::{HOLDERS_MAX, Known, Loaded, Movement, Wants, Working};

use crate::conflict::{Conflict, ConflictKind};
use crate::id::{
    ChannelId, ConflictId, EventId, ListingId, LocationId, OrderId, ReservationId, Sku, Source,
    TransferId,
};
use crate::journal::Chain;
use crate::record::WaitKey;
use crate::reservation::Reservation;
use crate::time::{SECOND_US, Timestamp, Uptime};

/// What the rules leave to the house (contract.md section 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How near to a count a movement of another source makes it ambiguous, in microseconds.
    pub count_window_us: i64,
    /// How far ahead of the server an event's time may be, in microseconds.
    pub future_limit_us: i64,
    /// For how long an event waits for its order before a person is asked, in microseconds.
    pub orphan_after_us: i64,
    /// Whether an unknown SKU is created on first sight instead of being held.
    pub create_unknown_skus: bool,
    /// Of the items that a batch names, how many it may take to zero without being held, in
    /// percent.
    pub mass_change_share: u8,
    /// Items that a batch has to take to zero at least to be held.
    pub mass_change_min: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            count_window_us: 10 * SECOND_US,
            future_limit_us: 300 * SECOND_US,
            orphan_after_us: 86_400 * SECOND_US,
            create_unknown_skus: false,
            mass_change_share: 20,
            mass_change_min: 20,
        }
    }
}

/// Where the journal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// The last record's place; 0 before the first.
    pub seq: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The hash over all records.
    pub chain: Chain,
    /// The number of the last conflict opened; 0 before the first.
    pub conflicts: u64,
    /// How long the ledger had been served when that was last recorded.
    pub uptime: Uptime,
}

/// What an open conflict is about; there is at most one open conflict of each.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Events wait for this.
    Waits(WaitKey),
    /// This transfer did not arrive as it left.
    Transfer(TransferId),
    /// This listing of a channel shows a number that nothing explains.
    Listing(ChannelId, ListingId),
    /// The event of this place in the journal has waited for too long.
    Orphan(u64),
    /// This event came with several contents.
    Event(Source, EventId),
    /// A movement came late to the count of this level. There may be several, so the conflict says
    /// which.
    LateMovement(Sku, LocationId, ConflictId),
    /// A count of this level at this moment is held. There may be several.
    HeldCount(Sku, LocationId, Timestamp, ConflictId),
}

/// The first id of a conflict that there can be, and the last.
const ALL_CONFLICTS: [ConflictId; 2] =
    [ConflictId::from_number(0), ConflictId::from_number(u64::MAX)];

/// The central state of one ledger.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    pub(crate) settings: Settings,
    pub(crate) head: Head,
    pub(crate) catalogue: Catalogue,
    pub(crate) levels: Levels,
    pub(crate) conflicts: BTreeMap<ConflictId, Conflict>,
    pub(crate) subjects: BTreeMap<Subject, ConflictId>,
    pub(crate) waiting: Waiting,
    pub(crate) held: HeldFacts,
    /// What comes about by the passing of time alone.
    pub(crate) schedule: Schedule,
    pub(crate) working: Working,
    pub(crate) undo: UndoLog,
}

impl State {
    /// An empty ledger.
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// What the house has settled.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where the journal stands.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The items and locations that are known.
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The level of an item at a location; an empty one if nothing ever happened there.
    pub fn level(&self, sku: SkuIx, location: LocIx) -> &Level {
        self.levels.get_or_empty((sku, location))
    }

    /// All levels of an item, by location.
    pub fn levels_of(&self, sku: SkuIx) -> impl Iterator<Item = (LocIx, &Level)> {
        self.levels.of(sku)
    }

    /// What can be sold of an item at each location that has it: what is available of its own, or,
    /// if it is a kit, what its components make.
    pub fn available(&self, sku: SkuIx) -> Vec<(LocIx, i64)> {
        let own = |sku| {
            self.levels_of(sku).map(|(location, level)| (location, level.available())).collect()
        };
        let kit = &self.catalogue.item(sku).kit;
        if kit.is_empty() {
            return own(sku);
        }
        let parts = kit.iter().map(|part| {
            let sku = self.catalogue.sku(&part.sku);
            (part.quantity, sku.map_or_else(Vec::new, own))
        });
        crate::policy::kit_by_location(&parts.collect::<Vec<_>>())
    }

    /// All levels, by item and location in the order in which these became known.
    pub fn levels(&self) -> impl Iterator<Item = (SkuIx, LocIx, &Level)> {
        self.levels.all()
    }

    /// The open conflicts, oldest first.
    pub fn open_conflicts(&self) -> impl Iterator<Item = &Conflict> {
        self.conflicts.values()
    }

    /// An open conflict.
    pub fn open_conflict(&self, id: ConflictId) -> Option<&Conflict> {
        self.conflicts.get(&id)
    }

    /// The open conflict about something.
    pub fn conflict_about(&self, subject: &Subject) -> Option<&Conflict> {
        self.subjects.get(subject).and_then(|id| self.conflicts.get(id))
    }

    /// The open conflicts about movements that came late to a count of a level.
    pub(crate) fn late_movements(
        &self,
        sku: &Sku,
        location: &LocationId,
    ) -> impl Iterator<Item = ConflictId> {
        let [first, last] = ALL_CONFLICTS
            .map(|conflict| Subject::LateMovement(sku.clone(), location.clone(), conflict));
        self.subjects.range(first..=last).map(|(_, id)| *id)
    }

    /// The open conflicts that hold a count of a level which is near to a moment.
    pub(crate) fn held_counts(
        &self,
        sku: &Sku,
        location: &LocationId,
        near: Timestamp,
    ) -> impl Iterator<Item = ConflictId> {
        let window_us = self.settings.count_window_us;
        let (from, to) = (near.plus_micros(-window_us), near.plus_micros(window_us));
        let subject =
            |time, conflict| Subject::HeldCount(sku.clone(), location.clone(), time, conflict);
        let [first, last] = ALL_CONFLICTS;
        self.subjects.range(subject(from, first)..=subject(to, last)).map(|(_, id)| *id)
    }

    /// Whether any count is held.
    pub(crate) fn holds_counts(&self) -> bool {
        // Their subjects come last.
        matches!(self.subjects.last_key_value(), Some((Subject::HeldCount(..), _)))
    }

    /// Which events wait for what.
    pub const fn waiting(&self) -> &Waiting {
        &self.waiting
    }

    /// Which business facts are held back.
    pub const fn held_facts(&self) -> &HeldFacts {
        &self.held
    }

    /// What comes about by the passing of time alone, and when.
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// What a reservation is, as far as it was loaded for this batch.
    pub(crate) fn reservation(&self, id: &ReservationId) -> Option<&Reservation> {
        self.working.reservations().get(id)
    }

    /// What an order is, as far as it was loaded for this batch.
    pub(crate) fn order(&self, order: &OrderId) -> Option<&crate::order::Order> {
        self.working.orders().get(order)
    }

    /// What a transfer is, as far as it was loaded for this batch.
    pub(crate) fn transfer(&self, transfer: &TransferId) -> Option<&crate::transfer::Transfer> {
        self.working.transfers().get(transfer)
    }

    /// The movements of a level that were loaded for a count.
    pub(crate) fn movements(&self, sku: SkuIx, location: LocIx) -> &[Movement] {
        self.working.movements(sku, location)
    }

    /// What is known of an event's name.
    pub(crate) fn known(&self, source: &Source, id: &EventId) -> &[Known] {
        self.working.known(source, id)
    }

    /// The names of a level's item and location.
    pub(crate) fn names(&self, sku: SkuIx, location: LocIx) -> (&Sku, &LocationId) {
        (self.catalogue.sku_name(sku), self.catalogue.location_name(location))
    }

    /// The subject under which a conflict is found again while it is open.
    pub(crate) fn subject_of(conflict: &Conflict) -> Option<Subject> {
        match conflict.kind {
            ConflictKind::Unmapped => Some(Subject::Waits(conflict.unknown_name())),
            ConflictKind::Excess => conflict.transfer.clone().map(Subject::Transfer),
            ConflictKind::Orphan => conflict.events.first().map(|event| Subject::Orphan(event.seq)),
            ConflictKind::Drift => {
                let listing = conflict.channel.clone().zip(conflict.listing.clone());
                listing.map(|(channel, listing)| Subject::Listing(channel, listing))
            }
            ConflictKind::IdReused => conflict
                .events
                .first()
                .map(|first| Subject::Event(first.source.clone(), first.id.clone())),
            ConflictKind::CountOverlap => {
                let (sku, location) = conflict.sku.clone().zip(conflict.location.clone())?;
                if conflict.is_about_late_movement() {
                    return Some(Subject::LateMovement(sku, location, conflict.id));
                }
                let (time, _) = conflict.held_count()?;
                Some(Subject::HeldCount(sku, location, time, conflict.id))
            }
            _ => None,
        }
    }
}
