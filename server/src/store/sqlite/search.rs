//! Which items' SKUs or names contain something: an index of every three bytes that follow one
//! another in them. It finds a few too many; whoever asks looks at what it found.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use onhand::record::ItemInfo;
use sqlx::sqlite::SqliteConnection;

use super::commit::table;
use super::{LEDGER, damaged, reading};
use crate::store::StoreError;

/// Items that are looked at one by one. Where more are found, they are so many among all that a page
/// is soon full by looking at one after another in their order.
const FOUND_MAX: i64 = 8_192;

/// Grams of a search that are looked for: enough to find few items that lack the rest.
const GRAMS_MAX: usize = 24;

/// Bytes of a gram. The index also has the beginnings of each, for shorter searches.
const GRAM_BYTES: usize = 3;

/// What stands at each end of a text, so that its last bytes begin a gram too.
const END: [u8; GRAM_BYTES - 1] = [0; GRAM_BYTES - 1];

const SEARCH: &str = "
INSERT OR REPLACE INTO search (rowid, grams)
SELECT (?1 << 32) | (value->>0), value->>1 FROM jsonb_each(?2)";

/// Makes items findable.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    items: &[(u32, &ItemInfo)],
) -> Result<(), StoreError> {
    table(connection, SEARCH, items.iter().map(|(number, item)| (number, grams(item)))).await
}

fn grams(item: &ItemInfo) -> String {
    let name = item.name.as_ref().map(onhand::id::Text::as_str).unwrap_or_default();
    let mut text = Vec::new();
    for part in [item.sku.as_str(), name] {
        text.extend_from_slice(part.as_bytes());
        text.extend_from_slice(&END);
    }
    text.make_ascii_lowercase();
    let grams: BTreeSet<&[u8]> = text.windows(GRAM_BYTES).collect();
    let words: Vec<String> = grams.into_iter().map(word).collect();
    words.join(" ")
}

fn word(gram: &[u8]) -> String {
    gram.iter().fold(String::new(), |mut word, byte| {
        // Writing into memory cannot fail.
        let _ = write!(word, "{byte:02x}");
        word
    })
}

/// The items that may contain a text, by SKU; `None` if they are too many to look at one by one.
pub(super) async fn find(
    reader: &mut SqliteConnection,
    text: &str,
) -> Result<Option<Vec<String>>, StoreError> {
    // The index finds the rows, in the order in which items became known; CROSS JOIN keeps it so.
    let found: String = sqlx::query_scalar(
        "SELECT json_group_array(sku) FROM (
             SELECT i.sku AS sku
             FROM search AS s CROSS JOIN items AS i INDEXED BY items_by_number
             WHERE s.search MATCH ?2 AND i.ledger = ?1 AND i.number = s.rowid - (?1 << 32)
             LIMIT ?3)",
    )
    .bind(LEDGER)
    .bind(question(text))
    .bind(FOUND_MAX + 1)
    .fetch_one(reader)
    .await
    .map_err(reading)?;
    let mut skus: Vec<String> = serde_json::from_str(&found).map_err(damaged)?;
    if skus.len() > usize::try_from(FOUND_MAX).map_err(damaged)? {
        return Ok(None);
    }
    skus.sort_unstable();
    Ok(Some(skus))
}

/// A text as a question to the index.
fn question(text: &str) -> String {
    let text = text.to_ascii_lowercase();
    let bytes = text.as_bytes();
    if bytes.len() < GRAM_BYTES {
        return format!("{}*", word(bytes));
    }
    let words: Vec<String> = bytes.windows(GRAM_BYTES).take(GRAMS_MAX).map(word).collect();
    words.join(" AND ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_asked_for_by_its_grams() {
        assert_eq!(question("aB"), "6162*");
        assert_eq!(question("aBcd"), "616263 AND 626364");
        let long = "0123456789".repeat(20);
        assert_eq!(question(&long).matches(" AND ").count(), GRAMS_MAX - 1);
    }

    #[test]
    fn an_item_has_the_grams_of_its_sku_and_its_name() {
        let sku = "AB".parse().unwrap();
        let name = Some(onhand::id::Text::new("c").unwrap());
        let item = ItemInfo { sku, name, barcode: None, low_stock: None, kit: Vec::new() };
        assert_eq!(grams(&item), "000063 006300 616200 620000 630000");
    }
}
