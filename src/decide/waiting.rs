//! An event waits for something, and waits no longer (rule 6). For what only another event brings
//! it waits for a limited time.

use super::draft::Draft;
use crate::conflict::ConflictStatus;
use crate::record::{Change, Outcome, Timer, WaitKey};
use crate::state::Subject;

/// Parks an event until something comes.
pub(super) fn park(draft: &mut Draft<'_>, on: WaitKey, seq: u64) -> Outcome {
    draft.reason = Some(format!("waits for {on}"));
    begin(draft, on, seq);
    Outcome::Parked
}

/// Lets an event wait. If what it waits for does not come for too long, a person is asked.
pub(super) fn begin(draft: &mut Draft<'_>, on: WaitKey, seq: u64) {
    if on.times_out() {
        let at = draft.uptime.plus_micros(draft.state.settings.orphan_after_us);
        draft.change(Change::Timer { what: Timer::Orphan(seq), at: Some(at) });
    }
    draft.change(Change::Waiting { on, seq });
}

/// Wakes nothing for an order or a shipment that was there only in between, while one thing was taken
/// back for the sake of another: what waits for it would be decided to wait for it again, for ever.
pub(super) fn let_wait(draft: &mut Draft<'_>) {
    let is_gone = |on: &WaitKey| match on {
        WaitKey::Order(order) | WaitKey::RestOfOrder(order, _) => {
            !draft.order(order).is_some_and(|known| known.has_more_since(0))
        }
        WaitKey::Transfer(_) => !has_come(draft, on),
        _ => false,
    };
    let woken = draft.changes.iter().filter_map(|change| match change {
        Change::Woken { on, .. } if is_gone(on) => Some(on.clone()),
        _ => None,
    });
    let gone: Vec<WaitKey> = woken.collect();
    if !gone.is_empty() {
        draft.changes.retain(|it| !matches!(it, Change::Woken { on, .. } if gone.contains(on)));
    }
}

/// Ends the waiting of an event, and what follows from its length: a person who was asked need not
/// answer any more.
pub(super) fn end(draft: &mut Draft<'_>, on: WaitKey, seq: u64) {
    draft.change(Change::Released { on, seq });
    let what = Timer::Orphan(seq);
    if draft.is_timed(&what) {
        draft.change(Change::Timer { what, at: None });
    }
    if let Some(conflict) = draft.conflict_about(&Subject::Orphan(seq)).cloned() {
        draft.close(&conflict, ConflictStatus::AutoResolved, None);
    }
}

/// Whether what an event has waited for is there by now. Its order or transfer has to be at hand.
pub(super) fn has_come(draft: &Draft<'_>, on: &WaitKey) -> bool {
    match on {
        WaitKey::Order(order) => draft.order(order).is_some_and(|known| known.has_more_since(0)),
        WaitKey::RestOfOrder(order, record) => {
            draft.order(order).is_some_and(|known| known.has_more_since(*record))
        }
        WaitKey::Transfer(transfer) => draft.transfer(transfer).is_some(),
        WaitKey::Sku(_)
        | WaitKey::Location(_)
        | WaitKey::AnyLocation
        | WaitKey::Listing(..)
        | WaitKey::Approval(_) => false,
    }
}
