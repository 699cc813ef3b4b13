//! Whether something later may rest on what a record did.

use super::conflicts::About;
use super::orders::{Line, Order};
use super::reversals::is_effective;
use super::{Did, Model, Said};
use crate::event::EventData;
use crate::id::OrderId;

/// Whether anything is neither as it was before, nor as it is now: it has gone on since.
fn has_gone_on<T: PartialEq>(before: &[T], after: &[T], now: &[T]) -> bool {
    after.iter().any(|it| !before.contains(it) && !now.contains(it))
}

impl Model {
    /// Whether anything that came later may rest on what a record did.
    pub(super) fn may_be_rested_on(&self, record: u64) -> bool {
        let said = self.journal_at(record);
        let (before, after) = (&said.before, &said.after);
        let is_last = record == self.journal.len() as u64;
        let is_request = matches!(said.did, Did::Decide(_)) || self.is_reversal(record);
        has_gone_on(&before.orders, &after.orders, &self.orders)
            || has_gone_on(&before.transfers, &after.transfers, &self.transfers)
            || has_gone_on(&before.reservations, &after.reservations, &self.reservations)
            || self.was_said_more(record, after)
            || has_more_back_than_out(before, after)
            || shipped_what_had_arrived(before, after)
            || self.was_counted_on(record, said)
            || self.was_decided(said)
            || is_request && (!is_last || is_delicate(record, said))
    }

    /// Whether a decision on a transfer stands that was taken after a receipt of it: it goes first.
    pub(super) fn is_receipt_decided_on(&self, record: u64) -> bool {
        let said = self.journal_at(record);
        if matches!(said.did, Did::Decide(_)) || self.is_reversal(record) {
            return false;
        }
        let received = said.after.transfers.iter().filter(|after| {
            let mut before = said.before.transfers.iter();
            after.has_more_receipts(before.find(|before| before.id == after.id))
        });
        received.into_iter().any(|transfer| {
            let later = (record + 1)..=self.journal.len() as u64;
            later.into_iter().any(|seq| match self.journal_at(seq).did {
                Did::Decide(index) if !self.taken_back.contains(&seq) => {
                    matches!(&self.asked[index].about, About::Transfer(id, _) if *id == transfer.id)
                }
                _ => false,
            })
        })
    }

    /// Whether units that it cancelled were taken for granted since: by a later revision, which says
    /// what the lines are, or, if the order was cancelled as a whole before it came, by its placing.
    pub(super) fn is_cancelled_for_good(&self, record: u64) -> bool {
        let said = self.journal_at(record);
        said.after.orders.iter().any(|after| {
            let none = Order::new(&after.id);
            let before = said.before.orders.iter().find(|before| before.id == after.id);
            let before = before.unwrap_or(&none);
            let is_whole = after.cancelled && !before.cancelled && before.revision.is_none();
            let placed = self.orders.iter().any(|now| now.id == after.id && now.placed);
            is_whole && placed
                || cancelled_more(before, after) && self.is_amended_since(record, &after.id)
        })
    }

    fn is_amended_since(&self, record: u64, order: &OrderId) -> bool {
        self.told.iter().any(|(seq, told)| {
            matches!(&told.event.data, EventData::OrderAmended(data) if data.order == *order)
                && told.decided > record
                && is_effective(told.outcome)
                && !self.taken_back.contains(seq)
        })
    }

    pub(super) fn is_reversal(&self, record: u64) -> bool {
        let after = &self.journal_at(record).after;
        let mut decided = after.told.values().filter(|told| told.decided == record);
        decided.any(|told| matches!(told.event.data, EventData::EventReversed(_)))
    }

    /// What applied without changing anything is something that happened to an order as well.
    fn was_said_more(&self, record: u64, after: &Self) -> bool {
        let target = after.told.values().find(|told| told.decided == record);
        let Some(order) = target.and_then(|told| told.event.data.order()) else { return false };
        self.told.values().any(|told| {
            told.event.data.order() == Some(order)
                && told.decided > record
                && is_effective(told.outcome)
        })
    }

    /// Whether anything has come to a level since it was counted, by the record in the making as well.
    fn was_counted_on(&self, record: u64, said: &Said) -> bool {
        let since = &self.journal[usize::try_from(record).expect("a journal fits in memory")..];
        let last = &self.journal.last().expect("the record is in the journal").after;
        said.after.counts[said.before.counts.len()..].iter().any(|count| {
            let here = |model: &Self| -> Vec<(i64, bool)> {
                let here = model.movements.iter().filter(|it| it.level == count.level);
                here.map(|it| (it.delta, it.counts())).collect()
            };
            let moved = here(last) != here(self);
            moved
                || since.iter().any(|said| {
                    // What came and went within one record has come all the same.
                    let was = here(&said.before);
                    said.raised.contains(&count.level)
                        || here(&said.after) != was
                        || said.between.iter().any(|part| here(part) != was)
                })
        })
    }

    /// Whether somebody has decided on which side of a count it lies.
    fn was_decided(&self, said: &Said) -> bool {
        let opened = &self.asked[said.before.asked.len()..said.after.asked.len()];
        let mut late =
            opened.iter().filter(|asked| matches!(asked.about, About::LateMovement { .. }));
        late.any(|asked| !asked.open)
    }
}

/// Whether other units of an order's lines are cancelled than before.
fn cancelled_more(before: &Order, after: &Order) -> bool {
    let of = |order: &Order, like: &Line| -> i64 {
        let same = order
            .lines
            .iter()
            .filter(|line| line.id == like.id && line.sku == like.sku && line.kit == like.kit);
        same.map(|line| line.cancelled).sum()
    };
    let mut lines = before.lines.iter().chain(&after.lines);
    lines.any(|line| of(before, line) != of(after, line))
}

/// Whether it goes back to an order of which more has come back than was shipped: which of the two
/// came first, the order does not say.
fn has_more_back_than_out(before: &Model, after: &Model) -> bool {
    let changed = before.orders.iter().filter(|order| !after.orders.contains(order));
    let mut lines = changed.flat_map(|order| &order.lines);
    lines.any(|line| line.shares.iter().any(|share| share.returned > share.fulfilled))
}

/// Whether it says how something left that had arrived before: the receipts are compared with it.
fn shipped_what_had_arrived(before: &Model, after: &Model) -> bool {
    let mut arrived = before.transfers.iter().filter(|it| !it.is_shipped() && it.has_arrived());
    arrived.any(|transfer| after.is_shipped(&transfer.id))
}

/// Whether a decision or a reversal, or what it was about, cannot simply be put back.
fn is_delicate(record: u64, said: &Said) -> bool {
    let (before, after) = (&said.before, &said.after);
    if let Did::Decide(index) = said.did {
        let mut decided = after.told.values().filter(|told| told.decided == record);
        return decided.any(|told| matches!(told.event.data, EventData::EventReversed(_)))
            || before.taken_back != after.taken_back
            || matches!(
                before.asked[index].about,
                About::Unknown(_)
                    | About::Batch(_)
                    | About::Oversold(_)
                    | About::Transfer(..)
                    | About::Drift { .. }
            );
    }
    let mut asked = before.asked.iter().zip(&after.asked);
    let mut counts = before.counts.iter().zip(&after.counts);
    asked.any(|(before, after)| !before.open && after.open)
        || counts.any(|(before, after)| before.withdrawn != after.withdrawn)
        || before.taken_back.difference(&after.taken_back).next().is_some()
        || before.transfers != after.transfers
        || before.reservations != after.reservations
}
