//! The log of an online shop (the columns of UCI's "Online Retail"), read as events.
//!
//! `InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country`, as `.csv` or
//! gzipped, one row a line, times local to London and to the minute. The file is read once, in
//! bounded memory, and the same file always gives the same events, so a second import gives only
//! duplicates.
//!
//! | rows | become |
//! |---|---|
//! | an invoice of digits | `order.placed` and, at the same time, `order.fulfilled`: the log tells of what was sold and sent, so `on_hand` falls and nothing stays committed |
//! | `C…`: a cancellation or return, negative | `stock.adjusted` upwards with reason `return` and the invoice as reference. The log does not say which order it reverses, and a return that names no order would wait for it for ever |
//! | price 0 and no customer, negative or alone in its invoice | `stock.adjusted` as it stands, with the description as reason (`correction` if there is none): the warehouse corrects its stock by hand |
//! | price 0 among other rows of an invoice | an order's line like any other: goods given free. Its quantity is a sale, and as a correction it would count upwards |
//! | `A…` | skipped: accounting |
//! | codes that are no goods (postage, fees, samples, vouchers) | skipped, by code |
//! | anything that cannot be read | skipped, with its line and the reason; never the end of the import |
//!
//! Every SKU is announced by `item.upserted` where it is first seen, and again with its name if
//! the first row had none; the location by `location.upserted`. SKUs are taken as written: the log
//! spells some articles in two ways (`85123A`, `85123a`), which [`Summary::spelled_twice`] counts.
//!
//! The log has no opening stock, so its sales alone take every SKU below zero. [`opening`] sizes a
//! receipt per SKU from the log itself, for a demonstration.

mod goods;
mod group;
mod opening;
mod rows;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use onhand::event::{
    Event, EventData, FulfilledLine, ItemUpserted, LocationUpserted, OrderFulfilled, OrderPlaced,
    OrderedLine, StockAdjusted, StockState,
};
use onhand::id::{
    EventId, FulfillmentId, LineId, LocationId, NameError, OrderId, Sku, Source, Text,
};
use onhand::time::Timestamp;

use group::{Group, Groups};
pub use opening::{Opening, OpeningError, opening};
use rows::Rows;
pub use rows::{OpenError, Progress};
pub use summary::{EXAMPLES_MAX, Example, Reason, Skipped, Summary, Taken};

/// Different SKUs of one log; rows of further ones are skipped. It bounds the memory.
pub const SKUS_MAX: usize = 200_000;

/// How a log is read.
#[derive(Debug, Clone)]
pub struct Options {
    /// The events' source.
    pub source: Source,
    /// Where the stock is.
    pub location: LocationId,
    /// Whether SKUs and the location are announced.
    pub catalogue: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            source: Source::new("shop-log").expect("a word is a source"),
            location: LocationId::new("main").expect("a word is a location"),
            catalogue: true,
        }
    }
}

/// The log as a stream of events, in the order of the log.
///
/// # Errors
/// An item is an error once, and the last, when the file cannot be read on.
#[derive(Debug)]
pub struct ShopLog {
    options: Options,
    groups: Groups<Rows>,
    ready: VecDeque<Event>,
    /// SKUs seen, and whether their name is known.
    known: BTreeMap<Sku, bool>,
    located: bool,
    summary: Summary,
    ended: bool,
}

impl ShopLog {
    /// Opens a log.
    ///
    /// # Errors
    /// When the file cannot be opened or its first line does not name the columns.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        Ok(Self {
            options,
            groups: Groups::new(Rows::open(path)?),
            ready: VecDeque::new(),
            known: BTreeMap::new(),
            located: false,
            summary: Summary::default(),
            ended: false,
        })
    }

    /// What has been taken and what not, so far.
    pub const fn summary(&self) -> &Summary {
        &self.summary
    }

    /// How much of the file has been read.
    pub fn progress(&self) -> Progress {
        self.groups.rows().progress()
    }

    /// Turns the rows of one invoice into events.
    fn take(&mut self, group: &Group) {
        if !self.located && self.options.catalogue {
            self.located = true;
            let location = self.options.location.clone();
            let id = format!("location-{location}-{}", minute(group.time()));
            let data = LocationUpserted { location, name: None, rank: None };
            self.emit(&id, group.time(), EventData::LocationUpserted(data));
        }
        let mut lines = Vec::new();
        for (number, row) in group.rows.iter().enumerate() {
            let number = number + 1;
            let kind = group.kind(row);
            let sku = goods::sku(&row.code)
                .and_then(|sku| kind.check(row.quantity).map(|()| sku))
                .and_then(|sku| self.announce(sku, row));
            let sku = match sku {
                Ok(sku) => sku,
                Err(reason) => {
                    self.summary.skip(row, reason);
                    continue;
                }
            };
            self.summary.take(kind);
            match kind {
                Taken::Sale | Taken::FreeSale => {
                    let line = line_id(number);
                    lines.push(OrderedLine { line, sku, quantity: row.quantity, location: None });
                }
                Taken::Return => self.adjust(group, number, sku, -row.quantity, "return"),
                Taken::Correction => {
                    let reason = row.description.trim();
                    let reason = if reason.is_empty() { "correction" } else { reason };
                    self.adjust(group, number, sku, row.quantity, reason);
                }
            }
        }
        self.sell(group, lines);
    }

    fn sell(&mut self, group: &Group, mut lines: Vec<OrderedLine>) {
        if lines.is_empty() {
            return;
        }
        for line in &mut lines {
            line.location = Some(self.options.location.clone());
        }
        let name = format!("invoice-{}", group.invoice);
        let Ok(order) = OrderId::new(name.as_str()) else { return };
        let shipped = lines.iter().map(|line| FulfilledLine {
            line: line.line.clone(),
            quantity: line.quantity,
            location: line.location.clone(),
            sku: None,
        });
        let fulfilled = OrderFulfilled {
            order: order.clone(),
            fulfillment: FulfillmentId::new("1").expect("a digit is an id"),
            lines: shipped.collect(),
        };
        let placed = OrderPlaced { order, lines };
        self.emit(&name, group.time(), EventData::OrderPlaced(placed));
        let shipped = format!("{name}-shipped");
        self.emit(&shipped, group.time(), EventData::OrderFulfilled(fulfilled));
    }

    fn adjust(&mut self, group: &Group, number: usize, sku: Sku, delta: i64, reason: &str) {
        // Invoice numbers keep the rules for ids, and descriptions those for texts: rows that do
        // not were skipped when they were read.
        let (Ok(reason), Ok(reference)) = (Text::new(reason), Text::new(group.invoice.as_str()))
        else {
            return;
        };
        let data = StockAdjusted {
            sku,
            location: self.options.location.clone(),
            delta,
            reason,
            state: StockState::Available,
            reference: Some(reference),
            note: None,
        };
        let id = format!("invoice-{}-row-{number}", group.invoice);
        self.emit(&id, group.rows[number - 1].time, EventData::StockAdjusted(data));
    }

    /// Makes a SKU known where it is first seen, and its name where that is.
    fn announce(&mut self, sku: Sku, row: &rows::Row) -> Result<Sku, Reason> {
        let name = goods::name(row);
        let before = self.known.get(&sku).copied();
        if before == Some(true) || (before == Some(false) && name.is_none()) {
            return Ok(sku);
        }
        if before.is_none() {
            if self.known.len() >= SKUS_MAX {
                return Err(Reason::TooManySkus);
            }
            self.summary.skus.insert(sku.clone());
        }
        self.known.insert(sku.clone(), name.is_some());
        if self.options.catalogue {
            let id = format!("item-{sku}-{}", minute(row.time));
            let id = if before.is_none() { id } else { format!("{id}-name") };
            let item =
                ItemUpserted { sku: sku.clone(), name, barcode: None, low_stock: None, kit: None };
            self.emit(&id, row.time, EventData::ItemUpserted(item));
        }
        Ok(sku)
    }

    fn emit(&mut self, id: &str, time: Timestamp, data: EventData) {
        // Made of parts whose lengths are bounded where they are read.
        let Ok(id) = EventId::new(id) else { return };
        self.summary.event(data.event_type());
        self.ready.push_back(Event {
            source: self.options.source.clone(),
            id,
            time,
            expected_version: None,
            extensions: BTreeMap::new(),
            data,
        });
    }
}

impl Iterator for ShopLog {
    type Item = std::io::Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if self.ended {
                return None;
            }
            match self.groups.next(&mut self.summary) {
                Some(Ok(group)) => self.take(&group),
                Some(Err(error)) => {
                    self.ended = true;
                    return Some(Err(error));
                }
                None => self.ended = true,
            }
        }
    }
}

/// A moment to the minute, for an id.
fn minute(time: Timestamp) -> String {
    time.to_string().chars().filter(char::is_ascii_digit).take(12).collect()
}

fn line_id(number: usize) -> LineId {
    let made: Result<LineId, NameError> = LineId::new(number.to_string());
    made.expect("digits are an id")
}
