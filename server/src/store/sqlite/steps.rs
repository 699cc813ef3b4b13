//! Reading what records did to levels: the past, and why a number is what it is.

use onhand::event::EventRef;
use onhand::history::{self, Around, Step};
use onhand::id::{LocationId, OrderId, Sku};
use onhand::journal;
use onhand::record::Bucket;
use onhand::state::Overlap;
use onhand::time::Timestamp;
use onhand::wire::page::HistoryPoint;
use sqlx::Row;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::load::name;
use super::{LEDGER, damaged, reading, signed, unsigned};
use crate::store::StoreError;

/// The records that changed some levels, by walking each trail back from its end: `walk` has a row
/// for each, with the number of the level (`key`) among those of `?2`, a list of SKU, location and
/// the moment from which on facts are wanted, perhaps with how many records at most. What happened then or later is not recorded before
/// that moment by more than any fact ever was.
///
/// CROSS JOIN keeps SQLite from turning things round: the levels are few, their history is long.
macro_rules! walk {
    ($rest:literal) => {
        concat!(
            "WITH RECURSIVE walk (key, sku, location, moment, seq, left) AS (
                 SELECT w.key, l.sku, l.location, w.value->>2, l.seq, w.value->>3
                 FROM json_each(?2) AS w CROSS JOIN levels AS l
                 WHERE l.ledger = ?1 AND l.sku = w.value->>0 AND l.location = w.value->>1
                 UNION ALL
                 SELECT w.key, w.sku, w.location, w.moment, t.previous, w.left - 1
                 FROM walk AS w CROSS JOIN trails AS t
                 WHERE t.ledger = ?1 AND t.seq = w.seq AND t.sku = w.sku
                   AND t.location = w.location AND t.previous > 0
                   AND (w.left IS NULL OR w.left > 1)
                   AND t.recorded_at >= w.moment - (SELECT ahead FROM head WHERE ledger = ?1)
             ) ",
            $rest
        )
    };
}
pub(super) use walk;

/// The moment from which on everything is wanted: nothing was recorded before 1970.
pub(super) const ALL: i64 = 0;

const STEPS: &str = walk!(
    "SELECT w.key, t.occurred_at, t.source, t.absorbed, t.counted, t.is_verdict, j.source, j.id,
            j.seq, j.type, j.recorded_at, j.order_id, t.uncounted, t.on_hand, t.committed,
            t.reserved, t.damaged, t.quality_control, t.safety_stock, t.incoming, t.countered,
            t.absorbed_damaged, t.absorbed_quality_control, t.of_seq, t.overlap, t.window_us,
            (SELECT j.record FROM further_orders WHERE ledger = ?1 AND seq = j.seq)
     FROM walk AS w
     CROSS JOIN trails AS t ON t.ledger = ?1 AND t.seq = w.seq AND t.sku = w.sku
                           AND t.location = w.location
     CROSS JOIN journal AS j ON j.ledger = ?1 AND j.seq = w.seq
     UNION ALL
     SELECT w.key, m.occurred_at, m.source, m.absorbed, NULL, m.is_verdict, j.source, j.id,
            j.seq, j.type, j.recorded_at, j.order_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
            m.countered, m.absorbed_damaged, m.absorbed_quality_control, m.of_seq, NULL, NULL,
            (SELECT j.record FROM further_orders WHERE ledger = ?1 AND seq = j.seq)
     FROM json_each(?2) AS w
     CROSS JOIN mentions AS m ON m.ledger = ?1 AND m.sku = w.value->>0 AND m.location = w.value->>1
                             AND w.value->>3 IS NULL
     CROSS JOIN journal AS j ON j.ledger = ?1 AND j.seq = m.seq
     ORDER BY 1, 2, 9, 24, 3"
);

/// Column of the first number in [`STEPS`]; the others follow in the order of [`Bucket::ALL`].
const FIRST_NUMBER: usize = 13;

/// Column of what takes back movements within a count.
const COUNTERED: usize = FIRST_NUMBER + Bucket::ALL.len();

/// The numbers that a count can absorb: `on_hand`, and the states in which units come or go.
pub(super) const ABSORBED: [Bucket; 3] = [Bucket::OnHand, Bucket::Damaged, Bucket::QualityControl];

/// Columns of what it has absorbed of them.
const ABSORBED_COLUMNS: [usize; ABSORBED.len()] = [3, COUNTERED + 1, COUNTERED + 2];

/// Column of the record that a step is about; what was said around a count follows.
const OF: usize = COUNTERED + 3;

/// Column of the record itself, if it is about several orders.
const RECORD: usize = OF + 3;

/// What the journal did to some levels.
pub(super) async fn steps(
    readers: &SqlitePool,
    levels: &[(Sku, LocationId)],
    most: Option<u32>,
) -> Result<Vec<Vec<Step>>, StoreError> {
    let wanted: Vec<_> = levels.iter().map(|(sku, location)| (sku, location, ALL, most)).collect();
    let wanted = serde_json::to_string(&wanted).map_err(damaged)?;
    let rows = sqlx::query(STEPS).bind(LEDGER).bind(wanted).fetch_all(readers).await;
    let mut steps: Vec<Vec<Step>> = levels.iter().map(|_| Vec::new()).collect();
    for row in &rows.map_err(reading)? {
        let key: i64 = row.try_get(0).map_err(damaged)?;
        let key = usize::try_from(key).ok().filter(|key| *key < levels.len());
        let key = key.ok_or_else(|| damaged("a step belongs to no level that was asked for"))?;
        let mut step = step(row)?;
        if let Some(bytes) = row.try_get::<Option<&[u8]>, _>(RECORD).map_err(damaged)? {
            divide(&mut step, &levels[key], bytes)?;
        }
        steps[key].push(step);
    }
    Ok(steps)
}

/// Says whose the units of a step are: its record knows, where it changed several orders.
fn divide(step: &mut Step, level: &(Sku, LocationId), record: &[u8]) -> Result<(), StoreError> {
    let record = journal::decode(record).map_err(damaged)?;
    let own = history::steps(&record).into_iter().find(|(sku, location, own)| {
        (*sku, *location) == (&level.0, &level.1)
            && (own.occurred_at, own.of, &own.source) == (step.occurred_at, step.of, &step.source)
    });
    // What was kept before a step said what it is about may be two of them in one.
    if let Some((.., own)) = own {
        (step.order, step.promised) = (own.order, own.promised);
    }
    Ok(())
}

fn step(row: &SqliteRow) -> Result<Step, StoreError> {
    let number = |column: usize| row.try_get::<i64, _>(column).map_err(damaged);
    let order: Option<&str> = row.try_get(11).map_err(damaged)?;
    let uncounted: Option<i64> = row.try_get(12).map_err(damaged)?;
    let is_change = row.try_get::<Option<i64>, _>(FIRST_NUMBER).map_err(damaged)?.is_some();
    let mut moved = [0; Bucket::ALL.len()];
    if is_change {
        for (delta, column) in moved.iter_mut().zip(FIRST_NUMBER..) {
            *delta = number(column)?;
        }
    }
    let mut absorbed = [0; Bucket::ALL.len()];
    for (state, column) in ABSORBED.into_iter().zip(ABSORBED_COLUMNS) {
        absorbed[state as usize] = number(column)?;
    }
    Ok(Step {
        event: EventRef { source: name(row, 6)?, id: name(row, 7)?, seq: unsigned(number(8)?) },
        event_type: row.try_get::<String, _>(9).map_err(damaged)?.into(),
        recorded_at: Timestamp::from_micros(number(10)?),
        occurred_at: Timestamp::from_micros(number(1)?),
        source: name(row, 2)?,
        order: order.map(OrderId::new).transpose().map_err(damaged)?,
        promised: None,
        is_change,
        moved,
        absorbed,
        countered: number(COUNTERED)?,
        counted: row.try_get(4).map_err(damaged)?,
        uncounted: uncounted.map(unsigned),
        is_verdict: number(5)? != 0,
        of: Some(unsigned(number(OF)?)).filter(|of| *of > 0),
        around: around(row)?,
    })
}

/// What was said of the movements around a count.
fn around(row: &SqliteRow) -> Result<Option<Around>, StoreError> {
    let overlap: Option<&str> = row.try_get(OF + 1).map_err(damaged)?;
    let Some(said) = overlap else { return Ok(None) };
    let overlap = Overlap::from_name(said);
    let overlap = overlap.ok_or_else(|| damaged(format!("nobody says {said} of a count")))?;
    Ok(Some(Around { overlap, window_us: row.try_get(OF + 2).map_err(damaged)? }))
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

/// Records that moved other numbers than `on_hand`, and are passed over at each level at most while
/// points of its history are looked for.
const PASSED_OVER_MAX: u32 = 200;

/// Points of an item's `on_hand`: back from the present levels, along their trails.
const HISTORY: &str = "
WITH RECURSIVE walk (location, seq, on_hand, points, passed) AS (
    SELECT location, seq, on_hand, 0, 0 FROM levels WHERE ledger = ?1 AND sku = ?2
    UNION ALL
    SELECT w.location, t.previous, w.on_hand - (
        SELECT sum(s.on_hand) FROM trails AS s
        WHERE s.ledger = ?1 AND s.seq = w.seq AND s.sku = ?2 AND s.location = w.location
    ), w.points + (t.on_hand <> 0), w.passed + (t.on_hand = 0)
    FROM walk AS w CROSS JOIN trails AS t
    WHERE t.ledger = ?1 AND t.seq = w.seq AND t.sku = ?2 AND t.location = w.location
      AND t.previous > 0 AND w.points < ?3 AND w.passed < ?4
)
SELECT w.seq, max(t.recorded_at), w.location, w.on_hand
FROM walk AS w
CROSS JOIN trails AS t ON t.ledger = ?1 AND t.seq = w.seq AND t.sku = ?2
                      AND t.location = w.location
GROUP BY w.location, w.seq
HAVING sum(t.on_hand) <> 0
ORDER BY w.seq DESC, w.location DESC
LIMIT ?3";

/// The newest points of a SKU's `on_hand`, oldest first.
pub(super) async fn history(
    readers: &SqlitePool,
    sku: &Sku,
    limit: u32,
) -> Result<Vec<HistoryPoint>, StoreError> {
    let query = sqlx::query(HISTORY).bind(LEDGER).bind(sku.as_str()).bind(limit);
    let rows = query.bind(PASSED_OVER_MAX).fetch_all(readers).await.map_err(reading)?;
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
