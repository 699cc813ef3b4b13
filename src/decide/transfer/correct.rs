//! A correction of what was shipped or received lies on the same side of a count as what it
//! corrects: once a person has said on which, nobody is asked that again.

use super::super::draft::Draft;
use super::super::movement::move_on_hand;
use super::super::refused::Refused;
use super::super::reopen::known;
use super::super::reverse::{Refusal, at_hand};
use super::super::take_back::withdraw;
use crate::conflict::{Conflict, ResolutionOption as O};
use crate::event::ReceivedItem;
use crate::id::{ConflictId, LocationId, Sku};
use crate::record::{Bucket, Change, Fact, Outcome, Record};
use crate::state::{LocIx, Overlap, SkuIx};
use crate::transfer::{Receipt, Said, Transfer, TransferLine, TransferUpdate};

/// Where a person has said that something lies which is corrected.
#[derive(Debug, Clone, Copy)]
enum Side {
    /// In a count, so that it never had an effect, or has none any more.
    Gone,
    /// In a count that was accepted after it: it had its effect until then.
    Counted,
    /// After the count.
    Later,
}

/// Moves units as the correction of what was `said`, whose fact the draft is about.
///
/// # Errors
/// Says which conflict has to be decided first.
pub(super) fn correct(
    draft: &mut Draft<'_>,
    said: &Said,
    (sku, location): (SkuIx, LocIx),
    delta: i64,
    state: Option<Bucket>,
) -> Result<(), Refused> {
    let Some(side) = side(draft, said, (sku, location))? else {
        move_on_hand(draft, sku, location, delta, state);
        return Ok(());
    };
    let item = draft.sku_name(sku).clone();
    let place = draft.state.catalogue.location_name(location).clone();
    let fact = draft.fact.clone();
    draft.placed.insert((sku, location));
    draft.mention(sku, location);
    let moved = match side {
        Side::Gone => {
            withdraw(draft, (&item, &place), (delta, state), fact);
            [None, None]
        }
        Side::Counted => {
            draft.counter((&item, &place), delta, fact);
            [None, state]
        }
        Side::Later => [Some(Bucket::OnHand), state],
    };
    for number in moved.into_iter().flatten() {
        draft.add(sku, location, number, delta);
    }
    Ok(())
}

/// The fact that is corrected, of the record that moved something by it.
pub(super) fn fact_of(draft: &Draft<'_>, said: &Said) -> Fact {
    let known = known(draft, &said.event()).ok();
    Fact { of: known.map(|known| known.decided), ..said.fact.clone() }
}

/// The same for units of a receipt that did not arrive after all.
pub(super) fn take_out_of(
    draft: &mut Draft<'_>,
    receipt: &Receipt,
    to: &LocationId,
    rows: &[ReceivedItem],
) -> Result<(), Refused> {
    let place = receipt.at.as_ref().unwrap_or(to);
    let place = draft.location(place).expect("a transfer's locations are known");
    for row in rows {
        let sku = draft.sku(&row.sku).expect("and so are its items");
        correct(draft, &receipt.said, (sku, place), -row.quantity, row.state.bucket())?;
    }
    Ok(())
}

/// On which side of the counts of a level a person has said that something lies, if anybody has.
fn side(draft: &Draft<'_>, said: &Said, level: (SkuIx, LocIx)) -> Result<Option<Side>, Refused> {
    let known = known(draft, &said.event()).map_err(Refused::Impossible)?;
    let record = at_hand(draft, known.decided).map_err(Refused::Impossible)?;
    let Some(count) = &draft.level(level.0, level.1).counted else { return Ok(None) };
    let Some(mut had_effect) = had_effect(draft, record, level) else { return Ok(None) };
    if let Some(asked) = asked_about(draft, record, level) {
        let is_newest = asked.count == Some(count.seq);
        match answer(draft, asked)? {
            // What is in a count is in all that are newer.
            Some(O::KeepCounted) => return Ok(Some(Side::Gone)),
            Some(O::KeepDifference) if is_newest => return Ok(Some(Side::Later)),
            Some(O::KeepDifference) => had_effect = true,
            _ => {}
        }
    }
    // What was said of all around a count was said of what had an effect by then.
    let window_us = draft.state.settings.count_window_us;
    let overlap = count.said_of(said.fact.seen(record.seq, false), window_us);
    let overlap = overlap.filter(|_| count.seq > record.seq);
    Ok(overlap.map(|overlap| match overlap {
        _ if !had_effect => Side::Gone,
        Overlap::Counted => Side::Counted,
        Overlap::Difference => Side::Later,
    }))
}

/// Whether what a record says itself had an effect at a level, if it says anything of it: what a
/// count contained had none.
fn had_effect(draft: &Draft<'_>, record: &Record, level: (SkuIx, LocIx)) -> Option<bool> {
    let is_here = |sku: &Sku, location: &LocationId| {
        draft.sku(sku).zip(draft.location(location)) == Some(level)
    };
    let is_absorbed = record.changes.iter().any(|change| match change {
        Change::Absorbed { sku, location, .. } => {
            record.countered(change).is_none() && is_here(sku, location)
        }
        _ => false,
    });
    let moved = record.effects.iter().any(|effect| {
        let is_own = effect.state == Bucket::OnHand && effect.basis.is_none();
        is_own && is_here(&effect.sku, &effect.location)
    });
    (is_absorbed || moved).then_some(!is_absorbed)
}

/// What a person has answered to a question, if it did not end by itself.
fn answer(draft: &Draft<'_>, asked: &Conflict) -> Result<Option<O>, Refused> {
    let id = asked.id;
    if let Some(open) = draft.open_conflict(id) {
        let level = open.sku.as_ref().zip(open.location.as_ref());
        let (sku, place) = level.ok_or_else(|| not_at_hand(id))?;
        let question = format!("whether the count of {sku} at {place} contains what this corrects");
        return Err(Refused::Impossible(format!("decide {id} first: {question}")));
    }
    let closed = draft.closed_conflict(id).ok_or_else(|| not_at_hand(id))?;
    let Some(resolution) = &closed.resolution else { return Ok(None) };
    let decision = draft.record(resolution.seq).ok_or_else(|| not_at_hand(id))?;
    if resolution.option.is_none() {
        return Ok(None);
    }
    // An answer of after a newer count has changed nothing, and one that was taken back under a
    // newer count is not asked for again.
    let known = known(draft, &decision.event_ref()).map_err(Refused::Impossible)?;
    let holds = decision.outcome == Outcome::Applied && known.reversed_by.is_none();
    Ok(resolution.option.filter(|_| holds))
}

fn not_at_hand(id: ConflictId) -> Refused {
    Refused::Impossible(format!("{id} is not at hand"))
}

/// The question that a record has raised about what it moved at a level near its count.
fn asked_about<'a>(
    draft: &Draft<'_>,
    record: &'a Record,
    level: (SkuIx, LocIx),
) -> Option<&'a Conflict> {
    record.changes.iter().find_map(|change| match change {
        Change::Conflict(conflict)
            if conflict.opened_seq == record.seq
                && conflict.is_about_late_movement()
                && draft.level_about(conflict) == Some(level) =>
        {
            Some(conflict.as_ref())
        }
        _ => None,
    })
}

/// Checks that no decision on a transfer has corrected what a question is about, on which side of
/// a count that lies: the correction lies there as well.
///
/// # Errors
/// Says that one has.
pub(in crate::decide) fn not_corrected(
    draft: &Draft<'_>,
    conflict: &Conflict,
) -> Result<(), Refusal> {
    let events = conflict.events.first().zip(conflict.events.last());
    let (first, last) = events.ok_or("the conflict has no event")?;
    let mut changes = at_hand(draft, last.seq)?.changes.iter().rev();
    let update = changes.find_map(|change| match change {
        Change::Transfer(update) => Some(update.as_ref()),
        _ => None,
    });
    let Some((update, sku)) = update.zip(conflict.sku.as_ref()) else { return Ok(()) };
    let now = draft.known_transfer(&update.transfer).ok_or("its transfer is not at hand")?;
    if stands(update, now, first.seq, sku) {
        Ok(())
    } else {
        Err(super::DECISION_RESTS_ON_IT.to_owned())
    }
}

/// Whether a transfer still says of an item what an update has said by the event of this place.
fn stands(update: &TransferUpdate, now: &Transfer, seq: u64, sku: &Sku) -> bool {
    let is_said = |receipt: &&Receipt| receipt.said.seq == seq;
    if let Some(receipt) = update.receipts.iter().find(is_said) {
        let rows = |receipt: &Receipt| -> Vec<ReceivedItem> {
            receipt.lines.iter().filter(|row| row.sku == *sku).cloned().collect()
        };
        return now.receipts.iter().find(is_said).map(rows) == Some(rows(receipt));
    }
    let shipped = |lines: &[TransferLine]| -> Option<i64> {
        lines.iter().find(|line| line.sku == *sku).map(|line| line.shipped)
    };
    let is_shipment = update.shipment.as_ref().is_some_and(|said| said.seq == seq);
    !is_shipment || shipped(&update.lines) == shipped(&now.lines)
}
