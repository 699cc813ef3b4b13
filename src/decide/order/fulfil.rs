//! `order.fulfilled`: units left the house; `on_hand` falls where they left, `committed` where
//! they were promised.

use super::super::draft::Draft;
use super::super::movement::move_on_hand;
use super::super::{Excess, Lifted, Stop, park};
use super::cancel::uncommit;
use super::{check_sum, each_item, fact, held, known, line_of, place_of_rest, places, too_much};
use crate::event::{EventData, Fingerprint, OrderFulfilled};
use crate::id::LocationId;
use crate::order::{FactKey, OrderLine};
use crate::record::{Outcome, WaitKey};

/// Ships the lines of one fulfillment.
pub(in crate::decide) fn fulfil(
    draft: &mut Draft<'_>,
    data: &OrderFulfilled,
    seq: u64,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    let Some(mut order) = known(draft, &data.order, lifted) else {
        return Ok(park(draft, WaitKey::Order(data.order.clone()), seq));
    };
    if lifted.excess == Excess::Ask {
        let rows = data.lines.iter().map(|row| (&row.line, row.sku.as_ref(), row.quantity));
        let too_much = too_much(draft, &order, rows, OrderLine::committed, |wanted, has| {
            format!("ships {wanted}, but {has} are still committed")
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
            Excess::Ask | Excess::Cap => row.quantity.min(line.committed()),
        };
        check_sum(line, line.fulfilled(), quantity)?;
        ship(draft, line, quantity, row.location.as_ref())?;
        touched.push(index);
    }
    touched.sort_unstable();
    touched.dedup();
    let lines = touched.into_iter().map(|index| order.lines[index].clone()).collect();
    let fingerprint = Fingerprint::of_data(&EventData::OrderFulfilled(data.clone()));
    let fact = fact(draft, FactKey::Fulfilled(data.fulfillment.to_string()), fingerprint, seq);
    draft.change_order(data.order.clone(), lines, Some(fact));
    Ok(draft.outcome_of_fact())
}

/// Ships units of a line: from the location that the event names, else from where they were
/// promised, in the order of the shares.
fn ship(
    draft: &mut Draft<'_>,
    line: &mut OrderLine,
    quantity: i64,
    from: Option<&LocationId>,
) -> Result<(), Stop> {
    let from = from.map(|name| {
        // A name that means another location by mapping is recorded under that one.
        let location = draft.location(name).expect("names were checked before");
        draft.state.catalogue.location_name(location).clone()
    });
    // Promises at the place of shipment are kept first.
    let mut order: Vec<usize> = (0..line.shares.len()).collect();
    order.sort_by_key(|index| Some(&line.shares[*index].location) != from.as_ref());
    let mut rest = quantity;
    let mut shipped: Vec<(LocationId, i64)> = Vec::new();
    for index in order {
        let part = line.shares[index].committed.min(rest);
        if part > 0 {
            rest -= part;
            uncommit(draft, line, index, part);
            let location = from.clone().unwrap_or_else(|| line.shares[index].location.clone());
            shipped.push((location, part));
        }
    }
    if rest > 0 {
        // More than was promised, and a person has said to apply it anyway.
        shipped.push((place_of_rest(draft, line, from.as_ref())?, rest));
    }
    for (name, part) in shipped {
        let location = draft.location(&name).expect("an order's locations are known");
        line.share_mut(&name).fulfilled += part;
        each_item(draft, line, part, |draft, sku, units| {
            move_on_hand(draft, sku, location, -units, None);
        });
    }
    Ok(())
}
