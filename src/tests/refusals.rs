//! A decision is taken on what the person saw, and only as the kind of conflict offers it.

use onhand::conflict::{
    CancelledPart, Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption as O,
};
use onhand::id::{ConflictId, Text};
use onhand::ledger::{Input, Processed, Refused};
use serde_json::json;

use crate::harness::{World, choice};
use crate::says::{
    adjusted, counted, fulfilled, line_from, part, part_from, placed, received, set,
};

/// One open conflict of each kind, by a world each.
fn each_kind() -> Vec<(World, Conflict)> {
    let stocked = || World::new().given([received("TEA", "berlin", 9).at(-60)]);
    let order = || placed("o1", &[line_from("1", "TEA", 5, "berlin")]);
    let worlds = [
        (
            stocked().given([adjusted("TEA", "berlin", 1).id("1")]),
            adjusted("TEA", "berlin", 2).id("1"),
        ),
        (stocked().given([order()]), placed("o1", &[line_from("1", "TEA", 6, "berlin")])),
        (stocked(), set("TEA", "berlin", 1, 7)),
        (stocked(), counted("TEA", "berlin", 1).by("shop").at(-60)),
        (stocked(), received("TEA", "berlin", 1).at(99_999)),
        (stocked().given([order()]), fulfilled("o1", "f1", &[part("1", 6)])),
        (stocked(), received("NEW", "berlin", 1)),
        (stocked(), placed("o1", &[line_from("1", "TEA", 10, "berlin")])),
    ];
    let opened = worlds.map(|(mut world, says)| {
        world.post(says);
        let conflict = world.conflict();
        (world, conflict)
    });
    opened.into()
}

/// The last option of a conflict that needs nothing further.
fn last_without_needs(conflict: &Conflict) -> O {
    let needs = [O::Reallocate, O::CancelLines];
    let mut options = conflict.kind.options().iter().rev().copied();
    options.find(|option| !needs.contains(option)).unwrap()
}

#[test]
fn the_worlds_cover_every_kind() {
    let mut kinds: Vec<ConflictKind> = each_kind().iter().map(|(_, c)| c.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), 8);
}

#[test]
fn an_option_that_the_kind_does_not_offer_is_refused() {
    for (mut world, conflict) in each_kind() {
        for option in O::ALL {
            if conflict.kind.options().contains(&option) {
                continue;
            }
            let refused = world.resolve(&conflict, option).unwrap_err();
            assert!(
                matches!(refused, Refused::NotOffered { .. }),
                "{:?} {option:?}",
                conflict.kind
            );
        }
        assert_eq!(world.conflict(), conflict, "and nothing has changed");
    }
}

#[test]
fn a_conflict_that_changed_has_to_be_looked_at_again() {
    for (mut world, conflict) in each_kind() {
        let option = conflict.kind.options()[0];
        for seen in [0, conflict.version + 1] {
            let stale = Choice { expected_version: seen, ..choice(&conflict, option) };
            let refused = world.choose(stale).unwrap_err();
            assert_eq!(refused, Refused::Changed { now: conflict.version, seen });
        }
    }
    let mut world = World::new();
    world.post(received("NEW", "berlin", 1));
    let seen = world.conflict();
    world.post(received("NEW", "berlin", 2));
    let refused = world.resolve(&seen, O::Create).unwrap_err();
    assert_eq!(refused, Refused::Changed { now: 2, seen: 1 });
}

#[test]
fn a_conflict_is_resolved_once() {
    for (mut world, conflict) in each_kind() {
        let option = last_without_needs(&conflict);
        world.resolve(&conflict, option).unwrap();
        assert_eq!(world.status(&conflict), ConflictStatus::Resolved, "{:?}", conflict.kind);
        assert_eq!(world.resolve(&conflict, option).unwrap_err(), Refused::NotOpen);
        world.quiet();
    }
}

#[test]
fn two_decisions_in_one_batch_are_one_decision() {
    for (mut world, conflict) in each_kind() {
        let option = last_without_needs(&conflict);
        let input = Input::Resolve(choice(&conflict, option));
        let answers = world.answers(&[input.clone(), input]);
        assert!(matches!(answers[0], Processed::Recorded(_)), "{answers:?}");
        assert!(matches!(answers[1], Processed::Refused(Refused::NotOpen)), "{answers:?}");
    }
}

#[test]
fn a_conflict_that_never_was_is_not_open() {
    let mut world = World::new();
    let never = Choice {
        conflict: ConflictId::from_number(99),
        option: O::Discard,
        expected_version: 1,
        note: None,
        sku: None,
        location: None,
        lines: Vec::new(),
    };
    assert_eq!(world.choose(never).unwrap_err(), Refused::NotOpen);
}

#[test]
fn a_decision_is_an_event_with_its_author_and_what_it_led_to() {
    for (mut world, conflict) in each_kind() {
        let option = last_without_needs(&conflict);
        let note = Some(Text::new("as seen on the shelf").unwrap());
        let record = world.choose(Choice { note, ..choice(&conflict, option) }).unwrap();
        assert_eq!(record.envelope.event_type(), "conflict.resolved");
        assert_eq!(record.actor, "user:mia@example.com");
        let resolution = record.resolution_of(conflict.id).unwrap();
        assert_eq!(resolution.option, Some(option));
        assert_eq!((resolution.by.as_str(), resolution.seq), ("user:mia@example.com", record.seq));
        assert_eq!(resolution.note.as_ref().unwrap().as_str(), "as seen on the shelf");
    }
}

/// It would be passed over, and whoever said it would believe that it counts.
#[test]
fn a_decision_that_says_more_than_its_option_takes_is_refused() {
    let (order, line) = ("o1".parse().unwrap(), "1".parse().unwrap());
    let line = CancelledPart { order, line, quantity: None };
    for (mut world, conflict) in each_kind() {
        for option in conflict.offered() {
            let says = |field: &str| {
                let plain = choice(&conflict, option);
                match field {
                    "sku" => Choice { sku: Some("TEA".parse().unwrap()), ..plain },
                    "location" => Choice { location: Some("berlin".parse().unwrap()), ..plain },
                    _ => Choice { lines: vec![line.clone()], ..plain },
                }
            };
            let needs = conflict.needs(option);
            for field in ["sku", "location", "lines"].into_iter().filter(|it| !needs.contains(it)) {
                let before = world.store.journal.len();
                let takes = match needs {
                    [] => "nothing besides".to_owned(),
                    needs => format!("only {}", needs.join(" and ")),
                };
                let refused = world.choose(says(field)).unwrap_err();
                let why = format!(
                    "{field} is of no use to option {}, which takes {takes}",
                    option.as_str()
                );
                assert_eq!(refused.to_string(), why);
                assert_eq!(world.status(&conflict), ConflictStatus::Open, "{why}");
                assert_eq!(world.store.journal.len(), before, "{why}");
            }
        }
    }
}

/// Only its event's lines tell.
#[test]
fn what_an_orphan_takes_is_what_it_does_not_say_itself() {
    let said = json!({"line": "1", "quantity": 1, "sku": "TEA", "location": "berlin"});
    let item = json!({"line": "1", "quantity": 1, "sku": "TEA"});
    let table = [
        (part("1", 1), Some("TEA"), Some("berlin"), None),
        (item.clone(), None, Some("berlin"), None),
        (item, Some("TEA"), Some("berlin"), Some("sku")),
        (part_from("1", 1, "berlin"), Some("TEA"), Some("berlin"), Some("location")),
        (said.clone(), None, None, None),
        (said, None, Some("berlin"), Some("location")),
    ];
    for (line, sku, location, unused) in table {
        let mut world = World::new();
        world.post(fulfilled("o1", "f1", std::slice::from_ref(&line)));
        world.pass(86_400);
        let conflict = world.conflict();
        assert_eq!(conflict.kind, ConflictKind::Orphan);
        let decision = Choice {
            sku: sku.map(|sku| sku.parse().unwrap()),
            location: location.map(|location| location.parse().unwrap()),
            ..choice(&conflict, O::ApplyWithoutOrder)
        };
        let field = match world.choose(decision) {
            Ok(_) => None,
            Err(Refused::Unused { field, .. }) => Some(field),
            Err(other) => panic!("{other}"),
        };
        assert_eq!(field, unused, "{line}");
    }
}
