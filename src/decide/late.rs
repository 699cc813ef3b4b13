//! Questions about movements that came late to a count: a person is asked as long as both stand, and
//! nobody has answered.

use super::draft::Draft;
use super::reopen::reopen;
use super::reverse::{Refusal, at_hand};
use super::transfer;
use crate::conflict::{Conflict, ConflictStatus};
use crate::state::{LocIx, SkuIx};

/// Whether a movement is asked about again whose decision is taken back. Under a newer count it is
/// once that is taken back as well.
pub(super) fn stands_near(draft: &Draft<'_>, conflict: &Conflict) -> Result<bool, Refusal> {
    if let Some(by) = movement_gone_by(draft, conflict)? {
        let movement = conflict.events.last().map_or(0, |event| event.seq);
        return Err(format!("event #{movement} is taken back already (#{by})"));
    }
    transfer::not_corrected(draft, conflict)?;
    Ok(count_stands(draft, conflict))
}

/// A count stands again: so does each question about it to which no answer is in force.
pub(super) fn ask_about_count(
    draft: &mut Draft<'_>,
    sku: SkuIx,
    location: LocIx,
) -> Result<(), Refusal> {
    let Some(count) = draft.level(sku, location).counted.as_ref().map(|count| count.seq) else {
        return Ok(());
    };
    for question in draft.questions_about(count) {
        asked_again(draft, &question)?;
    }
    Ok(())
}

/// A question is asked again, unless it is being asked, or is answered: but nobody is asked on which
/// side of a count that is gone something lies, nor about a movement that is.
pub(super) fn asked_again(draft: &mut Draft<'_>, question: &Conflict) -> Result<(), Refusal> {
    let question = draft.latest(question.id).unwrap_or(question).clone();
    if question.status == ConflictStatus::Open
        || !count_stands(draft, &question)
        || movement_gone_by(draft, &question)?.is_some()
        || is_answered(draft, &question)?
    {
        return Ok(());
    }
    transfer::not_corrected(draft, &question)?;
    reopen(draft, &question)
}

/// Whether a person's answer to the question is in force.
fn is_answered(draft: &Draft<'_>, question: &Conflict) -> Result<bool, Refusal> {
    let ended = question.resolution.as_ref();
    let Some(answer) = ended.filter(|ended| ended.option.is_some()) else { return Ok(false) };
    let event = at_hand(draft, answer.seq)?.event_ref();
    let known = draft.known(&event.source, &event.id);
    Ok(known.iter().any(|known| known.seq == event.seq && known.reversed_by.is_none()))
}

/// The record that has taken the movement back that a conflict is about.
fn movement_gone_by(draft: &Draft<'_>, conflict: &Conflict) -> Result<Option<u64>, Refusal> {
    let movement = conflict.events.last().ok_or("the conflict has no event")?;
    let known = draft.known(&movement.source, &movement.id);
    let known = known.into_iter().find(|known| known.seq == movement.seq);
    let known = known.ok_or_else(|| format!("event #{} is not at hand", movement.seq))?;
    Ok(known.reversed_by)
}

/// Whether the count stands that a conflict is about.
fn count_stands(draft: &Draft<'_>, conflict: &Conflict) -> bool {
    let level = draft.level_about(conflict).map(|(sku, location)| draft.level(sku, location));
    let counted = level.and_then(|level| level.counted.as_ref());
    counted.map(|count| count.seq) == conflict.count
}
