//! What a person decides where a transfer has not arrived as it left. Each unit stays somewhere in
//! the books, or is given up by name:
//!
//! - `apply_anyway`: what arrived is right, so that is what left. What is missing is on hand where
//!   it came from, as if it had never been sent; what is too much is taken from there.
//! - `cap`: what left is right. What is too much has not arrived; what is missing is lost on the
//!   way, which the transfer remembers (`lost`), and found again if it turns up.
//! - `discard`: the receipt is wrong and as if it had never been; its units are `incoming` again,
//!   and it can be sent anew under the same id.

use super::super::draft::Draft;
use super::super::refused::Refused;
use super::super::reopen::known;
use super::correct::{correct, fact_of, take_out_of};
use super::{put, watch};
use crate::conflict::{Conflict, ResolutionOption as O};
use crate::event::{EventData, ReceivedItem};
use crate::id::{ReceiptId, Sku};
use crate::record::{Basis, Change, Outcome, Record};
use crate::transfer::Transfer;

/// Carries a decision out. `held` is the last receipt of the conflict.
pub(in crate::decide) fn settle(
    draft: &mut Draft<'_>,
    conflict: &Conflict,
    option: O,
    held: &Record,
) -> Result<(), Refused> {
    let transfer = conflict.transfer.as_ref().and_then(|id| draft.transfer(id));
    let Some(before) = transfer.cloned() else { return Ok(()) };
    draft.subject = held.event_ref();
    let mut transfer = before.clone();
    transfer.decided.push(draft.seq);
    match option {
        O::ApplyAnyway => trust_the_receipt(draft, transfer)?,
        O::Cap => trust_the_shipment(draft, transfer)?,
        _ => withdraw(draft, transfer, held)?,
    }
    for change in &mut draft.changes {
        if let Change::Transfer(update) = change {
            update.before = Some(Box::new(before.clone()));
        }
    }
    Ok(())
}

/// What arrived is what left.
fn trust_the_receipt(draft: &mut Draft<'_>, mut transfer: Transfer) -> Result<(), Refused> {
    let is_final = transfer.is_final();
    let left = transfer.from.as_ref().zip(transfer.shipment.clone());
    let (from, shipment) = left.expect("only what has left is compared with what arrived");
    draft.fact = fact_of(draft, &shipment);
    let from = draft.location(from).expect("a transfer's locations are known");
    for line in &mut transfer.lines {
        let missing = if is_final { line.outstanding() } else { 0 };
        let back = missing - line.surplus();
        if back != 0 {
            let sku = draft.sku(&line.sku).expect("and so are its items");
            correct(draft, &shipment, (sku, from), back, None)?;
            line.shipped -= back;
        }
    }
    put(draft, transfer);
    Ok(())
}

/// What left is what should have arrived.
fn trust_the_shipment(draft: &mut Draft<'_>, mut transfer: Transfer) -> Result<(), Refused> {
    let is_final = transfer.is_final();
    let mut surplus: Vec<(Sku, i64)> = Vec::new();
    for line in &mut transfer.lines {
        if line.surplus() > 0 {
            surplus.push((line.sku.clone(), line.surplus()));
            line.received = line.shipped;
        }
        if is_final {
            line.lost += line.outstanding();
        }
    }
    take_out(draft, &mut transfer, surplus)?;
    put(draft, transfer);
    Ok(())
}

/// Takes units out of what was received, those that came last first, in the state in which they
/// came.
fn take_out(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    surplus: Vec<(Sku, i64)>,
) -> Result<(), Refused> {
    let mut rest: std::collections::BTreeMap<Sku, i64> = surplus.into_iter().collect();
    let mut order: Vec<usize> = (0..transfer.receipts.len()).collect();
    order.sort_by_key(|place| {
        let said = &transfer.receipts[*place].said;
        std::cmp::Reverse((said.fact.time, said.seq))
    });
    for place in order {
        let receipt = &mut transfer.receipts[place];
        let mut out: Vec<ReceivedItem> = Vec::new();
        for row in receipt.lines.iter_mut().rev() {
            let Some(left) = rest.get_mut(&row.sku) else { continue };
            let part = row.quantity.min(*left);
            if part > 0 {
                *left -= part;
                row.quantity -= part;
                out.push(ReceivedItem { quantity: part, ..row.clone() });
            }
        }
        receipt.lines.retain(|row| row.quantity > 0);
        if !out.is_empty() {
            draft.fact = fact_of(draft, &receipt.said);
            draft.begin_part(Some(Basis::Movement(draft.fact.clone())));
            take_out_of(draft, receipt, &transfer.to, &out)?;
        }
    }
    Ok(())
}

/// The receipt was never said.
fn withdraw(draft: &mut Draft<'_>, mut transfer: Transfer, held: &Record) -> Result<(), Refused> {
    let before = known(draft, &held.event_ref()).map_err(Refused::Impossible)?.decided;
    if let EventData::TransferReceived(data) = &held.envelope.data {
        take_back(draft, &mut transfer, &data.receipt)?;
        let (seq, outcome) = (held.seq, Outcome::Rejected);
        draft.change(Change::Final { seq, outcome, decided: None, before: Some(before) });
    }
    // What other receipts have left unsettled is asked about anew; what is short now is still the
    // doing of the one withdrawn.
    if let Some(last) = transfer.receipts.last() {
        draft.subject = last.said.event();
    }
    watch(draft, &transfer, None);
    draft.subject = held.event_ref();
    Ok(())
}

/// Makes a receipt as if it had never been: its units have not arrived.
fn take_back(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    receipt: &ReceiptId,
) -> Result<(), Refused> {
    let Some(place) = transfer.receipts.iter().position(|known| known.receipt == *receipt) else {
        return Ok(());
    };
    let receipt = transfer.take_out(place);
    draft.fact = fact_of(draft, &receipt.said);
    take_out_of(draft, &receipt, &transfer.to, &receipt.lines)?;
    put(draft, transfer.clone());
    Ok(())
}
