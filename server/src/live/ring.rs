//! The last changes, kept for those who come back and for those who read slowly. A slow reader
//! costs no memory of its own: it has a place in here, and finds everything since then.

use std::collections::VecDeque;
use std::sync::Arc;

use super::change::Change;

/// Changes kept: at the highest frame rate a good minute.
pub const RING_CHANGES_MAX: usize = 4_096;

/// Bytes of rows kept.
pub const RING_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// A place between two changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The number of the change that comes next.
    pub next: u64,
    /// The journal's last place that is contained.
    pub seq: u64,
}

/// The changes since a place are no longer kept: a snapshot is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overrun;

/// The last changes.
#[derive(Debug)]
pub struct Ring {
    changes: VecDeque<Arc<Change>>,
    /// The number of the first change kept.
    first: u64,
    /// Where the first change kept begins.
    base: u64,
    /// The journal's last place that the changes contain.
    seq: u64,
    bytes: usize,
    changes_max: usize,
    bytes_max: usize,
}

impl Ring {
    /// A ring that goes on from this place of the journal.
    pub fn new(seq: u64) -> Self {
        Self::bounded(seq, RING_CHANGES_MAX, RING_BYTES_MAX)
    }

    /// A ring with these bounds.
    pub fn bounded(seq: u64, changes_max: usize, bytes_max: usize) -> Self {
        let changes = VecDeque::new();
        Self { changes, first: 1, base: seq, seq, bytes: 0, changes_max, bytes_max }
    }

    /// The place after the newest change.
    pub fn end(&self) -> Place {
        Place { next: self.first + self.changes.len() as u64, seq: self.seq }
    }

    /// Adds a change that begins where the last one ended, and drops the oldest ones beyond the
    /// bounds.
    pub fn push(&mut self, change: Change) {
        assert_eq!(change.from, self.seq, "changes follow one another");
        self.seq = change.to;
        self.bytes += change.bytes();
        self.changes.push_back(Arc::new(change));
        while self.changes.len() > self.changes_max || self.bytes > self.bytes_max {
            let Some(oldest) = self.changes.pop_front() else { break };
            self.bytes -= oldest.bytes();
            self.base = oldest.to;
            self.first += 1;
        }
    }

    /// Forgets everything and goes on from another place: everybody needs a snapshot.
    pub fn restart(&mut self, seq: u64) {
        // One number is left out, so that even who had seen everything notices.
        self.first = self.end().next + 1;
        self.changes.clear();
        self.bytes = 0;
        (self.base, self.seq) = (seq, seq);
    }

    /// The changes from a number on, at most `max`.
    ///
    /// # Errors
    /// When they are no longer kept.
    pub fn since(&self, next: u64, max: usize) -> Result<Vec<Arc<Change>>, Overrun> {
        let skip = next.checked_sub(self.first).ok_or(Overrun)?;
        let skip = usize::try_from(skip).map_err(|_| Overrun)?;
        Ok(self.changes.iter().skip(skip).take(max).cloned().collect())
    }

    /// The place of somebody who has seen the journal up to `seq`; the change that comes next may
    /// begin before it.
    ///
    /// # Errors
    /// When what comes next is no longer kept.
    pub fn find(&self, seq: u64) -> Result<Place, Overrun> {
        if seq < self.base {
            return Err(Overrun);
        }
        let seen = self.changes.partition_point(|change| change.to <= seq);
        Ok(Place { next: self.first + seen as u64, seq })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(from: u64, to: u64) -> Change {
        let mut change = Change::default();
        (change.from, change.to) = (from, to);
        change
    }

    #[test]
    fn a_place_is_found_by_seq() {
        let mut ring = Ring::bounded(10, 8, RING_BYTES_MAX);
        ring.push(change(10, 13));
        ring.push(change(13, 13));
        ring.push(change(13, 15));
        assert_eq!(ring.find(9), Err(Overrun));
        assert_eq!(ring.find(10), Ok(Place { next: 1, seq: 10 }));
        assert_eq!(ring.find(12), Ok(Place { next: 1, seq: 12 }));
        assert_eq!(ring.find(13), Ok(Place { next: 3, seq: 13 }));
        assert_eq!(ring.find(15), Ok(Place { next: 4, seq: 15 }));
        assert_eq!(ring.find(99), Ok(Place { next: 4, seq: 99 }));
        assert_eq!(ring.end(), Place { next: 4, seq: 15 });
    }

    #[test]
    fn the_oldest_changes_go_first_and_their_readers_notice() {
        let mut ring = Ring::bounded(0, 2, RING_BYTES_MAX);
        for seq in 0..5 {
            ring.push(change(seq, seq + 1));
        }
        assert_eq!(ring.since(3, 9).map(|_| ()), Err(Overrun));
        let kept: Vec<u64> = ring.since(4, 9).unwrap().iter().map(|change| change.from).collect();
        assert_eq!(kept, [3, 4]);
        assert_eq!(ring.since(4, 1).unwrap().len(), 1);
        assert_eq!(ring.since(6, 9).unwrap().len(), 0);
        assert_eq!(ring.find(2), Err(Overrun));
        assert_eq!(ring.find(3), Ok(Place { next: 4, seq: 3 }));
    }

    #[test]
    fn a_restart_is_noticed_by_everybody() {
        let mut ring = Ring::new(10);
        ring.push(change(10, 13));
        let end = ring.end();
        ring.restart(40);
        assert_eq!(ring.since(end.next, 9).map(|_| ()), Err(Overrun));
        assert_eq!(ring.find(end.seq), Err(Overrun));
        let place = ring.find(40).unwrap();
        assert_eq!(place, ring.end());
        ring.push(change(40, 41));
        assert_eq!(ring.since(place.next, 9).unwrap().len(), 1);
    }
}
