//! Levels whose items contain a text, in their order: found by the index, or by looking at one item
//! after another until a page is full, whichever is likely to be the shorter way.

use onhand::wire::stock::LevelRow;
use sqlx::QueryBuilder;
use sqlx::sqlite::{Sqlite, SqliteConnection};

use super::{COLUMNS, Wanted, rows};
use crate::store::StoreError;
use crate::store::sqlite::{LEDGER, damaged, reading, search};

/// The levels of one item after another.
const ITEMS: &str = " FROM items AS i
    CROSS JOIN levels AS l ON l.ledger = i.ledger AND l.sku = i.sku WHERE i.ledger = ";

/// When to look where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looks {
    /// What the index finds comes in no order, so its cost grows with the items found, `h`; that of
    /// looking at one of `n` items after another with how far apart they are, `n / h`. So the index
    /// is the shorter way while `h * h` is less than `n` times this: to look at an item is about
    /// four times as cheap as to find one, and a page has about a hundred rows.
    few: i64,
    /// Items that are looked at one after another at first, and twice as many each further time.
    first: i64,
    /// Once so many at a time were looked at in vain, what is sought stands far behind,
    last: i64,
    /// and the index finds it sooner, if it is in no more items than this.
    found: i64,
}

/// As measured on a million levels.
pub(super) const LOOKS: Looks = Looks { few: 25, first: 4_096, last: 16_384, found: 65_536 };

impl Wanted<'_> {
    /// Those whose items contain a text, of about `all` items.
    pub(super) async fn that_contain(
        &self,
        reader: &mut SqliteConnection,
        text: &str,
        all: i64,
        looks: Looks,
    ) -> Result<Vec<LevelRow>, StoreError> {
        let few = all.saturating_mul(looks.few).isqrt();
        if let Some(skus) = search::find(reader, text, few).await? {
            return self.among(reader, &skus).await;
        }
        if self.query.low {
            // Of all levels few are low, and they have a table of their own.
            return self.in_order(reader).await;
        }
        let mut levels = Vec::new();
        let mut from = self.after.as_ref().map(|(sku, _)| sku.clone()).unwrap_or_default();
        let mut many = looks.first;
        loop {
            let to = item_after(reader, &from, many).await?;
            levels.extend(self.between(reader, &from, to.as_deref(), levels.len()).await?);
            match to {
                Some(to) if levels.len() < self.limit as usize => from = to,
                _ => return Ok(levels),
            }
            if many == looks.last
                && let Some(skus) = search::find(reader, text, looks.found).await?
            {
                let rest = skus.partition_point(|sku| *sku < from);
                levels.extend(self.among(reader, &skus[rest..]).await?);
                levels.truncate(self.limit as usize);
                return Ok(levels);
            }
            many *= 2;
        }
    }

    /// Looks at one item after another, from one on to before another; `had` levels are there.
    async fn between(
        &self,
        reader: &mut SqliteConnection,
        from: &str,
        to: Option<&str>,
        had: usize,
    ) -> Result<Vec<LevelRow>, StoreError> {
        let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new(COLUMNS);
        sql.push(ITEMS).push_bind(LEDGER);
        sql.push(" AND i.sku >= ").push_bind(from);
        if let Some(to) = to {
            sql.push(" AND i.sku < ").push_bind(to);
        }
        self.narrow(&mut sql, "l");
        let left = i64::from(self.limit) - i64::try_from(had).map_err(damaged)?;
        sql.push(" ORDER BY i.sku, l.location LIMIT ").push_bind(left);
        rows(sql, reader).await
    }
}

/// The item that comes this many after another.
async fn item_after(
    reader: &mut SqliteConnection,
    sku: &str,
    many: i64,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar(
        "SELECT sku FROM items WHERE ledger = ?1 AND sku >= ?2 ORDER BY sku LIMIT 1 OFFSET ?3",
    )
    .bind(LEDGER)
    .bind(sku)
    .bind(many)
    .fetch_optional(reader)
    .await
    .map_err(reading)
}

#[cfg(test)]
mod tests {
    use onhand::wire::stock::StockQuery;
    use sqlx::Connection as _;

    use super::*;

    /// A hundred items, of which the last thirty are bags, at two locations.
    async fn ledger() -> SqliteConnection {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::migrate!("../migrations/sqlite/ledger").run(&mut connection).await.unwrap();
        let items: Vec<onhand::record::ItemInfo> = (0..100)
            .map(|number| onhand::record::ItemInfo {
                sku: format!("S{number:02}").parse().unwrap(),
                name: onhand::id::Text::new(if number < 70 { "box" } else { "red BAG" }).ok(),
                barcode: None,
                low_stock: None,
                kit: Vec::new(),
            })
            .collect();
        let numbered: Vec<_> = (0..).zip(&items).collect();
        search::write(&mut connection, &numbered).await.unwrap();
        for (number, item) in numbered {
            let (sku, name) = (item.sku.as_str(), item.name.as_ref().map(onhand::id::Text::as_str));
            sqlx::query(
                "INSERT INTO items (ledger, sku, number, name, kit) VALUES (1, ?, ?, ?, '[]')",
            )
            .bind(sku)
            .bind(number)
            .bind(name)
            .execute(&mut connection)
            .await
            .unwrap();
            for location in ["berlin", "leeds"] {
                sqlx::query(
                    "INSERT INTO levels (ledger, sku, location, on_hand, committed, reserved,
                         damaged, quality_control, safety_stock, incoming, version, seq,
                         updated_at, counted_relied_on, oversold)
                     VALUES (1, ?, ?, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0)",
                )
                .bind(sku)
                .bind(location)
                .execute(&mut connection)
                .await
                .unwrap();
            }
        }
        connection
    }

    async fn found(looks: Looks, text: &str, after: Option<&str>) -> Vec<String> {
        let mut reader = ledger().await;
        let query = StockQuery { q: Some(text.to_owned()), ..StockQuery::default() };
        let after = after.map(|sku| (sku.to_owned(), "berlin".to_owned()));
        let wanted = Wanted { query: &query, after, limit: 5 };
        let levels = wanted.that_contain(&mut reader, text, 100, looks).await.unwrap();
        levels.iter().map(|row| format!("{} {}", row.sku, row.location)).collect()
    }

    #[tokio::test]
    async fn every_way_finds_the_same() {
        let index = Looks { few: 100, ..LOOKS };
        let order = Looks { few: 0, first: 4, last: 1_000, found: 0 };
        let order_then_index = Looks { few: 0, first: 4, last: 8, found: 1_000 };
        let order_for_want_of_few = Looks { few: 0, first: 4, last: 8, found: 10 };
        for (text, after, first) in [
            ("bag", None, "S70 berlin"),
            ("Bag", Some("S98"), "S98 leeds"),
            ("s9", None, "S90 berlin"),
            ("box", Some("S03"), "S03 leeds"),
            ("box", Some("S69"), "S69 leeds"),
        ] {
            let expected = found(index, text, after).await;
            assert_eq!(expected.first().map(String::as_str), Some(first), "{text} after {after:?}");
            for looks in [order, order_then_index, order_for_want_of_few, LOOKS] {
                assert_eq!(found(looks, text, after).await, expected, "{text} {after:?} {looks:?}");
            }
        }
        assert_eq!(found(order_then_index, "absent", None).await, Vec::<String>::new());
    }
}
