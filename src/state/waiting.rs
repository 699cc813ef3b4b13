//! Which events wait for what, and whose turn it is once that has come.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::OrderId;
use crate::record::WaitKey;

/// The events that wait, by what they wait for. An event waits for one thing at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waiting {
    events: BTreeMap<WaitKey, BTreeSet<u64>>,
    /// What has come while events still wait for it, and whether these are to be discarded.
    woken: BTreeMap<WaitKey, bool>,
    /// The first event of each woken key: follows from the two above.
    firsts: BTreeSet<(u64, WaitKey)>,
}

/// The next event whose waiting is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The event's place in the journal.
    pub seq: u64,
    /// What it waited for.
    pub on: WaitKey,
    /// Whether it is to be discarded instead.
    pub discard: bool,
}

impl Waiting {
    /// The events that wait for something, in the order of the journal.
    pub fn on(&self, key: &WaitKey) -> impl Iterator<Item = u64> {
        self.events.get(key).into_iter().flatten().copied()
    }

    /// Whether an event waits for something.
    pub fn waits(&self, key: &WaitKey, seq: u64) -> bool {
        self.events.get(key).is_some_and(|events| events.contains(&seq))
    }

    /// What is waited for that only an order, or more of it, brings.
    pub fn about_order(&self, order: &OrderId) -> impl Iterator<Item = &WaitKey> {
        let rest =
            WaitKey::RestOfOrder(order.clone(), 0)..=WaitKey::RestOfOrder(order.clone(), u64::MAX);
        let whole = self.events.get_key_value(&WaitKey::Order(order.clone()));
        whole.into_iter().chain(self.events.range(rest)).map(|(key, _)| key)
    }

    /// Whether anything waits for this.
    pub fn any_on(&self, key: &WaitKey) -> bool {
        self.events.contains_key(key)
    }

    /// All that events wait for, with the events.
    pub fn all(&self) -> impl Iterator<Item = (&WaitKey, u64)> {
        self.events.iter().flat_map(|(key, events)| events.iter().map(move |seq| (key, *seq)))
    }

    /// All that has come while events still wait for it, and whether these are to be discarded.
    pub fn woken(&self) -> impl Iterator<Item = (&WaitKey, bool)> {
        self.woken.iter().map(|(key, discard)| (key, *discard))
    }

    /// The next event whose waiting is over: the first in the journal, whatever it waited for.
    pub fn next_due(&self) -> Option<Due> {
        let (seq, on) = self.firsts.first()?;
        Some(Due { seq: *seq, on: on.clone(), discard: self.woken[on] })
    }

    /// All events whose waiting is over, in the order of the journal.
    pub fn due(&self) -> impl Iterator<Item = Due> {
        let mut firsts: BTreeSet<(u64, &WaitKey)> =
            self.firsts.iter().map(|(seq, key)| (*seq, key)).collect();
        std::iter::from_fn(move || {
            let (seq, key) = firsts.pop_first()?;
            let next = self.events[key].range(seq + 1..).next();
            firsts.extend(next.map(|next| (*next, key)));
            Some(Due { seq, on: key.clone(), discard: self.woken[key] })
        })
    }

    /// Notes that an event waits, or no longer; says whether it was otherwise before.
    pub(crate) fn set(&mut self, key: &WaitKey, seq: u64, waits: bool) -> bool {
        self.change(key, |this| {
            if waits {
                return this.events.entry(key.clone()).or_default().insert(seq);
            }
            let Some(events) = this.events.get_mut(key) else { return false };
            let waited = events.remove(&seq);
            if events.is_empty() {
                this.events.remove(key);
            }
            waited
        })
    }

    /// Notes whether something has come, and whether what waits for it is discarded; gives back
    /// what was noted before.
    pub(crate) fn wake(&mut self, key: &WaitKey, woken: Option<bool>) -> Option<bool> {
        self.change(key, |this| match woken {
            Some(discard) => this.woken.insert(key.clone(), discard),
            None => this.woken.remove(key),
        })
    }

    /// Keeps `firsts` true while something about a key changes.
    fn change<T>(&mut self, key: &WaitKey, change: impl FnOnce(&mut Self) -> T) -> T {
        let first = |this: &Self| {
            let first = this.events.get(key).and_then(|events| events.first().copied());
            first.filter(|_| this.woken.contains_key(key))
        };
        let before = first(self);
        let result = change(self);
        let after = first(self);
        if before != after {
            if let Some(seq) = before {
                self.firsts.remove(&(seq, key.clone()));
            }
            self.firsts.extend(after.map(|seq| (seq, key.clone())));
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Sku;

    fn key(name: &str) -> WaitKey {
        WaitKey::Sku(Sku::new(name).expect("the name is one"))
    }

    #[test]
    fn what_is_woken_goes_in_the_order_of_the_journal_whatever_it_waited_for() {
        let mut waiting = Waiting::default();
        for (name, seq) in [("A", 1), ("B", 2), ("A", 3), ("C", 4), ("B", 5)] {
            assert!(waiting.set(&key(name), seq, true));
        }
        assert_eq!(waiting.next_due(), None);
        waiting.wake(&key("B"), Some(true));
        waiting.wake(&key("A"), Some(false));
        let woken: Vec<_> = waiting.woken().map(|(key, discard)| (key.clone(), discard)).collect();
        assert_eq!(woken, [(key("A"), false), (key("B"), true)]);
        let due = |waiting: &Waiting| waiting.due().map(|due| due.seq).collect::<Vec<_>>();
        assert_eq!(due(&waiting), [1, 2, 3, 5]);
        assert_eq!(waiting.next_due(), Some(Due { seq: 1, on: key("A"), discard: false }));
        assert!(waiting.set(&key("A"), 1, false));
        assert_eq!(waiting.next_due(), Some(Due { seq: 2, on: key("B"), discard: true }));
        assert_eq!(waiting.wake(&key("B"), None), Some(true));
        assert_eq!(due(&waiting), [3]);
        assert_eq!(waiting.on(&key("B")).collect::<Vec<_>>(), [2, 5]);
    }
}
