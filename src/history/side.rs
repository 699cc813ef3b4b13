//! On which side of a count movements lie: in it, or after it. Times say so, unless a person has
//! said otherwise of what nobody could tell (contract.md section 3.3, rule 3). What takes a movement
//! back or corrects it lies where that does.

use std::collections::{BTreeMap, BTreeSet};

use super::Step;
use super::level::standing;
use crate::id::Source;
use crate::record::Bucket;
use crate::state::Overlap;
use crate::time::Timestamp;

/// What a record moved at a moment, as somebody had said.
type Place<'a> = (u64, Timestamp, &'a Source);

/// A step of a level.
pub(super) type Key<'a> = (Place<'a>, Option<u64>);

/// The steps of a level as one of its counts sees them.
pub(super) struct Sides<'a> {
    pub(super) steps: &'a [Step],
    /// The count; without one, everything comes after it.
    count: Option<&'a Step>,
    /// The record of the next count that stands.
    newer: Option<u64>,
    /// The movements that other steps are about.
    named: BTreeMap<Place<'a>, &'a Step>,
    /// The steps that only say on which side something lies.
    verdicts: BTreeSet<Key<'a>>,
    /// The movements that a person has put on the other side than the one that they came to.
    flipped: BTreeSet<Place<'a>>,
}

impl<'a> Sides<'a> {
    pub(super) fn of(steps: &'a [Step], count: Option<&'a Step>) -> Self {
        let is_newer = |step: &&Step| count.is_none_or(|count| step.seq() > count.seq());
        let newer = standing(steps.iter()).filter(is_newer).map(Step::seq).min();
        let about: BTreeSet<Place<'_>> = steps.iter().filter_map(about).collect();
        let mut named: BTreeMap<Place<'_>, &Step> = BTreeMap::new();
        let moved = steps.iter().filter(|step| moves_anything(step));
        for step in moved.filter(|step| about.contains(&place(step))) {
            // What a record has moved itself stands for what it has taken back besides.
            let known = named.entry(place(step)).or_insert(step);
            if step.of.is_none() {
                *known = step;
            }
        }
        let flipped = flipped(&verdicts(steps));
        Self { steps, count, newer, named, verdicts: keys_of_verdicts(steps), flipped }
    }

    /// Whether a step comes after the count.
    pub(super) fn is_after(&self, step: &'a Step) -> bool {
        let Some(count) = self.count else { return true };
        let moved = self.movement_of(step);
        if self.newer.is_some_and(|newer| moved.seq() > newer) {
            // Nobody is asked about a count once there is a newer one.
            return moved.occurred_at > count.occurred_at;
        }
        let absorbed = moved.absorbed[Bucket::OnHand as usize];
        let came_to_be_in_a_count = moved.on_hand() == 0 && (absorbed != 0 || moved.countered != 0);
        if came_to_be_in_a_count != self.is_flipped(moved) {
            // And so it is in all that are newer.
            return false;
        }
        moved.seq() > count.seq() || !self.is_contained(count, moved)
    }

    /// Whether a count contains a movement that was recorded before it. What a person has said of an
    /// older count is in all that are newer, unless they have said something of those.
    fn is_contained(&self, count: &Step, moved: &Step) -> bool {
        if moved.occurred_at <= count.occurred_at || said_of(count, moved).is_some() {
            return contains(count, moved);
        }
        let older = standing(self.steps.iter());
        let older = older.filter(|it| (moved.seq()..count.seq()).contains(&it.seq()));
        let last = older.filter(|it| said_of(it, moved).is_some()).max_by_key(|it| it.seq());
        last.is_some_and(|older| contains(older, moved))
    }

    /// Whether a person has put it on the other side of a count than the one that it came to.
    pub(super) fn is_flipped(&self, moved: &Step) -> bool {
        self.flipped.contains(&place(moved))
    }

    /// By how much each number truly moved by a step. A verdict moves nothing: the movement that it is
    /// about is there besides.
    pub(super) fn truly_moved(&self, step: &Step) -> [i64; Bucket::ALL.len()] {
        if self.verdicts.contains(&key(step)) { Default::default() } else { step.truly_moved() }
    }

    /// The movement that a step is about in the end; the step itself, if it is one of its own.
    fn movement_of(&self, step: &'a Step) -> &'a Step {
        let mut moved = step;
        while let Some(about) = about(moved).filter(|(of, ..)| *of < moved.seq())
            && let Some(earlier) = self.named.get(&about)
        {
            moved = earlier;
        }
        moved
    }
}

/// The steps that only say on which side of a count something lies.
pub(super) fn keys_of_verdicts(steps: &[Step]) -> BTreeSet<Key<'_>> {
    verdicts(steps).into_iter().map(key).collect()
}

pub(super) const fn key(step: &Step) -> Key<'_> {
    (place(step), step.of)
}

const fn place(step: &Step) -> Place<'_> {
    (step.seq(), step.occurred_at, &step.source)
}

/// The movement that a step is about.
fn about(step: &Step) -> Option<Place<'_>> {
    Some((step.of?, step.occurred_at, &step.source))
}

/// What says on which side of a count movements lie, the first first: a person's word, and what takes
/// one back or lets it stand again, whatever its record does besides.
fn verdicts(steps: &[Step]) -> Vec<&Step> {
    let mut in_order: Vec<&Step> = steps.iter().collect();
    in_order.sort_by_key(|step| step.seq());
    let mut places: BTreeSet<Place<'_>> = BTreeSet::new();
    in_order.retain(|step| {
        let is_about_one = about(step).is_some_and(|about| places.contains(&about));
        let has_effect = step.on_hand() != 0 || step.countered != 0;
        let is_one = (step.is_verdict || is_about_one) && has_effect;
        if is_one {
            places.insert(place(step));
        }
        is_one
    });
    in_order
}

/// The movements that a person has put on the other side of a count than the one that they came to.
/// A verdict that is taken back has put nothing anywhere, unless that is taken back in turn.
fn flipped<'a>(verdicts: &[&'a Step]) -> BTreeSet<Place<'a>> {
    // The last ones are in force; what they are about is another then, be it a verdict itself.
    let mut flipped: BTreeSet<Place<'_>> = BTreeSet::new();
    for step in verdicts.iter().rev() {
        if !flipped.contains(&place(step))
            && let Some(about) = about(step)
        {
            flipped.insert(about);
        }
    }
    flipped
}

/// Whether units came or went, be it into a count, or would have.
const fn moves_anything(step: &Step) -> bool {
    step.on_hand() != 0 || step.countered != 0 || step.absorbed[Bucket::OnHand as usize] != 0
}

/// Whether a count contains a movement that was recorded before it, by what was said of it alone.
fn contains(count: &Step, moved: &Step) -> bool {
    match said_of(count, moved) {
        Some(overlap) => overlap == Overlap::Counted,
        None => moved.occurred_at <= count.occurred_at,
    }
}

/// What a person has said, of a count, of a movement that was recorded before it.
fn said_of(count: &Step, moved: &Step) -> Option<Overlap> {
    let distance_us = moved.occurred_at.since(count.occurred_at).abs();
    let near = count.around.filter(|around| distance_us <= around.window_us);
    near.filter(|_| moved.source != count.source).map(|around| around.overlap)
}
