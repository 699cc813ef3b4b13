//! What a batch changes of the summaries that a store keeps beside the levels, so that no question
//! has to look at all of them.

use std::collections::{BTreeMap, BTreeSet};

use onhand::id::{LocationId, Sku};
use onhand::ledger::Ledger;
use onhand::state::{Level, LocIx, SkuIx, State};

use super::stock::is_low;

/// What a batch changes of the summaries.
#[derive(Debug, Default)]
pub struct Summary<'a> {
    /// Levels that are new.
    pub new: Vec<(&'a LocationId, &'a Sku)>,
    /// Levels that are low now and were not, or were by another number; with what is available.
    pub low: Vec<(&'a Sku, &'a LocationId, i64)>,
    /// Levels that are low no longer.
    pub not_low: Vec<(&'a Sku, &'a LocationId)>,
    /// By how much the units that can be sold have changed; oversold levels count as 0.
    pub units_available: i64,
}

impl<'a> Summary<'a> {
    /// What the batch in progress changes; `before` is what each level that it changed was before
    /// it.
    pub(super) fn of(
        ledger: &'a Ledger,
        before: &BTreeMap<(SkuIx, LocIx), Option<&Level>>,
    ) -> Self {
        let state = ledger.state();
        let marks = ledger.low_stock_before();
        let mut summary = Self::default();
        for key in before.keys().copied().chain(marked(state, &marks)).collect::<BTreeSet<_>>() {
            let (sku, location) = key;
            let level = state.level(sku, location);
            let was = before.get(&key).copied().unwrap_or(Some(level));
            let mark = state.catalogue().item(sku).low_stock;
            let marked = marks.get(&sku).copied().unwrap_or(mark);
            summary.count(state, key, (was, marked), (level, mark));
        }
        summary
    }

    fn count(
        &mut self,
        state: &'a State,
        (sku, location): (SkuIx, LocIx),
        (was, marked): (Option<&Level>, Option<i64>),
        (level, mark): (&Level, Option<i64>),
    ) {
        let catalogue = state.catalogue();
        let (sku, location) = (catalogue.sku_name(sku), catalogue.location_name(location));
        let (before, now) = (was.map(Level::available), level.available());
        self.units_available += now.max(0) - before.unwrap_or_default().max(0);
        if was.is_none() {
            self.new.push((location, sku));
        }
        let was_low = before.is_some_and(|before| is_low(before, marked));
        if is_low(now, mark) {
            if !was_low || before != Some(now) {
                self.low.push((sku, location, now));
            }
        } else if was_low {
            self.not_low.push((sku, location));
        }
    }
}

/// The levels of items whose low-stock mark has changed.
fn marked(
    state: &State,
    marks: &BTreeMap<SkuIx, Option<i64>>,
) -> impl Iterator<Item = (SkuIx, LocIx)> {
    let changed =
        marks.iter().filter(|(sku, mark)| state.catalogue().item(**sku).low_stock != **mark);
    changed.flat_map(|(sku, _)| state.levels_of(*sku).map(|(location, _)| (*sku, location)))
}
