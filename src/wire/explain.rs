//! Why a number is what it is, as it is read (contract.md section 4).

use serde::{Deserialize, Serialize};

use super::channel::PublicationRow;
use crate::event::KitPart;
use crate::history::Explanation;
use crate::id::{ChannelId, ListingId, LocationId, Sku};
use crate::policy::Quantity;
use crate::time::Timestamp;

/// Why the levels of an item are what they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockExplained {
    /// The item.
    pub sku: Sku,
    /// The journal's last `seq` that this contains.
    pub seq: u64,
    /// What can be sold, over all levels listed; of a kit, what its components make.
    pub available: i64,
    /// What one unit consists of, if it is a kit: then the components explain it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kit: Vec<KitPart>,
    /// Its levels, by location.
    pub levels: Vec<LevelExplained>,
}

/// Why one level is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelExplained {
    /// The location.
    pub location: LocationId,
    /// The events that have had an effect here.
    pub version: u64,
    /// When it was last counted.
    pub counted_at: Option<Timestamp>,
    /// Its terms.
    #[serde(flatten)]
    pub why: Explanation,
}

/// Why a channel shows what it shows of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelExplained {
    /// The item.
    pub sku: Sku,
    /// The channel.
    pub channel: ChannelId,
    /// Its listings of the item.
    pub listings: Vec<ListingExplained>,
}

/// Why one listing shows what it shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingExplained {
    /// The listing.
    pub listing: ListingId,
    /// How the quantity follows from the levels, step by step.
    #[serde(flatten)]
    pub quantity: Quantity,
    /// What was pushed, acknowledged and read back.
    pub publication: Option<PublicationRow>,
}
