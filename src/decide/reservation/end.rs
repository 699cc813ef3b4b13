//! `reservation.released` and `reservation.expired`: the units are free again.

use super::super::draft::Draft;
use super::{held, reject, settle};
use crate::event::{Event, ReservationReleased};
use crate::id::ReservationId;
use crate::ledger::Sight;
use crate::record::{Decision, Outcome};
use crate::reservation::Standing;
use crate::time::Now;

/// Gives up a hold before its time.
pub(in crate::decide) fn release(draft: &mut Draft<'_>, data: &ReservationReleased) -> Outcome {
    match held(draft, &data.reservation) {
        Ok(reservation) => {
            settle(draft, reservation, Standing::Released);
            Outcome::Applied
        }
        Err(reason) => reject(draft, reason),
    }
}

/// Ends a hold whose time is over. A hold stands until this is in the journal, so of an expiry and
/// a confirmation of the same moment the first one recorded wins, and the other finds it settled.
pub(crate) fn expire(
    sight: Sight<'_>,
    carrier: &Event,
    reservation: &ReservationId,
    now: Now,
    actor: &str,
) -> Decision {
    #[cfg(feature = "sim")]
    crate::sim::trap::spring(crate::sim::trap::Phase::Time, reservation.as_str());
    let mut draft = Draft::new(sight, carrier, now, actor);
    let held = held(&draft, reservation).expect("what is due is held, and was loaded");
    settle(&mut draft, held, Standing::Expired);
    draft.finish(Outcome::Applied).expect("what was held fits back into the range")
}

/// Ends a hold whose time is over, which could not be done when it was due, if it still stands.
pub(in crate::decide) fn end_of_time(
    draft: &mut Draft<'_>,
    reservation: &ReservationId,
) -> Outcome {
    match held(draft, reservation) {
        Ok(reservation) => settle(draft, reservation, Standing::Expired),
        Err(reason) => draft.reason = Some(reason),
    }
    Outcome::Applied
}
