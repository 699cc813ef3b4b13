//! The journal as it is stored: versioned records, each chained to all before it.

use onhand::journal::{self, Broken, Chain, RECORD_VERSION, RecordError};
use onhand::ledger::{Entry, Ledger};
use onhand::sim::compare::play;
use onhand::sim::generate::history;
use onhand::sim::rng::Rng;
use onhand::state::Head;

/// Bits turned over, one at a time.
const TRIALS: usize = 1_000;

/// A journal of everything that a seed brings, and where it stood before each record.
fn journal() -> (Vec<Entry>, Vec<Head>) {
    let entries = play(&history(9), &mut |_, _| {}).host.store.journal;
    assert!(entries.len() > 30, "the seed makes a journal of {} records", entries.len());
    let mut ledger = Ledger::default();
    let mut heads = Vec::new();
    for (seq, entry) in (1..).zip(&entries) {
        let head = *ledger.state().head();
        let record = journal::follow(&head, seq, &entry.bytes, entry.chain).unwrap();
        assert_eq!(record, entry.record);
        ledger.replay(&record, &entry.bytes);
        heads.push(head);
    }
    (entries, heads)
}

#[test]
fn one_bit_turned_over_anywhere_is_found_in_the_record_where_it_is() {
    let (entries, heads) = journal();
    let mut rng = Rng::new(1);
    for _ in 0..TRIALS {
        let index = rng.index(entries.len());
        let Entry { bytes, chain, .. } = &entries[index];
        let mut row = [bytes.as_slice(), &chain.0].concat();
        let bit = rng.index(row.len() * 8);
        row[bit / 8] ^= 1 << (bit % 8);
        let (bytes, chain) = row.split_at(bytes.len());
        let chain = Chain(chain.try_into().unwrap());
        let result = journal::follow(&heads[index], index as u64 + 1, bytes, chain);
        let found = matches!(result, Err(Broken::Changed | Broken::Unreadable(_)));
        assert!(found, "bit {bit} of record #{}: {result:?}", index + 1);
    }
}

#[test]
fn a_record_that_is_gone_or_in_another_place_is_found() {
    let (entries, heads) = journal();
    for (index, head) in heads.iter().enumerate().take(entries.len() - 1) {
        let Entry { bytes, chain, .. } = &entries[index + 1];
        let gone = journal::follow(head, index as u64 + 2, bytes, *chain);
        assert!(matches!(gone, Err(Broken::Missing)), "{gone:?}");
        let moved = journal::follow(head, index as u64 + 1, bytes, *chain);
        assert!(matches!(moved, Err(Broken::Changed)), "{moved:?}");
    }
}

#[test]
fn a_newer_version_is_named_and_not_guessed_at() {
    let newer = format!(r#"{{"v":{},"what":"only that program knows"}}"#, RECORD_VERSION + 1);
    let error = journal::decode(newer.as_bytes()).unwrap_err();
    assert!(matches!(error, RecordError::Newer(version) if version == RECORD_VERSION + 1));
    let said = error.to_string();
    assert!(said.contains("is newer than this program"), "{said}");
    assert!(matches!(journal::decode(br#"{"v":0}"#), Err(RecordError::Unknown(0))));
}
