//! What is said about kits: mostly of the items that are in stock.

use super::{Generator, KITS, SKUS, name};
use crate::event::{EventData, ItemUpserted, KitPart};
use crate::id::Sku;

impl Generator {
    /// A kit of known items.
    pub(super) fn kit(&mut self, kit: &str) -> EventData {
        let mut skus = SKUS[..self.swarm.skus].to_vec();
        self.rng.shuffle(&mut skus);
        skus.truncate(1 + self.rng.index(2));
        self.kit_of(name(kit), skus.into_iter().map(name).collect())
    }

    /// A kit anew, or something that cannot be one.
    pub(super) fn any_kit(&mut self) -> EventData {
        let kit = self.rng.pick(&KITS);
        if self.rng.percent(70) {
            return self.kit(kit);
        }
        let kit = if self.rng.percent(50) { name(kit) } else { self.sku() };
        let mut parts = vec![self.goods(), self.goods()];
        parts.dedup();
        parts.retain(|part| *part != kit);
        if parts.is_empty() {
            return self.kit(KITS[0]);
        }
        self.kit_of(kit, parts)
    }

    fn kit_of(&mut self, sku: Sku, parts: Vec<Sku>) -> EventData {
        let part = |sku| KitPart { sku, quantity: self.rng.within(1, 2) };
        let kit = Some(parts.into_iter().map(part).collect());
        let (name, barcode, low_stock) = (None, None, None);
        EventData::ItemUpserted(ItemUpserted { sku, name, barcode, low_stock, kit })
    }

    /// An item or a kit.
    pub(super) fn goods(&mut self) -> Sku {
        if self.swarm.kits > 0 && self.rng.percent(30) {
            return name(KITS[self.rng.index(self.swarm.kits)]);
        }
        self.sku()
    }
}
