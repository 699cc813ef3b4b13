//! Business facts that a decision leaves held back, or holds back no longer.

use std::collections::BTreeMap;

use super::Draft;
use crate::business_fact::{BusinessFact, HeldFact};
use crate::conflict::{ConflictKind, ConflictStatus};
use crate::event::{Event, Fingerprint};
use crate::record::{Change, Outcome};

impl Draft<'_> {
    /// Notes what the event of the record says, if what becomes of it holds it back.
    pub(crate) fn note_said(&mut self, event: &Event, outcome: Outcome) {
        if is_held_back(outcome) {
            let fact = BusinessFact::of(&event.data);
            self.said = fact.map(|fact| (fact, Fingerprint::of_data(&event.data)));
        }
    }

    /// What is held back of a business fact at this point of the decision by events before the one
    /// that is being decided.
    pub(crate) fn held_before(&self, fact: &BusinessFact) -> impl Iterator<Item = &HeldFact> {
        self.state.held.of(fact).filter(|held| {
            let seq = held.event.seq;
            let own = self.changes.iter().rev().find_map(|change| match change {
                Change::Final { seq: of, outcome, .. } if *of == seq => Some(*outcome),
                _ => None,
            });
            seq < self.subject.seq && own.is_none_or(is_held_back)
        })
    }

    /// Notes which business facts the decision holds back, and which it does not any more. `outcome`
    /// is what becomes of the event of the record.
    pub(crate) fn note_held_facts(&mut self, outcome: Outcome) {
        let mut became: BTreeMap<u64, Outcome> = BTreeMap::new();
        if self.said.is_some() {
            became.insert(self.seq, outcome);
        }
        became.extend(self.changes.iter().filter_map(|change| match change {
            Change::Final { seq, outcome, .. } => Some((*seq, *outcome)),
            _ => None,
        }));
        for (seq, outcome) in became {
            let before = self.state.held.of_event(seq);
            let is_held = is_held_back(outcome) && !self.is_of_reused_id(seq);
            let now = is_held.then(|| match before {
                Some(before) => Some(HeldFact { outcome, ..before.clone() }),
                None => self.held_fact(seq, outcome),
            });
            let now = now.flatten();
            if now.as_ref() != before {
                self.changes.push(Change::Held { seq, said: now.map(Box::new) });
            }
        }
    }

    /// What the event of a place in the journal says.
    fn held_fact(&self, seq: u64, outcome: Outcome) -> Option<HeldFact> {
        if seq == self.seq {
            let (fact, content) = self.said.clone()?;
            return Some(HeldFact { fact, event: self.carrier.clone(), content, outcome });
        }
        let record = self.record(seq)?;
        let data = &record.envelope.data;
        let fact = BusinessFact::of(data)?;
        let content = Fingerprint::of_data(data);
        Some(HeldFact { fact, event: record.event_ref(), content, outcome })
    }

    /// Whether an event is held because its id came with other content before. Which of the two was
    /// meant is not known, so it has not said anything yet: a sender that numbers its events anew
    /// and says all of it again under ids that are free is not to lose it.
    fn is_of_reused_id(&self, seq: u64) -> bool {
        self.own_conflicts().any(|conflict| {
            conflict.kind == ConflictKind::IdReused
                && conflict.status == ConflictStatus::Open
                && conflict.events.iter().skip(1).any(|event| event.seq == seq)
        })
    }
}

/// Whether an event that this became of has no effect yet, and may have one.
const fn is_held_back(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Parked | Outcome::Conflict)
}
