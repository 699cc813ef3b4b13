//! `conflict.resolved`: what a person decided, carried out by the same rules as everything else.

use super::draft::Draft;
use super::movement::near_count;
use super::release::settle;
use super::take_back::fact_of;
use super::taken_back::takes_the_place_of_another;
use super::{
    Excess, Lifted, Refused, Stop, catalogue, drift, kit, orphan, poison, second, shortage,
    transfer, weigh,
};
use crate::conflict::{Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use crate::event::Event;
use crate::id::{LocationId, Sku};
use crate::ledger::Sight;
use crate::record::{
    Basis, Bucket, Change, Decision, Fact, ItemInfo, LocationInfo, Outcome, Record, WaitKey,
};
use crate::state::Overlap;
use crate::time::Now;

/// Decides what a choice leads to. `held` is the last event of
/// the conflict, the one that it holds back or is about, as the journal has it.
pub(crate) fn resolve(
    sight: Sight<'_>,
    carrier: &Event,
    choice: &Choice,
    held: Option<&Record>,
    now: Now,
    actor: &str,
) -> Result<Decision, Refused> {
    let conflict = sight.state.open_conflict(choice.conflict).ok_or(Refused::NotOpen)?;
    let held = held.filter(|held| conflict.events.last() == Some(&held.event_ref()));
    if conflict.version != choice.expected_version {
        let (now, seen) = (conflict.version, choice.expected_version);
        return Err(Refused::Changed { now, seen });
    }
    if conflict.offered().all(|option| option != choice.option) {
        let names: Vec<_> = conflict.offered().map(O::as_str).collect();
        return Err(Refused::NotOffered { option: choice.option, offered: names.join(", ") });
    }
    let mut draft = Draft::new(sight, carrier, now, actor);
    check_fields(&draft, conflict, choice, held)?;
    draft.close(conflict, ConflictStatus::Resolved, Some(choice));
    let result = match (conflict.kind, held) {
        (ConflictKind::Unmapped, _) => {
            map(&mut draft, conflict, choice)?;
            draft.finish(Outcome::Applied).map_err(Stop::from)
        }
        (ConflictKind::MassChange, _) => {
            draft.let_go(waits_for(conflict), choice.option == O::Reject);
            draft.finish(Outcome::Applied).map_err(Stop::from)
        }
        (ConflictKind::IdReused | ConflictKind::OrderChanged, _)
            if choice.option == O::ApplySecond =>
        {
            let outcome = second::apply(&mut draft, conflict)?;
            draft.finish(outcome).map_err(Stop::from)
        }
        (ConflictKind::Oversold, _) => {
            let outcome = match choice.option {
                O::Reallocate => shortage::reallocate(&mut draft, conflict, choice)?,
                O::CancelLines => shortage::cancel_lines(&mut draft, conflict, choice)?,
                _ => Outcome::Applied,
            };
            draft.finish(outcome).map_err(Stop::from)
        }
        (ConflictKind::CountOverlap, Some(held)) if conflict.is_about_late_movement() => {
            let outcome = flip(&mut draft, conflict, choice.option, held);
            draft.finish(outcome).map_err(Stop::from)
        }
        (ConflictKind::Drift, Some(held)) => {
            let outcome = drift::decide(&mut draft, conflict, choice, held)?;
            draft.finish(outcome).map_err(Stop::from)
        }
        (_, Some(held)) if conflict.is_about_transfer() => {
            transfer::settle(&mut draft, conflict, choice.option, held)?;
            draft.finish(Outcome::Applied).map_err(Stop::from)
        }
        (ConflictKind::IdReused, _) => {
            // All contents but the first are refused, however many there were.
            for event in conflict.events.iter().skip(1) {
                draft.change(Change::became(event.seq, Outcome::Rejected));
            }
            draft.finish(Outcome::Applied).map_err(Stop::from)
        }
        (ConflictKind::Orphan, Some(held)) => orphan::decide(draft, choice, held)?,
        (ConflictKind::Poison, Some(held)) => poison::decide(draft, conflict, choice.option, held),
        (_, Some(held)) => carry_out(draft, choice.option, held),
        (_, None) => return Err(Refused::Impossible("its event is not at hand".to_owned())),
    };
    result.map_err(Refused::from)
}

/// Refuses a choice that says more than its option takes: whoever said it would believe that it
/// counts.
fn check_fields(
    draft: &Draft<'_>,
    conflict: &Conflict,
    choice: &Choice,
    held: Option<&Record>,
) -> Result<(), Refused> {
    let takes = match held {
        Some(held) if choice.option == O::ApplyWithoutOrder => {
            orphan::takes(draft, &held.envelope.data)
        }
        _ => conflict.needs(choice.option),
    };
    let given = [
        ("sku", choice.sku.is_some()),
        ("location", choice.location.is_some()),
        ("lines", !choice.lines.is_empty()),
    ];
    let mut unused = given.into_iter().filter(|(field, given)| *given && !takes.contains(field));
    let Some((field, _)) = unused.next() else { return Ok(()) };
    let takes = match takes {
        [] => "nothing besides".to_owned(),
        fields => format!("only {}", fields.join(" and ")),
    };
    Err(Refused::Unused { field, option: choice.option, takes })
}

/// Decides a held event again with the safeguard lifted that held it, and all those before it.
fn carry_out(mut draft: Draft<'_>, option: O, held: &Record) -> Result<Decision, Stop> {
    draft.stand_for(held);
    let mut lifted = Lifted::again();
    match option {
        O::Discard | O::KeepFirst => {
            draft.change(Change::became(held.seq, Outcome::Rejected));
            return Ok(draft.finish(Outcome::Applied)?);
        }
        O::ApplyRequested => lifted.version = true,
        O::ApplyAsReceived => draft.fact.time = held.recorded_at,
        O::ApplyAnyway => lifted.excess = Excess::Anyway,
        O::Cap => lifted.excess = Excess::Cap,
        O::KeepCounted | O::KeepDifference => {
            let counted = option == O::KeepCounted;
            lifted.version = true;
            lifted.overlap = Some(if counted { Overlap::Counted } else { Overlap::Difference });
        }
        _ => {}
    }
    let outcome = weigh(&mut draft, &held.envelope, held.seq, lifted);
    settle(draft, outcome, held.seq)
}

/// What the events of a conflict about an unknown name, or of a batch, wait for.
pub(super) fn waits_for(conflict: &Conflict) -> WaitKey {
    if conflict.kind == ConflictKind::MassChange {
        return WaitKey::Approval(conflict.id);
    }
    conflict.unknown_name()
}

/// Settles what an unknown name means; what waits for it is then decided again.
fn map(draft: &mut Draft<'_>, conflict: &Conflict, choice: &Choice) -> Result<(), Refused> {
    let key = waits_for(conflict);
    let discard = choice.option == O::Discard;
    match (choice.option, &key) {
        (O::Map, WaitKey::Sku(name)) => {
            let problem = "must name an item that is known";
            let target = choice.sku.as_ref().and_then(|sku| draft.sku(sku));
            let target = target.ok_or(Refused::Needs { field: "sku", problem })?;
            let waits = kit::awaited_by(draft.state, conflict, choice);
            let mut waits = waits.into_iter().filter_map(|seq| draft.record(seq));
            if waits.any(|held| kit::is_none_in(name, &held.envelope.data)) {
                let problem = "must name an item that is no kit: what waits is about stock of it, \
                               or makes it a component";
                return Err(Refused::Needs { field: "sku", problem });
            }
            let sku = draft.sku_name(target).clone();
            draft.change(Change::SkuAlias { name: name.clone(), sku: Some(sku) });
        }
        (O::Map, WaitKey::Location(name)) => {
            let problem = "must name a location that is known";
            let target = choice.location.as_ref().and_then(|name| draft.location(name));
            let target = target.ok_or(Refused::Needs { field: "location", problem })?;
            let location = draft.state.catalogue().location_name(target).clone();
            draft.change(Change::LocationAlias { name: name.clone(), location: Some(location) });
        }
        (O::Map, WaitKey::Listing(channel, listing)) => {
            let problem = "must name an item that is known";
            let target = choice.sku.as_ref().and_then(|sku| draft.sku(sku));
            let target = target.ok_or(Refused::Needs { field: "sku", problem })?;
            let (channel, listing) = (channel.clone(), listing.clone());
            let sku = Some(draft.sku_name(target).clone());
            draft.change(Change::ListingAlias { channel, listing, sku });
        }
        (O::Create, WaitKey::Sku(sku)) => {
            let sku = sku.clone();
            draft.create_item(ItemInfo::named(sku));
        }
        (O::Create, WaitKey::Location(location)) => {
            let location = location.clone();
            draft.change(Change::Location(LocationInfo { location, name: None, rank: None }));
            catalogue::arrived(draft, WaitKey::AnyLocation);
        }
        _ => {}
    }
    draft.let_go(key, discard);
    Ok(())
}

/// Confirms a movement near a count, or flips what was assumed of it. `held` is the record that
/// moved the level, or did not; what it took back of an earlier content stays as it is.
fn flip(draft: &mut Draft<'_>, conflict: &Conflict, option: O, held: &Record) -> Outcome {
    draft.subject = held.event_ref();
    draft.fact = fact_of(held);
    let Some((sku, location)) = draft.level_about(conflict) else { return Outcome::Applied };
    let counted = draft.state.level(sku, location).counted.as_ref();
    if let Some(newer) = counted.filter(|count| count.seq > held.seq) {
        // What the movement did is no longer part of the number, so there is nothing to flip.
        draft.reason = Some(format!("a newer count of {} stands (#{})", newer.time, newer.seq));
        draft.mention(sku, location);
        return Outcome::Superseded;
    }
    let here = |name: &Sku, place: &LocationId| {
        draft.sku(name) == Some(sku) && draft.location(place) == Some(location)
    };
    // A person was asked about what lies near the count, of what the record has moved.
    let is_near = |movement: Option<&Fact>| {
        let Fact { time, source, .. } = movement.unwrap_or(&draft.fact);
        counted.is_some_and(|count| near_count(draft.state, count, *time, source))
    };
    // Each movement at its own moment, where the record has several.
    let mut moves: Vec<(Option<&Fact>, Bucket, i64)> = Vec::new();
    let mut contained: Vec<(Option<&Fact>, i64)> = Vec::new();
    match option {
        // It is in the count, but it had an effect: take that back. What it did to other states,
        // such as `committed`, is no matter of the count.
        O::KeepCounted => {
            let counted = [Bucket::OnHand, Bucket::Damaged, Bucket::QualityControl];
            let replaces = takes_the_place_of_another(held);
            let own = held.effects.iter().filter(|effect| !replaces || effect.basis.is_none());
            let effects = own.filter(|effect| counted.contains(&effect.state));
            for effect in effects.filter(|effect| here(&effect.sku, &effect.location)) {
                let movement = match &effect.basis {
                    Some(Basis::Movement(fact)) => Some(fact),
                    _ => None,
                };
                if !is_near(movement) {
                    continue;
                }
                moves.push((movement, effect.state, -effect.delta));
                if effect.state == Bucket::OnHand {
                    contained.push((movement, effect.delta));
                }
            }
        }
        // It came after the count, but was absorbed: let it have its effect now.
        O::KeepDifference => {
            for change in &held.changes {
                if let Change::Absorbed { sku, location, delta, state, fact: None, movement } =
                    change
                    && here(sku, location)
                    && is_near(movement.as_ref())
                {
                    moves.push((movement.as_ref(), Bucket::OnHand, *delta));
                    moves.extend(state.map(|state| (movement.as_ref(), state, *delta)));
                }
            }
        }
        _ => {}
    }
    let of_held = |fact: &Fact| Fact { of: Some(held.seq), ..fact.clone() };
    for (movement, delta) in contained {
        draft.change(Change::Absorbed {
            sku: draft.sku_name(sku).clone(),
            location: draft.state.catalogue.location_name(location).clone(),
            delta,
            state: None,
            fact: None,
            movement: movement.map(of_held),
        });
    }
    draft.mention(sku, location);
    for (movement, bucket, delta) in moves {
        draft.begin_part(movement.map(of_held).map(Basis::Movement));
        draft.add(sku, location, bucket, delta);
    }
    Outcome::Applied
}
