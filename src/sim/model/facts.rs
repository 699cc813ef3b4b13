//! Movements: everything that ever added units to a level or took them away.

use super::levels::LevelName;
use super::{Model, Told};
use crate::event::StockState;
use crate::id::Source;
use crate::record::Bucket;
use crate::time::Timestamp;

/// Units that came or went.
#[derive(Debug, Clone)]
pub(super) struct Movement {
    /// The record that made it.
    pub seq: u64,
    pub level: LevelName,
    /// How many more units are on hand.
    pub delta: i64,
    /// The state in which they are, if they are not free for sale.
    pub state: Option<Bucket>,
    pub time: Timestamp,
    pub source: Source,
    /// It came after a count that contains it, so it changes nothing.
    pub absorbed: bool,
    /// It was taken back.
    pub withdrawn: bool,
    /// The record that made what it corrects, if it corrects anything.
    pub corrects: Option<u64>,
    /// A person has said of that on which side of a count it lies, which holds for this as well.
    pub is_placed: bool,
}

impl Movement {
    /// Whether it changes anything.
    pub const fn counts(&self) -> bool {
        !self.absorbed && !self.withdrawn
    }
}

/// Units that changed their state where they are.
#[derive(Debug, Clone)]
pub(super) struct Shift {
    pub level: LevelName,
    pub state: Bucket,
    pub delta: i64,
    pub time: Timestamp,
    /// It was taken back.
    pub withdrawn: bool,
}

impl Model {
    /// Units come or go by what was said at `told`.
    pub(super) fn move_units(
        &mut self,
        told: u64,
        level: &LevelName,
        delta: i64,
        state: Option<Bucket>,
    ) {
        let Told { time, event, .. } = &self.told[&told];
        let (time, source) = (*time, event.source.clone());
        self.move_units_of((time, &source), level, delta, state);
    }

    /// Units come or go by a fact of this moment and source.
    pub(super) fn move_units_of(
        &mut self,
        (time, source): (Timestamp, &Source),
        level: &LevelName,
        delta: i64,
        state: Option<Bucket>,
    ) {
        if delta == 0 {
            return;
        }
        let source = source.clone();
        let absorbed = self.newest_count(level).is_some_and(|count| time <= count.time);
        let level = level.clone();
        // The record being made.
        let seq = self.next_seq();
        self.movements.push(Movement {
            seq,
            level,
            delta,
            state,
            time,
            source,
            absorbed,
            withdrawn: false,
            corrects: None,
            is_placed: false,
        });
    }

    /// Units come into a state or leave it by what was said at `told`. Those that are available are
    /// in no state of their own.
    pub(super) fn shift(&mut self, told: u64, level: &LevelName, state: StockState, delta: i64) {
        if let Some(state) = state.bucket() {
            let (level, time) = (level.clone(), self.told[&told].time);
            self.shifts.push(Shift { level, state, delta, time, withdrawn: false });
        }
    }
}
