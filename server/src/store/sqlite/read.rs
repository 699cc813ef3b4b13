//! Reading the catalogue, orders, transfers and conflicts.

use onhand::conflict::Conflict;
use onhand::id::{ConflictId, OrderId, Sku, TransferId};
use onhand::order::Order;
use onhand::record::{ItemInfo, LocationInfo};
use onhand::transfer::Transfer;
use serde::de::DeserializeOwned;
use sqlx::QueryBuilder;
use sqlx::sqlite::{Sqlite, SqlitePool};

use super::load;
use super::{LEDGER, damaged, reading, signed};
use crate::store::{ConflictQuery, StoreError};

/// One item.
pub(super) async fn item(readers: &SqlitePool, sku: &Sku) -> Result<Option<ItemInfo>, StoreError> {
    let query =
        "SELECT sku, name, barcode, low_stock, kit FROM items WHERE ledger = ?1 AND sku = ?2";
    let row = sqlx::query(query).bind(LEDGER).bind(sku.as_str()).fetch_optional(readers).await;
    row.map_err(reading)?.as_ref().map(load::item).transpose()
}

/// The items of some SKUs.
pub(super) async fn items_of(
    readers: &SqlitePool,
    skus: &[Sku],
) -> Result<Vec<ItemInfo>, StoreError> {
    let query = "SELECT sku, name, barcode, low_stock, kit FROM items
        WHERE ledger = ?1 AND sku IN (SELECT value FROM json_each(?2)) ORDER BY sku";
    let wanted = serde_json::to_string(skus).map_err(damaged)?;
    let rows = sqlx::query(query).bind(LEDGER).bind(wanted).fetch_all(readers).await;
    rows.map_err(reading)?.iter().map(load::item).collect()
}

/// Items by SKU.
pub(super) async fn items(
    readers: &SqlitePool,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<ItemInfo>, StoreError> {
    let query = "SELECT sku, name, barcode, low_stock, kit FROM items
        WHERE ledger = ?1 AND sku > ?2 ORDER BY sku LIMIT ?3";
    let query = sqlx::query(query).bind(LEDGER).bind(after.unwrap_or_default()).bind(limit);
    let rows = query.fetch_all(readers).await.map_err(reading)?;
    rows.iter().map(load::item).collect()
}

/// All locations, best first.
pub(super) async fn locations(readers: &SqlitePool) -> Result<Vec<LocationInfo>, StoreError> {
    let query = "SELECT location, name, rank FROM locations
        WHERE ledger = ?1 ORDER BY rank IS NULL, rank, location";
    let rows = sqlx::query(query).bind(LEDGER).fetch_all(readers).await.map_err(reading)?;
    rows.iter().map(load::location).collect()
}

/// One order.
pub(super) async fn order(
    readers: &SqlitePool,
    order: &OrderId,
) -> Result<Option<Order>, StoreError> {
    let query = "SELECT doc FROM orders WHERE ledger = ?1 AND order_id = ?2";
    document(readers, query, order.as_str()).await
}

/// One transfer.
pub(super) async fn transfer(
    readers: &SqlitePool,
    transfer: &TransferId,
) -> Result<Option<Transfer>, StoreError> {
    let query = "SELECT doc FROM transfers WHERE ledger = ?1 AND transfer = ?2";
    document(readers, query, transfer.as_str()).await
}

/// A document (JSON) by its name.
async fn document<D: DeserializeOwned>(
    readers: &SqlitePool,
    query: &'static str,
    name: &str,
) -> Result<Option<D>, StoreError> {
    let query = sqlx::query_scalar(query).bind(LEDGER).bind(name);
    let doc: Option<String> = query.fetch_optional(readers).await.map_err(reading)?;
    doc.map(|doc| serde_json::from_str(&doc).map_err(damaged)).transpose()
}

/// Conflicts, newest first.
pub(super) async fn conflicts(
    readers: &SqlitePool,
    query: &ConflictQuery,
) -> Result<Vec<Conflict>, StoreError> {
    let mut sql: QueryBuilder<Sqlite> =
        QueryBuilder::new("SELECT doc FROM conflicts WHERE ledger = ");
    sql.push_bind(LEDGER);
    if let Some(status) = query.status {
        sql.push(" AND status = ").push_bind(status.as_str());
    }
    if let Some(kind) = query.kind {
        sql.push(" AND kind = ").push_bind(kind.as_str());
    }
    if let Some(sku) = &query.sku {
        push_about(&mut sql, sku);
    }
    if let Some((channel, listing)) = &query.listing {
        sql.push(" AND doc->>'channel' = ").push_bind(channel.as_str());
        sql.push(" AND doc->>'listing' = ").push_bind(listing.as_str());
    }
    if let Some(before) = query.before {
        sql.push(" AND number < ").push_bind(signed(before));
    }
    sql.push(" ORDER BY number DESC LIMIT ").push_bind(query.limit);
    let docs: Vec<String> = sql.build_query_scalar().fetch_all(readers).await.map_err(reading)?;
    docs.iter().map(|doc| serde_json::from_str(doc).map_err(damaged)).collect()
}

/// Those about an item; one that is about no single item is about those that its events name or have
/// moved.
fn push_about(sql: &mut QueryBuilder<Sqlite>, sku: &str) {
    sql.push(" AND (sku = ").push_bind(sku.to_owned());
    sql.push(" OR sku IS NULL AND EXISTS (SELECT 1 FROM json_each(doc, '$.events') AS event");
    sql.push(" WHERE EXISTS (SELECT 1 FROM journal AS j,");
    sql.push(" json_tree(CAST(j.record AS TEXT), '$.envelope.data') AS said WHERE j.ledger = ");
    sql.push_bind(LEDGER).push(" AND j.seq = event.value->>'seq'");
    // Whatever an event calls `sku` is one.
    sql.push(" AND said.key = 'sku' AND said.atom = ").push_bind(sku.to_owned());
    sql.push(") OR EXISTS (SELECT 1 FROM trails AS t WHERE t.ledger = ").push_bind(LEDGER);
    sql.push(" AND t.seq = event.value->>'seq' AND t.sku = ").push_bind(sku.to_owned());
    sql.push(")");
    sql.push("))");
}

/// One conflict.
pub(super) async fn conflict(
    readers: &SqlitePool,
    id: ConflictId,
) -> Result<Option<Conflict>, StoreError> {
    let query = "SELECT doc FROM conflicts WHERE ledger = ?1 AND number = ?2";
    let doc: Option<String> = sqlx::query_scalar(query)
        .bind(LEDGER)
        .bind(signed(id.number()))
        .fetch_optional(readers)
        .await
        .map_err(reading)?;
    doc.map(|doc| serde_json::from_str(&doc).map_err(damaged)).transpose()
}
