//! A level: the stock of one SKU at one location, by state.

use serde::{Deserialize, Serialize};

use crate::id::{ConflictId, Source};
use crate::record::{Bucket, Counted};
use crate::time::Timestamp;

/// Numbers of a level that are 0 nearly everywhere: all but `on_hand` and `committed`.
const RARE: usize = Bucket::ALL.len() - 2;

/// The stock of one SKU at one location (contract.md section 3.1). There are a million of them in
/// memory, so what most do not have stands apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    on_hand: i64,
    committed: i64,
    /// The others, in the order of [`Bucket::ALL`]; `None` if all are 0.
    rare: Option<Box<[i64; RARE]>>,
    /// Grows by one with each event that has an effect here.
    pub version: u64,
    /// The last record that had an effect here.
    pub seq: u64,
    /// When that was recorded.
    pub updated_at: Timestamp,
    /// The newest accepted count.
    pub counted: Option<Box<Baseline>>,
    /// Whether more is promised than is there, and what a person has said about it.
    pub oversold: Oversold,
}

/// The newest accepted count of a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// When it was counted.
    pub time: Timestamp,
    /// Who counted.
    pub source: Source,
    /// The record that accepted it.
    pub seq: u64,
    /// What a person has said of the movements within seconds of it that were known then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// What persons have said of older counts that may hold for this one as well, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Word>,
    /// Whether a movement would have had another effect since without it: none, because the count
    /// contains it, or one that only a person's word on the count has given it.
    #[serde(default)]
    pub relied_on: bool,
}

/// What a person has said of movements near an older count: if they are in it, they are in every
/// count after it, although by their own times they came later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// On which side of the older count they lie.
    pub overlap: Overlap,
    /// The last moment of them.
    pub until: Timestamp,
    /// They were recorded before this record, which accepted the older count.
    pub before: u64,
    /// Who had counted: they are those of all others.
    pub source: Source,
}

impl Word {
    fn is_of(&self, moved: Seen<'_>) -> bool {
        moved.time <= self.until && moved.seq < self.before && *moved.source != self.source
    }
}

/// What a person has said of movements within seconds of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// They are in the count.
    Counted,
    /// They came after it.
    Difference,
}

impl Overlap {
    /// Its name in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Difference => "difference",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Counted, Self::Difference].into_iter().find(|overlap| overlap.as_str() == name)
    }
}

impl From<&Counted> for Baseline {
    fn from(counted: &Counted) -> Self {
        Self {
            time: counted.time,
            source: counted.source.clone(),
            seq: counted.seq,
            overlap: counted.overlap,
            words: counted.words.clone(),
            relied_on: false,
        }
    }
}

/// A movement as a count sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// When it happened.
    pub(crate) time: Timestamp,
    /// Who said it.
    pub(crate) source: &'a Source,
    /// Its record.
    pub(crate) seq: u64,
    /// Whether it takes back what a count contained, or lets that stand again.
    pub(crate) is_counter: bool,
}

impl Baseline {
    /// Whether the count contains a movement that was recorded before it was accepted.
    pub(crate) fn contains(&self, moved: Seen<'_>, window_us: i64) -> bool {
        let said = self.said_of_itself(moved, window_us).or_else(|| self.said_of_older(moved));
        match said {
            Some(overlap) => overlap == Overlap::Counted,
            // The count that contained what is taken back was no newer than this one: if times do not
            // say that this one does, a person has said it.
            None => moved.time <= self.time || moved.is_counter,
        }
    }

    /// What a person has said of a movement that was recorded before it was accepted: about this
    /// count, or about an older one, if it is in that, and so in this one.
    pub(crate) fn said_of(&self, moved: Seen<'_>, window_us: i64) -> Option<Overlap> {
        let in_older = || self.said_of_older(moved).filter(|said| *said == Overlap::Counted);
        self.said_of_itself(moved, window_us).or_else(in_older)
    }

    fn said_of_itself(&self, moved: Seen<'_>, window_us: i64) -> Option<Overlap> {
        let is_near = moved.time.since(self.time).abs() <= window_us;
        self.overlap.filter(|_| is_near && *moved.source != self.source)
    }

    /// The last word on a movement of after this count by its time.
    fn said_of_older(&self, moved: Seen<'_>) -> Option<Overlap> {
        let is_later = moved.time > self.time;
        let mut of_it = self.words.iter().rev().filter(|word| is_later && word.is_of(moved));
        of_it.next().map(|word| word.overlap)
    }

    /// What was said of this count, or before, that may hold for the next one, of this moment: the
    /// oldest word first.
    pub(crate) fn words_for(&self, next: Timestamp, window_us: i64) -> Vec<Word> {
        let own = self.overlap.map(|overlap| Word {
            overlap,
            until: self.time.plus_micros(window_us),
            before: self.seq,
            source: self.source.clone(),
        });
        let all = self.words.iter().cloned().chain(own).filter(|word| word.until > next);
        // That something came after a count matters only to an earlier word.
        all.skip_while(|word| word.overlap == Overlap::Difference).collect()
    }

    /// Whether a movement of this moment has an effect only because a person has said that what
    /// happened within seconds of the count came after it.
    pub(crate) fn lets_through(&self, time: Timestamp) -> bool {
        self.overlap == Some(Overlap::Difference) && time <= self.time
    }
}

/// Whether more is promised than is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Oversold {
    /// No.
    #[default]
    No,
    /// Yes, and a conflict asks what to do.
    Open(ConflictId),
    /// Yes, and a person has acknowledged it; it is asked again only after a recovery.
    Acknowledged,
}

impl Level {
    /// A level where nothing ever happened.
    pub(crate) const fn empty() -> Self {
        Self {
            on_hand: 0,
            committed: 0,
            rare: None,
            version: 0,
            seq: 0,
            updated_at: Timestamp::EPOCH,
            counted: None,
            oversold: Oversold::No,
        }
    }

    /// One of its numbers.
    pub fn get(&self, bucket: Bucket) -> i64 {
        match bucket {
            Bucket::OnHand => self.on_hand,
            Bucket::Committed => self.committed,
            other => self.rare.as_ref().map_or(0, |rare| rare[other as usize - 2]),
        }
    }

    /// Sets one of its numbers.
    pub(crate) fn set(&mut self, bucket: Bucket, number: i64) {
        match bucket {
            Bucket::OnHand => self.on_hand = number,
            Bucket::Committed => self.committed = number,
            other => self.set_rare(other as usize - 2, number),
        }
    }

    fn set_rare(&mut self, place: usize, number: i64) {
        match &mut self.rare {
            None if number == 0 => {}
            None => self.rare.insert(Box::default())[place] = number,
            Some(rare) => {
                rare[place] = number;
                if rare.iter().all(|number| *number == 0) {
                    self.rare = None;
                }
            }
        }
    }

    /// A level with these numbers, as a store remembers it.
    pub fn with_buckets(buckets: [i64; Bucket::ALL.len()]) -> Self {
        let mut level = Self::empty();
        for (bucket, number) in Bucket::ALL.into_iter().zip(buckets) {
            level.set(bucket, number);
        }
        level
    }

    /// Its numbers, in the order of [`Bucket::ALL`].
    pub fn buckets(&self) -> [i64; Bucket::ALL.len()] {
        Bucket::ALL.map(|bucket| self.get(bucket))
    }

    /// What can be sold; negative when more is promised than is there.
    pub fn available(&self) -> i64 {
        use Bucket as B;
        let held = [B::Committed, B::Reserved, B::Damaged, B::QualityControl, B::SafetyStock];
        self.get(B::OnHand) - held.into_iter().map(|bucket| self.get(bucket)).sum::<i64>()
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_is_what_no_other_state_holds() {
        let mut level = Level::default();
        for (bucket, number) in Bucket::ALL.into_iter().zip([100, 1, 2, 4, 8, 16, 32]) {
            level.set(bucket, number);
        }
        assert_eq!(level.available(), 100 - 1 - 2 - 4 - 8 - 16, "incoming stands beside it");
    }

    #[test]
    fn numbers_that_have_become_0_again_leave_no_trace() {
        let mut level = Level::default();
        for bucket in Bucket::ALL {
            level.set(bucket, 7);
            assert_eq!(level.get(bucket), 7);
        }
        assert_eq!(level.buckets(), [7; Bucket::ALL.len()]);
        assert_eq!(Level::with_buckets(level.buckets()), level);
        for bucket in Bucket::ALL {
            level.set(bucket, 0);
        }
        assert_eq!(level, Level::default());
    }

    #[test]
    fn a_level_is_small() {
        assert!(size_of::<Level>() <= 72, "{}", size_of::<Level>());
    }
}
