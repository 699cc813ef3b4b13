//! What came in, by the second and by the minute, from the live frames alone.

use std::collections::VecDeque;

use onhand::record::Outcome;
use onhand::wire::live::Delta;
use onhand::wire::page::IntakeMinute;

/// Seconds over which events per second are averaged.
pub const RATE_WINDOW_S: i64 = 5;
/// Frames remembered for the chart by minute; older ones are in the next fetched page.
const FRAMES_MAX: usize = 2_048;
const MINUTE_US: i64 = 60_000_000;
const SECOND_US: i64 = 1_000_000;

/// Events per second over the last few seconds, by the browser's clock.
#[derive(Debug, Default)]
pub(crate) struct Rate {
    /// (second, events), oldest first.
    seconds: VecDeque<(i64, u64)>,
}

impl Rate {
    /// Counts events that came in now.
    pub(crate) fn add(&mut self, now_us: i64, events: u64) {
        let second = now_us.div_euclid(SECOND_US);
        match self.seconds.back_mut() {
            Some((last, count)) if *last == second => *count += events,
            _ => self.seconds.push_back((second, events)),
        }
        self.forget(second);
    }

    /// Events in the window up to now, in tenths of an event per second.
    pub(crate) fn tenths(&mut self, now_us: i64) -> u64 {
        let second = now_us.div_euclid(SECOND_US);
        self.forget(second);
        let events: u64 = self.seconds.iter().map(|(_, count)| count).sum();
        events * 10 / RATE_WINDOW_S.unsigned_abs()
    }

    fn forget(&mut self, second: i64) {
        while self.seconds.front().is_some_and(|(at, _)| *at <= second - RATE_WINDOW_S) {
            self.seconds.pop_front();
        }
    }
}

/// What came in by minute, frame by frame.
#[derive(Debug, Default)]
pub(crate) struct Minutes {
    frames: VecDeque<(u64, IntakeMinute)>,
}

impl Minutes {
    /// Counts the events of a frame.
    pub(crate) fn add(&mut self, delta: &Delta) {
        for event in &delta.events {
            let minute = event.recorded_at.micros().div_euclid(MINUTE_US);
            let new = match self.frames.back() {
                Some((from, last)) => *from != delta.from || last.minute != minute,
                None => true,
            };
            if new {
                self.frames
                    .push_back((delta.from, IntakeMinute { minute, ..IntakeMinute::default() }));
            }
            if let Some((_, last)) = self.frames.back_mut() {
                match event.outcome {
                    Outcome::Applied => last.applied += 1,
                    Outcome::Conflict => last.conflict += 1,
                    _ => last.other += 1,
                }
            }
        }
        while self.frames.len() > FRAMES_MAX {
            self.frames.pop_front();
        }
    }

    /// The minutes of a page that was complete up to `seq`, with everything that came since; as
    /// many minutes as the page has, ending with the newest.
    pub(crate) fn on_top_of(&self, page: &[IntakeMinute], seq: u64) -> Vec<IntakeMinute> {
        let mut minutes = page.to_vec();
        for (_, frame) in self.frames.iter().filter(|(from, _)| *from >= seq) {
            let newest = minutes.last().map(|last| last.minute);
            if let Some(own) = minutes.iter_mut().rev().find(|own| own.minute == frame.minute) {
                own.applied += frame.applied;
                own.conflict += frame.conflict;
                own.other += frame.other;
            } else if newest.is_none_or(|newest| newest < frame.minute) {
                minutes.push(frame.clone());
            }
        }
        let surplus = minutes.len().saturating_sub(page.len().max(1));
        minutes.drain(..surplus);
        minutes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::book::tests::{delta, event};

    #[test]
    fn the_rate_is_an_average_over_the_last_seconds() {
        let mut rate = Rate::default();
        rate.add(10 * SECOND_US, 20);
        rate.add(10 * SECOND_US + 5, 5);
        rate.add(12 * SECOND_US, 25);
        assert_eq!(rate.tenths(12 * SECOND_US), 100);
        assert_eq!(rate.tenths(15 * SECOND_US), 50);
        assert_eq!(rate.tenths(60 * SECOND_US), 0);
    }

    #[test]
    fn live_minutes_add_to_the_page_without_counting_twice() {
        let mut minutes = Minutes::default();
        minutes.add(&delta(5, 6, vec![event(6, Outcome::Applied, 2 * MINUTE_US)]));
        minutes.add(&delta(
            6,
            8,
            vec![
                event(7, Outcome::Conflict, 2 * MINUTE_US),
                event(8, Outcome::Duplicate, 3 * MINUTE_US),
            ],
        ));
        let page = [
            IntakeMinute { minute: 1, applied: 9, ..IntakeMinute::default() },
            IntakeMinute { minute: 2, applied: 4, ..IntakeMinute::default() },
        ];
        let shown = minutes.on_top_of(&page, 6);
        assert_eq!(
            shown,
            [
                IntakeMinute { minute: 2, applied: 4, conflict: 1, other: 0 },
                IntakeMinute { minute: 3, applied: 0, conflict: 0, other: 1 },
            ]
        );
        assert_eq!(minutes.on_top_of(&page, 8), page);
    }
}
