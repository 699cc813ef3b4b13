//! The extract that the server carries, and made-up files for what it does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use onhand::record::{Bucket, Outcome};
use serde_json::{Value, json};

use super::*;
use crate::test_ledger::TestLedger;

const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

fn extract() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/online-retail-extract.csv.gz")
}

/// A file with these bytes, kept as long as the first part of the pair.
fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn import(path: &Path) -> (Vec<Event>, Summary) {
    let mut log = ShopLog::open(path, Options::default()).unwrap();
    let events: Vec<Event> = log.by_ref().map(Result::unwrap).collect();
    (events, log.summary().clone())
}

fn import_rows(rows: &str) -> (Vec<Value>, Summary) {
    let (_folder, path) = file(format!("{HEADER}{rows}").as_bytes());
    let (events, summary) = import(&path);
    (events.iter().map(|event| serde_json::to_value(event).unwrap()).collect(), summary)
}

fn of_type<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["type"] == name).collect()
}

#[test]
fn an_invoice_is_an_order_that_was_sent() {
    let (events, summary) = import_rows(
        "536365,85123A,WHITE HANGING HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n\
         536365,POST,POSTAGE,1,2010-12-01 08:26:00,18.0,17850.0,United Kingdom\n\
         536365,71053,\"LANTERN, WHITE\",2,2010-12-01 08:26:00,3.39,17850.0,United Kingdom\n\
         536365,85123A,WHITE HANGING HEART,4,2010-12-01 08:27:00,2.55,17850.0,United Kingdom\n",
    );
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let expected =
        ["location.upserted", "item.upserted", "item.upserted", "order.placed", "order.fulfilled"];
    assert_eq!(types, expected);
    assert_eq!(events[2]["data"], json!({"sku": "71053", "name": "LANTERN, WHITE"}));
    let line = |line, sku, quantity| json!({"line": line, "sku": sku, "quantity": quantity, "location": "main"});
    assert_eq!(
        events[3],
        json!({"specversion": "1.0", "source": "shop-log", "id": "invoice-536365",
            "type": "order.placed", "time": "2010-12-01T08:26:00Z", "data": {
                "order": "invoice-536365",
                "lines": [line("1", "85123A", 6), line("3", "71053", 2), line("4", "85123A", 4)]}})
    );
    assert_eq!(events[4]["id"], "invoice-536365-shipped");
    assert_eq!(events[4]["data"]["lines"].as_array().unwrap().len(), 3);
    assert_eq!(summary.taken, BTreeMap::from([(Taken::Sale, 3)]));
    assert_eq!(summary.skipped[&Reason::NoGoods("POST")].count, 1);
}

#[test]
fn returns_and_corrections_adjust_the_stock() {
    let (events, summary) = import_rows(
        "C536383,35004C,FLYING DUCKS,-2,2010-12-01 09:49:00,4.65,15311.0,United Kingdom\n\
         536589,21777,,-10,2010-12-01 16:50:00,0.0,,United Kingdom\n\
         536414,22139,,56,2010-12-01 11:52:00,0.0,,United Kingdom\n\
         537425,84968F,check,-20,2010-12-06 15:35:00,0.0,,United Kingdom\n\
         C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527.0,United Kingdom\n\
         A563185,B,Adjust bad debt,1,2011-08-12 14:50:00,11062.06,,United Kingdom\n",
    );
    let data: Vec<_> =
        of_type(&events, "stock.adjusted").iter().map(|event| event["data"].clone()).collect();
    let adjusted = |sku, delta, reason, reference| {
        json!({"sku": sku, "location": "main", "delta": delta, "reason": reason,
            "reference": reference})
    };
    assert_eq!(
        data,
        [
            adjusted("35004C", 2, "return", "C536383"),
            adjusted("21777", -10, "correction", "536589"),
            adjusted("22139", 56, "correction", "536414"),
            adjusted("84968F", -20, "check", "537425"),
        ]
    );
    assert!(of_type(&events, "order.placed").is_empty());
    assert_eq!(summary.taken, BTreeMap::from([(Taken::Return, 1), (Taken::Correction, 3)]));
    let reasons: Vec<_> = summary.skipped.keys().copied().collect();
    assert_eq!(reasons, [Reason::NoGoods("D"), Reason::Accounting]);
    let ids: BTreeSet<_> = events.iter().map(|event| event["id"].to_string()).collect();
    assert_eq!(ids.len(), events.len());
}

#[test]
fn goods_given_free_are_sold_not_found() {
    let (events, summary) = import_rows(
        "537534,85064,LETTER RACK,1,2010-12-07 11:48:00,0.0,,United Kingdom\n\
         537534,DOT,DOTCOM POSTAGE,1,2010-12-07 11:48:00,569.77,,United Kingdom\n\
         537197,22841,CAKE TIN,1,2010-12-05 14:02:00,0.0,12647.0,Germany\n",
    );
    assert_eq!(of_type(&events, "order.placed").len(), 2);
    assert_eq!(summary.taken, BTreeMap::from([(Taken::FreeSale, 2)]));
}

#[test]
fn an_item_gets_its_name_where_the_log_first_has_it() {
    let (events, summary) = import_rows(
        "536414,22139,damaged,-6,2010-12-01 11:52:00,0.0,,United Kingdom\n\
         536500,22139,RETRO SPOT TEA SET,1,2010-12-01 12:00:00,4.95,1.0,United Kingdom\n\
         536501,22139,OTHER NAME,1,2010-12-01 12:01:00,4.95,1.0,United Kingdom\n\
         536502,22139a,twin,1,2010-12-01 12:02:00,4.95,1.0,United Kingdom\n\
         536503,22139A,TWIN,1,2010-12-01 12:03:00,4.95,1.0,United Kingdom\n",
    );
    let names: Vec<_> = of_type(&events, "item.upserted")
        .iter()
        .map(|event| (event["data"]["sku"].clone(), event["data"]["name"].clone()))
        .collect();
    let expected = [
        (json!("22139"), Value::Null),
        (json!("22139"), json!("RETRO SPOT TEA SET")),
        (json!("22139a"), json!("twin")),
        (json!("22139A"), json!("TWIN")),
    ];
    assert_eq!(names, expected);
    assert_eq!((summary.skus.len(), summary.spelled_twice()), (3, 1));
}

#[test]
fn rows_of_two_invoices_may_interleave() {
    let row = |invoice: u32, sku: u32| {
        format!("{invoice},{sku},THING,1,2011-02-01 11:19:00,7.95,12836.0,United Kingdom\n")
    };
    let rows = [row(542_806, 1), row(542_805, 2), row(542_806, 3), row(542_805, 4)].concat();
    let (events, _) = import_rows(&rows);
    let orders: Vec<_> = of_type(&events, "order.placed")
        .iter()
        .map(|event| (event["id"].clone(), event["data"]["lines"].as_array().unwrap().len()))
        .collect();
    assert_eq!(orders, [(json!("invoice-542806"), 2), (json!("invoice-542805"), 2)]);
}

#[test]
fn bad_rows_are_named_and_never_the_end() {
    let good = "1,22423,CAKESTAND,1,2010-12-01 08:26:00,2.55,1.0,United Kingdom\n";
    let cases: [(&str, Reason); 12] = [
        ("2,22423,CAKESTAND,1\n", Reason::Columns),
        ("X2,22423,CAKESTAND,1,2010-12-01 08:26:00,2.55,1.0,UK\n", Reason::Invoice),
        (",22423,CAKESTAND,1,2010-12-01 08:26:00,2.55,1.0,UK\n", Reason::Invoice),
        ("2,,CAKESTAND,1,2010-12-01 08:26:00,2.55,1.0,UK\n", Reason::Code),
        ("2,22423,CAKESTAND,one,2010-12-01 08:26:00,2.55,1.0,UK\n", Reason::Quantity),
        ("2,22423,CAKESTAND,1.5,2010-12-01 08:26:00,2.55,1.0,UK\n", Reason::Quantity),
        ("2,22423,CAKESTAND,0,2010-12-01 08:26:00,2.55,1.0,UK\n", Reason::Quantity),
        ("2,22423,CAKESTAND,9223372036854775807,2010-12-01 08:26:00,2,1,UK\n", Reason::Quantity),
        ("2,22423,CAKESTAND,-1,2010-12-01 08:26:00,2.55,1.0,UK\n", Reason::Sign),
        ("C2,22423,CAKESTAND,1,2010-12-01 08:26:00,2.55,1.0,UK\n", Reason::Sign),
        ("2,22423,CAKESTAND,1,1.12.2010,2.55,1.0,UK\n", Reason::Time),
        ("2,22423,CAKESTAND,1,2010-12-01 08:26:00,cheap,1.0,UK\n", Reason::Price),
    ];
    for (row, reason) in cases {
        let (events, summary) = import_rows(&format!("{row}\n{good}"));
        assert_eq!(of_type(&events, "order.placed").len(), 1, "{row}");
        let skipped = &summary.skipped[&reason];
        assert_eq!((skipped.count, skipped.examples[0].line), (1, 2), "{row}");
        assert_eq!(summary.rows, 2, "a blank line is no row");
        assert!(summary.to_string().contains(&reason.to_string()));
    }
    let quote = "2,22423,\"CAKESTAND,1,2010-12-01 08:26:00,2.55,1.0,UK\n";
    assert_eq!(import_rows(&format!("{quote}{good}")).1.skipped[&Reason::Columns].count, 1);
    let long = format!("2,22423,{},1,2010-12-01 08:26:00,2.55,1.0,UK\n", "x".repeat(200_000));
    assert_eq!(import_rows(&format!("{long}{good}")).1.skipped[&Reason::TooLong].count, 1);
    let (_folder, path) = file(&[HEADER.as_bytes(), b"2,\xff,x,1,,,,\n", good.as_bytes()].concat());
    let (events, summary) = import(&path);
    assert_eq!((events.len(), summary.skipped[&Reason::Encoding].count), (4, 1));
}

#[test]
fn a_file_that_is_no_log_is_refused_and_a_torn_one_ends_with_an_error() {
    let open = |bytes: &[u8]| {
        let (_folder, path) = file(bytes);
        ShopLog::open(&path, Options::default()).map(|_| ()).unwrap_err().to_string()
    };
    assert!(open(b"").contains("InvoiceNo"));
    assert!(open(b"InvoiceNo,StockCode\n").contains("Description"));
    let missing = ShopLog::open(Path::new("/nonexistent.csv"), Options::default());
    assert!(missing.unwrap_err().to_string().contains("/nonexistent.csv"));
    let whole = std::fs::read(extract()).unwrap();
    let (_folder, path) = file(&whole[..whole.len() / 2]);
    let results: Vec<_> = ShopLog::open(&path, Options::default()).unwrap().collect();
    assert!(results.last().unwrap().is_err());
    assert!(results.iter().rev().skip(1).all(Result::is_ok) && results.len() > 100);
}

#[test]
fn plain_and_gzipped_files_say_the_same_and_the_progress_reaches_the_end() {
    let mut plain = Vec::new();
    let zipped = std::fs::read(extract()).unwrap();
    let mut decoder = flate2::write::GzDecoder::new(&mut plain);
    decoder.write_all(&zipped).unwrap();
    decoder.finish().unwrap();
    let (_folder, path) = file(&plain);
    assert_eq!(import(&path), import(&extract()));
    for path in [path, extract()] {
        let mut log = ShopLog::open(&path, Options::default()).unwrap();
        assert!(log.by_ref().all(|event| event.is_ok()));
        let progress = log.progress();
        assert_eq!(progress.read_bytes, progress.total_bytes);
    }
}

#[test]
fn the_extract_is_taken_as_a_whole_and_only_once() {
    let (events, summary) = import(&extract());
    assert_eq!(summary.rows, summary.taken_rows() + summary.skipped_rows());
    assert_eq!(summary.taken.len(), 4, "{summary}");
    let mut ledger = TestLedger::new();
    for event in &events {
        assert_eq!(ledger.take(event), Some(Outcome::Applied), "{event:?}");
    }
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for event in &events {
        match &event.data {
            EventData::StockAdjusted(data) => {
                *expected.entry(data.sku.to_string()).or_default() += data.delta;
            }
            EventData::OrderPlaced(data) => {
                for line in &data.lines {
                    *expected.entry(line.sku.to_string()).or_default() -= line.quantity;
                }
            }
            _ => {}
        }
    }
    for (sku, on_hand) in &expected {
        assert_eq!(ledger.sum(sku, Bucket::OnHand), *on_hand, "{sku}");
        assert_eq!(ledger.sum(sku, Bucket::Committed), 0, "{sku}");
    }
    assert_eq!((ledger.conflicts(), ledger.waiting()), (Vec::new(), 0));
    for event in import(&extract()).0 {
        assert_eq!(ledger.take(&event), Some(Outcome::Duplicate), "{event:?}");
    }
}

#[test]
fn the_opening_stock_is_just_enough() {
    let all = opening(&extract(), &Opening::default()).unwrap();
    let some = opening(&extract(), &Opening { percent: 50, ..Opening::default() }).unwrap();
    let total = |events: &[Event]| -> i64 {
        let received = events.iter().filter_map(|event| match &event.data {
            EventData::StockReceived(data) => Some(data.quantity),
            _ => None,
        });
        received.sum()
    };
    assert!(total(&some) * 2 >= total(&all) && total(&some) < total(&all));
    let (events, summary) = import(&extract());
    assert!(all.iter().all(|event| event.time < events[0].time));
    let mut ledger = TestLedger::new();
    let mut lowest: BTreeMap<String, i64> = BTreeMap::new();
    for event in all.iter().chain(&events) {
        assert_eq!(ledger.take(event), Some(Outcome::Applied), "{event:?}");
        let moved: Vec<&Sku> = match &event.data {
            EventData::StockReceived(data) => vec![&data.sku],
            EventData::StockAdjusted(data) => vec![&data.sku],
            EventData::OrderPlaced(data) => data.lines.iter().map(|line| &line.sku).collect(),
            _ => continue,
        };
        for sku in moved {
            let left = ledger.sum(sku.as_str(), Bucket::OnHand)
                - ledger.sum(sku.as_str(), Bucket::Committed);
            let low = lowest.entry(sku.to_string()).or_insert(left);
            *low = left.min(*low);
        }
    }
    assert!(lowest.values().all(|low| *low == 0), "never below 0, and empty once: {lowest:?}");
    assert!(lowest.len() <= summary.skus.len());
}

/// Prints what the whole log gives; for the figures in the closing note of an import.
///
/// `ONHAND_SHOP_LOG=folder cargo test -p onhand-server --lib whole_log -- --ignored --nocapture`
#[test]
#[ignore = "needs the folder of the whole log in ONHAND_SHOP_LOG"]
#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn the_whole_log_adds_up() {
    let folder = std::env::var("ONHAND_SHOP_LOG").unwrap();
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    let mut sum = Summary::default();
    let mut ledger = TestLedger::new();
    let mut outcomes: BTreeMap<String, u64> = BTreeMap::new();
    for path in &files {
        let (events, summary) = import(path);
        for event in &events {
            *outcomes.entry(format!("{:?}", ledger.take(event))).or_default() += 1;
        }
        assert_eq!(summary.rows, summary.taken_rows() + summary.skipped_rows());
        println!("{}: {} rows, {} taken", path.display(), summary.rows, summary.taken_rows());
        sum.add(&summary);
    }
    println!("{sum}{outcomes:?}, {:?}", ledger.conflicts());
}
