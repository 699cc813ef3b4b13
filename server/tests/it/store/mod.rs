//! The contract of the store, run against every implementation: what was committed is there after
//! opening again, what a batch needs is found, half a batch never exists, and every question has
//! the same answer everywhere. The contract of the queue stands beside it.

mod absorbed_states;
mod agree;
mod commit;
mod fetch;
mod naming;
mod processor;
mod queue;
mod reading;
mod sides;
mod summaries;

use std::sync::Arc;

use async_trait::async_trait;
use onhand::conflict::{Choice, Conflict, ResolutionOption};
use onhand::event::json::Json;
use onhand::event::{Event, parse};
use onhand::ledger::{Batch, Input, Ledger, Processed, Step};
use onhand::record::Record;
use onhand::state::{Settings, State};
use onhand::time::{Now, SECOND_US, Timestamp, Uptime};
use onhand_server::store::memory::MemoryStore;
use onhand_server::store::rows::Rows;
use onhand_server::store::sqlite::SqliteStore;
use onhand_server::store::{Store, StoreError};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Runs tests against every store. Each takes a place where a ledger is kept.
macro_rules! for_every_store {
    ($($test:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test(&crate::store::InMemory::default()).await;
            })+
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(&crate::store::InFile::new()).await;
            })+
        }
    };
}
pub(crate) use for_every_store;

/// A place where one ledger is kept: opened again, everything durable is still there.
#[async_trait(?Send)]
pub trait Place: Sync {
    async fn open(&self) -> Arc<dyn Store>;
}

/// A ledger in memory.
#[derive(Default)]
pub struct InMemory(Arc<MemoryStore>);

#[async_trait(?Send)]
impl Place for InMemory {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::<MemoryStore>::clone(&self.0)
    }
}

/// A ledger in an SQLite file.
pub struct InFile(TempDir);

impl InFile {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

#[async_trait(?Send)]
impl Place for InFile {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.0.path().join("ledger.db")).await.unwrap())
    }
}

/// Second 0 of all scenarios.
pub fn start() -> Timestamp {
    Timestamp::parse("2026-11-23T10:00:00Z").unwrap()
}

/// A ledger over a store, driven as the processor drives it.
pub struct Book {
    pub ledger: Ledger,
    pub store: Arc<dyn Store>,
    /// The server's wall clock.
    pub wall: Timestamp,
    /// How long the ledger has been served.
    pub uptime: Uptime,
}

impl Book {
    pub async fn open(place: &dyn Place) -> Self {
        let store = place.open().await;
        let state = store.load(Settings::default()).await.unwrap();
        let uptime = state.head().uptime;
        Self { ledger: Ledger::new(state), store, wall: start(), uptime }
    }

    /// What is durable.
    pub async fn stored(&self) -> State {
        self.store.load(Settings::default()).await.unwrap()
    }

    /// Decides one batch and does not commit it.
    pub async fn decide(&mut self, inputs: &[Input]) -> (Vec<Processed>, Batch) {
        let inputs: Vec<(&Input, &str)> = inputs.iter().map(|it| (it, "token:test")).collect();
        let mut processed = Vec::new();
        let now = Now { wall: self.wall, uptime: self.uptime };
        while let Step::Load(wants) = self.ledger.advance(&inputs, &mut processed, now) {
            let loaded = self.store.fetch(&wants).await.unwrap();
            self.ledger.load(&wants, loaded);
        }
        (processed, self.ledger.finish())
    }

    /// Writes a batch that was decided.
    pub async fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let written = self.store.commit(&Rows::of(batch, &self.ledger)).await;
        match written {
            Ok(()) => self.ledger.keep(),
            Err(_) => self.ledger.undo(),
        }
        written
    }

    /// Decides and commits one batch; gives its records.
    pub async fn tell(&mut self, events: impl IntoIterator<Item = Value>) -> Vec<Record> {
        let inputs: Vec<Input> = events.into_iter().map(|it| Input::Event(event_of(&it))).collect();
        self.commit(&inputs).await
    }

    /// The same for inputs of any kind.
    pub async fn commit(&mut self, inputs: &[Input]) -> Vec<Record> {
        let (_, batch) = self.decide(inputs).await;
        self.write(&batch).await.unwrap();
        batch.entries.into_iter().map(|entry| entry.record).collect()
    }

    /// A person's decision on the only open conflict of a kind.
    pub async fn resolve(&mut self, kind: &str, option: ResolutionOption) -> Vec<Record> {
        let choice = choice(&self.open_conflict(kind), option);
        self.commit(&[Input::Resolve(choice)]).await
    }

    /// The only open conflict of a kind.
    pub fn open_conflict(&self, kind: &str) -> Conflict {
        let mut open = self.ledger.state().open_conflicts().filter(|it| it.kind.as_str() == kind);
        let conflict = open.next().expect("such a conflict is open").clone();
        assert_eq!(open.next(), None, "no other is open");
        conflict
    }
}

/// An option on a conflict as it is.
pub fn choice(conflict: &Conflict, option: ResolutionOption) -> Choice {
    let takes = |need: &&str| conflict.needs(option).contains(need);
    Choice {
        conflict: conflict.id,
        option,
        expected_version: conflict.version,
        note: None,
        sku: Some("sku").filter(takes).map(|_| "S".parse().unwrap()),
        location: Some("location").filter(takes).map(|_| "L".parse().unwrap()),
        lines: Vec::new(),
    }
}

pub fn event_of(value: &Value) -> Event {
    let json: Json = serde_json::from_value(value.clone()).unwrap();
    parse(&json).unwrap()
}

/// An event at a second.
#[expect(clippy::needless_pass_by_value, reason = "tests read better without references")]
pub fn event_at(seconds: i64, id: &str, event_type: &str, data: Value) -> Value {
    let time = start().plus_micros((seconds - 3_600) * SECOND_US);
    json!({"specversion": "1.0", "source": "wms-1", "id": id, "type": event_type,
        "time": time.to_string(), "data": data})
}

/// An event an hour before the server takes it.
pub fn event(id: &str, event_type: &str, data: Value) -> Value {
    event_at(0, id, event_type, data)
}

pub fn item(sku: &str) -> Value {
    event(&format!("item-{sku}"), "item.upserted", json!({"sku": sku}))
}

pub fn location(name: &str, rank: i64) -> Value {
    let data = json!({"location": name, "rank": rank});
    event(&format!("location-{name}"), "location.upserted", data)
}

pub fn received(id: &str, sku: &str, location: &str, quantity: i64) -> Value {
    let data = json!({"sku": sku, "location": location, "quantity": quantity});
    event(id, "stock.received", data)
}

pub fn counted_at(seconds: i64, id: &str, sku: &str, location: &str, counted: i64) -> Value {
    let data = json!({"sku": sku, "location": location, "counted": counted});
    event_at(seconds, id, "stock.counted", data)
}

pub fn placed(order: &str, sku: &str, quantity: i64) -> Value {
    let lines = json!([{"line": "1", "sku": sku, "quantity": quantity}]);
    event(&format!("placed-{order}"), "order.placed", json!({"order": order, "lines": lines}))
}

pub fn fulfilled(order: &str, fulfillment: &str, quantity: i64) -> Value {
    let lines = json!([{"line": "1", "quantity": quantity}]);
    let data = json!({"order": order, "fulfillment": fulfillment, "lines": lines});
    event(&format!("{order}-{fulfillment}"), "order.fulfilled", data)
}

/// Item `S`, locations `L` and `M`, and 10 units of `S` at `L`.
pub fn catalogue() -> Vec<Value> {
    vec![item("S"), location("L", 1), location("M", 2), received("r", "S", "L", 10)]
}
