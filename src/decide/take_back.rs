//! What a record has changed is taken back.

use super::draft::Draft;
use super::reverse::Refusal;
use super::taken_back::{come_back, go_again, is_of_reversal};
use super::turn_back::turn_back;
use super::{order, reservation, transfer, uncount};
use crate::id::{LocationId, ReservationId, Sku};
use crate::record::{Basis, Bucket, Change, Effect, Fact, Record};
use crate::reservation::Standing;

/// What a record moved by its own fact.
pub(super) fn fact_of(record: &Record) -> Fact {
    let (time, source) = (record.fact_time(), record.fact_source().clone());
    Fact { time, source, of: Some(record.seq) }
}

/// What it moved by another one.
fn of_record(record: &Record, fact: &Fact) -> Fact {
    Fact { of: Some(record.seq), ..fact.clone() }
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
                come_back(draft, record, *seq)?;
            }
            Change::Reversed { seq, by: None, .. } => go_again(draft, *seq)?,
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

/// How a reservation had ended by what the record has taken back.
fn ended_before<'a>(
    draft: &Draft<'a>,
    record: &Record,
    reservation: &ReservationId,
) -> Option<&'a Standing> {
    let gone = record.changes.iter().filter_map(|change| match change {
        Change::Reversed { seq, by: Some(_), .. } => draft.record(*seq),
        _ => None,
    });
    let mut ends = gone.flat_map(|record| &record.changes).filter_map(|change| match change {
        Change::Reservation(end) if end.reservation == *reservation => Some(&end.standing),
        _ => None,
    });
    ends.find(|standing| matches!(standing, Standing::Released | Standing::Confirmed(_)))
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
