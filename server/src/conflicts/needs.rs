//! What options need besides themselves before they can be carried out.

use onhand::conflict::{Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::orphan;
use onhand::state::{Loaded, Wants};

use crate::store::{Store, StoreError};

/// What is known of the events of orphans: what they need depends on what they say themselves.
#[derive(Default)]
pub(super) struct Needs {
    loaded: Loaded,
}

impl Needs {
    /// Reads what has to be known of these conflicts.
    pub(super) async fn read(
        store: &dyn Store,
        conflicts: &[Conflict],
    ) -> Result<Self, StoreError> {
        let is_asked =
            |it: &&Conflict| it.kind == ConflictKind::Orphan && it.status == ConflictStatus::Open;
        let orphans: Vec<&Conflict> = conflicts.iter().filter(is_asked).collect();
        if orphans.is_empty() {
            return Ok(Self::default());
        }
        let wants = Wants {
            records: orphans.iter().filter_map(|orphan| held(orphan)).collect(),
            orders: orphans.iter().filter_map(|orphan| orphan.order.clone()).collect(),
            ..Wants::default()
        };
        Ok(Self { loaded: store.fetch(&wants).await? })
    }

    /// The names of what an option needs.
    pub(super) fn of(&self, conflict: &Conflict, option: O) -> &'static [&'static str] {
        match (conflict.kind, option) {
            (ConflictKind::Orphan, O::ApplyWithoutOrder) => self.without_order(conflict),
            _ => conflict.needs(option),
        }
    }

    /// What only an order would say of the event of an orphan.
    fn without_order(&self, conflict: &Conflict) -> &'static [&'static str] {
        let seq = held(conflict);
        let Some(held) = self.loaded.records.iter().find(|record| Some(record.seq) == seq) else {
            return &[];
        };
        let order = self.loaded.orders.iter().find(|it| Some(&it.order) == conflict.order.as_ref());
        orphan::needs(&held.envelope.data, order)
    }
}

/// The record of the event that a conflict is about.
fn held(conflict: &Conflict) -> Option<u64> {
    conflict.events.last().map(|event| event.seq)
}
