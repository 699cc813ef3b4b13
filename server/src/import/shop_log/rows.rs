//! Lines of the file as rows: decompressed and decoded one at a time, each for itself, so that a
//! broken line spoils nothing but itself.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{LocalResult, NaiveDateTime, TimeZone};
use chrono_tz::Europe::London;
use flate2::read::MultiGzDecoder;
use onhand::quantity::QUANTITY_MAX;
use onhand::time::Timestamp;

use super::group::Source;
use super::summary::{Reason, Summary};

/// Longest line, in bytes.
const LINE_MAX_BYTES: usize = 64 * 1024;
/// Longest invoice number and stock code, in characters: there is room in an event's id for more.
const CODE_MAX_CHARS: usize = 64;
/// The columns, in any order; others are passed over.
const COLUMNS: [&str; 7] =
    ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"];
/// The first bytes of a gzip file.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why a log cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened or read.
    #[error("{path}: {error}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        error: io::Error,
    },
    /// The first line does not name the columns.
    #[error("{path}: the first line must name the column {column}")]
    Column {
        /// The file.
        path: String,
        /// What is missing.
        column: &'static str,
    },
}

/// How much of a file has been read, in its own bytes, compressed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes read.
    pub read_bytes: u64,
    /// Bytes of the file.
    pub total_bytes: u64,
}

/// A row of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The line of the file, from 1.
    pub(super) line: u64,
    pub(super) invoice: String,
    pub(super) code: String,
    pub(super) description: String,
    pub(super) quantity: i64,
    pub(super) time: Timestamp,
    /// Whether the price is 0.
    pub(super) free: bool,
    pub(super) has_customer: bool,
}

/// Counts the bytes that pass.
#[derive(Debug)]
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let number = self.file.read(buffer)?;
        self.read.fetch_add(number as u64, Ordering::Relaxed);
        Ok(number)
    }
}

/// The rows of a file.
pub(super) struct Rows {
    lines: Box<dyn BufRead + Send>,
    /// The place of each of [`COLUMNS`] in a line.
    places: [usize; COLUMNS.len()],
    line: u64,
    buffer: Vec<u8>,
    /// Decodes one line; kept, because making its tables costs more than a line does.
    decoder: csv::Reader<Cursor<Vec<u8>>>,
    read: Arc<AtomicU64>,
    total_bytes: u64,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("line", &self.line).finish_non_exhaustive()
    }
}

impl Rows {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let name = || path.display().to_string();
        let failed = |error| OpenError::File { path: name(), error };
        let file = File::open(path).map_err(failed)?;
        let total_bytes = file.metadata().map_err(failed)?.len();
        let read = Arc::new(AtomicU64::new(0));
        let mut plain = BufReader::new(Counted { file, read: Arc::clone(&read) });
        let zipped = plain.fill_buf().map_err(failed)?.starts_with(&GZIP_MAGIC);
        let lines: Box<dyn BufRead + Send> = if zipped {
            Box::new(BufReader::new(MultiGzDecoder::new(plain)))
        } else {
            Box::new(plain)
        };
        let places = [0; COLUMNS.len()];
        let decoder = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(Cursor::new(Vec::new()));
        let buffer = Vec::new();
        let mut rows = Self { lines, places, line: 0, buffer, decoder, read, total_bytes };
        rows.next_line().map_err(failed)?;
        let header = rows.fields().unwrap_or_default();
        for (place, column) in rows.places.iter_mut().zip(COLUMNS) {
            let found = header.iter().position(|title| title.trim_matches('\u{feff}') == column);
            *place = found.ok_or(OpenError::Column { path: name(), column })?;
        }
        Ok(rows)
    }

    pub(super) fn progress(&self) -> Progress {
        Progress { read_bytes: self.read.load(Ordering::Relaxed), total_bytes: self.total_bytes }
    }

    /// Reads the next line into the buffer. `None` at the end, `Some(false)` for one that is too
    /// long, of which only the start is kept.
    fn next_line(&mut self) -> io::Result<Option<bool>> {
        self.buffer.clear();
        let limit = LINE_MAX_BYTES as u64 + 1;
        let number = self.lines.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
        if number == 0 {
            return Ok(None);
        }
        self.line += 1;
        if self.buffer.last() == Some(&b'\n') || number <= LINE_MAX_BYTES {
            return Ok(Some(true));
        }
        loop {
            let rest = self.lines.fill_buf()?;
            let end = rest.iter().position(|byte| *byte == b'\n');
            let (used, done) = match end {
                Some(end) => (end + 1, true),
                None => (rest.len(), rest.is_empty()),
            };
            self.lines.consume(used);
            if done {
                return Ok(Some(false));
            }
        }
    }

    /// The fields of the line in the buffer.
    fn fields(&mut self) -> Result<csv::StringRecord, Reason> {
        let text = self.decoder.get_mut().get_mut();
        text.clear();
        text.extend_from_slice(&self.buffer);
        let mut record = csv::StringRecord::new();
        // From memory, so the only error is a line that is no UTF-8.
        self.decoder
            .seek_raw(SeekFrom::Start(0), csv::Position::new())
            .and_then(|()| self.decoder.read_record(&mut record))
            .map_err(|_| Reason::Encoding)?;
        Ok(record)
    }

    fn row(&mut self) -> Result<Row, Reason> {
        let fields = self.fields()?;
        let mut values = [""; COLUMNS.len()];
        for (value, place) in values.iter_mut().zip(self.places) {
            *value = fields.get(place).ok_or(Reason::Columns)?;
        }
        let [invoice, code, description, quantity, date, price, customer] = values;
        let quantity: i64 = quantity.trim().parse().map_err(|_| Reason::Quantity)?;
        if quantity == 0 || quantity.abs() > QUANTITY_MAX {
            return Err(Reason::Quantity);
        }
        if onhand::id::Text::new(description).is_err() {
            return Err(Reason::Description);
        }
        Ok(Row {
            line: self.line,
            invoice: invoice_number(invoice.trim())?,
            code: code_of(code.trim())?,
            description: description.to_owned(),
            quantity,
            time: time(date.trim())?,
            free: is_zero(price.trim())?,
            has_customer: !customer.trim().is_empty(),
        })
    }
}

impl Source for Rows {
    fn next_row(&mut self, summary: &mut Summary) -> Option<io::Result<Row>> {
        loop {
            let whole = match self.next_line() {
                Ok(None) => return None,
                Ok(Some(whole)) => whole,
                Err(error) => return Some(Err(error)),
            };
            if self.buffer.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            summary.rows += 1;
            let row = if whole { self.row() } else { Err(Reason::TooLong) };
            match row {
                Ok(row) => return Some(Ok(row)),
                Err(reason) => {
                    let text = String::from_utf8_lossy(&self.buffer);
                    summary.skip_line(self.line, text.trim_end(), reason);
                }
            }
        }
    }
}

/// Six digits, or more some day, after an optional `C` or `A`.
fn invoice_number(text: &str) -> Result<String, Reason> {
    let digits = text.strip_prefix(['C', 'A']).unwrap_or(text);
    let well_formed = !digits.is_empty()
        && digits.len() <= CODE_MAX_CHARS
        && digits.bytes().all(|byte| byte.is_ascii_digit());
    if well_formed { Ok(text.to_owned()) } else { Err(Reason::Invoice) }
}

fn code_of(text: &str) -> Result<String, Reason> {
    let well_formed = onhand::id::check_id(text).is_ok() && text.chars().count() <= CODE_MAX_CHARS;
    if well_formed { Ok(text.to_owned()) } else { Err(Reason::Code) }
}

/// A local time. In the hour that comes twice in autumn the first is meant; one in the hour that
/// spring leaves out is read as if the clocks had not been changed.
fn time(text: &str) -> Result<Timestamp, Reason> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M"))
        .map_err(|_| Reason::Time)?;
    let micros = match London.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => time.timestamp_micros(),
        LocalResult::None => local.and_utc().timestamp_micros(),
    };
    Ok(Timestamp::from_micros(micros))
}

/// Whether a price is 0. Nothing is calculated with prices, so none is ever a float.
fn is_zero(text: &str) -> Result<bool, Reason> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all(whole) || !all(part) {
        return Err(Reason::Price);
    }
    Ok(digits.bytes().all(|byte| matches!(byte, b'0' | b'.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_become_utc_in_winter_and_summer() {
        let cases = [
            ("2010-12-01 08:26:00", Some("2010-12-01T08:26:00Z")),
            ("2011-05-03 10:00:00", Some("2011-05-03T09:00:00Z")),
            ("2011-05-03 10:00", Some("2011-05-03T09:00:00Z")),
            ("2011-03-27 01:30:00", Some("2011-03-27T01:30:00Z")),
            ("2011-10-30 01:30:00", Some("2011-10-30T00:30:00Z")),
            ("2011-02-30 10:00:00", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(time(text).ok().map(|time| time.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_price_is_zero_or_not_or_no_price() {
        for zero in ["0", "0.0", "0.00", "-0.0", "0."] {
            assert_eq!(is_zero(zero), Ok(true), "{zero}");
        }
        for price in ["0.001", "2.55", "-11062.06", "10"] {
            assert_eq!(is_zero(price), Ok(false), "{price}");
        }
        for bad in ["", "free", "1e3", "1,5", ".", "--1"] {
            assert_eq!(is_zero(bad), Err(Reason::Price), "{bad}");
        }
    }
}
