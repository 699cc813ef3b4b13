//! The breaker: a channel that does not answer is left alone for a while, then asked with a single
//! small call whether it is back.

use super::Backoff;
use crate::time::Timestamp;

/// What a breaker allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowed {
    /// Any call.
    Calls,
    /// One small call, to see whether the channel is back.
    Probe,
    /// Nothing before this moment.
    NotBefore(Timestamp),
}

/// How a breaker is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failed calls in a row that open it.
    pub failures: u32,
    /// How long it stays open, growing with each probe that fails.
    pub open: Backoff,
}

/// The breaker of one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    settings: BreakerSettings,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { until: Timestamp, rounds: u32 },
    HalfOpen { rounds: u32 },
}

impl Breaker {
    /// A closed breaker.
    pub const fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: State::Closed { failures: 0 } }
    }

    /// What is allowed now. A probe that was allowed has to be answered by [`Breaker::succeeded`]
    /// or [`Breaker::failed`] before anything else is.
    pub fn allows(&self, now: Timestamp) -> Allowed {
        match self.state {
            State::Closed { .. } => Allowed::Calls,
            State::Open { until, .. } if now < until => Allowed::NotBefore(until),
            State::Open { .. } | State::HalfOpen { .. } => Allowed::Probe,
        }
    }

    /// A call is about to be made.
    pub fn calling(&mut self) {
        if let State::Open { rounds, .. } = self.state {
            self.state = State::HalfOpen { rounds };
        }
    }

    /// The channel answered, whatever it said.
    pub const fn succeeded(&mut self) {
        self.state = State::Closed { failures: 0 };
    }

    /// The channel did not answer, or could not.
    pub fn failed(&mut self, now: Timestamp, random: u64) {
        let rounds = match self.state {
            State::Closed { failures } if failures + 1 < self.settings.failures => {
                self.state = State::Closed { failures: failures + 1 };
                return;
            }
            State::Closed { .. } => 1,
            State::Open { rounds, .. } | State::HalfOpen { rounds } => rounds.saturating_add(1),
        };
        // Half the time is certain, half is chance: an open breaker that closes at once is none.
        let half = self.settings.open.ceiling_us(rounds) / 2;
        let chance = self.settings.open.wait_us(rounds, random) / 2;
        self.state = State::Open { until: now.plus_micros(half + chance), rounds };
    }

    /// Whether the channel counts as down.
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, State::Closed { .. })
    }

    /// Whether calls failed since the last one that was answered.
    pub const fn is_troubled(&self) -> bool {
        !matches!(self.state, State::Closed { failures: 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SETTINGS: BreakerSettings =
        BreakerSettings { failures: 3, open: Backoff { first_us: 1_000, longest_us: 8_000 } };

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_after_a_good_probe() {
        let mut breaker = Breaker::new(SETTINGS);
        for _ in 0..2 {
            breaker.failed(at(0), 0);
            assert!(breaker.is_troubled() && !breaker.is_open());
        }
        breaker.succeeded();
        for _ in 0..2 {
            breaker.failed(at(0), 0);
            assert_eq!(breaker.allows(at(0)), Allowed::Calls);
        }
        breaker.failed(at(0), 0);
        assert_eq!(breaker.allows(at(0)), Allowed::NotBefore(at(500)));
        assert_eq!(breaker.allows(at(499)), Allowed::NotBefore(at(500)));
        assert_eq!(breaker.allows(at(500)), Allowed::Probe);
        breaker.calling();
        assert!(breaker.is_open());
        assert_eq!(breaker.allows(at(0)), Allowed::Probe, "also if the clock goes back meanwhile");
        breaker.succeeded();
        assert_eq!(breaker.allows(at(500)), Allowed::Calls);
        assert!(!breaker.is_open() && !breaker.is_troubled());
    }

    #[test]
    fn each_failed_probe_keeps_it_open_longer() {
        let mut breaker = Breaker::new(SETTINGS);
        let mut now = at(0);
        let mut waits = Vec::new();
        for _ in 0..8 {
            breaker.calling();
            breaker.failed(now, u64::MAX);
            if let Allowed::NotBefore(until) = breaker.allows(now) {
                waits.push(until.since(now));
                now = until;
            }
        }
        assert_eq!(waits, [1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
    }

    proptest! {
        #[test]
        fn an_open_breaker_always_lets_a_probe_through_in_time(
            failures in 1..40_u32, random: u64,
        ) {
            let mut breaker = Breaker::new(SETTINGS);
            for _ in 0..failures {
                breaker.calling();
                breaker.failed(at(0), random);
            }
            let later = breaker.allows(at(8_000));
            prop_assert!(matches!(later, Allowed::Calls | Allowed::Probe), "{later:?}");
        }
    }
}
