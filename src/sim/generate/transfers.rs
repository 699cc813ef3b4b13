//! What is said about transfers: mostly the last few of them, so that receipts meet their shipments.

use super::{Generator, PLACES, STRANGE_PLACES, name};
use crate::event::{
    EventData, ReceivedItem, ShippedItem, StockState, TransferReceived, TransferShipped,
};
use crate::id::TransferId;

impl Generator {
    pub(super) fn shipped(&mut self) -> EventData {
        let strange = self.rng.percent(self.swarm.strange_percent);
        let known = PLACES[..self.swarm.places.max(2)].to_vec();
        let mut places = if strange { [&STRANGE_PLACES[..], &PLACES[..1]].concat() } else { known };
        self.rng.shuffle(&mut places);
        if self.rng.percent(self.swarm.new_percent) {
            self.transfers += 1;
        }
        let lines = (0..self.rng.within(1, 3)).map(|_| {
            let (sku, quantity) = (self.goods(), self.quantity());
            ShippedItem { sku, quantity }
        });
        let lines = lines.collect();
        let (transfer, from, to) = (self.transfer(), name(places[0]), name(places[1]));
        EventData::TransferShipped(TransferShipped { transfer, from, to, lines })
    }

    pub(super) fn arrived(&mut self) -> EventData {
        let is_final = self.rng.percent(40);
        let least = i64::from(!is_final || self.rng.percent(80));
        let lines = (0..self.rng.within(least, 3)).map(|_| {
            let (sku, quantity) = (self.goods(), self.part());
            let state = match self.state() {
                StockState::SafetyStock => StockState::Available,
                state => state,
            };
            ReceivedItem { sku, quantity, state }
        });
        let lines = lines.collect();
        let (transfer, receipt) = (self.transfer(), name(&self.fact()));
        EventData::TransferReceived(TransferReceived { transfer, receipt, lines, is_final })
    }

    fn transfer(&mut self) -> TransferId {
        let back = self.rng.below(self.swarm.orders);
        name(&format!("t{}", self.transfers.saturating_sub(back).max(1)))
    }
}
