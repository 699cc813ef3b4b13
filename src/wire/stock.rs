//! Levels as they are read.

use serde::{Deserialize, Serialize};

use crate::id::{LocationId, Sku};
use crate::record::Bucket;
use crate::state::{Catalogue, Level, LocIx, SkuIx};
use crate::time::Timestamp;

/// One level (contract.md section 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelRow {
    /// The item.
    pub sku: Sku,
    /// The location.
    pub location: LocationId,
    /// What people call the item.
    pub name: Option<String>,
    /// Everything physically there.
    pub on_hand: i64,
    /// What can be sold; negative when more was promised than is there.
    pub available: i64,
    /// Promised to orders.
    pub committed: i64,
    /// Held by reservations.
    pub reserved: i64,
    /// Broken, kept apart.
    pub damaged: i64,
    /// Waiting for inspection.
    pub quality_control: i64,
    /// Held back on purpose.
    pub safety_stock: i64,
    /// On its way here.
    pub incoming: i64,
    /// Grows by one with each event that has an effect here.
    pub version: u64,
    /// When it was last counted.
    pub counted_at: Option<Timestamp>,
    /// When it last changed (server time).
    pub updated_at: Timestamp,
}

impl LevelRow {
    /// A level as it is read.
    pub fn of(catalogue: &Catalogue, sku: SkuIx, location: LocIx, level: &Level) -> Self {
        let item = catalogue.item(sku);
        let name = item.name.as_ref().map(ToString::to_string);
        Self::new(item.sku.clone(), catalogue.location_name(location).clone(), name, level)
    }

    /// The same row with the numbers of another level, such as an earlier one.
    #[must_use]
    pub fn with(self, level: &Level) -> Self {
        Self::new(self.sku, self.location, self.name, level)
    }

    /// The level's numbers, in the order of [`Bucket::ALL`].
    pub const fn buckets(&self) -> [i64; Bucket::ALL.len()] {
        [
            self.on_hand,
            self.committed,
            self.reserved,
            self.damaged,
            self.quality_control,
            self.safety_stock,
            self.incoming,
        ]
    }

    fn new(sku: Sku, location: LocationId, name: Option<String>, level: &Level) -> Self {
        Self {
            sku,
            location,
            name,
            on_hand: level.get(Bucket::OnHand),
            available: level.available(),
            committed: level.get(Bucket::Committed),
            reserved: level.get(Bucket::Reserved),
            damaged: level.get(Bucket::Damaged),
            quality_control: level.get(Bucket::QualityControl),
            safety_stock: level.get(Bucket::SafetyStock),
            incoming: level.get(Bucket::Incoming),
            version: level.version,
            counted_at: level.counted.as_ref().map(|count| count.time),
            updated_at: level.updated_at,
        }
    }
}

/// A page of levels, by SKU, then location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockPage {
    /// The journal's last `seq` that these rows contain.
    pub seq: u64,
    /// The rows.
    pub levels: Vec<LevelRow>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// Which levels are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StockQuery {
    /// Only this item.
    pub sku: Option<String>,
    /// Only this location.
    pub location: Option<String>,
    /// Only items whose SKU or name contains this.
    pub q: Option<String>,
    /// Only levels at or below the item's low-stock mark.
    pub low: bool,
    /// At most this many rows.
    pub limit: Option<u32>,
    /// Where the page begins.
    pub cursor: Option<String>,
}
