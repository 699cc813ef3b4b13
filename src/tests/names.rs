//! Safeguard 7: a name that Onhand does not know becomes a conflict, one for each name, and the
//! events that use it wait.

use onhand::conflict::{
    Choice, Conflict, ConflictKind, ConflictStatus, EVENTS_LISTED_MAX, ResolutionOption as O,
};
use onhand::id::Text;
use onhand::ledger::{Input, Refused};
use onhand::record::Outcome;
use onhand::state::Settings;
use serde_json::Value;

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, amended, arrived, back, cancelled, counted, fulfilled, goods, item, line,
    line_from, location, part, part_from, placed, received, returned, set, shipped,
};

fn to_sku(conflict: &Conflict, sku: &str) -> Choice {
    Choice { sku: Some(sku.parse().unwrap()), ..choice(conflict, O::Map) }
}

fn to_location(conflict: &Conflict, location: &str) -> Choice {
    Choice { location: Some(location.parse().unwrap()), ..choice(conflict, O::Map) }
}

fn of(sku: &str, mut row: Value) -> Value {
    row["sku"] = sku.into();
    row
}

#[test]
fn every_event_that_names_stock_waits_for_an_unknown_name() {
    let says = [
        adjusted("NEW", "berlin", 1),
        received("NEW", "berlin", 1),
        counted("NEW", "berlin", 1),
        set("NEW", "berlin", 1, 0),
        placed("o1", &[line("1", "NEW", 1)]),
        received("TEA", "mars", 1),
        placed("o1", &[line_from("1", "TEA", 1, "mars")]),
        fulfilled("o1", "f1", &[part_from("1", 1, "mars")]),
        fulfilled("o1", "f1", &[of("NEW", part("1", 1))]),
        cancelled("o1").with("lines", vec![of("NEW", part("1", 1))]),
        returned("o1", "r1", &[of("NEW", back("1", 1, true))]),
    ];
    for says in says {
        let mut world = World::new();
        let result = world.post(says);
        assert_eq!(result.outcome, Outcome::Conflict);
        let conflict = world.conflict();
        assert_eq!((conflict.kind, result.conflict), (ConflictKind::Unmapped, Some(conflict.id)));
        let names = (conflict.sku.is_some(), conflict.location.is_some());
        assert!(names == (true, false) || names == (false, true), "{conflict:?}");
        assert_eq!(world.store.waiting_count(), 1);
    }
}

#[test]
fn there_is_one_conflict_for_each_name() {
    let mut world = World::new();
    world.batch([received("NEW", "berlin", 1), received("NEW", "hamburg", 1)]);
    world.post(adjusted("NEW", "berlin", 1));
    let conflict = world.conflict();
    assert_eq!((conflict.event_count, conflict.version), (3, 3));
    world.post(received("OTHER", "berlin", 1));
    assert_eq!(world.open(ConflictKind::Unmapped).len(), 2);
}

#[test]
fn a_name_that_comes_by_itself_releases_what_waits_and_closes_the_conflict() {
    let arrivals: [(Says, Says); 2] = [
        (received("NEW", "berlin", 4), item("NEW")),
        (received("TEA", "mars", 4), location("mars", 9)),
    ];
    for (says, arrival) in arrivals {
        let mut world = World::new();
        let result = world.post(says.clone());
        let conflict = world.conflict();
        world.post(arrival);
        assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
        assert_eq!(world.outcome(&result), Outcome::Applied);
        let (sku, place) = (&says.data["sku"], &says.data["location"]);
        assert_eq!(world.on_hand(sku.as_str().unwrap(), place.as_str().unwrap()), 4);
        world.quiet();
    }
}

#[test]
fn creating_the_name_releases_what_waits() {
    for says in [received("NEW", "berlin", 4), received("TEA", "mars", 4)] {
        let mut world = World::new();
        let result = world.post(says);
        let conflict = world.conflict();
        world.resolve(&conflict, O::Create).unwrap();
        assert_eq!(world.status(&conflict), ConflictStatus::Resolved);
        assert_eq!(world.outcome(&result), Outcome::Applied);
        world.quiet();
    }
}

#[test]
fn a_mapped_sku_means_the_known_one_from_then_on() {
    let mut world = World::new();
    world.post(received("TEE", "berlin", 4));
    let conflict = world.conflict();
    world.choose(to_sku(&conflict, "TEA")).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 4);
    let later = world.post(adjusted("TEE", "berlin", -1));
    assert_eq!(later.effects[0].sku.as_str(), "TEA");
    assert_eq!(world.on_hand("TEA", "berlin"), 3);
    world.quiet();
}

#[test]
fn a_mapped_location_means_the_known_one_from_then_on() {
    let mut world = World::new();
    world.post(received("TEA", "BER", 4));
    let conflict = world.conflict();
    world.choose(to_location(&conflict, "berlin")).unwrap();
    world.post(placed("o1", &[line_from("1", "TEA", 3, "BER")]));
    world.post(fulfilled("o1", "f1", &[part_from("1", 3, "BER")]));
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (1, 0));
    let line = world.order_line("o1", "1");
    assert_eq!(line.shares.len(), 1);
    assert_eq!(line.shares[0].location.as_str(), "berlin");
}

#[test]
fn a_name_mapped_to_a_mapped_name_means_what_that_one_means() {
    let mut world = World::new();
    world.post(received("TEE", "berlin", 1));
    let conflict = world.conflict();
    world.choose(to_sku(&conflict, "TEA")).unwrap();
    world.post(received("THE", "berlin", 1));
    let conflict = world.conflict();
    world.choose(to_sku(&conflict, "TEE")).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 2);
    let aliases = world.ledger.state().catalogue().sku_aliases();
    assert!(aliases.values().all(|sku| sku.as_str() == "TEA"), "{aliases:?}");
}

#[test]
fn an_item_under_a_mapped_name_is_an_item_of_its_own_from_then_on() {
    let mut world = World::new();
    world.post(received("TEE", "berlin", 1));
    let conflict = world.conflict();
    world.choose(to_sku(&conflict, "TEA")).unwrap();
    world.post(item("TEE"));
    world.post(received("TEE", "berlin", 5));
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("TEE", "berlin")), (1, 5));
}

#[test]
fn a_count_in_the_batch_of_the_mapping_knows_what_had_moved() {
    let mut world = World::new().given([received("TEA", "berlin", 5).at(200)]);
    world.post(received("TEE", "hamburg", 1));
    let conflict = world.conflict();
    let resolve = Input::Resolve(to_sku(&conflict, "TEA"));
    let count = counted("TEE", "berlin", 10).at(100).event("count");
    world.answers(&[resolve, Input::Event(count)]);
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
}

#[test]
fn mapping_needs_a_name_that_is_known() {
    let mut world = World::new();
    world.post(received("TEE", "berlin", 4));
    let conflict = world.conflict();
    for wrong in [choice(&conflict, O::Map), to_sku(&conflict, "NOPE")] {
        let refused = world.choose(wrong).unwrap_err();
        assert!(matches!(refused, Refused::Needs { field: "sku", .. }), "{refused}");
    }
    world.post(received("TEA", "BER", 4));
    let conflict = world.open(ConflictKind::Unmapped).remove(1);
    for wrong in [choice(&conflict, O::Map), to_location(&conflict, "NOPE")] {
        let refused = world.choose(wrong).unwrap_err();
        assert!(matches!(refused, Refused::Needs { field: "location", .. }), "{refused}");
    }
    assert_eq!(world.store.waiting_count(), 2);
}

#[test]
fn an_event_with_two_unknown_names_is_asked_about_one_after_the_other() {
    let mut world = World::new();
    let result = world.post(received("NEW", "mars", 4));
    world.post(item("NEW"));
    assert_eq!(world.outcome(&result), Outcome::Conflict);
    let conflict = world.conflict();
    assert_eq!(conflict.location.as_ref().unwrap().as_str(), "mars");
    world.post(location("mars", 9));
    assert_eq!(world.outcome(&result), Outcome::Applied);
    assert_eq!(world.on_hand("NEW", "mars"), 4);
}

#[test]
fn discarding_rejects_what_waits_and_asks_again_for_what_comes_later() {
    let mut world = World::new();
    let results = world.batch([received("NEW", "berlin", 1), received("NEW", "berlin", 2)]);
    let conflict = world.conflict();
    world.resolve(&conflict, O::Discard).unwrap();
    for result in &results {
        assert_eq!(world.outcome(result), Outcome::Rejected);
    }
    world.quiet();
    world.post(received("NEW", "berlin", 3));
    assert_ne!(world.conflict().id, conflict.id);
}

#[test]
fn a_discard_takes_only_what_the_person_has_seen() {
    let mut world = World::new();
    let seen = world.post(received("NEW", "berlin", 1));
    let conflict = world.conflict();
    let discard = Input::Resolve(choice(&conflict, O::Discard));
    let unseen = Input::Event(received("NEW", "berlin", 2).event("unseen"));
    world.answers(&[discard, unseen]);
    assert_eq!(world.outcome(&seen), Outcome::Rejected);
    let asked_again = world.conflict();
    assert_eq!((asked_again.kind, asked_again.event_count), (ConflictKind::Unmapped, 1));
    assert_eq!(asked_again.events[0].id.as_str(), "unseen");
    world.post(item("NEW"));
    assert_eq!(world.on_hand("NEW", "berlin"), 2);
    world.quiet();
}

#[test]
fn an_order_without_any_location_waits_for_the_first_one() {
    let mut world = World::empty().given([item("TEA")]);
    let order = world.post(placed("o1", &[line("1", "TEA", 2)]));
    assert_eq!(order.outcome, Outcome::Conflict);
    let conflict = world.conflict();
    assert_eq!((conflict.kind, conflict.sku.clone()), (ConflictKind::Unmapped, None));
    for option in [O::Map, O::Create] {
        let refused = world.resolve(&conflict, option).unwrap_err();
        assert!(matches!(refused, Refused::NotOffered { .. }), "{refused}");
    }
    world.post(location("berlin", 1));
    assert_eq!(world.outcome(&order), Outcome::Applied);
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!(world.committed("TEA", "berlin"), 2);
}

/// It is asked about the name before it waits for its order.
#[test]
fn an_amendment_without_any_location_waits_for_the_first_one_and_then_for_its_order() {
    let mut world = World::empty().given([item("TEA")]);
    let early = world.post(amended("o1", 1, &[line("1", "TEA", 3)]));
    assert_eq!(early.outcome, Outcome::Conflict);
    assert_eq!(world.conflict().kind, ConflictKind::Unmapped);
    world.post(location("berlin", 1));
    assert_eq!(world.outcome(&early), Outcome::Parked);
    world.post(placed("o1", &[line("1", "TEA", 2)]));
    assert_eq!((world.outcome(&early), world.committed("TEA", "berlin")), (Outcome::Applied, 3));
}

#[test]
fn creating_the_first_location_releases_orders_that_wait_for_any() {
    let mut world = World::empty().given([item("TEA")]);
    let order = world.post(placed("o1", &[line("1", "TEA", 2)]));
    let waits = world.conflict();
    world.post(received("TEA", "berlin", 5));
    let unmapped = world.open(ConflictKind::Unmapped).remove(1);
    world.resolve(&unmapped, O::Create).unwrap();
    assert_eq!(world.outcome(&order), Outcome::Applied);
    assert_eq!(world.status(&waits), ConflictStatus::AutoResolved);
    world.quiet();
}

#[test]
fn unknown_skus_are_created_on_first_sight_where_the_house_says_so() {
    let settings = Settings { create_unknown_skus: true, ..Settings::default() };
    let mut world = World::with(settings).given([location("berlin", 1)]);
    let order =
        world.post(placed("o1", &[line("1", "A", 2), line("2", "A", 1), line("3", "B", 1)]));
    assert_eq!(order.outcome, Outcome::Applied);
    assert_eq!(world.ledger.state().catalogue().items().len(), 2);
    assert_eq!((world.committed("A", "berlin"), world.committed("B", "berlin")), (3, 1));
    let besides = world.post(placed("o2", &[line("1", "A", 1), line("2", "D", 4)]));
    assert_eq!((besides.outcome, world.committed("D", "berlin")), (Outcome::Applied, 4));
    let elsewhere = world.post(received("C", "mars", 1));
    assert_eq!(elsewhere.outcome, Outcome::Conflict, "locations are never created");
}

#[test]
fn a_mapping_is_seen_by_orders_of_both_names() {
    let mut world = World::new().given([received("TEA", "berlin", 10)]);
    world.post(placed("o1", &[line("1", "TEA", 2), line("2", "TEE", 3)]));
    let conflict = world.conflict();
    world.choose(to_sku(&conflict, "TEA")).unwrap();
    assert_eq!(world.committed("TEA", "berlin"), 5);
    assert_eq!(world.order_line("o1", "2").sku.as_str(), "TEA");
}

#[test]
fn what_is_said_anew_of_a_name_leaves_the_rest_of_it_as_it_was() {
    let mut world = World::empty().given([
        location("berlin", 1).with("name", "Berlin, yard"),
        location("hamburg", 2).with("name", "Hamburg, port"),
        item("TEA").with("name", "Tea").with("low_stock", 5),
        item("MUG").with("name", "Mug").with("low_stock", 7),
    ]);
    world.post_all([location("hamburg", 3), item("MUG").with("low_stock", 8)]);
    let catalogue = world.ledger.state().catalogue();
    let places: Vec<_> = catalogue
        .locations()
        .iter()
        .map(|info| (info.name.as_ref().map(Text::as_str), info.rank))
        .collect();
    assert_eq!(places, [(Some("Berlin, yard"), Some(1)), (Some("Hamburg, port"), Some(3))]);
    let items: Vec<_> = catalogue
        .items()
        .iter()
        .map(|info| (info.name.as_ref().map(Text::as_str), info.low_stock))
        .collect();
    assert_eq!(items, [(Some("Tea"), Some(5)), (Some("Mug"), Some(8))]);
}

/// A decision is about the last one, so that one is listed however many there are.
#[test]
fn a_conflict_lists_the_first_of_many_events_and_the_last_one() {
    let mut world = World::new();
    let says = (1..=60).map(|units| adjusted("CUP", "berlin", units));
    let came: Vec<Option<u64>> = world.post_all(says).iter().map(|result| result.seq).collect();
    let conflict = world.conflict();
    let listed: Vec<_> = conflict.events.iter().map(|event| Some(event.seq)).collect();
    assert_eq!((conflict.event_count, listed.len()), (60, EVENTS_LISTED_MAX));
    let (last, first) = listed.split_last().unwrap();
    assert_eq!((first, last), (&came[..EVENTS_LISTED_MAX - 1], &came[59]));
}

/// What all that waits has in common, the conflict says: an order, or a transfer.
#[test]
fn a_conflict_about_a_name_says_which_transfer_it_is_about_if_it_is_one() {
    let cups = |transfer, at| shipped(transfer, "berlin", "hamburg", &[goods("CUP", 2)]).at(at);
    let arrive = arrived("t1", "r1", &[goods("CUP", 1)]).at(7);
    for (second, transfer) in [(arrive, Some("t1")), (cups("t2", 8), None)] {
        let mut world =
            World::new().given([shipped("t1", "berlin", "hamburg", &[goods("TEA", 1)])]);
        world.post(arrived("t1", "r0", &[goods("CUP", 1)]).at(6));
        world.post(second);
        let conflict = world.open(ConflictKind::Unmapped).remove(0);
        assert_eq!(conflict.event_count, 2);
        assert_eq!(conflict.transfer.as_ref().map(onhand::id::TransferId::as_str), transfer);
    }
}
