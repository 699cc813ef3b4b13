//! `event.reversed`: the counter-effect of an event that took effect, once (contract.md section
//! 10). The stored effects are negated, except what a later count already contains; orders return
//! to their earlier state. A decision on a conflict is an event too: its conflict opens again.
//!
//! A reversal is a request. It is refused where there is nothing to take back, and where something
//! later rests on what it would take back: that has to be reversed first.

use super::draft::Draft;
use super::take_back::{fact_of, take_back};
use super::taken_back::{brings_back, takes_the_place_of_another};
use super::{contents, reopen};
use crate::event::{EventData, EventReversed};
use crate::id::{EventId, Source};
use crate::record::{Change, Outcome, Record};
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
    // What it has brought back may be the first of two contents, of which it would be the second.
    if matches!(record.envelope.data, EventData::EventReversed(_)) && brings_back(record) {
        return Err("it brought an event back: reverse that event instead".to_owned());
    }
    if decides {
        reopen::decided(draft, record)?;
    }
    let by = Some(draft.seq);
    for seq in [known.decided].into_iter().chain((!own).then_some(known.seq)) {
        draft.change(Change::reversed(seq, by));
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
