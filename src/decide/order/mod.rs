//! Orders: placed, amended, cancelled, fulfilled, returned; parked until the order comes
//! (rule 6), each business fact once (rule 1).

mod allocate;
mod amend;
mod cancel;
mod fulfil;
mod place;
mod take_back;

pub(super) use amend::amend;
pub(super) use cancel::cancel;
pub(super) use fulfil::fulfil;
pub(super) use place::place;
pub(super) use take_back::take_back;

use super::draft::{About, Draft};
use crate::conflict::{ConflictKind, Evidence};
use crate::event::{EventData, Fingerprint};
use crate::id::OrderId;
use crate::order::{FactKey, OrderFact};
use crate::record::Outcome;

/// The business fact that an event says about an order, if it says one.
pub(super) fn fact_of(data: &EventData) -> Option<(&OrderId, FactKey)> {
    match data {
        EventData::OrderPlaced(data) => Some((&data.order, FactKey::Placed)),
        EventData::OrderAmended(data) => Some((&data.order, FactKey::Amended(data.revision))),
        EventData::OrderFulfilled(data) => {
            Some((&data.order, FactKey::Fulfilled(data.fulfillment.to_string())))
        }
        EventData::OrderReturned(data) => {
            Some((&data.order, FactKey::Returned(data.return_id.to_string())))
        }
        _ => None,
    }
}

/// The record of a business fact that this decision makes, once all its effects are drafted.
fn fact(draft: &Draft<'_>, key: FactKey, fingerprint: Fingerprint, seq: u64) -> OrderFact {
    OrderFact {
        key,
        fingerprint,
        source: draft.fact.source.clone(),
        id: draft.subject.id.clone(),
        seq,
        outcome: draft.outcome_of_fact(),
    }
}

/// More than a line still has: the whole event is held, the part that fits as well.
fn excess(draft: &mut Draft<'_>, order: &OrderId, evidence: Vec<Evidence>) -> Outcome {
    let about = About { order: Some(order.clone()), ..About::default() };
    draft.open(ConflictKind::Excess, about, evidence);
    Outcome::Conflict
}
