//! Opening stock for a log that has none, sized from the log itself.
//!
//! It is an invention for a demonstration, and says so in its reference: what each SKU would have
//! needed at the start so that its sales in the log never found the shelf empty.

use std::collections::BTreeMap;
use std::path::Path;

use onhand::event::{Event, EventData, ItemUpserted, LocationUpserted, StockReceived};
use onhand::id::{EventId, Sku, Text};
use onhand::quantity;
use onhand::time::{SECOND_US, Timestamp};

use super::{OpenError, Options, ShopLog, minute};

/// How long before the log's first event the opening stock arrives, in microseconds.
const BEFORE_US: i64 = 3_600 * SECOND_US;

/// What to invent.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Where the stock is, and who says so.
    pub options: Options,
    /// How much of what was needed is there, in percent: 100 and nothing is ever oversold in a
    /// replay of the log, less and the scarce SKUs are.
    pub percent: u32,
}

impl Default for Opening {
    fn default() -> Self {
        Self { options: Options::default(), percent: 100 }
    }
}

/// Why there is no opening stock.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log cannot be read to its end.
    #[error("the log cannot be read to its end: {0}")]
    Read(#[from] std::io::Error),
}

/// What the log says of one SKU.
#[derive(Debug, Default)]
struct Course {
    name: Option<Text>,
    balance: i64,
    lowest: i64,
}

impl Course {
    fn moves(&mut self, delta: i64) {
        self.balance = quantity::add(self.balance, delta).unwrap_or(self.balance);
        self.lowest = self.lowest.min(self.balance);
    }
}

/// Reads the whole log once and gives the events that come before it: the location, each SKU with
/// its name, and one `stock.received` for each SKU that needs stock.
///
/// # Errors
/// When the log cannot be read.
pub fn opening(path: &Path, opening: &Opening) -> Result<Vec<Event>, OpeningError> {
    let options = Options { catalogue: true, ..opening.options.clone() };
    let mut courses: BTreeMap<Sku, Course> = BTreeMap::new();
    let mut first: Option<Timestamp> = None;
    for event in ShopLog::open(path, options)? {
        let event = event?;
        first = Some(first.map_or(event.time, |first| first.min(event.time)));
        match event.data {
            EventData::ItemUpserted(item) => {
                let course = courses.entry(item.sku).or_default();
                course.name = item.name.or(course.name.take());
            }
            EventData::StockAdjusted(data) => {
                courses.entry(data.sku).or_default().moves(data.delta);
            }
            EventData::OrderPlaced(data) => {
                for line in data.lines {
                    courses.entry(line.sku).or_default().moves(-line.quantity);
                }
            }
            _ => {}
        }
    }
    let Some(first) = first else { return Ok(Vec::new()) };
    Ok(events(opening, &courses, first.plus_micros(-BEFORE_US)))
}

fn events(opening: &Opening, courses: &BTreeMap<Sku, Course>, time: Timestamp) -> Vec<Event> {
    let location = opening.options.location.clone();
    let place = LocationUpserted { location: location.clone(), name: None, rank: None };
    let mut made = vec![(format!("opening-{location}"), EventData::LocationUpserted(place))];
    let mut receipts = Vec::new();
    for (sku, course) in courses {
        let item = ItemUpserted {
            sku: sku.clone(),
            name: course.name.clone(),
            barcode: None,
            low_stock: None,
            kit: None,
        };
        made.push((format!("opening-item-{sku}"), EventData::ItemUpserted(item)));
        let needed = course.lowest.saturating_neg().saturating_mul(i64::from(opening.percent));
        // Rounded up: a SKU that needs stock gets at least one unit.
        let quantity = needed / 100 + i64::from(needed % 100 > 0);
        if quantity > 0 {
            let received = StockReceived {
                sku: sku.clone(),
                location: location.clone(),
                quantity: quantity.min(quantity::QUANTITY_MAX),
                reference: Text::new("opening stock, sized from the log").ok(),
            };
            receipts.push((format!("opening-{sku}"), EventData::StockReceived(received)));
        }
    }
    made.extend(receipts);
    let day = minute(time);
    made.into_iter()
        .filter_map(|(name, data)| {
            Some(Event {
                source: opening.options.source.clone(),
                id: EventId::new(format!("{name}-{day}")).ok()?,
                time,
                expected_version: None,
                extensions: BTreeMap::new(),
                data,
            })
        })
        .collect()
}
