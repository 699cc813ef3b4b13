//! What a batch needs of the things that are not always in memory: one statement for each kind,
//! whatever its size.

use std::collections::{BTreeSet, HashMap};

use onhand::conflict::Conflict;
use onhand::event::Fingerprint;
use onhand::id::{EventId, LocationId, Sku, Source};
use onhand::journal;
use onhand::order::Order;
use onhand::record::{Outcome, Record};
use onhand::state::{HOLDERS_MAX, Known, Loaded, Movement, Wants};
use onhand::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::load::name;
use super::names::Names;
use super::steps::{ALL, walk};
use super::{LEDGER, damaged, reading, signed, unsigned};
use crate::store::StoreError;

/// Loads what is wanted.
pub(super) async fn fetch(
    connection: &mut SqliteConnection,
    names: &Names,
    wants: &Wants,
) -> Result<Loaded, StoreError> {
    let mut loaded = Loaded::default();
    let ids = names.to_look_for(&wants.ids);
    if !ids.is_empty() {
        loaded.known = known(connection, &ids).await?;
    }
    if !wants.orders.is_empty() {
        loaded.orders = documents(
            connection,
            "SELECT o.doc FROM json_each(?2) AS wanted CROSS JOIN orders AS o
             WHERE o.ledger = ?1 AND o.order_id = wanted.value",
            &wants.orders,
        )
        .await?;
    }
    if !wants.transfers.is_empty() {
        loaded.transfers = documents(
            connection,
            "SELECT t.doc FROM json_each(?2) AS wanted CROSS JOIN transfers AS t
             WHERE t.ledger = ?1 AND t.transfer = wanted.value",
            &wants.transfers,
        )
        .await?;
    }
    if !wants.reservations.is_empty() {
        loaded.reservations = documents(
            connection,
            "SELECT r.doc FROM json_each(?2) AS wanted CROSS JOIN reservations AS r
             WHERE r.ledger = ?1 AND r.reservation = wanted.value",
            &wants.reservations,
        )
        .await?;
    }
    if !wants.movements.is_empty() {
        loaded.movements = movements(connection, wants).await?;
    }
    if !wants.records.is_empty() {
        loaded.records = records(connection, wants).await?;
    }
    for (sku, location) in &wants.holders {
        loaded.orders.extend(holders(connection, sku, location).await?);
    }
    if !wants.conflicts.is_empty() {
        loaded.conflicts = conflicts(connection, wants).await?;
    }
    if !wants.questions.is_empty() {
        loaded.conflicts.extend(questions(connection, wants).await?);
    }
    Ok(loaded)
}

// The names are few and the journal is long: CROSS JOIN keeps SQLite from turning that round.
async fn known(
    connection: &mut SqliteConnection,
    ids: &[&(Source, EventId)],
) -> Result<Vec<((Source, EventId), Known)>, StoreError> {
    let rows = sqlx::query(
        "SELECT j.source, j.id, j.seq, j.fingerprint, coalesce(j.final_outcome, j.outcome),
                d.seq, d.reversed_by
         FROM json_each(?2) AS wanted CROSS JOIN journal AS j INDEXED BY journal_by_name
         JOIN journal AS d ON d.ledger = j.ledger AND d.seq = coalesce(j.final_seq, j.seq)
         WHERE j.ledger = ?1 AND j.source = wanted.value->>0 AND j.id = wanted.value->>1
         ORDER BY j.seq",
    )
    .bind(LEDGER)
    .bind(serde_json::to_string(ids).map_err(damaged)?)
    .fetch_all(connection)
    .await
    .map_err(reading)?;
    rows.iter()
        .map(|row| {
            let fingerprint: &[u8] = row.try_get(3).map_err(damaged)?;
            let fingerprint = fingerprint.try_into().map_err(damaged)?;
            let outcome = row.try_get::<&str, _>(4).map_err(damaged)?;
            let outcome = Outcome::from_name(outcome)
                .ok_or_else(|| damaged(format!("{outcome} is no outcome")))?;
            let known = Known {
                seq: unsigned(row.try_get(2).map_err(damaged)?),
                fingerprint: Fingerprint(fingerprint),
                outcome,
                decided: unsigned(row.try_get(5).map_err(damaged)?),
                reversed_by: row.try_get::<Option<i64>, _>(6).map_err(damaged)?.map(unsigned),
            };
            Ok(((name(row, 0)?, name(row, 1)?), known))
        })
        .collect()
}

/// The documents (JSON) of the wanted names that exist.
async fn documents<K: Serialize, D: DeserializeOwned>(
    connection: &mut SqliteConnection,
    query: &'static str,
    wanted: &BTreeSet<K>,
) -> Result<Vec<D>, StoreError> {
    let docs: Vec<String> = sqlx::query_scalar(query)
        .bind(LEDGER)
        .bind(serde_json::to_string(wanted).map_err(damaged)?)
        .fetch_all(connection)
        .await
        .map_err(reading)?;
    docs.iter().map(|doc| serde_json::from_str(doc).map_err(damaged)).collect()
}

// What takes back a movement that a count contains is a movement too (`Step::movement`).
const MOVEMENTS: &str = walk!(
    "SELECT w.key, t.occurred_at, t.seq, t.source,
       iif(t.counted IS NULL AND t.uncounted IS NULL, t.on_hand, 0) AS moved, t.countered
     FROM walk AS w
     CROSS JOIN trails AS t ON t.ledger = ?1 AND t.seq = w.seq AND t.sku = w.sku
                           AND t.location = w.location
     WHERE t.occurred_at >= w.moment AND (moved <> 0 OR t.countered <> 0)
     UNION ALL
     SELECT w.key, m.occurred_at, m.seq, m.source, 0, m.countered
     FROM json_each(?2) AS w
     CROSS JOIN mentions AS m ON m.ledger = ?1 AND m.sku = w.value->>0
       AND m.location = w.value->>1 AND m.occurred_at >= w.value->>2
     WHERE m.countered <> 0"
);

type LevelMovements = ((Sku, LocationId), Vec<Movement>);

async fn movements(
    connection: &mut SqliteConnection,
    wants: &Wants,
) -> Result<Vec<LevelMovements>, StoreError> {
    let wanted: Vec<_> = wants
        .movements
        .iter()
        .map(|((sku, location), from)| (sku, location, from.micros()))
        .collect();
    let rows = sqlx::query(MOVEMENTS)
        .bind(LEDGER)
        .bind(serde_json::to_string(&wanted).map_err(damaged)?)
        .fetch_all(connection)
        .await
        .map_err(reading)?;
    let mut found: HashMap<u64, Vec<Movement>> = HashMap::new();
    for row in &rows {
        let level = unsigned(row.try_get(0).map_err(damaged)?);
        let here = found.entry(level).or_default();
        let time = Timestamp::from_micros(row.try_get(1).map_err(damaged)?);
        let seq = unsigned(row.try_get(2).map_err(damaged)?);
        let source: Source = name(row, 3)?;
        for (column, is_counter) in [(4, false), (5, true)] {
            let delta: i64 = row.try_get(column).map_err(damaged)?;
            if delta != 0 {
                here.push(Movement { time, seq, source: source.clone(), delta, is_counter });
            }
        }
    }
    // A level without movements is part of the answer too: the batch may add some.
    let levels = wants.movements.keys().cloned().zip(0..);
    Ok(levels.map(|(level, key)| (level, found.remove(&key).unwrap_or_default())).collect())
}

async fn records(
    connection: &mut SqliteConnection,
    wants: &Wants,
) -> Result<Vec<Record>, StoreError> {
    let seqs: Vec<i64> = wants.records.iter().map(|seq| signed(*seq)).collect();
    let rows: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT j.record FROM json_each(?2) AS wanted CROSS JOIN journal AS j
         WHERE j.ledger = ?1 AND j.seq = wanted.value",
    )
    .bind(LEDGER)
    .bind(serde_json::to_string(&seqs).map_err(damaged)?)
    .fetch_all(connection)
    .await
    .map_err(reading)?;
    if rows.len() != seqs.len() {
        return Err(damaged(format!("the journal lacks one of the records {seqs:?}")));
    }
    rows.iter().map(|bytes| journal::decode(bytes).map_err(damaged)).collect()
}

async fn conflicts(
    connection: &mut SqliteConnection,
    wants: &Wants,
) -> Result<Vec<Conflict>, StoreError> {
    let numbers: Vec<i64> = wants.conflicts.iter().map(|id| signed(id.number())).collect();
    let docs: Vec<String> = sqlx::query_scalar(
        "SELECT c.doc FROM json_each(?2) AS wanted CROSS JOIN conflicts AS c
         WHERE c.ledger = ?1 AND c.number = wanted.value",
    )
    .bind(LEDGER)
    .bind(serde_json::to_string(&numbers).map_err(damaged)?)
    .fetch_all(connection)
    .await
    .map_err(reading)?;
    docs.iter().map(|doc| serde_json::from_str(doc).map_err(damaged)).collect()
}

/// The closed questions about movements that came late to a count.
async fn questions(
    connection: &mut SqliteConnection,
    wants: &Wants,
) -> Result<Vec<Conflict>, StoreError> {
    let wanted: Vec<(&Sku, i64)> =
        wants.questions.iter().map(|(sku, count)| (sku, signed(*count))).collect();
    let docs: Vec<String> = sqlx::query_scalar(
        "SELECT c.doc FROM json_each(?2) AS wanted CROSS JOIN conflicts AS c
         WHERE c.ledger = ?1 AND c.sku = wanted.value->>0 AND c.kind = 'count_overlap'
           AND c.status <> 'open' AND c.doc->>'count' = wanted.value->>1",
    )
    .bind(LEDGER)
    .bind(serde_json::to_string(&wanted).map_err(damaged)?)
    .fetch_all(connection)
    .await
    .map_err(reading)?;
    docs.iter().map(|doc| serde_json::from_str(doc).map_err(damaged)).collect()
}

/// The orders that are promised units of a level, those placed last first: found by what ever
/// happened at the level.
async fn holders(
    connection: &mut SqliteConnection,
    sku: &Sku,
    location: &LocationId,
) -> Result<Vec<Order>, StoreError> {
    let docs: Vec<String> = sqlx::query_scalar(walk!(
        "SELECT o.doc
         FROM (WITH moved AS MATERIALIZED (
                   SELECT w.seq FROM walk AS w
                   CROSS JOIN trails AS t ON t.ledger = ?1 AND t.seq = w.seq AND t.sku = w.sku
                                         AND t.location = w.location
                   WHERE t.committed <> 0)
               SELECT j.order_id FROM moved AS m
               CROSS JOIN journal AS j ON j.ledger = ?1 AND j.seq = m.seq
               WHERE j.order_id IS NOT NULL
               UNION
               SELECT f.order_id FROM moved AS m
               CROSS JOIN further_orders AS f ON f.ledger = ?1 AND f.seq = m.seq) AS named
         CROSS JOIN orders AS o ON o.ledger = ?1 AND o.order_id = named.order_id
         WHERE EXISTS (SELECT 1 FROM json_each(o.doc, '$.lines') AS line,
                              json_each(line.value, '$.shares') AS share
                       WHERE (line.value->>'sku' = ?3 AND line.value->>'kit' IS NULL
                              OR EXISTS (SELECT 1 FROM json_each(line.value, '$.kit') AS part
                                         WHERE part.value->>'sku' = ?3))
                         AND share.value->>'location' = ?4 AND share.value->>'committed' > 0)
         ORDER BY (SELECT min(fact.value->>'seq') FROM json_each(o.doc, '$.facts') AS fact) DESC,
                  o.order_id DESC
         LIMIT ?5"
    ))
    .bind(LEDGER)
    .bind(serde_json::to_string(&[(sku, location, ALL)]).map_err(damaged)?)
    .bind(sku.as_str())
    .bind(location.as_str())
    .bind(i64::try_from(HOLDERS_MAX).map_err(damaged)?)
    .fetch_all(connection)
    .await
    .map_err(reading)?;
    docs.iter().map(|doc| serde_json::from_str(doc).map_err(damaged)).collect()
}
