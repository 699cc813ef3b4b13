//! `order.returned`: units came back, bounded by what was shipped; on hand again only if they were
//! restocked.

use super::super::draft::Draft;
use super::super::movement::move_on_hand;
use super::super::{Excess, Lifted, Stop, park};
use super::{check_sum, excess, fact, place_of_rest, unheard_of};
use crate::conflict::Evidence;
use crate::event::{EventData, Fingerprint, OrderReturned, ReturnedLine};
use crate::id::LocationId;
use crate::order::{FactKey, Order, OrderLine, OrderUpdate};
use crate::record::{Outcome, WaitKey};

/// Takes the lines of one return back.
pub(in crate::decide) fn take_back(
    draft: &mut Draft<'_>,
    data: &OrderReturned,
    seq: u64,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    let Some(mut order) = draft.order(&data.order).filter(|order| order.is_placed()).cloned()
    else {
        return Ok(park(draft, WaitKey::Order(data.order.clone()), seq));
    };
    if lifted.excess == Excess::Ask {
        let too_much = too_much(&order, &data.lines);
        if !too_much.is_empty() {
            return Ok(excess(draft, &data.order, too_much));
        }
    }
    let mut touched: Vec<usize> = Vec::new();
    for row in &data.lines {
        let index = match order.lines.iter().position(|line| line.line == row.line) {
            Some(index) => index,
            None if lifted.excess == Excess::Anyway => {
                order.lines.push(unheard_of(draft, &row.line, row.sku.as_ref())?);
                order.lines.len() - 1
            }
            None => continue,
        };
        let line = &mut order.lines[index];
        let quantity = match lifted.excess {
            Excess::Anyway => row.quantity,
            Excess::Ask | Excess::Cap => row.quantity.min(still_out(line)),
        };
        check_sum(line, line.returned(), quantity)?;
        put_back(draft, line, quantity, row)?;
        touched.push(index);
    }
    touched.sort_unstable();
    touched.dedup();
    let lines = touched.into_iter().map(|index| order.lines[index].clone()).collect();
    let fingerprint = Fingerprint::of_data(&EventData::OrderReturned(data.clone()));
    let fact = fact(draft, FactKey::Returned(data.return_id.to_string()), fingerprint, seq);
    let order = data.order.clone();
    draft.update_order(OrderUpdate { order, revision: None, lines, fact: Some(fact) });
    Ok(draft.outcome_of_fact())
}

/// Units shipped that have not come back. Never negative, also where a person has taken back more
/// than was shipped.
fn still_out(line: &OrderLine) -> i64 {
    (line.fulfilled() - line.returned()).max(0)
}

/// Lines of which more comes back than was shipped.
fn too_much(order: &Order, rows: &[ReturnedLine]) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = Vec::new();
    for row in rows {
        let line = order.lines.iter().find(|line| line.line == row.line);
        let out = line.map_or(0, still_out);
        let same = rows.iter().filter(|other| other.line == row.line);
        let wanted: i64 = same.map(|other| other.quantity).sum();
        let label = format!("line {}", row.line);
        if wanted > out && !evidence.iter().any(|known| known.label == label) {
            let what = format!("returns {wanted}, but {out} are still out");
            evidence.push(Evidence::new(&label, what));
        }
    }
    evidence
}

/// Puts units back: where the event says, else where they were shipped from.
fn put_back(
    draft: &mut Draft<'_>,
    line: &mut OrderLine,
    quantity: i64,
    row: &ReturnedLine,
) -> Result<(), Stop> {
    let mut rest = quantity;
    let mut back: Vec<(LocationId, i64)> = Vec::new();
    for share in &mut line.shares {
        let part = rest.min(share.fulfilled - share.returned);
        if part > 0 {
            share.returned += part;
            rest -= part;
            back.push((share.location.clone(), part));
        }
    }
    if rest > 0 {
        // More than was shipped, and a person has said to apply it anyway.
        let location = place_of_rest(draft, line, row.location.as_ref())?;
        line.share_mut(&location).returned += rest;
        back.push((location, rest));
    }
    if !row.restock {
        return Ok(());
    }
    let sku = draft.sku(&line.sku).expect("an order's items are known");
    for (shipped_from, part) in back {
        let name = row.location.as_ref().unwrap_or(&shipped_from);
        let location = draft.location(name).expect("names were checked before");
        move_on_hand(draft, sku, location, part, row.state.bucket());
    }
    Ok(())
}
