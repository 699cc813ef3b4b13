//! How a decision ends: its effects with the versions they lead to, the range they have to keep,
//! and the conflicts that follow from the levels rather than from the event.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::movement::flag_near_counts;
use super::waiting::let_wait;
use crate::conflict::{ConflictKind, ConflictStatus, Evidence};
use crate::id::{LocationId, Sku};
use crate::quantity;
use crate::record::{Bucket, Change, Decision, Effect, Outcome};
use crate::state::{Level, Oversold};

/// Why a decision cannot stand: it would take a number out of the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutOfRange {
    /// The item whose level it would be.
    pub sku: Sku,
    /// The location.
    pub location: LocationId,
    /// The number, by its name on the wire.
    pub number: &'static str,
}

impl Draft<'_> {
    /// Ends the decision.
    pub(crate) fn finish(mut self, outcome: Outcome) -> Result<Decision, OutOfRange> {
        self.check_range()?;
        let effects = self.all_effects();
        flag_near_counts(&mut self);
        self.show_again(|draft, conflict| match conflict.kind {
            ConflictKind::Oversold => draft
                .level_about(conflict)
                .map(|(sku, location)| short_by(draft.level(sku, location))),
            _ => draft.shown_near(conflict, &effects),
        });
        self.watch_oversold();
        self.show_near_counts(&effects);
        self.note_held_facts(outcome);
        let mentions = self.mentioned(&effects);
        let fact = self.fact_of_another();
        let_wait(&mut self);
        if outcome == Outcome::Conflict && self.reason.is_none() {
            let asked = self.conflict.and_then(|id| self.open_conflict(id));
            self.reason = asked.map(|conflict| conflict.explanation().to_owned());
        }
        Ok(Decision {
            outcome,
            effects,
            mentions,
            changes: self.changes,
            reason: self.reason,
            conflict: self.conflict,
            original: self.original,
            fact,
        })
    }

    /// The levels that the event names or touches without moving any of their numbers.
    fn mentioned(&mut self, effects: &[Effect]) -> Vec<(Sku, LocationId)> {
        if self.mentions.is_empty() && self.levels.len() == 1 && !effects.is_empty() {
            // Most events: one level, which moved.
            return Vec::new();
        }
        let mut mentions = std::mem::take(&mut self.mentions);
        mentions.extend(self.levels.keys());
        mentions.sort_unstable();
        mentions.dedup();
        let names = mentions.into_iter().map(|(sku, location)| {
            (self.sku_name(sku).clone(), self.state.catalogue.location_name(location).clone())
        });
        let moved: BTreeSet<(&Sku, &LocationId)> =
            effects.iter().map(|effect| (&effect.sku, &effect.location)).collect();
        names.filter(|(sku, location)| !moved.contains(&(sku, location))).collect()
    }

    fn check_range(&self) -> Result<(), OutOfRange> {
        for ((sku, location), level) in &self.levels {
            let fits = |bucket: &Bucket| quantity::in_range(level.get(*bucket));
            let beyond = Bucket::ALL.into_iter().find(|bucket| !fits(bucket));
            let available = (!quantity::in_range(level.available())).then_some("available");
            if let Some(number) = beyond.map(Bucket::as_str).or(available) {
                let sku = self.sku_name(*sku).clone();
                let location = self.state.catalogue.location_name(*location).clone();
                return Err(OutOfRange { sku, location, number });
            }
        }
        Ok(())
    }

    /// Opens a conflict where more is promised than is there, once, and closes it when that is
    /// over (contract.md section 3.3, below the safeguards). Until then it shows the present numbers.
    fn watch_oversold(&mut self) {
        let concerns = |level: &Level| match level.oversold {
            Oversold::No => level.available() < 0,
            Oversold::Open(_) => true,
            Oversold::Acknowledged => level.available() >= 0,
        };
        let levels = self.levels.iter().filter(|(_, level)| concerns(level));
        let levels: Vec<_> = levels.map(|(key, level)| (*key, level.clone())).collect();
        for ((sku, location), level) in levels {
            match level.oversold {
                Oversold::No => {
                    let evidence = short_by(&level);
                    let about = self.about(sku, location);
                    let own = self.conflict;
                    self.open(ConflictKind::Oversold, about, evidence);
                    // The event took effect; the conflict is about the level, not about the event.
                    self.conflict = own;
                }
                Oversold::Open(id) => {
                    let Some(conflict) = self.open_conflict(id).cloned() else { continue };
                    let evidence = short_by(&level);
                    if level.available() >= 0 {
                        self.close(&conflict, ConflictStatus::AutoResolved, None);
                    } else if conflict.evidence != evidence {
                        self.renew(&conflict, evidence);
                    }
                }
                Oversold::Acknowledged => {
                    self.changes.push(Change::Recovered {
                        sku: self.sku_name(sku).clone(),
                        location: self.state.catalogue.location_name(location).clone(),
                    });
                }
            }
        }
    }
}

/// What is shown of an oversold level.
fn short_by(level: &Level) -> Vec<Evidence> {
    vec![
        Evidence::new("on hand", level.get(Bucket::OnHand)),
        Evidence::new("committed", level.get(Bucket::Committed)),
        Evidence::new("short by", -level.available()),
    ]
}
