//! What is kept beside the levels so that no question has to look at all of them.

use sqlx::sqlite::SqliteConnection;

use super::commit::table;
use crate::store::StoreError;
use crate::store::summary::Summary;

const PLACES: &str = "
INSERT OR ROLLBACK INTO places (ledger, location, sku)
SELECT ?1, value->>0, value->>1 FROM jsonb_each(?2)";

const LOW: &str = "
INSERT OR REPLACE INTO low (ledger, sku, location, available)
SELECT ?1, value->>0, value->>1, value->>2 FROM jsonb_each(?2)";

const NOT_LOW: &str = "
DELETE FROM low WHERE ledger = ?1 AND (sku, location) IN
    (SELECT value->>0, value->>1 FROM jsonb_each(?2))";

/// Writes what a batch changes; the sums are part of the head.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    summary: &Summary<'_>,
) -> Result<(), StoreError> {
    table(connection, PLACES, summary.new.iter()).await?;
    table(connection, LOW, summary.low.iter()).await?;
    table(connection, NOT_LOW, summary.not_low.iter()).await
}
