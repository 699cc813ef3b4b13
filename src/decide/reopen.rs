//! A decision that is reversed: its conflict is open again, with the events that it was about.

use super::draft::Draft;
use super::reverse::{Refusal, at_hand};
use super::turn_back::asked_since;
use super::wait_again::{about_these, unmap, wait_again};
use super::went_on::{awaited, decided_until, stop_waiting, take_back_going_on};
use super::{late, transfer, waiting};
use crate::conflict::{Conflict, ConflictKind, ConflictStatus, EVENTS_LISTED_MAX};
use crate::event::{EventData, EventRef};
use crate::record::{Change, Outcome, Record, WaitKey};
use crate::state::{Known, Oversold, State};

/// The conflict that a record has decided.
pub(super) fn decided_conflict(record: &Record) -> Result<&Conflict, Refusal> {
    let decided = record.changes.iter().find_map(|change| match change {
        Change::Conflict(conflict) if conflict.status == ConflictStatus::Resolved => Some(conflict),
        _ => None,
    });
    decided.map(AsRef::as_ref).ok_or_else(|| "it decided nothing".to_owned())
}

/// Whether events wait for the answer to a conflict, rather than being held by it.
const fn is_awaited(conflict: &Conflict) -> bool {
    matches!(conflict.kind, ConflictKind::Unmapped | ConflictKind::MassChange)
}

/// The conflict that a record has decided, if it is a person's decision.
pub(crate) fn decision(record: &Record) -> Option<&Conflict> {
    let decides = matches!(record.envelope.data, EventData::ConflictResolved(_));
    decided_conflict(record).ok().filter(|_| decides)
}

/// The same, if events waited for that, and went on by themselves.
pub(super) fn answered(record: &Record) -> Option<&Conflict> {
    decision(record).filter(|conflict| is_awaited(conflict))
}

/// Whether the conflict that `decision` has decided was asked again since `record` has taken that back,
/// which then asked nobody.
pub(super) fn was_asked_since(
    draft: &Draft<'_>,
    record: &Record,
    (decision, conflict): (&Record, &Conflict),
) -> bool {
    let asks = |change: &Change| matches!(change, Change::Conflict(it) if it.id == conflict.id);
    let latest = draft.latest(conflict.id).and_then(|latest| latest.resolution.as_ref());
    !record.changes.iter().any(asks) && latest.is_none_or(|end| end.seq != decision.seq)
}

/// What the events of a decision have gone on to by themselves since it is taken back before it: what
/// they waited for by it has come, or somebody has said what it means.
pub(super) fn take_back_later(draft: &mut Draft<'_>, record: &Record) -> Result<(), Refusal> {
    let conflict = decided_conflict(record)?;
    if is_awaited(conflict) {
        // What went on with it is taken back as a whole.
        return Ok(());
    }
    for change in record.changes.iter().rev() {
        let Change::Final { seq, .. } = change else { continue };
        decided_by(draft, record, conflict, *seq)?;
        let known = known(draft, listed(draft, record, conflict, *seq)?)?;
        if known.decided > record.seq && !is_over_by_itself(draft, &known)? {
            let waits = awaited(draft, *seq).is_some();
            take_back_going_on(draft, &known, waits)?;
        }
    }
    Ok(())
}

/// Opens the conflict again that a record has decided. What the record itself changed is taken
/// back by now.
pub(super) fn decided(draft: &mut Draft<'_>, record: &Record) -> Result<(), Refusal> {
    let conflict = &as_last_seen(draft, decided_conflict(record)?);
    let open = match conflict.kind {
        ConflictKind::Unmapped | ConflictKind::MassChange => {
            let waiting = match conflict.kind {
                ConflictKind::Unmapped => unmap(draft, record, conflict)?,
                _ => wait_again(draft, record, conflict, &WaitKey::Approval(conflict.id))?,
            };
            if waiting.is_empty() {
                // There is nothing to ask now, and what the person has decided does not hold.
                draft.close(conflict, ConflictStatus::AutoResolved, None);
                return Ok(());
            }
            return reopen(draft, &about_these(conflict, &waiting));
        }
        ConflictKind::Excess if conflict.is_about_transfer() => {
            transfer::stand_again(draft, record, conflict)?;
            true
        }
        ConflictKind::Drift => differs(draft, record, conflict)?,
        ConflictKind::Oversold => is_short(draft, conflict)?,
        ConflictKind::CountOverlap if conflict.count.is_some() => {
            late::stands_near(draft, conflict)?
        }
        _ => {
            hold_again(draft, record, conflict)?;
            true
        }
    };
    if open {
        return reopen(draft, conflict);
    }
    if conflict.kind == ConflictKind::Oversold {
        // There is nothing to ask now, and what the person has decided does not hold.
        draft.close(conflict, ConflictStatus::AutoResolved, None);
    }
    Ok(())
}

/// The conflict that a record has decided, at its latest version: it may have been open in between.
fn as_last_seen(draft: &Draft<'_>, decided: &Conflict) -> Conflict {
    let version = draft.latest(decided.id).map_or(decided.version, |latest| latest.version);
    Conflict { version, ..decided.clone() }
}

pub(super) fn reopen(draft: &mut Draft<'_>, conflict: &Conflict) -> Result<(), Refusal> {
    let about = State::subject_of(conflict);
    if let Some(other) = about.and_then(|subject| draft.conflict_about(&subject)) {
        return Err(format!("{} is open about the same by now", other.id));
    }
    let mut conflict = conflict.clone();
    conflict.status = ConflictStatus::Open;
    conflict.version += 1;
    conflict.resolution = None;
    draft.conflict = Some(conflict.id);
    draft.change(Change::Conflict(Box::new(conflict)));
    Ok(())
}

/// What is known of an event of the conflict, before this decision.
pub(super) fn known(draft: &Draft<'_>, event: &EventRef) -> Result<Known, Refusal> {
    let known = draft.state.known(&event.source, &event.id);
    let known = known.iter().find(|known| known.seq == event.seq);
    known.cloned().ok_or_else(|| not_at_hand(event))
}

pub(super) fn not_at_hand(event: &EventRef) -> Refusal {
    format!("event #{} is not at hand", event.seq)
}

/// The events that the record decided are held by the conflict again.
fn hold_again(draft: &mut Draft<'_>, record: &Record, conflict: &Conflict) -> Result<(), Refusal> {
    let is_orphan = conflict.kind == ConflictKind::Orphan;
    for change in &record.changes {
        let Change::Final { seq, before, .. } = change else { continue };
        decided_by(draft, record, conflict, *seq)?;
        let begun = record.changes.iter().find_map(|change| match change {
            Change::Waiting { on, seq: of } if of == seq => Some(on),
            _ => None,
        });
        let ended = record.changes.iter().find_map(|change| match change {
            Change::Released { on, seq: of } if of == seq => Some(on.clone()),
            _ => None,
        });
        let mut outcome = Outcome::Conflict;
        if let Some(on) = awaited(draft, *seq) {
            let known = known(draft, listed(draft, record, conflict, *seq)?)?;
            // The question that it came to by the record itself, or with what is taken back, it has
            // left with that.
            stop_waiting(draft, &on, *seq, known.decided == record.seq && begun != Some(&on));
        }
        if let Some(on) = ended {
            // It waited for something when it was decided, which may have come since.
            let woken = waiting::has_come(draft, &on);
            if is_orphan {
                // A person is asked about it already.
                draft.change(Change::Waiting { on: on.clone(), seq: *seq });
            } else {
                waiting::begin(draft, on.clone(), *seq);
                outcome = Outcome::Parked;
            }
            if woken {
                draft.change(Change::Woken { on, discard: false, events: Vec::new() });
            }
        }
        // What held it stands again: the record that opened the conflict, or for an id that came
        // with several contents, and for what a channel showed, each of them.
        let each = matches!(conflict.kind, ConflictKind::IdReused | ConflictKind::Drift)
            || outcome == Outcome::Parked;
        let held = before.unwrap_or(if each { *seq } else { conflict.opened_seq });
        draft.change(Change::Final { seq: *seq, outcome, decided: Some(held), before: None });
    }
    Ok(())
}

/// Checks that an event of the conflict is still as the record has decided.
pub(super) fn decided_by(
    draft: &Draft<'_>,
    record: &Record,
    conflict: &Conflict,
    seq: u64,
) -> Result<(), Refusal> {
    let event = listed(draft, record, conflict, seq)?;
    let known = known(draft, event)?;
    if let Some(by) = known.reversed_by {
        return Err(format!("event #{seq} is taken back already (#{by})"));
    }
    if known.decided == record.seq || is_over_by_itself(draft, &known)? {
        return Ok(());
    }
    match decided_until(draft, &known, record.seq)? {
        Some(decided) if decided == record.seq => Ok(()),
        Some(decided) => Err(format!("event #{seq} has been decided again since (#{decided})")),
        None => {
            let (id, source) = (&event.id, &event.source);
            Err(format!(
                "event #{seq} has gone on by itself since: reverse {id} of {source} instead"
            ))
        }
    }
}

/// An event of the conflict that a record has decided. What else the record has decided, it has held
/// again itself: that is asked about.
fn listed<'a>(
    draft: &Draft<'_>,
    record: &Record,
    conflict: &'a Conflict,
    seq: u64,
) -> Result<&'a EventRef, Refusal> {
    let of = |conflict: &'a Conflict| conflict.events.iter().find(|event| event.seq == seq);
    if let Some(event) = of(conflict) {
        return Ok(event);
    }
    let holds_it = record.changes.iter().find_map(|change| match change {
        Change::Conflict(other) if other.events.iter().any(|event| event.seq == seq) => Some(other),
        _ => None,
    });
    Err(match holds_it {
        Some(other) => asked_since(draft, other),
        None => format!(
            "{} lists only {EVENTS_LISTED_MAX} of its events: say anew what is to be so",
            conflict.id
        ),
    })
}

/// Whether it is what a channel showed that shows Onhand's number by now: nobody has decided that, and
/// nothing came of it.
fn is_over_by_itself(draft: &Draft<'_>, known: &Known) -> Result<bool, Refusal> {
    let said = &at_hand(draft, known.seq)?.envelope.data;
    Ok(known.outcome == Outcome::Superseded && matches!(said, EventData::ChannelLevelReported(_)))
}

/// What a channel showed is asked about again, unless that is being asked by now of what it has shown
/// since.
fn differs(draft: &mut Draft<'_>, record: &Record, conflict: &Conflict) -> Result<bool, Refusal> {
    let about = State::subject_of(conflict);
    if about.is_some_and(|listing| draft.conflict_about(&listing).is_some()) {
        return Ok(false);
    }
    hold_again(draft, record, conflict)?;
    Ok(true)
}

/// An oversold level is asked about again if it is still, or again, short, and nobody is asked yet.
fn is_short(draft: &mut Draft<'_>, conflict: &Conflict) -> Result<bool, Refusal> {
    let (sku, location) = draft.level_about(conflict).ok_or("its level is not known")?;
    let level = draft.level(sku, location);
    if level.available() >= 0 || matches!(level.oversold, Oversold::Open(_)) {
        return Ok(false);
    }
    draft.level_mut(sku, location).oversold = Oversold::Open(conflict.id);
    Ok(true)
}
