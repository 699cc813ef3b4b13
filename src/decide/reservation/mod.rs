//! Reservations: placed if all of it is there, then released, confirmed or expired, exactly once.

mod confirm;
mod end;
mod place;
mod undo;

pub(super) use confirm::confirm;
pub(crate) use end::expire;
pub(super) use end::{end_of_time, release};
pub(super) use place::place;
pub(super) use undo::take_back_update;

use super::draft::Draft;
use super::repeated::KnownFact;
use crate::id::ReservationId;
use crate::record::{Bucket, Change, Outcome, Timer};
use crate::reservation::{HeldLine, Reservation, Standing};

/// A reservation as it was asked for, if it was granted. A refused request is no fact: the same
/// reservation can be asked for again by another event.
pub(super) fn known_fact(draft: &Draft<'_>, reservation: &ReservationId) -> Option<KnownFact> {
    let known = draft.reservation(reservation)?;
    let stands = known.standing != Standing::Withdrawn;
    stands.then(|| KnownFact {
        first: known.placed.clone(),
        fingerprint: known.fingerprint,
        outcome: Outcome::Applied,
    })
}

/// The reservation, if it still holds its units; else why the request cannot be met.
fn held(draft: &Draft<'_>, id: &ReservationId) -> Result<Reservation, String> {
    match draft.reservation(id) {
        None => Err(format!("reservation {id} is not known")),
        Some(known) if known.standing == Standing::Held => Ok(known.clone()),
        Some(known) => Err(format!("reservation {id} is {}", known.standing)),
    }
}

/// A request that is refused, for good under its id.
fn reject(draft: &mut Draft<'_>, reason: String) -> Outcome {
    draft.reason = Some(reason);
    Outcome::Rejected
}

/// Gives the units of a reservation back and settles it.
fn settle(draft: &mut Draft<'_>, mut reservation: Reservation, standing: Standing) {
    for line in &reservation.lines {
        add(draft, line, Bucket::Reserved, -1);
    }
    let what = Timer::Reservation(reservation.reservation.clone());
    if draft.is_timed(&what) {
        draft.change(Change::Timer { what, at: None });
    }
    reservation.standing = standing;
    draft.change(Change::Reservation(Box::new(reservation)));
}

/// Adds what a line holds to one of the numbers of its levels, or takes it away (`sign` -1).
fn add(draft: &mut Draft<'_>, line: &HeldLine, bucket: Bucket, sign: i64) {
    let location = draft.location(&line.location).expect("a reservation's locations are known");
    for (sku, quantity) in line.items() {
        let sku = draft.sku(sku).expect("and so are its items");
        draft.add(sku, location, bucket, sign * quantity);
    }
}
