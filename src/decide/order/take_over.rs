//! What an order had before it was placed (units that a reservation was confirmed for, shipments
//! that a person applied without it) becomes part of the lines that it is placed with: nothing is
//! committed or shipped twice.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Stop;
use super::super::draft::Draft;
use super::amend::grow;
use super::cancel::release;
use super::place::{Row, commit_lines};
use super::{check_line, free_numbers};
use crate::event::{KitPart, OrderedLine};
use crate::id::{LineId, LocationId, Sku};
use crate::order::{FactKey, Order, OrderLine, Share};

/// The order's lines as they are once it is placed, and the lines that it has no longer.
pub(super) fn take_over(
    draft: &mut Draft<'_>,
    before: &Order,
    placed: &[OrderedLine],
) -> Result<(Vec<OrderLine>, Vec<LineId>), Stop> {
    let mut early = before.lines.clone();
    let mut by_item: BTreeMap<Sku, Vec<usize>> = BTreeMap::new();
    for (index, line) in early.iter().enumerate() {
        by_item.entry(line.sku.clone()).or_default().push(index);
    }
    let mut lines: Vec<OrderLine> = Vec::with_capacity(placed.len());
    for row in placed {
        let Row { line: row, kit } = Row::new(draft, row.clone());
        check_line(&row.line, &kit, row.quantity)?;
        let mut line = empty_line(draft, row, kit);
        // A kit that was held is what it was then.
        if let Some(first) = by_item.get(&line.sku).and_then(|places| places.first()) {
            line.kit.clone_from(&early[*first].kit);
        }
        lines.push(line);
    }
    // What has happened comes first, since it cannot be undone.
    match_up(&mut early, &by_item, &mut lines, |early, line, _| take_happened(early, line));
    cancel_by_line(&mut early, &mut lines);
    let place_of = |row: usize| {
        let place = placed[row].location.as_ref().and_then(|name| draft.location(name));
        place.map(|place| draft.state.catalogue().location_name(place))
    };
    match_up(&mut early, &by_item, &mut lines, |early, line, row| {
        take_committed(early, line, place_of(row));
    });
    for early in &mut early {
        let committed = early.committed();
        release(draft, early, committed);
    }
    commit_rest(draft, &mut lines, placed, before.fact(&FactKey::Cancelled).is_some())?;
    keep_unordered(&mut lines, early);
    let stay: BTreeSet<&LineId> = lines.iter().map(|line| &line.line).collect();
    let gone = before.lines.iter().map(|line| &line.line).filter(|id| !stay.contains(id));
    let gone = gone.cloned().collect();
    Ok((lines, gone))
}

fn empty_line(draft: &Draft<'_>, row: OrderedLine, kit: Vec<KitPart>) -> OrderLine {
    let sku = draft.sku(&row.sku).expect("every line's item is known by now");
    OrderLine {
        line: row.line,
        sku: draft.sku_name(sku).clone(),
        ordered: row.quantity,
        cancelled: 0,
        shares: Vec::new(),
        kit,
    }
}

/// Does something with each two lines of the same item, an early and a placed one, those of the
/// same name first; it is told which of the placed ones it is.
fn match_up(
    early: &mut [OrderLine],
    by_item: &BTreeMap<Sku, Vec<usize>>,
    lines: &mut [OrderLine],
    mut act: impl FnMut(&mut OrderLine, &mut OrderLine, usize),
) {
    for same_line in [true, false] {
        for (row, line) in lines.iter_mut().enumerate() {
            for index in by_item.get(&line.sku).into_iter().flatten() {
                let early = &mut early[*index];
                if (!same_line || early.line == line.line) && early.kit == line.kit {
                    act(early, line, row);
                }
            }
        }
    }
}

/// Takes over what a person has cancelled without the order: it is remembered by the name of its
/// line, whatever that is of.
fn cancel_by_line(early: &mut [OrderLine], lines: &mut [OrderLine]) {
    for early in early.iter_mut().filter(|early| early.ordered == 0 && early.cancelled > 0) {
        if let Some(line) = lines.iter_mut().find(|line| line.line == early.line) {
            take_cancelled(early, line);
        }
    }
}

/// Ordered units of which nothing is known yet.
fn open_units(line: &OrderLine) -> i64 {
    line.ordered - line.cancelled - line.fulfilled() - line.committed()
}

/// Takes over what was shipped (and what came back of it) and what was cancelled of what had been
/// held for the order.
fn take_happened(early: &mut OrderLine, line: &mut OrderLine) {
    for share in &mut early.shares {
        let shipped = share.fulfilled.min(open_units(line));
        take_shipped(share, line, shipped);
    }
    if early.ordered > 0 {
        take_cancelled(early, line);
    }
}

fn take_cancelled(early: &mut OrderLine, line: &mut OrderLine) {
    let cancelled = early.cancelled.min(open_units(line));
    early.cancelled -= cancelled;
    line.cancelled += cancelled;
}

/// Takes over shipped units, and what came back of them.
fn take_shipped(share: &mut Share, line: &mut OrderLine, shipped: i64) {
    if shipped <= 0 {
        return;
    }
    let back =
        if shipped == share.fulfilled { share.returned } else { share.returned.min(shipped) };
    share.fulfilled -= shipped;
    share.returned -= back;
    let taken = line.share_mut(&share.location);
    taken.fulfilled += shipped;
    taken.returned += back;
}

/// Takes over promises, if they are where the order wants them.
fn take_committed(early: &mut OrderLine, line: &mut OrderLine, place: Option<&LocationId>) {
    for share in &mut early.shares {
        if place.is_some_and(|place| share.location != *place) {
            continue;
        }
        let part = share.committed.min(open_units(line));
        if part > 0 {
            share.committed -= part;
            line.share_mut(&share.location).committed += part;
        }
    }
}

/// A kit is never split: what was held of it stays where it is only if all of the line can be there.
fn gather(draft: &mut Draft<'_>, line: &mut OrderLine) {
    let (kept, open) = (line.committed(), open_units(line));
    let places = line.shares.iter().filter(|share| share.committed > 0).count();
    if line.kit.is_empty() || places == 0 {
        return;
    }
    if places > 1 || open > 0 && !grow(draft, line, open) {
        release(draft, line, kept);
    }
}

/// Commits what nothing was there for before, unless the order was cancelled as a whole.
fn commit_rest(
    draft: &mut Draft<'_>,
    lines: &mut [OrderLine],
    placed: &[OrderedLine],
    cancelled: bool,
) -> Result<(), Stop> {
    let mut anew: Vec<Row> = Vec::new();
    let mut short: Vec<&mut OrderLine> = Vec::new();
    for (line, row) in lines.iter_mut().zip(placed) {
        if row.location.is_none() && !cancelled {
            gather(draft, line);
        }
        let quantity = open_units(line);
        if quantity > 0 && cancelled {
            line.cancelled += quantity;
        } else if quantity > 0 {
            let kit = line.kit.clone();
            anew.push(Row { line: OrderedLine { quantity, ..row.clone() }, kit });
            short.push(line);
        }
    }
    for (line, added) in short.into_iter().zip(commit_lines(draft, anew)?) {
        for share in added.shares {
            line.share_mut(&share.location).committed += share.committed;
        }
    }
    Ok(())
}

/// More was shipped than the order says: that stays on record, on a line of its item, else on one
/// of its own. A place that only held a promise of it does not.
fn keep_unordered(lines: &mut Vec<OrderLine>, early: Vec<OrderLine>) {
    for mut early in early {
        if early.fulfilled() == 0 && early.returned() == 0 {
            continue;
        }
        let same = |line: &OrderLine| line.sku == early.sku && line.kit == early.kit;
        let index = lines.iter().position(same);
        let index = index.unwrap_or_else(|| {
            if lines.iter().any(|line| line.line == early.line) {
                early.line = free_numbers(lines.iter().map(|line| line.line.clone()))
                    .next()
                    .expect("numbers do not end");
            }
            let (line, sku, kit) = (early.line.clone(), early.sku.clone(), early.kit.clone());
            lines.push(OrderLine { line, sku, ordered: 0, cancelled: 0, shares: Vec::new(), kit });
            lines.len() - 1
        });
        for share in early.shares.iter().filter(|share| !share.is_empty()) {
            let taken = lines[index].share_mut(&share.location);
            taken.fulfilled += share.fulfilled;
            taken.returned += share.returned;
        }
    }
}
