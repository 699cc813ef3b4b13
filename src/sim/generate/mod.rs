//! Histories from a seed. Each seed draws which kinds of events and which faults it has (a swarm):
//! few names, so that events meet; sources that repeat, delay and reorder what they say, whose
//! clocks are off and who use an id twice; people who decide something about it.

mod clearing;
mod content;
mod kits;
mod orders;
mod orphans;
mod reservations;
mod second_thoughts;
mod swarm;
mod transfers;

use std::collections::BTreeMap;

use super::history::{Act, Decide, History, POISON, Step};
use super::rng::Rng;
use crate::event::{Event, EventData, EventReversed, ItemUpserted, LocationUpserted};
use crate::id::{EventId, LineId, OrderId, Source, Text};
use crate::state::Settings;
use crate::time::{SECOND_US, Timestamp, Uptime};
use swarm::Swarm;

/// When all histories begin: 2026-11-23T10:00:00Z.
const START_US: i64 = 1_795_428_000 * SECOND_US;

/// Names that are made known at the beginning, as far as the swarm takes them.
const SKUS: [&str; 3] = ["TEA", "MUG", "CAP"];
const PLACES: [&str; 3] = ["berlin", "hamburg", "munich"];
/// Kits, as far as the swarm takes them.
const KITS: [&str; 2] = ["SET", "BOX"];
/// Names that nobody makes known, unless an upsert happens to.
const STRANGE_SKUS: [&str; 2] = ["TEE", "CUP"];
const STRANGE_PLACES: [&str; 2] = ["bonn", "ulm"];
const SOURCES: [&str; 4] = ["wms", "shop", "pos", "erp"];
const LINES: [&str; 4] = ["1", "2", "3", "4"];

/// How many histories are about batches that clear shelves, and nothing else.
const CLEARING_PERCENT: u64 = 8;
/// How many are about decisions that are taken back.
const SECOND_THOUGHTS_PERCENT: u64 = 6;
/// How many are about events that come without their order or shipment.
const ORPHANS_PERCENT: u64 = 6;

/// The history of a seed.
pub fn history(seed: u64) -> History {
    let mut rng = Rng::new(seed);
    let swarm = Swarm::draw(&mut rng);
    if rng.percent(CLEARING_PERCENT) {
        return Generator::new(rng, swarm).clearing();
    }
    if rng.percent(SECOND_THOUGHTS_PERCENT) {
        return Generator::new(rng, swarm).second_thoughts();
    }
    if rng.percent(ORPHANS_PERCENT) {
        return Generator::new(rng, swarm).orphans();
    }
    let settings = Settings {
        count_window_us: rng.pick(&[10, 10, 0, 60]) * SECOND_US,
        create_unknown_skus: rng.percent(15),
        orphan_after_us: rng.pick(&[86_400, 600, 60]) * SECOND_US,
        mass_change_share: rng.pick(&[20, 20, 0, 50]),
        mass_change_min: rng.pick(&[1, 1, 2, 20]),
        ..Settings::default()
    };
    Generator::new(rng, swarm).history(settings)
}

/// Something on its way to the processor.
struct Travelling {
    arrives_us: i64,
    /// Which saying it is a copy of.
    saying: usize,
    act: Act,
}

struct Generator {
    rng: Rng,
    swarm: Swarm,
    ids: u64,
    facts: u64,
    orders: u64,
    transfers: u64,
    reservations: u64,
    /// The orders that were placed, each with its lines.
    ordered: Vec<(OrderId, Vec<Part>)>,
    /// What each source has said so far.
    told: BTreeMap<&'static str, Vec<Event>>,
    /// The names of all that was said so far.
    said: Vec<(Source, EventId)>,
    batch: Batch,
}

/// The batch that is being said.
struct Batch {
    /// Its number.
    number: u64,
    /// Events that it still gets.
    left: usize,
}

/// A line of an order, and how many units of it.
type Part = (LineId, i64);

impl Generator {
    const fn new(rng: Rng, swarm: Swarm) -> Self {
        Self {
            rng,
            swarm,
            ids: 0,
            facts: 0,
            orders: 0,
            transfers: 0,
            reservations: 0,
            ordered: Vec::new(),
            told: BTreeMap::new(),
            said: Vec::new(),
            batch: Batch { number: 0, left: 0 },
        }
    }

    fn history(mut self, settings: Settings) -> History {
        let skews: Vec<i64> = SOURCES
            .iter()
            .map(|_| self.rng.within(-self.swarm.skew_s, self.swarm.skew_s))
            .collect();
        let mut travelling = self.beginning();
        let mut time_us = START_US + 60 * SECOND_US;
        for saying in travelling.len()..travelling.len() + self.swarm.steps {
            time_us += self.rng.within(0, self.swarm.gap_s * SECOND_US);
            if self.rng.percent(self.swarm.decide_percent) {
                let act = Act::Decide(self.decision());
                travelling.push(Travelling { arrives_us: time_us, saying, act });
                continue;
            }
            if self.swarm.poison_percent > 0 && self.rng.percent(self.swarm.mend_percent) {
                travelling.push(Travelling { arrives_us: time_us, saying, act: Act::Mend });
                continue;
            }
            if self.batch.left == 0 && self.rng.percent(self.swarm.batch_percent) {
                self.batch.number += 1;
                self.batch.left = 1 + self.rng.index(6);
            }
            let source = self.rng.index(self.swarm.sources);
            let mut happened_us = time_us + skews[source] * SECOND_US;
            if self.rng.percent(self.swarm.future_percent) {
                happened_us += self.rng.within(200, 900) * SECOND_US;
            }
            // Whole seconds now and then, so that moments meet.
            if self.rng.percent(50) {
                happened_us -= happened_us.rem_euclid(SECOND_US);
            }
            let time = Timestamp::from_micros(happened_us);
            let act = if self.rng.percent(self.swarm.take_back_percent) {
                let data = take_back(name("onhand"), name("any"));
                let reused = self.reused(SOURCES[source]);
                let mut event = self.event(SOURCES[source], time, data);
                event.id = reused.unwrap_or(event.id);
                let most = if self.rng.percent(70) { 3 } else { 100 };
                Act::TakeBack { event, back: self.rng.index(most) }
            } else {
                self.tell(SOURCES[source], time)
            };
            self.batch.left = self.batch.left.saturating_sub(1);
            let copies = if self.rng.percent(self.swarm.repeat_percent) { 2 } else { 1 };
            for _ in 0..copies {
                let delayed = self.rng.percent(self.swarm.delay_percent);
                let delay_s = if delayed { self.rng.within(0, self.swarm.delay_s) } else { 0 };
                let arrives_us = time_us + delay_s * SECOND_US;
                travelling.push(Travelling { arrives_us, saying, act: act.clone() });
            }
        }
        travelling.sort_by_key(|one| one.arrives_us);
        History { settings, steps: self.deliver(travelling) }
    }

    /// Names become known, and something is in stock.
    fn beginning(&mut self) -> Vec<Travelling> {
        let mut told: Vec<EventData> = Vec::new();
        for place in &PLACES[..self.swarm.places] {
            let rank = self.rng.pick(&[Some(1), Some(2), Some(2), None]);
            let location = LocationUpserted { location: name(place), name: None, rank };
            told.push(EventData::LocationUpserted(location));
        }
        told.extend(SKUS[..self.swarm.skus].iter().map(|sku| upserted(sku)));
        for kit in &KITS[..self.swarm.kits] {
            told.push(self.kit(kit));
        }
        for sku in &SKUS[..self.swarm.skus] {
            for place in &PLACES[..self.swarm.places] {
                if self.rng.percent(self.swarm.stocked_percent) {
                    told.push(self.received(name(sku), name(place)));
                }
            }
        }
        let tell = |(saying, data)| {
            let event = self.event("erp", Timestamp::from_micros(START_US), data);
            Travelling { arrives_us: START_US, saying, act: Act::Tell { event, seen: None } }
        };
        told.into_iter().enumerate().map(tell).collect()
    }

    /// Puts what arrives into steps and batches; repeats become references to the first copy.
    fn deliver(&mut self, travelling: Vec<Travelling>) -> Vec<Step> {
        let mut first: BTreeMap<usize, usize> = BTreeMap::new();
        let mut jump_us = 0;
        let mut batch_before = None;
        let step = |(number, Travelling { arrives_us, saying, act })| {
            let earlier = *first.entry(saying).or_insert(number);
            let act = if earlier < number { Act::Again(earlier) } else { act };
            if self.rng.percent(self.swarm.jump_percent) {
                jump_us = self.rng.within(-self.swarm.jump_s, self.swarm.jump_s) * SECOND_US;
            }
            // A batch mostly travels together.
            let batch = match &act {
                Act::Tell { event, .. } => event.batch_id().map(str::to_owned),
                Act::Again(_) | Act::Decide(_) | Act::TakeBack { .. } | Act::Mend => None,
            };
            let together = batch.is_some() && batch == batch_before && self.rng.percent(90);
            batch_before = batch;
            let joins = number > 0 && (together || self.rng.percent(self.swarm.join_percent));
            let wall = Timestamp::from_micros(arrives_us + SECOND_US + jump_us);
            let uptime = Uptime::from_micros(arrives_us - START_US);
            let due_last = self.rng.percent(self.swarm.due_last_percent);
            Step { number, wall, uptime, due_last, joins, act }
        };
        travelling.into_iter().enumerate().map(step).collect()
    }

    fn decision(&mut self) -> Decide {
        Decide {
            which: if self.rng.percent(60) { 0 } else { self.rng.index(1_000) },
            option: self.rng.index(1_000),
            stale: self.rng.percent(5),
            sku: self.sku(),
            location: self.place(),
        }
    }

    fn event(&mut self, source: &'static str, time: Timestamp, data: EventData) -> Event {
        // Whether a request may be refused, the model knows from the core, which does not say so of a
        // batch that it tries out.
        let alone = matches!(data, EventData::EventReversed(_));
        let extensions = if alone { BTreeMap::new() } else { self.batch.extensions() };
        self.ids += 1;
        let before = if self.rng.percent(self.swarm.poison_percent) { POISON } else { "e" };
        let event = Event {
            source: name(source),
            id: name(&format!("{before}{}", self.ids)),
            time,
            expected_version: None,
            extensions,
            data,
        };
        self.told.entry(source).or_default().push(event.clone());
        self.said.push((event.source.clone(), event.id.clone()));
        event
    }

    /// Something that a source says.
    fn tell(&mut self, source: &'static str, time: Timestamp) -> Act {
        let reused = self.reused(source);
        let earlier = self.told.get(source).map_or(&[][..], Vec::as_slice);
        let (data, source) = if !earlier.is_empty() && self.rng.percent(self.swarm.other_id_percent)
        {
            // The same fact under another id, perhaps from elsewhere, perhaps not quite the same.
            let mut data = self.rng.pick(earlier).data.clone();
            if self.rng.percent(30) {
                alter(&mut data);
            }
            (data, SOURCES[self.rng.index(self.swarm.sources)])
        } else {
            let kind = self.kind();
            (self.data(kind), source)
        };
        let seen = match data {
            EventData::StockSet(_) => Some(self.seen()),
            EventData::StockAdjusted(_)
            | EventData::StockReceived(_)
            | EventData::StockMoved(_)
            | EventData::StockCounted(_) => {
                self.rng.percent(self.swarm.version_percent).then(|| self.seen())
            }
            _ => None,
        };
        let mut event = self.event(source, time, data);
        // Onhand dates its own reports with the present, so they never come from the future.
        if matches!(&event.data, EventData::ChannelLevelReported(level) if level.drift.is_some()) {
            event.time = time.plus_micros(-86_400 * SECOND_US);
        }
        if let Some(id) = reused {
            event.id = id;
        }
        Act::Tell { event, seen }
    }

    /// Now and then, an id that the source has given to something else.
    fn reused(&mut self, source: &str) -> Option<EventId> {
        let earlier = self.told.get(source).map_or(&[][..], Vec::as_slice);
        (!earlier.is_empty() && self.rng.percent(self.swarm.reuse_percent))
            .then(|| self.rng.pick(earlier).id.clone())
    }

    fn seen(&mut self) -> i64 {
        if self.rng.percent(70) { 0 } else { self.rng.within(-2, 1) }
    }
}

impl Batch {
    /// What it adds to an event.
    fn extensions(&self) -> BTreeMap<String, String> {
        let id = (self.left > 0).then(|| ("batchid".to_owned(), format!("b{}", self.number)));
        id.into_iter().collect()
    }
}

/// The same fact with another content.
fn alter(data: &mut EventData) {
    let quantity = match data {
        EventData::OrderPlaced(data) => data.lines.first_mut().map(|line| &mut line.quantity),
        EventData::OrderAmended(data) => data.lines.first_mut().map(|line| &mut line.quantity),
        EventData::OrderFulfilled(data) => data.lines.first_mut().map(|line| &mut line.quantity),
        EventData::OrderReturned(data) => data.lines.first_mut().map(|line| &mut line.quantity),
        EventData::ReservationPlaced(data) => data.lines.first_mut().map(|line| &mut line.quantity),
        EventData::TransferShipped(data) => data.lines.first_mut().map(|line| &mut line.quantity),
        EventData::TransferReceived(data) => data.lines.first_mut().map(|line| &mut line.quantity),
        _ => None,
    };
    if let Some(quantity) = quantity {
        *quantity += 1;
    }
}

fn take_back(source: Source, id: EventId) -> EventData {
    let reason = Text::new("a mistake").expect("it is short");
    EventData::EventReversed(EventReversed { source, id, reason })
}

fn upserted(sku: &str) -> EventData {
    let sku = name(sku);
    EventData::ItemUpserted(ItemUpserted {
        sku,
        name: None,
        barcode: None,
        low_stock: None,
        kit: None,
    })
}

fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("the generator's names keep the rules for ids")
}
