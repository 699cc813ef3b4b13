//! Rows put together by invoice. The rows of an invoice stand together in the log, but where two
//! clerks work in the same minute they interleave.

use std::collections::VecDeque;

use onhand::time::Timestamp;

use super::rows::Row;
use super::summary::{Reason, Summary, Taken};

/// Rows of other invoices after which an invoice is complete.
const WINDOW_ROWS: u64 = 256;
/// Most rows held at once; then the oldest invoice is taken as complete.
const HELD_ROWS_MAX: usize = 20_000;

/// The rows of one invoice, in the order of the log; at least one.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) invoice: String,
    pub(super) rows: Vec<Row>,
    last: u64,
}

impl Group {
    /// When the invoice was written: the minute of its first row.
    pub(super) fn time(&self) -> Timestamp {
        self.rows.first().map(|row| row.time).unwrap_or_default()
    }

    /// What a row of the invoice is.
    pub(super) fn kind(&self, row: &Row) -> Taken {
        let unowned = row.free && !row.has_customer;
        if self.invoice.starts_with('C') {
            Taken::Return
        } else if unowned && (row.quantity < 0 || self.rows.len() == 1) {
            Taken::Correction
        } else if row.free {
            Taken::FreeSale
        } else {
            Taken::Sale
        }
    }
}

/// Groups of rows, in the order of their first rows.
#[derive(Debug)]
pub(super) struct Groups<R> {
    rows: R,
    open: VecDeque<Group>,
    held: usize,
    read: u64,
    ended: bool,
}

/// Where rows come from.
pub(super) trait Source {
    /// The next row; a row that cannot be read is skipped in the summary.
    fn next_row(&mut self, summary: &mut Summary) -> Option<std::io::Result<Row>>;
}

impl<R: Source> Groups<R> {
    pub(super) fn new(rows: R) -> Self {
        Self { rows, open: VecDeque::new(), held: 0, read: 0, ended: false }
    }

    pub(super) const fn rows(&self) -> &R {
        &self.rows
    }

    /// The next complete invoice.
    pub(super) fn next(&mut self, summary: &mut Summary) -> Option<std::io::Result<Group>> {
        loop {
            let complete = self.open.front().is_some_and(|group| {
                self.ended || self.held >= HELD_ROWS_MAX || self.read - group.last >= WINDOW_ROWS
            });
            if complete {
                let group = self.open.pop_front()?;
                self.held -= group.rows.len();
                return Some(Ok(group));
            }
            if self.ended {
                return None;
            }
            match self.rows.next_row(summary) {
                Some(Ok(row)) if row.invoice.starts_with('A') => {
                    summary.skip(&row, Reason::Accounting);
                }
                Some(Ok(row)) => self.put(row),
                Some(Err(error)) => return Some(Err(error)),
                None => self.ended = true,
            }
        }
    }

    fn put(&mut self, row: Row) {
        self.read += 1;
        self.held += 1;
        // The invoice is nearly always the newest one.
        let same = self.open.iter_mut().rev().find(|group| group.invoice == row.invoice);
        if let Some(group) = same {
            group.last = self.read;
            group.rows.push(row);
        } else {
            let invoice = row.invoice.clone();
            self.open.push_back(Group { invoice, rows: vec![row], last: self.read });
        }
    }
}
