//! A kit consists of other items. It holds no stock, so `stock.*` on it is invalid, and kits do not
//! nest. What is available of it is what its components make.

use onhand::conflict::{Choice, ConflictKind, ResolutionOption as O};
use onhand::ledger::{Input, Refused};
use onhand::record::{Bucket, Outcome};
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, arrived, counted, goods, item, kit, line, moved, placed, received, reversed,
    set, shipped,
};

/// `SET` is two of `TEA` and one `MUG`.
fn world() -> World {
    World::new().given([kit("SET", &[goods("TEA", 2), goods("MUG", 1)])])
}

fn pointer(result: &EventResult) -> &str {
    assert_eq!(result.outcome, Outcome::Invalid, "{result:?}");
    assert_eq!(result.seq, None, "nothing is recorded");
    &result.errors[0].pointer
}

/// What is available of an item, by location.
fn available(world: &World, sku: &str) -> Vec<(String, i64)> {
    let state = world.ledger.state();
    let sku = state.catalogue().sku(&sku.parse().unwrap()).unwrap();
    let name = |location| state.catalogue().location_name(location).to_string();
    state.available(sku).into_iter().map(|(location, units)| (name(location), units)).collect()
}

#[test]
fn whatever_happens_to_stock_cannot_happen_to_a_kit() {
    let says: [Says; 5] = [
        adjusted("SET", "berlin", 1),
        received("SET", "berlin", 1),
        counted("SET", "berlin", 0),
        moved("SET", "berlin", 1, "available", "damaged"),
        set("SET", "berlin", 1, 0),
    ];
    for says in says {
        let mut world = world();
        assert_eq!(pointer(&world.post(says)), "/data/sku");
        assert_eq!(world.version("SET", "berlin"), 0);
    }
}

#[test]
fn what_waited_for_the_name_of_a_kit_is_asked_about_when_it_comes() {
    let mut world = World::new();
    let held = world.post(received("SET", "berlin", 1));
    assert_eq!(held.outcome, Outcome::Conflict);
    world.post(kit("SET", &[goods("TEA", 2)]));
    assert_eq!(world.outcome(&held), Outcome::Conflict, "it happened all the same");
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Poison);
    assert!(conflict.evidence[1].value.contains("is a kit"), "{conflict:?}");
    assert!(world.resolve(&conflict, O::Retry).unwrap_err().to_string().contains("is a kit"));
    world.resolve(&conflict, O::Discard).unwrap();
    assert_eq!(world.outcome(&held), Outcome::Rejected);
    // A request is refused for good.
    let asked = world.post(set("NEW", "berlin", 1, 0));
    world.post(kit("NEW", &[goods("TEA", 2)]));
    assert_eq!(world.outcome(&asked), Outcome::Rejected);
    world.quiet();
}

/// Nobody says that a name means a kit where that would be a mistake in what waits for it.
#[test]
fn an_unknown_name_means_no_kit_while_stock_of_it_waits() {
    let table = [
        ("a receipt", received("NEW", "berlin", 1), true),
        ("an adjustment", adjusted("NEW", "berlin", 1), true),
        ("a count", counted("NEW", "berlin", 0), true),
        ("a move", moved("NEW", "berlin", 1, "available", "damaged"), true),
        ("a set", set("NEW", "berlin", 1, 0), true),
        ("a component", kit("BOX", &[goods("NEW", 1)]), true),
        ("an order", placed("o1", &[line("1", "NEW", 1)]), false),
        ("a shipment", shipped("t1", "berlin", "hamburg", &[goods("NEW", 1)]), false),
    ];
    for (what, says, is_refused) in table {
        let mut world = world().given([received("TEA", "berlin", 9), received("MUG", "berlin", 9)]);
        // Others that wait for it make no difference.
        world.post(placed("o2", &[line("1", "NEW", 1)]));
        world.post(says);
        let conflict = world.conflict();
        let to =
            |sku: &str| Choice { sku: Some(sku.parse().unwrap()), ..choice(&conflict, O::Map) };
        let mapped = world.choose(to("SET"));
        if is_refused {
            let refused = mapped.unwrap_err();
            assert!(matches!(refused, Refused::Needs { field: "sku", .. }), "{what}: {refused:?}");
            assert!(refused.to_string().contains("no kit"), "{what}: {refused}");
            assert_eq!(world.conflict(), conflict, "{what} waits as before");
            world.choose(to("TEA")).unwrap();
        } else {
            mapped.unwrap();
        }
        assert_eq!(world.open(ConflictKind::Poison), [], "{what}");
        assert_eq!(world.store.waiting_count(), 0, "{what}");
    }
}

#[test]
fn a_kit_waits_for_its_components() {
    let mut world = World::new();
    let held = world.post(kit("BOX", &[goods("TEA", 1), goods("NEW", 1)]));
    assert_eq!(held.outcome, Outcome::Conflict);
    assert_eq!(world.conflict().kind, ConflictKind::Unmapped);
    world.post(item("NEW"));
    assert_eq!(world.outcome(&held), Outcome::Applied);
    world.post_all([received("TEA", "berlin", 3), received("NEW", "berlin", 2)]);
    assert_eq!(available(&world, "BOX"), [("berlin".to_owned(), 2)]);
}

/// Each is said to be a part of the other: the one that goes on first is a kit. Also in one batch, in
/// which something has to be looked up after both have come to wait.
#[test]
fn of_two_kits_that_wait_for_each_other_one_goes_on() {
    let says = [
        kit("BOX", &[goods("SET", 1)]).event("box"),
        kit("SET", &[goods("BOX", 1)]).event("set"),
        reversed("wms", "in").event("look"),
        item("SET").event("item"),
    ];
    let inputs = says.map(Input::Event);
    for size in [1, 4] {
        let mut world = World::new().given([received("TEA", "berlin", 1).id("in")]);
        let results: Vec<EventResult> =
            inputs.chunks(size).flat_map(|some| world.inputs(some)).collect();
        assert_eq!(world.outcome(&results[0]), Outcome::Applied, "{size} at once");
        assert_eq!(world.outcome(&results[1]), Outcome::Conflict, "{size} at once");
        let conflict = world.conflict();
        assert_eq!(conflict.kind, ConflictKind::Poison);
        assert!(conflict.evidence[1].value.contains("kits do not nest"), "{conflict:?}");
        assert_eq!(world.store.waiting_count(), 0);
    }
}

/// What cannot be a kit, and where the mistake is.
#[test]
fn kits_do_not_nest_and_hold_no_stock() {
    let table = [
        (kit("BOX", &[goods("MUG", 1), goods("SET", 1)]), "/data/kit/1/sku"),
        (kit("TEA", &[goods("POT", 1)]), "/data/kit"),
        (kit("POT", &[goods("MUG", 1)]), "/data/kit"),
    ];
    for (says, expected) in table {
        let mut world = world().given([item("POT"), received("POT", "berlin", 1)]);
        assert_eq!(pointer(&world.post(says)), expected);
    }
}

#[test]
fn an_item_that_was_ordered_is_no_kit_any_more() {
    let mut world = World::new().given([item("POT"), placed("o1", &[line("1", "POT", 1)])]);
    assert_eq!(pointer(&world.post(kit("POT", &[goods("MUG", 1)]))), "/data/kit");
}

#[test]
fn a_name_that_means_the_kit_or_the_same_component_is_no_other_item() {
    let mut world = World::new();
    world.post(received("LEAVES", "berlin", 1));
    let conflict = world.conflict();
    let mut to_tea = choice(&conflict, O::Map);
    to_tea.sku = Some("TEA".parse().unwrap());
    world.choose(to_tea).unwrap();
    let twice = kit("SET", &[goods("TEA", 1), goods("LEAVES", 1)]);
    assert_eq!(pointer(&world.post(twice)), "/data/kit/1/sku");
    world.post(kit("SET", &[goods("LEAVES", 3)]));
    let catalogue = world.ledger.state().catalogue();
    let set = catalogue.item(catalogue.sku(&"SET".parse().unwrap()).unwrap());
    assert_eq!(set.kit[0].sku.as_str(), "TEA", "it is known by the item's own name");
    assert_eq!(catalogue.kits_of(&"TEA".parse().unwrap()).count(), 1);
}

#[test]
fn what_an_event_leaves_out_stays_and_what_it_says_replaces_the_kit() {
    let mut world =
        world().given([item("SET").with("name", "Tea set"), received("MUG", "berlin", 9)]);
    assert_eq!(available(&world, "SET"), [("berlin".to_owned(), 0)]);
    world.post(kit("SET", &[goods("MUG", 3)]));
    assert_eq!(available(&world, "SET"), [("berlin".to_owned(), 3)]);
    let catalogue = world.ledger.state().catalogue();
    assert_eq!(catalogue.kits_of(&"TEA".parse().unwrap()).count(), 0, "tea is free to be a kit");
    assert!(catalogue.item(catalogue.sku(&"SET".parse().unwrap()).unwrap()).name.is_some());
}

/// The stock of tea and mugs at Berlin and Hamburg, and the sets that it makes there.
#[test]
fn a_kit_is_available_as_far_as_its_components_are() {
    let table = [
        ([(7, 9), (0, 0)], [3, 0]),
        ([(7, 2), (0, 0)], [2, 0]),
        ([(7, 0), (0, 9)], [0, 0]),
        ([(7, 1), (4, 9)], [1, 2]),
    ];
    for (stock, kits) in table {
        let mut world = world();
        for (place, (tea, mugs)) in ["berlin", "hamburg"].into_iter().zip(stock) {
            world.post_all([counted("TEA", place, tea), counted("MUG", place, mugs)]);
        }
        let expected = [("berlin".to_owned(), kits[0]), ("hamburg".to_owned(), kits[1])];
        assert_eq!(available(&world, "SET"), expected, "{stock:?}");
    }
}

#[test]
fn what_others_were_promised_is_not_in_a_kit() {
    let mut world = world().given([received("TEA", "berlin", 7), received("MUG", "berlin", 9)]);
    world.post(placed("o1", &[line("1", "TEA", 4)]));
    assert_eq!(available(&world, "SET"), [("berlin".to_owned(), 1)]);
    world.post(moved("MUG", "berlin", 9, "available", "safety_stock"));
    assert_eq!(available(&world, "SET"), [("berlin".to_owned(), 0)]);
    world.post(placed("o2", &[line("1", "TEA", 4)]));
    assert_eq!(available(&world, "SET"), [("berlin".to_owned(), -1)], "a part is oversold");
}

/// Kits travel as their components, which are what they were when the transfer first named it.
#[test]
fn a_transfer_of_kits_moves_their_components() {
    let mut world = world().given([
        received("TEA", "berlin", 20),
        received("MUG", "berlin", 20),
        shipped("t1", "berlin", "hamburg", &[goods("SET", 3), goods("TEA", 1)]),
    ]);
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (13, 17));
    let incoming = |world: &World, sku| world.level(sku, "hamburg").get(Bucket::Incoming);
    assert_eq!((incoming(&world, "TEA"), incoming(&world, "MUG")), (7, 3));
    world.post(kit("SET", &[goods("TEA", 5)]));
    let mut broken = goods("SET", 1);
    broken["state"] = "damaged".into();
    world
        .post(arrived("t1", "r1", &[goods("SET", 2), broken, goods("TEA", 1)]).with("final", true));
    world.quiet();
    assert_eq!((incoming(&world, "TEA"), incoming(&world, "MUG")), (0, 0));
    let level = world.level("TEA", "hamburg");
    assert_eq!((level.get(Bucket::OnHand), level.get(Bucket::Damaged)), (7, 2));
    assert_eq!(world.on_hand("MUG", "hamburg"), 3);
}

#[test]
fn a_transfer_of_too_many_kits_is_invalid() {
    let mut world = World::new().given([kit("PALLET", &[goods("TEA", 1_000_000)])]);
    let much = [goods("TEA", 1), goods("PALLET", 1_000_001)];
    let result = world.post(shipped("t1", "berlin", "hamburg", &much));
    assert_eq!(pointer(&result), "/data/lines/1/sku");
}

/// What is known of an item is no effect that could be negated: orders may have been expanded by it.
/// So it stays, as when its event is to be reversed, until somebody says the item anew; the reversal
/// says so. The event itself waits again, and may go on with another component.
#[test]
fn a_kit_stays_what_it_was_made_when_the_name_of_its_component_means_nothing_again() {
    let made_of = |world: &World| -> Vec<String> {
        let catalogue = world.ledger.state().catalogue();
        let set = catalogue.sku(&"SET".parse().unwrap()).map(|set| catalogue.item(set));
        set.iter().flat_map(|set| &set.kit).map(|part| part.sku.to_string()).collect()
    };
    let map = |world: &mut World, sku: &str| {
        let sku = Some(sku.parse().unwrap());
        world.choose(Choice { sku, ..choice(&world.conflict(), O::Map) }).unwrap()
    };
    for ends in ["discarded", "mapped to another", "said anew"] {
        let mut world = World::new().given([received("TEA", "berlin", 10)]);
        let says = world.post(kit("SET", &[goods("NEW", 2)]).id("set"));
        let decision = map(&mut world, "TEA");
        world.post(placed("o1", &[line("1", "SET", 1)]));
        let by_itself = world.post(reversed("wms", "set"));
        assert!(by_itself.reason.unwrap().ends_with("is changed by saying it anew"));
        let reversal = world.post(reversed("onhand", decision.envelope.id.as_str()));
        assert_eq!((reversal.outcome, world.outcome(&says)), (Outcome::Applied, Outcome::Conflict));
        let reason = format!("SET stays what it was made by #{}: say it anew", says.seq.unwrap());
        assert_eq!(reversal.reason.as_deref(), Some(reason.as_str()));
        assert_eq!(made_of(&world), ["TEA"]);
        let (outcome, parts) = match ends {
            "discarded" => {
                world.resolve(&world.conflict(), O::Discard).unwrap();
                (Outcome::Rejected, "TEA")
            }
            "mapped to another" => {
                map(&mut world, "MUG");
                (Outcome::Applied, "MUG")
            }
            _ => {
                world.post(kit("SET", &[goods("MUG", 1)]));
                (Outcome::Conflict, "MUG")
            }
        };
        assert_eq!((world.outcome(&says), made_of(&world)), (outcome, vec![parts.to_owned()]));
        assert_eq!(
            world.order_line("o1", "1").kit[0].sku.as_str(),
            "TEA",
            "{ends}: it was ordered"
        );
    }
}
