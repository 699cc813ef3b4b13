//! What a batch writes: all of it or nothing, and the tables are then the state.

use onhand::conflict::ResolutionOption as O;
use onhand::digest::of_state;
use onhand::ledger::{Input, RELEASES_MAX};
use onhand::state::{Settings, State};
use onhand::time::Uptime;
use onhand_server::store::StoreError;
use onhand_server::verify::verify;
use serde_json::json;

use super::{
    Book, Place, catalogue, counted_at, event, event_of, for_every_store, fulfilled, item,
    location, placed, received,
};

for_every_store!(
    a_new_store_is_an_empty_ledger,
    served_time_is_kept_beside_the_state,
    what_was_committed_is_loaded_again_whatever_it_was,
    events_that_wait_are_loaded_as_they_waited,
    a_release_in_progress_is_loaded_as_it_stood,
    a_batch_that_was_not_committed_never_was,
    a_batch_that_does_not_follow_is_refused_as_a_whole,
    what_waits_and_goes_on_in_one_batch_leaves_nothing_waiting,
    the_last_of_several_outcomes_in_a_batch_stands,
);

async fn a_new_store_is_an_empty_ledger(place: &dyn Place) {
    let store = place.open().await;
    let state = store.load(Settings::default()).await.unwrap();
    assert_eq!(state, State::new(Settings::default()));
}

async fn served_time_is_kept_beside_the_state(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.served().await.unwrap(), Uptime::default());
    for uptime in [3, 7, 5] {
        store.note_served(Uptime::from_micros(uptime)).await.unwrap();
    }
    drop(store);
    let store = place.open().await;
    assert_eq!(store.served().await.unwrap(), Uptime::from_micros(7), "it never goes back");
    let state = store.load(Settings::default()).await.unwrap();
    assert_eq!(state, State::new(Settings::default()));
}

/// Opens the place again and compares what is loaded with what the ledger believes.
async fn same_after_opening_again(book: Book, place: &dyn Place) -> Book {
    let before = book.ledger.state().clone();
    drop(book);
    let book = Book::open(place).await;
    assert_eq!(*book.ledger.state(), before);
    let verified = verify(&*book.store, Settings::default(), |_, _, _| {}).await.unwrap();
    assert_eq!(verified.digest, of_state(&before));
    book
}

async fn what_was_committed_is_loaded_again_whatever_it_was(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    // Names by mapping, of an item and of a location.
    book.tell([received("alias", "ALIAS", "L", 1)]).await;
    book.resolve("unmapped", O::Map).await;
    book.tell([received("place", "S", "PLACE", 1)]).await;
    book.resolve("unmapped", O::Map).await;
    let mut book = same_after_opening_again(book, place).await;
    // Everything that is optional, and names that need care in any language.
    let full = json!({"sku": "Ä '\"%_\\ 😀", "name": "Näme", "barcode": "4006", "low_stock": 3});
    book.tell([
        event("full", "item.upserted", full),
        event("unranked", "location.upserted", json!({"location": "N", "name": "Nowhere"})),
        received("odd", "Ä '\"%_\\ 😀", "N", 7),
        counted_at(60, "count", "S", "L", 9),
    ])
    .await;
    let mut book = same_after_opening_again(book, place).await;
    // An oversold level, one acknowledged, and an open conflict with evidence.
    book.tell([placed("o1", "S", 50)]).await;
    book.resolve("oversold", O::Acknowledge).await;
    let more = json!({"order": "o2", "lines": [
        {"line": "1", "sku": "S", "quantity": 5, "location": "M"}]});
    book.tell([event("o2", "order.placed", more), fulfilled("o1", "f1", 60)]).await;
    assert_eq!(book.ledger.state().open_conflicts().count(), 2);
    same_after_opening_again(book, place).await;
}

async fn events_that_wait_are_loaded_as_they_waited(place: &dyn Place) {
    let mut book = Book::open(place).await;
    let unknown = [received("w1", "S", "L", 1), received("w2", "S", "X", 1)];
    book.tell(unknown.into_iter().chain([fulfilled("o1", "f1", 1), placed("o2", "S", 1)])).await;
    assert_eq!(book.ledger.state().waiting().all().count(), 4);
    let mut book = same_after_opening_again(book, place).await;
    book.tell([item("S")]).await;
    let mut book = same_after_opening_again(book, place).await;
    book.tell([location("L", 1), placed("o1", "S", 2)]).await;
    assert_eq!(book.ledger.state().waiting().all().count(), 1, "only for location X");
    same_after_opening_again(book, place).await;
}

async fn a_release_in_progress_is_loaded_as_it_stood(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell([location("L", 1)]).await;
    let many = RELEASES_MAX + 2;
    book.tell((0..many).map(|n| received(&format!("w{n}"), "S", "L", 1))).await;
    book.tell([item("S")]).await;
    assert_eq!(book.ledger.state().waiting().due().count(), 2);
    let mut book = same_after_opening_again(book, place).await;
    book.commit(&[]).await;
    assert_eq!(book.ledger.state().waiting().all().count(), 0);
    same_after_opening_again(book, place).await;
}

async fn a_batch_that_was_not_committed_never_was(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    let before = book.ledger.state().clone();
    let inputs = [Input::Event(event_of(&placed("o1", "S", 50)))];
    let (_, batch) = book.decide(&inputs).await;
    assert_eq!(batch.entries.len(), 1);
    assert_eq!(book.stored().await, before);
    book.ledger.undo();
    assert_eq!(*book.ledger.state(), before);
}

async fn a_batch_that_does_not_follow_is_refused_as_a_whole(place: &dyn Place) {
    let (mut one, mut other) = (Book::open(place).await, Book::open(place).await);
    one.tell(catalogue()).await;
    let before = one.stored().await;
    // Another program that believes to own the same ledger.
    let inputs = [Input::Event(event_of(&item("T"))), Input::Event(event_of(&location("N", 1)))];
    let (_, batch) = other.decide(&inputs).await;
    let refused = other.write(&batch).await.unwrap_err();
    assert!(matches!(refused, StoreError::Failed(_)), "{refused}");
    assert_eq!(one.stored().await, before);
    one.tell([placed("o1", "S", 1)]).await;
    same_after_opening_again(one, place).await;
}

async fn what_waits_and_goes_on_in_one_batch_leaves_nothing_waiting(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell([received("w", "S", "L", 1)]).await;
    let batch = [item("S"), fulfilled("o1", "f1", 1), location("L", 1), placed("o1", "S", 1)];
    book.tell(batch).await;
    let book = same_after_opening_again(book, place).await;
    assert_eq!(book.ledger.state().waiting().all().count(), 0);
    assert_eq!(book.ledger.state().waiting().woken().count(), 0);
}

async fn the_last_of_several_outcomes_in_a_batch_stands(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell([received("w", "S", "L", 1)]).await;
    // It waits for its location after its item has come, and then is applied.
    book.tell([item("S"), location("L", 1)]).await;
    let (source, id) = ("wms-1".parse().unwrap(), "w".parse().unwrap());
    let rows = book.store.journal_of(&source, &id).await.unwrap();
    assert_eq!(rows[0].final_outcome, Some(onhand::record::Outcome::Applied));
}
