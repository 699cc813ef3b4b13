//! Histories about one thing: events that come without their order, or without their transfer's
//! shipment, and are applied without it. Among all else that happens, orders mostly come in time.

use super::{
    Act, Generator, History, KITS, PLACES, SKUS, START_US, Settings, Travelling, name, take_back,
    upserted,
};
use crate::sim::history::Decide;
use crate::time::{SECOND_US, Timestamp};

/// Who says all of it.
const SOURCE: &str = "shop";
/// How long an event waits for its order before a person is asked.
const PATIENCE_S: i64 = 10;
/// How much time is between two things.
const GAP_S: i64 = 4;
/// A number that is the first of two options as well as of three.
const FIRST_OPTION: usize = 6;

impl Generator {
    /// Parts of one or two orders and transfers are said, people apply them without these, which then
    /// come or do not, and some of it is taken back.
    pub(super) fn orphans(mut self) -> History {
        let settings = Settings { orphan_after_us: PATIENCE_S * SECOND_US, ..Settings::default() };
        self.swarm.kits = self.swarm.kits.min(1);
        self.swarm.places = self.swarm.places.max(2);
        self.swarm.quantity = self.swarm.quantity.min(5);
        self.swarm.orders = self.swarm.orders.min(2);
        // What is placed or shipped is mostly what something was said of before.
        self.swarm.new_percent = 20;
        (self.orders, self.transfers) = (2, 2);
        let mut acts: Vec<Act> = Vec::new();
        for place in &PLACES[..self.swarm.places] {
            acts.push(self.place_comes(name(place)));
        }
        for sku in &SKUS[..self.swarm.skus] {
            acts.push(self.says(upserted(sku)));
            acts.push(self.comes_in(name(sku), 20));
        }
        for kit in &KITS[..self.swarm.kits] {
            let data = self.kit(kit);
            acts.push(self.says(data));
        }
        for _ in 0..8 + self.rng.index(24) {
            acts.push(self.early_act());
        }
        let travelling = acts.into_iter().enumerate().map(|(saying, act)| {
            let number = i64::try_from(saying).expect("there are few");
            Travelling { arrives_us: START_US + number * GAP_S * SECOND_US, saying, act }
        });
        let steps = self.deliver(travelling.collect());
        History { settings, steps }
    }

    fn early_act(&mut self) -> Act {
        let data = match self.rng.below(100) {
            0..34 => return self.decided_early(),
            34..40 => {
                let time = Timestamp::from_micros(START_US);
                let event = self.event(SOURCE, time, take_back(name("onhand"), name("any")));
                return Act::TakeBack { event, back: self.rng.index(4) };
            }
            40..45 => self.reversed(),
            45..57 => self.amended(),
            57..64 => self.cancelled(),
            64..70 => self.fulfilled(),
            70..74 => self.returned(),
            74..79 => self.placed(),
            79..83 => self.reserved(),
            83..86 => self.confirmed(),
            86..96 => self.arrived(),
            _ => self.shipped(),
        };
        self.says(data)
    }

    /// A decision, which mostly takes the first option: to apply the event.
    fn decided_early(&mut self) -> Act {
        let first = self.rng.percent(80);
        Act::Decide(Decide {
            which: self.rng.index(3),
            option: if first { FIRST_OPTION } else { self.rng.index(1_000) },
            stale: false,
            sku: self.goods(),
            location: self.place(),
        })
    }
}
