//! What a seed draws: which kinds of events, which faults, how many of everything.

use super::{PLACES, SKUS, SOURCES};
use crate::sim::rng::Rng;

/// The kinds of events that a seed can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Adjust,
    Receive,
    Count,
    Move,
    Set,
    Place,
    Amend,
    Cancel,
    Fulfil,
    Return,
    Ship,
    Arrive,
    Reserve,
    Free,
    Confirm,
    Report,
    Upsert,
    Kit,
    Reverse,
}

const KINDS: [(Kind, u64); 19] = [
    (Kind::Adjust, 6),
    (Kind::Receive, 4),
    (Kind::Count, 5),
    (Kind::Move, 2),
    (Kind::Set, 2),
    (Kind::Place, 6),
    (Kind::Amend, 2),
    (Kind::Cancel, 2),
    (Kind::Fulfil, 5),
    (Kind::Return, 2),
    (Kind::Ship, 3),
    (Kind::Arrive, 4),
    (Kind::Reserve, 4),
    (Kind::Free, 1),
    (Kind::Confirm, 3),
    (Kind::Report, 2),
    (Kind::Upsert, 1),
    (Kind::Kit, 1),
    (Kind::Reverse, 4),
];

/// How many histories are about one matter, and what is taken back of it.
const MATTERS_PERCENT: u64 = 20;

/// What such a history can be about.
const MATTERS: [&[(Kind, u64)]; 8] = [
    &[(Kind::Adjust, 4), (Kind::Count, 4), (Kind::Reverse, 4)],
    &[(Kind::Move, 5), (Kind::Adjust, 2), (Kind::Count, 5), (Kind::Reverse, 5)],
    &[(Kind::Set, 5), (Kind::Adjust, 3), (Kind::Count, 3), (Kind::Report, 2), (Kind::Reverse, 5)],
    &[
        (Kind::Place, 4),
        (Kind::Amend, 3),
        (Kind::Cancel, 2),
        (Kind::Fulfil, 5),
        (Kind::Return, 3),
        (Kind::Reverse, 5),
    ],
    &[(Kind::Place, 3), (Kind::Fulfil, 5), (Kind::Return, 3), (Kind::Count, 4), (Kind::Reverse, 5)],
    &[
        (Kind::Reserve, 5),
        (Kind::Free, 2),
        (Kind::Confirm, 3),
        (Kind::Place, 2),
        (Kind::Fulfil, 2),
        (Kind::Reverse, 5),
    ],
    &[(Kind::Ship, 5), (Kind::Arrive, 6), (Kind::Reverse, 5)],
    &[(Kind::Ship, 4), (Kind::Arrive, 5), (Kind::Count, 4), (Kind::Reverse, 5)],
];

/// What a seed draws.
#[derive(Debug)]
pub(super) struct Swarm {
    /// The kinds of events, each with its weight.
    pub kinds: Vec<(Kind, u64)>,
    pub skus: usize,
    pub kits: usize,
    pub places: usize,
    pub sources: usize,
    pub orders: u64,
    pub steps: usize,
    /// Seconds between two facts, at most.
    pub gap_s: i64,
    pub quantity: i64,
    pub strange_percent: u64,
    pub repeat_percent: u64,
    pub other_id_percent: u64,
    pub reuse_percent: u64,
    pub delay_percent: u64,
    pub delay_s: i64,
    pub skew_s: i64,
    pub future_percent: u64,
    pub version_percent: u64,
    /// How often it is one of Onhand's own records that is to be taken back.
    pub take_back_percent: u64,
    pub join_percent: u64,
    pub batch_percent: u64,
    pub decide_percent: u64,
    pub jump_percent: u64,
    pub jump_s: i64,
    /// How often an order or a transfer is a new one.
    pub new_percent: u64,
    /// How much is in stock at the beginning: so many of a hundred levels.
    pub stocked_percent: u64,
    pub due_last_percent: u64,
    /// Seconds for which units are held, at most.
    pub hold_s: i64,
    /// How often a rule breaks off on an event, until it is mended.
    pub poison_percent: u64,
    /// How often the rules are mended.
    pub mend_percent: u64,
}

impl Swarm {
    /// What a seed has.
    pub fn draw(rng: &mut Rng) -> Self {
        let mut kinds: Vec<(Kind, u64)> = KINDS.into_iter().filter(|_| rng.percent(65)).collect();
        if kinds.is_empty() {
            kinds.push(KINDS[0]);
        }
        let mut sometimes = |percent: u64| if rng.percent(50) { percent } else { 0 };
        let (strange_percent, repeat_percent) = (sometimes(3), sometimes(12));
        let (other_id_percent, reuse_percent) = (sometimes(10), sometimes(6));
        let (delay_percent, future_percent) = (sometimes(30), sometimes(4));
        let (version_percent, join_percent) = (sometimes(20), sometimes(40));
        let (decide_percent, jump_percent) = (sometimes(20), sometimes(3));
        let due_last_percent = sometimes(50);
        let batch_percent = sometimes(25);
        let swarm = Self {
            kinds,
            skus: 1 + rng.index(SKUS.len()),
            kits: rng.pick(&[0, 0, 1, 2]),
            places: rng.pick(&[1, 2, 2, PLACES.len()]),
            sources: 1 + rng.index(SOURCES.len()),
            orders: 1 + rng.below(4),
            steps: 5 + rng.index(90),
            gap_s: rng.pick(&[2, 6, 15, 60, 600]),
            quantity: rng.pick(&[2, 5, 12]),
            strange_percent,
            repeat_percent,
            other_id_percent,
            reuse_percent,
            delay_percent,
            delay_s: rng.pick(&[5, 60, 3_600]),
            skew_s: rng.pick(&[0, 0, 5, 120]),
            future_percent,
            version_percent,
            take_back_percent: rng.pick(&[0, 2, 8]),
            join_percent,
            batch_percent,
            decide_percent,
            jump_percent,
            jump_s: rng.pick(&[100, 100, 7_200]),
            new_percent: rng.pick(&[40, 80, 95]),
            stocked_percent: rng.pick(&[0, 70, 100]),
            due_last_percent,
            hold_s: rng.pick(&[10, 120, 3_600, 100_000]),
            poison_percent: rng.pick(&[0, 0, 0, 3, 10]),
            mend_percent: rng.pick(&[0, 2, 5]),
        };
        if rng.percent(MATTERS_PERCENT) { swarm.about(rng.pick(&MATTERS)) } else { swarm }
    }

    /// One item that these kinds of events are about again and again, while most of what is decided is
    /// taken back: what takes many steps to come about, and what stands again under that.
    fn about(self, kinds: &[(Kind, u64)]) -> Self {
        Self {
            kinds: kinds.to_vec(),
            skus: 1,
            kits: 0,
            places: self.places.min(2),
            sources: self.sources.max(2),
            orders: self.orders.min(2),
            gap_s: self.gap_s.min(15),
            strange_percent: 0,
            delay_percent: 20,
            take_back_percent: 15,
            decide_percent: 15,
            poison_percent: 0,
            ..self
        }
    }
}
