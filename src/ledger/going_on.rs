//! Events of one batch that have waited for names and are due together. They had not come as far as
//! the safeguard that looks at batches (safeguard 8), so they are looked at as a whole now: released
//! one after another, and all of them held if together they would empty too much, by themselves or
//! with what has gone on of their batch before. They are held as well while the rest of their batch
//! is, in the same conflict, and where a person has rejected the rest.

use super::group::{Group, Place};
use super::guard::{Broken, Culprit};
use super::{Ledger, Processed, RELEASES_MAX};
use crate::decide::{self, MassChange};
use crate::event::Event;
use crate::id::ConflictId;
use crate::record::Record;
use crate::state::Due;
use crate::time::Now;

/// Places in the journal within which events of one source and one batch id are taken to have come
/// with one request: as many as one may carry. The journal does not say where a request ended. All
/// of them fit into one transaction.
pub(super) const SPAN: usize = 1_000;
const _: () = assert!(SPAN <= RELEASES_MAX);

/// Events of a batch that go on together, of which the first are decided.
#[derive(Debug)]
pub(super) struct GoingOn {
    /// Those that go on; after them, while they are tried out, the rest of their batch that is held.
    events: Vec<Due>,
    /// How many they are.
    count: usize,
    /// The conflict that holds the rest.
    joins: Option<ConflictId>,
    place: Place,
    group: Group,
    /// Whether the rest of their batch is needed, to judge them with what it has done.
    looks_back: bool,
}

/// What has come of the turn of an event that is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Release {
    /// It has gone on, or is about to do so with the others of its batch.
    Done,
    /// Not all of it is loaded.
    Missing,
    /// This transaction does not take it.
    Full,
}

impl Ledger {
    /// Lets the next event go on whose waiting is over, or begins to do so with those of its batch.
    pub(super) fn release_next(&mut self, due: &Due, now: Now) -> Result<Release, Broken> {
        let batch = self.due_with(due);
        let count = batch.as_ref().map_or(1, |batch| batch.len().max(1));
        if self.releases + count > RELEASES_MAX || (batch.is_none() && self.is_crowded()) {
            return Ok(Release::Full);
        }
        let Some(events) = batch else { return Ok(Release::Missing) };
        if !events.is_empty() {
            let seqs = events.iter().map(|due| due.seq).collect();
            let place = Place::Held(self.state.head.seq + 1, seqs);
            // Where it begins costs much to keep, and so few events are hardly ever too much: if they
            // are after all, the transaction is begun again.
            let is_small = events.len() < self.state.settings.mass_change_min;
            let group = if is_small { Group::default() } else { self.begin_group(&place) };
            let (joins, looks_back) = (None, false);
            let going_on = GoingOn { events, count, joins, place, group, looks_back };
            self.going_on = Some(Box::new(going_on));
            return Ok(Release::Done);
        }
        let ready = |ledger: &Self| ledger.has_all_for_held(due.seq);
        if !self.is_ready(Culprit::Held(due.seq), None, ready) {
            return Ok(Release::Missing);
        }
        self.release(due, None, now)?;
        Ok(Release::Done)
    }

    /// Decides the next of the events that go on together, or ends that; says whether all was there
    /// for it.
    pub(super) fn advance_going_on(
        &mut self,
        mut going_on: Box<GoingOn>,
        processed: &mut Vec<Processed>,
        now: Now,
    ) -> Result<bool, Broken> {
        let GoingOn { events, place, group, .. } = going_on.as_mut();
        let Some(due) = events.get(group.len()) else {
            return Ok(self.end_going_on(going_on, processed));
        };
        let ready = |ledger: &Self| ledger.has_all_for_held(due.seq);
        let there = self.is_ready(Culprit::Held(due.seq), None, ready);
        if there {
            let done = self.release(due, Some(group.turn(place)), now)?;
            self.add_to_group(group, done);
        }
        self.going_on = Some(going_on);
        Ok(there)
    }

    /// Ends it, or holds all of it if it was too much or belongs to what is held; says whether all was
    /// there to find that out.
    fn end_going_on(&mut self, mut going_on: Box<GoingOn>, processed: &mut Vec<Processed>) -> bool {
        let GoingOn { events, place, group, .. } = going_on.as_ref();
        let come = self.records_of(group).into_iter().flatten().any(decide::has_come);
        if self.is_held(place) || !come {
            return true;
        }
        let first = events[0].seq;
        if !self.has_all_of_batch(first) {
            going_on.looks_back = true;
            self.going_on = Some(going_on);
            return false;
        }
        let batch = self.batch_of(first).expect("the batch was loaded");
        if going_on.joins.is_none()
            && let Some((conflict, held)) = self.held_of(&batch)
        {
            // What all of it would do is found by deciding the rest after them.
            going_on.events.extend(held);
            going_on.joins = Some(conflict);
            self.going_on = Some(going_on);
            return true;
        }
        if let Some(change) = self.judge_going_on(&going_on, &batch) {
            let GoingOn { place, group, joins, .. } = *going_on;
            self.try_again(place, (change, joins), group, processed);
        }
        true
    }

    /// What events that have gone on together would do, if they are to be held; `batch` is all of it.
    fn judge_going_on(&self, going_on: &GoingOn, batch: &[&Record]) -> Option<MassChange> {
        let GoingOn { events, count, joins, group, .. } = going_on;
        let held = |due: &Due| self.record(due.seq).expect("the record was loaded");
        let said: Vec<&Event> = events.iter().map(|due| &held(due).envelope).collect();
        let records = self.records_of(group);
        let state = &self.state;
        let earlier = self.gone_on_before(batch, events);
        if joins.is_some() {
            return Some(decide::measure(state, &said, &records, &earlier).of_first(*count));
        }
        if let Some(rejected) = self.rejected_of(batch) {
            let change = decide::measure(state, &said, &records, &earlier);
            return Some(change.of_rejected(rejected));
        }
        decide::judge(state, &said, &records, &[])
            .or_else(|| decide::judge(state, &said, &records, &earlier))
    }

    /// An event of the batch that is to be looked at as a whole.
    pub(super) fn looks_back(&self) -> Option<u64> {
        let going_on = self.going_on.as_ref().filter(|it| it.looks_back)?;
        Some(going_on.events[0].seq)
    }

    /// The events that go on together and have not done so yet.
    pub(super) fn going_on(&self) -> impl Iterator<Item = u64> {
        let rest = self.going_on.iter().flat_map(|it| it.events.iter().skip(it.group.len()));
        rest.map(|due| due.seq)
    }

    /// The events of its batch that are due with the first one, all of which have waited for names;
    /// none, if it has waited for something else or is of no batch. `None` if that is not known as
    /// long as more is not loaded.
    fn due_with(&self, first: &Due) -> Option<Vec<Due>> {
        let held = self.record(first.seq)?;
        let mut events = Vec::new();
        if held.envelope.batch_id().is_none() || !has_waited_for_name(first) {
            return Some(events);
        }
        let due = self.state.waiting.due().take_while(|due| due.seq - first.seq < SPAN as u64);
        for due in due.filter(has_waited_for_name) {
            if is_of_batch(self.record(due.seq)?, held) {
                events.push(due);
            }
        }
        Some(events)
    }
}

/// Whether an event goes on because a name is known by now.
const fn has_waited_for_name(due: &Due) -> bool {
    due.on.is_name() && !due.discard
}

pub(super) fn is_of_batch(held: &Record, other: &Record) -> bool {
    let (held, other) = (&held.envelope, &other.envelope);
    held.source == other.source && held.batch_id() == other.batch_id()
}
