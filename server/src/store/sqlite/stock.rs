//! Reading levels.

use onhand::id::Sku;
use onhand::time::Timestamp;
use onhand::wire::stock::{LevelRow, StockPage, StockQuery};
use sqlx::sqlite::{Sqlite, SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Row};

use super::load::name;
use super::{LEDGER, damaged, reading, unsigned};
use crate::store::stock::{page_rows, read_cursor, write_cursor};
use crate::store::{StoreError, Totals};

const COLUMNS: &str = "SELECT l.sku, l.location, i.name, l.on_hand, l.available, l.committed,
    l.reserved, l.damaged, l.quality_control, l.safety_stock, l.incoming, l.version, l.counted_at,
    l.updated_at
 FROM levels AS l JOIN items AS i ON i.ledger = l.ledger AND i.sku = l.sku WHERE l.ledger = ";

/// A page of levels.
pub(super) async fn page(
    readers: &SqlitePool,
    query: &StockQuery,
) -> Result<StockPage, StoreError> {
    let limit = page_rows(query);
    let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(COLUMNS);
    sql.push_bind(LEDGER);
    if let Some(sku) = &query.sku {
        sql.push(" AND l.sku = ").push_bind(sku);
    }
    if let Some(location) = &query.location {
        sql.push(" AND l.location = ").push_bind(location);
    }
    if let Some(q) = query.q.as_ref().filter(|q| !q.is_empty()) {
        let pattern = format!("%{}%", escape_like(q));
        sql.push(" AND (l.sku LIKE ").push_bind(pattern.clone()).push(" ESCAPE '\\'");
        sql.push(" OR i.name LIKE ").push_bind(pattern).push(" ESCAPE '\\')");
    }
    if query.low {
        sql.push(" AND (l.available < 0 OR l.available <= i.low_stock)");
    }
    if let Some(cursor) = &query.cursor {
        let (sku, location) = read_cursor(cursor)?;
        sql.push(" AND (l.sku, l.location) > (").push_bind(sku).push(", ");
        sql.push_bind(location).push(")");
    }
    // One row more than asked for tells whether there is a next page.
    sql.push(" ORDER BY l.sku, l.location LIMIT ").push_bind(limit + 1);
    let mut reader = readers.begin().await.map_err(reading)?;
    let seq = head_seq(&mut reader).await?;
    let rows = sql.build().fetch_all(&mut *reader).await.map_err(reading)?;
    let mut levels = rows.iter().map(level_row).collect::<Result<Vec<_>, _>>()?;
    let more = levels.len() > limit as usize;
    levels.truncate(limit as usize);
    let next_cursor = levels.last().filter(|_| more).map(write_cursor);
    Ok(StockPage { seq, levels, next_cursor })
}

/// The journal's last place.
pub(super) async fn head_seq(
    reader: &mut sqlx::sqlite::SqliteConnection,
) -> Result<u64, StoreError> {
    let seq: Option<i64> = sqlx::query_scalar("SELECT seq FROM head WHERE ledger = ?1")
        .bind(LEDGER)
        .fetch_optional(reader)
        .await
        .map_err(reading)?;
    Ok(unsigned(seq.unwrap_or_default()))
}

fn escape_like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

fn level_row(row: &SqliteRow) -> Result<LevelRow, StoreError> {
    let number = |column: usize| row.try_get::<i64, _>(column).map_err(damaged);
    let counted_at: Option<i64> = row.try_get(12).map_err(damaged)?;
    Ok(LevelRow {
        sku: name(row, 0)?,
        location: name(row, 1)?,
        name: row.try_get(2).map_err(damaged)?,
        on_hand: number(3)?,
        available: number(4)?,
        committed: number(5)?,
        reserved: number(6)?,
        damaged: number(7)?,
        quality_control: number(8)?,
        safety_stock: number(9)?,
        incoming: number(10)?,
        version: unsigned(number(11)?),
        counted_at: counted_at.map(Timestamp::from_micros),
        updated_at: Timestamp::from_micros(number(13)?),
    })
}

/// The levels of some SKUs.
pub(super) async fn levels_of(
    readers: &SqlitePool,
    skus: &[Sku],
) -> Result<Vec<LevelRow>, StoreError> {
    let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(COLUMNS);
    sql.push_bind(LEDGER);
    sql.push(" AND l.sku IN (SELECT value FROM json_each(");
    sql.push_bind(serde_json::to_string(skus).map_err(damaged)?);
    sql.push(")) ORDER BY l.sku, l.location");
    let rows = sql.build().fetch_all(readers).await.map_err(reading)?;
    rows.iter().map(level_row).collect()
}

/// Levels that are oversold or low, scarcest first.
pub(super) async fn scarce(readers: &SqlitePool, limit: u32) -> Result<Vec<LevelRow>, StoreError> {
    let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(COLUMNS);
    sql.push_bind(LEDGER);
    sql.push(" AND (l.available < 0 OR l.available <= i.low_stock)");
    sql.push(" ORDER BY l.available, l.sku, l.location LIMIT ").push_bind(limit);
    let rows = sql.build().fetch_all(readers).await.map_err(reading)?;
    rows.iter().map(level_row).collect()
}

/// Sums over all levels.
pub(super) async fn totals(readers: &SqlitePool) -> Result<Totals, StoreError> {
    let mut reader = readers.begin().await.map_err(reading)?;
    let seq = head_seq(&mut reader).await?;
    let row = sqlx::query(
        "SELECT coalesce(sum(max(available, 0)), 0), count(*),
                (SELECT count(*) FROM conflicts WHERE ledger = ?1 AND status = 'open')
         FROM levels WHERE ledger = ?1",
    )
    .bind(LEDGER)
    .fetch_one(&mut *reader)
    .await
    .map_err(reading)?;
    let number = |column: usize| row.try_get::<i64, _>(column).map_err(damaged);
    Ok(Totals {
        seq,
        units_available: number(0)?,
        levels: unsigned(number(1)?),
        open_conflicts: unsigned(number(2)?),
    })
}
