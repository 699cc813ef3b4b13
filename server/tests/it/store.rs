//! The contract of the store, run against every implementation: what was committed is there after
//! opening again, what a batch needs is found, and half a batch never exists.

use std::path::Path;
use std::sync::Arc;

use onhand::event::json::Json;
use onhand::event::{Event, parse};
use onhand::id::{OrderId, Sku};
use onhand::ledger::Input;
use onhand::record::Outcome;
use onhand::state::{Settings, State};
use onhand::time::Timestamp;
use onhand::wire::EventResult;
use onhand::wire::stock::StockQuery;
use onhand_server::clock::ManualClock;
use onhand_server::processor::{Answer, Handle, MemoryQueue, Processor, Queue, Stopped};
use onhand_server::store::sqlite::SqliteStore;
use onhand_server::store::{ConflictQuery, JournalQuery, Store};
use tokio::task::JoinHandle;

const START: &str = "2026-11-23T10:00:00Z";

struct Running {
    handle: Handle,
    task: JoinHandle<Result<(), Stopped>>,
}

impl Running {
    async fn start(path: &Path) -> (Self, Arc<dyn Store>) {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(path).await.unwrap());
        let state = store.load(Settings::default()).await.unwrap();
        (Self::with(state, Arc::clone(&store)), store)
    }

    fn with(state: State, store: Arc<dyn Store>) -> Self {
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(4_096));
        let clock = Arc::new(ManualClock::at(Timestamp::parse(START).unwrap()));
        let (processor, handle) = Processor::new(state, store, queue, clock, 1_024);
        Self { handle, task: tokio::spawn(processor.run()) }
    }

    async fn send(&self, events: &[serde_json::Value]) -> Vec<EventResult> {
        let inputs = events.iter().map(|event| Input::Event(event_of(event))).collect();
        let answers = self.handle.submit(inputs, Arc::from("token:test")).await.unwrap();
        answers
            .into_iter()
            .map(|answer| match answer {
                Answer::Event(result) => result,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    async fn stop(self) {
        self.handle.close();
        self.task.await.unwrap().unwrap();
    }
}

fn event_of(value: &serde_json::Value) -> Event {
    let json: Json = serde_json::from_value(value.clone()).unwrap();
    parse(&json).unwrap()
}

#[expect(clippy::needless_pass_by_value, reason = "tests read better without references")]
fn event(id: &str, event_type: &str, data: serde_json::Value) -> serde_json::Value {
    serde_json::json!({
        "specversion": "1.0", "source": "wms-1", "id": id, "type": event_type,
        "time": "2026-11-23T09:00:00Z", "data": data,
    })
}

fn catalogue() -> Vec<serde_json::Value> {
    vec![
        event("i", "item.upserted", serde_json::json!({"sku": "S", "name": "Shirt"})),
        event("l", "location.upserted", serde_json::json!({"location": "L", "rank": 1})),
        event(
            "r",
            "stock.received",
            serde_json::json!({"sku": "S", "location": "L", "quantity": 10}),
        ),
    ]
}

#[tokio::test]
async fn what_was_answered_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (running, store) = Running::start(&path).await;
    let results = running.send(&catalogue()).await;
    assert!(results.iter().all(|result| result.outcome == Outcome::Applied), "{results:?}");
    let order = serde_json::json!({"order": "o", "lines": [
        {"line": "1", "sku": "S", "quantity": 12}]});
    let results = running.send(&[event("o", "order.placed", order)]).await;
    assert_eq!(results[0].seq, Some(4));
    running.stop().await;
    let before = store.load(Settings::default()).await.unwrap();
    drop(store);

    let (running, store) = Running::start(&path).await;
    let after = store.load(Settings::default()).await.unwrap();
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    assert_eq!(after.head().seq, 4);
    let page = store.stock(&StockQuery::default()).await.unwrap();
    assert_eq!((page.levels[0].on_hand, page.levels[0].available), (10, -2));
    let conflicts = store.conflicts(&ConflictQuery { limit: 10, ..Default::default() }).await;
    assert_eq!(conflicts.unwrap().len(), 1, "the oversold level is flagged");
    let again = running.send(&catalogue()).await;
    assert!(again.iter().all(|result| result.outcome == Outcome::Duplicate), "{again:?}");
    assert_eq!(again[2].seq, Some(3));
    let order = store.order(&OrderId::new("o").unwrap()).await.unwrap().unwrap();
    assert_eq!(order.lines[0].committed(), 12);
    running.stop().await;
}

#[tokio::test]
async fn what_waits_goes_on_when_its_name_arrives_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let (running, _) = Running::start(&path).await;
    let receipt = catalogue().pop().unwrap();
    let results = running.send(&[receipt]).await;
    assert_eq!(results[0].outcome, Outcome::Conflict);
    running.stop().await;

    let (running, store) = Running::start(&path).await;
    running.send(&catalogue()[..2]).await;
    let levels = store.levels_of(&[Sku::new("S").unwrap()]).await.unwrap();
    assert_eq!(levels.len(), 1, "the receipt took effect");
    assert_eq!(levels[0].on_hand, 10);
    let rows = store.journal(&JournalQuery { limit: 10, ..Default::default() }).await.unwrap();
    assert_eq!(rows[0].final_outcome, Some(Outcome::Applied));
    let state = store.load(Settings::default()).await.unwrap();
    assert_eq!(state.waiting().all().count(), 0);
    assert_eq!(state.open_conflicts().count(), 0);
    running.stop().await;
}

#[tokio::test]
async fn a_count_finds_the_movements_of_earlier_batches() {
    let folder = tempfile::tempdir().unwrap();
    let (running, store) = Running::start(&folder.path().join("ledger.db")).await;
    running.send(&catalogue()).await;
    let mut count =
        event("c", "stock.counted", serde_json::json!({"sku": "S", "location": "L", "counted": 3}));
    count["time"] = "2026-11-23T08:00:00Z".into();
    let results = running.send(&[count]).await;
    assert_eq!(results[0].outcome, Outcome::Applied, "{results:?}");
    let levels = store.levels_of(&[Sku::new("S").unwrap()]).await.unwrap();
    assert_eq!(levels[0].on_hand, 13, "3 counted, and 10 received an hour later");
    running.stop().await;
}
