//! A batch of which a part goes on: what has become of its other events. They came with one
//! request and were decided one after another, so they stand side by side in the journal.

use std::collections::BTreeSet;

use super::Ledger;
use super::going_on::{SPAN, is_of_batch};
use crate::conflict::{ConflictKind, ResolutionOption};
use crate::event::Event;
use crate::id::ConflictId;
use crate::record::{Change, Outcome, Record, WaitKey};
use crate::state::{Due, Known};

/// Records that are asked for at once, beyond as many as were found to belong to the batch.
const ASKED: usize = 32;

impl Ledger {
    /// The events of the batch of one that has waited, itself among them.
    ///
    /// # Errors
    /// Names records that are not at hand: some of the events may be there.
    pub(super) fn batch_of(&self, seq: u64) -> Result<Vec<&Record>, Vec<u64>> {
        let Some(held) = self.record(seq) else { return Err(vec![seq]) };
        let (mut found, mut missing) = (vec![held], Vec::new());
        self.walk(held, (1..seq).rev(), &mut found, &mut missing);
        self.walk(held, seq + 1..=self.state.head.seq, &mut found, &mut missing);
        if missing.is_empty() { Ok(found) } else { Err(missing) }
    }

    /// Looks for events of the batch at places that follow each other, up to the first that has none.
    fn walk<'a>(
        &'a self,
        held: &Record,
        places: impl Iterator<Item = u64>,
        found: &mut Vec<&'a Record>,
        missing: &mut Vec<u64>,
    ) {
        let mut places = places.take(SPAN - 1);
        let mut count = 0;
        while let Some(place) = places.next() {
            let Some(record) = self.record(place) else {
                missing.push(place);
                let more = places.take(ASKED + count);
                missing.extend(more.filter(|place| self.record(*place).is_none()));
                return;
            };
            if record.envelope.batch_id() != held.envelope.batch_id() {
                return;
            }
            count += 1;
            if is_of_batch(record, held) {
                found.push(record);
            }
        }
    }

    /// What is known of an event that the journal has.
    pub(super) fn known(&self, record: &Record) -> Option<&Known> {
        let known = self.state.known(&record.envelope.source, &record.envelope.id);
        known.iter().find(|known| known.seq == record.seq)
    }

    /// The events of a batch that have gone on before a `part` of it, with what decided them. What was
    /// refused or taken back, or is being asked about, is none of them. All has to be loaded.
    pub(super) fn gone_on_before<'a>(
        &'a self,
        batch: &[&'a Record],
        part: &[Due],
    ) -> Vec<(&'a Event, &'a Record)> {
        let part: BTreeSet<u64> = part.iter().map(|due| due.seq).collect();
        let others = batch.iter().filter(|record| !part.contains(&record.seq));
        let decided = others.filter_map(|record| {
            let known = self.known(record).filter(|known| has_gone_on(known))?;
            let decided = self.record(known.decided).expect("the record was loaded");
            Some((&record.envelope, decided))
        });
        decided.collect()
    }

    /// The first conflict that holds events of a batch, and those that it holds.
    pub(super) fn held_of(&self, batch: &[&Record]) -> Option<(ConflictId, Vec<Due>)> {
        let batch: BTreeSet<u64> = batch.iter().map(|record| record.seq).collect();
        let open = self.state.open_conflicts();
        let mut open = open.filter(|conflict| conflict.kind == ConflictKind::MassChange);
        open.find_map(|conflict| {
            let on = WaitKey::Approval(conflict.id);
            let held = self.state.waiting.on(&on).filter(|seq| batch.contains(seq));
            let held: Vec<Due> =
                held.map(|seq| Due { seq, on: on.clone(), discard: false }).collect();
            (!held.is_empty()).then_some((conflict.id, held))
        })
    }

    /// The last conflict with which a person has rejected events of a batch. All has to be loaded.
    pub(super) fn rejected_of(&self, batch: &[&Record]) -> Option<ConflictId> {
        let rejected = batch.iter().filter_map(|record| {
            let decided = self.known(record).filter(|known| known.outcome == Outcome::Rejected)?;
            let on = went_on_with(self.record(decided.decided)?)?;
            let decision = self.sight().closed_conflict(on)?.resolution.as_ref()?;
            // A request that was approved may have been refused then.
            (decision.option == Some(ResolutionOption::Reject)).then_some(on)
        });
        rejected.max()
    }
}

/// The conflict about its batch with which a record has let an event go on.
pub(super) fn went_on_with(record: &Record) -> Option<ConflictId> {
    record.changes.iter().find_map(|change| match change {
        Change::Released { on: WaitKey::Approval(conflict), .. } => Some(*conflict),
        _ => None,
    })
}

/// Whether an event counts as done: applied, or found to have no effect of its own for now.
fn has_gone_on(known: &Known) -> bool {
    let outcomes = [Outcome::Applied, Outcome::Absorbed, Outcome::Superseded, Outcome::Parked];
    outcomes.contains(&known.outcome) && known.reversed_by.is_none()
}
