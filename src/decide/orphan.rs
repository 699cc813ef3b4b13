//! Rule 6, last part: a person is asked about what has waited too long for its order, or for its
//! transfer's shipment. It goes on waiting all the same: if that comes after all, the event goes on
//! by itself and nobody has to answer.

use super::draft::{Draft, Told};
use super::refused::Refused;
use super::release::settle;
use super::{Excess, Lifted, Stop, describe, names, weigh};
use crate::conflict::{Choice, ConflictKind, Evidence, ResolutionOption as O};
use crate::event::{Event, EventData};
use crate::ledger::Sight;
use crate::orphan::needs;
use crate::record::{Change, Decision, Outcome, Record, Timer, WaitKey};
use crate::time::{Now, SECOND_US};

/// Asks about an event that has waited for as long as it may. `carrier` is Onhand's own event that
/// records this.
pub(crate) fn ask(
    sight: Sight<'_>,
    carrier: &Event,
    held: &Record,
    now: Now,
    actor: &str,
) -> Decision {
    let mut draft = Draft::new(sight, carrier, now, actor);
    draft.stand_for(held);
    draft.change(Change::Timer { what: Timer::Orphan(held.seq), at: None });
    open(&mut draft, held);
    draft.finish(Outcome::Conflict).expect("a decision without effects leaves no range")
}

/// Asks about the event of this place in the journal, which could not be done when it was due, if it
/// still waits.
pub(super) fn ask_again(draft: &mut Draft<'_>, seq: u64) -> Outcome {
    match draft.record(seq) {
        Some(held) if awaited(draft, held).is_some() => {
            draft.stand_for(held);
            open(draft, held);
        }
        _ => draft.reason = Some("its event does not wait any more".to_owned()),
    }
    Outcome::Applied
}

/// Opens the question.
fn open(draft: &mut Draft<'_>, held: &Record) {
    #[cfg(feature = "sim")]
    crate::sim::trap::spring(crate::sim::trap::Phase::Time, held.envelope.id.as_str());
    draft.became(held.seq, Outcome::Conflict);
    let event = &held.envelope;
    let mut evidence = vec![
        Evidence::at("the event says", describe(event), event.time),
        Evidence::at("it came", format!("#{}", held.seq), held.recorded_at),
    ];
    if let Some(on) = awaited(draft, held) {
        let waited_s = draft.state.settings.orphan_after_us / SECOND_US;
        evidence.push(Evidence::new("it waits for", format!("{on}, for {waited_s} s by now")));
        draft.reason = Some(format!("{on} has not come"));
    }
    draft.open(ConflictKind::Orphan, names::about(draft, &event.data), evidence);
}

/// What an event waits for that can become an orphan.
fn awaited(draft: &Draft<'_>, held: &Record) -> Option<WaitKey> {
    let waiting = &draft.state.waiting;
    let data = &held.envelope.data;
    let transfer = data.transfer().map(|transfer| WaitKey::Transfer(transfer.clone()));
    let order = data.order().into_iter().flat_map(|order| waiting.about_order(order)).cloned();
    transfer.into_iter().chain(order).find(|on| waiting.on(on).any(|seq| seq == held.seq))
}

/// Carries a person's decision on an orphan out: it is applied without what it waits for, or given
/// up.
pub(super) fn decide(
    mut draft: Draft<'_>,
    choice: &Choice,
    held: &Record,
) -> Result<Result<Decision, Stop>, Refused> {
    let missing = || Refused::Impossible("its event does not wait any more".to_owned());
    let on = awaited(&draft, held).ok_or_else(missing)?;
    draft.stand_for(held);
    draft.change(Change::Released { on, seq: held.seq });
    if choice.option == O::Discard {
        draft.change(Change::became(held.seq, Outcome::Rejected));
        return Ok(draft.finish(Outcome::Applied).map_err(Stop::from));
    }
    draft.told = told(&draft, choice, &held.envelope.data)?;
    let lifted = Lifted { excess: Excess::Anyway, without_order: true, ..Lifted::again() };
    let outcome = weigh(&mut draft, &held.envelope, held.seq, lifted);
    Ok(settle(draft, outcome, held.seq))
}

/// The further fields that it takes to apply an orphan without its order.
pub(super) fn takes(draft: &Draft<'_>, data: &EventData) -> &'static [&'static str] {
    needs(data, data.order().and_then(|order| draft.order(order)))
}

/// What the person has said besides the option. It has to be there where the event's own lines do
/// not say it.
fn told(draft: &Draft<'_>, choice: &Choice, data: &EventData) -> Result<Told, Refused> {
    let sku = choice.sku.as_ref().and_then(|name| draft.sku(name));
    let location = choice.location.as_ref().and_then(|name| draft.location(name));
    for field in takes(draft, data) {
        let (missing, problem) = match *field {
            "sku" => (sku.is_none(), "must name an item that is known"),
            _ => (location.is_none(), "must name a location that is known"),
        };
        if missing {
            return Err(Refused::Needs { field, problem });
        }
    }
    Ok(Told { sku, location })
}
