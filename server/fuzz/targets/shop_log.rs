//! `onhand import`: any file, as it is or below a line that names the columns.

#![no_main]

use std::io::Write as _;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use onhand::event::Event;
use onhand_fuzz::is_event;
use onhand_fuzz::shop_log::{Opening, Options, ShopLog, Summary, opening};

const COLUMNS: &[u8] =
    b"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

/// Everything that a log says, as far as it can be read, and what was made of its rows.
fn read(path: &Path) -> Option<(Vec<Event>, Summary)> {
    let mut log = ShopLog::open(path, Options::default()).ok()?;
    let events = log.by_ref().map_while(Result::ok).collect();
    Some((events, log.summary().clone()))
}

fuzz_target!(|input: &[u8]| {
    let Some((choice, rows)) = input.split_first() else { return };
    let mut file = tempfile::NamedTempFile::new_in("/dev/shm").expect("there is memory");
    if choice % 2 == 0 {
        file.write_all(COLUMNS).expect("there is memory");
    }
    file.write_all(rows).expect("there is memory");
    let Some((events, summary)) = read(file.path()) else { return };
    events.iter().for_each(is_event);
    let told: u64 = summary.events.values().sum();
    assert_eq!(told, events.len() as u64, "every event is counted");
    // A file that is torn ends in the middle of an invoice whose rows were taken by nobody.
    let whole = choice % 2 == 0 || !rows.starts_with(&[0x1f, 0x8b]);
    if whole {
        assert_eq!(summary.rows, summary.taken_rows() + summary.skipped_rows(), "{summary}");
    }
    assert_eq!(read(file.path()), Some((events, summary)), "the same file says the same");
    if let Ok(stock) = opening(file.path(), &Opening::default()) {
        stock.iter().for_each(is_event);
    }
});
