//! The newest rows that came in live, for pages that are still being fetched: a row that changed
//! between the server's read and the page's arrival is not lost.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// The newest value of each key, of the last `CAPACITY` changes.
#[derive(Debug)]
pub(crate) struct Recent<K, V, const CAPACITY: usize> {
    rows: HashMap<K, (u64, V)>,
    order: VecDeque<(u64, K)>,
    /// Everything that changed after this `seq` is here.
    floor: u64,
}

impl<K: Eq + Hash + Clone, V: Clone, const CAPACITY: usize> Recent<K, V, CAPACITY> {
    /// Nothing yet, from this `seq` on.
    pub(crate) fn new(floor: u64) -> Self {
        Self { rows: HashMap::new(), order: VecDeque::new(), floor }
    }

    /// Forgets everything: what is shown is complete up to this `seq`.
    pub(crate) fn restart(&mut self, floor: u64) {
        self.rows.clear();
        self.order.clear();
        self.floor = floor;
    }

    /// Keeps a change; the oldest makes room.
    pub(crate) fn put(&mut self, seq: u64, key: K, value: V) {
        self.rows.insert(key.clone(), (seq, value));
        self.order.push_back((seq, key));
        while self.order.len() > CAPACITY {
            let Some((oldest, key)) = self.order.pop_front() else { break };
            self.floor = self.floor.max(oldest);
            if self.rows.get(&key).is_some_and(|(newest, _)| *newest == oldest) {
                self.rows.remove(&key);
            }
        }
    }

    /// The newest value of a key, if it changed lately.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key).map(|(_, value)| value)
    }

    /// Whether nothing that changed after `seq` is missing.
    pub(crate) const fn covers(&self, seq: u64) -> bool {
        seq >= self.floor
    }

    /// Every value that is kept, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.values().map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_value_stays_and_the_oldest_change_makes_room() {
        let mut recent = Recent::<&str, i64, 2>::new(10);
        recent.put(11, "a", 1);
        recent.put(12, "a", 2);
        assert!(recent.covers(10));
        assert_eq!(recent.get(&"a"), Some(&2));
        recent.put(13, "b", 3);
        assert_eq!(recent.get(&"a"), Some(&2), "its newest change is still kept");
        assert!(!recent.covers(10) && recent.covers(11));
        recent.put(14, "c", 4);
        assert_eq!(recent.get(&"a"), None);
        assert_eq!(recent.values().sum::<i64>(), 3 + 4);
        recent.restart(20);
        assert!(recent.values().next().is_none() && recent.covers(20) && !recent.covers(19));
    }
}
