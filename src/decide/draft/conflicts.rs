//! The conflicts of a decision in the making: opened, joined, closed, and found again.

use std::collections::BTreeSet;

use super::Draft;
use crate::conflict::{Choice, Conflict, ConflictKind, ConflictStatus, Evidence, Resolution};
use crate::event::EventRef;
use crate::id::{ChannelId, ConflictId, ListingId, LocationId, OrderId, Sku, TransferId};
use crate::record::Change;
use crate::state::{LocIx, SkuIx, State, Subject};

/// What a conflict is about.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) sku: Option<Sku>,
    pub(crate) location: Option<LocationId>,
    pub(crate) order: Option<OrderId>,
    pub(crate) transfer: Option<TransferId>,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) listing: Option<ListingId>,
    /// The record of the count that it is about, if a movement came late to it.
    pub(crate) count: Option<u64>,
    /// Earlier events that take part.
    pub(crate) events: Vec<EventRef>,
}

impl Draft<'_> {
    /// An open conflict as it is at this point of the decision.
    pub(crate) fn open_conflict(&self, id: ConflictId) -> Option<&Conflict> {
        match self.own_conflicts().find(|conflict| conflict.id == id) {
            Some(own) => (own.status == ConflictStatus::Open).then_some(own),
            None => self.state.open_conflict(id),
        }
    }

    /// The open conflict about something at this point of the decision.
    pub(crate) fn conflict_about(&self, subject: &Subject) -> Option<&Conflict> {
        let about = |conflict: &&Conflict| State::subject_of(conflict).as_ref() == Some(subject);
        match self.own_conflicts().find(about) {
            Some(own) => (own.status == ConflictStatus::Open).then_some(own),
            None => self.state.conflict_about(subject),
        }
    }

    /// The conflicts that this decision has changed, as it has left them, the last first.
    pub(super) fn own_conflicts(&self) -> impl Iterator<Item = &Conflict> {
        self.changes.iter().rev().filter_map(|change| match change {
            Change::Conflict(conflict) => Some(conflict.as_ref()),
            _ => None,
        })
    }

    /// Opens a conflict in which this event takes part; gives its id.
    pub(crate) fn open(
        &mut self,
        kind: ConflictKind,
        mut about: About,
        evidence: Vec<Evidence>,
    ) -> ConflictId {
        about.events.push(self.subject.clone());
        self.open_with(kind, about, evidence)
    }

    /// Opens a conflict about what this very record does, also where it decides an earlier event:
    /// its last event is the one whose record holds the effects.
    pub(crate) fn open_about_this_record(
        &mut self,
        kind: ConflictKind,
        mut about: About,
        evidence: Vec<Evidence>,
    ) {
        if self.subject != self.carrier {
            about.events.push(self.subject.clone());
        }
        about.events.push(self.carrier.clone());
        self.open_with(kind, about, evidence);
    }

    fn open_with(
        &mut self,
        kind: ConflictKind,
        about: About,
        evidence: Vec<Evidence>,
    ) -> ConflictId {
        self.conflicts += 1;
        let id = ConflictId::from_number(self.conflicts);
        let events = about.events;
        let conflict = Conflict {
            id,
            kind,
            status: ConflictStatus::Open,
            opened_at: self.now,
            opened_seq: self.seq,
            renewed_seq: None,
            sku: about.sku,
            location: about.location,
            order: about.order,
            transfer: about.transfer,
            channel: about.channel,
            listing: about.listing,
            count: about.count,
            content: None,
            event_count: events.len() as u64,
            events,
            evidence,
            version: 1,
            resolution: None,
        };
        self.conflict = self.conflict.or(Some(id));
        self.changes.push(Change::Conflict(Box::new(conflict)));
        id
    }

    /// Joins an open conflict, which has this evidence now.
    pub(crate) fn join(&mut self, conflict: &Conflict, evidence: Vec<Evidence>) {
        let mut conflict = Conflict { evidence, ..conflict.clone() };
        conflict.version += 1;
        conflict.event_count += 1;
        // The last event is the one that a decision is about, so it is always listed.
        conflict.events.truncate(crate::conflict::EVENTS_LISTED_MAX - 1);
        conflict.events.push(self.subject.clone());
        self.conflict = self.conflict.or(Some(conflict.id));
        self.changes.push(Change::Conflict(Box::new(conflict)));
    }

    /// Shows other evidence in an open conflict: who decides has to see it first.
    pub(crate) fn renew(&mut self, conflict: &Conflict, evidence: Vec<Evidence>) {
        let mut conflict = Conflict { evidence, ..conflict.clone() };
        conflict.version += 1;
        conflict.renewed_seq = Some(self.seq);
        self.changes.push(Change::Conflict(Box::new(conflict)));
    }

    /// Shows in each conflict that this decision has opened again what is so by now; `shown` says
    /// what that is, where it follows from a level.
    pub(crate) fn show_again(&mut self, shown: impl Fn(&Self, &Conflict) -> Option<Vec<Evidence>>) {
        for place in 0..self.changes.len() {
            let Change::Conflict(conflict) = &self.changes[place] else { continue };
            let again = conflict.status == ConflictStatus::Open
                && conflict.opened_seq != self.seq
                && self.state.open_conflict(conflict.id).is_none();
            if !again {
                continue;
            }
            let Some(evidence) = shown(self, conflict) else { continue };
            if let Change::Conflict(conflict) = &mut self.changes[place] {
                conflict.evidence = evidence;
            }
        }
    }

    /// The open conflicts about movements that came late to a count of a level, as they are at this
    /// point of the decision.
    pub(crate) fn late_movements(&self, sku: SkuIx, location: LocIx) -> Vec<Conflict> {
        let (item, place) = (self.sku_name(sku), self.state.catalogue.location_name(location));
        let here = |conflict: &&Conflict| {
            conflict.is_about_late_movement()
                && conflict.sku.as_ref() == Some(item)
                && conflict.location.as_ref() == Some(place)
        };
        let own = self.own_conflicts().filter(here).map(|conflict| conflict.id);
        let ids: BTreeSet<ConflictId> = self.state.late_movements(item, place).chain(own).collect();
        ids.into_iter().filter_map(|id| self.open_conflict(id)).cloned().collect()
    }

    /// The questions about movements that came late to the count of a record, as they are at this
    /// point of the decision, as far as they are at hand.
    pub(crate) fn questions_about(&self, count: u64) -> Vec<Conflict> {
        let own = self.own_conflicts().filter(|it| it.count == Some(count)).map(|it| it.id);
        let ids: BTreeSet<ConflictId> = self.sight.questions_about(count).chain(own).collect();
        ids.into_iter().filter_map(|id| self.latest(id)).cloned().collect()
    }

    /// A conflict, open or not, as it is at this point of the decision, if it is at hand.
    pub(crate) fn latest(&self, id: ConflictId) -> Option<&Conflict> {
        let own = self.own_conflicts().find(|conflict| conflict.id == id);
        own.or_else(|| self.state.open_conflict(id)).or_else(|| self.closed_conflict(id))
    }

    /// Closes an open conflict.
    pub(crate) fn close(
        &mut self,
        conflict: &Conflict,
        status: ConflictStatus,
        choice: Option<&Choice>,
    ) {
        let mut conflict = conflict.clone();
        conflict.status = status;
        conflict.version += 1;
        conflict.resolution = Some(Resolution {
            option: choice.map(|choice| choice.option),
            by: if choice.is_some() { self.actor.to_owned() } else { "onhand".to_owned() },
            at: self.now,
            note: choice.and_then(|choice| choice.note.clone()),
            seq: self.seq,
        });
        self.changes.push(Change::Conflict(Box::new(conflict)));
    }

    /// The level that a conflict is about.
    pub(crate) fn level_about(&self, conflict: &Conflict) -> Option<(SkuIx, LocIx)> {
        let sku = conflict.sku.as_ref().and_then(|sku| self.sku(sku));
        let location = conflict.location.as_ref().and_then(|location| self.location(location));
        sku.zip(location)
    }

    /// A conflict about a level.
    pub(crate) fn about(&self, sku: SkuIx, location: LocIx) -> About {
        About {
            sku: Some(self.sku_name(sku).clone()),
            location: Some(self.state.catalogue.location_name(location).clone()),
            ..About::default()
        }
    }
}
