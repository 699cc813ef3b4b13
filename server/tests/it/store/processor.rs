//! The processor over every store: what is answered is durable, and goes on after a restart.

use std::sync::Arc;

use onhand::conflict::ResolutionOption as O;
use onhand::id::Sku;
use onhand::ledger::{Input, RELEASES_MAX};
use onhand::record::Outcome;
use onhand::state::Settings;
use onhand::wire::EventResult;
use onhand::wire::stock::StockQuery;
use onhand_server::clock::ManualClock;
use onhand_server::processor::{Answer, Handle, MemoryQueue, Processor, Queue, Stopped};
use onhand_server::store::{ConflictQuery, JournalQuery, Store};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{
    Place, catalogue, choice, counted_at, event_of, for_every_store, fulfilled, item, location,
    placed, received, start,
};

for_every_store!(
    what_was_answered_is_there_after_opening_again,
    what_waits_goes_on_when_its_name_arrives_also_after_a_restart,
    a_count_finds_the_movements_of_earlier_batches,
    many_that_wait_go_on_before_the_next_event_of_the_request,
    a_release_in_progress_goes_on_at_the_start_before_anything_new,
    a_preview_changes_nothing_and_says_where_it_ends,
);

struct Running {
    handle: Handle,
    store: Arc<dyn Store>,
    task: JoinHandle<Result<(), Stopped>>,
}

impl Running {
    async fn start(place: &dyn Place) -> Self {
        let store = place.open().await;
        let state = store.load(Settings::default()).await.unwrap();
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(4_096));
        let clock = Arc::new(ManualClock::at(start()));
        let served = store.served().await.unwrap();
        let durable = Arc::clone(&store);
        let (processor, handle) = Processor::new(state, served, durable, queue, clock, 1_024);
        Self { handle, store, task: tokio::spawn(processor.run()) }
    }

    async fn send(&self, events: impl IntoIterator<Item = Value>) -> Vec<EventResult> {
        let inputs = events.into_iter().map(|event| Input::Event(event_of(&event))).collect();
        let answers = self.handle.submit(inputs, Arc::from("token:test")).await.unwrap();
        let results = answers.into_iter().map(|answer| match answer {
            Answer::Event(result) => result,
            other => panic!("{other:?}"),
        });
        results.collect()
    }

    async fn on_hand(&self, sku: &str) -> Vec<i64> {
        let levels = self.store.levels_of(&[sku.parse::<Sku>().unwrap()]).await.unwrap();
        levels.iter().map(|level| level.on_hand).collect()
    }

    async fn stop(self) {
        self.handle.close();
        self.task.await.unwrap().unwrap();
    }
}

async fn what_was_answered_is_there_after_opening_again(place: &dyn Place) {
    let running = Running::start(place).await;
    let results = running.send(catalogue()).await;
    assert!(results.iter().all(|result| result.outcome == Outcome::Applied), "{results:?}");
    let results = running.send([placed("o", "S", 12)]).await;
    assert_eq!(results[0].seq, Some(5));
    running.stop().await;

    let running = Running::start(place).await;
    let page = running.store.stock(&StockQuery::default()).await.unwrap();
    assert_eq!((page.levels[0].on_hand, page.levels[0].available), (10, -2));
    let query = ConflictQuery { limit: 10, ..ConflictQuery::default() };
    let conflicts = running.store.conflicts(&query).await.unwrap();
    assert_eq!(conflicts.len(), 1, "the oversold level is flagged");
    let again = running.send(catalogue()).await;
    assert!(again.iter().all(|result| result.outcome == Outcome::Duplicate), "{again:?}");
    assert_eq!(again[3].seq, Some(4));
    let order = running.store.order(&"o".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(order.lines[0].committed(), 12);
    running.stop().await;
}

async fn what_waits_goes_on_when_its_name_arrives_also_after_a_restart(place: &dyn Place) {
    let running = Running::start(place).await;
    let results = running.send([received("r", "S", "L", 10)]).await;
    assert_eq!(results[0].outcome, Outcome::Conflict);
    running.stop().await;

    let running = Running::start(place).await;
    running.send([item("S"), location("L", 1)]).await;
    assert_eq!(running.on_hand("S").await, [10], "the receipt took effect");
    let query = JournalQuery { limit: 10, ..JournalQuery::default() };
    let rows = running.store.journal(&query).await.unwrap();
    assert_eq!(rows[0].final_outcome, Some(Outcome::Applied));
    let state = running.store.load(Settings::default()).await.unwrap();
    assert_eq!(state.waiting().all().count(), 0);
    assert_eq!(state.open_conflicts().count(), 0);
    running.stop().await;
}

async fn a_count_finds_the_movements_of_earlier_batches(place: &dyn Place) {
    let running = Running::start(place).await;
    running.send(catalogue()).await;
    let results = running.send([counted_at(-60, "c", "S", "L", 3)]).await;
    assert_eq!(results[0].outcome, Outcome::Applied, "{results:?}");
    assert_eq!(running.on_hand("S").await, [13], "3 counted, and 10 received a minute later");
    running.stop().await;
}

/// More events that wait for item `S` than one transaction releases.
fn many() -> Vec<Value> {
    (0..RELEASES_MAX + 500).map(|n| received(&format!("w{n}"), "S", "L", 1)).collect()
}

async fn many_that_wait_go_on_before_the_next_event_of_the_request(place: &dyn Place) {
    let running = Running::start(place).await;
    running.send([location("L", 1)]).await;
    running.send(many()).await;
    let mut news = running.handle.listen();
    let count = many().len();
    let results = running.send([item("S"), counted_at(60, "c", "S", "L", 7), item("T")]).await;
    let first = results[0].seq.unwrap();
    let released = u64::try_from(count).unwrap();
    assert_eq!(results[1].seq, Some(first + released + 1));
    assert_eq!(results[2].seq, Some(first + released + 2));
    assert_eq!(running.on_hand("S").await, [7]);
    let mut at = first - 1;
    while at < first + released + 2 {
        let batch = news.recv().await.unwrap();
        assert_eq!(batch.from, at);
        assert!(batch.entries.len() <= RELEASES_MAX + 3);
        at = batch.to;
    }
    running.stop().await;
}

async fn a_release_in_progress_goes_on_at_the_start_before_anything_new(place: &dyn Place) {
    let mut book = super::Book::open(place).await;
    book.tell([location("L", 1)]).await;
    book.tell(many()).await;
    book.tell([item("S")]).await;
    assert!(book.ledger.state().waiting().next_due().is_some(), "the server ended here");
    let seq = book.ledger.state().head().seq;
    drop(book);

    let running = Running::start(place).await;
    let results = running.send([counted_at(60, "c", "S", "L", 7)]).await;
    assert_eq!(results[0].seq, Some(seq + 500 + 1));
    assert_eq!(running.on_hand("S").await, [7]);
    running.stop().await;
}

async fn a_preview_changes_nothing_and_says_where_it_ends(place: &dyn Place) {
    let running = Running::start(place).await;
    running.send([location("L", 1)]).await;
    running.send([fulfilled("o1", "f1", 2), placed("o1", "S", 5)]).await;
    let before = running.store.load(Settings::default()).await.unwrap();
    let conflict = before.open_conflicts().next().unwrap().clone();
    let create = choice(&conflict, O::Create);
    let answer = running.handle.preview(create.clone()).await.unwrap();
    let Answer::Preview { levels, availability, more } = answer else { panic!("{answer:?}") };
    assert_eq!((levels[0].on_hand, levels[0].committed, more), (-2, 3, false), "both went on");
    assert_eq!(availability[0].by_location[0].1, -5);
    assert_eq!(running.store.load(Settings::default()).await.unwrap(), before);
    assert_eq!(running.handle.seq(), before.head().seq);

    running.send(many()).await;
    let conflict = running.store.conflict(conflict.id).await.unwrap().unwrap();
    let create = choice(&conflict, O::Create);
    let answer = running.handle.preview(create).await.unwrap();
    assert!(matches!(answer, Answer::Preview { more: true, .. }), "{answer:?}");
    running.stop().await;
}
