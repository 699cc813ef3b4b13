//! Safeguard 8: a batch that would take many items to zero at once is held as a whole, until a
//! person has looked at it (contract.md section 3.3). Of a batch that goes on in parts, since some of
//! it has waited for names, what nobody has looked at counts as a whole with each part: what its
//! earlier parts have emptied, and is still at zero for that, and what they name. A part comes to the
//! rest of its batch while that is held, and is asked about where a person has rejected the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{About, Draft};
use super::{names, waiting};
use crate::conflict::{Conflict, ConflictKind, EVENTS_LISTED_MAX, Evidence};
use crate::event::{Event, EventData, EventRef};
use crate::id::{ConflictId, Sku};
use crate::record::{Bucket, Change, Outcome, Record, WaitKey};
use crate::state::{Settings, SkuIx, State};

/// Items named in the evidence at most, of those that would go to zero.
const EMPTIED_SHOWN: usize = 10;

/// What a batch would do, found by deciding all of it.
#[derive(Debug)]
pub(crate) struct MassChange {
    /// The batch, as its sender calls it.
    batch: String,
    /// How many items it names.
    named: usize,
    /// How many of them it would take to zero.
    emptied: usize,
    /// How many of these it has taken there before, by events that went on earlier.
    already: usize,
    /// The first of those, by name.
    shown: Vec<Sku>,
    /// Which of its events come as far as this safeguard, by their places in the batch.
    reached: Vec<bool>,
    /// The conflict with which a person has rejected the rest of it, if one has.
    rejected: Option<ConflictId>,
}

impl MassChange {
    /// The same of which only the first events are to be held: the others are held already.
    pub(crate) fn of_first(mut self, count: usize) -> Self {
        self.reached.truncate(count);
        self
    }

    /// The same where a person has rejected the rest of the batch.
    pub(crate) fn of_rejected(self, conflict: ConflictId) -> Self {
        Self { rejected: Some(conflict), ..self }
    }
}

/// A place in a batch that is held.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held<'a> {
    /// What the batch would do.
    pub(crate) change: &'a MassChange,
    /// Which of its events is being decided.
    pub(crate) place: usize,
    /// The conflict that holds the batch, once an event has opened it, or if it was open before.
    pub(crate) conflict: Option<ConflictId>,
}

impl Held<'_> {
    /// Whether the event came as far as this safeguard when the batch was tried out. Names that
    /// another event of the batch would make known do not stop it then.
    pub(super) fn is_certain(self) -> bool {
        self.change.reached[self.place]
    }

    /// Whether no later event is certain to be held: then the conflict has to list all so far.
    fn is_last(self) -> bool {
        !self.change.reached[self.place + 1..].contains(&true)
    }
}

/// What a batch has done that was decided and applied just now, if that is too much. `records` are
/// those that decide its events; one that came before or cannot be has none. If only a part of the
/// batch has just gone on, the `earlier` events of it are those that had before, with what decided
/// them.
pub(crate) fn judge(
    state: &State,
    events: &[&Event],
    records: &[Option<&Record>],
    earlier: &[(&Event, &Record)],
) -> Option<MassChange> {
    // What takes nothing to zero need not be held back for what has done so before.
    if emptied(state, records.iter().flatten().copied()).is_empty() {
        return None;
    }
    let change = measure(state, events, records, earlier);
    let MassChange { named, emptied, .. } = change;
    let Settings { mass_change_min, mass_change_share, .. } = *state.settings();
    let is_too_much =
        emptied >= mass_change_min && emptied * 100 > named * usize::from(mass_change_share);
    is_too_much.then_some(change)
}

/// What a batch has done that was decided and applied just now, be it much or little.
pub(crate) fn measure(
    state: &State,
    events: &[&Event],
    records: &[Option<&Record>],
    earlier: &[(&Event, &Record)],
) -> MassChange {
    let now = emptied(state, records.iter().flatten().copied());
    let emptied = emptied(state, records.iter().flatten().copied().chain(unseen(earlier)));
    let reached: Vec<bool> = records.iter().map(|record| record.is_some_and(has_come)).collect();
    let come = events.iter().zip(records).filter_map(|(event, record)| {
        let record = record.filter(|record| has_come(record))?;
        Some((*event, record))
    });
    let mut named: BTreeSet<SkuIx> = BTreeSet::new();
    for (event, record) in come.chain(earlier.iter().copied()) {
        let moved = record.effects.iter().map(|effect| &effect.sku);
        let skus = event.data.skus().into_iter().chain(moved);
        named.extend(skus.filter_map(|sku| state.catalogue().sku(sku)));
    }
    MassChange {
        batch: events[0].batch_id().unwrap_or_default().to_owned(),
        named: named.len(),
        emptied: emptied.len(),
        already: emptied.difference(&now).count(),
        shown: emptied.into_iter().take(EMPTIED_SHOWN).cloned().collect(),
        reached,
        rejected: None,
    }
}

/// What has decided the events of a batch that nobody has looked at, of those that went on earlier.
fn unseen<'a>(earlier: &'a [(&Event, &'a Record)]) -> impl Iterator<Item = &'a Record> {
    earlier.iter().map(|(_, record)| *record).filter(|record| !is_approved(record))
}

/// The items of which there is nothing, over all locations, and would be something without these
/// records.
fn emptied<'a>(state: &State, records: impl IntoIterator<Item = &'a Record>) -> BTreeSet<&'a Sku> {
    let mut moved: BTreeMap<&Sku, i64> = BTreeMap::new();
    for effect in records.into_iter().flat_map(|record| &record.effects) {
        if effect.state == Bucket::OnHand {
            let sum = moved.entry(&effect.sku).or_default();
            *sum = sum.saturating_add(effect.delta);
        }
    }
    let is_emptied = |(name, delta): (&'a Sku, i64)| {
        let levels = state.levels_of(state.catalogue().sku(name)?);
        let on_hand = levels.map(|(_, level)| level.get(Bucket::OnHand));
        let after = on_hand.fold(0, i64::saturating_add);
        (after <= 0 && after.saturating_sub(delta) > 0).then_some(name)
    };
    moved.into_iter().filter_map(is_emptied).collect()
}

/// Whether a person has looked at what a record does: at the event by itself, or at those of its
/// batch that were held with it.
fn is_approved(record: &Record) -> bool {
    match &record.envelope.data {
        EventData::ConflictResolved(_) => true,
        EventData::EventReleased(released) => record.changes.iter().any(|change| {
            let own = released.seq;
            matches!(change, Change::Released { on: WaitKey::Approval(_), seq } if *seq == own)
        }),
        _ => false,
    }
}

/// Whether an event has come as far as this safeguard: none before it has held or refused it or found
/// that it repeats another, and it could be handled at all.
pub(crate) fn has_come(record: &Record) -> bool {
    let refused = record.outcome == Outcome::Rejected && record.conflict.is_some();
    if refused || record.outcome == Outcome::Duplicate {
        return false;
    }
    let held = record.conflict.filter(|_| record.outcome == Outcome::Conflict);
    let kind = record.changes.iter().find_map(|change| match change {
        Change::Conflict(conflict) if Some(conflict.id) == held => Some(conflict.kind),
        _ => None,
    });
    !matches!(
        kind,
        Some(
            ConflictKind::IdReused
                | ConflictKind::OrderChanged
                | ConflictKind::FutureTime
                | ConflictKind::Unmapped
                | ConflictKind::Poison
        )
    )
}

/// Lets an event wait for the decision on its batch.
pub(super) fn hold(draft: &mut Draft<'_>, held: Held<'_>, data: &EventData, seq: u64) -> Outcome {
    let MassChange { named, emptied, .. } = held.change;
    draft.reason = Some(match held.change.rejected {
        Some(rejected) => format!("the rest of its batch was rejected ({rejected})"),
        None => format!("its batch would take {emptied} of the {named} items it names to zero"),
    });
    let conflict = held.conflict.and_then(|id| draft.state.open_conflict(id));
    let id = match conflict {
        None => draft.open(ConflictKind::MassChange, About::default(), evidence(held.change)),
        Some(conflict) => {
            draft.conflict = Some(conflict.id);
            if held.is_last() {
                let whole = whole(draft, held.change, conflict);
                draft.change(Change::Conflict(Box::new(whole)));
            }
            conflict.id
        }
    };
    waiting::begin(draft, WaitKey::Approval(id), seq);
    if let Some((sku, location)) = names::level(draft, data) {
        draft.mention(sku, location);
    }
    Outcome::Conflict
}

/// The conflict with all the events of its batch, and what they would do, as it is written once
/// rather than with each of them.
fn whole(draft: &Draft<'_>, change: &MassChange, conflict: &Conflict) -> Conflict {
    let writes = |record: &&Record| {
        let mut changes = record.changes.iter();
        changes.any(|it| matches!(it, Change::Conflict(written) if written.id == conflict.id))
    };
    let since = draft.batch_records().iter().rev().take_while(|record| !writes(record));
    let approval = WaitKey::Approval(conflict.id);
    let waits = since.flat_map(|record| &record.changes).filter_map(|change| match change {
        Change::Waiting { on, seq } if *on == approval => draft.record(*seq),
        _ => None,
    });
    let mut came: Vec<EventRef> = waits.map(Record::event_ref).collect();
    came.reverse();
    let event_count = conflict.event_count + came.len() as u64 + 1;
    let mut events = conflict.events.clone();
    events.extend(came);
    // The last event is always listed, as in any conflict.
    events.truncate(EVENTS_LISTED_MAX - 1);
    events.push(draft.subject.clone());
    let (evidence, version) = (evidence(change), conflict.version + 1);
    Conflict { events, event_count, evidence, version, ..conflict.clone() }
}

/// Says in a conflict that what it shows was measured with events that wait for a name again. What they
/// would do is found only by trying all of it, which is done when they come back.
pub(super) fn note_that_some_left(conflict: &mut Conflict) {
    let note = Evidence::new("measured before", "some of its events went back to wait for a name");
    if !conflict.evidence.contains(&note) {
        conflict.evidence.push(note);
    }
}

fn evidence(change: &MassChange) -> Vec<Evidence> {
    let names: Vec<&str> = change.shown.iter().map(Sku::as_str).collect();
    let more = change.emptied - names.len();
    let names = names.join(", ");
    let names = if more == 0 { names } else { format!("{names} and {more} more") };
    let mut evidence = vec![Evidence::new("batch", &change.batch)];
    if let Some(rejected) = change.rejected {
        evidence.push(Evidence::new("the rest of it was rejected with", rejected));
    }
    evidence.push(Evidence::new("items it names", change.named));
    evidence.push(Evidence::new("would go to zero", change.emptied));
    if change.already > 0 {
        evidence.push(Evidence::new("of these at zero by it already", change.already));
    }
    if change.emptied > 0 {
        evidence.push(Evidence::new("these are", names));
    }
    evidence
}
