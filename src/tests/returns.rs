//! `order.returned`: on hand again only if restocked, where it shipped from unless it says
//! otherwise, in the state it is in.

use onhand::record::Bucket;
use serde_json::Value;

use crate::harness::World;
use crate::says::{back, fulfilled, line, part, placed, received, returned};

/// 4 at Berlin and 3 at Hamburg; an order of 6, all shipped.
fn shipped() -> World {
    World::new().given([
        received("TEA", "berlin", 4),
        received("TEA", "hamburg", 3),
        placed("o1", &[line("1", "TEA", 6)]),
        fulfilled("o1", "f1", &[part("1", 6)]),
    ])
}

fn with(mut row: Value, name: &str, value: &str) -> Value {
    row[name] = value.into();
    row
}

/// A return, and what is then on hand at Berlin, Hamburg and Munich, and damaged in all.
#[test]
fn each_return_has_its_number() {
    let table = [
        (back("1", 2, true), [2, 1, 0], 0),
        (back("1", 5, true), [4, 2, 0], 0),
        (back("1", 2, false), [0, 1, 0], 0),
        (with(back("1", 2, true), "location", "munich"), [0, 1, 2], 0),
        (with(back("1", 2, true), "state", "damaged"), [2, 1, 0], 2),
        (with(with(back("1", 5, true), "state", "damaged"), "location", "munich"), [0, 1, 5], 5),
    ];
    for (row, on_hand, damaged) in table {
        let mut world = shipped();
        world.post(returned("o1", "r1", std::slice::from_ref(&row)));
        let places = ["berlin", "hamburg", "munich"];
        assert_eq!(places.map(|place| world.on_hand("TEA", place)), on_hand, "{row}");
        let apart: i64 =
            places.iter().map(|place| world.level("TEA", place).get(Bucket::Damaged)).sum();
        assert_eq!(apart, damaged, "{row}");
        assert_eq!(world.order_line("o1", "1").returned(), row["quantity"]);
        world.quiet();
    }
}

#[test]
fn returns_add_up_to_what_was_shipped() {
    let mut world = shipped();
    for (id, quantity) in [("r1", 1), ("r2", 3), ("r3", 2)] {
        world.post(returned("o1", id, &[back("1", quantity, true)]));
    }
    world.quiet();
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("TEA", "hamburg")), (4, 3));
    world.post(returned("o1", "r4", &[back("1", 1, true)]));
    assert_eq!(world.conflict().event_count, 1);
}
