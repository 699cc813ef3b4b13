//! What a shop's log adds up to: read from its rows, with none of the core and none of the import.
//! It is short so that anybody can see that it is right.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;

/// A row, as far as stock depends on it.
#[derive(Debug, Deserialize)]
struct Row {
    #[serde(rename = "InvoiceNo")]
    invoice: String,
    #[serde(rename = "StockCode")]
    code: String,
    #[serde(rename = "Quantity")]
    quantity: i64,
    #[serde(rename = "InvoiceDate")]
    date: String,
    #[serde(rename = "UnitPrice")]
    price: f64,
    #[serde(rename = "CustomerID")]
    customer: String,
}

/// Units that came (or left, if negative) at a moment.
#[derive(Debug)]
pub struct Movement {
    pub sku: String,
    /// Seconds since 1970.
    pub time_s: i64,
    pub units: i64,
}

/// Somebody counted.
#[derive(Debug)]
pub struct Count {
    pub sku: String,
    /// Seconds since 1970.
    pub time_s: i64,
    pub counted: i64,
}

/// The movements of a month of the log.
pub fn movements(path: &Path) -> Vec<Movement> {
    let file = MultiGzDecoder::new(File::open(path).unwrap());
    let rows: Vec<Row> = csv::Reader::from_reader(file).deserialize().map(Result::unwrap).collect();
    let mut rows_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut time_of: BTreeMap<&str, i64> = BTreeMap::new();
    for row in &rows {
        *rows_of.entry(&row.invoice).or_default() += 1;
        time_of.entry(&row.invoice).or_insert_with(|| seconds(&row.date));
    }
    let mut movements = Vec::new();
    for row in &rows {
        let (invoice, quantity) = (row.invoice.as_str(), row.quantity);
        // Postage, discounts, vouchers and the like have codes of words; so does accounting.
        let is_goods = row.code.starts_with(|first: char| first.is_ascii_digit())
            || row.code.starts_with("DCGS");
        if !is_goods || invoice.starts_with('A') || quantity == 0 {
            continue;
        }
        let by_hand = row.price == 0.0 && row.customer.is_empty();
        let (time_s, units) = if invoice.starts_with('C') {
            // Goods came back: the log writes them as negative.
            (seconds(&row.date), -quantity)
        } else if by_hand && (quantity < 0 || rows_of[invoice] == 1) {
            (seconds(&row.date), quantity)
        } else {
            // An order was placed and shipped with its invoice.
            (time_of[invoice], -quantity)
        };
        movements.push(Movement { sku: row.code.clone(), time_s, units });
    }
    movements
}

/// What is on hand in the end: of each item what was counted last, and all that moved after that.
pub fn on_hand(movements: &[Movement], counts: &[Count]) -> BTreeMap<String, i64> {
    let skus: BTreeSet<&str> = movements.iter().map(|movement| movement.sku.as_str()).collect();
    let mut moved: BTreeMap<&str, Vec<&Movement>> = BTreeMap::new();
    for movement in movements {
        moved.entry(&movement.sku).or_default().push(movement);
    }
    let on_hand = skus.into_iter().map(|sku| {
        let counts = counts.iter().filter(|count| count.sku == sku);
        let last = counts.max_by_key(|count| count.time_s);
        let since = last.map_or(i64::MIN, |count| count.time_s);
        let after = moved[sku].iter().filter(|movement| movement.time_s > since);
        let units: i64 = after.map(|movement| movement.units).sum();
        (sku.to_owned(), last.map_or(0, |count| count.counted) + units)
    });
    on_hand.collect()
}

/// The moment of a local time of London between December 2010 and September 2011.
fn seconds(date: &str) -> i64 {
    let winter = chrono::NaiveDateTime::parse_from_str(date, "%Y-%m-%d %H:%M:%S").unwrap();
    let hour_ahead = if date < "2011-03-27 01:00:00" { 0 } else { 3_600 };
    winter.and_utc().timestamp() - hour_ahead
}
