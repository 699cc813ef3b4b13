//! Histories about one thing: decisions that are taken back, with what has become of their events
//! since. Among all else that happens, few decisions are followed by others, and fewer go again.

use super::{
    Act, Generator, History, PLACES, SKUS, START_US, STRANGE_PLACES, STRANGE_SKUS, Settings,
    Travelling, name, take_back, upserted,
};
use crate::event::{EventData, OrderPlaced, OrderedLine, StockAdjusted, StockCounted, StockState};
use crate::id::EventId;
use crate::sim::history::Decide;
use crate::time::{SECOND_US, Timestamp};

/// Who says all of it but what was counted.
const SOURCE: &str = "shop";
/// Who counts.
const COUNTS: &str = "wms";
/// The place of `apply_second` among the options of an id with several contents.
const APPLY_SECOND: usize = 1;
/// How far ahead of everything an event from the future is.
const AHEAD_S: i64 = 90_000;

impl Generator {
    /// Something is said of names that nobody knows, from the future, or under an id that is taken;
    /// people decide, the names come, and decisions and events are taken back.
    pub(super) fn second_thoughts(mut self) -> History {
        let settings = Settings {
            mass_change_min: self.rng.pick(&[1, 20]),
            orphan_after_us: self.rng.pick(&[86_400, 10]) * SECOND_US,
            ..Settings::default()
        };
        // What is held is of what is known.
        self.swarm.places = 1;
        self.swarm.kits = 0;
        self.swarm.skus = 2;
        self.swarm.hold_s = self.swarm.hold_s.max(60);
        let mut acts = vec![self.place_comes(name(PLACES[0]))];
        for sku in &SKUS[..2] {
            acts.push(self.says(upserted(sku)));
            acts.push(self.comes_in(name(sku), 20));
        }
        for _ in 0..12 + self.rng.index(20) {
            if self.rng.percent(10) {
                acts.extend(self.taken_back_by_a_second());
            } else {
                acts.push(self.thought());
            }
        }
        let travelling = acts.into_iter().enumerate().map(|(saying, act)| {
            let seconds = i64::try_from(saying).expect("there are few");
            Travelling { arrives_us: START_US + seconds * SECOND_US, saying, act }
        });
        let steps = self.deliver(travelling.collect());
        History { settings, steps }
    }

    fn thought(&mut self) -> Act {
        match self.rng.below(100) {
            0..10 => {
                let arrival = self.rng.index(2);
                let sku = upserted(self.rng.pick(&STRANGE_SKUS));
                if arrival == 0 {
                    self.says(sku)
                } else {
                    self.place_comes(name(STRANGE_PLACES[0]))
                }
            }
            10..40 => Act::Decide(Decide {
                which: self.rng.index(3),
                option: self.rng.index(1_000),
                stale: false,
                sku: name(self.rng.pick(&SKUS[..2])),
                location: name(PLACES[0]),
            }),
            40..62 => self.takes_back(5),
            _ => self.something(),
        }
    }

    /// Of one id, the second content takes a decision or an event back, and mostly goes again itself.
    fn taken_back_by_a_second(&mut self) -> Vec<Act> {
        let time = Timestamp::from_micros(START_US);
        let (said, goes) = (self.few_sold(), self.reversed());
        let first = self.event(SOURCE, time, said);
        let mut second = self.event(SOURCE, time, goes);
        second.id = first.id.clone();
        let second = if self.rng.percent(60) {
            Act::TakeBack { event: second, back: self.rng.index(3) }
        } else {
            Act::Tell { event: second, seen: None }
        };
        let decision = Decide { which: 0, option: APPLY_SECOND, ..self.decision() };
        let mut acts = vec![Act::Tell { event: first, seen: None }, second, Act::Decide(decision)];
        if self.rng.percent(70) {
            acts.push(self.takes_back(1));
        }
        acts
    }

    fn takes_back(&mut self, most: usize) -> Act {
        let time = Timestamp::from_micros(START_US);
        let event = self.event(SOURCE, time, take_back(name("onhand"), name("any")));
        Act::TakeBack { event, back: self.rng.index(most) }
    }

    /// An event, perhaps a reversal, which may have a time ahead of its own or an id that is taken.
    fn something(&mut self) -> Act {
        let (source, data) = match self.rng.below(12) {
            0..3 => (SOURCE, self.reversed()),
            3..5 => (SOURCE, self.few_ordered()),
            5 => (COUNTS, self.few_counted()),
            6 => (SOURCE, self.reserved()),
            7 => (SOURCE, if self.rng.percent(50) { self.freed() } else { self.confirmed() }),
            _ => (SOURCE, self.few_sold()),
        };
        let ahead_s = if self.rng.percent(25) { AHEAD_S } else { 0 };
        let time = Timestamp::from_micros(START_US + ahead_s * SECOND_US);
        let reused = self.recent_id();
        let mut event = self.event(source, time, data);
        event.id = reused.unwrap_or(event.id);
        let seen = self.rng.percent(10).then_some(-1);
        let seen = seen.filter(|_| matches!(event.data, EventData::StockAdjusted(_)));
        Act::Tell { event, seen }
    }

    /// Now and then, an id that one of the last events has.
    fn recent_id(&mut self) -> Option<EventId> {
        let told = self.told.get(SOURCE).map_or(&[][..], Vec::as_slice);
        let recent = &told[told.len().saturating_sub(4)..];
        (!recent.is_empty() && self.rng.percent(30)).then(|| self.rng.pick(recent).id.clone())
    }

    /// At the moment at which all else happens, so that a person is asked what it contains.
    fn few_counted(&mut self) -> EventData {
        EventData::StockCounted(StockCounted {
            sku: name(self.rng.pick(&SKUS[..2])),
            location: name(PLACES[0]),
            counted: self.rng.within(0, 6),
        })
    }

    fn few_sold(&mut self) -> EventData {
        EventData::StockAdjusted(StockAdjusted {
            sku: name(self.rng.pick(&[SKUS[0], SKUS[1], STRANGE_SKUS[0], STRANGE_SKUS[1]])),
            location: name(self.rng.pick(&[PLACES[0], PLACES[0], STRANGE_PLACES[0]])),
            delta: -self.rng.within(1, 3),
            reason: crate::id::Text::new("sold").expect("it is short"),
            state: StockState::Available,
            reference: None,
            note: None,
        })
    }

    fn few_ordered(&mut self) -> EventData {
        let line = OrderedLine {
            line: name("1"),
            sku: name(self.rng.pick(&[SKUS[0], STRANGE_SKUS[0]])),
            quantity: self.rng.within(1, 3),
            location: None,
        };
        let order = name(self.rng.pick(&["o1", "o2"]));
        EventData::OrderPlaced(OrderPlaced { order, lines: vec![line] })
    }
}
