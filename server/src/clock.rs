//! The server's clocks, as a port: tests bring their own.
//!
//! There are two. The wall clock says what time it is; it can leap, go back or stand still, and
//! events are only recorded with it. Timers go by a [`Stopwatch`], which adds up the time that
//! passes while the ledger is served. It takes that from the monotonic clock, and no more than
//! [`STEP_MAX`] at once: if the process or the machine stood still for longer, nobody could have
//! confirmed a hold or sent an order meanwhile. So no clock that leaps, no pause and no sleeping
//! laptop makes everything expire at once; each can only make timers late, by its own length.
//!
//! The reading over a restart is the same: time for which no server ran does not count, since it
//! can only be told by the wall clock. The stopwatch goes on from where it was last noted: when the
//! server stopped, and every few seconds while timers ran. A restart therefore never ends a hold
//! early; after a crash, it prolongs it by those few seconds.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use onhand::time::{Timestamp, Uptime};

/// How often a running timer has to look at the clock at least, for its steps to be short.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The longest time between two looks that counts. Several looks fit in, so that a busy machine
/// loses nothing.
pub const STEP_MAX: Duration = Duration::from_secs(5);

/// Says what time it is, how much of it has passed, and waits.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The present moment, by the wall clock.
    fn now(&self) -> Timestamp;

    /// The time since some fixed moment, by a clock that does not go back.
    fn elapsed(&self) -> Duration;

    /// Waits for so long.
    async fn sleep(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(chrono::Utc::now().timestamp_micros())
    }

    fn elapsed(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// Clocks that stand still until they are moved.
#[derive(Debug, Default)]
pub struct ManualClock {
    wall: AtomicI64,
    elapsed: AtomicI64,
}

impl ManualClock {
    /// Clocks of which the wall clock shows this moment.
    pub const fn at(moment: Timestamp) -> Self {
        Self { wall: AtomicI64::new(moment.micros()), elapsed: AtomicI64::new(0) }
    }

    /// Lets time pass, in microseconds.
    pub fn advance(&self, micros: i64) {
        self.leap(micros);
        self.elapsed.fetch_add(micros, Ordering::SeqCst);
    }

    /// Moves the wall clock alone on (back, if negative), in microseconds.
    pub fn leap(&self, micros: i64) {
        self.wall.fetch_add(micros, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.wall.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        let micros = self.elapsed.load(Ordering::SeqCst);
        Duration::from_micros(u64::try_from(micros).unwrap_or_default())
    }
}

/// Adds up the time for which a ledger is served.
#[derive(Debug)]
pub struct Stopwatch {
    uptime: Uptime,
    seen: Duration,
}

impl Stopwatch {
    /// Goes on from a reading.
    pub fn from(uptime: Uptime, clock: &dyn Clock) -> Self {
        Self { uptime, seen: clock.elapsed() }
    }

    /// The reading now. Looks have to be no further apart than [`LOOK_INTERVAL`] for all of the
    /// time to count.
    pub fn look(&mut self, clock: &dyn Clock) -> Uptime {
        let elapsed = clock.elapsed();
        let step = elapsed.saturating_sub(self.seen).min(STEP_MAX);
        self.seen = elapsed.max(self.seen);
        self.uptime = self.uptime.plus_micros(i64::try_from(step.as_micros()).unwrap_or_default());
        self.uptime
    }
}

#[cfg(test)]
mod tests {
    use onhand::time::SECOND_US;

    use super::*;

    const HOUR_US: i64 = 3_600 * SECOND_US;

    fn started() -> (ManualClock, Stopwatch) {
        let clock = ManualClock::at(Timestamp::parse("2026-11-23T10:00:00Z").unwrap());
        let stopwatch = Stopwatch::from(Uptime::from_micros(7), &clock);
        (clock, stopwatch)
    }

    #[test]
    fn time_that_passes_counts_to_the_microsecond() {
        let (clock, mut stopwatch) = started();
        for _ in 0..100 {
            clock.advance(SECOND_US + 1);
            stopwatch.look(&clock);
        }
        assert_eq!(stopwatch.look(&clock).micros(), 7 + 100 * (SECOND_US + 1));
    }

    #[test]
    fn a_wall_clock_that_leaps_or_stands_still_does_not_matter() {
        let (clock, mut stopwatch) = started();
        for leap in [-HOUR_US, HOUR_US, 400 * 24 * HOUR_US, -SECOND_US] {
            clock.advance(SECOND_US);
            clock.leap(leap);
            stopwatch.look(&clock);
        }
        assert_eq!(stopwatch.look(&clock).micros(), 7 + 4 * SECOND_US);
    }

    #[test]
    fn a_pause_counts_as_one_step() {
        let (clock, mut stopwatch) = started();
        clock.advance(400 * 24 * HOUR_US);
        assert_eq!(stopwatch.look(&clock).micros(), 7 + 5 * SECOND_US);
        clock.advance(-HOUR_US);
        assert_eq!(stopwatch.look(&clock).micros(), 7 + 5 * SECOND_US, "and never back");
    }

    #[test]
    fn the_machines_monotonic_clock_goes_on() {
        let before = SystemClock.elapsed();
        assert!(SystemClock.elapsed() >= before);
    }
}
