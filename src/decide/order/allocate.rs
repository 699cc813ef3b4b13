//! Which location serves an order line that names none (contract.md section 3.2, below the table).

use std::collections::{BTreeMap, BTreeSet};

use super::super::draft::Draft;
use crate::record::Bucket;
use crate::state::{LocIx, SkuIx};

/// A quantity of an item to be committed, with the location if it is settled.
#[derive(Debug)]
pub(super) struct Need {
    pub(super) sku: SkuIx,
    pub(super) quantity: i64,
    pub(super) location: Option<LocIx>,
    /// The components of one unit and how many of each, if the item is a kit.
    pub(super) kit: Vec<(SkuIx, i64)>,
}

impl Need {
    /// The items that hold the stock for so many units, and how many of each it takes.
    fn items(&self, quantity: i64) -> impl Iterator<Item = (SkuIx, i64)> {
        let own = self.kit.is_empty().then_some((self.sku, quantity));
        let parts = self.kit.iter().map(move |(sku, each)| (*sku, quantity.saturating_mul(*each)));
        own.into_iter().chain(parts)
    }
}

/// By item, how many are needed.
type Sums = BTreeMap<SkuIx, i64>;

/// The places of needs in their list.
type Places = Vec<usize>;

/// The shares of each need: where, and how many.
type Shares = Vec<Vec<(LocIx, i64)>>;

/// Commits every need and gives, for each, its shares by location. Needs that name their location
/// are served first. The others are summed by item: the best-ranked location that can hold the
/// whole sum takes it; else it is split in rank order, and what no location has is committed at the
/// first rank.
///
/// A kit is one location's or no one's. Items that kits tie together are one sum, so that the kit
/// and its component in one order are decided together. If no location can hold all of it, the
/// kits come first, all of one kit at one location if one can hold them, else line by line; then
/// the other lines as ever.
pub(super) fn commit(draft: &mut Draft<'_>, needs: &[Need]) -> Vec<Vec<(LocIx, i64)>> {
    let mut allocation = Allocation { needs, shares: vec![Vec::new(); needs.len()] };
    let mut free: BTreeMap<SkuIx, Places> = BTreeMap::new();
    for (place, need) in needs.iter().enumerate() {
        match need.location {
            Some(location) => allocation.take(draft, place, location),
            None => free.entry(need.sku).or_default().push(place),
        }
    }
    for group in tied(needs, &mut free) {
        allocation.group(draft, &group);
    }
    for (sku, places) in free {
        allocation.split(draft, sku, &places);
    }
    allocation.shares
}

struct Allocation<'a> {
    needs: &'a [Need],
    shares: Shares,
}

impl Allocation<'_> {
    /// Commits a need at one location.
    fn take(&mut self, draft: &mut Draft<'_>, place: usize, location: LocIx) {
        let need = &self.needs[place];
        for (sku, quantity) in need.items(need.quantity) {
            draft.add(sku, location, Bucket::Committed, quantity);
        }
        self.shares[place].push((location, need.quantity));
    }

    /// Commits needs together, if one location can hold them all.
    fn take_whole(&mut self, draft: &mut Draft<'_>, places: &[usize]) -> bool {
        let mut sums = Sums::new();
        for need in places.iter().map(|place| &self.needs[*place]) {
            for (sku, quantity) in need.items(need.quantity) {
                let sum = sums.entry(sku).or_default();
                *sum = sum.saturating_add(quantity);
            }
        }
        let Some(location) = whole(draft, &sums) else { return false };
        for place in places {
            self.take(draft, *place, location);
        }
        true
    }

    /// Commits needs that kits tie together.
    fn group(&mut self, draft: &mut Draft<'_>, group: &Group) {
        let all: Places =
            group.kits.values().chain(group.items.values()).flatten().copied().collect();
        if self.take_whole(draft, &all) {
            return;
        }
        for places in group.kits.values() {
            if self.take_whole(draft, places) {
                continue;
            }
            for place in places {
                if !self.take_whole(draft, &[*place]) {
                    self.take(draft, *place, draft.state.catalogue.ranking()[0]);
                }
            }
        }
        for (sku, places) in &group.items {
            self.split(draft, *sku, places);
        }
    }

    /// Commits all needs of one item that is no kit, split over locations if it has to be.
    fn split(&mut self, draft: &mut Draft<'_>, sku: SkuIx, places: &[usize]) {
        let needs = places.iter().map(|place| &self.needs[*place]);
        let sum = needs.fold(0_i64, |sum, need| sum.saturating_add(need.quantity));
        let mut spread = spread(draft, sku, sum);
        for (location, quantity) in &spread {
            draft.add(sku, *location, Bucket::Committed, *quantity);
        }
        for place in places {
            fill(self.needs[*place].quantity, &mut spread, &mut self.shares[*place]);
        }
    }
}

/// Needs that kits tie together, by item in the order of their first lines.
#[derive(Debug, Default)]
struct Group {
    kits: BTreeMap<usize, Places>,
    items: BTreeMap<SkuIx, Places>,
}

/// Takes the kits out of what is to be allocated, with all that shares a component with them.
fn tied(needs: &[Need], free: &mut BTreeMap<SkuIx, Places>) -> Vec<Group> {
    let is_kit = |places: &Places| !needs[places[0]].kit.is_empty();
    let mut kits: BTreeMap<SkuIx, Places> =
        free.extract_if(.., |_, places| is_kit(places)).collect();
    let mut by_part: BTreeMap<SkuIx, Vec<SkuIx>> = BTreeMap::new();
    let parts_of = |places: &Places| -> BTreeSet<SkuIx> {
        places.iter().flat_map(|place| &needs[*place].kit).map(|(part, _)| *part).collect()
    };
    for (kit, places) in &kits {
        for part in parts_of(places) {
            by_part.entry(part).or_default().push(*kit);
        }
    }
    let mut groups = Vec::new();
    while let Some((kit, _)) = kits.first_key_value() {
        let (mut group, mut todo) = (Group::default(), vec![*kit]);
        let mut parts: BTreeSet<SkuIx> = BTreeSet::new();
        while let Some(kit) = todo.pop() {
            let Some(places) = kits.remove(&kit) else { continue };
            for part in parts_of(&places) {
                if parts.insert(part) {
                    todo.extend(&by_part[&part]);
                }
            }
            group.kits.insert(places[0], places);
        }
        let items = parts.into_iter().filter_map(|part| free.remove_entry(&part));
        group.items = items.collect();
        groups.push(group);
    }
    groups
}

/// The best-ranked location that can hold all of this.
fn whole(draft: &Draft<'_>, sums: &Sums) -> Option<LocIx> {
    let holds = |location: &&LocIx| {
        sums.iter().all(|(sku, sum)| draft.level(*sku, **location).available() >= *sum)
    };
    draft.state.catalogue.ranking().iter().find(holds).copied()
}

/// The locations that serve a sum of one item, in rank order.
fn spread(draft: &Draft<'_>, sku: SkuIx, sum: i64) -> Vec<(LocIx, i64)> {
    if let Some(whole) = whole(draft, &Sums::from([(sku, sum)])) {
        return vec![(whole, sum)];
    }
    let ranking = draft.state.catalogue.ranking();
    let mut rest = sum;
    let mut parts: Vec<(LocIx, i64)> = Vec::new();
    for location in ranking {
        let part = draft.level(sku, *location).available().clamp(0, rest);
        if part > 0 {
            parts.push((*location, part));
            rest -= part;
        }
    }
    // Nothing is refused: what no location has is promised at the first rank, where it shows as
    // oversold. There is a first rank: without any location the order waits.
    if rest > 0 {
        parts.insert(0, (ranking[0], rest));
    }
    parts
}

/// Gives a line its shares from the front of the parts.
fn fill(mut quantity: i64, parts: &mut [(LocIx, i64)], shares: &mut Vec<(LocIx, i64)>) {
    for (location, left) in parts.iter_mut() {
        let share = quantity.min(*left);
        if share > 0 {
            shares.push((*location, share));
            *left -= share;
            quantity -= share;
        }
    }
}
