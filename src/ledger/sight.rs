//! What a decision can look at: the state, and the records that it may rest on.

use crate::conflict::Conflict;
use crate::id::ConflictId;
use crate::record::{Change, Record};
use crate::state::State;

/// The state with the records of the batch in progress.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    /// The state, with all that the batch has changed so far.
    pub(crate) state: &'a State,
    /// What the batch has recorded so far.
    pub(crate) records: &'a [Record],
}

impl<'a> Sight<'a> {
    /// A record of the batch in progress, or one that was loaded for it.
    pub(crate) fn record(self, seq: u64) -> Option<&'a Record> {
        let before = self.state.head.seq - self.records.len() as u64;
        let Some(index) = seq.checked_sub(before + 1) else {
            return self.state.working.record(seq);
        };
        self.records.get(usize::try_from(index).ok()?)
    }

    /// The questions about movements that came late to the count of a record: those that the batch in
    /// progress has changed, and those that were loaded for it.
    pub(crate) fn questions_about(self, count: u64) -> impl Iterator<Item = ConflictId> {
        let changes = self.records.iter().flat_map(|record| &record.changes);
        let own = changes.filter_map(|change| match change {
            Change::Conflict(conflict) => Some(conflict.as_ref()),
            _ => None,
        });
        let all = own.chain(self.state.working.conflicts());
        all.filter(move |conflict| conflict.count == Some(count)).map(|conflict| conflict.id)
    }

    /// A conflict that is closed: by the batch in progress, or as it was loaded for it.
    pub(crate) fn closed_conflict(self, id: ConflictId) -> Option<&'a Conflict> {
        let records = self.records.iter().rev();
        let mut changes = records.flat_map(|record| record.changes.iter().rev());
        let own = changes.find_map(|change| match change {
            Change::Conflict(conflict) if conflict.id == id => Some(conflict.as_ref()),
            _ => None,
        });
        own.or_else(|| self.state.working.conflict(id))
    }
}
