//! What truly was between two counts: a movement near the older one lies on the side of it where a
//! person has put it, also once a newer count stands, and with it what takes it back or corrects it.
//!
//! In all scenarios 20 are there, `shop` sells 3 within seconds of the count at second 100, and a
//! newer count at second 900 finds 13.

use onhand::conflict::{ConflictKind, ResolutionOption as O};
use onhand::history::{Moment, Step, level_at, steps};
use onhand::record::{Bucket, Outcome};
use onhand::state::{Level, Settings};
use onhand::time::SECOND_US;

use crate::harness::World;
use crate::says::{
    Says, adjusted, arrived, counted, goods, received, reversed, second, set, shipped,
};

/// The tea at a place as it truly was.
fn level(world: &World, place: &str, at_s: i64) -> Level {
    let records = world.store.journal.iter().flat_map(|entry| steps(&entry.record));
    let here =
        records.filter(|(sku, location, _)| (sku.as_str(), location.as_str()) == ("TEA", place));
    let steps: Vec<Step> = here.map(|(_, _, step)| step).collect();
    level_at(&steps, Moment::Occurred(second(at_s)))
}

/// What was on hand in Berlin at some moments.
fn truly<const N: usize>(world: &World, moments: [i64; N]) -> [i64; N] {
    moments.map(|at_s| level(world, "berlin", at_s).get(Bucket::OnHand))
}

/// Before and after the sale, before and after the first count, and long after it.
const MOMENTS: [i64; 6] = [94, 95, 99, 100, 105, 899];

fn sale(at_s: i64) -> Says {
    adjusted("TEA", "berlin", -3).by("shop").at(at_s).id("sale")
}

fn newer() -> Says {
    counted("TEA", "berlin", 13).at(900).id("newer")
}

/// The sale at this second, known before the count of 15 or coming after it, and what a person has
/// said of it; gives their decision's id.
fn said(is_late: bool, at_s: i64, option: O) -> (World, String) {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(-1_000)]);
    let count = counted("TEA", "berlin", 15).at(100);
    world.post_all(if is_late { [count, sale(at_s)] } else { [sale(at_s), count] });
    let decision = world.resolve(&world.conflict(), option).unwrap();
    (world, decision.envelope.id.to_string())
}

/// When it was sold, what was decided, and what was there at each of [`MOMENTS`].
const TABLE: [(i64, O, [i64; 6]); 4] = [
    (95, O::KeepCounted, [20, 17, 17, 15, 15, 15]),
    (95, O::KeepDifference, [20, 17, 17, 12, 12, 12]),
    (105, O::KeepCounted, [20, 20, 20, 15, 15, 15]),
    (105, O::KeepDifference, [20, 20, 20, 15, 12, 12]),
];

/// What was there at each of [`MOMENTS`] if only the times say on which side the sale lies.
fn by_time(at_s: i64) -> [i64; 6] {
    let usual = if at_s <= 100 { O::KeepCounted } else { O::KeepDifference };
    let row = TABLE.into_iter().find(|(time, option, _)| *time == at_s && *option == usual);
    row.unwrap().2
}

#[test]
fn what_was_between_two_counts_is_what_it_was_before_the_newer_one() {
    for is_late in [false, true] {
        for (at_s, option, expected) in TABLE {
            let case = format!("late {is_late}, at {at_s}, {option:?}");
            let (mut world, _) = said(is_late, at_s, option);
            assert_eq!(truly(&world, MOMENTS), expected, "{case}");
            let seen = |world: &World| [100, 105, 899].map(|at_s| level(world, "berlin", at_s));
            let before = seen(&world);
            world.post(newer());
            assert_eq!(truly(&world, MOMENTS), expected, "{case}");
            assert_eq!(truly(&world, [900]), [13], "{case}");
            assert_eq!(seen(&world), before, "{case}: version and count are the same too");
        }
    }
}

/// It never was, and then it was again, on the same side.
#[test]
fn a_movement_that_is_taken_back_under_a_newer_count_is_gone_from_where_it_lay() {
    for is_late in [false, true] {
        for (at_s, option, expected) in TABLE {
            let case = format!("late {is_late}, at {at_s}, {option:?}");
            let (mut world, _) = said(is_late, at_s, option);
            world.post(newer());
            let back = world.post(reversed("shop", "sale").id("back"));
            if is_late && (option == O::KeepCounted) != (at_s <= 100) {
                assert_eq!(back.outcome, Outcome::Rejected, "a decision on it alone rests on it");
                continue;
            }
            assert_eq!(back.outcome, Outcome::Applied, "{case}");
            assert_eq!(truly(&world, MOMENTS), [20, 20, 20, 15, 15, 15], "{case}");
            world.post(reversed("desk", "back"));
            assert_eq!(truly(&world, MOMENTS), expected, "{case}");
            assert_eq!(truly(&world, [900]), [13], "{case}");
        }
    }
}

#[test]
fn a_word_that_is_taken_back_under_a_newer_count_leaves_the_times_to_say() {
    for (at_s, option, expected) in TABLE {
        let (mut world, decision) = said(true, at_s, option);
        world.post(newer());
        let case = format!("at {at_s}, {option:?}");
        let back = world.post(reversed("onhand", &decision).id("back"));
        assert_eq!(back.outcome, Outcome::Applied, "{case}");
        assert_eq!(truly(&world, MOMENTS), by_time(at_s), "{case}");
        let again = world.post(reversed("desk", "back"));
        assert_eq!(again.outcome, Outcome::Applied, "{case}");
        assert_eq!(truly(&world, MOMENTS), expected, "{case}");
    }
}

/// A person was asked about the sale alone: it was of another source than the count, and near it.
#[test]
fn of_what_was_no_question_the_times_say_on_which_side_it_lies() {
    for (option, after) in [(O::KeepCounted, 15), (O::KeepDifference, 12)] {
        let mut world = World::new().given([
            received("TEA", "berlin", 20).at(-1_000),
            sale(95),
            adjusted("TEA", "berlin", -1).by("wms").at(99),
            adjusted("TEA", "berlin", -2).by("wms").at(105),
            adjusted("TEA", "berlin", -4).by("shop").at(111),
        ]);
        world.post(counted("TEA", "berlin", 15).at(100));
        world.resolve(&world.conflict(), option).unwrap();
        world.post(newer());
        let expected = [after, after - 2, after - 6];
        assert_eq!(truly(&world, [100, 105, 899]), expected, "{option:?}");
    }
}

/// How near was meant is part of what was said, whatever the setting is by now.
#[test]
fn what_a_person_has_said_holds_for_all_that_was_near_then() {
    for (window_s, at_s) in [(30, 125), (10, 105)] {
        let settings = Settings { count_window_us: window_s * SECOND_US, ..Settings::default() };
        let mut world = World::new_with(settings);
        world.post_all([received("TEA", "berlin", 20).at(-1_000), sale(at_s)]);
        world.post(counted("TEA", "berlin", 15).at(100));
        world.resolve(&world.conflict(), O::KeepCounted).unwrap();
        world.post(newer());
        assert_eq!(truly(&world, [100, at_s, 899]), [15; 3], "{window_s}");
    }
}

/// What took a person's word back gives way to something else of its name: so the word stands again,
/// until that is taken back in turn.
#[test]
fn a_word_stands_again_with_what_takes_the_place_of_its_reversal() {
    for (at_s, option, expected) in TABLE {
        let (mut world, decision) = said(true, at_s, option);
        world.post(newer());
        world.post(reversed("onhand", &decision).id("back"));
        world.post(received("MUG", "berlin", 1).by("desk").id("back"));
        let asked = world.open(ConflictKind::IdReused).remove(0);
        let instead = world.resolve(&asked, O::ApplySecond).unwrap();
        assert_eq!(truly(&world, MOMENTS), expected, "at {at_s}, {option:?}");
        assert_eq!(truly(&world, [900]), [13], "at {at_s}, {option:?}");
        world.post(reversed("onhand", instead.envelope.id.as_str()));
        assert_eq!(truly(&world, MOMENTS), by_time(at_s), "at {at_s}, {option:?}");
        assert_eq!(truly(&world, [900]), [13], "at {at_s}, {option:?}");
    }
}

/// The next count is within seconds of the sale, too, which came after both, a person says. Their first
/// word is taken back for a while, by a reversal that is itself held or not.
#[test]
fn a_word_that_is_in_force_again_puts_the_sale_where_it_lay() {
    for is_held in [false, true] {
        let (mut world, decision) = said(true, 95, O::KeepDifference);
        world.post(counted("TEA", "berlin", 14).by("pos").at(104));
        world.resolve(&world.conflict(), O::KeepDifference).unwrap();
        let seen = |world: &World| truly(world, [95, 100, 103, 104, 899]);
        assert_eq!(seen(&world), [17, 12, 12, 11, 11]);
        let back = reversed("onhand", &decision).id("back");
        let (source, id) = if is_held {
            world.post(back.at(90_000));
            let applied = world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
            ("onhand", applied.envelope.id.to_string())
        } else {
            world.post(back);
            ("desk", "back".to_owned())
        };
        assert_eq!(seen(&world), [17, 15, 15, 14, 14], "held {is_held}");
        let again = world.post(reversed(source, &id));
        assert_eq!((again.outcome, again.reason), (Outcome::Applied, None), "held {is_held}");
        assert_eq!(seen(&world), [17, 12, 12, 11, 11], "held {is_held}");
        world.post(newer());
        assert_eq!(seen(&world), [17, 12, 12, 11, 11], "held {is_held}");
    }
}

/// A sale gave way to a count of its id and moment, which is too old to be accepted; under a newer count
/// that is taken back. The sale is in the count that it was in before.
#[test]
fn what_comes_back_with_a_decision_lies_where_it_lay() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(-1_000)]);
    world.post(adjusted("TEA", "berlin", -2).by("shop").at(50).id("sale"));
    world.post(counted("TEA", "berlin", 15).at(100));
    world.post(counted("TEA", "berlin", 9).by("shop").at(50).id("sale"));
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(decision.outcome, Outcome::Superseded);
    world.post(newer());
    world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(truly(&world, [49, 50, 99, 100, 899, 900]), [20, 18, 18, 15, 15, 13]);
}

/// A set takes effect when it comes, on top of what was counted, whatever its time.
#[test]
fn a_set_comes_after_the_count_that_stood_when_it_came() {
    let mut world = World::new()
        .given([received("TEA", "berlin", 20).at(0), counted("TEA", "berlin", 15).at(100)]);
    let version = world.version("TEA", "berlin");
    world.post(set("TEA", "berlin", 18, version).at(50));
    assert_eq!(truly(&world, [49, 50, 99, 100]), [20, 23, 23, 18]);
    world.post(newer());
    assert_eq!(truly(&world, [49, 50, 99, 100, 899, 900]), [20, 23, 23, 18, 18, 13]);
}

/// What one count contains is in all that are newer, also in one that is said to come before it.
#[test]
fn what_is_in_a_count_is_in_the_next_one() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        counted("TEA", "berlin", 17).by("shop").at(97),
    ]);
    world.post(sale(96));
    world.post(adjusted("TEA", "berlin", -1).by("shop").at(99));
    world.post(counted("TEA", "berlin", 15).at(100));
    world.resolve(&world.conflict(), O::KeepDifference).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 14, "only what was sold since the first count");
    assert_eq!(truly(&world, [96, 97, 99, 100]), [17, 17, 16, 14]);
    world.post(newer());
    assert_eq!(truly(&world, [96, 97, 99, 100, 899]), [17, 17, 16, 14, 14]);
}

/// 12 arrived where 10 left, near a count of 8. Under a newer count somebody finds that 2 were too
/// many: so they were on the side of the receipt.
#[test]
fn a_correction_lies_where_that_does_which_it_corrects() {
    let table = [
        (1_505, O::KeepCounted, [8, 8]),
        (1_505, O::KeepDifference, [20, 18]),
        (1_495, O::KeepCounted, [8, 8]),
        (1_495, O::KeepDifference, [20, 18]),
    ];
    for (at_s, verdict, [before, after]) in table {
        let mut world = World::new().given([
            received("TEA", "berlin", 100).at(900),
            shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(1_000),
            counted("TEA", "hamburg", 8).at(1_500).by("pos"),
        ]);
        let receipt = arrived("t1", "r1", &[goods("TEA", 12)]);
        world.post(receipt.with("final", true).at(at_s));
        let asked = world.open(ConflictKind::CountOverlap).remove(0);
        world.resolve(&asked, verdict).unwrap();
        world.post(counted("TEA", "hamburg", 30).at(1_600).by("pos"));
        let seen = |world: &World| level(world, "hamburg", 1_550).get(Bucket::OnHand);
        assert_eq!(seen(&world), before, "{at_s} {verdict:?}");
        let excess = world.open(ConflictKind::Excess).remove(0);
        let decision = world.resolve(&excess, O::Cap).unwrap();
        assert_eq!(seen(&world), after, "{at_s} {verdict:?}");
        world.post(reversed("onhand", decision.envelope.id.as_str()));
        assert_eq!(seen(&world), before, "{at_s} {verdict:?}");
    }
}

/// What is taken back at once, and stands again, lies where each of the two lies: in the count what its
/// own source has said, after it what the shop did.
#[test]
fn what_two_sources_have_said_of_one_moment_lies_on_two_sides() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        sale(95),
        adjusted("TEA", "berlin", -1).at(95).id("broken"),
    ]);
    world.post(reversed("wms", "broken").by("shop").id("sale").at(96));
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
    world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(world.on_hand("TEA", "berlin"), 16);
    world.post(counted("TEA", "berlin", 15).at(100));
    world.resolve(&world.open(ConflictKind::CountOverlap)[0], O::KeepDifference).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 12);
    world.post(newer());
    assert_eq!(truly(&world, [94, 95, 99, 100, 899]), [20, 16, 16, 12, 12]);
}

/// The second takes a decision about a late movement back; the first lay long before the count. Where
/// a newer count leaves nothing to ask, both are there again without the second.
#[test]
fn a_first_is_gone_from_the_past_also_if_the_second_ends_a_decision() {
    for newer in [false, true] {
        let mut world = World::new().given([received("TEA", "berlin", 20).at(-1_000)]);
        world.post(counted("TEA", "berlin", 15).at(100));
        world.post(sale(95));
        world.post(adjusted("TEA", "berlin", -1).by("shop").at(0).id("broken"));
        let seen = |world: &World| truly(world, [-1, 0, 95, 100]);
        assert_eq!(seen(&world), [20, 19, 16, 15]);
        let kept = world.resolve(&world.conflict(), O::KeepCounted).unwrap();
        let second = reversed("onhand", kept.envelope.id.as_str());
        world.post(second.by("shop").id("broken").at(96));
        let asked = world.open(ConflictKind::IdReused).remove(0);
        if newer {
            world.post(counted("TEA", "berlin", 15).at(900));
        }
        let decision = world.resolve(&asked, O::ApplySecond).unwrap();
        assert_eq!(seen(&world), [20, 20, 17, 15]);
        let back = world.post(reversed("onhand", decision.envelope.id.as_str()));
        let expected = if newer { Outcome::Applied } else { Outcome::Rejected };
        assert_eq!(back.outcome, expected, "{back:?}");
        if newer {
            assert_eq!(seen(&world), [20, 19, 16, 15]);
        }
    }
}
