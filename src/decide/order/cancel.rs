//! `order.cancelled`: what is still committed is free again.

use std::collections::BTreeMap;

use super::super::draft::Draft;
use super::super::{Excess, Lifted, Stop, park};
use super::{check_sum, contradicts, each_item, fact, held, known, places, too_much, unheard_of};
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
    if lifted.excess == Excess::Ask {
        let rows = data.lines.iter().flatten();
        let rows = rows.map(|row| (&row.line, row.sku.as_ref(), row.quantity));
        let too_much = too_much(draft, &order, rows, OrderLine::committed, |wanted, has| {
            format!("cancels {wanted}, but {has} are still committed")
        });
        if !too_much.is_empty() {
            let rows = data.lines.iter().flatten().map(|row| (&row.line, row.sku.as_ref()));
            return Ok(held(draft, &order, seq, rows, too_much));
        }
    }
    // Units that are shipped cannot be un-promised, so "all of it" is the same as "what fits".
    let mut lines = Vec::new();
    for (index, quantity) in wanted(draft, &order, data) {
        let mut line = order.lines[index].clone();
        let quantity = quantity.min(line.committed());
        if quantity > 0 {
            release(draft, &mut line, quantity);
            line.cancelled += quantity;
            lines.push(line);
        }
    }
    // An amendment that was applied without the order has said all of its lines.
    if lifted.without_order && !order.has_all_lines() {
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

/// How much of each of the order's lines is to be cancelled, by their places.
fn wanted(draft: &Draft<'_>, order: &Order, data: &OrderCancelled) -> BTreeMap<usize, i64> {
    let Some(rows) = &data.lines else {
        return order.lines.iter().map(OrderLine::committed).enumerate().collect();
    };
    let places = places(&order.lines);
    let mut wanted = BTreeMap::new();
    for row in rows {
        let index = places.get(&row.line).copied();
        if let Some(index) =
            index.filter(|index| !contradicts(draft, &order.lines[*index], row.sku.as_ref()))
        {
            *wanted.entry(index).or_default() += row.quantity;
        }
    }
    wanted
}

/// What is cancelled of lines without their order beyond what is promised is remembered until it comes.
/// `lines` are those that have changed so far.
fn remember(
    draft: &Draft<'_>,
    order: &Order,
    data: &OrderCancelled,
    lines: &mut Vec<OrderLine>,
) -> Result<(), Stop> {
    let mut wanted: BTreeMap<&LineId, i64> = BTreeMap::new();
    let places = places(&order.lines);
    for row in data.lines.iter().flatten() {
        let known = places.get(&row.line).map(|place| &order.lines[*place]);
        if let Some(known) = known.filter(|known| contradicts(draft, known, row.sku.as_ref())) {
            let (line, sku) = (row.line.as_str(), &known.sku);
            let detail = format!("line {line:?} is {sku} in what is known of the order");
            return Err(Stop::invalid("/data/lines", detail));
        }
        *wanted.entry(&row.line).or_default() += row.quantity;
        if lines.iter().any(|line| line.line == row.line) {
            continue;
        }
        lines.push(match known {
            Some(line) => line.clone(),
            None => unheard_of(draft, &row.line, row.sku.as_ref())?,
        });
    }
    for line in lines {
        // Of a whole order that is cancelled, what was promised is counted already.
        let Some(wanted) = wanted.get(&line.line).copied() else { continue };
        let before = order.lines.iter().find(|known| known.line == line.line);
        let before = before.map_or(0, |known| known.cancelled);
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
