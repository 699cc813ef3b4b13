//! Taking back what an event did to a transfer.

use super::super::draft::Draft;
use super::super::reopen::decided_by;
use super::super::taken_back::{is_of_reversal, takes_the_place_of_another};
use super::{
    DECISION_RESTS_ON_IT, book_incoming, differing, evidence, open_conflict, put, watch_last,
};
use crate::conflict::{Conflict, ConflictStatus};
use crate::event::EventData;
use crate::record::{Change, Record, WaitKey};
use crate::transfer::{Receipt, Transfer, TransferUpdate};

/// Takes an update back. What is `incoming` follows from the transfer, except where a person had
/// decided, be it that one content takes the place of another: then all is as it was before.
///
/// # Errors
/// Says what rests on it.
pub(in crate::decide) fn take_back_update(
    draft: &mut Draft<'_>,
    record: &Record,
    update: &TransferUpdate,
) -> Result<(), String> {
    let transfer = draft.known_transfer(&update.transfer).cloned();
    let transfer = transfer.ok_or("its transfer is not at hand")?;
    if let Some(before) = &update.before {
        let mut after = before.as_ref().clone();
        after.update(update.clone());
        if after != transfer {
            return Err(moved_on(&after, &transfer));
        }
        if books_incoming(record) {
            put(draft, before.as_ref().clone());
        } else {
            draft.put_transfer(before.as_ref().clone());
        }
        if let Some(now) = draft.known_transfer(&update.transfer).cloned()
            && takes_the_place_of_another(record)
        {
            ask_again(draft, &now);
            if now.is_shipped() && !transfer.is_shipped() {
                draft.wake(WaitKey::Transfer(now.transfer), false);
            }
        }
        return Ok(());
    }
    if is_of_reversal(record) {
        let what = if update.unshipped { "shipment" } else { "receipt" };
        return Err(format!("the {what} can be sent again instead"));
    }
    if transfer.withdrawn {
        return Err("its transfer is not at hand".to_owned());
    }
    let seq = event_of(record);
    if update.shipment.as_ref().is_some_and(|said| said.seq == seq) {
        return not_shipped(draft, transfer);
    }
    // Taken back in this order, what the decision has moved for its sake would stay.
    if let Some(decision) = transfer.decided.iter().rev().find(|it| **it > record.seq) {
        return Err(format!("a decision on the transfer rests on it: reverse #{decision} first"));
    }
    not_received(draft, transfer, update, seq)
}

/// Why a transfer cannot go back to what it was, now that it is not what a decision had left.
fn moved_on(after: &Transfer, now: &Transfer) -> String {
    let is_new = |receipt: &&Receipt| after.receipts.iter().all(|it| it.said != receipt.said);
    let what = now.receipts.iter().rev().find(is_new).map_or_else(
        || "that".to_owned(),
        |receipt| format!("receipt {} (#{})", receipt.receipt, receipt.said.seq),
    );
    format!("the transfer has moved on since: reverse {what} first")
}

/// A receipt that a decision has withdrawn stands again, as it came, now that its transfer is what it
/// was. What the decision has left to be asked about the others is over with it.
///
/// # Errors
/// Says what rests on it.
pub(in crate::decide) fn stand_again(
    draft: &mut Draft<'_>,
    record: &Record,
    conflict: &Conflict,
) -> Result<(), String> {
    let transfer = conflict.transfer.as_ref().and_then(|id| draft.transfer(id)).cloned();
    let transfer = transfer.ok_or("its transfer is not at hand")?;
    for change in &record.changes {
        let Change::Final { seq, before, .. } = change else { continue };
        let before = before.ok_or("the receipt can be sent again instead")?;
        decided_by(draft, record, conflict, *seq)?;
        let receipt = transfer.receipts.iter().find(|receipt| receipt.said.seq == *seq);
        let outcome = receipt.ok_or("the receipt is not at hand")?.said.outcome;
        draft.change(Change::Final { seq: *seq, outcome, decided: Some(before), before: None });
    }
    if let Some(other) = open_conflict(draft, &transfer) {
        draft.close(&other, ConflictStatus::AutoResolved, None);
    }
    Ok(())
}

/// Whether what a record changed in a transfer makes its effects on `incoming` follow from the
/// transfer.
pub(in crate::decide) fn books_incoming(record: &Record) -> bool {
    record
        .changes
        .iter()
        .any(|change| matches!(change, Change::Transfer(update) if update.before.is_none()))
}

/// The event that a record has decided: its own, or one that had waited or was held. The other
/// contents of an id that a decision rejects come before the one that it applies.
fn event_of(record: &Record) -> u64 {
    let settled = record.changes.iter().rev().find_map(|change| match change {
        Change::Final { seq, .. } => Some(*seq),
        _ => None,
    });
    match &record.envelope.data {
        EventData::EventReleased(_) | EventData::ConflictResolved(_) => {
            settled.unwrap_or(record.seq)
        }
        _ => record.seq,
    }
}

fn not_shipped(draft: &mut Draft<'_>, mut transfer: Transfer) -> Result<(), String> {
    if !transfer.receipts.is_empty() || transfer.lines.iter().any(|line| line.lost > 0) {
        return Err("receipts of the transfer rest on it: reverse those first".to_owned());
    }
    transfer.lines.clear();
    transfer.withdrawn = true;
    book_incoming(draft, &transfer);
    draft.put_transfer(transfer);
    Ok(())
}

fn not_received(
    draft: &mut Draft<'_>,
    mut transfer: Transfer,
    update: &TransferUpdate,
    seq: u64,
) -> Result<(), String> {
    let said = update.receipts.iter().find(|receipt| receipt.said.seq == seq);
    let said = said.ok_or("it is no receipt of the transfer")?;
    let place = transfer.receipts.iter().position(|receipt| receipt.said.seq == seq);
    let place = place.ok_or("the receipt is not there any more")?;
    if transfer.receipts[place].lines != said.lines {
        return Err(DECISION_RESTS_ON_IT.to_owned());
    }
    transfer.take_out(place);
    book_incoming(draft, &transfer);
    draft.put_transfer(transfer.clone());
    ask_again(draft, &transfer);
    Ok(())
}

/// Whether the transfer arrived as it left is another question without the receipt.
fn ask_again(draft: &mut Draft<'_>, transfer: &Transfer) {
    let differing: Vec<_> = differing(transfer).collect();
    let last = transfer.receipts.last().map(|receipt| receipt.said.event());
    match (open_conflict(draft, transfer), last) {
        (None, None) => {}
        (None, Some(_)) => watch_last(draft, transfer),
        (Some(mut conflict), Some(last)) if !differing.is_empty() => {
            conflict.version += 1;
            conflict.evidence = evidence(transfer, &differing);
            let is_there = |seq: u64| transfer.receipts.iter().any(|it| it.said.seq == seq);
            let listed = conflict.events.len() as u64;
            conflict.events.retain(|event| is_there(event.seq) && *event != last);
            conflict.events.push(last);
            conflict.event_count += conflict.events.len() as u64;
            conflict.event_count -= listed;
            draft.change(Change::Conflict(Box::new(conflict)));
        }
        (Some(conflict), _) => draft.close(&conflict, ConflictStatus::AutoResolved, None),
    }
}
