//! What a batch needs of the things that are not always in memory.

use std::collections::{BTreeMap, BTreeSet};

use onhand::conflict::ResolutionOption as O;
use onhand::ledger::Input;
use onhand::record::{Bucket, Outcome, Timer};
use onhand::reservation::Standing;
use onhand::state::{Loaded, State, Wants};
use onhand::time::SECOND_US;
use onhand_server::store::StoreError;
use serde_json::json;

use super::{
    Book, Place, catalogue, counted_at, event, event_at, for_every_store, fulfilled, placed,
    received, start,
};

for_every_store!(
    nothing_wanted_is_nothing_loaded,
    names_are_known_with_every_content_and_their_last_outcome,
    who_decided_an_event_and_who_took_it_back_is_known,
    a_closed_conflict_is_found,
    closed_questions_about_a_count_are_found,
    those_who_are_promised_units_are_found_last_placed_first,
    a_count_that_is_taken_back_moves_nothing,
    what_takes_back_a_movement_within_a_count_is_one_by_whatever_record,
    orders_are_found_where_they_exist,
    transfers_are_found_where_they_exist,
    reservations_and_their_timers_are_kept,
    movements_are_those_from_a_moment_on_without_counts,
    records_are_found_by_their_places,
    a_record_that_is_missing_is_damage,
    a_thousand_of_each_are_found_at_once,
);

async fn nothing_wanted_is_nothing_loaded(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    let Loaded { known, orders, transfers, reservations, movements, records, conflicts } =
        book.store.fetch(&Wants::default()).await.unwrap();
    assert!(known.is_empty() && orders.is_empty());
    assert!(transfers.is_empty() && reservations.is_empty());
    assert!(movements.is_empty() && records.is_empty() && conflicts.is_empty());
}

async fn names_are_known_with_every_content_and_their_last_outcome(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    book.tell([received("twice", "S", "L", 1)]).await;
    let other = book.tell([received("twice", "S", "L", 2)]).await.remove(0);
    assert_eq!(other.outcome, Outcome::Conflict);
    let name = |id: &str| ("wms-1".parse().unwrap(), id.parse().unwrap());
    let ids = vec![name("never"), name("r"), name("twice")];
    let wants = Wants { ids, ..Wants::default() };
    let known = book.store.fetch(&wants).await.unwrap().known;
    let of = |id: &str| -> Vec<(u64, Outcome)> {
        let known = known.iter().filter(|(known, _)| *known == name(id));
        known.map(|(_, known)| (known.seq, known.outcome)).collect()
    };
    assert_eq!(of("r"), [(4, Outcome::Applied)]);
    assert_eq!(of("twice"), [(5, Outcome::Applied), (6, Outcome::Conflict)]);
    assert_eq!(of("never"), []);
    let fingerprints: Vec<_> = known.iter().map(|(_, known)| known.fingerprint).collect();
    assert!(fingerprints.contains(&other.fingerprint));
    book.resolve("id_reused", O::KeepFirst).await;
    let known = book.store.fetch(&wants).await.unwrap().known;
    assert!(known.iter().any(|(_, known)| (known.seq, known.outcome) == (6, Outcome::Rejected)));
}

fn reversed(id: &str, target: &str) -> serde_json::Value {
    let data = json!({"source": "wms-1", "id": target, "reason": "a mistake"});
    event_at(0, id, "event.reversed", data)
}

async fn who_decided_an_event_and_who_took_it_back_is_known(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    let parked = book.tell([fulfilled("o1", "f1", 1)]).await.remove(0);
    let released = book.tell([placed("o1", "S", 3)]).await.remove(1);
    let name = (parked.envelope.source.clone(), parked.envelope.id.clone());
    let wants = Wants { ids: vec![name], ..Wants::default() };
    let known = book.store.fetch(&wants).await.unwrap().known.remove(0).1;
    assert_eq!((known.seq, known.decided, known.reversed_by), (parked.seq, released.seq, None));
    let row = async |book: &Book| book.store.journal_of(&wants.ids[0].0, &wants.ids[0].1).await;
    let decided = row(&book).await.unwrap().remove(0).decided_by.unwrap();
    assert_eq!((decided.event, decided.conflict), (released.event_ref(), None));
    let undo = book.tell([reversed("undo", "o1-f1")]).await.remove(0);
    assert_eq!(undo.outcome, Outcome::Applied);
    let known = book.store.fetch(&wants).await.unwrap().known.remove(0).1;
    assert_eq!(known.reversed_by, Some(undo.seq));
    book.tell([reversed("redo", "undo")]).await;
    let known = book.store.fetch(&wants).await.unwrap().known.remove(0).1;
    assert_eq!((known.decided, known.reversed_by), (released.seq, None));
}

async fn those_who_are_promised_units_are_found_last_placed_first(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    book.tell([placed("o2", "S", 3), placed("o1", "S", 2), placed("shipped", "S", 1)]).await;
    book.tell([fulfilled("shipped", "f1", 1), fulfilled("o2", "f1", 1)]).await;
    let at = |location: &str| {
        let level = ("S".parse().unwrap(), location.parse().unwrap());
        Wants { holders: BTreeSet::from([level]), ..Wants::default() }
    };
    let orders = book.store.fetch(&at("L")).await.unwrap().orders;
    let names: Vec<&str> = orders.iter().map(|order| order.order.as_str()).collect();
    assert_eq!(names, ["o1", "o2"], "what is shipped is promised no longer");
    // So is a kit of which it is a component.
    let kit = json!({"sku": "KIT", "kit": [{"sku": "S", "quantity": 2}]});
    book.tell([event("kit", "item.upserted", kit), placed("o3", "KIT", 1)]).await;
    let orders = book.store.fetch(&at("L")).await.unwrap().orders;
    let names: Vec<&str> = orders.iter().map(|order| order.order.as_str()).collect();
    assert_eq!(names, ["o3", "o1", "o2"]);
    assert!(book.store.fetch(&at("M")).await.unwrap().orders.is_empty());
}

async fn a_closed_conflict_is_found(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    book.tell([placed("o1", "S", 12)]).await;
    let conflict = book.open_conflict("oversold");
    book.tell([received("more", "S", "L", 2)]).await;
    let conflicts = BTreeSet::from([conflict.id]);
    let wants = Wants { conflicts, ..Wants::default() };
    let found = book.store.fetch(&wants).await.unwrap().conflicts;
    assert_eq!((found.len(), found[0].id, found[0].version), (1, conflict.id, 2));
}

async fn closed_questions_about_a_count_are_found(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    let count = book.tell([counted_at(100, "count", "S", "L", 8)]).await.remove(0);
    let sold = |id: &str, seconds: i64| {
        let data = json!({"sku": "S", "location": "L", "delta": -1, "reason": "sold"});
        let mut sold = event_at(seconds, id, "stock.adjusted", data);
        sold["source"] = json!("shop");
        sold
    };
    book.tell([sold("answered", 101)]).await;
    let answer = book.resolve("count_overlap", O::KeepDifference).await.remove(0);
    book.tell([sold("open", 102)]).await;
    let about = |sku: &str, seq: u64| {
        let questions = BTreeSet::from([(sku.parse().unwrap(), seq)]);
        Wants { questions, ..Wants::default() }
    };
    let found = book.store.fetch(&about("S", count.seq)).await.unwrap().conflicts;
    assert_eq!(found.len(), 1, "the other one is open");
    assert_eq!(found[0].resolution.as_ref().map(|end| end.seq), Some(answer.seq));
    for other in [about("S", count.seq + 1), about("T", count.seq)] {
        assert_eq!(book.store.fetch(&other).await.unwrap().conflicts, []);
    }
}

async fn a_count_that_is_taken_back_moves_nothing(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    book.tell([counted_at(100, "typo", "S", "L", 99), reversed("undo", "typo")]).await;
    let level = ("S".parse().unwrap(), "L".parse().unwrap());
    let from = start().plus_micros(-100_000 * SECOND_US);
    let wants = Wants { movements: BTreeMap::from([(level, from)]), ..Wants::default() };
    let movements = book.store.fetch(&wants).await.unwrap().movements.remove(0).1;
    let deltas: Vec<i64> = movements.iter().map(|movement| movement.delta).collect();
    assert_eq!(deltas, [10], "the receipt alone");
    // Nor does one that stands again.
    book.tell([reversed("redo", "undo")]).await;
    assert_eq!(book.store.fetch(&wants).await.unwrap().movements[0].1.len(), 1);
    let state = book.stored().await;
    let (_, _, level) = state.levels().next().unwrap();
    assert_eq!((level.get(Bucket::OnHand), level.version), (99, 4));
}

/// A receipt and a sale within a count are taken back, one by its name and one for another content of
/// its id; a third, which never had an effect, is taken back as well.
async fn what_takes_back_a_movement_within_a_count_is_one_by_whatever_record(place: &dyn Place) {
    let moved = |seconds: i64, id: &str, delta: i64| {
        let data = json!({"sku": "S", "location": "L", "delta": delta, "reason": "found out"});
        event_at(seconds, id, "stock.adjusted", data)
    };
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    book.tell([moved(10, "one", 3), moved(20, "two", -4), counted_at(100, "count", "S", "L", 50)])
        .await;
    book.tell([moved(30, "late", 7)]).await;
    book.tell([reversed("back", "one"), reversed("never", "late"), moved(200, "two", -5)]).await;
    book.resolve("id_reused", O::ApplySecond).await;
    let level = ("S".parse().unwrap(), "L".parse().unwrap());
    let from = start().plus_micros(-100_000 * SECOND_US);
    let wants = Wants { movements: BTreeMap::from([(level, from)]), ..Wants::default() };
    let movements = book.store.fetch(&wants).await.unwrap().movements.remove(0).1;
    let mut deltas: Vec<i64> = movements.iter().map(|movement| movement.delta).collect();
    deltas.sort_unstable();
    assert_eq!(deltas, [-5, -4, -3, 3, 4, 10], "what has no effect any more cancels out");
}

async fn orders_are_found_where_they_exist(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    book.tell([placed("o1", "S", 3), fulfilled("o1", "f1", 1), placed("o2", "S", 1)]).await;
    let orders = ["o1", "o3"].map(|order| order.parse().unwrap());
    let wants = Wants { orders: BTreeSet::from(orders), ..Wants::default() };
    let orders = book.store.fetch(&wants).await.unwrap().orders;
    assert_eq!(orders.len(), 1);
    let line = &orders[0].lines[0];
    assert_eq!((line.fulfilled(), line.committed()), (1, 2));
    assert_eq!(book.store.order(&orders[0].order).await.unwrap().as_ref(), Some(&orders[0]));
}

async fn transfers_are_found_where_they_exist(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    let goods = json!([{"sku": "S", "quantity": 4}]);
    let shipped = |transfer: &str| {
        let data = json!({"transfer": transfer, "from": "L", "to": "M", "lines": goods});
        event_at(0, &format!("s-{transfer}"), "transfer.shipped", data)
    };
    let received = json!({"transfer": "t1", "receipt": "r1", "final": true,
        "lines": [{"sku": "S", "quantity": 3, "state": "damaged"}]});
    let arrived = event_at(10, "a-t1", "transfer.received", received);
    book.tell([shipped("t1"), shipped("t2"), arrived]).await;
    let transfers = ["t1", "t3"].map(|transfer| transfer.parse().unwrap());
    let wants = Wants { transfers: BTreeSet::from(transfers), ..Wants::default() };
    let transfers = book.store.fetch(&wants).await.unwrap().transfers;
    assert_eq!(transfers.len(), 1);
    let [transfer] = &transfers[..] else { panic!("{transfers:?}") };
    assert_eq!((transfer.lines[0].received, transfer.lines[0].outstanding()), (3, 1));
    assert!(transfer.is_final());
    let stored = book.store.transfer(&transfer.transfer).await.unwrap();
    assert_eq!(stored.as_ref(), Some(transfer));
}

async fn reservations_and_their_timers_are_kept(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    let held = |id: &str| {
        let lines = json!([{"sku": "S", "location": "L", "quantity": 2}]);
        let data = json!({"reservation": id, "lines": lines, "expires_in_s": 60});
        event(&format!("held-{id}"), "reservation.placed", data)
    };
    book.uptime = book.uptime.plus_seconds(5);
    book.tell([held("h1"), held("h2")]).await;
    let reservations = ["h1", "h3"].map(|id| id.parse().unwrap());
    let wants = Wants { reservations: BTreeSet::from(reservations), ..Wants::default() };
    let found = book.store.fetch(&wants).await.unwrap().reservations;
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].reservation.as_str(), &found[0].standing), ("h1", &Standing::Held));
    let timers = |state: &State| -> Vec<_> {
        state.schedule().iter().map(|(at, timer)| (at, timer.clone())).collect()
    };
    assert_eq!(timers(&book.stored().await).len(), 2);

    let mut book = Book::open(place).await;
    assert_eq!(book.uptime.micros(), 5 * SECOND_US, "it goes on from there");
    let expiry = |id: &str| Input::Timer(Timer::Reservation(id.parse().unwrap()));
    assert!(book.commit(&[expiry("h1")]).await.is_empty(), "it is not due yet");
    book.uptime = book.uptime.plus_seconds(60);
    assert_eq!(book.commit(&[expiry("h1")]).await.len(), 1);
    let found = book.store.fetch(&wants).await.unwrap().reservations;
    assert_eq!(found[0].standing, Standing::Expired);
    let stored = book.stored().await;
    assert_eq!(timers(&stored).len(), 1);
    assert_eq!(timers(&stored), timers(book.ledger.state()));
    assert_eq!(stored.head(), book.ledger.state().head());
}

async fn movements_are_those_from_a_moment_on_without_counts(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    let adjusted = |seconds, delta| {
        let data = json!({"sku": "S", "location": "L", "delta": delta, "reason": "test"});
        event_at(seconds, &format!("a{seconds}"), "stock.adjusted", data)
    };
    book.tell([adjusted(100, 1), adjusted(300, 3), adjusted(200, 2)]).await;
    book.tell([counted_at(250, "c", "S", "L", 40), placed("o1", "S", 1)]).await;
    let at = |seconds: i64| start().plus_micros((seconds - 3_600) * SECOND_US);
    let level = |location: &str| ("S".parse().unwrap(), location.parse().unwrap());
    let movements = BTreeMap::from([(level("L"), at(200)), (level("M"), at(0))]);
    let wants = Wants { movements, ..Wants::default() };
    let mut found = book.store.fetch(&wants).await.unwrap().movements;
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    let [(here, here_moved), (there, there_moved)] = &mut found[..] else { panic!("{found:?}") };
    assert_eq!((&*here, &*there), (&level("L"), &level("M")));
    assert!(there_moved.is_empty(), "a level that never moved is part of the answer");
    here_moved.sort_by_key(|movement| movement.time);
    let moved: Vec<_> = here_moved.iter().map(|it| (it.time, it.seq, it.delta)).collect();
    assert_eq!(moved, [(at(200), 7, 2), (at(300), 6, 3)]);
    assert_eq!(here_moved[0].source.as_str(), "wms-1");
}

async fn records_are_found_by_their_places(place: &dyn Place) {
    let mut book = Book::open(place).await;
    let told = book.tell(catalogue()).await;
    let wants = Wants { records: BTreeSet::from([4, 2]), ..Wants::default() };
    let mut records = book.store.fetch(&wants).await.unwrap().records;
    records.sort_by_key(|record| record.seq);
    assert_eq!(records, [told[1].clone(), told[3].clone()]);
}

async fn a_record_that_is_missing_is_damage(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    let wants = Wants { records: BTreeSet::from([4, 5]), ..Wants::default() };
    let error = book.store.fetch(&wants).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
}

async fn a_thousand_of_each_are_found_at_once(place: &dyn Place) {
    let mut book = Book::open(place).await;
    book.tell(catalogue()).await;
    let name = |n: usize| format!("o{n}");
    book.tell((0..1_000).map(|n| placed(&name(n), "S", 1))).await;
    let ids = (0..1_000)
        .map(|n| ("wms-1".parse().unwrap(), format!("placed-{}", name(n)).parse().unwrap()));
    let wants = Wants {
        ids: ids.collect(),
        orders: (0..1_000).map(|n| name(n).parse().unwrap()).collect(),
        records: (5..1_005).collect(),
        ..Wants::default()
    };
    let loaded = book.store.fetch(&wants).await.unwrap();
    let found = (loaded.known.len(), loaded.orders.len(), loaded.records.len());
    assert_eq!(found, (1_000, 1_000, 1_000));
}
