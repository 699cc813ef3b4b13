//! `stock.counted`: a new starting point for a level (rules 2 and 3).

use std::collections::BTreeMap;

use super::draft::Draft;
use super::stock::{level_of, version_differs};
use super::{Lifted, Stop};
use crate::conflict::{ConflictKind, Evidence};
use crate::event::{Event, StockCounted};
use crate::id::Source;
use crate::record::{Bucket, Change, Counted, Outcome};
use crate::state::{Baseline, Movement};
use crate::time::Timestamp;

/// A count at T: older than the newest accepted one it is superseded; with a movement of another
/// source within the window a person decides; else `on_hand` becomes what was counted plus all
/// that moved after T, whenever it arrived.
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
    let near = near_of(draft, &movements);
    // Once a person was asked, their word counts, not a version that the level happens to have by
    // now.
    let certain = lifted.overlap.is_none()
        && event.expected_version == Some(draft.state.level(sku, location).version);
    let decided = lifted.overlap.filter(|_| are_seen(&near, lifted.seen));
    if !near.is_empty() && !certain && decided.is_none() {
        let mut evidence = vec![
            Evidence::at("counted", data.counted, time),
            Evidence::new("on hand before", level.get(Bucket::OnHand)),
        ];
        evidence.extend(near.iter().take(10).map(|movement| {
            let what = format!("{:+} by {} (#{})", movement.delta, movement.source, movement.seq);
            Evidence::at("moved", what, movement.time)
        }));
        let about = draft.about(sku, location);
        draft.open(ConflictKind::CountOverlap, about, evidence);
        draft.mention(sku, location);
        return Ok(Outcome::Conflict);
    }
    let baseline = Baseline {
        time,
        source: draft.fact.source.clone(),
        seq: draft.seq,
        // What a person has said of the movements around the count holds for those too that were
        // taken back in the meantime, should they ever stand again.
        overlap: decided,
        relied_on: false,
    };
    let window_us = draft.state.settings.count_window_us;
    let comes_after =
        |movement: &&Movement| !baseline.contains(movement.time, &movement.source, window_us);
    let after = movements.iter().filter(comes_after).map(|movement| movement.delta);
    // Checked against the range when the draft is finished.
    let on_hand = after.fold(data.counted, i64::saturating_add);
    let change = on_hand.saturating_sub(level.get(Bucket::OnHand));
    draft.add(sku, location, Bucket::OnHand, change);
    draft.change(Change::Counted(Counted {
        sku: draft.sku_name(sku).clone(),
        location: draft.state.catalogue.location_name(location).clone(),
        time,
        source: baseline.source,
        counted: data.counted,
        seq: draft.seq,
        recorded_at: draft.now,
        overlap: baseline.overlap,
        before: level.counted.map(|count| *count),
    }));
    Ok(Outcome::Applied)
}

/// The movements of others within seconds of the count, oldest first. Those of one source at one
/// moment that cancel out, such as a movement that was taken back, make nothing ambiguous.
fn near_of<'a>(draft: &Draft<'_>, movements: &'a [Movement]) -> Vec<&'a Movement> {
    let window_us = draft.state.settings.count_window_us;
    let near = |movement: &&Movement| {
        movement.source != draft.fact.source
            && movement.time.since(draft.fact.time).abs() <= window_us
    };
    let sums = sums(movements.iter().filter(near));
    let open = |movement: &&Movement| sums[&(movement.time, &movement.source)] != 0;
    let mut near: Vec<&Movement> = movements.iter().filter(near).filter(open).collect();
    near.sort_unstable_by_key(|movement| (movement.time, movement.seq));
    near
}

/// Whether a person who was asked with the record `seen` knows these movements: a decision holds for
/// those that there were. Any that came since has to be seen first, also if it is an earlier one
/// that stands again; what was moved and taken back since is not there at all.
fn are_seen(near: &[&Movement], seen: u64) -> bool {
    sums(near.iter().copied().filter(|movement| movement.seq > seen)).values().all(|sum| *sum == 0)
}

/// By how much each source moved the level at each moment.
fn sums<'a>(
    movements: impl Iterator<Item = &'a Movement>,
) -> BTreeMap<(Timestamp, &'a Source), i64> {
    let mut sums = BTreeMap::new();
    for movement in movements {
        *sums.entry((movement.time, &movement.source)).or_default() += movement.delta;
    }
    sums
}
