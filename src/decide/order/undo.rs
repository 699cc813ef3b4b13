//! Taking back what an event did to an order: its lines move back by as much as they moved, so what
//! others have done since stays. Where that would leave less than nothing, something later rests
//! on it.

use super::super::draft::Draft;
use crate::conflict::{ConflictKind, ConflictStatus};
use crate::id::{LineId, LocationId};
use crate::order::{FactKey, LineMove, Order, OrderFact, OrderLine, OrderUpdate, Share};
use crate::record::Change;

/// Takes the update of a record back.
///
/// # Errors
/// Says what rests on it.
pub(in crate::decide) fn take_back_update(
    draft: &mut Draft<'_>,
    record: u64,
    update: &OrderUpdate,
) -> Result<(), String> {
    let order = draft.order(&update.order).cloned().ok_or("its order is not at hand")?;
    rests_on_fact(draft, &order, record, update)?;
    rests_on_cancelled(&order, record, update)?;
    let mut touched: Vec<OrderLine> = Vec::new();
    for moved in update.moves.iter().rev() {
        move_back(&order, &mut touched, moved)?;
    }
    for line in &touched {
        check(&order, line)?;
    }
    // Lines that come back stand in the order in which they stood.
    touched.sort_by_key(|line| update.moves.iter().position(|moved| moved.line == line.line));
    let (gone, mut lines): (Vec<_>, Vec<_>) = touched.into_iter().partition(OrderLine::is_empty);
    for line in &mut lines {
        drop_places(line, &update.moves);
    }
    let unplaced = update.fact.as_ref().is_some_and(|fact| fact.key == FactKey::Placed);
    // What was known before it was placed stays: the reservations that were confirmed for it, and
    // what a person has applied without it, as long as no line has changed since.
    let placed = order.facts.iter().position(|fact| fact.key == FactKey::Placed);
    let (early, all) = (placed.unwrap_or(0), order.facts.len());
    let mut stay = order.lines.iter().filter(|line| gone.iter().all(|it| it.line != line.line));
    if unplaced && (early + 1 < all || early == 0 && stay.any(|line| !update.lines.contains(line)))
    {
        return Err("later events of the order rest on it: reverse those first".to_owned());
    }
    draft.update_order(OrderUpdate {
        order: update.order.clone(),
        lines,
        gone: gone.into_iter().map(|line| line.line).collect(),
        fact: update.withdrawn.clone(),
        withdrawn: update.fact.clone(),
        moves: Vec::new(),
    });
    // What has waited for it since it was taken back goes on.
    let comes_back = update.withdrawn.as_ref().map(|fact| &fact.key);
    if matches!(comes_back, Some(FactKey::Placed | FactKey::Confirmed(_))) {
        draft.wake_order(&update.order);
    }
    Ok(())
}

/// Drops the places that a line has no more once it has moved back: those that came with what is
/// taken back. Others of which nothing is left keep their turn.
fn drop_places(line: &mut OrderLine, moves: &[LineMove]) {
    let is_own = |moved: &&LineMove| moved.line == line.line && line.is_of(&moved.sku, &moved.kit);
    let own = moves.iter().filter(is_own);
    let new = own.flat_map(|moved| &moved.shares).filter(|share| share.is_new);
    let new: Vec<&LocationId> = new.map(|share| &share.location).collect();
    line.shares.retain(|share| !share.is_empty() || !new.contains(&&share.location));
}

/// What was cancelled has been taken for granted by an amendment, which says what the lines are since,
/// and by a placing, if the order as a whole was cancelled before it.
fn rests_on_cancelled(order: &Order, record: u64, update: &OrderUpdate) -> Result<(), String> {
    let is_whole = update.fact.as_ref().is_some_and(|fact| fact.key == FactKey::Cancelled);
    if is_whole && order.is_placed() {
        return Err("the order was placed since, and rests on it: reverse that first".to_owned());
    }
    if update.moves.iter().all(|moved| moved.cancelled == 0) {
        return Ok(());
    }
    let later = order.facts.iter().rev().find(|fact| {
        matches!(fact.key, FactKey::Amended(_)) && fact.decided.unwrap_or(fact.seq) > record
    });
    match later {
        Some(later) => {
            Err(format!("the order was amended since (#{}): reverse that first", later.seq))
        }
        None => Ok(()),
    }
}

fn rests_on_fact(
    draft: &Draft<'_>,
    order: &Order,
    record: u64,
    update: &OrderUpdate,
) -> Result<(), String> {
    if let Some(FactKey::Amended(revision)) = update.fact.as_ref().map(|fact| &fact.key)
        && let Some(newest) = order.revision.filter(|newest| newest > revision)
    {
        return Err(format!("revision {newest} of the order stands: reverse that first"));
    }
    // It was applied without its order, which then was placed as it says.
    if let Some(FactKey::Amended(_)) = update.fact.as_ref().map(|fact| &fact.key) {
        let keys = order.facts.iter().map(|fact| &fact.key);
        let own = update.fact.iter().map(|fact| &fact.key).next();
        let mut later = keys.skip_while(|key| Some(*key) != own);
        if later.any(|key| *key == FactKey::Placed) {
            return Err("the order was placed since, and rests on it".to_owned());
        }
    }
    let Some(withdrawn) = &update.withdrawn else { return Ok(()) };
    if let Some(again) = order.fact(&withdrawn.key) {
        return Err(format!("it was said again since (#{})", again.seq));
    }
    // A revision says what all lines are: without its order, or under a later one, it has nothing to
    // say any more. One that a person has applied without it still has, if nothing was said since.
    if matches!(withdrawn.key, FactKey::Amended(_)) && !order.has_all_lines() {
        if !was_early(draft, withdrawn) {
            return Err("its order is taken back since: reverse that first".to_owned());
        }
        if was_said_more(order, record, update) {
            return Err("later events of the order rest on it: reverse those first".to_owned());
        }
    }
    if let Some(later) = amended_since(order, withdrawn) {
        return Err(format!("the order was amended since (#{later}): reverse that first"));
    }
    Ok(())
}

/// Whether a person has applied what a fact says without its order.
fn was_early(draft: &Draft<'_>, fact: &OrderFact) -> bool {
    let decided = fact.decided.and_then(|decided| draft.record(decided));
    decided.into_iter().flat_map(|record| &record.changes).any(|change| match change {
        Change::Conflict(conflict) => {
            (conflict.kind, conflict.status) == (ConflictKind::Orphan, ConflictStatus::Resolved)
        }
        _ => false,
    })
}

/// Whether anything has happened to an order since an update of a record, as far as that touched it.
fn was_said_more(order: &Order, record: u64, update: &OrderUpdate) -> bool {
    let line = |id: &LineId| order.lines.iter().find(|line| line.line == *id);
    order.facts.iter().any(|fact| fact.decided.unwrap_or(fact.seq) > record)
        || update.lines.iter().any(|after| line(&after.line) != Some(after))
        || update.gone.iter().any(|id| line(id).is_some())
}

/// The amendment that came after one that was withdrawn, if any did.
fn amended_since(order: &Order, withdrawn: &OrderFact) -> Option<u64> {
    let FactKey::Amended(revision) = withdrawn.key else { return None };
    let later = order.facts.iter().rev().find(|fact| match fact.key {
        FactKey::Amended(other) => other > revision || fact.seq > withdrawn.seq,
        _ => false,
    });
    later.map(|fact| fact.seq)
}

/// Moves a line back. `touched` holds the lines that have moved so far.
fn move_back(order: &Order, touched: &mut Vec<OrderLine>, moved: &LineMove) -> Result<(), String> {
    let index = touched.iter().position(|line| line.line == moved.line);
    let index = index.unwrap_or_else(|| {
        let known = order.lines.iter().find(|line| line.line == moved.line);
        touched.push(known.cloned().unwrap_or_else(|| OrderLine {
            line: moved.line.clone(),
            sku: moved.sku.clone(),
            ordered: 0,
            cancelled: 0,
            shares: Vec::new(),
            kit: moved.kit.clone(),
        }));
        touched.len() - 1
    });
    let line = &mut touched[index];
    if !line.is_of(&moved.sku, &moved.kit) {
        if !line.is_empty() {
            return Err(format!("later events rest on line {} as one of {}", line.line, line.sku));
        }
        // Its places stand in the order in which they stood.
        line.shares.clear();
        line.sku = moved.sku.clone();
        line.kit.clone_from(&moved.kit);
    }
    line.ordered -= moved.ordered;
    line.cancelled -= moved.cancelled;
    for share in &moved.shares {
        let here = line.share_mut(&share.location);
        here.committed -= share.committed;
        here.fulfilled -= share.fulfilled;
        here.returned -= share.returned;
    }
    Ok(())
}

/// Whether a line can be so. More may have come back than was shipped, if a person has said so,
/// but taking something back must not lead there. Nor may it leave ordered units of which nothing is
/// known: those of an order that was placed with what it takes back.
fn check(order: &Order, line: &OrderLine) -> Result<(), String> {
    let before = order.lines.iter().find(|known| known.line == line.line);
    let out = |share: &Share| share.fulfilled - share.returned;
    let fits = |share: &Share| {
        let shares = before.into_iter().flat_map(|before| &before.shares);
        let before = shares.filter(|known| known.location == share.location).map(out).next();
        share.committed >= 0
            && share.fulfilled >= 0
            && share.returned >= 0
            && out(share) >= before.unwrap_or(0).min(0)
    };
    let open =
        |line: &OrderLine| line.ordered - line.cancelled - line.fulfilled() - line.committed();
    let is_known = open(line) <= before.map_or(0, open).max(0);
    if line.ordered >= 0 && line.cancelled >= 0 && line.shares.iter().all(fits) && is_known {
        return Ok(());
    }
    Err(format!("later events rest on line {} of order {}", line.line, order.order))
}
