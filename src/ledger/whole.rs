//! A batch of which a part goes on: what its other events have done before. They came with one
//! request and were decided one after another, so they stand side by side in the journal.

use super::Ledger;
use super::going_on::{SPAN, is_of_batch};
use crate::event::Event;
use crate::record::{Outcome, Record};
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

    /// The events of the batch of this `part` that have gone on before, with what decided them. What
    /// was refused or taken back, or is being asked about, is none of them. All has to be loaded.
    pub(super) fn gone_on_before(&self, part: &[Due]) -> Vec<(&Event, &Record)> {
        let all = self.batch_of(part[0].seq).expect("the batch was loaded").into_iter();
        let others =
            all.filter(|record| part.binary_search_by_key(&record.seq, |due| due.seq).is_err());
        let decided = others.filter_map(|record| {
            let known = self.known(record).filter(|known| has_gone_on(known))?;
            let decided = self.record(known.decided).expect("the record was loaded");
            Some((&record.envelope, decided))
        });
        decided.collect()
    }
}

/// Whether an event counts as done: applied, or found to have no effect of its own for now.
fn has_gone_on(known: &Known) -> bool {
    let outcomes = [Outcome::Applied, Outcome::Absorbed, Outcome::Superseded, Outcome::Parked];
    outcomes.contains(&known.outcome) && known.reversed_by.is_none()
}
