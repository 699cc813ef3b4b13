//! One number for a whole state: two states are the same exactly if their digests are. `onhand
//! verify` compares the digest of a replay with that of the stored tables, and every version has to
//! bring the golden journals (`src/tests/golden`) to the digests that are written beside them.
//!
//! Only what is there is hashed, each part under its name: a part that is empty leaves no mark, nor
//! does a number of a level that is 0. So a version that knows more finds the same digest for a
//! state that has nothing of it.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::record::Bucket;
use crate::state::{Baseline, Level, Overlap, Oversold, State};

/// A SHA-256 over a state in canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::journal::hex(&self.0))
    }
}

/// The digest of everything that the journal leads to and that is always in memory: catalogue,
/// names by mapping, levels, open conflicts, what waits or is held, and the timers. Orders and reservations
/// are not part of it, they live in the store and are compared one by one.
pub fn of_state(state: &State) -> Digest {
    let mut parts = Parts::default();
    catalogue(state, &mut parts);
    parts.add("levels", |part| levels(state, part));
    parts.add("last conflict", |part| part.number_unless_0(state.head().conflicts));
    parts.add("conflicts", |part| {
        for conflict in state.open_conflicts() {
            part.json(conflict);
        }
    });
    parts.add("waiting", |part| {
        for (key, seq) in state.waiting().all() {
            part.json(key);
            part.number(seq);
        }
    });
    parts.add("woken", |part| {
        for (key, discard) in state.waiting().woken() {
            part.json(key);
            part.number(discard);
        }
    });
    parts.add("held facts", |part| state.held_facts().all().for_each(|held| part.json(held)));
    parts.add("uptime", |part| part.number_unless_0(state.head().uptime.micros()));
    parts.add("timers", |part| {
        for (at, what) in state.schedule().iter() {
            part.number(at.micros());
            part.json(what);
        }
    });
    parts.finish()
}

fn catalogue(state: &State, parts: &mut Parts) {
    let catalogue = state.catalogue();
    // In the order in which they became known: later decisions follow it.
    parts.add("items", |part| catalogue.items().iter().for_each(|item| part.json(item)));
    parts.add("locations", |part| catalogue.locations().iter().for_each(|it| part.json(it)));
    parts.add("aliases", |part| {
        for (name, sku) in catalogue.sku_aliases() {
            part.text(name.as_str());
            part.text(sku.as_str());
        }
    });
    parts.add("location aliases", |part| {
        for (name, location) in catalogue.location_aliases() {
            part.text(name.as_str());
            part.text(location.as_str());
        }
    });
    parts.add("listing aliases", |part| {
        for ((channel, listing), sku) in catalogue.listing_aliases() {
            part.text(channel.as_str());
            part.text(listing.as_str());
            part.text(sku.as_str());
        }
    });
}

fn levels(state: &State, part: &mut Canonical) {
    let catalogue = state.catalogue();
    let mut levels: Vec<_> = state
        .levels()
        .map(|(sku, location, level)| {
            (catalogue.sku_name(sku), catalogue.location_name(location), level)
        })
        .collect();
    levels.sort_unstable_by_key(|(sku, location, _)| (*sku, *location));
    for (sku, location, level) in levels {
        part.text(sku.as_str());
        part.text(location.as_str());
        one_level(level, part);
        part.end();
    }
}

fn one_level(level: &Level, part: &mut Canonical) {
    for bucket in Bucket::ALL {
        part.member(bucket.as_str(), level.get(bucket));
    }
    part.member("version", level.version);
    part.member("seq", level.seq);
    part.member("updated_at", level.updated_at.micros());
    if let Some(count) = &level.counted {
        baseline(count, part);
    }
    match level.oversold {
        Oversold::No => {}
        Oversold::Acknowledged => part.text("acknowledged"),
        Oversold::Open(conflict) => part.member("oversold", conflict.number()),
    }
}

fn baseline(count: &Baseline, part: &mut Canonical) {
    part.text("counted");
    part.number(count.time.micros());
    part.text(count.source.as_str());
    part.member("seq", count.seq);
    part.member("overlap", count.overlap.map_or(0, number_of));
    part.member("relied_on", count.relied_on);
    for word in &count.words {
        part.text(word.source.as_str());
        part.member("overlap", number_of(word.overlap));
        part.member("until", word.until.micros());
        part.member("before", word.before);
    }
    part.end();
}

const fn number_of(overlap: Overlap) -> u64 {
    match overlap {
        Overlap::Counted => 1,
        Overlap::Difference => 2,
    }
}

/// The parts of a state that are not empty, each under its name.
#[derive(Default)]
struct Parts(Canonical);

impl Parts {
    /// Adds what `write` writes under a name, if it writes anything.
    fn add(&mut self, name: &str, write: impl FnOnce(&mut Canonical)) {
        let mut part = Canonical::default();
        write(&mut part);
        if !part.is_empty {
            self.0.text(name);
            self.0.bytes(&part.hash.finalize());
        }
    }

    fn finish(self) -> Digest {
        Digest(self.0.hash.finalize().into())
    }
}

/// Writes every value so that no two sequences of values give the same bytes: numbers at a fixed
/// width, texts with their length.
struct Canonical {
    hash: Sha256,
    /// Whether nothing has been written.
    is_empty: bool,
}

impl Default for Canonical {
    fn default() -> Self {
        Self { hash: Sha256::new(), is_empty: true }
    }
}

impl Canonical {
    fn bytes(&mut self, bytes: &[u8]) {
        self.is_empty = false;
        self.hash.update(bytes);
    }

    fn number(&mut self, number: impl Into<i128>) {
        self.bytes(&number.into().to_be_bytes());
    }

    /// A number that stands for nothing when it is 0.
    fn number_unless_0(&mut self, number: impl Into<i128>) {
        let number = number.into();
        if number != 0 {
            self.number(number);
        }
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    /// A number under a name, unless it is 0.
    fn member(&mut self, name: &str, number: impl Into<i128>) {
        let number = number.into();
        if number != 0 {
            self.text(name);
            self.number(number);
        }
    }

    /// Ends the members of one thing: no name is empty.
    fn end(&mut self) {
        self.text("");
    }

    /// Plain structs serialise in the order of their fields, so the text is canonical.
    fn json(&mut self, value: &impl Serialize) {
        let text = serde_json::to_string(value);
        self.text(&text.expect("plain data with string keys always serialises into memory"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(write: impl Fn(&mut Parts)) -> Digest {
        let mut parts = Parts::default();
        write(&mut parts);
        parts.finish()
    }

    #[test]
    fn a_part_that_is_empty_leaves_no_mark() {
        let known = |parts: &mut Parts| parts.add("known", |part| part.text("a"));
        let with_more = digest(|parts| {
            known(parts);
            parts.add("new", |_| {});
            parts.add("counter", |part| part.number_unless_0(0));
        });
        assert_eq!(digest(known), with_more);
    }

    #[test]
    fn the_same_content_in_another_part_or_split_otherwise_is_another_state() {
        let one = |name: &'static str, texts: &'static [&'static str]| {
            digest(|parts| {
                parts.add(name, |part| texts.iter().for_each(|text| part.text(text)));
            })
        };
        let different =
            [one("a", &["xy"]), one("b", &["xy"]), one("a", &["x", "y"]), one("a", &["xy", ""])];
        for (index, digest) in different.iter().enumerate() {
            assert!(!different[..index].contains(digest), "{index}");
        }
    }

    #[test]
    fn a_number_of_a_level_that_is_0_leaves_no_mark_and_the_others_do() {
        let level = |bucket: Option<Bucket>| {
            let mut level = Level::empty();
            if let Some(bucket) = bucket {
                level.set(bucket, 1);
            }
            digest(|parts| parts.add("level", |part| one_level(&level, part)))
        };
        assert_eq!(level(None), digest(|_| {}));
        let digests = Bucket::ALL.map(|bucket| level(Some(bucket)));
        for (index, digest) in digests.iter().enumerate() {
            assert!(!digests[..index].contains(digest) && *digest != level(None), "{index}");
        }
    }
}
