//! What a decision has let go on may have gone on by itself since: a name that it came to wait for has
//! become known, or somebody has said what it means. With the decision it is held again as it was.

use onhand::conflict::{
    Choice, Conflict, ConflictKind, ConflictStatus, EVENTS_LISTED_MAX, ResolutionOption as O,
};
use onhand::record::{Change, Outcome, Record};
use onhand::state::Settings;
use onhand::wire::EventResult;

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, fulfilled, item, line, location, part, part_from, placed, received, reversed,
};

fn world() -> World {
    World::new().given([received("TEA", "berlin", 20).at(-1_000)])
}

fn reverse(world: &mut World, decision: &Record) -> EventResult {
    world.post(reversed("onhand", decision.envelope.id.as_str()))
}

fn goes(world: &mut World, decision: &Record) {
    let undo = reverse(world, decision);
    assert_eq!((undo.outcome, undo.reason), (Outcome::Applied, None));
}

fn refusal(world: &mut World, decision: &Record) -> String {
    let undo = reverse(world, decision);
    assert_eq!(undo.outcome, Outcome::Rejected);
    undo.reason.unwrap()
}

fn only(world: &World, kind: ConflictKind) -> Conflict {
    let mut open = world.open(kind);
    assert_eq!(open.len(), 1, "{open:?}");
    open.remove(0)
}

/// Somebody says that a name means tea, or Berlin.
fn mapped(world: &mut World, conflict: &Conflict) -> Record {
    let sku = conflict.sku.is_some().then(|| "TEA".parse().unwrap());
    let location = conflict.location.is_some().then(|| "berlin".parse().unwrap());
    world.choose(Choice { sku, location, ..choice(conflict, O::Map) }).unwrap()
}

/// A sale from the future that is applied as it came waits for its name beside another one, or alone.
fn early_sale(world: &mut World, beside_another: bool) -> (EventResult, Record) {
    if beside_another {
        world.post(adjusted("CUP", "berlin", -1).at(5));
    }
    let sale = world.post(adjusted("CUP", "berlin", -2).at(90_000).id("sale"));
    let decision = world.resolve(&only(world, ConflictKind::FutureTime), O::ApplyAsReceived);
    assert_eq!(world.outcome(&sale), Outcome::Conflict);
    (sale, decision.unwrap())
}

/// It does not matter whether the event had opened the question or had joined it.
#[test]
fn a_decision_is_taken_back_once_what_followed_it_is() {
    for beside_another in [false, true] {
        let mut world = world();
        let (sale, as_received) = early_sale(&mut world, beside_another);
        let cup = only(&world, ConflictKind::Unmapped);
        let to_tea = mapped(&mut world, &cup);
        assert_eq!(world.on_hand("TEA", "berlin"), if beside_another { 17 } else { 18 });
        goes(&mut world, &to_tea);
        assert_eq!(world.on_hand("TEA", "berlin"), 20);
        goes(&mut world, &as_received);
        let future = only(&world, ConflictKind::FutureTime);
        assert_eq!(world.open(ConflictKind::Unmapped).len(), usize::from(beside_another));
        world.resolve(&future, O::Discard).unwrap();
        assert_eq!(world.outcome(&sale), Outcome::Rejected);
        if beside_another {
            let cup = only(&world, ConflictKind::Unmapped);
            assert_eq!(cup.event_count, 1, "the other one waits alone");
            mapped(&mut world, &cup);
            assert_eq!(world.on_hand("TEA", "berlin"), 19);
        }
        world.quiet();
    }
}

/// Nor what somebody has said of the name, which goes on to hold.
#[test]
fn a_decision_is_taken_back_with_what_went_on_by_a_later_one() {
    for beside_another in [false, true] {
        let mut world = world();
        let (sale, as_received) = early_sale(&mut world, beside_another);
        let to_tea = {
            let cup = only(&world, ConflictKind::Unmapped);
            mapped(&mut world, &cup)
        };
        let others = if beside_another { 19 } else { 20 };
        goes(&mut world, &as_received);
        assert_eq!((world.outcome(&sale), world.on_hand("TEA", "berlin")), {
            (Outcome::Conflict, others)
        });
        // It is held by what came before the name, and nothing about the name is asked for it.
        goes(&mut world, &to_tea);
        assert_eq!(world.on_hand("TEA", "berlin"), 20);
        assert_eq!(world.open(ConflictKind::Unmapped).len(), usize::from(beside_another));
        world.resolve(&only(&world, ConflictKind::FutureTime), O::ApplyAsReceived).unwrap();
        let cup = only(&world, ConflictKind::Unmapped);
        assert_eq!(cup.event_count, if beside_another { 2 } else { 1 });
        mapped(&mut world, &cup);
        assert_eq!(world.on_hand("TEA", "berlin"), others - 2);
        world.quiet();
    }
}

/// An event with two unknown names waits for the one that lost its meaning last. Without the decision
/// that let it wait it leaves that question, and the other one, which it had left, stays as it is.
#[test]
fn an_event_leaves_the_question_about_the_name_that_it_waits_for() {
    for beside_another in [false, true] {
        let others = usize::from(beside_another);
        let mut world = world();
        if beside_another {
            world.post(adjusted("CUP", "berlin", -1).at(5));
        }
        world.post(adjusted("CUP", "bonn", -2).at(90_000));
        let future = only(&world, ConflictKind::FutureTime);
        let as_received = world.resolve(&future, O::ApplyAsReceived).unwrap();
        let cup = only(&world, ConflictKind::Unmapped);
        let to_tea = mapped(&mut world, &cup);
        let bonn = world.conflict();
        let to_berlin = mapped(&mut world, &bonn);
        assert_eq!(world.on_hand("TEA", "berlin"), if beside_another { 17 } else { 18 });
        goes(&mut world, &to_tea);
        goes(&mut world, &to_berlin);
        assert_eq!(world.open(ConflictKind::Unmapped).len(), 1 + others);
        assert_eq!(world.status(&bonn), ConflictStatus::Open);
        goes(&mut world, &as_received);
        assert_eq!(world.status(&bonn), ConflictStatus::AutoResolved);
        let asked = world.open(ConflictKind::Unmapped);
        let asked: Vec<_> = asked.iter().map(|it| (it.id, it.event_count)).collect();
        assert_eq!(asked, vec![(cup.id, 1); others], "only the other one waits");
        world.resolve(&only(&world, ConflictKind::FutureTime), O::Discard).unwrap();
        if beside_another {
            let cup = world.conflict();
            mapped(&mut world, &cup);
            assert_eq!(world.on_hand("TEA", "berlin"), 19);
        }
        world.quiet();
    }
}

/// The name became known by itself: there is no decision on it that could go first.
#[test]
fn a_decision_is_taken_back_though_its_event_went_on_when_something_came() {
    let order = || placed("o1", &[line("1", "TEA", 5)]);
    let sent = || fulfilled("o1", "f1", &[part("1", 2)]);
    let table: Vec<(Says, Vec<Says>)> = vec![
        (adjusted("CUP", "berlin", -2), vec![item("CUP")]),
        (adjusted("TEA", "bonn", -2), vec![location("bonn", 9)]),
        (adjusted("CUP", "bonn", -2), vec![item("CUP"), location("bonn", 9)]),
        (sent(), vec![order()]),
    ];
    for (early, arrivals) in table {
        let mut world = world();
        let held = world.post(early.clone().at(90_000).id("early"));
        let as_received = world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
        world.post_all(arrivals);
        assert_eq!(world.outcome(&held), Outcome::Applied, "{early:?}");
        world.open(ConflictKind::Oversold).into_iter().for_each(|short| {
            world.resolve(&short, O::Acknowledge).unwrap();
        });
        goes(&mut world, &as_received);
        assert_eq!((world.outcome(&held), world.on_hand("TEA", "berlin")), {
            (Outcome::Conflict, 20)
        });
        assert_eq!(world.conflict().kind, ConflictKind::FutureTime);
        world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
        assert_eq!(world.outcome(&held), Outcome::Applied, "{early:?}");
    }
}

/// The order came after somebody was asked about it: nobody has to answer, and nobody has to take an
/// answer back.
#[test]
fn a_mapping_is_taken_back_though_its_event_waits_for_its_order_too_long() {
    let mut world = world();
    let sent = world.post(fulfilled("o9", "f1", &[part_from("1", 1, "mars")]));
    let mars = world.conflict();
    let to_berlin = mapped(&mut world, &mars);
    world.pass(86_400);
    assert_eq!(world.conflict().kind, ConflictKind::Orphan);
    goes(&mut world, &to_berlin);
    assert_eq!((world.conflict().id, world.outcome(&sent)), (mars.id, Outcome::Conflict));
    let mars = world.conflict();
    mapped(&mut world, &mars);
    world.post(placed("o9", &[line("1", "TEA", 5)]));
    assert_eq!((world.outcome(&sent), world.on_hand("TEA", "berlin")), (Outcome::Applied, 19));
    world.quiet();
}

#[test]
fn what_rests_on_what_went_on_is_reversed_first() {
    let mut world = world();
    world.post(placed("o1", &[line("1", "CUP", 5)]).by("shop").at(90_000).id("early"));
    let as_received = world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
    world.post_all([item("CUP"), received("CUP", "berlin", 9)]);
    world.post(fulfilled("o1", "f1", &[part("1", 2)]).by("shop").id("sent"));
    assert!(refusal(&mut world, &as_received).contains("later events rest on line 1"));
    world.post(reversed("shop", "sent"));
    goes(&mut world, &as_received);
    assert_eq!((world.on_hand("CUP", "berlin"), world.committed("CUP", "berlin")), (9, 0));
}

/// What it has gone on to is a question of its own, which somebody has answered.
#[test]
fn an_answer_that_followed_is_named_and_goes_first() {
    let mut world = world();
    let early = adjusted("CUP", "berlin", -2).at(90_000).id("early").expecting(77);
    world.post(early);
    let as_received = world.resolve(&world.conflict(), O::ApplyAsReceived).unwrap();
    world.post_all([item("CUP"), received("CUP", "berlin", 9)]);
    let asked = only(&world, ConflictKind::VersionMismatch);
    let answer = world.resolve(&asked, O::ApplyRequested).unwrap();
    assert_eq!(world.on_hand("CUP", "berlin"), 7);
    let first = format!("reverse #{} first", answer.seq);
    assert!(refusal(&mut world, &as_received).ends_with(&first));
    goes(&mut world, &answer);
    goes(&mut world, &as_received);
    assert_eq!(world.on_hand("CUP", "berlin"), 9);
    assert_eq!(world.status(&asked), ConflictStatus::AutoResolved);
    assert_eq!(world.conflict().kind, ConflictKind::FutureTime);
}

/// A first that gave way to a second of a name that came later: both change places again.
#[test]
fn a_second_that_went_on_goes_before_the_first_is_back() {
    let mut world = world();
    world.post(placed("o1", &[line("1", "TEA", 5)]).id("x"));
    let second = world.post(placed("o1", &[line("1", "CUP", 4)]).id("x"));
    let decision = world.resolve(&world.conflict(), O::ApplySecond).unwrap();
    world.post_all([item("CUP"), received("CUP", "berlin", 9)]);
    let promised = |world: &World| ["TEA", "CUP"].map(|sku| world.committed(sku, "berlin"));
    assert_eq!((promised(&world), world.outcome(&second)), ([0, 4], Outcome::Applied));
    goes(&mut world, &decision);
    assert_eq!((promised(&world), world.outcome(&second)), ([5, 0], Outcome::Conflict));
    world.resolve(&only(&world, ConflictKind::IdReused), O::ApplySecond).unwrap();
    assert_eq!(promised(&world), [0, 4]);
}

/// Two items are cleared by a batch of a place that nobody knows.
fn approved_after_a_mapping() -> (World, Vec<EventResult>, [Record; 2]) {
    let settings = Settings { mass_change_min: 2, ..Settings::default() };
    let mut world = World::new_with(settings)
        .given([received("TEA", "berlin", 5), received("MUG", "berlin", 5)]);
    let clear = |sku| adjusted(sku, "ulm", -5).in_batch("b1");
    let events = world.request([clear("TEA"), clear("MUG")]);
    let ulm = world.conflict();
    let mapped = mapped(&mut world, &ulm);
    let batch = only(&world, ConflictKind::MassChange);
    let approved = world.resolve(&batch, O::Approve).unwrap();
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (0, 0));
    (world, events, [mapped, approved])
}

/// The name comes before the batch: without either, somebody is asked about the name alone, and with
/// that about the batch again.
#[test]
fn an_approval_that_is_taken_back_leaves_the_question_about_a_name_open() {
    let (mut world, events, [mapping, approved]) = approved_after_a_mapping();
    goes(&mut world, &mapping);
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (5, 5));
    let ulm = world.conflict();
    assert_eq!((ulm.kind, ulm.event_count), (ConflictKind::Unmapped, 2));
    goes(&mut world, &approved);
    assert_eq!(world.conflict(), ulm, "it is asked as before");
    mapped(&mut world, &ulm);
    let batch = world.conflict();
    assert_eq!((batch.kind, batch.event_count), (ConflictKind::MassChange, 2));
    world.resolve(&batch, O::Approve).unwrap();
    let outcomes: Vec<_> = events.iter().map(|event| world.outcome(event)).collect();
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Applied]);
    assert_eq!((world.on_hand("TEA", "berlin"), world.on_hand("MUG", "berlin")), (0, 0));
    world.quiet();
}

/// The other way round as well: the batch is asked about first, and then the name.
#[test]
fn a_mapping_that_is_taken_back_ends_the_question_about_the_batch() {
    let (mut world, _, [mapping, approved]) = approved_after_a_mapping();
    goes(&mut world, &approved);
    assert_eq!(world.conflict().kind, ConflictKind::MassChange);
    goes(&mut world, &mapping);
    let ulm = world.conflict();
    assert_eq!((ulm.kind, ulm.event_count), (ConflictKind::Unmapped, 2));
    mapped(&mut world, &ulm);
    assert_eq!(world.conflict().kind, ConflictKind::MassChange);
}

/// Those that wait for the place again had been the first of the batch to be held: the others are held
/// as before.
#[test]
fn a_mapping_that_is_taken_back_leaves_a_batch_to_its_other_events() {
    let settings = Settings { mass_change_min: 2, ..Settings::default() };
    let mut world = World::new_with(settings).given([item("CUP")]);
    world.post_all(["TEA", "MUG", "CUP"].map(|sku| received(sku, "berlin", 5)));
    let clear = |sku, place| adjusted(sku, place, -5).in_batch("b1");
    let batch = [clear("TEA", "ulm"), clear("MUG", "ulm"), clear("CUP", "bonn")];
    let events = world.request(batch);
    let [ulm, bonn] = ["ulm", "bonn"].map(|name| {
        let mut asked = world.open(ConflictKind::Unmapped).into_iter();
        asked.find(|it| it.location.as_ref().is_some_and(|it| it.as_str() == name)).unwrap()
    });
    let to_berlin = mapped(&mut world, &ulm);
    mapped(&mut world, &bonn);
    let asked = world.conflict();
    assert_eq!((asked.kind, asked.event_count), (ConflictKind::MassChange, 3));
    goes(&mut world, &to_berlin);
    let batch = only(&world, ConflictKind::MassChange);
    let left: Vec<u64> = batch.events.iter().map(|event| event.seq).collect();
    assert_eq!((batch.id, left), (asked.id, vec![events[2].seq.unwrap()]));
    world.resolve(&batch, O::Approve).unwrap();
    assert_eq!(world.outcome(&events[2]), Outcome::Applied);
    assert_eq!(["TEA", "MUG", "CUP"].map(|sku| world.on_hand(sku, "berlin")), [5, 5, 0]);
    assert_eq!(world.conflict().id, ulm.id);
}

/// Which events went on was not noted at first: those that the question lists are meant, if it lists
/// all of them.
#[test]
fn a_decision_of_an_older_journal_is_taken_back_with_what_its_question_lists() {
    for more in [0, 1] {
        let mut world = world();
        let waiting = EVENTS_LISTED_MAX + more;
        world.batch((1..).map(|second| adjusted("CUP", "berlin", -1).at(second)).take(waiting));
        let cup = world.conflict();
        let to_mug = Some("MUG".parse().unwrap());
        let to_mug = world.choose(Choice { sku: to_mug, ..choice(&cup, O::Map) }).unwrap();
        let decision = world.store.journal.iter_mut().find(|it| it.record.seq == to_mug.seq);
        for change in &mut decision.unwrap().record.changes {
            if let Change::Woken { events, .. } = change {
                events.clear();
            }
        }
        world.replay_always = false;
        if more == 0 {
            goes(&mut world, &to_mug);
            assert_eq!((world.on_hand("MUG", "berlin"), world.conflict().id), (0, cup.id));
        } else {
            assert!(
                refusal(&mut world, &to_mug).ends_with("went on with it: reverse those instead")
            );
        }
    }
}

/// One of the events that went on was taken back by itself: nobody is asked for its sake.
#[test]
fn a_question_is_asked_again_about_what_waits_alone() {
    let mut world = world();
    world.post_all([
        adjusted("CUP", "berlin", -1).at(5).id("one"),
        adjusted("CUP", "berlin", -2).at(6).id("two"),
    ]);
    let cup = world.conflict();
    let to_tea = mapped(&mut world, &cup);
    world.post(reversed("wms", "one"));
    goes(&mut world, &to_tea);
    let cup = world.conflict();
    let ids: Vec<&str> = cup.events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!((ids, cup.event_count), (vec!["two"], 1));
}

/// Somebody has taken back what went on before the decision goes. By then it is gone with that as well:
/// the event, and the record by which it went on, say so.
#[test]
fn what_was_taken_back_before_is_gone_with_the_decision() {
    let mut world = world();
    let sale = world.post(adjusted("CUP", "berlin", -2).at(5).id("sale"));
    let cup = world.conflict();
    let to_tea = mapped(&mut world, &cup);
    let went_on = world.store.journal.last().unwrap().record.seq;
    world.post(reversed("wms", "sale"));
    let end = reverse(&mut world, &to_tea);
    let changes = &world.store.record(end.seq.unwrap()).changes;
    let gone = changes.iter().filter_map(|change| match change {
        Change::Reversed { seq, by, .. } => Some((*seq, *by)),
        _ => None,
    });
    let expected = [went_on, sale.seq.unwrap(), to_tea.seq].map(|seq| (seq, end.seq));
    assert_eq!(gone.collect::<Vec<_>>(), expected);
}

/// The reversal of a reversal brings an event back into force: with the decision it went on by, not
/// without.
#[test]
fn what_went_on_with_a_decision_does_not_come_back_without_it() {
    let mut world = world();
    world.post(adjusted("CUP", "berlin", -2).at(5).id("sale"));
    let cup = world.conflict();
    let to_tea = mapped(&mut world, &cup);
    world.post(reversed("wms", "sale").id("undo"));
    world.post(reversed("desk", "undo").id("redo"));
    assert_eq!(world.on_hand("TEA", "berlin"), 18);
    world.post(reversed("wms", "sale").id("undo again"));
    goes(&mut world, &to_tea);
    let back = world.post(reversed("desk", "undo again"));
    assert_eq!(back.outcome, Outcome::Rejected);
    let reason = back.reason.unwrap();
    let expected =
        format!("sale of wms went on by #{}, which is taken back: say it anew", to_tea.seq);
    assert_eq!(reason, expected);
    assert_eq!(world.on_hand("TEA", "berlin"), 20);
    world.post(adjusted("TEA", "berlin", -2).at(5).id("said anew"));
    assert_eq!(world.on_hand("TEA", "berlin"), 18);
    world.quiet();
}

/// Nor is what a name meant, or that a batch was right, so again because the end of it goes: there
/// are events that have come since.
#[test]
fn a_decision_that_events_waited_for_is_taken_back_for_good() {
    let mut world = world();
    world.post(adjusted("CUP", "berlin", -2).at(5).id("sale"));
    let cup = world.conflict();
    let to_tea = mapped(&mut world, &cup);
    world.post(reversed("wms", "sale"));
    let end = world.post(reversed("onhand", to_tea.envelope.id.as_str()).id("end"));
    assert_eq!(end.outcome, Outcome::Applied);
    assert_eq!(world.status(&cup), ConflictStatus::AutoResolved);
    let back = world.post(reversed("desk", "end"));
    assert_eq!(back.outcome, Outcome::Rejected);
    let over = format!("{} is over by itself since #{}", cup.id, end.seq.unwrap());
    assert_eq!(back.reason.unwrap(), over + ": say what else is to change");
    world.quiet();
}

/// A batch that takes back what it has said itself, and lets that stand again: it all waits again.
#[test]
fn a_batch_waits_again_with_its_own_reversals() {
    for reversals in 0..3 {
        let settings = Settings { mass_change_min: 1, ..Settings::default() };
        let mut world = World::new_with(settings).given([received("TEA", "berlin", 20).at(-1_000)]);
        let batch = [
            adjusted("TEA", "berlin", -20).in_batch("b1").id("clear"),
            reversed("wms", "clear").in_batch("b1").id("undo"),
            reversed("desk", "undo").in_batch("b1").id("redo"),
        ];
        let clears = world.request(batch.into_iter().take(1 + reversals));
        let asked = usize::from(reversals != 1);
        assert_eq!(world.open(ConflictKind::MassChange).len(), asked, "{reversals}");
        if asked == 0 {
            continue;
        }
        let approved = world.resolve(&world.conflict(), O::Approve).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 0);
        goes(&mut world, &approved);
        assert_eq!(world.on_hand("TEA", "berlin"), 20);
        assert_eq!(world.conflict().event_count, 1 + reversals as u64);
        assert!(clears.iter().all(|event| world.outcome(event) == Outcome::Conflict));
        world.resolve(&world.conflict(), O::Reject).unwrap();
        assert_eq!(world.on_hand("TEA", "berlin"), 20);
        world.quiet();
    }
}

/// One of its events is taken back by another one that waited for the same name.
#[test]
fn events_that_waited_together_wait_again_together() {
    for reversals in 0..3 {
        let mut world = world();
        world.post(adjusted("CUP", "berlin", -2).at(5).id("sale"));
        let cup = world.conflict();
        let to_tea = mapped(&mut world, &cup);
        let undo = [reversed("wms", "sale").id("r1"), reversed("desk", "r1").id("r2")];
        world.post_all(undo.into_iter().take(reversals));
        assert_eq!(world.on_hand("TEA", "berlin"), if reversals == 1 { 20 } else { 18 });
        goes(&mut world, &to_tea);
        assert_eq!(world.on_hand("TEA", "berlin"), 20);
        assert_eq!(world.open(ConflictKind::Unmapped).len(), usize::from(reversals != 1));
    }
}

/// Nothing waits for the answer that is taken back, and somebody is asked about the same name by now:
/// that question stays as it is.
#[test]
fn an_answer_that_nothing_waits_for_goes_without_the_question_that_is_open_since() {
    let mut world = world();
    let (_, as_received) = early_sale(&mut world, false);
    let discarded = world.resolve(&only(&world, ConflictKind::Unmapped), O::Discard).unwrap();
    goes(&mut world, &as_received);
    world.post(adjusted("CUP", "berlin", -1).at(5));
    let asked = only(&world, ConflictKind::Unmapped);
    goes(&mut world, &discarded);
    assert_eq!(only(&world, ConflictKind::Unmapped), asked);
    world.verify();
    world.post(adjusted("CUP", "berlin", -1).at(6));
    let joined = only(&world, ConflictKind::Unmapped);
    assert_eq!((joined.id, joined.event_count), (asked.id, 2));
}
