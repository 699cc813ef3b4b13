//! What is said about transfers: few of them, so that receipts meet their shipments.

use super::{Generator, PLACES, STRANGE_PLACES, name};
use crate::event::{
    EventData, ReceivedItem, ShippedItem, StockState, TransferReceived, TransferShipped,
};
use crate::id::TransferId;

impl Generator {
    pub(super) fn shipped(&mut self) -> EventData {
        let mut places = [PLACES, [PLACES[0], STRANGE_PLACES[0], STRANGE_PLACES[1]]].concat();
        let strange = self.rng.percent(self.swarm.strange_percent);
        let places = if strange { &mut places[3..] } else { &mut places[..3] };
        self.rng.shuffle(places);
        let lines = (0..self.rng.within(1, 3)).map(|_| {
            let (sku, quantity) = (self.goods(), self.quantity());
            ShippedItem { sku, quantity }
        });
        let lines = lines.collect();
        let (transfer, from, to) = (self.transfer(), name(places[0]), name(places[1]));
        EventData::TransferShipped(TransferShipped { transfer, from, to, lines })
    }

    pub(super) fn arrived(&mut self) -> EventData {
        let lines = (0..self.rng.within(1, 3)).map(|_| {
            let (sku, quantity) = (self.goods(), self.part());
            let state = match self.state() {
                StockState::SafetyStock => StockState::Available,
                state => state,
            };
            ReceivedItem { sku, quantity, state }
        });
        let lines = lines.collect();
        let (transfer, receipt) = (self.transfer(), name(&self.fact()));
        let is_final = self.rng.percent(40);
        EventData::TransferReceived(TransferReceived { transfer, receipt, lines, is_final })
    }

    fn transfer(&mut self) -> TransferId {
        name(&format!("t{}", 1 + self.rng.below(self.swarm.orders)))
    }
}
