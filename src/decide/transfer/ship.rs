//! `transfer.shipped`: units left one location and are `incoming` at another.

use std::collections::BTreeMap;

use super::super::draft::Draft;
use super::super::movement::move_on_hand;
use super::super::{Stop, stock};
use super::{book_incoming, items_of, said, watch_last};
use crate::event::{Event, TransferShipped};
use crate::record::{Outcome, WaitKey};
use crate::transfer::Transfer;

/// Sends the lines on their way and wakes what has arrived already. What a person has taken in
/// without the shipment is part of it.
pub(in crate::decide) fn ship(
    draft: &mut Draft<'_>,
    event: &Event,
    data: &TransferShipped,
    seq: u64,
) -> Result<Outcome, Stop> {
    let from = stock::location_of(draft, "/data/from", &data.from)?;
    let to = stock::location_of(draft, "/data/to", &data.to)?;
    if from == to {
        return Err(Stop::invalid("/data/to", "means the same location as from"));
    }
    let early = draft.known_transfer(&data.transfer).filter(|known| !known.withdrawn).cloned();
    let mut kits = early.as_ref().map_or_else(BTreeMap::new, |early| early.kits.clone());
    let mut items = Vec::with_capacity(data.lines.len());
    for (index, line) in data.lines.iter().enumerate() {
        let pointer = format!("/data/lines/{index}/sku");
        for (sku, quantity) in items_of(draft, &mut kits, &pointer, &line.sku, line.quantity)? {
            let item = stock::sku_of(draft, &pointer, &sku)?;
            move_on_hand(draft, item, from, -quantity, None);
            items.push((sku, quantity));
        }
    }
    let catalogue = draft.state.catalogue();
    let to = catalogue.location_name(to).clone();
    let mut transfer =
        early.unwrap_or_else(|| Transfer::unshipped(data.transfer.clone(), to.clone()));
    if transfer.to != to {
        for receipt in &mut transfer.receipts {
            receipt.at.get_or_insert_with(|| transfer.to.clone());
        }
    }
    transfer.from = Some(catalogue.location_name(from).clone());
    transfer.to = to;
    transfer.kits = kits;
    transfer.change_lines(
        items.iter().map(|(sku, quantity)| (sku, *quantity)),
        |line, quantity| {
            line.shipped = line.shipped.saturating_add(quantity);
        },
    );
    book_incoming(draft, &transfer);
    // Of what has arrived already nothing is on its way, and a count may contain that it left.
    let outcome = draft.outcome_of_fact();
    transfer.shipment = Some(said(draft, event, seq, outcome));
    draft.put_transfer(transfer.clone());
    watch_last(draft, &transfer);
    draft.wake(WaitKey::Transfer(data.transfer.clone()), false);
    Ok(outcome)
}
