//! Orders: placed, amended, cancelled, fulfilled, returned; parked until the order comes
//! (rule 6), each business fact once (rule 1).

mod allocate;
mod amend;
mod cancel;
mod fulfil;
mod place;
mod take_back;
mod take_over;
mod undo;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use amend::amend;
pub(super) use cancel::{cancel, move_share, uncommit};
pub(super) use fulfil::fulfil;
pub(super) use place::place;
pub(super) use take_back::take_back;
pub(super) use undo::take_back_update;

use super::draft::{About, Draft};
use super::names::only;
use super::repeated::KnownFact;
use super::{Excess, Lifted, Stop, park};
use crate::conflict::{ConflictKind, Evidence};
use crate::event::{EventRef, Fingerprint, KitPart};
use crate::id::{LineId, LocationId, OrderId, Sku};
use crate::order::{FactKey, Order, OrderFact, OrderLine};
use crate::quantity;
use crate::record::Outcome;
use crate::state::SkuIx;

/// What was said of an order, if it has taken effect.
pub(super) fn known_fact(draft: &Draft<'_>, order: &OrderId, key: &FactKey) -> Option<KnownFact> {
    let fact = draft.order(order)?.fact(key)?;
    Some(KnownFact {
        first: EventRef { source: fact.source.clone(), id: fact.id.clone(), seq: fact.seq },
        fingerprint: fact.fingerprint,
        outcome: fact.outcome,
    })
}

/// The numbers, from 1, that are none of these lines' ids.
pub(super) fn free_numbers(taken: impl Iterator<Item = LineId>) -> impl Iterator<Item = LineId> {
    let taken: BTreeSet<LineId> = taken.collect();
    let numbers = (1_u64..).map(|number| LineId::new(number.to_string()));
    numbers.map(|id| id.expect("digits make an id")).filter(move |id| !taken.contains(id))
}

/// The record of a business fact that this decision makes, once all its effects are drafted.
pub(super) fn fact(
    draft: &Draft<'_>,
    key: FactKey,
    fingerprint: Fingerprint,
    seq: u64,
) -> OrderFact {
    OrderFact {
        key,
        fingerprint,
        source: draft.fact.source.clone(),
        id: draft.subject.id.clone(),
        seq,
        outcome: draft.outcome_of_fact(),
        decided: (seq != draft.seq).then_some(draft.seq),
    }
}

/// What is known of an order. Of one of which nothing is known only if the event may come without
/// its order.
fn known(draft: &Draft<'_>, order: &OrderId, lifted: Lifted) -> Option<Order> {
    let known = draft.order(order).cloned();
    let known = known.filter(Order::is_heard_of);
    known.or_else(|| lifted.without_order.then(|| Order::new(order.clone())))
}

/// A line that the order does not have, but of which units moved all the same: a person has said to
/// apply it. It can only be told what it is by the event itself, or by that person.
fn unheard_of(draft: &Draft<'_>, line: &LineId, sku: Option<&Sku>) -> Result<OrderLine, Stop> {
    let known = sku.and_then(|name| draft.sku(name)).or(draft.told.sku);
    let sku = known.ok_or_else(|| {
        let line = line.as_str();
        Stop::invalid("/data/lines", format!("line {line:?} is not in the order and names no SKU"))
    })?;
    let kit = draft.kit(sku).to_vec();
    let sku = draft.sku_name(sku).clone();
    Ok(OrderLine { line: line.clone(), sku, ordered: 0, cancelled: 0, shares: Vec::new(), kit })
}

/// Whether an event means another item by a line than the order has there.
fn contradicts(draft: &Draft<'_>, line: &OrderLine, sku: Option<&Sku>) -> bool {
    let meant = sku.and_then(|name| draft.sku(name)).map(|sku| draft.sku_name(sku));
    meant.is_some_and(|meant| *meant != line.sku)
}

/// Where the line of the order is that a row of an event is about; one of its own for what the order
/// does not have there, if all of the event is to be applied. The event has rows of the lines `named`.
fn line_of<'a>(
    draft: &Draft<'_>,
    order: &mut Order,
    places: &mut BTreeMap<LineId, usize>,
    (line, sku): (&LineId, Option<&Sku>),
    excess: Excess,
    named: impl Iterator<Item = &'a LineId>,
) -> Result<Option<usize>, Stop> {
    let known = places.get(line).copied();
    let is_other = known.is_some_and(|index| contradicts(draft, &order.lines[index], sku));
    if known.is_some() && !is_other {
        return Ok(known);
    }
    if excess != Excess::Anyway {
        return Ok(None);
    }
    let mut new = unheard_of(draft, line, sku)?;
    if is_other {
        // Another line of that item, else a number that no line has.
        if let Some(index) = order.lines.iter().position(|line| line.sku == new.sku) {
            return Ok(Some(index));
        }
        let taken = order.lines.iter().map(|line| line.line.clone());
        let taken = taken.chain(named.cloned());
        new.line = free_numbers(taken).next().expect("numbers do not end");
    }
    places.insert(new.line.clone(), order.lines.len());
    order.lines.push(new);
    Ok(Some(order.lines.len() - 1))
}

/// Where more than was promised or shipped of a line is booked: where the event says, else where a
/// person has said, else at the line's first location, else at the best-ranked one.
fn place_of_rest(
    draft: &Draft<'_>,
    line: &OrderLine,
    named: Option<&LocationId>,
) -> Result<LocationId, Stop> {
    let first = line.shares.first().map(|share| &share.location);
    let best = draft.state.catalogue.ranking().first().copied();
    let named = named.and_then(|name| draft.location(name)).or(draft.told.location);
    let location = named.or_else(|| first.and_then(|name| draft.location(name))).or(best);
    let location = location.ok_or_else(|| Stop::invalid("/data/lines", "no location is known"))?;
    Ok(draft.state.catalogue.location_name(location).clone())
}

/// The lines of which rows want more than there is `left`, in the order in which they are named. Of
/// another item than the line's there is nothing.
fn too_much<'a>(
    draft: &Draft<'_>,
    order: &Order,
    rows: impl Iterator<Item = (&'a LineId, Option<&'a Sku>, i64)>,
    left: fn(&OrderLine) -> i64,
    say: impl Fn(i64, i64) -> String,
) -> Vec<Evidence> {
    let places = places(&order.lines);
    let mut wanted: Vec<(&LineId, i64)> = Vec::new();
    let mut seen: BTreeMap<&LineId, usize> = BTreeMap::new();
    let mut evidence = Vec::new();
    for (line, sku, quantity) in rows {
        let known = places.get(line).map(|place| &order.lines[*place]);
        if let Some((known, sku)) = known.zip(sku).filter(|it| contradicts(draft, it.0, Some(it.1)))
        {
            let what = format!("is {} in the order, not {sku}", known.sku);
            evidence.push(Evidence::new(&format!("line {line}"), what));
            continue;
        }
        let place = *seen.entry(line).or_insert(wanted.len());
        if place == wanted.len() {
            wanted.push((line, 0));
        }
        wanted[place].1 += quantity;
    }
    let lines = wanted.into_iter().filter_map(|(line, wanted)| {
        let left = places.get(line).map_or(0, |place| left(&order.lines[*place]));
        (wanted > left).then(|| Evidence::new(&format!("line {line}"), say(wanted, left)))
    });
    evidence.extend(lines);
    evidence
}

/// Where each line is in its list.
fn places(lines: &[OrderLine]) -> BTreeMap<LineId, usize> {
    lines.iter().enumerate().map(|(place, line)| (line.line.clone(), place)).collect()
}

/// Keeps what is shipped or returned of one line within the range of quantities.
fn check_sum(line: &OrderLine, so_far: i64, more: i64) -> Result<(), Stop> {
    check_line(&line.line, &line.kit, so_far.saturating_add(more))
}

/// Keeps a quantity of a line, and what that makes of its components, within the range.
fn check_line(line: &LineId, kit: &[KitPart], quantity: i64) -> Result<(), Stop> {
    let mut parts = kit.iter();
    if quantity::in_range(quantity)
        && parts.all(|part| quantity::multiply(quantity, part.quantity).is_some())
    {
        return Ok(());
    }
    let (line, range) = (line.as_str(), quantity::QUANTITY_MAX);
    Err(Stop::invalid("/data/lines", format!("would take line {line:?} beyond {range}")))
}

/// Does something with each item that so many units of a line take from the stock: the line's own,
/// or the components of its kit.
fn each_item(
    draft: &mut Draft<'_>,
    line: &OrderLine,
    quantity: i64,
    mut act: impl FnMut(&mut Draft<'_>, SkuIx, i64),
) {
    let known = "an order's items are known";
    if line.kit.is_empty() {
        let sku = draft.sku(&line.sku).expect(known);
        return act(draft, sku, quantity);
    }
    for part in &line.kit {
        let sku = draft.sku(&part.sku).expect(known);
        // Quantities were checked with their components when they came in.
        act(draft, sku, quantity.saturating_mul(part.quantity));
    }
}

/// More than a line has: that waits for the order, if it was not placed yet and only a part of it
/// is known; else a person is asked.
fn held<'a>(
    draft: &mut Draft<'_>,
    order: &Order,
    seq: u64,
    rows: impl Iterator<Item = (&'a LineId, Option<&'a Sku>)>,
    too_much: Vec<Evidence>,
) -> Outcome {
    if order.has_all_lines() {
        excess(draft, order, rows, too_much)
    } else {
        park(draft, order.wait_key(draft.seq), seq)
    }
}

/// More than a line still has: the whole event is held, the part that fits as well.
/// The event's rows say of which lines, and perhaps of which items.
fn excess<'a>(
    draft: &mut Draft<'_>,
    order: &Order,
    rows: impl Iterator<Item = (&'a LineId, Option<&'a Sku>)>,
    evidence: Vec<Evidence>,
) -> Outcome {
    let places = places(&order.lines);
    let item = |(line, sku): (&LineId, Option<&Sku>)| match sku.and_then(|name| draft.sku(name)) {
        Some(named) => Some(draft.sku_name(named)),
        None => places.get(line).map(|place| &order.lines[*place].sku),
    };
    let sku = only(rows.map(item)).flatten().cloned();
    let about = About { sku, order: Some(order.order.clone()), ..About::default() };
    draft.open(ConflictKind::Excess, about, evidence);
    Outcome::Conflict
}
