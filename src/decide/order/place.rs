//! `order.placed`: commits its lines, wherever the stock is, whether or not there is enough. What
//! the order had before (by a confirmed reservation, or by what a person has applied without it)
//! becomes part of its lines.

use super::super::Stop;
use super::super::draft::Draft;
use super::allocate::{Need, commit};
use super::check_line;
use super::take_over::take_over;
use crate::event::{EventData, Fingerprint, KitPart, OrderPlaced, OrderedLine};
use crate::order::{FactKey, Order, OrderLine, OrderUpdate};
use crate::record::Outcome;

/// Commits the lines and wakes what waited for the order.
pub(in crate::decide) fn place(
    draft: &mut Draft<'_>,
    data: &OrderPlaced,
    seq: u64,
) -> Result<Outcome, Stop> {
    let before = draft.order(&data.order).cloned();
    let before = before.unwrap_or_else(|| Order::new(data.order.clone()));
    let (lines, gone) = match before.revision {
        // A person has applied an amendment already: it says what the lines now are.
        Some(revision) => {
            draft.reason = Some(format!("revision {revision} stands"));
            (Vec::new(), Vec::new())
        }
        None => take_over(draft, &before, &data.lines)?,
    };
    let fingerprint = Fingerprint::of_data(&EventData::OrderPlaced(data.clone()));
    let fact = super::fact(draft, FactKey::Placed, fingerprint, seq);
    draft.update_order(OrderUpdate {
        gone,
        ..OrderUpdate::new(data.order.clone(), lines, Some(fact))
    });
    draft.wake_order(&data.order);
    Ok(Outcome::Applied)
}

/// Something to be committed, and what one unit of it consists of, if it is a kit.
pub(super) struct Row {
    pub(super) line: OrderedLine,
    pub(super) kit: Vec<KitPart>,
}

impl Row {
    /// A line that was not committed before: a kit is what it is now.
    pub(super) fn new(draft: &Draft<'_>, line: OrderedLine) -> Self {
        let kit = draft.sku(&line.sku).map_or(&[][..], |sku| draft.kit(sku)).to_vec();
        Self { line, kit }
    }
}

/// Commits new lines; names were checked before.
pub(super) fn commit_lines(draft: &mut Draft<'_>, rows: Vec<Row>) -> Result<Vec<OrderLine>, Stop> {
    let mut needs = Vec::with_capacity(rows.len());
    for Row { line, kit } in &rows {
        check_line(&line.line, kit, line.quantity)?;
        let known = "every line's items are known by now";
        let parts = kit.iter().map(|part| (draft.sku(&part.sku).expect(known), part.quantity));
        needs.push(Need {
            sku: draft.sku(&line.sku).expect(known),
            quantity: line.quantity,
            location: line.location.as_ref().and_then(|name| draft.location(name)),
            kit: parts.collect(),
        });
    }
    let shares = commit(draft, &needs);
    let lines = rows.into_iter().zip(needs).zip(shares).map(|((row, need), shares)| {
        let mut made = OrderLine {
            line: row.line.line,
            sku: draft.sku_name(need.sku).clone(),
            ordered: row.line.quantity,
            cancelled: 0,
            shares: Vec::new(),
            kit: row.kit,
        };
        for (location, quantity) in shares {
            let name = draft.state.catalogue.location_name(location);
            made.share_mut(name).committed += quantity;
        }
        made
    });
    Ok(lines.collect())
}
