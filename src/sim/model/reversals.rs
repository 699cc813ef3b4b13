//! Reversals: what an event did is as if it had never been, as far as nothing rests on it.
//!
//! Whether something later rests on an event, the rule book leaves to judgement (`rests`). Where
//! something may, the model goes along with a refusal; where nothing does, or nothing is there to
//! take back, it has its own mind. What a reversal leads to (`undo`) is always its own.

use std::collections::{BTreeMap, BTreeSet};

use super::conflicts::About;
use super::levels::{LevelName, available};
use super::reservations::Reservation;
use super::waiting::is_name;
use super::{Did, Model};
use crate::event::{EventData, EventReversed};
use crate::id::{EventId, OrderId, ReservationId, Source};
use crate::record::{Outcome, WaitKey};

/// Something that is in force under a name.
pub(super) struct Target {
    /// The event's place in the journal.
    pub seq: u64,
    /// The record that decided it.
    pub decided: u64,
}

impl Model {
    /// Takes back what is in force under a name.
    pub(super) fn reverse(&mut self, data: &EventReversed) -> Outcome {
        let Some(target) = self.in_force(&data.source, &data.id) else { return Outcome::Rejected };
        let refused = self.refused.contains(&self.next_seq());
        if !self.can_be_named(&target)
            || self.is_receipt_decided_on(target.decided)
            || self.is_cancelled_for_good(target.decided)
            || self.gave_way_since(target.decided)
            || self.has_brought_back(&target)
            || refused && self.may_be_rested_on(target.decided)
            || !self.can_be_held_again(&target)
        {
            return Outcome::Rejected;
        }
        let untouched = self.clone();
        let decides = match self.journal_at(target.decided).did {
            Did::Decide(index) if target.seq == target.decided => Some(index),
            _ => None,
        };
        if let Some(index) = decides {
            self.undo_later(index, target.decided);
        }
        self.undo(target.decided);
        if let Some(index) = decides {
            self.ask_again(index, target.decided);
        }
        self.taken_back.extend([target.seq, target.decided]);
        if self.two_hold()
            || self.holds_without_answer(&untouched.taken_back)
            || self.asks_about_corrected()
            || self.asks_what_is_answered()
            || self.leaves_unasked(&untouched)
        {
            *self = untouched;
            return Outcome::Rejected;
        }
        Outcome::Applied
    }

    pub(super) fn journal_at(&self, seq: u64) -> &super::Said {
        &self.journal[place(seq)]
    }

    fn in_force(&self, source: &Source, id: &EventId) -> Option<Target> {
        let told = self.told.iter().rev().filter(|(_, told)| {
            told.event.source == *source && told.event.id == *id && is_effective(told.outcome)
        });
        let mut told = told.map(|(seq, told)| Target { seq: *seq, decided: told.decided });
        let own = (1..=self.journal.len() as u64).find(|seq| {
            let did = &self.journal_at(*seq).did;
            did.own_name().is_some_and(|name| format!("{name}-{seq}") == id.as_str())
        });
        let own = own.filter(|_| source.as_str() == "onhand");
        let mut own = own.map(|seq| Target { seq, decided: seq }).into_iter();
        let stands = |target: &Target| !self.taken_back.contains(&target.decided);
        told.find(stands).or_else(|| own.find(stands))
    }

    /// Names stay known, what is only seen has no effect, what has expired is over, and what went
    /// on by itself is named by what went on.
    fn can_be_named(&self, target: &Target) -> bool {
        match self.journal_at(target.seq).did {
            Did::Expire | Did::Release | Did::Orphan => false,
            Did::Decide(_) => true,
            Did::Tell => {
                let is_named = !matches!(
                    self.told[&target.seq].event.data,
                    EventData::ItemUpserted(_)
                        | EventData::LocationUpserted(_)
                        | EventData::ChannelLevelReported(_)
                );
                // What was taken back for it must not come back by itself: the decision is to be
                // reversed.
                is_named && self.first_of_two(target.decided).is_none()
            }
        }
    }

    /// The event that was taken back by a record, for the sake of another that took its place.
    pub(super) fn first_of_two(&self, record: u64) -> Option<u64> {
        let said = self.journal_at(record);
        let Did::Decide(index) = said.did else { return None };
        let asked = &said.before.asked[index];
        let of_two = matches!(asked.about, About::Name(..) | About::Changed(_));
        let first = asked.events[0];
        let is_gone = |model: &Self| model.taken_back.contains(&first);
        (of_two && is_gone(&said.after) && !is_gone(&said.before)).then_some(first)
    }

    /// Whether what went on with a decision has given way to another content, which holds.
    fn gave_way_since(&self, record: u64) -> bool {
        let said = self.journal_at(record);
        let Did::Decide(index) = said.did else { return false };
        let let_go = self.let_go(index, record);
        let mut later = (record + 1..=self.journal.len() as u64)
            .filter(|later| !self.taken_back.contains(later));
        later.any(|later| self.first_of_two(later).is_some_and(|first| let_go.contains(&first)))
    }

    /// Whether it is a request by which something stands again: that is to be taken back instead.
    fn has_brought_back(&self, target: &Target) -> bool {
        let said = self.journal_at(target.decided);
        let asks = self.told.get(&target.decided).is_some_and(|told| {
            matches!(told.event.data, EventData::EventReversed(_)) && told.decided == target.decided
        });
        asks && said.before.taken_back.difference(&said.after.taken_back).next().is_some()
    }

    /// Whether something holds for what people have said of names or batches that must not: what was
    /// said and taken back since is not so again just because that is taken back in turn, and nothing
    /// that went on with it is in force. `before` is what was taken back before.
    pub(super) fn holds_without_answer(&self, before: &BTreeSet<u64>) -> bool {
        let mut back = before.difference(&self.taken_back);
        let answers_again = back.any(|back| match self.journal_at(*back).did {
            Did::Decide(index) => self.asked[index].about.awaited().is_some(),
            _ => false,
        });
        answers_again || self.stands_without_answer()
    }

    /// Whether something is in force that went on with an answer that is taken back.
    pub fn stands_without_answer(&self) -> bool {
        let mut answers: BTreeMap<(usize, u64), Vec<u64>> = BTreeMap::new();
        for answer in 1..=self.journal.len() as u64 {
            let Did::Decide(index) = self.journal_at(answer).did else { continue };
            for event in self.let_go(index, answer) {
                answers.entry((index, event)).or_default().push(answer);
            }
        }
        answers.into_iter().any(|((_, event), answers)| {
            let decided = self.told[&event].decided;
            let last = answers.into_iter().rfind(|answer| *answer < decided);
            // It may have waited again, and gone on since without that answer.
            let held = |answer| match self.journal.get(place(decided)) {
                Some(said) => !said.before.taken_back.contains(&answer),
                None => false,
            };
            let is_gone = |answer| self.taken_back.contains(&answer);
            self.stands(event) && last.is_some_and(|answer| held(answer) && is_gone(answer))
        })
    }

    /// A hold that was given up, be it by a decision, comes back only if its units are available
    /// without what is taken back.
    pub(super) fn can_be_held_again(&self, target: &Target) -> bool {
        let decided = self.told.values().filter(|told| told.decided == target.decided);
        let given_up = decided.filter(|told| is_effective(told.outcome)).filter_map(|told| {
            let EventData::ReservationReleased(data) = &told.event.data else { return None };
            Some(&data.reservation)
        });
        let given_up: Vec<&ReservationId> = given_up.collect();
        if given_up.is_empty() {
            return true;
        }
        let mut undone = self.clone();
        undone.undo(target.decided);
        let again = undone.reservations.iter().filter(|known| given_up.contains(&&known.id));
        let mut levels = again.flat_map(Reservation::holds).map(|(level, _)| level);
        levels.all(|level| available(&undone.level(&level)) >= 0)
    }

    pub(super) fn open_again(&mut self, index: usize) {
        self.asked[index].open = true;
        // Once when it was closed, and once now.
        self.asked[index].version += 2;
    }

    /// The events that a decision has decided, the last first.
    fn decided_by(&self, record: u64) -> Vec<u64> {
        let told = self.journal_at(record).after.told.iter().rev();
        told.filter(|(_, told)| told.decided == record).map(|(seq, _)| *seq).collect()
    }

    /// The events that waited for a decision and went on with it.
    fn let_go(&self, index: usize, record: u64) -> Vec<u64> {
        let Some(on) = self.asked[index].about.awaited() else { return Vec::new() };
        let waiting = &self.journal_at(record).before.waiting;
        waiting.iter().filter(|(key, _)| *key == on).map(|(_, seq)| *seq).collect()
    }

    /// What the events of a decision have gone on to since is as if it had never been.
    fn undo_later(&mut self, index: usize, record: u64) {
        if matches!(self.asked[index].about, About::Unknown(_) | About::Batch(_)) {
            return;
        }
        for seq in self.decided_by(record) {
            let decided = self.told[&seq].decided;
            if decided > record && self.journal_at(decided).did != Did::Tell {
                self.undo(decided);
                self.end_part();
                self.taken_back.insert(decided);
            }
        }
    }

    /// A decision is taken back: its conflict is open again, with the events that it held.
    fn ask_again(&mut self, index: usize, record: u64) {
        let (before, after) = {
            let said = self.journal_at(record);
            (said.before.clone(), said.after.clone())
        };
        match self.asked[index].about.clone() {
            About::Unknown(name) => {
                // What it means by another decision, it goes on to mean.
                self.sku_meanings.retain(|name, _| {
                    before.sku_meanings.contains_key(name) || !after.sku_meanings.contains_key(name)
                });
                self.location_meanings.retain(|name, _| {
                    before.location_meanings.contains_key(name)
                        || !after.location_meanings.contains_key(name)
                });
                self.listing_meanings.retain(|listing, _| {
                    before.listing_meanings.contains_key(listing)
                        || !after.listing_meanings.contains_key(listing)
                });
                if self.wait_again(index, &name, record) {
                    self.open_again(index);
                }
            }
            About::Batch(id) => {
                if self.wait_again(index, &WaitKey::Approval(id), record) {
                    self.open_again(index);
                }
            }
            About::Oversold(level) => self.ask_whether_short(index, level),
            About::Transfer(..) => {
                self.tell_again(&before, &after);
                // What was left to be asked without the receipt.
                if let Some(other) = self.open_about(&self.asked[index].about) {
                    self.asked[other].open = false;
                }
                self.open_again(index);
            }
            About::Drift { listing, .. } => {
                if self.open_drift(&listing).is_none() {
                    self.tell_again(&before, &after);
                    self.open_again(index);
                }
            }
            About::LateMovement { level, count, .. } => {
                if self.newest_count(&level).is_some_and(|newest| newest.seq == count) {
                    self.open_again(index);
                }
            }
            _ => {
                for seq in self.decided_by(record) {
                    self.stop_waiting(seq);
                }
                self.tell_again(&before, &after);
                for (on, seq) in before.waiting.difference(&after.waiting) {
                    if before.patience.contains_key(seq) {
                        self.park(on.clone(), *seq);
                    } else {
                        self.waiting.insert((on.clone(), *seq));
                    }
                    if self.has_come(on) {
                        self.wake(on, false);
                    }
                }
                self.open_again(index);
            }
        }
    }

    /// A level is asked about again if it is short and nobody is asked yet; else it is over, without
    /// the decision.
    fn ask_whether_short(&mut self, index: usize, level: LevelName) {
        self.acknowledged.remove(&level);
        let short = available(&self.level(&level)) < 0;
        if short && self.open_about(&About::Oversold(level)).is_none() {
            self.open_again(index);
        } else {
            self.asked[index].version += 1;
        }
    }

    /// What a record has decided of events is as it was before.
    fn tell_again(&mut self, before: &Self, after: &Self) {
        for (seq, told) in &after.told {
            if before.told.get(seq) != Some(told) {
                self.told.insert(*seq, before.told[seq].clone());
            }
        }
    }

    /// Whether what an event has waited for is there by now.
    pub(super) fn has_come(&self, on: &WaitKey) -> bool {
        let order = |id: &OrderId| self.orders.iter().find(|order| order.id == *id);
        match on {
            WaitKey::Order(id) => {
                order(id).is_some_and(|order| order.has_all_lines() || !order.confirmed.is_empty())
            }
            WaitKey::RestOfOrder(id, record) => order(id).is_some_and(|order| {
                order.has_all_lines() || order.confirmed.iter().any(|seq| seq > record)
            }),
            WaitKey::Transfer(id) => self.is_shipped(id),
            _ => false,
        }
    }

    /// An event waits no longer for a name, or for a decision on its batch: nobody is asked about
    /// that for its sake.
    fn leave(&mut self, on: &WaitKey, seq: u64) {
        let about = match on {
            WaitKey::Approval(batch) => About::Batch(*batch),
            name => About::Unknown(name.clone()),
        };
        if let Some(open) = self.open_about(&about) {
            let asked = &mut self.asked[open];
            asked.events.retain(|event| *event != seq);
            asked.version += 1;
            asked.open = !asked.events.is_empty();
        }
    }

    /// An event waits no longer, whatever for.
    fn stop_waiting(&mut self, seq: u64) {
        if let Some((on, _)) = self.waiting.iter().find(|(_, waits)| *waits == seq).cloned() {
            self.wait_no_longer(seq);
            self.leave(&on, seq);
        }
    }

    /// What went on with a decision waits again; says whether anything does. What somebody has taken
    /// back since stays so, and so does what is held by something that comes before.
    fn wait_again(&mut self, index: usize, on: &WaitKey, record: u64) -> bool {
        let let_go = self.let_go(index, record);
        let mut events: Vec<(u64, u64)> =
            let_go.into_iter().map(|seq| (self.told[&seq].decided, seq)).collect();
        events.sort_unstable();
        let mut waiting = Vec::new();
        for (decided, seq) in events.iter().rev() {
            let mut waits = self.waiting.iter().filter(|(_, waits)| waits == seq);
            let is_asked = |on: &WaitKey| is_name(on) || matches!(on, WaitKey::Approval(_));
            let moves = is_name(on) && waits.any(|(on, _)| is_asked(on));
            if self.taken_back.contains(decided) || *decided <= record && !moves {
                continue;
            }
            waiting.push(*seq);
            self.stop_waiting(*seq);
            if *decided > record {
                self.undo(*decided);
                self.end_part();
                self.taken_back.insert(*decided);
            }
            // What had made it wait, by then.
            let mut decided = *decided;
            while decided > record {
                decided = self.journal_at(decided).before.told[seq].decided;
            }
            let told = self.told.get_mut(seq).expect("it was told");
            (told.outcome, told.decided) = (Outcome::Conflict, decided);
            self.waiting.insert((on.clone(), *seq));
        }
        // Nobody is asked for the sake of what does not wait.
        self.asked[index].events.retain(|seq| waiting.contains(seq));
        !waiting.is_empty()
    }
}

/// Where a record is in the journal.
fn place(seq: u64) -> usize {
    usize::try_from(seq).expect("a journal fits in memory") - 1
}

pub(super) const fn is_effective(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Applied | Outcome::Absorbed)
}
