//! Which location serves an order line that names none (contract.md section 3.2, below the table).

use std::collections::BTreeMap;

use super::super::draft::Draft;
use crate::record::Bucket;
use crate::state::{LocIx, SkuIx};

/// A quantity of an item to be committed, with the location if it is settled.
pub(super) struct Need {
    pub(super) sku: SkuIx,
    pub(super) quantity: i64,
    pub(super) location: Option<LocIx>,
}

/// Commits every need and gives, for each, its shares by location. Needs without a location are
/// summed by item first: the best-ranked location that can hold the whole sum takes it; else it is
/// split in rank order, and what no location has is committed at the first rank.
pub(super) fn commit(draft: &mut Draft<'_>, needs: &[Need]) -> Vec<Vec<(LocIx, i64)>> {
    let mut shares: Vec<Vec<(LocIx, i64)>> = vec![Vec::new(); needs.len()];
    for (need, shares) in needs.iter().zip(&mut shares) {
        if let Some(location) = need.location {
            draft.add(need.sku, location, Bucket::Committed, need.quantity);
            shares.push((location, need.quantity));
        }
    }
    let mut sums: BTreeMap<SkuIx, i64> = BTreeMap::new();
    for need in needs.iter().filter(|need| need.location.is_none()) {
        let sum = sums.entry(need.sku).or_default();
        *sum = sum.saturating_add(need.quantity);
    }
    for (sku, sum) in sums {
        let mut parts = split(draft, sku, sum);
        for (location, quantity) in &parts {
            draft.add(sku, *location, Bucket::Committed, *quantity);
        }
        let lines = needs.iter().zip(&mut shares);
        for (need, shares) in lines.filter(|(n, _)| n.sku == sku && n.location.is_none()) {
            fill(need.quantity, &mut parts, shares);
        }
    }
    shares
}

/// The locations that serve a sum, in rank order.
fn split(draft: &Draft<'_>, sku: SkuIx, sum: i64) -> Vec<(LocIx, i64)> {
    let ranking = draft.state.catalogue.ranking();
    let available = |location: &LocIx| draft.level(sku, *location).available();
    if let Some(whole) = ranking.iter().find(|location| available(location) >= sum) {
        return vec![(*whole, sum)];
    }
    let mut rest = sum;
    let mut parts: Vec<(LocIx, i64)> = Vec::new();
    for location in ranking {
        let part = available(location).clamp(0, rest);
        if part > 0 {
            parts.push((*location, part));
            rest -= part;
        }
    }
    // Nothing is refused: what no location has is promised at the first rank, where it shows as
    // oversold. There is a first rank: without any location the order waits.
    if rest > 0 {
        match parts.first_mut() {
            Some(part) if part.0 == ranking[0] => part.1 += rest,
            _ => parts.insert(0, (ranking[0], rest)),
        }
    }
    parts
}

/// Gives a line its shares from the front of the parts.
fn fill(mut quantity: i64, parts: &mut [(LocIx, i64)], shares: &mut Vec<(LocIx, i64)>) {
    for (location, left) in parts.iter_mut() {
        let share = quantity.min(*left);
        if share > 0 {
            shares.push((*location, share));
            *left -= share;
            quantity -= share;
        }
    }
}
