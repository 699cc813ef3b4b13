//! Counts: what was physically there at a moment.

use std::collections::{BTreeMap, BTreeSet};

use super::conflicts::{About, Asked};
use super::facts::Movement;
use super::levels::LevelName;
use super::{Model, Told};
use crate::id::Source;
use crate::record::Outcome;
use crate::time::Timestamp;

/// An accepted count.
#[derive(Debug, Clone)]
pub(super) struct Count {
    /// The record that accepted it.
    pub seq: u64,
    pub level: LevelName,
    pub time: Timestamp,
    pub source: Source,
    pub counted: i64,
    /// The numbers of movements that a person says are in it, whatever the times say.
    pub contains: BTreeSet<usize>,
    /// The numbers of movements that a person says came after it, whatever the times say.
    pub before: BTreeSet<usize>,
    /// It was taken back.
    pub withdrawn: bool,
}

impl Count {
    /// Whether a movement comes on top of this count.
    pub fn precedes(&self, number: usize, movement: &Movement) -> bool {
        !self.contains.contains(&number)
            && (movement.time > self.time || self.before.contains(&number))
    }
}

/// What a person says about the movements around a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// Nobody has been asked.
    Unknown,
    /// They are in the count.
    Counted,
    /// They came after it.
    Later,
}

impl Model {
    /// The newest accepted count of a level.
    pub(super) fn newest_count(&self, level: &LevelName) -> Option<&Count> {
        self.counts.iter().rev().find(|count| count.level == *level && !count.withdrawn)
    }

    pub(super) fn newest_count_mut(&mut self, level: &LevelName) -> Option<&mut Count> {
        let mut counts = self.counts.iter_mut().rev();
        counts.find(|count| count.level == *level && !count.withdrawn)
    }

    /// The newest accepted counts of all levels, by the records that accepted them.
    pub(super) fn newest_counts(&self) -> BTreeSet<u64> {
        let newest = self.counts.iter().filter_map(|count| self.newest_count(&count.level));
        newest.map(|count| count.seq).collect()
    }

    /// The levels of which a count stands that did not before, or the other way round. It raises the
    /// version even if it finds what was believed.
    pub(super) fn counted_since(&self, before: &Self) -> impl Iterator<Item = &LevelName> {
        let stood = |seq| before.counts.iter().any(|count| count.seq == seq && !count.withdrawn);
        let counted = self.counts.iter().filter(move |it| stood(it.seq) == it.withdrawn);
        counted.map(|count| &count.level)
    }

    /// The rule for a count.
    pub(super) fn count(
        &mut self,
        told: u64,
        level: LevelName,
        counted: i64,
        around: Around,
    ) -> Outcome {
        let Told { time, event, .. } = &self.told[&told];
        let (time, source, versioned) = (*time, event.source.clone(), event.expected_version);
        if self.newest_count(&level).is_some_and(|newest| time < newest.time) {
            return Outcome::Superseded;
        }
        let near = self.movements_near(&level, time, &source);
        // What is in the count before is in this one.
        let known = self.newest_count(&level).map(|newest| newest.contains.clone());
        let known = known.unwrap_or_default().into_iter();
        let known = known.filter(|number| self.movements[*number].time > time);
        let mut count = Count {
            seq: self.next_seq(),
            level,
            time,
            source,
            counted,
            contains: known.collect(),
            before: BTreeSet::new(),
            withdrawn: false,
        };
        let current = versioned == Some(self.version(&count.level));
        // Of two counts of one moment that found different numbers, nobody can tell which is right.
        let name = &count.level;
        let differs = self.newest_count(name).is_some_and(|newest| newest.time == time)
            && self.on_hand_by(name, Some(&count)) != self.on_hand(name);
        if (differs || !near.is_empty()) && around == Around::Unknown && !current {
            self.ask(About::HeldCount(count.level), [told]);
            return Outcome::Conflict;
        }
        // That holds for what was taken back too, should it ever stand again.
        let all = (0..self.movements.len()).filter(|number| {
            let movement = &self.movements[*number];
            self.may_be_on_either_side(movement, &count)
        });
        let all: BTreeSet<usize> = all.collect();
        match around {
            Around::Counted => count.contains.extend(all),
            // Of what it is said of, that is the newer word.
            Around::Later => {
                count.contains.retain(|number| !all.contains(number));
                count.before = all;
            }
            Around::Unknown => {}
        }
        // On which side of an older count something lies makes no difference any more.
        for asked in &mut self.asked {
            if matches!(&asked.about, About::LateMovement { level, .. } if *level == count.level) {
                asked.open = false;
            }
        }
        self.counts.push(count);
        Outcome::Applied
    }

    /// The numbers of the movements of a level, by another source, so near to a moment that nobody
    /// can tell which came first.
    fn movements_near(
        &self,
        level: &LevelName,
        time: Timestamp,
        source: &Source,
    ) -> BTreeSet<usize> {
        let near = self.movements.iter().enumerate().filter(|(_, movement)| {
            movement.level == *level
                && movement.counts()
                && movement.source != *source
                && self.is_near(movement.time, time)
                && self.moved_with(movement) != 0
        });
        near.map(|(number, _)| number).collect()
    }

    /// How many units the source of a movement has moved at its moment. Where what came and went is
    /// the same, there is no question.
    fn moved_with(&self, movement: &Movement) -> i64 {
        let same = self.movements.iter().filter(|other| {
            other.counts()
                && other.level == movement.level
                && other.time == movement.time
                && other.source == movement.source
        });
        same.map(|other| other.delta).sum()
    }

    /// Who decides on a count that is held has to know of all that has moved near it, and of the
    /// accepted count of the same moment: whatever changes there makes another question of it.
    pub(super) fn watch_held_counts(&mut self, before: &Self) {
        for index in 0..before.asked.len() {
            let Asked { about, events, open, .. } = &self.asked[index];
            let About::HeldCount(level) = about else { continue };
            let Told { time, event, .. } = &self.told[events.last().expect("it is held")];
            let near = |model: &Self| -> BTreeMap<(Timestamp, Source), i64> {
                let near = model.movements_near(level, *time, &event.source).into_iter();
                let near = near.map(|number| &model.movements[number]);
                near.map(|it| ((it.time, it.source.clone()), model.moved_with(it))).collect()
            };
            let other = |model: &Self| {
                let newest = model.newest_count(level).filter(|newest| newest.time == *time);
                newest.map(|newest| newest.seq)
            };
            let was_open = before.asked[index].open;
            let is_same = near(before) == near(self) && other(before) == other(self);
            if *open && was_open && !is_same {
                self.asked[index].version += 1;
            }
        }
    }

    /// Whether nobody but a person can tell which came first.
    fn may_be_on_either_side(&self, movement: &Movement, count: &Count) -> bool {
        movement.level == count.level
            && movement.source != count.source
            && self.is_near(movement.time, count.time)
    }

    /// Whether something came near a count by which a level is measured again, while a newer one stood
    /// `before`, and nobody was ever asked on which side of the older one it lies.
    pub(super) fn leaves_unasked(&self, before: &Self) -> bool {
        let stood = before.newest_counts();
        self.movements.iter().enumerate().any(|(number, movement)| {
            let counts = [self, before].map(|model| model.newest_count(&movement.level));
            let [Some(count), Some(newer)] = counts else { return false };
            let is_asked = self.asked.iter().any(|asked| match &asked.about {
                About::LateMovement { numbers, count: about, .. } => {
                    *about == count.seq && numbers.contains(&number)
                }
                _ => false,
            });
            // Where what came and went since is the same, there is no question.
            let moved = self.moved_with(movement);
            let had_moved = || self.journal_at(newer.seq).after.moved_with(movement);
            !stood.contains(&count.seq)
                && count.seq < newer.seq
                && newer.seq < movement.seq
                && movement.counts()
                && self.may_be_on_either_side(movement, count)
                && !is_asked
                && moved != 0
                && moved != had_moved()
        })
    }

    fn is_near(&self, one: Timestamp, other: Timestamp) -> bool {
        one.since(other).abs() <= self.settings.count_window_us
    }

    /// Asks about movements, from this number on, that came so late that a count was accepted in
    /// the meantime, and so near to it that nobody can tell which came first.
    pub(super) fn watch_late_movements(&mut self, seq: u64, from: usize) {
        let late: BTreeSet<LevelName> = self.movements[from..]
            .iter()
            .filter(|movement| {
                self.newest_count(&movement.level).is_some_and(|count| {
                    count.source != movement.source && self.is_near(movement.time, count.time)
                })
            })
            .map(|movement| movement.level.clone())
            .collect();
        for level in late {
            let numbers = from..self.movements.len();
            let count = self.newest_count(&level).expect("they came late for a count");
            let is_near = |number: &usize| {
                let movement = &self.movements[*number];
                self.may_be_on_either_side(movement, count)
            };
            let numbers: Vec<usize> = numbers.filter(is_near).collect();
            // One answer is for all of them, and of some it is given.
            if numbers.iter().any(|number| self.movements[*number].is_placed) {
                continue;
            }
            // A movement that waited is the doing of the record that let it go on.
            let record = Some(self.next_seq()).filter(|record| *record != seq);
            let events = std::iter::once(seq).chain(record);
            let count = count.seq;
            self.ask(About::LateMovement { level, numbers, count }, events);
        }
    }
}
