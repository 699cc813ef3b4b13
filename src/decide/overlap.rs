//! What a person is shown of a count that is held because of movements within seconds of it (rule
//! 3). A decision holds for all the movements that there were, so whatever moves near it is shown at
//! once, and a decision on what was shown before is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::Draft;
use crate::conflict::{Conflict, Evidence};
use crate::id::{ConflictId, LocationId, Sku, Source};
use crate::record::{Bucket, Effect};
use crate::state::Movement;
use crate::time::Timestamp;

/// Movements shown of those near a count.
const MOVED_SHOWN_MAX: usize = 10;

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
fn sums<'a>(
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
    let Movement { time, seq, source, delta } = movement;
    Evidence::at("moved", format!("{delta:+} by {source} (#{seq})"), *time)
}

/// What is shown of a held count: what was `counted`, what is on hand without it, and what moved. Of
/// many movements the last ones.
pub(super) fn shown(
    counted: Evidence,
    on_hand: i64,
    moved: impl Iterator<Item = Evidence>,
) -> Vec<Evidence> {
    let mut shown = vec![counted, Evidence::new("on hand before", on_hand)];
    let moved: Vec<Evidence> = moved.collect();
    // Only the word that there are more has no moment.
    let listed: Vec<Evidence> = moved.iter().filter(|fact| fact.at.is_some()).cloned().collect();
    let rest = listed.len().saturating_sub(MOVED_SHOWN_MAX);
    if rest > 0 || listed.len() < moved.len() {
        shown.push(Evidence::new("moved", "more than is listed here: see the history of the item"));
    }
    shown.extend(listed.into_iter().skip(rest));
    shown
}

impl Draft<'_> {
    /// Shows what this decision has moved, or taken back, near counts that are held.
    pub(super) fn show_near_counts(&mut self, effects: &[Effect]) {
        let mut near: BTreeMap<(&Sku, &LocationId), Vec<Movement>> = BTreeMap::new();
        if self.state.holds_counts() {
            for (level, movement) in self.moved(effects) {
                near.entry(level).or_default().push(movement);
            }
        }
        let mut renewed: Vec<(Conflict, Vec<Evidence>)> = Vec::new();
        for ((sku, location), movements) in &near {
            let times = movements.iter().map(|movement| movement.time);
            let held: BTreeSet<ConflictId> =
                times.flat_map(|time| self.state.held_counts(sku, location, time)).collect();
            for conflict in held.into_iter().filter_map(|id| self.open_conflict(id)) {
                let Some(count) = conflict.held_count() else { continue };
                let near = near_of(self, movements, count);
                if !near.is_empty() {
                    renewed.push((conflict.clone(), self.with_moved(conflict, &near)));
                }
            }
        }
        for (conflict, evidence) in renewed {
            self.renew(&conflict, evidence);
        }
    }

    /// What a held count shows once more has moved near it.
    fn with_moved(&self, conflict: &Conflict, near: &[&Movement]) -> Vec<Evidence> {
        let before = conflict.evidence.iter().skip(2).cloned();
        let moved = before.chain(near.iter().copied().map(moved));
        shown(conflict.evidence[0].clone(), self.on_hand_at(conflict), moved)
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
        Some(shown(conflict.evidence[0].clone(), self.on_hand_at(conflict), moved))
    }

    fn on_hand_at(&self, conflict: &Conflict) -> i64 {
        let level = self.level_about(conflict).map(|(sku, location)| self.level(sku, location));
        level.map_or(0, |level| level.get(Bucket::OnHand))
    }
}
