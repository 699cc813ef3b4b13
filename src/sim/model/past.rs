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
    /// what is there now without this.
    fn after(&self, level: &LevelName, number: Bucket, at: Timestamp) -> i64 {
        let later = |movement: &&Movement| movement.time > at && movement.counts();
        let moved = self.movements_of(level, number).filter(later);
        let shifted = self.shifts_of(level, number).filter(|shift| shift.time > at);
        moved.map(|movement| movement.delta).sum::<i64>()
            + shifted.map(|shift| shift.delta).sum::<i64>()
    }

    /// A number before the newest count: what it was at the last count by then, and all that moved
    /// in between, whatever a later count made of it. On hand was what was counted; nobody counts
    /// what is in a state, so that was what had come into it by then and counts still.
    fn before(&self, level: &LevelName, number: Bucket, at: Timestamp) -> i64 {
        let last = self.counts_of(level).rev().find(|count| count.time <= at);
        let is_since = |time: Timestamp| last.is_none_or(|count| time > count.time);
        let begin: i64 = match (number, last) {
            (_, None) => 0,
            (Bucket::OnHand, Some(count)) => count.counted,
            (state, Some(_)) => {
                let moved = self.movements_of(level, state);
                let lasting = moved.filter(|it| !is_since(it.time) && it.counts());
                lasting.map(|movement| movement.delta).sum()
            }
        };
        let moved = self.movements_of(level, number).filter(|movement| {
            !movement.withdrawn && is_since(movement.time) && movement.time <= at
        });
        let shifted = self.shifts_of(level, number).filter(|shift| shift.time <= at);
        begin
            + moved.map(|movement| movement.delta).sum::<i64>()
            + shifted.map(|shift| shift.delta).sum::<i64>()
    }

    /// The movements of a level that have to do with a number.
    fn movements_of<'a>(
        &'a self,
        level: &'a LevelName,
        number: Bucket,
    ) -> impl Iterator<Item = &'a Movement> {
        self.movements.iter().filter(move |movement| {
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
