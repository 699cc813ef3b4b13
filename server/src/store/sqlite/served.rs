//! How long the ledger has been served, beside what its records say of it.

use onhand::time::Uptime;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

use super::{LEDGER, reading, writing};
use crate::store::StoreError;

/// What was noted last.
pub(super) async fn read(readers: &SqlitePool) -> Result<Uptime, StoreError> {
    let query = sqlx::query_scalar("SELECT uptime FROM served WHERE ledger = ?1").bind(LEDGER);
    let uptime: Option<i64> = query.fetch_optional(readers).await.map_err(reading)?;
    Ok(Uptime::from_micros(uptime.unwrap_or_default()))
}

/// Notes a reading.
pub(super) async fn note(
    connection: &mut SqliteConnection,
    uptime: Uptime,
) -> Result<(), StoreError> {
    let statement = "INSERT INTO served (ledger, uptime) VALUES (?1, ?2)
        ON CONFLICT (ledger) DO UPDATE SET uptime = max(uptime, excluded.uptime)";
    let statement = sqlx::query(statement).bind(LEDGER).bind(uptime.micros());
    statement.execute(connection).await.map(|_| ()).map_err(writing)
}
