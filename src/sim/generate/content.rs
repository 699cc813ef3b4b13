//! What events say, from few names and small numbers.

use super::swarm::Kind;
use super::{
    Generator, PLACES, SKUS, SOURCES, STRANGE_PLACES, STRANGE_SKUS, name, take_back, upserted,
};
use crate::event::{
    ChannelDrift, ChannelLevelReported, EventData, LocationUpserted, StockAdjusted, StockCounted,
    StockMoved, StockReceived, StockSet, StockState,
};
use crate::id::{LocationId, Sku};

impl Generator {
    pub(super) fn kind(&mut self) -> Kind {
        let all: u64 = self.swarm.kinds.iter().map(|(_, weight)| weight).sum();
        let mut number = self.rng.below(all);
        for (kind, weight) in &self.swarm.kinds {
            if number < *weight {
                return *kind;
            }
            number -= weight;
        }
        unreachable!("the number is below the sum of the weights")
    }

    pub(super) fn data(&mut self, kind: Kind) -> EventData {
        match kind {
            Kind::Adjust | Kind::Receive | Kind::Count | Kind::Move | Kind::Set => self.stock(kind),
            Kind::Place => self.placed(),
            Kind::Amend => self.amended(),
            Kind::Cancel => self.cancelled(),
            Kind::Fulfil => self.fulfilled(),
            Kind::Return => self.returned(),
            Kind::Ship => self.shipped(),
            Kind::Arrive => self.arrived(),
            Kind::Reserve => self.reserved(),
            Kind::Free => self.freed(),
            Kind::Confirm => self.confirmed(),
            Kind::Report => self.shown(),
            Kind::Kit => self.any_kit(),
            Kind::Reverse => self.reversed(),
            Kind::Upsert if self.rng.percent(50) => {
                let strange = self.rng.percent(50);
                upserted(self.rng.pick(if strange { &STRANGE_SKUS[..] } else { &SKUS[..] }))
            }
            Kind::Upsert => {
                let strange = self.rng.percent(50);
                let places = if strange { &STRANGE_PLACES[..] } else { &PLACES[..] };
                let rank = self.rng.percent(50).then(|| self.rng.within(1, 3));
                let location = name(self.rng.pick(places));
                EventData::LocationUpserted(LocationUpserted { location, name: None, rank })
            }
        }
    }

    /// What a channel shows: by itself, or as Onhand reports it because nothing explains it.
    fn shown(&mut self) -> EventData {
        let listing = name(self.rng.pick(&["tea-250g", "tea-1kg"]));
        let drift = self.rng.percent(70).then(|| {
            let sku = self.goods();
            let difference = self.rng.within(-self.swarm.quantity, self.swarm.quantity);
            let locations = (0..self.rng.below(3)).map(|_| self.place()).collect();
            Box::new(ChannelDrift { sku, difference, acknowledged: None, locations })
        });
        let (channel, quantity) = (name("web"), self.quantity());
        let unlisted = drift.is_none() && self.rng.percent(30);
        let reported = ChannelLevelReported { channel, listing, quantity, drift, unlisted };
        EventData::ChannelLevelReported(reported)
    }

    fn stock(&mut self, kind: Kind) -> EventData {
        let sku = if self.rng.percent(2) { self.goods() } else { self.sku() };
        let (location, quantity) = (self.place(), self.quantity());
        let level = self.rng.within(0, self.swarm.quantity * 2);
        match kind {
            Kind::Receive => {
                let reference = None;
                EventData::StockReceived(StockReceived { sku, location, quantity, reference })
            }
            Kind::Move => {
                let mut states = [
                    StockState::Available,
                    StockState::Damaged,
                    StockState::QualityControl,
                    StockState::SafetyStock,
                ];
                self.rng.shuffle(&mut states);
                let (from_state, to_state) = (states[0], states[1]);
                let moved = StockMoved { sku, location, from_state, to_state, quantity };
                EventData::StockMoved(moved)
            }
            Kind::Count => EventData::StockCounted(StockCounted { sku, location, counted: level }),
            Kind::Set => EventData::StockSet(StockSet { sku, location, quantity: level }),
            _ => EventData::StockAdjusted(StockAdjusted {
                sku,
                location,
                delta: if self.rng.percent(50) { quantity } else { -quantity },
                reason: crate::id::Text::new("found out").expect("it is short"),
                state: self.state(),
                reference: None,
                note: None,
            }),
        }
    }

    /// What somebody said is to be taken back: mostly one of the last things.
    pub(super) fn reversed(&mut self) -> EventData {
        let recent = if self.rng.percent(80) { 6 } else { self.said.len() };
        let back = self.rng.index(recent.clamp(1, self.said.len().max(1)));
        let said = self.said.iter().rev().nth(back).cloned();
        let (source, id) = said.unwrap_or_else(|| (name(SOURCES[0]), name("never")));
        take_back(source, id)
    }

    /// What is in stock at the beginning.
    pub(super) fn received(&mut self, sku: Sku, location: LocationId) -> EventData {
        let quantity = self.rng.within(self.swarm.quantity, self.swarm.quantity * 4);
        EventData::StockReceived(StockReceived { sku, location, quantity, reference: None })
    }

    pub(super) fn quantity(&mut self) -> i64 {
        self.rng.within(1, self.swarm.quantity)
    }

    pub(super) fn sku(&mut self) -> Sku {
        let strange = self.rng.percent(self.swarm.strange_percent);
        name(self.rng.pick(if strange { &STRANGE_SKUS[..] } else { &SKUS[..self.swarm.skus] }))
    }

    pub(super) fn place(&mut self) -> LocationId {
        let strange = self.rng.percent(self.swarm.strange_percent);
        let known = &PLACES[..self.swarm.places];
        name(self.rng.pick(if strange { &STRANGE_PLACES[..] } else { known }))
    }

    pub(super) fn state(&mut self) -> StockState {
        self.rng.pick(&[
            StockState::Available,
            StockState::Available,
            StockState::Damaged,
            StockState::QualityControl,
        ])
    }
}
