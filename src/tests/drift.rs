//! Drift: a channel shows a number that nothing explains. Where a person is to be asked, Onhand's own
//! report of it opens one conflict for the listing; what the channel itself says is an observation.

use onhand::conflict::{
    Choice, Conflict, ConflictKind, ConflictStatus, EVENTS_LISTED_MAX, ResolutionOption as O,
};
use onhand::event::{AcknowledgedLevel, ChannelDrift, EventData};
use onhand::ledger::{Input, Refused};
use onhand::record::{Outcome, Record};
use onhand::state::Settings;
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::says::{
    adjusted, counted, goods, item, kit, location, received, reported, reversed, second,
};

/// Tea, in Berlin alone.
fn world() -> World {
    world_with(Settings::default())
}

fn world_with(settings: Settings) -> World {
    let mut world = World::with(settings);
    world.post_all([location("berlin", 1), item("TEA"), received("TEA", "berlin", 10).at(-60)]);
    world
}

/// A channel whose listing of tea shows so many units more than Onhand's number, which is 10.
fn drift(difference: i64) -> ChannelDrift {
    ChannelDrift {
        sku: "TEA".parse().unwrap(),
        difference,
        acknowledged: Some(AcknowledgedLevel { quantity: 10, seq: 3, at: Some(second(-30)) }),
        locations: Vec::new(),
    }
}

fn named(places: &[&str]) -> ChannelDrift {
    ChannelDrift {
        locations: places.iter().map(|place| place.parse().unwrap()).collect(),
        ..drift(-3)
    }
}

#[test]
fn what_a_channel_says_by_itself_asks_nobody() {
    let mut world = world();
    let result = world.post(reported("web", "tea-250g", 99));
    assert_eq!((result.outcome, result.effects.len()), (Outcome::Applied, 0));
    world.quiet();
}

#[test]
fn nobody_else_can_say_that_a_number_is_not_explained() {
    let told = r#"{"specversion": "1.0", "source": "wms", "id": "1", "time": "2026-11-23T10:00:00Z",
        "type": "channel.level_reported", "data": {"channel": "web", "listing": "tea",
        "quantity": 7, "drift": {"sku": "TEA", "difference": -3}}}"#;
    let invalid = onhand::event::parse(&serde_json::from_str(told).unwrap()).unwrap_err();
    let pointers: Vec<_> = invalid.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/data/drift"]);
}

#[test]
fn a_number_that_nothing_explains_opens_one_conflict_for_the_listing() {
    let mut world = world();
    let first = world.report("tea", 7, drift(-3));
    let conflict = world.conflict();
    assert_eq!((first.outcome, first.conflict), (Outcome::Conflict, Some(conflict.id)));
    assert_eq!(conflict.kind, ConflictKind::Drift);
    let about = (conflict.channel.unwrap(), conflict.listing.unwrap(), conflict.sku.unwrap());
    assert_eq!((about.0.as_str(), about.1.as_str(), about.2.as_str()), ("web", "tea", "TEA"));
    assert_eq!(conflict.location.unwrap().as_str(), "berlin", "the only one there is");
    let says: Vec<_> =
        conflict.evidence.iter().map(|it| (it.label.as_str(), it.value.as_str(), it.at)).collect();
    assert_eq!(
        says,
        [
            ("listing", "tea", None),
            ("Onhand's number there", "10", None),
            ("the channel acknowledged", "10", Some(second(-30))),
            ("the channel shows", "7", Some(second(0))),
            ("difference", "-3", None),
        ]
    );
    // Edited again: the same conflict, with what is so by now.
    let second = world.report("tea", 5, drift(-5));
    let conflict = world.conflict();
    assert_eq!((second.conflict, conflict.event_count), (Some(conflict.id), 2));
    assert_eq!(conflict.evidence.last().unwrap().value, "-5");
    // Another listing is another question.
    world.report("tea-1kg", 5, drift(-5));
    assert_eq!(world.open(ConflictKind::Drift).len(), 2);
    assert_eq!(world.on_hand("TEA", "berlin"), 10, "nothing moves until a person decides");
}

#[test]
fn republish_changes_nothing_here_and_accept_channel_adjusts_by_the_difference() {
    let mut world = world();
    let report = world.report("tea", 7, drift(-3));
    let record = world.resolve(&world.conflict(), O::Republish).unwrap();
    assert_eq!((record.outcome, record.effects.len()), (Outcome::Applied, 0));
    assert_eq!(world.outcome(&report), Outcome::Rejected);
    assert_eq!(world.on_hand("TEA", "berlin"), 10);
    world.quiet();

    let first = world.report("tea", 8, drift(-2));
    let last = world.report("tea", 14, drift(4));
    // What happened in between is not the channel's.
    world.post(adjusted("TEA", "berlin", -1).at(10));
    let record = world.resolve(&world.conflict(), O::AcceptChannel).unwrap();
    assert_eq!(record.actor, "user:mia@example.com");
    let effect = &record.effects[0];
    assert_eq!((effect.location.as_str(), effect.delta, effect.after), ("berlin", 4, 13));
    assert_eq!(world.outcome(&first), Outcome::Applied);
    assert_eq!(world.outcome(&last), Outcome::Applied);
    world.quiet();
    // The adjustment is a movement like any other: a later count has the last word.
    world.post(counted("TEA", "berlin", 2).at(3_700));
    assert_eq!(world.on_hand("TEA", "berlin"), 2);
}

/// The locations that count, the one chosen, and the one that is adjusted, if any.
type Row<'a> = (&'a [&'a str], Option<&'a str>, Option<&'a str>);

#[test]
fn a_channel_that_counts_several_locations_needs_one_of_them() {
    let known = || {
        let mut world = world();
        world.post_all([location("hamburg", 2), location("munich", 3)]);
        world
    };
    let accept = |world: &World, place: Option<&str>| Choice {
        location: place.map(|place| place.parse().unwrap()),
        ..choice(&world.conflict(), O::AcceptChannel)
    };
    let table: [Row<'_>; 8] = [
        (&["hamburg"], None, Some("hamburg")),
        (&["berlin", "hamburg"], None, None),
        (&["berlin", "hamburg"], Some("hamburg"), Some("hamburg")),
        (&["berlin", "hamburg"], Some("munich"), None),
        (&["berlin", "hamburg"], Some("mars"), None),
        (&[], None, None),
        (&[], Some("munich"), Some("munich")),
        (&["mars"], None, None),
    ];
    for (counting, chosen, expected) in table {
        let mut world = known();
        world.report("tea", 7, named(counting));
        let done = world.choose(accept(&world, chosen));
        match (expected, done) {
            (Some(place), Ok(record)) => {
                assert_eq!(record.effects[0].location.as_str(), place, "{counting:?} {chosen:?}");
                assert_eq!(world.on_hand("TEA", place), if place == "berlin" { 7 } else { -3 });
            }
            (None, Err(Refused::Needs { field: "location", .. })) => {
                assert_eq!(world.open(ConflictKind::Drift).len(), 1);
            }
            (expected, done) => panic!("{counting:?} {chosen:?}: {expected:?}, not {done:?}"),
        }
    }
}

#[test]
fn it_closes_by_itself_when_the_channel_shows_onhands_number_again() {
    let mut world = world();
    let report = world.report("tea", 7, drift(-3));
    let conflict = world.conflict();
    let other = world.report("other", 10, drift(0));
    assert_eq!(world.status(&conflict), ConflictStatus::Open, "another listing");
    let again = world.report("tea", 10, drift(0));
    assert_eq!((other.outcome, again.outcome), (Outcome::Applied, Outcome::Applied));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!(world.outcome(&report), Outcome::Superseded);
    world.quiet();
    // It can be asked about anew.
    world.report("tea", 7, drift(-3));
    assert_ne!(world.conflict().id, conflict.id);
}

#[test]
fn a_kit_holds_no_stock_that_could_be_adjusted() {
    let mut world = world();
    world.post(kit("SET", &[goods("TEA", 2)]));
    world.report("set", 7, ChannelDrift { sku: "SET".parse().unwrap(), ..drift(2) });
    let refused = world.resolve(&world.conflict(), O::AcceptChannel);
    assert!(matches!(refused, Err(Refused::Impossible(_))), "{refused:?}");
    world.resolve(&world.conflict(), O::Republish).unwrap();
    world.quiet();
}

fn take_back(world: &mut World, decision: &Record) -> EventResult {
    world.post(reversed("onhand", decision.envelope.id.as_str()))
}

/// Whatever was decided: the question is open again, with all that it was about.
#[test]
fn a_decision_can_be_taken_back() {
    for option in [O::AcceptChannel, O::Republish] {
        let mut world = world();
        let reports = [world.report("tea", 8, drift(-2)), world.report("tea", 7, drift(-3))];
        let conflict = world.conflict();
        let decision = world.resolve(&conflict, option).unwrap();
        assert_eq!(take_back(&mut world, &decision).conflict, Some(conflict.id), "{option:?}");
        assert_eq!(world.on_hand("TEA", "berlin"), 10);
        for report in &reports {
            assert_eq!(world.outcome(report), Outcome::Conflict, "it is asked about again");
        }
        let again = world.conflict();
        assert_eq!((again.id, again.version), (conflict.id, conflict.version + 2));
        assert_eq!((&again.events, &again.evidence), (&conflict.events, &conflict.evidence));
        let twice = take_back(&mut world, &decision);
        assert_eq!(twice.outcome, Outcome::Rejected, "{twice:?}");
        // Another report joins it, and it is decided otherwise.
        world.report("tea", 6, drift(-4));
        world.resolve(&world.conflict(), O::AcceptChannel).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 6);
        assert_eq!(world.outcome(&reports[0]), Outcome::Applied);
        world.quiet();
    }
}

#[test]
fn a_question_that_is_asked_again_closes_by_itself_like_any_other() {
    let mut world = world();
    let report = world.report("tea", 7, drift(-3));
    let conflict = world.conflict();
    let decision = world.resolve(&conflict, O::Republish).unwrap();
    // The channel shows Onhand's number by now: that closes what is open, and this is not yet.
    world.report("tea", 10, drift(0));
    take_back(&mut world, &decision);
    assert_eq!(world.conflict().id, conflict.id);
    world.report("tea", 10, drift(0));
    assert_eq!(world.status(&conflict), ConflictStatus::AutoResolved);
    assert_eq!(world.outcome(&report), Outcome::Superseded);
    world.quiet();
}

#[test]
fn a_listing_about_which_somebody_is_asked_anew_is_not_asked_about_twice() {
    for (option, outcome) in
        [(O::AcceptChannel, Outcome::Applied), (O::Republish, Outcome::Rejected)]
    {
        let mut world = world();
        let report = world.report("tea", 7, drift(-3));
        let first = world.conflict();
        let decision = world.resolve(&first, option).unwrap();
        world.report("tea", 9, drift(2));
        let newer = world.conflict();
        let back = take_back(&mut world, &decision);
        assert_eq!((back.outcome, world.on_hand("TEA", "berlin")), (Outcome::Applied, 10));
        assert_eq!(world.conflict(), newer, "{option:?}");
        assert_eq!(world.status(&first), ConflictStatus::Resolved);
        assert_eq!(world.outcome(&report), outcome);
        // Another listing is another question.
        world.resolve(&newer, O::Republish).unwrap();
        world.report("tea-1kg", 5, drift(-5));
        let decision = world.resolve(&world.conflict(), option).unwrap();
        world.report("tea", 7, drift(-3));
        take_back(&mut world, &decision);
        assert_eq!(world.open(ConflictKind::Drift).len(), 2);
    }
}

/// The report was not asked about again without the decision, and gave way to another content of its id.
#[test]
fn a_decision_does_not_stand_again_beside_another_content_of_its_report() {
    for gives_way in [false, true] {
        let mut world = world();
        let report = world.report("tea", 7, drift(-3));
        let decision = world.resolve(&world.conflict(), O::AcceptChannel).unwrap();
        let id = report.id.as_deref().unwrap();
        world.post(adjusted("TEA", "berlin", -1).by("channel:web").id(id));
        world.report("tea", 9, drift(2));
        let back = take_back(&mut world, &decision);
        let option = if gives_way { O::ApplySecond } else { O::KeepFirst };
        world.resolve(&world.open(ConflictKind::IdReused)[0], option).unwrap();
        let again = world.post(reversed("desk", back.id.as_deref().unwrap()));
        if gives_way {
            assert_eq!((again.outcome, world.on_hand("TEA", "berlin")), (Outcome::Rejected, 9));
            assert!(again.reason.unwrap().contains("of the same id holds: reverse that first"));
        } else {
            assert_eq!((again.outcome, world.on_hand("TEA", "berlin")), (Outcome::Applied, 7));
        }
    }
}

/// A report that joined by a decision leaves when that is taken back, whoever opened the question.
#[test]
fn a_report_that_is_held_again_is_not_asked_about_any_more() {
    let difference = |conflict: &Conflict| conflict.evidence.last().unwrap().value.clone();
    for opens in [false, true] {
        let mut world = world();
        if !opens {
            world.report("tea", 8, drift(-2));
        }
        let ahead = world.report_at("tea", 7, drift(-3), 90_000);
        let held = world.open(ConflictKind::FutureTime).remove(0);
        let decision = world.resolve(&held, O::ApplyAsReceived).unwrap();
        if opens {
            world.report("tea", 8, drift(-2));
        }
        let asked = world.conflict();
        assert_eq!((asked.kind, asked.event_count), (ConflictKind::Drift, 2));
        assert_eq!(take_back(&mut world, &decision).conflict, Some(held.id));
        let rest = world.open(ConflictKind::Drift).remove(0);
        assert_eq!((rest.id, rest.event_count, rest.events.len()), (asked.id, 1, 1));
        assert_eq!(rest.version, asked.version + 1);
        assert_eq!(difference(&rest), "-2", "what the last of the others shows");
        world.resolve(&rest, O::AcceptChannel).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 8);
        assert_eq!(world.outcome(&ahead), Outcome::Conflict, "it is held, and not decided");
        assert_eq!(world.conflict().id, held.id);
    }
}

#[test]
fn a_question_is_over_with_the_only_report_that_it_was_about() {
    let mut world = world();
    world.report_at("tea", 7, drift(-3), 90_000);
    let held = world.conflict();
    let decision = world.resolve(&held, O::ApplyAsReceived).unwrap();
    let asked = world.conflict();
    assert_eq!(asked.kind, ConflictKind::Drift);
    take_back(&mut world, &decision);
    assert_eq!(world.status(&asked), ConflictStatus::AutoResolved);
    assert_eq!(world.conflict().id, held.id);
}

/// Reports that were held with their batch leave as well, when its approval is taken back.
#[test]
fn reports_that_wait_for_their_batch_again_are_not_asked_about_any_more() {
    let report = |id: &str| {
        let mut event = reported("web", "tea", 7).by("channel:web").in_batch("b").event(id);
        let EventData::ChannelLevelReported(level) = &mut event.data else { unreachable!() };
        level.drift = Some(Box::new(drift(-3)));
        event
    };
    for asked_before in [false, true] {
        let mut world = world_with(Settings { mass_change_min: 1, ..Settings::default() });
        if asked_before {
            world.report("tea", 8, drift(-2));
        }
        let empties = counted("TEA", "berlin", 0).in_batch("b").event("c");
        world.inputs(&[Input::Group(vec![empties, report("r1"), report("r2")])]);
        let batch = world.open(ConflictKind::MassChange).remove(0);
        let decision = world.resolve(&batch, O::Approve).unwrap();
        let asked = world.open(ConflictKind::Drift).remove(0);
        assert_eq!(asked.event_count, 2 + u64::from(asked_before));
        assert_eq!(take_back(&mut world, &decision).conflict, Some(batch.id));
        assert_eq!(world.on_hand("TEA", "berlin"), 10);
        let counts: Vec<u64> =
            world.open(ConflictKind::Drift).iter().map(|conflict| conflict.event_count).collect();
        assert_eq!(counts, if asked_before { vec![1] } else { Vec::new() });
        // Both wait for the batch, and go on with it.
        world.resolve(&world.open(ConflictKind::MassChange)[0], O::Approve).unwrap();
        assert_eq!(world.conflict().event_count, asked.event_count);
    }
}

/// A report that was held for its time is let in, and then the channel shows Onhand's number: nothing
/// has come of the report, and whether to let it in is asked again.
#[test]
fn a_decision_is_taken_back_though_what_the_report_said_is_over() {
    let mut world = world();
    let ahead = world.report_at("tea", 7, drift(-3), 90_000);
    let held = world.conflict();
    let decision = world.resolve(&held, O::ApplyAsReceived).unwrap();
    let asked = world.conflict();
    world.report("tea", 10, drift(0));
    assert_eq!(world.outcome(&ahead), Outcome::Superseded);
    let back = take_back(&mut world, &decision);
    assert_eq!((back.outcome, back.conflict), (Outcome::Applied, Some(held.id)));
    assert_eq!(world.outcome(&ahead), Outcome::Conflict);
    assert_eq!(world.status(&asked), ConflictStatus::AutoResolved);
    // It is let in again, and asked about anew.
    world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
    assert_ne!(world.conflict().id, asked.id);
    world.resolve(&world.conflict(), O::AcceptChannel).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 7);
    world.quiet();
}

/// A decision that was taken back is not brought back: what is to be done instead depends on where
/// its question stands by now.
#[test]
fn who_brings_a_decision_back_is_told_what_to_do_instead() {
    type Happens = fn(&mut World);
    let next: [(Happens, &str); 3] = [
        (|_| {}, "is open again: decide that instead"),
        (|world| drop(world.report("tea", 10, drift(0))), "is over by itself since #"),
        (
            |world| drop(world.resolve(&world.conflict(), O::Republish).unwrap()),
            "has been decided anew: reverse #",
        ),
    ];
    for (happens, expected) in next {
        let mut world = world();
        world.report("tea", 7, drift(-3));
        let decision = world.resolve(&world.conflict(), O::AcceptChannel).unwrap();
        let back = take_back(&mut world, &decision);
        happens(&mut world);
        let result = world.post(reversed("desk", back.id.unwrap().as_str()));
        assert_eq!((result.outcome, world.on_hand("TEA", "berlin")), (Outcome::Rejected, 10));
        assert!(result.reason.as_ref().unwrap().contains(expected), "{result:?}");
    }
}

/// Two decisions about one report: the later one has to go first, and both can.
#[test]
fn a_report_that_was_decided_since_is_held_again_after_that_is_taken_back() {
    let mut world = world();
    let ahead = world.report_at("tea", 7, drift(-3), 90_000);
    let held = world.conflict();
    let first = world.resolve(&held, O::ApplyAsReceived).unwrap();
    world.report("tea", 8, drift(-2));
    let asked = world.conflict();
    let second = world.resolve(&asked, O::Republish).unwrap();
    let early = take_back(&mut world, &first);
    assert_eq!(early.outcome, Outcome::Rejected);
    let reason = early.reason.unwrap();
    assert!(reason.contains(&format!("decided again since: reverse #{}", second.seq)), "{reason}");
    assert_eq!(take_back(&mut world, &second).outcome, Outcome::Applied);
    assert_eq!(world.conflict().id, asked.id);
    assert_eq!(take_back(&mut world, &first).conflict, Some(held.id));
    assert_eq!(world.outcome(&ahead), Outcome::Conflict);
    assert_eq!(world.open(ConflictKind::Drift)[0].event_count, 1);
}

#[test]
fn an_item_that_nobody_knows_cannot_differ() {
    let mut world = world();
    let result = world.report("tea", 7, ChannelDrift { sku: "TEE".parse().unwrap(), ..drift(-3) });
    assert_eq!(result.outcome, Outcome::Invalid);
    assert_eq!(result.errors[0].pointer, "/data/drift/sku");
    world.quiet();
}

/// A conflict lists so many reports at most. An older one that leaves the list is done: a newer one says
/// what the channel shows.
#[test]
fn of_very_many_reports_none_stays_held_by_a_conflict_that_is_over() {
    for (option, outcome) in
        [(O::Republish, Outcome::Rejected), (O::AcceptChannel, Outcome::Applied)]
    {
        let mut world = world();
        let many = i64::try_from(EVENTS_LISTED_MAX).unwrap();
        let reports: Vec<EventResult> =
            (1..=many + 3).map(|more| world.report("tea-1", 10 + more, drift(more))).collect();
        let conflict = world.conflict();
        assert_eq!((conflict.event_count, conflict.events.len()), {
            (EVENTS_LISTED_MAX as u64, EVENTS_LISTED_MAX)
        });
        assert_eq!(conflict.events.last().map(|event| event.seq), reports.last().unwrap().seq);
        world.resolve(&conflict, option).unwrap();
        let (first, rest) = reports.split_at(EVENTS_LISTED_MAX - 1);
        let (done, last) = rest.split_at(3);
        for (reports, expected) in [(first, outcome), (done, Outcome::Superseded), (last, outcome)]
        {
            assert!(reports.iter().all(|report| world.outcome(report) == expected), "{expected:?}");
        }
        let accepted = if option == O::AcceptChannel { many + 3 } else { 0 };
        assert_eq!(world.on_hand("TEA", "berlin"), 10 + accepted);
        world.quiet();
    }
}

/// Where the conflict is about one location, another one would not count.
#[test]
fn a_location_is_named_only_where_the_conflict_is_about_several() {
    let mut world = world();
    world.report("tea", 7, drift(-3));
    let conflict = world.conflict();
    let location = Some("berlin".parse().unwrap());
    let refused = world.choose(Choice { location, ..choice(&conflict, O::AcceptChannel) });
    assert!(matches!(refused, Err(Refused::Unused { field: "location", .. })), "{refused:?}");
    world.resolve(&conflict, O::AcceptChannel).unwrap();
    assert_eq!(world.on_hand("TEA", "berlin"), 7);
}
