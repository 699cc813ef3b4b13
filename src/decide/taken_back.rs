//! What a record has taken back, or brought back, is as it was before when the record goes in turn.

use super::draft::Draft;
use super::reopen;
use super::reverse::{Refusal, at_hand};
use super::turn_back::asked_since;
use crate::conflict::ResolutionOption as O;
use crate::event::EventData;
use crate::record::{Change, Record};

fn takes_anything_back(record: &Record) -> bool {
    record.changes.iter().any(|change| matches!(change, Change::Reversed { .. }))
}

/// Whether a record has let something stand again that was taken back.
pub(super) fn brings_back(record: &Record) -> bool {
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

/// Whether a record is what has become of a reversal, be it held for a while.
pub(super) fn is_of_reversal(record: &Record) -> bool {
    takes_anything_back(record) && !takes_the_place_of_another(record)
}

/// What a reversal was about: whatever goes for its sake goes before it.
pub(crate) fn last_taken_back(record: &Record) -> Option<u64> {
    record.changes.iter().rev().find_map(|change| match change {
        Change::Reversed { seq, by: Some(_), .. } => Some(*seq),
        _ => None,
    })
}

/// What a record has taken back stands again without it, unless it depends on a decision that is
/// taken back.
pub(super) fn come_back(draft: &mut Draft<'_>, record: &Record, seq: u64) -> Result<(), Refusal> {
    let gone = at_hand(draft, seq)?;
    if let Some(conflict) = reopen::decision(gone)
        && (reopen::answered(gone).is_some()
            || reopen::was_asked_since(draft, record, (gone, conflict)))
    {
        return Err(asked_since(draft, conflict));
    }
    let event = gone.event_ref();
    let known = draft.known(&event.source, &event.id);
    let mut known = known.iter().filter(|known| known.decided == seq);
    let gone_since = known.find_map(|known| known.reversed_by.filter(|by| *by != record.seq));
    let decision = gone_since.and_then(|by| draft.record(by)).and_then(last_taken_back);
    let decision = decision.and_then(|seq| draft.record(seq));
    if let Some(decision) = decision.filter(|decision| reopen::answered(decision).is_some()) {
        let (id, source) = match &gone.envelope.data {
            EventData::EventReleased(released) => (&released.id, &released.source),
            _ => (&event.id, &event.source),
        };
        let by = decision.seq;
        return Err(format!("{id} of {source} went on by #{by}, which is taken back: say it anew"));
    }
    // What stands again moves apart from what goes for it, also where that is as much.
    draft.begin_part(None);
    draft.change(Change::reversed(seq, None));
    Ok(())
}

/// What a record has brought back goes again with it, unless it has gone since.
pub(super) fn go_again(draft: &mut Draft<'_>, seq: u64) -> Result<(), Refusal> {
    let event = at_hand(draft, seq)?.event_ref();
    let known = draft.known(&event.source, &event.id);
    let gone_by = known.iter().find(|known| known.seq == seq).and_then(|known| known.reversed_by);
    if let Some(by) = gone_by.filter(|by| *by != draft.seq) {
        return Err(format!("#{seq}, which it brought back, has gone since: reverse #{by} first"));
    }
    draft.begin_part(None);
    draft.change(Change::reversed(seq, Some(draft.seq)));
    Ok(())
}
