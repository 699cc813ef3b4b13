//! Histories about one thing: batches that clear shelves, of which some events wait for places that
//! nobody knows. Among all else that happens, the safeguard against them hardly comes into play.

use super::{
    Act, Generator, History, START_US, STRANGE_PLACES, Settings, Travelling, name, upserted,
};
use crate::event::{
    EventData, LocationUpserted, StockAdjusted, StockCounted, StockReceived, StockState,
};
use crate::id::{LocationId, Sku};
use crate::sim::history::Decide;
use crate::time::{SECOND_US, Timestamp};

/// Where everything is at the beginning.
const PLACE: &str = "berlin";
/// Units of each item there.
const UNITS: i64 = 5;
/// Who says all of it.
const SOURCE: &str = "wms";

impl Generator {
    /// Some items are in stock, batches clear their shelves, and people decide.
    pub(super) fn clearing(mut self) -> History {
        let settings = Settings {
            mass_change_share: self.rng.pick(&[20, 20, 50, 70]),
            mass_change_min: self.rng.pick(&[1, 2, 2, 3]),
            ..Settings::default()
        };
        let items: Vec<Sku> =
            (0..3 + self.rng.index(6)).map(|number| name(&format!("S{number}"))).collect();
        let mut acts = self.shelves(&items);
        for _ in 0..=self.rng.index(2) {
            self.batch.number += 1;
            self.batch.left = 3 + self.rng.index(8);
            while self.batch.left > 0 {
                let data = self.cleared(&items);
                acts.push(self.says(data));
                self.batch.left -= 1;
            }
            for _ in 0..self.rng.index(14) {
                acts.push(self.follows(&items));
            }
        }
        let travelling = acts.into_iter().enumerate().map(|(saying, act)| {
            let seconds = i64::try_from(saying).expect("there are few");
            Travelling { arrives_us: START_US + seconds * SECOND_US, saying, act }
        });
        let steps = self.deliver(travelling.collect());
        History { settings, steps }
    }

    pub(super) fn says(&mut self, data: EventData) -> Act {
        let time = Timestamp::from_micros(START_US);
        Act::Tell { event: self.event(SOURCE, time, data), seen: None }
    }

    fn shelves(&mut self, items: &[Sku]) -> Vec<Act> {
        let mut acts = vec![self.place_comes(name(PLACE))];
        for sku in items {
            acts.push(self.says(upserted(sku.as_str())));
            acts.push(self.comes_in(sku.clone(), UNITS));
        }
        acts
    }

    pub(super) fn place_comes(&mut self, location: LocationId) -> Act {
        self.says(EventData::LocationUpserted(LocationUpserted {
            location,
            name: None,
            rank: None,
        }))
    }

    pub(super) fn comes_in(&mut self, sku: Sku, quantity: i64) -> Act {
        let location = name(PLACE);
        self.says(EventData::StockReceived(StockReceived {
            sku,
            location,
            quantity,
            reference: None,
        }))
    }

    /// Much or little of an item is gone.
    fn cleared(&mut self, items: &[Sku]) -> EventData {
        let sku = self.rng.pick(items);
        let strange = self.rng.percent(40);
        let location = if strange { name(self.rng.pick(&STRANGE_PLACES)) } else { name(PLACE) };
        if self.rng.percent(10) {
            return EventData::StockCounted(StockCounted { sku, location, counted: 0 });
        }
        EventData::StockAdjusted(StockAdjusted {
            sku,
            location,
            delta: -self.rng.pick(&[1, 2, UNITS, UNITS, UNITS]),
            reason: crate::id::Text::new("cleared").expect("it is short"),
            state: StockState::Available,
            reference: None,
            note: None,
        })
    }

    /// A decision, mostly; or something else that makes a difference.
    fn follows(&mut self, items: &[Sku]) -> Act {
        let number = self.rng.below(100);
        if number < 10 {
            let strange = name(self.rng.pick(&STRANGE_PLACES));
            return self.place_comes(strange);
        }
        if number < 20 {
            let (sku, quantity) = (self.rng.pick(items), self.rng.within(1, UNITS));
            return self.comes_in(sku, quantity);
        }
        if number < 30 {
            let data = self.reversed();
            return self.says(data);
        }
        Act::Decide(Decide {
            which: self.rng.index(3),
            option: self.rng.index(1_000),
            stale: false,
            sku: self.rng.pick(items),
            location: name(PLACE),
        })
    }
}
