//! Reversing what happened to an order: its lines go back by as much as they had moved, so what
//! others have done since stays; where that would leave less than nothing, it is refused.

use onhand::conflict::{ConflictKind, ResolutionOption as O};
use onhand::record::Outcome;
use onhand::wire::EventResult;

use crate::harness::World;
use crate::says::{
    Says, amended, back, cancelled, confirmed, counted, fulfilled, goods, held, kit, line,
    line_from, part, part_from, placed, received, reserved, returned, reversed,
};

/// 20 TEA and 20 MUG at Berlin and at Hamburg.
fn world() -> World {
    let places = ["berlin", "hamburg"];
    let stock = places.map(|place| ["TEA", "MUG"].map(|sku| received(sku, place, 20).at(-900)));
    World::new().given(stock.into_iter().flatten())
}

fn lines() -> [serde_json::Value; 2] {
    [line_from("1", "TEA", 5, "berlin"), line_from("2", "MUG", 4, "hamburg")]
}

fn reason(result: &EventResult) -> &str {
    assert_eq!(result.outcome, Outcome::Rejected, "{result:?}");
    result.reason.as_deref().unwrap()
}

/// Everything that can happen to an order, reversed right away, leaves levels and order as they
/// were.
#[test]
fn each_kind_of_order_event_has_its_counter_effect() {
    let table: Vec<(Vec<Says>, Says)> = vec![
        (vec![], placed("o1", &lines())),
        (vec![], placed("o1", &[line("1", "TEA", 30), line("2", "TEA", 30)])),
        (vec![placed("o1", &lines())], cancelled("o1")),
        (
            vec![placed("o1", &lines())],
            cancelled("o1").with("lines", vec![part("1", 2), part("2", 4)]),
        ),
        (vec![placed("o1", &lines())], fulfilled("o1", "f1", &[part("1", 5), part("2", 1)])),
        (vec![placed("o1", &lines())], fulfilled("o1", "f1", &[part_from("1", 3, "munich")])),
        (
            vec![placed("o1", &lines()), fulfilled("o1", "f1", &[part("1", 5)])],
            returned("o1", "r1", &[back("1", 2, true), back("1", 1, false)]),
        ),
        (vec![placed("o1", &lines())], amended("o1", 1, &[line("1", "TEA", 9)])),
        (
            vec![placed("o1", &lines())],
            amended("o1", 1, &[line("1", "MUG", 2), line("3", "TEA", 1)]),
        ),
        (
            vec![placed("o1", &lines()), amended("o1", 1, &[line("2", "MUG", 4)])],
            amended("o1", 2, &[line_from("2", "MUG", 3, "berlin")]),
        ),
    ];
    for (given, says) in table {
        let mut world = world().given(given);
        let order = world.store.order("o1").cloned();
        let levels = |world: &World| {
            let pairs =
                [("TEA", "berlin"), ("TEA", "hamburg"), ("MUG", "berlin"), ("MUG", "hamburg")];
            pairs.map(|(sku, place)| world.level(sku, place).buckets())
        };
        let before = levels(&world);
        world.post(says.clone().id("x"));
        assert_ne!(levels(&world), before, "{says:?}");
        let result = world.post(reversed("shop", "x"));
        assert_eq!(result.outcome, Outcome::Applied, "{says:?}: {result:?}");
        assert_eq!(levels(&world), before, "{says:?}");
        let after = world.store.order("o1").cloned().unwrap();
        match order {
            Some(order) => {
                assert_eq!(after.revision, order.revision, "{says:?}");
                assert_eq!(after.facts, order.facts, "{says:?}");
                let told = |order: &onhand::order::Order| {
                    let mut lines = order.lines.clone();
                    for line in &mut lines {
                        line.shares.retain(|share| !share.is_empty());
                    }
                    lines.retain(|line| !line.is_empty());
                    lines
                };
                assert_eq!(told(&after), told(&order), "{says:?}");
            }
            None => assert!(after.lines.is_empty() && after.facts.is_empty()),
        }
    }
}

#[test]
fn what_others_have_done_since_stays() {
    let mut world = world().given([
        placed("o1", &lines()),
        fulfilled("o1", "f1", &[part("1", 2)]).id("f1"),
        fulfilled("o1", "f2", &[part("1", 1)]),
        cancelled("o1").with("lines", vec![part("1", 1)]),
        reversed("shop", "f1"),
    ]);
    let line = world.order_line("o1", "1");
    assert_eq!((line.committed(), line.fulfilled(), line.cancelled), (3, 1, 1));
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (19, 3));
    world.post(fulfilled("o1", "f3", &[part("1", 3)]));
    world.quiet();
}

/// What has to be reversed first.
#[test]
fn something_later_can_rest_on_it() {
    let table: Vec<(Vec<Says>, &str, &str)> = vec![
        (
            vec![placed("o1", &lines()).id("x"), fulfilled("o1", "f1", &[part("1", 1)])],
            "x",
            "rest on line 1",
        ),
        (vec![placed("o1", &lines()).id("x"), cancelled("o1")], "x", "rest on line"),
        (
            vec![placed("o1", &lines()).id("x"), amended("o1", 1, &[line("1", "TEA", 9)])],
            "x",
            "rest on",
        ),
        (
            // It changed no line, but without the order there would be nothing that it amended.
            vec![placed("o1", &lines()).id("x"), amended("o1", 1, &lines())],
            "x",
            "later events of the order rest on it",
        ),
        (
            vec![
                placed("o1", &lines()),
                fulfilled("o1", "f1", &[part("1", 3)]).id("x"),
                returned("o1", "r1", &[back("1", 1, true)]),
            ],
            "x",
            "rest on line 1",
        ),
        (
            vec![
                placed("o1", &lines()),
                amended("o1", 1, &[line("1", "TEA", 9)]).id("x"),
                fulfilled("o1", "f1", &[part("1", 8)]),
            ],
            "x",
            "rest on line 1",
        ),
        (
            vec![
                placed("o1", &lines()),
                amended("o1", 1, &[line("1", "TEA", 9)]).id("x"),
                amended("o1", 2, &[line("1", "TEA", 3)]),
            ],
            "x",
            "revision 2 of the order stands",
        ),
        (
            vec![
                placed("o1", &lines()),
                amended("o1", 1, &[line("1", "MUG", 3)]).id("x"),
                fulfilled("o1", "f1", &[part("1", 1)]),
            ],
            "x",
            "rest on line 1",
        ),
    ];
    for (given, id, expected) in table {
        let mut world = world().given(given.clone());
        let result = world.post(reversed("shop", id));
        assert!(reason(&result).contains(expected), "{given:?}: {result:?}");
        assert!(result.effects.is_empty());
    }
}

/// What came while it was taken back waits for it, and goes on once it is in force again.
#[test]
fn an_order_that_is_in_force_again_lets_go_on_what_waits_for_it() {
    let mut world =
        world().given([placed("o1", &lines()).id("x"), reversed("shop", "x").id("back")]);
    let early = world.post(cancelled("o1"));
    assert_eq!(early.outcome, Outcome::Parked);
    world.post(reversed("desk", "back"));
    assert_eq!(world.outcome(&early), Outcome::Applied);
    assert_eq!(world.committed("TEA", "berlin"), 0);
    world.quiet();
}

/// A revision says what all lines are, so that it cannot be added to what a later one says.
#[test]
fn a_revision_is_not_brought_back_under_another() {
    for (withdrawn, later) in [(1, 2), (2, 1)] {
        let mut world = world().given([
            placed("o1", &lines()),
            amended("o1", withdrawn, &[line("1", "TEA", 9)]).id("x"),
            reversed("shop", "x").id("back"),
            amended("o1", later, &[line("1", "TEA", 3)]),
        ]);
        let result = world.post(reversed("desk", "back"));
        assert!(reason(&result).contains("the order was amended since"), "{result:?}");
        assert_eq!(world.order_line("o1", "1").ordered, 3);
    }
}

#[test]
fn what_rests_on_it_is_reversed_first_and_then_it_goes() {
    let mut world = world().given([
        placed("o1", &lines()).id("p"),
        amended("o1", 1, &[line_from("1", "TEA", 9, "berlin")]).id("a"),
        fulfilled("o1", "f1", &[part("1", 8)]).id("f"),
        returned("o1", "r1", &[back("1", 3, true)]).id("r"),
        cancelled("o1").id("c"),
    ]);
    for id in ["c", "r", "f", "a", "p"] {
        assert_eq!(world.post(reversed("shop", id)).outcome, Outcome::Applied, "{id}");
    }
    for sku in ["TEA", "MUG"] {
        for place in ["berlin", "hamburg"] {
            assert_eq!((world.on_hand(sku, place), world.committed(sku, place)), (20, 0));
        }
    }
    assert!(world.store.order("o1").unwrap().lines.is_empty());
    world.quiet();
}

#[test]
fn the_business_fact_can_be_said_again() {
    let mut world = world().given([
        placed("o1", &lines()).id("p"),
        fulfilled("o1", "f1", &[part("1", 2)]).id("f"),
        reversed("shop", "f"),
    ]);
    let again = world.post(fulfilled("o1", "f1", &[part("1", 3)]).id("again"));
    assert_eq!(again.outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
    assert_eq!(
        world.post(fulfilled("o1", "f1", &[part("1", 2)]).id("f")).outcome,
        Outcome::Duplicate
    );
    // The first saying cannot come back beside the second.
    let result = world.post(reversed("desk", "auto-12"));
    assert!(reason(&result).contains("said again since"), "{result:?}");
}

#[test]
fn an_order_that_is_taken_back_is_not_placed() {
    let mut world = world().given([placed("o1", &lines()).id("p"), reversed("shop", "p")]);
    let early = world.post(fulfilled("o1", "f1", &[part("1", 2)]));
    assert_eq!(early.outcome, Outcome::Parked);
    world.post(placed("o1", &lines()).at(7));
    assert_eq!(world.outcome(&early), Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 18);
}

#[test]
fn a_parked_event_is_taken_back_by_its_own_name_once_it_took_effect() {
    let mut world = world();
    world.post(fulfilled("o1", "f1", &[part("1", 2)]).id("f"));
    world.post(placed("o1", &lines()).id("p"));
    let result = world.post(reversed("shop", "p"));
    assert!(reason(&result).contains("rest on line 1"), "{result:?}");
    world.post(reversed("shop", "f"));
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (20, 5));
    assert_eq!(world.post(reversed("shop", "p")).outcome, Outcome::Applied);
    assert_eq!(world.committed("TEA", "berlin"), 0);
}

#[test]
fn a_count_holds_the_shipment_but_not_the_promise() {
    let world = world().given([
        placed("o1", &lines()).at(10),
        fulfilled("o1", "f1", &[part("1", 2)]).at(50).id("f"),
        counted("TEA", "berlin", 18).at(100),
        reversed("shop", "f"),
    ]);
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (18, 5));
    let line = world.order_line("o1", "1");
    assert_eq!((line.committed(), line.fulfilled()), (5, 0));
}

#[test]
fn a_shipment_taken_back_and_back_again_is_shipped() {
    let mut world = world().given([
        placed("o1", &lines()),
        fulfilled("o1", "f1", &[part("1", 2)]).id("f"),
        reversed("shop", "f").id("undo"),
        reversed("desk", "undo"),
    ]);
    let line = world.order_line("o1", "1");
    assert_eq!((line.committed(), line.fulfilled()), (3, 2));
    assert_eq!(world.on_hand("TEA", "berlin"), 18);
    let repeat = world.post(fulfilled("o1", "f1", &[part("1", 2)]).at(9));
    assert_eq!(repeat.outcome, Outcome::Duplicate, "the fact is said again");
}

#[test]
fn a_cancellation_of_nothing_is_taken_back_without_effect() {
    let world = world().given([
        placed("o1", &lines()),
        cancelled("o1"),
        cancelled("o1").at(1).id("x"),
        reversed("shop", "x"),
    ]);
    assert_eq!(world.committed("TEA", "berlin"), 0);
    assert_eq!(world.order_line("o1", "1").cancelled, 5);
    world.quiet();
}

/// A kit is put together again, and a line that became one of another item is what it was.
#[test]
fn kits_go_back_by_their_components() {
    let table: Vec<(Vec<Says>, Says)> = vec![
        (vec![], placed("o1", &[line_from("1", "SET", 3, "berlin")])),
        (
            vec![placed("o1", &[line_from("1", "SET", 3, "berlin")])],
            fulfilled("o1", "f1", &[part("1", 2)]),
        ),
        (
            vec![placed("o1", &[line_from("1", "SET", 3, "berlin")])],
            amended("o1", 1, &[line_from("1", "TEA", 3, "berlin")]),
        ),
        (
            vec![placed("o1", &[line_from("1", "TEA", 3, "berlin")])],
            amended("o1", 1, &[line_from("1", "SET", 3, "berlin")]),
        ),
    ];
    for (given, says) in table {
        let set = kit("SET", &[goods("TEA", 2), goods("MUG", 1)]);
        let mut world = world().given([set]).given(given);
        let numbers =
            |world: &World| ["TEA", "MUG"].map(|sku| world.level(sku, "berlin").buckets());
        let (before, lines) =
            (numbers(&world), world.store.order("o1").map(|order| order.lines.clone()));
        world.post(says.clone().id("x"));
        assert_ne!(numbers(&world), before, "{says:?}");
        // What the kit has become since makes no difference.
        world.post(kit("SET", &[goods("MUG", 5)]));
        let result = world.post(reversed("shop", "x"));
        assert_eq!(result.outcome, Outcome::Applied, "{says:?}: {result:?}");
        assert_eq!(numbers(&world), before, "{says:?}");
        let after = world.store.order("o1").unwrap().lines.clone();
        assert_eq!(after, lines.unwrap_or_default(), "{says:?}");
    }
}

/// What a reservation was confirmed for is known before the order is placed, and after its placing
/// is taken back.
#[test]
fn a_placing_goes_back_to_what_was_confirmed_before_it() {
    let hold = [held("TEA", 4, "hamburg"), held("MUG", 1, "berlin")];
    let mut world = world().given([reserved("r1", &hold), confirmed("r1", "o1")]);
    let before = world.store.order("o1").cloned();
    world.post(placed("o1", &[line("a", "TEA", 6), line("1", "MUG", 2)]).id("p"));
    assert_eq!(world.post(reversed("shop", "p")).outcome, Outcome::Applied);
    assert_eq!(world.store.order("o1").cloned(), before);
    assert_eq!((world.committed("TEA", "hamburg"), world.committed("MUG", "berlin")), (4, 1));
    assert_eq!(world.committed("TEA", "berlin"), 0);
    world.post(placed("o1", &[line("a", "TEA", 6)]).at(9).id("again"));
    world.post(fulfilled("o1", "f1", &[part("a", 1)]).at(10));
    let late = world.post(reversed("shop", "again"));
    assert!(reason(&late).contains("rest on"), "{late:?}");
}

/// A line takes from its places in their order, so they come back in it.
#[test]
fn a_line_that_becomes_its_item_again_has_its_places_in_their_order() {
    let mut world = world().given([
        placed("o1", &[line_from("1", "TEA", 1, "hamburg")]),
        amended("o1", 1, &[line("1", "TEA", 30)]),
    ]);
    let before = world.order_line("o1", "1");
    assert!(before.shares.len() == 2 && before.shares[0].location.as_str() == "hamburg");
    world.post(amended("o1", 2, &[line_from("1", "MUG", 1, "berlin")]).id("x"));
    assert_eq!(world.post(reversed("shop", "x")).outcome, Outcome::Applied);
    assert_eq!(world.order_line("o1", "1"), before);
}

/// Lines stand in the order in which they were first named, also where all of them had gone.
#[test]
fn lines_that_come_back_stand_as_they_stood() {
    let mut world = world();
    let shipped = [part("4", 2), part("1", 6)].map(|mut part| {
        part["sku"] = "TEA".into();
        part["location"] = "berlin".into();
        part
    });
    world.post(fulfilled("o1", "f1", &shipped).id("f1"));
    world.pass(86_400);
    world.resolve(&world.conflict(), O::ApplyWithoutOrder).unwrap();
    let cancelled = cancelled("o1").with("lines", vec![part("1", 1)]).id("x");
    world.post(cancelled);
    world.pass(86_400);
    let without = world.resolve(&world.conflict(), O::ApplyWithoutOrder).unwrap();
    let before = world.store.order("o1").cloned().unwrap();
    assert_eq!(before.lines.len(), 2);
    world.post(reversed("shop", "f1").id("back"));
    world.post(reversed("onhand", without.envelope.id.as_str()));
    world.post(reversed("desk", "back"));
    let names = |order: &onhand::order::Order| -> Vec<String> {
        order.lines.iter().map(|line| line.line.to_string()).collect()
    };
    assert_eq!(names(world.store.order("o1").unwrap()), names(&before));
    assert_eq!(names(&before), ["4", "1"]);
}

#[test]
fn a_shipment_from_elsewhere_leaves_no_place_behind_when_it_is_taken_back() {
    let mut world = world().given([placed("o1", &[line_from("1", "TEA", 5, "berlin")])]);
    let before = world.order_line("o1", "1");
    world.post(fulfilled("o1", "f1", &[part_from("1", 3, "munich")]).id("ship"));
    assert_eq!(world.post(reversed("shop", "ship")).outcome, Outcome::Applied);
    assert_eq!(world.order_line("o1", "1"), before);
}

#[test]
fn a_record_tells_of_the_places_that_a_line_has_moved_at_and_of_no_others() {
    let mut world = world().given([placed("o1", &[line("1", "TEA", 30)])]);
    let places: Vec<_> =
        world.order_line("o1", "1").shares.into_iter().map(|it| it.location).collect();
    assert_eq!(places.len(), 2);
    world.post(fulfilled("o1", "f1", &[part_from("1", 3, "hamburg")]));
    let record = &world.store.journal.last().unwrap().record;
    let update = record.order_updates().next().unwrap();
    let moved: Vec<_> = update.moves.iter().flat_map(|moved| &moved.shares).collect();
    assert_eq!(moved.len(), 1, "{moved:?}");
    assert_eq!(moved[0].location.as_str(), "hamburg");
}

/// The later revision came first and waited with the earlier one, and went on after it.
#[test]
fn a_revision_is_not_brought_back_under_a_later_one_that_came_before_it() {
    let mut world = world();
    world.post(amended("o1", 2, &[line("1", "TEA", 12)]).at(9).id("second"));
    world.post(amended("o1", 1, &[line("1", "TEA", 9)]).at(8).id("first"));
    world.post(placed("o1", &lines()).at(7));
    assert_eq!(world.order_line("o1", "1").ordered, 12);
    for (source, id, by) in
        [("shop", "second", "b2"), ("shop", "first", "b1"), ("desk", "b2", "again")]
    {
        let result = world.post(reversed(source, id).id(by));
        assert_eq!(result.outcome, Outcome::Applied, "{id}: {result:?}");
    }
    let result = world.post(reversed("desk", "b1"));
    assert!(reason(&result).contains("the order was amended since"), "{result:?}");
}

/// A revision is of an order, and does not stand again where that is gone.
#[test]
fn a_revision_does_not_stand_again_without_its_order() {
    let mut world = world().given([
        placed("o1", &[line("1", "TEA", 4)]).id("order"),
        amended("o1", 1, &[line("1", "TEA", 6)]).id("x"),
        reversed("shop", "x").id("back"),
        reversed("shop", "order"),
    ]);
    assert_eq!(world.committed("TEA", "berlin"), 0);
    let again = world.post(reversed("desk", "back"));
    assert!(reason(&again).contains("its order is taken back since"), "{again:?}");
    assert_eq!(world.committed("TEA", "berlin"), 0);
}

/// An amendment that a person has applied without its order needs none to stand again; but it says
/// what all lines are, so nothing may have been said of the order since.
#[test]
fn an_early_amendment_stands_again_unless_more_was_said_since() {
    for (later, outcome) in
        [(None, Outcome::Applied), (Some(confirmed("r1", "o1")), Outcome::Rejected)]
    {
        let hold = reserved("r1", &[held("TEA", 2, "berlin")]).with("expires_in_s", 200_000);
        let mut world = world().given([hold]);
        world.post(amended("o1", 1, &[line_from("1", "TEA", 4, "berlin")]).id("x"));
        world.pass(86_400);
        world.resolve(&world.conflict(), O::ApplyWithoutOrder).unwrap();
        let before = world.store.order("o1").cloned().unwrap();
        world.post(reversed("shop", "x").id("back"));
        assert_eq!(world.committed("TEA", "berlin"), 0);
        world.post_all(later);
        let committed = world.committed("TEA", "berlin");
        let again = world.post(reversed("desk", "back"));
        assert_eq!(again.outcome, outcome, "{again:?}");
        if outcome == Outcome::Applied {
            assert_eq!(world.store.order("o1").cloned().unwrap(), before);
            world.post(placed("o1", &[line("1", "TEA", 9)]));
            assert_eq!(world.committed("TEA", "berlin"), 4, "the revision stands");
        } else {
            assert!(reason(&again).contains("rest on it"), "{again:?}");
            assert_eq!(world.committed("TEA", "berlin"), committed);
        }
        world.verify();
    }
}

/// What was said since may be of other lines, or leave the order's facts as they are.
#[test]
fn an_early_amendment_stands_again_where_neither_lines_nor_facts_are_others() {
    let again = |amended: Says, later: Option<Says>| {
        let holds = ["r1", "r2"].map(|id| reserved(id, &[held("TEA", 2, "berlin")]));
        let holds = holds.map(|hold| hold.with("expires_in_s", 300_000));
        let mut world = world().given(holds).given([confirmed("r1", "o1")]);
        world.post(amended.id("x"));
        world.pass(86_400);
        world.resolve(&world.conflict(), O::ApplyWithoutOrder).unwrap();
        let before = world.store.order("o1").cloned().unwrap();
        world.post(reversed("shop", "x").id("back"));
        if let Some(later) = later {
            world.post(later);
            world.pass(86_400);
            for orphan in world.open(ConflictKind::Orphan) {
                world.resolve(&orphan, O::ApplyWithoutOrder).unwrap();
            }
        }
        let again = world.post(reversed("desk", "back"));
        match again.outcome {
            Outcome::Applied => assert_eq!(world.store.order("o1").cloned().unwrap(), before),
            _ => assert!(reason(&again).contains("order rest on it"), "{again:?}"),
        }
        world.verify();
        again.outcome
    };
    // Of the line that the confirmed hold has made, and of another beside it.
    let one = || amended("o1", 1, &[line_from("1", "TEA", 4, "berlin")]);
    let more = || amended("o1", 1, &[line("1", "TEA", 2), line_from("a", "TEA", 1, "berlin")]);
    let of_line = || cancelled("o1").with("lines", vec![part("1", 1)]);
    assert_eq!(again(one(), None), Outcome::Applied);
    assert_eq!(again(more(), None), Outcome::Applied);
    assert_eq!(again(one(), Some(of_line())), Outcome::Rejected);
    assert_eq!(again(more(), Some(confirmed("r2", "o1"))), Outcome::Rejected);
}
