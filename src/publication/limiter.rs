//! The limiter: how fast a channel takes calls is not known, and what its manual says may be wrong,
//! so the pace is learned from its answers. Calls are spaced evenly; there are no bursts.

use crate::time::Timestamp;

/// How a limiter is set; intervals between the starts of two calls, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The fastest pace ever tried.
    pub shortest_us: i64,
    /// The slowest pace ever taken.
    pub longest_us: i64,
    /// The wait after a refusal that does not say how long to wait.
    pub refused_us: i64,
}

/// Part of the interval by which each good answer shortens it.
const FASTER_DIVISOR: i64 = 16;

/// The limiter of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limiter {
    pace: Pace,
    interval_us: i64,
    last_call: Option<Timestamp>,
    not_before: Option<Timestamp>,
    throttled: bool,
}

impl Limiter {
    /// A limiter that starts at the fastest pace.
    pub const fn new(pace: Pace) -> Self {
        Self {
            pace,
            interval_us: pace.shortest_us,
            last_call: None,
            not_before: None,
            throttled: false,
        }
    }

    /// The moment from which the next call may be made; `None` if it may be made at any time.
    pub fn ready_at(&self) -> Option<Timestamp> {
        let spaced = self.last_call.map(|last| last.plus_micros(self.interval_us));
        spaced.max(self.not_before)
    }

    /// A call is about to be made.
    pub const fn calling(&mut self, now: Timestamp) {
        self.last_call = Some(now);
    }

    /// The channel took the call.
    pub fn succeeded(&mut self) {
        self.throttled = false;
        let step = (self.interval_us / FASTER_DIVISOR).max(1);
        self.interval_us = (self.interval_us - step).max(self.pace.shortest_us);
    }

    /// The channel said that this was too fast, and perhaps for how long it wants no calls (in
    /// microseconds). The pace is halved, and what the channel asked for is obeyed in full.
    pub fn throttled(&mut self, now: Timestamp, retry_after_us: Option<i64>) {
        self.throttled = true;
        let wait = retry_after_us.unwrap_or(self.pace.refused_us).max(0);
        self.not_before = self.not_before.max(Some(now.plus_micros(wait)));
        let doubled = self.interval_us.max(1).saturating_mul(2);
        self.interval_us = doubled.min(self.pace.longest_us);
    }

    /// The channel says how many calls a second it takes.
    pub fn told(&mut self, calls_per_s: u32) {
        let interval = crate::time::SECOND_US / i64::from(calls_per_s.max(1));
        self.interval_us = self.interval_us.max(interval.min(self.pace.longest_us));
    }

    /// The present interval between two calls, in microseconds.
    pub const fn interval_us(&self) -> i64 {
        self.interval_us
    }

    /// Whether the last call was refused as too fast.
    pub const fn is_throttled(&self) -> bool {
        self.throttled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PACE: Pace = Pace { shortest_us: 1_000, longest_us: 64_000, refused_us: 10_000 };

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn calls_are_spaced_and_a_refusal_is_obeyed_in_full() {
        let mut limiter = Limiter::new(PACE);
        assert_eq!((limiter.ready_at(), limiter.is_throttled()), (None, false));
        limiter.calling(at(0));
        assert_eq!(limiter.ready_at(), Some(at(1_000)));
        limiter.throttled(at(500), Some(2_000_000));
        assert_eq!(limiter.ready_at(), Some(at(2_000_500)));
        assert!(limiter.is_throttled());
        limiter.throttled(at(600), Some(1));
        assert_eq!(limiter.ready_at(), Some(at(2_000_500)), "a shorter wait does not undo it");
        limiter.throttled(at(2_000_500), None);
        assert_eq!(limiter.ready_at(), Some(at(2_010_500)));
    }

    #[test]
    fn refusals_halve_the_pace_and_good_answers_win_it_back() {
        let mut limiter = Limiter::new(PACE);
        for _ in 0..3 {
            limiter.throttled(at(0), None);
        }
        assert_eq!(limiter.interval_us(), 8_000);
        for _ in 0..20 {
            limiter.throttled(at(0), None);
        }
        assert_eq!(limiter.interval_us(), 64_000);
        limiter.succeeded();
        assert_eq!(limiter.interval_us(), 60_000, "one sixteenth less");
        assert!(!limiter.is_throttled());
        for _ in 0..200 {
            limiter.succeeded();
        }
        assert_eq!(limiter.interval_us(), 1_000);
    }

    #[test]
    fn a_pace_that_the_channel_names_is_not_exceeded() {
        let mut limiter = Limiter::new(PACE);
        limiter.told(100);
        assert_eq!(limiter.interval_us(), 10_000);
        limiter.told(1_000_000);
        assert_eq!(limiter.interval_us(), 10_000, "more is won by good answers, not by promise");
    }

    proptest! {
        #[test]
        fn the_pace_stays_in_its_bounds_and_waits_never_shrink(
            steps in prop::collection::vec((any::<bool>(), 0..5_000_000_i64), 0..100),
        ) {
            let mut limiter = Limiter::new(PACE);
            let mut asked = None;
            for (index, (refused, wait)) in steps.into_iter().enumerate() {
                let now = at(i64::try_from(index).unwrap() * 1_000);
                if refused {
                    limiter.throttled(now, Some(wait));
                    asked = asked.max(Some(now.plus_micros(wait)));
                } else {
                    limiter.succeeded();
                }
                prop_assert!((PACE.shortest_us..=PACE.longest_us).contains(&limiter.interval_us()));
                prop_assert!(limiter.ready_at() >= asked);
            }
        }
    }
}
