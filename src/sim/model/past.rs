//! What truly was at a moment, with all that is known today.

use super::Model;
use super::counts::Count;
use super::facts::{Movement, Shift};
use super::levels::LevelName;
use crate::record::Bucket;
use crate::time::Timestamp;

/// The numbers that units come into and leave by being moved: `on_hand`, and the states that they
/// are in. What is promised, held and expected is no matter of counts.
pub const MOVED: [Bucket; 4] =
    [Bucket::OnHand, Bucket::Damaged, Bucket::QualityControl, Bucket::SafetyStock];

impl Model {
    /// What was there at a moment, each number of [`MOVED`].
    pub fn truly_at(&self, level: &LevelName, at: Timestamp) -> [i64; MOVED.len()] {
        match self.newest_count(level) {
            Some(newest) if newest.time > at => MOVED.map(|number| self.before(level, number, at)),
            _ => {
                let now = self.level(level);
                MOVED.map(|number| now[number as usize] - self.after(level, number, at))
            }
        }
    }

    /// By how much a number was moved later, as far as that counts. Since the newest count it was
    /// what is there now without this. What is in the count has moved a state, but not the units
    /// that were counted.
    fn after(&self, level: &LevelName, number: Bucket, at: Timestamp) -> i64 {
        let newest = self.newest_count(level);
        let moved = self.movements_of(level, number).filter(|(index, movement)| {
            let matters = number != Bucket::OnHand || self.lies_after(newest, *index);
            movement.time > at && movement.counts() && matters
        });
        let shifted = self.shifts_of(level, number).filter(|shift| shift.time > at);
        moved.map(|(_, movement)| movement.delta).sum::<i64>()
            + shifted.map(|shift| shift.delta).sum::<i64>()
    }

    /// A number before the newest count: what it was at the last count by then, and all that moved
    /// in between, whatever a later count made of it. On hand was what was counted; nobody counts
    /// what is in a state, so that was what had come into it by then and counts still.
    fn before(&self, level: &LevelName, number: Bucket, at: Timestamp) -> i64 {
        let last = self.counts_of(level).rev().find(|count| count.time <= at);
        let counted = last.filter(|_| number == Bucket::OnHand).map_or(0, |count| count.counted);
        let moved = self.movements_of(level, number).filter(|(index, movement)| {
            let lasts = number != Bucket::OnHand && movement.counts();
            let matters = lasts || self.lies_after(last, *index);
            movement.time <= at && !movement.withdrawn && matters
        });
        let shifted = self.shifts_of(level, number).filter(|shift| shift.time <= at);
        counted
            + moved.map(|(_, movement)| movement.delta).sum::<i64>()
            + shifted.map(|shift| shift.delta).sum::<i64>()
    }

    /// Whether a movement comes on top of a count, as far as anybody knows. A correction lies where
    /// that does which it corrects. Once there is a newer count, nobody is asked about the older one.
    fn lies_after(&self, count: Option<&Count>, index: usize) -> bool {
        let Some(count) = count else { return true };
        let movement = &self.movements[index];
        let is_corrected = |(_, other): &(usize, &Movement)| {
            Some(other.seq) == movement.corrects && other.level == movement.level
        };
        if let Some((corrected, _)) = self.movements.iter().enumerate().find(is_corrected) {
            return self.lies_after(Some(count), corrected);
        }
        let newer = self.counts_of(&count.level).find(|newer| newer.seq > count.seq);
        if newer.is_some_and(|newer| movement.seq > newer.seq) {
            return movement.time > count.time;
        }
        !movement.absorbed && count.precedes(index, movement)
    }

    /// The movements of a level that have to do with a number, with their own.
    fn movements_of<'a>(
        &'a self,
        level: &'a LevelName,
        number: Bucket,
    ) -> impl Iterator<Item = (usize, &'a Movement)> {
        self.movements.iter().enumerate().filter(move |(_, movement)| {
            movement.level == *level && (number == Bucket::OnHand || movement.state == Some(number))
        })
    }

    /// The units that changed their state and stayed, as far as they have to do with a number.
    fn shifts_of<'a>(
        &'a self,
        level: &'a LevelName,
        number: Bucket,
    ) -> impl Iterator<Item = &'a Shift> {
        self.shifts
            .iter()
            .filter(move |shift| shift.level == *level && shift.state == number && !shift.withdrawn)
    }

    /// The counts of a level that stand, the oldest first.
    fn counts_of<'a>(&'a self, level: &'a LevelName) -> impl DoubleEndedIterator<Item = &'a Count> {
        self.counts.iter().filter(move |count| count.level == *level && !count.withdrawn)
    }
}
