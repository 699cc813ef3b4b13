//! A level: the stock of one SKU at one location, by state.

use serde::{Deserialize, Serialize};

use crate::id::{ConflictId, Source};
use crate::record::Bucket;
use crate::time::Timestamp;

/// The stock of one SKU at one location (contract.md section 3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    buckets: [i64; Bucket::ALL.len()],
    /// Grows by one with each event that has an effect here.
    pub version: u64,
    /// The last record that had an effect here.
    pub seq: u64,
    /// When that was recorded.
    pub updated_at: Timestamp,
    /// The newest accepted count.
    pub counted: Option<Baseline>,
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
    /// Whether a movement has been left without effect since because it is contained in it.
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
        let near = time.since(self.time).abs() <= window_us && *source != self.source;
        match self.overlap.filter(|_| near) {
            Some(overlap) => overlap == Overlap::Counted,
            None => time <= self.time,
        }
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
            buckets: [0; Bucket::ALL.len()],
            version: 0,
            seq: 0,
            updated_at: Timestamp::EPOCH,
            counted: None,
            oversold: Oversold::No,
        }
    }

    /// One of its numbers.
    pub const fn get(&self, bucket: Bucket) -> i64 {
        self.buckets[bucket as usize]
    }

    /// Sets one of its numbers.
    pub(crate) const fn set(&mut self, bucket: Bucket, number: i64) {
        self.buckets[bucket as usize] = number;
    }

    /// A level with these numbers, as a store remembers it.
    pub fn with_buckets(buckets: [i64; Bucket::ALL.len()]) -> Self {
        Self { buckets, ..Self::empty() }
    }

    /// Its numbers, in the order of [`Bucket::ALL`].
    pub const fn buckets(&self) -> &[i64; Bucket::ALL.len()] {
        &self.buckets
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
}
