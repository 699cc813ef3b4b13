//! Which records of the journal are about an item: those that touched one of its levels, and those
//! that only name it.

use onhand::conflict::ResolutionOption as O;
use onhand::event::Event;
use onhand::ledger::Input;
use onhand::record::{Outcome, Record};
use onhand_server::store::{JournalQuery, Store};
use serde_json::{Value, json};

use super::{
    Book, Place, catalogue, choice, counted_at, event, event_at, event_of, for_every_store,
    fulfilled, item, placed, received,
};

for_every_store!(
    what_only_names_an_item_is_found,
    what_is_held_as_a_batch_is_found_by_every_item_of_it,
    what_is_said_of_a_channel_is_found,
    a_mapped_name_finds_what_was_said_under_it,
    a_decision_is_found_by_what_its_conflict_is_about,
    an_order_is_found_by_its_levels_where_it_names_nothing,
    pages_join_without_gaps_or_repeats,
    pages_of_an_item_that_changes_often_join,
    names_go_together_with_everything_else_that_is_asked_for,
);

/// Everything about an item, oldest first.
async fn about(book: &Book, sku: &str) -> Vec<u64> {
    let query = JournalQuery { sku: Some(sku.into()), limit: 100_000, ..JournalQuery::default() };
    seqs(&*book.store, &query).await
}

async fn seqs(store: &dyn Store, query: &JournalQuery) -> Vec<u64> {
    store.journal(query).await.unwrap().iter().map(|row| row.seq).collect()
}

fn kit(sku: &str, part: &str) -> Value {
    let data = json!({"sku": sku, "kit": [{"sku": part, "quantity": 1}]});
    event(&format!("kit-{sku}"), "item.upserted", data)
}

/// [`catalogue`], and an item `T` of which there was never any.
async fn stocked(place: &dyn Place) -> Book {
    let mut book = Book::open(place).await;
    book.tell(catalogue().into_iter().chain([item("T")])).await;
    book
}

/// What it is, the event, what becomes of it, and an item that it names without touching a level.
type Naming = (&'static str, Value, Outcome, &'static str);

/// Events that people are asked about, or that are refused. Order `o` has a line of one unit.
fn held() -> Vec<Naming> {
    use Outcome::{Conflict, Rejected};
    let mut stale = received("stale", "T", "L", 1);
    stale["expectedversion"] = json!(9);
    let arrived = received("future", "T", "L", 1)["data"].clone();
    let lines = json!([{"line": "1", "sku": "T", "quantity": 9}]);
    let shipped = json!({"order": "o", "fulfillment": "f", "lines": lines});
    let lines = json!([{"sku": "T", "location": "L", "quantity": 1}]);
    let hold = json!({"reservation": "h", "lines": lines, "expires_in_s": 60});
    vec![
        ("of the future", event_at(4_200, "future", "stock.received", arrived), Conflict, "T"),
        ("under another event's id", received("r", "T", "L", 1), Conflict, "T"),
        ("an unknown SKU", received("sku", "NEW", "L", 1), Conflict, "NEW"),
        ("an unknown location", received("location", "T", "NOWHERE", 1), Conflict, "T"),
        ("another version", stale, Conflict, "T"),
        ("more than ordered", event("excess", "order.fulfilled", shipped), Conflict, "T"),
        ("a refused reservation", event("hold", "reservation.placed", hold), Rejected, "T"),
    ]
}

/// Events that wait for an order or a shipment that does not come.
fn waiting() -> Vec<Naming> {
    let of_order = |event_type: &str, more: Value| {
        let line = json!({"line": "1", "sku": "T", "quantity": 1});
        let mut data = json!({"order": "none", "lines": [line]});
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event(event_type, event_type, data)
    };
    let returned = json!([{"line": "1", "sku": "T", "quantity": 1, "restock": true}]);
    let returned = json!({"return": "r", "lines": returned});
    let arrived = json!([{"sku": "T", "quantity": 1}]);
    let arrived = json!({"transfer": "t", "receipt": "r", "lines": arrived});
    vec![
        ("shipped", of_order("order.fulfilled", json!({"fulfillment": "f"})), Outcome::Parked, "T"),
        ("returned", of_order("order.returned", returned), Outcome::Parked, "T"),
        ("cancelled", of_order("order.cancelled", json!({})), Outcome::Parked, "T"),
        ("amended", of_order("order.amended", json!({"revision": 1})), Outcome::Parked, "T"),
        ("arrived", event("arrived", "transfer.received", arrived), Outcome::Parked, "T"),
    ]
}

/// All events that name an item and touch no level of it; kit `K` consists of `T`.
fn naming() -> Vec<Naming> {
    let again = |sku: &str| event(&format!("again-{sku}"), "item.upserted", json!({"sku": sku}));
    let items = [
        ("the item itself", again("T"), Outcome::Applied, "T"),
        ("a kit that consists of it", kit("K", "T"), Outcome::Applied, "T"),
        ("the kit", again("K"), Outcome::Applied, "K"),
    ];
    held().into_iter().chain(waiting()).chain(items).collect()
}

async fn what_only_names_an_item_is_found(place: &dyn Place) {
    let mut book = stocked(place).await;
    book.tell([placed("o", "S", 1)]).await;
    let mut expected = vec![5];
    for (what, event, outcome, sku) in naming() {
        let records = book.tell([event]).await;
        let [Record { seq, outcome: became, effects, .. }] = &records[..] else {
            panic!("{what}: {records:?}")
        };
        assert_eq!((*became, &effects[..]), (outcome, &[][..]), "{what}");
        assert_eq!(about(&book, sku).await.last(), Some(seq), "{what}");
        if sku == "T" {
            expected.push(*seq);
        }
    }
    assert_eq!(about(&book, "T").await, expected);
    assert_eq!(about(&book, "S").await, [1, 4, 6], "nothing of it is about another item");
    // The order of a kit moves its component and names the kit.
    let records = book.tell([received("t", "T", "L", 5), placed("kits", "K", 1)]).await;
    let order = records[1].seq;
    assert_eq!(records[1].effects[0].sku.as_str(), "T");
    assert_eq!(about(&book, "K").await.last(), Some(&order));
    assert_eq!(about(&book, "T").await.last(), Some(&order));
}

async fn what_is_held_as_a_batch_is_found_by_every_item_of_it(place: &dyn Place) {
    let mut book = stocked(place).await;
    let skus: Vec<String> = (0..30).map(|number| format!("B{number}")).collect();
    book.tell(skus.iter().map(|sku| item(sku))).await;
    book.tell(skus.iter().map(|sku| received(&format!("in-{sku}"), sku, "L", 1))).await;
    let empty = |sku: &String| {
        let mut event = counted_at(1, &format!("count-{sku}"), sku, "L", 0);
        event["batchid"] = json!("b1");
        event_of(&event)
    };
    let records = book.commit(&[Input::Group(skus.iter().map(empty).collect())]).await;
    assert_eq!(records.len(), 30);
    for (sku, record) in skus.iter().zip(records) {
        assert_eq!((record.outcome, record.effects.len()), (Outcome::Conflict, 0));
        assert_eq!(about(&book, sku).await.last(), Some(&record.seq), "{sku}");
    }
}

async fn what_is_said_of_a_channel_is_found(place: &dyn Place) {
    let mut book = stocked(place).await;
    for (id, difference, outcome) in [("d1", 3, Outcome::Conflict), ("d2", 0, Outcome::Applied)] {
        let drift = json!({"sku": "S", "difference": difference});
        let data = json!({"channel": "shop", "listing": "s", "quantity": 13, "drift": drift});
        // Only Onhand says so: it is not read as what comes from outside.
        let report = event(id, "channel.level_reported", data).to_string();
        let report: Event = serde_json::from_str(&report).unwrap();
        let records = book.commit(&[Input::Event(report)]).await;
        assert_eq!(records[0].outcome, outcome);
        assert_eq!(about(&book, "S").await.last(), Some(&records[0].seq));
    }
}

async fn a_mapped_name_finds_what_was_said_under_it(place: &dyn Place) {
    let mut book = stocked(place).await;
    let held = book.tell([received("a", "ALIAS", "L", 1)]).await[0].seq;
    let decided = book.resolve("unmapped", O::Map).await;
    let (decision, released) = (decided[0].seq, decided[1].seq);
    let later = book.tell([received("b", "ALIAS", "L", 1)]).await[0].seq;
    assert_eq!(about(&book, "ALIAS").await, [held, decision, later]);
    assert_eq!(about(&book, "S").await, [1, 4, decision, released, later]);
}

async fn a_decision_is_found_by_what_its_conflict_is_about(place: &dyn Place) {
    let mut book = stocked(place).await;
    let held = book.tell([received("a", "NEW", "L", 1)]).await[0].seq;
    let conflict = book.open_conflict("unmapped");
    let discard = onhand::conflict::Choice { sku: None, ..choice(&conflict, O::Discard) };
    let records = book.commit(&[Input::Resolve(discard)]).await;
    assert_eq!(about(&book, "NEW").await[..2], [held, records[0].seq]);
}

async fn an_order_is_found_by_its_levels_where_it_names_nothing(place: &dyn Place) {
    let mut book = stocked(place).await;
    let cancelled = event("off", "order.cancelled", json!({"order": "o"}));
    let back = json!([{"line": "1", "quantity": 1, "restock": true}]);
    let back = json!({"order": "o", "return": "r", "lines": back});
    let returned = event("back", "order.returned", back);
    book.tell([placed("o", "S", 3), fulfilled("o", "f", 1), cancelled, returned]).await;
    assert_eq!(about(&book, "S").await, [1, 4, 6, 7, 8, 9]);
}

/// Reads everything about an item in pages of `limit` rows, from either end.
async fn in_pages(store: &dyn Store, sku: &str, limit: u32, newest_first: bool) -> Vec<u64> {
    let mut query =
        JournalQuery { sku: Some(sku.into()), limit, newest_first, ..JournalQuery::default() };
    let mut read = Vec::new();
    loop {
        let page = seqs(store, &query).await;
        let is_last = page.len() < limit as usize;
        read.extend(page);
        if is_last {
            break;
        }
        let last = read.last().copied();
        (query.after, query.before) = if newest_first { (None, last) } else { (last, None) };
    }
    if newest_first {
        read.reverse();
    }
    read
}

async fn pages_join_without_gaps_or_repeats(place: &dyn Place) {
    let mut book = stocked(place).await;
    // Touched at one level and at two, mentioned, and only named, by turns.
    for (number, (_, named, ..)) in naming().into_iter().enumerate() {
        let moved = json!({"transfer": format!("t{number}"), "from": "L", "to": "M",
            "lines": [{"sku": "T", "quantity": 1}]});
        book.tell([
            received(&format!("in-{number}"), "T", "L", 2),
            named,
            event(&format!("out-{number}"), "transfer.shipped", moved),
            counted_at(60 + i64::try_from(number).unwrap(), &format!("c-{number}"), "T", "L", 5),
            received(&format!("late-{number}"), "T", "L", 1),
            placed(&format!("other-{number}"), "S", 1),
        ])
        .await;
    }
    for sku in ["T", "S", "K", "NEW", "none"] {
        let all = about(&book, sku).await;
        assert!(all.is_sorted_by(|one, next| one < next), "{sku}: {all:?}");
        for limit in [1, 2, 3, 7, 1_000] {
            for newest_first in [false, true] {
                let read = in_pages(&*book.store, sku, limit, newest_first).await;
                assert_eq!(read, all, "{sku} by {limit}, newest first: {newest_first}");
            }
        }
    }
    assert!(about(&book, "T").await.len() > 70);
}

async fn pages_of_an_item_that_changes_often_join(place: &dyn Place) {
    let mut book = stocked(place).await;
    let mut expected = vec![1, 4];
    for batch in 0..6 {
        let told = (0..800).map(|number| {
            let id = format!("{batch}-{number}");
            match number % 100 {
                7 => received(&format!("t-{id}"), "T", "L", 1),
                8 => kit(&format!("K{id}"), "S"),
                _ => received(&format!("s-{id}"), "S", "L", 1),
            }
        });
        let records = book.tell(told).await;
        let of_s =
            |record: &&Record| record.envelope.data.skus().iter().any(|it| it.as_str() == "S");
        expected.extend(records.iter().filter(of_s).map(|record| record.seq));
    }
    for (limit, newest_first) in [(1_000, false), (999, true), (300, false), (100_000, false)] {
        let read = in_pages(&*book.store, "S", limit, newest_first).await;
        assert_eq!(read, expected, "by {limit}, newest first: {newest_first}");
    }
    assert_eq!(in_pages(&*book.store, "T", 10, false).await.len(), 49);
}

async fn names_go_together_with_everything_else_that_is_asked_for(place: &dyn Place) {
    let mut book = stocked(place).await;
    book.tell([placed("o", "S", 1)]).await;
    for (_, event, ..) in naming() {
        book.tell([event]).await;
    }
    let all = about(&book, "T").await;
    let of = |event_type: &str| JournalQuery {
        sku: Some("T".into()),
        event_type: Some(event_type.into()),
        limit: 100,
        ..JournalQuery::default()
    };
    let items = seqs(&*book.store, &of("item.upserted")).await;
    assert_eq!(items.len(), 3, "the item twice and the kit: {items:?}");
    assert!(items.iter().all(|seq| all.contains(seq)));
    let newest = JournalQuery { newest_first: true, limit: 1, ..of("item.upserted") };
    assert_eq!(seqs(&*book.store, &newest).await, items[2..]);
    let rest =
        JournalQuery { after: Some(items[0]), before: Some(items[2]), ..of("item.upserted") };
    assert_eq!(seqs(&*book.store, &rest).await, items[1..2]);
    let parked = JournalQuery { event_type: None, outcome: Some(Outcome::Parked), ..of("") };
    assert_eq!(seqs(&*book.store, &parked).await.len(), 5);
    let order = JournalQuery { event_type: None, order: Some("none".into()), ..of("") };
    assert_eq!(seqs(&*book.store, &order).await.len(), 4);
    let source = JournalQuery { event_type: None, source: Some("nobody".into()), ..of("") };
    assert_eq!(seqs(&*book.store, &source).await, [0; 0]);
}
