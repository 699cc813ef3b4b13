//! Whatever the order in which an order's deliveries arrive, and however often, the books end the
//! same: those of the real ledger, and plain ones that keep the contract's rules for orders
//! (sections 3.2, 3.3 and 10) and are written for this test alone.

use std::collections::{BTreeMap, BTreeSet};

use onhand::event::{Event, EventData};
use onhand::record::Bucket;
use serde_json::{Value, json};

use super::super::super::{Delivery, read};
use super::bodies::{fulfillment, line, order, refund, with};
use super::{channel, headers, known};
use crate::test_ledger::TestLedger;

/// One order with one line.
#[derive(Debug, Default)]
struct Books {
    seen: BTreeMap<String, Event>,
    facts: BTreeMap<String, EventData>,
    waiting: Vec<EventData>,
    placed: bool,
    revision: i64,
    committed: i64,
    shipped: i64,
    back: i64,
    conflicts: BTreeSet<String>,
}

impl Books {
    fn take(&mut self, event: &Event) {
        if let Some(first) = self.seen.get(event.id.as_str()) {
            if first != event {
                self.conflicts.insert(format!("id_reused {}", event.id));
            }
            return;
        }
        self.seen.insert(event.id.to_string(), event.clone());
        self.apply(&event.data);
    }

    fn apply(&mut self, data: &EventData) {
        let fact = match data {
            EventData::OrderPlaced(_) => "placed".to_owned(),
            EventData::OrderAmended(data) => format!("amended {}", data.revision),
            EventData::OrderFulfilled(data) => format!("fulfilled {}", data.fulfillment),
            EventData::OrderReturned(data) => format!("returned {}", data.return_id),
            _ => String::new(),
        };
        if let Some(first) = self.facts.get(&fact) {
            if first != data {
                self.conflicts.insert(format!("order_changed {fact}"));
            }
            return;
        }
        if !self.placed && !matches!(data, EventData::OrderPlaced(_)) {
            return self.waiting.push(data.clone());
        }
        if self.rule(data) && !fact.is_empty() {
            self.facts.insert(fact, data.clone());
        }
        if matches!(data, EventData::OrderPlaced(_)) {
            for data in std::mem::take(&mut self.waiting) {
                self.apply(&data);
            }
        }
    }

    /// Whether the event takes effect.
    fn rule(&mut self, data: &EventData) -> bool {
        match data {
            EventData::OrderPlaced(data) => {
                self.placed = true;
                self.committed = data.lines.iter().map(|line| line.quantity).sum();
            }
            EventData::OrderAmended(data) => {
                if data.revision < self.revision {
                    return false;
                }
                self.revision = data.revision;
                let wanted: i64 = data.lines.iter().map(|line| line.quantity).sum();
                if wanted < self.shipped {
                    self.conflicts.insert(format!("excess {data:?}"));
                    return false;
                }
                self.committed = wanted - self.shipped;
            }
            EventData::OrderCancelled(data) => {
                let all = self.committed;
                let lines = data.lines.as_ref();
                let units = lines.map_or(all, |lines| lines.iter().map(|l| l.quantity).sum());
                if units > self.committed {
                    self.conflicts.insert(format!("excess {data:?}"));
                    return false;
                }
                self.committed -= units;
            }
            EventData::OrderFulfilled(data) => {
                let units: i64 = data.lines.iter().map(|line| line.quantity).sum();
                if units > self.committed {
                    self.conflicts.insert(format!("excess {data:?}"));
                    return false;
                }
                self.committed -= units;
                self.shipped += units;
            }
            EventData::OrderReturned(data) => {
                let units: i64 = data.lines.iter().map(|line| line.quantity).sum();
                if units > self.shipped - self.back {
                    self.conflicts.insert(format!("excess {data:?}"));
                    return false;
                }
                self.back += units;
            }
            other => panic!("{other:?}"),
        }
        true
    }
}

struct Delivered {
    topic: &'static str,
    body: Value,
}

fn delivered(topic: &'static str, body: Value) -> Delivered {
    Delivered { topic, body }
}

/// Every order of `count` things (Heap's algorithm).
fn permutations(count: usize) -> Vec<Vec<usize>> {
    fn heap(k: usize, items: &mut Vec<usize>, all: &mut Vec<Vec<usize>>) {
        if k <= 1 {
            return all.push(items.clone());
        }
        for i in 0..k {
            heap(k - 1, items, all);
            items.swap(if k.is_multiple_of(2) { i } else { 0 }, k - 1);
        }
    }
    let mut all = Vec::new();
    heap(count, &mut (0..count).collect(), &mut all);
    all
}

/// Delivers in every order that `allowed` lets through, each delivery twice; the books must end
/// with (committed, shipped, back) and without a conflict.
fn ends(deliveries: &[Delivered], end: (i64, i64, i64), allowed: impl Fn(&[usize]) -> bool) {
    let read: Vec<Vec<Event>> = deliveries
        .iter()
        .enumerate()
        .map(|(number, delivered)| {
            let body = serde_json::to_vec(&delivered.body).unwrap();
            let headers = headers(delivered.topic, &format!("event-{number}"));
            match read(&channel(), &headers, &body, &known()).unwrap() {
                Delivery::Events(events) => events,
                Delivery::Ignored(_) => Vec::new(),
            }
        })
        .collect();
    let mut tried = 0;
    for arrival in permutations(deliveries.len()).into_iter().filter(|order| allowed(order)) {
        let mut books = Books::default();
        let mut ledger = TestLedger::with("TSHIRT-M", "berlin");
        // Everything twice, and once more backwards, as after an outage.
        let twice = arrival.iter().flat_map(|number| [number, number]);
        for number in twice.chain(arrival.iter().rev()) {
            for event in &read[*number] {
                books.take(event);
                ledger.take(event);
            }
        }
        let topics: Vec<_> = arrival.iter().map(|number| deliveries[*number].topic).collect();
        assert_eq!(books.conflicts, BTreeSet::new(), "{topics:?}");
        let found = (books.committed, books.shipped, books.back);
        assert_eq!(found, end, "{arrival:?} {topics:?}");
        assert_eq!((ledger.conflicts(), ledger.waiting()), (Vec::new(), 0), "{topics:?}");
        let found =
            (ledger.sum("TSHIRT-M", Bucket::Committed), ledger.sum("TSHIRT-M", Bucket::OnHand));
        let (committed, shipped, back) = end;
        assert_eq!(found, (committed, back - shipped), "{arrival:?} {topics:?}");
        tried += 1;
    }
    assert!(tried > 0);
}

fn any(_: &[usize]) -> bool {
    true
}

#[test]
fn a_line_removed_in_part_and_the_rest_shipped() {
    let (cut, parcel) = (refund(2, 2, 1, "cancel", None), fulfillment(1, 4, 2, "success"));
    let none = json!([]);
    let (cuts, parcels) = (json!([cut]), json!([parcel]));
    ends(
        &[
            delivered("orders/create", order(0, &line(3, 3, 3), &none, &none)),
            delivered("orders/updated", order(1, &line(3, 3, 3), &none, &none)),
            delivered("refunds/create", cut),
            delivered("orders/updated", order(2, &line(3, 2, 2), &none, &cuts)),
            delivered("fulfillments/create", parcel),
            delivered("orders/updated", order(4, &line(3, 2, 0), &parcels, &cuts)),
        ],
        (0, 2, 0),
        any,
    );
}

#[test]
fn a_removed_line_that_is_not_restocked_is_free_again() {
    let cut = refund(2, 2, 1, "no_restock", None);
    let none = json!([]);
    let cuts = json!([cut]);
    ends(
        &[
            delivered("orders/create", order(0, &line(3, 3, 3), &none, &none)),
            delivered("orders/updated", order(1, &line(3, 3, 3), &none, &none)),
            delivered("refunds/create", cut),
            delivered("orders/updated", order(2, &line(3, 2, 2), &none, &cuts)),
        ],
        (2, 0, 0),
        any,
    );
}

#[test]
fn a_cancelled_order_with_its_refund_and_a_late_older_update() {
    let cut = refund(2, 5, 3, "cancel", None);
    let (none, cuts) = (json!([]), json!([cut]));
    let at = json!("2026-11-23T11:00:05+01:00");
    let gone =
        |second| with(order(second, &line(3, 0, 0), &none, &cuts), "cancelled_at", at.clone());
    ends(
        &[
            delivered("orders/create", order(0, &line(3, 3, 3), &none, &none)),
            delivered("orders/updated", order(1, &line(3, 3, 3), &none, &none)),
            delivered("refunds/create", cut.clone()),
            delivered("orders/cancelled", gone(5)),
            delivered("orders/updated", gone(6)),
        ],
        (0, 0, 0),
        any,
    );
}

#[test]
fn a_cancelled_order_of_which_a_part_was_shipped() {
    let (parcel, cut) =
        (fulfillment(1, 3, 1, "success"), refund(2, 5, 2, "cancel", Some("partial")));
    let (none, parcels, cuts) = (json!([]), json!([parcel]), json!([cut]));
    let gone = order(6, &line(3, 1, 0), &parcels, &cuts);
    let gone = with(gone, "cancelled_at", json!("2026-11-23T11:00:05+01:00"));
    ends(
        &[
            delivered("orders/create", order(0, &line(3, 3, 3), &none, &none)),
            delivered("fulfillments/create", parcel.clone()),
            delivered("orders/updated", order(3, &line(3, 3, 2), &parcels, &none)),
            delivered("refunds/create", cut.clone()),
            delivered("orders/cancelled", gone.clone()),
            delivered("orders/updated", gone),
        ],
        (0, 1, 0),
        any,
    );
}

#[test]
fn goods_that_come_back_are_counted_once() {
    let parcel = fulfillment(1, 2, 2, "success");
    let back = refund(3, 5, 1, "return", Some("fulfilled"));
    let (none, parcels, returns) = (json!([]), json!([parcel]), json!([back]));
    ends(
        &[
            delivered("orders/create", order(0, &line(2, 2, 2), &none, &none)),
            delivered("fulfillments/create", parcel.clone()),
            delivered("orders/updated", order(2, &line(2, 2, 0), &parcels, &none)),
            delivered("refunds/create", back),
            delivered("orders/updated", order(5, &line(2, 1, 0), &parcels, &returns)),
        ],
        (0, 2, 1),
        // A return before any word of its shipment asks a person (contract section 10).
        |order| {
            let place = |number| order.iter().position(|other| *other == number);
            place(3) > place(1).min(place(2)).min(place(4)) && (place(0) < place(3))
        },
    );
}

#[test]
fn a_parcel_that_is_undone_and_sent_again() {
    let (sent, undone) = (fulfillment(1, 2, 3, "success"), fulfillment(1, 4, 3, "cancelled"));
    // The shop keeps when it was made; only its state and `updated_at` change.
    let undone = with(undone, "created_at", sent["created_at"].clone());
    let again = fulfillment(9, 6, 3, "success");
    let none = json!([]);
    ends(
        &[
            delivered("orders/create", order(0, &line(3, 3, 3), &none, &none)),
            delivered("fulfillments/create", sent.clone()),
            delivered("fulfillments/update", undone.clone()),
            delivered("orders/updated", order(4, &line(3, 3, 3), &json!([undone]), &none)),
            delivered("fulfillments/create", again.clone()),
            delivered("orders/updated", order(6, &line(3, 3, 0), &json!([undone, again]), &none)),
        ],
        (0, 6, 3),
        // The units of the second parcel exist for the books once an update has named the first
        // as undone; a return needs its shipment, as above.
        |order| {
            let place = |number| order.iter().position(|other| *other == number);
            let update = place(3).min(place(5));
            place(0) == Some(0) && place(4) > update && place(2) > place(1).min(update)
        },
    );
}

#[test]
fn a_line_grown_by_an_edit() {
    let parcel = fulfillment(1, 4, 5, "success");
    let (none, parcels) = (json!([]), json!([parcel]));
    ends(
        &[
            delivered("orders/create", order(0, &line(3, 3, 3), &none, &none)),
            delivered("orders/updated", order(1, &line(3, 3, 3), &none, &none)),
            delivered("orders/updated", order(3, &line(5, 5, 5), &none, &none)),
            delivered("orders/updated", order(4, &line(5, 5, 0), &parcels, &none)),
            delivered("fulfillments/create", parcel),
        ],
        (0, 5, 0),
        // A parcel with units that no update has named yet asks a person.
        |order| {
            let place = |number| order.iter().position(|other| *other == number);
            place(4) > place(2).min(place(3)) && place(0) < place(4)
        },
    );
}
