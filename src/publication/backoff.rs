//! How long to wait before the next try: exponential, with full jitter, so that many who failed
//! together do not come back together.

/// Doublings after which the wait grows no further, whatever the longest wait is.
const DOUBLINGS_MAX: u32 = 32;

/// How waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first failure, in microseconds.
    pub first_us: i64,
    /// The longest wait at all, in microseconds.
    pub longest_us: i64,
}

impl Backoff {
    /// The longest wait after this many failures (at least 1), in microseconds.
    pub fn ceiling_us(self, failures: u32) -> i64 {
        let doublings = failures.saturating_sub(1).min(DOUBLINGS_MAX);
        self.first_us.saturating_mul(1 << doublings).min(self.longest_us)
    }

    /// The wait after this many failures, in microseconds: anything from 0 to the ceiling, chosen
    /// by `random`, of which every value has to be equally likely.
    pub fn wait_us(self, failures: u32, random: u64) -> i64 {
        let range = u128::try_from(self.ceiling_us(failures).max(0)).unwrap_or(0) + 1;
        let wait = (u128::from(random) * range) >> u64::BITS;
        i64::try_from(wait).unwrap_or(self.longest_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BACKOFF: Backoff = Backoff { first_us: 100, longest_us: 5_000 };

    #[test]
    fn the_ceiling_doubles_up_to_the_longest_wait() {
        let ceilings = [1, 2, 3, 6, 7, 8, u32::MAX].map(|failures| BACKOFF.ceiling_us(failures));
        assert_eq!(ceilings, [100, 200, 400, 3_200, 5_000, 5_000, 5_000]);
        assert_eq!(BACKOFF.wait_us(1, 0), 0);
        assert_eq!(BACKOFF.wait_us(1, u64::MAX), 100);
        assert_eq!(BACKOFF.wait_us(1, u64::MAX / 2), 50);
    }

    proptest! {
        #[test]
        fn the_wait_is_within_the_ceiling(failures: u32, random: u64) {
            prop_assert!((0..=BACKOFF.ceiling_us(failures)).contains(&BACKOFF.wait_us(failures, random)));
        }
    }
}
