//! A batch: the rows of the journal that one transaction writes, and what they changed.

use std::collections::BTreeSet;

use crate::conflict::ConflictKind;
use crate::id::{LocationId, OrderId, ReservationId, Sku, TransferId};
use crate::journal::Chain;
use crate::record::{Change, Record};
use crate::state::{Head, Level, LocIx, SkuIx, State};

/// A record with its stored bytes and the chain up to it.
#[derive(Debug)]
pub struct Entry {
    /// The record.
    pub record: Record,
    /// Its stored form, written once and used by all readers.
    pub bytes: Vec<u8>,
    /// The hash over all records up to it.
    pub chain: Chain,
}

/// What a batch changed: everything that has to be written, in one transaction.
#[derive(Debug, Default)]
pub struct Batch {
    /// The new rows of the journal, in order.
    pub entries: Vec<Entry>,
    /// Where the journal stands afterwards.
    pub head: Head,
}

impl Batch {
    /// The orders that the batch changed.
    pub fn orders(&self) -> BTreeSet<&OrderId> {
        let changes = self.entries.iter().flat_map(|entry| &entry.record.changes);
        changes
            .filter_map(|change| match change {
                Change::Order(update) => Some(&update.order),
                _ => None,
            })
            .collect()
    }

    /// The transfers that the batch changed.
    pub fn transfers(&self) -> BTreeSet<&TransferId> {
        let changes = self.entries.iter().flat_map(|entry| &entry.record.changes);
        changes
            .filter_map(|change| match change {
                Change::Transfer(update) => Some(&update.transfer),
                _ => None,
            })
            .collect()
    }

    /// The reservations that the batch changed.
    pub fn reservations(&self) -> BTreeSet<&ReservationId> {
        let changes = self.entries.iter().flat_map(|entry| &entry.record.changes);
        changes
            .filter_map(|change| match change {
                Change::Reservation(reservation) => Some(&reservation.reservation),
                _ => None,
            })
            .collect()
    }

    /// The levels that the batch changed, as they are now.
    pub fn levels<'a>(
        &'a self,
        state: &'a State,
    ) -> impl Iterator<Item = (SkuIx, LocIx, &'a Level)> {
        let mut keys: BTreeSet<(SkuIx, LocIx)> = BTreeSet::new();
        for entry in &self.entries {
            let effects = entry.record.effects.iter().map(|effect| (&effect.sku, &effect.location));
            let changes = entry.record.changes.iter().filter_map(level_of);
            for (sku, location) in effects.chain(changes) {
                let key = (state.catalogue.sku(sku), state.catalogue.location(location));
                if let (Some(sku), Some(location)) = key {
                    keys.insert((sku, location));
                }
            }
        }
        keys.into_iter().filter_map(|(sku, location)| {
            state.levels.get((sku, location)).map(|level| (sku, location, level))
        })
    }
}

/// The level that a change is about, besides effects.
fn level_of(change: &Change) -> Option<(&Sku, &LocationId)> {
    match change {
        Change::Counted(counted) => Some((&counted.sku, &counted.location)),
        Change::Recovered { sku, location }
        | Change::Absorbed { sku, location, .. }
        | Change::Uncounted { sku, location, .. } => Some((sku, location)),
        Change::Conflict(conflict) => match (conflict.kind, &conflict.sku, &conflict.location) {
            (ConflictKind::Oversold, Some(sku), Some(location)) => Some((sku, location)),
            _ => None,
        },
        _ => None,
    }
}
