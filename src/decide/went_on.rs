//! What an event has gone on to by itself, since what it waited for has come or it has waited for too
//! long, is taken back where that goes by which it had come to wait.

use super::draft::{Draft, goes_on_by_itself};
use super::reverse::{Refusal, at_hand};
use super::take_back::take_back;
use super::turn_back::leave;
use super::waiting;
use crate::conflict::ConflictKind;
use crate::event::EventData;
use crate::record::{Change, Outcome, Record, WaitKey};
use crate::state::{Known, Subject};

/// Takes back what has become of an event when it went on by itself.
pub(super) fn take_back_going_on(
    draft: &mut Draft<'_>,
    known: &Known,
    waits: bool,
) -> Result<(), Refusal> {
    let went_on = at_hand(draft, known.decided)?;
    let is_asked = known.outcome == Outcome::Conflict && !waits;
    if is_asked && !holds_by_itself(draft, went_on) {
        let seq = known.seq;
        return Err(format!("event #{seq} has gone on to another question: reverse it first"));
    }
    take_back(draft, went_on)?;
    if let EventData::ItemUpserted(said) = &at_hand(draft, known.seq)?.envelope.data {
        let sku = &said.sku;
        draft.reason = Some(format!("{sku} stays what it was made by #{}: say it anew", known.seq));
    }
    let (seq, by) = (known.decided, Some(draft.seq));
    draft.change(Change::reversed(seq, by));
    Ok(())
}

/// Whether a conflict that the record has opened holds the event, which waits for nothing else: it is
/// over with the record. So is its part in what a channel is asked about.
fn holds_by_itself(draft: &Draft<'_>, record: &Record) -> bool {
    let waits = record.changes.iter().any(|it| matches!(it, Change::Waiting { .. }));
    let mut opened = record.changes.iter().filter_map(|change| match change {
        Change::Conflict(conflict)
            if conflict.opened_seq == record.seq || conflict.kind == ConflictKind::Drift =>
        {
            Some(conflict.id)
        }
        _ => None,
    });
    !waits && opened.any(|id| draft.open_conflict(id).is_some())
}

/// The record that had decided an event, the last one up to a place in the journal: since then it has
/// only gone on by itself. None is known where the records were written before that was noted.
pub(super) fn decided_until(
    draft: &Draft<'_>,
    known: &Known,
    until: u64,
) -> Result<Option<u64>, Refusal> {
    let seq = known.seq;
    let mut decided = known.decided;
    while decided > until {
        let record = at_hand(draft, decided)?;
        if !goes_on_by_itself(&record.envelope.data) {
            return Err(format!(
                "event #{seq} has been decided again since: reverse #{decided} first"
            ));
        }
        let Some(before) = decided_before(record, seq) else { return Ok(None) };
        decided = before;
    }
    Ok(Some(decided))
}

/// The record that had decided an event before another one did, if that says so.
pub(crate) fn decided_before(record: &Record, event: u64) -> Option<u64> {
    record.changes.iter().find_map(|change| match change {
        Change::Final { seq, before, .. } if *seq == event => *before,
        _ => None,
    })
}

/// What an event waits for, before this decision.
pub(super) fn awaited(draft: &Draft<'_>, seq: u64) -> Option<WaitKey> {
    let mut all = draft.state.waiting.all();
    all.find(|(_, waits)| *waits == seq).map(|(on, _)| on.clone())
}

/// An event does not wait any more; nor is anybody asked about that for its sake, which a batch that
/// is held has to be told in any case, and a name if nothing else does it (`leaves`).
pub(super) fn stop_waiting(draft: &mut Draft<'_>, on: &WaitKey, seq: u64, leaves: bool) {
    waiting::end(draft, on.clone(), seq);
    let asked = match on {
        WaitKey::Approval(batch) => draft.open_conflict(*batch),
        name if leaves => draft.conflict_about(&Subject::Waits(name.clone())),
        _ => None,
    };
    if let Some(asked) = asked.cloned() {
        leave(draft, &asked, seq);
    }
}
