//! Journals as they were written once. Every later version has to read them, and to come to the
//! same state: levels, digest, documents.
//!
//! A file of `v1/` is a journal of records of version 1, a record a line, as it is stored. Its last
//! line says where it leads. The files are never written again. What a version knows in addition
//! gets a journal of its own: add a tale to [`tales`] and run
//!
//! ```sh
//! cargo test -p onhand --features onhand/sim --test core golden::write -- --ignored
//! ```
//!
//! which writes the journals that are missing, all of them after [`RECORD_VERSION`] was raised, and
//! touches none that is there.

mod coverage;
mod tales;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use onhand::digest::of_state;
use onhand::journal::{self, Chain, RECORD_VERSION, hex};
use onhand::ledger::Ledger;
use onhand::record::Bucket;
use serde::{Deserialize, Serialize};

use crate::harness::World;
use tales::TALES;

/// What to do about a journal that no longer leads where it led.
const ADVICE: &str = "A ledger of somebody's shop would break in the same way. Records are never \
    rewritten: leave a new member out while it is empty, give it a default, or raise \
    RECORD_VERSION and add an upcaster (src/journal/upcast.rs).";

/// Where a journal leads.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct End {
    /// How many records there are.
    seq: u64,
    /// The hash over all of them.
    chain: String,
    /// The numbers of every level, for people: the digest does not say what is different.
    levels: Vec<String>,
    /// The digest of the state.
    digest: String,
    /// The hash over all orders, transfers and reservations.
    documents: String,
}

impl End {
    /// Where a replay has come to.
    fn of(ledger: &Ledger) -> Self {
        let state = ledger.state();
        let mut documents = Chain::default();
        let orders = ledger.orders().map(serde_json::to_vec);
        let transfers = ledger.transfers().map(serde_json::to_vec);
        let reservations = ledger.reservations().map(serde_json::to_vec);
        for document in orders.chain(transfers).chain(reservations) {
            documents = documents.after(&document.unwrap());
        }
        Self {
            seq: state.head().seq,
            chain: hex(&state.head().chain.0),
            levels: levels(ledger),
            digest: of_state(state).to_string(),
            documents: hex(&documents.0),
        }
    }
}

fn levels(ledger: &Ledger) -> Vec<String> {
    let catalogue = ledger.state().catalogue();
    let levels = ledger.state().levels().map(|(sku, location, level)| {
        let numbers = Bucket::ALL.map(|bucket| (bucket.as_str(), level.get(bucket)));
        let numbers = numbers.iter().filter(|(_, number)| *number != 0);
        let numbers: Vec<String> =
            numbers.map(|(name, number)| format!("{name} {number}")).collect();
        let (sku, location) = (catalogue.sku_name(sku), catalogue.location_name(location));
        format!("{sku} at {location}, version {}: {}", level.version, numbers.join(", "))
    });
    let mut levels: Vec<String> = levels.collect();
    levels.sort();
    levels
}

fn folder(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/tests/golden/v{version}"))
}

/// The journals of a version: where each is, and its lines.
fn journals(version: u32) -> Vec<(PathBuf, String)> {
    let Ok(files) = fs::read_dir(folder(version)) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// Reads the records of a journal and where it is to lead.
fn replayed(name: &str, journal: &str, version: u32) -> (Ledger, End) {
    let (records, end) = journal.trim_end().rsplit_once('\n').unwrap();
    let mut ledger = Ledger::default();
    for line in records.lines() {
        let bytes = line.as_bytes();
        let last = ledger.state().head();
        let (seq, chain) = (last.seq + 1, last.chain.after(bytes));
        let record = journal::follow(last, seq, bytes, chain)
            .unwrap_or_else(|why| panic!("{name}: record #{seq} cannot be read: {why}. {ADVICE}"));
        if version == RECORD_VERSION {
            let again = String::from_utf8(journal::encode(&record)).unwrap();
            assert_eq!(again, line, "{name}: record #{seq} is not written as it was. {ADVICE}");
        }
        ledger.replay(&record, bytes);
    }
    (ledger, serde_json::from_str(end).unwrap())
}

#[test]
fn every_journal_ever_written_leads_where_it_led() {
    for version in 1..=RECORD_VERSION {
        let journals = journals(version);
        assert!(!journals.is_empty(), "there is no golden journal of version {version}: see above");
        for (path, journal) in journals {
            let name = path.display();
            let (ledger, expected) = replayed(&name.to_string(), &journal, version);
            let end = End::of(&ledger);
            assert_eq!(end.levels, expected.levels, "{name} leads to other levels. {ADVICE}");
            assert_eq!(
                end, expected,
                "{name} leads to the same levels, but not to the same state or documents: names, \
                 conflicts, what waits and timers are part of it. {ADVICE}"
            );
        }
    }
}

#[test]
fn a_change_that_breaks_a_journal_is_found_and_named() {
    let (path, journal) = journals(1).remove(0);
    let name = path.display().to_string();
    let broken = |from: &str, to: &str| {
        assert!(journal.contains(from), "{name} has no {from}");
        let journal = journal.replacen(from, to, 1);
        let replay = std::panic::AssertUnwindSafe(|| {
            let (ledger, expected) = replayed(&name, &journal, 1);
            assert_eq!(End::of(&ledger), expected, "{name} leads elsewhere");
        });
        let panic = std::panic::catch_unwind(replay).unwrap_err();
        panic.downcast_ref::<String>().cloned().expect("a message")
    };
    let unread = broken(r#""v":1"#, &format!(r#""v":{}"#, RECORD_VERSION + 1));
    assert!(unread.contains("record #1 cannot be read") && unread.contains(ADVICE), "{unread}");
    let unwritten = broken(r#""seq":1,"#, r#""seq":1,"unheard":1,"#);
    assert!(unwritten.contains("record #1 is not written as it was"), "{unwritten}");
    let elsewhere = broken(r#""digest":""#, r#""digest":"0"#);
    assert!(elsewhere.contains(&format!("{name} leads elsewhere")), "{elsewhere}");
}

/// Writes the journals that this version lacks: see above.
#[test]
#[ignore = "it writes files, for those who add a tale or raise RECORD_VERSION"]
fn write() {
    let folder = folder(RECORD_VERSION);
    fs::create_dir_all(&folder).unwrap();
    for (name, tell) in TALES {
        let path = folder.join(format!("{name}.journal"));
        if path.exists() {
            continue;
        }
        let mut world = World::empty();
        tell(&mut world);
        let entries = world.store.journal.iter();
        let mut lines: Vec<String> =
            entries.map(|entry| String::from_utf8(entry.bytes.clone()).unwrap()).collect();
        lines.push(serde_json::to_string(&End::of(&world.replayed())).unwrap());
        // Never over one that is there.
        let mut file = fs::File::create_new(&path).unwrap();
        file.write_all(format!("{}\n", lines.join("\n")).as_bytes()).unwrap();
        eprintln!("wrote {}", path.display());
    }
}
