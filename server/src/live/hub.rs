//! The hub: takes each durable batch once, encodes it once, and lets every connection find what
//! changed since its own place. It never waits for a connection.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use onhand::wire::channel::{ChannelStatus, PublicationRow};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::{Instant, sleep_until};

use super::change::{Change, ChannelNews, Gathered};
use super::ring::{Overrun, Place, Ring};
use crate::processor::Committed;

/// The shortest time between two changes: a screen shows about 60 pictures a second. The first batch
/// after a pause never waits.
const FRAME_INTERVAL_MIN: Duration = Duration::from_millis(16);

/// By how much each connection lengthens that time: twice what it takes to hand a frame to it, so
/// that who watches never takes the cores from what is watched.
const FRAME_INTERVAL_EACH: Duration = Duration::from_micros(40);

/// The same while events come in faster than they are made durable one by one: a frame then holds
/// whatever its reader watches.
const FRAME_INTERVAL_EACH_BUSY: Duration = Duration::from_micros(400);

/// Events of a batch, on average, from which on that is so: they have waited for one another.
const BUSY_BATCH_EVENTS: u64 = 10;

/// The longest that a change waits for the next one.
const FRAME_INTERVAL_MAX: Duration = Duration::from_secs(2);

/// The time between two changes, the longer the more there are to hand them to.
fn frame_interval(connections: u64, busy: bool) -> Duration {
    let each = if busy { FRAME_INTERVAL_EACH_BUSY } else { FRAME_INTERVAL_EACH };
    let all = each.saturating_mul(connections.try_into().unwrap_or(u32::MAX));
    FRAME_INTERVAL_MIN.saturating_add(all).min(FRAME_INTERVAL_MAX)
}

/// Figures about the live side since the server started.
#[derive(Debug, Default)]
pub struct LiveStats {
    /// Connections that are open.
    pub connections: AtomicU64,
    /// Changes made.
    pub changes: AtomicU64,
    /// Frames sent.
    pub frames: AtomicU64,
    /// Bytes of frames sent.
    pub frame_bytes: AtomicU64,
    /// Changes that were merged into another for a reader who was behind.
    pub merges: AtomicU64,
    /// Readers who were so far behind that they got a snapshot.
    pub overruns: AtomicU64,
    /// Snapshots read from the store.
    pub snapshots: AtomicU64,
    /// Times the hub itself missed batches.
    pub missed: AtomicU64,
}

impl LiveStats {
    /// Counts one more.
    pub(super) fn count(counter: &AtomicU64, by: usize) {
        counter.fetch_add(by as u64, Ordering::Relaxed);
    }
}

/// Where connections find what changed. Shared by all of them.
#[derive(Debug)]
pub struct Hub {
    ring: RwLock<Ring>,
    /// The place up to which all are told; wakes those who wait for it.
    told: watch::Sender<Place>,
    news: Mutex<ChannelNews>,
    news_came: Notify,
    stats: LiveStats,
}

impl Hub {
    /// A hub that goes on from this place of the journal.
    pub fn new(seq: u64) -> Self {
        Self::with_ring(Ring::new(seq))
    }

    /// A hub with a ring of other bounds.
    pub fn with_ring(ring: Ring) -> Self {
        Self {
            told: watch::Sender::new(ring.end()),
            ring: RwLock::new(ring),
            news: Mutex::default(),
            news_came: Notify::new(),
            stats: LiveStats::default(),
        }
    }

    /// Tells what channels show and how they are doing. Never waits; of several rows about the
    /// same listing within the time between two changes the newest is told.
    pub fn publish_channels(
        &self,
        publications: Vec<PublicationRow>,
        channels: Vec<ChannelStatus>,
    ) {
        self.news().add(publications, channels);
        self.news_came.notify_one();
    }

    /// The place after the newest change.
    pub fn end(&self) -> Place {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).end()
    }

    /// Tells that there are new changes, now and then.
    pub fn watch(&self) -> watch::Receiver<Place> {
        self.told.subscribe()
    }

    /// The changes from a number on, at most `max`.
    ///
    /// # Errors
    /// When they are no longer kept.
    pub fn since(&self, next: u64, max: usize) -> Result<Vec<Arc<Change>>, Overrun> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).since(next, max)
    }

    /// The place of somebody who has seen the journal up to `seq`.
    ///
    /// # Errors
    /// When what comes next is no longer kept.
    pub fn find(&self, seq: u64) -> Result<Place, Overrun> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).find(seq)
    }

    /// Figures since the server started.
    pub const fn stats(&self) -> &LiveStats {
        &self.stats
    }

    /// Takes batches until there are no more. `batches` must have been subscribed to before the
    /// `seq` was read from which this hub goes on.
    pub async fn run(&self, mut batches: broadcast::Receiver<Arc<Committed>>) {
        let mut gathered = Gathered::default();
        let mut due = Instant::now();
        loop {
            tokio::select! {
                received = batches.recv() => match received {
                    Ok(batch) => self.take(&mut gathered, batch),
                    Err(RecvError::Lagged(missed)) => {
                        tracing::warn!(missed, "live updates start anew: batches were missed");
                    }
                    Err(RecvError::Closed) => {
                        self.keep(&mut gathered);
                        self.told.send_replace(self.end());
                        return;
                    }
                },
                () = self.news_came.notified() => {}
                () = sleep_until(due), if !gathered.is_empty() || self.is_ahead() => {}
            }
            while let Ok(batch) = batches.try_recv() {
                self.take(&mut gathered, batch);
            }
            let news = std::mem::take(&mut *self.news());
            if !news.is_empty() {
                gathered.publish(news);
            }
            if (!gathered.is_empty() || self.is_ahead()) && Instant::now() >= due {
                let busy = self.is_ahead() || gathered.mean_batch_events() >= BUSY_BATCH_EVENTS;
                self.keep(&mut gathered);
                self.told.send_replace(self.end());
                let connections = self.stats.connections.load(Ordering::Relaxed);
                due = Instant::now() + frame_interval(connections, busy);
            }
        }
    }

    /// Takes in a batch. One that does not follow the last one means that some were missed.
    fn take(&self, gathered: &mut Gathered, batch: Arc<Committed>) {
        let seq = gathered.seq().unwrap_or_else(|| self.end().seq);
        if batch.to <= seq {
            return;
        }
        if batch.from != seq {
            LiveStats::count(&self.stats.missed, 1);
            *gathered = Gathered::default();
            self.restart(batch.from);
        }
        gathered.add(batch);
        if gathered.is_full() {
            self.keep(gathered);
        }
    }

    /// Whether changes are kept of which nobody was told.
    fn is_ahead(&self) -> bool {
        *self.told.borrow() != self.end()
    }

    /// Makes a change of what was gathered, for everybody to find when they are told.
    fn keep(&self, gathered: &mut Gathered) {
        if gathered.is_empty() {
            return;
        }
        let overflowed = gathered.overflowed();
        let change = gathered.take(self.end().seq);
        let to = change.to;
        LiveStats::count(&self.stats.changes, 1);
        if overflowed {
            self.restart(to);
            return;
        }
        self.ring.write().unwrap_or_else(PoisonError::into_inner).push(change);
    }

    fn restart(&self, seq: u64) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.restart(seq);
        let end = ring.end();
        drop(ring);
        self.told.send_replace(end);
    }

    fn news(&self) -> MutexGuard<'_, ChannelNews> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_of_connections_hear_less_often_and_much_less_while_events_pour_in() {
        let millis = |connections, busy| frame_interval(connections, busy).as_millis();
        assert_eq!([millis(0, false), millis(100, false), millis(1_000, false)], [16, 20, 56]);
        assert_eq!([millis(5_000, false), millis(10_000, false)], [216, 416]);
        assert_eq!([millis(100, true), millis(1_000, true), millis(9_000, true)], [56, 416, 2_000]);
    }
}
