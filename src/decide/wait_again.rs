//! A decision that let events go on is reversed, on a name that nobody knew or on a batch: they wait
//! for it again, as far as nothing that comes before it holds them.

use super::draft::Draft;
use super::names;
use super::reopen::{known, not_at_hand};
use super::resolve::waits_for;
use super::reverse::{Refusal, at_hand};
use super::taken_back::takes_the_place_of_another;
use super::went_on::{awaited, decided_until, stop_waiting, take_back_going_on};
use crate::conflict::{Conflict, ConflictKind};
use crate::event::EventRef;
use crate::record::{Change, LET_GO_MAX, Outcome, Record, WaitKey};
use crate::state::Known;

/// Events named at most in a refusal.
const NAMED_MAX: usize = 5;

/// A name that was mapped means nothing again, and what waited for it waits again; says what does.
pub(super) fn unmap(
    draft: &mut Draft<'_>,
    record: &Record,
    conflict: &Conflict,
) -> Result<Vec<u64>, Refusal> {
    for change in &record.changes {
        match change {
            Change::Item(_) | Change::Location(_) => {
                let instead = instead(draft, record, conflict)?;
                return Err(format!("what is known stays known: {instead}"));
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
    let key = waits_for(conflict);
    if names::is_known(draft, &key) {
        let instead = instead(draft, record, conflict)?;
        return Err(format!("{key} is known by itself by now: {instead}"));
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

/// What there is to do about events that went on with a decision on a name that stays known.
fn instead(draft: &Draft<'_>, record: &Record, conflict: &Conflict) -> Result<String, Refusal> {
    let mut names: Vec<String> = Vec::new();
    let mut more = 0;
    for seq in let_go(record, conflict)? {
        let event = at_hand(draft, seq)?.event_ref();
        let known = known(draft, &event)?;
        let has_effect = matches!(known.outcome, Outcome::Applied | Outcome::Absorbed);
        if !has_effect || known.reversed_by.is_some() {
            continue;
        }
        if names.len() < NAMED_MAX {
            names.push(format!("{} of {}", event.id, event.source));
        } else {
            more += 1;
        }
    }
    let names = names.join(", ");
    Ok(match more {
        _ if names.is_empty() => "say anew what is to be so".to_owned(),
        0 => format!("reverse {names} instead"),
        _ => format!("reverse {names} and {more} more instead"),
    })
}

/// What was released by a decision is taken back and waits again, the last first; says what does. It
/// may have waited for more, and gone on with that or not. Events that somebody has taken back since
/// stay so.
pub(super) fn wait_again(
    draft: &mut Draft<'_>,
    record: &Record,
    conflict: &Conflict,
    key: &WaitKey,
) -> Result<Vec<u64>, Refusal> {
    let mut events: Vec<(u64, EventRef)> = Vec::new();
    for seq in let_go(record, conflict)? {
        let event = at_hand(draft, seq)?.event_ref();
        events.push((known(draft, &event)?.decided, event));
    }
    events.sort_unstable_by_key(|(decided, _)| std::cmp::Reverse(*decided));
    let mut waiting: Vec<u64> = Vec::new();
    for (_, event) in &events {
        // What went on later with the same decision may have taken it back, or brought it back.
        let known = draft.known(&event.source, &event.id);
        let known = known.into_iter().find(|known| known.seq == event.seq);
        let known = known.ok_or_else(|| not_at_hand(event))?;
        if let Some(by) = known.reversed_by {
            stays_gone(draft, &known, by)?;
        } else if is_let_go(draft, &known, record, key) {
            waits(draft, record, conflict, &known, key)?;
            waiting.push(known.seq);
        }
    }
    Ok(waiting)
}

/// Takes back what has become of an event since a decision let it go, and lets it wait again.
fn waits(
    draft: &mut Draft<'_>,
    record: &Record,
    conflict: &Conflict,
    known: &Known,
    key: &WaitKey,
) -> Result<(), Refusal> {
    let on = awaited(draft, known.seq);
    let has_gone_on = known.decided > record.seq;
    let decided = match decided_until(draft, known, record.seq)? {
        Some(decided) => decided,
        None => decided_first(conflict, known.seq),
    };
    if let Some(on) = &on {
        stop_waiting(draft, on, known.seq, !has_gone_on);
    }
    if has_gone_on {
        take_back_going_on(draft, known, on.is_some())?;
    }
    // What made it wait stands again.
    let (seq, outcome, decided) = (known.seq, Outcome::Conflict, Some(decided));
    draft.change(Change::Final { seq, outcome, decided, before: None });
    draft.change(Change::Waiting { on: key.clone(), seq });
    Ok(())
}

/// What somebody has taken back since stays so. It is gone with the decision now as well: it must not
/// be in force again without that.
fn stays_gone(draft: &mut Draft<'_>, known: &Known, by: u64) -> Result<(), Refusal> {
    if by != draft.seq && takes_the_place_of_another(at_hand(draft, by)?) {
        let seq = known.seq;
        return Err(format!("#{seq} gave way to another content since: reverse #{by} first"));
    }
    let (decided, by) = (known.decided, Some(draft.seq));
    for seq in [decided].into_iter().chain((decided != known.seq).then_some(known.seq)) {
        draft.change(Change::reversed(seq, by));
    }
    Ok(())
}

/// Whether an event that a record has let go is to wait again for what it had waited for. If what came
/// before that is taken back by now, it is held by that, and comes here again from there. Of several
/// names it waits for the one that means nothing since.
fn is_let_go(draft: &Draft<'_>, known: &Known, record: &Record, key: &WaitKey) -> bool {
    let waits = awaited(draft, known.seq);
    let waits_for_name = waits.is_some_and(|on| on.is_name() || matches!(on, WaitKey::Approval(_)));
    known.decided > record.seq || key.is_name() && waits_for_name
}

/// What made an event wait, where the records do not say so: its own record, unless it came to wait
/// for a name by the one that had opened the question.
fn decided_first(conflict: &Conflict, seq: u64) -> u64 {
    let first = conflict.events.first().is_some_and(|first| first.seq == seq);
    if first && conflict.kind == ConflictKind::Unmapped { conflict.opened_seq } else { seq }
}

/// A conflict about names or a batch with those of its events that wait for it again.
pub(super) fn about_these(conflict: &Conflict, waiting: &[u64]) -> Conflict {
    let mut conflict = conflict.clone();
    conflict.events.retain(|event| waiting.contains(&event.seq));
    conflict.event_count = waiting.len() as u64;
    conflict
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
