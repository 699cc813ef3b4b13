//! `transfer.shipped`: units left one location and are `incoming` at another.

use super::super::draft::Draft;
use super::super::movement::move_on_hand;
use super::super::{Stop, stock};
use super::{put, said};
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
    let mut items = Vec::with_capacity(data.lines.len());
    for line in &data.lines {
        let sku = stock::sku_of(draft, "/data/lines", &line.sku)?;
        move_on_hand(draft, sku, from, -line.quantity, None);
        items.push((draft.sku_name(sku).clone(), line.quantity));
    }
    let catalogue = draft.state.catalogue();
    let mut transfer = Transfer {
        transfer: data.transfer.clone(),
        from: catalogue.location_name(from).clone(),
        to: catalogue.location_name(to).clone(),
        lines: Vec::new(),
        shipment: said(draft, event, seq, Outcome::Applied),
        receipts: Vec::new(),
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
