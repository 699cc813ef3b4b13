//! Publications: what a listing should show against what its channel acknowledged, and the state
//! machines around them. Pure: time and random numbers are passed in, calls are made elsewhere.
//!
//! A channel sells from its own number, people edit it, and an answer may be lost after the number
//! was taken. So Onhand keeps a [`Belief`] about what the channel shows, and every write is a
//! compare-and-set against it. A number that was not believed is told apart by what explains it:
//! our own write whose answer was lost, a sale of the channel whose webhook is known or still on
//! its way, or else somebody's hand, which is *drift*.

mod answers;
mod backoff;
mod belief;
mod breaker;
mod limiter;
mod question;
mod surprise;
#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use belief::Belief;
pub use breaker::{Allowed, Breaker, BreakerSettings};
pub use limiter::{Limiter, Pace};
pub use question::Asking;
use question::Question;
use surprise::Surprise;

use crate::time::{SECOND_US, Timestamp};
use crate::wire::channel::PublicationState;

/// The times that a publication keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// How long the webhook of a sale may take before a number that it would explain counts as
    /// drift, in microseconds. Meanwhile such a number is not raised again.
    pub settle_us: i64,
    /// How long a quantity that was sent is known as our own echo, in microseconds.
    pub echo_us: i64,
    /// When to look again after an answer that was lost, in microseconds: a call may still be on
    /// its way after the one that settled it.
    pub recheck_us: i64,
}

impl Default for Times {
    fn default() -> Self {
        Self { settle_us: 5 * SECOND_US, echo_us: 300 * SECOND_US, recheck_us: 10 * SECOND_US }
    }
}

/// A quantity and the journal's record that it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// The quantity.
    pub quantity: i64,
    /// The newest record that it contains.
    pub seq: u64,
}

/// What is to be done about a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing, until something changes.
    Idle,
    /// Nothing before this moment.
    Wait(Timestamp),
    /// Ask what the channel shows.
    Read,
    /// Write the desired quantity.
    Set,
}

/// A write that is about to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write {
    /// What to show.
    pub number: Number,
    /// What the channel is believed to show; the write must fail if it does not.
    pub expected: i64,
}

/// Something that the channel says it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// Onhand sent this quantity a moment ago: our own echo.
    Echo,
    /// It is what the listing should show, or what the channel's own sales have left.
    Agreed,
    /// Neither. The channel is read soon, because reports come late and in any order.
    News,
}

/// A number on the channel that nothing explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drift {
    /// What the channel showed.
    pub shown: i64,
    /// How much more that was than explained (less, if negative).
    pub difference: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct InFlight {
    write: Write,
    own: i64,
}

/// One listing's publication.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publication {
    desired: Option<Number>,
    acknowledged: Option<Number>,
    belief: Belief,
    in_flight: Option<InFlight>,
    surprise: Option<Surprise>,
    asks: bool,
    question: Option<Question>,
    acknowledged_at: Option<Timestamp>,
    read_at: Option<Timestamp>,
    attempts: u32,
    stale: u32,
    retry_at: Option<Timestamp>,
    parked: bool,
    last_error: Option<String>,
    behind_since: Option<Timestamp>,
    recent: Vec<(i64, Timestamp)>,
}

impl Publication {
    /// A publication as it was remembered. What the channel shows by now is not known.
    pub fn restored(acknowledged: Option<Number>, attempts: u32, parked: Option<String>) -> Self {
        Self {
            acknowledged,
            belief: Belief::unknown(acknowledged.map(|number| number.quantity)),
            attempts,
            parked: parked.is_some(),
            last_error: parked,
            ..Self::default()
        }
    }

    /// What the listing should show; `None` until its item has a level: absence is not zero.
    pub const fn desired(&self) -> Option<Number> {
        self.desired
    }

    /// What the channel confirmed last.
    pub const fn acknowledged(&self) -> Option<Number> {
        self.acknowledged
    }

    /// Failed attempts since the last success.
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// When it is tried again, if it failed.
    pub const fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at
    }

    /// What went wrong last, or why it is parked.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Whether trying again would not help.
    pub const fn is_parked(&self) -> bool {
        self.parked
    }

    /// Since when it has not shown what it should.
    pub const fn behind_since(&self) -> Option<Timestamp> {
        self.behind_since
    }

    /// What the channel is believed to show, if that is certain.
    pub fn believed(&self) -> Option<i64> {
        if self.belief.is_certain() { self.belief.anticipated() } else { None }
    }

    /// Whether the channel shows what it should, as far as it ever said.
    pub fn is_in_sync(&self) -> bool {
        let Some(desired) = self.desired else { return false };
        self.in_flight.is_none()
            && self.acknowledged.is_some_and(|number| number.quantity == desired.quantity)
            && self.believed() == Some(desired.quantity)
    }

    /// Where it stands, on a channel that sends.
    pub fn state(&self) -> PublicationState {
        if self.parked {
            PublicationState::Parked
        } else if self.is_held() {
            PublicationState::Drifted
        } else if self.is_in_sync() {
            PublicationState::InSync
        } else if self.surprise.is_some() {
            PublicationState::Drifted
        } else if self.attempts > 0 {
            PublicationState::Retrying
        } else {
            PublicationState::Pending
        }
    }

    /// The levels or the policy changed. A number from an older record than the present one is
    /// left out: an older number never follows a newer one.
    pub fn desire(&mut self, number: Number, now: Timestamp) {
        if self.desired.is_some_and(|present| number.seq < present.seq) {
            return;
        }
        self.desired = Some(number);
        if self.is_in_sync() {
            self.acknowledged = Some(number);
        }
        self.keep_time(now);
    }

    /// The journal took over sales of this very channel: it lowered its own number by itself, or
    /// raised it for a cancellation, by `units`.
    pub fn sold_here(&mut self, units: i64, now: Timestamp) {
        let rest = self.surprise.as_mut().map_or(units, |surprise| surprise.explain(units));
        self.surprise = self.surprise.take().filter(|surprise| !surprise.is_explained());
        self.belief.sold(rest);
        self.keep_time(now);
    }

    /// What is to be done now.
    pub fn action(&self, now: Timestamp) -> Action {
        let Some(desired) = self.desired else { return Action::Idle };
        if self.parked || self.in_flight.is_some() {
            return Action::Idle;
        }
        if let Some(at) = self.retry_at.filter(|at| now < *at) {
            return Action::Wait(at);
        }
        let Some(anticipated) = self.belief.anticipated() else { return Action::Read };
        if self.is_in_sync() || self.is_held() {
            let surprise = self.surprise.as_ref().map(Surprise::until);
            let next = self.read_at.into_iter().chain(surprise).chain(self.asks_at(now)).min();
            return match (next, self.read_at) {
                (_, Some(at)) if at <= now => Action::Read,
                (Some(at), _) => Action::Wait(at),
                (None, _) => Action::Idle,
            };
        }
        // Fewer than believed: a sale whose webhook is still on its way may explain it, and then
        // raising the number would sell the units twice.
        // What a person is to be asked about is not overwritten either.
        let hold = self.surprise.as_ref().filter(|surprise| {
            let raises = surprise.may_be_a_sale() && desired.quantity > anticipated;
            self.asks || (raises && now < surprise.until())
        });
        hold.map_or(Action::Set, |surprise| Action::Wait(surprise.until()))
    }

    /// A write is about to be sent. `None` if there is none to send.
    pub fn send(&mut self, now: Timestamp) -> Option<Write> {
        let number = self.desired.filter(|_| self.in_flight.is_none() && !self.is_held())?;
        let write = Write { number, expected: self.belief.anticipated()? };
        self.in_flight = Some(InFlight { write, own: self.belief.own() });
        self.remember(number.quantity, now);
        Some(write)
    }

    /// Has the channel read by this moment, whatever is believed.
    pub fn read_by(&mut self, at: Timestamp) {
        self.read_at = Some(self.read_at.map_or(at, |read_at| read_at.min(at)));
    }

    fn keep_time(&mut self, now: Timestamp) {
        self.behind_since = if self.desired.is_none() || self.is_in_sync() {
            None
        } else {
            Some(self.behind_since.unwrap_or(now))
        };
    }
}
