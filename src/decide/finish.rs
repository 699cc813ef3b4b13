//! How a decision ends: its effects with the versions they lead to, the range they have to keep,
//! and the conflicts that follow from the levels rather than from the event.

use super::draft::Draft;
use super::movement::flag_near_counts;
use crate::conflict::{ConflictKind, ConflictStatus, Evidence};
use crate::id::{LocationId, Sku};
use crate::quantity;
use crate::record::{Bucket, Change, Decision, Effect, Outcome};
use crate::state::{Level, LocIx, Oversold, SkuIx};

/// Why a decision cannot stand: it would take a number out of the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutOfRange {
    /// The item whose level it would be.
    pub sku: Sku,
    /// The location.
    pub location: LocationId,
    /// The number.
    pub bucket: Bucket,
}

impl Draft<'_> {
    /// Ends the decision.
    pub(crate) fn finish(mut self, outcome: Outcome) -> Result<Decision, OutOfRange> {
        let mut effects = Vec::new();
        for (key, level) in &self.levels {
            self.effects_of(*key, level, &mut effects)?;
        }
        flag_near_counts(&mut self);
        self.watch_oversold();
        let fact_is_own = self.subject.seq == self.seq;
        let mentions = self.mentioned();
        Ok(Decision {
            outcome,
            effects,
            mentions,
            changes: self.changes,
            reason: self.reason,
            conflict: self.conflict,
            original: self.original,
            fact: (!fact_is_own).then_some(self.fact),
        })
    }

    /// The levels that the event names or touches without moving any of their numbers.
    fn mentioned(&mut self) -> Vec<(Sku, LocationId)> {
        let mut mentions = std::mem::take(&mut self.mentions);
        mentions.extend(self.levels.keys());
        mentions.sort_unstable();
        mentions.dedup();
        mentions.retain(|(sku, location)| {
            let after = self.levels.get(&(*sku, *location));
            after.is_none_or(|after| *after == self.state.level(*sku, *location))
        });
        let names = mentions.into_iter().map(|(sku, location)| {
            (self.sku_name(sku).clone(), self.state.catalogue.location_name(location).clone())
        });
        names.collect()
    }

    fn effects_of(
        &self,
        key: (SkuIx, LocIx),
        after: &Level,
        effects: &mut Vec<Effect>,
    ) -> Result<(), OutOfRange> {
        let before = self.state.level(key.0, key.1);
        let sku = self.sku_name(key.0);
        let location = self.state.catalogue.location_name(key.1);
        for bucket in Bucket::ALL {
            let (old, new) = (before.get(bucket), after.get(bucket));
            if !quantity::in_range(new) || !quantity::in_range(after.available()) {
                let (sku, location) = (sku.clone(), location.clone());
                return Err(OutOfRange { sku, location, bucket });
            }
            if old != new {
                effects.push(Effect {
                    sku: sku.clone(),
                    location: location.clone(),
                    state: bucket,
                    delta: new - old,
                    after: new,
                    version: before.version + 1,
                });
            }
        }
        Ok(())
    }

    /// Opens a conflict where more is promised than is there, once, and closes it when that is
    /// over (contract.md section 3.3, below the safeguards).
    fn watch_oversold(&mut self) {
        let changed: Vec<_> =
            self.levels.iter().map(|(key, level)| (*key, level.clone())).collect();
        for ((sku, location), level) in changed {
            let available = level.available();
            match level.oversold {
                Oversold::No if available < 0 => {
                    let evidence = vec![
                        Evidence::new("on hand", level.get(Bucket::OnHand)),
                        Evidence::new("committed", level.get(Bucket::Committed)),
                        Evidence::new("short by", -available),
                    ];
                    let about = self.about(sku, location);
                    let own = self.conflict;
                    self.open(ConflictKind::Oversold, about, evidence);
                    // The event took effect; the conflict is about the level, not about the event.
                    self.conflict = own;
                }
                Oversold::Open(id) if available >= 0 => {
                    if let Some(conflict) = self.state.open_conflict(id).cloned() {
                        self.close(&conflict, ConflictStatus::AutoResolved, None);
                    }
                }
                Oversold::Acknowledged if available >= 0 => {
                    self.changes.push(Change::Recovered {
                        sku: self.sku_name(sku).clone(),
                        location: self.state.catalogue.location_name(location).clone(),
                    });
                }
                _ => {}
            }
        }
    }
}
