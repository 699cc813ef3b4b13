//! A start reads the state from a store's tables. That it finds the state which was written, every
//! scenario proves after each of its batches (see [`World`]).

use onhand::state::{Damaged, Restoring, Settings};

use crate::harness::World;
use crate::says::received;

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
