//! Corrections: what was said of a transfer is right in another way. A correction lies on the same
//! side of a count as what it corrects.

use super::Model;
use super::conflicts::{About, Asked};
use super::facts::Movement;
use super::levels::LevelName;
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
        let asked = self.asked_near_newest(record, level).cloned();
        let number = self.movements.len();
        self.move_units(told, level, delta, state);
        self.movements[number].corrects = Some(record);
        let Some(asked) = asked else { return true };
        let corrected = self.movements.iter().find(|it| it.seq == record && it.level == *level);
        let absorbed = corrected.expect("it was asked about").absorbed;
        self.movements[number].absorbed = absorbed;
        if !absorbed {
            let mut counts = self.counts.iter_mut().rev();
            let newest = counts.find(|count| count.level == *level && !count.withdrawn);
            newest.expect("it was asked about").before.insert(number);
        }
        !asked.open
    }

    /// The question on which side of the newest count of a level what a record moved lies.
    fn asked_near_newest(&self, record: u64, level: &LevelName) -> Option<&Asked> {
        let newest = self.newest_count(level)?.seq;
        self.asked.iter().find(|asked| match &asked.about {
            About::LateMovement { level: of, numbers, count } => {
                of == level && *count == newest && self.movements[numbers[0]].seq == record
            }
            _ => false,
        })
    }

    /// Whether a movement corrects one of which a person has said on which side of the newest count
    /// it lies.
    pub(super) fn goes_with_another(&self, movement: &Movement) -> bool {
        let corrected = movement.corrects;
        corrected.is_some_and(|record| self.asked_near_newest(record, &movement.level).is_some())
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
