//! Safeguard 7: what the conflict about a name shows of the events that use it.

use onhand::conflict::Conflict;

use crate::harness::World;
use crate::says::{amended, goods, line, placed, received, shipped};

/// One is asked about after the other; who answers the first sees what is still to come.
#[test]
fn the_further_unknown_names_of_an_event_are_shown() {
    let further = |conflict: &Conflict| -> Vec<String> {
        let rows = conflict.evidence.iter();
        let rows = rows.filter(|row| row.label == "not known either when it came");
        rows.map(|row| row.value.clone()).collect()
    };
    let many: Vec<String> = (0..20).map(|number| format!("NEW-{number:02}")).collect();
    let lines: Vec<_> = many.iter().map(|sku| line(sku, sku, 1)).collect();
    let shown = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let table = [
        ("one name", vec![received("NEW", "berlin", 1)], shown(&[])),
        ("an item and a place", vec![received("NEW", "mars", 1)], shown(&["location mars"])),
        (
            "two items, one of them twice",
            vec![placed("o1", &[line("1", "NEW", 1), line("2", "NEW", 1), line("3", "OTHER", 1)])],
            shown(&["SKU OTHER"]),
        ),
        (
            "names of several events, each once",
            vec![
                received("NEW", "mars", 1),
                received("NEW", "moon", 1),
                received("NEW", "mars", 2),
            ],
            shown(&["location mars", "location moon"]),
        ),
        (
            "many",
            vec![placed("o1", &lines)],
            many[1..=10].iter().map(|sku| format!("SKU {sku}")).collect(),
        ),
    ];
    for (what, says, expected) in table {
        let mut world = World::new();
        world.post_all(says);
        assert_eq!(further(&world.conflict()), expected, "{what}");
    }
}

/// It is then found with the order, or the transfer, that waits.
#[test]
fn a_conflict_about_a_name_says_whose_only_order_or_transfer_waits() {
    let order = |id: &str| placed(id, &[line("1", "NEW", 1)]);
    let transfer = |id: &str| shipped(id, "berlin", "hamburg", &[goods("NEW", 1)]);
    let neither = (None, None);
    let table = [
        ("an order", vec![order("o1")], (Some("o1"), None)),
        (
            "its amendment as well",
            vec![order("o1"), amended("o1", 1, &[line("1", "NEW", 2)])],
            (Some("o1"), None),
        ),
        ("two orders", vec![order("o1"), order("o2")], neither),
        ("stock besides", vec![order("o1"), received("NEW", "berlin", 1)], neither),
        ("stock before", vec![received("NEW", "berlin", 1), order("o1")], neither),
        ("a transfer", vec![transfer("t1")], (None, Some("t1"))),
    ];
    for (what, says, expected) in table {
        let mut world = World::new();
        world.post_all(says);
        let conflict = world.conflict();
        let order = conflict.order.as_ref().map(ToString::to_string);
        let transfer = conflict.transfer.as_ref().map(ToString::to_string);
        assert_eq!((order.as_deref(), transfer.as_deref()), expected, "{what}");
    }
}
