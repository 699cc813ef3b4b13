//! What a record of the journal is about, beside the levels that it touches.

use std::collections::BTreeSet;

use onhand::id::Sku;
use onhand::record::{Change, Record};

/// The SKUs that a record is about even if it touches none of their levels: those that its event
/// names, as it names them, and those of the conflicts that it opens, changes or closes.
pub(crate) fn named(record: &Record) -> BTreeSet<&Sku> {
    let conflicts = record.changes.iter().filter_map(|change| match change {
        Change::Conflict(conflict) => conflict.sku.as_ref(),
        _ => None,
    });
    record.envelope.data.skus().into_iter().chain(conflicts).collect()
}
