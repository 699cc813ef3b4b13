//! The stores side by side: told the same histories, they give the same answers, however each keeps
//! what happened to a level.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use onhand::history::Step;
use onhand::id::{LocationId, Sku};
use onhand::journal;
use onhand::ledger::Input;
use onhand::record::Record;
use onhand::sim::generate;
use onhand::state::{Movement, Wants};
use onhand::time::{SECOND_US, Timestamp};
use onhand_server::store::{JournalQuery, Store};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use super::{Book, InFile, InMemory, Place, start};
use crate::disk::batches;

/// Histories told: each has tens of events, and decisions on what they left open.
pub(super) const SEEDS: std::ops::RangeInclusive<u64> = 1..=30;

/// Conflicts that a person decides on at the end of a history, at most.
const DECISIONS: usize = 20;

type Level = (Sku, LocationId);

#[tokio::test]
async fn all_stores_tell_the_same_of_the_same_history() {
    let (mut steps, mut shared) = (0, 0);
    for seed in SEEDS {
        let (memory, file) = (InMemory::default(), InFile::new());
        let places: [&dyn Place; 2] = [&memory, &file];
        let mut told = Vec::new();
        for place in places {
            told.push(tell(seed, place).await);
        }
        let [one, other] = &told[..] else { unreachable!("there are two") };
        assert_eq!(one.levels, other.levels, "seed {seed}");
        for level in &one.levels {
            steps += same_of_level(&one.store, &other.store, level, seed).await;
        }
        for sku in named(&one.store).await {
            same_of_item(&one.store, &other.store, &sku, seed).await;
        }
        for order in orders(&one.store).await {
            let query = JournalQuery { order: Some(order), limit: 1_000, ..Default::default() };
            let seqs = seqs(&one.store, &query).await;
            assert_eq!(seqs, self::seqs(&other.store, &query).await, "seed {seed}, {query:?}");
            shared += usize::from(seqs.len() > 1);
        }
    }
    assert!(shared > 20, "orders have several events: {shared}");
    assert!(steps > 500, "something happened: {steps}");
}

/// Makes a ledger one of the time when all steps of a level lay together, one of a record and moment,
/// and nothing else that is about an item was found.
const BEFORE_TRAILS: &str = "
CREATE TABLE steps (ledger INTEGER, sku TEXT, location TEXT, occurred_at INTEGER, seq INTEGER,
    source TEXT, on_hand INTEGER, committed INTEGER, reserved INTEGER, damaged INTEGER,
    quality_control INTEGER, safety_stock INTEGER, incoming INTEGER, absorbed INTEGER,
    counted INTEGER, is_verdict INTEGER, uncounted INTEGER,
    PRIMARY KEY (ledger, sku, location, occurred_at, seq)) STRICT, WITHOUT ROWID;
INSERT INTO steps
SELECT ledger, sku, location, occurred_at, seq, max(source), sum(on_hand), sum(committed),
    sum(reserved), sum(damaged), sum(quality_control), sum(safety_stock), sum(incoming),
    sum(absorbed + countered), max(counted), max(is_verdict), max(uncounted)
FROM (
    SELECT ledger, sku, location, occurred_at, seq, source, on_hand, committed, reserved, damaged,
        quality_control, safety_stock, incoming, absorbed, countered, counted, is_verdict, uncounted
    FROM trails
    UNION ALL
    SELECT ledger, sku, location, occurred_at, seq, source, 0, 0, 0, 0, 0, 0, 0, absorbed,
        countered, NULL, is_verdict, NULL
    FROM mentions
)
GROUP BY ledger, sku, location, occurred_at, seq;
DROP TABLE trails;
DROP TABLE mentions;
DROP TABLE named;
DROP TABLE further_orders;
ALTER TABLE head DROP COLUMN ahead;
DELETE FROM _sqlx_migrations WHERE version IN (7, 9, 11, 12, 14, 16, 18, 19, 20);";

/// Everything in the tables that the trails brought, and what is about an item without one, as text:
/// one row of a record and moment, whatever records it is about.
const TRAILS: &str = "
SELECT 't' || json_array(seq, sku, location, occurred_at, max(recorded_at), max(previous),
    max(source), sum(on_hand), sum(committed), sum(reserved), sum(damaged), sum(quality_control),
    sum(safety_stock), sum(incoming), sum(absorbed), sum(absorbed_damaged),
    sum(absorbed_quality_control), sum(countered), max(counted), max(uncounted), max(is_verdict))
FROM (
    SELECT seq, sku, location, occurred_at, recorded_at, previous, source, on_hand, committed,
        reserved, damaged, quality_control, safety_stock, incoming, absorbed, absorbed_damaged,
        absorbed_quality_control, countered, counted, uncounted, is_verdict
    FROM trails
    UNION ALL
    SELECT seq, sku, location, occurred_at, NULL, NULL, source, 0, 0, 0, 0, 0, 0, 0, absorbed,
        absorbed_damaged, absorbed_quality_control, countered, NULL, NULL, is_verdict
    FROM mentions
)
GROUP BY seq, sku, location, occurred_at
UNION ALL
SELECT 'n' || json_array(sku, seq) FROM named
UNION ALL
SELECT 'o' || json_array(order_id, seq) FROM further_orders
UNION ALL
SELECT 'h' || json_array(seq, recorded_at, hex(chain), conflicts, uptime, ahead) FROM head
ORDER BY 1";

#[tokio::test]
async fn a_ledger_from_before_the_trails_is_given_them() {
    let (mut rows, mut named, mut orders) = (0, 0, 0);
    for seed in SEEDS {
        let file = InFile::new();
        drop(tell(seed, &file).await);
        let path = file.0.path().join("ledger.db");
        let options = SqliteConnectOptions::new().filename(path);
        let mut connection = options.connect().await.unwrap();
        let before: Vec<String> =
            sqlx::query_scalar(TRAILS).fetch_all(&mut connection).await.unwrap();
        sqlx::raw_sql(BEFORE_TRAILS).execute(&mut connection).await.unwrap();
        drop(file.open().await);
        let after: Vec<String> =
            sqlx::query_scalar(TRAILS).fetch_all(&mut connection).await.unwrap();
        assert_eq!(before, after, "seed {seed}");
        rows += after.len();
        named += after.iter().filter(|row| row.starts_with('n')).count();
        orders += after.iter().filter(|row| row.starts_with('o')).count();
    }
    assert!(rows > 500, "something happened: {rows}");
    assert!(named > 100, "not all of it at levels: {named}");
    assert!(orders > 10, "some of it about several orders: {orders}");
}

/// What a history has led to.
pub(super) struct Told {
    pub(super) store: Arc<dyn Store>,
    levels: Vec<Level>,
}

/// Tells a ledger the history of a seed, and decides what it left open.
pub(super) async fn tell(seed: u64, place: &dyn Place) -> Told {
    let mut book = Book::open(place).await;
    for (inputs, wall) in batches(&generate::history(seed)) {
        book.wall = wall;
        book.commit(&inputs).await;
    }
    for number in 0..DECISIONS {
        let Some(conflict) = book.ledger.state().open_conflicts().last().cloned() else { break };
        let options = conflict.kind.options();
        let option = options[number % options.len()];
        // One that needs what the history does not have is refused, and changes nothing.
        book.commit(&[Input::Resolve(super::choice(&conflict, option))]).await;
    }
    let state = book.ledger.state();
    let (catalogue, levels) = (state.catalogue(), state.levels());
    let levels = levels.map(|(sku, location, _)| {
        (catalogue.sku_name(sku).clone(), catalogue.location_name(location).clone())
    });
    Told { levels: levels.collect(), store: Arc::clone(&book.store) }
}

/// Compares what stores tell of a level; gives the number of its steps.
async fn same_of_level(
    one: &Arc<dyn Store>,
    other: &Arc<dyn Store>,
    level: &Level,
    seed: u64,
) -> usize {
    let steps = steps(one, level).await;
    assert_eq!(steps, self::steps(other, level).await, "seed {seed}, the steps of {level:?}");
    for most in [1, 3, 1_000] {
        let newest = newest(one, level, Some(most)).await;
        let same = self::newest(other, level, Some(most)).await;
        assert_eq!(newest, same, "seed {seed}, the newest {most} of {level:?}");
    }
    let mut moments: Vec<Timestamp> = steps.iter().map(|step| step.occurred_at).collect();
    moments.extend([start(), start().plus_micros(3_600 * SECOND_US)]);
    for moment in moments {
        let found = movements(one, level, moment).await;
        let same = movements(other, level, moment).await;
        assert_eq!(found, same, "seed {seed}, movements of {level:?} from {moment} on");
    }
    assert_eq!(holders(one, level).await, holders(other, level).await, "seed {seed}, {level:?}");
    steps.len()
}

async fn steps(store: &Arc<dyn Store>, level: &Level) -> Vec<Step> {
    newest(store, level, None).await
}

async fn newest(store: &Arc<dyn Store>, level: &Level, most: Option<u32>) -> Vec<Step> {
    store.steps(std::slice::from_ref(level), most).await.unwrap().remove(0)
}

async fn movements(store: &Arc<dyn Store>, level: &Level, from: Timestamp) -> Vec<Movement> {
    let movements = BTreeMap::from([(level.clone(), from)]);
    let wants = Wants { movements, ..Wants::default() };
    let mut found = store.fetch(&wants).await.unwrap().movements.remove(0).1;
    found.sort_by_key(|movement| (movement.time, movement.seq));
    found
}

async fn holders(store: &Arc<dyn Store>, level: &Level) -> Vec<String> {
    let wants = Wants { holders: BTreeSet::from([level.clone()]), ..Wants::default() };
    let orders = store.fetch(&wants).await.unwrap().orders;
    orders.iter().map(|order| order.order.to_string()).collect()
}

/// Every order that a record is about.
async fn orders(store: &Arc<dyn Store>) -> BTreeSet<String> {
    let all = JournalQuery { limit: u32::MAX, ..JournalQuery::default() };
    let rows = store.journal(&all).await.unwrap();
    let records = rows.iter().map(|row| journal::decode(&row.bytes).unwrap());
    let of = |record: Record| -> Vec<String> {
        let orders = record.order().into_iter().chain(record.further_orders());
        orders.map(ToString::to_string).collect()
    };
    records.flat_map(of).collect()
}

/// Every SKU that events name, whether there is such an item or not.
async fn named(store: &Arc<dyn Store>) -> BTreeSet<Sku> {
    let all = JournalQuery { limit: u32::MAX, ..JournalQuery::default() };
    let rows = store.journal(&all).await.unwrap();
    let records = rows.iter().map(|row| journal::decode(&row.bytes).unwrap());
    let skus =
        |record: Record| -> Vec<Sku> { record.envelope.data.skus().into_iter().cloned().collect() };
    records.flat_map(skus).collect()
}

/// Compares what stores tell of an item.
async fn same_of_item(one: &Arc<dyn Store>, other: &Arc<dyn Store>, sku: &Sku, seed: u64) {
    for limit in [1, 3, 1_000] {
        let (points, same) = (one.history(sku, limit).await, other.history(sku, limit).await);
        assert_eq!(points.unwrap(), same.unwrap(), "seed {seed}, {limit} points of {sku}");
        for newest_first in [true, false] {
            for (after, before) in [(None, None), (Some(12), None), (None, Some(30))] {
                let sku = Some(sku.to_string());
                let query =
                    JournalQuery { sku, newest_first, limit, after, before, ..Default::default() };
                let seqs = seqs(one, &query).await;
                assert_eq!(seqs, self::seqs(other, &query).await, "seed {seed}, {query:?}");
            }
        }
    }
}

async fn seqs(store: &Arc<dyn Store>, query: &JournalQuery) -> Vec<u64> {
    store.journal(query).await.unwrap().iter().map(|row| row.seq).collect()
}
