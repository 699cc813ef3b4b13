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

/// Where a group stands that may have to be held.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// It is the input of this index.
    Input(usize),
    /// These events go on together, the first of them in the record of this place in the journal.
    Held(u64, Vec<u64>),
}

/// An event of a group whose turn it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn<'a> {
    place: &'a Place,
    index: usize,
    /// The conflict that holds the group so far.
    conflict: Option<ConflictId>,
}

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
    releases: usize,
    is_over: bool,
}

impl Group {
    /// How many of its events are decided.
    pub(super) const fn len(&self) -> usize {
        self.done.len()
    }

    /// The turn of the next event.
    pub(super) const fn turn<'a>(&self, place: &'a Place) -> Turn<'a> {
        Turn { place, index: self.done.len(), conflict: self.conflict }
    }
}

/// A group that is to be held, and what became of its events when it was tried out.
#[derive(Debug)]
pub(super) struct TriedOut {
    change: MassChange,
    /// The conflict that holds the rest of its batch.
    joins: Option<ConflictId>,
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
        let place = Place::Input(processed.len());
        let mut group = match self.group.take() {
            Some(group) => group,
            None => self.begin_group(&place),
        };
        let Some(event) = events.get(group.len()) else {
            let events: Vec<&Event> = events.iter().collect();
            match self.judge(&place, &events, &group) {
                None => processed.push(Processed::Group(group.done)),
                Some(change) => self.try_again(place, (change, None), group, processed),
            }
            return Ok(true);
        };
        let culprit = Culprit::InGroup(processed.len(), group.len());
        let ready = |ledger: &Self| ledger.has_all_for_event(event);
        let there = self.is_ready(culprit, Some(event), ready);
        if there {
            let turn = group.turn(&place);
            let verdict = match self.failure(culprit) {
                Some(why) => Err(why),
                None => guarded(|| self.decide_in_group(turn, event, actor, now)),
            };
            let done = self.carry_out(culprit, event, verdict, actor, now)?;
            self.add_to_group(&mut group, done);
        }
        self.group = Some(group);
        Ok(there)
    }

    /// A group begins here; where that is, is kept if it may have to be decided once more.
    pub(super) fn begin_group(&self, place: &Place) -> Group {
        let is_kept = !self.held.is_empty() && !self.held.contains_key(place);
        let begin = is_kept.then(|| Begin {
            mark: self.state.mark(),
            records: self.records.len(),
            releases: self.releases,
            is_over: self.is_over,
        });
        Group { begin, ..Group::default() }
    }

    /// Notes what became of the next event of a group.
    pub(super) fn add_to_group(&self, group: &mut Group, done: Processed) {
        if let Processed::Recorded(index) = done {
            group.conflict = group.conflict.or_else(|| approval(&self.records[index]));
        }
        group.done.push(done);
    }

    /// Goes back to where a group began that is to be held, and remembers what it would do, and the
    /// conflict that it joins.
    pub(super) fn try_again(
        &mut self,
        place: Place,
        (change, joins): (MassChange, Option<ConflictId>),
        group: Group,
        processed: &mut Vec<Processed>,
    ) {
        self.held.insert(place, TriedOut { change, joins, processed: group.done });
        let Some(begin) = group.begin else {
            processed.clear();
            return self.start_over();
        };
        self.records.truncate(begin.records);
        self.releases = begin.releases;
        self.is_over = begin.is_over;
        self.state.roll_back_to(begin.mark);
    }

    fn decide_in_group(&self, turn: Turn<'_>, event: &Event, actor: &str, now: Now) -> Verdict {
        let tried = self.held.get(turn.place);
        if let Some(Processed::Invalid(errors)) = tried.map(|tried| &tried.processed[turn.index]) {
            // It cannot be, whatever becomes of the others.
            return Verdict::Invalid(errors.clone());
        }
        self.decide(event, self.hold(turn), actor, now)
    }

    /// How the group of an event is held, if it is.
    pub(super) fn hold(&self, turn: Turn<'_>) -> Option<Held<'_>> {
        let Turn { place, index, conflict } = turn;
        let tried = self.held.get(place)?;
        Some(Held { change: &tried.change, place: index, conflict: conflict.or(tried.joins) })
    }

    /// What the events of a group have done together, if that is too much and is not held.
    fn judge(&self, place: &Place, events: &[&Event], group: &Group) -> Option<MassChange> {
        if self.is_held(place) {
            return None;
        }
        decide::judge(&self.state, events, &self.records_of(group), &[])
    }

    /// Whether a group is known as one that has to be held.
    pub(super) fn is_held(&self, place: &Place) -> bool {
        self.held.contains_key(place)
    }

    /// The records that decide the events of a group.
    pub(super) fn records_of(&self, group: &Group) -> Vec<Option<&Record>> {
        let record = |done: &Processed| match done {
            Processed::Recorded(index) => Some(&self.records[*index]),
            _ => None,
        };
        group.done.iter().map(record).collect()
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
