//! How long the ledger has been served, which timers go by, and when that is to be stored.

use std::sync::Arc;
use std::time::Duration;

use onhand::time::{Now, SECOND_US, Uptime};

use crate::clock::{Clock, Stopwatch};

/// How much served time may pass until it is stored, while timers run: what a crash forgets.
const STORE_INTERVAL_US: i64 = 5 * SECOND_US;

/// The clocks, and how much of what they say is durable.
pub(super) struct Served {
    clock: Arc<dyn Clock>,
    stopwatch: Stopwatch,
    stored: Uptime,
}

impl Served {
    /// Goes on from what is stored.
    pub(super) fn from(stored: Uptime, clock: Arc<dyn Clock>) -> Self {
        let stopwatch = Stopwatch::from(stored, &*clock);
        Self { clock, stopwatch, stored }
    }

    /// What the clocks show.
    pub(super) fn now(&mut self) -> Now {
        Now { wall: self.clock.now(), uptime: self.stopwatch.look(&*self.clock) }
    }

    /// Waits.
    pub(super) async fn sleep(&self, time: Duration) {
        self.clock.sleep(time).await;
    }

    /// A reading that is to be stored now, if there is one: when enough has passed since the last,
    /// which may be that of a record; the `last` one in any case.
    pub(super) fn reading_due(&mut self, recorded: Uptime, last: bool) -> Option<Uptime> {
        let uptime = self.now().uptime;
        let passed = uptime.since(self.stored.max(recorded));
        let enough = if last { 1 } else { STORE_INTERVAL_US };
        (passed >= enough).then(|| {
            // If it cannot be stored, that is tried again after another interval.
            self.stored = uptime;
            uptime
        })
    }
}

#[cfg(test)]
mod tests {
    use onhand::time::Timestamp;

    use super::*;
    use crate::clock::ManualClock;

    #[test]
    fn a_reading_is_stored_when_enough_has_passed_since_any_other() {
        let clock = Arc::new(ManualClock::at(Timestamp::from_micros(0)));
        let at = |seconds| Uptime::from_micros(seconds * SECOND_US);
        let mut served = Served::from(at(100), Arc::<ManualClock>::clone(&clock));
        let mut after = |seconds: i64, recorded, last| {
            clock.advance(seconds * SECOND_US);
            served.reading_due(recorded, last)
        };
        assert_eq!(after(4, at(0), false), None);
        assert_eq!(after(1, at(0), false), Some(at(105)));
        assert_eq!(after(3, at(107), false), None);
        assert_eq!(after(3, at(107), false), None, "a record has said so 4 s ago");
        assert_eq!(after(1, at(107), false), Some(at(112)));
        assert_eq!(after(0, at(107), true), None, "it is stored");
        assert_eq!(after(1, at(107), true), Some(at(113)));
    }
}
