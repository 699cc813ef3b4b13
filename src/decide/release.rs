//! `event.released`: what an event waited for has come, so it is decided again, with its own time.

use super::draft::Draft;
use super::{Held, Lifted, Stop, mass_change, poison, waiting, weigh};
use crate::event::{Event, EventData};
use crate::ledger::Sight;
use crate::record::{Change, Decision, Outcome, Record};
use crate::state::Due;
use crate::time::Now;

/// Decides an event again that waited for something. `carrier` is Onhand's own event that records
/// this. The event may wait for something else afterwards, or be held by another safeguard, as it is
/// if its `batch` is.
pub(crate) fn release(
    sight: Sight<'_>,
    carrier: &Event,
    held: &Record,
    due: &Due,
    now: Now,
    batch: Option<Held<'_>>,
) -> Decision {
    let draft = || {
        let mut draft = Draft::new(sight, carrier, now, "onhand");
        draft.stand_for(held);
        waiting::end(&mut draft, due.on.clone(), due.seq);
        draft
    };
    if due.discard {
        let mut draft = draft();
        draft.reason = Some("discarded by a person".to_owned());
        return end(draft, Outcome::Rejected, held.seq);
    }
    let mut attempt = draft();
    attempt.held = batch;
    let outcome = match batch.filter(|batch| batch.is_certain()) {
        Some(batch) => Ok(mass_change::hold(&mut attempt, batch, &held.envelope.data, held.seq)),
        None => weigh(&mut attempt, &held.envelope, held.seq, Lifted::again()),
    };
    match settle(attempt, outcome, held.seq) {
        Ok(decision) if waits_again(&decision, due) => {
            // It would come due again at once, and again.
            let mut draft = draft();
            let why = format!("it waits again for {}, which has come", due.on);
            poison::ask(&mut draft, &held.envelope, &why);
            end(draft, Outcome::Conflict, held.seq)
        }
        Ok(decision) => decision,
        Err(Stop::Duplicate(original)) => {
            let mut draft = draft();
            draft.reason = Some(format!("says the same as #{}", original.seq));
            draft.original = Some(original);
            end(draft, Outcome::Duplicate, held.seq)
        }
        Err(Stop::Invalid(errors)) => {
            let mut draft = draft();
            let why = errors.into_iter().next().map(|error| error.detail).unwrap_or_default();
            if is_request(&held.envelope.data) {
                draft.reason = Some(why);
                return end(draft, Outcome::Rejected, held.seq);
            }
            // A fact happened: it is not given up without a person.
            poison::ask(&mut draft, &held.envelope, &why);
            end(draft, Outcome::Conflict, held.seq)
        }
    }
}

/// Whether an event would wait for just what it has been released for.
fn waits_again(decision: &Decision, due: &Due) -> bool {
    decision.changes.iter().any(
        |change| matches!(change, Change::Waiting { on, seq } if *on == due.on && *seq == due.seq),
    )
}

/// Whether an event asks for something that may be refused.
const fn is_request(data: &EventData) -> bool {
    matches!(
        data,
        EventData::StockSet(_)
            | EventData::ReservationPlaced(_)
            | EventData::ReservationReleased(_)
            | EventData::ReservationConfirmed(_)
            | EventData::EventReversed(_)
    )
}

/// Ends the decision about a held event, and notes what has become of it by now.
pub(super) fn settle(
    mut draft: Draft<'_>,
    outcome: Result<Outcome, Stop>,
    seq: u64,
) -> Result<Decision, Stop> {
    let outcome = outcome?;
    draft.became(seq, outcome);
    Ok(draft.finish(outcome)?)
}

/// Ends a decision that changes no number.
fn end(mut draft: Draft<'_>, outcome: Outcome, seq: u64) -> Decision {
    draft.became(seq, outcome);
    draft.finish(outcome).expect("a decision without effects leaves no range")
}
