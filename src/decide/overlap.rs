//! What a person is shown of a count that is held because of movements within seconds of it (rule
//! 3), or because another count of the same moment found something else. A decision holds for all the
//! movements that there were, and against the other count, so whatever moves near it, or is counted
//! then, is shown at once, and a decision on what was shown before is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use crate::conflict::{COUNTED_AS_WELL, Conflict, Evidence};
use crate::id::{ConflictId, LocationId, Sku, Source};
use crate::record::{Bucket, Change, Counted, Effect};
use crate::state::{Baseline, LocIx, Movement, SkuIx};
use crate::time::Timestamp;

/// A level by its names.
type Names<'a> = (&'a Sku, &'a LocationId);

/// Movements shown of those near a count.
const MOVED_SHOWN_MAX: usize = 10;

/// What a movement near a count is called where it is shown.
const MOVED: &str = "moved";

/// The movements of others within seconds of a count of this moment and source, oldest first. Those
/// of one source at one moment that cancel out, such as a movement that was taken back, make nothing
/// ambiguous.
pub(super) fn near_of<'a>(
    draft: &Draft<'_>,
    movements: &'a [Movement],
    count: (Timestamp, &Source),
) -> Vec<&'a Movement> {
    let near = |movement: &&Movement| is_near(draft, movement, count);
    let sums = sums(movements.iter().filter(near));
    let open = |movement: &&Movement| sums[&(movement.time, &movement.source)] != 0;
    let mut near: Vec<&Movement> = movements.iter().filter(near).filter(open).collect();
    near.sort_unstable_by_key(|movement| (movement.time, movement.seq));
    near
}

fn is_near(draft: &Draft<'_>, movement: &Movement, (time, source): (Timestamp, &Source)) -> bool {
    let distance_us = movement.time.since(time).abs();
    movement.source != *source && distance_us <= draft.state.settings.count_window_us
}

/// By how much each source moved the level at each moment.
pub(super) fn sums<'a>(
    movements: impl Iterator<Item = &'a Movement>,
) -> BTreeMap<(Timestamp, &'a Source), i64> {
    let mut sums = BTreeMap::new();
    for movement in movements {
        *sums.entry((movement.time, &movement.source)).or_default() += movement.delta;
    }
    sums
}

/// What is shown of a movement near a count.
pub(super) fn moved(movement: &Movement) -> Evidence {
    let Movement { time, seq, source, delta, .. } = movement;
    Evidence::at(MOVED, format!("{delta:+} by {source} (#{seq})"), *time)
}

impl Draft<'_> {
    /// What is shown of a held count of a level: what was `counted`, what is on hand without it, the
    /// other count of its moment, if there is one, and what moved. Of many movements the last ones.
    pub(super) fn shown(
        &self,
        (sku, location): (SkuIx, LocIx),
        counted: Evidence,
        moved: impl Iterator<Item = Evidence>,
    ) -> Vec<Evidence> {
        let names = (self.sku_name(sku), self.state.catalogue.location_name(location));
        let other = self.newest_count(names).filter(|newest| Some(newest.time) == counted.at);
        let other = other.map(|CountOf { time, source, seq }| {
            Evidence::at(COUNTED_AS_WELL, format!("by {source} (#{seq})"), time)
        });
        let on_hand = self.level(sku, location).get(Bucket::OnHand);
        let mut shown = vec![counted, Evidence::new("on hand before", on_hand)];
        shown.extend(other);
        let moved: Vec<Evidence> = moved.collect();
        // Only the word that there are more has no moment.
        let listed: Vec<Evidence> =
            moved.iter().filter(|fact| fact.at.is_some()).cloned().collect();
        let rest = listed.len().saturating_sub(MOVED_SHOWN_MAX);
        if rest > 0 || listed.len() < moved.len() {
            let more = "more than is listed here: see the history of the item";
            shown.push(Evidence::new(MOVED, more));
        }
        shown.extend(listed.into_iter().skip(rest));
        shown
    }

    /// Shows what this decision has moved, or taken back, near counts that are held, and which
    /// counts of the same moment it has accepted, or taken back.
    pub(super) fn show_near_counts(&mut self, effects: &[Effect]) {
        if !self.state.holds_counts() {
            return;
        }
        let mut near: BTreeMap<Names<'_>, Vec<Movement>> = BTreeMap::new();
        for (level, movement) in self.moved(effects) {
            near.entry(level).or_default().push(movement);
        }
        let mut renewed: Vec<(Conflict, Vec<Evidence>)> = Vec::new();
        for conflict in self.counts_held_near(&near) {
            let Some(names) = conflict.sku.as_ref().zip(conflict.location.as_ref()) else {
                continue;
            };
            let Some(count) = conflict.held_count() else { continue };
            let at = |newest: &CountOf<'_>| newest.time == count.0;
            let is_other =
                self.newest_count(names).filter(at) != self.count_before(names).filter(at);
            let movements = near.get(&names).map_or(&[][..], Vec::as_slice);
            let near = near_of(self, movements, count);
            if (is_other || !near.is_empty())
                && let Some(level) = self.level_about(conflict)
            {
                let before = conflict.evidence.iter().filter(|fact| fact.label == MOVED).cloned();
                let moved = before.chain(near.into_iter().map(moved));
                let shown = self.shown(level, conflict.evidence[0].clone(), moved);
                renewed.push((conflict.clone(), shown));
            }
        }
        for (conflict, evidence) in renewed {
            self.renew(&conflict, evidence);
        }
    }

    /// The counts that are held near what has moved, and at the moments of the counts by which levels
    /// are measured now, or were before.
    fn counts_held_near(&self, near: &BTreeMap<Names<'_>, Vec<Movement>>) -> Vec<&Conflict> {
        let mut held: BTreeSet<ConflictId> = BTreeSet::new();
        for ((sku, location), movements) in near {
            let times = movements.iter().map(|movement| movement.time);
            held.extend(times.flat_map(|time| self.state.held_counts(sku, location, time)));
        }
        for names in self.changes.iter().filter_map(measured) {
            let counts = self.newest_count(names).into_iter().chain(self.count_before(names));
            held.extend(counts.flat_map(|it| self.state.held_counts(names.0, names.1, it.time)));
        }
        held.into_iter().filter_map(|id| self.open_conflict(id)).collect()
    }

    /// What a count shows that is held again: all that is near it.
    pub(super) fn shown_near(
        &self,
        conflict: &Conflict,
        effects: &[Effect],
    ) -> Option<Vec<Evidence>> {
        let count = conflict.held_count()?;
        let (sku, location) = self.level_about(conflict)?;
        let movements = self.movements_with(sku, location, effects);
        let moved = near_of(self, &movements, count).into_iter().map(moved);
        Some(self.shown((sku, location), conflict.evidence[0].clone(), moved))
    }

    /// The newest accepted count of a level at this point of the decision.
    fn newest_count<'b>(&'b self, names: Names<'_>) -> Option<CountOf<'b>> {
        let own = self.changes.iter().rev().find(|change| measured(change) == Some(names));
        match own {
            Some(Change::Counted(Counted { time, source, seq, .. })) => {
                Some(CountOf { time: *time, source, seq: *seq })
            }
            Some(Change::Uncounted { counted, .. }) => counted.as_ref().map(CountOf::of),
            _ => self.count_before(names),
        }
    }

    /// The newest accepted count of a level before this decision.
    fn count_before(&self, (sku, location): Names<'_>) -> Option<CountOf<'_>> {
        let catalogue = &self.state.catalogue;
        let (sku, location) = catalogue.sku(sku).zip(catalogue.location(location))?;
        self.state.level(sku, location).counted.as_deref().map(CountOf::of)
    }
}

/// An accepted count, as far as it is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
struct CountOf<'a> {
    time: Timestamp,
    source: &'a Source,
    seq: u64,
}

impl<'a> CountOf<'a> {
    const fn of(count: &'a Baseline) -> Self {
        Self { time: count.time, source: &count.source, seq: count.seq }
    }
}

/// The level that is measured by another count from a change on.
const fn measured(change: &Change) -> Option<Names<'_>> {
    match change {
        Change::Counted(Counted { sku, location, .. })
        | Change::Uncounted { sku, location, .. } => Some((sku, location)),
        _ => None,
    }
}
