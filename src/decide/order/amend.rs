//! `order.amended`: the order's lines as they now are, by revision.

use std::collections::{BTreeMap, BTreeSet};

use super::super::draft::Draft;
use super::super::{Excess, Lifted, Stop, park};
use super::cancel::{release, uncommit};
use super::place::{Row, commit_lines};
use super::{check_line, each_item, excess, fact, places};
use crate::conflict::Evidence;
use crate::event::{EventData, Fingerprint, OrderAmended, OrderedLine};
use crate::id::{LineId, Sku};
use crate::order::{FactKey, Order, OrderLine, Share};
use crate::record::{Bucket, Outcome};

/// Brings the commitments to what the amendment says. A line's quantity counts what is no longer
/// cancelled, shipped or not.
pub(in crate::decide) fn amend(
    draft: &mut Draft<'_>,
    data: &OrderAmended,
    seq: u64,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    let known = draft.order(&data.order).cloned();
    let order = known.unwrap_or_else(|| Order::new(data.order.clone()));
    if !order.has_all_lines() && !lifted.without_order {
        return Ok(park(draft, order.wait_key(draft.seq), seq));
    }
    if let Some(newest) = order.revision.filter(|newest| data.revision < *newest) {
        draft.reason = Some(format!("revision {newest} stands"));
        return Ok(Outcome::Superseded);
    }
    let rows: BTreeMap<&LineId, &OrderedLine> =
        data.lines.iter().map(|row| (&row.line, row)).collect();
    let problem = |line| contradiction(draft, line, rows.get(&line.line).copied());
    let below = order.lines.iter().filter_map(|line| Some((line, problem(line)?)));
    let below: Vec<(&OrderLine, String)> = below.collect();
    if !below.is_empty() && lifted.excess == Excess::Ask {
        let lines = below.iter().map(|(line, _)| (&line.line, None));
        let evidence = below
            .iter()
            .map(|(line, problem)| Evidence::new(&format!("line {}", line.line), problem));
        return Ok(excess(draft, &order, lines, evidence.collect()));
    }
    let lines = amended_lines(draft, &order, data, &rows)?;
    let fingerprint = Fingerprint::of_data(&EventData::OrderAmended(data.clone()));
    let fact = fact(draft, FactKey::Amended(data.revision), fingerprint, seq);
    draft.change_order(data.order.clone(), lines, Some(fact));
    Ok(Outcome::Applied)
}

/// What the amendment says against what is known of a line already, if it does.
fn contradiction(draft: &Draft<'_>, line: &OrderLine, row: Option<&OrderedLine>) -> Option<String> {
    let shipped = line.fulfilled();
    let wanted = row.map_or(0, |row| row.quantity);
    if is_settled(line) && is_another_item(draft, line, row) {
        let sku = row.map_or("", |row| row.sku.as_str());
        let units = match shipped {
            0 => format!("{} of {} came back", line.returned(), line.sku),
            _ => format!("{shipped} of {} are shipped", line.sku),
        };
        return Some(format!("is to be {sku}, but {units}"));
    }
    (wanted < shipped).then(|| format!("is to be {wanted}, but {shipped} are shipped"))
}

/// One line cannot be two items: where units are shipped, or a person has taken back what nobody
/// has said was shipped, the line stays what it was.
fn is_settled(line: &OrderLine) -> bool {
    line.fulfilled() > 0 || line.returned() > 0
}

fn is_another_item(draft: &Draft<'_>, line: &OrderLine, row: Option<&OrderedLine>) -> bool {
    row.is_some_and(|row| draft.sku(&row.sku) != draft.sku(&line.sku))
}

/// Changes the commitments; gives the lines that changed.
fn amended_lines(
    draft: &mut Draft<'_>,
    order: &Order,
    data: &OrderAmended,
    rows: &BTreeMap<&LineId, &OrderedLine>,
) -> Result<Vec<OrderLine>, Stop> {
    let mut changed: Vec<OrderLine> = Vec::new();
    for line in &order.lines {
        let row = rows.get(&line.line).copied();
        let mut line = line.clone();
        match row {
            Some(row) if is_another_item(draft, &line, Some(row)) => {
                if is_settled(&line) {
                    continue;
                }
                let committed = line.committed();
                release(draft, &mut line, committed);
                let row = Row::new(draft, row.clone());
                changed.push(OrderLine {
                    line: line.line,
                    sku: own_name(draft, &row.line),
                    ordered: row.line.quantity,
                    cancelled: 0,
                    shares: Vec::new(),
                    kit: row.kit,
                });
            }
            _ => {
                if adjust(draft, &mut line, row)? {
                    changed.push(line);
                }
            }
        }
    }
    // More is promised only once everything is free that is no longer needed.
    let asked = |line: &OrderLine| rows.get(&line.line).copied();
    let missing = changed.iter_mut().filter_map(|line| missing(draft, line, asked(line)?));
    let mut more: Vec<Row> = missing.collect();
    let known: BTreeSet<&LineId> = order.lines.iter().map(|line| &line.line).collect();
    let new = data.lines.iter().filter(|row| !known.contains(&row.line));
    more.extend(new.map(|row| Row::new(draft, row.clone())));
    let places = places(&changed);
    for added in commit_lines(draft, more)? {
        match places.get(&added.line) {
            Some(place) => {
                for share in added.shares {
                    let share_mut = changed[*place].share_mut(&share.location);
                    share_mut.committed += share.committed;
                }
            }
            None => changed.push(added),
        }
    }
    Ok(changed)
}

/// Takes back what a line no longer needs, or needs elsewhere. Whether anything of the line changes.
fn adjust(
    draft: &mut Draft<'_>,
    line: &mut OrderLine,
    row: Option<&OrderedLine>,
) -> Result<bool, Stop> {
    let before = line.committed();
    // What is shipped stays shipped; only what is still promised can follow.
    let target = (row.map_or(0, |row| row.quantity) - line.fulfilled()).max(0);
    check_line(&line.line, &line.kit, target)?;
    let place = row.and_then(|row| row.location.as_ref()).and_then(|name| draft.location(name));
    if let Some(place) = place {
        let name = draft.state.catalogue.location_name(place).clone();
        for index in 0..line.shares.len() {
            let Share { location, committed, .. } = &line.shares[index];
            if *location != name && *committed > 0 {
                uncommit(draft, line, index, line.shares[index].committed);
            }
        }
    }
    let kept = line.committed();
    let ordered = target + line.fulfilled() + line.cancelled;
    if before == kept && kept == target && line.ordered == ordered {
        return Ok(false);
    }
    line.ordered = ordered;
    if kept > target {
        release(draft, line, kept - target);
    }
    Ok(true)
}

/// What has to be committed anew of a line, besides what is promised of it and can stay.
fn missing(draft: &mut Draft<'_>, line: &mut OrderLine, row: &OrderedLine) -> Option<Row> {
    let target = row.quantity - line.fulfilled();
    let kept = line.committed();
    // A kit is never split, so all that is promised of it goes where all of it is.
    let together = row.location.is_none() && !line.kit.is_empty();
    if together && kept < target && !grow(draft, line, target - kept) {
        release(draft, line, kept);
    }
    let quantity = target - line.committed();
    (quantity > 0)
        .then(|| Row { line: OrderedLine { quantity, ..row.clone() }, kit: line.kit.clone() })
}

/// Commits more of a kit where it is promised already, if all of it is there.
pub(super) fn grow(draft: &mut Draft<'_>, line: &mut OrderLine, more: i64) -> bool {
    let Some(index) = line.shares.iter().position(|share| share.committed > 0) else {
        return false;
    };
    let location = draft.location(&line.shares[index].location);
    let location = location.expect("an order's locations are known");
    let mut holds = true;
    each_item(draft, line, more, |draft, sku, units| {
        holds &= draft.level(sku, location).available() >= units;
    });
    if holds {
        line.shares[index].committed += more;
        each_item(draft, line, more, |draft, sku, units| {
            draft.add(sku, location, Bucket::Committed, units);
        });
    }
    holds
}

/// The name under which an item is known.
fn own_name(draft: &Draft<'_>, row: &OrderedLine) -> Sku {
    draft.sku(&row.sku).map_or_else(|| row.sku.clone(), |sku| draft.sku_name(sku).clone())
}
