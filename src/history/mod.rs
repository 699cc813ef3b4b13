//! What a level was at any past moment, on both clocks, and why it is what it is (contract.md
//! section 4): folds over what each record of the journal did to the level. The state itself keeps
//! no past; a store keeps one [`Step`] for each record that touches a level.

mod explain;

pub use explain::{Cause, Explanation, Hold, TERMS_MAX, Term, explain};

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::conflict::ResolutionOption as O;
use crate::event::{EventData, EventRef};
use crate::id::{LocationId, OrderId, Sku, Source};
use crate::ledger::is_movement;
use crate::record::{Bucket, Change, Record};
use crate::state::{Baseline, Level};
use crate::time::Timestamp;

/// What one record did to one level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The record's event.
    pub event: EventRef,
    /// The type of that event.
    pub event_type: Cow<'static, str>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When the fact behind it happened.
    pub occurred_at: Timestamp,
    /// Who said the fact.
    pub source: Source,
    /// The order it is about.
    pub order: Option<OrderId>,
    /// By how much each number moved, in the order of [`Bucket::ALL`].
    pub moved: [i64; Bucket::ALL.len()],
    /// By how much `on_hand` would have moved, had a count not contained it.
    pub absorbed: i64,
    /// What was counted, if it is an accepted count: a new starting point, not a movement.
    pub counted: Option<i64>,
    /// Whether it only says, for a movement recorded before, on which side of a count it lies.
    pub is_verdict: bool,
}

/// Which of the two clocks a moment is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// As it truly was then, with all that is known today.
    Occurred(Timestamp),
    /// As it was believed after this record.
    Recorded(u64),
}

/// What a record did to each level that it touches, by SKU, then location.
pub fn steps(record: &Record) -> Vec<(&Sku, &LocationId, Step)> {
    let mut steps: BTreeMap<(&Sku, &LocationId), Step> = BTreeMap::new();
    let blank = Step {
        event: record.event_ref(),
        event_type: Cow::Borrowed(record.envelope.event_type()),
        recorded_at: record.recorded_at,
        occurred_at: record.fact_time(),
        source: record.fact_source().clone(),
        order: record.order().cloned(),
        moved: [0; Bucket::ALL.len()],
        absorbed: 0,
        counted: None,
        is_verdict: is_verdict(record),
    };
    for (sku, location) in &record.mentions {
        steps.entry((sku, location)).or_insert_with(|| blank.clone());
    }
    for effect in &record.effects {
        let key = (&effect.sku, &effect.location);
        let step = steps.entry(key).or_insert_with(|| blank.clone());
        step.moved[effect.state as usize] += effect.delta;
    }
    for change in &record.changes {
        match change {
            Change::Counted(counted) => {
                let key = (&counted.sku, &counted.location);
                let step = steps.entry(key).or_insert_with(|| blank.clone());
                step.counted = Some(counted.counted);
            }
            Change::Absorbed { sku, location, delta, .. } => {
                let step = steps.entry((sku, location)).or_insert_with(|| blank.clone());
                step.absorbed = step.absorbed.saturating_add(*delta);
            }
            _ => {}
        }
    }
    steps.into_iter().map(|((sku, location), step)| (sku, location, step)).collect()
}

/// A person's decision about a movement near a count: it moves `on_hand` at the moment of a
/// movement that is recorded already, which must not be added up twice.
fn is_verdict(record: &Record) -> bool {
    let EventData::ConflictResolved(choice) = &record.envelope.data else { return false };
    is_movement(record) && matches!(choice.option, O::KeepCounted | O::KeepDifference)
}

impl Step {
    /// The record's place in the journal.
    pub const fn seq(&self) -> u64 {
        self.event.seq
    }

    /// Whether the level's version grew by it.
    pub fn raises_version(&self) -> bool {
        self.counted.is_some() || self.moved.iter().any(|delta| *delta != 0)
    }

    /// By how much `on_hand` moved.
    pub const fn on_hand(&self) -> i64 {
        self.moved[Bucket::OnHand as usize]
    }
}

/// The level at a moment. `steps` are all that touched it, in any order. Its `version` counts the
/// events that had an effect by then, and is 0 where nothing had happened yet.
pub fn level_at(steps: &[Step], moment: Moment) -> Level {
    let by_then = |step: &&Step| match moment {
        Moment::Occurred(at) => step.occurred_at <= at,
        Moment::Recorded(seq) => step.seq() <= seq,
    };
    let mut buckets = [0; Bucket::ALL.len()];
    let mut version = 0;
    let (mut seq, mut updated_at) = (0, Timestamp::default());
    for step in steps.iter().filter(by_then).filter(|step| step.raises_version()) {
        for (number, delta) in buckets.iter_mut().zip(step.moved) {
            *number += delta;
        }
        version += 1;
        if step.seq() > seq {
            (seq, updated_at) = (step.seq(), step.recorded_at);
        }
    }
    let newest = newest_count(steps.iter().filter(by_then));
    if let Moment::Occurred(at) = moment {
        buckets[Bucket::OnHand as usize] = on_hand_at(steps, newest, at);
    }
    let mut level = Level::with_buckets(buckets);
    level.version = version;
    level.seq = seq;
    level.updated_at = updated_at;
    level.counted = newest.map(|count| Baseline {
        time: count.occurred_at,
        source: count.source.clone(),
        seq: count.seq(),
    });
    level
}

/// Of accepted counts, the one that stands: the newest by its time, of the same time the last one
/// recorded.
fn newest_count<'a>(steps: impl Iterator<Item = &'a Step>) -> Option<&'a Step> {
    let counts = steps.filter(|step| step.counted.is_some());
    counts.max_by_key(|count| (count.occurred_at, count.seq()))
}

/// `on_hand` as it truly was. After the last count it is what it is now without what happened
/// since; before, it is what was counted last before the moment, with all movements in between,
/// those included that the next count contained.
fn on_hand_at(steps: &[Step], newest: Option<&Step>, at: Timestamp) -> i64 {
    let last = newest_count(steps.iter());
    if last.map(Step::seq) == newest.map(Step::seq) {
        let later = |step: &&Step| step.occurred_at > at && step.counted.is_none();
        let now: i64 = steps.iter().map(Step::on_hand).sum();
        return now - steps.iter().filter(later).map(Step::on_hand).sum::<i64>();
    }
    let from = newest.map(|count| count.occurred_at);
    let between = |step: &&Step| {
        step.counted.is_none()
            && !step.is_verdict
            && step.occurred_at <= at
            && from.is_none_or(|from| step.occurred_at > from)
    };
    let moved: i64 = steps.iter().filter(between).map(|step| step.on_hand() + step.absorbed).sum();
    newest.and_then(|count| count.counted).unwrap_or_default() + moved
}
