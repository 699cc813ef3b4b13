//! Reversing a cancellation: its units are promised again, unless an amendment has said since what
//! the lines are, or the order was placed with what was cancelled. What was cancelled since stays so
//! when something earlier is reversed.

use onhand::conflict::ResolutionOption as O;
use onhand::record::Outcome;
use onhand::wire::EventResult;

use crate::harness::World;
use crate::says::{
    amended, back, cancelled, confirmed, fulfilled, held, line, line_from, part, placed, received,
    reserved, returned, reversed,
};

/// 5 TEA at Berlin, which ranks first, and 5 at Hamburg.
fn world() -> World {
    World::new().given([received("TEA", "berlin", 5), received("TEA", "hamburg", 5)])
}

fn reason(result: &EventResult) -> &str {
    assert_eq!(result.outcome, Outcome::Rejected, "{result:?}");
    result.reason.as_deref().unwrap()
}

/// A revision says what the lines are, after what was cancelled before it. Were that promised again,
/// the order would have more than its revision says.
#[test]
fn an_amendment_is_reversed_before_what_was_cancelled_earlier() {
    let mut world = world().given([placed("o1", &[line("1", "TEA", 3), line("2", "TEA", 1)])]);
    world.post(cancelled("o1").with("lines", vec![part("1", 2)]).id("x"));
    world.post(amended("o1", 1, &[line("2", "TEA", 1)]).id("a"));
    let result = world.post(reversed("shop", "x"));
    assert!(reason(&result).contains("amended since"), "{result:?}");
    assert_eq!(world.committed("TEA", "berlin"), 1);
    world.post(reversed("shop", "a"));
    assert_eq!(world.post(reversed("shop", "x")).outcome, Outcome::Applied);
    assert_eq!(world.committed("TEA", "berlin"), 4);
}

/// It counts when the amendment took effect: one that was held until a person let it says what the
/// lines are as well.
#[test]
fn an_amendment_that_was_held_until_after_the_cancellation_stands_in_its_way_too() {
    let mut world = world().given([placed("o1", &[line("1", "TEA", 5)])]);
    world.post(fulfilled("o1", "f1", &[part("1", 2)]));
    let below = world.post(amended("o1", 1, &[line("1", "TEA", 1)]).id("a"));
    assert_eq!(below.outcome, Outcome::Conflict);
    world.post(cancelled("o1").with("lines", vec![part("1", 1)]).id("x"));
    world.resolve(&world.conflict(), O::ApplyAnyway).unwrap();
    let result = world.post(reversed("shop", "x"));
    assert!(reason(&result).contains("amended since"), "{result:?}");
}

/// What was cancelled after an amendment, or beside it, is promised again.
#[test]
fn a_cancellation_after_the_last_amendment_goes_back() {
    let mut world = world().given([placed("o1", &[line("1", "TEA", 3)])]);
    world.post(amended("o1", 1, &[line("1", "TEA", 4)]));
    world.post(cancelled("o1").id("x"));
    assert_eq!(world.committed("TEA", "berlin"), 0);
    assert_eq!(world.post(reversed("shop", "x")).outcome, Outcome::Applied);
    assert_eq!(world.committed("TEA", "berlin"), 4);
}

/// An order that was cancelled as a whole before it came is placed with nothing: only once that is
/// taken back is there nothing left that rests on the cancellation.
#[test]
fn an_order_that_was_placed_as_cancelled_is_reversed_before_its_cancellation() {
    let hold = [held("TEA", 3, "berlin")];
    let mut world = world().given([reserved("r1", &hold), confirmed("r1", "o1")]);
    world.post(cancelled("o1").id("x"));
    world.post(placed("o1", &[line("1", "TEA", 3), line("2", "TEA", 2)]).id("p"));
    assert_eq!(world.committed("TEA", "berlin"), 0);
    let result = world.post(reversed("shop", "x"));
    assert!(reason(&result).contains("placed since"), "{result:?}");
    world.post(reversed("shop", "p"));
    assert_eq!(world.post(reversed("shop", "x")).outcome, Outcome::Applied);
    world.post(placed("o1", &[line("1", "TEA", 3), line("2", "TEA", 2)]).at(9));
    assert_eq!(world.committed("TEA", "berlin"), 5);
}

/// A line takes from its places in their order, whichever of its cancellations is reversed first.
#[test]
fn places_keep_their_turn_whichever_cancellation_goes_back_first() {
    for first in ["x", "y"] {
        let mut world = world().given([placed("o1", &[line("1", "TEA", 8)])]);
        let before = world.order_line("o1", "1");
        let places: Vec<&str> = before.shares.iter().map(|it| it.location.as_str()).collect();
        assert_eq!(places, ["berlin", "hamburg"]);
        world.post(cancelled("o1").with("lines", vec![part("1", 3)]).id("x"));
        world.post(cancelled("o1").with("lines", vec![part("1", 5)]).id("y"));
        let second = if first == "x" { "y" } else { "x" };
        for id in [first, second] {
            assert_eq!(world.post(reversed("shop", id)).outcome, Outcome::Applied, "{id}");
        }
        assert_eq!(world.order_line("o1", "1"), before, "{first} first");
    }
}

/// What was cancelled stood somewhere: units that are shipped all the same leave there, also once
/// that was taken back and is said again.
#[test]
fn a_line_of_which_nothing_is_left_keeps_its_place() {
    let mut world = world().given([placed("o1", &[line_from("1", "TEA", 3, "hamburg")])]);
    world.post(cancelled("o1"));
    world.post(fulfilled("o1", "f1", &[part("1", 3)]));
    let before = world.order_line("o1", "1");
    for time in ["first", "second"] {
        let decision = world.resolve(&world.conflict(), O::ApplyAnyway).unwrap();
        assert_eq!(world.on_hand("TEA", "hamburg"), 2, "{time}");
        let event = &decision.envelope;
        world.post(reversed(event.source.as_str(), event.id.as_str()));
        assert_eq!(world.order_line("o1", "1"), before, "{time}");
        assert_eq!(world.on_hand("TEA", "hamburg"), 5, "{time}");
    }
}

/// The same where the line was one of another item in between.
#[test]
fn a_line_that_was_another_item_has_its_places_in_their_turn() {
    let mut world = world().given([placed("o1", &[line("1", "TEA", 8)])]);
    world.post(fulfilled("o1", "f1", &[part("1", 5)]).id("f"));
    world.post(reversed("shop", "f"));
    world.post(cancelled("o1").with("lines", vec![part("1", 8)]).id("x"));
    let before = world.order_line("o1", "1");
    assert_eq!(before.shares.len(), 2, "both places are known: {before:?}");
    world.post(received("MUG", "berlin", 3));
    world.post(amended("o1", 1, &[line("1", "MUG", 1)]).id("other"));
    assert_eq!(world.order_line("o1", "1").sku.as_str(), "MUG");
    assert_eq!(world.post(reversed("shop", "other")).outcome, Outcome::Applied);
    assert_eq!(world.order_line("o1", "1"), before);
}

/// The order has taken over what was cancelled of its hold, on a line of its own name.
#[test]
fn what_an_order_has_taken_over_as_cancelled_is_not_promised_again() {
    let hold = [held("TEA", 4, "berlin")];
    let mut world = world().given([reserved("r1", &hold), confirmed("r1", "o1")]);
    world.post(cancelled("o1").with("lines", vec![part("1", 2)]).id("x"));
    world.post(placed("o1", &[line("a", "TEA", 4)]));
    let result = world.post(reversed("shop", "x"));
    assert!(reason(&result).contains("rest on line 1"), "{result:?}");
    assert_eq!((world.order_line("o1", "a").cancelled, world.committed("TEA", "berlin")), (2, 2));
}

/// What was cancelled after the placing stays cancelled of what was held before it.
#[test]
fn a_placing_goes_back_to_what_is_left_of_the_hold_before_it() {
    let hold = [held("TEA", 3, "berlin")];
    let mut world = world().given([reserved("r1", &hold), confirmed("r1", "o1")]);
    world.post(placed("o1", &[line("1", "TEA", 4)]).id("p"));
    world.post(cancelled("o1").with("lines", vec![part("1", 1)]));
    assert_eq!(world.post(reversed("shop", "p")).outcome, Outcome::Applied);
    let line = world.order_line("o1", "1");
    assert_eq!((line.ordered, line.cancelled, line.committed()), (3, 1, 2));
}

/// More has come back of the line than has left, as a person has said. That is no matter of what was
/// cancelled of it.
#[test]
fn what_came_back_beyond_what_was_shipped_does_not_rest_on_a_cancellation() {
    let mut world = world().given([
        placed("o1", &[line("1", "TEA", 2)]),
        fulfilled("o1", "f1", &[part("1", 1)]).at(1),
        cancelled("o1").at(2).id("x"),
    ]);
    world.post(returned("o1", "b1", &[back("1", 3, true)]).at(3));
    world.resolve(&world.conflict(), O::ApplyAnyway).unwrap();
    assert_eq!(world.post(reversed("shop", "x")).outcome, Outcome::Applied);
    let line = world.order_line("o1", "1");
    assert_eq!((line.cancelled, line.committed(), line.fulfilled(), line.returned()), (0, 1, 1, 3));
}
