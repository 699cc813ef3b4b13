//! What the shop shows, written with compare-and-set.

use onhand::time::Timestamp;

use super::{Hook, QUANTITY_LIMIT, Refused, Shop};

/// A quantity to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemWrite {
    /// The inventory item.
    pub inventory_item_id: i64,
    /// What to show.
    pub quantity: i64,
    /// What the writer believes is shown; `None` writes whatever is.
    pub change_from_quantity: Option<i64>,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemWritten {
    /// The shop shows the quantity.
    Ok,
    /// The shop shows something else than the writer believes: this.
    Stale(i64),
    /// There is no such inventory item.
    UnknownItem,
    /// The quantity is below 0 or beyond the shop's limit.
    InvalidQuantity,
}

impl Shop {
    /// Writes quantities, each for itself.
    pub fn write(&mut self, items: &[ItemWrite], now: Timestamp) -> (Vec<ItemWritten>, Vec<Hook>) {
        let mut act = self.act(now);
        let results = items.iter().map(|item| {
            let Some(index) = self.by_item.get(&item.inventory_item_id).copied() else {
                return ItemWritten::UnknownItem;
            };
            let shown = self.listings[index].available;
            if !(0..=QUANTITY_LIMIT).contains(&item.quantity) {
                return ItemWritten::InvalidQuantity;
            }
            if item.change_from_quantity.is_some_and(|believed| believed != shown) {
                return ItemWritten::Stale(shown);
            }
            if item.quantity != shown {
                self.show(index, item.quantity, &mut act);
            }
            ItemWritten::Ok
        });
        let results = results.collect();
        (results, act.hooks)
    }

    /// What an inventory item shows, and since when.
    pub fn level(&self, inventory_item_id: i64) -> Option<&super::Listing> {
        self.by_item.get(&inventory_item_id).map(|index| &self.listings[*index])
    }

    /// Somebody changes the number in the shop by hand.
    ///
    /// # Errors
    /// When there is no such SKU or the quantity is beyond the limit.
    pub fn hand_edit(
        &mut self,
        sku: &str,
        quantity: i64,
        now: Timestamp,
    ) -> Result<Vec<Hook>, Refused> {
        let index = self.index_of(sku)?;
        if !(-QUANTITY_LIMIT..=QUANTITY_LIMIT).contains(&quantity) {
            let text = format!("hand_edit.quantity must be within {QUANTITY_LIMIT} either way");
            return Err(Refused::wrong(text));
        }
        let mut act = self.act(now);
        self.show(index, quantity, &mut act);
        Ok(act.hooks)
    }

    pub(super) fn index_of(&self, sku: &str) -> Result<usize, Refused> {
        let index = self.by_sku.get(sku).copied();
        index.ok_or_else(|| Refused::wrong(format!("the shop does not sell {sku:?}")))
    }
}
