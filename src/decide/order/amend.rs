//! `order.amended`: the order's lines as they now are, by revision.

use super::super::draft::Draft;
use super::super::{Excess, Lifted, park};
use super::cancel::{release, uncommit};
use super::place::commit_lines;
use super::{excess, fact};
use crate::conflict::Evidence;
use crate::event::{EventData, Fingerprint, OrderAmended, OrderedLine};
use crate::id::Sku;
use crate::order::{FactKey, Order, OrderLine, OrderUpdate};
use crate::record::{Outcome, WaitKey};

/// Brings the commitments to what the amendment says. A line's quantity counts what is no longer
/// cancelled, shipped or not.
pub(in crate::decide) fn amend(
    draft: &mut Draft<'_>,
    data: &OrderAmended,
    seq: u64,
    lifted: Lifted,
) -> Outcome {
    let Some(order) = draft.order(&data.order).filter(|order| order.is_placed()).cloned() else {
        return park(draft, WaitKey::Order(data.order.clone()), seq);
    };
    if let Some(newest) = order.revision.filter(|newest| data.revision < *newest) {
        draft.reason = Some(format!("revision {newest} stands"));
        return Outcome::Superseded;
    }
    let below: Vec<Evidence> = order
        .lines
        .iter()
        .filter_map(|line| {
            let problem = contradiction(draft, line, row_of(&data.lines, line))?;
            Some(Evidence::new(&format!("line {}", line.line), problem))
        })
        .collect();
    if !below.is_empty() && lifted.excess == Excess::Ask {
        return excess(draft, &data.order, below);
    }
    let lines = amended_lines(draft, &order, &data.lines);
    let fingerprint = Fingerprint::of_data(&EventData::OrderAmended(data.clone()));
    let fact = fact(draft, FactKey::Amended(data.revision), fingerprint, seq);
    draft.update_order(OrderUpdate {
        order: data.order.clone(),
        revision: Some(data.revision),
        lines,
        fact: Some(fact),
    });
    Outcome::Applied
}

/// What the amendment says of a line, if it still names it.
fn row_of<'a>(rows: &'a [OrderedLine], line: &OrderLine) -> Option<&'a OrderedLine> {
    rows.iter().find(|row| row.line == line.line)
}

/// What the amendment says against what is shipped of a line already, if it does.
fn contradiction(draft: &Draft<'_>, line: &OrderLine, row: Option<&OrderedLine>) -> Option<String> {
    let shipped = line.fulfilled();
    let wanted = row.map_or(0, |row| row.quantity);
    if shipped > 0 && is_another_item(draft, line, row) {
        let sku = row.map_or("", |row| row.sku.as_str());
        return Some(format!("is to be {sku}, but {shipped} of {} are shipped", line.sku));
    }
    (wanted < shipped).then(|| format!("is to be {wanted}, but {shipped} are shipped"))
}

fn is_another_item(draft: &Draft<'_>, line: &OrderLine, row: Option<&OrderedLine>) -> bool {
    row.is_some_and(|row| draft.sku(&row.sku) != draft.sku(&line.sku))
}

/// Changes the commitments; gives the lines that changed.
fn amended_lines(draft: &mut Draft<'_>, order: &Order, rows: &[OrderedLine]) -> Vec<OrderLine> {
    let mut changed = Vec::new();
    let mut more: Vec<OrderedLine> = Vec::new();
    for line in &order.lines {
        let row = row_of(rows, line);
        let mut line = line.clone();
        if is_another_item(draft, &line, row) {
            // One line cannot be two items: where units are shipped, the line stays what it was.
            if line.fulfilled() > 0 {
                continue;
            }
            let committed = line.committed();
            release(draft, &mut line, committed);
            more.extend(row.cloned());
            line = OrderLine {
                sku: row.map_or(line.sku, |row| own_name(draft, row)),
                ordered: row.map_or(0, |row| row.quantity),
                cancelled: 0,
                shares: Vec::new(),
                line: line.line,
            };
            changed.push(line);
        } else if let Some(missing) = adjust(draft, &mut line, row) {
            more.extend(missing);
            changed.push(line);
        }
    }
    let is_new = |row: &&OrderedLine| !order.lines.iter().any(|line| line.line == row.line);
    more.extend(rows.iter().filter(is_new).cloned());
    for added in commit_lines(draft, &more) {
        match changed.iter_mut().find(|line| line.line == added.line) {
            Some(line) => {
                for share in added.shares {
                    line.share_mut(&share.location).committed += share.committed;
                }
            }
            None => changed.push(added),
        }
    }
    changed
}

/// Takes back what a line no longer needs, or needs elsewhere. Gives what has to be committed
/// anew; `None` when the line is as it was.
fn adjust(
    draft: &mut Draft<'_>,
    line: &mut OrderLine,
    row: Option<&OrderedLine>,
) -> Option<Vec<OrderedLine>> {
    let before = line.committed();
    // What is shipped stays shipped; only what is still promised can follow.
    let target = (row.map_or(0, |row| row.quantity) - line.fulfilled()).max(0);
    let place = row.and_then(|row| row.location.as_ref()).and_then(|name| draft.location(name));
    if let Some(place) = place {
        let name = draft.state.catalogue.location_name(place).clone();
        for share in line.shares.iter_mut().filter(|share| share.location != name) {
            let part = std::mem::take(&mut share.committed);
            if part > 0 {
                uncommit(draft, &line.sku, &share.location, part);
            }
        }
    }
    let kept = line.committed();
    let missing = target - kept;
    let ordered = target + line.fulfilled() + line.cancelled;
    if before == kept && missing == 0 && line.ordered == ordered {
        return None;
    }
    line.ordered = ordered;
    if missing < 0 {
        release(draft, line, -missing);
    }
    let row = row.filter(|_| missing > 0);
    let anew =
        row.map(|row| OrderedLine { sku: line.sku.clone(), quantity: missing, ..row.clone() });
    Some(anew.into_iter().collect())
}

/// The name under which an item is known.
fn own_name(draft: &Draft<'_>, row: &OrderedLine) -> Sku {
    draft.sku(&row.sku).map_or_else(|| row.sku.clone(), |sku| draft.sku_name(sku).clone())
}
