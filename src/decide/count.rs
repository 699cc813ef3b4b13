//! `stock.counted`: a new starting point for a level (rules 2 and 3).

use super::draft::Draft;
use super::overlap::{moved, near_of};
use super::stock::{level_of, version_differs};
use super::{Lifted, Stop};
use crate::conflict::{ConflictKind, ConflictStatus, Evidence};
use crate::event::{Event, StockCounted};
use crate::record::{Bucket, Change, Counted, Outcome};
use crate::state::{Baseline, Movement};

/// A count at T: older than the newest accepted one it is superseded; with a movement of another
/// source within the window, or where that count was made at T as well and found something else, a
/// person decides; else `on_hand` becomes what was counted plus all that moved after T, whenever it
/// arrived.
pub(super) fn counted(
    draft: &mut Draft<'_>,
    event: &Event,
    data: &StockCounted,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    let (sku, location) = level_of(draft, &data.sku, &data.location)?;
    if version_differs(draft, event, sku, location, lifted) {
        return Ok(Outcome::Conflict);
    }
    let level = draft.level(sku, location).clone();
    let time = draft.fact.time;
    if let Some(newest) = level.counted.as_ref().filter(|newest| time < newest.time) {
        draft.reason = Some(format!("a newer count of {} stands (#{})", newest.time, newest.seq));
        draft.mention(sku, location);
        return Ok(Outcome::Superseded);
    }
    let movements = draft.movements(sku, location);
    let near = near_of(draft, &movements, (time, &draft.fact.source));
    let window_us = draft.state.settings.count_window_us;
    // What a person has said of the movements around the count holds for those too that were taken
    // back in the meantime, should they ever stand again.
    let overlap = lifted.overlap;
    let source = draft.fact.source.clone();
    let words = level.counted.as_ref();
    let words = words.map(|count| count.words_for(time, window_us));
    let counted = Counted {
        sku: draft.sku_name(sku).clone(),
        location: draft.state.catalogue.location_name(location).clone(),
        time,
        source,
        counted: data.counted,
        seq: draft.seq,
        recorded_at: draft.now,
        overlap,
        window_us: overlap.map(|_| window_us),
        words: words.unwrap_or_default(),
        before: level.counted.as_deref().cloned(),
    };
    let baseline = Baseline::from(&counted);
    let comes_after = |movement: &&Movement| !baseline.contains(movement.seen(), window_us);
    let after = movements.iter().filter(comes_after).map(|movement| movement.delta);
    // Checked against the range when the draft is finished.
    let on_hand = after.fold(data.counted, i64::saturating_add);
    let change = on_hand.saturating_sub(level.get(Bucket::OnHand));
    // Which of two counts of one moment comes last says nothing about which one is right.
    let same_moment = level.counted.as_ref().is_some_and(|newest| newest.time == time);
    let is_ambiguous = !near.is_empty() || same_moment && change != 0;
    // Once a person was asked, their word counts, not a version that the level happens to have by
    // now.
    let certain = lifted.overlap.is_some()
        || event.expected_version == Some(draft.state.level(sku, location).version);
    if is_ambiguous && !certain {
        let found = Evidence::at("counted", data.counted, time);
        let about = draft.about(sku, location);
        let evidence = draft.shown((sku, location), found, near.into_iter().map(moved));
        draft.open(ConflictKind::CountOverlap, about, evidence);
        draft.mention(sku, location);
        return Ok(Outcome::Conflict);
    }
    draft.add(sku, location, Bucket::OnHand, change);
    // On which side of an older count a movement lies makes no difference any more. They come
    // before the count, so that it is gone when they are asked again.
    for conflict in draft.late_movements(sku, location) {
        draft.close(&conflict, ConflictStatus::AutoResolved, None);
    }
    draft.change(Change::Counted(counted));
    Ok(Outcome::Applied)
}
