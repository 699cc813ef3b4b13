//! Safeguard 4: what was decided on a version applies to that version only. And how versions grow.

use onhand::conflict::{ConflictKind, ResolutionOption};
use onhand::event::json::Json;
use onhand::event::parse;
use onhand::record::Outcome;

use crate::harness::World;
use crate::says::{
    Says, adjusted, amended, arrived, back, cancelled, counted, fulfilled, goods, item, line,
    location, moved, part, placed, received, reported, returned, reversed, set, shipped,
};

#[test]
fn a_set_applies_to_the_version_that_its_sender_has_seen() {
    let mut world = World::new().given([received("TEA", "berlin", 20)]);
    let result = world.post(set("TEA", "berlin", 12, 1));
    assert_eq!(result.outcome, Outcome::Applied);
    assert_eq!((world.on_hand("TEA", "berlin"), world.version("TEA", "berlin")), (12, 2));
}

#[test]
fn a_set_of_a_level_without_history_expects_version_0() {
    let mut world = World::new();
    assert_eq!(world.post(set("TEA", "berlin", 12, 0)).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 12);
}

#[test]
fn a_set_on_another_version_is_a_conflict_without_effect() {
    let mut world =
        World::new().given([received("TEA", "berlin", 20), received("TEA", "berlin", 1)]);
    for seen in [0, 1, 3] {
        let result = world.post(set("TEA", "berlin", 12, seen));
        assert_eq!(result.outcome, Outcome::Conflict);
        let conflict = world.conflict();
        assert_eq!(
            (conflict.kind, result.conflict),
            (ConflictKind::VersionMismatch, Some(conflict.id))
        );
        assert_eq!(conflict.sku.as_ref().unwrap().as_str(), "TEA");
        assert_eq!(conflict.location.as_ref().unwrap().as_str(), "berlin");
        world.resolve(&conflict, ResolutionOption::Discard).unwrap();
        assert_eq!(world.outcome(&result), Outcome::Rejected);
    }
    assert_eq!(world.on_hand("TEA", "berlin"), 21);
}

#[test]
fn applying_it_all_the_same_sets_the_number_asked_for() {
    let mut world = World::new().given([received("TEA", "berlin", 20)]);
    let result = world.post(set("TEA", "berlin", 12, 0));
    let conflict = world.conflict();
    world.post(received("TEA", "berlin", 5).at(1));
    let record = world.resolve(&conflict, ResolutionOption::ApplyRequested).unwrap();
    assert_eq!(record.effects[0].delta, -13);
    assert_eq!(world.on_hand("TEA", "berlin"), 12);
    assert_eq!(world.outcome(&result), Outcome::Applied);
    world.quiet();
}

/// Every event about one level may say which version it has seen.
#[test]
fn relative_facts_and_counts_can_expect_a_version_too() {
    let says: [fn() -> Says; 4] = [
        || adjusted("TEA", "berlin", -1),
        || received("TEA", "berlin", 1),
        || counted("TEA", "berlin", 7),
        || moved("TEA", "berlin", 1, "available", "damaged"),
    ];
    for says in says {
        let mut world = World::new().given([received("TEA", "berlin", 20)]);
        let wrong = world.post(says().at(100).expecting(9));
        assert_eq!(wrong.outcome, Outcome::Conflict);
        assert_eq!(world.conflict().kind, ConflictKind::VersionMismatch);
        let right = world.post(says().at(100).expecting(1));
        assert_eq!(right.outcome, Outcome::Applied);
        let conflict = world.conflict();
        world.resolve(&conflict, ResolutionOption::ApplyRequested).unwrap();
        assert_eq!(world.version("TEA", "berlin"), 3);
        world.quiet();
    }
}

#[test]
fn a_set_without_the_version_is_invalid() {
    let mut says = set("TEA", "berlin", 12, 0);
    says.version = None;
    assert_eq!(pointers(&says), ["/expectedversion"]);
}

#[test]
fn an_event_about_no_single_level_cannot_expect_a_version() {
    let says = [
        item("TEA"),
        location("berlin", 1),
        placed("o1", &[line("1", "TEA", 1)]),
        amended("o1", 1, &[line("1", "TEA", 1)]),
        cancelled("o1"),
        fulfilled("o1", "f1", &[part("1", 1)]),
        returned("o1", "r1", &[back("1", 1, true)]),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 1)]),
        arrived("t1", "r1", &[goods("TEA", 1)]),
        reported("shop", "listing", 1),
        reversed("wms", "1"),
    ];
    for says in says {
        assert_eq!(pointers(&says.expecting(1)), ["/expectedversion"]);
    }
}

#[test]
fn a_program_that_skips_the_parser_is_told_the_same() {
    let mut world = World::new();
    let mut blind = set("TEA", "berlin", 12, 0).event("1");
    blind.expected_version = None;
    let mut astray = placed("o1", &[line("1", "TEA", 1)]).event("2");
    astray.expected_version = Some(1);
    for event in [blind, astray] {
        let result = world.inputs(&[onhand::ledger::Input::Event(event)]).remove(0);
        assert_eq!(result.outcome, Outcome::Invalid);
        assert_eq!(result.errors[0].pointer, "/expectedversion");
    }
}

fn pointers(says: &Says) -> Vec<String> {
    let mut envelope = serde_json::json!({
        "specversion": "1.0", "source": says.source, "id": "1", "type": says.kind,
        "time": says.time.to_string(), "data": says.data,
    });
    if let Some(version) = says.version {
        envelope["expectedversion"] = version.into();
    }
    let json: Json = serde_json::from_str(&envelope.to_string()).unwrap();
    let invalid = parse(&json).unwrap_err();
    invalid.errors.into_iter().map(|error| error.pointer).collect()
}

#[test]
fn a_version_grows_by_one_with_each_event_that_has_an_effect_there() {
    let mut world = World::new();
    let steps = [
        (received("TEA", "berlin", 20), 1),
        (placed("o1", &[line("1", "TEA", 2), line("2", "TEA", 3)]), 2),
        (fulfilled("o1", "f1", &[part("1", 2), part("2", 3)]), 3),
        (returned("o1", "r1", &[back("1", 1, false)]), 3),
        (item("TEA"), 3),
        (cancelled("o1"), 3),
        (adjusted("TEA", "berlin", 2).with("state", "damaged"), 4),
        (moved("TEA", "berlin", 1, "damaged", "available"), 5),
        (counted("TEA", "berlin", 17).at(-99), 6),
    ];
    for (says, version) in steps {
        let result = world.post(says);
        assert_eq!(result.outcome, Outcome::Applied);
        assert_eq!(world.version("TEA", "berlin"), version, "{result:?}");
        for effect in &result.effects {
            assert_eq!(effect.version, version);
        }
    }
    assert_eq!(world.version("TEA", "hamburg"), 0);
    assert_eq!(world.version("MUG", "berlin"), 0);
}
