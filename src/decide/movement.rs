//! Relative facts against counts: what an accepted count already contains moves nothing (rule 2),
//! and what came within seconds of it is flagged (rule 3).

use super::draft::{About, Draft};
use crate::conflict::{ConflictKind, Evidence};
use crate::id::Source;
use crate::record::{Bucket, Change};
use crate::state::{Baseline, LocIx, SkuIx, State};
use crate::time::Timestamp;

/// Moves `on_hand` by a relative fact, and with it the state that the units are in, unless an
/// accepted count at or after the fact's time already contains it.
pub(super) fn move_on_hand(
    draft: &mut Draft<'_>,
    sku: SkuIx,
    location: LocIx,
    delta: i64,
    state: Option<Bucket>,
) {
    let counted = draft.level(sku, location).counted.clone();
    let time = draft.fact.time;
    let absorbed = counted.as_ref().is_some_and(|count| time <= count.time);
    if absorbed {
        draft.absorbed = true;
        draft.mention(sku, location);
        draft.change(Change::Absorbed {
            sku: draft.sku_name(sku).clone(),
            location: draft.state.catalogue().location_name(location).clone(),
            delta,
            state,
            fact: None,
            movement: draft.movement_in_part(),
        });
    } else {
        draft.add(sku, location, Bucket::OnHand, delta);
        if let Some(state) = state {
            draft.add(sku, location, state, delta);
        }
    }
    let Some(count) = counted else { return };
    if near_count(draft.state, &count, time, &draft.fact.source) {
        let moved = draft.near_counts.entry((sku, location)).or_insert(0);
        *moved = moved.saturating_add(delta);
    }
}

/// Whether a movement lies so near to a count of another source that nobody can tell which came first.
pub(super) fn near_count(
    state: &State,
    count: &Baseline,
    time: Timestamp,
    source: &Source,
) -> bool {
    time.since(count.time).abs() <= state.settings.count_window_us && *source != count.source
}

/// Flags the levels that the event has moved within seconds of their count: one conflict for each,
/// whatever number of lines did it, so that one decision settles all of it: none where a person has
/// settled some of it already.
pub(super) fn flag_near_counts(draft: &mut Draft<'_>) {
    let placed = std::mem::take(&mut draft.placed);
    let near = std::mem::take(&mut draft.near_counts).into_iter();
    for ((sku, location), delta) in near.filter(|(level, _)| !placed.contains(level)) {
        let counted = draft.level(sku, location).counted.clone();
        let Some(count) = counted.filter(|_| delta != 0) else { continue };
        let time = draft.fact.time;
        let verdict = if time <= count.time {
            "taken as contained in the count"
        } else {
            "taken as later than the count"
        };
        let evidence = vec![
            Evidence::at("counted", format!("by {} (#{})", count.source, count.seq), count.time),
            Evidence::at("moved", format!("{delta:+} by {}", draft.fact.source), time),
            Evidence::new("the movement was", verdict),
        ];
        let about = About { count: Some(count.seq), ..draft.about(sku, location) };
        draft.open_about_this_record(ConflictKind::CountOverlap, about, evidence);
    }
}
