//! The process that serves the ledger, over and over: it is killed, told to stop, or stops by
//! itself because it does not know what is durable, and starts again.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use onhand::ledger::Entry;
use onhand_server::processor::{Committed, MemoryQueue, Processor, Queue};
use onhand_server::store::{JournalQuery, Store};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;

use super::world::World;

/// The longest that a process lives while things go wrong, in milliseconds.
const LIFE_MS: u64 = 5_000;

/// How a process ends.
enum Ending {
    /// By itself.
    Failed,
    /// Between two steps, without warning.
    Killed,
    /// As SIGTERM ends it.
    Stopped,
}

impl World {
    /// Serves until everybody has their answers.
    pub async fn serve(&self) {
        let mut ended = false;
        while !ended {
            ended = self.live().await;
        }
    }

    /// The life of one process; says whether it was the last.
    async fn live(&self) -> bool {
        let (Ok(state), Ok(served)) =
            (self.faulty.load(self.settings).await, self.faulty.served().await)
        else {
            self.time.sleep(Duration::from_millis(10)).await;
            return false;
        };
        let from = state.head().seq;
        let (capacity, batch) = self.chance(|rng| (1 + rng.index(64), 1 + rng.index(32)));
        let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(capacity));
        let (store, clock) = (Arc::clone(&self.faulty), Arc::clone(&self.clock));
        let (processor, handle) = Processor::new(state, served, store, queue, clock, batch);
        let news = handle.listen();
        self.running.send_replace(Some(handle.clone()));
        let life_ms = self.chance(|rng| 1 + rng.below(LIFE_MS));
        let life = Duration::from_millis(life_ms);
        let killed = self.chance(|rng| rng.percent(60));
        let mut running = pin!(processor.run());
        let mut last = false;
        let ending = tokio::select! {
            biased;
            result = &mut running => {
                assert!(result.is_err(), "nobody has told it to stop");
                Ending::Failed
            }
            () = self.time.sleep(life), if !self.peace.get() => {
                if killed { Ending::Killed } else { Ending::Stopped }
            }
            () = self.all_done() => {
                last = true;
                Ending::Stopped
            }
        };
        if matches!(ending, Ending::Stopped) {
            handle.close();
            last &= running.await.is_ok();
        }
        // Whoever waits for an answer sees the connection break.
        self.running.send_replace(None);
        self.hear(from, news).await;
        last && !matches!(ending, Ending::Failed)
    }

    /// What was announced is durable, and follows without a gap.
    async fn hear(&self, mut at: u64, mut news: Receiver<Arc<Committed>>) {
        loop {
            match news.try_recv() {
                Ok(batch) => {
                    assert_eq!(batch.from, at, "announcements follow each other");
                    at = batch.to;
                    self.is_in_the_journal(batch.from, &batch.entries).await;
                }
                Err(TryRecvError::Lagged(_)) => return,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
    }

    async fn is_in_the_journal(&self, after: u64, entries: &[Entry]) {
        let limit = u32::try_from(entries.len()).unwrap();
        let query = JournalQuery { after: Some(after), limit, ..JournalQuery::default() };
        let rows = self.durable.journal(&query).await.unwrap();
        let rows: Vec<_> = rows.iter().map(|row| (row.seq, &row.bytes, row.chain)).collect();
        let told = entries.iter().map(|entry| (entry.record.seq, &entry.bytes, entry.chain.0));
        assert_eq!(rows, told.collect::<Vec<_>>(), "what is announced is durable");
    }
}
