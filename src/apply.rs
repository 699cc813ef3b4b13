//! The only way in which state changes, while deciding and in replay alike.

use crate::conflict::{Conflict, ConflictStatus};
use crate::event::EventData;
use crate::id::{LocationId, Sku};
use crate::record::{Change, Effect, Record, WaitKey};
use crate::state::{Baseline, Head, Known, Level, LocIx, Movement, Oversold, SkuIx, State, Undo};

/// Applies a record: its effects and changes, and its place in the journal, but for the hash over
/// it, which is only known once it is written.
///
/// # Panics
/// When the record does not follow from the state: that is a broken journal or a broken rule, and
/// going on would hide it.
pub(crate) fn apply(state: &mut State, record: &Record) {
    if state.undo.is_empty() {
        // One note for the batch: to undo it is to undo all of it.
        state.undo.push(Undo::Head(state.head));
    }
    assert_eq!(record.seq, state.head.seq + 1, "the journal has no gaps");
    assert!(record.recorded_at > state.head.recorded_at, "time only goes forward");
    assert!(record.uptime.is_none_or(|uptime| uptime >= state.head.uptime), "and so do timers");
    // Items, locations and names come first: effects of the same record may rest on them.
    for change in &record.changes {
        apply_name(state, change);
    }
    for effect in &record.effects {
        apply_effect(state, record, effect);
    }
    #[cfg(feature = "sim")]
    spring(record);
    for change in &record.changes {
        apply_change(state, record, change);
    }
    note_known(state, record);
    let opened = record.changes.iter().filter_map(|change| match change {
        Change::Conflict(conflict) => Some(conflict.id.number()),
        _ => None,
    });
    let conflicts = opened.fold(state.head.conflicts, u64::max);
    state.head = Head {
        seq: record.seq,
        recorded_at: record.recorded_at,
        chain: state.head.chain,
        conflicts,
        uptime: record.uptime.unwrap_or(state.head.uptime),
    };
}

fn apply_name(state: &mut State, change: &Change) {
    let undo = match change {
        Change::Item(item) => Undo::Item(item.sku.clone(), state.catalogue.put_item(item.clone())),
        Change::Location(info) => {
            Undo::Location(info.location.clone(), state.catalogue.put_location(info.clone()))
        }
        Change::SkuAlias { name, sku } => {
            let before = state.catalogue.put_sku_alias(name.clone(), sku.clone());
            Undo::SkuAlias(name.clone(), before)
        }
        Change::LocationAlias { name, location } => {
            let before = state.catalogue.put_location_alias(name.clone(), location.clone());
            Undo::LocationAlias(name.clone(), before)
        }
        Change::ListingAlias { channel, listing, sku } => {
            let listing = (channel.clone(), listing.clone());
            let before = state.catalogue.put_listing_alias(listing.clone(), sku.clone());
            Undo::ListingAlias(listing, before)
        }
        _ => return,
    };
    state.undo.push(undo);
}

fn apply_effect(state: &mut State, record: &Record, effect: &Effect) {
    let movement = Movement::of(record, effect);
    let key = change_level(state, &effect.sku, &effect.location, |level| {
        let after = level.get(effect.state) + effect.delta;
        assert_eq!(after, effect.after, "an effect leads from what is to what it says");
        let first = level.seq != record.seq;
        assert_eq!(effect.version, level.version + u64::from(first), "versions grow by one");
        level.set(effect.state, after);
        level.version = effect.version;
        level.seq = record.seq;
        level.updated_at = record.recorded_at;
        if let Some((count, movement)) = level.counted.as_mut().zip(movement.as_ref()) {
            count.relied_on |= count.lets_through(movement.time);
        }
    });
    if let Some(movement) = movement {
        state.working.add_movement(key, movement);
    }
}

fn apply_change(state: &mut State, record: &Record, change: &Change) {
    match change {
        Change::Counted(counted) => {
            let baseline = Some(Baseline::from(counted));
            set_baseline(state, record, &counted.sku, &counted.location, baseline);
        }
        Change::Uncounted { sku, location, counted, .. } => {
            set_baseline(state, record, sku, location, counted.clone());
        }
        Change::Absorbed { sku, location, .. } => {
            let key = change_level(state, sku, location, |level| {
                if let Some(count) = &mut level.counted {
                    count.relied_on = true;
                }
            });
            if let Some(movement) = Movement::of_change(record, change) {
                state.working.add_movement(key, movement);
            }
        }
        Change::Order(update) => state.working.update_order(update.clone()),
        Change::Transfer(update) => state.working.update_transfer(update.as_ref().clone()),
        Change::Reservation(reservation) => {
            state.working.put_reservation(reservation.as_ref().clone());
        }
        Change::Timer { what, at } => {
            let before = state.schedule.set(what, *at);
            state.undo.push(Undo::Timer(what.clone(), before));
        }
        Change::Conflict(conflict) => apply_conflict(state, conflict),
        Change::Waiting { on, seq } => set_waiting(state, on, *seq, true),
        Change::Released { on, seq } => set_waiting(state, on, *seq, false),
        Change::Woken { on, discard, .. } => {
            if state.waiting.any_on(on) {
                set_woken(state, on, Some(*discard));
            }
        }
        Change::Held { seq, said } => {
            let before = state.held.set(*seq, said.as_deref().cloned());
            state.undo.push(Undo::Held(*seq, before.map(Box::new)));
        }
        Change::Recovered { sku, location } => {
            change_level(state, sku, location, |level| level.oversold = Oversold::No);
        }
        Change::Item(_)
        | Change::Location(_)
        | Change::SkuAlias { .. }
        | Change::LocationAlias { .. }
        | Change::ListingAlias { .. }
        | Change::Withdrawn { .. }
        | Change::Reversed { .. }
        | Change::Final { .. } => {}
    }
}

/// Changes a level by the names of its item and location, which are known by now; says which.
fn change_level(
    state: &mut State,
    sku: &Sku,
    location: &LocationId,
    change: impl FnOnce(&mut Level),
) -> (SkuIx, LocIx) {
    let sku = state.catalogue.sku(sku).expect("a level's item is known");
    let location = state.catalogue.location(location).expect("a level's location is known");
    let key = (sku, location);
    let (level, made) = state.levels.get_or_make(key);
    // The note comes first: a change that breaks off has to be undone too.
    state.undo.push(Undo::Level(key, (!made).then(|| level.clone())));
    change(level);
    if made {
        state.working.begin_level(key);
    }
    key
}

fn set_baseline(
    state: &mut State,
    record: &Record,
    sku: &Sku,
    location: &LocationId,
    baseline: Option<Baseline>,
) {
    change_level(state, sku, location, |level| {
        level.counted = baseline.map(Box::new);
        // A count that finds just what was believed changes no number, but it does raise the
        // version: whoever read the level before has not seen it confirmed.
        if level.seq != record.seq {
            level.version += 1;
            level.seq = record.seq;
            level.updated_at = record.recorded_at;
        }
    });
}

fn apply_conflict(state: &mut State, conflict: &Conflict) {
    let open = conflict.status == ConflictStatus::Open;
    let before = if open {
        state.conflicts.insert(conflict.id, conflict.clone())
    } else {
        state.conflicts.remove(&conflict.id)
    };
    state.undo.push(Undo::Conflict(conflict.id, before.map(Box::new)));
    if let Some(subject) = State::subject_of(conflict) {
        let other = state.subjects.get(&subject).is_some_and(|open| *open != conflict.id);
        if open {
            let before = state.subjects.insert(subject.clone(), conflict.id);
            state.undo.push(Undo::Subject(subject, before));
        } else if !other {
            // Another one may be open about the same by now, when this ends for good.
            let before = state.subjects.remove(&subject);
            state.undo.push(Undo::Subject(subject, before));
        }
    }
    if conflict.kind == crate::conflict::ConflictKind::Oversold {
        apply_oversold(state, conflict);
    }
}

fn apply_oversold(state: &mut State, conflict: &Conflict) {
    let (Some(sku), Some(location)) = (&conflict.sku, &conflict.location) else { return };
    change_level(state, sku, location, |level| {
        let other = matches!(level.oversold, Oversold::Open(open) if open != conflict.id);
        level.oversold = match conflict.status {
            ConflictStatus::Open => Oversold::Open(conflict.id),
            // Another is open about the level by now.
            _ if other => level.oversold,
            ConflictStatus::Resolved if level.available() < 0 => Oversold::Acknowledged,
            ConflictStatus::Resolved | ConflictStatus::AutoResolved => Oversold::No,
        };
    });
}

fn set_waiting(state: &mut State, on: &WaitKey, seq: u64, waits: bool) {
    assert!(state.waiting.set(on, seq, waits), "an event waits once and is released once");
    state.undo.push(Undo::Waiting(on.clone(), seq, !waits));
    if !state.waiting.any_on(on) {
        // Whatever comes to wait for it from now on has to be woken again.
        set_woken(state, on, None);
    }
}

fn set_woken(state: &mut State, on: &WaitKey, woken: Option<bool>) {
    let before = state.waiting.wake(on, woken);
    state.undo.push(Undo::Woken(on.clone(), before));
}

/// Remembers the event's name for the rest of the batch, and last outcomes of earlier ones.
fn note_known(state: &mut State, record: &Record) {
    let envelope = &record.envelope;
    let known = Known {
        seq: record.seq,
        fingerprint: record.fingerprint,
        outcome: record.outcome,
        decided: record.seq,
        reversed_by: None,
    };
    state.working.put_known(&envelope.source, &envelope.id, known);
    // Mostly it is the event that goes on by this one.
    let name = match &envelope.data {
        EventData::EventReleased(released) => Some((&released.source, &released.id)),
        EventData::EventOrphaned(orphaned) => Some((&orphaned.source, &orphaned.id)),
        _ => None,
    };
    for change in &record.changes {
        match change {
            Change::Final { seq, outcome, decided, .. } => {
                let decided = decided.unwrap_or(record.seq);
                state.working.decide(*seq, name, *outcome, decided);
            }
            Change::Reversed { seq, by, .. } => state.working.reverse(*seq, *by),
            _ => {}
        }
    }
}

/// Fails half-way, if a test wants it; what is held or flagged instead does not.
#[cfg(feature = "sim")]
fn spring(record: &Record) {
    let id = match &record.envelope.data {
        EventData::EventReleased(released) => &released.id,
        _ => &record.envelope.id,
    };
    if record.outcome == crate::record::Outcome::Applied {
        crate::sim::trap::spring(crate::sim::trap::Phase::Apply, id.as_str());
    }
}
