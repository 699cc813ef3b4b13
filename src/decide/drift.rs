//! `channel.level_reported`, and drift: a channel shows a number that nothing explains, and a person
//! decides whose number holds (contract.md section 5). What the channel itself says is an
//! observation without effect; only what Onhand has found by comparing, after everything that could
//! explain it, asks somebody.

use super::Stop;
use super::draft::{About, Draft};
use super::movement::move_on_hand;
use super::refused::Refused;
use super::reopen::known;
use super::reverse::{Refusal, at_hand};
use super::stock::sku_of;
use super::turn_back;
use crate::conflict::{
    Choice, Conflict, ConflictKind, ConflictStatus, EVENTS_LISTED_MAX, Evidence,
    ResolutionOption as O,
};
use crate::event::{ChannelDrift, ChannelLevelReported, Event, EventData};
use crate::id::LocationId;
use crate::record::{Change, Outcome, Record};
use crate::state::Subject;

/// What a channel shows.
pub(super) fn reported(
    draft: &mut Draft<'_>,
    event: &Event,
    data: &ChannelLevelReported,
) -> Result<Outcome, Stop> {
    let Some(found) = &data.drift else { return Ok(Outcome::Applied) };
    let subject = Subject::Listing(data.channel.clone(), data.listing.clone());
    let open = draft.conflict_about(&subject).cloned();
    if found.difference == 0 {
        if let Some(conflict) = open {
            draft.close(&conflict, ConflictStatus::AutoResolved, None);
            for event in &conflict.events {
                draft.change(Change::became(event.seq, Outcome::Superseded));
            }
        }
        return Ok(Outcome::Applied);
    }
    let evidence = evidence(event, data, found);
    if let Some(mut conflict) = open {
        if conflict.events.len() >= EVENTS_LISTED_MAX
            && let Some(last) = conflict.events.pop()
        {
            // Whoever decides sees the newer one; what is not listed must not be left undecided.
            conflict.event_count -= 1;
            draft.change(Change::became(last.seq, Outcome::Superseded));
        }
        draft.join(&conflict, evidence);
        return Ok(Outcome::Conflict);
    }
    let sku = sku_of(draft, "/data/drift/sku", &found.sku)?;
    let about = About {
        sku: Some(draft.sku_name(sku).clone()),
        location: only_location(draft, found).cloned(),
        channel: Some(data.channel.clone()),
        listing: Some(data.listing.clone()),
        ..About::default()
    };
    draft.open(ConflictKind::Drift, about, evidence);
    Ok(Outcome::Conflict)
}

/// The location whose stock the channel shows, if it is only one.
fn only_location<'a>(draft: &Draft<'a>, found: &'a ChannelDrift) -> Option<&'a LocationId> {
    let state = draft.state;
    match &found.locations[..] {
        [] => match state.catalogue.locations() {
            [only] => Some(&only.location),
            _ => None,
        },
        [only] => state.catalogue.location(only).map(|known| state.catalogue.location_name(known)),
        _ => None,
    }
}

fn evidence(event: &Event, data: &ChannelLevelReported, drift: &ChannelDrift) -> Vec<Evidence> {
    let published = data.quantity.saturating_sub(drift.difference);
    let mut evidence = vec![
        Evidence::new("listing", &data.listing),
        Evidence::new("Onhand's number there", published),
    ];
    if let Some(acknowledged) = &drift.acknowledged {
        let (label, value) = ("the channel acknowledged", acknowledged.quantity);
        evidence.push(match acknowledged.at {
            Some(at) => Evidence::at(label, value, at),
            None => Evidence::new(label, value),
        });
    }
    evidence.push(Evidence::at("the channel shows", data.quantity, event.time));
    evidence.push(Evidence::new("difference", format!("{:+}", drift.difference)));
    evidence
}

/// Carries a person's decision out. `held` is the last report of the channel. To publish Onhand's
/// number again changes nothing here: it is what the channel is to be told anyway.
pub(super) fn decide(
    draft: &mut Draft<'_>,
    conflict: &Conflict,
    choice: &Choice,
    held: &Record,
) -> Result<Outcome, Refused> {
    if choice.option != O::AcceptChannel {
        all_are(draft, conflict, Outcome::Rejected)?;
        return Ok(Outcome::Applied);
    }
    let EventData::ChannelLevelReported(ChannelLevelReported { drift: Some(found), .. }) =
        &held.envelope.data
    else {
        return Err(Refused::Impossible("its event says no difference".to_owned()));
    };
    let sku = draft.sku(&found.sku);
    let sku = sku.ok_or_else(|| Refused::Impossible(format!("{} is not known", found.sku)))?;
    if !draft.kit(sku).is_empty() {
        let detail = format!("{} is a kit, which holds no stock: adjust its components", found.sku);
        return Err(Refused::Impossible(detail));
    }
    let problem = "must name a location that the channel counts";
    let needs = || Refused::Needs { field: "location", problem };
    let place = conflict.location.as_ref().or(choice.location.as_ref()).ok_or_else(needs)?;
    let location = draft.location(place).ok_or_else(needs)?;
    let counts = |name: &LocationId| draft.location(name) == Some(location);
    if !found.locations.is_empty() && !found.locations.iter().any(counts) {
        return Err(needs());
    }
    move_on_hand(draft, sku, location, found.difference, None);
    all_are(draft, conflict, Outcome::Applied)?;
    Ok(draft.outcome_of_fact())
}

/// Says what has become of all reports of a conflict by a person's decision.
fn all_are(draft: &mut Draft<'_>, conflict: &Conflict, outcome: Outcome) -> Result<(), Refused> {
    for event in &conflict.events {
        let before = Some(known(draft, event).map_err(Refused::Impossible)?.decided);
        draft.change(Change::Final { seq: event.seq, outcome, decided: None, before });
    }
    Ok(())
}

/// A report takes part in its conflict no longer, which asks about the last of the others then.
pub(super) fn leave(draft: &mut Draft<'_>, conflict: &Conflict, seq: u64) -> Result<(), Refusal> {
    let mut rest = conflict.clone();
    if let Some(last) = conflict.events.iter().rev().find(|event| event.seq != seq) {
        let last = at_hand(draft, last.seq)?;
        if let EventData::ChannelLevelReported(data) = &last.envelope.data
            && let Some(found) = &data.drift
        {
            rest.evidence = evidence(&last.envelope, data, found);
        }
    }
    turn_back::leave(draft, &rest, seq);
    Ok(())
}
