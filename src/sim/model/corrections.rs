//! Corrections: what was said of a transfer is right in another way. A correction lies on the same
//! side of a count as what it corrects.

use super::conflicts::About;
use super::levels::LevelName;
use super::{Did, Model};
use crate::record::Bucket;

impl Model {
    /// What was said at `told` has moved so many units more, or less. False if a person is being
    /// asked on which side of the count that lies.
    pub(super) fn correct_units(
        &mut self,
        told: u64,
        level: &LevelName,
        delta: i64,
        state: Option<Bucket>,
    ) -> bool {
        if delta == 0 {
            return true;
        }
        let record = self.told[&told].decided;
        let mut known = self.movements.iter();
        let corrected = known.position(|it| it.seq == record && it.level == *level);
        let number = self.movements.len();
        self.move_units(told, level, delta, state);
        self.movements[number].corrects = Some(record);
        let Some(corrected) = corrected else { return true };
        let asked = self.asked.iter().position(|asked| match &asked.about {
            About::LateMovement { numbers, .. } => numbers.contains(&corrected),
            _ => false,
        });
        if asked.is_some_and(|asked| self.asked[asked].open) {
            return false;
        }
        if self.is_placed_by_person(corrected, asked) {
            self.movements[number].absorbed = self.movements[corrected].absorbed;
            self.movements[number].is_placed = true;
            let newest = self.newest_count_mut(level).expect("it lies on one side of it");
            for side in [&mut newest.contains, &mut newest.before] {
                if side.contains(&corrected) {
                    side.insert(number);
                }
            }
        }
        true
    }

    /// Whether a person has said of a movement on which side of the newest count of its level it
    /// lies: of the movement itself, or of all around the count. What is in a count is in all that
    /// are newer.
    fn is_placed_by_person(&self, number: usize, asked: Option<usize>) -> bool {
        let movement = &self.movements[number];
        let Some(newest) = self.newest_count(&movement.level) else { return false };
        let said = |asked: &usize| {
            let answers = (1..).zip(&self.journal).filter(|(_, it)| it.did == Did::Decide(*asked));
            let mut answers = answers.map(|(seq, _)| seq);
            answers.any(|seq| !self.taken_back.contains(&seq))
        };
        let about = asked.filter(said).map(|asked| &self.asked[asked].about);
        let is_answered = match about {
            Some(About::LateMovement { count, .. }) => *count == newest.seq || movement.absorbed,
            _ => false,
        };
        is_answered || newest.contains.contains(&number) || newest.before.contains(&number)
    }

    /// Whether somebody is asked on which side of a count something lies whose correction went there
    /// with it.
    pub(super) fn asks_about_corrected(&self) -> bool {
        self.open().any(|(_, asked)| {
            let About::LateMovement { level, numbers, .. } = &asked.about else { return false };
            let record = Some(self.movements[numbers[0]].seq);
            let mut moved = self.movements.iter();
            moved.any(|it| it.corrects == record && it.level == *level && !it.withdrawn)
        })
    }
}
