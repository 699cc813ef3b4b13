//! `apply_second`: of two contents of one id, or of one business fact, the second one is right. The
//! first is taken back as by `event.reversed`, and the second is decided as if it had come alone.

use super::draft::{Draft, Undoes};
use super::refused::Refused;
use super::reverse::at_hand;
use super::take_back::take_back;
use super::taken_back::replaced;
use super::{Lifted, contents, waiting, weigh};
use crate::conflict::{Conflict, ConflictKind};
use crate::event::EventRef;
use crate::record::{Change, Outcome};

/// Takes the first event of the conflict back and decides the second; all others are refused.
pub(super) fn apply(draft: &mut Draft<'_>, conflict: &Conflict) -> Result<Outcome, Refused> {
    let missing = || Refused::Impossible("its events are not at hand".to_owned());
    let (first, second) =
        conflict.events.first().zip(conflict.events.get(1)).ok_or_else(missing)?;
    let second = draft.record(second.seq).ok_or_else(missing)?;
    draft.stand_for(second);
    drop_first(draft, first)?;
    // What it had taken back is there again by itself, whatever the second takes back then.
    contents::hold_alone(draft).map_err(Refused::Impossible)?;
    for event in conflict.events.iter().skip(2) {
        draft.change(Change::became(event.seq, Outcome::Rejected));
    }
    draft.begin_part(None);
    // What is asked again without the first is no question about the second.
    draft.conflict = None;
    // The version that the sender saw was that before the first content, which is gone.
    let lifted = Lifted { version: conflict.kind == ConflictKind::IdReused, ..Lifted::default() };
    let outcome = weigh(draft, &second.envelope, second.seq, lifted)?;
    draft.change(Change::became(second.seq, outcome));
    contents::hold_alone(draft).map_err(Refused::Impossible)?;
    Ok(outcome)
}

/// Takes a record back. What that has taken back for its own sake does not come back with it.
fn drop_record(draft: &mut Draft<'_>, seq: u64) -> Result<(), Refused> {
    let record = at_hand(draft, seq).map_err(Refused::Impossible)?;
    take_back(draft, record).map_err(Refused::Impossible)?;
    let dropped = replaced(record);
    let Some(holds_effects) = dropped.first() else { return Ok(()) };
    draft.begin_part(None);
    let place = draft.changes.len();
    drop_record(draft, *holds_effects)?;
    // What it had taken back stands again without it, as it did before.
    let stands = draft.changes[place..].iter().filter_map(|change| match change {
        Change::Reversed { seq, by: None, .. } => Some(*seq),
        _ => None,
    });
    let stands: Vec<u64> = stands.filter(|seq| goes(&draft.changes[..place], *seq)).collect();
    draft.changes.retain(|change| match change {
        // They were taken back before, and are so now.
        Change::Reversed { seq, by: None, .. } if dropped.contains(seq) => false,
        Change::Reversed { seq, .. } => !stands.contains(seq),
        _ => true,
    });
    Ok(())
}

/// Whether a record is taken back among these.
fn goes(changes: &[Change], record: u64) -> bool {
    let goes =
        |change| matches!(change, &Change::Reversed { seq, by: Some(_), .. } if seq == record);
    changes.iter().any(goes)
}

/// The first content has no effect any more, if it ever had one.
fn drop_first(draft: &mut Draft<'_>, first: &EventRef) -> Result<(), Refused> {
    let known = draft.known(&first.source, &first.id);
    let known = known.iter().find(|known| known.seq == first.seq).cloned();
    let known = known.ok_or_else(|| Refused::Impossible("the first is not at hand".to_owned()))?;
    if known.reversed_by.is_some() {
        return Ok(());
    }
    match known.outcome {
        Outcome::Applied | Outcome::Absorbed => {
            draft.undoes = Undoes::Content;
            drop_record(draft, known.decided)?;
            // What goes because the first had brought it back comes after the first itself: it is no
            // part of what the second takes the place of.
            let is_gone =
                |change: &mut Change| matches!(change, Change::Reversed { by: Some(_), .. });
            let gone: Vec<Change> = draft.changes.extract_if(.., is_gone).collect();
            let own = (known.decided != known.seq).then_some(known.seq);
            for seq in [known.decided].into_iter().chain(own) {
                draft.change(Change::reversed(seq, Some(draft.seq)));
            }
            draft.changes.extend(gone);
        }
        Outcome::Parked => {
            let seq = known.seq;
            let on = draft.state.waiting().all().find(|(_, waits)| *waits == seq);
            let on = on.map(|(on, _)| on.clone());
            let on = on.ok_or_else(|| Refused::Impossible("the first is on its way".to_owned()))?;
            waiting::end(draft, on, seq);
            // If it waits again, what had decided that may be taken back.
            let (outcome, before) = (Outcome::Rejected, Some(known.decided));
            draft.change(Change::Final { seq, outcome, decided: None, before });
        }
        Outcome::Conflict => {
            let problem = "the first is held by another conflict: decide that first";
            return Err(Refused::Impossible(problem.to_owned()));
        }
        Outcome::Duplicate | Outcome::Superseded | Outcome::Rejected | Outcome::Invalid => {}
    }
    Ok(())
}
