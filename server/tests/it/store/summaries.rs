//! What stores keep beside the levels: told the same histories, all find the same levels by any
//! question, and a file from before the summaries is given them.

use std::sync::Arc;

use onhand::wire::stock::StockQuery;
use onhand_server::store::Store;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::agree::{SEEDS, tell};
use super::{InFile, InMemory, Place};

/// Questions by what SKUs and names contain, of those that the histories have.
const TEXTS: [&str; 9] = ["t", "E", "te", "UG", "mug", "Cap", "a", "tea!", "nowhere"];

#[tokio::test]
async fn all_stores_find_the_same_levels() {
    let (mut found, mut low) = (0, 0);
    for seed in SEEDS {
        let (memory, file) = (InMemory::default(), InFile::new());
        let (one, other) = (tell(seed, &memory).await, tell(seed, &file).await);
        let (one, other) = (&one.store, &other.store);
        assert_eq!(one.totals().await.unwrap(), other.totals().await.unwrap(), "seed {seed}");
        for limit in [2, 1_000] {
            let scarce = one.scarce(limit).await.unwrap();
            assert_eq!(scarce, other.scarce(limit).await.unwrap(), "seed {seed}");
            low += scarce.len();
        }
        for query in questions(one).await {
            let levels = pages(one, &query).await;
            assert_eq!(levels, pages(other, &query).await, "seed {seed}, {query:?}");
            found += levels.len();
        }
    }
    assert!(found > 1_000 && low > 30, "something was found: {found}, {low} low");
}

/// Every text, location and mark, alone and together.
async fn questions(store: &Arc<dyn Store>) -> Vec<StockQuery> {
    let locations = store.locations().await.unwrap();
    let mut places: Vec<Option<String>> = vec![None, Some("nowhere".to_owned())];
    places.extend(locations.iter().map(|info| Some(info.location.to_string())));
    let mut questions = Vec::new();
    for q in std::iter::once(None).chain(TEXTS.map(Some)) {
        for location in &places {
            for low in [false, true] {
                let (q, location) = (q.map(str::to_owned), location.clone());
                questions.push(StockQuery { q, location, low, ..StockQuery::default() });
            }
        }
    }
    questions
}

/// All levels that a question finds, read in small pages.
async fn pages(store: &Arc<dyn Store>, query: &StockQuery) -> Vec<String> {
    let mut query = StockQuery { limit: Some(3), ..query.clone() };
    let mut found = Vec::new();
    loop {
        let page = store.stock(&query).await.unwrap();
        found.extend(page.levels.iter().map(|row| serde_json::to_string(row).unwrap()));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            return found;
        }
    }
}

/// Makes a ledger one of the time before the summaries.
const BEFORE: &str = "
DROP TABLE low; DROP TABLE places; DROP TABLE search; DROP INDEX items_by_number;
ALTER TABLE head DROP COLUMN levels;
ALTER TABLE head DROP COLUMN units_available;
DELETE FROM _sqlx_migrations WHERE version = 8;";

/// Everything in the summaries, as text.
const SUMMARIES: &str = "
SELECT 'l' || json_array(sku, location, available) FROM low
UNION ALL SELECT 'p' || json_array(location, sku) FROM places
UNION ALL SELECT 'h' || json_array(levels, units_available) FROM head
UNION ALL SELECT 's' || json_array(doc, term) FROM temp.words
ORDER BY 1";

async fn summaries(connection: &mut SqliteConnection) -> Vec<String> {
    let words = "DROP TABLE IF EXISTS temp.words;
        CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search, instance)";
    sqlx::raw_sql(words).execute(&mut *connection).await.unwrap();
    sqlx::query_scalar(SUMMARIES).fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn a_ledger_from_before_the_summaries_is_given_them() {
    let mut rows = 0;
    for seed in SEEDS {
        let file = InFile::new();
        drop(tell(seed, &file).await);
        let options = SqliteConnectOptions::new().filename(file.0.path().join("ledger.db"));
        let mut connection = options.connect().await.unwrap();
        let before = summaries(&mut connection).await;
        sqlx::raw_sql("DROP TABLE temp.words").execute(&mut connection).await.unwrap();
        sqlx::raw_sql(BEFORE).execute(&mut connection).await.unwrap();
        drop(file.open().await);
        assert_eq!(before, summaries(&mut connection).await, "seed {seed}");
        rows += before.len();
    }
    assert!(rows > 400, "something happened: {rows}");
}
