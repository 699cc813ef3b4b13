//! Drift about which a person is asked: nothing is sent to the listing until somebody has decided,
//! or until the channel shows Onhand's number again.

use super::{Drift, Number, Publication};
use crate::time::{SECOND_US, Timestamp};

/// How long to wait before a question is put again that could not be recorded, in microseconds.
const ASK_AGAIN_US: i64 = 10 * SECOND_US;

/// A difference that a person is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    /// How many units more the channel shows than are explained (fewer, if negative).
    difference: i64,
    /// When it is to be put, or put again; `None` once it is recorded.
    ask_at: Option<Timestamp>,
}

/// What a person is to be asked, or need not be asked any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asking {
    /// What the channel shows.
    pub shown: i64,
    /// How much more that is than explained (less, if negative); 0 if it is Onhand's number again.
    pub difference: i64,
    /// What the channel acknowledged last, and when, if that is remembered.
    pub acknowledged: Option<(Number, Option<Timestamp>)>,
}

impl Publication {
    /// Whether a person is asked about a number that nothing explains; without it Onhand's own
    /// number is simply sent again.
    pub const fn set_asks(&mut self, asks: bool) {
        self.asks = asks;
    }

    /// Whether a person is asked about a number that nothing explains.
    pub const fn asks(&self) -> bool {
        self.asks
    }

    /// Whether nothing is sent because a person is asked.
    pub const fn is_held(&self) -> bool {
        self.question.is_some()
    }

    /// A person is to be asked about this, on top of what is asked already.
    pub fn ask(&mut self, drift: Drift, now: Timestamp) {
        let before = self.question.map_or(0, |question| question.difference);
        let difference = before.saturating_add(drift.difference);
        self.question = Some(Question { difference, ask_at: Some(now) });
    }

    /// A person has been asked about this difference before a restart. What the channel shows has
    /// to be looked at anew; what it was set to by hand meanwhile cannot be told apart.
    pub fn hold(&mut self, difference: i64) {
        if self.question.is_none() {
            self.question = Some(Question { difference, ask_at: None });
            if self.belief.anticipated().is_none() {
                self.belief = super::Belief::unknown(None);
            }
        }
    }

    /// A person has decided, or need not decide any more.
    pub fn release(&mut self, now: Timestamp) {
        self.question = None;
        self.keep_time(now);
    }

    /// What is to be recorded now about a question. Unless [`Publication::asked`] says that it was,
    /// it comes again a little later.
    pub fn take_asking(&mut self, now: Timestamp) -> Option<Asking> {
        let question = self.question.filter(|_| self.asks_at(now).is_some_and(|at| at <= now))?;
        let shown = self.believed()?;
        let difference = if self.is_settled(question) { 0 } else { question.difference };
        let ask_at = Some(now.plus_micros(ASK_AGAIN_US));
        self.question = Some(Question { ask_at, ..question });
        let acknowledged = self.acknowledged.map(|number| (number, self.acknowledged_at));
        Some(Asking { shown, difference, acknowledged })
    }

    /// It is recorded.
    pub fn asked(&mut self, asking: Asking, now: Timestamp) {
        if asking.difference == 0 {
            return self.release(now);
        }
        if let Some(question) = &mut self.question {
            question.ask_at = None;
        }
    }

    /// When something is to be recorded about the question.
    pub(super) fn asks_at(&self, now: Timestamp) -> Option<Timestamp> {
        let question = self.question?;
        question.ask_at.or_else(|| self.is_settled(question).then_some(now))
    }

    /// Whether there is nothing to ask any more: the channel shows what it should.
    fn is_settled(&self, question: Question) -> bool {
        let shown = self.believed().filter(|_| self.surprise.is_none());
        let wanted = self.desired.map(|desired| desired.quantity);
        shown.is_some() && (question.difference == 0 || shown == wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Action, Times, Write};
    use super::*;
    use crate::wire::channel::PublicationState;

    const TIMES: Times = Times { settle_us: 1_000, echo_us: 5_000, recheck_us: 2_000 };

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    fn number(quantity: i64, seq: u64) -> Number {
        Number { quantity, seq }
    }

    /// In sync at 10, on a channel that has a person asked.
    fn asking() -> Publication {
        let mut publication = Publication::default();
        assert!(!publication.asks());
        publication.set_asks(true);
        assert!(publication.asks());
        publication.desire(number(10, 1), at(0));
        publication.read_back(10, TIMES, at(0));
        publication
    }

    /// The drift that is due is asked about, and recorded.
    fn ask(publication: &mut Publication, now: Timestamp) -> Asking {
        let drift = publication.take_drift(now).expect("nothing has explained it");
        publication.ask(drift, now);
        let asking = publication.take_asking(now).expect("it is to be asked");
        assert_eq!(publication.take_asking(now), None, "once");
        publication.asked(asking, now);
        asking
    }

    #[test]
    fn nothing_is_sent_from_the_moment_at_which_the_number_is_seen_until_a_person_decides() {
        for shown in [4, 30] {
            let mut publication = asking();
            publication.read_back(shown, TIMES, at(100));
            assert_eq!(publication.action(at(100)), Action::Wait(at(1_100)));
            let asked = ask(&mut publication, at(1_100));
            assert_eq!((asked.shown, asked.difference), (shown, shown - 10));
            assert_eq!(asked.acknowledged, Some((number(10, 1), Some(at(0)))));
            publication.desire(number(9, 2), at(1_200));
            assert_eq!(publication.state(), PublicationState::Drifted);
            assert_eq!(publication.action(at(9_000)), Action::Idle);
            assert_eq!(publication.send(at(9_000)), None);
            publication.release(at(9_001));
            assert_eq!(publication.action(at(9_001)), Action::Set);
            let write = Write { number: number(9, 2), expected: shown };
            assert_eq!(publication.send(at(9_001)), Some(write));
        }
    }

    #[test]
    fn a_sale_that_explains_it_in_time_asks_nobody() {
        let mut publication = asking();
        publication.read_back(8, TIMES, at(100));
        publication.sold_here(-2, at(500));
        publication.desire(number(8, 2), at(500));
        assert_eq!(publication.take_drift(at(9_999)), None);
        assert!(!publication.is_held());
        assert_eq!(publication.believed(), Some(8));
    }

    #[test]
    fn a_second_edit_adds_to_the_first_and_a_sale_does_not() {
        let mut publication = asking();
        publication.read_back(4, TIMES, at(100));
        assert_eq!(ask(&mut publication, at(1_100)).difference, -6);
        publication.sold_here(-1, at(1_500));
        publication.desire(number(9, 2), at(1_500));
        publication.read_back(3, TIMES, at(2_000));
        assert_eq!(publication.take_drift(at(9_999)), None, "3 is what the sale has left");
        publication.read_back(5, TIMES, at(3_000));
        let asked = ask(&mut publication, at(4_000));
        assert_eq!((asked.shown, asked.difference), (5, -4));
    }

    #[test]
    fn it_is_over_when_the_channel_shows_the_number_again_or_the_number_becomes_the_channels() {
        let mut edited_back = asking();
        edited_back.read_back(4, TIMES, at(100));
        ask(&mut edited_back, at(1_100));
        edited_back.desire(number(12, 2), at(1_200));
        edited_back.read_back(10, TIMES, at(2_000));
        let asked = ask(&mut edited_back, at(3_000));
        assert_eq!((asked.shown, asked.difference), (10, 0));
        assert!(!edited_back.is_held());
        assert_eq!(edited_back.action(at(3_000)), Action::Set, "12 is still to be sent");

        let mut caught_up = asking();
        caught_up.read_back(4, TIMES, at(100));
        ask(&mut caught_up, at(1_100));
        caught_up.desire(number(4, 2), at(1_200));
        assert_eq!(caught_up.action(at(1_200)), Action::Wait(at(1_200)));
        let asked = caught_up.take_asking(at(1_200)).expect("there is nothing to ask");
        assert_eq!(asked.difference, 0);
        caught_up.asked(asked, at(1_201));
        assert!(!caught_up.is_held());
    }

    #[test]
    fn what_could_not_be_recorded_is_put_again() {
        let mut publication = asking();
        publication.read_back(4, TIMES, at(100));
        let drift = publication.take_drift(at(1_100)).expect("it is due");
        publication.ask(drift, at(1_100));
        let first = publication.take_asking(at(1_100));
        let again = at(1_100).plus_micros(ASK_AGAIN_US);
        assert_eq!(publication.action(at(1_200)), Action::Wait(again));
        assert_eq!(publication.take_asking(again), first);
    }

    #[test]
    fn after_a_restart_it_is_still_held_and_looked_at() {
        let mut publication = Publication::restored(Some(number(10, 1)), 0, None);
        publication.set_asks(true);
        publication.hold(-6);
        publication.desire(number(10, 1), at(0));
        assert_eq!(publication.action(at(0)), Action::Read);
        publication.read_back(4, TIMES, at(1));
        assert_eq!(publication.take_drift(at(9_999)), None, "that is what is asked about");
        assert_eq!(publication.state(), PublicationState::Drifted);
        assert_eq!(publication.action(at(9_999)), Action::Idle);
        publication.release(at(10_000));
        assert_eq!(publication.action(at(10_000)), Action::Set);
    }
}
