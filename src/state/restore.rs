//! A state as a store remembers it: the tables are the snapshot, so a start never replays.

use super::{Head, Level, Settings, State, UndoLog, Working};
use crate::conflict::Conflict;
use crate::id::{LocationId, Sku};
use crate::record::{ItemInfo, LocationInfo, Timer, WaitKey};
use crate::time::Uptime;

/// Everything that a store remembers of a state.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Where the journal stands.
    pub head: Head,
    /// The items, in the order in which they became known.
    pub items: Vec<ItemInfo>,
    /// The locations, in the order in which they became known.
    pub locations: Vec<LocationInfo>,
    /// What names of items mean.
    pub sku_aliases: Vec<(Sku, Sku)>,
    /// What names of locations mean.
    pub location_aliases: Vec<(LocationId, LocationId)>,
    /// The levels.
    pub levels: Vec<(Sku, LocationId, Level)>,
    /// The open conflicts.
    pub conflicts: Vec<Conflict>,
    /// What events wait for, with the events' places in the journal.
    pub waiting: Vec<(WaitKey, u64)>,
    /// What has come while events still wait for it, and whether these are to be discarded.
    pub woken: Vec<(WaitKey, bool)>,
    /// The timers, and when they are due.
    pub timers: Vec<(Timer, Uptime)>,
}

/// A level names an item or a location that the store does not know: the tables are damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the level of {0} at {1} has no item or no location")]
pub struct Damaged(pub Sku, pub LocationId);

impl State {
    /// The state without anything of the batch in progress.
    #[must_use]
    pub fn at_rest(&self, settings: Settings) -> Self {
        Self { settings, working: Working::default(), undo: UndoLog::new(), ..self.clone() }
    }

    /// The state that a store remembers.
    ///
    /// # Errors
    /// When the tables contradict each other.
    pub fn restore(settings: Settings, snapshot: Snapshot) -> Result<Self, Damaged> {
        let mut state = Self::new(settings);
        state.head = snapshot.head;
        for item in snapshot.items {
            state.catalogue.put_item(item);
        }
        for location in snapshot.locations {
            state.catalogue.put_location(location);
        }
        for (name, sku) in snapshot.sku_aliases {
            state.catalogue.put_sku_alias(name, Some(sku));
        }
        for (name, location) in snapshot.location_aliases {
            state.catalogue.put_location_alias(name, Some(location));
        }
        for (sku, location, level) in snapshot.levels {
            let key = (state.catalogue.sku(&sku), state.catalogue.location(&location));
            let (Some(sku_number), Some(location_number)) = key else {
                return Err(Damaged(sku, location));
            };
            *state.levels.get_or_make((sku_number, location_number)).0 = level;
        }
        for conflict in snapshot.conflicts {
            if let Some(subject) = Self::subject_of(&conflict) {
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
        for (what, at) in snapshot.timers {
            state.schedule.set(&what, Some(at));
        }
        Ok(state)
    }
}
