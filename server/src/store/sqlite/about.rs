//! Which rows of the journal are about an item.

use sqlx::QueryBuilder;
use sqlx::sqlite::Sqlite;

use super::journal::{push_end, push_range, push_wanted};
use super::{LEDGER, signed};
use crate::store::JournalQuery;

/// An item that has changed more often than this is looked for in the order of the journal first:
/// going back along its trails for every page, one would go the same way again and again.
const WALKED_MAX: i64 = 4_096;

/// Records looked at so. They cost about as much as trails of [`WALKED_MAX`] records.
const LOOKED_AT_MAX: i64 = 65_536;

/// The places of a page of rows about an item: what touched one of its levels, what is about one and
/// left it as it was, and what only names the item.
pub(super) fn push_page(sql: &mut QueryBuilder<Sqlite>, sku: &str, query: &JournalQuery) {
    sql.push("WITH RECURSIVE near (seq) AS MATERIALIZED (");
    push_near(sql, sku, query);
    sql.push("), walk (location, seq) AS (");
    push_walk(sql, sku, query);
    sql.push("), about (seq) AS (SELECT seq FROM near UNION SELECT seq FROM walk");
    sql.push(" UNION SELECT seq FROM mentions");
    push_of(sql, sku);
    sql.push(" UNION SELECT seq FROM (SELECT seq FROM named");
    push_of(sql, sku);
    push_range(sql, "seq", query);
    if names_item_only(query) {
        push_end(sql, "seq", query);
    }
    sql.push(")) SELECT a.seq FROM about AS a");
    if !names_item_only(query) {
        sql.push(" CROSS JOIN journal AS j ON j.ledger = ").push_bind(LEDGER);
        sql.push(" AND j.seq = a.seq");
    }
    sql.push(" WHERE TRUE");
    push_range(sql, "a.seq", query);
    push_wanted(sql, query);
    push_end(sql, "a.seq", query);
}

/// The records of the oldest page that touched the item, if the next ones of the journal hold as
/// many of them as there is room for.
fn push_near(sql: &mut QueryBuilder<Sqlite>, sku: &str, query: &JournalQuery) {
    if query.newest_first || !names_item_only(query) {
        sql.push("SELECT NULL WHERE FALSE");
        return;
    }
    let after = signed(query.after.unwrap_or_default());
    sql.push("SELECT DISTINCT seq FROM trails");
    push_of(sql, sku);
    sql.push(" AND seq > ").push_bind(after).push(" AND seq <= ").push_bind(after);
    // The place up to which to look is known before the first look, so that a full page ends it.
    sql.push(" + ").push_bind(LOOKED_AT_MAX).push(" * (SELECT sum(version) > ");
    sql.push_bind(WALKED_MAX).push(" FROM levels");
    push_of(sql, sku);
    sql.push(")");
    push_end(sql, "seq", query);
}

/// Back along the trails of the item's levels, newest first, unless the page is full of what is
/// near.
fn push_walk(sql: &mut QueryBuilder<Sqlite>, sku: &str, query: &JournalQuery) {
    sql.push("SELECT location, seq FROM levels");
    push_of(sql, sku);
    sql.push(" AND (SELECT count(*) FROM near) < ").push_bind(query.limit);
    sql.push(" UNION ALL SELECT w.location, t.previous FROM walk AS w CROSS JOIN trails AS t");
    sql.push(" WHERE t.ledger = ").push_bind(LEDGER);
    sql.push(" AND t.seq = w.seq AND t.sku = ").push_bind(sku.to_owned());
    sql.push(" AND t.location = w.location AND t.previous > ");
    sql.push_bind(signed(query.after.unwrap_or_default()));
    sql.push(" ORDER BY 2 DESC");
    if query.newest_first && query.before.is_none() && names_item_only(query) {
        // No further than the page goes; a record may have changed each of the levels.
        sql.push(" LIMIT ").push_bind(query.limit).push(" * (SELECT count(*) FROM levels");
        push_of(sql, sku);
        sql.push(")");
    }
}

/// The rows of an item in a table.
fn push_of(sql: &mut QueryBuilder<Sqlite>, sku: &str) {
    sql.push(" WHERE ledger = ").push_bind(LEDGER).push(" AND sku = ").push_bind(sku.to_owned());
}

/// Whether all records about the item are wanted, as far as the page goes.
const fn names_item_only(query: &JournalQuery) -> bool {
    query.event_type.is_none()
        && query.source.is_none()
        && query.order.is_none()
        && query.outcome.is_none()
}
