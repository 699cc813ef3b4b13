//! What pages and the API ask.

use onhand::conflict::{ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::id::ConflictId;
use onhand::journal;
use onhand::record::Outcome;
use onhand::wire::stock::StockQuery;
use onhand_server::store::{ConflictQuery, JournalQuery, Store, StoreError};
use serde_json::json;

use super::{
    Book, Place, catalogue, counted_at, event, for_every_store, fulfilled, item, placed, received,
    start,
};

for_every_store!(
    an_empty_store_answers_with_nothing,
    the_journal_is_read_in_pages_from_either_end,
    the_journal_is_searched_by_what_its_records_are_about,
    the_journal_of_one_name_is_all_its_contents,
    levels_are_read_in_pages,
    levels_are_searched,
    a_cursor_of_nobody_is_an_error,
    levels_of_some_items_and_the_scarce_ones_are_found,
    totals_are_sums,
    what_came_in_is_counted_by_the_minute,
    the_history_of_an_item_is_its_last_points,
    what_records_did_to_a_level_is_kept_in_the_order_of_the_facts,
    the_last_record_of_a_moment_is_found,
    the_catalogue_is_read,
    conflicts_are_read_newest_first_and_searched,
);

fn all() -> JournalQuery {
    JournalQuery { limit: 1_000, ..JournalQuery::default() }
}

async fn seqs(store: &dyn Store, query: JournalQuery) -> Vec<u64> {
    store.journal(&query).await.unwrap().iter().map(|row| row.seq).collect()
}

/// SKU, location and `available` of each row.
async fn levels(store: &dyn Store, query: StockQuery) -> Vec<(String, String, i64)> {
    let page = store.stock(&query).await.unwrap();
    let rows = page.levels.iter();
    rows.map(|row| (row.sku.to_string(), row.location.to_string(), row.available)).collect()
}

async fn an_empty_store_answers_with_nothing(place: &dyn Place) {
    let store = place.open().await;
    assert!(store.journal(&all()).await.unwrap().is_empty());
    let page = store.stock(&StockQuery::default()).await.unwrap();
    assert_eq!((page.seq, page.levels.len(), page.next_cursor), (0, 0, None));
    let query = ConflictQuery { limit: 10, ..ConflictQuery::default() };
    assert!(store.conflicts(&query).await.unwrap().is_empty());
    assert!(store.scarce(10).await.unwrap().is_empty());
    assert_eq!(store.totals().await.unwrap(), onhand_server::store::Totals::default());
    assert!(store.intake(0).await.unwrap().is_empty());
    let nobody = "nobody".parse().unwrap();
    assert!(store.history(&nobody, 10).await.unwrap().is_empty());
    assert_eq!(store.item(&nobody).await.unwrap(), None);
    assert!(store.items(None, 10).await.unwrap().is_empty());
    assert!(store.locations().await.unwrap().is_empty());
    assert_eq!(store.order(&"o1".parse().unwrap()).await.unwrap(), None);
    assert_eq!(store.conflict(ConflictId::from_number(1)).await.unwrap(), None);
}

async fn the_journal_is_read_in_pages_from_either_end(place: &dyn Place) {
    let mut book = Book::open(place).await;
    let told = book.tell(catalogue()).await;
    let store = &*book.store;
    let rows = store.journal(&all()).await.unwrap();
    let read: Vec<_> = rows.iter().map(|row| journal::decode(&row.bytes).unwrap()).collect();
    assert_eq!(read, told);
    assert_eq!(rows[3].chain, book.ledger.state().head().chain.0);
    assert_eq!(rows[3].final_outcome, None);
    let page = |after, before, newest_first| JournalQuery {
        after,
        before,
        newest_first,
        limit: 2,
        ..JournalQuery::default()
    };
    assert_eq!(seqs(store, page(None, None, false)).await, [1, 2]);
    assert_eq!(seqs(store, page(Some(2), None, false)).await, [3, 4]);
    assert_eq!(seqs(store, page(Some(4), None, false)).await, [0; 0]);
    assert_eq!(seqs(store, page(None, None, true)).await, [4, 3]);
    assert_eq!(seqs(store, page(None, Some(3), true)).await, [2, 1]);
    assert_eq!(seqs(store, page(Some(1), Some(4), true)).await, [3, 2]);
}

async fn the_journal_is_searched_by_what_its_records_are_about(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    book.tell([item("T"), fulfilled("o1", "f1", 1), placed("o1", "S", 3)]).await;
    let store = &*book.store;
    let types = JournalQuery { event_type: Some("item.upserted".into()), ..all() };
    assert_eq!(seqs(store, types).await, [1, 5]);
    let source = |name: &str| JournalQuery { source: Some(name.into()), ..all() };
    assert_eq!(seqs(store, source("onhand")).await, [8], "the release");
    assert_eq!(seqs(store, source("nobody")).await, [0; 0]);
    let sku = |sku: &str| JournalQuery { sku: Some(sku.into()), ..all() };
    assert_eq!(seqs(store, sku("S")).await, [1, 4, 7, 8]);
    assert_eq!(seqs(store, sku("T")).await, [5]);
    let order = JournalQuery { order: Some("o1".into()), ..all() };
    assert_eq!(seqs(store, order).await, [6, 7, 8]);
    let outcome = |outcome| JournalQuery { outcome: Some(outcome), ..all() };
    assert_eq!(seqs(store, outcome(Outcome::Parked)).await, [0; 0], "it has gone on");
    assert_eq!(seqs(store, outcome(Outcome::Applied)).await.len(), 8);
    let both = JournalQuery { source: Some("wms-1".into()), newest_first: true, ..sku("S") };
    assert_eq!(seqs(store, both).await, [7, 4, 1]);
}

async fn the_journal_of_one_name_is_all_its_contents(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    book.tell([received("r", "S", "L", 11)]).await;
    let source = "wms-1".parse().unwrap();
    let rows = book.store.journal_of(&source, &"r".parse().unwrap()).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [4, 5]);
    assert!(book.store.journal_of(&source, &"x".parse().unwrap()).await.unwrap().is_empty());
}

async fn stocked(place: &dyn Place) -> Book {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    let shirt = json!({"sku": "shirt_%", "name": "Blue Shirt", "low_stock": 5});
    book.tell([
        event("shirt", "item.upserted", shirt),
        item("Z"),
        received("r1", "shirt_%", "M", 5),
        received("r2", "shirt_%", "L", 6),
        received("r3", "S", "M", 2),
        placed("o1", "Z", 4),
    ])
    .await;
    book
}

async fn levels_are_read_in_pages(place: &dyn Place) {
    let book = stocked(place).await;
    let mut query = StockQuery { limit: Some(2), ..StockQuery::default() };
    let mut read = Vec::new();
    loop {
        let page = book.store.stock(&query).await.unwrap();
        assert_eq!(page.seq, book.ledger.state().head().seq);
        assert!(page.levels.len() <= 2);
        read.extend(page.levels.iter().map(|row| (row.sku.to_string(), row.location.to_string())));
        let Some(cursor) = page.next_cursor else { break };
        query.cursor = Some(cursor);
    }
    let expected = [("S", "L"), ("S", "M"), ("Z", "L"), ("shirt_%", "L"), ("shirt_%", "M")];
    assert_eq!(read, expected.map(|(sku, location)| (sku.to_owned(), location.to_owned())));
    let whole = StockQuery { limit: Some(5), ..StockQuery::default() };
    assert_eq!(book.store.stock(&whole).await.unwrap().next_cursor, None);
    let none = StockQuery { limit: Some(0), ..StockQuery::default() };
    assert_eq!(book.store.stock(&none).await.unwrap().levels.len(), 1, "a page has a row");
}

async fn levels_are_searched(place: &dyn Place) {
    let mut book = stocked(place).await;
    let row = |sku: &str, location: &str, available| (sku.into(), location.into(), available);
    let shirts = vec![row("shirt_%", "L", 6), row("shirt_%", "M", 5)];
    let store = &*book.store;
    let text = |q: &str| StockQuery { q: Some(q.into()), ..StockQuery::default() };
    assert_eq!(levels(store, text("blue SH")).await, shirts, "by name, in any case");
    assert_eq!(levels(store, text("_%")).await, shirts, "signs mean themselves");
    assert_eq!(levels(store, text("")).await.len(), 5, "nothing is everything");
    assert_eq!(levels(store, text("nothing")).await, []);
    for q in ["e S", "%", "T", "irT_", "ue sh", "Sh"] {
        assert_eq!(levels(store, text(q)).await, shirts, "{q} is in them");
    }
    assert_eq!(levels(store, text("z")).await, [row("Z", "L", -4)]);
    let sku = StockQuery { sku: Some("S".into()), ..StockQuery::default() };
    assert_eq!(levels(store, sku.clone()).await, [row("S", "L", 10), row("S", "M", 2)]);
    let here = StockQuery { location: Some("M".into()), ..sku };
    assert_eq!(levels(store, here).await, [row("S", "M", 2)]);
    let low = StockQuery { low: true, ..StockQuery::default() };
    assert_eq!(levels(store, low).await, [row("Z", "L", -4), row("shirt_%", "M", 5)]);
    book.tell([counted_at(60, "count", "S", "L", 8)]).await;
    let query = StockQuery { sku: Some("S".into()), ..StockQuery::default() };
    let page = book.store.stock(&query).await.unwrap();
    let counted = &page.levels[0];
    assert_eq!((counted.on_hand, counted.version), (8, 2));
    assert_eq!(counted.counted_at.unwrap().since(start()), -3_540_000_000);
    assert_eq!(counted.updated_at, book.ledger.state().head().recorded_at);
}

async fn a_cursor_of_nobody_is_an_error(place: &dyn Place) {
    let store = place.open().await;
    for cursor in ["", "x", "bm9uZQ"] {
        let query = StockQuery { cursor: Some(cursor.into()), ..StockQuery::default() };
        let error = store.stock(&query).await.unwrap_err();
        assert!(matches!(error, StoreError::BadCursor), "{error}");
    }
}

async fn levels_of_some_items_and_the_scarce_ones_are_found(place: &dyn Place) {
    let book = stocked(place).await;
    let skus = ["Z", "S", "never"].map(|sku| sku.parse().unwrap());
    let rows = book.store.levels_of(&skus).await.unwrap();
    let names: Vec<_> = rows.iter().map(|row| (row.sku.as_str(), row.location.as_str())).collect();
    assert_eq!(names, [("S", "L"), ("S", "M"), ("Z", "L")]);
    let scarce = book.store.scarce(10).await.unwrap();
    let scarce: Vec<_> = scarce.iter().map(|row| (row.sku.as_str(), row.available)).collect();
    assert_eq!(scarce, [("Z", -4), ("shirt_%", 5)]);
    assert_eq!(book.store.scarce(1).await.unwrap().len(), 1);
}

async fn totals_are_sums(place: &dyn Place) {
    let book = stocked(place).await;
    let totals = book.store.totals().await.unwrap();
    assert_eq!(totals.seq, book.ledger.state().head().seq);
    assert_eq!((totals.units_available, totals.levels, totals.open_conflicts), (23, 5, 1));
}

async fn what_came_in_is_counted_by_the_minute(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    book.wall = book.wall.plus_micros(120_000_000);
    book.tell([received("x", "X", "L", 1), fulfilled("o1", "f1", 1), item("T")]).await;
    let first = start().micros() / 60_000_000;
    let minutes = book.store.intake(first).await.unwrap();
    let counts = minutes.iter().map(|it| (it.minute - first, it.applied, it.conflict, it.other));
    assert_eq!(counts.collect::<Vec<_>>(), [(0, 4, 0, 0), (2, 1, 1, 1)]);
    assert_eq!(book.store.intake(first + 1).await.unwrap().len(), 1);
}

async fn the_history_of_an_item_is_its_last_points(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    let there = [received("r1", "S", "M", 2), counted_at(60, "c", "S", "L", 9)];
    let records = book.tell(there).await;
    // What moves no number of `on_hand` is no point.
    book.tell([placed("o1", "S", 1)]).await;
    let sku = "S".parse().unwrap();
    let points = book.store.history(&sku, 10).await.unwrap();
    let of = |points: &[onhand::wire::page::HistoryPoint]| -> Vec<(u64, String, i64)> {
        points.iter().map(|it| (it.seq, it.location.clone(), it.on_hand)).collect()
    };
    let point = |seq, location: &str, on_hand| (seq, location.to_owned(), on_hand);
    assert_eq!(of(&points), [point(4, "L", 10), point(5, "M", 2), point(6, "L", 9)]);
    assert_eq!(points[1].at_us, records[0].recorded_at.micros());
    let last = book.store.history(&sku, 2).await.unwrap();
    assert_eq!(of(&last), [point(5, "M", 2), point(6, "L", 9)]);
}

async fn what_records_did_to_a_level_is_kept_in_the_order_of_the_facts(place: &dyn Place) {
    let mut book = Book::open(place).await;
    let mut records = book.tell(catalogue()).await;
    let facts = [
        counted_at(60, "c", "S", "L", 9),
        received("late", "S", "L", 3),
        placed("o1", "S", 4),
        fulfilled("o1", "f1", 1),
        received("far", "S", "M", 2),
    ];
    records.extend(book.tell(facts).await);
    let level = |location: &str| ("S".parse().unwrap(), location.parse().unwrap());
    let wanted = [level("M"), level("N"), level("L")];
    let found = book.store.steps(&wanted, None).await.unwrap();
    for ((sku, location), found) in wanted.iter().zip(found) {
        let of_level = |record| {
            let steps = onhand::history::steps(record).into_iter();
            let of_level = steps.filter(|(item, place, _)| (*item, *place) == (sku, location));
            of_level.map(|(_, _, step)| step).collect::<Vec<_>>()
        };
        let mut expected: Vec<_> = records.iter().flat_map(of_level).collect();
        expected.sort_by_key(|step| (step.occurred_at, step.seq()));
        assert_eq!(found, expected, "{location}");
    }
}

async fn the_last_record_of_a_moment_is_found(place: &dyn Place) {
    let mut book = Book::open(place).await;
    assert_eq!(book.store.seq_at(start()).await.unwrap(), 0);
    let records = book.tell(catalogue()).await;
    for record in &records {
        let at = record.recorded_at;
        assert_eq!(book.store.seq_at(at).await.unwrap(), record.seq);
        assert_eq!(book.store.seq_at(at.plus_micros(-1)).await.unwrap(), record.seq - 1);
    }
    let later = start().plus_micros(1_000_000_000);
    assert_eq!(book.store.seq_at(later).await.unwrap(), records.len() as u64);
}

async fn the_catalogue_is_read(place: &dyn Place) {
    let mut book = stocked(place).await;
    let unranked = json!({"location": "A", "name": "Attic"});
    book.tell([event("attic", "location.upserted", unranked)]).await;
    let shirt = book.store.item(&"shirt_%".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((shirt.name.unwrap().as_str(), shirt.low_stock), ("Blue Shirt", Some(5)));
    let names = |items: Vec<onhand::record::ItemInfo>| -> Vec<String> {
        items.iter().map(|item| item.sku.to_string()).collect()
    };
    let some = ["shirt_%", "S", "none", "S"].map(|sku| sku.parse().unwrap());
    assert_eq!(names(book.store.items_of(&some).await.unwrap()), ["S", "shirt_%"]);
    assert_eq!(names(book.store.items(None, 2).await.unwrap()), ["S", "Z"]);
    assert_eq!(names(book.store.items(Some("Z"), 2).await.unwrap()), ["shirt_%"]);
    let parts = json!([{"sku": "S", "quantity": 2}, {"sku": "Z", "quantity": 1}]);
    book.tell([event("kit", "item.upserted", json!({"sku": "K", "kit": parts}))]).await;
    let sku = "K".parse().unwrap();
    let kit = book.store.item(&sku).await.unwrap().unwrap();
    assert_eq!((kit.kit.len(), kit.kit[0].quantity), (2, 2));
    let one = std::slice::from_ref(&kit);
    assert_eq!(book.store.items_of(&[sku]).await.unwrap(), one);
    assert_eq!(book.store.items(None, 1).await.unwrap(), one);
    let loaded = book.store.load(onhand::state::Settings::default()).await.unwrap();
    assert_eq!(loaded.catalogue().items().last(), Some(&kit));
    let locations = book.store.locations().await.unwrap();
    let locations: Vec<_> = locations.iter().map(|it| (it.location.as_str(), it.rank)).collect();
    assert_eq!(locations, [("L", Some(1)), ("M", Some(2)), ("A", None)]);
}

async fn conflicts_are_read_newest_first_and_searched(place: &dyn Place) {
    let mut book = stocked(place).await;
    book.tell([received("x", "X", "L", 1), received("y", "Y", "L", 1)]).await;
    let unknown = book.ledger.state().open_conflicts().nth(1).unwrap().clone();
    let discard = super::choice(&unknown, O::Discard);
    book.commit(&[onhand::ledger::Input::Resolve(discard)]).await;
    // One about two items has none of its own.
    let twice =
        json!([{"line": "1", "sku": "S", "quantity": 1}, {"line": "2", "sku": "Z", "quantity": 1}]);
    let order = |quantity: i64| {
        let mut lines = twice.clone();
        lines[0]["quantity"] = quantity.into();
        event("twice", "order.placed", json!({"order": "o9", "lines": lines}))
    };
    book.tell([order(1), order(2)]).await;
    let numbers = async |query: ConflictQuery| -> Vec<u64> {
        let conflicts = book.store.conflicts(&query).await.unwrap();
        conflicts.iter().map(|conflict| conflict.id.number()).collect()
    };
    let some = |limit| ConflictQuery { limit, ..ConflictQuery::default() };
    assert_eq!(numbers(some(10)).await, [4, 3, 2, 1]);
    assert_eq!(numbers(some(2)).await, [4, 3]);
    assert_eq!(numbers(ConflictQuery { before: Some(2), ..some(2) }).await, [1]);
    let status = |status| ConflictQuery { status: Some(status), ..some(10) };
    assert_eq!(numbers(status(ConflictStatus::Open)).await, [4, 3, 1]);
    assert_eq!(numbers(status(ConflictStatus::Resolved)).await, [2]);
    assert_eq!(numbers(status(ConflictStatus::AutoResolved)).await, [0; 0]);
    let kind = ConflictQuery { kind: Some(ConflictKind::Unmapped), ..some(10) };
    assert_eq!(numbers(kind).await, [3, 2]);
    let both = |sku: &str| ConflictQuery { sku: Some(sku.into()), ..some(10) };
    assert_eq!(numbers(both("S")).await, [4]);
    assert_eq!(numbers(both("Z")).await, [4, 1]);
    assert_eq!(numbers(both("X")).await, [2]);
    let closed = book.store.conflict(unknown.id).await.unwrap().unwrap();
    assert_eq!(closed.status, ConflictStatus::Resolved);
    assert_eq!(closed.resolution.unwrap().option, Some(O::Discard));
    let open = book.store.conflict(ConflictId::from_number(4)).await.unwrap();
    assert_eq!(open.as_ref(), book.ledger.state().open_conflicts().last());
}
