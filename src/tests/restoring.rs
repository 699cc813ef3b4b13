//! A start reads the state from a store's tables. That it finds the state which was written, every
//! scenario proves after each of its batches (see [`World`]).

use std::collections::BTreeMap;

use onhand::ledger::{Input, Ledger, Step};
use onhand::sim::host::Host;
use onhand::state::{Damaged, Loaded, Restoring, Settings, State};
use onhand::time::{Now, Uptime};

use crate::harness::World;
use crate::says::{item, received, second};

#[test]
fn a_level_without_its_item_or_its_location_is_damage() {
    let world = World::new().given([received("TEA", "berlin", 4)]);
    let catalogue = world.ledger.state().catalogue();
    let (items, locations) = (catalogue.items().to_vec(), catalogue.locations().to_vec());
    let mut restoring = Restoring::begin(Settings::default(), items, locations);
    let level = world.level("TEA", "berlin");
    for (sku, location) in [("NEW", "berlin"), ("TEA", "mars")] {
        let damaged = Damaged(sku.to_owned(), location.to_owned());
        assert_eq!(restoring.level(sku, location, level.clone()), Err(damaged));
    }
    assert_eq!(restoring.level("TEA", "berlin", level), Ok(()));
}

#[test]
fn a_state_at_rest_holds_nothing_of_the_batch_in_progress() {
    let mut ledger = Ledger::new(State::new(Settings::default()));
    let input = Input::Event(item("TEA").event("1"));
    let now = Now { wall: second(0), uptime: Uptime::default() };
    let mut processed = Vec::new();
    while let Step::Load(wants) = ledger.advance(&[(&input, "token:test")], &mut processed, now) {
        ledger.load(&wants, Loaded::default());
    }
    ledger.finish();
    let strict = Settings { mass_change_min: 1, ..Settings::default() };
    assert_eq!(*ledger.state().at_rest(strict).settings(), strict);
    let resting = ledger.state().at_rest(Settings::default());
    assert!(resting != *ledger.state(), "it could still be undone");
    ledger.keep();
    assert!(resting == *ledger.state());
}

/// A store counts how many levels there are and how many are low by what a batch has changed.
#[test]
fn what_was_before_a_batch_is_known_until_it_is_kept() {
    let world = World::new().given([
        item("TEA").with("low_stock", 5),
        item("MUG").with("low_stock", 9),
        received("TEA", "berlin", 7),
    ]);
    let (old, state) = (world.level("TEA", "berlin"), world.ledger.state());
    let key = |state: &State, sku: &str, location: &str| {
        let (sku, location) = (sku.parse().unwrap(), location.parse().unwrap());
        let catalogue = state.catalogue();
        (catalogue.sku(&sku).unwrap(), catalogue.location(&location).unwrap())
    };
    let tea = key(state, "TEA", "berlin");
    let mug = key(state, "MUG", "hamburg");
    let Host { mut ledger, store, wall, uptime, .. } = world.into_host();
    let events = [
        item("TEA").with("low_stock", 3),
        item("TEA").with("low_stock", 2),
        item("POT"),
        received("TEA", "berlin", 1),
        received("TEA", "berlin", 1),
        received("MUG", "hamburg", 2),
    ];
    let numbered = events.into_iter().enumerate();
    let inputs: Vec<Input> =
        numbered.map(|(place, says)| Input::Event(says.event(&format!("e{place}")))).collect();
    let inputs: Vec<(&Input, &str)> = inputs.iter().map(|input| (input, "token:test")).collect();
    let mut processed = Vec::new();
    while let Step::Load(wants) = ledger.advance(&inputs, &mut processed, Now { wall, uptime }) {
        ledger.load(&wants, store.fetch(&wants));
    }
    ledger.finish();
    let pot = ledger.state().catalogue().sku(&"POT".parse().unwrap()).unwrap();
    assert_eq!(ledger.levels_before(), BTreeMap::from([(tea, Some(&old)), (mug, None)]));
    assert_eq!(ledger.low_stock_before(), BTreeMap::from([(tea.0, Some(5)), (pot, None)]));
    ledger.keep();
    assert!(ledger.levels_before().is_empty() && ledger.low_stock_before().is_empty());
}
