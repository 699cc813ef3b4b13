//! `order.returned`: units came back, bounded by what was shipped; on hand again only if they were
//! restocked.

use super::super::draft::Draft;
use super::super::movement::move_on_hand;
use super::super::stock::bucket_of;
use super::super::{Excess, Lifted, park};
use super::{excess, fact};
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
) -> Outcome {
    let Some(mut order) = draft.order(&data.order).filter(|order| order.is_placed()).cloned()
    else {
        return park(draft, WaitKey::Order(data.order.clone()), seq);
    };
    if lifted.excess == Excess::Ask {
        let too_much = too_much(&order, &data.lines);
        if !too_much.is_empty() {
            return excess(draft, &data.order, too_much);
        }
    }
    let mut touched: Vec<usize> = Vec::new();
    for row in &data.lines {
        let Some(index) = order.lines.iter().position(|line| line.line == row.line) else {
            continue;
        };
        let line = &mut order.lines[index];
        let quantity = match lifted.excess {
            Excess::Anyway => row.quantity,
            Excess::Ask | Excess::Cap => row.quantity.min(line.fulfilled() - line.returned()),
        };
        put_back(draft, line, quantity, row);
        touched.push(index);
    }
    touched.sort_unstable();
    touched.dedup();
    let lines = touched.into_iter().map(|index| order.lines[index].clone()).collect();
    let fingerprint = Fingerprint::of_data(&EventData::OrderReturned(data.clone()));
    let fact = fact(draft, FactKey::Returned(data.return_id.to_string()), fingerprint, seq);
    let order = data.order.clone();
    draft.update_order(OrderUpdate { order, revision: None, lines, fact: Some(fact) });
    draft.outcome_of_fact()
}

/// Lines of which more comes back than was shipped.
fn too_much(order: &Order, rows: &[ReturnedLine]) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = Vec::new();
    for row in rows {
        let line = order.lines.iter().find(|line| line.line == row.line);
        let out = line.map_or(0, |line| line.fulfilled() - line.returned());
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
fn put_back(draft: &mut Draft<'_>, line: &mut OrderLine, quantity: i64, row: &ReturnedLine) {
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
        let first = line.shares.first().map(|share| share.location.clone());
        if let Some(location) = row.location.clone().or(first) {
            line.share_mut(&location).returned += rest;
            back.push((location, rest));
        }
    }
    if !row.restock {
        return;
    }
    let sku = draft.sku(&line.sku).expect("an order's items are known");
    for (shipped_from, part) in back {
        let name = row.location.as_ref().unwrap_or(&shipped_from);
        let location = draft.location(name).expect("names were checked before");
        move_on_hand(draft, sku, location, part, bucket_of(row.state));
    }
}
