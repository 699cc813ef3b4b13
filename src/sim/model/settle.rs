//! A person says which side of a transfer is right, that did not arrive as it left.

use super::Model;
use super::transfers::Shipment;
use crate::conflict::ResolutionOption as O;
use crate::id::TransferId;
use crate::record::Outcome;

impl Model {
    /// A person says which side is right. `seq` is the last receipt in question. False if another
    /// question has to be answered first.
    pub(super) fn settle_transfer(&mut self, id: &TransferId, seq: u64, option: O) -> bool {
        let number = self.transfer_number(id);
        let first = self.movements.len();
        let can_be = match option {
            O::ApplyAnyway => self.trust_receipts(number),
            O::Cap => self.trust_shipment(number),
            _ => self.withdraw_receipt(number, seq),
        };
        self.watch_late_movements(seq, first);
        can_be
    }

    /// What arrived is what left.
    fn trust_receipts(&mut self, number: usize) -> bool {
        let last = self.transfers[number].is_final();
        let shipment = self.transfers[number].shipment.clone();
        let Shipment { seq, from } = shipment.expect("it is compared with what left");
        let mut can_be = true;
        for index in 0..self.transfers[number].items.len() {
            let item = &mut self.transfers[number].items[index];
            let back = if last { item.outstanding() } else { 0 } - item.surplus();
            item.shipped -= back;
            let level = (item.sku.clone(), from.clone());
            can_be &= self.correct_units(seq, &level, back, None);
        }
        can_be
    }

    /// What left is what should have arrived: what is too much is taken out of the receipts, the
    /// last first, and what is missing is given up.
    fn trust_shipment(&mut self, number: usize) -> bool {
        let last = self.transfers[number].is_final();
        let mut out = Vec::new();
        let transfer = &mut self.transfers[number];
        let mut order: Vec<usize> = (0..transfer.receipts.len()).collect();
        order.sort_by_key(|place| {
            let receipt = &transfer.receipts[*place];
            (receipt.time, receipt.seq)
        });
        for item in &mut transfer.items {
            let mut left = item.surplus();
            for place in order.iter().rev() {
                let receipt = &mut transfer.receipts[*place];
                let rows = receipt.rows.iter_mut().rev().filter(|row| row.0 == item.sku);
                for (sku, quantity, state) in rows {
                    let part = left.min(*quantity);
                    *quantity -= part;
                    left -= part;
                    let level = (sku.clone(), receipt.at.clone());
                    out.push((receipt.seq, level, part, *state));
                }
            }
            item.received -= item.surplus();
            item.lost += if last { item.outstanding() } else { 0 };
        }
        let mut can_be = true;
        for (seq, level, units, state) in out {
            can_be &= self.correct_units(seq, &level, -units, state);
        }
        can_be
    }

    /// A receipt was never said.
    fn withdraw_receipt(&mut self, number: usize, seq: u64) -> bool {
        let receipt = self.transfers[number].drop_receipt(seq);
        let mut can_be = true;
        for (sku, quantity, state) in receipt.rows {
            can_be &= self.correct_units(seq, &(sku, receipt.at.clone()), -quantity, state);
        }
        self.become_of(seq, Outcome::Rejected);
        if let Some(last) = self.transfers[number].receipts.last().map(|it| it.seq) {
            self.watch_transfer(number, last);
        }
        can_be
    }
}
