//! Safeguard 8: batches that would take too much to zero are held as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::conflicts::About;
use super::levels::Effects;
use super::names::skus;
use super::waiting::REQUEST_EVENTS_MAX;
use super::{Answer, Did, Model};
use crate::event::Event;
use crate::id::{ConflictId, Sku};
use crate::record::{Bucket, Outcome, WaitKey};
use crate::time::Now;

/// A batch that is being held.
#[derive(Debug, Clone, Default)]
pub(super) struct Holding {
    /// Where its conflict is, once that is open.
    asked: Option<usize>,
    /// Whether the event being said came as far when the batch was tried out.
    pub certain: bool,
}

impl Model {
    /// The events of a batch come in.
    pub fn tell_batch(&mut self, events: &[Event], now: Now) -> Vec<Answer> {
        let before = self.clone();
        let answers: Vec<Answer> = events.iter().map(|event| self.say(event, now)).collect();
        let answers = if self.is_mass_change(&before, events, &answers, &[]) {
            let tried = std::mem::replace(self, before);
            let say = |model: &mut Self, place: usize| model.say(&events[place], now);
            self.hold_batch(&tried, &answers, None, say)
        } else {
            answers
        };
        self.release(now);
        answers
    }

    /// Events of a batch go on that have waited for names, so that nobody has looked at them as a
    /// batch. They come to the others while these are held, and do not take effect by themselves
    /// where a person has rejected these.
    pub(super) fn release_batch(&mut self, batch: &[u64], now: Now) {
        let before = self.clone();
        let events: Vec<Event> = batch.iter().map(|seq| self.told[seq].event.clone()).collect();
        let answers: Vec<Answer> = batch.iter().map(|seq| self.release_one(*seq, now)).collect();
        let come = answers.iter().any(|answer| self.came_as_far(&before, *answer).is_some());
        let others = self.others_of(batch);
        let joins = others.iter().filter_map(|seq| self.question_about_batch_of(*seq)).min();
        let rejected = others.iter().any(|seq| self.has_person_rejected(*seq));
        let earlier: Vec<u64> =
            others.iter().copied().filter(|seq| self.has_gone_on(*seq)).collect();
        if come
            && (joins.is_some()
                || rejected
                || self.is_mass_change(&before, &events, &answers, &[])
                || self.is_mass_change(&before, &events, &answers, &earlier))
        {
            let tried = std::mem::replace(self, before);
            let say = |model: &mut Self, place: usize| model.release_one(batch[place], now);
            self.hold_batch(&tried, &answers, joins, say);
        }
    }

    /// Where the open question is for the answer to which an event waits.
    fn question_about_batch_of(&self, seq: u64) -> Option<usize> {
        self.waiting.iter().filter(|(_, waits)| *waits == seq).find_map(|(on, _)| match on {
            WaitKey::Approval(id) => self.open_about(&About::Batch(*id)),
            _ => None,
        })
    }

    /// Whether a person has rejected the batch of an event, and the event with it.
    fn has_person_rejected(&self, seq: u64) -> bool {
        let told = &self.told[&seq];
        let before = &self.journal_at(told.decided).before;
        let mut waited = before.waiting.iter().filter(|(_, waits)| *waits == seq);
        told.outcome == Outcome::Rejected
            && waited.any(|(on, _)| matches!(on, WaitKey::Approval(_)))
            && before.woken.get(&seq) == Some(&true)
    }

    /// Whether what the batch has done since `before` is too much, by itself or with what those of its
    /// events have done that had gone on `earlier`.
    fn is_mass_change(
        &self,
        before: &Self,
        events: &[Event],
        answers: &[Answer],
        earlier: &[u64],
    ) -> bool {
        let come = events.iter().zip(answers);
        let come =
            come.filter_map(|(event, answer)| Some((event, self.came_as_far(before, *answer)?)));
        let earlier_events = earlier.iter().map(|seq| (&self.told[seq].event, *seq));
        let mut named: BTreeSet<Sku> = BTreeSet::new();
        for (event, seq) in come.chain(earlier_events) {
            named.extend(skus(&event.data).into_iter().filter_map(|sku| self.item(&sku)));
            named.extend(self.done_by(seq).keys().map(|(level, _)| level.0.clone()));
        }
        let (had, has) = (before.stock(), self.stock());
        let sum = |stock: &BTreeMap<Sku, i64>, sku: &Sku| stock.get(sku).copied().unwrap_or(0);
        let had_more = |sku: &Sku| sum(&had, sku) > 0 && sum(&has, sku) <= 0;
        if !had.keys().any(had_more) {
            return false;
        }
        // What would be there without the batch.
        let mut without = had;
        for seq in earlier.iter().filter(|seq| !self.has_person_looked(**seq)) {
            for ((level, bucket), delta) in self.done_by(*seq) {
                if *bucket == Bucket::OnHand {
                    *without.entry(level.0.clone()).or_default() -= delta;
                }
            }
        }
        let emptied = without.iter().filter(|(sku, units)| **units > 0 && sum(&has, sku) <= 0);
        let emptied = emptied.count();
        let share = usize::from(self.settings.mass_change_share);
        emptied >= self.settings.mass_change_min && emptied * 100 > named.len() * share
    }

    /// What has come of an event so far.
    fn done_by(&self, seq: u64) -> &Effects {
        &self.journal_at(self.told[&seq].decided).effects
    }

    /// Whether a person has let an event do what it did, alone or with others of its batch.
    fn has_person_looked(&self, seq: u64) -> bool {
        let said = self.journal_at(self.told[&seq].decided);
        let mut waited = said.before.waiting.iter().filter(|(_, waits)| *waits == seq);
        matches!(said.did, Did::Decide(_))
            || waited.any(|(on, _)| matches!(on, WaitKey::Approval(_)))
    }

    /// The events of the batch that this is a `part` of. They were said in one go: nothing else was
    /// said between them.
    fn others_of(&self, part: &[u64]) -> Vec<u64> {
        let batch = |seq: &u64| self.told.get(seq).and_then(|told| told.event.batch_id());
        let first = part[0];
        let is_beside = |seq: &u64| batch(seq) == batch(&first);
        let before = (1..first).rev().take(REQUEST_EVENTS_MAX - 1).take_while(is_beside);
        let after = (first + 1..).take(REQUEST_EVENTS_MAX - 1).take_while(is_beside);
        let source = |seq: &u64| &self.told[seq].event.source;
        let all = before.chain(after).filter(|seq| source(seq) == source(&first));
        all.filter(|seq| !part.contains(seq)).collect()
    }

    /// Whether an event is done, and not taken back.
    fn has_gone_on(&self, seq: u64) -> bool {
        let done = [Outcome::Applied, Outcome::Absorbed, Outcome::Superseded, Outcome::Parked];
        let told = &self.told[&seq];
        done.contains(&told.outcome) && !self.taken_back.contains(&told.decided)
    }

    /// What is on hand of each item, over all locations.
    fn stock(&self) -> BTreeMap<Sku, i64> {
        let mut stock = BTreeMap::new();
        for ((sku, _), numbers) in self.levels() {
            *stock.entry(sku).or_default() += numbers[Bucket::OnHand as usize];
        }
        stock
    }

    /// The place of an event that no safeguard before this one has stopped since `before`.
    fn came_as_far(&self, before: &Self, answer: Answer) -> Option<u64> {
        let Answer::Recorded(seq) = answer else { return None };
        let stops = |about: &About, events: &[u64]| match about {
            // The first said nothing wrong.
            About::Name(..) | About::Changed(_) => events[1..].contains(&seq),
            About::Future | About::Unknown(_) | About::Poison(_) => events.contains(&seq),
            _ => false,
        };
        let is_new =
            |index: usize| before.asked.get(index).is_none_or(|asked| !asked.events.contains(&seq));
        let mut asked = self.asked.iter().enumerate();
        let stopped =
            asked.any(|(index, asked)| is_new(index) && stops(&asked.about, &asked.events));
        (!stopped && !self.is_one_of_many(seq)).then_some(seq)
    }

    /// Goes through all of it again, and holds what comes as far, by the question that it `joins` or
    /// by one of its own. `tried` is how it went, with these answers; `say` says the event of a place
    /// again, or lets it go on again.
    fn hold_batch(
        &mut self,
        tried: &Self,
        answers: &[Answer],
        joins: Option<usize>,
        mut say: impl FnMut(&mut Self, usize) -> Answer,
    ) -> Vec<Answer> {
        let certain: Vec<bool> =
            answers.iter().map(|answer| tried.came_as_far(self, *answer).is_some()).collect();
        let last = certain.iter().rposition(|certain| *certain);
        let mut held = Vec::new();
        let mut written = joins.map_or(0, |asked| self.asked[asked].version);
        self.holding = Some(Holding { asked: joins, certain: false });
        for (place, answer) in answers.iter().enumerate() {
            let before = self.held_so_far();
            self.holding.as_mut().expect("a batch is held").certain = certain[place];
            held.push(match answer {
                Answer::Invalid => Answer::Invalid,
                _ => say(self, place),
            });
            // It is written when it opens, and from the last that is certain on.
            if self.held_so_far() > before && (before == 0 || Some(place) >= last) {
                written += 1;
            }
        }
        let batch = self.holding.take().and_then(|holding| holding.asked);
        self.asked[batch.expect("what took effect is held")].version = written;
        held
    }

    fn held_so_far(&self) -> usize {
        let batch = self.holding.as_ref().and_then(|holding| holding.asked);
        batch.map_or(0, |batch| self.asked[batch].events.len())
    }

    /// Lets an event wait for the decision on its batch.
    pub(super) fn hold(&mut self, seq: u64) -> Outcome {
        let known = self.holding.as_ref().and_then(|holding| holding.asked);
        let batch = known.unwrap_or(self.asked.len());
        let id = ConflictId::from_number(batch as u64 + 1);
        self.ask(About::Batch(id), [seq]);
        self.holding.as_mut().expect("a batch is held").asked = Some(batch);
        self.waiting.insert((WaitKey::Approval(id), seq));
        Outcome::Conflict
    }
}
