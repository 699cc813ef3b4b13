//! A state as a store remembers it: the tables are the snapshot, so a start never replays.

use super::{Head, Level, Settings, State, UndoLog, Working};
use crate::business_fact::HeldFact;
use crate::conflict::Conflict;
use crate::id::{ChannelId, ListingId, LocationId, Sku};
use crate::record::{ItemInfo, LocationInfo, Timer, WaitKey};
use crate::time::Uptime;

/// What a store remembers of a state besides items and levels, of which there may be very many.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Where the journal stands.
    pub head: Head,
    /// What names of items mean.
    pub sku_aliases: Vec<(Sku, Sku)>,
    /// What names of locations mean.
    pub location_aliases: Vec<(LocationId, LocationId)>,
    /// What channels' listings mean that were not set up.
    pub listing_aliases: Vec<((ChannelId, ListingId), Sku)>,
    /// The open conflicts.
    pub conflicts: Vec<Conflict>,
    /// What events wait for, with the events' places in the journal.
    pub waiting: Vec<(WaitKey, u64)>,
    /// What has come while events still wait for it, and whether these are to be discarded.
    pub woken: Vec<(WaitKey, bool)>,
    /// The business facts that are held back.
    pub held: Vec<HeldFact>,
    /// The timers, and when they are due.
    pub timers: Vec<(Timer, Uptime)>,
}

/// A level names an item or a location that the store does not know: the tables are damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the level of {0} at {1} has no item or no location")]
pub struct Damaged(pub String, pub String);

/// A state that a store is reading, piece by piece: items and locations, then levels, then the rest.
#[derive(Debug)]
pub struct Restoring(State);

impl State {
    /// The state without anything of the batch in progress.
    #[must_use]
    pub fn at_rest(&self, settings: Settings) -> Self {
        Self { settings, working: Working::default(), undo: UndoLog::new(), ..self.clone() }
    }
}

impl Restoring {
    /// Begins; `items` and `locations` are in the order in which they became known.
    pub fn begin(settings: Settings, items: Vec<ItemInfo>, locations: Vec<LocationInfo>) -> Self {
        let mut state = State::new(settings);
        state.catalogue.restore_items(items);
        for location in locations {
            state.catalogue.put_location(location);
        }
        Self(state)
    }

    /// Takes in a level.
    ///
    /// # Errors
    /// When the tables contradict each other.
    pub fn level(&mut self, sku: &str, location: &str, level: Level) -> Result<(), Damaged> {
        let catalogue = &self.0.catalogue;
        let key = catalogue.sku_by_name(sku).zip(catalogue.location_by_name(location));
        let key = key.ok_or_else(|| Damaged(sku.to_owned(), location.to_owned()))?;
        *self.0.levels.get_or_make(key).0 = level;
        Ok(())
    }

    /// The state, with the rest of what a store remembers.
    pub fn finish(self, snapshot: Snapshot) -> State {
        let Self(mut state) = self;
        state.head = snapshot.head;
        for (name, sku) in snapshot.sku_aliases {
            state.catalogue.put_sku_alias(name, Some(sku));
        }
        for (name, location) in snapshot.location_aliases {
            state.catalogue.put_location_alias(name, Some(location));
        }
        for (listing, sku) in snapshot.listing_aliases {
            state.catalogue.put_listing_alias(listing, Some(sku));
        }
        for conflict in snapshot.conflicts {
            if let Some(subject) = State::subject_of(&conflict) {
                state.subjects.insert(subject, conflict.id);
            }
            state.conflicts.insert(conflict.id, conflict);
        }
        for (key, seq) in snapshot.waiting {
            state.waiting.set(&key, seq, true);
        }
        for (key, discard) in snapshot.woken {
            state.waiting.wake(&key, Some(discard));
        }
        for held in snapshot.held {
            state.held.set(held.event.seq, Some(held));
        }
        for (what, at) in snapshot.timers {
            state.schedule.set(&what, Some(at));
        }
        state
    }
}
