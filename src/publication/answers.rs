//! What a channel's answers, reports and silence change.

use super::{Drift, Publication, Report, Surprise, Times};
use crate::publication::Number;
use crate::time::Timestamp;

/// Quantities sent last that are remembered, to know them when the channel reports them.
const RECENT_MAX: usize = 4;

/// Writes in a row that may meet another number than believed before the next one waits.
const STALE_FREE: u32 = 2;

impl Publication {
    /// The channel took the write.
    pub fn acknowledge(&mut self, times: Times, now: Timestamp) {
        let Some(sent) = self.in_flight.take() else { return };
        if self.belief.is_in_doubt() {
            self.read_by(now.plus_micros(times.recheck_us));
        }
        self.belief.written(sent.write.number.quantity, sent.own);
        self.remember(sent.write.number.quantity, now);
        self.confirmed(sent.write.number, now);
        self.looked(now);
    }

    /// The channel did not take the write because it shows another number than expected.
    pub fn stale(&mut self, shown: i64, retry_at: Timestamp, times: Times, now: Timestamp) {
        if self.in_flight.take().is_none() {
            return;
        }
        self.stale = self.stale.saturating_add(1);
        self.learn(shown, times, now);
        if self.stale > STALE_FREE && !self.is_in_sync() {
            self.retry_at = Some(retry_at);
        }
    }

    /// The channel was asked and shows this.
    pub fn read_back(&mut self, shown: i64, times: Times, now: Timestamp) {
        if self.in_flight.is_none() {
            self.attempts = 0;
            self.retry_at = None;
            self.learn(shown, times, now);
        }
    }

    fn learn(&mut self, shown: i64, times: Times, now: Timestamp) {
        if self.belief.is_in_doubt() {
            self.read_by(now.plus_micros(times.recheck_us));
        }
        let desired = self.desired.map(|desired| desired.quantity);
        // Also where the number happens to be the right one: a sale that led there is still to be
        // told of, and must not be subtracted from what is believed then.
        let open = self.belief.differences(shown, desired);
        if !open.is_empty() {
            match &mut self.surprise {
                Some(surprise) => surprise.and(shown, &open),
                none => {
                    let until = now.plus_micros(times.settle_us);
                    *none = Some(Surprise::new(shown, open, until));
                }
            }
        }
        self.surprise = self.surprise.take().filter(|surprise| !surprise.is_explained());
        self.belief.seen(shown);
        if let Some(desired) = self.desired.filter(|desired| desired.quantity == shown) {
            self.confirmed(desired, now);
        }
        self.looked(now);
    }

    /// The channel's number, if the time is over in which a webhook could have explained it: it is
    /// drift.
    pub fn due_drift(&self, now: Timestamp) -> Option<Drift> {
        self.surprise.as_ref().filter(|it| it.until() <= now).map(Surprise::drift)
    }

    /// The same, given out once.
    pub fn take_drift(&mut self, now: Timestamp) -> Option<Drift> {
        let drift = self.due_drift(now)?;
        self.surprise = None;
        Some(drift)
    }

    /// It is not known whether the channel took the write: the answer was lost.
    pub fn lose(&mut self, error: &str, retry_at: Timestamp, now: Timestamp) {
        if let Some(sent) = self.in_flight.take() {
            self.belief.perhaps(sent.write.number.quantity, sent.own);
            self.fail(error, retry_at, now);
        }
    }

    /// The call failed, and the channel certainly did not take the write.
    pub fn fail(&mut self, error: &str, retry_at: Timestamp, now: Timestamp) {
        self.in_flight = None;
        self.attempts = self.attempts.saturating_add(1);
        self.retry_at = Some(retry_at);
        self.last_error = Some(error.to_owned());
        self.keep_time(now);
    }

    /// The call was put off before the channel looked at it, for a reason that is not this
    /// listing's.
    pub fn put_off(&mut self, now: Timestamp) {
        self.in_flight = None;
        self.keep_time(now);
    }

    /// The channel refuses for a reason that trying again does not mend.
    pub fn park(&mut self, reason: &str, now: Timestamp) {
        self.in_flight = None;
        self.parked = true;
        self.last_error = Some(reason.to_owned());
        self.keep_time(now);
    }

    /// Somebody mended what it was parked for, or wants it tried at once: what the channel shows
    /// is looked at again.
    pub fn retry(&mut self, now: Timestamp) {
        if self.parked {
            self.last_error = None;
        }
        self.parked = false;
        self.attempts = 0;
        self.retry_at = None;
        self.read_by(now);
        self.keep_time(now);
    }

    /// The channel says by itself that it shows this.
    pub fn reported(&mut self, shown: i64, times: Times, now: Timestamp) -> Report {
        let sent = self.in_flight.is_some_and(|sent| sent.write.number.quantity == shown);
        let echo = |(quantity, at): &(i64, Timestamp)| {
            *quantity == shown && now.since(*at) <= times.echo_us
        };
        if sent || self.recent.iter().any(echo) {
            return Report::Echo;
        }
        let wanted = self.desired.is_some_and(|desired| desired.quantity == shown);
        if wanted || self.belief.anticipated() == Some(shown) {
            return Report::Agreed;
        }
        self.read_by(now.plus_micros(times.settle_us));
        Report::News
    }

    fn confirmed(&mut self, number: Number, now: Timestamp) {
        self.acknowledged = Some(number);
        self.acknowledged_at = Some(now);
        self.attempts = 0;
        self.stale = 0;
        self.retry_at = None;
        self.last_error = None;
    }

    /// What the channel shows is known for certain now; a look that was due is done.
    fn looked(&mut self, now: Timestamp) {
        self.read_at = self.read_at.filter(|at| now < *at);
        if self.is_in_sync() {
            self.acknowledged = self.desired;
        }
        self.keep_time(now);
    }

    pub(super) fn remember(&mut self, quantity: i64, now: Timestamp) {
        self.recent.retain(|(known, _)| *known != quantity);
        if self.recent.len() == RECENT_MAX {
            self.recent.remove(0);
        }
        self.recent.push((quantity, now));
    }
}
