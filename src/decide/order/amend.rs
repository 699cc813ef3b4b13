//! `order.amended`: the order's lines as they now are, by revision.

use super::super::draft::Draft;
use super::super::{Excess, Lifted, park};
use super::cancel::release;
use super::place::commit_lines;
use super::{excess, fact};
use crate::conflict::Evidence;
use crate::event::{EventData, Fingerprint, OrderAmended, OrderedLine};
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
    let wanted = |line: &OrderLine| {
        data.lines.iter().find(|row| row.line == line.line).map_or(0, |row| row.quantity)
    };
    let below: Vec<Evidence> = order
        .lines
        .iter()
        .filter(|line| wanted(line) < line.fulfilled())
        .map(|line| {
            let what = format!("is to be {}, but {} are shipped", wanted(line), line.fulfilled());
            Evidence::new(&format!("line {}", line.line), what)
        })
        .collect();
    if !below.is_empty() && lifted.excess == Excess::Ask {
        return excess(draft, &data.order, below);
    }
    let lines = amended_lines(draft, &order, &data.lines, wanted);
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

/// Changes the commitments; gives the lines that changed.
fn amended_lines(
    draft: &mut Draft<'_>,
    order: &Order,
    rows: &[OrderedLine],
    wanted: impl Fn(&OrderLine) -> i64,
) -> Vec<OrderLine> {
    let mut changed = Vec::new();
    let mut more: Vec<OrderedLine> = Vec::new();
    for line in &order.lines {
        // What is shipped stays shipped; only what is still promised can follow.
        let committed = (wanted(line) - line.fulfilled()).max(0);
        let difference = committed - line.committed();
        let mut line = line.clone();
        line.ordered += difference;
        if difference < 0 {
            release(draft, &mut line, -difference);
            changed.push(line);
        } else if difference > 0 {
            let row = rows.iter().find(|row| row.line == line.line);
            more.push(OrderedLine {
                line: line.line.clone(),
                sku: line.sku.clone(),
                quantity: difference,
                location: row.and_then(|row| row.location.clone()),
            });
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
