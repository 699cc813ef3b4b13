//! What a person can do about an oversold level besides acknowledging it: `reallocate` has another
//! location serve what is missing, `cancel_lines` gives promises up. What is missing still is a new
//! question.

use onhand::conflict::{
    CancelledPart, Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption as O,
};
use onhand::ledger::Refused;
use onhand::record::Outcome;
use onhand::state::Oversold;

use crate::harness::{World, choice};
use crate::says::{
    adjusted, fulfilled, goods, kit, line_from, part, part_from, placed, received, reversed,
};

/// 4 TEA at Berlin, promised 3, 2 and 2 in three orders; `elsewhere` at Hamburg.
fn world(elsewhere: i64) -> (World, Conflict) {
    let tea = |quantity| [line_from("1", "TEA", quantity, "berlin")];
    let world = World::new().given([
        received("TEA", "berlin", 4),
        received("TEA", "hamburg", elsewhere),
        placed("o1", &tea(3)),
        placed("o2", &tea(2)),
        placed("o3", &tea(2)),
    ]);
    let conflict = world.conflict();
    assert_eq!((conflict.kind, world.available("TEA", "berlin")), (ConflictKind::Oversold, -3));
    (world, conflict)
}

fn to(conflict: &Conflict, location: &str) -> Choice {
    Choice { location: Some(location.parse().unwrap()), ..choice(conflict, O::Reallocate) }
}

/// An order, its line, and how many.
type Part = (&'static str, &'static str, Option<i64>);

fn cancelling(conflict: &Conflict, lines: &[Part]) -> Choice {
    let lines = lines.iter().map(|(order, line, quantity)| CancelledPart {
        order: order.parse().unwrap(),
        line: line.parse().unwrap(),
        quantity: *quantity,
    });
    Choice { lines: lines.collect(), ..choice(conflict, O::CancelLines) }
}

/// Units that an order is promised at Berlin and at Hamburg.
fn promised(world: &World, order: &str) -> (i64, i64) {
    let line = world.order_line(order, "1");
    let at = |place: &str| {
        let here = line.shares.iter().find(|share| share.location.as_str() == place);
        here.map_or(0, |share| share.committed)
    };
    (at("berlin"), at("hamburg"))
}

#[test]
fn what_is_missing_is_promised_elsewhere_for_those_who_ordered_last() {
    let (mut world, conflict) = world(10);
    let record = world.choose(to(&conflict, "hamburg")).unwrap();
    assert_eq!(record.outcome, Outcome::Applied);
    let orders = ["o1", "o2", "o3"].map(|order| promised(&world, order));
    assert_eq!(orders, [(3, 0), (1, 1), (0, 2)]);
    assert_eq!((world.available("TEA", "berlin"), world.available("TEA", "hamburg")), (0, 7));
    assert_eq!(world.status(&conflict), ConflictStatus::Resolved);
    assert_eq!(world.level("TEA", "berlin").oversold, Oversold::No);
    world.quiet();
    world.post(fulfilled("o3", "f1", &[part("1", 2)]));
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("TEA", "hamburg")), (4, 8));
}

/// Whoever was promised first goes on being served from here, whatever the orders are called.
#[test]
fn what_was_promised_last_goes_elsewhere_first() {
    let tea = |order: &str| placed(order, &[line_from("1", "TEA", 2, "berlin")]);
    let stock = [received("TEA", "berlin", 4), received("TEA", "hamburg", 9)];
    let mut world = World::new().given(stock).given([tea("c"), tea("a"), tea("b")]);
    world.choose(to(&world.conflict(), "hamburg")).unwrap();
    let orders = ["c", "a", "b"].map(|order| promised(&world, order));
    assert_eq!(orders, [(2, 0), (2, 0), (0, 2)]);
}

#[test]
fn no_more_than_the_other_location_has() {
    let (mut world, conflict) = world(2);
    world.choose(to(&conflict, "hamburg")).unwrap();
    assert_eq!((world.available("TEA", "berlin"), world.available("TEA", "hamburg")), (-1, 0));
    let rest = world.conflict();
    assert!(rest.id > conflict.id, "what is left is a new question");
    world.post(received("TEA", "munich", 1));
    world.choose(to(&rest, "munich")).unwrap();
    world.quiet();
}

#[test]
fn a_place_that_has_nothing_or_is_the_same_or_unknown_is_refused() {
    let (mut world, conflict) = world(1);
    world.post(adjusted("TEA", "hamburg", -1));
    let table = [
        (to(&conflict, "hamburg"), "must have units available"),
        (to(&conflict, "berlin"), "must be another location"),
        (to(&conflict, "nowhere"), "must name a location that is known"),
        (choice(&conflict, O::Reallocate), "must name a location that is known"),
    ];
    for (choice, expected) in table {
        let refused = world.choose(choice).unwrap_err();
        let Refused::Needs { field, problem } = refused else { panic!("{refused}") };
        assert_eq!((field, problem), ("location", expected));
    }
    assert_eq!(world.conflict(), conflict, "nothing has changed");
}

#[test]
fn only_promises_can_be_served_from_elsewhere() {
    let mut world = World::new().given([
        received("TEA", "berlin", 4),
        received("TEA", "hamburg", 4),
        adjusted("TEA", "berlin", -9),
    ]);
    let conflict = world.conflict();
    let refused = world.choose(to(&conflict, "hamburg")).unwrap_err();
    assert!(matches!(&refused, Refused::Impossible(why) if why.contains("no order")), "{refused}");
}

#[test]
fn lines_are_cancelled_in_part_or_as_far_as_they_are_promised_here() {
    let (mut world, conflict) = world(1);
    let record = world.choose(cancelling(&conflict, &[("o1", "1", Some(1)), ("o3", "1", None)]));
    assert_eq!(record.unwrap().outcome, Outcome::Applied);
    let line = |order: &str| world.order_line(order, "1");
    assert_eq!((line("o1").committed(), line("o1").cancelled), (2, 1));
    assert_eq!((line("o3").committed(), line("o3").cancelled), (0, 2));
    assert_eq!(world.available("TEA", "berlin"), 0);
    world.quiet();
}

#[test]
fn too_little_cancelled_is_asked_about_anew() {
    let (mut world, conflict) = world(1);
    world.choose(cancelling(&conflict, &[("o2", "1", Some(1)), ("o2", "1", Some(1))])).unwrap();
    let rest = world.conflict();
    assert!(rest.id > conflict.id);
    assert_eq!(world.available("TEA", "berlin"), -1);
}

#[test]
fn what_cannot_be_cancelled_is_refused_as_a_whole() {
    let (mut world, _) = world(2);
    world.post(received("MUG", "berlin", 9));
    world.post(placed("mugs", &[line_from("1", "MUG", 1, "berlin")]));
    world.post(placed("there", &[line_from("1", "TEA", 1, "hamburg")]));
    let conflict = world.conflict();
    let table: [(&[Part], &str); 7] = [
        (&[], "must name at least one line of an order"),
        (&[("o1", "1", None), ("o9", "1", None)], "must name lines of known orders"),
        (&[("o1", "9", None)], "must name lines of known orders"),
        (&[("mugs", "1", None)], "must name lines that take from the SKU that is short"),
        (&[("there", "1", None)], "must name lines that are promised units here"),
        (&[("o1", "1", Some(4))], "must cancel at least 1 and no more than is promised here"),
        (&[("o1", "1", Some(0))], "must cancel at least 1 and no more than is promised here"),
    ];
    for (lines, expected) in table {
        let refused = world.choose(cancelling(&conflict, lines)).unwrap_err();
        let Refused::Needs { field, problem } = refused else { panic!("{refused}") };
        assert_eq!((field, problem), ("lines", expected));
    }
    assert_eq!(world.committed("TEA", "berlin"), 7);
}

#[test]
fn both_can_be_taken_back_and_the_shortage_is_open_again() {
    for cancels in [false, true] {
        let (mut world, conflict) = world(10);
        let choice = if cancels {
            cancelling(&conflict, &[("o1", "1", None)])
        } else {
            to(&conflict, "hamburg")
        };
        let decision = world.choose(choice).unwrap();
        world.post(reversed("onhand", decision.envelope.id.as_str()));
        assert_eq!((world.available("TEA", "berlin"), world.available("TEA", "hamburg")), (-3, 10));
        let orders = ["o1", "o2", "o3"].map(|order| promised(&world, order));
        assert_eq!(orders, [(3, 0), (2, 0), (2, 0)]);
        assert_eq!(world.conflict().id, conflict.id);
        world.post(received("TEA", "berlin", 3));
        world.quiet();
    }
}

#[test]
fn what_is_shipped_from_elsewhere_since_stays() {
    let (mut world, conflict) = world(10);
    let decision = world.choose(to(&conflict, "hamburg")).unwrap();
    world.post(fulfilled("o3", "f1", &[part_from("1", 2, "hamburg")]));
    let result = world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(result.outcome, Outcome::Rejected);
    assert!(result.reason.unwrap().contains("rest on line 1"));
}

#[test]
fn lines_of_other_items_stay_where_they_are() {
    let mut world = World::new().given([
        received("TEA", "hamburg", 9),
        received("MUG", "berlin", 9),
        kit("MUGS", &[goods("MUG", 2)]),
        placed("o1", &[line_from("1", "TEA", 2, "berlin")]),
        placed("o2", &[line_from("1", "MUG", 2, "berlin")]),
        placed("o3", &[line_from("1", "MUGS", 1, "berlin")]),
    ]);
    let conflict = world.conflict();
    world.choose(to(&conflict, "hamburg")).unwrap();
    let orders = ["o1", "o2", "o3"].map(|order| promised(&world, order));
    assert_eq!(orders, [(0, 2), (2, 0), (1, 0)]);
}

/// The components of a kit lie together and its line is not split over locations: where one of them
/// is short, all of the line moves to where all of them are, or it stays.
#[test]
fn kits_move_as_a_whole_or_not_at_all() {
    // Mugs at Hamburg; what is promised of each order at Berlin and Hamburg; tea left at Berlin.
    let cases = [(2, (1, 1), (0, 2), 0), (9, (1, 1), (0, 2), 0), (1, (0, 2), (2, 0), -3)];
    for (mugs, tea, sets, left) in cases {
        let mut world = World::new().given([
            received("TEA", "berlin", 1),
            received("TEA", "hamburg", 9),
            received("MUG", "berlin", 9),
            received("MUG", "hamburg", mugs),
            kit("SET", &[goods("TEA", 2), goods("MUG", 1)]),
            placed("o1", &[line_from("1", "TEA", 2, "berlin")]),
            placed("o2", &[line_from("1", "SET", 2, "berlin")]),
        ]);
        let conflict = world.conflict();
        world.choose(to(&conflict, "hamburg")).unwrap();
        assert_eq!((promised(&world, "o1"), promised(&world, "o2")), (tea, sets), "{mugs} mugs");
        assert_eq!(world.available("TEA", "berlin"), left);
        assert_eq!(world.available("MUG", "hamburg"), mugs - sets.1);
    }
}

/// A kit that takes from a level that is short can be cancelled, in part or all of it.
#[test]
fn lines_of_kits_are_cancelled_where_a_component_is_short() {
    for (quantity, left) in [(Some(1), 4), (None, 0)] {
        let mut world = World::new().given([
            received("MUG", "berlin", 9),
            kit("SET", &[goods("TEA", 2), goods("MUG", 1)]),
            placed("o1", &[line_from("1", "SET", 3, "berlin")]),
        ]);
        let conflict = world.conflict();
        assert_eq!(conflict.sku.as_ref().unwrap().as_str(), "TEA");
        let order = world.store.order("o1").unwrap();
        assert!(order.is_promised(&"TEA".parse().unwrap(), &"berlin".parse().unwrap()));
        let part =
            CancelledPart { order: "o1".parse().unwrap(), line: "1".parse().unwrap(), quantity };
        world.choose(Choice { lines: vec![part], ..choice(&conflict, O::CancelLines) }).unwrap();
        assert_eq!(world.committed("TEA", "berlin"), left);
        assert_eq!(world.committed("MUG", "berlin"), left / 2);
        let line = world.order_line("o1", "1");
        assert_eq!((line.cancelled, line.committed()), (3 - left / 2, left / 2));
    }
}

#[test]
fn a_decision_in_the_batch_of_the_orders_sees_them() {
    let (mut world, conflict) = world(10);
    let late = placed("o4", &[line_from("1", "TEA", 1, "berlin")]);
    let expected_version = conflict.version + 1;
    let inputs = [
        onhand::ledger::Input::Event(late.event("late")),
        onhand::ledger::Input::Resolve(Choice { expected_version, ..to(&conflict, "hamburg") }),
    ];
    world.answers(&inputs);
    assert_eq!(promised(&world, "o4"), (0, 1), "the last one ordered is moved first");
    assert_eq!(world.available("TEA", "berlin"), 0);
}

#[test]
fn an_order_that_was_shipped_is_promised_nothing() {
    let promised = |world: &World| {
        let order = world.store.order("o1").unwrap();
        order.is_promised(&"TEA".parse().unwrap(), &"berlin".parse().unwrap())
    };
    let mut world = World::new()
        .given([received("TEA", "berlin", 5), placed("o1", &[line_from("1", "TEA", 2, "berlin")])]);
    assert!(promised(&world));
    world.post(fulfilled("o1", "f1", &[part("1", 2)]));
    assert!(!promised(&world));
}

/// Where a line stands of which nothing is promised any more, it stays.
#[test]
fn a_line_that_was_shipped_is_not_promised_elsewhere() {
    let tea = |line: &str| line_from(line, "TEA", 2, "berlin");
    let mut world = World::new().given([
        received("TEA", "berlin", 2),
        received("TEA", "hamburg", 9),
        placed("o1", &[tea("1"), tea("2")]),
        fulfilled("o1", "f1", &[part("2", 2)]),
    ]);
    let shipped = world.order_line("o1", "2");
    world.choose(to(&world.conflict(), "hamburg")).unwrap();
    assert_eq!(promised(&world, "o1"), (0, 2));
    assert_eq!(world.order_line("o1", "2"), shipped);
}

/// The order is promised again what it was promised first, so nothing rests on its placing.
#[test]
fn an_order_whose_promise_went_elsewhere_and_came_back_can_be_taken_back() {
    let mut world = World::new().given([
        received("TEA", "hamburg", 2),
        placed("o1", &[line_from("1", "TEA", 2, "berlin")]).id("p"),
    ]);
    world.choose(to(&world.conflict(), "hamburg")).unwrap();
    world.post_all([adjusted("TEA", "hamburg", -2), received("TEA", "berlin", 2)]);
    world.choose(to(&world.conflict(), "berlin")).unwrap();
    assert_eq!(promised(&world, "o1"), (2, 0));
    assert_eq!(world.post(reversed("shop", "p")).outcome, Outcome::Applied);
    assert_eq!(world.committed("TEA", "berlin"), 0);
}

/// Of an order that has several items, only what is short moves; of a kit of one component, all of it.
#[test]
fn only_lines_of_the_item_that_is_short_move() {
    let mut world = World::new().given([
        received("TEA", "hamburg", 9),
        received("MUG", "berlin", 9),
        received("MUG", "hamburg", 9),
        kit("PAIR", &[goods("TEA", 2)]),
        kit("MUGS", &[goods("MUG", 2)]),
        placed(
            "o1",
            &[
                line_from("1", "TEA", 2, "berlin"),
                line_from("2", "PAIR", 1, "berlin"),
                line_from("3", "MUG", 1, "berlin"),
                line_from("4", "MUGS", 1, "berlin"),
            ],
        ),
    ]);
    let conflict = world.conflict();
    world.choose(to(&conflict, "hamburg")).unwrap();
    let at = |place| ["TEA", "MUG"].map(|sku| world.committed(sku, place));
    assert_eq!((at("berlin"), at("hamburg")), ([0, 3], [4, 0]));
    world.quiet();
}

/// The last line gives up what is missing; a kit in front of it stays where it is.
#[test]
fn no_more_moves_than_is_missing() {
    let mut world = World::new().given([
        received("TEA", "berlin", 2),
        received("TEA", "hamburg", 9),
        kit("PAIR", &[goods("TEA", 2)]),
        placed("o1", &[line_from("1", "PAIR", 1, "berlin"), line_from("2", "TEA", 3, "berlin")]),
    ]);
    let conflict = world.conflict();
    world.choose(to(&conflict, "hamburg")).unwrap();
    assert_eq!((world.committed("TEA", "berlin"), world.committed("TEA", "hamburg")), (2, 3));
}
