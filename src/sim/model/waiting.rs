//! What waits for something goes on when that comes.

use std::rc::Rc;

use super::conflicts::About;
use super::rules::Waived;
use super::{Did, Model, Ruling};
use crate::event::EventData;
use crate::id::OrderId;
use crate::record::{Outcome, WaitKey};
use crate::time::Now;

impl Model {
    /// A name is known from now on: nobody needs to be asked about it, and what waited for it goes
    /// on.
    pub(super) fn name_came(&mut self, name: &WaitKey) {
        if let Some(asked) = self.open_about(&About::Unknown(name.clone())) {
            self.asked[asked].open = false;
        }
        self.wake(name, false);
    }

    /// What waits for something by now goes on. What comes to wait for it later waits anew.
    pub(super) fn wake(&mut self, on: &WaitKey, discard: bool) {
        let due = self.waiting.iter().filter(|(waits_for, _)| waits_for == on);
        self.woken.extend(due.map(|(_, seq)| (*seq, discard)));
    }

    /// What waits for an order, or for more of it, goes on.
    pub(super) fn wake_order(&mut self, order: &OrderId) {
        let is_about = |on: &WaitKey| match on {
            WaitKey::Order(known) | WaitKey::RestOfOrder(known, _) => known == order,
            _ => false,
        };
        let due = self.waiting.iter().filter(|(on, _)| is_about(on));
        self.woken.extend(due.map(|(_, seq)| (*seq, false)));
    }

    /// Everything that no longer has to wait goes on, in the order of the journal; what has waited
    /// for the same order or shipment, in the order in which it happened.
    pub(super) fn release(&mut self, now: Now) {
        // What was there only in between wakes nothing.
        let gone: Vec<u64> = self
            .waiting
            .iter()
            .filter(|(on, _)| match on {
                WaitKey::Order(id) | WaitKey::RestOfOrder(id, _) => {
                    !self.has_come(&WaitKey::Order(id.clone()))
                }
                WaitKey::Transfer(_) => !self.has_come(on),
                _ => false,
            })
            .map(|(_, seq)| *seq)
            .collect();
        self.woken.retain(|seq, _| !gone.contains(seq));
        while let Some((first, _)) = self.woken.first_key_value() {
            let seq = self.earliest_beside(*first);
            let discard = self.woken.remove(&seq).expect("it is woken");
            self.release_one(seq, discard, now);
        }
    }

    /// Of an event and all that waits for the same order or shipment, the one that happened first.
    fn earliest_beside(&self, seq: u64) -> u64 {
        let key = self.waiting.iter().find(|(_, waits)| *waits == seq).map(|(on, _)| on);
        let Some(key) = key.filter(|key| key.times_out()) else { return seq };
        let beside =
            self.waiting.iter().filter(|(on, seq)| on == key && self.woken.contains_key(seq));
        let beside = beside.map(|(_, seq)| *seq);
        beside.min_by_key(|seq| (self.told[seq].time, *seq)).expect("it is one of them")
    }

    fn release_one(&mut self, seq: u64, discard: bool, now: Now) {
        let before = Rc::new(self.clone());
        self.tick(now);
        self.wait_no_longer(seq);
        let outcome = if discard {
            Outcome::Rejected
        } else {
            match self.rule(seq, &Waived { future: true, ..Waived::default() }) {
                Ruling::Outcome(outcome) => outcome,
                Ruling::Repeats(_) => Outcome::Duplicate,
                Ruling::Impossible if is_request(&self.told[&seq].event.data) => Outcome::Rejected,
                // A fact happened: it is not given up without a person.
                Ruling::Impossible | Ruling::BreaksOff => self.ask_about_poison(seq),
            }
        };
        self.become_of(seq, outcome);
        self.record(Did::Release, seq, outcome, before);
    }
}

/// Whether it asks for something that may be refused.
const fn is_request(data: &EventData) -> bool {
    matches!(
        data,
        EventData::StockSet(_)
            | EventData::ReservationPlaced(_)
            | EventData::ReservationReleased(_)
            | EventData::ReservationConfirmed(_)
            | EventData::EventReversed(_)
    )
}
