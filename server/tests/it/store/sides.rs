//! On which side of a count movements lie, as a person has said: both stores keep it, and a ledger
//! from before it was kept is given it.

use onhand::conflict::ResolutionOption as O;
use onhand::history::{Moment, level_at};
use onhand::record::Bucket;
use onhand::state::Overlap;
use onhand::time::SECOND_US;
use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::{Book, InFile, Place, catalogue, counted_at, event_at, start};

super::for_every_store!(what_lies_on_which_side_of_a_count_is_kept);

fn sold(seconds: i64, id: &str, quantity: i64) -> Value {
    let data = json!({"sku": "S", "location": "L", "delta": -quantity, "reason": "sold"});
    let mut sold = event_at(seconds, id, "stock.adjusted", data);
    sold["source"] = "shop".into();
    sold
}

fn reversed(id: &str, source: &str, of: &str) -> Value {
    event_at(1_000, id, "event.reversed", json!({"source": source, "id": of, "reason": "test"}))
}

/// A sale near a count came after it, as a person says, and another one before it. Under a newer
/// count the first is taken back, and what was said of the second.
async fn tell(place: &dyn Place) -> Book {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    book.tell([sold(95, "sale", 3)]).await;
    book.tell([counted_at(100, "count", "S", "L", 7)]).await;
    book.resolve("count_overlap", O::KeepDifference).await;
    book.tell([sold(106, "late", 1)]).await;
    let said = book.resolve("count_overlap", O::KeepCounted).await.remove(0);
    book.tell([counted_at(900, "newer", "S", "L", 5)]).await;
    assert_eq!(truly(&book).await, [7, 4, 4, 5]);
    book.tell([reversed("back", "shop", "sale")]).await;
    book.tell([reversed("unsaid", "onhand", said.envelope.id.as_str())]).await;
    book
}

/// What was there between the first sale and the newer count, and then.
async fn truly(book: &Book) -> [i64; 4] {
    let level = ("S".parse().unwrap(), "L".parse().unwrap());
    let steps = book.store.steps(&[level], None).await.unwrap().remove(0);
    [95, 100, 106, 900].map(|second: i64| {
        let at = start().plus_micros((second - 3_600) * SECOND_US);
        level_at(&steps, Moment::Occurred(at)).get(Bucket::OnHand)
    })
}

async fn what_lies_on_which_side_of_a_count_is_kept(place: &dyn Place) {
    let book = tell(place).await;
    assert_eq!(truly(&book).await, [10, 7, 6, 5]);
    let level = ("S".parse().unwrap(), "L".parse().unwrap());
    let steps = book.store.steps(&[level], None).await.unwrap().remove(0);
    let mut about: Vec<_> =
        steps.iter().filter_map(|step| step.of.map(|of| (step.seq(), of))).collect();
    about.sort_unstable();
    assert_eq!(about, [(9, 8), (11, 5), (12, 9)]);
    let around: Vec<_> = steps.iter().filter_map(|step| step.around).collect();
    assert_eq!(around.len(), 1);
    assert_eq!((around[0].overlap, around[0].window_us), (Overlap::Difference, 10 * SECOND_US));
}

/// Makes a ledger one of the time when neither the tables knew of sides, nor the records of what they
/// are about, and what ends a person's word was taken for such a word.
const BEFORE_SIDES: &str = "
CREATE TABLE earlier AS SELECT * FROM trails;
DROP TABLE trails;
ALTER TABLE earlier RENAME TO trails;
ALTER TABLE trails DROP COLUMN of_seq;
ALTER TABLE trails DROP COLUMN overlap;
ALTER TABLE trails DROP COLUMN window_us;
CREATE TABLE earlier AS SELECT * FROM mentions;
DROP TABLE mentions;
ALTER TABLE earlier RENAME TO mentions;
ALTER TABLE mentions DROP COLUMN of_seq;
UPDATE trails SET is_verdict = 1 WHERE seq IN (SELECT seq FROM journal
    WHERE type = 'event.reversed' AND CAST(record AS TEXT)->>'$.envelope.data.source' = 'onhand');
UPDATE mentions SET is_verdict = 1 WHERE seq IN (SELECT seq FROM journal
    WHERE type = 'event.reversed' AND CAST(record AS TEXT)->>'$.envelope.data.source' = 'onhand');
DELETE FROM _sqlx_migrations WHERE version IN (14, 19, 20);
UPDATE journal SET record = CAST(json_remove(CAST(record AS TEXT), '$.fact.of',
    '$.changes[0].fact.of', '$.changes[1].fact.of', '$.changes[0].window_us',
    '$.changes[1].window_us', '$.changes[2].window_us') AS BLOB);
";

/// What the tables say, as text.
const SIDES: &str = "
SELECT 't' || json_array(seq, sku, location, occurred_at, of_seq, recorded_at, previous, source,
    on_hand, committed, reserved, damaged, quality_control, safety_stock, incoming, absorbed,
    absorbed_damaged, absorbed_quality_control, countered, counted, overlap, window_us, uncounted,
    is_verdict)
FROM trails
UNION ALL
SELECT 'm' || json_array(sku, location, occurred_at, seq, of_seq, source, absorbed,
    absorbed_damaged, absorbed_quality_control, countered, is_verdict)
FROM mentions
ORDER BY 1";

async fn sides(connection: &mut SqliteConnection) -> Vec<String> {
    sqlx::query_scalar(SIDES).fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn a_ledger_from_before_it_was_kept_is_given_it() {
    let file = InFile::new();
    drop(tell(&file).await);
    let options = SqliteConnectOptions::new().filename(file.0.path().join("ledger.db"));
    let mut connection = options.connect().await.unwrap();
    let before = sides(&mut connection).await;
    sqlx::raw_sql(BEFORE_SIDES).execute(&mut connection).await.unwrap();
    let noted = "SELECT count(*) FROM journal WHERE CAST(record AS TEXT) LIKE '%\"of\":%'
        OR CAST(record AS TEXT) LIKE '%window_us%'";
    let noted: i64 = sqlx::query_scalar(noted).fetch_one(&mut connection).await.unwrap();
    assert_eq!(noted, 0);
    drop(file.open().await);
    assert_eq!(sides(&mut connection).await, before);
}
