//! What waits for something goes on when that comes.

use super::conflicts::About;
use super::rules::Waived;
use super::{Model, Ruling};
use crate::record::{Outcome, WaitKey};
use crate::time::Timestamp;

impl Model {
    /// A name is known from now on: nobody needs to be asked about it, and what waited for it goes
    /// on.
    pub(super) fn name_came(&mut self, name: &WaitKey) {
        if let Some(asked) = self.open_about(&About::Unknown(name.clone())) {
            self.asked[asked].open = false;
        }
        self.wake(name, false);
    }

    pub(super) fn wake(&mut self, on: &WaitKey, discard: bool) {
        if self.waiting.iter().any(|(waits_for, _)| waits_for == on) {
            self.woken.insert(on.clone(), discard);
        }
    }

    /// Everything that no longer has to wait goes on, in the order of the journal.
    pub(super) fn release(&mut self, wall: Timestamp) {
        let woken = |model: &Self| {
            let due = model.waiting.iter().filter(|(on, _)| model.woken.contains_key(on));
            due.min_by_key(|(_, seq)| *seq).cloned()
        };
        while let Some((on, seq)) = woken(self) {
            self.release_one(seq, self.woken[&on], wall);
        }
        self.woken.clear();
    }

    fn release_one(&mut self, seq: u64, discard: bool, wall: Timestamp) {
        let before = self.clone();
        self.tick(wall);
        self.waiting.retain(|(_, waits)| *waits != seq);
        let outcome = if discard {
            Outcome::Rejected
        } else {
            match self.rule(seq, Waived { future: true, ..Waived::default() }) {
                Ruling::Outcome(outcome) => outcome,
                Ruling::Repeats(_) => Outcome::Duplicate,
                Ruling::Impossible => Outcome::Rejected,
            }
        };
        self.become_of(seq, outcome);
        self.record(seq, outcome, &before);
    }
}
