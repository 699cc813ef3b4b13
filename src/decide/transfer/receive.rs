//! `transfer.received`: units arrived; applied as received, whatever was shipped.

use super::super::draft::Draft;
use super::super::movement::move_on_hand;
use super::super::{Lifted, Stop, park};
use super::{book_incoming, items_of, open_conflict, said, watch};
use crate::event::{Event, ReceivedItem, TransferReceived};
use crate::id::{LocationId, Sku};
use crate::quantity;
use crate::record::{Outcome, WaitKey};
use crate::transfer::{Receipt, Transfer, TransferLine};

/// Takes the lines of one receipt in. Where the transfer has not arrived as it left, a person is
/// asked, and what is missing stays `incoming` until then.
pub(in crate::decide) fn receive(
    draft: &mut Draft<'_>,
    event: &Event,
    data: &TransferReceived,
    seq: u64,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    let shipped = draft.transfer(&data.transfer).cloned();
    let known = shipped.or_else(|| lifted.without_order.then(|| unshipped(draft, data)).flatten());
    let Some(mut transfer) = known else {
        return Ok(park(draft, WaitKey::Transfer(data.transfer.clone()), seq));
    };
    let lines = items(draft, &mut transfer, &data.lines)?;
    let at = place(draft).filter(|place| *place != transfer.to);
    move_items(draft, at.as_ref().unwrap_or(&transfer.to), &lines);
    let lost = transfer.lines.clone();
    transfer
        .change_lines(lines.iter().map(|line| (&line.sku, line.quantity)), TransferLine::receive);
    let found = found(&lost, &transfer);
    if let Some(line) = transfer.lines.iter().find(|line| !quantity::in_range(line.received)) {
        let (sku, range) = (&line.sku, quantity::QUANTITY_MAX);
        return Err(Stop::invalid("/data/lines", format!("would take {sku} beyond {range}")));
    }
    book_incoming(draft, &transfer);
    let outcome = draft.outcome_of_fact();
    transfer.receipts.push(Receipt {
        receipt: data.receipt.clone(),
        lines,
        found,
        at,
        is_final: data.is_final,
        said: said(draft, event, seq, outcome),
    });
    draft.put_transfer(transfer.clone());
    let open = open_conflict(draft, &transfer);
    watch(draft, &transfer, open.as_ref());
    Ok(outcome)
}

/// What was given up of each item before, and is not now.
fn found(before: &[TransferLine], now: &Transfer) -> Vec<(Sku, i64)> {
    let fewer = before.iter().zip(&now.lines).filter(|(before, now)| now.lost < before.lost);
    fewer.map(|(before, now)| (now.sku.clone(), before.lost - now.lost)).collect()
}

/// Where a person has said that it arrived.
fn place(draft: &Draft<'_>) -> Option<LocationId> {
    let place = draft.told.location?;
    Some(draft.state.catalogue.location_name(place).clone())
}

/// What is known of a transfer of which no shipment is known: receipts that a person has taken in
/// without it, if there are any.
fn unshipped(draft: &Draft<'_>, data: &TransferReceived) -> Option<Transfer> {
    let known = draft.known_transfer(&data.transfer).filter(|known| !known.withdrawn);
    known.cloned().or_else(|| Some(Transfer::unshipped(data.transfer.clone(), place(draft)?)))
}

/// The rows as items that hold stock.
fn items(
    draft: &Draft<'_>,
    transfer: &mut Transfer,
    rows: &[ReceivedItem],
) -> Result<Vec<ReceivedItem>, Stop> {
    let mut items = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let pointer = format!("/data/lines/{index}/sku");
        let parts = items_of(draft, &mut transfer.kits, &pointer, &row.sku, row.quantity)?;
        let state = row.state;
        items.extend(parts.into_iter().map(|(sku, quantity)| ReceivedItem {
            sku,
            quantity,
            state,
        }));
    }
    Ok(items)
}

/// Moves what arrived at a location.
fn move_items(draft: &mut Draft<'_>, to: &LocationId, rows: &[ReceivedItem]) {
    let to = draft.location(to).expect("a transfer's locations are known");
    for row in rows {
        let sku = draft.sku(&row.sku).expect("and so are its items");
        move_on_hand(draft, sku, to, row.quantity, row.state.bucket());
    }
}
