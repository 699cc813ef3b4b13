//! Taking back what an event did to a reservation: it returns to its earlier state.

use super::super::draft::Draft;
use crate::record::{Change, Timer};
use crate::reservation::{Reservation, Standing};

/// Takes a change back, after its effects on levels. How a hold that was brought back had `ended`
/// before, the change does not say; what a reversal has brought back is ended anew instead.
///
/// # Errors
/// Says why that cannot be.
pub(in crate::decide) fn take_back_update(
    draft: &mut Draft<'_>,
    update: &Reservation,
    by_reversal: bool,
    ended: Option<&Standing>,
) -> Result<(), String> {
    let id = &update.reservation;
    let known = draft.reservation(id).ok_or("its reservation is not at hand")?;
    if known.standing != update.standing {
        return Err(format!("reservation {id} is {} since", known.standing));
    }
    // One that was taken back may have been asked for with another content since.
    let was_withdrawn = update.standing == Standing::Withdrawn;
    let mut reservation = if was_withdrawn { update } else { known }.clone();
    let standing = match update.standing {
        Standing::Held if by_reversal => {
            return Err("it is held again: release it or confirm it anew".to_owned());
        }
        Standing::Held => ended.cloned().unwrap_or(Standing::Withdrawn),
        Standing::Confirmed(_) => Standing::Held,
        Standing::Expired => return Err("its time is over".to_owned()),
        Standing::Withdrawn if reservation.expires_at <= draft.uptime => {
            return Err("its time is over".to_owned());
        }
        Standing::Released | Standing::Withdrawn if is_available(draft, &reservation) => {
            Standing::Held
        }
        Standing::Released | Standing::Withdrawn => {
            return Err("its units are not available any more".to_owned());
        }
    };
    let at = (standing == Standing::Held).then_some(reservation.expires_at);
    draft.change(Change::Timer { what: Timer::Reservation(id.clone()), at });
    reservation.standing = standing;
    draft.change(Change::Reservation(Box::new(reservation)));
    Ok(())
}

/// Whether holding the units again takes no level below zero.
fn is_available(draft: &Draft<'_>, reservation: &Reservation) -> bool {
    reservation.lines.iter().all(|line| {
        let location = draft.location(&line.location).expect("its locations are known");
        line.items().all(|(sku, _)| {
            let sku = draft.sku(sku).expect("and so are its items");
            draft.level(sku, location).available() >= 0
        })
    })
}
