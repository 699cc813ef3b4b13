//! Failed sign-ins make the next one wait: by account, by address of origin, and by both. Nobody
//! is locked out for longer than the longest wait, and it does not grow while it lasts.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures of one account from one address that cost nothing: typing errors.
const FREE_PAIR: u32 = 5;
/// Failures of one account from anywhere that cost nothing. Far more, so that a stranger cannot
/// keep a person out.
const FREE_ACCOUNT: u32 = 50;
/// Failures from one address on any account that cost nothing: an office shares one.
const FREE_ORIGIN: u32 = 30;
/// The longest wait, in seconds; it doubles up to here, from one second.
const WAIT_MAX_S: u64 = 30;
/// Failures are forgotten this many seconds after the last one.
const FORGET_AFTER_S: u64 = 900;
/// Accounts or addresses that are remembered.
const REMEMBERED_MAX: usize = 16_384;

/// All three counts.
#[derive(Debug, Default)]
pub(super) struct Throttles {
    pairs: Throttle<(String, IpAddr)>,
    accounts: Throttle<String>,
    origins: Throttle<IpAddr>,
}

impl Throttles {
    /// Lets an attempt begin, or says how long it has to wait. An attempt counts as failed until it
    /// has succeeded, so that many at once gain nothing.
    pub(super) fn attempt(
        &self,
        account: &str,
        origin: IpAddr,
        now: Instant,
    ) -> Result<(), Duration> {
        if let Some(wait) = self.wait(account, origin, now) {
            return Err(wait);
        }
        self.failed(account, origin, now);
        Ok(())
    }

    fn wait(&self, account: &str, origin: IpAddr, now: Instant) -> Option<Duration> {
        let origin = network(origin);
        [
            self.pairs.wait(&(account.to_owned(), origin), FREE_PAIR, now),
            self.accounts.wait(&account.to_owned(), FREE_ACCOUNT, now),
            self.origins.wait(&origin, FREE_ORIGIN, now),
        ]
        .into_iter()
        .flatten()
        .max()
    }

    fn failed(&self, account: &str, origin: IpAddr, now: Instant) {
        let origin = network(origin);
        self.pairs.failed((account.to_owned(), origin), now);
        self.accounts.failed(account.to_owned(), now);
        self.origins.failed(origin, now);
    }

    /// Forgets the failures of an account, and this attempt as one of its address.
    pub(super) fn succeeded(&self, account: &str, origin: IpAddr) {
        let origin = network(origin);
        self.pairs.forget(&(account.to_owned(), origin));
        self.accounts.forget(&account.to_owned());
        self.origins.forgive(&origin);
    }
}

/// What counts as one origin: an IPv4 address, or a /64 of IPv6, which one household has whole.
fn network(origin: IpAddr) -> IpAddr {
    match origin.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[derive(Debug)]
struct Throttle<K>(Mutex<HashMap<K, Failures>>);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl<K> Default for Throttle<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash> Throttle<K> {
    fn wait(&self, key: &K, free: u32, now: Instant) -> Option<Duration> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = kept.get(key)?;
        let over = failures.count.checked_sub(free)?;
        let wait = Duration::from_secs(1_u64.checked_shl(over).unwrap_or(u64::MAX).min(WAIT_MAX_S));
        (failures.last + wait).checked_duration_since(now).filter(|left| !left.is_zero())
    }

    fn failed(&self, key: K, now: Instant) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let forget = Duration::from_secs(FORGET_AFTER_S);
        if kept.len() >= REMEMBERED_MAX && !kept.contains_key(&key) {
            kept.retain(|_, failures| now < failures.last + forget);
            if kept.len() >= REMEMBERED_MAX {
                return;
            }
        }
        let failures = kept.entry(key).or_insert(Failures { count: 0, last: now });
        let forgotten = now >= failures.last + forget;
        failures.count = if forgotten { 1 } else { failures.count.saturating_add(1) };
        failures.last = now;
    }

    /// Takes one failure back.
    fn forgive(&self, key: &K) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failures) = kept.get_mut(key) {
            failures.count = failures.count.saturating_sub(1);
        }
    }

    fn forget(&self, key: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const AWAY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn failures_cost_time_that_doubles_up_to_a_bound() {
        let throttles = Throttles::default();
        let mut now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..12 {
            throttles.failed("mia", HOME, now);
            let wait = throttles.wait("mia", HOME, now).unwrap_or_default();
            waits.push(wait.as_secs());
            now += wait;
            assert_eq!(throttles.wait("mia", HOME, now), None, "the wait is over");
        }
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]);
    }

    #[test]
    fn a_stranger_does_not_keep_a_person_out() {
        let throttles = Throttles::default();
        let now = Instant::now();
        for _ in 0..20 {
            throttles.failed("mia", AWAY, now);
        }
        assert!(throttles.wait("mia", AWAY, now).is_some());
        assert_eq!(throttles.wait("mia", HOME, now), None);
    }

    #[test]
    fn guessing_from_everywhere_and_on_everybody_waits_too() {
        let throttles = Throttles::default();
        let now = Instant::now();
        for number in 0..FREE_ACCOUNT {
            let origin = IpAddr::from([10, 0, 0, u8::try_from(number).unwrap()]);
            throttles.failed("mia", origin, now);
        }
        assert!(throttles.wait("mia", HOME, now).is_some());
        for number in 0..FREE_ORIGIN {
            throttles.failed(&number.to_string(), AWAY, now);
        }
        assert!(throttles.wait("noah", AWAY, now).is_some());
        assert_eq!(throttles.wait("noah", HOME, now), None);
    }

    #[test]
    fn success_and_time_forgive() {
        let throttles = Throttles::default();
        let now = Instant::now();
        for _ in 0..9 {
            throttles.failed("mia", HOME, now);
        }
        assert!(throttles.attempt("mia", HOME, now).is_err());
        throttles.succeeded("mia", HOME);
        assert_eq!(throttles.attempt("mia", HOME, now), Ok(()));
        for _ in 0..9 {
            throttles.failed("mia", HOME, now);
        }
        let later = now + Duration::from_secs(FORGET_AFTER_S);
        throttles.failed("mia", HOME, later);
        assert_eq!(throttles.wait("mia", HOME, later), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..=REMEMBERED_MAX {
            throttle.failed(number, Instant::now());
        }
        assert_eq!(throttle.0.lock().unwrap().len(), REMEMBERED_MAX);
    }

    #[test]
    fn a_household_is_one_origin() {
        let one: IpAddr = "2001:db8:1:2::1".parse().unwrap();
        let other: IpAddr = "2001:db8:1:2:ffff::9".parse().unwrap();
        assert_eq!(network(one), network(other));
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), HOME);
    }
}
