//! One thing after another: an input is decided and its decision applied, and what a rule panics on
//! is flagged instead.

use std::collections::BTreeMap;

use super::group::Turn;
use super::guard::{Broken, Culprit, guarded};
use super::{Input, Ledger, Processed, Refused};
use crate::apply::apply;
use crate::conflict::Choice;
use crate::decide::{self, Failed, Held, Verdict};
use crate::event::{
    Event, EventData, EventOrphaned, EventReleased, Fingerprint, ReservationExpired,
};
use crate::id::{EventId, Source};
use crate::record::{Change, Decision, Record, Timer};
use crate::state::Due;
use crate::time::Now;

impl Ledger {
    /// Whether all is loaded that something needs. Where that cannot be found out, it is not loaded
    /// but flagged; only whether an `event` from outside came before has to be known even then.
    pub(super) fn is_ready(
        &mut self,
        culprit: Culprit,
        event: Option<&Event>,
        has_all: impl FnOnce(&Self) -> bool,
    ) -> bool {
        if !self.broken.contains_key(&culprit) {
            match guarded(|| has_all(self)) {
                Ok(has_all) => return has_all,
                Err(message) => drop(self.broken.insert(culprit, message)),
            }
        }
        let working = &self.state.working;
        event.is_none_or(|event| working.has_name(&event.source, &event.id))
    }

    /// Why something cannot be handled whose turn it is, if that is known.
    pub(super) fn failure(&mut self, culprit: Culprit) -> Option<String> {
        self.is_over |= self.cut == Some(culprit);
        self.broken.get(&culprit).cloned()
    }

    /// Decides something, unless it is known that this fails.
    fn try_out<T>(
        &mut self,
        culprit: Culprit,
        decide: impl FnOnce(&Self) -> T,
    ) -> Result<T, String> {
        match self.failure(culprit) {
            Some(why) => Err(why),
            None => guarded(|| decide(self)),
        }
    }

    /// The moment of the next record.
    fn next(&self, now: Now) -> Now {
        let last = &self.state.head;
        Now {
            wall: now.wall.max(last.recorded_at.plus_micros(1)),
            uptime: now.uptime.max(last.uptime),
        }
    }

    /// Decides one input and applies the decision.
    pub(super) fn process(
        &mut self,
        culprit: Culprit,
        input: &Input,
        actor: &str,
        now: Now,
    ) -> Result<Processed, Broken> {
        match input {
            Input::Event(event) => {
                let verdict = self.try_out(culprit, |own| own.decide(event, None, actor, now));
                self.carry_out(culprit, event, verdict, actor, now)
            }
            Input::Group(_) => unreachable!("a group is decided event by event"),
            Input::Resolve(choice) => self.resolve(culprit, choice, actor, now),
            Input::Timer(timer) => {
                let now = self.next(now);
                if self.state.schedule.time_of(timer).is_none_or(|at| at > now.uptime) {
                    return Ok(Processed::NotDue);
                }
                self.come_due(culprit, timer, now, actor)
            }
        }
    }

    /// What becomes of an event from outside.
    pub(super) fn decide(
        &self,
        event: &Event,
        held: Option<Held<'_>>,
        actor: &str,
        now: Now,
    ) -> Verdict {
        decide::decide(self.sight(), event, self.next(now), now.wall, actor, held)
    }

    /// Applies what was decided of an event from outside, or flags that it could not be.
    pub(super) fn carry_out(
        &mut self,
        culprit: Culprit,
        event: &Event,
        verdict: Result<Verdict, String>,
        actor: &str,
        now: Now,
    ) -> Result<Processed, Broken> {
        let now = self.next(now);
        Ok(match verdict {
            Ok(Verdict::Record(decision)) => {
                self.record_decision(culprit, event.clone(), decision, now, actor)?
            }
            Ok(Verdict::Duplicate(original)) => Processed::Duplicate(original),
            Ok(Verdict::Invalid(errors)) => Processed::Invalid(errors),
            // What has to be known of an event to decide it may be beyond finding out, but not
            // whether it came before.
            Err(why) => match decide::repeated(self.sight(), event) {
                Some(original) => Processed::Duplicate(original),
                None => self.flag(event.clone(), &Failed::Event, &why, now, actor),
            },
        })
    }

    /// Carries a person's decision out.
    fn resolve(
        &mut self,
        culprit: Culprit,
        choice: &Choice,
        actor: &str,
        now: Now,
    ) -> Result<Processed, Broken> {
        let now = self.next(now);
        let data = EventData::ConflictResolved(choice.clone());
        let carrier = self.own_event("resolved", data, now);
        let decided = self.try_out(culprit, |own| {
            let conflict = own.state.open_conflict(choice.conflict);
            let held = conflict.and_then(|conflict| conflict.events.last());
            let held = held.and_then(|event| own.record(event.seq));
            decide::resolve(own.sight(), &carrier, choice, held, now, actor)
        });
        match decided {
            Ok(Ok(decision)) => self.record_decision(culprit, carrier, decision, now, actor),
            Ok(Err(refused)) => Ok(Processed::Refused(refused)),
            // Its conflict stays as it is.
            Err(why) => {
                let why = format!("the processor could not carry it out: {why}");
                Ok(Processed::Refused(Refused::Impossible(why)))
            }
        }
    }

    /// Records what the passing of time alone brings about.
    fn come_due(
        &mut self,
        culprit: Culprit,
        timer: &Timer,
        now: Now,
        actor: &str,
    ) -> Result<Processed, Broken> {
        let (carrier, decision) = match timer {
            Timer::Reservation(reservation) => {
                let data = ReservationExpired { reservation: reservation.clone() };
                let carrier = self.own_event("expired", EventData::ReservationExpired(data), now);
                let decision = self.try_out(culprit, |own| {
                    decide::expire(own.sight(), &carrier, reservation, now, actor)
                });
                (carrier, decision)
            }
            Timer::Orphan(seq) => {
                let held = self.record(*seq).expect("the record was loaded");
                let data = EventData::EventOrphaned(EventOrphaned {
                    source: held.envelope.source.clone(),
                    id: held.envelope.id.clone(),
                    seq: held.seq,
                });
                let carrier = self.own_event("orphaned", data, now);
                let decision = self.try_out(culprit, |own| {
                    let held = own.record(*seq).expect("the record was loaded");
                    decide::ask_about_orphan(own.sight(), &carrier, held, now, actor)
                });
                (carrier, decision)
            }
        };
        match decision {
            Ok(decision) => self.record_decision(culprit, carrier, decision, now, actor),
            Err(why) => Ok(self.flag(carrier, &Failed::Timer(timer), &why, now, actor)),
        }
    }

    /// Decides an event again whose waiting is over, be it with others of its batch.
    pub(super) fn release(
        &mut self,
        due: &Due,
        turn: Option<Turn<'_>>,
        now: Now,
    ) -> Result<Processed, Broken> {
        let now = self.next(now);
        let culprit = Culprit::Held(due.seq);
        let held = self.record(due.seq).expect("the record was loaded");
        let data = EventData::EventReleased(EventReleased {
            source: held.envelope.source.clone(),
            id: held.envelope.id.clone(),
            seq: held.seq,
        });
        let carrier = self.own_event("released", data, now);
        let decision = self.try_out(culprit, |own| {
            let held = own.record(due.seq).expect("the record was loaded");
            let batch = turn.and_then(|turn| own.hold(turn));
            decide::release(own.sight(), &carrier, held, due, now, batch)
        });
        let done = match decision {
            Ok(decision) => self.record_decision(culprit, carrier, decision, now, "onhand")?,
            Err(why) => {
                let held = self.record(due.seq).expect("the record was loaded").clone();
                self.flag(carrier, &Failed::Held(&held, due), &why, now, "onhand")
            }
        };
        self.releases += 1;
        Ok(done)
    }

    /// Flags what could not be handled as poison. If even this fails, nothing can be relied on any
    /// more: the panic goes on.
    fn flag(
        &mut self,
        carrier: Event,
        failed: &Failed<'_>,
        why: &str,
        now: Now,
        actor: &str,
    ) -> Processed {
        let decision = decide::flag_poison(self.sight(), &carrier, failed, why, now, actor);
        let record = self.write(carrier, decision, now, actor);
        apply(&mut self.state, &record);
        self.keep_record(record)
    }

    /// An event that Onhand itself makes; its place in the journal makes its id unique.
    fn own_event(&self, what: &str, data: EventData, now: Now) -> Event {
        let id = EventId::new(format!("{what}-{}", self.state.head.seq + 1));
        Event {
            source: Source::onhand(),
            id: id.expect("a word and a number make an id"),
            time: now.wall,
            expected_version: None,
            extensions: BTreeMap::new(),
            data,
        }
    }

    /// Applies a decision and keeps its record; fails if applying breaks off, which leaves the batch
    /// good for nothing but to be undone.
    fn record_decision(
        &mut self,
        culprit: Culprit,
        envelope: Event,
        decision: Decision,
        now: Now,
        actor: &str,
    ) -> Result<Processed, Broken> {
        let record = self.write(envelope, decision, now, actor);
        let state = &mut self.state;
        guarded(|| apply(state, &record)).map_err(|message| Broken { culprit, message })?;
        Ok(self.keep_record(record))
    }

    fn write(&self, envelope: Event, decision: Decision, now: Now, actor: &str) -> Record {
        let timed = !self.state.schedule.is_empty()
            || decision.changes.iter().any(|change| matches!(change, Change::Timer { .. }));
        Record {
            seq: self.state.head.seq + 1,
            recorded_at: now.wall,
            uptime: timed.then_some(now.uptime),
            actor: actor.to_owned(),
            fingerprint: Fingerprint::of_event(&envelope),
            envelope,
            outcome: decision.outcome,
            reason: decision.reason,
            conflict: decision.conflict,
            effects: decision.effects,
            changes: decision.changes,
            mentions: decision.mentions,
            fact: decision.fact,
        }
    }

    fn keep_record(&mut self, record: Record) -> Processed {
        self.records.push(record);
        Processed::Recorded(self.records.len() - 1)
    }
}
