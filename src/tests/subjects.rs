//! What a conflict says it is about: the item, location, order and transfer of the event that it
//! holds, where the event names only one of them, under the names by which Onhand knows them.

use onhand::conflict::{Choice, Conflict, ConflictKind, ResolutionOption as O};
use serde_json::Value;

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, amended, back, cancelled, fulfilled, goods, item, line, line_from, part,
    part_from, placed, received, returned, shipped,
};

/// Far ahead of the server.
const AHEAD_S: i64 = 90_000;

/// 20 of tea and of mugs at Berlin; `TEE` means tea; an order of both, of which tea was shipped.
fn world() -> World {
    let mut world = World::new()
        .given([received("TEA", "berlin", 20).at(-60), received("MUG", "berlin", 20).at(-60)]);
    world.post(adjusted("TEE", "berlin", -1).at(-50));
    let unmapped = world.conflict();
    let tea = Choice { sku: Some("TEA".parse().unwrap()), ..choice(&unmapped, O::Map) };
    world.choose(tea).unwrap();
    world.given([
        placed("o1", &[line("1", "TEA", 5), line("2", "MUG", 4)]).at(-40).id("p"),
        fulfilled("o1", "f1", &[part("1", 2)]).at(-30),
    ])
}

fn of(sku: &str, mut row: Value) -> Value {
    row["sku"] = sku.into();
    row
}

/// Item, location, order and transfer.
fn about(conflict: &Conflict) -> [Option<String>; 4] {
    [
        conflict.sku.as_ref().map(ToString::to_string),
        conflict.location.as_ref().map(ToString::to_string),
        conflict.order.as_ref().map(ToString::to_string),
        conflict.transfer.as_ref().map(ToString::to_string),
    ]
}

#[test]
fn a_conflict_names_what_its_event_is_about() {
    use ConflictKind as K;
    let (tea, mug, berlin, o1) = (Some("TEA"), Some("MUG"), Some("berlin"), Some("o1"));
    let ahead = |says: Says| says.at(AHEAD_S);
    let cases: Vec<(Says, K, [Option<&str>; 4])> = vec![
        (ahead(adjusted("TEE", "berlin", -1)), K::FutureTime, [tea, berlin, None, None]),
        (ahead(item("TEA")), K::FutureTime, [tea, None, None, None]),
        (ahead(item("NEW")), K::FutureTime, [Some("NEW"), None, None, None]),
        (
            ahead(placed("o2", &[line("1", "TEA", 1), line_from("2", "TEE", 1, "berlin")])),
            K::FutureTime,
            [tea, berlin, Some("o2"), None],
        ),
        (
            ahead(placed("o2", &[line("1", "TEA", 1), line("2", "MUG", 1)])),
            K::FutureTime,
            [None, None, Some("o2"), None],
        ),
        (
            ahead(shipped("t1", "berlin", "hamburg", &[goods("MUG", 1)])),
            K::FutureTime,
            [mug, None, None, Some("t1")],
        ),
        (received("MUG", "berlin", 1).by("shop").id("p"), K::IdReused, [mug, berlin, None, None]),
        (placed("o1", &[line("1", "MUG", 1)]), K::OrderChanged, [mug, None, o1, None]),
        // What a line is, its order says.
        (fulfilled("o1", "f2", &[part("1", 9)]), K::Excess, [tea, None, o1, None]),
        (fulfilled("o1", "f2", &[part("1", 9), part("2", 1)]), K::Excess, [None, None, o1, None]),
        (fulfilled("o1", "f2", &[of("MUG", part("1", 1))]), K::Excess, [mug, None, o1, None]),
        (fulfilled("o1", "f2", &[part("9", 1)]), K::Excess, [None, None, o1, None]),
        (cancelled("o1").with("lines", vec![part("2", 9)]), K::Excess, [mug, None, o1, None]),
        (returned("o1", "r1", &[back("1", 9, true)]), K::Excess, [tea, None, o1, None]),
        (amended("o1", 1, &[line("2", "MUG", 9)]), K::Excess, [tea, None, o1, None]),
    ];
    for (says, kind, expected) in cases {
        let mut world = world();
        let result = world.post(says);
        let conflict = world.conflict();
        assert_eq!((conflict.kind, result.conflict), (kind, Some(conflict.id)), "{result:?}");
        let expected = expected.map(|name| name.map(str::to_owned));
        assert_eq!(about(&conflict), expected, "{kind:?} {:?}", conflict.evidence);
        assert_eq!(result.reason.as_deref(), Some(conflict.explanation()));
    }
}

#[test]
fn an_orphan_names_what_its_lines_name() {
    let mut world = world();
    world.post(fulfilled("o9", "f1", &[of("TEE", part_from("1", 1, "berlin"))]).at(5));
    world.pass(86_400);
    let expected = [Some("TEA"), Some("berlin"), Some("o9"), None];
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Orphan);
    assert_eq!(about(&conflict), expected.map(|name| name.map(str::to_owned)));
}
