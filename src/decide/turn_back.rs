//! Conflicts that a record has opened, closed or joined, when it is taken back.

use super::draft::Draft;
use super::reopen::decided_conflict;
use super::reverse::Refusal;
use super::taken_back::{brings_back, is_of_reversal};
use super::{drift, late, mass_change, uncount};
use crate::conflict::{Conflict, ConflictKind, ConflictStatus};
use crate::record::{Change, Record};

/// A conflict about what the record did is over with it, unless a decision on it rests on that.
pub(super) fn turn_back(
    draft: &mut Draft<'_>,
    record: &Record,
    conflict: &Conflict,
) -> Result<(), Refusal> {
    // Whether a level is oversold follows from the level, whether a transfer arrived as it left from
    // the transfer, and what a conflict shows from what has moved.
    if conflict.renewed_seq == Some(record.seq) {
        return Ok(());
    }
    let is_open = conflict.status == ConflictStatus::Open;
    let reopened =
        is_open && (is_of_reversal(record) || takes_decision_back(draft, record, conflict));
    if conflict.kind == ConflictKind::Oversold || conflict.is_about_transfer() {
        let decided = reopened && is_decided_instead(draft, record, conflict);
        return if decided { Err(asked_since(draft, conflict)) } else { Ok(()) };
    }
    let joined = is_open && !reopened;
    let gathers = matches!(conflict.kind, ConflictKind::Unmapped | ConflictKind::Drift);
    if joined
        && gathers
        && let Some((open, event)) =
            draft.open_conflict(conflict.id).cloned().zip(conflict.events.last())
    {
        if conflict.kind == ConflictKind::Drift {
            return drift::leave(draft, &open, event.seq);
        }
        // It may have come to wait for something else since.
        if draft.state.waiting.waits(&open.unknown_name(), event.seq) {
            leave(draft, &open, event.seq);
        }
        return Ok(());
    }
    match conflict.status {
        // It is over when nothing waits for it any more.
        ConflictStatus::Open
            if matches!(conflict.kind, ConflictKind::Unmapped | ConflictKind::MassChange)
                && !reopened =>
        {
            return Ok(());
        }
        ConflictStatus::Open if conflict.opened_seq == record.seq => {}
        // The count that had ended the question stands again.
        ConflictStatus::Open if uncount::ends_again(record, conflict) => return Ok(()),
        ConflictStatus::Open if reopened => return Err(asked_since(draft, conflict)),
        // It was asked again about what the record had brought back.
        ConflictStatus::Open if brings_back(record) => {}
        ConflictStatus::AutoResolved if conflict.is_about_late_movement() => {
            return late::asked_again(draft, conflict);
        }
        _ => return Ok(()),
    }
    if let Some(open) = draft.open_conflict(conflict.id).cloned() {
        draft.close(&open, ConflictStatus::AutoResolved, None);
        return Ok(());
    }
    let closed = draft.closed_conflict(conflict.id);
    let decision = closed.and_then(|closed| closed.resolution.as_ref());
    let Some(decision) = decision.filter(|decision| decision.option.is_some()) else {
        return Ok(());
    };
    let moved = draft.record(decision.seq).is_none_or(|record| !record.effects.is_empty());
    if moved {
        let (id, seq) = (conflict.id, decision.seq);
        return Err(format!("the decision on {id} rests on it: reverse #{seq} first"));
    }
    Ok(())
}

/// Whether a conflict that follows from a level or a transfer, and that a record has opened again, is to
/// be decided rather than the record taken back. Where that is the second of two contents, the transfer
/// is as it was before both without it.
fn is_decided_instead(draft: &Draft<'_>, record: &Record, conflict: &Conflict) -> bool {
    match conflict.kind {
        ConflictKind::Oversold => conflict.opened_seq != record.seq,
        _ => is_of_reversal(record) && takes_decision_back(draft, record, conflict),
    }
}

/// Whether a record has taken the decision on a conflict back, be it as the second content of an id.
fn takes_decision_back(draft: &Draft<'_>, record: &Record, conflict: &Conflict) -> bool {
    record.changes.iter().any(|change| match change {
        Change::Reversed { seq, by: Some(_), .. } => draft
            .record(*seq)
            .is_some_and(|gone| decided_conflict(gone).is_ok_and(|it| it.id == conflict.id)),
        _ => false,
    })
}

/// What to do instead of bringing back what was taken back for a conflict to be asked again.
pub(super) fn asked_since(draft: &Draft<'_>, conflict: &Conflict) -> Refusal {
    let id = conflict.id;
    let ended = draft.latest(id).and_then(|latest| latest.resolution.as_ref());
    match ended {
        None => format!("{id} is open again: decide that instead"),
        Some(decision) if decision.option.is_some() => {
            format!("{id} has been decided anew: reverse #{} first, then decide it", decision.seq)
        }
        Some(end) => {
            format!("{id} is over by itself since #{}: say what else is to change", end.seq)
        }
    }
}

/// An event that waits for a name no longer, or for the decision on its batch, leaves the conflict
/// about that, which is over when nothing else waits; so does a report of a channel.
pub(super) fn leave(draft: &mut Draft<'_>, conflict: &Conflict, seq: u64) {
    if conflict.event_count <= 1 {
        draft.close(conflict, ConflictStatus::AutoResolved, None);
        return;
    }
    let mut conflict = conflict.clone();
    conflict.events.retain(|event| event.seq != seq);
    conflict.event_count -= 1;
    conflict.version += 1;
    if conflict.kind == ConflictKind::MassChange {
        mass_change::note_that_some_left(&mut conflict);
    }
    draft.change(Change::Conflict(Box::new(conflict)));
}
