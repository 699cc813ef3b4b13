//! What an import took and what it did not take, and why.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use onhand::id::Sku;

use super::rows::Row;

/// Examples kept for each reason.
pub const EXAMPLES_MAX: usize = 3;
/// Longest text of an example, in characters.
const EXAMPLE_MAX_CHARS: usize = 120;

/// What a row was taken as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taken {
    /// A line of an order.
    Sale,
    /// A line of an order at price 0.
    FreeSale,
    /// A return without its order.
    Return,
    /// A correction of the stock by hand.
    Correction,
}

impl Taken {
    /// What it is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "sold",
            Self::FreeSale => "given free with an order",
            Self::Return => "returned",
            Self::Correction => "corrected by hand",
        }
    }

    /// Whether a quantity goes with this.
    pub(super) const fn check(self, quantity: i64) -> Result<(), Reason> {
        match self {
            Self::Sale | Self::FreeSale if quantity < 0 => Err(Reason::Sign),
            Self::Return if quantity > 0 => Err(Reason::Sign),
            _ => Ok(()),
        }
    }
}

/// Why a row was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The code is no goods: this one.
    NoGoods(&'static str),
    /// The row is an accounting entry.
    Accounting,
    /// The line has fewer columns than the first one.
    Columns,
    /// The line is too long.
    TooLong,
    /// The line is no UTF-8.
    Encoding,
    /// The invoice number is none.
    Invoice,
    /// The stock code is none.
    Code,
    /// The description is too long or holds the character NUL.
    Description,
    /// The quantity is no whole number, is 0, or is beyond the limit.
    Quantity,
    /// The quantity has the wrong sign for its invoice.
    Sign,
    /// The time is none.
    Time,
    /// The price is none.
    Price,
    /// The log has more SKUs than can be kept.
    TooManySkus,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::NoGoods(code) => return write!(f, "no goods ({code})"),
            Self::Accounting => "an accounting entry",
            Self::Columns => "columns are missing",
            Self::TooLong => "the line is too long",
            Self::Encoding => "the line is not UTF-8",
            Self::Invoice => "InvoiceNo must be digits, perhaps after C or A",
            Self::Code => "StockCode must have 1 to 64 characters without control characters",
            Self::Description => "Description must have at most 2000 characters",
            Self::Quantity => "Quantity must be a whole number, not 0",
            Self::Sign => "Quantity must be above 0 in an invoice, below 0 in a C invoice",
            Self::Time => "InvoiceDate must be a time such as 2010-12-01 08:26:00",
            Self::Price => "UnitPrice must be a decimal number",
            Self::TooManySkus => "the log has too many different StockCodes",
        };
        f.write_str(text)
    }
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The row, cut short.
    pub text: String,
}

/// Rows that were not taken for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Skipped {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// What an import took and what not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Rows read, the first line and blank ones aside.
    pub rows: u64,
    /// Rows taken, by what they were.
    pub taken: BTreeMap<Taken, u64>,
    /// Rows not taken, by reason.
    pub skipped: BTreeMap<Reason, Skipped>,
    /// Events made, by type.
    pub events: BTreeMap<&'static str, u64>,
    /// The SKUs.
    pub skus: BTreeSet<Sku>,
}

impl Summary {
    /// Rows taken.
    pub fn taken_rows(&self) -> u64 {
        self.taken.values().sum()
    }

    /// Rows not taken.
    pub fn skipped_rows(&self) -> u64 {
        self.skipped.values().map(|skipped| skipped.count).sum()
    }

    /// SKUs that are spelled in capitals elsewhere in the log, and not here.
    pub fn spelled_twice(&self) -> u64 {
        let twins = self.skus.iter().filter(|sku| {
            let upper = sku.as_str().to_uppercase();
            upper != sku.as_str() && self.skus.contains(upper.as_str())
        });
        twins.count() as u64
    }

    /// Adds the summary of another file.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.skus.extend(other.skus.iter().cloned());
        for (kind, count) in &other.taken {
            *self.taken.entry(*kind).or_default() += count;
        }
        for (name, count) in &other.events {
            *self.events.entry(name).or_default() += count;
        }
        for (reason, skipped) in &other.skipped {
            let sum = self.skipped.entry(*reason).or_default();
            sum.count += skipped.count;
            let room = EXAMPLES_MAX.saturating_sub(sum.examples.len());
            sum.examples.extend(skipped.examples.iter().take(room).cloned());
        }
    }

    pub(super) fn take(&mut self, kind: Taken) {
        *self.taken.entry(kind).or_default() += 1;
    }

    pub(super) fn event(&mut self, name: &'static str) {
        *self.events.entry(name).or_default() += 1;
    }

    pub(super) fn skip(&mut self, row: &Row, reason: Reason) {
        let text = format!("{},{},{},{}", row.invoice, row.code, row.description, row.quantity);
        self.skip_line(row.line, &text, reason);
    }

    pub(super) fn skip_line(&mut self, line: u64, text: &str, reason: Reason) {
        let skipped = self.skipped.entry(reason).or_default();
        skipped.count += 1;
        if skipped.examples.len() < EXAMPLES_MAX {
            let shown = text.chars().filter(|shown| !shown.is_control());
            let text = shown.take(EXAMPLE_MAX_CHARS).collect();
            skipped.examples.push(Example { line, text });
        }
    }
}

impl fmt::Display for Summary {
    /// The summary as a person reads it after an import.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (taken, skipped) = (self.taken_rows(), self.skipped_rows());
        writeln!(f, "{} rows: {taken} taken, {skipped} not taken", self.rows)?;
        for (kind, count) in &self.taken {
            writeln!(f, "  {count:>8}  {}", kind.as_str())?;
        }
        let events: u64 = self.events.values().sum();
        writeln!(f, "{events} events for {} SKUs", self.skus.len())?;
        for (name, count) in &self.events {
            writeln!(f, "  {count:>8}  {name}")?;
        }
        let twice = self.spelled_twice();
        if twice > 0 {
            writeln!(f, "  {twice} SKUs differ from another only in capitals")?;
        }
        if skipped > 0 {
            writeln!(f, "not taken:")?;
        }
        for (reason, skipped) in &self.skipped {
            writeln!(f, "  {:>8}  {reason}", skipped.count)?;
            for example in &skipped.examples {
                writeln!(f, "            line {}: {}", example.line, example.text)?;
            }
        }
        Ok(())
    }
}
