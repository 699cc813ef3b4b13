//! What a person can do about an oversold level besides acknowledging it: have another location
//! serve what is missing, or cancel lines of orders. What is still missing then is asked about anew.

use super::draft::Draft;
use super::order::{move_share, uncommit};
use super::refused::Refused;
use crate::conflict::{Choice, Conflict};
use crate::id::OrderId;
use crate::order::{Order, OrderLine};
use crate::record::Outcome;
use crate::state::{HOLDERS_MAX, LocIx, Oversold, SkuIx};

/// The level that the conflict is about. It is measured anew: what is left is a new question.
fn level_of(draft: &mut Draft<'_>, conflict: &Conflict) -> Result<(SkuIx, LocIx), Refused> {
    let level = draft.level_about(conflict);
    let (sku, location) =
        level.ok_or_else(|| Refused::Impossible("its level is not known".to_owned()))?;
    draft.level_mut(sku, location).oversold = Oversold::No;
    Ok((sku, location))
}

/// `reallocate`: orders that were promised units here are promised them at another location, those
/// placed last first, as many as are missing here and available there; of kits the whole line, if
/// all its components are there.
pub(super) fn reallocate(
    draft: &mut Draft<'_>,
    conflict: &Conflict,
    choice: &Choice,
) -> Result<Outcome, Refused> {
    let needs = |problem| Refused::Needs { field: "location", problem };
    let (sku, from) = level_of(draft, conflict)?;
    let to = choice.location.as_ref().and_then(|name| draft.location(name));
    let to = to.ok_or_else(|| needs("must name a location that is known"))?;
    if to == from {
        return Err(needs("must be another location"));
    }
    let missing = -draft.level(sku, from).available();
    let mut rest = missing.min(draft.level(sku, to).available());
    if rest <= 0 {
        return Err(needs("must have units available"));
    }
    let wanted = rest;
    for order in holders(draft, sku, from) {
        let Some(order) = draft.order(&order).cloned() else { continue };
        let lines = move_lines(draft, &order, (sku, from, to), &mut rest);
        if !lines.is_empty() {
            draft.change_order(order.order, lines, None);
        }
        if rest <= 0 {
            break;
        }
    }
    if rest == wanted {
        let problem = "no order has units promised there that could be moved";
        return Err(Refused::Impossible(problem.to_owned()));
    }
    Ok(Outcome::Applied)
}

/// Moves promises of one order, the last line first; gives the lines that changed.
fn move_lines(
    draft: &mut Draft<'_>,
    order: &Order,
    (sku, from, to): (SkuIx, LocIx, LocIx),
    rest: &mut i64,
) -> Vec<OrderLine> {
    let mut changed = Vec::new();
    let name = draft.state.catalogue.location_name(from).clone();
    for line in order.lines.iter().rev() {
        if *rest <= 0 || !line.takes_from(draft.sku_name(sku)) {
            continue;
        }
        let Some(share) = line.shares.iter().position(|share| share.location == name) else {
            continue;
        };
        let promised = line.shares[share].committed;
        let (part, units) = if line.kit.is_empty() {
            let part = promised.min(*rest);
            (part, part)
        } else if has_kits(draft, line, to, promised) {
            let parts = line.kit.iter().filter(|part| draft.sku(&part.sku) == Some(sku));
            (promised, parts.map(|part| part.quantity.saturating_mul(promised)).sum())
        } else {
            continue;
        };
        if part > 0 {
            let mut line = line.clone();
            move_share(draft, &mut line, share, to, part);
            *rest -= units;
            changed.push(line);
        }
    }
    changed
}

/// Whether a location has all components of so many kits: a kit's line is never split, so all of it
/// moves or nothing.
fn has_kits(draft: &Draft<'_>, line: &OrderLine, location: LocIx, kits: i64) -> bool {
    line.kit.iter().all(|part| {
        let sku = draft.sku(&part.sku).expect("an order's items are known");
        draft.level(sku, location).available() >= part.quantity.saturating_mul(kits)
    })
}

/// The orders that are promised units of a level, those placed last first.
fn holders(draft: &Draft<'_>, sku: SkuIx, location: LocIx) -> Vec<OrderId> {
    let (sku, location) = draft.state.names(sku, location);
    let mut holders: Vec<_> = draft
        .state
        .working
        .orders()
        .all()
        .filter(|order| order.is_promised(sku, location))
        .map(|order| (order.first_seq(), order.order.clone()))
        .collect();
    holders.sort_unstable();
    // No more than the store gives: which others happen to be loaded must make no difference.
    holders.into_iter().rev().take(HOLDERS_MAX).map(|(_, order)| order).collect()
}

/// `cancel_lines`: these lines will not be delivered from here, in part or all that is promised.
pub(super) fn cancel_lines(
    draft: &mut Draft<'_>,
    conflict: &Conflict,
    choice: &Choice,
) -> Result<Outcome, Refused> {
    let needs = |problem| Refused::Needs { field: "lines", problem };
    let (sku, location) = level_of(draft, conflict)?;
    let name = draft.state.catalogue.location_name(location).clone();
    if choice.lines.is_empty() {
        return Err(needs("must name at least one line of an order"));
    }
    for wanted in &choice.lines {
        let order = draft.order(&wanted.order);
        let line = order.and_then(|order| order.lines.iter().find(|it| it.line == wanted.line));
        let mut line = line.cloned().ok_or_else(|| needs("must name lines of known orders"))?;
        if !line.takes_from(draft.sku_name(sku)) {
            return Err(needs("must name lines that take from the SKU that is short"));
        }
        let share = line.shares.iter().position(|share| share.location == name);
        let share = share.ok_or_else(|| needs("must name lines that are promised units here"))?;
        let has = line.shares[share].committed;
        let quantity = wanted.quantity.unwrap_or(has);
        if quantity <= 0 || quantity > has {
            return Err(needs("must cancel at least 1 and no more than is promised here"));
        }
        uncommit(draft, &mut line, share, quantity);
        line.cancelled += quantity;
        draft.change_order(wanted.order.clone(), vec![line], None);
    }
    Ok(Outcome::Applied)
}
