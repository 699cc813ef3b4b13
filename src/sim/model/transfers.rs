//! Transfers: what left one location for another, and what arrived.

use std::collections::BTreeMap;

use super::conflicts::About;
use super::kits::{Parts, items};
use super::rules::Waived;
use super::{Model, Ruling};
use crate::event::{TransferReceived, TransferShipped};
use crate::id::{LocationId, Sku, TransferId};
use crate::record::{Bucket, Outcome, WaitKey};
use crate::time::Timestamp;

/// A transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Its id.
    pub id: TransferId,
    /// How it left, once that is known; until then there is only what a person has taken in without
    /// it.
    pub(super) shipment: Option<Shipment>,
    /// Where it goes; where a person has said that it arrived, as long as nobody knows how it left.
    pub to: LocationId,
    /// Its items.
    pub items: Vec<Item>,
    /// What kits consisted of when it first named them.
    kits: BTreeMap<Sku, Parts>,
    pub(super) receipts: Vec<Receipt>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shipment {
    /// The event that said it.
    pub(super) seq: u64,
    /// Where it left from.
    pub(super) from: LocationId,
}

/// An item of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What.
    pub sku: Sku,
    /// How many left.
    pub shipped: i64,
    /// How many arrived.
    pub received: i64,
    /// How many are given up.
    pub lost: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receipt {
    /// The event that said it.
    pub(super) seq: u64,
    pub(super) time: Timestamp,
    /// Where it arrived.
    pub(super) at: LocationId,
    pub(super) rows: Vec<(Sku, i64, Option<Bucket>)>,
    /// What had been given up, and came with it.
    pub(super) found: Vec<(Sku, i64)>,
    pub(super) is_final: bool,
}

impl Item {
    /// Units that are still on their way.
    pub fn outstanding(&self) -> i64 {
        (self.shipped - self.received - self.lost).max(0)
    }

    pub(super) fn surplus(&self) -> i64 {
        (self.received - self.shipped).max(0)
    }
}

impl Transfer {
    /// A transfer of which nothing is known yet but where it goes, or arrived.
    const fn new(id: TransferId, to: LocationId) -> Self {
        Self {
            id,
            shipment: None,
            to,
            items: Vec::new(),
            kits: BTreeMap::new(),
            receipts: Vec::new(),
        }
    }

    /// Whether it is known to have left.
    pub(super) const fn is_shipped(&self) -> bool {
        self.shipment.is_some()
    }

    /// Whether anything of it has arrived.
    pub(super) const fn has_arrived(&self) -> bool {
        !self.receipts.is_empty()
    }

    /// Whether something has arrived of it that another state of it does not know of.
    pub(super) fn has_more_receipts(&self, than: Option<&Self>) -> bool {
        let known = than.map_or(&[][..], |than| &than.receipts);
        self.receipts.iter().any(|receipt| known.iter().all(|known| known.seq != receipt.seq))
    }

    fn item(&mut self, sku: &Sku) -> &mut Item {
        if let Some(known) = self.items.iter().position(|item| item.sku == *sku) {
            return &mut self.items[known];
        }
        self.items.push(Item { sku: sku.clone(), shipped: 0, received: 0, lost: 0 });
        self.items.last_mut().expect("it was just added")
    }

    /// Units arrive, or did not arrive after all. What was given up and turns up is given up no
    /// longer.
    fn receive(&mut self, sku: &Sku, quantity: i64) {
        let item = self.item(sku);
        item.received += quantity;
        item.lost = item.lost.min((item.shipped - item.received).max(0));
    }

    /// A receipt was never said: nothing came with it, and what it had found is given up again.
    pub(super) fn drop_receipt(&mut self, seq: u64) -> Receipt {
        let place = self.receipts.iter().position(|receipt| receipt.seq == seq);
        let receipt = self.receipts.remove(place.expect("it is a receipt of this transfer"));
        for (sku, quantity, _) in &receipt.rows {
            self.receive(sku, -quantity);
        }
        for (sku, quantity) in &receipt.found {
            let item = self.item(sku);
            item.lost += quantity.min(&item.outstanding());
        }
        receipt
    }

    pub(super) fn is_final(&self) -> bool {
        self.receipts.iter().any(|receipt| receipt.is_final)
    }

    /// Whether it did not arrive as it left, if that is known: too much, or too little and no more is
    /// to come.
    fn differs(&self) -> bool {
        let last = self.is_final();
        self.is_shipped()
            && self.items.iter().any(|item| item.surplus() > 0 || last && item.outstanding() > 0)
    }
}

impl Model {
    /// The transfers of which anything is known.
    pub fn transfers(&self) -> &[Transfer] {
        &self.transfers
    }

    pub(super) fn is_shipped(&self, transfer: &TransferId) -> bool {
        self.transfers.iter().any(|known| known.id == *transfer && known.is_shipped())
    }

    pub(super) fn ship_transfer(&mut self, seq: u64, data: &TransferShipped) -> Ruling {
        let from = self.place(&data.from).expect("the location is known");
        let to = self.place(&data.to).expect("the location is known");
        if from == to {
            return Ruling::Impossible;
        }
        let number = self.transfer_or_new(&data.transfer, &to);
        let mut transfer = self.transfers[number].clone();
        transfer.shipment = Some(Shipment { seq, from: from.clone() });
        transfer.to = to;
        for line in &data.lines {
            for (sku, units) in self.items_of(&mut transfer, &line.sku, line.quantity) {
                transfer.item(&sku).shipped += units;
                self.move_units(seq, &(sku, from.clone()), -units, None);
            }
        }
        self.transfers[number] = transfer;
        self.ask_about_rest(&data.transfer);
        self.wake(&WaitKey::Transfer(data.transfer.clone()), false);
        Ruling::Outcome(Outcome::Applied)
    }

    /// Units arrive: where the transfer goes, unless a person has said where.
    pub(super) fn receive_transfer(
        &mut self,
        seq: u64,
        data: &TransferReceived,
        waived: &Waived,
    ) -> Outcome {
        let time = self.told[&seq].time;
        let told = waived.without_order.as_ref().and_then(|told| told.location.clone());
        let number = match &told {
            Some(place) => self.transfer_or_new(&data.transfer, place),
            None => self.transfer_number(&data.transfer),
        };
        let mut transfer = self.transfers[number].clone();
        let mut rows: Vec<(Sku, i64, Option<Bucket>)> = Vec::new();
        for row in &data.lines {
            let items = self.items_of(&mut transfer, &row.sku, row.quantity).into_iter();
            rows.extend(items.map(|(sku, units)| (sku, units, row.state.bucket())));
        }
        let at = told.unwrap_or(transfer.to);
        self.transfers[number].kits = transfer.kits;
        let mut found = Vec::new();
        for (sku, quantity, state) in &rows {
            self.move_units(seq, &(sku.clone(), at.clone()), *quantity, *state);
            let lost = self.transfers[number].item(sku).lost;
            self.transfers[number].receive(sku, *quantity);
            let fewer = lost - self.transfers[number].item(sku).lost;
            if fewer > 0 {
                found.push((sku.clone(), fewer));
            }
        }
        let is_final = data.is_final;
        self.transfers[number].receipts.push(Receipt { seq, time, at, rows, found, is_final });
        self.watch_transfer(number, seq);
        Outcome::Applied
    }

    /// The items that so many units of a name are. A kit is what it was when the transfer first
    /// named it.
    fn items_of(&self, transfer: &mut Transfer, name: &Sku, quantity: i64) -> Vec<(Sku, i64)> {
        let sku = self.item(name).expect("the item is known");
        let parts = transfer.kits.get(&sku).cloned().unwrap_or_else(|| self.parts(&sku));
        if !parts.is_empty() {
            transfer.kits.insert(sku.clone(), parts.clone());
        }
        items(&sku, &parts, quantity)
    }

    pub(super) fn transfer_number(&self, id: &TransferId) -> usize {
        let number = self.transfers.iter().position(|known| known.id == *id);
        number.expect("the transfer is known")
    }

    /// The place of a transfer, of which nothing is known but this location if it is new.
    fn transfer_or_new(&mut self, id: &TransferId, to: &LocationId) -> usize {
        if !self.transfers.iter().any(|known| known.id == *id) {
            self.transfers.push(Transfer::new(id.clone(), to.clone()));
        }
        self.transfer_number(id)
    }

    /// Asks where a transfer did not arrive as it left, for as long as that is so.
    pub(super) fn watch_transfer(&mut self, number: usize, seq: u64) {
        let transfer = &self.transfers[number];
        let about = About::Transfer(transfer.id.clone(), transfer.to.clone());
        if transfer.differs() {
            self.ask(about, [seq]);
        } else if let Some(asked) = self.open_about(&about) {
            self.asked[asked].open = false;
        }
    }

    /// Puts a transfer in the place of what it is. Receipts that come back are its last ones.
    pub(super) fn put_transfer(&mut self, mut earlier: Transfer) {
        let number = self.transfer_number(&earlier.id);
        let there = |receipt: &Receipt| {
            let known = &self.transfers[number].receipts;
            known.iter().position(|known| known.seq == receipt.seq).unwrap_or(known.len())
        };
        earlier.receipts.sort_by_key(there);
        self.transfers[number] = earlier;
    }

    /// Receipts that came between two states of a transfer were never said.
    pub(super) fn undo_receipts(&mut self, earlier: Option<&Transfer>, later: &Transfer) {
        let number = self.transfer_number(&later.id);
        let known = earlier.map_or(&[][..], |earlier| &earlier.receipts);
        let is_new = |receipt: &&Receipt| known.iter().all(|known| known.seq != receipt.seq);
        for receipt in later.receipts.iter().filter(is_new) {
            self.transfers[number].drop_receipt(receipt.seq);
        }
        self.ask_about_rest(&later.id);
    }

    /// Whether a transfer arrived as it left is another question with other receipts.
    pub(super) fn ask_about_rest(&mut self, id: &TransferId) {
        let transfer = &self.transfers[self.transfer_number(id)];
        let about = About::Transfer(transfer.id.clone(), transfer.to.clone());
        let (open, differs) = (self.open_about(&about), transfer.differs());
        let seqs: Vec<u64> = transfer.receipts.iter().map(|receipt| receipt.seq).collect();
        match (open, seqs.last()) {
            (None, Some(last)) if differs => self.ask(about, [*last]),
            (Some(open), Some(last)) if differs => {
                let asked = &mut self.asked[open];
                asked.events.retain(|seq| seqs.contains(seq) && seq != last);
                asked.events.push(*last);
                asked.version += 1;
            }
            (Some(open), _) => self.asked[open].open = false,
            _ => {}
        }
    }
}
