//! Orders: what each line was promised, where, and what became of it.

use serde::{Deserialize, Serialize};

use crate::document::take_over;
use crate::event::{Fingerprint, KitPart};
use crate::id::{EventId, LineId, LocationId, OrderId, Sku, Source};
use crate::record::Outcome;

/// An order as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The order.
    pub order: OrderId,
    /// The newest amendment's revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// Its lines, in the order in which they were first named.
    pub lines: Vec<OrderLine>,
    /// The business facts recorded about it, so that each counts once.
    pub facts: Vec<OrderFact>,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The line.
    pub line: LineId,
    /// What was ordered.
    pub sku: Sku,
    /// How many were ordered, after all amendments.
    pub ordered: i64,
    /// How many were cancelled.
    pub cancelled: i64,
    /// What is promised, shipped and back, by location.
    pub shares: Vec<Share>,
    /// What one unit consists of, if it is a kit: as it was when the line was first committed,
    /// whatever the kit has become since. All numbers of the line are in units of the kit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kit: Vec<KitPart>,
}

/// A line's part at one location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Where.
    pub location: LocationId,
    /// Still promised.
    pub committed: i64,
    /// Shipped from here.
    pub fulfilled: i64,
    /// Of what was shipped from here, how many came back.
    pub returned: i64,
}

impl OrderLine {
    /// Units still promised.
    pub fn committed(&self) -> i64 {
        self.shares.iter().map(|share| share.committed).sum()
    }

    /// Units shipped.
    pub fn fulfilled(&self) -> i64 {
        self.shares.iter().map(|share| share.fulfilled).sum()
    }

    /// Units that came back.
    pub fn returned(&self) -> i64 {
        self.shares.iter().map(|share| share.returned).sum()
    }

    /// The share at a location, made empty if there is none yet.
    pub fn share_mut(&mut self, location: &LocationId) -> &mut Share {
        let index = self.shares.iter().position(|share| share.location == *location);
        let index = index.unwrap_or_else(|| {
            let location = location.clone();
            self.shares.push(Share { location, committed: 0, fulfilled: 0, returned: 0 });
            self.shares.len() - 1
        });
        &mut self.shares[index]
    }
}

/// A business fact about an order (contract.md section 3.3, rule 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFact {
    /// Which fact.
    #[serde(flatten)]
    pub key: FactKey,
    /// Its content, to tell a repeat from a change.
    pub fingerprint: Fingerprint,
    /// The event that said it first.
    pub source: Source,
    /// Its id there.
    pub id: EventId,
    /// Its place in the journal.
    pub seq: u64,
    /// What became of it: applied, or absorbed by a count.
    pub outcome: Outcome,
}

/// What makes a business fact the same fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fact", content = "key")]
pub enum FactKey {
    /// The order was placed; there is only one such fact.
    Placed,
    /// The amendment of this revision.
    Amended(i64),
    /// This shipment.
    Fulfilled(String),
    /// This return.
    Returned(String),
}

impl Order {
    /// An order of which nothing is known yet.
    pub fn new(order: OrderId) -> Self {
        Self { order, revision: None, lines: Vec::new(), facts: Vec::new() }
    }

    /// The recorded fact of this key.
    pub fn fact(&self, key: &FactKey) -> Option<&OrderFact> {
        self.facts.iter().find(|fact| fact.key == *key)
    }

    /// Whether the order was placed.
    pub fn is_placed(&self) -> bool {
        self.fact(&FactKey::Placed).is_some()
    }

    /// Takes over what an update says.
    pub fn update(&mut self, update: OrderUpdate) {
        self.revision = update.revision.or(self.revision);
        take_over(&mut self.lines, update.lines, |line| &line.line);
        self.facts.extend(update.fact);
    }
}

/// What an event changed in an order: the lines it touched, as they are afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderUpdate {
    /// The order.
    pub order: OrderId,
    /// The new revision, if the event is an amendment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    /// The lines that changed.
    pub lines: Vec<OrderLine>,
    /// The business fact that the event says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<OrderFact>,
}
