//! `order.placed`: commits its lines, wherever the stock is, whether or not there is enough.

use super::super::draft::Draft;
use super::allocate::{Need, commit};
use crate::event::{EventData, Fingerprint, OrderPlaced, OrderedLine};
use crate::order::{FactKey, OrderLine, OrderUpdate};
use crate::record::{Outcome, WaitKey};

/// Commits the lines and wakes what waited for the order.
pub(in crate::decide) fn place(draft: &mut Draft<'_>, data: &OrderPlaced, seq: u64) -> Outcome {
    let lines = commit_lines(draft, &data.lines);
    let fingerprint = Fingerprint::of_data(&EventData::OrderPlaced(data.clone()));
    let fact = super::fact(draft, FactKey::Placed, fingerprint, seq);
    draft.update_order(OrderUpdate {
        order: data.order.clone(),
        revision: None,
        lines,
        fact: Some(fact),
    });
    draft.wake(WaitKey::Order(data.order.clone()), false);
    Outcome::Applied
}

/// Commits new lines; names were checked before.
pub(super) fn commit_lines(draft: &mut Draft<'_>, lines: &[OrderedLine]) -> Vec<OrderLine> {
    let needs: Vec<Need> = lines
        .iter()
        .filter_map(|line| {
            let sku = draft.sku(&line.sku)?;
            let location = line.location.as_ref().and_then(|name| draft.location(name));
            Some(Need { sku, quantity: line.quantity, location })
        })
        .collect();
    assert_eq!(needs.len(), lines.len(), "every line's item is known by now");
    let shares = commit(draft, &needs);
    let lines = lines.iter().zip(needs).zip(shares).map(|((line, need), shares)| {
        let mut made = OrderLine {
            line: line.line.clone(),
            sku: draft.sku_name(need.sku).clone(),
            ordered: line.quantity,
            cancelled: 0,
            shares: Vec::new(),
        };
        for (location, quantity) in shares {
            let name = draft.state.catalogue.location_name(location);
            made.share_mut(name).committed += quantity;
        }
        made
    });
    lines.collect()
}
