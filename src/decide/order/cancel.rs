//! `order.cancelled`: what is still committed is free again.

use std::collections::BTreeMap;

use super::super::draft::Draft;
use super::super::{Excess, Lifted, Stop, park};
use super::{check_sum, each_item, fact, held, known, places, unheard_of};
use crate::conflict::Evidence;
use crate::event::{EventData, Fingerprint, OrderCancelled};
use crate::id::LineId;
use crate::order::{FactKey, Order, OrderLine};
use crate::record::{Bucket, Outcome, WaitKey};
use crate::state::LocIx;

/// Cancels the lines named, or all that is still committed.
pub(in crate::decide) fn cancel(
    draft: &mut Draft<'_>,
    data: &OrderCancelled,
    seq: u64,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    let Some(order) = known(draft, &data.order, lifted) else {
        return Ok(park(draft, WaitKey::Order(data.order.clone()), seq));
    };
    let mut wanted: BTreeMap<&str, i64> = BTreeMap::new();
    match &data.lines {
        Some(lines) => {
            for line in lines {
                *wanted.entry(line.line.as_str()).or_default() += line.quantity;
            }
        }
        None => wanted.extend(order.lines.iter().map(|l| (l.line.as_str(), l.committed()))),
    }
    let places = places(&order.lines);
    let mut touched = Vec::new();
    let mut too_much = Vec::new();
    for (line, quantity) in wanted {
        let known = places.get(line).map(|place| &order.lines[*place]);
        let has = known.map_or(0, OrderLine::committed);
        if quantity > has {
            let what = format!("cancels {quantity}, but {has} are still committed");
            too_much.push(Evidence::new(&format!("line {line}"), what));
        }
        if let Some(known) = known {
            touched.push((known.clone(), quantity.min(has)));
        }
    }
    // Units that are shipped cannot be un-promised, so "all of it" is the same as "what fits".
    if !too_much.is_empty() && lifted.excess == Excess::Ask {
        return Ok(held(draft, &order, seq, too_much));
    }
    let mut lines = Vec::new();
    for (mut line, quantity) in touched.into_iter().filter(|(_, quantity)| *quantity > 0) {
        release(draft, &mut line, quantity);
        line.cancelled += quantity;
        lines.push(line);
    }
    if lifted.without_order {
        remember(draft, &order, data, &mut lines)?;
    }
    // Cancelled as a whole before it was placed: what its placing brings is cancelled too.
    let known = order.has_all_lines() || order.fact(&FactKey::Cancelled).is_some();
    let early = data.lines.is_none() && !known;
    let fingerprint = Fingerprint::of_data(&EventData::OrderCancelled(data.clone()));
    let fact = early.then(|| fact(draft, FactKey::Cancelled, fingerprint, seq));
    if !lines.is_empty() || fact.is_some() {
        draft.change_order(data.order.clone(), lines, fact);
    }
    Ok(Outcome::Applied)
}

/// What is cancelled without its order beyond what is promised is remembered until it comes. `lines`
/// are those that have changed so far.
fn remember(
    draft: &Draft<'_>,
    order: &Order,
    data: &OrderCancelled,
    lines: &mut Vec<OrderLine>,
) -> Result<(), Stop> {
    let mut wanted: BTreeMap<&LineId, i64> = BTreeMap::new();
    for row in data.lines.iter().flatten() {
        *wanted.entry(&row.line).or_default() += row.quantity;
        if lines.iter().any(|line| line.line == row.line) {
            continue;
        }
        let known = order.lines.iter().find(|line| line.line == row.line).cloned();
        lines.push(match known {
            Some(line) => line,
            None => unheard_of(draft, &row.line, row.sku.as_ref())?,
        });
    }
    for line in lines {
        let before = order.lines.iter().find(|known| known.line == line.line);
        let before = before.map_or(0, |known| known.cancelled);
        let wanted = wanted.get(&line.line).copied().unwrap_or_default();
        check_sum(line, before, wanted)?;
        line.cancelled = before + wanted;
    }
    Ok(())
}

/// Takes commitments of a line back, those of the last-ranked location first.
pub(super) fn release(draft: &mut Draft<'_>, line: &mut OrderLine, mut quantity: i64) {
    for index in (0..line.shares.len()).rev() {
        let part = line.shares[index].committed.min(quantity);
        if part > 0 {
            quantity -= part;
            uncommit(draft, line, index, part);
        }
    }
}

/// Takes commitments of a line at one of its locations back.
pub(in crate::decide) fn uncommit(
    draft: &mut Draft<'_>,
    line: &mut OrderLine,
    share: usize,
    quantity: i64,
) {
    line.shares[share].committed -= quantity;
    let location = &line.shares[share].location;
    let location = draft.location(location).expect("an order's locations are known");
    each_item(draft, line, quantity, |draft, sku, units| {
        draft.add(sku, location, Bucket::Committed, -units);
    });
}

/// Promises units of a line at another location instead.
pub(in crate::decide) fn move_share(
    draft: &mut Draft<'_>,
    line: &mut OrderLine,
    share: usize,
    to: LocIx,
    quantity: i64,
) {
    uncommit(draft, line, share, quantity);
    let name = draft.state.catalogue.location_name(to).clone();
    line.share_mut(&name).committed += quantity;
    each_item(draft, line, quantity, |draft, sku, units| {
        draft.add(sku, to, Bucket::Committed, units);
    });
}
