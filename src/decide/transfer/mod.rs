//! Transfers: shipped, received, and what people decide where the two do not agree. What arrives
//! before it left is parked (rule 6), each business fact counts once (rule 1).

mod correct;
mod receive;
mod settle;
mod ship;
mod undo;

pub(super) use correct::not_corrected;
pub(super) use receive::receive;
pub(super) use settle::settle;
pub(super) use ship::ship;
pub(super) use undo::{books_incoming, stand_again, take_back_update};

use std::collections::BTreeMap;

use super::draft::{About, Draft};
use super::repeated::KnownFact;
use super::{Stop, stock};
use crate::conflict::{Conflict, ConflictKind, ConflictStatus, Evidence};
use crate::event::{Event, Fingerprint, KitPart};
use crate::id::{ReceiptId, Sku, TransferId};
use crate::quantity;
use crate::record::{Bucket, Outcome};
use crate::state::{LocIx, SkuIx, Subject};
use crate::transfer::{Said, Transfer, TransferLine};

/// Why something cannot be taken back that a decision has corrected.
const DECISION_RESTS_ON_IT: &str = "a decision on the transfer rests on it: reverse that first";

/// Lines listed in the evidence of one conflict.
const LINES_LISTED_MAX: usize = 20;

/// The shipment of a transfer, if it has taken effect.
pub(super) fn known_shipment(draft: &Draft<'_>, transfer: &TransferId) -> Option<KnownFact> {
    draft.transfer(transfer)?.shipment.as_ref().map(known_fact)
}

/// A receipt of a transfer, if it has taken effect.
pub(super) fn known_receipt(
    draft: &Draft<'_>,
    transfer: &TransferId,
    receipt: &ReceiptId,
) -> Option<KnownFact> {
    Some(known_fact(&draft.known_transfer(transfer)?.receipt(receipt)?.said))
}

fn known_fact(said: &Said) -> KnownFact {
    let (first, fingerprint, outcome) = (said.event(), said.fingerprint, said.outcome);
    KnownFact { first, fingerprint, outcome }
}

/// How the business fact that is being decided comes into the journal.
fn said(draft: &Draft<'_>, event: &Event, seq: u64, outcome: Outcome) -> Said {
    Said {
        fingerprint: Fingerprint::of_data(&event.data),
        fact: draft.fact.clone(),
        id: draft.subject.id.clone(),
        seq,
        outcome,
    }
}

/// The items that so many units of one named at a place in the event are, under the names by which
/// Onhand knows them: itself, or the components of a kit, which is what it was when the transfer
/// first named it.
fn items_of(
    draft: &Draft<'_>,
    kits: &mut BTreeMap<Sku, Vec<KitPart>>,
    pointer: &str,
    sku: &Sku,
    quantity: i64,
) -> Result<Vec<(Sku, i64)>, Stop> {
    let item = stock::sku_of(draft, pointer, sku)?;
    let own = draft.sku_name(item);
    if !kits.contains_key(own) {
        let parts = draft.kit(item);
        if parts.is_empty() {
            return Ok(vec![(own.clone(), quantity)]);
        }
        kits.insert(own.clone(), parts.to_vec());
    }
    let parts = kits[own].iter().map(|part| {
        let units = quantity::multiply(quantity, part.quantity);
        let beyond = || format!("would take {} beyond {}", part.sku, quantity::QUANTITY_MAX);
        Ok((part.sku.clone(), units.ok_or_else(|| Stop::invalid(pointer, beyond()))?))
    });
    parts.collect()
}

/// Puts a transfer in the place of what it was.
fn put(draft: &mut Draft<'_>, transfer: Transfer) {
    book_incoming(draft, &transfer);
    draft.put_transfer(transfer);
}

/// What is still on its way is `incoming` where it goes.
fn book_incoming(draft: &mut Draft<'_>, transfer: &Transfer) {
    let mut incoming: BTreeMap<(SkuIx, LocIx), i64> = BTreeMap::new();
    let known = draft.known_transfer(&transfer.transfer);
    for (transfer, sign) in known.into_iter().map(|known| (known, -1)).chain([(transfer, 1)]) {
        let to = draft.location(&transfer.to).expect("a transfer's locations are known");
        for line in transfer.lines.iter().filter(|line| line.outstanding() > 0) {
            let sku = draft.sku(&line.sku).expect("and so are its items");
            *incoming.entry((sku, to)).or_default() += sign * line.outstanding();
        }
    }
    // A line that is as it was takes no effect: a receipt may yet be absorbed by a count.
    for ((sku, location), quantity) in incoming.into_iter().filter(|(_, quantity)| *quantity != 0) {
        draft.add(sku, location, Bucket::Incoming, quantity);
    }
}

/// Asks a person where a transfer did not arrive as it left: once, and no longer than it is so.
/// More than was shipped is so at once; less is so when nothing more is to come. `open` is the
/// conflict that asks already.
fn watch(draft: &mut Draft<'_>, transfer: &Transfer, open: Option<&Conflict>) {
    let differing: Vec<&TransferLine> = differing(transfer).collect();
    match open {
        None if differing.is_empty() => {}
        Some(conflict) if differing.is_empty() => {
            draft.close(conflict, ConflictStatus::AutoResolved, None);
        }
        None => {
            let about = About {
                sku: Some(differing[0].sku.clone()),
                location: Some(transfer.to.clone()),
                transfer: Some(transfer.transfer.clone()),
                ..About::default()
            };
            draft.open(ConflictKind::Excess, about, evidence(transfer, &differing));
        }
        Some(conflict) => draft.join(conflict, evidence(transfer, &differing)),
    }
}

/// The same about the last receipt, where it is not the event that is being decided.
fn watch_last(draft: &mut Draft<'_>, transfer: &Transfer) {
    let Some(last) = transfer.receipts.last().map(|receipt| receipt.said.event()) else { return };
    let own = std::mem::replace(&mut draft.subject, last);
    watch(draft, transfer, None);
    draft.subject = own;
}

/// The lines of which more arrived than left, or less and no more is to come. Before it left, as far
/// as is known, there is nothing to compare with.
fn differing(transfer: &Transfer) -> impl Iterator<Item = &TransferLine> {
    let (is_shipped, is_final) = (transfer.is_shipped(), transfer.is_final());
    let differs = move |line: &&TransferLine| {
        is_shipped && (line.surplus() > 0 || is_final && line.outstanding() > 0)
    };
    transfer.lines.iter().filter(differs)
}

fn evidence(transfer: &Transfer, differing: &[&TransferLine]) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    if let (Some(from), Some(shipment)) = (&transfer.from, &transfer.shipment) {
        let route = format!("from {from} to {}", transfer.to);
        evidence.push(Evidence::at("shipped", route, shipment.fact.time));
    }
    evidence.extend(differing.iter().take(LINES_LISTED_MAX).map(|line| {
        let TransferLine { shipped, received, .. } = line;
        let (missing, surplus) = (line.outstanding(), line.surplus());
        let but = if surplus > 0 {
            format!("{surplus} more than left")
        } else {
            format!("{missing} are missing")
        };
        let what = format!("{shipped} shipped, {received} received: {but}");
        Evidence::new(line.sku.as_str(), what)
    }));
    if let Some(more) = differing.len().checked_sub(LINES_LISTED_MAX).filter(|more| *more > 0) {
        evidence.push(Evidence::new("further lines that differ", more));
    }
    evidence
}

/// The open conflict about a transfer.
fn open_conflict(draft: &Draft<'_>, transfer: &Transfer) -> Option<Conflict> {
    draft.conflict_about(&Subject::Transfer(transfer.transfer.clone())).cloned()
}
