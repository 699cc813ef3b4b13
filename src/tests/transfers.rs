//! Transfers: what leaves one location is `incoming` at another until it arrives. A final receipt
//! that is short, and any that brings too much, is applied as received and flagged `excess`.

use onhand::conflict::{Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::event::json::Json;
use onhand::event::parse;
use onhand::record::{Bucket, Outcome};
use onhand::transfer::TransferLine;
use serde_json::Value;

use crate::harness::World;
use crate::says::{
    Says, adjusted, arrived, counted, fulfilled, goods, item, line_from, part, placed, received,
    reversed, shipped,
};

/// 20 units at Berlin, of which `t1` sends 10 to Hamburg at second 10.
fn world() -> World {
    World::new().given([
        received("TEA", "berlin", 20),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(10),
    ])
}

/// A receipt of `t1` after which nothing more is to come.
fn last(receipt: &str, lines: &[Value]) -> Says {
    arrived("t1", receipt, lines).with("final", true)
}

/// `on_hand` at Berlin, `on_hand` at Hamburg, `incoming` at Hamburg.
fn numbers(world: &World) -> [i64; 3] {
    let incoming = world.level("TEA", "hamburg").get(Bucket::Incoming);
    [world.on_hand("TEA", "berlin"), world.on_hand("TEA", "hamburg"), incoming]
}

fn line(world: &World) -> TransferLine {
    world.transfer("t1").lines[0].clone()
}

fn excess(world: &World) -> Conflict {
    let conflict = world.conflict();
    assert_eq!(conflict.kind, ConflictKind::Excess);
    assert_eq!(conflict.transfer.as_ref().unwrap().as_str(), "t1");
    assert_eq!(conflict.location.as_ref().unwrap().as_str(), "hamburg");
    conflict
}

#[test]
fn what_leaves_is_incoming_until_it_arrives() {
    let mut world = world();
    assert_eq!(numbers(&world), [10, 0, 10]);
    assert_eq!(world.available("TEA", "hamburg"), 0, "incoming stands beside it");
    for (receipt, quantity, expected) in
        [("r1", 4, [10, 4, 6]), ("r2", 1, [10, 5, 5]), ("r3", 5, [10, 10, 0])]
    {
        let result = world.post(arrived("t1", receipt, &[goods("TEA", quantity)]).at(20));
        assert_eq!((result.outcome, result.conflict), (Outcome::Applied, None));
        assert_eq!(numbers(&world), expected);
    }
    assert_eq!((line(&world).shipped, line(&world).received), (10, 10));
    assert_eq!(world.post(last("r4", &[goods("MUG", 1)])).outcome, Outcome::Applied);
    assert_eq!(world.transfer("t1").receipts.len(), 4);
}

#[test]
fn a_shipment_happened_so_it_is_never_refused_for_lack_of_stock() {
    let mut world = World::new();
    let result = world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 3)]));
    assert_eq!(result.outcome, Outcome::Applied);
    assert_eq!(numbers(&world), [-3, 0, 3]);
    assert_eq!(world.conflict().kind, ConflictKind::Oversold);
}

#[test]
fn rows_of_the_same_item_add_up() {
    let mut world = World::new().given([
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 3), goods("MUG", 1), goods("TEA", 4)]),
        last("r1", &[goods("TEA", 2), goods("MUG", 1), goods("TEA", 5)]).at(1),
    ]);
    assert_eq!(world.transfer("t1").lines.len(), 2);
    assert_eq!((line(&world).shipped, line(&world).received), (7, 7));
    assert_eq!(numbers(&world), [-7, 7, 0]);
    assert!(world.open(ConflictKind::Excess).is_empty());
    world.post(received("TEA", "berlin", 7));
    assert!(world.open(ConflictKind::Oversold).len() == 1, "the mug is still short");
}

/// What arrives in which state, and the numbers at Hamburg: `on_hand`, `available`, damaged, in
/// quality control.
#[test]
fn units_arrive_in_a_state() {
    for (state, expected) in [
        ("available", [10, 10, 0, 0]),
        ("damaged", [10, 8, 2, 0]),
        ("quality_control", [10, 8, 0, 2]),
    ] {
        let mut broken = goods("TEA", 2);
        broken["state"] = state.into();
        let world = world().given([last("r1", &[goods("TEA", 8), broken]).at(20)]);
        let level = world.level("TEA", "hamburg");
        let found = [
            level.get(Bucket::OnHand),
            level.available(),
            level.get(Bucket::Damaged),
            level.get(Bucket::QualityControl),
        ];
        assert_eq!(found, expected, "{state}");
        world.quiet();
    }
}

#[test]
fn what_arrives_before_it_left_is_parked_and_goes_on_by_itself() {
    let mut world = World::new().given([received("TEA", "berlin", 20)]);
    let early = world.post(last("r1", &[goods("TEA", 10)]).at(20));
    assert_eq!(early.outcome, Outcome::Parked);
    assert_eq!(early.reason.as_deref(), Some("waits for transfer t1"));
    assert!(early.effects.is_empty());
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(10));
    assert_eq!(world.outcome(&early), Outcome::Applied);
    assert_eq!(numbers(&world), [10, 10, 0]);
    world.quiet();
}

#[test]
fn what_waited_may_be_flagged_when_it_goes_on() {
    let mut world = World::new().given([received("TEA", "berlin", 20)]);
    let early = world.post(last("r1", &[goods("TEA", 9)]).at(20));
    world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(10));
    assert_eq!(world.outcome(&early), Outcome::Applied);
    assert_eq!(numbers(&world), [10, 9, 1]);
    let conflict = excess(&world);
    assert_eq!(conflict.events.last().unwrap().seq, early.seq.unwrap());
    world.resolve(&conflict, O::ApplyAnyway).unwrap();
    assert_eq!(numbers(&world), [11, 9, 0]);
}

/// How much of 10 a final receipt brings: applied as received, and flagged unless it is all.
#[test]
fn a_final_receipt_is_applied_as_received_and_flagged_if_it_differs() {
    for (quantity, expected, flagged) in [
        (0, [10, 0, 10], true),
        (8, [10, 8, 2], true),
        (10, [10, 10, 0], false),
        (13, [10, 13, 0], true),
    ] {
        let mut world = world();
        // That nothing came is said without lines.
        let lines: Vec<_> = (quantity > 0).then(|| goods("TEA", quantity)).into_iter().collect();
        let result = world.post(last("r1", &lines).at(20));
        assert_eq!(result.outcome, Outcome::Applied);
        assert_eq!(numbers(&world), expected);
        assert_eq!(result.conflict.is_some(), flagged);
        if flagged {
            assert_eq!(result.conflict, Some(excess(&world).id));
        } else {
            world.quiet();
        }
    }
}

#[test]
fn what_is_missing_of_a_receipt_that_is_not_final_is_still_to_come() {
    let world = world().given([arrived("t1", "r1", &[goods("TEA", 8)]).at(20)]);
    assert_eq!(numbers(&world), [10, 8, 2]);
    world.quiet();
}

/// Nothing that comes later can make too much right, so it is flagged at once.
#[test]
fn too_much_is_flagged_even_if_more_is_to_come() {
    let mut world = world();
    let result = world.post(arrived("t1", "r1", &[goods("TEA", 13)]).at(20));
    assert_eq!(result.conflict, Some(excess(&world).id));
    assert_eq!(numbers(&world), [10, 13, 0]);
}

#[test]
fn an_item_that_was_not_shipped_is_too_much() {
    let mut world = world();
    let result = world.post(last("r1", &[goods("TEA", 10), goods("MUG", 2)]).at(20));
    assert_eq!(result.outcome, Outcome::Applied);
    assert_eq!(world.on_hand("MUG", "hamburg"), 2);
    let conflict = excess(&world);
    assert_eq!(conflict.sku.as_ref().unwrap().as_str(), "MUG");
    world.resolve(&conflict, O::Cap).unwrap();
    assert_eq!(world.on_hand("MUG", "hamburg"), 0);
    assert_eq!(numbers(&world), [10, 10, 0]);
}

/// What each option makes of a final receipt of 8 of 10 and of one of 13: `on_hand` at Berlin and
/// at Hamburg, `incoming`, and what the transfer says is shipped, received and lost.
#[test]
fn each_option_has_its_numbers() {
    let table = [
        (8, O::ApplyAnyway, [12, 8, 0], [8, 8, 0]),
        (8, O::Cap, [10, 8, 0], [10, 8, 2]),
        (8, O::Discard, [10, 0, 10], [10, 0, 0]),
        (13, O::ApplyAnyway, [7, 13, 0], [13, 13, 0]),
        (13, O::Cap, [10, 10, 0], [10, 10, 0]),
        (13, O::Discard, [10, 0, 10], [10, 0, 0]),
    ];
    for (quantity, option, expected, document) in table {
        let mut world = world();
        let receipt = world.post(last("r1", &[goods("TEA", quantity)]).at(20));
        let conflict = excess(&world);
        world.resolve(&conflict, option).unwrap();
        assert_eq!(numbers(&world), expected, "{quantity} {option:?}");
        let TransferLine { shipped, received, lost, .. } = line(&world);
        assert_eq!([shipped, received, lost], document, "{quantity} {option:?}");
        let [berlin, hamburg, incoming] = expected;
        assert_eq!(berlin + hamburg + incoming + lost, 20, "no unit is lost but by name");
        let kept = if option == O::Discard { Outcome::Rejected } else { Outcome::Applied };
        assert_eq!(world.outcome(&receipt), kept);
        world.quiet();
    }
}

#[test]
fn a_discarded_receipt_can_be_sent_anew_under_the_same_id() {
    let mut world = world();
    let wrong = last("r1", &[goods("TEA", 13)]).at(20).id("wrong");
    world.post(wrong.clone());
    let conflict = excess(&world);
    world.resolve(&conflict, O::Discard).unwrap();
    let repeat = world.post(wrong);
    assert_eq!(repeat.outcome, Outcome::Duplicate);
    assert_eq!(repeat.original.unwrap().outcome, Outcome::Rejected);
    world.post(last("r1", &[goods("TEA", 10)]).at(30));
    assert_eq!(numbers(&world), [10, 10, 0]);
    world.quiet();
}

#[test]
fn the_conflict_closes_by_itself_when_the_rest_arrives() {
    let mut world = world();
    world.post(last("r2", &[goods("TEA", 8)]).at(20));
    let conflict = excess(&world);
    let late = world.post(arrived("t1", "r1", &[goods("TEA", 2)]).at(15));
    assert_eq!((late.outcome, late.conflict), (Outcome::Applied, None));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!(numbers(&world), [10, 10, 0]);
}

#[test]
fn a_receipt_that_leaves_it_differing_joins_the_conflict() {
    let mut world = world();
    world.post(last("r2", &[goods("TEA", 6)]).at(20));
    let seen = excess(&world);
    let late = world.post(arrived("t1", "r1", &[goods("TEA", 1)]).at(15));
    let now = excess(&world);
    assert_eq!((late.conflict, now.id), (Some(seen.id), seen.id));
    assert_eq!((now.events.len(), now.version), (2, 2));
    assert!(now.evidence[1].value.contains("3 are missing"), "{now:?}");
    assert!(world.resolve(&seen, O::Cap).is_err(), "it has to be looked at again");
    world.resolve(&now, O::Cap).unwrap();
    assert_eq!(numbers(&world), [10, 7, 0]);
    assert_eq!(line(&world).lost, 3);
}

#[test]
fn discarding_takes_the_last_receipt_back_and_asks_about_the_rest_anew() {
    let mut world = world();
    world.post(last("r1", &[goods("TEA", 6)]).at(20));
    world.post(arrived("t1", "r2", &[goods("TEA", 9)]).at(30));
    let first = excess(&world);
    assert_eq!(numbers(&world), [10, 15, 0]);
    world.resolve(&first, O::Discard).unwrap();
    assert_eq!(numbers(&world), [10, 6, 4]);
    let second = excess(&world);
    assert_ne!(first.id, second.id);
    world.resolve(&second, O::Discard).unwrap();
    assert_eq!(numbers(&world), [10, 0, 10]);
    world.quiet();
}

#[test]
fn units_missing_after_a_withdrawal_are_the_doing_of_the_receipt_withdrawn() {
    let mut world = world();
    world.post(last("r1", &[goods("TEA", 6)]).at(20));
    let withdrawn = world.post(arrived("t1", "r2", &[goods("TEA", 9)]).at(30));
    world.post(placed("o1", &[line_from("1", "TEA", 12, "hamburg")]).at(40));
    let conflict = excess(&world);
    world.resolve(&conflict, O::Discard).unwrap();
    let oversold = world.open(ConflictKind::Oversold).remove(0);
    assert_eq!(Some(oversold.events[0].seq), withdrawn.seq);
}

#[test]
fn what_was_given_up_is_found_again_if_it_turns_up() {
    let mut world = world();
    world.post(last("r1", &[goods("TEA", 8)]).at(20));
    let conflict = excess(&world);
    world.resolve(&conflict, O::Cap).unwrap();
    assert_eq!(line(&world).lost, 2);
    for (receipt, lost) in [("r2", 1), ("r3", 0)] {
        world.post(arrived("t1", receipt, &[goods("TEA", 1)]).at(30));
        assert_eq!(line(&world).lost, lost);
        world.quiet();
    }
    assert_eq!(numbers(&world), [10, 10, 0]);
    world.post(arrived("t1", "r4", &[goods("TEA", 1)]).at(40));
    assert_eq!(excess(&world).kind, ConflictKind::Excess, "but no more than that");
}

#[test]
fn what_arrives_after_the_shipment_was_corrected_is_asked_about() {
    let mut world = world();
    world.post(last("r1", &[goods("TEA", 8)]).at(20));
    let conflict = excess(&world);
    world.resolve(&conflict, O::ApplyAnyway).unwrap();
    assert_eq!(numbers(&world), [12, 8, 0]);
    world.post(arrived("t1", "r2", &[goods("TEA", 2)]).at(30));
    let conflict = excess(&world);
    world.resolve(&conflict, O::ApplyAnyway).unwrap();
    assert_eq!(numbers(&world), [10, 10, 0]);
}

#[test]
fn units_too_many_go_in_the_state_in_which_the_last_ones_came() {
    let mut world = world();
    let mut broken = goods("TEA", 4);
    broken["state"] = "damaged".into();
    world.post(arrived("t1", "r1", &[goods("TEA", 8)]).at(20));
    world.post(last("r2", &[broken, goods("TEA", 1)]).at(30));
    let conflict = excess(&world);
    world.resolve(&conflict, O::Cap).unwrap();
    let level = world.level("TEA", "hamburg");
    assert_eq!((level.get(Bucket::OnHand), level.get(Bucket::Damaged)), (10, 2));
}

/// A count at Hamburg or Berlin after the units moved says what is there; decisions about the
/// transfer do not change it.
#[test]
fn a_later_count_stands_whatever_is_decided() {
    for option in [O::ApplyAnyway, O::Cap, O::Discard] {
        for quantity in [8, 13] {
            let mut world = world();
            world.post(last("r1", &[goods("TEA", quantity)]).at(20));
            world.post(counted("TEA", "hamburg", 9).at(100));
            world.post(counted("TEA", "berlin", 11).at(100));
            let conflict = excess(&world);
            world.resolve(&conflict, option).unwrap();
            let incoming = if option == O::Discard { 10 } else { 0 };
            assert_eq!(numbers(&world), [11, 9, incoming], "{quantity} {option:?}");
            world.quiet();
        }
    }
}

/// A shipment or a receipt that a later count contains moves no `on_hand`, but `incoming` always
/// follows.
#[test]
fn a_count_absorbs_on_hand_and_never_incoming() {
    let mut world = World::new()
        .given([counted("TEA", "berlin", 20).at(100), counted("TEA", "hamburg", 5).at(100)]);
    let late = world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(10));
    assert_eq!(late.outcome, Outcome::Applied, "an event absorbed in part is applied");
    assert_eq!(numbers(&world), [20, 5, 10]);
    let late = world.post(arrived("t1", "r1", &[goods("TEA", 10)]).at(20));
    assert_eq!(late.outcome, Outcome::Applied);
    assert_eq!(numbers(&world), [20, 5, 0]);
    let more = world.post(arrived("t1", "r2", &[goods("TEA", 1)]).at(30));
    assert_eq!(more.outcome, Outcome::Absorbed, "nothing of it has an effect");
    assert_eq!(excess(&world).id, more.conflict.unwrap());
}

#[test]
fn a_receipt_that_a_count_contains_is_absorbed_whatever_else_is_on_its_way() {
    let mut world = world().given([counted("MUG", "hamburg", 5).at(100)]);
    let late = world.post(arrived("t1", "r1", &[goods("MUG", 1)]).at(20));
    assert!(late.effects.is_empty());
    assert_eq!(late.outcome, Outcome::Absorbed);
    assert_eq!(numbers(&world), [10, 0, 10]);
}

#[test]
fn a_receipt_within_seconds_of_a_count_is_flagged() {
    let mut world = world().given([counted("TEA", "hamburg", 0).at(100).by("pos")]);
    let result = world.post(last("r1", &[goods("TEA", 10)]).at(105));
    assert_eq!(result.outcome, Outcome::Applied);
    assert_eq!(numbers(&world), [10, 10, 0]);
    let conflict = world.conflict();
    assert_eq!((conflict.kind, Some(conflict.id)), (ConflictKind::CountOverlap, result.conflict));
    world.resolve(&conflict, O::KeepCounted).unwrap();
    assert_eq!(numbers(&world), [10, 0, 0], "they are in the count, and no longer incoming");
}

/// The count was certain, so nobody was asked about the receipt.
#[test]
fn what_a_decision_takes_out_within_seconds_of_a_count_is_flagged_and_flipped_too() {
    let mut world = world();
    world.post(last("r1", &[goods("TEA", 13)]).at(105));
    let version = world.version("TEA", "hamburg");
    world.post(counted("TEA", "hamburg", 0).at(100).by("pos").expecting(version));
    let excess = excess(&world);
    world.resolve(&excess, O::Cap).unwrap();
    assert_eq!(numbers(&world), [10, 10, 0]);
    let taken_out = world.conflict();
    assert_eq!(taken_out.kind, ConflictKind::CountOverlap);
    world.resolve(&taken_out, O::KeepCounted).unwrap();
    assert_eq!(numbers(&world), [10, 13, 0], "the count was of what had been taken out already");
}

/// Each business fact counts once, under whatever event id it comes.
#[test]
fn shipments_and_receipts_are_business_facts() {
    let table = [
        (shipped("t1", "berlin", "hamburg", &[goods("TEA", 10)]).at(99), Outcome::Duplicate),
        (shipped("t1", "berlin", "hamburg", &[goods("TEA", 11)]).at(10), Outcome::Conflict),
        (shipped("t1", "berlin", "munich", &[goods("TEA", 10)]).at(10), Outcome::Conflict),
        (arrived("t1", "r1", &[goods("TEA", 4)]).at(99), Outcome::Duplicate),
        (arrived("t1", "r1", &[goods("TEA", 5)]).at(20), Outcome::Conflict),
        (last("r1", &[goods("TEA", 4)]).at(20), Outcome::Conflict),
        (arrived("t1", "r2", &[goods("TEA", 4)]).at(20), Outcome::Applied),
        (arrived("t2", "r1", &[goods("TEA", 4)]).at(20), Outcome::Parked),
    ];
    for (again, outcome) in table {
        let mut world = world().given([arrived("t1", "r1", &[goods("TEA", 4)]).at(20)]);
        let before = numbers(&world);
        let result = world.post(again.by("erp"));
        assert_eq!(result.outcome, outcome, "{result:?}");
        if outcome != Outcome::Applied {
            assert_eq!(numbers(&world), before);
        }
        if outcome == Outcome::Conflict {
            let conflict = world.conflict();
            assert_eq!(conflict.kind, ConflictKind::OrderChanged);
            assert_eq!(conflict.transfer.as_ref().unwrap().as_str(), "t1");
        }
    }
}

#[test]
fn a_transfer_goes_somewhere_else() {
    let says = shipped("t1", "berlin", "berlin", &[goods("TEA", 1)]);
    let envelope = serde_json::json!({ "specversion": "1.0", "source": "wms", "id": "1",
        "type": says.kind, "time": says.time.to_string(), "data": says.data });
    let json: Json = serde_json::from_str(&envelope.to_string()).unwrap();
    assert_eq!(parse(&json).unwrap_err().errors[0].pointer, "/data/to");
}

#[test]
fn a_name_that_means_the_same_location_is_no_other_location() {
    let mut world = World::new();
    let held = world.post(shipped("t1", "berlin", "BER", &[goods("TEA", 1)]));
    let conflict = world.conflict();
    let mut choice = crate::harness::choice(&conflict, O::Map);
    choice.location = Some("berlin".parse().unwrap());
    world.choose(choice).unwrap();
    assert_eq!(world.outcome(&held), Outcome::Conflict);
    assert_eq!(world.conflict().kind, ConflictKind::Poison);
    assert_eq!(numbers(&world), [0, 0, 0]);
}

#[test]
fn unknown_names_hold_a_transfer() {
    let mut world = World::new();
    let table = [
        shipped("t2", "bonn", "hamburg", &[goods("TEA", 1)]),
        shipped("t3", "berlin", "cologne", &[goods("TEA", 1)]),
        shipped("t1", "berlin", "hamburg", &[goods("NEW", 1)]),
        arrived("t1", "r1", &[goods("NEWER", 1)]),
    ];
    let results = world.post_all(table);
    assert!(results.iter().all(|result| result.outcome == Outcome::Conflict));
    assert_eq!(world.open(ConflictKind::Unmapped).len(), 4);
    world.post_all([item("NEW"), item("NEWER")]);
    assert_eq!(world.outcome(&results[2]), Outcome::Applied);
    assert_eq!(world.outcome(&results[3]), Outcome::Applied);
    assert_eq!(world.level("NEW", "hamburg").get(Bucket::Incoming), 1);
    let flagged = world.open(ConflictKind::Excess).remove(0);
    assert_eq!(flagged.sku.unwrap().as_str(), "NEWER", "it was never shipped");
}

/// What an option does to a transfer is not what it does to an order, so people are told otherwise.
#[test]
fn the_options_say_what_they_mean_for_a_transfer() {
    let mut transfer = world().given([arrived("t1", "r1", &[goods("TEA", 12)]).at(20)]);
    let mut order = world().given([placed("o1", &[line_from("1", "TEA", 1, "berlin")])]);
    order.post(fulfilled("o1", "f1", &[part("1", 2)]));
    let (of_transfer, of_order) = (transfer.conflict(), order.conflict());
    assert_eq!((of_transfer.kind, of_order.kind), (ConflictKind::Excess, ConflictKind::Excess));
    for option in of_order.kind.options() {
        assert_eq!(of_order.label(*option), option.label());
        assert_ne!(of_transfer.label(*option), option.label());
    }
    assert_ne!(of_transfer.explanation(), of_order.explanation());
    transfer.resolve(&of_transfer, O::Cap).unwrap();
    transfer.quiet();
}

#[test]
fn a_long_list_of_differences_is_cut_and_says_so() {
    let mut world = World::new();
    let skus: Vec<String> = (0..21).map(|number| format!("SKU-{number:02}")).collect();
    world.batch(skus.iter().map(|sku| item(sku)));
    for (transfer, lines) in [("t20", 20), ("t21", 21)] {
        let says =
            |quantity| skus[..lines].iter().map(|sku| goods(sku, quantity)).collect::<Vec<_>>();
        world.post(shipped(transfer, "berlin", "hamburg", &says(2)));
        let receipt = world.post(arrived(transfer, "r1", &says(1)).with("final", true).at(20));
        let evidence = world.store.conflict(receipt.conflict.unwrap()).evidence.clone();
        let further: Vec<_> =
            evidence.iter().filter(|fact| fact.label.starts_with("further")).collect();
        assert_eq!(evidence.len() - further.len(), 21, "the route and twenty lines");
        let more: Vec<&str> = further.iter().map(|fact| fact.value.as_str()).collect();
        assert_eq!(more, ["1"][..lines - 20]);
    }
}

#[test]
fn the_evidence_says_how_much_is_missing_or_too_much() {
    for (arrives, but) in [(7, "3 are missing"), (12, "2 more than left")] {
        let mut world = world();
        world.post(last("r1", &[goods("TEA", arrives)]).at(20));
        let said = format!("10 shipped, {arrives} received: {but}");
        assert_eq!(excess(&world).evidence[1].value, said);
    }
}

/// Of several receipts of which too much came one is taken back: the question goes on about the
/// others.
#[test]
fn a_question_counts_the_receipts_that_are_still_there() {
    let mut world = world();
    for (receipt, units) in [("r1", 11), ("r2", 12), ("r3", 1)] {
        world.post(arrived("t1", receipt, &[goods("TEA", units)]).at(20).id(receipt));
    }
    assert_eq!(excess(&world).event_count, 3);
    assert_eq!(world.post(reversed("wms", "r3")).outcome, Outcome::Applied);
    let conflict = excess(&world);
    let about: Vec<&str> = conflict.events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!((about, conflict.event_count), (vec!["r1", "r2"], 2));
}

#[test]
fn a_level_that_a_shipment_leaves_as_it_was_is_named_all_the_same() {
    let mut world = World::new().given([counted("TEA", "berlin", 12).at(100)]);
    let result = world.post(shipped("t1", "berlin", "hamburg", &[goods("TEA", 4)]).at(50));
    let record = world.store.record(result.seq.unwrap());
    let touched: Vec<_> = record.effects.iter().map(|effect| effect.location.as_str()).collect();
    assert_eq!(touched, ["hamburg"], "the count contains that it left");
    let mentioned: Vec<_> = record.mentions.iter().map(|(_, place)| place.as_str()).collect();
    assert_eq!(mentioned, ["berlin"]);
    let result = world.post(adjusted("TEA", "berlin", -1).at(60));
    let record = world.store.record(result.seq.unwrap());
    assert_eq!((record.effects.len(), record.mentions.len()), (0, 1), "absorbed, and named");
}

#[test]
fn a_decision_ends_one_question_and_not_the_one_that_it_opens() {
    let mut world = world();
    world.post(last("r1", &[goods("TEA", 6)]).at(20));
    world.post(arrived("t1", "r2", &[goods("TEA", 9)]).at(30));
    let first = excess(&world);
    let decision = world.resolve(&first, O::Discard).unwrap();
    let option = decision.resolution_of(first.id).map(|resolution| resolution.option);
    assert_eq!(option, Some(Some(O::Discard)));
    assert_eq!(decision.resolution_of(excess(&world).id), None);
}
