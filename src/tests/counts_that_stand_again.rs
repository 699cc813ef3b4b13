//! A count that was taken back stands again once what took it back is taken back itself: a reversal,
//! or the decision for another content. The level is then what it would be, had the count stood all
//! along; where what has come since makes that doubtful, it is to be counted again.

use onhand::conflict::{ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::ledger::Input;
use onhand::record::{Bucket, Outcome, Record};
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::history::{check_past, terms, truly};
use crate::says::{
    Says, adjusted, arrived, counted, goods, line, moved, placed, received, reversed, set, shipped,
};

/// 20 units at Berlin since long ago, of which 15 are found at second 100.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        counted("TEA", "berlin", 15).at(100).id("count"),
    ])
}

fn sold(quantity: i64, second: i64) -> Says {
    adjusted("TEA", "berlin", -quantity).by("shop").at(second)
}

fn reason(result: &EventResult) -> &str {
    assert_eq!(result.outcome, Outcome::Rejected, "{result:?}");
    result.reason.as_deref().unwrap()
}

/// What takes the count back.
#[derive(Debug, Clone, Copy)]
enum TakenBack {
    ByReversal,
    /// Another content takes its place, at a place of its own.
    ByDecision,
}

use TakenBack::{ByDecision, ByReversal};

impl TakenBack {
    /// Takes the count back; gives the name of what did.
    fn take_back(self, world: &mut World) -> (String, String) {
        match self {
            ByReversal => {
                let back = world.post(reversed("wms", "count").id("back"));
                assert_eq!(back.outcome, Outcome::Applied, "{back:?}");
                ("desk".to_owned(), "back".to_owned())
            }
            ByDecision => {
                world.post(received("MUG", "berlin", 1).at(100).id("count"));
                let second = world.open(ConflictKind::IdReused).remove(0);
                name(&world.resolve(&second, O::ApplySecond).unwrap())
            }
        }
    }
}

fn name(record: &Record) -> (String, String) {
    let envelope = &record.envelope;
    (envelope.source.to_string(), envelope.id.to_string())
}

fn reverse(world: &mut World, (source, id): &(String, String)) -> EventResult {
    world.post(reversed(source, id))
}

/// The level is as it was, and one event older each time.
#[test]
fn a_count_stands_again_as_it_was() {
    let tables = [
        vec![],
        vec![counted("TEA", "berlin", 18).at(50).id("before")],
        vec![counted("TEA", "berlin", 18).at(50), sold(1, 60), sold(2, 150)],
        vec![sold(3, 40), counted("TEA", "berlin", 15).at(50).expecting(2)],
    ];
    for taken_back in [ByReversal, ByDecision] {
        for before in &tables {
            let mut world = World::new().given([received("TEA", "berlin", 20).at(-1_000)]);
            world.post_all(before.iter().cloned());
            world.post(counted("TEA", "berlin", 15).at(100).id("count"));
            let stood = world.level("TEA", "berlin");
            let name = taken_back.take_back(&mut world);
            assert_ne!(world.level("TEA", "berlin").counted, stood.counted);
            let again = reverse(&mut world, &name);
            assert_eq!(again.outcome, Outcome::Applied, "{taken_back:?} {before:?}: {again:?}");
            let stands = world.level("TEA", "berlin");
            assert_eq!(stands.buckets(), stood.buckets(), "{taken_back:?} {before:?}");
            assert_eq!((stands.counted, stands.version), (stood.counted, stood.version + 2));
            check_past(&world);
            // It is an event like any other then.
            world.post(reversed("wms", "count"));
            assert_eq!(world.level("TEA", "berlin").version, stood.version + 3);
            check_past(&world);
        }
    }
}

/// Which of two contents holds, and what is on hand by it: either may be a count.
#[test]
fn a_decision_that_took_a_count_back_is_taken_back() {
    let table = [
        (adjusted("TEA", "berlin", -1).at(100), 19),
        (adjusted("TEA", "berlin", -1).at(300), 19),
        (counted("TEA", "berlin", 12).at(100), 12),
        (counted("TEA", "berlin", 12).at(50), 12),
        (counted("TEA", "hamburg", 12).at(100), 20),
        (moved("TEA", "berlin", 2, "available", "damaged").at(100), 20),
        (placed("42", &[line("1", "TEA", 2)]).at(100), 20),
        (reversed("wms", "goods").at(100), 0),
    ];
    for (second, on_hand) in table {
        let mut world = World::new().given([
            received("TEA", "berlin", 20).at(-1_000).id("goods"),
            counted("TEA", "berlin", 15).at(100).id("count"),
        ]);
        let stood = world.level("TEA", "berlin");
        world.post(second.clone().by("wms").id("count"));
        let conflict = world.conflict();
        let decision = name(&world.resolve(&conflict, O::ApplySecond).unwrap());
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{second:?}");
        let result = reverse(&mut world, &decision);
        assert_eq!(result.outcome, Outcome::Applied, "{second:?}: {result:?}");
        let stands = world.level("TEA", "berlin");
        assert_eq!((stands.buckets(), stands.counted), (stood.buckets(), stood.counted));
        assert_eq!(world.conflict().id, conflict.id, "which of them holds is asked again");
        check_past(&world);
        world.resolve(&world.conflict(), O::KeepFirst).unwrap();
        world.quiet();
    }
}

/// A reversal that took a count back was replaced by another content, and that is taken back: so is
/// the count.
#[test]
fn a_reversal_of_a_count_that_gave_way_to_another_content_holds_again() {
    let mut world = world();
    world.post(reversed("wms", "count").id("x"));
    world.post(reversed("wms", "other").id("x"));
    let refused = world.resolve(&world.conflict(), O::ApplySecond);
    assert!(
        refused.is_ok(),
        "the second content is what is refused, not the decision: {refused:?}"
    );
    assert_eq!(world.on_hand("TEA", "berlin"), 15, "the count stands");
    check_past(&world);
    assert_eq!(reverse(&mut world, &name(&refused.unwrap())).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 20, "nobody has counted");
    check_past(&world);
}

/// Of three contents of one id the first is the count: whichever decision is taken back, it is in
/// force only where no other is.
#[test]
fn of_three_contents_the_count_stands_again_only_for_its_own_sake() {
    let mut world = world();
    world.post(received("TEA", "berlin", 1).at(300).id("count"));
    let first = name(&world.resolve(&world.conflict(), O::ApplySecond).unwrap());
    world.post(received("TEA", "berlin", 2).at(300).id("count"));
    let second = name(&world.resolve(&world.conflict(), O::ApplySecond).unwrap());
    assert_eq!(world.on_hand("TEA", "berlin"), 22, "neither the count nor the first receipt");
    check_past(&world);
    assert_eq!(reverse(&mut world, &second).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 21);
    check_past(&world);
    world.resolve(&world.conflict(), O::KeepFirst).unwrap();
    assert_eq!(reverse(&mut world, &first).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    check_past(&world);
}

/// What has come since is on top of the count where it surely came after it.
#[test]
fn what_came_later_than_the_count_stays_on_top_of_it() {
    for taken_back in [ByReversal, ByDecision] {
        let mut world = world();
        let name = taken_back.take_back(&mut world);
        world.post_all([sold(2, 111), received("TEA", "berlin", 1).at(103)]);
        world.post(placed("42", &[line("1", "TEA", 4)]).at(200));
        assert_eq!(reverse(&mut world, &name).outcome, Outcome::Applied);
        assert_eq!(world.on_hand("TEA", "berlin"), 14, "the source of the count knows what it saw");
        assert_eq!(world.committed("TEA", "berlin"), 4);
        assert_eq!(truly(&world, 100), 15);
        assert_eq!(terms(&world).len(), 3, "the count, and what moved since");
        check_past(&world);
    }
}

/// What has come since the count was taken back, and why it cannot simply stand again.
#[test]
fn what_makes_it_doubtful_is_to_be_counted_again() {
    let newer = counted("TEA", "berlin", 9).at(400);
    let table = [
        (sold(2, 100), "count again"),
        (sold(2, 60), "count again"),
        (sold(2, 95), "count again"),
        (sold(2, 110), "count again"),
        (sold(2, 10), "count again"),
        (reversed("wms", "before"), "count again"),
        (newer, "reverse #"),
    ];
    for taken_back in [ByReversal, ByDecision] {
        for (since, reason) in &table {
            let mut world = World::new().given([
                received("TEA", "berlin", 20).at(-1_000),
                counted("TEA", "berlin", 18).at(50).id("before"),
                counted("TEA", "berlin", 15).at(100).id("count"),
            ]);
            let name = taken_back.take_back(&mut world);
            world.post(since.clone());
            let before = world.level("TEA", "berlin");
            let result = reverse(&mut world, &name);
            assert!(self::reason(&result).contains(reason), "{since:?}: {result:?}");
            assert_eq!(world.level("TEA", "berlin"), before);
        }
    }
}

/// Absorbed by the count before, and perhaps since: whether it came within seconds of this one, nobody
/// knows any more.
#[test]
fn two_counts_within_seconds_of_each_other_are_too_near_to_tell() {
    for (second, outcome) in [(80, Outcome::Applied), (95, Outcome::Rejected)] {
        let mut world = World::new().given([
            received("TEA", "berlin", 20).at(-1_000),
            counted("TEA", "berlin", 18).at(second),
        ]);
        world.post(sold(2, second - 20));
        world.post(counted("TEA", "berlin", 15).at(100).id("count"));
        let name = ByReversal.take_back(&mut world);
        assert_eq!(reverse(&mut world, &name).outcome, outcome, "counted at {second} before");
        check_past(&world);
    }
}

/// A question about a movement that came late to the count is over with it, and asked again with it.
#[test]
fn what_was_asked_about_the_count_is_asked_again() {
    for taken_back in [ByReversal, ByDecision] {
        let mut world = world();
        world.post(sold(3, 105));
        let asked = world.conflict();
        let name = taken_back.take_back(&mut world);
        assert_eq!(world.status(&asked), ConflictStatus::AutoResolved);
        assert_eq!(reverse(&mut world, &name).outcome, Outcome::Applied);
        let again = world.open(asked.kind).remove(0);
        assert_eq!((again.id, again.version), (asked.id, asked.version + 2));
        world.resolve(&again, O::KeepCounted).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 15);
        check_past(&world);
    }
}

/// The one about an older count is asked while that stands, and over again under this one.
#[test]
fn what_is_asked_about_an_older_count_is_over_again() {
    for taken_back in [ByReversal, ByDecision] {
        let mut world = World::new()
            .given([received("TEA", "berlin", 20).at(-1_000), counted("TEA", "berlin", 18).at(50)]);
        world.post(sold(2, 55));
        let asked = world.conflict();
        world.post(counted("TEA", "berlin", 15).at(100).id("count"));
        world.quiet();
        let name = taken_back.take_back(&mut world);
        assert_eq!(world.status(&asked), ConflictStatus::Open);
        assert_eq!(reverse(&mut world, &name).outcome, Outcome::Applied);
        assert_eq!(world.status(&asked), ConflictStatus::AutoResolved);
        assert_eq!(world.on_hand("TEA", "berlin"), 15);
        world.post(reversed("wms", "count"));
        assert_eq!(world.status(&asked), ConflictStatus::Open, "and so on");
        check_past(&world);
    }
}

#[test]
fn a_receipt_that_took_the_place_of_the_count_goes_like_any_other() {
    let mut world = World::new().given([
        received("TEA", "hamburg", 9).at(-1_000),
        shipped("T1", "hamburg", "berlin", &[goods("TEA", 5)]).at(-900),
        counted("TEA", "berlin", 15).at(100).id("count"),
    ]);
    world.post(arrived("T1", "R1", &[goods("TEA", 5)]).by("wms").at(300).id("count"));
    let decision = name(&world.resolve(&world.conflict(), O::ApplySecond).unwrap());
    assert_eq!(world.on_hand("TEA", "berlin"), 5);
    assert_eq!(reverse(&mut world, &decision).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    assert_eq!(world.level("TEA", "berlin").get(Bucket::Incoming), 5);
    check_past(&world);
}

/// Whether in one batch or in several, what it takes is at hand.
#[test]
fn it_stands_again_in_the_batch_that_took_it_back() {
    for together in [false, true] {
        let mut world = world();
        world.post(sold(3, 105));
        let asked = world.conflict();
        world.post(received("MUG", "berlin", 1).at(100).id("count"));
        let second = choice(&world.open(ConflictKind::IdReused)[0], O::ApplySecond);
        let next = world.ledger.state().head().seq + 1;
        let back = reversed("onhand", &format!("resolved-{next}")).event("undo");
        let inputs = [Input::Resolve(second), Input::Event(back)];
        for some in inputs.chunks(if together { 2 } else { 1 }) {
            world.answers(some);
        }
        assert_eq!(world.on_hand("TEA", "berlin"), 12, "together: {together}");
        assert_eq!(world.status(&asked), ConflictStatus::Open);
        check_past(&world);
    }
}

/// What came while a newer count stood was measured by that one alone. Where it lies within seconds
/// of the older count, by another source, nobody has said on which side of that: so the newer one
/// stays, and is put right by a count.
#[test]
fn a_count_stays_where_what_came_since_may_be_in_the_one_before() {
    let table = [
        ("wms", 104, true),
        ("wms", 110, true),
        ("wms", 111, false),
        ("shop", 104, true),
        ("pos", 104, false),
    ];
    for (source, second, stays) in table {
        let mut world = World::new().given([
            counted("TEA", "berlin", 10).at(100).by("pos").id("first"),
            counted("TEA", "berlin", 12).at(102).by("wms").id("newer"),
        ]);
        world.post(adjusted("TEA", "berlin", -3).by(source).at(second).id("moved"));
        let back = world.post(reversed("wms", "newer").id("back"));
        if !stays {
            assert_eq!(back.outcome, Outcome::Applied, "{source} at {second}: {back:?}");
            assert_eq!(world.on_hand("TEA", "berlin"), 7);
            continue;
        }
        assert!(reason(&back).contains("within seconds of the count"), "{source}: {back:?}");
        assert_eq!(world.on_hand("TEA", "berlin"), 9);
        // Without it there is nothing to ask.
        world.post(reversed(source, "moved"));
        assert_eq!(world.post(reversed("wms", "newer").id("again")).outcome, Outcome::Applied);
        assert_eq!(world.on_hand("TEA", "berlin"), 10);
        world.quiet();
        check_past(&world);
    }
}

/// The same where the newer count gives way to another content.
#[test]
fn a_count_does_not_give_way_where_what_came_since_may_be_in_the_one_before() {
    let mut world = World::new().given([
        counted("TEA", "berlin", 10).at(100).by("pos"),
        counted("TEA", "berlin", 12).at(102).id("newer"),
        adjusted("TEA", "berlin", -3).at(104),
    ]);
    world.post(received("MUG", "berlin", 1).id("newer"));
    let second = world.open(ConflictKind::IdReused).remove(0);
    let refused = world.resolve(&second, O::ApplySecond).unwrap_err().to_string();
    assert!(refused.contains("within seconds of the count"), "{refused}");
    assert_eq!(world.on_hand("TEA", "berlin"), 9);
}

/// What was asked about the older count, be it while that stood again for a while, is no obstacle:
/// the question is asked again.
#[test]
fn a_count_goes_where_all_that_came_since_was_asked_about() {
    let mut world = World::new().given([
        counted("TEA", "berlin", 10).at(100).by("pos"),
        counted("TEA", "berlin", 12).at(102).id("newer"),
        reversed("wms", "newer").id("back"),
    ]);
    world.post(adjusted("TEA", "berlin", -3).at(104));
    let asked = world.conflict();
    assert_eq!(world.post(reversed("desk", "back")).outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 9);
    world.quiet();
    assert_eq!(world.post(reversed("wms", "newer").id("again")).outcome, Outcome::Applied);
    assert_eq!((world.conflict().id, world.on_hand("TEA", "berlin")), (asked.id, 7));
    world.resolve(&world.conflict(), O::KeepCounted).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 10);
}

/// Whether in one batch or in several, what it takes is at hand.
#[test]
fn what_may_be_in_the_count_before_is_found_in_the_batch_too() {
    for together in [false, true] {
        let mut world =
            World::new().given([counted("TEA", "berlin", 10).at(100).by("pos").id("first")]);
        let inputs = [
            counted("TEA", "berlin", 12).at(102).event("newer"),
            adjusted("TEA", "berlin", -3).at(104).event("moved"),
            reversed("wms", "newer").event("back"),
        ];
        let inputs = inputs.map(Input::Event);
        let results: Vec<EventResult> = inputs
            .chunks(if together { 3 } else { 1 })
            .flat_map(|some| world.inputs(some))
            .collect();
        assert_eq!(results[2].outcome, Outcome::Rejected, "together: {together}");
        assert_eq!(world.on_hand("TEA", "berlin"), 9);
    }
}

/// A decision takes back what the count contains, and lets the count stand again: what it found then
/// holds without it, which nobody can work out from what the reversal of the count had moved.
#[test]
fn a_count_stands_only_again_over_what_it_contained() {
    let mut world = World::new();
    world.post(received("TEA", "berlin", 20).by("erp").at(-900).id("in"));
    world.post(counted("TEA", "berlin", 7).at(0).id("count"));
    world.post(reversed("wms", "count").id("gone"));
    world.post(reversed("desk", "gone").by("erp").id("in"));
    let second = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(second.outcome, Outcome::Rejected);
    assert!(second.reason.as_deref().unwrap().contains("count again"), "{:?}", second.reason);
    assert_eq!(world.on_hand("TEA", "berlin"), 0, "it is taken back, and the count is gone");
}

/// What came and went while the count was gone could stand again, and the count contains it, though
/// it was recorded later.
#[test]
fn a_count_does_not_stand_again_over_what_came_and_went_since() {
    for (at_s, outcome) in [(-1, Outcome::Rejected), (120, Outcome::Applied)] {
        let mut world = World::new().given([
            counted("TEA", "berlin", 8).at(0).id("count"),
            reversed("wms", "count").id("gone"),
            adjusted("TEA", "berlin", 3).at(at_s).id("found"),
            reversed("wms", "found").id("not found"),
        ]);
        let stands = world.post(reversed("desk", "gone"));
        assert_eq!(stands.outcome, outcome, "{stands:?}");
        world.post(reversed("desk", "not found"));
        let before = if outcome == Outcome::Applied { 8 } else { 0 };
        assert_eq!(world.on_hand("TEA", "berlin"), before + 3);
        check_past(&world);
    }
}

/// What came since the count before is measured by that alone, and lies in the one that is gone.
#[test]
fn a_count_does_not_stand_again_over_what_came_after_the_one_before() {
    for at_s in [1, 5, 30] {
        let mut world = World::new().given([
            counted("TEA", "berlin", 8).at(0),
            counted("TEA", "berlin", 3).at(60).id("count"),
            reversed("wms", "count").id("gone"),
            adjusted("TEA", "berlin", 1).at(at_s),
        ]);
        assert_eq!(world.post(reversed("desk", "gone")).outcome, Outcome::Rejected);
        assert_eq!(world.on_hand("TEA", "berlin"), 9);
    }
}

/// What is set moves the level whatever its time, so none but the newer count contains it.
#[test]
fn a_count_does_not_stand_again_over_what_was_set_since() {
    for (at_s, outcome) in
        [(-300, Outcome::Rejected), (30, Outcome::Rejected), (90, Outcome::Applied)]
    {
        let mut world = World::new().given([
            counted("TEA", "berlin", 8).at(0),
            counted("TEA", "berlin", 3).at(60).id("count"),
            reversed("wms", "count").id("gone"),
        ]);
        world.post(set("TEA", "berlin", 6, world.version("TEA", "berlin")).at(at_s));
        let again = world.post(reversed("desk", "gone"));
        assert_eq!(again.outcome, outcome, "{at_s} {again:?}");
        let expected = if outcome == Outcome::Applied { 1 } else { 6 };
        assert_eq!(world.on_hand("TEA", "berlin"), expected);
        check_past(&world);
    }
}

/// What goes while the count is gone is in both only if it lay before the window of the count before.
#[test]
fn a_count_does_not_stand_again_over_what_went_near_the_one_before() {
    for (at_s, outcome) in
        [(-11, Outcome::Applied), (-10, Outcome::Rejected), (5, Outcome::Rejected)]
    {
        let mut world = World::new().given([
            adjusted("TEA", "berlin", 1).at(at_s).id("found"),
            counted("TEA", "berlin", 8).at(0),
        ]);
        // The count before is what movements are measured by.
        world.post(adjusted("TEA", "berlin", 5).at(-30));
        world.post_all([
            counted("TEA", "berlin", 3).at(60).id("count"),
            reversed("wms", "count").id("gone"),
            reversed("wms", "found"),
        ]);
        let again = world.post(reversed("desk", "gone"));
        assert_eq!(again.outcome, outcome, "{at_s} {again:?}");
    }
}

/// What goes while the count is gone, and lay before the count before, is in both: also where the same
/// request looks at it.
#[test]
fn a_count_stands_again_over_what_lay_before_the_one_before() {
    for together in [false, true] {
        let found = adjusted("TEA", "berlin", 3).at(-60).id("found");
        let mut world = World::new().given([found, counted("TEA", "berlin", 8).at(0)]);
        // The count before is what movements are measured by.
        world.post(adjusted("TEA", "berlin", 5).at(-30));
        world.post(counted("TEA", "berlin", 3).at(60).id("count"));
        world.post(reversed("wms", "count").id("gone"));
        // A count that comes too late looks at all that has moved since its own moment.
        let late = counted("TEA", "berlin", 0).by("pos").at(-70);
        let says = || [reversed("wms", "found"), reversed("desk", "gone"), late.clone()];
        let results = if together {
            world.batch(says())
        } else {
            says().map(|says| world.post(says)).to_vec()
        };
        let outcomes = results.iter().map(|it| it.outcome);
        let expected = [Outcome::Applied, Outcome::Applied, Outcome::Superseded];
        assert!(outcomes.eq(expected), "{results:?}");
        assert_eq!(world.on_hand("TEA", "berlin"), 3);
        check_past(&world);
    }
}

/// What the decision for the count had taken back stands again as it was: nothing of it is new to the
/// count before.
#[test]
fn a_count_gives_way_again_to_a_movement_near_the_one_before() {
    let sale = || adjusted("TEA", "berlin", -3).at(105).id("x");
    let before = || counted("TEA", "berlin", 10).at(100).by("pos");
    let table = [
        ("it is asked about", vec![before(), sale()], None),
        ("somebody has answered", vec![before(), sale()], Some(O::KeepDifference)),
        ("the count was certain", vec![sale(), before().expecting(2)], None),
        ("said of the count that was held", vec![sale(), before()], Some(O::KeepDifference)),
    ];
    for (what, given, answer) in table {
        let mut world = World::new().given([received("TEA", "berlin", 20).at(-1_000)]);
        world.post_all(given);
        if let Some(answer) = answer {
            world.resolve(&world.conflict(), answer).unwrap();
        }
        let stood = world.level("TEA", "berlin");
        let asked = world.open(ConflictKind::CountOverlap).len();
        world.post(counted("TEA", "berlin", 12).at(130).id("x"));
        let second = world.open(ConflictKind::IdReused).remove(0);
        let decision = name(&world.resolve(&second, O::ApplySecond).unwrap());
        assert_eq!(world.on_hand("TEA", "berlin"), 12, "{what}");
        let back = reverse(&mut world, &decision);
        assert_eq!((back.outcome, back.reason), (Outcome::Applied, None), "{what}");
        let stands = world.level("TEA", "berlin");
        assert_eq!((stands.buckets(), stands.counted), (stood.buckets(), stood.counted), "{what}");
        assert_eq!(world.open(ConflictKind::CountOverlap).len(), asked, "{what}");
        check_past(&world);
    }
}
