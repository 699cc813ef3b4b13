//! What a level was at any past moment, on both clocks, and why it is what it is, term by term
//! (contract.md section 4).

use std::collections::{BTreeMap, BTreeSet};

use onhand::conflict::{ConflictKind, ResolutionOption as O};
use onhand::history::{
    Cause, Explanation, Moment, Step, TERMS_MAX, explain, explain_newest, level_at, steps,
};
use onhand::ledger::Ledger;
use onhand::record::{Bucket, Outcome};
use onhand::state::{Level, Oversold, State};
use proptest::prelude::*;

use crate::harness::World;
use crate::properties::cases;
use crate::says::{
    adjusted, arrived, counted, fulfilled, goods, line, part, placed, received, reversed, second,
    shipped,
};
use crate::story::Act;

type Levels = BTreeMap<(String, String), Vec<Step>>;

/// What a store would keep: the steps of every level.
fn kept(world: &World) -> Levels {
    let mut levels = Levels::new();
    for entry in &world.store.journal {
        for (sku, location, step) in steps(&entry.record) {
            levels.entry((sku.to_string(), location.to_string())).or_default().push(step);
        }
    }
    levels
}

fn tea(world: &World) -> Vec<Step> {
    kept(world).remove(&("TEA".to_owned(), "berlin".to_owned())).unwrap_or_default()
}

pub fn truly(world: &World, at_s: i64) -> i64 {
    level_at(&tea(world), Moment::Occurred(second(at_s))).get(Bucket::OnHand)
}

fn believed(world: &World, seq: u64) -> i64 {
    level_at(&tea(world), Moment::Recorded(seq)).get(Bucket::OnHand)
}

pub fn terms(world: &World) -> Vec<(Cause, i64)> {
    explain(&tea(world), TERMS_MAX).terms.iter().map(|term| (term.cause, term.quantity)).collect()
}

#[test]
fn the_two_clocks_differ_while_an_event_is_on_its_way() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(0)]);
    let before = world.ledger.state().head().seq;
    let late = world.post(adjusted("TEA", "berlin", -3).at(-50).by("shop"));
    assert_eq!(truly(&world, -60), 0, "nothing had happened yet");
    assert_eq!(truly(&world, -50), -3, "the moment itself is included");
    assert_eq!(truly(&world, 0), 17);
    assert_eq!(believed(&world, before), 20, "nobody knew of the sale");
    assert_eq!(believed(&world, late.seq.unwrap()), 17);
}

#[test]
fn before_a_count_the_movements_that_it_contained_are_seen() {
    let world = World::new().given([
        received("TEA", "berlin", 20).at(0),
        counted("TEA", "berlin", 12).at(100),
        received("TEA", "berlin", 5).at(200),
    ]);
    let mut world = world;
    world.post(adjusted("TEA", "berlin", -3).at(50).by("shop"));
    assert_eq!(truly(&world, 49), 20);
    assert_eq!(truly(&world, 50), 17, "absorbed by the count, yet it happened then");
    assert_eq!(truly(&world, 99), 17);
    assert_eq!(truly(&world, 100), 12, "five are missing since some time before");
    assert_eq!(truly(&world, 200), 17);
    assert_eq!(world.on_hand("TEA", "berlin"), 17);
}

/// It never had an effect, because a count contained it; what truly was is another all the same.
#[test]
fn a_movement_within_a_count_that_was_taken_back_never_was() {
    let mut world = World::new()
        .given([received("TEA", "berlin", 20).at(0), counted("TEA", "berlin", 12).at(100)]);
    world.post(adjusted("TEA", "berlin", -3).at(50).by("shop").id("late"));
    for (says, then) in [(reversed("shop", "late").id("back"), 20), (reversed("desk", "back"), 17)]
    {
        let reversal = world.post(says);
        assert!(reversal.effects.is_empty(), "{reversal:?}");
        assert_eq!((truly(&world, 60), truly(&world, 100)), (then, 12));
        // No count that comes later adds it up either.
        world.post(counted("TEA", "berlin", 12).at(100));
        assert_eq!(world.on_hand("TEA", "berlin"), 12);
    }
}

/// One record may take a movement back and count at the very moment of it.
#[test]
fn a_count_in_the_place_of_a_movement_of_its_moment_hides_neither() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(0)]);
    world.post(adjusted("TEA", "berlin", -2).at(100).id("x"));
    world.post(counted("TEA", "berlin", 15).at(100).id("x"));
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    assert_eq!([99, 100].map(|at_s| truly(&world, at_s)), [20, 15]);
    world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!([99, 100].map(|at_s| truly(&world, at_s)), [20, 18]);
}

/// The end of a verdict is one, too, also where a newer count leaves nothing to ask.
#[test]
fn a_verdict_that_is_taken_back_is_not_added_up() {
    for newer in [false, true] {
        let mut world = World::new().given([counted("TEA", "berlin", 14).at(100)]);
        world.post(adjusted("TEA", "berlin", 2).by("shop").at(95));
        let verdict = world.resolve(&world.conflict(), O::KeepDifference).unwrap();
        if newer {
            world.post(counted("TEA", "berlin", 13).at(900));
        }
        // It is held for a while itself.
        let back = world.post(reversed("onhand", verdict.envelope.id.as_str()).at(99_999));
        let held = world.conflict();
        world.resolve(&held, O::ApplyAsReceived).unwrap();
        assert_eq!(world.outcome(&back), Outcome::Applied);
        assert_eq!(truly(&world, 95), 2, "before the count");
        assert_eq!(truly(&world, 100), 14);
    }
}

/// What a person has said of a movement, and no longer says, is no movement after the next count.
#[test]
fn neither_a_verdict_nor_its_end_explains_what_a_later_count_found() {
    let mut world = World::new().given([counted("TEA", "berlin", 14).at(100)]);
    world.post(adjusted("TEA", "berlin", 2).by("shop").at(105));
    let verdict = world.resolve(&world.conflict(), O::KeepCounted).unwrap();
    world.post(reversed("onhand", verdict.envelope.id.as_str()));
    world.post(counted("TEA", "berlin", 14).by("shop").at(102));
    assert_eq!(terms(&world), [(Cause::Counted, 14), (Cause::Moved, 2)]);
}

/// Units are taken out of two receipts by one decision: each is gone from its own moment on, also
/// where a count contains both.
#[test]
fn what_one_decision_takes_out_of_several_receipts_is_gone_from_each() {
    let mut world = World::new().given([
        received("TEA", "hamburg", 9).at(0),
        shipped("t1", "hamburg", "berlin", &[goods("TEA", 3)]).at(10),
        counted("TEA", "berlin", 8).at(900),
    ]);
    for (receipt, at_s) in [("r1", 100), ("r2", 200)] {
        world.post(arrived("t1", receipt, &[goods("TEA", 2)]).at(at_s));
    }
    let more = world.post(arrived("t1", "r3", &[goods("TEA", 1)]).at(300));
    assert_eq!(more.outcome, Outcome::Absorbed);
    let seen = |world: &World| [99, 100, 200, 300].map(|at_s| truly(world, at_s));
    assert_eq!(seen(&world), [0, 2, 4, 5]);
    world.resolve(&world.conflict(), O::Cap).unwrap();
    assert_eq!(seen(&world), [0, 2, 3, 3], "2 more came than left");
    assert_eq!(world.on_hand("TEA", "berlin"), 8);
}

#[test]
fn version_and_count_are_those_of_the_moment() {
    let world = World::new().given([
        received("TEA", "berlin", 20).at(0),
        counted("TEA", "berlin", 20).at(100),
        received("TEA", "berlin", 5).at(200),
    ]);
    let at = |at_s| level_at(&tea(&world), Moment::Occurred(second(at_s)));
    assert_eq!((at(-1).version, at(-1).counted), (0, None));
    assert_eq!(at(0).version, 1);
    assert_eq!(at(100).version, 2, "a count that confirms the number raises the version too");
    assert_eq!(at(150).counted.map(|count| count.time), Some(second(100)));
    assert_eq!(at(200).version, world.version("TEA", "berlin"));
}

#[test]
fn a_verdict_on_a_movement_is_not_added_up_twice() {
    let mut world = World::new()
        .given([received("TEA", "berlin", 20).at(-1_000), counted("TEA", "berlin", 15).at(100)]);
    world.post(adjusted("TEA", "berlin", -3).by("shop").at(95));
    world.resolve(&world.conflict(), O::KeepDifference).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 12);
    assert_eq!(truly(&world, 96), 17, "sold once");
    assert_eq!(truly(&world, 100), 12);
    assert_eq!(terms(&world), [(Cause::Counted, 15), (Cause::Moved, -3)]);
}

/// Only a decision about a movement near a count moves what is recorded already; any other moves
/// something of its own.
#[test]
fn what_a_person_has_let_in_is_added_up() {
    let mut world = World::new().given([counted("TEA", "berlin", 20).at(0)]);
    let held = world.post(received("TEA", "berlin", 5).at(90_000));
    let let_in_at = world.store.record(held.seq.unwrap()).recorded_at;
    world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
    world.wall = second(9_000);
    world.post(counted("TEA", "berlin", 30).at(8_000));
    assert_eq!(truly(&world, 10), 20);
    let then = level_at(&tea(&world), Moment::Occurred(let_in_at));
    assert_eq!(then.get(Bucket::OnHand), 25);
    assert_eq!(truly(&world, 8_000), 30);
}

#[test]
fn an_explanation_begins_with_the_count_and_adds_what_came_later_whenever_it_arrived() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(0),
        received("TEA", "berlin", 7).at(300),
        counted("TEA", "berlin", 12).at(100),
    ]);
    world.post(adjusted("TEA", "berlin", -2).at(200).by("shop"));
    assert_eq!(terms(&world), [(Cause::Counted, 12), (Cause::Moved, -2), (Cause::Moved, 7)]);
    assert_eq!(explain(&tea(&world), TERMS_MAX).on_hand, 17);
}

/// Neither what moved at its own moment, nor what its record took back to take that one's place.
#[test]
fn what_a_count_contains_is_no_term_beside_it() {
    let sold = || {
        let sale = adjusted("TEA", "berlin", -2).at(50).id("x");
        World::new().given([received("TEA", "berlin", 20).at(0), sale])
    };
    for count in [counted("TEA", "berlin", 15).at(100), counted("TEA", "berlin", 15).at(50)] {
        let mut beside = sold();
        beside.post(count.clone());
        assert_eq!(terms(&beside), [(Cause::Counted, 15)], "{count:?}");
        let mut instead = sold();
        instead.post(count.clone().id("x"));
        instead.resolve(&instead.conflict(), O::ApplySecond).unwrap();
        assert_eq!(terms(&instead), [(Cause::Counted, 15)], "{count:?} instead");
    }
}

#[test]
fn what_a_person_decided_about_a_count_is_a_term_of_its_own() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        adjusted("TEA", "berlin", -3).by("shop").at(105),
    ]);
    world.post(counted("TEA", "berlin", 15).at(100));
    let conflict = world.open(ConflictKind::CountOverlap).remove(0);
    world.resolve(&conflict, O::KeepCounted).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    assert_eq!(
        terms(&world),
        [(Cause::Counted, 15), (Cause::Decided, 3), (Cause::Moved, -3)],
        "the sale after the count was in it all the same"
    );
}

/// In a journal of before that was noted, a count does not say what a person has decided about it. From
/// the last count on, what is believed today holds all the same.
#[test]
fn what_is_believed_today_holds_since_the_last_count_whatever_a_count_says() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(-1_000),
        adjusted("TEA", "berlin", -3).by("shop").at(105),
    ]);
    world.post(counted("TEA", "berlin", 15).at(100));
    world.resolve(&world.conflict(), O::KeepCounted).unwrap();
    let mut steps = tea(&world);
    for step in &mut steps {
        step.around = None;
    }
    let on_hand = |at_s| level_at(&steps, Moment::Occurred(second(at_s))).get(Bucket::OnHand);
    assert_eq!([105, 1_000].map(on_hand), [15; 2]);
}

#[test]
fn holds_name_the_order_and_what_is_left_of_it() {
    let world = World::new().given([
        received("TEA", "berlin", 20).at(0),
        adjusted("TEA", "berlin", 2).with("state", "damaged").at(1),
        placed("o1", &[line("1", "TEA", 5)]).at(2),
        placed("o2", &[line("1", "TEA", 4)]).at(3),
        fulfilled("o1", "f1", &[part("1", 5)]).at(4),
    ]);
    let Explanation { on_hand, holds, available, .. } = explain(&tea(&world), TERMS_MAX);
    let holds: Vec<_> = holds
        .iter()
        .map(|hold| (hold.state, hold.quantity, hold.order.as_ref().map(ToString::to_string)))
        .collect();
    assert_eq!(
        holds,
        [(Bucket::Committed, 4, Some("o2".to_owned())), (Bucket::Damaged, 2, None)],
        "what is fulfilled holds nothing"
    );
    assert_eq!((on_hand, available), (17, 11));
}

/// In whatever order a store gives its steps.
#[test]
fn a_hold_names_the_last_event_that_changed_it() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(0)]);
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(2));
    let last = world.post(fulfilled("o1", "f1", &[part("1", 2)]).at(4)).seq.unwrap();
    let mut steps = tea(&world);
    for _ in 0..2 {
        let holds = explain(&steps, TERMS_MAX).holds.into_iter();
        let holds: Vec<_> = holds.map(|it| (it.quantity, it.event.seq, it.time)).collect();
        assert_eq!(holds, [(3, last, second(4))]);
        steps.reverse();
    }
}

#[test]
fn of_many_holds_the_last_are_named_and_the_others_are_one_sum() {
    let orders = [("o1", 1), ("o2", 2), ("o3", 3), ("o4", 4)];
    let placed = orders.map(|(order, units)| placed(order, &[line("1", "TEA", units)]));
    let world = World::new().given([received("TEA", "berlin", 20).at(0)]).given(placed);
    let holds = explain(&tea(&world), 2).holds.into_iter();
    let holds: Vec<_> = holds.map(|hold| (hold.quantity, hold.order)).collect();
    assert_eq!(holds, [(6, None), (4, Some("o4".parse().unwrap()))]);
}

#[test]
fn a_shipment_that_waited_for_its_order_leaves_no_hold_behind() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(0)]);
    world.post(fulfilled("o1", "f1", &[part("1", 5)]).at(4));
    world.post(placed("o1", &[line("1", "TEA", 5)]).at(2));
    let explained = explain(&tea(&world), TERMS_MAX);
    assert_eq!((explained.on_hand, explained.holds), (15, vec![]));
}

#[test]
fn long_sums_are_bounded_and_still_add_up() {
    let world = World::new().given([received("TEA", "berlin", 1).at(0)]);
    let one = tea(&world).remove(0);
    let many: Vec<Step> = (1..=5_000)
        .map(|seq| {
            let mut step = one.clone();
            step.event.seq = seq;
            step
        })
        .collect();
    let explained = explain(&many, TERMS_MAX);
    assert_eq!(explained.terms.len(), onhand::history::TERMS_MAX);
    assert_eq!(explained.terms[0].cause, Cause::Earlier);
    assert_eq!(explained.terms.iter().map(|term| term.quantity).sum::<i64>(), 5_000);
}

/// The past is what it was, and explains the present.
pub fn check_past(world: &World) {
    check_believed(world);
    check_present(world);
}

/// A level of a state as the history can know it: whether it is oversold is no part of it, nor what
/// rests on its count.
fn comparable(level: &Level) -> Level {
    let mut level = level.clone();
    level.oversold = Oversold::No;
    if let Some(count) = &mut level.counted {
        (count.overlap, count.words, count.relied_on) = (None, Vec::new(), false);
    }
    level
}

/// After each record, every level that it touched is what its steps say it was then.
fn check_believed(world: &World) {
    let kept = kept(world);
    let mut ledger = Ledger::new(State::new(*world.ledger.state().settings()));
    for entry in &world.store.journal {
        ledger.replay(&entry.record, &entry.bytes);
        let state = ledger.state();
        for (sku, location, _) in steps(&entry.record) {
            let key = (state.catalogue().sku(sku), state.catalogue().location(location));
            let (Some(sku_number), Some(location_number)) = key else { continue };
            let level = state.level(sku_number, location_number);
            let steps = &kept[&(sku.to_string(), location.to_string())];
            let then = level_at(steps, Moment::Recorded(entry.record.seq));
            assert_eq!(then, comparable(level), "{sku} at {location} after #{}", entry.record.seq);
        }
    }
}

/// At the end of time, what truly is and what is believed are the same; and it adds up.
fn check_present(world: &World) {
    let state = world.ledger.state();
    let kept = kept(world);
    for (sku, location, level) in state.levels() {
        let names = (state.catalogue().sku_name(sku), state.catalogue().location_name(location));
        let steps = &kept[&(names.0.to_string(), names.1.to_string())];
        let now = level_at(steps, Moment::Occurred(second(i64::from(i32::MAX))));
        assert_eq!(now, comparable(level), "{names:?}");
        check_sums(&explain(steps, TERMS_MAX), level);
        for newest in 1..=3 {
            let changed: BTreeSet<u64> =
                steps.iter().filter(|step| step.is_change).map(Step::seq).collect();
            let from = changed.iter().rev().take(newest).next_back().copied().unwrap_or_default();
            let newest: Vec<Step> =
                steps.iter().filter(|step| step.seq() >= from).cloned().collect();
            check_sums(
                &explain_newest(&newest, (level.buckets(), level.version), TERMS_MAX),
                level,
            );
        }
    }
}

/// What explains a level adds up to it.
fn check_sums(explained: &Explanation, level: &Level) {
    let sum: i64 = explained.terms.iter().map(|term| term.quantity).sum();
    assert_eq!(sum, level.get(Bucket::OnHand), "{explained:?}");
    let held: i64 = explained.holds.iter().map(|hold| hold.quantity).sum();
    assert_eq!(sum - held, level.available(), "{explained:?}");
    assert_eq!((explained.on_hand, explained.available), (sum, sum - held));
    let incoming: i64 = explained.incoming.iter().map(|hold| hold.quantity).sum();
    assert_eq!(incoming, level.get(Bucket::Incoming));
}

proptest! {
    #![proptest_config(cases(150))]

    /// Whatever happened and whatever was decided: the past is what it was, and the present adds up.
    #[test]
    fn the_past_is_what_was_believed_and_the_present_adds_up(
        acts in proptest::collection::vec(Act::any(), 1..40),
        step_s in prop::sample::select(vec![4_i64, 40]),
    ) {
        let mut world = World::new();
        world.replay_always = false;
        for (index, act) in acts.iter().enumerate() {
            act.play(&mut world, index, step_s);
        }
        check_past(&world);
    }
}

/// A decision that takes units out of two receipts does so at the moment of each and for the source
/// of each.
#[test]
fn what_takes_several_facts_back_belongs_to_each_of_them() {
    let mut world = World::new().given([
        received("TEA", "berlin", 9).at(-60),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 2)]).at(0),
        arrived("t1", "r1", &[goods("TEA", 4)]).at(10),
        arrived("t1", "r2", &[goods("TEA", 4)]).at(20).by("shop"),
    ]);
    let conflict = world.conflict();
    let decision = world.resolve(&conflict, O::Cap).unwrap();
    let mut out: Vec<_> = steps(&decision)
        .into_iter()
        .map(|(_, _, step)| (step.occurred_at, step.source.to_string(), step.on_hand()))
        .filter(|(_, _, units)| *units != 0)
        .collect();
    out.sort();
    let wms = (second(10), "wms".to_owned(), -2);
    assert_eq!(out, [wms, (second(20), "shop".to_owned(), -4)]);
}

#[test]
fn between_two_counts_the_first_and_what_moved_since_are_seen() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(0),
        counted("TEA", "berlin", 12).at(100),
        received("TEA", "berlin", 5).at(150),
        counted("TEA", "berlin", 18).at(300),
    ]);
    world.post(adjusted("TEA", "berlin", -1).at(100));
    assert_eq!(truly(&world, 99), 20);
    assert_eq!(truly(&world, 100), 12, "what moved at the moment of a count is in it");
    assert_eq!(truly(&world, 149), 12);
    assert_eq!(truly(&world, 150), 17);
    assert_eq!(truly(&world, 300), 18);
}

/// A later count has to know what moved before it, and a count that contains a movement has to know
/// when that is taken back, though neither changes anything by then.
#[test]
fn what_takes_back_a_movement_within_a_count_moved_too() {
    let mut world = World::new().given([
        received("TEA", "berlin", 20).at(0),
        adjusted("TEA", "berlin", -3).by("shop").at(95).id("sale"),
    ]);
    world.post(counted("TEA", "berlin", 15).at(100));
    world.resolve(&world.conflict(), O::KeepCounted).unwrap();
    world.post(reversed("shop", "sale").id("undo"));
    world.post(reversed("desk", "undo"));
    let sum = |step: &Step| step.movements().map(|movement| movement.delta).sum();
    let moved: Vec<i64> = tea(&world).iter().map(sum).collect();
    assert_eq!(moved, [20, -3, 0, 0, 3, -3], "sold, counted, confirmed, not sold, sold");
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
}

#[test]
fn a_count_that_confirms_the_number_is_part_of_the_history() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(0)]);
    let count = world.post(counted("TEA", "berlin", 20).at(100));
    let record = world.store.record(count.seq.unwrap());
    assert_eq!((record.effects.len(), record.mentions.len()), (0, 1));
    assert_eq!(tea(&world).len(), 2);
}

#[test]
fn a_sum_as_long_as_the_bound_is_given_term_by_term() {
    let world = World::new().given([
        received("TEA", "berlin", 9).at(0),
        placed("o1", &[line("1", "TEA", 2)]).at(1),
        fulfilled("o1", "f1", &[part("1", 2)]).at(2),
        received("TEA", "berlin", 1).at(3),
    ]);
    let terms = |most| {
        let terms = explain(&tea(&world), most).terms.into_iter();
        terms.map(|term| (term.cause, term.quantity, term.order.is_some())).collect::<Vec<_>>()
    };
    let [received, shipped, more] =
        [(Cause::Moved, 9, false), (Cause::Moved, -2, true), (Cause::Moved, 1, false)];
    assert_eq!(terms(3), [received, shipped, more]);
    assert_eq!(terms(2), [(Cause::Earlier, 7, false), more], "a sum belongs to no order");
}

#[test]
fn the_newest_steps_alone_explain_a_level() {
    let world = World::new().given([
        received("TEA", "berlin", 9).at(0),
        placed("o1", &[line("1", "TEA", 2)]).at(1),
        placed("o2", &[line("1", "TEA", 3)]).at(2),
        fulfilled("o1", "f1", &[part("1", 2)]).at(3),
        received("TEA", "berlin", 1).at(4),
    ]);
    let steps = tea(&world);
    let newest = |count: usize| {
        let newest = &steps[steps.len() - count..];
        let why = explain_newest(newest, ([8, 3, 0, 0, 0, 0, 0], 5), TERMS_MAX);
        assert_eq!((why.on_hand, why.available), (8, 5));
        let terms = why.terms.iter().map(|term| (term.cause, term.quantity)).collect::<Vec<_>>();
        let holds = why.holds.iter().map(|hold| (hold.quantity, hold.order.is_some()));
        (terms, holds.collect::<Vec<_>>())
    };
    let [received, shipped, more] = [(Cause::Moved, 9), (Cause::Moved, -2), (Cause::Moved, 1)];
    assert_eq!(newest(5), (vec![received, shipped, more], vec![(3, true)]));
    // The first step listed stands for all before it; what the first order let go of, it had held.
    let (all, own) = ((Cause::Earlier, 9), (3, true));
    assert_eq!(newest(4), (vec![all, shipped, more], vec![own]));
    assert_eq!(newest(2), (vec![(Cause::Earlier, 7), more], vec![(3, false)]));
}

/// The end of a count moved the level by exactly what it is, but it is not all that there was.
#[test]
fn steps_that_happen_to_sum_up_to_the_level_are_not_taken_for_all() {
    let mut world = World::new()
        .given([adjusted("TEA", "berlin", -2).at(0), counted("TEA", "berlin", 0).at(9).id("c")]);
    world.post(reversed("wms", "c"));
    let (steps, level) = (tea(&world), world.level("TEA", "berlin"));
    let newest = &steps[steps.len() - 1..];
    assert_eq!(newest[0].on_hand(), -2);
    let why = explain_newest(newest, (level.buckets(), level.version), TERMS_MAX);
    let terms: Vec<_> = why.terms.iter().map(|term| (term.cause, term.quantity)).collect();
    assert_eq!(terms, [(Cause::Earlier, -2)]);
}

#[test]
fn many_holds_are_bounded_and_still_add_up() {
    let mut world = World::new().given([received("TEA", "berlin", 20).at(0)]);
    for order in 1..=4 {
        world.post(placed(&format!("o{order}"), &[line("1", "TEA", order)]).at(order));
    }
    let holds = |most| {
        let holds = explain(&tea(&world), most).holds.into_iter();
        holds.map(|hold| (hold.quantity, hold.order.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(holds(4), [(1, true), (2, true), (3, true), (4, true)]);
    assert_eq!(holds(3), [(3, false), (3, true), (4, true)], "a sum belongs to no order");
    assert_eq!(holds(2), [(6, false), (4, true)]);
}
