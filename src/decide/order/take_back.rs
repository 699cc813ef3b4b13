//! `order.returned`: units came back, bounded by what was shipped; on hand again only if they were
//! restocked.

use super::super::draft::Draft;
use super::super::movement::move_on_hand;
use super::super::{Excess, Lifted, Stop, park};
use super::{check_sum, each_item, fact, held, known, line_of, place_of_rest, places, too_much};
use crate::event::{EventData, Fingerprint, OrderReturned, ReturnedLine};
use crate::id::LocationId;
use crate::order::{FactKey, OrderLine};
use crate::record::{Outcome, WaitKey};

/// Takes the lines of one return back.
pub(in crate::decide) fn take_back(
    draft: &mut Draft<'_>,
    data: &OrderReturned,
    seq: u64,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    let Some(mut order) = known(draft, &data.order, lifted) else {
        return Ok(park(draft, WaitKey::Order(data.order.clone()), seq));
    };
    if lifted.excess == Excess::Ask {
        let rows = data.lines.iter().map(|row| (&row.line, row.sku.as_ref(), row.quantity));
        let too_much = too_much(draft, &order, rows, still_out, |wanted, out| {
            format!("returns {wanted}, but {out} are still out")
        });
        if !too_much.is_empty() {
            let rows = data.lines.iter().map(|row| (&row.line, row.sku.as_ref()));
            return Ok(held(draft, &order, seq, rows, too_much));
        }
    }
    let mut touched: Vec<usize> = Vec::new();
    let mut places = places(&order.lines);
    for row in &data.lines {
        let about = (&row.line, row.sku.as_ref());
        let named = data.lines.iter().map(|row| &row.line);
        let index = line_of(draft, &mut order, &mut places, about, lifted.excess, named)?;
        let Some(index) = index else { continue };
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
    draft.change_order(data.order.clone(), lines, Some(fact));
    Ok(draft.outcome_of_fact())
}

/// Units shipped that have not come back. Never negative, also where a person has taken back more
/// than was shipped.
fn still_out(line: &OrderLine) -> i64 {
    (line.fulfilled() - line.returned()).max(0)
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
    for (shipped_from, part) in back {
        let name = row.location.as_ref().unwrap_or(&shipped_from);
        let location = draft.location(name).expect("names were checked before");
        each_item(draft, line, part, |draft, sku, units| {
            move_on_hand(draft, sku, location, units, row.state.bucket());
        });
    }
    Ok(())
}
