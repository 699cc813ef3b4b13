//! What a level was at any past moment, on both clocks, and why it is what it is (contract.md
//! section 4): folds over what each record of the journal did to the level. The state itself keeps
//! no past; a store keeps one [`Step`] for each record that touches a level.

mod explain;
mod level;
mod side;

pub use explain::{Cause, Explanation, Hold, TERMS_MAX, Term, explain, explain_newest};
pub use level::level_at;

use crate::conflict::ResolutionOption as O;
use crate::event::{EventData, EventRef};
use crate::id::{LocationId, OrderId, Sku, Source};
use crate::record::{Basis, Bucket, Change, Counted, Fact, Record};
use crate::state::{Movement, Overlap, Settings};
use crate::time::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What one record did to one level, by a fact of its own or with what another record had moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The record's event.
    pub event: EventRef,
    /// The type of that event.
    pub event_type: Cow<'static, str>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// When the fact behind it happened.
    pub occurred_at: Timestamp,
    /// Who said the fact.
    pub source: Source,
    /// The order it is about, if it is one.
    pub order: Option<OrderId>,
    /// To which orders units were promised, or by which they were let go, where the record changed
    /// several. The first step of a record at a level says all of it, the others nothing.
    pub promised: Option<Vec<(OrderId, i64)>>,
    /// Whether the level changed, so that its version grew.
    pub is_change: bool,
    /// By how much each number moved, in the order of [`Bucket::ALL`].
    pub moved: [i64; Bucket::ALL.len()],
    /// By how much each number would have moved, had a count not contained it, by movements that
    /// never had an effect: no count adds them up.
    pub absorbed: [i64; Bucket::ALL.len()],
    /// By how much `on_hand` would have moved by what takes back movements that had an effect. It
    /// moved nothing then, but it did as far as a later count is concerned. The states that had
    /// moved are moved back in any case. Of a count, what its record moved besides at its moment,
    /// where it was recorded before a step said what it is about.
    pub countered: i64,
    /// What was counted, if it is an accepted count: a new starting point, not a movement.
    pub counted: Option<i64>,
    /// The record of the count that it takes back, if it does: no movement either. Of one that is
    /// taken back already, it lets the count stand again.
    pub uncounted: Option<u64>,
    /// Whether it only says, for a movement recorded before, on which side of a count it lies.
    pub is_verdict: bool,
    /// The record that had moved the level at this moment, if it is about that movement: it takes it
    /// back, corrects it, or says where it lies.
    pub of: Option<u64>,
    /// Of a count, what a person has said of the movements around it.
    pub around: Option<Around>,
}

/// What a person has said of the movements around a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Around {
    /// On which side of it they lie.
    pub overlap: Overlap,
    /// Within how many microseconds of it.
    pub window_us: i64,
}

/// Which of the two clocks a moment is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// As it truly was then, with all that is known today.
    Occurred(Timestamp),
    /// As it was believed after this record.
    Recorded(u64),
}

/// Steps of one record, by SKU, then location, then moment, then the record they are about, then who
/// said the fact.
type Steps<'a> = BTreeMap<(&'a Sku, &'a LocationId, Timestamp, Option<u64>, Source), Step>;

/// What a record did to each level that it touches, by SKU, then location, then moment: what takes
/// back several facts did so at the moment of each, and what two have said of one moment is two things.
pub fn steps(record: &Record) -> Vec<(&Sku, &LocationId, Step)> {
    let mut steps = Steps::new();
    let blank = blank(record);
    // Several counts of a level may be taken back by one record, and one may stand again in between:
    // each time has a moment of its own.
    let ends = record.changes.iter().filter_map(|change| match change {
        Change::Uncounted { seq, .. } => Some(*seq),
        _ => None,
    });
    let ends: Vec<u64> = ends.collect();
    let uncounts = |seq: u64, place: usize| {
        let occurred_at = record.recorded_at.plus_micros(i64::try_from(place).unwrap_or(i64::MAX));
        Step { occurred_at, uncounted: Some(seq), of: None, ..blank.clone() }
    };
    let first_end = |seq: u64| ends.iter().position(|end| *end == seq).unwrap_or_default();
    let moves = |fact: &Fact| Step {
        occurred_at: fact.time,
        source: fact.source.clone(),
        of: fact.of,
        ..blank.clone()
    };
    for (sku, location) in &record.mentions {
        step(&mut steps, sku, location, blank.clone());
    }
    for effect in &record.effects {
        let new = match &effect.basis {
            None => blank.clone(),
            Some(Basis::Movement(fact)) => moves(fact),
            Some(Basis::Count(seq)) => uncounts(*seq, first_end(*seq)),
        };
        let step = step(&mut steps, &effect.sku, &effect.location, new);
        step.moved[effect.state as usize] += effect.delta;
        step.is_change = true;
    }
    let mut place = 0;
    for change in &record.changes {
        match change {
            Change::Counted(counted) => {
                let step = step(&mut steps, &counted.sku, &counted.location, blank.clone());
                step.counted = Some(counted.counted);
                step.around = around(counted);
                step.is_change = true;
            }
            Change::Uncounted { sku, location, seq, .. } => {
                step(&mut steps, sku, location, uncounts(*seq, place)).is_change = true;
                place += 1;
            }
            Change::Absorbed { sku, location, delta, state, fact, movement } => {
                let own = fact.as_ref().or(movement.as_ref());
                let new = own.map_or_else(|| blank.clone(), moves);
                let step = step(&mut steps, sku, location, new);
                match record.countered(change) {
                    Some(_) => step.countered = step.countered.saturating_add(*delta),
                    None => step.absorb(*delta, *state),
                }
            }
            Change::Withdrawn { sku, location, delta, state, fact } => {
                step(&mut steps, sku, location, moves(fact)).absorb(*delta, *state);
            }
            _ => {}
        }
    }
    if changes_several_orders(record) {
        divide(record, &mut steps);
    }
    steps.into_iter().map(|((sku, location, ..), step)| (sku, location, step)).collect()
}

/// Whether the units that a record promises may be those of more than one order.
fn changes_several_orders(record: &Record) -> bool {
    let mut orders = record.order_updates().map(|update| &update.order);
    let first = orders.next();
    orders.any(|order| Some(order) != first)
}

/// Says for the first step at each level which orders were promised how many units.
fn divide(record: &Record, steps: &mut Steps<'_>) {
    let mut last = None;
    for ((sku, location, ..), step) in steps {
        if last == Some((*sku, *location)) {
            continue;
        }
        last = Some((*sku, *location));
        let mut promised: BTreeMap<&OrderId, i64> = BTreeMap::new();
        for update in record.order_updates() {
            let moved = update.moves.iter().map(|moved| moved.committed(sku, location));
            *promised.entry(&update.order).or_default() += moved.sum::<i64>();
        }
        let moved = promised.into_iter().filter(|(_, units)| *units != 0);
        step.promised = Some(moved.map(|(order, units)| (order.clone(), units)).collect());
    }
}

/// The step of a record that did nothing.
fn blank(record: &Record) -> Step {
    let is_of_several = changes_several_orders(record);
    Step {
        event: record.event_ref(),
        event_type: Cow::Borrowed(record.envelope.event_type()),
        recorded_at: record.recorded_at,
        occurred_at: record.fact_time(),
        source: record.fact_source().clone(),
        order: if is_of_several { None } else { record.order().cloned() },
        promised: is_of_several.then(Vec::new),
        is_change: false,
        moved: [0; Bucket::ALL.len()],
        absorbed: [0; Bucket::ALL.len()],
        countered: 0,
        counted: None,
        uncounted: None,
        is_verdict: decides_side(record),
        of: record.fact.as_ref().and_then(|fact| fact.of),
        around: None,
    }
}

/// What a person has said of the movements around a count.
fn around(counted: &Counted) -> Option<Around> {
    let usual = || Settings::default().count_window_us;
    let window_us = counted.window_us.unwrap_or_else(usual);
    counted.overlap.map(|overlap| Around { overlap, window_us })
}

/// The step at a level and a moment, of a fact of one source; this one, if there is none yet.
fn step<'a, 'b>(
    steps: &'b mut Steps<'a>,
    sku: &'a Sku,
    location: &'a LocationId,
    new: Step,
) -> &'b mut Step {
    let key = (sku, location, new.occurred_at, new.of, new.source.clone());
    steps.entry(key).or_insert(new)
}

/// Whether it is a person's decision on which side of a count a movement lies.
fn decides_side(record: &Record) -> bool {
    match &record.envelope.data {
        EventData::ConflictResolved(choice) => {
            record.is_movement() && matches!(choice.option, O::KeepCounted | O::KeepDifference)
        }
        _ => false,
    }
}

impl Step {
    /// The record's place in the journal.
    pub const fn seq(&self) -> u64 {
        self.event.seq
    }

    /// Whether it is a movement, if it moved anything: neither a count nor the end of one.
    pub const fn is_movement(&self) -> bool {
        self.counted.is_none() && self.uncounted.is_none()
    }

    /// By how much movements of it have changed `on_hand`.
    pub(crate) const fn moved_on_hand(&self) -> i64 {
        match self.counted {
            Some(_) => self.countered,
            None if self.is_movement() => self.on_hand(),
            None => 0,
        }
    }

    /// By how much `on_hand` moved as far as a later count is concerned.
    pub(crate) const fn movement(&self) -> i64 {
        let moved = if self.is_movement() { self.on_hand() } else { 0 };
        moved + self.countered
    }

    /// What it is to a later count.
    pub fn movements(&self) -> impl Iterator<Item = Movement> {
        let moved = self.movement() - self.countered;
        let parts = [(moved, false), (self.countered, true)].into_iter();
        parts.filter(|(delta, _)| *delta != 0).map(|(delta, is_counter)| Movement {
            time: self.occurred_at,
            seq: self.seq(),
            source: self.source.clone(),
            delta,
            is_counter,
        })
    }

    /// By how much `on_hand` moved.
    pub const fn on_hand(&self) -> i64 {
        self.moved[Bucket::OnHand as usize]
    }

    /// Units would have come or gone, had a count not contained it, and with them a state.
    fn absorb(&mut self, delta: i64, state: Option<Bucket>) {
        for number in [Some(Bucket::OnHand), state].into_iter().flatten() {
            let sum = &mut self.absorbed[number as usize];
            *sum = sum.saturating_add(delta);
        }
    }

    /// By how much each number truly moved, whatever a later count made of it. A verdict is no
    /// movement: the one that it is about is there besides.
    fn truly_moved(&self) -> [i64; Bucket::ALL.len()] {
        let mut moved = [0; Bucket::ALL.len()];
        if !self.is_verdict {
            for (number, state) in moved.iter_mut().zip(Bucket::ALL) {
                let had_effect = match state {
                    Bucket::OnHand => self.movement(),
                    _ => self.moved[state as usize],
                };
                *number = had_effect + self.absorbed[state as usize];
            }
        }
        moved
    }
}
