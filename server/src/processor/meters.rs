//! What the processor counts and times of its own work, once a batch: nothing here costs an event
//! more than its share of a sum.

use std::time::Duration;

use onhand::ledger::{Batch, Processed};
use onhand::record::Outcome;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

/// Outcomes that there are.
const OUTCOMES: usize = Outcome::ALL.len();

/// From 50 µs to 3.3 s, each bucket twice the one before.
const SECONDS: (f64, f64, u16) = (50e-6, 2.0, 17);

/// From 1 to 65,536 events, the largest batch that can be set, each bucket four times the one before.
const EVENTS: (f64, f64, u16) = (1.0, 4.0, 9);

/// Counters and histograms; clones share them.
#[derive(Debug, Clone)]
pub struct Meters {
    /// Events answered, by outcome, in the order of [`Outcome::ALL`].
    outcomes: [Counter; OUTCOMES],
    /// Records of a committed batch.
    pub batch_events: Histogram,
    /// Time in which the core decides a batch, without loading.
    pub decide_seconds: Histogram,
    /// Time in which the store loads what a batch needs.
    pub load_seconds: Histogram,
    /// Time in which the store makes a batch durable.
    pub commit_seconds: Histogram,
}

/// What became of a batch: of each of its records, and of each event that needed none.
pub(super) struct Tally {
    outcomes: [u64; OUTCOMES],
    records: u32,
}

impl Tally {
    /// That of a batch and of what was asked for.
    pub(super) fn of(batch: &Batch, processed: &[Processed]) -> Self {
        let mut outcomes = [0; OUTCOMES];
        let mut add = |outcome| {
            if let Some(sum) = Outcome::ALL.iter().position(|it| *it == outcome) {
                outcomes[sum] += 1;
            }
        };
        batch.entries.iter().for_each(|entry| add(entry.record.outcome));
        processed.iter().filter_map(unrecorded).for_each(&mut add);
        for processed in processed {
            if let Processed::Group(all) = processed {
                all.iter().filter_map(unrecorded).for_each(&mut add);
            }
        }
        Self { outcomes, records: u32::try_from(batch.entries.len()).unwrap_or(u32::MAX) }
    }
}

impl Default for Meters {
    fn default() -> Self {
        let times = || {
            let (first, factor, count) = SECONDS;
            Histogram::new(exponential_buckets(first, factor, count))
        };
        let (first, factor, count) = EVENTS;
        Self {
            outcomes: std::array::from_fn(|_| Counter::default()),
            batch_events: Histogram::new(exponential_buckets(first, factor, count)),
            decide_seconds: times(),
            load_seconds: times(),
            commit_seconds: times(),
        }
    }
}

impl Meters {
    /// Each outcome with the events that had it.
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, &Counter)> {
        Outcome::ALL.into_iter().zip(&self.outcomes)
    }

    /// Counts events that had this outcome.
    pub fn count(&self, outcome: Outcome, events: u64) {
        if let Some((_, counter)) = self.outcomes().find(|(it, _)| *it == outcome) {
            counter.inc_by(events);
        }
    }

    /// Counts what became of a batch that is durable.
    pub(super) fn count_batch(&self, tally: &Tally) {
        for (counter, sum) in self.outcomes.iter().zip(tally.outcomes) {
            counter.inc_by(sum);
        }
        if tally.records > 0 {
            self.batch_events.observe(tally.records.into());
        }
    }

    /// Notes how long it took to decide a batch, and to load what that needed.
    pub(super) fn decided(&self, decided: Duration, loaded: Duration) {
        self.decide_seconds.observe(decided.as_secs_f64());
        if !loaded.is_zero() {
            self.load_seconds.observe(loaded.as_secs_f64());
        }
    }
}

/// The outcome of an event that leaves no record.
const fn unrecorded(processed: &Processed) -> Option<Outcome> {
    match processed {
        Processed::Duplicate(_) => Some(Outcome::Duplicate),
        Processed::Invalid(_) => Some(Outcome::Invalid),
        _ => None,
    }
}
