//! What all lists share: `limit` and `cursor`.

use crate::http::problem::Problem;

/// Rows of a list without `limit`.
pub(super) const ROWS: u32 = 100;

/// Rows of a list at most (contract.md, conventions).
pub(super) const ROWS_MAX: u32 = 1_000;

/// The number of rows asked for.
pub(super) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None => Ok(ROWS),
        Some(limit @ 1..=ROWS_MAX) => Ok(limit),
        Some(_) => Err(Problem::bad_request(format!("limit must be 1 to {ROWS_MAX}"))),
    }
}

/// A cursor that is a place in the journal or a conflict's number.
pub(super) fn number(cursor: Option<&str>) -> Result<Option<u64>, Problem> {
    cursor
        .map(|cursor| {
            cursor
                .parse()
                .map_err(|_| Problem::bad_request("cursor is not one that an answer gave"))
        })
        .transpose()
}
