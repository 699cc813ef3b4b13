//! What all lists share: `limit` and `cursor`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::http::problem::Problem;

/// Rows of a list without `limit`.
const ROWS: u32 = 100;

/// Rows of a list at most (contract.md, conventions).
const ROWS_MAX: u32 = 1_000;

/// What is wrong with a cursor.
const NO_CURSOR: &str = "is not one that an earlier answer gave";

/// How many rows are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit(u32);

impl Limit {
    /// The number of rows.
    pub(super) const fn rows(self) -> u32 {
        self.0
    }

    /// Whether so many rows are all that fit: then there may be more of them.
    pub(super) const fn is_reached(self, rows: usize) -> bool {
        rows == self.0 as usize
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(ROWS)
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let asked = String::deserialize(deserializer)?.parse().ok();
        let limit = asked.filter(|limit| (1..=ROWS_MAX).contains(limit)).map(Self);
        let wrong = || D::Error::custom(format!("must be a whole number from 1 to {ROWS_MAX}"));
        limit.ok_or_else(wrong)
    }
}

/// A cursor that is a place in the journal or a conflict's number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(pub u64);

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let place = String::deserialize(deserializer)?.parse().map(Self);
        place.map_err(|_| D::Error::custom(NO_CURSOR))
    }
}

/// The parameters of a list that can only be read in pages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PageParams {
    #[serde(default)]
    pub limit: Limit,
    pub cursor: Option<String>,
}

/// A page of a list that is read whole, and the cursor of the next one: the name of its last row.
pub(super) fn page<T>(
    mut rows: Vec<T>,
    PageParams { limit, cursor }: &PageParams,
    name: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<String>), Problem> {
    if let Some(cursor) = cursor {
        let last = rows.iter().position(|row| name(row) == cursor).ok_or_else(bad_cursor)?;
        rows.drain(..=last);
    }
    let rest = rows.len();
    rows.truncate(limit.rows() as usize);
    let next = rows.last().filter(|_| rest > rows.len()).map(|row| name(row).to_owned());
    Ok((rows, next))
}

/// The cursor is not one of this list.
pub(super) fn bad_cursor() -> Problem {
    Problem::bad_parameter("cursor", NO_CURSOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_read_whole_comes_in_pages() {
        let rows = || vec!["b", "c", "a"];
        let page = |limit, cursor: Option<&str>| {
            let params = PageParams { limit: Limit(limit), cursor: cursor.map(ToOwned::to_owned) };
            page(rows(), &params, |row| row)
        };
        assert_eq!(page(2, None).unwrap(), (vec!["b", "c"], Some("c".to_owned())));
        assert_eq!(page(2, Some("c")).unwrap(), (vec!["a"], None));
        assert_eq!(page(3, None).unwrap(), (rows(), None));
        assert_eq!(page(1, Some("a")).unwrap(), (Vec::new(), None));
        assert_eq!(page(1, Some("d")).unwrap_err(), bad_cursor());
    }
}
