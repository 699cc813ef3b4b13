//! The state as the tables remember it.

use std::borrow::Cow;
use std::str::FromStr;

use onhand::event::KitPart;
use onhand::id::{ChannelId, ConflictId, ListingId, Sku, Source, Text};
use onhand::journal::Chain;
use onhand::record::{ItemInfo, LocationInfo};
use onhand::state::{
    Baseline, Head, Level, Overlap, Oversold, Restoring, Settings, Snapshot, State, Word,
};
use onhand::time::{Timestamp, Uptime};
use serde::Deserialize;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{LEDGER, damaged, reading, unsigned};
use crate::store::StoreError;
use crate::store::rows::listing_of;

/// Reads the whole snapshot.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    settings: Settings,
) -> Result<State, StoreError> {
    let items = items(connection).await?;
    let mut state = Restoring::begin(settings, items, locations(connection).await?);
    levels(connection, &mut state).await?;
    let snapshot = Snapshot {
        head: head(connection).await?,
        sku_aliases: aliases(connection, "sku").await?,
        location_aliases: aliases(connection, "location").await?,
        listing_aliases: listing_aliases(connection).await?,
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
        held: documents(connection, "SELECT doc FROM held_facts WHERE ledger = ?1 ORDER BY seq")
            .await?,
        timers: keyed(connection, "SELECT what, at FROM timers WHERE ledger = ?1")
            .await?
            .into_iter()
            .map(|(what, at)| (what, Uptime::from_micros(at)))
            .collect(),
    };
    Ok(state.finish(snapshot))
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

/// Rows that are in memory at a time, besides what is made of them: a ledger may have millions.
const CHUNK_ROWS: i64 = 4_096;

// One text for many rows: one by one they cost more than all that is done with them.
const ITEMS: &str = "
SELECT json_group_array(json_array(number, sku, name, barcode, low_stock, json(kit)))
FROM (SELECT number, sku, name, barcode, low_stock, kit FROM items
      WHERE ledger = ?1 AND sku > ?2 ORDER BY sku LIMIT ?3)";

#[derive(Deserialize)]
struct ItemRow(usize, Sku, Option<Text>, Option<Text>, Option<i64>, Option<Vec<KitPart>>);

/// The items, in the order of their numbers.
async fn items(connection: &mut SqliteConnection) -> Result<Vec<ItemInfo>, StoreError> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM items WHERE ledger = ?1")
        .bind(LEDGER)
        .fetch_one(&mut *connection)
        .await
        .map_err(reading)?;
    let mut items: Vec<Option<ItemInfo>> = Vec::new();
    items.resize(usize::try_from(count).map_err(damaged)?, None);
    let mut after = String::new();
    loop {
        let chunk: String = sqlx::query_scalar(ITEMS)
            .bind(LEDGER)
            .bind(&after)
            .bind(CHUNK_ROWS)
            .fetch_one(&mut *connection)
            .await
            .map_err(reading)?;
        let rows: Vec<ItemRow> = serde_json::from_str(&chunk).map_err(damaged)?;
        let Some(last) = rows.last() else { break };
        last.1.as_str().clone_into(&mut after);
        for ItemRow(number, sku, name, barcode, low_stock, kit) in rows {
            let kit = kit.unwrap_or_default();
            if let Some(place) = items.get_mut(number) {
                *place = Some(ItemInfo { sku, name, barcode, low_stock, kit });
            }
        }
    }
    let known = items.into_iter().collect::<Option<Vec<_>>>();
    known.ok_or_else(|| damaged("the items are not numbered without gaps"))
}

async fn locations(connection: &mut SqliteConnection) -> Result<Vec<LocationInfo>, StoreError> {
    let query = "SELECT location, name, rank FROM locations WHERE ledger = ?1 ORDER BY number";
    let rows = sqlx::query(query).bind(LEDGER).fetch_all(connection).await.map_err(reading)?;
    rows.iter().map(location).collect()
}

async fn listing_aliases(
    connection: &mut SqliteConnection,
) -> Result<Vec<((ChannelId, ListingId), Sku)>, StoreError> {
    let query = "SELECT name, target FROM aliases WHERE ledger = ?1 AND kind = 'listing'";
    let rows: Vec<(String, String)> =
        sqlx::query_as(query).bind(LEDGER).fetch_all(connection).await.map_err(reading)?;
    let read = |(name, target): (String, String)| {
        let listing = listing_of(&name).ok_or_else(|| damaged("a listing has no name"))?;
        Ok((listing, target.parse().map_err(damaged)?))
    };
    rows.into_iter().map(read).collect()
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

// As with the items. What most levels do not have comes apart.
const LEVELS: &str = "
SELECT json_group_array(json_array(sku, location, on_hand, committed, version, seq, updated_at,
    CASE WHEN (reserved, damaged, quality_control, safety_stock, incoming, oversold)
              = (0, 0, 0, 0, 0, 0) AND counted_at IS NULL
         THEN NULL
         ELSE json_array(reserved, damaged, quality_control, safety_stock, incoming, oversold,
                  CASE WHEN counted_at IS NOT NULL
                       THEN json_array(counted_at, counted_source, counted_seq, counted_overlap,
                                json(counted_words), counted_relied_on)
                  END)
    END))
FROM (SELECT * FROM levels WHERE ledger = ?1 AND (sku, location) > (?2, ?3)
      ORDER BY sku, location LIMIT ?4)";

#[derive(Deserialize)]
struct LevelRow<'a>(
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    i64,
    i64,
    u64,
    u64,
    i64,
    Option<LevelRest>,
);

/// What most levels do not have.
#[derive(Deserialize)]
struct LevelRest(i64, i64, i64, i64, i64, i64, Option<CountRow>);

#[derive(Deserialize)]
struct CountRow(i64, Source, u64, Option<String>, Option<Vec<Word>>, i64);

async fn levels(
    connection: &mut SqliteConnection,
    state: &mut Restoring,
) -> Result<(), StoreError> {
    let mut after = (String::new(), String::new());
    loop {
        let chunk: String = sqlx::query_scalar(LEVELS)
            .bind(LEDGER)
            .bind(&after.0)
            .bind(&after.1)
            .bind(CHUNK_ROWS)
            .fetch_one(&mut *connection)
            .await
            .map_err(reading)?;
        let rows: Vec<LevelRow<'_>> = serde_json::from_str(&chunk).map_err(damaged)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = (last.0.to_string(), last.1.to_string());
        for row in rows {
            let (sku, location, level) = level(row)?;
            state.level(&sku, &location, level).map_err(damaged)?;
        }
    }
}

fn level(row: LevelRow<'_>) -> Result<(Cow<'_, str>, Cow<'_, str>, Level), StoreError> {
    let LevelRow(sku, location, on_hand, committed, version, seq, updated_at, rest) = row;
    let LevelRest(reserved, damaged, quality_control, safety_stock, incoming, oversold, counted) =
        rest.unwrap_or(LevelRest(0, 0, 0, 0, 0, 0, None));
    let mut level = Level::with_buckets([
        on_hand,
        committed,
        reserved,
        damaged,
        quality_control,
        safety_stock,
        incoming,
    ]);
    level.version = version;
    level.seq = seq;
    level.updated_at = Timestamp::from_micros(updated_at);
    level.counted = counted.map(baseline).transpose()?.map(Box::new);
    level.oversold = match oversold {
        0 => Oversold::No,
        -1 => Oversold::Acknowledged,
        conflict => Oversold::Open(ConflictId::from_number(unsigned(conflict))),
    };
    Ok((sku, location, level))
}

fn baseline(
    CountRow(time, source, seq, overlap, words, relied_on): CountRow,
) -> Result<Baseline, StoreError> {
    let word = |name: String| {
        let known = Overlap::from_name(&name);
        known.ok_or_else(|| damaged(format!("{name} is no word on a count")))
    };
    Ok(Baseline {
        time: Timestamp::from_micros(time),
        source,
        seq,
        overlap: overlap.map(word).transpose()?,
        words: words.unwrap_or_default(),
        relied_on: relied_on != 0,
    })
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
