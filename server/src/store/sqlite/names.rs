//! Which events cannot have come before: most sources count upwards, so a name beyond all that a
//! source has ever used need not be looked for in the journal.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use onhand::id::{EventId, Source};
use sqlx::sqlite::SqliteConnection;

use super::load::name;
use super::{LEDGER, damaged, reading};
use crate::store::StoreError;

/// Sources that are remembered; the names of others are looked for in the journal.
const SOURCES_MAX: usize = 256;

/// Names remembered of each source: requests overtake each other on their way in, so names come
/// a little out of order.
const NAMES_MAX: usize = 256;

/// The greatest names of each source, in the order of bytes, as SQLite compares text.
#[derive(Debug)]
pub(super) struct Names(Mutex<Known>);

#[derive(Debug)]
struct Known {
    by_source: HashMap<Source, Greatest>,
    /// Whether a source that is not here has no events.
    all: bool,
}

/// The greatest names of one source.
#[derive(Debug, Default)]
struct Greatest {
    /// The greatest name of those that are not in `above`.
    rest: Option<EventId>,
    /// Every greater name.
    above: BTreeSet<EventId>,
}

impl Greatest {
    fn may_have(&self, id: &EventId) -> bool {
        self.rest.as_ref().is_some_and(|rest| id <= rest) || self.above.contains(id)
    }

    fn add(&mut self, id: &EventId) {
        if self.rest.as_ref().is_some_and(|rest| id <= rest) || !self.above.insert(id.clone()) {
            return;
        }
        if self.above.len() > NAMES_MAX {
            self.rest = self.above.pop_first();
        }
    }
}

impl Names {
    /// Those of a ledger.
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, StoreError> {
        let rows = sqlx::query(
            "WITH RECURSIVE sources (source) AS (
                 SELECT min(source) FROM journal WHERE ledger = ?1
                 UNION ALL
                 SELECT (SELECT min(source) FROM journal
                         WHERE ledger = ?1 AND source > sources.source)
                 FROM sources WHERE sources.source IS NOT NULL
                 LIMIT ?2)
             SELECT source,
                    (SELECT max(id) FROM journal WHERE ledger = ?1 AND source = sources.source)
             FROM sources WHERE source IS NOT NULL",
        )
        .bind(LEDGER)
        .bind(i64::try_from(SOURCES_MAX + 1).map_err(damaged)?)
        .fetch_all(connection)
        .await
        .map_err(reading)?;
        let mut known = Known { by_source: HashMap::new(), all: rows.len() <= SOURCES_MAX };
        for row in rows.iter().take(SOURCES_MAX) {
            let greatest = Greatest { rest: Some(name(row, 1)?), above: BTreeSet::new() };
            known.by_source.insert(name(row, 0)?, greatest);
        }
        Ok(Self(Mutex::new(known)))
    }

    /// Notes names that may be in the journal from now on.
    pub(super) fn add<'a>(&self, names: impl Iterator<Item = (&'a Source, &'a EventId)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (source, id) in names {
            if let Some(greatest) = known.by_source.get_mut(source) {
                greatest.add(id);
            } else if known.all && known.by_source.len() < SOURCES_MAX {
                known.by_source.entry(source.clone()).or_default().add(id);
            } else {
                known.all = false;
            }
        }
    }

    /// Of some names those that may be in the journal.
    pub(super) fn to_look_for<'a>(
        &self,
        names: &'a [(Source, EventId)],
    ) -> Vec<&'a (Source, EventId)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let may_be_there = |(source, id): &&(Source, EventId)| {
            known.by_source.get(source).map_or(!known.all, |greatest| greatest.may_have(id))
        };
        names.iter().filter(may_be_there).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(ids: &[&str]) -> Vec<(Source, EventId)> {
        ids.iter().map(|id| ("s".parse().unwrap(), id.parse().unwrap())).collect()
    }

    fn known(all: bool) -> Names {
        Names(Mutex::new(Known { by_source: HashMap::new(), all }))
    }

    fn add(known: &Names, ids: &[(Source, EventId)]) {
        known.add(ids.iter().map(|(source, id)| (source, id)));
    }

    #[test]
    fn a_name_is_looked_for_unless_it_cannot_be_there() {
        let known = known(true);
        assert!(known.to_look_for(&names(&["a"])).is_empty(), "no event of this source is there");
        add(&known, &names(&["b", "d"]));
        let wanted = names(&["a", "b", "c", "d", "e"]);
        let found: Vec<&str> =
            known.to_look_for(&wanted).iter().map(|(_, id)| id.as_str()).collect();
        assert_eq!(found, ["b", "d"]);
    }

    #[test]
    fn of_many_names_only_the_greatest_are_remembered_one_by_one() {
        let known = known(true);
        let many: Vec<String> = (0..=NAMES_MAX).map(|number| format!("n{number:09}")).collect();
        let many = names(&many.iter().map(String::as_str).collect::<Vec<_>>());
        add(&known, &many);
        assert_eq!(known.to_look_for(&many).len(), many.len());
        let between = names(&["m", "n000000000-", "n000000001-", "o"]);
        let found: Vec<&str> =
            known.to_look_for(&between).iter().map(|(_, id)| id.as_str()).collect();
        assert_eq!(found, ["m"], "below the least remembered name anything may be");
    }

    #[test]
    fn sources_beyond_the_bound_are_looked_for() {
        let known = known(true);
        for number in 0..=SOURCES_MAX {
            let name = [(format!("s{number}").parse().unwrap(), "a".parse().unwrap())];
            add(&known, &name);
        }
        let of = |source: &str| [(source.parse().unwrap(), "z".parse().unwrap())];
        assert!(known.to_look_for(&of("s0")).is_empty());
        assert_eq!(known.to_look_for(&of("new")).len(), 1);
    }
}
