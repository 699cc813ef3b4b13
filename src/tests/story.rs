//! Arbitrary facts about a small shop: few names, so that events meet, and in some stories few
//! moments, so that several happen at once.

use std::collections::BTreeSet;

use onhand::conflict::{Choice, Conflict, ResolutionOption};
use onhand::id::ConflictId;
use onhand::ledger::Input;
use onhand::state::Settings;
use onhand::time::SECOND_US;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::harness::{World, choice};
use crate::says::{
    Says, adjusted, amended, arrived, cancelled, confirmed, counted, fulfilled, goods, held, item,
    kit, line, line_from, moved, part_from, placed, received, released, reserved, returned,
    reversed, set, shipped,
};

const SKUS: [&str; 3] = ["TEA", "MUG", "NEW"];
const PLACES: [&str; 2] = ["berlin", "hamburg"];
const SOURCES: [&str; 3] = ["wms", "shop", "pos"];
const ORDERS: [&str; 2] = ["o1", "o2"];
const TRANSFERS: [&str; 2] = ["t1", "t2"];
const HOLDS: [&str; 3] = ["r1", "r2", "r3"];

/// Seconds after which an event that waits for its order is asked about: few, so that it happens.
const ORPHAN_AFTER_S: i64 = 400;

/// A ledger that knows tea, mugs and the kit `SET` of two of tea and one mug.
pub fn shop() -> World {
    let orphan_after_us = ORPHAN_AFTER_S * SECOND_US;
    let settings = Settings { orphan_after_us, ..Settings::default() };
    let mut world =
        World::new_with(settings).given([kit("SET", &[goods("TEA", 2), goods("MUG", 1)])]);
    world.replay_always = false;
    world
}

/// Facts with ids, which of them come again, and the sizes of batches.
#[derive(Debug, Clone)]
pub struct Story {
    pub facts: Vec<Says>,
    pub repeats: Vec<usize>,
    pub batches: Vec<usize>,
}

/// The raw numbers that a fact is made of.
#[derive(Debug, Clone, Copy)]
pub struct Dice {
    kind: u8,
    sku: usize,
    place: usize,
    source: usize,
    order: usize,
    line: usize,
    quantity: i64,
    variant: u8,
}

fn dice() -> impl Strategy<Value = Dice> {
    (0..22_u8, 0..8_usize, 0..2_usize, 0..3_usize, 0..2_usize, 0..3_usize, 1..7_i64, 0..4_u8)
        .prop_map(|(kind, sku, place, source, order, line, quantity, variant)| Dice {
            kind,
            // Mostly known names.
            sku: if sku == 7 { 2 } else { sku % 2 },
            place,
            source,
            order,
            line,
            quantity,
            variant,
        })
}

impl Dice {
    /// Tea at Berlin that comes, goes or is counted.
    fn of_one_level(self) -> Self {
        let kind = [0, 4, 6, 6, 6][usize::from(self.kind) % 5];
        Self { kind, sku: 0, place: 0, ..self }
    }

    /// The fact, the `index`th of its story, so that ids and moments differ. Lines of orders say
    /// which location they mean: where several could serve, the first to come decides.
    fn says(self, index: usize, step_s: i64) -> Says {
        let (sku, place, order) = (SKUS[self.sku], PLACES[self.place], ORDERS[self.order]);
        let transfer = TRANSFERS[self.order];
        let line = (self.line + 1).to_string();
        let fact = format!("{index}");
        let elsewhere = PLACES[(self.place + usize::from(self.variant)) % 2];
        let says = match self.kind {
            0..=2 => {
                adjusted(sku, place, if self.variant < 2 { self.quantity } else { -self.quantity })
            }
            3 => adjusted(sku, place, self.quantity).with("state", "damaged"),
            4 | 5 => received(sku, place, self.quantity),
            6..=8 => counted(sku, place, self.quantity * 2),
            9 | 10 => placed(
                order,
                &[
                    line_from("1", "TEA", self.quantity, place),
                    line_from("2", "MUG", self.quantity + 1, elsewhere),
                    line_from("3", "SET", self.quantity.min(2), place),
                ],
            ),
            11 | 12 => {
                fulfilled(order, &fact, &[part_from(&line, self.quantity.min(3), elsewhere)])
            }
            13 => match self.variant {
                0 => cancelled(order),
                1 => cancelled(order).with("lines", vec![json!({ "line": line, "quantity": 1 })]),
                _ => item("NEW"),
            },
            14 => {
                let row = json!({ "line": line, "quantity": self.quantity.min(2), "restock": true,
                    "location": elsewhere });
                returned(order, &fact, &[row])
            }
            15 => {
                let states = ["available", "damaged", "quality_control", "safety_stock"];
                let from = usize::from(self.variant);
                let to = (from + 1 + self.line) % states.len();
                moved(sku, place, self.quantity, states[from], states[to])
            }
            17 => {
                let lines = [goods("TEA", self.quantity), goods("MUG", self.quantity + 1)];
                shipped(transfer, place, PLACES[1 - self.place], &lines)
            }
            18 | 19 => {
                let mut mugs = goods("MUG", 1);
                mugs["state"] = if self.variant == 1 { "damaged" } else { "available" }.into();
                let lines = [goods(sku, self.quantity), mugs];
                arrived(transfer, &fact, &lines[..=self.line.min(1)])
                    .with("final", self.variant == 3)
            }
            16 => {
                let lines = [
                    line_from("1", "TEA", self.quantity, elsewhere),
                    line_from("3", "SET", self.quantity.min(3), place),
                ];
                let lines = &lines[..=self.line.min(1)];
                amended(order, i64::from(self.variant) + 1, lines)
            }
            20 => {
                let item = if self.line == 2 { "SET" } else { sku };
                let lines = [held(item, self.quantity, place), held("MUG", 1, elsewhere)];
                reserved(HOLDS[self.source], &lines)
            }
            _ => released(HOLDS[self.source]),
        };
        let seconds = i64::try_from(index).unwrap() * step_s;
        let of_the_shop = matches!(self.kind, 9..=14 | 16..);
        let says = if of_the_shop { says } else { says.by(SOURCES[self.source]) };
        says.at(seconds).id(&format!("e{index}"))
    }
}

/// Facts in the order of their moments; now and then a few of one level.
pub fn facts() -> impl Strategy<Value = Vec<Says>> {
    let step_s = prop::sample::select(vec![4_i64, 40]);
    let at_once = prop::sample::select(vec![1, 3]);
    (vec(dice(), 1..20), step_s, at_once, prop::bool::weighted(0.25)).prop_map(
        |(dice, step_s, at_once, is_a_few)| {
            let says = |(index, dice): (usize, &Dice)| {
                let dice = if is_a_few { dice.of_one_level() } else { *dice };
                let moment = i64::try_from(index / at_once).unwrap();
                dice.says(index, step_s).at(moment * step_s)
            };
            let most = if is_a_few { 5 } else { dice.len() };
            dice.iter().enumerate().take(most).map(says).collect()
        },
    )
}

/// Facts in any order of telling.
pub fn story() -> impl Strategy<Value = Story> {
    (facts().prop_shuffle(), vec(any::<prop::sample::Index>(), 0..8), vec(1_usize..6, 1..4))
        .prop_map(|(facts, repeats, batches)| {
            let repeats = repeats.iter().map(|repeat| repeat.index(facts.len())).collect();
            Story { facts, repeats, batches }
        })
}

/// The levels that the events of an order name.
pub fn touched_by_order(facts: &[Says], order: &str) -> BTreeSet<(String, String)> {
    let about = facts.iter().filter(|says| says.data["order"] == order);
    let rows = about.flat_map(|says| says.data["lines"].as_array().into_iter().flatten());
    let levels = |row: &Value| {
        let skus: &[&str] = match row["line"].as_str() {
            Some("1") => &["TEA"],
            Some("2") => &["MUG"],
            _ => &["TEA", "MUG"],
        };
        let place = row["location"].as_str().unwrap_or_default().to_owned();
        skus.iter().map(move |sku| ((*sku).to_owned(), place.clone())).collect::<Vec<_>>()
    };
    rows.flat_map(levels).collect()
}

/// The levels that the events of a transfer name.
pub fn touched_by_transfer(facts: &[Says], transfer: &str) -> BTreeSet<(String, String)> {
    let about = facts.iter().filter(|says| says.data["transfer"] == transfer);
    let rows = about.flat_map(|says| says.data["lines"].as_array().into_iter().flatten());
    let skus: BTreeSet<&str> = rows.filter_map(|row| row["sku"].as_str()).collect();
    let levels = skus.into_iter().flat_map(|sku| PLACES.map(|place| (sku, place)));
    levels.map(|(sku, place)| (sku.to_owned(), place.to_owned())).collect()
}

/// Something that happens to a ledger.
#[derive(Debug, Clone)]
pub struct Act {
    dice: Dice,
    deed: u8,
    which: prop::sample::Index,
    option: prop::sample::Index,
}

impl Act {
    pub fn any() -> impl Strategy<Value = Self> {
        (dice(), 0..12_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>())
            .prop_map(|(dice, deed, which, option)| Self { dice, deed, which, option })
    }

    /// Says a fact, changes the kit, sets a level to a number, confirms a hold, lets time pass,
    /// decides an open conflict, if one is open, or takes something back.
    pub fn play(&self, world: &mut World, index: usize, step_s: i64) {
        match self.deed {
            0 | 1 => self.decide(world),
            2 => {
                let (sku, place) = (SKUS[self.dice.sku % 2], PLACES[self.dice.place]);
                let seen = world.version(sku, place) + u64::from(self.dice.variant == 3);
                let id = format!("set{index}");
                world.post(set(sku, place, self.dice.quantity, seen).at(step_s * 20).id(&id));
            }
            3 if self.dice.variant == 0 => {
                let parts = [goods("TEA", self.dice.quantity), goods("MUG", 3)];
                world.post(kit("SET", &parts[self.dice.place..]).id(&format!("kit{index}")));
            }
            4 if self.dice.variant == 0 => {
                // Lines that leave their location to the ranking.
                let lines = [line("1", "MUG", self.dice.quantity), line("2", "SET", 2)];
                world.post(placed(&format!("free{index}"), &lines).at(step_s));
            }
            3 => {
                // A fact from before all others.
                let says = self.dice.says(index, step_s).at(-i64::try_from(index).unwrap());
                world.post(says);
            }
            4 | 5 => {
                let journal = &world.store.journal;
                let target = &journal[self.which.index(journal.len())].record.envelope;
                let says = reversed(target.source.as_str(), target.id.as_str());
                world.post(says.at(step_s * 20).id(&format!("undo{index}")));
            }
            6 => {
                let (hold, order) = (HOLDS[self.dice.source], ORDERS[self.dice.order]);
                world.post(confirmed(hold, order).id(&format!("confirm{index}")));
            }
            7 => world.pass(self.dice.quantity * 100),
            _ => {
                world.post(self.dice.says(index, step_s));
            }
        }
    }

    fn decide(&self, world: &mut World) {
        let open: Vec<Conflict> = world.ledger.state().open_conflicts().cloned().collect();
        if open.is_empty() {
            return;
        }
        let conflict = &open[self.which.index(open.len())];
        let options = conflict.kind.options();
        let option = options[self.option.index(options.len())];
        let decision = Choice {
            expected_version: conflict.version + u64::from(self.dice.variant == 3),
            sku: Some("TEA".parse().unwrap()),
            location: Some("berlin".parse().unwrap()),
            ..choice(conflict, option)
        };
        // It may be refused; then it has to leave everything as it was, which the world checks.
        let _ = world.choose(decision);
    }
}

/// Something said without a look at what has become of the rest: a fact, or a decision on a
/// conflict that may be open by then.
#[derive(Debug, Clone)]
pub struct Said {
    dice: Dice,
    deed: u8,
    conflict: u64,
    version: u64,
    option: prop::sample::Index,
}

impl Said {
    pub fn any() -> impl Strategy<Value = Self> {
        (dice(), 0..7_u8, 1..8_u64, 1..4_u64, any::<prop::sample::Index>()).prop_map(
            |(dice, deed, conflict, version, option)| Self {
                dice,
                deed,
                conflict,
                version,
                option,
            },
        )
    }

    /// The `index`th thing said.
    pub fn input(&self, index: usize) -> Input {
        if self.deed == 1 {
            let target = match self.dice.variant {
                0 => reversed("onhand", &format!("resolved-{}", self.conflict + self.version)),
                1 => reversed("wms", &format!("e{}", self.conflict)),
                _ => reversed("shop", &format!("e{}", self.conflict)),
            };
            return Input::Event(target.event(&format!("e{index}")));
        }
        if self.deed > 0 {
            let says = self.dice.says(index, 4);
            return Input::Event(says.event(&format!("e{index}")));
        }
        let options = ResolutionOption::ALL;
        Input::Resolve(Choice {
            conflict: ConflictId::from_number(self.conflict),
            option: options[self.option.index(options.len())],
            expected_version: self.version,
            note: None,
            sku: Some("TEA".parse().unwrap()),
            location: Some("berlin".parse().unwrap()),
            lines: Vec::new(),
        })
    }
}
