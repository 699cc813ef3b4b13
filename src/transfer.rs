//! Transfers: what left one location for another, what arrived, and what is still on its way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::take_over;
use crate::event::{EventRef, Fingerprint, KitPart, ReceivedItem};
use crate::id::{EventId, LocationId, ReceiptId, Sku, TransferId};
use crate::record::{Fact, Outcome};

/// A transfer as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The transfer.
    pub transfer: TransferId,
    /// Where it left from; `None` as long as no shipment is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LocationId>,
    /// Where it goes; without a shipment, where a person has said that it arrived.
    pub to: LocationId,
    /// Its items, in the order in which they were first named.
    pub lines: Vec<TransferLine>,
    /// What the kits consist of that it names: as it was when it first named them, whatever they
    /// have become since. Kits travel as their components.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kits: BTreeMap<Sku, Vec<KitPart>>,
    /// How its shipment came into the journal; `None` if a person has taken receipts in without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment: Option<Said>,
    /// What arrived, in the order in which it was recorded.
    pub receipts: Vec<Receipt>,
    /// Whether its shipment was taken back: it is as if it had never left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// The records of the decisions that people have taken on it and that stand, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided: Vec<u64>,
}

/// One item of a transfer. All numbers are what they are after what people have decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferLine {
    /// The item.
    pub sku: Sku,
    /// How many left.
    pub shipped: i64,
    /// How many arrived.
    pub received: i64,
    /// How many of those that left are given up.
    pub lost: i64,
}

/// Something that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The receipt, unique in the transfer.
    pub receipt: ReceiptId,
    /// What arrived, under the names by which Onhand knows the items, after what people have
    /// decided.
    pub lines: Vec<ReceivedItem>,
    /// What had been given up of an item before, and was found again by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<(Sku, i64)>,
    /// Where it arrived, if that is not where the transfer goes: it came before its shipment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<LocationId>,
    /// Whether nothing more was to come after it.
    #[serde(rename = "final")]
    pub is_final: bool,
    /// How it came into the journal.
    #[serde(flatten)]
    pub said: Said,
}

/// How a business fact (contract.md section 3.3, rule 1) came into the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its content, to tell a repeat from a change.
    pub fingerprint: Fingerprint,
    /// When it happened, and who said it first.
    #[serde(flatten)]
    pub fact: Fact,
    /// The id of the event that said it first.
    pub id: EventId,
    /// Its place in the journal.
    pub seq: u64,
    /// What became of it: applied, or absorbed by a count.
    pub outcome: Outcome,
}

impl Said {
    /// The event that said it first.
    pub fn event(&self) -> EventRef {
        EventRef { source: self.fact.source.clone(), id: self.id.clone(), seq: self.seq }
    }
}

impl TransferLine {
    /// A line of an item of which nothing is known yet.
    pub const fn new(sku: Sku) -> Self {
        Self { sku, shipped: 0, received: 0, lost: 0 }
    }

    /// Units that are still on their way.
    pub fn outstanding(&self) -> i64 {
        (self.shipped - self.received - self.lost).max(0)
    }

    /// Units that arrived although they never left.
    pub fn surplus(&self) -> i64 {
        (self.received - self.shipped).max(0)
    }

    /// Notes that so many arrived (or did not, if negative). What was given up and turns up is
    /// given up no longer.
    pub(crate) fn receive(&mut self, quantity: i64) {
        self.received += quantity;
        self.lose(0);
    }

    /// Gives so many more up, but none that has arrived.
    pub(crate) fn lose(&mut self, quantity: i64) {
        self.lost = (self.lost + quantity).min((self.shipped - self.received).max(0));
    }
}

impl Transfer {
    /// A transfer of which nothing is known yet but where it arrived.
    pub(crate) const fn unshipped(transfer: TransferId, to: LocationId) -> Self {
        Self {
            transfer,
            from: None,
            to,
            lines: Vec::new(),
            kits: BTreeMap::new(),
            shipment: None,
            receipts: Vec::new(),
            withdrawn: false,
            decided: Vec::new(),
        }
    }

    /// Changes the lines of items one after another; an item that has no line yet gets one.
    pub(crate) fn change_lines<'a>(
        &mut self,
        items: impl IntoIterator<Item = (&'a Sku, i64)>,
        change: impl Fn(&mut TransferLine, i64),
    ) {
        let mut places: BTreeMap<Sku, usize> =
            self.lines.iter().enumerate().map(|(place, line)| (line.sku.clone(), place)).collect();
        for (sku, quantity) in items {
            let place = *places.entry(sku.clone()).or_insert(self.lines.len());
            if place == self.lines.len() {
                self.lines.push(TransferLine::new(sku.clone()));
            }
            change(&mut self.lines[place], quantity);
        }
    }

    /// Whether it has left, as far as is known: its shipment was said, and not taken back.
    pub const fn is_shipped(&self) -> bool {
        self.shipment.is_some() && !self.withdrawn
    }

    /// The receipt of this id.
    pub fn receipt(&self, receipt: &ReceiptId) -> Option<&Receipt> {
        self.receipts.iter().find(|known| known.receipt == *receipt)
    }

    /// Takes a receipt out, as if it had never been said: what it had found is given up again.
    pub(crate) fn take_out(&mut self, place: usize) -> Receipt {
        let receipt = self.receipts.remove(place);
        let rows = receipt.lines.iter().map(|row| (&row.sku, -row.quantity));
        self.change_lines(rows, TransferLine::receive);
        let found = receipt.found.iter().map(|(sku, units)| (sku, *units));
        self.change_lines(found, TransferLine::lose);
        receipt
    }

    /// Whether nothing more is to come.
    pub fn is_final(&self) -> bool {
        self.receipts.iter().any(|receipt| receipt.is_final)
    }

    /// Takes over what an update says.
    pub(crate) fn update(&mut self, update: TransferUpdate) {
        self.from = update.from;
        self.to = update.to;
        self.kits = update.kits;
        self.shipment = update.shipment;
        self.withdrawn = update.unshipped;
        self.decided = update.decided;
        self.lines.retain(|line| !update.gone.contains(&line.sku));
        take_over(&mut self.lines, update.lines, |line| &line.sku);
        self.receipts.retain(|receipt| !update.withdrawn.contains(&receipt.receipt));
        take_over(&mut self.receipts, update.receipts, |receipt| &receipt.receipt);
    }
}

impl From<TransferUpdate> for Transfer {
    /// The transfer of which an update is the first thing known.
    fn from(update: TransferUpdate) -> Self {
        Self {
            transfer: update.transfer,
            from: update.from,
            to: update.to,
            lines: update.lines,
            kits: update.kits,
            shipment: update.shipment,
            receipts: update.receipts,
            withdrawn: update.unshipped,
            decided: update.decided,
        }
    }
}

/// What an event changed in a transfer: the lines and receipts that it touched, as they are
/// afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferUpdate {
    /// The transfer.
    pub transfer: TransferId,
    /// Where it left from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<LocationId>,
    /// Where it goes.
    pub to: LocationId,
    /// What the kits consist of that it names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kits: BTreeMap<Sku, Vec<KitPart>>,
    /// How its shipment came into the journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipment: Option<Said>,
    /// The lines that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<TransferLine>,
    /// The receipts that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receipts: Vec<Receipt>,
    /// Receipts that are as if they had never been.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<ReceiptId>,
    /// Items of which the transfer has no line any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<Sku>,
    /// Whether it is as if it had never left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unshipped: bool,
    /// The records of the decisions on it that stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided: Vec<u64>,
    /// What it was before, where a person decided, so that the decision can be taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Box<Transfer>>,
}

impl TransferUpdate {
    /// What leads from one state of a transfer, if it was known, to another.
    pub(crate) fn between(before: Option<&Transfer>, after: &Transfer) -> Self {
        let before = before.map_or((&[][..], &[][..]), |it| (&it.lines[..], &it.receipts[..]));
        let (lines, receipts): (BTreeMap<_, _>, BTreeMap<_, _>) = (
            before.0.iter().map(|line| (&line.sku, line)).collect(),
            before.1.iter().map(|receipt| (&receipt.receipt, receipt)).collect(),
        );
        let changed = |line: &&TransferLine| lines.get(&line.sku) != Some(line);
        let new = |receipt: &&Receipt| receipts.get(&receipt.receipt) != Some(receipt);
        Self {
            transfer: after.transfer.clone(),
            from: after.from.clone(),
            to: after.to.clone(),
            kits: after.kits.clone(),
            shipment: after.shipment.clone(),
            lines: after.lines.iter().filter(changed).cloned().collect(),
            receipts: after.receipts.iter().filter(new).cloned().collect(),
            withdrawn: receipts
                .into_keys()
                .filter(|receipt| after.receipt(receipt).is_none())
                .cloned()
                .collect(),
            gone: lines
                .into_keys()
                .filter(|sku| !after.lines.iter().any(|line| line.sku == **sku))
                .cloned()
                .collect(),
            unshipped: after.withdrawn,
            decided: after.decided.clone(),
            before: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(skus: &[&str]) -> Transfer {
        let line = |sku: &&str| TransferLine::new(Sku::new(*sku).expect("the name is one"));
        let name = |name| LocationId::new(name).expect("the name is one");
        Transfer::from(TransferUpdate {
            transfer: TransferId::new("t1").expect("the name is one"),
            from: None,
            to: name("hamburg"),
            kits: BTreeMap::new(),
            shipment: None,
            lines: skus.iter().map(line).collect(),
            receipts: Vec::new(),
            withdrawn: Vec::new(),
            gone: Vec::new(),
            unshipped: false,
            decided: Vec::new(),
            before: None,
        })
    }

    #[test]
    fn an_update_leads_to_what_the_transfer_is_afterwards_whichever_lines_go() {
        for before in [&["A"][..], &["A", "B"], &["A", "B", "C"]] {
            for after in [&[][..], &["A"], &["B"], &["A", "C"], &["C", "D"]] {
                let mut known = transfer(before);
                known.update(TransferUpdate::between(Some(&transfer(before)), &transfer(after)));
                let lines: Vec<&str> = known.lines.iter().map(|line| line.sku.as_str()).collect();
                assert_eq!(lines, after, "{before:?}");
            }
        }
    }
}
