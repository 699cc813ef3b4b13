//! Reading levels.

mod contain;

use onhand::id::Sku;
use onhand::time::Timestamp;
use onhand::wire::stock::{LevelRow, StockPage, StockQuery};
use sqlx::sqlite::{Sqlite, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Row};

use super::load::name;
use super::{LEDGER, damaged, reading, unsigned};
use crate::store::stock::{page_rows, read_cursor, write_cursor};
use crate::store::{StoreError, Totals};

const COLUMNS: &str = "SELECT l.sku, l.location, i.name, l.on_hand, l.available, l.committed,
    l.reserved, l.damaged, l.quality_control, l.safety_stock, l.incoming, l.version, l.counted_at,
    l.updated_at";

/// The levels with their items, one after another in the order of the table.
const LEVELS: &str = " FROM levels AS l
    CROSS JOIN items AS i ON i.ledger = l.ledger AND i.sku = l.sku WHERE l.ledger = ";

/// The same, of the levels that another table names: CROSS JOIN keeps its order.
const NAMED: &str = " AS w
    CROSS JOIN levels AS l ON l.ledger = w.ledger AND l.sku = w.sku AND l.location = w.location
    CROSS JOIN items AS i ON i.ledger = l.ledger AND i.sku = l.sku WHERE w.ledger = ";

/// Items that are read at a time where a search has found some, at least.
const FOUND_CHUNK: usize = 256;

/// A page of levels.
pub(super) async fn page(
    readers: &SqlitePool,
    query: &StockQuery,
) -> Result<StockPage, StoreError> {
    let limit = page_rows(query);
    let after = query.cursor.as_deref().map(read_cursor).transpose()?;
    let mut reader = readers.begin().await.map_err(reading)?;
    let (seq, all) = head(&mut reader).await?;
    // One row more than asked for tells whether there is a next page.
    let wanted = Wanted { query, after, limit: limit + 1 };
    let text = query.q.as_deref().filter(|q| !q.is_empty() && query.sku.is_none());
    let mut levels = match text {
        Some(text) => wanted.that_contain(&mut reader, text, all, contain::LOOKS).await?,
        None => wanted.in_order(&mut reader).await?,
    };
    let more = levels.len() > limit as usize;
    levels.truncate(limit as usize);
    let next_cursor = levels.last().filter(|_| more).map(write_cursor);
    Ok(StockPage { seq, levels, next_cursor })
}

/// The levels that are asked for.
struct Wanted<'a> {
    query: &'a StockQuery,
    /// Only those after this SKU and location.
    after: Option<(String, String)>,
    limit: u32,
}

impl Wanted<'_> {
    /// Looks at one level after another, of those that are low, at the location, or there at all.
    async fn in_order(&self, reader: &mut SqliteConnection) -> Result<Vec<LevelRow>, StoreError> {
        let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(COLUMNS);
        let table = match self.query {
            StockQuery { low: true, .. } => Some("low"),
            StockQuery { location: Some(_), sku: None, .. } => Some("places"),
            _ => None,
        };
        if let Some(table) = table {
            sql.push(" FROM ").push(table).push(NAMED).push_bind(LEDGER);
            self.narrow(&mut sql, "w");
            sql.push(" ORDER BY w.sku, w.location LIMIT ").push_bind(self.limit);
        } else {
            sql.push(LEVELS).push_bind(LEDGER);
            self.narrow(&mut sql, "l");
            sql.push(" ORDER BY l.sku, l.location LIMIT ").push_bind(self.limit);
        }
        rows(sql, reader).await
    }

    /// Looks at the levels of some items, which are in their order.
    async fn among(
        &self,
        reader: &mut SqliteConnection,
        skus: &[String],
    ) -> Result<Vec<LevelRow>, StoreError> {
        let from =
            self.after.as_ref().map_or(0, |(after, _)| skus.partition_point(|it| it < after));
        let limit = self.limit as usize;
        let mut levels = Vec::new();
        for chunk in skus[from..].chunks(limit.max(FOUND_CHUNK)) {
            let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(COLUMNS);
            sql.push(LEVELS).push_bind(LEDGER);
            sql.push(" AND l.sku IN (SELECT value FROM json_each(");
            sql.push_bind(serde_json::to_string(chunk).map_err(damaged)?).push("))");
            self.narrow(&mut sql, "l");
            if self.query.low {
                sql.push(" AND (l.available < 0 OR l.available <= i.low_stock)");
            }
            sql.push(" ORDER BY l.sku, l.location LIMIT ").push_bind(self.limit);
            levels.extend(rows(sql, reader).await?);
            if levels.len() >= limit {
                break;
            }
        }
        Ok(levels)
    }

    /// Adds what is asked for; `key` is the table whose order is gone along.
    fn narrow(&self, sql: &mut QueryBuilder<Sqlite>, key: &'static str) {
        if let Some(sku) = &self.query.sku {
            sql.push(" AND ").push(key).push(".sku = ").push_bind(sku.clone());
        }
        if let Some(location) = &self.query.location {
            sql.push(" AND ").push(key).push(".location = ").push_bind(location.clone());
        }
        if let Some(q) = self.query.q.as_ref().filter(|q| !q.is_empty()) {
            let pattern = format!("%{}%", escape_like(q));
            sql.push(" AND (i.sku LIKE ").push_bind(pattern.clone()).push(" ESCAPE '\\'");
            sql.push(" OR i.name LIKE ").push_bind(pattern).push(" ESCAPE '\\')");
        }
        if let Some((sku, location)) = &self.after {
            sql.push(" AND (").push(key).push(".sku, ").push(key).push(".location) > (");
            sql.push_bind(sku.clone()).push(", ").push_bind(location.clone()).push(")");
        }
    }
}

async fn rows(
    mut sql: QueryBuilder<Sqlite>,
    reader: &mut SqliteConnection,
) -> Result<Vec<LevelRow>, StoreError> {
    let rows = sql.build().fetch_all(reader).await.map_err(reading)?;
    rows.iter().map(level_row).collect()
}

/// The journal's last place, and how many levels there are.
async fn head(reader: &mut SqliteConnection) -> Result<(u64, i64), StoreError> {
    let head: Option<(i64, i64)> = sqlx::query_as("SELECT seq, levels FROM head WHERE ledger = ?1")
        .bind(LEDGER)
        .fetch_optional(reader)
        .await
        .map_err(reading)?;
    Ok(head.map_or((0, 0), |(seq, levels)| (unsigned(seq), levels)))
}

/// The journal's last place.
pub(super) async fn head_seq(reader: &mut SqliteConnection) -> Result<u64, StoreError> {
    Ok(head(reader).await?.0)
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
    sql.push(LEVELS).push_bind(LEDGER);
    sql.push(" AND l.sku IN (SELECT value FROM json_each(");
    sql.push_bind(serde_json::to_string(skus).map_err(damaged)?);
    sql.push(")) ORDER BY l.sku, l.location");
    let rows = sql.build().fetch_all(readers).await.map_err(reading)?;
    rows.iter().map(level_row).collect()
}

/// Levels that are oversold or low, scarcest first.
pub(super) async fn scarce(readers: &SqlitePool, limit: u32) -> Result<Vec<LevelRow>, StoreError> {
    let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(COLUMNS);
    sql.push(" FROM low").push(NAMED).push_bind(LEDGER);
    sql.push(" ORDER BY w.available, w.sku, w.location LIMIT ").push_bind(limit);
    let rows = sql.build().fetch_all(readers).await.map_err(reading)?;
    rows.iter().map(level_row).collect()
}

/// Sums over all levels.
pub(super) async fn totals(readers: &SqlitePool) -> Result<Totals, StoreError> {
    let row = sqlx::query(
        "SELECT seq, units_available, levels,
                (SELECT count(*) FROM conflicts WHERE ledger = ?1 AND status = 'open')
         FROM head WHERE ledger = ?1",
    )
    .bind(LEDGER)
    .fetch_optional(readers)
    .await
    .map_err(reading)?;
    let Some(row) = row else { return Ok(Totals::default()) };
    let number = |column: usize| row.try_get::<i64, _>(column).map_err(damaged);
    Ok(Totals {
        seq: unsigned(number(0)?),
        units_available: number(1)?,
        levels: unsigned(number(2)?),
        open_conflicts: unsigned(number(3)?),
    })
}
