//! Of the contents that came under one id one holds at most: whatever would let another stand beside
//! it is refused.

use super::draft::Draft;
use super::reopen::decision;
use super::reverse::{Refusal, at_hand};
use crate::conflict::{Conflict, ConflictKind, ConflictStatus};
use crate::event::EventRef;
use crate::record::{Change, Outcome, Record};
use crate::state::{Known, Subject};

/// Checks that no event that stands or is held again by this decision does so beside another content
/// of its id, and that each question about an id is about all that hold.
pub(super) fn hold_alone(draft: &Draft<'_>) -> Result<(), Refusal> {
    for change in &draft.changes {
        match change {
            Change::Reversed { seq, by: None, .. } => {
                let record = at_hand(draft, *seq)?;
                holds_alone(draft, &record.event_ref())?;
                for event in decided(record) {
                    holds_alone(draft, event)?;
                }
            }
            Change::Final { seq, outcome, .. } if may_count(*outcome) => {
                holds_alone(draft, &at_hand(draft, *seq)?.event_ref())?;
            }
            Change::Conflict(conflict)
                if conflict.kind == ConflictKind::IdReused
                    && conflict.status == ConflictStatus::Open =>
            {
                if let Some(event) = conflict.events.first() {
                    nothing_besides(draft, event, |seq| is_listed(conflict, 0, seq))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The events that a person has decided with a record. One that nobody was asked about again
/// without it may have given way to another content since.
fn decided(record: &Record) -> impl Iterator<Item = &EventRef> {
    let conflict = decision(record);
    record.changes.iter().filter_map(move |change| match change {
        Change::Final { seq, .. } => conflict?.events.iter().find(|event| event.seq == *seq),
        _ => None,
    })
}

fn holds_alone(draft: &Draft<'_>, event: &EventRef) -> Result<(), Refusal> {
    let seq = event.seq;
    let subject = Subject::Event(event.source.clone(), event.id.clone());
    // Which of those is meant that came after the first is being asked.
    let asked = draft.conflict_about(&subject);
    let is_asked = |seq| asked.is_some_and(|conflict| is_listed(conflict, 1, seq));
    let known = draft.known(&event.source, &event.id);
    if is_asked(seq) || !known.iter().any(|known| known.seq == seq && is_there(known)) {
        return Ok(());
    }
    if let Some(conflict) = asked.filter(|conflict| !is_listed(conflict, 0, seq)) {
        return Err(format!("{} is open about other contents of its id", conflict.id));
    }
    nothing_besides(draft, event, |other| other == seq || is_asked(other))
}

/// Of the contents that came under one id, the one that another has to take the place of: the one that
/// has an effect or may come to have one, or else what was neither refused nor taken back.
pub(super) fn in_force(known: &[Known]) -> Option<&Known> {
    let last = |holds: fn(&Known) -> bool| known.iter().rev().find(|known| holds(known));
    last(is_there).or_else(|| last(Known::holds)).or_else(|| known.first())
}

/// Whether a content has an effect, or may come to have one.
fn is_there(known: &Known) -> bool {
    known.holds() && may_count(known.outcome)
}

/// Whether what this became of has an effect, or may come to have one.
const fn may_count(outcome: Outcome) -> bool {
    use Outcome as O;
    matches!(outcome, O::Applied | O::Absorbed | O::Parked | O::Conflict)
}

/// Whether a conflict lists an event, from a place in its list on.
fn is_listed(conflict: &Conflict, from: usize, seq: u64) -> bool {
    conflict.events.iter().skip(from).any(|event| event.seq == seq)
}

/// Checks that no content of an event's id holds but these.
fn nothing_besides(
    draft: &Draft<'_>,
    event: &EventRef,
    may_hold: impl Fn(u64) -> bool,
) -> Result<(), Refusal> {
    let known = draft.known(&event.source, &event.id);
    let besides = |known: &&Known| is_there(known) && !may_hold(known.seq);
    match known.iter().find(besides) {
        Some(other) => Err(format!("#{} of the same id holds: reverse that first", other.seq)),
        None => Ok(()),
    }
}
