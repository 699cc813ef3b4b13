//! One number for a whole state: two states are the same exactly if their digests are. `onhand
//! verify` compares the digest of a replay with that of the stored tables.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::record::Bucket;
use crate::state::{Level, Overlap, Oversold, State};

/// A SHA-256 over a state in canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::journal::hex(&self.0))
    }
}

/// The digest of everything that the journal leads to and that is always in memory: catalogue,
/// names by mapping, levels, open conflicts, what waits, and the timers. Orders and reservations
/// are not part of it, they live in the store and are compared one by one.
pub fn of_state(state: &State) -> Digest {
    let mut hash = Canonical(Sha256::new());
    catalogue(state, &mut hash);
    levels(state, &mut hash);
    hash.part("conflicts");
    hash.number(state.head().conflicts);
    for conflict in state.open_conflicts() {
        hash.json(conflict);
    }
    hash.part("waiting");
    for (key, seq) in state.waiting().all() {
        hash.json(key);
        hash.number(seq);
    }
    hash.part("woken");
    for (key, discard) in state.waiting().woken() {
        hash.json(key);
        hash.number(discard);
    }
    hash.part("timers");
    hash.number(state.head().uptime.micros());
    for (at, what) in state.schedule().iter() {
        hash.number(at.micros());
        hash.json(what);
    }
    Digest(hash.0.finalize().into())
}

fn catalogue(state: &State, hash: &mut Canonical) {
    let catalogue = state.catalogue();
    // In the order in which they became known: later decisions follow it.
    hash.part("items");
    for item in catalogue.items() {
        hash.json(item);
    }
    hash.part("locations");
    for location in catalogue.locations() {
        hash.json(location);
    }
    hash.part("aliases");
    for (name, sku) in catalogue.sku_aliases() {
        hash.text(name.as_str());
        hash.text(sku.as_str());
    }
    hash.part("location aliases");
    for (name, location) in catalogue.location_aliases() {
        hash.text(name.as_str());
        hash.text(location.as_str());
    }
}

fn levels(state: &State, hash: &mut Canonical) {
    let catalogue = state.catalogue();
    let mut levels: Vec<_> = state
        .levels()
        .map(|(sku, location, level)| {
            (catalogue.sku_name(sku), catalogue.location_name(location), level)
        })
        .collect();
    levels.sort_unstable_by_key(|(sku, location, _)| (*sku, *location));
    hash.part("levels");
    for (sku, location, level) in levels {
        hash.text(sku.as_str());
        hash.text(location.as_str());
        one_level(level, hash);
    }
}

fn one_level(level: &Level, hash: &mut Canonical) {
    for bucket in Bucket::ALL {
        hash.number(level.get(bucket));
    }
    hash.number(level.version);
    hash.number(level.seq);
    hash.number(level.updated_at.micros());
    match &level.counted {
        None => hash.number(0),
        Some(count) => {
            hash.number(1);
            hash.number(count.time.micros());
            hash.text(count.source.as_str());
            hash.number(count.seq);
            hash.number(match count.overlap {
                None => 0,
                Some(Overlap::Counted) => 1,
                Some(Overlap::Difference) => 2,
            });
            hash.number(count.relied_on);
        }
    }
    match level.oversold {
        Oversold::No => hash.number(0),
        Oversold::Acknowledged => hash.number(1),
        Oversold::Open(conflict) => {
            hash.number(2);
            hash.number(conflict.number());
        }
    }
}

/// Writes every value so that no two sequences of values give the same bytes: numbers at a fixed
/// width, texts with their length.
struct Canonical(Sha256);

impl Canonical {
    fn part(&mut self, name: &str) {
        self.text(name);
    }

    fn number(&mut self, number: impl Into<i128>) {
        self.0.update(number.into().to_be_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text.as_bytes());
    }

    /// Plain structs serialise in the order of their fields, so the text is canonical.
    fn json(&mut self, value: &impl Serialize) {
        let text = serde_json::to_string(value);
        self.text(&text.expect("plain data with string keys always serialises into memory"));
    }
}
