//! What the server knows of its own work: what came in lately, and sums that are too dear to make
//! for every reader.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use onhand::record::Outcome;
use onhand::time::{SECOND_US, Timestamp};
use onhand::wire::page::IntakeMinute;
use tokio::sync::Mutex;
use tokio::sync::broadcast::error::RecvError;

use crate::processor::Handle;
use crate::shutdown::Shutdown;
use crate::store::{Store, StoreError, Totals};

/// Minutes of intake that are kept for the chart.
pub const INTAKE_MINUTES: i64 = 60;

/// How old sums over all levels may be.
const TOTALS_MAX_AGE: Duration = Duration::from_secs(1);

/// Counts what comes in, and keeps sums for a moment.
pub struct Meter {
    store: Arc<dyn Store>,
    intake: StdMutex<VecDeque<IntakeMinute>>,
    totals: Mutex<Option<(Instant, Totals)>>,
}

impl Meter {
    /// A meter that begins with what the journal says of the last hour and counts from then on.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn start(
        handle: &Handle,
        now: Timestamp,
        shutdown: Shutdown,
    ) -> Result<Arc<Self>, StoreError> {
        let mut news = handle.listen();
        let store = Arc::clone(handle.store());
        let intake = store.intake(minute_of(now) - INTAKE_MINUTES).await?.into();
        let meter =
            Arc::new(Self { store, intake: StdMutex::new(intake), totals: Mutex::default() });
        let counting = Arc::clone(&meter);
        tokio::spawn(async move {
            loop {
                let batch = tokio::select! {
                    batch = news.recv() => batch,
                    () = shutdown.requested() => return,
                };
                match batch {
                    Ok(batch) => {
                        for entry in &batch.entries {
                            counting.count(entry.record.recorded_at, entry.record.outcome);
                        }
                    }
                    // A chart may miss what nobody could have read in time.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Ok(meter)
    }

    fn count(&self, at: Timestamp, outcome: Outcome) {
        let minute = minute_of(at);
        let mut intake = self.intake.lock().unwrap_or_else(PoisonError::into_inner);
        if intake.back().is_none_or(|last| last.minute < minute) {
            intake.push_back(IntakeMinute { minute, ..IntakeMinute::default() });
        }
        while intake.front().is_some_and(|first| first.minute <= minute - INTAKE_MINUTES) {
            intake.pop_front();
        }
        if let Some(last) = intake.back_mut() {
            match outcome {
                Outcome::Applied => last.applied += 1,
                Outcome::Conflict => last.conflict += 1,
                _ => last.other += 1,
            }
        }
    }

    /// What came in within each of the last [`INTAKE_MINUTES`] minutes, oldest first; minutes
    /// without events are part of it.
    pub fn intake(&self, now: Timestamp) -> Vec<IntakeMinute> {
        let intake = self.intake.lock().unwrap_or_else(PoisonError::into_inner);
        let last = minute_of(now);
        (last - INTAKE_MINUTES + 1..=last)
            .map(|minute| {
                let found = intake.iter().find(|counted| counted.minute == minute);
                found.cloned().unwrap_or(IntakeMinute { minute, ..IntakeMinute::default() })
            })
            .collect()
    }

    /// Sums over all levels, at most [`TOTALS_MAX_AGE`] old, however many ask.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn totals(&self) -> Result<Totals, StoreError> {
        let mut kept = self.totals.lock().await;
        if let Some((made, totals)) = *kept
            && made.elapsed() < TOTALS_MAX_AGE
        {
            return Ok(totals);
        }
        let totals = self.store.totals().await?;
        *kept = Some((Instant::now(), totals));
        Ok(totals)
    }
}

/// The minute of a moment, counted from 1970.
const fn minute_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(60 * SECOND_US)
}
