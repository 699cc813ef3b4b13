//! The state as the tables remember it.

use std::str::FromStr;

use onhand::event::KitPart;
use onhand::id::{ConflictId, LocationId, Sku, Source, Text};
use onhand::journal::Chain;
use onhand::record::{Bucket, ItemInfo, LocationInfo};
use onhand::state::{Baseline, Head, Level, Overlap, Oversold, Settings, Snapshot, State};
use onhand::time::{Timestamp, Uptime};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{LEDGER, damaged, reading, unsigned};
use crate::store::StoreError;

/// Reads the whole snapshot.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    settings: Settings,
) -> Result<State, StoreError> {
    let snapshot = Snapshot {
        head: head(connection).await?,
        items: items(connection).await?,
        locations: locations(connection).await?,
        sku_aliases: aliases(connection, "sku").await?,
        location_aliases: aliases(connection, "location").await?,
        levels: levels(connection).await?,
        conflicts: documents(
            connection,
            "SELECT doc FROM conflicts WHERE ledger = ?1 AND status = 'open' ORDER BY number",
        )
        .await?,
        waiting: keyed(connection, "SELECT wait, seq FROM waiting WHERE ledger = ?1")
            .await?
            .into_iter()
            .map(|(on, seq)| (on, unsigned(seq)))
            .collect(),
        woken: keyed(connection, "SELECT wait, discard FROM woken WHERE ledger = ?1")
            .await?
            .into_iter()
            .map(|(on, discard)| (on, discard != 0))
            .collect(),
        timers: keyed(connection, "SELECT what, at FROM timers WHERE ledger = ?1")
            .await?
            .into_iter()
            .map(|(what, at)| (what, Uptime::from_micros(at)))
            .collect(),
    };
    State::restore(settings, snapshot).map_err(damaged)
}

async fn head(connection: &mut SqliteConnection) -> Result<Head, StoreError> {
    let query = "SELECT seq, recorded_at, chain, conflicts, uptime FROM head WHERE ledger = ?1";
    let row = sqlx::query(query).bind(LEDGER).fetch_optional(connection).await.map_err(reading)?;
    let Some(row) = row else { return Ok(Head::default()) };
    let chain: Vec<u8> = row.try_get(2).map_err(damaged)?;
    Ok(Head {
        seq: unsigned(row.try_get(0).map_err(damaged)?),
        recorded_at: Timestamp::from_micros(row.try_get(1).map_err(damaged)?),
        chain: Chain(chain.try_into().map_err(|_| damaged("the chain is not 32 bytes"))?),
        conflicts: unsigned(row.try_get(3).map_err(damaged)?),
        uptime: Uptime::from_micros(row.try_get(4).map_err(damaged)?),
    })
}

/// A name as it is stored; it was checked before it was written.
pub(super) fn name<T>(row: &SqliteRow, column: usize) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    row.try_get::<&str, _>(column).map_err(damaged)?.parse().map_err(damaged)
}

pub(super) fn text(row: &SqliteRow, column: usize) -> Result<Option<Text>, StoreError> {
    let text: Option<&str> = row.try_get(column).map_err(damaged)?;
    text.map(Text::new).transpose().map_err(damaged)
}

pub(super) fn item(row: &SqliteRow) -> Result<ItemInfo, StoreError> {
    Ok(ItemInfo {
        sku: name(row, 0)?,
        name: text(row, 1)?,
        barcode: text(row, 2)?,
        low_stock: row.try_get(3).map_err(damaged)?,
        kit: kit(row.try_get(4).map_err(damaged)?)?,
    })
}

/// What a kit consists of, as it is stored.
fn kit(stored: Option<&str>) -> Result<Vec<KitPart>, StoreError> {
    stored.map_or_else(|| Ok(Vec::new()), |kit| serde_json::from_str(kit).map_err(damaged))
}

pub(super) fn location(row: &SqliteRow) -> Result<LocationInfo, StoreError> {
    Ok(LocationInfo {
        location: name(row, 0)?,
        name: text(row, 1)?,
        rank: row.try_get(2).map_err(damaged)?,
    })
}

async fn items(connection: &mut SqliteConnection) -> Result<Vec<ItemInfo>, StoreError> {
    let query =
        "SELECT sku, name, barcode, low_stock, kit FROM items WHERE ledger = ?1 ORDER BY number";
    let rows = sqlx::query(query).bind(LEDGER).fetch_all(connection).await.map_err(reading)?;
    rows.iter().map(item).collect()
}

async fn locations(connection: &mut SqliteConnection) -> Result<Vec<LocationInfo>, StoreError> {
    let query = "SELECT location, name, rank FROM locations WHERE ledger = ?1 ORDER BY number";
    let rows = sqlx::query(query).bind(LEDGER).fetch_all(connection).await.map_err(reading)?;
    rows.iter().map(location).collect()
}

async fn aliases<T>(
    connection: &mut SqliteConnection,
    kind: &'static str,
) -> Result<Vec<(T, T)>, StoreError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let query = "SELECT name, target FROM aliases WHERE ledger = ?1 AND kind = ?2";
    let rows = sqlx::query(query).bind(LEDGER).bind(kind).fetch_all(connection).await;
    rows.map_err(reading)?.iter().map(|row| Ok((name(row, 0)?, name(row, 1)?))).collect()
}

async fn levels(
    connection: &mut SqliteConnection,
) -> Result<Vec<(Sku, LocationId, Level)>, StoreError> {
    let query = "SELECT sku, location, on_hand, committed, reserved, damaged, quality_control,
            safety_stock, incoming, version, seq, updated_at, counted_at, counted_source,
            counted_seq, counted_overlap, counted_relied_on, oversold
        FROM levels WHERE ledger = ?1";
    let rows = sqlx::query(query).bind(LEDGER).fetch_all(connection).await.map_err(reading)?;
    rows.iter().map(|row| Ok((name(row, 0)?, name(row, 1)?, level(row)?))).collect()
}

fn level(row: &SqliteRow) -> Result<Level, StoreError> {
    let number = |column: usize| row.try_get::<i64, _>(column).map_err(damaged);
    let mut buckets = [0; Bucket::ALL.len()];
    for (index, bucket) in buckets.iter_mut().enumerate() {
        *bucket = number(2 + index)?;
    }
    let mut level = Level::with_buckets(buckets);
    level.version = unsigned(number(9)?);
    level.seq = unsigned(number(10)?);
    level.updated_at = Timestamp::from_micros(number(11)?);
    let counted_at: Option<i64> = row.try_get(12).map_err(damaged)?;
    if let Some(counted_at) = counted_at {
        level.counted = Some(Baseline {
            time: Timestamp::from_micros(counted_at),
            source: name::<Source>(row, 13)?,
            seq: unsigned(number(14)?),
            overlap: overlap(row, 15)?,
            relied_on: number(16)? != 0,
        });
    }
    level.oversold = match number(17)? {
        0 => Oversold::No,
        -1 => Oversold::Acknowledged,
        conflict => Oversold::Open(ConflictId::from_number(unsigned(conflict))),
    };
    Ok(level)
}

fn overlap(row: &SqliteRow, column: usize) -> Result<Option<Overlap>, StoreError> {
    let name: Option<&str> = row.try_get(column).map_err(damaged)?;
    let overlap = |name| {
        Overlap::from_name(name).ok_or_else(|| damaged(format!("{name} is no word on a count")))
    };
    name.map(overlap).transpose()
}

/// Documents (JSON) of one column.
async fn documents<T: serde::de::DeserializeOwned>(
    connection: &mut SqliteConnection,
    query: &'static str,
) -> Result<Vec<T>, StoreError> {
    let docs: Vec<String> =
        sqlx::query_scalar(query).bind(LEDGER).fetch_all(connection).await.map_err(reading)?;
    docs.iter().map(|doc| serde_json::from_str(doc).map_err(damaged)).collect()
}

/// Numbers by a key that is a document (JSON).
async fn keyed<K: serde::de::DeserializeOwned>(
    connection: &mut SqliteConnection,
    query: &'static str,
) -> Result<Vec<(K, i64)>, StoreError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as(query).bind(LEDGER).fetch_all(connection).await.map_err(reading)?;
    rows.into_iter()
        .map(|(on, number)| Ok((serde_json::from_str(&on).map_err(damaged)?, number)))
        .collect()
}
