//! Items and locations, each with a small number that stands for it in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::fast::RandomState;

use crate::id::{ChannelId, ListingId, LocationId, Sku};
use crate::record::{ItemInfo, LocationInfo};

/// An item's number in memory: its place in the order in which items became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SkuIx(pub u32);

/// A location's number in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocIx(pub u32);

/// The number that was looked up last: an event's names are asked for several times in a row, and
/// comparing with one is cheaper than finding it among all. It is no part of what is known.
#[derive(Debug, Default)]
struct Last(AtomicU32);

impl Last {
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed) as usize
    }

    fn set(&self, number: u32) {
        self.0.store(number, Ordering::Relaxed);
    }
}

impl Clone for Last {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Last {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Last {}

/// The items and locations that are known, and what names outside mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalogue {
    items: Vec<ItemInfo>,
    // Looked up by name only, never walked, so that the map's order cannot leak into a decision;
    // its keyed hash keeps names from outside from making it slow.
    item_numbers: HashMap<Sku, u32, RandomState>,
    last_item: Last,
    locations: Vec<LocationInfo>,
    location_numbers: HashMap<LocationId, u32, RandomState>,
    last_location: Last,
    sku_aliases: BTreeMap<Sku, Sku>,
    location_aliases: BTreeMap<LocationId, LocationId>,
    listing_aliases: BTreeMap<(ChannelId, ListingId), Sku>,
    ranking: Vec<LocIx>,
    /// Of which kits an item is a component: follows from the items.
    kits: BTreeMap<Sku, BTreeSet<Sku>>,
}

impl Catalogue {
    /// The item that a name means: its own, or by mapping.
    pub fn sku(&self, name: &Sku) -> Option<SkuIx> {
        let last = self.last_item.get();
        if self.items.get(last).is_some_and(|item| item.sku == *name) {
            return u32::try_from(last).ok().map(SkuIx);
        }
        let number = self.item_numbers.get(name);
        let number = *number.or_else(|| self.item_numbers.get(self.sku_aliases.get(name)?))?;
        self.last_item.set(number);
        Some(SkuIx(number))
    }

    /// The location that a name means: its own, or by mapping.
    pub fn location(&self, name: &LocationId) -> Option<LocIx> {
        let last = self.last_location.get();
        if self.locations.get(last).is_some_and(|info| info.location == *name) {
            return u32::try_from(last).ok().map(LocIx);
        }
        let number = self.location_numbers.get(name);
        let number =
            *number.or_else(|| self.location_numbers.get(self.location_aliases.get(name)?))?;
        self.last_location.set(number);
        Some(LocIx(number))
    }

    /// The item of this name.
    pub(crate) fn sku_by_name(&self, name: &str) -> Option<SkuIx> {
        self.item_numbers.get(name).copied().map(SkuIx)
    }

    /// The location of this name.
    pub(crate) fn location_by_name(&self, name: &str) -> Option<LocIx> {
        self.location_numbers.get(name).copied().map(LocIx)
    }

    /// An item's own name.
    pub fn sku_name(&self, sku: SkuIx) -> &Sku {
        &self.item(sku).sku
    }

    /// What is known of an item.
    pub fn item(&self, sku: SkuIx) -> &ItemInfo {
        &self.items[sku.0 as usize]
    }

    /// A location's own name.
    pub fn location_name(&self, location: LocIx) -> &LocationId {
        &self.locations[location.0 as usize].location
    }

    /// All items, in the order in which they became known.
    pub fn items(&self) -> &[ItemInfo] {
        &self.items
    }

    /// All locations, in the order in which they became known.
    pub fn locations(&self) -> &[LocationInfo] {
        &self.locations
    }

    /// The locations in the order in which they serve orders: by rank, unranked last, ties by
    /// name.
    pub fn ranking(&self) -> &[LocIx] {
        &self.ranking
    }

    /// What names of items mean.
    pub const fn sku_aliases(&self) -> &BTreeMap<Sku, Sku> {
        &self.sku_aliases
    }

    /// What names of locations mean.
    pub const fn location_aliases(&self) -> &BTreeMap<LocationId, LocationId> {
        &self.location_aliases
    }

    /// What channels' listings mean that were not set up.
    pub const fn listing_aliases(&self) -> &BTreeMap<(ChannelId, ListingId), Sku> {
        &self.listing_aliases
    }

    /// The item that a listing means by a person's word.
    pub(crate) fn listed(&self, channel: &ChannelId, listing: &ListingId) -> Option<&Sku> {
        self.listing_aliases.get(&(channel.clone(), listing.clone()))
    }

    /// The kits of which an item is a component, by name.
    pub fn kits_of(&self, component: &Sku) -> impl Iterator<Item = &Sku> {
        self.kits.get(component).into_iter().flatten()
    }

    fn index_kit(&mut self, item: &ItemInfo) {
        for part in &item.kit {
            self.kits.entry(part.sku.clone()).or_default().insert(item.sku.clone());
        }
    }

    fn unindex_kit(&mut self, item: &ItemInfo) {
        for part in &item.kit {
            if let Some(kits) = self.kits.get_mut(&part.sku) {
                kits.remove(&item.sku);
                if kits.is_empty() {
                    self.kits.remove(&part.sku);
                }
            }
        }
    }

    /// Adds or replaces an item; gives back what was known of it.
    pub(crate) fn put_item(&mut self, item: ItemInfo) -> Option<ItemInfo> {
        let number = self.item_numbers.get(&item.sku).copied();
        let before = number.map(|number| self.items[number as usize].clone());
        if let Some(before) = &before {
            self.unindex_kit(before);
        }
        self.index_kit(&item);
        if let Some(number) = number {
            self.items[number as usize] = item;
        } else {
            let number = u32::try_from(self.items.len()).expect("fewer than 2^32 items");
            self.item_numbers.insert(item.sku.clone(), number);
            self.items.push(item);
        }
        before
    }

    /// Takes in all items at once, in the order in which they became known.
    pub(crate) fn restore_items(&mut self, items: Vec<ItemInfo>) {
        self.item_numbers = items.iter().map(|item| item.sku.clone()).zip(0..).collect();
        for item in items.iter().filter(|item| item.is_kit()) {
            self.index_kit(item);
        }
        self.items = items;
    }

    /// Takes back [`Catalogue::put_item`].
    pub(crate) fn undo_item(&mut self, sku: &Sku, before: Option<ItemInfo>) {
        if let Some(item) = before {
            self.put_item(item);
        } else if let Some(item) = self.items.pop() {
            self.unindex_kit(&item);
            self.item_numbers.remove(sku);
        }
    }

    /// Adds or replaces a location; gives back what was known of it.
    pub(crate) fn put_location(&mut self, info: LocationInfo) -> Option<LocationInfo> {
        let before = if let Some(number) = self.location_numbers.get(&info.location) {
            Some(std::mem::replace(&mut self.locations[*number as usize], info))
        } else {
            let number = u32::try_from(self.locations.len()).expect("fewer than 2^32 locations");
            self.location_numbers.insert(info.location.clone(), number);
            self.locations.push(info);
            None
        };
        self.rank();
        before
    }

    /// Takes back [`Catalogue::put_location`].
    pub(crate) fn undo_location(&mut self, name: &LocationId, before: Option<LocationInfo>) {
        if let Some(info) = before {
            self.put_location(info);
        } else {
            self.locations.pop();
            self.location_numbers.remove(name);
            self.rank();
        }
    }

    fn rank(&mut self) {
        let mut ranking: Vec<u32> = (0..).take(self.locations.len()).collect();
        ranking.sort_by(|left, right| {
            let key = |number: &u32| {
                let info = &self.locations[*number as usize];
                (info.rank.unwrap_or(i64::MAX), info.location.clone())
            };
            key(left).cmp(&key(right))
        });
        self.ranking = ranking.into_iter().map(LocIx).collect();
    }

    /// Makes a name mean an item (nothing, if `None`); gives back what it meant.
    pub(crate) fn put_sku_alias(&mut self, name: Sku, sku: Option<Sku>) -> Option<Sku> {
        match sku {
            Some(sku) => self.sku_aliases.insert(name, sku),
            None => self.sku_aliases.remove(&name),
        }
    }

    /// Makes a channel's listing mean an item (nothing, if `None`); gives back what it meant.
    pub(crate) fn put_listing_alias(
        &mut self,
        listing: (ChannelId, ListingId),
        sku: Option<Sku>,
    ) -> Option<Sku> {
        match sku {
            Some(sku) => self.listing_aliases.insert(listing, sku),
            None => self.listing_aliases.remove(&listing),
        }
    }

    /// Makes a name mean a location (nothing, if `None`); gives back what it meant.
    pub(crate) fn put_location_alias(
        &mut self,
        name: LocationId,
        location: Option<LocationId>,
    ) -> Option<LocationId> {
        match location {
            Some(location) => self.location_aliases.insert(name, location),
            None => self.location_aliases.remove(&name),
        }
    }
}
