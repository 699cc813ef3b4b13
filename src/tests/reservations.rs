//! Reservations: all lines are held or none, never more than is available, and each hold ends
//! exactly once.

use onhand::conflict::{ConflictKind, ResolutionOption as O};
use onhand::record::Outcome;
use onhand::reservation::Standing;

use crate::harness::{World, choice};
use crate::says::{
    confirmed, counted, fulfilled, goods, held, item, kit, line_from, part, placed, received,
    released, reserved, reversed, set,
};

/// 10 units of tea and 4 mugs at Berlin, 3 units of tea at Hamburg.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 10).at(-60),
        received("MUG", "berlin", 4).at(-60),
        received("TEA", "hamburg", 3).at(-60),
    ])
}

fn standing(world: &World, reservation: &str) -> Standing {
    world.store.reservation(reservation).expect("it is known").standing.clone()
}

#[test]
fn a_hold_lowers_what_is_available_and_nothing_else() {
    let mut world = world();
    let result = world.post(reserved("r1", &[held("TEA", 4, "berlin"), held("MUG", 1, "berlin")]));
    assert_eq!(result.outcome, Outcome::Applied);
    let effects: Vec<_> = result.effects.iter().map(|e| (e.state.as_str(), e.delta)).collect();
    assert_eq!(effects, [("reserved", 4), ("reserved", 1)]);
    assert_eq!((world.on_hand("TEA", "berlin"), world.available("TEA", "berlin")), (10, 6));
    assert_eq!((world.reserved("TEA", "berlin"), world.committed("TEA", "berlin")), (4, 0));
    assert_eq!(world.available("TEA", "hamburg"), 3);
    assert_eq!(standing(&world, "r1"), Standing::Held);
}

#[test]
fn it_is_granted_as_a_whole_or_refused_as_a_whole() {
    // What is asked for, and what is missing.
    let table = [
        (vec![held("TEA", 11, "berlin")], Some("11 of TEA at berlin are wanted, 10 are available")),
        (vec![held("TEA", 10, "berlin")], None),
        (
            vec![held("TEA", 10, "berlin"), held("MUG", 5, "berlin")],
            Some("5 of MUG at berlin are wanted, 4 are available"),
        ),
        (vec![held("TEA", 3, "hamburg"), held("TEA", 10, "berlin")], None),
        (vec![held("TEA", 4, "hamburg")], Some("4 of TEA at hamburg are wanted, 3 are available")),
        (vec![held("TEA", 1, "munich")], Some("1 of TEA at munich are wanted, 0 are available")),
        // Lines of the same level are summed before anything is decided.
        (vec![held("MUG", 2, "berlin"), held("MUG", 2, "berlin")], None),
        (
            vec![held("MUG", 2, "berlin"), held("MUG", 3, "berlin")],
            Some("5 of MUG at berlin are wanted, 4 are available"),
        ),
    ];
    for (lines, missing) in table {
        let mut world = world();
        let result = world.post(reserved("r1", &lines));
        assert_eq!(result.reason.as_deref(), missing, "{lines:?}");
        let outcome = if missing.is_some() { Outcome::Rejected } else { Outcome::Applied };
        assert_eq!(result.outcome, outcome);
        assert!(result.seq.is_some(), "a refusal is recorded as well");
        let sum: i64 = lines.iter().map(|line| line["quantity"].as_i64().unwrap()).sum();
        let held: i64 = [("TEA", "berlin"), ("MUG", "berlin"), ("TEA", "hamburg")]
            .iter()
            .map(|(sku, location)| world.reserved(sku, location))
            .sum();
        assert_eq!(held, if missing.is_some() { 0 } else { sum });
        world.quiet();
    }
}

#[test]
fn the_last_unit_goes_to_one_of_many() {
    let mut world = World::new().given([received("TEA", "berlin", 1).at(-60)]);
    let requests = (0..50).map(|n| reserved(&format!("r{n}"), &[held("TEA", 1, "berlin")]));
    let results = world.batch(requests);
    let granted = results.iter().filter(|result| result.outcome == Outcome::Applied).count();
    assert_eq!((granted, world.available("TEA", "berlin")), (1, 0));
    assert!(results.iter().skip(1).all(|result| result.outcome == Outcome::Rejected));
}

#[test]
fn where_facts_have_promised_more_than_there_is_nothing_can_be_held() {
    let mut world = world().given([placed("o1", &[line_from("1", "MUG", 6, "berlin")])]);
    let result = world.post(reserved("r1", &[held("MUG", 1, "berlin")]));
    assert_eq!(result.outcome, Outcome::Rejected);
    assert_eq!(result.reason.as_deref(), Some("1 of MUG at berlin are wanted, -2 are available"));
}

#[test]
fn facts_take_units_that_are_held_and_that_is_flagged() {
    let mut world = world().given([reserved("r1", &[held("MUG", 3, "berlin")])]);
    world.post(placed("o1", &[line_from("1", "MUG", 2, "berlin")]));
    assert_eq!(world.conflict().kind, ConflictKind::Oversold);
    assert_eq!(world.available("MUG", "berlin"), -1);
    world.post(released("r1"));
    world.quiet();
}

#[test]
fn counts_and_settings_of_a_level_leave_holds_alone() {
    let mut world = world()
        .given([reserved("r1", &[held("TEA", 4, "berlin")]), counted("TEA", "berlin", 8).at(60)]);
    assert_eq!((world.reserved("TEA", "berlin"), world.available("TEA", "berlin")), (4, 4));
    world.post(set("TEA", "berlin", 20, world.version("TEA", "berlin")));
    assert_eq!((world.reserved("TEA", "berlin"), world.available("TEA", "berlin")), (4, 16));
}

#[test]
fn a_late_hold_is_not_absorbed_by_a_count() {
    let mut world = world().given([counted("TEA", "berlin", 10).at(100)]);
    let result = world.post(reserved("r1", &[held("TEA", 4, "berlin")]).at(0));
    assert_eq!(result.outcome, Outcome::Applied, "a request is decided when it comes");
    assert_eq!(world.reserved("TEA", "berlin"), 4);
}

#[test]
fn a_release_frees_all_of_it() {
    let mut world = world();
    world.post(reserved("r1", &[held("TEA", 4, "berlin"), held("TEA", 1, "berlin")]));
    let result = world.post(released("r1"));
    assert_eq!(result.outcome, Outcome::Applied);
    assert_eq!((result.effects.len(), result.effects[0].delta), (1, -5));
    assert_eq!((world.reserved("TEA", "berlin"), world.available("TEA", "berlin")), (0, 10));
    assert_eq!(standing(&world, "r1"), Standing::Released);
}

#[test]
fn whatever_is_not_held_can_neither_be_released_nor_confirmed() {
    let ended = |end: &str| {
        let mut world = world().given([reserved("r1", &[held("TEA", 4, "berlin")])]);
        match end {
            "released" => drop(world.post(released("r1"))),
            "confirmed" => drop(world.post(confirmed("r1", "o1"))),
            _ => world.pass(600),
        }
        world
    };
    let table = [
        (world(), "reservation r1 is not known"),
        (ended("released"), "reservation r1 is released"),
        (ended("confirmed"), "reservation r1 is confirmed for order o1"),
        (ended("expired"), "reservation r1 is expired"),
    ];
    for (mut world, reason) in table {
        let before = world.level("TEA", "berlin");
        for says in [released("r1"), confirmed("r1", "o2")] {
            let result = world.post(says);
            assert_eq!(result.outcome, Outcome::Rejected);
            assert_eq!(result.reason.as_deref(), Some(reason));
        }
        world.pass(1_000_000);
        assert_eq!(world.level("TEA", "berlin"), before, "a hold ends once");
        assert!(world.store.order("o2").is_none());
        world.quiet();
    }
}

#[test]
fn two_ends_in_one_batch_are_one_end() {
    for ends in [
        [released("r1"), released("r1")],
        [released("r1"), confirmed("r1", "o1")],
        [confirmed("r1", "o1"), released("r1")],
        [confirmed("r1", "o1"), confirmed("r1", "o2")],
    ] {
        let mut world = world().given([reserved("r1", &[held("TEA", 4, "berlin")])]);
        let results = world.batch(ends);
        let outcomes: Vec<_> = results.iter().map(|result| result.outcome).collect();
        assert_eq!(outcomes, [Outcome::Applied, Outcome::Rejected]);
        assert_eq!(world.reserved("TEA", "berlin"), 0);
    }
}

#[test]
fn placing_it_is_a_business_fact() {
    let mut world = world();
    let lines = [held("TEA", 4, "berlin")];
    let first = world.post(reserved("r1", &lines));
    let again = world.post(reserved("r1", &lines).at(5).by("pos"));
    assert_eq!(again.outcome, Outcome::Duplicate, "the same content under another event id");
    assert_eq!(again.seq, first.seq);
    let changed = world.post(reserved("r1", &[held("TEA", 5, "berlin")]));
    assert_eq!(changed.outcome, Outcome::Conflict);
    assert_eq!(world.conflict().kind, ConflictKind::OrderChanged);
    assert_eq!(world.reserved("TEA", "berlin"), 4);
    let conflict = world.conflict();
    world.resolve(&conflict, O::KeepFirst).unwrap();
    assert_eq!(world.outcome(&changed), Outcome::Rejected);
    world.post(released("r1"));
    let late = world.post(reserved("r1", &lines).at(9));
    assert_eq!(late.outcome, Outcome::Duplicate, "also when it is over");
    assert_eq!(late.original.unwrap().outcome, Outcome::Applied);
    assert_eq!(world.reserved("TEA", "berlin"), 0);
}

#[test]
fn a_refusal_is_final_for_its_event_but_no_fact() {
    let mut world = world();
    let too_much = reserved("r1", &[held("MUG", 5, "berlin")]).id("ask");
    let refused = world.post(too_much.clone());
    world.post(received("MUG", "berlin", 10).at(1));
    let again = world.post(too_much);
    assert_eq!((again.outcome, again.seq), (Outcome::Duplicate, refused.seq));
    assert_eq!(again.original.unwrap().outcome, Outcome::Rejected);
    let smaller = world.post(reserved("r1", &[held("MUG", 2, "berlin")]));
    assert_eq!(smaller.outcome, Outcome::Applied, "another event may ask for it again");
}

#[test]
fn an_unknown_name_holds_the_request_and_its_time_counts_from_when_it_is_granted() {
    let mut world = world();
    let request = world.post(reserved("r1", &[held("NEW", 1, "berlin")]));
    assert_eq!(request.outcome, Outcome::Conflict);
    assert_eq!(world.post(released("r1")).outcome, Outcome::Rejected, "it is not granted yet");
    world.pass(3_600);
    world.post(received("TEA", "berlin", 1));
    let conflict = world.conflict();
    let means_tea = choice(&conflict, O::Map);
    let sku = Some("TEA".parse().unwrap());
    world.choose(onhand::conflict::Choice { sku, ..means_tea }).unwrap();
    assert_eq!(world.outcome(&request), Outcome::Applied);
    assert_eq!(world.reserved("TEA", "berlin"), 1);
    let known = world.store.reservation("r1").unwrap();
    assert_eq!(known.lines[0].sku.as_str(), "TEA", "under the name that is known");
    assert_eq!(Some(known.placed.seq), request.seq);
    world.pass(599);
    assert_eq!(standing(&world, "r1"), Standing::Held);
    world.pass(1);
    assert_eq!(standing(&world, "r1"), Standing::Expired);
}

/// What is taken back after a hold, and what is held and committed then.
#[test]
fn taking_an_event_back_returns_a_reservation_to_where_it_was() {
    let hold = || reserved("r1", &[held("TEA", 4, "berlin")]).id("hold");
    let table = [
        (vec![hold()], "hold", Standing::Withdrawn, 0),
        (vec![hold(), released("r1").id("end")], "end", Standing::Held, 4),
        (vec![hold(), confirmed("r1", "o1").id("end")], "end", Standing::Held, 4),
    ];
    for (says, target, expected, held) in table {
        let mut world = world().given(says);
        let result = world.post(reversed("shop", target).at(100));
        assert_eq!(result.outcome, Outcome::Applied, "{result:?}");
        assert_eq!(standing(&world, "r1"), expected);
        assert_eq!((world.reserved("TEA", "berlin"), world.committed("TEA", "berlin")), (held, 0));
        world.pass(600);
        assert_eq!(world.reserved("TEA", "berlin"), 0, "its time goes on");
        world.quiet();
    }
}

#[test]
fn what_cannot_be_taken_back_of_a_reservation_is_refused() {
    let hold = || reserved("r1", &[held("TEA", 4, "berlin")]).id("hold");
    let mut ended = world().given([hold(), released("r1").id("end")]);
    let early = ended.post(reversed("shop", "hold").at(100));
    assert_eq!(early.reason.as_deref(), Some("reservation r1 is released since"));
    ended.post(reserved("r2", &[held("TEA", 8, "berlin")]));
    let late = ended.post(reversed("shop", "end").at(101));
    assert_eq!(late.reason.as_deref(), Some("its units are not available any more"));
    assert_eq!((early.outcome, late.outcome), (Outcome::Rejected, Outcome::Rejected));
    assert_eq!(ended.reserved("TEA", "berlin"), 8);
}

/// Else the hold would be as if it had never been asked for, not ended.
#[test]
fn a_hold_that_came_back_is_ended_anew() {
    for end in [released("r1"), confirmed("r1", "o1")] {
        let mut world = world().given([reserved("r1", &[held("TEA", 4, "berlin")])]);
        world.post(end.clone().id("end"));
        world.post(reversed("shop", "end").at(100).id("undo"));
        let result = world.post(reversed("desk", "undo").at(101));
        assert_eq!(
            result.reason.as_deref(),
            Some("it is held again: release it or confirm it anew")
        );
        assert_eq!((standing(&world, "r1"), world.reserved("TEA", "berlin")), (Standing::Held, 4));
        assert_eq!(world.post(end.at(102)).outcome, Outcome::Applied);
    }
}

#[test]
fn a_request_that_was_taken_back_can_be_said_anew() {
    let mut world = world().given([reserved("r1", &[held("TEA", 4, "berlin")]).id("hold")]);
    world.post(reversed("shop", "hold").at(100));
    let again = world.post(reserved("r1", &[held("TEA", 5, "berlin")]).id("again"));
    assert_eq!((again.outcome, world.reserved("TEA", "berlin")), (Outcome::Applied, 5));
}

/// `SET` is two of tea and one mug; its components are held at the line's location.
#[test]
fn a_kit_is_held_as_its_components() {
    let table = [
        (vec![held("SET", 4, "berlin")], None),
        (vec![held("SET", 5, "berlin")], Some("5 of MUG at berlin are wanted, 4 are available")),
        (vec![held("SET", 3, "berlin"), held("TEA", 4, "berlin")], None),
        (
            vec![held("SET", 3, "berlin"), held("TEA", 5, "berlin")],
            Some("11 of TEA at berlin are wanted, 10 are available"),
        ),
    ];
    for (lines, missing) in table {
        let mut world = world().given([kit("SET", &[goods("TEA", 2), goods("MUG", 1)])]);
        let result = world.post(reserved("r1", &lines));
        assert_eq!(result.reason.as_deref(), missing, "{lines:?}");
        world.post(released("r1"));
        assert_eq!((world.reserved("TEA", "berlin"), world.reserved("MUG", "berlin")), (0, 0));
    }
}

#[test]
fn a_kit_that_changes_leaves_what_is_held_alone() {
    let set = |tea: i64| kit("SET", &[goods("TEA", tea), goods("MUG", 1)]);
    let mut world = world().given([set(2), reserved("r1", &[held("SET", 2, "berlin")]), set(3)]);
    assert_eq!((world.reserved("TEA", "berlin"), world.reserved("MUG", "berlin")), (4, 2));
    world.post(confirmed("r1", "o1"));
    assert_eq!((world.committed("TEA", "berlin"), world.committed("MUG", "berlin")), (4, 2));
    world.post(placed("o1", &[line_from("a", "SET", 3, "berlin")]));
    assert_eq!((world.committed("TEA", "berlin"), world.committed("MUG", "berlin")), (6, 3));
    world.post(fulfilled("o1", "f1", &[part("a", 3)]).at(1));
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (4, 1));
    world.quiet();
}

#[test]
fn a_request_that_waited_is_refused_like_any_other() {
    let mut world = world();
    let request = world.post(reserved("r1", &[held("NEW", 1, "berlin")]));
    world.post(item("NEW"));
    assert_eq!(world.outcome(&request), Outcome::Rejected);
    world.quiet();
}
