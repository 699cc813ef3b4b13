//! Counts that are taken back, and counts that stand again: what a level is measured by is another
//! then, and with it what there is to ask about movements that came late.

use super::draft::Draft;
use super::overlap::near_of;
use super::reverse::{Refusal, at_hand};
use super::{late, overlap};
use crate::conflict::{Conflict, ConflictStatus};
use crate::id::{LocationId, Sku};
use crate::record::{Change, Counted, Record};
use crate::state::{Baseline, LocIx, Movement, SkuIx};
use crate::time::Timestamp;

/// The level is measured against the count before again.
pub(super) fn uncount(draft: &mut Draft<'_>, counted: &Counted) -> Result<(), Refusal> {
    let (sku, location) = level(draft, &counted.sku, &counted.location)?;
    let present = draft.level(sku, location).counted.clone();
    let present = present.ok_or("no count stands there")?;
    if present.seq != counted.seq {
        return Err(newer_stands(&present));
    }
    if present.relied_on || draft.relies_on_count(&counted.sku, &counted.location) {
        return Err("movements are measured by it by now: count again".to_owned());
    }
    // Nobody is asked on which side of a count that is gone something lies.
    let late = draft.late_movements(sku, location).into_iter();
    for conflict in late.filter(|conflict| conflict.count == Some(counted.seq)) {
        draft.close(&conflict, ConflictStatus::AutoResolved, None);
    }
    measure_by(draft, (sku, location), counted.seq, counted.before.clone());
    late::ask_about_count(draft, sku, location)?;
    let Some(before) = &counted.before else { return Ok(()) };
    nothing_is_ambiguous(draft, (sku, location), counted, before)
}

/// Checks that a person was asked about all that has come near the count before since the newer one:
/// that was measured by the newer one alone, so nobody may have said on which side of the other it
/// lies.
fn nothing_is_ambiguous(
    draft: &Draft<'_>,
    (sku, location): (SkuIx, LocIx),
    counted: &Counted,
    before: &Baseline,
) -> Result<(), Refusal> {
    let movements = draft.movements_with(sku, location, &draft.all_effects());
    let asked = draft.questions_about(before.seq);
    let is_asked = |moved: &Movement| {
        asked.iter().filter_map(|it| it.events.last()).any(|event| event.seq == moved.seq)
    };
    // What the newer count's own record had moved, or taken back, goes with it.
    let since: Vec<Movement> =
        movements.iter().filter(|moved| moved.seq >= counted.seq).cloned().collect();
    let [all, since] =
        [&movements[..], &since].map(|some| near_of(draft, some, (before.time, &before.source)));
    // What has gone since, be it what came earlier, makes nothing ambiguous.
    let mut stands = since.into_iter().filter(|moved| all.contains(moved));
    let Some(moved) = stands.find(|moved| !is_asked(moved)) else { return Ok(()) };
    let (time, seq) = (before.time, moved.seq);
    Err(format!(
        "#{seq} has moved the level since, within seconds of the count of {time}, which would stand \
         again and may contain it: count again"
    ))
}

/// What has taken a count back, or let it stand again, is taken back itself. `seq` is the record of
/// the count, and `counted` what the level was measured by then.
pub(super) fn turn_back(
    draft: &mut Draft<'_>,
    record: &Record,
    (sku, location): (&Sku, &LocationId),
    seq: u64,
    counted: Option<&Baseline>,
) -> Result<(), Refusal> {
    let count = at_hand(draft, seq)?.changes.iter().find_map(|change| match change {
        Change::Counted(count) if count.sku == *sku && count.location == *location => Some(count),
        _ => None,
    });
    let count = count.ok_or("its count is not at hand")?;
    if counted.is_some_and(|counted| counted.seq == seq) {
        return uncount(draft, count);
    }
    let (item, place) = level(draft, sku, location)?;
    let baseline = can_stand_again(draft, record, (item, place), count, counted)?;
    // On which side of an older count a movement lies makes no difference any more.
    let late = draft.late_movements(item, place).into_iter();
    for conflict in late.filter(|conflict| conflict.count != Some(seq)) {
        draft.close(&conflict, ConflictStatus::AutoResolved, None);
    }
    measure_by(draft, (item, place), seq, Some(baseline));
    late::ask_about_count(draft, item, place)
}

/// Whether a question about a movement that came late was asked again by the record, because it took
/// back a newer count: it is over when that stands again.
pub(super) fn ends_again(record: &Record, conflict: &Conflict) -> bool {
    record.changes.iter().any(|change| {
        let Change::Uncounted { sku, location, counted, .. } = change else { return false };
        let stands = counted.as_ref().map(|counted| counted.seq);
        conflict.is_about_late_movement()
            && conflict.count == stands
            && conflict.sku.as_ref() == Some(sku)
            && conflict.location.as_ref() == Some(location)
    })
}

/// Checks that the level is now what it would be, had the count never been taken back: that nothing
/// has come since which the count contains, or may contain.
fn can_stand_again(
    draft: &Draft<'_>,
    record: &Record,
    (sku, location): (SkuIx, LocIx),
    count: &Counted,
    before: Option<&Baseline>,
) -> Result<Baseline, Refusal> {
    let present = draft.level(sku, location).counted.as_deref();
    if let Some(newer) = present.filter(|newer| newer.seq > record.seq) {
        return Err(newer_stands(newer));
    }
    let window_us = draft.state.settings.count_window_us;
    let near = |time| count.time.since(time).abs() <= window_us;
    // What came and changed nothing, because the count before contains it, is contained in this one
    // as well. Only whether it came is known, not when: so it must not matter.
    if present != before || present.is_some_and(|before| before.relied_on && near(before.time)) {
        let time = count.time;
        return Err(format!(
            "movements are measured by the count before that of {time} by now: count again"
        ));
    }
    // So has what this decision itself takes back or brings; what came with the record goes with it.
    // What came in between may be gone, but could stand again. What lies before the count before is
    // in both, unless it was set: that moves the level now, whatever its time.
    let movements = draft.movements_with(sku, location, &draft.all_effects());
    let from = before.map_or(Timestamp::MIN, |before| before.time.plus_micros(-window_us));
    let in_both = |moved: &Movement| moved.is_counter && moved.time < from;
    let since = || movements.iter().filter(|it| it.seq >= record.seq && !in_both(it));
    let goes_with = |moved: &&Movement| moved.seq == record.seq || moved.seq == draft.seq;
    let sums = overlap::sums(since().filter(goes_with));
    let mut open =
        since().filter(|moved| !goes_with(moved) || sums[&(moved.time, &moved.source)] != 0);
    let touches = open
        .find(|moved| moved.time <= count.time || moved.source != count.source && near(moved.time));
    if let Some(moved) = touches {
        let (time, seq) = (count.time, moved.seq);
        return Err(format!(
            "#{seq} has moved the level since, and the count of {time} may contain it: count again"
        ));
    }
    Ok(Baseline::from(count))
}

fn level(draft: &Draft<'_>, sku: &Sku, location: &LocationId) -> Result<(SkuIx, LocIx), Refusal> {
    let known = draft.sku(sku).zip(draft.location(location));
    known.ok_or_else(|| "its item or its location is not known".to_owned())
}

fn newer_stands(newer: &Baseline) -> Refusal {
    let (time, seq) = (newer.time, newer.seq);
    format!("a newer count of {time} stands: reverse #{seq} first")
}

/// The level is measured by this from now on. `seq` is the count that is gone by it, or stands again.
fn measure_by(
    draft: &mut Draft<'_>,
    (sku, location): (SkuIx, LocIx),
    seq: u64,
    counted: Option<Baseline>,
) {
    draft.level_mut(sku, location).counted = counted.clone().map(Box::new);
    draft.change(Change::Uncounted {
        sku: draft.sku_name(sku).clone(),
        location: draft.state.catalogue.location_name(location).clone(),
        seq,
        counted,
    });
}
