//! Safeguard 7 for listings: a channel reports on one that is not set up, and a person says which
//! item it sells, or that it does not matter.

use onhand::conflict::{Choice, Conflict, ConflictKind, ConflictStatus, ResolutionOption as O};
use onhand::event::EventData;
use onhand::ledger::{Input, Refused};
use onhand::record::{Change, Outcome};

use crate::harness::{World, choice};
use crate::says::reversed;

fn to_sku(conflict: &Conflict, sku: &str) -> Choice {
    Choice { sku: Some(sku.parse().unwrap()), ..choice(conflict, O::Map) }
}

#[test]
fn there_is_one_conflict_for_each_listing_that_is_not_known() {
    let mut world = World::new();
    for shown in [7, 8] {
        let result = world.report_unlisted("tea-250g", shown);
        assert_eq!((result.outcome, result.effects.len()), (Outcome::Conflict, 0));
    }
    let conflict = world.conflict();
    let listing = conflict.channel.as_ref().zip(conflict.listing.as_ref()).unwrap();
    assert_eq!((listing.0.as_str(), listing.1.as_str()), ("web", "tea-250g"));
    assert_eq!((conflict.kind, conflict.event_count), (ConflictKind::Unmapped, 2));
    assert_eq!(conflict.offered().collect::<Vec<_>>(), [O::Map, O::Discard]);
    world.report_unlisted("tea-1kg", 2);
    assert_eq!(world.open(ConflictKind::Unmapped).len(), 2);
}

#[test]
fn a_mapped_listing_is_known_from_then_on() {
    let mut world = World::new();
    let result = world.report_unlisted("tea-250g", 7);
    let conflict = world.conflict();
    world.choose(to_sku(&conflict, "TEA")).unwrap();
    assert_eq!(world.status(&conflict), ConflictStatus::Resolved);
    assert_eq!(world.outcome(&result), Outcome::Applied);
    assert_eq!(world.report_unlisted("tea-250g", 9).outcome, Outcome::Applied);
    world.quiet();
}

#[test]
fn mapping_needs_an_item_that_is_known() {
    let mut world = World::new();
    world.report_unlisted("tea-250g", 7);
    let conflict = world.conflict();
    for refused in [world.choose(choice(&conflict, O::Map)), world.choose(to_sku(&conflict, "TEE"))]
    {
        assert!(matches!(refused, Err(Refused::Needs { field: "sku", .. })), "{refused:?}");
    }
    assert!(matches!(world.resolve(&conflict, O::Create), Err(Refused::NotOffered { .. })));
}

#[test]
fn what_does_not_matter_is_refused_and_asked_about_again_next_time() {
    let mut world = World::new();
    let result = world.report_unlisted("tea-250g", 7);
    let conflict = world.conflict();
    world.resolve(&conflict, O::Discard).unwrap();
    assert_eq!(world.outcome(&result), Outcome::Rejected);
    assert_eq!(world.report_unlisted("tea-250g", 7).outcome, Outcome::Conflict);
}

#[test]
fn a_mapping_that_is_taken_back_lets_the_reports_wait_again() {
    let mut world = World::new();
    let result = world.report_unlisted("tea-250g", 7);
    let conflict = world.conflict();
    let decision = world.choose(to_sku(&conflict, "TEA")).unwrap();
    let taken = world.post(reversed("onhand", decision.envelope.id.as_str()));
    assert_eq!(taken.outcome, Outcome::Applied);
    assert_eq!(world.status(&conflict), ConflictStatus::Open);
    assert_eq!(world.outcome(&result), Outcome::Conflict);
    assert_eq!(world.report_unlisted("tea-250g", 9).conflict, Some(conflict.id));
}

#[test]
fn what_was_discarded_for_a_listing_that_means_something_by_now_stays_so() {
    let mut world = World::new();
    world.report_unlisted("tea-250g", 7);
    let discarded = world.resolve(&world.conflict(), O::Discard).unwrap();
    world.report_unlisted("tea-250g", 8);
    world.choose(to_sku(&world.conflict(), "TEA")).unwrap();
    let result = world.post(reversed("onhand", discarded.envelope.id.as_str()));
    assert_eq!(result.outcome, Outcome::Rejected);
    assert!(result.reason.unwrap().contains("has been decided since"));
}

/// What Onhand knew of the listing is no part of what the event says.
#[test]
fn a_report_that_comes_again_once_its_listing_is_set_up_is_a_duplicate() {
    let mut world = World::new();
    let first = world.report_unlisted("tea-250g", 7);
    let mut known = world.store.record(first.seq.unwrap()).envelope.clone();
    if let EventData::ChannelLevelReported(level) = &mut known.data {
        level.unlisted = false;
    }
    let again = world.inputs(&[Input::Event(known)]).remove(0);
    assert_eq!(again.outcome, Outcome::Duplicate);
    assert_eq!(again.original.unwrap().seq, first.seq.unwrap());
}

#[test]
fn the_decision_is_kept_in_the_journal() {
    let mut world = World::new();
    world.report_unlisted("tea-250g", 7);
    let conflict = world.conflict();
    let decision = world.choose(to_sku(&conflict, "TEA")).unwrap();
    let alias = decision.changes.iter().find_map(|change| match change {
        Change::ListingAlias { listing, sku, .. } => Some((listing.as_str(), sku.clone()?)),
        _ => None,
    });
    assert_eq!(alias, Some(("tea-250g", "TEA".parse().unwrap())));
}
