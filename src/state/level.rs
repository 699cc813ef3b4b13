//! A level: the stock of one SKU at one location, by state.

use serde::{Deserialize, Serialize};

use crate::id::{ConflictId, Source};
use crate::record::Bucket;
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
    /// Whether a movement would have had another effect since without it: none, because the count
    /// contains it, or one that only a person's word on the count has given it.
    #[serde(default)]
    pub relied_on: bool,
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

impl Baseline {
    /// Whether the count contains a movement that was recorded before it was accepted.
    pub fn contains(&self, time: Timestamp, source: &Source, window_us: i64) -> bool {
        match self.said_of(time, source, window_us) {
            Some(overlap) => overlap == Overlap::Counted,
            None => time <= self.time,
        }
    }

    /// What a person has said of a movement that was recorded before it was accepted.
    pub(crate) fn said_of(
        &self,
        time: Timestamp,
        source: &Source,
        window_us: i64,
    ) -> Option<Overlap> {
        let near = time.since(self.time).abs() <= window_us && *source != self.source;
        self.overlap.filter(|_| near)
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
