//! How levels are paged, whatever the store.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use onhand::wire::stock::{LevelRow, StockQuery};

use super::StoreError;

/// Rows of a page without `limit`.
const PAGE_ROWS: u32 = 100;

/// Rows of a page at most (contract.md, conventions).
const PAGE_ROWS_MAX: u32 = 1_000;

/// Whether a level is one that people have to look after: oversold, or at or below the item's
/// low-stock mark.
pub(crate) fn is_low(available: i64, low_stock: Option<i64>) -> bool {
    available < 0 || low_stock.is_some_and(|mark| available <= mark)
}

/// How many rows a page has at most.
pub(super) fn page_rows(query: &StockQuery) -> u32 {
    query.limit.unwrap_or(PAGE_ROWS).clamp(1, PAGE_ROWS_MAX)
}

/// The place after a row.
pub(super) fn write_cursor(row: &LevelRow) -> String {
    let place = (row.sku.as_str(), row.location.as_str());
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&place).unwrap_or_default())
}

/// The SKU and the location that a cursor stands for.
pub(super) fn read_cursor(cursor: &str) -> Result<(String, String), StoreError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| StoreError::BadCursor)?;
    serde_json::from_slice(&bytes).map_err(|_| StoreError::BadCursor)
}
