//! Which codes of the log are goods, and what their rows call them.

use onhand::id::{Sku, Text};

use super::rows::Row;
use super::summary::Reason;

/// Codes that are no goods, in upper case. All that occur in the log's thirteen months.
const NO_GOODS: [&str; 12] = [
    "POST",         // postage
    "DOT",          // postage of the second shop
    "C2",           // carriage
    "M",            // manual entry
    "D",            // discount
    "S",            // samples
    "B",            // bad debt
    "PADS",         // pads to match all cushions, at a tenth of a penny
    "CRUK",         // commission for a charity
    "BANK CHARGES", // bank charges
    "AMAZONFEE",    // fees of a marketplace
    "GIFT VOUCHER", // vouchers, whatever their value
];
/// How the codes of vouchers begin, in upper case.
const VOUCHER_PREFIX: &str = "GIFT_";

/// The SKU of a code, unless it is no goods.
pub(super) fn sku(code: &str) -> Result<Sku, Reason> {
    let upper = code.to_ascii_uppercase();
    let upper = if upper.starts_with(VOUCHER_PREFIX) { "GIFT VOUCHER" } else { upper.as_str() };
    if let Some(known) = NO_GOODS.iter().find(|known| **known == upper) {
        return Err(Reason::NoGoods(known));
    }
    Sku::new(code).map_err(|_| Reason::Code)
}

/// What a row calls its goods. Rows of corrections carry remarks instead of names.
pub(super) fn name(row: &Row) -> Option<Text> {
    let text = row.description.trim();
    if text.is_empty() || row.free { None } else { Text::new(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goods_are_told_from_what_is_booked_beside_them() {
        for code in ["85123A", "85123a", "22423", "DCGS0076", "DCGSSGIRL", "15056BL"] {
            assert_eq!(sku(code).map(|sku| sku.to_string()), Ok(code.to_owned()));
        }
        for (code, known) in [("POST", "POST"), ("m", "M"), ("gift_0001_20", "GIFT VOUCHER")] {
            assert_eq!(sku(code), Err(Reason::NoGoods(known)));
        }
    }
}
