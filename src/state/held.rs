//! The business facts that are held back, by what makes them the same fact.

use std::collections::{BTreeMap, BTreeSet};

use crate::business_fact::{BusinessFact, HeldFact};

/// The business facts that events say which wait, or which a person is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeldFacts {
    /// By the events' places in the journal.
    facts: BTreeMap<u64, HeldFact>,
    /// The events that say a fact: follows from the above.
    events: BTreeMap<BusinessFact, BTreeSet<u64>>,
}

impl HeldFacts {
    /// What the event of this place says, if that is held back.
    pub fn of_event(&self, seq: u64) -> Option<&HeldFact> {
        self.facts.get(&seq)
    }

    /// All that is held back of one fact, in the order of the journal.
    pub fn of(&self, fact: &BusinessFact) -> impl Iterator<Item = &HeldFact> {
        let events = self.events.get(fact).into_iter().flatten();
        events.filter_map(|seq| self.facts.get(seq))
    }

    /// All facts, in the order of the journal.
    pub fn all(&self) -> impl Iterator<Item = &HeldFact> {
        self.facts.values()
    }

    /// Notes what the event of this place says, or that it is held back no longer; gives back what
    /// was noted before.
    pub(crate) fn set(&mut self, seq: u64, held: Option<HeldFact>) -> Option<HeldFact> {
        let before = self.facts.remove(&seq);
        if let Some(HeldFact { fact, .. }) = &before
            && let Some(events) = self.events.get_mut(fact)
        {
            events.remove(&seq);
            if events.is_empty() {
                self.events.remove(fact);
            }
        }
        if let Some(held) = held {
            self.events.entry(held.fact.clone()).or_default().insert(seq);
            self.facts.insert(seq, held);
        }
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventRef, FINGERPRINT_BYTES, Fingerprint};
    use crate::record::Outcome;

    fn held(transfer: &str, seq: u64) -> HeldFact {
        HeldFact {
            fact: BusinessFact::Shipment(transfer.parse().unwrap()),
            event: EventRef { source: "wms".parse().unwrap(), id: "e".parse().unwrap(), seq },
            content: Fingerprint([0; FINGERPRINT_BYTES]),
            outcome: Outcome::Parked,
        }
    }

    #[test]
    fn facts_are_found_by_what_they_are_as_long_as_they_are_held() {
        let mut facts = HeldFacts::default();
        let seqs = |facts: &HeldFacts, transfer: &str| -> Vec<u64> {
            facts.of(&held(transfer, 0).fact).map(|held| held.event.seq).collect()
        };
        for (transfer, seq) in [("t2", 3), ("t1", 2), ("t1", 1)] {
            assert_eq!(facts.set(seq, Some(held(transfer, seq))), None);
        }
        assert_eq!((seqs(&facts, "t1"), seqs(&facts, "t2")), (vec![1, 2], vec![3]));
        // What an event says may be another fact than before.
        assert_eq!(facts.set(1, Some(held("t2", 1))), Some(held("t1", 1)));
        assert_eq!((seqs(&facts, "t1"), seqs(&facts, "t2")), (vec![2], vec![1, 3]));
        for seq in 1..4 {
            assert!(facts.of_event(seq).is_some());
            facts.set(seq, None);
        }
        assert_eq!(facts, HeldFacts::default());
    }
}
