//! A number on a channel that nothing has explained yet.

use super::Drift;
use crate::time::Timestamp;

/// Differences that are kept apart; the likeliest come first.
const OPEN_MAX: usize = 16;

/// A number that differs from what was believed, and the sales that would explain it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surprise {
    shown: i64,
    /// What is still to be explained. While it is not known which of several writes was taken,
    /// there is one difference to each of them, and one that comes to nothing is enough.
    open: Vec<i64>,
    until: Timestamp,
}

impl Surprise {
    /// The channel showed this number, which differs so much from each that was possible; there is
    /// time for an explanation until `until`.
    pub const fn new(shown: i64, open: Vec<i64>, until: Timestamp) -> Self {
        Self { shown, open, until }
    }

    /// The moment at which it becomes drift.
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether the channel may have sold what is missing.
    pub fn may_be_a_sale(&self) -> bool {
        self.open.iter().any(|open| open.is_negative())
    }

    /// What it is, if nothing explains it.
    pub fn drift(&self) -> Drift {
        Drift { shown: self.shown, difference: self.open.first().copied().unwrap_or_default() }
    }

    /// The channel showed yet another number, which differs so much from each that was possible.
    pub fn and(&mut self, shown: i64, differences: &[i64]) {
        self.shown = shown;
        let before = std::mem::take(&mut self.open);
        for open in
            before.iter().flat_map(|one| differences.iter().map(|it| one.saturating_add(*it)))
        {
            if self.open.len() < OPEN_MAX && !self.open.contains(&open) {
                self.open.push(open);
            }
        }
    }

    /// Whether everything is explained.
    pub fn is_explained(&self) -> bool {
        self.open.contains(&0)
    }

    /// The channel's own sales added so many units (took away, if negative): what of them is in
    /// the number already is explained, the rest is returned.
    pub fn explain(&mut self, units: i64) -> i64 {
        let same = |open: &i64| open.signum() == units.signum();
        if self.open.contains(&units) {
            self.open = vec![0];
            return 0;
        }
        let larger = |open: &i64| same(open) && open.unsigned_abs() > units.unsigned_abs();
        if self.open.iter().any(larger) {
            self.open.retain(larger);
            for open in &mut self.open {
                *open -= units;
            }
            return 0;
        }
        let largest = self.open.iter().filter(|open| same(open)).max_by_key(|it| it.unsigned_abs());
        let rest = units - largest.copied().unwrap_or_default();
        if rest != units {
            self.open = vec![0];
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_differences_are_kept_apart_than_the_bound() {
        let mut surprise = Surprise::new(9, (1..=10).collect(), Timestamp::from_micros(0));
        surprise.and(9, &[0, 100]);
        assert_eq!(surprise.open.len(), OPEN_MAX);
    }

    #[test]
    fn sales_explain_what_they_can() {
        let cases: [(&[i64], i64, i64, bool); 8] = [
            (&[-2], -2, 0, true),
            (&[-2], -1, 0, false),
            (&[-2], -5, -3, true),
            (&[-2], 1, 1, false),
            (&[3], 2, 0, false),
            (&[-2, -1], -1, 0, true),
            (&[-5, -3], -4, 0, false),
            (&[4, -1], -2, -1, true),
        ];
        for (open, units, rest, explained) in cases {
            let mut surprise = Surprise::new(0, open.to_vec(), Timestamp::from_micros(0));
            assert_eq!(surprise.explain(units), rest, "{open:?} {units}");
            assert_eq!(surprise.is_explained(), explained, "{open:?} {units}");
        }
    }
}
