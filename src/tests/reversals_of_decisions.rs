//! A resolution is an event with its author, and can be reversed: its effects are taken back, and
//! the conflict is open again with the events that it held.

use onhand::conflict::{Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::ledger::{Input, Processed};
use onhand::record::{Change, Outcome, Record, WaitKey};
use onhand::state::Oversold;
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::says::{
    adjusted, counted, fulfilled, item, line, line_from, location, part, part_from, placed,
    received, reversed, set,
};

fn world() -> World {
    World::new().given([received("TEA", "berlin", 20).at(-1_000)])
}

fn reverse(world: &mut World, decision: &Record) -> EventResult {
    let id = decision.envelope.id.as_str().to_owned();
    world.post(reversed("onhand", &id))
}

fn reason(result: &EventResult) -> &str {
    assert_eq!(result.outcome, Outcome::Rejected, "{result:?}");
    result.reason.as_deref().unwrap()
}

/// A conflict of each kind that holds an event, with that event.
fn held() -> Vec<(World, EventResult)> {
    let mut worlds = Vec::new();
    let mut add = |mut world: World, says| {
        let result = world.post(says);
        assert_eq!(result.outcome, Outcome::Conflict);
        worlds.push((world, result));
    };
    add(world(), set("TEA", "berlin", 12, 7));
    add(world().given([adjusted("TEA", "berlin", -3).by("shop").at(99)]), {
        counted("TEA", "berlin", 15).at(100)
    });
    add(world().given([adjusted("TEA", "berlin", -3).by("shop").at(105)]), {
        counted("TEA", "berlin", 15).at(100)
    });
    add(world(), adjusted("TEA", "berlin", -3).at(90_000));
    let order = || placed("o1", &[line("1", "TEA", 5)]);
    add(world().given([order()]), fulfilled("o1", "f1", &[part("1", 7)]));
    add(world().given([order()]), placed("o1", &[line("1", "TEA", 6)]).at(3));
    add(world().given([order().id("x")]), placed("o1", &[line("1", "TEA", 6)]).id("x"));
    worlds
}

/// Whatever was decided, reversed: levels, order and event are as they were, and the conflict can
/// be decided otherwise.
#[test]
fn each_decision_on_each_kind_can_be_taken_back() {
    for index in 0..held().len() {
        let options = {
            let (world, _) = &held()[index];
            world.conflict().kind.options()
        };
        for option in options {
            let (mut world, result) = held().remove(index);
            let conflict = world.conflict();
            let before = world.level("TEA", "berlin");
            let order = world.store.order("o1").cloned();
            let Ok(decision) = world.resolve(&conflict, *option) else {
                panic!("{option:?} on {conflict:?}");
            };
            let answer = reverse(&mut world, &decision);
            assert_eq!(answer.outcome, Outcome::Applied, "{option:?} on {conflict:?}: {answer:?}");
            assert_eq!(answer.conflict, Some(conflict.id));
            let after = world.level("TEA", "berlin");
            assert_eq!(after.buckets(), before.buckets(), "{option:?} on {conflict:?}");
            assert_eq!(after.counted, before.counted, "{option:?} on {conflict:?}");
            assert_eq!(world.store.order("o1").cloned(), order, "{option:?} on {conflict:?}");
            assert_eq!(world.outcome(&result), Outcome::Conflict, "it is held again");
            let again = world.conflict();
            assert_eq!((again.id, again.status), (conflict.id, ConflictStatus::Open));
            assert_eq!(again.version, conflict.version + 2, "closed once, opened once");
            assert_eq!(again.evidence, conflict.evidence, "it shows what it showed");
            assert_eq!(again.resolution, None);
            let twice = reverse(&mut world, &decision);
            assert!(reason(&twice).contains("taken back already"), "{twice:?}");
            let last = *again.kind.options().last().unwrap();
            world.resolve(&again, last).unwrap();
            world.quiet();
        }
    }
}

#[test]
fn a_decision_on_a_late_movement_can_be_taken_back() {
    for second in [95, 105] {
        for option in [O::KeepCounted, O::KeepDifference] {
            let mut world = world().given([counted("TEA", "berlin", 15).at(100)]);
            world.post(adjusted("TEA", "berlin", -3).by("shop").at(second));
            let (conflict, before) = (world.conflict(), world.on_hand("TEA", "berlin"));
            let decision = world.resolve(&conflict, option).unwrap();
            assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
            assert_eq!(world.on_hand("TEA", "berlin"), before, "{option:?} of {second}");
            let conflict = world.conflict();
            world.resolve(&conflict, O::KeepDifference).unwrap();
            assert_eq!(world.on_hand("TEA", "berlin"), 12);
            world.quiet();
        }
    }
}

#[test]
fn a_question_about_a_count_that_is_over_is_not_asked_again() {
    let mut world = world().given([counted("TEA", "berlin", 15).at(100).id("count")]);
    world.post(adjusted("TEA", "berlin", -3).by("shop").at(105));
    let conflict = world.conflict();
    let decision = world.resolve(&conflict, O::KeepDifference).unwrap();
    world.post(reversed("wms", "count"));
    assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
    world.quiet();
}

#[test]
fn the_event_can_be_reversed_by_its_own_name_and_then_not_by_the_decision() {
    let mut world = world();
    world.post(set("TEA", "berlin", 12, 7).id("set"));
    let conflict = world.conflict();
    let decision = world.resolve(&conflict, O::ApplyRequested).unwrap();
    world.post(reversed("wms", "set"));
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
    assert_eq!(world.status(&conflict), ConflictStatus::Resolved, "the decision stands");
    let late = reverse(&mut world, &decision);
    assert!(reason(&late).contains("taken back already"), "{late:?}");
}

#[test]
fn what_was_decided_again_since_stays() {
    let mut world = world().given([adjusted("TEA", "berlin", -3).by("shop").at(99)]);
    world.post(counted("TEA", "berlin", 15).at(100).expecting(7));
    let conflict = world.conflict();
    let first = world.resolve(&conflict, O::ApplyRequested).unwrap();
    let overlap = world.conflict();
    let second = world.resolve(&overlap, O::KeepCounted).unwrap();
    let result = reverse(&mut world, &first);
    assert!(reason(&result).contains("reverse #"), "{result:?}");
    assert_eq!(reverse(&mut world, &second).outcome, Outcome::Applied);
    let open = world.conflict();
    assert_eq!(open.id, overlap.id);
    assert_eq!(reverse(&mut world, &first).outcome, Outcome::Applied);
    assert_eq!(world.conflict().id, conflict.id, "and the one that followed is closed");
    assert_eq!(world.status(&overlap), ConflictStatus::AutoResolved);
}

#[test]
fn a_reversed_decision_is_not_brought_back_but_taken_anew() {
    for (mut world, held) in self::held() {
        let conflict = world.conflict();
        let option = conflict.offered().next().unwrap();
        let decision = world.resolve(&conflict, option).unwrap();
        let id = decision.envelope.id.as_str();
        world.post(reversed("onhand", id).id("undo"));
        let (before, asked) = (world.level("TEA", "berlin"), world.conflict());
        let result = world.post(reversed("desk", "undo"));
        assert!(reason(&result).contains("open again: decide that"), "{option:?}: {result:?}");
        assert_eq!((world.level("TEA", "berlin"), world.conflict()), (before, asked));
        assert_eq!(world.outcome(&held), Outcome::Conflict, "{option:?}");
    }
}

/// 3 units at Berlin, 5 ordered, and somebody has acknowledged it.
fn acknowledged() -> (World, Conflict, Record) {
    let mut world = World::new()
        .given([received("TEA", "berlin", 3), placed("o1", &[line_from("1", "TEA", 5, "berlin")])]);
    let conflict = world.conflict();
    let decision = world.resolve(&conflict, O::Acknowledge).unwrap();
    (world, conflict, decision)
}

#[test]
fn an_acknowledged_shortage_is_asked_about_again() {
    let (mut world, conflict, decision) = acknowledged();
    reverse(&mut world, &decision);
    assert_eq!(world.conflict().id, conflict.id);
    assert_eq!(world.level("TEA", "berlin").oversold, Oversold::Open(conflict.id));
    world.post(received("TEA", "berlin", 2));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
}

/// Else the first decision would stand beside the second, and its conflict go back to a version that
/// it had before.
#[test]
fn an_acknowledgement_that_was_taken_back_is_not_brought_back() {
    let (mut world, conflict, decision) = acknowledged();
    world.post(reversed("onhand", decision.envelope.id.as_str()).id("undo"));
    let again = world.conflict();
    let asked = world.post(reversed("desk", "undo"));
    assert!(reason(&asked).contains("is open again: decide that"), "{asked:?}");
    world.resolve(&again, O::Acknowledge).unwrap();
    let result = world.post(reversed("desk", "undo"));
    assert!(reason(&result).contains("has been decided anew: reverse #11 first"), "{result:?}");
    assert!(world.store.conflict(conflict.id).version > again.version);
}

#[test]
fn a_shortage_that_is_over_is_not_and_the_next_one_is_another() {
    let (mut world, conflict, decision) = acknowledged();
    world.post(received("TEA", "berlin", 2));
    let result = reverse(&mut world, &decision);
    assert_eq!((result.outcome, result.conflict), (Outcome::Applied, None));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    world.quiet();
    world.post(adjusted("TEA", "berlin", -1));
    assert_ne!(world.conflict().id, conflict.id);
    let twice = reverse(&mut world, &decision);
    assert!(reason(&twice).contains("taken back already"), "{twice:?}");
}

#[test]
fn a_shortage_is_not_asked_about_twice() {
    let (mut world, conflict, decision) = acknowledged();
    world.post_all([received("TEA", "berlin", 2), adjusted("TEA", "berlin", -1)]);
    let newer = world.conflict();
    assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
    assert_eq!(world.conflict(), newer, "just that, and nothing else");
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!(world.level("TEA", "berlin").oversold, Oversold::Open(newer.id));
}

fn mapped(world: &mut World, sku: &str) -> Record {
    let conflict = world.open(ConflictKind::Unmapped).remove(0);
    let choice = Choice { sku: Some(sku.parse().unwrap()), ..choice(&conflict, O::Map) };
    world.choose(choice).unwrap()
}

/// An orphan that was applied without its order came to wait for a name instead: with the decision it
/// waits for its order again.
#[test]
fn an_orphan_that_went_on_to_a_name_waits_for_its_order_again() {
    let mut world = world();
    world.post(adjusted("TEA", "mars", 1));
    let unmapped = world.conflict();
    let to_berlin =
        Choice { location: Some("berlin".parse().unwrap()), ..choice(&unmapped, O::Map) };
    let mapped = world.choose(to_berlin).unwrap();
    let orphan = world.post(fulfilled("o9", "f1", &[part_from("1", 1, "mars")]));
    world.pass(86_400);
    reverse(&mut world, &mapped);
    let asked = world.open(ConflictKind::Orphan).remove(0);
    let of_tea =
        Choice { sku: Some("TEA".parse().unwrap()), ..choice(&asked, O::ApplyWithoutOrder) };
    let decision = world.choose(of_tea).unwrap();
    assert_eq!(decision.outcome, Outcome::Conflict, "mars means nothing by now");
    assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
    let key = WaitKey::Order("o9".parse().unwrap());
    let waiting: Vec<u64> = world.ledger.state().waiting().on(&key).collect();
    assert_eq!(waiting, [orphan.seq.unwrap()]);
}

#[test]
fn a_mapping_that_was_taken_back_is_decided_again_not_brought_back() {
    let mut world = world();
    world.post(adjusted("CUP", "berlin", -1));
    let decision = mapped(&mut world, "TEA");
    world.post(reversed("onhand", decision.envelope.id.as_str()).id("undo"));
    let result = world.post(reversed("desk", "undo"));
    assert_eq!(result.outcome, Outcome::Rejected);
    assert!(reason(&result).contains("is open again: decide that"), "{result:?}");
    mapped(&mut world, "MUG");
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
}

/// Events that wait for a name, mapped to the wrong item. One of them went on to a question of its
/// own, which is over with the mapping unless somebody has answered it.
#[test]
fn a_mapping_is_taken_back_with_all_that_it_released() {
    let says = || {
        [
            adjusted("CUP", "berlin", -1).at(5),
            placed("o1", &[line_from("1", "CUP", 2, "berlin")]).at(6),
            placed("o2", &[line_from("1", "CUP", 3, "berlin")]).at(7),
            adjusted("CUP", "berlin", -7).at(8).expecting(77),
        ]
    };
    let mut answered = world();
    answered.post_all(says());
    let decision = mapped(&mut answered, "TEA");
    let mismatch = answered.open(ConflictKind::VersionMismatch).remove(0);
    answered.resolve(&mismatch, O::Discard).unwrap();
    let result = reverse(&mut answered, &decision);
    assert!(reason(&result).contains("has been decided again since"), "{result:?}");

    let mut world = world().given([received("MUG", "berlin", 20)]);
    let waiting = world.post_all(says());
    let conflict = world.conflict();
    let decision = mapped(&mut world, "TEA");
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (19, 5));
    assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
    assert_eq!((world.on_hand("TEA", "berlin"), world.committed("TEA", "berlin")), (20, 0));
    for result in &waiting {
        assert_eq!(world.outcome(result), Outcome::Conflict, "it waits again");
    }
    let again = world.conflict();
    assert_eq!((again.id, again.event_count), (conflict.id, 4));
    let late = world.post(adjusted("CUP", "berlin", -4).at(9));
    assert_eq!(late.conflict, Some(again.id), "the name means nothing again");
    mapped(&mut world, "MUG");
    assert_eq!((world.on_hand("MUG", "berlin"), world.committed("MUG", "berlin")), (15, 5));
    assert_eq!(world.conflict().kind, ConflictKind::VersionMismatch, "it is asked again");
}

/// More waited than the conflict lists, and some of them were taken back since or went on before.
#[test]
fn a_mapping_is_taken_back_with_more_than_its_conflict_lists() {
    let sold = |number: i64| adjusted("CUP", "berlin", -1).at(number).id(&format!("s{number}"));
    let mut world = world();
    let waiting = world.post_all((0..120).map(sold));
    let decision = mapped(&mut world, "MUG");
    assert_eq!(world.on_hand("MUG", "berlin"), -120);
    assert!(
        decision
            .changes
            .iter()
            .any(|it| matches!(it, Change::Woken { events, .. } if events.len() == 120))
    );
    world.post_all([reversed("wms", "s7"), reversed("wms", "s80")]);
    world.open(ConflictKind::Oversold).into_iter().for_each(|shortage| {
        world.resolve(&shortage, O::Acknowledge).unwrap();
    });
    let reversal = reverse(&mut world, &decision);
    assert_eq!((reversal.outcome, reversal.reason), (Outcome::Applied, None));
    assert_eq!(world.on_hand("MUG", "berlin"), 0);
    let held = |result: &&EventResult| world.outcome(result) == Outcome::Conflict;
    assert_eq!(waiting.iter().filter(held).count(), 118);
    let before = world.on_hand("TEA", "berlin");
    mapped(&mut world, "TEA");
    assert_eq!(world.on_hand("TEA", "berlin"), before - 118);
    assert!(world.open(ConflictKind::Unmapped).is_empty());
}

/// It asked about a movement near a count, and both wait again: the question is over, once.
#[test]
fn a_question_is_over_once_where_all_that_it_is_about_goes() {
    let mut world = world();
    world.post(counted("CUP", "berlin", 9).at(100));
    world.post(adjusted("CUP", "berlin", -1).by("shop").at(105));
    let decision = mapped(&mut world, "TEA");
    let near = world.conflict();
    assert_eq!(near.kind, ConflictKind::CountOverlap);
    assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
    assert_eq!(world.status(&near), ConflictStatus::AutoResolved);
    assert_eq!(world.store.conflict(near.id).version, near.version + 1);
}

/// An event named two things that nobody knew, and went on once both were mapped.
#[test]
fn a_mapping_is_taken_back_though_the_event_waited_for_another_name_after_it() {
    let mut world = world();
    let sale = world.post(adjusted("CUP", "mars", -2).at(5).id("sale"));
    let to_tea = mapped(&mut world, "TEA");
    let mars = world.open(ConflictKind::Unmapped).remove(0);
    let berlin = Choice { location: Some("berlin".parse().unwrap()), ..choice(&mars, O::Map) };
    let to_berlin = world.choose(berlin).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 18);
    assert_eq!(reverse(&mut world, &to_tea).outcome, Outcome::Applied);
    assert_eq!((world.on_hand("TEA", "berlin"), world.outcome(&sale)), (20, Outcome::Conflict));
    assert_eq!(world.conflict().sku.as_ref().unwrap().as_str(), "CUP");
    // The other mapping can go as well: then it waits for that name, and for the first one later.
    assert_eq!(reverse(&mut world, &to_berlin).outcome, Outcome::Applied);
    let mars = world.conflict();
    assert_eq!(mars.location.as_ref().unwrap().as_str(), "mars");
    world.choose(to_berlin_of(&mars)).unwrap();
    assert_eq!(world.outcome(&sale), Outcome::Conflict);
    mapped(&mut world, "TEA");
    assert_eq!((world.on_hand("TEA", "berlin"), world.outcome(&sale)), (18, Outcome::Applied));
    world.quiet();
}

fn to_berlin_of(conflict: &Conflict) -> Choice {
    Choice { location: Some("berlin".parse().unwrap()), ..choice(conflict, O::Map) }
}

/// The event waits for a second name while the first mapping is taken back: be it that nobody has
/// said yet what that means, or that what was said was taken back.
#[test]
fn a_mapping_is_taken_back_while_the_event_waits_for_another_name() {
    for said in [false, true] {
        let mut world = world();
        let sale = world.post(adjusted("CUP", "mars", -2).at(5));
        let other = world.post(adjusted("TEA", "mars", -1).at(6));
        let cup = world.open(ConflictKind::Unmapped).pop().unwrap();
        let cup =
            if cup.sku.is_some() { cup } else { world.open(ConflictKind::Unmapped).remove(0) };
        let tea = Choice { sku: Some("TEA".parse().unwrap()), ..choice(&cup, O::Map) };
        let to_tea = world.choose(tea).unwrap();
        let mars = world.conflict();
        assert_eq!(mars.event_count, 2);
        if said {
            let discarded = world.resolve(&mars, O::Discard).unwrap();
            assert_eq!(reverse(&mut world, &discarded).outcome, Outcome::Applied);
        }
        assert_eq!(reverse(&mut world, &to_tea).outcome, Outcome::Applied);
        assert_eq!(world.status(&cup), ConflictStatus::Open);
        assert_eq!(world.store.conflict(mars.id).event_count, 1, "the other one waits there");
        world.choose(to_berlin_of(world.store.conflict(mars.id))).unwrap();
        assert_eq!(
            (world.outcome(&other), world.outcome(&sale)),
            (Outcome::Applied, Outcome::Conflict)
        );
        mapped(&mut world, "TEA");
        assert_eq!((world.on_hand("TEA", "berlin"), world.outcome(&sale)), (17, Outcome::Applied));
        world.quiet();
    }
}

/// The decision lets the event wait for a name; what was said about the name is taken back first.
#[test]
fn a_decision_is_taken_back_after_one_that_followed_it() {
    let mut world = world();
    let sale = world.post(adjusted("CUP", "berlin", -2).at(90_000));
    let future = world.conflict();
    let as_received = world.resolve(&future, O::ApplyAsReceived).unwrap();
    let cup = world.conflict();
    let discarded = world.resolve(&cup, O::Discard).unwrap();
    assert_eq!(reverse(&mut world, &discarded).outcome, Outcome::Applied);
    assert_eq!(reverse(&mut world, &as_received).outcome, Outcome::Applied);
    assert_eq!(
        (world.status(&future), world.status(&cup)),
        (ConflictStatus::Open, ConflictStatus::AutoResolved)
    );
    let again = world.store.conflict(future.id).clone();
    world.resolve(&again, O::Discard).unwrap();
    assert_eq!(world.outcome(&sale), Outcome::Rejected);
    world.quiet();
}

#[test]
fn a_mapping_stays_where_something_rests_on_what_it_released() {
    let mut world = world();
    world.post(placed("o1", &[line("1", "CUP", 2)]).at(6));
    let decision = mapped(&mut world, "TEA");
    world.post(fulfilled("o1", "f1", &[part("1", 2)]).at(7));
    let result = reverse(&mut world, &decision);
    assert!(reason(&result).contains("rest on line 1"), "{result:?}");
    assert_eq!(world.on_hand("TEA", "berlin"), 18);
}

#[test]
fn events_that_were_taken_back_by_themselves_stay_so() {
    let mut world = world();
    world.post(adjusted("CUP", "berlin", -1).at(5).id("x"));
    let decision = mapped(&mut world, "TEA");
    world.post(reversed("wms", "x"));
    assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
    world.quiet();
    let other = world.post(adjusted("CUP", "berlin", -1).at(6));
    assert_eq!(other.outcome, Outcome::Conflict, "the name means nothing again");
}

#[test]
fn what_was_discarded_for_a_name_waits_again() {
    let mut world = world();
    let waiting = world.post(adjusted("CUP", "berlin", -1).at(5));
    let conflict = world.conflict();
    let decision = world.resolve(&conflict, O::Discard).unwrap();
    assert_eq!(world.outcome(&waiting), Outcome::Rejected);
    assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
    assert_eq!(world.outcome(&waiting), Outcome::Conflict);
    world.post(item("CUP"));
    assert_eq!(world.on_hand("CUP", "berlin"), -1);
}

/// Else it would wait for a name that means something.
#[test]
fn what_was_discarded_for_a_name_that_means_something_by_now_stays_so() {
    let mut world = world();
    world.post(adjusted("CUP", "berlin", -1).at(5));
    let decision = world.resolve(&world.conflict(), O::Discard).unwrap();
    world.post(adjusted("CUP", "berlin", -2).at(6));
    mapped(&mut world, "TEA");
    let result = reverse(&mut world, &decision);
    assert!(reason(&result).contains("has been decided since"), "{result:?}");
    assert_eq!(world.on_hand("TEA", "berlin"), 18);

    world.post(received("TEA", "BER", 4));
    let decision = world.resolve(&world.conflict(), O::Discard).unwrap();
    world.post(received("TEA", "BER", 5));
    let berlin = Some("berlin".parse().unwrap());
    let asked = world.conflict();
    world.choose(Choice { location: berlin, ..choice(&asked, O::Map) }).unwrap();
    let result = reverse(&mut world, &decision);
    assert!(reason(&result).contains("has been decided since"), "{result:?}");
    assert_eq!(world.on_hand("TEA", "berlin"), 23);
}

#[test]
fn what_was_created_stays_known() {
    let mut world = world();
    world.post(adjusted("CUP", "berlin", 1).at(5).id("x"));
    let conflict = world.conflict();
    let decision = world.resolve(&conflict, O::Create).unwrap();
    let result = reverse(&mut world, &decision);
    assert_eq!(reason(&result), "what is known stays known: reverse x of wms instead");
    assert_eq!(world.post(reversed("wms", "x")).outcome, Outcome::Applied);
    let result = reverse(&mut world, &decision);
    assert_eq!(reason(&result), "what is known stays known: say anew what is to be so");
}

/// Those that are in force are to be reversed, one by one; the others need not be.
#[test]
fn what_is_to_be_reversed_instead_of_a_creation_is_named() {
    let mut world = world();
    let sold = |number: i64| adjusted("CUP", "berlin", 1).at(number).id(&format!("s{number}"));
    world.post_all((1..=8).map(sold));
    let decision = world.resolve(&world.conflict(), O::Create).unwrap();
    world.post(reversed("wms", "s2"));
    let instead =
        "reverse s1 of wms, s3 of wms, s4 of wms, s5 of wms, s6 of wms and 2 more instead";
    let result = reverse(&mut world, &decision);
    assert_eq!(reason(&result), format!("what is known stays known: {instead}"));
}

#[test]
fn a_name_that_is_known_by_itself_is_not_asked_about_again() {
    let mut world = world();
    world.post(adjusted("CUP", "berlin", -1).at(5).id("sale"));
    let decision = mapped(&mut world, "TEA");
    world.post(item("CUP"));
    let result = reverse(&mut world, &decision);
    let instead = "SKU CUP is known by itself by now: reverse sale of wms instead";
    assert_eq!(reason(&result), instead);
}

#[test]
fn a_newer_conflict_about_the_same_id_stands_in_the_way() {
    let mut world = world();
    world.post(adjusted("TEA", "berlin", -1).id("x"));
    world.post(adjusted("TEA", "berlin", -2).id("x"));
    let conflict = world.conflict();
    let decision = world.resolve(&conflict, O::KeepFirst).unwrap();
    world.post(adjusted("TEA", "berlin", -3).id("x"));
    let result = reverse(&mut world, &decision);
    assert!(reason(&result).contains("is open about the same"), "{result:?}");
}

/// Else two contents of one id could take effect.
#[test]
fn a_question_about_an_id_is_not_asked_again_while_a_later_content_holds() {
    let mut world = world();
    world.post(adjusted("TEA", "berlin", -1).id("x"));
    world.post(adjusted("TEA", "berlin", -2).id("x"));
    let kept = world.resolve(&world.conflict(), O::KeepFirst).unwrap();
    let third = world.post(adjusted("TEA", "berlin", -3).id("x"));
    let applied = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    let on_hand = world.on_hand("TEA", "berlin");
    let seq = third.seq.unwrap();
    let result = reverse(&mut world, &kept);
    assert_eq!(reason(&result), format!("#{seq} of the same id holds: reverse that first"));
    assert_eq!(world.on_hand("TEA", "berlin"), on_hand);
    // Without it, the question can be asked again.
    reverse(&mut world, &applied);
    world.resolve(&world.conflict(), O::KeepFirst).unwrap();
    assert_eq!(world.outcome(&third), Outcome::Rejected);
    assert_eq!(reverse(&mut world, &kept).outcome, Outcome::Applied);
    world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), on_hand + 1);
    world.quiet();
}

/// A decision let an event go on as far as a name that nobody knows: it leaves the question about
/// that name with the decision, and what else waits for it is still asked about.
#[test]
fn an_event_that_is_held_again_leaves_the_question_about_its_name() {
    for others_wait in [true, false] {
        let mut world = world();
        world.post(adjusted("CUP", "berlin", -1).at(90_000));
        let future = world.conflict();
        let decision = world.resolve(&future, O::ApplyAsReceived).unwrap();
        if others_wait {
            world.post(adjusted("CUP", "berlin", -2).at(5));
        }
        let asked = world.open(ConflictKind::Unmapped).remove(0);
        assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
        let unmapped = world.open(ConflictKind::Unmapped);
        if others_wait {
            let events: Vec<u64> = unmapped[0].events.iter().map(|event| event.seq).collect();
            assert_eq!((events, unmapped[0].event_count), (vec![asked.events[1].seq], 1));
            assert_eq!(unmapped[0].version, asked.version + 1, "whoever looks at it sees that");
        } else {
            assert!(unmapped.is_empty());
            assert_eq!(world.status(&asked), ConflictStatus::AutoResolved);
        }
        let future = world.open(ConflictKind::FutureTime).remove(0);
        world.resolve(&future, O::ApplyAsReceived).unwrap();
        let asked = world.open(ConflictKind::Unmapped).remove(0);
        assert_eq!(asked.event_count, if others_wait { 2 } else { 1 });
        mapped(&mut world, "TEA");
        assert_eq!(world.on_hand("TEA", "berlin"), if others_wait { 17 } else { 19 });
        world.quiet();
    }
}

/// The answer is the same whether or not what rests on the decision is in the same batch.
#[test]
fn what_a_decision_led_to_and_was_decided_is_known_in_any_batch() {
    let mut reasons = Vec::new();
    for together in [false, true] {
        let mut world = world().given([placed("o1", &[line("1", "TEA", 5)])]);
        world.post(fulfilled("o1", "f1", &[part("1", 7)]).at(90_000));
        let future = world.conflict();
        let first = world.resolve(&future, O::ApplyAsReceived).unwrap();
        let excess = choice(&world.conflict(), O::Cap);
        let undo = reversed("onhand", first.envelope.id.as_str()).event("undo");
        let inputs = [Input::Resolve(excess), Input::Event(undo)];
        play(&mut world, &inputs, together);
        reasons.push(world.store.journal.last().unwrap().record.reason.clone().unwrap());
    }
    assert_eq!(reasons[0], reasons[1]);
    assert!(reasons[0].contains("decided again since: reverse #10 first"), "{reasons:?}");
}

/// A held reversal names an event that nothing else in the batch names, so it is looked up in the
/// middle of the batch: what the batch has done to that event until then counts.
#[test]
fn what_a_held_reversal_takes_back_is_as_the_batch_has_left_it() {
    let ahead = 90_000;
    for together in [false, true] {
        let mut decided = world();
        decided.post(received("TEA", "berlin", 5).at(ahead).id("early"));
        let first = choice(&decided.conflict(), O::ApplyAsReceived);
        decided.post(reversed("wms", "early").at(ahead));
        let second = choice(&decided.open(ConflictKind::FutureTime).remove(1), O::ApplyAsReceived);
        let inputs = [Input::Resolve(first), Input::Resolve(second)];
        play(&mut decided, &inputs, together);
        assert_eq!(decided.on_hand("TEA", "berlin"), 20, "applied, then taken back");
        decided.quiet();

        let mut in_force_again = world()
            .given([received("TEA", "berlin", 5).id("goods"), reversed("wms", "goods").id("undo")]);
        in_force_again.post(reversed("wms", "goods").at(ahead));
        let held = choice(&in_force_again.conflict(), O::ApplyAsReceived);
        let redo = reversed("wms", "undo").event("redo");
        play(&mut in_force_again, &[Input::Event(redo), Input::Resolve(held)], together);
        assert_eq!(in_force_again.on_hand("TEA", "berlin"), 20, "in force, then taken back");
        in_force_again.quiet();
    }
}

/// Plays inputs in one batch, or each in its own.
fn play(world: &mut World, inputs: &[Input], together: bool) {
    for some in inputs.chunks(if together { inputs.len() } else { 1 }) {
        let answers = world.answers(some);
        assert!(answers.iter().all(|it| matches!(it, Processed::Recorded(_))), "{answers:?}");
    }
}

#[test]
fn a_mapping_of_a_location_is_taken_back_like_one_of_a_sku() {
    let mut world = world();
    let held = world.post(received("TEA", "BER", 4));
    let conflict = world.conflict();
    let berlin = Some("berlin".parse().unwrap());
    let decision = world.choose(Choice { location: berlin, ..choice(&conflict, O::Map) }).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 24);
    assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
    assert_eq!((world.on_hand("TEA", "berlin"), world.outcome(&held)), (20, Outcome::Conflict));
    assert_eq!(world.conflict().id, conflict.id);
    assert_eq!(world.post(received("TEA", "BER", 1)).outcome, Outcome::Conflict);
    assert_eq!(world.conflict().event_count, 2, "the name means nothing again");
}

#[test]
fn a_location_that_is_known_by_itself_is_not_asked_about_again() {
    let cases = [
        (World::new(), received("TEA", "mars", 4), location("mars", 9)),
        (World::empty().given([item("TEA")]), placed("o1", &[line("1", "TEA", 2)]), {
            location("berlin", 1)
        }),
    ];
    for (mut world, says, arrival) in cases {
        let held = world.post(says);
        let conflict = world.conflict();
        let decision = world.resolve(&conflict, O::Discard).unwrap();
        world.post(arrival);
        let undo = reverse(&mut world, &decision);
        let anew = "is known by itself by now: say anew what is to be so";
        assert!(reason(&undo).ends_with(anew), "{undo:?}");
        assert_eq!(world.outcome(&held), Outcome::Rejected);
    }
}

/// What a decision applied can be taken back by the event's own name; neither is in force then.
#[test]
fn an_event_taken_back_by_its_name_is_taken_back_with_the_decision_on_it() {
    let mut world = world();
    let held = world.post(adjusted("TEA", "berlin", -3).at(90_000).id("ahead"));
    let decision = world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
    let plain = world.post(adjusted("TEA", "berlin", -1).id("plain"));
    for (id, taken_back) in
        [("ahead", vec![decision.seq, held.seq.unwrap()]), ("plain", { vec![plain.seq.unwrap()] })]
    {
        let undo = world.post(reversed("wms", id));
        let changes = &world.store.record(undo.seq.unwrap()).changes;
        let reversed = changes.iter().filter_map(|change| match change {
            Change::Reversed { seq, by, .. } => Some((*seq, *by)),
            _ => None,
        });
        let expected: Vec<_> = taken_back.into_iter().map(|seq| (seq, undo.seq)).collect();
        assert_eq!(reversed.collect::<Vec<_>>(), expected);
    }
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
}

#[test]
fn what_the_batch_itself_has_decided_can_be_taken_back_in_it() {
    let mut world = world();
    world.post(adjusted("TEA", "berlin", -3).at(90_000).id("ahead"));
    let decide = Input::Resolve(choice(&world.conflict(), O::ApplyAsReceived));
    let undo = Input::Event(reversed("wms", "ahead").event("undo"));
    world.answers(&[decide, undo]);
    let undo = &world.store.journal.last().unwrap().record;
    assert_eq!((undo.outcome, world.on_hand("TEA", "berlin")), (Outcome::Applied, 20));
}
