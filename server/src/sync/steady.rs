//! Time for intervals. Retries, rests and read-backs are due after so many seconds, whatever
//! happens to the wall clock meanwhile: if that went back a day, a channel would otherwise wait a
//! day for its next attempt.

use std::time::Instant;

use onhand::time::Timestamp;

/// Begins with the wall clock's time and then passes evenly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Steady {
    begin: Timestamp,
    since: Instant,
}

impl Steady {
    /// Begins now, which is `wall`.
    pub(super) fn starting_at(wall: Timestamp) -> Self {
        Self { begin: wall, since: Instant::now() }
    }

    /// The present moment.
    pub(super) fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.since.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.begin.plus_micros(passed)
    }

    /// The same distance from now as the wall clock shows it, when that shows `wall`.
    pub(super) fn on_the_wall(&self, at: Timestamp, wall: Timestamp) -> Timestamp {
        wall.plus_micros(at.since(self.now()))
    }
}
