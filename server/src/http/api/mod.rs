//! The REST API, version 1 (contract.md sections 3 to 6).

mod catalogue;
mod channels;
mod conflicts;
mod events;
mod list;
mod stock;

use axum::Router;

use super::problem::Problem;
use crate::processor::Unavailable;
use crate::state::AppState;
use crate::store::StoreError;

/// Seconds after which it is worth trying again when the disk is full: somebody has to make room.
const DISK_FULL_RETRY_S: u32 = 30;

/// All paths below `/api/v1`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .merge(events::routes())
        .merge(stock::routes())
        .merge(catalogue::routes())
        .merge(channels::routes())
        .merge(conflicts::routes())
}

impl From<Unavailable> for Problem {
    fn from(error: Unavailable) -> Self {
        match error {
            Unavailable::DiskFull => Self::unavailable(
                "The disk is full. Nothing was recorded; make room and try again.",
            )
            .retry_after(DISK_FULL_RETRY_S),
            Unavailable::Full(_) => {
                Self::unavailable("Too many events are waiting. Nothing was recorded; try again.")
            }
            Unavailable::Stopping => {
                Self::unavailable("The server is stopping. Nothing was recorded; try again.")
            }
            Unavailable::Store(_) => {
                Self::unavailable_because("The ledger cannot be written", &error)
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::BadCursor => list::bad_cursor(),
            other => Self::unavailable_because("The ledger cannot be read", &other),
        }
    }
}
