//! What an order had before it was placed becomes part of its lines: a confirmed reservation is
//! its commitment, and nothing is committed twice, in whatever order the two arrive.

use onhand::conflict::ResolutionOption as O;
use onhand::record::Outcome;

use crate::harness::World;
use crate::says::{
    adjusted, amended, back, cancelled, confirmed, fulfilled, goods, held, kit, line, line_from,
    part, part_from, placed, received, reserved, returned,
};

/// 20 units of tea at Berlin, 20 at Hamburg, 20 mugs at Berlin.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 20).at(-60),
        received("TEA", "hamburg", 20).at(-60),
        received("MUG", "berlin", 20).at(-60),
    ])
}

/// Committed units by item and location.
fn committed(world: &World) -> [i64; 3] {
    [("TEA", "berlin"), ("TEA", "hamburg"), ("MUG", "berlin")]
        .map(|(sku, location)| world.committed(sku, location))
}

fn line_ids(world: &World, order: &str) -> Vec<String> {
    let order = world.store.order(order).expect("the order is known");
    order.lines.iter().map(|line| line.line.to_string()).collect()
}

#[test]
fn a_confirmed_hold_is_the_orders_commitment_on_lines_from_1() {
    let mut world =
        world().given([reserved("r1", &[held("TEA", 4, "hamburg"), held("MUG", 1, "berlin")])]);
    let before = world.available("TEA", "hamburg");
    let result = world.post(confirmed("r1", "o1"));
    assert_eq!(result.outcome, Outcome::Applied);
    assert_eq!(world.available("TEA", "hamburg"), before, "held or committed: not available");
    assert_eq!(world.reserved("TEA", "hamburg"), 0);
    assert_eq!(committed(&world), [0, 4, 1]);
    assert_eq!(line_ids(&world, "o1"), ["1", "2"]);
    world.pass(1_000);
    assert_eq!(committed(&world), [0, 4, 1], "a commitment does not expire");
}

#[test]
fn the_lines_of_a_second_hold_are_numbered_on() {
    let world = world().given([
        reserved("r1", &[held("TEA", 4, "hamburg")]),
        reserved("r2", &[held("TEA", 1, "hamburg")]),
        confirmed("r1", "o1"),
        confirmed("r2", "o1"),
    ]);
    assert_eq!(line_ids(&world, "o1"), ["1", "2"]);
    assert_eq!(committed(&world), [0, 5, 0]);
}

/// A hold of 4 of tea at Hamburg is confirmed, then the order comes with these lines: what is
/// committed then, and the order's lines.
#[test]
fn placing_the_order_takes_over_what_was_held_instead_of_committing_again() {
    let table = [
        // Just what was held, under whatever name.
        (vec![line("1", "TEA", 4)], [0, 4, 0]),
        (vec![line("a", "TEA", 4)], [0, 4, 0]),
        (vec![line_from("a", "TEA", 4, "hamburg")], [0, 4, 0]),
        (vec![line("a", "TEA", 3), line("b", "TEA", 1)], [0, 4, 0]),
        // More than was held: the rest is committed where the ranking says.
        (vec![line("a", "TEA", 6)], [2, 4, 0]),
        (vec![line("a", "TEA", 4), line("b", "MUG", 2)], [0, 4, 2]),
        // Less than was held: what is over is free again.
        (vec![line("a", "TEA", 3)], [0, 3, 0]),
        (vec![line("1", "MUG", 3)], [0, 0, 3]),
        // The order says where it is to come from.
        (vec![line_from("1", "TEA", 4, "berlin")], [4, 0, 0]),
        (vec![line_from("1", "TEA", 3, "berlin"), line("2", "TEA", 2)], [3, 2, 0]),
    ];
    for (lines, expected) in table {
        let mut world =
            world().given([reserved("r1", &[held("TEA", 4, "hamburg")]), confirmed("r1", "o1")]);
        let result = world.post(placed("o1", &lines));
        assert_eq!(result.outcome, Outcome::Applied);
        assert_eq!(committed(&world), expected, "{lines:?}");
        let ids: Vec<_> = lines.iter().map(|line| line["line"].as_str().unwrap()).collect();
        assert_eq!(line_ids(&world, "o1"), ids, "{lines:?}");
        for line in &lines {
            let known = world.order_line("o1", line["line"].as_str().unwrap());
            assert_eq!(Some(known.ordered), line["quantity"].as_i64());
            assert_eq!((known.committed(), known.cancelled), (known.ordered, 0));
        }
        let again = world.post(placed("o1", &lines));
        assert_eq!(again.outcome, Outcome::Duplicate);
    }
}

#[test]
fn a_hold_that_is_confirmed_after_its_order_is_only_given_back() {
    let mut world = world().given([
        reserved("r1", &[held("TEA", 4, "hamburg")]),
        placed("o1", &[line_from("1", "TEA", 4, "hamburg")]),
    ]);
    let result = world.post(confirmed("r1", "o1"));
    assert_eq!(result.outcome, Outcome::Applied);
    assert_eq!(result.reason.as_deref(), Some("order o1 has its commitment already"));
    assert_eq!(committed(&world), [0, 4, 0]);
    assert_eq!(world.reserved("TEA", "hamburg"), 0);
    assert_eq!(line_ids(&world, "o1"), ["1"]);
}

#[test]
fn what_is_confirmed_can_be_shipped_cancelled_and_returned_by_its_numbers() {
    let mut world = world().given([
        reserved("r1", &[held("TEA", 4, "hamburg"), held("MUG", 2, "berlin")]),
        confirmed("r1", "o1"),
        fulfilled("o1", "f1", &[part("1", 3)]).at(1),
        cancelled("o1").with("lines", vec![part("2", 1)]).at(2),
        returned("o1", "b1", &[back("1", 1, true)]).at(3),
    ]);
    assert_eq!(committed(&world), [0, 1, 1]);
    assert_eq!(world.on_hand("TEA", "hamburg"), 18);
    // The order itself, under names of its own: everything that has happened belongs to it.
    world.post(placed("o1", &[line("a", "TEA", 5), line("b", "MUG", 2)]));
    assert_eq!(committed(&world), [1, 1, 1]);
    let (tea, mug) = (world.order_line("o1", "a"), world.order_line("o1", "b"));
    assert_eq!((tea.fulfilled(), tea.returned(), tea.committed()), (3, 1, 2));
    assert_eq!((mug.cancelled, mug.committed()), (1, 1));
    assert_eq!(line_ids(&world, "o1"), ["a", "b"]);
    world.quiet();
}

#[test]
fn what_does_not_fit_the_confirmed_part_waits_for_the_order() {
    let early = [
        fulfilled("o1", "f1", &[part("a", 2)]),
        fulfilled("o1", "f1", &[part("1", 5)]),
        returned("o1", "b1", &[back("1", 1, true)]),
        cancelled("o1").with("lines", vec![part("1", 5)]),
        amended("o1", 1, &[line("1", "TEA", 9)]),
    ];
    for says in early {
        let mut world =
            world().given([reserved("r1", &[held("TEA", 4, "hamburg")]), confirmed("r1", "o1")]);
        let result = world.post(says.at(1));
        assert_eq!(result.outcome, Outcome::Parked, "{result:?}");
        assert_eq!(result.reason.as_deref(), Some("waits for order o1"));
        world.quiet();
    }
}

#[test]
fn what_waited_for_the_order_goes_on_with_the_confirmation_as_far_as_it_fits() {
    let mut world = world().given([
        reserved("r1", &[held("TEA", 4, "hamburg")]),
        reserved("r2", &[held("TEA", 1, "hamburg")]),
    ]);
    let fits = world.post(fulfilled("o1", "f1", &[part("1", 1)]).at(1));
    let for_more = world.post(fulfilled("o1", "f2", &[part("2", 1)]).at(2));
    let for_order = world.post(fulfilled("o1", "f3", &[part("a", 1)]).at(3));
    let outcomes = |world: &World| [&fits, &for_more, &for_order].map(|says| world.outcome(says));
    world.post(confirmed("r1", "o1"));
    assert_eq!(outcomes(&world), [Outcome::Applied, Outcome::Parked, Outcome::Parked]);
    world.post(confirmed("r2", "o1"));
    assert_eq!(outcomes(&world), [Outcome::Applied, Outcome::Applied, Outcome::Parked]);
    world.post(placed("o1", &[line("a", "TEA", 5)]));
    assert_eq!(outcomes(&world), [Outcome::Applied; 3]);
    assert_eq!((world.on_hand("TEA", "hamburg"), committed(&world)), (17, [0, 2, 0]));
    world.quiet();
}

#[test]
fn an_order_that_was_cancelled_as_a_whole_stays_cancelled() {
    let story = [
        confirmed("r1", "o1"),
        cancelled("o1").at(1),
        placed("o1", &[line("a", "TEA", 6), line("b", "MUG", 1)]),
        confirmed("r2", "o1"),
    ];
    for order in [[0, 1, 2, 3], [1, 0, 3, 2], [0, 3, 1, 2], [1, 2, 0, 3], [2, 1, 0, 3]] {
        let mut world = world().given([
            reserved("r1", &[held("TEA", 4, "hamburg")]),
            reserved("r2", &[held("MUG", 1, "berlin")]),
        ]);
        world.post_all(order.map(|index: usize| story[index].clone()));
        assert_eq!(committed(&world), [0, 0, 0], "{order:?}");
        let cancelled: i64 =
            ["a", "b"].iter().map(|line| world.order_line("o1", line).cancelled).sum();
        assert_eq!(cancelled, 7, "{order:?}");
        assert_eq!((world.reserved("TEA", "hamburg"), world.reserved("MUG", "berlin")), (0, 0));
        world.quiet();
    }
}

#[test]
fn units_that_were_shipped_beyond_the_order_stay_on_record() {
    // The order's own line, what is shipped of it, and the lines then.
    let table = [
        (vec![line("a", "TEA", 2)], vec![("a", 2, 3)]),
        (vec![line("1", "MUG", 2)], vec![("1", 2, 0), ("2", 0, 3)]),
        (vec![line("a", "MUG", 2)], vec![("1", 0, 3), ("a", 2, 0)]),
    ];
    for (lines, expected) in table {
        let mut world = world().given([
            reserved("r1", &[held("TEA", 4, "hamburg")]),
            confirmed("r1", "o1"),
            fulfilled("o1", "f1", &[part("1", 3)]).at(1),
        ]);
        world.post(placed("o1", &lines));
        let order = world.store.order("o1").unwrap();
        let found: Vec<_> = order
            .lines
            .iter()
            .map(|line| (line.line.as_str(), line.ordered, line.fulfilled()))
            .collect();
        assert_eq!(found, expected);
        assert_eq!(world.on_hand("TEA", "hamburg"), 17);
    }
}

/// What is held at Hamburg is shipped from Berlin, then one unit from Hamburg; the order wants none
/// of it, so all of it stays on one line. What comes back goes first to where it first shipped from,
/// as if nothing had ever been held at Hamburg.
#[test]
fn what_stays_on_record_forgets_where_it_was_only_promised() {
    let mut world = world().given([
        reserved("r1", &[held("TEA", 2, "hamburg"), held("TEA", 1, "hamburg")]),
        confirmed("r1", "o1"),
        fulfilled("o1", "f1", &[part_from("1", 2, "berlin"), part("2", 1)]).at(1),
        placed("o1", &[line("a", "MUG", 1)]),
    ]);
    let kept = world.order_line("o1", "1");
    let shipped = kept.shares.iter().map(|share| (share.location.as_str(), share.fulfilled));
    assert_eq!(shipped.collect::<Vec<_>>(), [("berlin", 2), ("hamburg", 1)]);
    world.post(returned("o1", "b1", &[back("1", 2, true)]).at(2));
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("TEA", "hamburg")), (20, 19));
    world.quiet();
}

/// The confirmation that has waited for a person came before the other one; what it brings wakes
/// both shipments, and both wait for more.
#[test]
fn what_still_does_not_fit_waits_anew() {
    let mut world = world().given([
        reserved("r1", &[held("TEA", 4, "hamburg")]),
        reserved("r2", &[held("TEA", 1, "hamburg")]),
    ]);
    world.post(confirmed("r2", "o1").at(90_000));
    let future = world.conflict();
    world.post(confirmed("r1", "o1"));
    let waiting = [
        world.post(fulfilled("o1", "f1", &[part("a", 1)]).at(1)),
        world.post(fulfilled("o1", "f2", &[part("b", 1)]).at(2)),
    ];
    world.resolve(&future, O::ApplyAsReceived).unwrap();
    assert_eq!(waiting.each_ref().map(|says| world.outcome(says)), [Outcome::Parked; 2]);
    world.post(placed("o1", &[line("a", "TEA", 2), line("b", "TEA", 3)]));
    assert_eq!(waiting.each_ref().map(|says| world.outcome(says)), [Outcome::Applied; 2]);
    world.quiet();
}

/// How many were held, and where.
type Hold = (i64, &'static str);

/// A kit is never split over locations, whatever was held of it where.
#[test]
fn a_kit_that_was_held_stays_together() {
    let set = || kit("SET", &[goods("TEA", 2), goods("MUG", 1)]);
    let mugs = || received("MUG", "hamburg", 20).at(-60);
    // What was held, how many the order wants, and where they are then: at Berlin, at Hamburg.
    let table: [(&[Hold], i64, (i64, i64)); 4] = [
        (&[(2, "hamburg")], 5, (0, 5)),
        (&[(2, "hamburg")], 2, (0, 2)),
        (&[(2, "hamburg")], 11, (11, 0)),
        (&[(2, "hamburg"), (3, "berlin")], 5, (5, 0)),
    ];
    for (holds, quantity, expected) in table {
        let mut world = world().given([set(), mugs(), received("TEA", "berlin", 4)]);
        for (number, (units, place)) in holds.iter().enumerate() {
            let id = format!("r{number}");
            world.post(reserved(&id, &[held("SET", *units, place)]));
            world.post(confirmed(&id, "o1"));
        }
        world.post(placed("o1", &[line("1", "SET", quantity)]));
        let at = |place| (world.committed("TEA", place), world.committed("MUG", place));
        let (berlin, hamburg) = expected;
        assert_eq!(at("berlin"), (2 * berlin, berlin), "{holds:?}, {quantity}");
        assert_eq!(at("hamburg"), (2 * hamburg, hamburg), "{holds:?}, {quantity}");
    }
}

/// What others have taken away of it makes no difference to a promise that stands already.
#[test]
fn a_kit_that_was_held_stays_where_it_is_though_more_is_promised_there_than_there_is() {
    let mut world = world().given([
        kit("SET", &[goods("TEA", 2), goods("MUG", 1)]),
        received("MUG", "hamburg", 20).at(-60),
        reserved("r1", &[held("SET", 2, "berlin")]),
        confirmed("r1", "o1"),
        adjusted("TEA", "berlin", -18),
    ]);
    assert!(world.available("TEA", "berlin") < 0);
    world.post(placed("o1", &[line("1", "SET", 2)]));
    assert_eq!((world.committed("TEA", "berlin"), world.committed("TEA", "hamburg")), (4, 0));
}
