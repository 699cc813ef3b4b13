//! What the golden journals tell. A tale that is told, that is, of which there is a journal, only
//! changes together with [`onhand::journal::RECORD_VERSION`]; what is new is a tale of its own.

use onhand::conflict::{CancelledPart, Choice, Conflict, ConflictKind, ResolutionOption as O};
use onhand::event::{AcknowledgedLevel, ChannelDrift};
use onhand::record::Record;
use onhand::sim::trap::{Phase, Trap};

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, amended, arrived, back, cancelled, confirmed, counted, fulfilled, goods, held,
    item, kit, line, line_from, location, moved, part, part_from, placed, received, released,
    reported, reserved, returned, reversed, second, set, shipped,
};

/// Tells a tale to a ledger that knows nothing.
type Tale = fn(&mut World);

/// The tales, by the names of their journals.
pub const TALES: [(&str, Tale); 20] = [
    ("stock", stock),
    ("orders", orders),
    ("transfers", transfers),
    ("reservations", reservations),
    ("names", names),
    ("decisions", decisions),
    ("orphans", orphans),
    ("batches", batches),
    ("drift", drift),
    ("poison", poison),
    ("second_thoughts", second_thoughts),
    ("within_counts", within_counts),
    ("listings", listings),
    ("held_facts", held_facts),
    ("states_within_counts", states_within_counts),
    ("renewed", renewed),
    ("sides", sides),
    ("again", again),
    ("words", words),
    ("went_on", went_on),
];

/// Berlin, Hamburg and Munich, tea and mugs, a set of two of tea and a mug, and some of each.
fn open_shop(world: &mut World) {
    world.post_all([
        location("berlin", 1).with("name", "Berlin"),
        location("hamburg", 2),
        location("munich", 3),
        item("TEA").with("name", "Tea, 250 g").with("barcode", "4006381333931"),
        item("MUG").with("low_stock", 3),
        kit("SET", &[goods("TEA", 2), goods("MUG", 1)]),
        received("TEA", "berlin", 40).with("reference", "delivery 1").at(-9_000),
        received("MUG", "berlin", 20).at(-9_000),
        received("TEA", "hamburg", 10).at(-9_000),
    ]);
}

fn stock(world: &mut World) {
    open_shop(world);
    world.post_all([
        adjusted("TEA", "berlin", -2).with("state", "damaged").with("note", "wet").at(-8_000),
        moved("TEA", "berlin", 3, "available", "quality_control").at(-7_900),
        moved("TEA", "berlin", 1, "quality_control", "safety_stock").at(-7_800),
        counted("TEA", "berlin", 35).at(-7_000).id("c1"),
        // In the count already, then older than it.
        adjusted("TEA", "berlin", -1).at(-7_500),
        counted("TEA", "berlin", 99).at(-7_600),
        adjusted("TEA", "berlin", -4).at(-6_000).id("a1"),
        counted("TEA", "berlin", 30).at(-5_000).id("c2"),
        reversed("wms", "c2"),
        reversed("wms", "a1"),
        reversed("wms", "a1"),
        reported("web", "tea-250g", 12),
    ]);
    let version = world.version("MUG", "berlin");
    world.post_all([
        set("MUG", "berlin", 18, version),
        adjusted("MUG", "berlin", -1).expecting(version + 1).at(-10),
        // Within seconds of a count: in it, or after it.
        counted("MUG", "berlin", 16).at(100),
        adjusted("MUG", "berlin", -2).by("pos").at(95),
    ]);
    resolve(world, ConflictKind::CountOverlap, O::KeepDifference);
    world.post(adjusted("MUG", "berlin", -3).by("pos").at(104));
    resolve(world, ConflictKind::CountOverlap, O::KeepCounted);
}

fn orders(world: &mut World) {
    open_shop(world);
    world.post_all([
        placed("o1", &[line("1", "TEA", 45), line_from("2", "MUG", 2, "hamburg")]).id("p1"),
        placed("o1", &[line("1", "TEA", 45), line_from("2", "MUG", 2, "hamburg")]).id("p1"),
        amended("o1", 2, &[line("1", "TEA", 30), line("3", "SET", 2)]),
        amended("o1", 1, &[line("1", "TEA", 1)]),
        fulfilled("o1", "f1", &[part("1", 10), part_from("3", 1, "berlin")]).id("f1"),
        returned("o1", "r1", &[back("1", 2, true), back("3", 1, false)]).at(5),
        cancelled("o1").with("lines", vec![part("1", 3)]),
        cancelled("o1").at(7).id("x1"),
        reversed("shop", "x1"),
        reversed("shop", "f1"),
        // Before its order is placed.
        fulfilled("o2", "f1", &[part("1", 1)]).at(20),
        amended("o2", 1, &[line("1", "TEA", 2)]).at(21),
        returned("o2", "r1", &[back("1", 1, true)]).at(22),
        placed("o2", &[line("1", "TEA", 3)]).at(19),
        cancelled("o3").at(30),
        placed("o3", &[line("1", "MUG", 1)]).at(29).id("p3"),
        reversed("shop", "p3"),
        // A sale from before a count, and more than there is, which comes back.
        counted("MUG", "berlin", 15).at(50),
        placed("o4", &[line("1", "MUG", 4)]).at(40),
        fulfilled("o4", "f1", &[part("1", 1)]).at(41),
        placed("o5", &[line_from("1", "MUG", 30, "berlin")]).at(60),
    ]);
    resolve(world, ConflictKind::Oversold, O::Acknowledge);
    world.post_all([received("MUG", "berlin", 50).at(70), received("NEW", "berlin", 1).at(71)]);
}

fn transfers(world: &mut World) {
    open_shop(world);
    world.post_all([
        arrived("t1", "r0", &[goods("TEA", 1)]).at(-10),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 6), goods("SET", 2)]).at(-20).id("t1"),
        arrived("t1", "r1", &[goods("TEA", 4), with_state(goods("MUG", 1), "damaged")]).id("r1"),
        reversed("wms", "r1"),
        arrived("t1", "r2", &[goods("TEA", 2)]).with("final", true),
    ]);
    resolve(world, ConflictKind::Excess, O::Cap);
    world.post_all([
        shipped("t2", "hamburg", "munich", &[goods("TEA", 3)]).id("t2"),
        reversed("wms", "t2"),
        shipped("t3", "berlin", "munich", &[goods("MUG", 2)]),
        arrived("t3", "r1", &[goods("MUG", 3)]).with("final", true),
    ]);
}

fn with_state(mut row: serde_json::Value, state: &str) -> serde_json::Value {
    row["state"] = state.into();
    row
}

fn reservations(world: &mut World) {
    open_shop(world);
    world.post_all([
        reserved("h1", &[held("TEA", 4, "berlin"), held("SET", 1, "berlin")]).id("h1"),
        reserved("h2", &[held("TEA", 999, "berlin")]),
        reserved("h3", &[held("MUG", 2, "berlin")]).with("expires_in_s", 60),
        released("h1").id("rel1"),
        reversed("shop", "rel1"),
        released("h1"),
        released("h9"),
        reserved("h4", &[held("TEA", 2, "berlin")]),
        confirmed("h4", "o1"),
        // More than was held: it waits for the rest of the order.
        fulfilled("o1", "f1", &[part("1", 3)]),
        placed("o1", &[line_from("1", "TEA", 5, "berlin")]),
        reserved("h5", &[held("MUG", 1, "berlin")]).id("h5"),
        reversed("shop", "h5"),
        reserved("h6", &[held("MUG", 1, "berlin")]),
        // An order that is cancelled before it is placed.
        reserved("h7", &[held("TEA", 1, "berlin")]),
        confirmed("h7", "o2"),
        cancelled("o2").at(40),
    ]);
    world.pass(61);
    world.post(placed("o2", &[line_from("1", "TEA", 2, "berlin")]).at(50));
}

fn names(world: &mut World) {
    // What comes before any name is known.
    world.post_all([
        item("TEA"),
        placed("o1", &[line("1", "TEA", 2)]),
        location("berlin", 1),
        received("TEE", "berlin", 5).at(-60),
        received("TEA", "bonn", 5).at(-60),
        received("CUP", "berlin", 2).at(-60),
        received("PEN", "berlin", 2).at(-60),
        item("PEN"),
        received("BAG", "berlin", 2).at(-60),
    ]);
    let about = |world: &World, name: &str| {
        let open = world.open(ConflictKind::Unmapped);
        let about = |it: &Conflict| {
            let sku = it.sku.as_ref().map(|sku| sku.as_str() == name);
            sku.or(it.location.as_ref().map(|it| it.as_str() == name)) == Some(true)
        };
        open.into_iter().find(about).unwrap()
    };
    let to_tea = choice(&about(world, "TEE"), O::Map);
    let mapped = world.choose(Choice { sku: Some("TEA".parse().unwrap()), ..to_tea }).unwrap();
    let to_berlin = choice(&about(world, "bonn"), O::Map);
    let berlin = Some("berlin".parse().unwrap());
    world.choose(Choice { location: berlin, ..to_berlin }).unwrap();
    world.choose(choice(&about(world, "CUP"), O::Create)).unwrap();
    world.choose(choice(&about(world, "BAG"), O::Discard)).unwrap();
    world.post(reversed("onhand", mapped.envelope.id.as_str()));
}

/// What leads to a conflict of each kind, about an item of its own: the last event opens it.
type Ask = fn(&str) -> Vec<Says>;

const ASKS: [(ConflictKind, Ask); 8] = [
    (ConflictKind::IdReused, |sku| {
        vec![adjusted(sku, "berlin", 1).id(sku), adjusted(sku, "berlin", 2).id(sku)]
    }),
    (ConflictKind::OrderChanged, |sku| {
        let order = |quantity| placed(sku, &[line_from("1", sku, quantity, "berlin")]);
        vec![order(5), order(6)]
    }),
    (ConflictKind::VersionMismatch, |sku| vec![set(sku, "berlin", 1, 7)]),
    (ConflictKind::CountOverlap, |sku| vec![counted(sku, "berlin", 1).by("shop").at(-60)]),
    (ConflictKind::FutureTime, |sku| vec![received(sku, "berlin", 1).at(99_999)]),
    (ConflictKind::Excess, |sku| {
        let order = placed(sku, &[line_from("1", sku, 5, "berlin")]);
        vec![order, fulfilled(sku, "f1", &[part("1", 6)])]
    }),
    (ConflictKind::Unmapped, |sku| vec![received(&format!("{sku}-new"), "berlin", 1)]),
    (ConflictKind::Oversold, |sku| vec![placed(sku, &[line_from("1", sku, 11, "berlin")])]),
];

/// Each option of each kind, taken and taken back.
fn decisions(world: &mut World) {
    open_shop(world);
    for (kind, ask) in ASKS {
        for option in kind.options() {
            let sku = format!("{}-{}", kind.as_str(), option.as_str());
            let stocked = |place| received(&sku, place, 9).at(-60);
            world.post_all([item(&sku), stocked("berlin"), stocked("hamburg")]);
            world.post_all(ask(&sku));
            let conflict = world.open(kind).pop().unwrap();
            let choice = Choice {
                sku: (*option == O::Map).then(|| "TEA".parse().unwrap()),
                location: (*option == O::Reallocate).then(|| "hamburg".parse().unwrap()),
                lines: lines_to_cancel(&sku, *option),
                ..choice(&conflict, *option)
            };
            let decided = world.choose(choice);
            let decided = decided.unwrap_or_else(|refused| panic!("{sku}: {refused}"));
            world.post(reversed("onhand", decided.envelope.id.as_str()));
        }
    }
}

/// Each event that comes before its order or its shipment waits for too long; a person decides about
/// it, takes that back, and decides again; then the order or the shipment comes after all.
fn orphans(world: &mut World) {
    open_shop(world);
    let early: [fn(&str) -> Says; 5] = [
        |name| fulfilled(name, "f1", &[part("1", 3)]),
        |name| returned(name, "r1", &[back("1", 1, true)]),
        |name| cancelled(name).with("lines", vec![part("1", 2)]),
        |name| amended(name, 1, &[line("1", "TEA", 4)]),
        |name| arrived(name, "r1", &[goods("TEA", 2)]),
    ];
    for (number, says) in early.into_iter().enumerate() {
        for options in [&[][..], &[O::ApplyWithoutOrder, O::Discard], &[O::ApplyWithoutOrder]] {
            let name = format!("orphan-{number}-{}", options.len());
            world.post(says(&name));
            world.pass(86_400);
            for (index, option) in options.iter().enumerate() {
                let conflict = world.open(ConflictKind::Orphan).pop().unwrap();
                let choice = Choice {
                    sku: Some("TEA".parse().unwrap()),
                    location: Some("hamburg".parse().unwrap()),
                    ..choice(&conflict, *option)
                };
                let decided = world.choose(choice).unwrap_or_else(|why| panic!("{name}: {why}"));
                if index + 1 < options.len() {
                    world.post(reversed("onhand", decided.envelope.id.as_str()));
                }
            }
            world.post(placed(&name, &[line("1", "TEA", 5)]));
            world.post(shipped(&name, "berlin", "hamburg", &[goods("TEA", 2)]));
        }
    }
}

/// Events that could not be handled, when they came or when their order did, and an expiry that could
/// not: each is decided again or given up.
fn poison(world: &mut World) {
    open_shop(world);
    for option in [O::Retry, O::Discard] {
        let name = format!("poison-{}", option.as_str());
        let ids = ["new", "held"].map(|what| format!("golden-{name}-{what}"));
        world.post(fulfilled(&name, "f1", &[part("1", 3)]).id(&ids[1]));
        world.post(reserved(&name, &[held("TEA", 1, "hamburg")]));
        let [new, waiting] = ids.each_ref().map(|id| Trap::set(Phase::Decide, id));
        let expiry = Trap::set(Phase::Time, &name);
        world.post(received("TEA", "berlin", 1).id(&ids[0]));
        world.post(placed(&name, &[line("1", "TEA", 5)]));
        world.pass(600);
        drop((new, waiting, expiry));
        for conflict in world.open(ConflictKind::Poison) {
            world.resolve(&conflict, option).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
    }
}

fn lines_to_cancel(order: &str, option: O) -> Vec<CancelledPart> {
    let part = || CancelledPart {
        order: order.parse().unwrap(),
        line: "1".parse().unwrap(),
        quantity: Some(2),
    };
    (option == O::CancelLines).then(part).into_iter().collect()
}

/// Decides the newest open conflict of a kind.
fn resolve(world: &mut World, kind: ConflictKind, option: O) -> Record {
    let conflict = world.open(kind).pop().unwrap();
    world.resolve(&conflict, option).unwrap_or_else(|refused| panic!("{kind:?}: {refused}"))
}

/// One batch that would empty the shelves is rejected, the next one approved.
fn batches(world: &mut World) {
    let name = |number: usize| format!("S{number}");
    world.post(location("berlin", 1));
    for number in 0..20 {
        world.post_all([item(&name(number)), received(&name(number), "berlin", 5).at(-9_000)]);
    }
    for (second, option) in [(-60, O::Reject), (-50, O::Approve)] {
        let counts = (0..20).map(|number| counted(&name(number), "berlin", 0).at(second));
        world.request(counts.map(|count| count.in_batch("night")).collect::<Vec<_>>());
        resolve(world, ConflictKind::MassChange, option);
    }
}

/// A channel shows other numbers: Onhand's is published again, then the channel's is accepted, then
/// the channel shows Onhand's by itself.
fn drift(world: &mut World) {
    open_shop(world);
    let found = |difference: i64| ChannelDrift {
        sku: "TEA".parse().unwrap(),
        difference,
        acknowledged: Some(AcknowledgedLevel { quantity: 40, seq: 7, at: Some(second(-30)) }),
        locations: vec!["berlin".parse().unwrap()],
    };
    world.report("tea-250g", 37, found(-3));
    resolve(world, ConflictKind::Drift, O::Republish);
    world.report("tea-250g", 38, found(-2));
    world.report("tea-250g", 35, found(-5));
    resolve(world, ConflictKind::Drift, O::AcceptChannel);
    world.report("tea-250g", 90, found(55));
    world.report("tea-250g", 35, found(0));
}

/// Decisions that let many events go on, or say on which side of a count a movement lies, and what
/// is taken back of them.
fn second_thoughts(world: &mut World) {
    open_shop(world);
    world.post_all((0..60).map(|number| adjusted("CUP", "berlin", -1).at(number)));
    let unmapped = world.open(ConflictKind::Unmapped).remove(0);
    let to_mugs = Choice { sku: Some("MUG".parse().unwrap()), ..choice(&unmapped, O::Map) };
    let mapped = world.choose(to_mugs).unwrap();
    world.post(reversed("onhand", mapped.envelope.id.as_str()));
    world.post_all([
        adjusted("TEA", "munich", -3).by("shop").at(195).id("sale"),
        counted("TEA", "munich", 17).by("shop").at(198),
        counted("TEA", "munich", 15).at(200).id("count"),
    ]);
    resolve(world, ConflictKind::CountOverlap, O::KeepDifference);
    world.post_all([reversed("shop", "sale").id("back"), reversed("wms", "count")]);
    world.post(reversed("desk", "back"));
    world.post_all([
        arrived("t1", "r1", &[goods("TEA", 5)]).id("x"),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 5)]).id("x"),
    ]);
    let reused = world.open(ConflictKind::IdReused).remove(0);
    let decided = world.resolve(&reused, O::ApplySecond).unwrap();
    world.post(reversed("onhand", decided.envelope.id.as_str()));
}

/// Movements that a count contains are taken back, and back again; one decision takes units out of
/// two receipts, of which a count contains one.
fn within_counts(world: &mut World) {
    open_shop(world);
    world.post_all([
        counted("TEA", "berlin", 30).at(100),
        adjusted("TEA", "berlin", -4).at(50).id("late"),
        reversed("wms", "late").id("back"),
        reversed("desk", "back"),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 5)]).at(200),
        arrived("t1", "r1", &[goods("TEA", 4)]).at(210).by("desk"),
        counted("TEA", "hamburg", 12).at(300),
        arrived("t1", "r2", &[goods("TEA", 6)]).at(305).by("desk"),
    ]);
    resolve(world, ConflictKind::CountOverlap, O::KeepDifference);
    resolve(world, ConflictKind::Excess, O::Cap);
    resolve(world, ConflictKind::CountOverlap, O::KeepCounted);
}

/// Listings that are not set up: one is mapped, which is taken back and decided again, one does not
/// matter, and one is asked about still.
fn listings(world: &mut World) {
    open_shop(world);
    world.report_unlisted("tea-250g", 37);
    world.report_unlisted("tea-250g", 36);
    let unmapped = world.open(ConflictKind::Unmapped).remove(0);
    let to_tea = Choice { sku: Some("TEA".parse().unwrap()), ..choice(&unmapped, O::Map) };
    let mapped = world.choose(to_tea).unwrap();
    world.report_unlisted("tea-250g", 35);
    world.post(reversed("onhand", mapped.envelope.id.as_str()));
    let unmapped = world.open(ConflictKind::Unmapped).remove(0);
    let to_mugs = Choice { sku: Some("MUG".parse().unwrap()), ..choice(&unmapped, O::Map) };
    world.choose(to_mugs).unwrap();
    world.report_unlisted("gift", 1);
    resolve(world, ConflictKind::Unmapped, O::Discard);
    world.report_unlisted("gift", 1);
}

/// Business facts that are held back: some are said twice, some otherwise, some are given up, and two
/// are held back still.
fn held_facts(world: &mut World) {
    open_shop(world);
    let shipment = |units| fulfilled("o1", "f1", &[part("1", units)]);
    world.post_all([
        shipment(2).at(10),
        shipment(2).at(11),
        shipment(3).at(12),
        placed("o2", &[line("1", "TEA", 1)]).at(9_999),
        placed("o3", &[line("1", "CUP", 1)]).id("cups"),
        arrived("t1", "r1", &[goods("TEA", 5)]),
    ]);
    let decided = {
        let changed = world.open(ConflictKind::OrderChanged).remove(0);
        world.resolve(&changed, O::ApplySecond).unwrap()
    };
    world.post(reversed("onhand", decided.envelope.id.as_str()));
    resolve(world, ConflictKind::FutureTime, O::Discard);
    world.post(placed("o1", &[line("1", "TEA", 4)]));
}

/// Movements within counts that have moved states as well, taken back and standing again.
fn states_within_counts(world: &mut World) {
    open_shop(world);
    let mut to_inspect = goods("TEA", 2);
    to_inspect["state"] = "quality_control".into();
    world.post_all([
        counted("TEA", "berlin", 30).at(100),
        adjusted("TEA", "berlin", -4).with("state", "damaged").at(50).id("late"),
        reversed("wms", "late").id("back"),
        reversed("desk", "back"),
        shipped("t1", "berlin", "hamburg", &[goods("TEA", 5)]).at(200),
        counted("TEA", "hamburg", 12).at(900),
        arrived("t1", "r1", &[to_inspect]).at(210).id("r1"),
        reversed("wms", "r1"),
    ]);
}

/// Questions that become others while they are open, end by a newer count, and come back.
fn renewed(world: &mut World) {
    open_shop(world);
    world.post_all([
        // More moves near a count that is held, and is taken back.
        adjusted("TEA", "berlin", -3).by("shop").at(95),
        counted("TEA", "berlin", 35).at(100),
        adjusted("TEA", "berlin", -1).by("shop").at(101).id("sale"),
        reversed("shop", "sale"),
    ]);
    resolve(world, ConflictKind::CountOverlap, O::KeepCounted);
    world.post_all([
        adjusted("TEA", "berlin", -2).by("shop").at(105),
        counted("TEA", "berlin", 31).at(200).id("newer"),
        reversed("wms", "newer"),
        // A shortage grows, and is still open.
        placed("o1", &[line_from("1", "MUG", 25, "berlin")]).at(300),
        adjusted("MUG", "berlin", -2).at(310).id("broken"),
        reversed("wms", "broken"),
        adjusted("MUG", "berlin", -4).at(320),
    ]);
}

/// What a person has said of movements near counts, and what takes back, brings back and corrects such
/// movements under a newer one.
fn sides(world: &mut World) {
    open_shop(world);
    world.post_all([
        adjusted("TEA", "berlin", -3).by("shop").at(95).id("sale"),
        counted("TEA", "berlin", 15).at(100),
    ]);
    resolve(world, ConflictKind::CountOverlap, O::KeepDifference);
    world.post(adjusted("TEA", "berlin", -2).by("shop").at(105));
    let asked = world.open(ConflictKind::CountOverlap).remove(0);
    let said = world.resolve(&asked, O::KeepCounted).unwrap();
    world.post_all([
        counted("TEA", "berlin", 13).at(900),
        reversed("shop", "sale").id("back"),
        reversed("desk", "back"),
        reversed("onhand", said.envelope.id.as_str()),
        // More arrives than has left, near a count.
        shipped("t1", "hamburg", "munich", &[goods("TEA", 4)]).at(1_000),
        counted("TEA", "munich", 8).at(1_500),
        arrived("t1", "r1", &[goods("TEA", 6)]).with("final", true).by("shop").at(1_505),
    ]);
    resolve(world, ConflictKind::CountOverlap, O::KeepCounted);
    world.post(counted("TEA", "munich", 9).at(1_600));
    resolve(world, ConflictKind::Excess, O::Cap);
}

/// Decisions on several orders, places that come with what is taken back, and counts that stand again.
fn again(world: &mut World) {
    open_shop(world);
    world.post_all([
        placed("o1", &[line_from("1", "MUG", 12, "berlin")]).at(10),
        placed("o2", &[line_from("1", "MUG", 11, "berlin")]).at(20),
    ]);
    let conflict = world.conflict();
    let parts = [("o1", 1), ("o2", 2)].map(|(order, units)| CancelledPart {
        order: order.parse().unwrap(),
        line: "1".parse().unwrap(),
        quantity: Some(units),
    });
    let lines = Choice { lines: parts.to_vec(), ..choice(&conflict, O::CancelLines) };
    world.choose(lines).unwrap();
    world.post_all([
        // More comes from another place, and that is taken back.
        amended("o2", 1, &[line("1", "MUG", 12)]).at(30).id("more"),
        fulfilled("o2", "f1", &[part_from("1", 2, "hamburg")]).at(40).id("f1"),
        reversed("shop", "f1"),
        reversed("shop", "more"),
        // Less than was shipped, until a person lets it.
        fulfilled("o1", "f1", &[part("1", 3)]).at(50),
        amended("o1", 1, &[line("1", "MUG", 1)]).at(60),
    ]);
    resolve(world, ConflictKind::Excess, O::ApplyAnyway);
    world.post_all([
        counted("TEA", "berlin", 38).at(100).id("count"),
        reversed("wms", "count").id("gone"),
        reversed("desk", "gone"),
        // A content of the same name, for which the count goes until the decision is taken back.
        adjusted("TEA", "berlin", -1).at(200).id("count"),
    ]);
    let second = world.resolve(&world.open(ConflictKind::IdReused).remove(0), O::ApplySecond);
    world.post(reversed("onhand", second.unwrap().envelope.id.as_str()));
}

/// What persons have said of counts, and what newer ones make of it.
fn words(world: &mut World) {
    open_shop(world);
    world.post_all([
        adjusted("TEA", "berlin", -3).by("shop").at(108).id("sale"),
        counted("TEA", "berlin", 15).at(100),
    ]);
    resolve(world, ConflictKind::CountOverlap, O::KeepCounted);
    world.post_all([
        reversed("shop", "sale").id("back"),
        counted("TEA", "berlin", 14).by("erp").at(102),
        adjusted("TEA", "berlin", -1).by("pos").at(109),
    ]);
    resolve(world, ConflictKind::CountOverlap, O::KeepDifference);
    world.post(counted("TEA", "berlin", 12).by("desk").at(104));
    resolve(world, ConflictKind::CountOverlap, O::KeepDifference);
    world.post_all([
        counted("TEA", "berlin", 11).by("pos").at(106).id("last"),
        reversed("pos", "last"),
        reversed("desk", "back"),
    ]);
}

/// Decisions whose events have gone on by themselves since, and one that has brought something back.
fn went_on(world: &mut World) {
    open_shop(world);
    world.post_all([
        adjusted("CUP", "berlin", -1).at(5),
        adjusted("CUP", "berlin", -2).at(90_000),
        // This one waits for its order, and for too long.
        fulfilled("o9", "f1", &[part_from("1", 1, "mars")]).at(6),
    ]);
    let early = resolve(world, ConflictKind::FutureTime, O::ApplyAsReceived);
    let unmapped = world.open(ConflictKind::Unmapped);
    let (cup, mars) = (&unmapped[0], &unmapped[1]);
    let (tea, berlin) = (Some("TEA".parse().unwrap()), Some("berlin".parse().unwrap()));
    let to_tea = world.choose(Choice { sku: tea, ..choice(cup, O::Map) }).unwrap();
    let to_berlin = world.choose(Choice { location: berlin, ..choice(mars, O::Map) }).unwrap();
    world.pass(86_400);
    world.post_all([
        reversed("onhand", to_berlin.envelope.id.as_str()),
        reversed("onhand", to_tea.envelope.id.as_str()),
        item("CUP"),
        reversed("onhand", early.envelope.id.as_str()),
        received("TEA", "berlin", 5).at(100).id("goods"),
        reversed("wms", "goods").id("back"),
        adjusted("TEA", "berlin", -1).at(200).by("desk").id("back"),
    ]);
    let second = resolve(world, ConflictKind::IdReused, O::ApplySecond);
    world.post(reversed("onhand", second.envelope.id.as_str()));
}
