//! Which items' SKUs or names contain something: an index of every three bytes that follow one
//! another in them. It finds a few too many; whoever asks looks at what it found.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use onhand::record::ItemInfo;
use sqlx::sqlite::SqliteConnection;

use super::commit::table;
use super::{LEDGER, damaged, reading};
use crate::store::StoreError;

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

/// The items that may contain a text, by SKU; `None` if there are more than `most`.
pub(super) async fn find(
    reader: &mut SqliteConnection,
    text: &str,
    most: i64,
) -> Result<Option<Vec<String>>, StoreError> {
    // To find a row is cheap; to learn which item it is of is not.
    let (count, rows): (i64, String) = sqlx::query_as(
        "SELECT count(*), json_group_array(number) FROM (
             SELECT rowid - (?1 << 32) AS number FROM search WHERE search MATCH ?2 LIMIT ?3)",
    )
    .bind(LEDGER)
    .bind(question(text))
    .bind(most.saturating_add(1))
    .fetch_one(&mut *reader)
    .await
    .map_err(reading)?;
    if count > most {
        return Ok(None);
    }
    let skus: String = sqlx::query_scalar(
        "SELECT json_group_array(i.sku)
         FROM json_each(?2) AS row CROSS JOIN items AS i INDEXED BY items_by_number
         WHERE i.ledger = ?1 AND i.number = row.value",
    )
    .bind(LEDGER)
    .bind(rows)
    .fetch_one(reader)
    .await
    .map_err(reading)?;
    let mut skus: Vec<String> = serde_json::from_str(&skus).map_err(damaged)?;
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
    // Those that lie side by side, and the last: each further one would cost as much to look up, and
    // what the rest would leave out are few.
    let last = bytes.len() - GRAM_BYTES;
    let places = (0..last).step_by(GRAM_BYTES).chain([last]).take(GRAMS_MAX);
    let words: Vec<String> = places.map(|at| word(&bytes[at..at + GRAM_BYTES])).collect();
    words.join(" AND ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_asked_for_by_its_grams() {
        assert_eq!(question("aB"), "6162*");
        assert_eq!(question("aBc"), "616263");
        assert_eq!(question("aBcd"), "616263 AND 626364");
        assert_eq!(question("abcdef"), "616263 AND 646566");
        assert_eq!(question("abcdefgh"), "616263 AND 646566 AND 666768");
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
