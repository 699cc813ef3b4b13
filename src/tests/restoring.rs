//! A start reads the state from a store's tables. That it finds the state which was written, every
//! scenario proves after each of its batches (see [`World`]).

use onhand::ledger::{Input, Ledger, Step};
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
