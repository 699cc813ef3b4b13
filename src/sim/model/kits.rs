//! Kits: items that consist of others and hold no stock of their own.

use super::{Model, Ruling};
use crate::event::{EventData, ItemUpserted, KitPart};
use crate::id::{LocationId, Sku};
use crate::record::{Outcome, WaitKey};
use crate::sim::model::levels::available;

/// What one unit of a kit consists of; nothing for an item that is none.
pub type Parts = Vec<(Sku, i64)>;

/// The items that so many units of an item are: itself, or the components of a kit.
pub(super) fn items(sku: &Sku, parts: &Parts, quantity: i64) -> Vec<(Sku, i64)> {
    if parts.is_empty() {
        return vec![(sku.clone(), quantity)];
    }
    parts.iter().map(|(part, each)| (part.clone(), quantity * each)).collect()
}

impl Model {
    /// What one unit of an item consists of at present.
    pub(super) fn parts(&self, sku: &Sku) -> Parts {
        self.kits.get(sku).cloned().unwrap_or_default()
    }

    /// The kits.
    pub fn kits(&self) -> impl Iterator<Item = (&Sku, &Parts)> {
        self.kits.iter()
    }

    /// How many units of a kit its components make at a location.
    pub fn kits_available(&self, parts: &Parts, location: &LocationId) -> i64 {
        let made_of = |(part, each): &(Sku, i64)| {
            available(&self.level(&(part.clone(), location.clone()))).div_euclid(*each)
        };
        parts.iter().map(made_of).min().expect("a kit has components")
    }

    /// An item is known from now on, or known better.
    pub(super) fn item_came(&mut self, data: &ItemUpserted) -> Ruling {
        if let Some(parts) = &data.kit {
            let Some(parts) = self.made_of(&data.sku, parts) else { return Ruling::Impossible };
            self.kits.insert(data.sku.clone(), parts);
        }
        if !self.items.contains(&data.sku) {
            self.items.push(data.sku.clone());
        }
        self.name_came(&WaitKey::Sku(data.sku.clone()));
        Ruling::Outcome(Outcome::Applied)
    }

    /// The components of a kit; nothing if it cannot consist of these. Kits do not nest, hold no
    /// stock and name each component once.
    fn made_of(&self, kit: &Sku, parts: &[KitPart]) -> Option<Parts> {
        let part_of_others = self.kits.values().flatten().any(|(part, _)| part == kit);
        let mut levels = self.journal.iter().flat_map(|said| &said.raised);
        if part_of_others || levels.any(|(sku, _)| sku == kit) {
            return None;
        }
        let mut made_of = Parts::new();
        for KitPart { sku, quantity } in parts {
            let sku = self.item(sku).expect("the component is known");
            let named = made_of.iter().any(|(known, _)| *known == sku);
            if named || sku == *kit || self.kits.contains_key(&sku) {
                return None;
            }
            made_of.push((sku, *quantity));
        }
        Some(made_of)
    }

    /// Whether an event is about the stock of a kit, which has none.
    pub(super) fn is_about_stock_of_kit(&self, data: &EventData) -> bool {
        let sku = stock_of(data).and_then(|sku| self.item(sku));
        sku.is_some_and(|sku| self.kits.contains_key(&sku))
    }

    /// Whether an event waits for a name that would be a mistake in it if it meant a kit.
    pub(super) fn waits_for_what_is_no_kit(&self, name: &Sku) -> bool {
        let key = WaitKey::Sku(name.clone());
        let waits = self.waiting.iter().filter(|(on, _)| *on == key);
        waits.map(|(_, seq)| &self.told[seq].event.data).any(|data| match data {
            EventData::ItemUpserted(data) => data.kit.iter().flatten().any(|it| it.sku == *name),
            data => stock_of(data) == Some(name),
        })
    }
}

/// The item whose stock an event is about.
const fn stock_of(data: &EventData) -> Option<&Sku> {
    match data {
        EventData::StockAdjusted(data) => Some(&data.sku),
        EventData::StockReceived(data) => Some(&data.sku),
        EventData::StockCounted(data) => Some(&data.sku),
        EventData::StockMoved(data) => Some(&data.sku),
        EventData::StockSet(data) => Some(&data.sku),
        _ => None,
    }
}
