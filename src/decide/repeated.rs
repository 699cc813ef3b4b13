//! Rule 1 for business facts: what was said before under another event id.

use super::draft::{About, Draft};
use super::{Stop, describe, names, order, reservation, transfer};
use crate::business_fact::{BusinessFact, HeldFact};
use crate::conflict::{ConflictKind, Evidence};
use crate::event::{Event, EventRef, Fingerprint};
use crate::record::{Original, Outcome};

/// A business fact that the journal has already.
pub(super) struct KnownFact {
    /// The event that said it first.
    pub(super) first: EventRef,
    /// Its content.
    pub(super) fingerprint: Fingerprint,
    /// What became of it.
    pub(super) outcome: Outcome,
}

impl From<&HeldFact> for KnownFact {
    fn from(held: &HeldFact) -> Self {
        let HeldFact { event, content, outcome, .. } = held;
        Self { first: event.clone(), fingerprint: *content, outcome: *outcome }
    }
}

/// Whether the event says a business fact that was said already, be it that it has taken effect or
/// that it is held back. With the same content that is a duplicate; with other content a conflict
/// with what is in force, else with what was said first.
pub(super) fn rule(draft: &mut Draft<'_>, event: &Event) -> Result<Option<Outcome>, Stop> {
    let Some(fact) = BusinessFact::of(&event.data) else { return Ok(None) };
    let in_force = in_force(draft, &fact);
    let held = draft.held_before(&fact).map(KnownFact::from);
    let said: Vec<KnownFact> = in_force.into_iter().chain(held).collect();
    if said.is_empty() {
        return Ok(None);
    }
    let content = Fingerprint::of_data(&event.data);
    if let Some(same) = said.iter().find(|known| known.fingerprint == content) {
        let EventRef { source, id, seq } = same.first.clone();
        return Err(Stop::Duplicate(Original { source, id, seq, outcome: same.outcome }));
    }
    let first = said[0].first.clone();
    let evidence = vec![
        Evidence::new("said twice", &fact),
        Evidence::new("first recorded as", format!("#{}", first.seq)),
        Evidence::at("second content says", describe(event), event.time),
    ];
    let about = About { events: vec![first], ..names::about(draft, &event.data) };
    draft.open(ConflictKind::OrderChanged, about, evidence);
    Ok(Some(Outcome::Conflict))
}

/// The same fact, if it has taken effect.
fn in_force(draft: &Draft<'_>, fact: &BusinessFact) -> Option<KnownFact> {
    match fact {
        BusinessFact::Order(order, key) => order::known_fact(draft, order, key),
        BusinessFact::Shipment(transfer) => transfer::known_shipment(draft, transfer),
        BusinessFact::Receipt(transfer, receipt) => {
            transfer::known_receipt(draft, transfer, receipt)
        }
        BusinessFact::Reservation(reservation) => reservation::known_fact(draft, reservation),
    }
}
