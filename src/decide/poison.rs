//! Safeguard 9: what the processor cannot handle, because a rule panics, is flagged for a person and
//! changes nothing else. It can be decided again, when the rule is mended, or given up.

use super::draft::Draft;
use super::release::settle;
use super::{Lifted, Stop, describe, names, orphan, reservation, waiting, weigh};
use crate::conflict::{Conflict, ConflictKind, Evidence, ResolutionOption as O};
use crate::event::{Event, EventData};
use crate::ledger::Sight;
use crate::record::{Change, Decision, Outcome, Record, Timer};
use crate::state::Due;
use crate::time::Now;

/// What could not be handled.
pub(crate) enum Failed<'a> {
    /// The event that the record carries.
    Event,
    /// An event whose waiting is over.
    Held(&'a Record, &'a Due),
    /// What the passing of time brings about.
    Timer(&'a Timer),
}

/// Flags what could not be handled, for this reason. It does not wait any longer, nor come due
/// again: nothing tries it again by itself.
pub(crate) fn flag(
    sight: Sight<'_>,
    carrier: &Event,
    failed: &Failed<'_>,
    why: &str,
    now: Now,
    actor: &str,
) -> Decision {
    let mut draft = Draft::new(sight, carrier, now, actor);
    let mut event = carrier;
    match failed {
        Failed::Event => {}
        Failed::Held(held, due) => {
            event = &held.envelope;
            draft.stand_for(held);
            waiting::end(&mut draft, due.on.clone(), due.seq);
            draft.became(held.seq, Outcome::Conflict);
        }
        Failed::Timer(timer) => {
            draft.change(Change::Timer { what: (*timer).clone(), at: None });
        }
    }
    draft.reason = Some("the processor could not handle it".to_owned());
    ask(&mut draft, event, why);
    draft.note_said(carrier, Outcome::Conflict);
    draft.finish(Outcome::Conflict).expect("a decision without effects leaves no range")
}

/// Asks a person about an event that cannot be handled, for this reason.
pub(super) fn ask(draft: &mut Draft<'_>, event: &Event, why: &str) {
    let evidence = vec![
        Evidence::at("the event says", describe(event), event.time),
        Evidence::new("what went wrong", why),
    ];
    draft.reason.get_or_insert_with(|| why.to_owned());
    draft.open(ConflictKind::Poison, names::about(draft, &event.data), evidence);
}

/// Carries a person's decision out: it is decided again, or given up. `held` is what could not be
/// handled.
pub(super) fn decide(
    mut draft: Draft<'_>,
    conflict: &Conflict,
    option: O,
    held: &Record,
) -> Result<Decision, Stop> {
    draft.stand_for(held);
    if option == O::Discard {
        draft.change(Change::became(held.seq, Outcome::Rejected));
        return Ok(draft.finish(Outcome::Applied)?);
    }
    let outcome = match &held.envelope.data {
        EventData::ReservationExpired(data) => {
            Ok(reservation::end_of_time(&mut draft, &data.reservation))
        }
        EventData::EventOrphaned(data) => Ok(orphan::ask_again(&mut draft, data.seq)),
        _ => {
            // Of one that had waited, the safeguards before that have let it pass.
            let first = conflict.opened_seq == held.seq;
            let lifted = if first { Lifted::default() } else { Lifted::again() };
            weigh(&mut draft, &held.envelope, held.seq, lifted)
        }
    };
    settle(draft, outcome, held.seq)
}
