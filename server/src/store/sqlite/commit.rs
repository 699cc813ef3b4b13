//! One batch, one transaction, a constant number of statements: each table's rows travel as one
//! JSON argument, the journal's bytes as one blob.

use futures_util::future::join;
use onhand::conflict::Conflict;
use onhand::history::Step;
use onhand::record::{Bucket, ItemInfo};
use onhand::state::{Level, Overlap, Oversold};
use serde::Serialize;
use sqlx::sqlite::SqliteConnection;

use super::steps::ABSORBED;
use super::{LEDGER, damaged, search, signed, summary, writing};
use crate::store::StoreError;
use crate::store::rows::{LevelStep, Rows};

const JOURNAL: &str = "
INSERT INTO journal (ledger, seq, recorded_at, source, id, type, outcome, order_id,
                     fingerprint, chain, record)
SELECT ?1, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6,
       substr(?3, value->>7, 16), substr(?3, (value->>7) + 16, 32),
       substr(?3, (value->>7) + 48, value->>8)
FROM jsonb_each(?2)";

/// Most records move `on_hand` once and nothing else: what is the same in all of them need not
/// travel.
const MOVES: &str = "
INSERT INTO trails (ledger, seq, sku, location, occurred_at, recorded_at, previous,
    source, on_hand, committed, reserved, damaged, quality_control, safety_stock, incoming,
    absorbed, counted, uncounted, is_verdict)
SELECT ?1, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7,
    0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0
FROM jsonb_each(?2)";

const TRAILS: &str = "
INSERT INTO trails (ledger, seq, sku, location, occurred_at, recorded_at, previous,
    source, on_hand, committed, reserved, damaged, quality_control, safety_stock, incoming,
    absorbed, absorbed_damaged, absorbed_quality_control, countered, counted, uncounted,
    is_verdict, of_seq, overlap, window_us)
SELECT ?1, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6,
    value->>'$[7][0]', value->>'$[7][1]', value->>'$[7][2]', value->>'$[7][3]', value->>'$[7][4]',
    value->>'$[7][5]', value->>'$[7][6]', value->>'$[8][0]', value->>'$[8][1]', value->>'$[8][2]',
    value->>9, value->>10, value->>11, value->>12, value->>13, value->>14, value->>15
FROM jsonb_each(?2)";

const MENTIONS: &str = "
INSERT INTO mentions (ledger, sku, location, occurred_at, seq, source, absorbed,
    absorbed_damaged, absorbed_quality_control, countered, is_verdict, of_seq)
SELECT ?1, value->>0, value->>1, value->>2, value->>3, value->>4, value->>'$[5][0]',
    value->>'$[5][1]', value->>'$[5][2]', value->>6, value->>7, value->>8
FROM jsonb_each(?2)";

const NAMED: &str = "
INSERT INTO named (ledger, sku, seq) SELECT ?1, value->>0, value->>1 FROM jsonb_each(?2)";

const FURTHER_ORDERS: &str = "
INSERT INTO further_orders (ledger, order_id, seq)
SELECT ?1, value->>0, value->>1 FROM jsonb_each(?2)";

/// Most levels have never been counted and hold nothing back: as with [`MOVES`].
const PLAIN_LEVELS: &str = "
INSERT INTO levels (ledger, sku, location, on_hand, committed, reserved, damaged,
    quality_control, safety_stock, incoming, version, seq, updated_at, counted_at, counted_source,
    counted_seq, counted_overlap, counted_words, counted_relied_on, oversold)
SELECT ?1, value->>0, value->>1, value->>2, value->>3, 0, 0, 0, 0, 0, value->>4, value->>5,
    value->>6, NULL, NULL, NULL, NULL, NULL, 0, 0
FROM jsonb_each(?2)
WHERE true
ON CONFLICT (ledger, sku, location) DO UPDATE SET on_hand = excluded.on_hand,
    committed = excluded.committed, reserved = 0, damaged = 0, quality_control = 0,
    safety_stock = 0, incoming = 0, version = excluded.version, seq = excluded.seq,
    updated_at = excluded.updated_at, counted_at = NULL, counted_source = NULL, counted_seq = NULL,
    counted_overlap = NULL, counted_words = NULL, counted_relied_on = 0, oversold = 0";

const LEVELS: &str = "
INSERT INTO levels (ledger, sku, location, on_hand, committed, reserved, damaged,
    quality_control, safety_stock, incoming, version, seq, updated_at, counted_at, counted_source,
    counted_seq, counted_overlap, counted_words, counted_relied_on, oversold)
SELECT ?1, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7,
    value->>8, value->>9, value->>10, value->>11, value->>12, value->>13, value->>14, value->>15,
    value->>16, value->>17, value->>18
FROM jsonb_each(?2)
WHERE true
ON CONFLICT (ledger, sku, location) DO UPDATE SET on_hand = excluded.on_hand,
    committed = excluded.committed, reserved = excluded.reserved, damaged = excluded.damaged,
    quality_control = excluded.quality_control, safety_stock = excluded.safety_stock,
    incoming = excluded.incoming, version = excluded.version, seq = excluded.seq,
    updated_at = excluded.updated_at, counted_at = excluded.counted_at,
    counted_source = excluded.counted_source, counted_seq = excluded.counted_seq,
    counted_overlap = excluded.counted_overlap, counted_words = excluded.counted_words,
    counted_relied_on = excluded.counted_relied_on,
    oversold = excluded.oversold";

const ITEMS: &str = "
INSERT OR REPLACE INTO items (ledger, sku, number, name, barcode, low_stock, kit)
SELECT ?1, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5 FROM jsonb_each(?2)";

const LOCATIONS: &str = "
INSERT OR REPLACE INTO locations (ledger, location, number, name, rank)
SELECT ?1, value->>0, value->>1, value->>2, value->>3 FROM jsonb_each(?2)";

const ALIASES: &str = "
INSERT OR REPLACE INTO aliases (ledger, kind, name, target)
SELECT ?1, value->>0, value->>1, value->>2 FROM jsonb_each(?2)";

const NO_ALIASES: &str = "
DELETE FROM aliases WHERE ledger = ?1 AND (kind, name) IN
    (SELECT value->>0, value->>1 FROM jsonb_each(?2))";

const ORDERS: &str = "
INSERT OR REPLACE INTO orders (ledger, order_id, seq, doc)
SELECT ?1, value->>0, ?3, value->>1 FROM jsonb_each(?2)";

const TRANSFERS: &str = "
INSERT OR REPLACE INTO transfers (ledger, transfer, seq, doc)
SELECT ?1, value->>0, ?3, value->>1 FROM jsonb_each(?2)";

const RESERVATIONS: &str = "
INSERT OR REPLACE INTO reservations (ledger, reservation, seq, doc)
SELECT ?1, value->>0, ?3, value->>1 FROM jsonb_each(?2)";

const TIMERS: &str = "
INSERT OR REPLACE INTO timers (ledger, what, at)
SELECT ?1, value->>0, value->>1 FROM jsonb_each(?2)";

const SETTLED: &str = "
DELETE FROM timers WHERE ledger = ?1 AND what IN (SELECT value FROM json_each(?2))";

const CONFLICTS: &str = "
INSERT OR REPLACE INTO conflicts (ledger, number, status, kind, sku, doc)
SELECT ?1, value->>0, value->>1, value->>2, value->>3, value->>4 FROM jsonb_each(?2)";

const WAITING: &str = "
INSERT OR IGNORE INTO waiting (ledger, wait, seq)
SELECT ?1, value->>0, value->>1 FROM jsonb_each(?2)";

const RELEASED: &str = "
DELETE FROM waiting WHERE ledger = ?1 AND (wait, seq) IN
    (SELECT value->>0, value->>1 FROM jsonb_each(?2))";

const HELD: &str = "
INSERT OR REPLACE INTO held_facts (ledger, seq, doc)
SELECT ?1, value->>0, value->>1 FROM jsonb_each(?2)";

const LET_GO: &str = "
DELETE FROM held_facts WHERE ledger = ?1 AND seq IN (SELECT value FROM json_each(?2))";

const WOKEN: &str = "
INSERT INTO woken (ledger, wait, discard)
SELECT ?1, value->>0, value->>1 FROM jsonb_each(?2)";

const FINALS: &str = "
UPDATE journal SET final_outcome = new.value->>1, final_seq = new.value->>2
FROM jsonb_each(?2) AS new WHERE ledger = ?1 AND seq = new.value->>0";

const REVERSALS: &str = "
UPDATE journal SET reversed_by = new.value->>1 FROM jsonb_each(?2) AS new
WHERE ledger = ?1 AND seq = new.value->>0";

const HEAD: &str = "
INSERT INTO head (ledger, seq, recorded_at, chain, conflicts, uptime, ahead, levels,
    units_available)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (ledger) DO UPDATE SET seq = excluded.seq, recorded_at = excluded.recorded_at,
    chain = excluded.chain, conflicts = excluded.conflicts, uptime = excluded.uptime,
    ahead = max(ahead, excluded.ahead), levels = levels + excluded.levels,
    units_available = units_available + excluded.units_available";

/// Writes a batch.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    rows: &Rows<'_>,
) -> Result<(), StoreError> {
    begin(connection).await?;
    let written = match write(connection, rows).await {
        Ok(()) => execute(connection, "COMMIT").await,
        Err(error) => Err(error),
    };
    if written.is_err() {
        // Nothing of the batch may stay. If even this fails, the connection is no longer usable
        // and the next commit says so.
        let _ = execute(connection, "ROLLBACK").await;
    }
    written
}

async fn begin(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    match execute(connection, "BEGIN IMMEDIATE").await {
        // Nothing has been written yet, so nothing can be in doubt.
        Err(StoreError::Failed(why)) => Err(StoreError::Unavailable(why)),
        other => other,
    }
}

async fn execute(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<(), StoreError> {
    sqlx::query(statement).execute(connection).await.map(|_| ()).map_err(writing)
}

async fn write(connection: &mut SqliteConnection, rows: &Rows<'_>) -> Result<(), StoreError> {
    // While SQLite writes the journal, what goes into the other large tables becomes text.
    let (written, texts) = join(journal(connection, rows), async { Texts::of(rows) }).await;
    written?;
    texts?.write(connection).await?;
    let named = rows.named.iter().map(|(sku, seq)| (sku, signed(*seq)));
    table(connection, NAMED, named).await?;
    let further_orders = rows.further_orders.iter().map(|(order, seq)| (order, signed(*seq)));
    table(connection, FURTHER_ORDERS, further_orders).await?;
    summary::write(connection, &rows.summary).await?;
    let items: Result<Vec<_>, _> =
        rows.items.iter().map(|(number, it)| item(*number, it)).collect();
    table(connection, ITEMS, items?.into_iter()).await?;
    search::write(connection, &rows.items).await?;
    let locations =
        rows.locations.iter().map(|(number, info)| (&info.location, number, &info.name, info.rank));
    table(connection, LOCATIONS, locations).await?;
    let meanings = rows.aliases.iter().map(|((kind, name), target)| (kind, name, target));
    table(connection, ALIASES, meanings.clone().filter(|row| row.2.is_some())).await?;
    table(connection, NO_ALIASES, meanings.filter(|row| row.2.is_none())).await?;
    orders(connection, rows).await?;
    transfers(connection, rows).await?;
    reservations(connection, rows).await?;
    timers(connection, rows).await?;
    let conflicts: Result<Vec<_>, _> = rows.conflicts.iter().map(|c| conflict(c)).collect();
    table(connection, CONFLICTS, conflicts?.iter()).await?;
    waiting(connection, rows).await?;
    held_facts(connection, rows).await?;
    let finals = rows
        .finals
        .iter()
        .map(|(seq, (outcome, decided))| (signed(*seq), outcome.as_str(), signed(*decided)));
    table(connection, FINALS, finals).await?;
    let reversals = rows.reversals.iter().map(|(seq, by)| (signed(*seq), by.map(signed)));
    table(connection, REVERSALS, reversals).await?;
    sqlx::query(HEAD)
        .bind(LEDGER)
        .bind(signed(rows.head.seq))
        .bind(rows.head.recorded_at.micros())
        .bind(rows.head.chain.0.as_slice())
        .bind(signed(rows.head.conflicts))
        .bind(rows.head.uptime.micros())
        .bind(ahead(rows))
        .bind(i64::try_from(rows.summary.new.len()).map_err(damaged)?)
        .bind(rows.summary.units_available)
        .execute(connection)
        .await
        .map_err(writing)?;
    Ok(())
}

/// By how much a fact of the batch was recorded before it happened, at most, in microseconds.
fn ahead(rows: &Rows<'_>) -> i64 {
    let changes = rows.steps.iter().filter(|it| it.step.is_change);
    let ahead = changes.map(|it| it.step.occurred_at.since(it.step.recorded_at));
    ahead.fold(0, i64::max)
}

/// Runs a table's statement with its rows as one argument; not at all without rows.
pub(super) async fn table<T: Serialize>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    rows: impl Iterator<Item = T>,
) -> Result<(), StoreError> {
    run(connection, statement, text(rows)?).await
}

/// Rows as one argument of a statement; none without rows.
fn text<T: Serialize>(rows: impl Iterator<Item = T>) -> Result<Option<String>, StoreError> {
    let rows: Vec<T> = rows.collect();
    if rows.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(&rows).map(Some).map_err(damaged)
}

/// Runs a statement with its rows as text; not at all without rows.
async fn run(
    connection: &mut SqliteConnection,
    statement: &'static str,
    rows: Option<String>,
) -> Result<(), StoreError> {
    let Some(rows) = rows else { return Ok(()) };
    let query = sqlx::query(statement).bind(LEDGER).bind(rows);
    query.execute(connection).await.map(|_| ()).map_err(writing)
}

async fn journal(connection: &mut SqliteConnection, rows: &Rows<'_>) -> Result<(), StoreError> {
    let mut blob: Vec<u8> = Vec::new();
    let mut lines = Vec::with_capacity(rows.entries.len());
    for entry in rows.entries {
        let record = &entry.record;
        // SQLite counts bytes from 1.
        let offset = blob.len() + 1;
        blob.extend_from_slice(&record.fingerprint.0);
        blob.extend_from_slice(&entry.chain.0);
        blob.extend_from_slice(&entry.bytes);
        lines.push((
            record.seq,
            record.recorded_at.micros(),
            &record.envelope.source,
            &record.envelope.id,
            record.envelope.event_type(),
            record.outcome.as_str(),
            record.order(),
            offset,
            entry.bytes.len(),
        ));
    }
    let json = serde_json::to_string(&lines).map_err(damaged)?;
    sqlx::query(JOURNAL)
        .bind(LEDGER)
        .bind(json)
        .bind(blob)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(writing)
}

/// The rows of the tables that nearly every batch writes, as arguments of their statements.
#[derive(Default)]
struct Texts {
    moves: Option<String>,
    trails: Option<String>,
    mentions: Option<String>,
    plain_levels: Option<String>,
    levels: Option<String>,
}

impl Texts {
    fn of(rows: &Rows<'_>) -> Result<Self, StoreError> {
        let mut texts = Self::default();
        texts.put_steps(rows)?;
        texts.put_levels(rows)?;
        Ok(texts)
    }

    fn put_steps(&mut self, rows: &Rows<'_>) -> Result<(), StoreError> {
        let (changes, mentions): (Vec<_>, Vec<_>) =
            rows.steps.iter().partition(|it| it.step.is_change);
        let (moves, others): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|it| it.previous.is_some() && is_move(&it.step));
        let moves = moves.into_iter().map(|LevelStep { sku, location, step, previous }| {
            let (seq, at) = (signed(step.seq()), step.occurred_at.micros());
            let (recorded_at, previous) = (step.recorded_at.micros(), previous.map(signed));
            (seq, sku, location, at, recorded_at, previous, &step.source, step.on_hand())
        });
        self.moves = text(moves)?;
        self.trails = text(others.into_iter().map(trail))?;
        let mentions = mentions.into_iter().map(|LevelStep { sku, location, step, .. }| {
            let (at, seq) = (step.occurred_at.micros(), signed(step.seq()));
            let (absorbed, countered) = (absorbed(step), step.countered);
            let (is_verdict, of) = (i64::from(step.is_verdict), of(step));
            (sku, location, at, seq, &step.source, absorbed, countered, is_verdict, of)
        });
        self.mentions = text(mentions)?;
        Ok(())
    }

    fn put_levels(&mut self, rows: &Rows<'_>) -> Result<(), StoreError> {
        let (plain, others): (Vec<_>, Vec<_>) =
            rows.levels.iter().copied().partition(|(_, _, level)| is_plain(level));
        let plain = plain.into_iter().map(|(sku, location, level)| {
            let numbers = (level.get(Bucket::OnHand), level.get(Bucket::Committed));
            let updated_at = level.updated_at.micros();
            (sku, location, numbers.0, numbers.1, level.version, level.seq, updated_at)
        });
        self.plain_levels = text(plain)?;
        let others: Vec<_> = others.into_iter().map(level).collect::<Result<_, _>>()?;
        self.levels = text(others.into_iter())?;
        Ok(())
    }

    async fn write(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        run(connection, MOVES, self.moves).await?;
        run(connection, TRAILS, self.trails).await?;
        run(connection, MENTIONS, self.mentions).await?;
        run(connection, PLAIN_LEVELS, self.plain_levels).await?;
        run(connection, LEVELS, self.levels).await
    }
}

/// The columns of a step that changed a level, in the order of [`TRAILS`].
fn trail<'a>(
    LevelStep { sku, location, step, previous }: &'a LevelStep<'_>,
) -> impl Serialize + 'a {
    (
        signed(step.seq()),
        sku,
        location,
        step.occurred_at.micros(),
        step.recorded_at.micros(),
        previous.map(signed),
        &step.source,
        step.moved,
        absorbed(step),
        step.countered,
        step.counted,
        step.uncounted.map(signed),
        i64::from(step.is_verdict),
        of(step),
        step.around.map(|around| around.overlap.as_str()),
        step.around.map(|around| around.window_us),
    )
}

/// The record that a step is about; 0 if it is about none.
fn of(step: &Step) -> i64 {
    step.of.map_or(0, signed)
}

/// What a count has absorbed: units that came or went, and the states in which they can do so.
fn absorbed(step: &Step) -> [i64; ABSORBED.len()] {
    ABSORBED.map(|number| step.absorbed[number as usize])
}

/// Whether a step says nothing but by how much `on_hand` moved.
fn is_move(step: &Step) -> bool {
    let others = &step.moved[Bucket::OnHand as usize + 1..];
    others.iter().all(|moved| *moved == 0)
        && step.is_movement()
        && absorbed(step) == [0; ABSORBED.len()]
        && step.countered == 0
        && !step.is_verdict
        && step.of.is_none()
}

/// Whether a level holds nothing but what is there and what is promised, and was never counted.
fn is_plain(level: &Level) -> bool {
    let others = &level.buckets()[Bucket::Committed as usize + 1..];
    others.iter().all(|number| *number == 0)
        && level.counted.is_none()
        && level.oversold == Oversold::No
}

async fn orders(connection: &mut SqliteConnection, rows: &Rows<'_>) -> Result<(), StoreError> {
    let docs = rows.orders.iter().map(|order| (&order.order, *order));
    documents(connection, ORDERS, rows, docs).await
}

async fn transfers(connection: &mut SqliteConnection, rows: &Rows<'_>) -> Result<(), StoreError> {
    let docs = rows.transfers.iter().map(|known| (&known.transfer, *known));
    documents(connection, TRANSFERS, rows, docs).await
}

async fn reservations(
    connection: &mut SqliteConnection,
    rows: &Rows<'_>,
) -> Result<(), StoreError> {
    let docs = rows.reservations.iter().map(|known| (&known.reservation, *known));
    documents(connection, RESERVATIONS, rows, docs).await
}

/// Runs the statement of a table of documents, if there are any; they changed in this batch.
async fn documents<K: Serialize, D: Serialize>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    rows: &Rows<'_>,
    docs: impl Iterator<Item = (K, D)>,
) -> Result<(), StoreError> {
    let docs: Result<Vec<_>, _> =
        docs.map(|(key, doc)| serde_json::to_string(&doc).map(|doc| (key, doc))).collect();
    let docs = docs.map_err(damaged)?;
    if docs.is_empty() {
        return Ok(());
    }
    sqlx::query(statement)
        .bind(LEDGER)
        .bind(serde_json::to_string(&docs).map_err(damaged)?)
        .bind(signed(rows.head.seq))
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(writing)
}

async fn timers(connection: &mut SqliteConnection, rows: &Rows<'_>) -> Result<(), StoreError> {
    let (mut set, mut settled) = (Vec::new(), Vec::new());
    for (what, at) in &rows.timers {
        let what = serde_json::to_string(what).map_err(damaged)?;
        match at {
            Some(at) => set.push((what, at.micros())),
            None => settled.push(what),
        }
    }
    table(connection, TIMERS, set.into_iter()).await?;
    table(connection, SETTLED, settled.into_iter()).await
}

async fn waiting(connection: &mut SqliteConnection, rows: &Rows<'_>) -> Result<(), StoreError> {
    let keys = |set: &std::collections::BTreeSet<(onhand::record::WaitKey, u64)>| {
        set.iter()
            .map(|(on, seq)| serde_json::to_string(on).map(|on| (on, *seq)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(damaged)
    };
    table(connection, WAITING, keys(&rows.waiting)?.iter()).await?;
    table(connection, RELEASED, keys(&rows.released)?.iter()).await?;
    if let Some(woken) = &rows.woken {
        sqlx::query("DELETE FROM woken WHERE ledger = ?1")
            .bind(LEDGER)
            .execute(&mut *connection)
            .await
            .map_err(writing)?;
        let woken: Result<Vec<_>, _> = woken
            .iter()
            .map(|(on, discard)| serde_json::to_string(on).map(|on| (on, i64::from(*discard))))
            .collect();
        table(connection, WOKEN, woken.map_err(damaged)?.iter()).await?;
    }
    Ok(())
}

async fn held_facts(connection: &mut SqliteConnection, rows: &Rows<'_>) -> Result<(), StoreError> {
    let (mut held, mut let_go) = (Vec::new(), Vec::new());
    for (seq, said) in &rows.held {
        match said {
            Some(said) => held.push((*seq, serde_json::to_string(said).map_err(damaged)?)),
            None => let_go.push(*seq),
        }
    }
    table(connection, HELD, held.into_iter()).await?;
    table(connection, LET_GO, let_go.into_iter()).await
}

/// The columns of an item, in the order of [`ITEMS`].
fn item(number: u32, item: &ItemInfo) -> Result<impl Serialize + '_, StoreError> {
    let kit = item.is_kit().then(|| serde_json::to_string(&item.kit)).transpose();
    let kit = kit.map_err(damaged)?;
    Ok((&item.sku, number, &item.name, &item.barcode, item.low_stock, kit))
}

/// The columns of a level, in the order of [`LEVELS`].
fn level<'a>(
    (sku, location, level): (&'a str, &'a str, &Level),
) -> Result<Vec<serde_json::Value>, StoreError> {
    let mut row: Vec<serde_json::Value> = Vec::with_capacity(19);
    row.extend([sku.into(), location.into()]);
    row.extend(Bucket::ALL.map(|bucket| level.get(bucket).into()));
    row.extend([level.version.into(), level.seq.into(), level.updated_at.micros().into()]);
    if let Some(count) = &level.counted {
        let words = Some(&count.words).filter(|words| !words.is_empty());
        let words = words.map(serde_json::to_string).transpose().map_err(damaged)?;
        row.extend([
            count.time.micros().into(),
            count.source.as_str().into(),
            count.seq.into(),
            count.overlap.map(Overlap::as_str).into(),
            words.into(),
            i64::from(count.relied_on).into(),
        ]);
    } else {
        row.extend([(); 5].map(|()| serde_json::Value::Null));
        row.push(0.into());
    }
    row.push(match level.oversold {
        Oversold::No => 0.into(),
        Oversold::Acknowledged => (-1).into(),
        Oversold::Open(id) => id.number().into(),
    });
    Ok(row)
}

/// The columns of a conflict, in the order of [`CONFLICTS`].
fn conflict(
    conflict: &Conflict,
) -> Result<(u64, &'static str, &'static str, Option<&str>, String), StoreError> {
    Ok((
        conflict.id.number(),
        conflict.status.as_str(),
        conflict.kind.as_str(),
        conflict.sku.as_ref().map(onhand::id::Sku::as_str),
        serde_json::to_string(conflict).map_err(damaged)?,
    ))
}
