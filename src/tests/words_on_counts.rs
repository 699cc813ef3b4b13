//! Rule 3, between counts: what a person has said of the movements near one count holds for the
//! counts after it. What is in a count is in all that are newer, whatever its own time says.
//!
//! In all scenarios 20 units are there; `shop` sells some at second 38, and `wms` counts 15 at second
//! 30. A person says that the sale is in that count. Then somebody counts again, at second 33.

use onhand::conflict::ResolutionOption as O;
use onhand::record::Outcome;

use crate::harness::World;
use crate::history::check_past;
use crate::says::{Says, adjusted, counted, received, reversed};

fn sale() -> Says {
    adjusted("TEA", "berlin", -4).by("shop").at(38).id("sale")
}

fn first() -> Says {
    counted("TEA", "berlin", 15).at(30).id("first")
}

fn again(source: &'static str) -> Says {
    counted("TEA", "berlin", 10).by(source).at(33).id("again")
}

fn begun() -> World {
    World::new().given([received("TEA", "berlin", 20).at(-1_000)])
}

/// The count waited for the person's word, as the sale was known before it.
fn held(option: O) -> World {
    let mut world = begun();
    world.post(sale());
    assert_eq!(world.post(first()).outcome, Outcome::Conflict);
    let conflict = world.conflict();
    world.resolve(&conflict, option).unwrap();
    world
}

/// The sale came late to the count.
fn late(option: O) -> World {
    let mut world = begun();
    world.post(first());
    world.post(sale());
    let conflict = world.conflict();
    world.resolve(&conflict, option).unwrap();
    world
}

#[test]
fn what_is_in_a_count_is_in_the_next_one_in_whatever_order_they_came() {
    for world in [held, late] {
        let mut world = world(O::KeepCounted);
        assert_eq!(world.on_hand("TEA", "berlin"), 15);
        assert_eq!(world.post(again("shop")).outcome, Outcome::Applied);
        assert_eq!(world.on_hand("TEA", "berlin"), 10);
        world.quiet();
        check_past(&world);
    }
}

#[test]
fn what_came_after_a_count_by_its_own_time_comes_after_the_next_one() {
    for world in [held, late] {
        let mut world = world(O::KeepDifference);
        assert_eq!(world.on_hand("TEA", "berlin"), 11);
        world.post(again("shop"));
        assert_eq!(world.on_hand("TEA", "berlin"), 6);
        check_past(&world);
    }
}

/// A word is about a moment: what is later than that is not in the count.
#[test]
fn a_later_sale_is_not_in_the_next_count() {
    let mut world = held(O::KeepCounted);
    world.post(adjusted("TEA", "berlin", -1).by("shop").at(41));
    assert_eq!(world.on_hand("TEA", "berlin"), 14);
    world.post(again("shop"));
    assert_eq!(world.on_hand("TEA", "berlin"), 9);
    check_past(&world);
}

/// Nor is what came later than the word, by its place in the journal.
#[test]
fn what_was_said_of_a_count_is_not_said_of_what_was_unknown_then() {
    let mut world = held(O::KeepCounted);
    let late = world.post(adjusted("TEA", "berlin", -1).by("shop").at(39));
    assert_eq!(late.outcome, Outcome::Applied);
    world.resolve(&world.conflict(), O::KeepDifference).unwrap();
    world.post(again("shop"));
    assert_eq!(world.on_hand("TEA", "berlin"), 9);
    check_past(&world);
}

/// What is in the count takes nothing with it when it is taken back, nor when it stands again: before
/// the next count, after it, or one before and one after.
#[test]
fn a_sale_in_a_count_that_is_taken_back_changes_no_count() {
    let back = || reversed("shop", "sale").id("back");
    let stands = || reversed("desk", "back");
    let orders: [&[Says]; 4] = [
        &[back(), again("shop")],
        &[again("shop"), back()],
        &[back(), again("shop"), stands()],
        &[back(), stands(), again("shop")],
    ];
    for events in orders {
        let mut world = held(O::KeepCounted);
        for event in events {
            assert_eq!(world.post(event.clone()).outcome, Outcome::Applied, "{event:?}");
            check_past(&world);
        }
        assert_eq!(world.on_hand("TEA", "berlin"), 10, "{events:?}");
    }
}

/// A third person's clock may be off as well: they are asked, and the newer word holds.
#[test]
fn a_count_of_another_source_is_asked_about_anew() {
    for (option, on_hand) in [(O::KeepCounted, 10), (O::KeepDifference, 6)] {
        let mut world = held(O::KeepCounted);
        assert_eq!(world.post(again("erp")).outcome, Outcome::Conflict);
        world.resolve(&world.conflict(), option).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand, "{option:?}");
        check_past(&world);
        // A third count, of the sale's own source, goes by that.
        world.post(counted("TEA", "berlin", 9).by("shop").at(34));
        assert_eq!(world.on_hand("TEA", "berlin"), on_hand - 1, "{option:?}");
        check_past(&world);
    }
}

/// The person's word on the third count is about others than who made it: of their own sale the word
/// on the first one holds.
#[test]
fn a_newer_word_is_about_other_sources_than_the_counts_own() {
    let mut world = begun();
    world.post(sale());
    world.post(first());
    world.resolve(&world.conflict(), O::KeepCounted).unwrap();
    world.post(adjusted("TEA", "berlin", -1).by("erp").at(35));
    world.resolve(&world.conflict(), O::KeepDifference).unwrap();
    assert_eq!(world.post(again("shop")).outcome, Outcome::Conflict);
    world.resolve(&world.conflict(), O::KeepDifference).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 9);
    check_past(&world);
}

/// With the count the word is gone that was said of it.
#[test]
fn a_word_goes_with_its_count() {
    let mut world = held(O::KeepCounted);
    world.post(again("shop"));
    world.post(reversed("shop", "again"));
    assert_eq!(world.on_hand("TEA", "berlin"), 15);
    let decision = world.store.journal.iter().rev().find_map(|entry| {
        let envelope = &entry.record.envelope;
        (envelope.event_type() == "conflict.resolved").then(|| envelope.id.to_string())
    });
    let back = world.post(reversed("onhand", &decision.unwrap()));
    assert_eq!(back.outcome, Outcome::Applied);
    assert_eq!(world.on_hand("TEA", "berlin"), 16);
    check_past(&world);
    world.resolve(&world.conflict(), O::Discard).unwrap();
    world.post(again("shop").id("anew"));
    assert_eq!(world.on_hand("TEA", "berlin"), 6);
    check_past(&world);
}

/// A newer word that they came after is about the sale and about what takes it back alike.
#[test]
fn a_newer_word_is_about_a_sale_and_its_end_alike() {
    let mut world = held(O::KeepCounted);
    world.post_all([reversed("shop", "sale"), adjusted("TEA", "berlin", -1).by("pos").at(39)]);
    world.resolve(&world.conflict(), O::KeepDifference).unwrap();
    world.post(again("erp"));
    world.resolve(&world.conflict(), O::KeepDifference).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 9);
    let third = world.post(counted("TEA", "berlin", 8).by("pos").at(34));
    assert_eq!((third.outcome, world.on_hand("TEA", "berlin")), (Outcome::Applied, 7));
    check_past(&world);
}
