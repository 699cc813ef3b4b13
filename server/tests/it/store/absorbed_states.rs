//! What a count has absorbed of the states of a level: both stores keep it, and a ledger from before
//! it was kept is given it.

use onhand::record::Bucket;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::{Book, InFile, Place, catalogue, counted_at, event_at};

super::for_every_store!(what_a_count_absorbed_of_states_is_kept);

fn reversed(id: &str, of: &str) -> Value {
    event_at(400, id, "event.reversed", json!({"source": "wms-1", "id": of, "reason": "test"}))
}

/// After a count, units come that it contains: broken ones, and of a transfer some that are broken
/// and some to be inspected. Both are taken back, and the first stand again.
fn story() -> Vec<Value> {
    let mut broken = event_at(
        50,
        "broken",
        "stock.adjusted",
        json!({"sku": "S", "location": "L", "delta": 3, "reason": "test", "state": "damaged"}),
    );
    broken["time"] = "2026-11-23T09:00:50.25Z".into();
    let lines = json!([{"sku": "S", "quantity": 7}]);
    let shipped = json!({"transfer": "t", "from": "M", "to": "L", "lines": lines});
    let lines = json!([
        {"sku": "S", "quantity": 2, "state": "quality_control"},
        {"sku": "S", "quantity": 1, "state": "damaged"},
        {"sku": "S", "quantity": 4},
    ]);
    let arrived = json!({"transfer": "t", "receipt": "r1", "lines": lines});
    vec![
        counted_at(300, "count", "S", "L", 8),
        broken,
        event_at(10, "shipped", "transfer.shipped", shipped),
        event_at(60, "arrived", "transfer.received", arrived),
        reversed("back", "broken"),
        reversed("again", "back"),
        reversed("returned", "arrived"),
    ]
}

async fn tell(place: &dyn Place) -> Book {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    for event in story() {
        book.tell([event]).await;
    }
    book
}

async fn what_a_count_absorbed_of_states_is_kept(place: &dyn Place) {
    let book = tell(place).await;
    let level = ("S".parse().unwrap(), "L".parse().unwrap());
    let mut steps = book.store.steps(&[level], None).await.unwrap().remove(0);
    steps.sort_by_key(onhand::history::Step::seq);
    let states = [Bucket::OnHand, Bucket::Damaged, Bucket::QualityControl];
    let absorbed = steps.iter().map(|step| states.map(|state| step.absorbed[state as usize]));
    let absorbed: Vec<[i64; 3]> = absorbed.filter(|numbers| *numbers != [0; 3]).collect();
    assert_eq!(absorbed, [[3, 3, 0], [7, 1, 2], [-3, -3, 0], [3, 3, 0], [-7, -1, -2]]);
    assert!(steps.iter().all(|step| step.absorbed[Bucket::SafetyStock as usize] == 0));
}

/// Makes a ledger one of the time when neither the tables knew of states that a count has absorbed,
/// nor the records that take such movements back.
const BEFORE_STATES: &str = r#"
ALTER TABLE trails DROP COLUMN absorbed_damaged;
ALTER TABLE trails DROP COLUMN absorbed_quality_control;
ALTER TABLE mentions DROP COLUMN absorbed_damaged;
ALTER TABLE mentions DROP COLUMN absorbed_quality_control;
DELETE FROM _sqlx_migrations WHERE version = 12;
UPDATE journal SET record = CAST(replace(replace(CAST(record AS TEXT),
    '"state":"damaged","fact":', '"fact":'), '"state":"quality_control","fact":', '"fact":') AS BLOB);
"#;

/// What the tables say of that, as text.
const ABSORBED: &str = "
SELECT 't' || json_array(seq, sku, location, occurred_at, absorbed, absorbed_damaged,
    absorbed_quality_control) FROM trails
UNION ALL
SELECT 'm' || json_array(seq, sku, location, occurred_at, absorbed, absorbed_damaged,
    absorbed_quality_control) FROM mentions
ORDER BY 1";

#[tokio::test]
async fn a_ledger_from_before_they_were_kept_is_given_them() {
    let file = InFile::new();
    drop(tell(&file).await);
    let options = SqliteConnectOptions::new().filename(file.0.path().join("ledger.db"));
    let mut connection = options.connect().await.unwrap();
    let before: Vec<String> =
        sqlx::query_scalar(ABSORBED).fetch_all(&mut connection).await.unwrap();
    let noted = "SELECT count(*) FROM journal WHERE CAST(record AS TEXT) LIKE
        '%\"change\":\"withdrawn\"%,\"state\":%'";
    let noted_before: i64 = sqlx::query_scalar(noted).fetch_one(&mut connection).await.unwrap();
    assert_eq!(noted_before, 3);
    sqlx::raw_sql(BEFORE_STATES).execute(&mut connection).await.unwrap();
    let noted_then: i64 = sqlx::query_scalar(noted).fetch_one(&mut connection).await.unwrap();
    assert_eq!(noted_then, 0);
    drop(file.open().await);
    let after: Vec<String> = sqlx::query_scalar(ABSORBED).fetch_all(&mut connection).await.unwrap();
    assert_eq!(before, after);
}
