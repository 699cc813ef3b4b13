//! `transfer.shipped`: units left one location and are `incoming` at another.

use std::collections::BTreeMap;

use super::super::draft::Draft;
use super::super::movement::move_on_hand;
use super::super::{Stop, stock};
use super::{items_of, put, said};
use crate::event::{Event, TransferShipped};
use crate::record::{Outcome, WaitKey};
use crate::transfer::Transfer;

/// Sends the lines on their way and wakes what has arrived already.
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
    let (mut items, mut kits) = (Vec::with_capacity(data.lines.len()), BTreeMap::new());
    for (index, line) in data.lines.iter().enumerate() {
        let pointer = format!("/data/lines/{index}/sku");
        for (sku, quantity) in items_of(draft, &mut kits, &pointer, &line.sku, line.quantity)? {
            let item = stock::sku_of(draft, &pointer, &sku)?;
            move_on_hand(draft, item, from, -quantity, None);
            items.push((sku, quantity));
        }
    }
    let catalogue = draft.state.catalogue();
    let mut transfer = Transfer {
        transfer: data.transfer.clone(),
        from: catalogue.location_name(from).clone(),
        to: catalogue.location_name(to).clone(),
        lines: Vec::new(),
        kits,
        shipment: said(draft, event, seq, Outcome::Applied),
        receipts: Vec::new(),
        withdrawn: false,
    };
    transfer.change_lines(
        items.iter().map(|(sku, quantity)| (sku, *quantity)),
        |line, quantity| {
            line.shipped = line.shipped.saturating_add(quantity);
        },
    );
    put(draft, transfer);
    draft.wake(WaitKey::Transfer(data.transfer.clone()), false);
    Ok(Outcome::Applied)
}
