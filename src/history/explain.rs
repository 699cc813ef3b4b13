//! Why a level is what it is, term by term. The terms add up exactly: what no event accounts for
//! is a term of its own, the decision of the person who accepted the count.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Step;
use super::level::newest_count;
use super::side::{key, keys_of_verdicts};
use crate::event::EventRef;
use crate::id::{OrderId, Source};
use crate::record::Bucket;
use crate::time::Timestamp;

/// Terms listed of one number at most; those before are one sum.
pub const TERMS_MAX: usize = 1_000;

/// Why a level is what it is: `on_hand` is the sum of `terms`, `available` is that without `holds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// Everything physically there.
    pub on_hand: i64,
    /// What it consists of, in the order in which it happened.
    pub terms: Vec<Term>,
    /// What is not free to be sold, and who holds it.
    pub holds: Vec<Hold>,
    /// What is left.
    pub available: i64,
    /// What is on its way, beside all this.
    pub incoming: Vec<Hold>,
}

/// What a term stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The last accepted count.
    Counted,
    /// An event that moved the number since.
    Moved,
    /// A person's word on which movements near the count it contains.
    Decided,
    /// All terms before the first one listed.
    Earlier,
}

/// One term of a sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// What it stands for.
    pub cause: Cause,
    /// Units, signed.
    pub quantity: i64,
    /// The event in the journal; of earlier terms, the last one.
    pub event: EventRef,
    /// The type of that event.
    #[serde(rename = "type")]
    pub event_type: Cow<'static, str>,
    /// When it happened.
    pub time: Timestamp,
    /// Who said the fact.
    pub source: Source,
    /// The order it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
}

/// Units in a state other than available.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The state.
    pub state: Bucket,
    /// Units, signed: what an order holds, or what one event moved.
    pub quantity: i64,
    /// The last event that changed it.
    pub event: EventRef,
    /// When that happened.
    pub time: Timestamp,
    /// The order that holds them; without one, the event does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
}

/// Explains a level by all steps that touched it, in any order. Of its terms, and of the holds of
/// each state, it lists the last `most` (at least one); what came before is one sum.
pub fn explain(steps: &[Step], most: usize) -> Explanation {
    explain_after(None, steps, most)
}

/// The same by the newest steps alone, of a level that has these numbers after so many changes: what
/// the steps do not account for came before the first of them.
pub fn explain_newest(
    newest: &[Step],
    (now, version): ([i64; Bucket::ALL.len()], u64),
    most: usize,
) -> Explanation {
    let changes: BTreeSet<u64> =
        newest.iter().filter(|step| step.is_change).map(Step::seq).collect();
    let are_all = changes.len() as u64 == version;
    let first = newest.iter().min_by_key(|step| step.seq());
    let Some(last) = first.filter(|_| !are_all) else { return explain(newest, most) };
    // The first one stands for all before it.
    let steps: Vec<Step> = newest.iter().filter(|step| step.seq() > last.seq()).cloned().collect();
    let mut moved = now;
    for (moved, state) in moved.iter_mut().zip(Bucket::ALL) {
        *moved -= sum(&steps, state);
    }
    explain_after(Some(Earlier { moved, last }), &steps, most)
}

fn sum(steps: &[Step], state: Bucket) -> i64 {
    steps.iter().map(|step| step.moved[state as usize]).sum()
}

/// What happened before the steps that are looked at.
#[derive(Clone, Copy)]
struct Earlier<'a> {
    /// By how much it moved each number, in all.
    moved: [i64; Bucket::ALL.len()],
    /// The last of it.
    last: &'a Step,
}

fn explain_after(earlier: Option<Earlier<'_>>, steps: &[Step], most: usize) -> Explanation {
    let most = most.max(1);
    let before = earlier.map_or(0, |earlier| earlier.moved[Bucket::OnHand as usize]);
    let on_hand = before + sum(steps, Bucket::OnHand);
    let (incoming, holds): (Vec<_>, Vec<_>) =
        holds(earlier, steps, most).into_iter().partition(|hold| hold.state == Bucket::Incoming);
    let held: i64 = holds.iter().map(|hold| hold.quantity).sum();
    Explanation {
        on_hand,
        terms: bounded(terms(earlier, steps, on_hand), most),
        holds,
        available: on_hand - held,
        incoming,
    }
}

fn terms(earlier: Option<Earlier<'_>>, steps: &[Step], on_hand: i64) -> Vec<Term> {
    let count = newest_count(steps.iter(), |_| true);
    let verdicts = keys_of_verdicts(steps);
    // A count is re-based on what happened after it, whenever that arrived.
    let is_later = |step: &Step| {
        let moves_later =
            |count: &Step| step.occurred_at > count.occurred_at && !verdicts.contains(&key(step));
        count.is_none_or(|count| step.seq() > count.seq() || moves_later(count))
    };
    let mut terms: Vec<Term> = steps
        .iter()
        .filter(|step| step.moved_on_hand() != 0 && is_later(step))
        .map(|step| term(Cause::Moved, step.moved_on_hand(), step))
        .collect();
    if let Some(count) = count {
        let counted = count.counted.unwrap_or_default();
        terms.push(term(Cause::Counted, counted, count));
    }
    let rest = on_hand - terms.iter().map(|term| term.quantity).sum::<i64>();
    // Of a count with steps that are not looked at, nobody can tell what a person has decided.
    let of_rest = earlier.map(|earlier| (Cause::Earlier, earlier.last));
    if let Some((cause, step)) = of_rest.or(count.map(|count| (Cause::Decided, count)))
        && rest != 0
    {
        terms.push(term(cause, rest, step));
    }
    // A count comes before what happened at the same moment: it is where the sum begins.
    terms.sort_by_key(|term| (term.cause == Cause::Moved, term.time, term.event.seq));
    terms
}

fn term(cause: Cause, quantity: i64, step: &Step) -> Term {
    Term {
        cause,
        quantity,
        event: step.event.clone(),
        event_type: step.event_type.clone(),
        time: step.occurred_at,
        source: step.source.clone(),
        order: step.order.clone(),
    }
}

/// The last terms, with the sum of those before as the first one.
fn bounded(mut terms: Vec<Term>, most: usize) -> Vec<Term> {
    let Some(more) = terms.len().checked_sub(most).filter(|more| *more > 0) else {
        return terms;
    };
    let mut earlier: Vec<Term> = terms.drain(..=more).collect();
    let quantity = earlier.iter().map(|term| term.quantity).sum();
    if let Some(last) = earlier.pop() {
        let sum = Term { cause: Cause::Earlier, quantity, order: None, ..last };
        terms.insert(0, sum);
    }
    terms
}

/// What is held: for each state and order what is left of it, and for each other event what it
/// moved; the oldest first.
fn holds(earlier: Option<Earlier<'_>>, steps: &[Step], most: usize) -> Vec<Hold> {
    let mut left: BTreeMap<(Bucket, Option<&OrderId>, u64), Hold> = BTreeMap::new();
    for step in steps {
        for (state, order, moved) in held_by(step).filter(|(.., moved)| *moved != 0) {
            let own = if order.is_some() { 0 } else { step.seq() };
            let hold = left.entry((state, order, own)).or_insert_with(|| Hold {
                state,
                quantity: 0,
                event: step.event.clone(),
                time: step.occurred_at,
                order: order.cloned(),
            });
            hold.quantity += moved;
            if step.seq() > hold.event.seq {
                (hold.event, hold.time) = (step.event.clone(), step.occurred_at);
            }
        }
    }
    let mut holds: Vec<Hold> = left.into_values().filter(|hold| hold.quantity != 0).collect();
    if let Some(earlier) = earlier {
        holds = with_earlier(earlier, holds);
    }
    holds.sort_by_key(|hold| (hold.state, hold.event.seq));
    let states = holds.chunk_by(|one, next| one.state == next.state);
    states.flat_map(|of_state| bounded_holds(of_state, most)).collect()
}

/// By how much a step moved what is held, of each state, and for which order. What several orders
/// were promised by one record is said by its first step alone; the sum of all is the same.
fn held_by(step: &Step) -> impl Iterator<Item = (Bucket, Option<&OrderId>, i64)> {
    let divided = step.promised.iter().flatten();
    let divided = divided.map(|(order, units)| (Bucket::Committed, Some(order), *units));
    let states = Bucket::ALL.into_iter().filter(|state| *state != Bucket::OnHand);
    let rest: i64 = step.promised.iter().flatten().map(|(_, units)| units).sum();
    let all = states.map(move |state| {
        let said = if state == Bucket::Committed { rest } else { 0 };
        (state, step.order.as_ref(), step.moved[state as usize] - said)
    });
    all.chain(divided)
}

/// The holds with those of before, one for each state. What an order let go of it had held before.
fn with_earlier(earlier: Earlier<'_>, holds: Vec<Hold>) -> Vec<Hold> {
    let Earlier { mut moved, last } = earlier;
    let let_go = |hold: &Hold| hold.order.is_some() && hold.quantity < 0;
    let (older, mut holds): (Vec<_>, Vec<_>) = holds.into_iter().partition(let_go);
    for hold in older {
        moved[hold.state as usize] += hold.quantity;
    }
    let states = Bucket::ALL.into_iter().filter(|state| *state != Bucket::OnHand);
    for state in states.filter(|state| moved[*state as usize] != 0) {
        let (quantity, event) = (moved[state as usize], last.event.clone());
        holds.push(Hold { state, quantity, event, time: last.occurred_at, order: None });
    }
    holds
}

/// Of the holds of one state the last, with the sum of those before as the first one.
fn bounded_holds(holds: &[Hold], most: usize) -> Vec<Hold> {
    let Some(more) = holds.len().checked_sub(most).filter(|more| *more > 0) else {
        return holds.to_vec();
    };
    let (earlier, listed) = holds.split_at(more + 1);
    let quantity = earlier.iter().map(|hold| hold.quantity).sum();
    let sum = earlier.last().map(|last| Hold { quantity, order: None, ..last.clone() });
    sum.into_iter().chain(listed.iter().cloned()).collect()
}
