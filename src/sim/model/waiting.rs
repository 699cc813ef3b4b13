//! What waits for something goes on when that comes.

use std::rc::Rc;

use super::conflicts::About;
use super::rules::Waived;
use super::{Answer, Did, Model, Ruling};
use crate::event::EventData;
use crate::id::OrderId;
use crate::record::{Outcome, WaitKey};
use crate::time::Now;

/// Events that one request may carry.
pub(super) const REQUEST_EVENTS_MAX: usize = 1_000;

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
            let batch = self.batch_beside(seq);
            if batch.is_empty() {
                self.release_one(seq, now);
            } else {
                self.release_batch(&batch, now);
            }
        }
    }

    /// An event that has waited for a name, and all of its batch that goes on for the same reason.
    /// It came with one request if it could have: with no more than a request may carry in between.
    fn batch_beside(&self, seq: u64) -> Vec<u64> {
        let event = &self.told[&seq].event;
        let is_beside = |other: &u64| {
            let told = &self.told[other].event;
            let waits = self.waiting.iter().find(|(_, waits)| waits == other);
            event.batch_id().is_some()
                && (&told.source, told.batch_id()) == (&event.source, event.batch_id())
                && waits.is_some_and(|(on, _)| is_name(on))
                && !self.woken[other]
        };
        let within =
            self.woken.range(seq..seq + REQUEST_EVENTS_MAX as u64).map(|(other, _)| *other);
        if is_beside(&seq) { within.filter(is_beside).collect() } else { Vec::new() }
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

    /// An event goes on.
    pub(super) fn release_one(&mut self, seq: u64, now: Now) -> Answer {
        let before = Rc::new(self.clone());
        let discard = self.woken.remove(&seq).expect("it is woken");
        self.tick(now);
        self.wait_no_longer(seq);
        let outcome = if discard {
            Outcome::Rejected
        } else if self.holding.as_ref().is_some_and(|holding| holding.certain) {
            self.hold(seq)
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
        match outcome {
            Outcome::Duplicate => Answer::Duplicate(seq, outcome),
            _ => Answer::Recorded(seq),
        }
    }
}

/// Whether something is the name of what is not known, or the lack of any location.
pub(super) const fn is_name(on: &WaitKey) -> bool {
    matches!(
        on,
        WaitKey::Sku(_) | WaitKey::Location(_) | WaitKey::AnyLocation | WaitKey::Listing(..)
    )
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
