//! What a level was at a past moment.

use std::collections::BTreeSet;

use super::side::Sides;
use super::{Moment, Step};
use crate::record::Bucket;
use crate::state::{Baseline, Level};
use crate::time::Timestamp;

/// The level at a moment. `steps` are all that touched it, in any order. Its `version` counts the
/// events that had an effect by then, and is 0 where nothing had happened yet.
///
/// As it truly was, a movement that the next count contains has its effect from its own moment until
/// that count: on `on_hand`, on the state that moved with it, and on the version. A count finds out
/// `on_hand` and no state, so from a count on a state is what has moved it for good, and what the
/// count has absorbed, which never did, is gone. From the last count on it is what is believed today.
/// Where a person has said on which side of a count a movement lies, it lies there.
pub fn level_at(steps: &[Step], moment: Moment) -> Level {
    let by_then = |step: &&Step| match moment {
        Moment::Occurred(at) => step.occurred_at <= at,
        Moment::Recorded(seq) => step.seq() <= seq,
    };
    let newest = match moment {
        // What truly was is not changed by a count that has been taken back since.
        Moment::Occurred(_) => newest_count(steps.iter(), by_then),
        Moment::Recorded(_) => newest_count(steps.iter().filter(by_then), |_| true),
    };
    let is_followed = match moment {
        Moment::Occurred(_) => is_followed(steps, newest),
        Moment::Recorded(_) => false,
    };
    let sides = Sides::of(steps, newest);
    let mut buckets = [0; Bucket::ALL.len()];
    let mut records = BTreeSet::new();
    let (mut seq, mut updated_at) = (0, Timestamp::default());
    for step in steps.iter().filter(by_then) {
        let truly = is_followed && sides.is_after(step);
        let moved = if truly { sides.truly_moved(step) } else { step.moved };
        if !step.is_change && moved.iter().all(|delta| *delta == 0) {
            continue;
        }
        for (number, delta) in buckets.iter_mut().zip(moved) {
            *number += delta;
        }
        // What a person has let through counts once: their word is the event that had an effect.
        if !step.is_change && sides.is_flipped(step) {
            continue;
        }
        records.insert(step.seq());
        if step.seq() > seq {
            (seq, updated_at) = (step.seq(), step.recorded_at);
        }
    }
    if let Moment::Occurred(at) = moment {
        buckets[Bucket::OnHand as usize] = if is_followed {
            on_hand_before_count(&sides, newest, at)
        } else {
            on_hand_after_counts(&sides, at)
        };
    }
    let mut level = Level::with_buckets(buckets);
    level.version = records.len() as u64;
    level.seq = seq;
    level.updated_at = updated_at;
    let baseline = |count: &Step| Baseline {
        time: count.occurred_at,
        source: count.source.clone(),
        seq: count.seq(),
        overlap: None,
        words: Vec::new(),
        relied_on: false,
    };
    level.counted = newest.map(baseline).map(Box::new);
    level
}

/// Of accepted counts that have not been taken back, the one that stands: the newest by its time,
/// of the same time the last one recorded.
pub(super) fn newest_count<'a>(
    steps: impl Iterator<Item = &'a Step> + Clone,
    by_then: impl Fn(&&'a Step) -> bool,
) -> Option<&'a Step> {
    standing(steps).filter(by_then).max_by_key(|count| (count.occurred_at, count.seq()))
}

/// Accepted counts that have not been taken back.
pub(super) fn standing<'a>(
    steps: impl Iterator<Item = &'a Step> + Clone,
) -> impl Iterator<Item = &'a Step> {
    // What is taken back a second time stands again.
    let mut gone = BTreeSet::new();
    for count in steps.clone().filter_map(|step| step.uncounted) {
        if !gone.remove(&count) {
            gone.insert(count);
        }
    }
    steps.filter(move |step| step.counted.is_some() && !gone.contains(&step.seq()))
}

/// Whether a later count stands than the newest one by a moment.
fn is_followed(steps: &[Step], newest: Option<&Step>) -> bool {
    let last = newest_count(steps.iter(), |_| true);
    last.map(Step::seq) != newest.map(Step::seq)
}

/// `on_hand` as it truly was after the last count: what it is now without what happened since.
fn on_hand_after_counts(sides: &Sides<'_>, at: Timestamp) -> i64 {
    let later = |step: &&Step| step.occurred_at > at && sides.is_after(step);
    let now: i64 = sides.steps.iter().map(Step::on_hand).sum();
    now - sides.steps.iter().filter(later).map(Step::movement).sum::<i64>()
}

/// The same before the last count: what was counted last before the moment, with all movements in
/// between, those included that the next count contained.
fn on_hand_before_count(sides: &Sides<'_>, newest: Option<&Step>, at: Timestamp) -> i64 {
    let between = |step: &&Step| step.occurred_at <= at && sides.is_after(step);
    let moved = |step: &Step| sides.truly_moved(step)[Bucket::OnHand as usize];
    let moved: i64 = sides.steps.iter().filter(between).map(moved).sum();
    newest.and_then(|count| count.counted).unwrap_or_default() + moved
}
