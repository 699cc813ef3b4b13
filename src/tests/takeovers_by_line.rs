//! Which line of an order takes over what there was before it was placed: what has its own name
//! first, then what is of its item; no unit twice, and no place at which nothing of it ever was.

use serde_json::Value;

use crate::harness::World;
use crate::says::{
    Says, back, cancelled, confirmed, fulfilled, goods, held, kit, line, line_from, part,
    part_from, placed, received, reserved, returned, reversed,
};

/// 20 of tea and of mugs at Berlin and at Hamburg; a set is two of tea and a mug.
fn world() -> World {
    let places = ["berlin", "hamburg"];
    let stock = places.map(|place| ["TEA", "MUG"].map(|sku| received(sku, place, 20).at(-60)));
    let set = kit("SET", &[goods("TEA", 2), goods("MUG", 1)]);
    World::new().given([set]).given(stock.into_iter().flatten())
}

/// A place of a line: what is promised there, what was shipped from there, and what came back.
type Place = (&'static str, i64, i64, i64);

/// A line, how many of it are cancelled, and its places.
type Taken = (&'static str, i64, &'static [Place]);

fn assert_taken(world: &World, (id, cancelled, places): Taken) {
    let line = world.order_line("o1", id);
    let found: Vec<_> = line
        .shares
        .iter()
        .map(|at| (at.location.as_str(), at.committed, at.fulfilled, at.returned))
        .collect();
    assert_eq!((line.cancelled, &found[..]), (cancelled, places), "line {id}");
}

/// A hold that is confirmed for the order.
fn confirmed_hold(lines: &[Value]) -> [Says; 2] {
    [reserved("r1", lines), confirmed("r1", "o1")]
}

/// What was held of the order, what has happened to that, and what the order then says.
type Before = (Vec<Value>, Vec<Says>, Vec<Value>);

#[test]
fn each_line_takes_over_what_is_its_own() {
    let cancel = |units| cancelled("o1").with("lines", vec![part("1", units)]);
    let table: [(Before, &[Taken]); 5] = [
        // Both lines are tea: what has the name of a line is its own, in whatever order they stand.
        (
            (
                vec![held("TEA", 2, "berlin"), held("TEA", 3, "hamburg")],
                vec![],
                vec![line("2", "TEA", 3), line("1", "TEA", 2)],
            ),
            &[("1", 0, &[("berlin", 2, 0, 0)]), ("2", 0, &[("hamburg", 3, 0, 0)])],
        ),
        // What was cancelled is cancelled once, though both lines could have been meant.
        (
            (
                vec![held("TEA", 4, "hamburg")],
                vec![cancel(1)],
                vec![line("1", "TEA", 4), line("2", "TEA", 3)],
            ),
            &[("1", 1, &[("hamburg", 3, 0, 0)]), ("2", 0, &[("berlin", 3, 0, 0)])],
        ),
        // What was cancelled of a hold of tea is not cancelled of mugs that have its name.
        (
            (vec![held("TEA", 2, "hamburg")], vec![cancel(1)], vec![line("1", "MUG", 2)]),
            &[("1", 0, &[("berlin", 2, 0, 0)])],
        ),
        // What has left goes with what came back of it: one line's share of both, then the rest.
        (
            (
                vec![held("TEA", 3, "hamburg")],
                vec![
                    fulfilled("o1", "f1", &[part("1", 3)]).at(1),
                    returned("o1", "b1", &[back("1", 2, true)]).at(2),
                ],
                vec![line("1", "TEA", 1), line("2", "TEA", 2)],
            ),
            &[("1", 0, &[("hamburg", 0, 1, 1)]), ("2", 0, &[("hamburg", 0, 2, 1)])],
        ),
        // All of it has left from Berlin: that it was to come from Hamburg makes no place there.
        (
            (
                vec![held("TEA", 2, "berlin")],
                vec![fulfilled("o1", "f1", &[part("1", 2)]).at(1)],
                vec![line_from("1", "TEA", 2, "hamburg")],
            ),
            &[("1", 0, &[("berlin", 0, 2, 0)])],
        ),
    ];
    for ((holds, happened, lines), expected) in table {
        let mut world = world().given(confirmed_hold(&holds)).given(happened);
        world.post(placed("o1", &lines));
        for taken in expected {
            assert_taken(&world, *taken);
        }
        world.quiet();
    }
}

/// One set has left from Berlin; the other one is still promised at Hamburg alone.
#[test]
fn a_kit_is_promised_where_it_was_held_wherever_others_of_its_line_left_from() {
    let mut world = world().given(confirmed_hold(&[held("SET", 2, "hamburg")]));
    world.post(fulfilled("o1", "f1", &[part_from("1", 1, "berlin")]).at(1));
    world.post(placed("o1", &[line("1", "SET", 2)]));
    assert_eq!((world.committed("TEA", "berlin"), world.committed("TEA", "hamburg")), (0, 2));
}

/// Two sets had left when the order was cancelled, and are promised again since that is taken back.
/// What the order brings besides is cancelled, and no more is promised.
#[test]
fn a_kit_of_a_cancelled_order_does_not_grow() {
    let mut world = world().given(confirmed_hold(&[held("SET", 4, "hamburg")])).given([
        fulfilled("o1", "f1", &[part("1", 2)]).at(1).id("f"),
        cancelled("o1").at(2),
        reversed("shop", "f"),
    ]);
    world.post(placed("o1", &[line("1", "SET", 5)]));
    assert_taken(&world, ("1", 3, &[("hamburg", 2, 0, 0)]));
    assert_eq!((world.committed("TEA", "berlin"), world.committed("TEA", "hamburg")), (0, 4));
}
