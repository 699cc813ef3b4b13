//! `order.fulfilled`: units left the house; `on_hand` falls where they left, `committed` where
//! they were promised.

use super::super::draft::Draft;
use super::super::movement::move_on_hand;
use super::super::{Excess, Lifted, Stop, park};
use super::cancel::uncommit;
use super::{check_sum, excess, fact, place_of_rest, unheard_of};
use crate::conflict::Evidence;
use crate::event::{EventData, Fingerprint, FulfilledLine, OrderFulfilled};
use crate::id::LocationId;
use crate::order::{FactKey, Order, OrderLine, OrderUpdate};
use crate::record::{Outcome, WaitKey};

/// Ships the lines of one fulfillment.
pub(in crate::decide) fn fulfil(
    draft: &mut Draft<'_>,
    data: &OrderFulfilled,
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
    let order = data.order.clone();
    draft.update_order(OrderUpdate { order, revision: None, lines, fact: Some(fact) });
    Ok(draft.outcome_of_fact())
}

/// Lines of which more is shipped than is still committed.
fn too_much(order: &Order, rows: &[FulfilledLine]) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = Vec::new();
    for row in rows {
        let line = order.lines.iter().find(|line| line.line == row.line);
        let has = line.map_or(0, OrderLine::committed);
        let same = rows.iter().filter(|other| other.line == row.line);
        let wanted: i64 = same.map(|other| other.quantity).sum();
        let label = format!("line {}", row.line);
        if wanted > has && !evidence.iter().any(|known| known.label == label) {
            let what = format!("ships {wanted}, but {has} are still committed");
            evidence.push(Evidence::new(&label, what));
        }
    }
    evidence
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
        let share = &mut line.shares[index];
        let part = share.committed.min(rest);
        if part > 0 {
            share.committed -= part;
            rest -= part;
            let location = share.location.clone();
            uncommit(draft, &line.sku, &location, part);
            shipped.push((from.clone().unwrap_or(location), part));
        }
    }
    if rest > 0 {
        // More than was promised, and a person has said to apply it anyway.
        shipped.push((place_of_rest(draft, line, from.as_ref())?, rest));
    }
    let sku = draft.sku(&line.sku).expect("an order's items are known");
    for (name, part) in shipped {
        let location = draft.location(&name).expect("and so are its locations");
        line.share_mut(&name).fulfilled += part;
        move_on_hand(draft, sku, location, -part, None);
    }
    Ok(())
}
