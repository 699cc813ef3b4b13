//! Orders: what each line was promised, where, and what became of it.

use serde::{Deserialize, Serialize};

use crate::document::take_over;
use crate::event::{Fingerprint, KitPart};
use crate::id::{EventId, LineId, LocationId, OrderId, Sku, Source};
use crate::record::{Outcome, WaitKey};

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
    /// Whether its units are taken from an item: its own, or a component of its kit.
    pub fn takes_from(&self, sku: &Sku) -> bool {
        if self.kit.is_empty() {
            self.sku == *sku
        } else {
            self.kit.iter().any(|it| it.sku == *sku)
        }
    }

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
            self.shares.push(Share::empty(location));
            self.shares.len() - 1
        });
        &mut self.shares[index]
    }

    /// Whether the line is one of this item, consisting of these parts.
    pub fn is_of(&self, sku: &Sku, kit: &[KitPart]) -> bool {
        self.sku == *sku && self.kit == kit
    }

    /// Whether the line says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.ordered == 0 && self.cancelled == 0 && self.shares.iter().all(Share::is_empty)
    }
}

impl Share {
    fn empty(location: &LocationId) -> Self {
        Self { location: location.clone(), committed: 0, fulfilled: 0, returned: 0 }
    }

    /// Whether nothing of the line is, or ever was, at the location.
    pub const fn is_empty(&self) -> bool {
        self.committed == 0 && self.fulfilled == 0 && self.returned == 0
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
    /// The record by which it took effect, if it was held back at first. None is named in records of
    /// before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<u64>,
}

/// What makes a business fact the same fact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fact", content = "key")]
pub enum FactKey {
    /// The order was placed; there is only one such fact.
    Placed,
    /// This reservation was confirmed for it: a part of its commitment.
    Confirmed(String),
    /// The order was cancelled as a whole before it was placed: what its placing brings is cancelled
    /// too. Not a fact that comes twice, so it
    /// is never compared.
    Cancelled,
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

    /// Whether the order is promised units of an item at a location, be it as a component of a kit.
    pub fn is_promised(&self, sku: &Sku, location: &LocationId) -> bool {
        self.lines.iter().filter(|line| line.takes_from(sku)).any(|line| {
            line.shares.iter().any(|share| share.location == *location && share.committed > 0)
        })
    }

    /// The first record that says anything of the order.
    pub fn first_seq(&self) -> Option<u64> {
        self.facts.iter().map(|fact| fact.seq).min()
    }

    /// Whether anything is known of it. A shipment or a return of which nothing fitted left no line,
    /// so it tells nothing of the order.
    pub fn is_heard_of(&self) -> bool {
        let tells =
            |fact: &OrderFact| !matches!(fact.key, FactKey::Fulfilled(_) | FactKey::Returned(_));
        !self.lines.is_empty() || self.facts.iter().any(tells)
    }

    /// Whether the order was placed.
    pub fn is_placed(&self) -> bool {
        self.fact(&FactKey::Placed).is_some()
    }

    /// Whether its lines were said as a whole: by its placing, or by an amendment that a person has
    /// applied without it.
    pub fn has_all_lines(&self) -> bool {
        self.is_placed() || self.revision.is_some()
    }

    /// Whether it has all its lines, or more of them than at a place in the journal.
    pub fn has_more_since(&self, record: u64) -> bool {
        let mut facts = self.facts.iter();
        let is_more =
            |fact: &OrderFact| matches!(fact.key, FactKey::Confirmed(_)) && fact.seq > record;
        self.has_all_lines() || facts.any(is_more)
    }

    /// What an event waits for that does not fit what is known of the order before it is placed,
    /// as the record of this place in the journal finds out.
    pub fn wait_key(&self, record: u64) -> WaitKey {
        let mut facts = self.facts.iter();
        if facts.any(|fact| matches!(fact.key, FactKey::Confirmed(_))) {
            WaitKey::RestOfOrder(self.order.clone(), record)
        } else {
            WaitKey::Order(self.order.clone())
        }
    }

    /// Takes over what an update says.
    pub fn update(&mut self, update: OrderUpdate) {
        take_over(&mut self.lines, update.lines, |line| &line.line);
        if !update.gone.is_empty() {
            self.lines.retain(|line| !update.gone.contains(&line.line));
        }
        if let Some(withdrawn) = update.withdrawn {
            self.facts.retain(|fact| fact.key != withdrawn.key);
        }
        self.facts.extend(update.fact);
        let revisions = self.facts.iter().filter_map(|fact| match fact.key {
            FactKey::Amended(revision) => Some(revision),
            _ => None,
        });
        self.revision = revisions.max();
    }
}

/// What an event changed in an order: what it touched, as it is afterwards, and by how much that
/// moved, so that it can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderUpdate {
    /// The order.
    pub order: OrderId,
    /// The lines that changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<OrderLine>,
    /// Lines of which nothing is left, or that the order has no longer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<LineId>,
    /// The business fact that the event says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<OrderFact>,
    /// The business fact that is no longer said: its event is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<OrderFact>,
    /// By how much each line moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<LineMove>,
}

/// By how much a line moved. A line that became one of another item moved twice: all that it was
/// left, and what it is came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineMove {
    /// The line.
    pub line: LineId,
    /// Of which item.
    pub sku: Sku,
    /// What one unit of it consists of, if it is a kit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kit: Vec<KitPart>,
    /// By how many units its order.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ordered: i64,
    /// By how many units its cancellation.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cancelled: i64,
    /// Its parts at locations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<ShareMove>,
}

/// By how much a line's part at one location moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareMove {
    /// Where.
    pub location: LocationId,
    /// By how many units what is promised.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub committed: i64,
    /// By how many units what is shipped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fulfilled: i64,
    /// By how many units what came back.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub returned: i64,
    /// Whether the line had no part there before. Records of before this was noted do not say so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_new: bool,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference, which is no larger in wasm"
)]
const fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl LineMove {
    /// By how many units of an item the promise at a location changed, be they part of a kit.
    pub(crate) fn committed(&self, sku: &Sku, location: &LocationId) -> i64 {
        let own = self.shares.iter().filter(|share| share.location == *location);
        let promised: i64 = own.map(|share| share.committed).sum();
        let parts = self.kit.iter().filter(|part| part.sku == *sku).map(|part| part.quantity);
        let of_each = if self.kit.is_empty() { i64::from(self.sku == *sku) } else { parts.sum() };
        promised * of_each
    }

    /// What led from one form of a line to the next; `None` stands for no line at all.
    pub(crate) fn between(before: Option<&OrderLine>, after: Option<&OrderLine>) -> Vec<Self> {
        let (left, came) = (before.map(|line| (line, -1)), after.map(|line| (line, 1)));
        let moves = match (before, after) {
            (Some(before), Some(after)) if before.is_of(&after.sku, &after.kit) => {
                let mut moved = Self::sum(left.into_iter().chain(came));
                if let Some(moved) = &mut moved {
                    moved.shares.retain(|share| !share.is_nothing());
                }
                vec![moved]
            }
            // All its places go or come, those of which nothing is left as well: they keep their turn.
            _ => vec![Self::sum(left.into_iter()), Self::sum(came.into_iter())],
        };
        moves.into_iter().flatten().collect()
    }

    /// The sum of forms of one line, each times a sign; `None` if it is nothing.
    fn sum<'a>(parts: impl Iterator<Item = (&'a OrderLine, i64)> + Clone) -> Option<Self> {
        let (first, _) = parts.clone().next()?;
        let mut sum = Self {
            line: first.line.clone(),
            sku: first.sku.clone(),
            kit: first.kit.clone(),
            ordered: 0,
            cancelled: 0,
            shares: Vec::new(),
        };
        for (line, sign) in parts {
            sum.ordered += sign * line.ordered;
            sum.cancelled += sign * line.cancelled;
            for share in &line.shares {
                sum.add(share, sign);
            }
        }
        let nothing = sum.shares.iter().all(ShareMove::is_nothing);
        (sum.ordered != 0 || sum.cancelled != 0 || !nothing).then_some(sum)
    }

    fn add(&mut self, share: &Share, sign: i64) {
        let index = self.shares.iter().position(|known| known.location == share.location);
        let index = index.unwrap_or_else(|| {
            // What a line had before is summed first.
            self.shares.push(ShareMove {
                location: share.location.clone(),
                committed: 0,
                fulfilled: 0,
                returned: 0,
                is_new: sign > 0,
            });
            self.shares.len() - 1
        });
        let sum = &mut self.shares[index];
        sum.committed += sign * share.committed;
        sum.fulfilled += sign * share.fulfilled;
        sum.returned += sign * share.returned;
    }
}

impl ShareMove {
    const fn is_nothing(&self) -> bool {
        self.committed == 0 && self.fulfilled == 0 && self.returned == 0
    }
}

impl OrderUpdate {
    /// Changes of lines, as a business fact says, if it is one.
    pub(crate) const fn new(
        order: OrderId,
        lines: Vec<OrderLine>,
        fact: Option<OrderFact>,
    ) -> Self {
        Self { order, lines, gone: Vec::new(), fact, withdrawn: None, moves: Vec::new() }
    }
}
