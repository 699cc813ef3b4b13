//! A group: events of one request that share a batch id. They are decided one after another, then
//! looked at as a whole; if together they would empty too much, all of them are held (safeguard 8).

use std::collections::BTreeMap;

use super::guard::{Broken, Culprit, guarded};
use super::{Input, Ledger, Processed};
use crate::decide::{self, Held, MassChange, Verdict};
use crate::event::Event;
use crate::id::ConflictId;
use crate::record::{Change, Record, WaitKey};
use crate::state::Mark;
use crate::time::Now;

/// A group of which the first events are decided.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// What became of them.
    done: Vec<Processed>,
    /// The conflict that holds the group, once one of them has opened it.
    conflict: Option<ConflictId>,
    /// Where it began, if that is kept.
    begin: Option<Begin>,
}

/// Where a group began in the batch.
#[derive(Debug)]
struct Begin {
    mark: Mark,
    records: usize,
    is_over: bool,
}

/// A group that is to be held, and what became of its events when it was tried out.
#[derive(Debug)]
pub(super) struct TriedOut {
    change: MassChange,
    processed: Vec<Processed>,
}

impl Ledger {
    /// Decides the next event of a group, or ends the group; says whether all was there for that.
    /// A group that has to be held is only known as one at its end. Then the batch is undone and
    /// decided again up to there, which is rare and costs the usual case nothing. Where it has come
    /// to that, there may be more of them: then it is kept where each further group begins.
    pub(super) fn advance_group(
        &mut self,
        events: &[Event],
        actor: &str,
        processed: &mut Vec<Processed>,
        now: Now,
    ) -> Result<bool, Broken> {
        let place = processed.len();
        let mut group = match self.group.take() {
            Some(group) => group,
            None => Group { begin: self.begin(place), ..Group::default() },
        };
        let Some(event) = events.get(group.done.len()) else {
            match self.judge(events, &group.done).filter(|_| !self.held.contains_key(&place)) {
                None => processed.push(Processed::Group(group.done)),
                Some(change) => {
                    self.held.insert(place, TriedOut { change, processed: group.done });
                    if let Some(begin) = group.begin {
                        self.go_back(begin);
                    } else {
                        processed.clear();
                        self.start_over();
                    }
                }
            }
            return Ok(true);
        };
        let culprit = Culprit::InGroup(place, group.done.len());
        let ready = |ledger: &Self| ledger.has_all_for_event(event);
        let there = self.is_ready(culprit, Some(event), ready);
        if there {
            let done = self.process_in_group(place, event, &group, actor, now)?;
            if let Processed::Recorded(index) = done {
                group.conflict = group.conflict.or_else(|| approval(&self.records[index]));
            }
            group.done.push(done);
        }
        self.group = Some(group);
        Ok(there)
    }

    /// Where the group at this place begins, if it may have to be decided once more.
    fn begin(&self, place: usize) -> Option<Begin> {
        (!self.held.is_empty() && !self.held.contains_key(&place)).then(|| Begin {
            mark: self.state.mark(),
            records: self.records.len(),
            is_over: self.is_over,
        })
    }

    /// Goes back to where the group began. No event is released within one.
    fn go_back(&mut self, begin: Begin) {
        self.records.truncate(begin.records);
        self.is_over = begin.is_over;
        self.state.roll_back_to(begin.mark);
    }

    fn process_in_group(
        &mut self,
        place: usize,
        event: &Event,
        group: &Group,
        actor: &str,
        now: Now,
    ) -> Result<Processed, Broken> {
        let culprit = Culprit::InGroup(place, group.done.len());
        let verdict = match self.failure(culprit) {
            Some(why) => Err(why),
            None => guarded(|| self.decide_in_group(place, event, group, actor, now)),
        };
        self.carry_out(culprit, event, verdict, actor, now)
    }

    fn decide_in_group(
        &self,
        place: usize,
        event: &Event,
        group: &Group,
        actor: &str,
        now: Now,
    ) -> Verdict {
        let index = group.done.len();
        let tried = self.held.get(&place);
        if let Some(Processed::Invalid(errors)) = tried.map(|tried| &tried.processed[index]) {
            // It cannot be, whatever becomes of the others.
            return Verdict::Invalid(errors.clone());
        }
        let conflict = group.conflict;
        let held = tried.map(|tried| Held { change: &tried.change, place: index, conflict });
        self.decide(event, held, actor, now)
    }

    /// What the events of a group have done together, if that is too much.
    fn judge(&self, events: &[Event], done: &[Processed]) -> Option<MassChange> {
        let record = |done: &Processed| match done {
            Processed::Recorded(index) => Some(&self.records[*index]),
            _ => None,
        };
        let records: Vec<Option<&Record>> = done.iter().map(record).collect();
        decide::judge(&self.state, events, &records)
    }
}

/// The conflict whose decision a record's event waits for.
fn approval(record: &Record) -> Option<ConflictId> {
    record.changes.iter().find_map(|change| match change {
        Change::Waiting { on: WaitKey::Approval(conflict), .. } => Some(*conflict),
        _ => None,
    })
}

/// The events of one request as inputs: those that share a batch id as one, where the first of
/// them stands. With each input come the places of its events in the request.
pub fn inputs(events: impl IntoIterator<Item = Event>) -> Vec<(Input, Vec<usize>)> {
    let mut inputs: Vec<(Input, Vec<usize>)> = Vec::new();
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    for (place, event) in events.into_iter().enumerate() {
        let Some(batch) = event.batch_id().map(str::to_owned) else {
            inputs.push((Input::Event(event), vec![place]));
            continue;
        };
        let known = *groups.entry(batch).or_insert(inputs.len());
        match inputs.get_mut(known) {
            Some((Input::Group(events), places)) => {
                events.push(event);
                places.push(place);
            }
            _ => inputs.push((Input::Group(vec![event]), vec![place])),
        }
    }
    inputs
}
