//! Reading what records did to levels: the past, and why a number is what it is.

use onhand::event::EventRef;
use onhand::history::Step;
use onhand::id::{LocationId, OrderId, Sku};
use onhand::record::Bucket;
use onhand::time::Timestamp;
use onhand::wire::page::HistoryPoint;
use sqlx::Row;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::load::name;
use super::{LEDGER, damaged, reading, signed, unsigned};
use crate::store::StoreError;

// The levels are few and their history is long: CROSS JOIN keeps SQLite from turning that round.
const STEPS: &str = "
SELECT wanted.key, s.occurred_at, s.source, s.absorbed, s.counted, s.is_verdict, j.source, j.id,
       j.seq, j.type, j.recorded_at, j.order_id, s.on_hand, s.committed, s.reserved, s.damaged,
       s.quality_control, s.safety_stock, s.incoming, s.uncounted
FROM json_each(?2) AS wanted
CROSS JOIN steps AS s
CROSS JOIN journal AS j ON j.ledger = s.ledger AND j.seq = s.seq
WHERE s.ledger = ?1 AND s.sku = wanted.value->>0 AND s.location = wanted.value->>1
ORDER BY wanted.key, s.occurred_at, s.seq";

/// Column of the first number in [`STEPS`]; the others follow in the order of [`Bucket::ALL`].
const FIRST_NUMBER: usize = 12;

/// What the journal did to some levels.
pub(super) async fn steps(
    readers: &SqlitePool,
    levels: &[(Sku, LocationId)],
) -> Result<Vec<Vec<Step>>, StoreError> {
    let wanted = serde_json::to_string(levels).map_err(damaged)?;
    let rows = sqlx::query(STEPS).bind(LEDGER).bind(wanted).fetch_all(readers).await;
    let mut steps: Vec<Vec<Step>> = levels.iter().map(|_| Vec::new()).collect();
    for row in &rows.map_err(reading)? {
        let key: i64 = row.try_get(0).map_err(damaged)?;
        let level = usize::try_from(key).ok().and_then(|key| steps.get_mut(key));
        level
            .ok_or_else(|| damaged("a step belongs to no level that was asked for"))?
            .push(step(row)?);
    }
    Ok(steps)
}

fn step(row: &SqliteRow) -> Result<Step, StoreError> {
    let number = |column: usize| row.try_get::<i64, _>(column).map_err(damaged);
    let order: Option<&str> = row.try_get(11).map_err(damaged)?;
    let mut moved = [0; Bucket::ALL.len()];
    for (delta, column) in moved.iter_mut().zip(FIRST_NUMBER..) {
        *delta = number(column)?;
    }
    let uncounted: Option<i64> = row.try_get(FIRST_NUMBER + Bucket::ALL.len()).map_err(damaged)?;
    Ok(Step {
        event: EventRef { source: name(row, 6)?, id: name(row, 7)?, seq: unsigned(number(8)?) },
        event_type: row.try_get::<String, _>(9).map_err(damaged)?.into(),
        recorded_at: Timestamp::from_micros(number(10)?),
        occurred_at: Timestamp::from_micros(number(1)?),
        source: name(row, 2)?,
        order: order.map(OrderId::new).transpose().map_err(damaged)?,
        moved,
        absorbed: number(3)?,
        counted: row.try_get(4).map_err(damaged)?,
        uncounted: uncounted.map(unsigned),
        is_verdict: number(5)? != 0,
    })
}

/// The last record of a moment. Records are in the order of their times, so halving finds it.
pub(super) async fn seq_at(
    readers: &SqlitePool,
    recorded_at: Timestamp,
) -> Result<u64, StoreError> {
    let mut reader = readers.begin().await.map_err(reading)?;
    let (mut by_then, mut after) = (0, super::stock::head_seq(&mut reader).await? + 1);
    while by_then + 1 < after {
        let middle = by_then.midpoint(after);
        let recorded: i64 =
            sqlx::query_scalar("SELECT recorded_at FROM journal WHERE ledger = ?1 AND seq = ?2")
                .bind(LEDGER)
                .bind(signed(middle))
                .fetch_one(&mut *reader)
                .await
                .map_err(reading)?;
        if recorded <= recorded_at.micros() { by_then = middle } else { after = middle }
    }
    Ok(by_then)
}

/// The newest points of a SKU's `on_hand`, oldest first: from the present levels back.
pub(super) async fn history(
    readers: &SqlitePool,
    sku: &Sku,
    limit: u32,
) -> Result<Vec<HistoryPoint>, StoreError> {
    let rows = sqlx::query(
        "SELECT s.seq, j.recorded_at, s.location,
                l.on_hand - sum(s.on_hand) OVER (PARTITION BY s.location ORDER BY s.seq DESC)
                + s.on_hand
         FROM steps AS s
         JOIN levels AS l ON l.ledger = s.ledger AND l.sku = s.sku AND l.location = s.location
         JOIN journal AS j ON j.ledger = s.ledger AND j.seq = s.seq
         WHERE s.ledger = ?1 AND s.sku = ?2 AND s.on_hand <> 0
         ORDER BY s.seq DESC, s.location DESC LIMIT ?3",
    )
    .bind(LEDGER)
    .bind(sku.as_str())
    .bind(limit)
    .fetch_all(readers)
    .await
    .map_err(reading)?;
    rows.iter()
        .rev()
        .map(|row| {
            Ok(HistoryPoint {
                seq: unsigned(row.try_get(0).map_err(damaged)?),
                at_us: row.try_get(1).map_err(damaged)?,
                location: row.try_get(2).map_err(damaged)?,
                on_hand: row.try_get(3).map_err(damaged)?,
            })
        })
        .collect()
}
