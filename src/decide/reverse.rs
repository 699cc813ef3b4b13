//! `event.reversed`: the counter-effect of an event that took effect, once (contract.md section
//! 10). The stored effects are negated, except what a later count already contains; orders return
//! to their earlier state. A decision on a conflict is an event too: its conflict opens again.
//!
//! A reversal is a request. It is refused where there is nothing to take back, and where something
//! later rests on what it would take back: that has to be reversed first.

use super::draft::{Draft, Undoes};
use super::{contents, drift, late, order, reopen, reservation, transfer, uncount};
use crate::conflict::{Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use crate::event::{EventData, EventReversed};
use crate::history::is_verdict;
use crate::id::{EventId, LocationId, ReservationId, Sku, Source};
use crate::record::{Basis, Bucket, Change, Effect, Fact, Outcome, Record};
use crate::reservation::Standing;
use crate::state::Known;

/// Why something cannot be taken back, in words for whoever asked for it.
pub(super) type Refusal = String;

/// Takes back what the event of a name did.
pub(super) fn reversed(draft: &mut Draft<'_>, data: &EventReversed) -> Outcome {
    let untouched = draft.clone();
    match by_name(draft, &data.source, &data.id) {
        Ok(()) => Outcome::Applied,
        Err(refusal) => {
            *draft = untouched;
            draft.reason = Some(refusal);
            Outcome::Rejected
        }
    }
}

fn by_name(draft: &mut Draft<'_>, source: &Source, id: &EventId) -> Result<(), Refusal> {
    let known = in_force(draft, source, id)?;
    let record = at_hand(draft, known.decided)?;
    let own = known.decided == known.seq;
    can_be_named(&at_hand(draft, known.seq)?.envelope.data, record, own)?;
    draft.fact = fact_of(record);
    let decides = own && matches!(record.envelope.data, EventData::ConflictResolved(_));
    if decides {
        reopen::take_back_later(draft, record)?;
    }
    take_back(draft, record)?;
    if decides {
        reopen::decided(draft, record)?;
    }
    let (by, verdict) = (Some(draft.seq), is_verdict(record));
    for seq in [known.decided].into_iter().chain((!own).then_some(known.seq)) {
        draft.change(Change::Reversed { seq, by, verdict });
    }
    contents::hold_alone(draft)
}

/// Of all that was recorded under a name, what is in force.
fn in_force(draft: &Draft<'_>, source: &Source, id: &EventId) -> Result<Known, Refusal> {
    let known = draft.known(source, id);
    let takes_effect = |known: &&Known| {
        let decides = draft
            .record(known.seq)
            .is_some_and(|record| matches!(record.envelope.data, EventData::ConflictResolved(_)));
        known.reversed_by.is_none()
            && (decides || matches!(known.outcome, Outcome::Applied | Outcome::Absorbed))
    };
    if let Some(known) = known.iter().rev().find(takes_effect) {
        return Ok(known.clone());
    }
    let Some(last) = known.last() else {
        return Err(format!("there is no event {id} of {source}"));
    };
    if let Some(by) = known.iter().rev().find_map(|known| known.reversed_by) {
        return Err(format!("it is taken back already (#{by})"));
    }
    Err(match last.outcome {
        Outcome::Parked => "it is parked: nothing of it has taken effect".to_owned(),
        Outcome::Conflict => "it is held by a conflict: decide that instead".to_owned(),
        other => format!("it had no effect: it is {}", other.as_str()),
    })
}

pub(super) fn at_hand<'a>(draft: &Draft<'a>, seq: u64) -> Result<&'a Record, Refusal> {
    draft.record(seq).ok_or_else(|| format!("record #{seq} is not at hand"))
}

/// What a record moved by its own fact.
pub(super) fn fact_of(record: &Record) -> Fact {
    let (time, source) = (record.fact_time(), record.fact_source().clone());
    Fact { time, source, of: Some(record.seq) }
}

/// What it moved by another one.
fn of_record(record: &Record, fact: &Fact) -> Fact {
    Fact { of: Some(record.seq), ..fact.clone() }
}

/// Whether what an event says can be taken back at all. `record` is the one that holds its effects:
/// its `own`, or one that decided it later.
fn can_be_named(said: &EventData, record: &Record, own: bool) -> Result<(), Refusal> {
    let refusal = match said {
        EventData::ItemUpserted(_) | EventData::LocationUpserted(_) => {
            "what is known of a name is changed by saying it anew".to_owned()
        }
        EventData::ChannelLevelReported(_) => "an observation has no effect".to_owned(),
        EventData::EventOrphaned(_) => "nothing has taken effect by it".to_owned(),
        EventData::EventReleased(released) => {
            let (source, id) = (&released.source, &released.id);
            format!("it went on with an event: reverse {id} of {source} instead")
        }
        // The decision took the first content back as well, which must not come back by itself.
        _ if !own && takes_the_place_of_another(record) => {
            let id = &record.envelope.id;
            format!("it was applied instead of another: reverse that decision, {id} of onhand")
        }
        _ => return Ok(()),
    };
    Err(refusal)
}

fn takes_anything_back(record: &Record) -> bool {
    record.changes.iter().any(|change| matches!(change, Change::Reversed { .. }))
}

/// Whether a record has let something stand again that was taken back.
fn brings_back(record: &Record) -> bool {
    record.changes.iter().any(|change| matches!(change, Change::Reversed { by: None, .. }))
}

/// Whether a record has taken one content back for another.
pub(super) fn takes_the_place_of_another(record: &Record) -> bool {
    !replaced(record).is_empty()
}

/// What a record has taken back for another content to take its place: the record that held the
/// effects of the first, then the first itself, if that is another. What the second takes back of its
/// own accord is no part of it.
pub(super) fn replaced(record: &Record) -> Vec<u64> {
    let first = record.changes.iter().find_map(|change| match change {
        Change::Conflict(conflict) => {
            let decision = conflict.resolution.as_ref().filter(|it| it.seq == record.seq);
            decision.filter(|decision| decision.option == Some(O::ApplySecond))?;
            conflict.events.first()
        }
        _ => None,
    });
    let Some(first) = first else { return Vec::new() };
    let taken_back = record.changes.iter().filter_map(|change| match change {
        Change::Reversed { seq, by: Some(_), .. } => Some(*seq),
        _ => None,
    });
    let taken_back: Vec<u64> = taken_back.collect();
    let end = taken_back.iter().position(|seq| *seq == first.seq).map_or(0, |place| place + 1);
    taken_back[..end].to_vec()
}

/// How a reservation had ended by a content that the record has taken back for another one.
fn ended_before<'a>(
    draft: &Draft<'a>,
    record: &Record,
    reservation: &ReservationId,
) -> Option<&'a Standing> {
    let dropped = replaced(record).into_iter().filter_map(|seq| draft.record(seq));
    let mut ends = dropped.flat_map(|record| &record.changes).filter_map(|change| match change {
        Change::Reservation(end) if end.reservation == *reservation => Some(&end.standing),
        _ => None,
    });
    ends.find(|standing| matches!(standing, Standing::Released | Standing::Confirmed(_)))
}

/// Whether a record is what has become of a reversal, be it held for a while.
fn is_of_reversal(record: &Record) -> bool {
    takes_anything_back(record) && !takes_the_place_of_another(record)
}

/// Takes back what a record changed, the last first.
pub(super) fn take_back(draft: &mut Draft<'_>, record: &Record) -> Result<(), Refusal> {
    let by_reversal = is_of_reversal(record);
    for effect in record.effects.iter().rev() {
        negate(draft, record, effect)?;
    }
    for change in record.changes.iter().rev() {
        match change {
            Change::Counted(counted) => uncount::uncount(draft, counted)?,
            Change::Uncounted { sku, location, seq, counted } => {
                uncount::turn_back(draft, record, (sku, location), *seq, counted.as_ref())?;
            }
            Change::Order(update) => order::take_back_update(draft, record.seq, update)?,
            Change::Transfer(update) => transfer::take_back_update(draft, record, update)?,
            Change::Reservation(update) => {
                let ended = ended_before(draft, record, &update.reservation);
                reservation::take_back_update(draft, update, by_reversal, ended)?;
            }
            Change::Conflict(conflict) => turn_back(draft, record, conflict)?,
            Change::Reversed { seq, by: Some(_), .. } => {
                // What stands again moves apart from what goes for it, also where that is as much.
                draft.begin_part(None);
                draft.change(Change::Reversed { seq: *seq, by: None, verdict: false });
            }
            Change::Reversed { seq, by: None, .. } => go_again(draft, record, *seq)?,
            Change::Absorbed { sku, location, delta, state, movement, .. } => {
                if let Some((time, source, delta)) = record.countered(change) {
                    let fact = Fact { time, source: source.clone(), of: Some(record.seq) };
                    stand_again(draft, record, (sku, location), -delta, fact)?;
                } else {
                    let own = || fact_of(record);
                    let fact = movement.as_ref().map_or_else(own, |fact| of_record(record, fact));
                    withdraw(draft, (sku, location), (-delta, *state), fact);
                }
            }
            Change::Withdrawn { sku, location, delta, state, fact } => {
                withdraw(draft, (sku, location), (-delta, *state), of_record(record, fact));
            }
            // A name that is known stays known; what an event waited for has come; what is only
            // noted has no effect.
            Change::Item(_)
            | Change::Location(_)
            | Change::SkuAlias { .. }
            | Change::LocationAlias { .. }
            | Change::ListingAlias { .. }
            | Change::Timer { .. }
            | Change::Waiting { .. }
            | Change::Woken { .. }
            | Change::Released { .. }
            | Change::Recovered { .. }
            | Change::Held { .. }
            | Change::Final { .. } => {}
        }
    }
    Ok(())
}

/// What a record has brought back goes again with it, unless it has gone since.
fn go_again(draft: &mut Draft<'_>, record: &Record, seq: u64) -> Result<(), Refusal> {
    let by_itself = matches!(record.envelope.data, EventData::EventReversed(_));
    if by_itself && draft.undoes == Undoes::Event {
        return Err("it brought an event back: reverse that event instead".to_owned());
    }
    let event = at_hand(draft, seq)?.event_ref();
    let known = draft.known(&event.source, &event.id);
    let gone_by = known.iter().filter(|known| known.seq == seq || known.decided == seq);
    let mut gone_by = gone_by.filter_map(|known| known.reversed_by);
    if let Some(by) = gone_by.find(|by| *by != draft.seq) {
        return Err(format!("#{seq}, which it brought back, has gone since: reverse #{by} first"));
    }
    draft.begin_part(None);
    draft.change(Change::Reversed { seq, by: Some(draft.seq), verdict: false });
    Ok(())
}

/// Negates one effect, unless a count that was accepted since contains it.
fn negate(draft: &mut Draft<'_>, record: &Record, effect: &Effect) -> Result<(), Refusal> {
    if effect.state == Bucket::Incoming && transfer::books_incoming(record) {
        return Ok(());
    }
    let known = draft.sku(&effect.sku).zip(draft.location(&effect.location));
    let (sku, location) = known.ok_or("its item or its location is not known")?;
    let fact = match &effect.basis {
        Some(Basis::Movement(fact)) => of_record(record, fact),
        _ => fact_of(record),
    };
    // What a count did, or the end of one, is no movement.
    let count = match effect.basis {
        Some(Basis::Count(seq)) => Some(seq),
        None if !record.is_movement() => Some(record.seq),
        _ => None,
    };
    let basis = match count {
        Some(seq) => Some(Basis::Count(seq)),
        None => draft.says_whose(&fact).then(|| Basis::Movement(fact.clone())),
    };
    let level = draft.level(sku, location);
    let window_us = draft.state.settings.count_window_us;
    let contained = level.counted.as_ref().is_some_and(|count| {
        let moved = fact.seen(record.seq, false);
        count.seq > record.seq && count.contains(moved, window_us)
    });
    draft.begin_part(basis);
    if contained && count.is_none() && effect.state == Bucket::OnHand {
        draft.mention(sku, location);
        draft.counter((&effect.sku, &effect.location), -effect.delta, fact);
    } else {
        draft.add(sku, location, effect.state, -effect.delta);
    }
    Ok(())
}

/// Notes that a movement that never had an effect is taken back, or stands again.
pub(super) fn withdraw(
    draft: &mut Draft<'_>,
    (sku, location): (&Sku, &LocationId),
    (delta, state): (i64, Option<Bucket>),
    fact: Fact,
) {
    let (sku, location) = (sku.clone(), location.clone());
    draft.change(Change::Withdrawn { sku, location, delta, state, fact });
}

/// A movement stands again whose taking back changed nothing, because a count contained both. So
/// does this, unless a person has said of a newer count that what happened around it is not in it.
fn stand_again(
    draft: &mut Draft<'_>,
    record: &Record,
    (sku, location): (&Sku, &LocationId),
    delta: i64,
    fact: Fact,
) -> Result<(), Refusal> {
    let known = draft.sku(sku).zip(draft.location(location));
    let (item, place) = known.ok_or("its item or its location is not known")?;
    let window_us = draft.state.settings.count_window_us;
    let level = draft.level(item, place);
    let newer = level.counted.as_ref().filter(|count| count.seq > record.seq);
    let moved = fact.seen(record.seq, true);
    let comes_after = newer.is_some_and(|count| !count.contains(moved, window_us));
    if comes_after {
        draft.begin_part(Some(Basis::Movement(fact)));
        draft.add(item, place, Bucket::OnHand, delta);
    } else {
        draft.counter((sku, location), delta, fact);
    }
    Ok(())
}

/// A conflict about what the record did is over with it, unless a decision on it rests on that.
fn turn_back(draft: &mut Draft<'_>, record: &Record, conflict: &Conflict) -> Result<(), Refusal> {
    // Whether a level is oversold follows from the level, whether a transfer arrived as it left from
    // the transfer, and what a conflict shows from what has moved.
    if conflict.renewed_seq == Some(record.seq) {
        return Ok(());
    }
    let by_reversal = is_of_reversal(record);
    let reopened = by_reversal && conflict.status == ConflictStatus::Open;
    if conflict.kind == ConflictKind::Oversold && reopened && conflict.opened_seq != record.seq {
        return Err(format!("{} is open again: decide that instead", conflict.id));
    }
    if conflict.kind == ConflictKind::Oversold || conflict.is_about_transfer() {
        return Ok(());
    }
    let joined = conflict.status == ConflictStatus::Open && !by_reversal;
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
                && !by_reversal =>
        {
            return Ok(());
        }
        ConflictStatus::Open if conflict.opened_seq == record.seq => {}
        // The count that had ended the question stands again.
        ConflictStatus::Open if uncount::ends_again(record, conflict) => return Ok(()),
        ConflictStatus::Open if by_reversal => return Err(asked_since(draft, conflict)),
        // It was asked again about what the record had brought back.
        ConflictStatus::Open if brings_back(record) => {}
        ConflictStatus::AutoResolved if conflict.is_about_late_movement() => {
            return late::asked_again(draft, conflict);
        }
        // What was over with an event is to be asked again with it.
        ConflictStatus::AutoResolved
            if by_reversal
                || conflict.kind == ConflictKind::CountOverlap
                    && takes_the_place_of_another(record) =>
        {
            return reopen::reopen(draft, conflict);
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

/// What to do instead of bringing back what was taken back for a conflict to be asked again.
fn asked_since(draft: &Draft<'_>, conflict: &Conflict) -> Refusal {
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
    draft.change(Change::Conflict(Box::new(conflict)));
}
