//! Of two contents of one id, or of one business fact, the second is right: as if the first had
//! never been, and the second had come instead.

use std::collections::BTreeSet;

use super::Model;
use super::conflicts::{About, Asked};
use super::reversals::Target;
use super::rules::Waived;
use crate::record::Outcome;

impl Model {
    /// False if that cannot be. Whether the core has `refused` it matters where something may rest
    /// on the first.
    pub(super) fn apply_second(&mut self, asked: &Asked, refused: bool) -> bool {
        let (first, second) = (asked.events[0], asked.events[1]);
        let before = self.taken_back.clone();
        if !self.drop_first(first, refused) || self.brings_back_a_second(&before) {
            return false;
        }
        for other in &asked.events[2..] {
            self.become_of(*other, Outcome::Rejected);
        }
        // The version that its sender saw was that before the first.
        let version = matches!(asked.about, About::Name(..));
        self.try_again(second, &Waived { version, ..Waived::default() })
            && !self.two_hold()
            && !self.holds_without_answer(&before)
    }

    /// Whether what is no longer taken back is there again beside another content of its id.
    fn brings_back_a_second(&self, before: &BTreeSet<u64>) -> bool {
        let may_count = [Outcome::Applied, Outcome::Absorbed, Outcome::Parked, Outcome::Conflict];
        let back =
            before.difference(&self.taken_back).filter_map(|seq| Some((seq, self.told.get(seq)?)));
        let mut back = back.filter(|(_, told)| may_count.contains(&told.outcome));
        back.any(|(seq, own)| {
            self.told.iter().any(|(other, told)| {
                other != seq
                    && (&told.event.source, &told.event.id) == (&own.event.source, &own.event.id)
                    && self.counts(told)
                    && !self.is_unclear(*other)
            })
        })
    }

    /// The first has no effect any more, if it ever had one.
    fn drop_first(&mut self, first: u64, refused: bool) -> bool {
        let told = &self.told[&first];
        let target = Target { seq: first, decided: told.decided };
        if self.taken_back.contains(&target.decided) {
            return true;
        }
        match told.outcome {
            Outcome::Applied | Outcome::Absorbed => {
                if self.is_receipt_decided_on(target.decided)
                    || self.is_cancelled_for_good(target.decided)
                    || refused && self.may_be_rested_on(target.decided)
                    || !self.can_be_held_again(&target)
                {
                    return false;
                }
                let untouched = self.clone();
                self.undo(target.decided);
                if self.asks_about_corrected() || self.leaves_unasked(&untouched) {
                    return false;
                }
                self.end_part();
                self.taken_back.extend([first, target.decided]);
                // What had to go for the first does not come back.
                match self.first_of_two(target.decided) {
                    Some(earlier) => self.drop_first(earlier, refused),
                    None => true,
                }
            }
            Outcome::Parked => {
                self.wait_no_longer(first);
                self.become_of(first, Outcome::Rejected);
                true
            }
            // That is another question.
            Outcome::Conflict => false,
            _ => true,
        }
    }
}
