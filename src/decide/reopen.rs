//! A decision that is reversed: its conflict is open again, with the events that it was about.

use super::draft::Draft;
use super::reverse::{Refusal, at_hand, leave, take_back, takes_the_place_of_another};
use super::{late, transfer, waiting};
use crate::conflict::{Conflict, ConflictKind, ConflictStatus};
use crate::event::{EventData, EventRef};
use crate::record::{Change, LET_GO_MAX, Outcome, Record, WaitKey};
use crate::state::{Known, Oversold, State, Subject};

/// Opens the conflict again that a record has decided. What the record itself changed is taken
/// back by now.
pub(super) fn decided(draft: &mut Draft<'_>, record: &Record) -> Result<(), Refusal> {
    let decided = record.changes.iter().find_map(|change| match change {
        Change::Conflict(conflict) if conflict.status == ConflictStatus::Resolved => Some(conflict),
        _ => None,
    });
    let conflict = decided.ok_or("it decided nothing")?;
    let open = match conflict.kind {
        ConflictKind::Unmapped => unmap(draft, record, conflict)?,
        ConflictKind::MassChange => {
            wait_again(draft, record, conflict, &WaitKey::Approval(conflict.id))?
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

/// What is known of an event of the conflict.
pub(super) fn known(draft: &Draft<'_>, event: &EventRef) -> Result<Known, Refusal> {
    let known = draft.state.known(&event.source, &event.id);
    let known = known.iter().find(|known| known.seq == event.seq);
    known.cloned().ok_or_else(|| not_at_hand(event))
}

fn not_at_hand(event: &EventRef) -> Refusal {
    format!("event #{} is not at hand", event.seq)
}

/// The events that the record decided are held by the conflict again.
fn hold_again(draft: &mut Draft<'_>, record: &Record, conflict: &Conflict) -> Result<(), Refusal> {
    let is_orphan = conflict.kind == ConflictKind::Orphan;
    for change in &record.changes {
        let Change::Final { seq, before, .. } = change else { continue };
        decided_by(draft, record, conflict, *seq)?;
        let begun = record.changes.iter().find_map(|change| match change {
            Change::Waiting { on, seq: of } if of == seq => Some(on.clone()),
            _ => None,
        });
        let ended = record.changes.iter().find_map(|change| match change {
            Change::Released { on, seq: of } if of == seq => Some(on.clone()),
            _ => None,
        });
        let mut outcome = Outcome::Conflict;
        if let Some(on) = begun {
            waiting::end(draft, on, *seq);
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
    let event = conflict.events.iter().find(|event| event.seq == seq);
    let event = event.ok_or("an event of the conflict is not listed")?;
    let known = known(draft, event)?;
    if let Some(by) = known.reversed_by {
        return Err(format!("event #{seq} is taken back already (#{by})"));
    }
    if known.decided != record.seq && !is_over_by_itself(draft, &known)? {
        return Err(format!("event #{seq} has been decided again since (#{})", known.decided));
    }
    Ok(())
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

/// A name that was mapped means nothing again, and what waited for it waits again; says whether
/// anything does.
fn unmap(draft: &mut Draft<'_>, record: &Record, conflict: &Conflict) -> Result<bool, Refusal> {
    for change in &record.changes {
        match change {
            Change::Item(_) | Change::Location(_) => {
                return Err("what is known stays known: reverse the events instead".to_owned());
            }
            Change::SkuAlias { name, .. } => {
                draft.change(Change::SkuAlias { name: name.clone(), sku: None });
            }
            Change::LocationAlias { name, .. } => {
                draft.change(Change::LocationAlias { name: name.clone(), location: None });
            }
            Change::ListingAlias { channel, listing, .. } => {
                let (channel, listing) = (channel.clone(), listing.clone());
                draft.change(Change::ListingAlias { channel, listing, sku: None });
            }
            _ => {}
        }
    }
    let key = super::resolve::waits_for(conflict);
    if super::names::is_known(draft, &key) {
        return Err(format!("{key} is known by itself by now"));
    }
    // It was discarded, and another decision has settled since what the name means.
    let mapped = record.changes.iter().any(|change| {
        matches!(
            change,
            Change::SkuAlias { .. } | Change::LocationAlias { .. } | Change::ListingAlias { .. }
        )
    });
    let means_something = match &key {
        WaitKey::Sku(name) => draft.sku(name).is_some(),
        WaitKey::Location(name) => draft.location(name).is_some(),
        WaitKey::Listing(channel, listing) => {
            draft.state.catalogue.listed(channel, listing).is_some()
        }
        _ => false,
    };
    if !mapped && means_something {
        return Err(format!("what {key} means has been decided since: say the event anew"));
    }
    wait_again(draft, record, conflict, &key)
}

/// What was released by a decision is taken back and waits again, the last first; says whether
/// anything does. It may have waited for more, and gone on with that or not. Events that somebody has
/// taken back since stay so.
fn wait_again(
    draft: &mut Draft<'_>,
    record: &Record,
    conflict: &Conflict,
    key: &WaitKey,
) -> Result<bool, Refusal> {
    let mut events: Vec<Known> = Vec::new();
    for seq in let_go(record, conflict)? {
        let event = at_hand(draft, seq)?.event_ref();
        events.push(known(draft, &event)?);
    }
    for known in &events {
        let Some(by) = known.reversed_by else { continue };
        // If that is taken back in turn, it would be in force again without the decision.
        if takes_the_place_of_another(at_hand(draft, by)?) {
            let seq = known.seq;
            return Err(format!("#{seq} gave way to another content since: reverse #{by} first"));
        }
    }
    events.retain(|known| known.reversed_by.is_none());
    events.sort_unstable_by_key(|known| std::cmp::Reverse(known.decided));
    for known in &events {
        let waits = draft.state.waiting.all().find(|(_, seq)| *seq == known.seq);
        let waits = waits.map(|(on, _)| on.clone());
        if let Some(on) = &waits {
            waiting::end(draft, on.clone(), known.seq);
        }
        let is_own = known.decided == known.seq;
        let asked = match &waits {
            // It was released into the question about its batch.
            Some(WaitKey::Approval(batch)) => draft.open_conflict(*batch).cloned(),
            // Another decision has let it wait again.
            Some(on) if is_own => draft.conflict_about(&Subject::Waits(on.clone())).cloned(),
            _ => None,
        };
        if let Some(asked) = asked {
            leave(draft, &asked, known.seq);
        }
        if !is_own {
            take_back_release(draft, known, waits.is_some())?;
        }
        // What made it wait stands again: its own record, unless it came to wait by another one.
        let first = conflict.events.first().is_some_and(|first| first.seq == known.seq);
        let is_name = conflict.kind == ConflictKind::Unmapped;
        let decided = if first && is_name { conflict.opened_seq } else { known.seq };
        let (seq, outcome, decided) = (known.seq, Outcome::Conflict, Some(decided));
        draft.change(Change::Final { seq, outcome, decided, before: None });
        draft.change(Change::Waiting { on: key.clone(), seq: known.seq });
    }
    Ok(!events.is_empty())
}

/// Takes back what has become of an event when it was released.
fn take_back_release(draft: &mut Draft<'_>, known: &Known, waits: bool) -> Result<(), Refusal> {
    let released = at_hand(draft, known.decided)?;
    let is_asked = known.outcome == Outcome::Conflict && !waits;
    if is_asked && !holds_by_itself(draft, released)
        || !matches!(released.envelope.data, EventData::EventReleased(_))
    {
        let seq = known.seq;
        return Err(format!("event #{seq} has gone on to another question: reverse it first"));
    }
    take_back(draft, released)?;
    if let EventData::ItemUpserted(said) = &at_hand(draft, known.seq)?.envelope.data {
        let sku = &said.sku;
        draft.reason = Some(format!("{sku} stays what it was made by #{}: say it anew", known.seq));
    }
    let (seq, by) = (known.decided, Some(draft.seq));
    draft.change(Change::Reversed { seq, by, verdict: false });
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

/// The events that went on by a decision.
///
/// # Errors
/// Says that not all of them are known.
pub(crate) fn let_go(record: &Record, conflict: &Conflict) -> Result<Vec<u64>, Refusal> {
    let noted = record.changes.iter().find_map(|change| match change {
        Change::Woken { events, .. } if !events.is_empty() => Some(events),
        _ => None,
    });
    let listed = conflict.events.len();
    match noted {
        Some(events) => Ok(events.clone()),
        None if conflict.event_count > listed as u64 => {
            Err(format!("more than {LET_GO_MAX} events went on with it: reverse those instead"))
        }
        None => Ok(conflict.events.iter().map(|event| event.seq).collect()),
    }
}
