//! Reading the journal.

use onhand::event::EventRef;
use onhand::id::{EventId, Source};
use onhand::record::Outcome;
use onhand::wire::page::IntakeMinute;
use sqlx::sqlite::{Sqlite, SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Row};

use super::load::name;
use super::{LEDGER, about, damaged, reading, signed, unsigned};
use crate::store::{DecidedBy, INTAKE_ROWS_MAX, JournalQuery, JournalRow, StoreError};

/// A row is read together with the record that decided it finally, if another one did.
const COLUMNS: &str = "SELECT j.seq, j.record, j.chain, j.final_outcome, j.reversed_by,
        d.seq, d.source, d.id, json_extract(CAST(d.record AS TEXT), '$.conflict')
    FROM journal AS j LEFT JOIN journal AS d
        ON d.ledger = j.ledger AND d.seq = j.final_seq AND d.seq <> j.seq";

/// Rows of the journal.
pub(super) async fn journal(
    readers: &SqlitePool,
    query: &JournalQuery,
) -> Result<Vec<JournalRow>, StoreError> {
    let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(COLUMNS);
    sql.push(" WHERE j.ledger = ").push_bind(LEDGER);
    if let Some(sku) = &query.sku {
        sql.push(" AND j.seq IN (");
        about::push_page(&mut sql, sku, query);
        sql.push(")");
    } else {
        push_range(&mut sql, "j.seq", query);
        push_wanted(&mut sql, query);
    }
    push_end(&mut sql, "j.seq", query);
    let rows = sql.build().fetch_all(readers).await.map_err(reading)?;
    rows.iter().map(journal_row).collect()
}

/// Between which places the rows lie.
pub(super) fn push_range(sql: &mut QueryBuilder<Sqlite>, seq: &str, query: &JournalQuery) {
    if let Some(after) = query.after {
        sql.push(format_args!(" AND {seq} > ")).push_bind(signed(after));
    }
    if let Some(before) = query.before {
        sql.push(format_args!(" AND {seq} < ")).push_bind(signed(before));
    }
}

/// What the rows `j` say themselves.
pub(super) fn push_wanted(sql: &mut QueryBuilder<Sqlite>, query: &JournalQuery) {
    if let Some(event_type) = &query.event_type {
        sql.push(" AND j.type = ").push_bind(event_type.clone());
    }
    if let Some(source) = &query.source {
        sql.push(" AND j.source = ").push_bind(source.clone());
    }
    if let Some(order) = &query.order {
        sql.push(" AND j.seq IN (SELECT seq FROM journal WHERE ledger = ").push_bind(LEDGER);
        sql.push(" AND order_id = ").push_bind(order.clone());
        sql.push(" UNION SELECT seq FROM further_orders WHERE ledger = ").push_bind(LEDGER);
        sql.push(" AND order_id = ").push_bind(order.clone()).push(")");
    }
    if let Some(outcome) = query.outcome {
        sql.push(" AND coalesce(j.final_outcome, j.outcome) = ").push_bind(outcome.as_str());
    }
}

/// The order of the rows, and how many there are at most.
pub(super) fn push_end(sql: &mut QueryBuilder<Sqlite>, seq: &str, query: &JournalQuery) {
    let direction = if query.newest_first { " DESC" } else { "" };
    sql.push(format_args!(" ORDER BY {seq}{direction} LIMIT ")).push_bind(query.limit);
}

/// The rows recorded under an event's name.
pub(super) async fn journal_of(
    readers: &SqlitePool,
    source: &Source,
    id: &EventId,
) -> Result<Vec<JournalRow>, StoreError> {
    let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(COLUMNS);
    sql.push(" WHERE j.ledger = ").push_bind(LEDGER);
    sql.push(" AND j.source = ").push_bind(source.as_str());
    sql.push(" AND j.id = ").push_bind(id.as_str());
    sql.push(" ORDER BY j.seq");
    let rows = sql.build().fetch_all(readers).await.map_err(reading)?;
    rows.iter().map(journal_row).collect()
}

fn journal_row(row: &SqliteRow) -> Result<JournalRow, StoreError> {
    let chain: Vec<u8> = row.try_get(2).map_err(damaged)?;
    let final_outcome: Option<&str> = row.try_get(3).map_err(damaged)?;
    let reversed_by: Option<i64> = row.try_get(4).map_err(damaged)?;
    Ok(JournalRow {
        seq: unsigned(row.try_get(0).map_err(damaged)?),
        bytes: row.try_get(1).map_err(damaged)?,
        chain: chain.try_into().map_err(|_| damaged("the chain is not 32 bytes"))?,
        final_outcome: final_outcome.and_then(Outcome::from_name),
        decided_by: decided_by(row)?,
        reversed_by: reversed_by.map(unsigned),
    })
}

fn decided_by(row: &SqliteRow) -> Result<Option<DecidedBy>, StoreError> {
    let seq: Option<i64> = row.try_get(5).map_err(damaged)?;
    let Some(seq) = seq.map(unsigned) else { return Ok(None) };
    let conflict: Option<&str> = row.try_get(8).map_err(damaged)?;
    Ok(Some(DecidedBy {
        event: EventRef { source: name(row, 6)?, id: name(row, 7)?, seq },
        conflict: conflict.map(|id| id.parse().map_err(damaged)).transpose()?,
    }))
}

/// What was recorded in each minute.
pub(super) async fn intake(
    readers: &SqlitePool,
    from_minute: i64,
) -> Result<Vec<IntakeMinute>, StoreError> {
    let rows = sqlx::query(
        "SELECT recorded_at / 60000000 AS minute, sum(outcome = 'applied'),
                sum(outcome = 'conflict'), count(*)
         FROM journal
         WHERE ledger = ?1 AND recorded_at >= ?2 * 60000000
           AND seq > (SELECT seq FROM head WHERE ledger = ?1) - ?3
         GROUP BY minute ORDER BY minute",
    )
    .bind(LEDGER)
    .bind(from_minute)
    .bind(i64::try_from(INTAKE_ROWS_MAX).map_err(damaged)?)
    .fetch_all(readers)
    .await
    .map_err(reading)?;
    let count = |row: &SqliteRow, column: usize| {
        let number: i64 = row.try_get(column).map_err(damaged)?;
        u32::try_from(number).map_err(damaged)
    };
    rows.iter()
        .map(|row| {
            let (applied, conflict) = (count(row, 1)?, count(row, 2)?);
            let minute = row.try_get(0).map_err(damaged)?;
            let other = count(row, 3)?.saturating_sub(applied + conflict);
            Ok(IntakeMinute { minute, applied, conflict, other })
        })
        .collect()
}
