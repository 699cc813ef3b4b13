//! What a channel is believed to show.

/// Writes with lost answers that are kept apart; after more of them the channel has to be read.
const PERHAPS_MAX: usize = 4;

/// What a channel is believed to show: what it said last, what it has sold since, and what was
/// perhaps written since.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Belief {
    /// What it said last; `None` if it has to be asked.
    said: Option<i64>,
    /// What it is measured against while it has to be asked.
    remembered: Option<i64>,
    /// Units that its own sales have added since (taken away, if negative).
    own: i64,
    /// Quantities whose writing was not answered, each with what its own sales had added when it
    /// was sent.
    perhaps: Vec<(i64, i64)>,
}

impl Belief {
    /// Nothing is known but perhaps what was acknowledged once.
    pub const fn unknown(remembered: Option<i64>) -> Self {
        Self { said: None, remembered, own: 0, perhaps: Vec::new() }
    }

    /// What it should show by now, unless a lost write has arrived; `None` if it has to be asked.
    pub fn anticipated(&self) -> Option<i64> {
        self.said.map(|said| said.saturating_add(self.own))
    }

    /// Whether it is known what it shows, its own sales aside.
    pub fn is_certain(&self) -> bool {
        self.said.is_some() && !self.is_in_doubt()
    }

    /// Whether the answer to a write was lost.
    pub fn is_in_doubt(&self) -> bool {
        !self.perhaps.is_empty()
    }

    /// What its own sales have added since it spoke last.
    pub const fn own(&self) -> i64 {
        self.own
    }

    /// Its own sales added so much.
    pub const fn sold(&mut self, units: i64) {
        self.own = self.own.saturating_add(units);
    }

    /// A write was taken that was sent when its own sales had added `own_then`.
    pub fn written(&mut self, quantity: i64, own_then: i64) {
        *self = Self {
            said: Some(quantity),
            remembered: None,
            own: self.own.saturating_sub(own_then),
            perhaps: Vec::new(),
        };
    }

    /// It shows this.
    pub fn seen(&mut self, shown: i64) {
        *self = Self { said: Some(shown), ..Self::default() };
    }

    /// This was perhaps written; it was sent when its own sales had added `own_then`.
    pub fn perhaps(&mut self, quantity: i64, own_then: i64) {
        if !self.perhaps.contains(&(quantity, own_then)) {
            self.perhaps.push((quantity, own_then));
        }
        if self.perhaps.len() > PERHAPS_MAX {
            self.remembered = self.said.take().or(self.remembered);
        }
    }

    /// By how much `shown` differs from each number that was possible; empty if one of them
    /// explains it. After a restart that is also what it should have been brought to, because the
    /// answer may not have been written down.
    pub fn differences(&self, shown: i64, desired: Option<i64>) -> Vec<i64> {
        let Some(known) = self.said.or(self.remembered) else { return Vec::new() };
        let desired = desired.filter(|_| self.said.is_none()).map(|desired| (desired, 0));
        let lost = self.perhaps.iter().map(|(quantity, then)| (*quantity, self.own - then));
        let possible: Vec<_> =
            std::iter::once((known, self.own)).chain(lost).chain(desired).collect();
        let after = |(number, own): (i64, i64)| number.saturating_add(own);
        if possible.iter().any(|one| shown == one.0 || shown == after(*one)) {
            return Vec::new();
        }
        possible.into_iter().map(|one| shown.saturating_sub(after(one))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_writes_and_own_sales_explain_a_number() {
        let mut belief = Belief::unknown(None);
        assert!(belief.differences(7, None).is_empty(), "nothing is known of it");
        belief.seen(10);
        belief.sold(-2);
        belief.perhaps(6, -1);
        for explained in [10, 8, 6, 5] {
            assert!(belief.differences(explained, None).is_empty(), "{explained}");
        }
        assert_eq!(belief.differences(9, None), [1, 4]);
        assert_eq!(belief.differences(7, None), [-1, 2]);
        assert!(!belief.is_certain());
        assert_eq!(belief.anticipated(), Some(8));
    }

    #[test]
    fn too_many_lost_writes_have_to_be_settled_by_asking() {
        let mut belief = Belief::unknown(None);
        belief.seen(10);
        for quantity in 0..=PERHAPS_MAX {
            assert_eq!(belief.anticipated(), Some(10));
            belief.perhaps(i64::try_from(quantity).unwrap(), 0);
        }
        assert_eq!(belief.anticipated(), None);
        assert!(belief.differences(3, None).is_empty());
        assert_eq!(belief.differences(12, None)[0], 2);
    }

    #[test]
    fn sales_while_a_write_was_on_its_way_come_on_top_of_it() {
        let mut belief = Belief::unknown(None);
        belief.seen(10);
        belief.sold(-1);
        let own_then = belief.own();
        belief.sold(-2);
        belief.written(20, own_then);
        assert_eq!(belief.anticipated(), Some(18));
    }

    #[test]
    fn what_was_acknowledged_before_a_restart_is_the_measure() {
        let belief = Belief::unknown(Some(5));
        assert_eq!(belief.anticipated(), None);
        assert!(belief.differences(5, None).is_empty());
        assert_eq!(belief.differences(9, None), [4]);
        assert_eq!(belief.differences(9, Some(8)), [4, 1]);
        assert!(belief.differences(8, Some(8)).is_empty());
    }
}
