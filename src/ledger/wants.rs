//! What has to be loaded before inputs can be decided: by themselves, and for the events that they
//! may wake.

use std::collections::BTreeSet;

use super::guard::guarded;
use super::whole::went_on_with;
use super::{Input, Ledger, RELEASES_MAX};
use crate::conflict::{Conflict, ConflictKind, ConflictStatus, ResolutionOption};
use crate::decide::{
    awaited_by, decided_before, decision, last_taken_back, let_go, waits_by_itself,
};
use crate::event::{Event, EventData, EventRef};
use crate::id::{ConflictId, EventId, LocationId, OrderId, ReservationId, Sku, Source, TransferId};
use crate::record::{Change, Counted, Record, Timer, WaitKey};
use crate::state::{LocIx, SkuIx, Wants};
use crate::time::Timestamp;

impl Ledger {
    /// What has to be loaded for these inputs, for the events whose waiting is over, and for those
    /// that the inputs may wake, as far as that can be foreseen; without what is loaded already.
    /// What cannot be foreseen is asked for when its turn comes.
    pub(super) fn wants<'a>(&self, inputs: impl IntoIterator<Item = &'a Input>) -> Wants {
        let room = RELEASES_MAX.saturating_sub(self.state.working.records());
        let mut needs = self.needs_of(room);
        // What breaks off here is found out to be poison when its turn comes.
        let next = self.state.waiting.next_due();
        let first = next.map_or_else(Vec::new, |due| self.in_order_of_time(&due));
        let due = self.state.waiting.due().map(|due| due.seq);
        let all = self.going_on().chain(first).chain(due);
        let _ = guarded(|| all.into_iter().all(|seq| needs.waiting(seq)));
        if let Some(seq) = self.looks_back() {
            needs.batch_of(seq);
        }
        for input in inputs {
            match input {
                Input::Group(events) => {
                    for event in events {
                        let _ = guarded(|| needs.named(event));
                    }
                }
                input => drop(guarded(|| needs.input(input))),
            }
        }
        let _ = guarded(|| needs.woken());
        // In the order of the index in which they are looked up. Sources count upwards, so most of
        // it is sorted already.
        needs.wants.ids.sort();
        needs.wants.ids.dedup();
        needs.wants
    }

    /// Whether all is loaded that an input needs.
    pub(super) fn has_all_for(&self, input: &Input) -> bool {
        let mut needs = self.needs();
        needs.input(input);
        needs.wants.is_empty()
    }

    /// The same for one event.
    pub(super) fn has_all_for_event(&self, event: &Event) -> bool {
        let mut needs = self.needs();
        needs.named(event);
        needs.wants.is_empty()
    }

    /// Whether all is loaded to decide an event again, its record included.
    pub(super) fn has_all_for_held(&self, seq: u64) -> bool {
        let Some(held) = self.record(seq) else { return false };
        let mut needs = self.needs();
        needs.goes_on(held);
        needs.wants.is_empty()
    }

    /// Whether all is loaded to see what has become of a batch, of which this is an event.
    pub(super) fn has_all_of_batch(&self, seq: u64) -> bool {
        let mut needs = self.needs();
        needs.batch_of(seq);
        needs.wants.is_empty()
    }

    fn needs(&self) -> Needs<'_> {
        self.needs_of(0)
    }

    fn needs_of(&self, room: usize) -> Needs<'_> {
        let wants = Wants::default();
        Needs { ledger: self, wants, keys: Vec::new(), room, taken_back: BTreeSet::new() }
    }

    /// Whether no more records can be loaded in this transaction.
    pub(super) fn is_crowded(&self) -> bool {
        self.state.working.records() >= RELEASES_MAX
    }
}

/// What is needed, as it is being found out.
struct Needs<'a> {
    ledger: &'a Ledger,
    wants: Wants,
    /// What the inputs may wake.
    keys: Vec<WaitKey>,
    /// How many more records may be loaded.
    room: usize,
    /// The records of which it is known what it takes to take them back. One may lead to another, and
    /// that to the first again: an event can name the decision on itself.
    taken_back: BTreeSet<u64>,
}

impl<'a> Needs<'a> {
    fn input(&mut self, input: &Input) {
        match input {
            Input::Event(event) => self.named(event),
            Input::Group(events) => {
                for event in events {
                    self.named(event);
                }
            }
            Input::Resolve(choice) => {
                let Some(conflict) = self.ledger.state.open_conflict(choice.conflict) else {
                    return;
                };
                self.keys.push(conflict.unknown_name());
                self.keys.push(WaitKey::AnyLocation);
                self.keys.push(WaitKey::Approval(conflict.id));
                match choice.option {
                    ResolutionOption::ApplySecond => self.both(conflict),
                    ResolutionOption::Reallocate => self.holders(conflict),
                    ResolutionOption::CancelLines => {
                        for line in &choice.lines {
                            self.order(&line.order);
                        }
                    }
                    _ => {}
                }
                for seq in awaited_by(&self.ledger.state, conflict, choice) {
                    self.record(seq);
                }
                // What has become of these so far is noted, to be so again.
                if conflict.kind == ConflictKind::Drift || conflict.is_about_transfer() {
                    conflict.events.iter().for_each(|event| self.name(event));
                }
                if let Some(transfer) = &conflict.transfer
                    && conflict.is_about_transfer()
                {
                    self.said(transfer);
                }
                if let Some(event) = conflict.events.last() {
                    match self.ledger.record(event.seq) {
                        Some(held) => self.held(held),
                        None => drop(self.wants.records.insert(event.seq)),
                    }
                }
            }
            Input::Timer(Timer::Reservation(reservation)) => self.reservation(reservation),
            Input::Timer(Timer::Orphan(seq)) => {
                if let Some(held) = self.record(*seq) {
                    self.was_decided(held);
                }
            }
        }
    }

    /// What it takes to decide an event that comes from outside.
    fn named(&mut self, event: &Event) {
        if !self.ledger.state.working.has_name(&event.source, &event.id) {
            self.wants.ids.push((event.source.clone(), event.id.clone()));
        }
        self.event(event, event.time);
    }

    /// The orders that are promised units of the level that a conflict is about.
    fn holders(&mut self, conflict: &Conflict) {
        if let Some(level) = conflict.sku.clone().zip(conflict.location.clone())
            && !self.ledger.state.working.has_holders(&level)
        {
            self.wants.holders.insert(level);
        }
    }

    /// What it takes to put the second event of a conflict in the place of the first.
    fn both(&mut self, conflict: &Conflict) {
        let Some((first, second)) = conflict.events.first().zip(conflict.events.get(1)) else {
            return;
        };
        self.target(&first.source, &first.id);
        if let Some(second) = self.record(second.seq) {
            self.held(second);
        }
    }

    /// What it takes to see what has become of all events of a batch, of which this is one.
    fn batch_of(&mut self, seq: u64) {
        match self.ledger.batch_of(seq) {
            Err(missing) => self.wants.records.extend(missing),
            Ok(events) => {
                for event in events {
                    self.name(&event.event_ref());
                    if let Some(known) = self.ledger.known(event) {
                        let decided = self.record(known.decided);
                        // A person may have rejected it.
                        decided
                            .and_then(went_on_with)
                            .into_iter()
                            .for_each(|it| self.decision_on(it));
                    }
                }
            }
        }
    }

    /// What it takes to decide an event again.
    fn held(&mut self, held: &Record) {
        // It may be decided with the time at which it was received.
        self.event(&held.envelope, held.envelope.time.min(held.recorded_at));
    }

    /// What it takes to decide an event again that waits, and to note what had decided it.
    fn goes_on(&mut self, held: &Record) {
        self.held(held);
        self.was_decided(held);
    }

    fn was_decided(&mut self, held: &Record) {
        if !waits_by_itself(&self.ledger.state, held) {
            self.name(&held.event_ref());
        }
    }

    fn event(&mut self, event: &Event, time: Timestamp) {
        #[cfg(feature = "sim")]
        crate::sim::trap::spring(crate::sim::trap::Phase::Load, event.id.as_str());
        if let Some(order) = event.data.order() {
            self.order(order);
        }
        if let Some(transfer) = event.data.transfer() {
            self.transfer(transfer);
        }
        if let Some(reservation) = event.data.reservation() {
            self.reservation(reservation);
        }
        if let EventData::StockCounted(count) = &event.data
            && let Some(level) = self.level(&count.sku, &count.location)
        {
            self.movements(level, time);
        }
        if let EventData::EventOrphaned(orphaned) = &event.data {
            self.record(orphaned.seq);
        }
        if let EventData::EventReversed(reversed) = &event.data {
            self.target(&reversed.source, &reversed.id);
        }
        self.wakes(&event.data);
    }

    /// All that has moved near a count of this moment, and since.
    fn movements(&mut self, level: (SkuIx, LocIx), time: Timestamp) {
        let state = &self.ledger.state;
        let from = time.plus_micros(-state.settings.count_window_us);
        if !state.working.has_movements(level, from) {
            let (sku, location) = state.names(level.0, level.1);
            let wanted = &mut self.wants.movements;
            let wanted = wanted.entry((sku.clone(), location.clone())).or_insert(from);
            *wanted = from.min(*wanted);
        }
    }

    /// What it takes to take back what was recorded under a name.
    fn target(&mut self, source: &Source, id: &EventId) {
        let ledger = self.ledger;
        if !ledger.state.working.has_name(source, id) {
            self.wants.ids.push((source.clone(), id.clone()));
            return;
        }
        for known in ledger.state.known(source, id) {
            for seq in [known.seq, known.decided] {
                self.taken_back(seq);
            }
        }
    }

    /// What it takes to take a record back.
    fn taken_back(&mut self, seq: u64) {
        let Some(record) = self.record(seq).filter(|_| self.taken_back.insert(seq)) else { return };
        for change in &record.changes {
            match change {
                Change::Order(update) => self.order(&update.order),
                Change::Transfer(update) => self.transfer(&update.transfer),
                Change::Reservation(known) => self.reservation(&known.reservation),
                Change::Reversed { seq: dropped, by: Some(_), .. } => {
                    self.dropped(record, *dropped);
                }
                Change::Reversed { seq: brought_back, by: None, .. } => {
                    if let Some(brought_back) = self.record(*brought_back) {
                        self.name(&brought_back.event_ref());
                    }
                }
                // It waits again, unless that has come.
                Change::Released { on: WaitKey::Order(order), .. }
                | Change::Released { on: WaitKey::RestOfOrder(order, _), .. } => self.order(order),
                Change::Released { on: WaitKey::Transfer(transfer), .. } => self.transfer(transfer),
                Change::Conflict(conflict) => self.turned_back(record, conflict),
                Change::Counted(counted) => self.stands_again(counted),
                Change::Uncounted { sku, location, seq, .. } => {
                    self.counted_again((sku, location), *seq);
                }
                _ => {}
            }
        }
    }

    /// What it takes to measure a level against the count before one: all that has moved near that.
    fn stands_again(&mut self, counted: &Counted) {
        if let Some(before) = &counted.before {
            self.questions(&counted.sku, before.seq);
            if let Some(level) = self.level(&counted.sku, &counted.location) {
                self.movements(level, before.time);
            }
        }
    }

    /// What it takes to let the count of a record stand again: all that has moved, as what was set has
    /// moved the level since whatever its time.
    fn counted_again(&mut self, (sku, location): (&Sku, &LocationId), seq: u64) {
        self.questions(sku, seq);
        if let Some(level) = self.level(sku, location) {
            self.movements(level, Timestamp::MIN);
        }
        for change in self.record(seq).map_or(&[][..], |record| &record.changes) {
            if let Change::Counted(counted) = change {
                self.stands_again(counted);
            }
        }
    }

    /// The questions about movements that came late to the count of a record, with what became of
    /// them.
    fn questions(&mut self, sku: &Sku, count: u64) {
        let (ledger, key) = (self.ledger, (sku.clone(), count));
        if !ledger.state.working.has_questions(&key) {
            self.wants.questions.insert(key);
            return;
        }
        for id in ledger.sight().questions_about(count) {
            if let Some(question) = ledger.sight().closed_conflict(id) {
                self.asked_again(question);
            }
        }
    }

    /// What it takes to ask about a movement near a count again.
    fn asked_again(&mut self, question: &Conflict) {
        let Some(movement) = question.events.last() else { return };
        self.name(movement);
        // A decision on a transfer may have corrected it.
        for change in self.record(movement.seq).map_or(&[][..], |record| &record.changes) {
            if let Change::Transfer(update) = change {
                self.transfer(&update.transfer);
            }
        }
        self.answer_to(question.id);
    }

    /// What it takes to let something stand again that a record has taken back.
    fn dropped(&mut self, record: &Record, dropped: u64) {
        // What was dropped for its sake would come back with it.
        if matches!(record.envelope.data, EventData::ConflictResolved(_)) {
            self.taken_back(dropped);
        }
        let Some(it) = self.record(dropped) else { return };
        if let Some(conflict) = decision(it) {
            self.decision_on(conflict.id);
            // They may have given way to other contents.
            for event in &conflict.events {
                self.name(event);
            }
        }
        let event = it.event_ref();
        self.name(&event);
        // It may be taken back since with the decision that had let it go on.
        for known in self.ledger.state.known(&event.source, &event.id) {
            let by = known.reversed_by.filter(|_| known.decided == dropped);
            if let Some(decision) = by.and_then(|by| self.record(by)).and_then(last_taken_back) {
                self.record(decision);
            }
        }
    }

    /// What it takes to take back what a record has done to a conflict.
    fn turned_back(&mut self, record: &Record, conflict: &Conflict) {
        self.reports(conflict);
        if conflict.status != ConflictStatus::AutoResolved {
            // It may be over by now, or have been asked again.
            self.decision_on(conflict.id);
        }
        if conflict.status == ConflictStatus::Resolved {
            self.decided(record, conflict);
        }
        if conflict.status == ConflictStatus::Open {
            return;
        }
        // What a count was held for may be asked again, and is shown anew then.
        if let Some((time, _)) = conflict.held_count()
            && let Some((sku, location)) = conflict.sku.as_ref().zip(conflict.location.as_ref())
            && let Some(level) = self.level(sku, location)
        {
            self.movements(level, time);
        }
        if conflict.is_about_late_movement() {
            self.asked_again(conflict);
        }
    }

    /// The reports of a channel that one may be taken out of: the last of the others is asked about.
    fn reports(&mut self, conflict: &Conflict) {
        let ledger = self.ledger;
        let open = ledger.state.open_conflict(conflict.id);
        for event in
            open.filter(|it| it.kind == ConflictKind::Drift).iter().flat_map(|it| &it.events)
        {
            self.record(event.seq);
        }
    }

    /// The events of a conflict whose decision is taken back, and what became of them.
    fn decided(&mut self, record: &Record, conflict: &Conflict) {
        if matches!(conflict.kind, ConflictKind::Unmapped | ConflictKind::MassChange) {
            for seq in let_go(record, conflict).unwrap_or_default() {
                if let Some(held) = self.record(seq) {
                    self.went_on(&held.event_ref(), record.seq);
                }
            }
            return;
        }
        for event in &conflict.events {
            self.went_on(event, record.seq);
            // What it says is held back again.
            self.record(event.seq);
        }
    }

    /// What it takes to let an event wait again, or to hold it, that has gone on `since` a record.
    fn went_on(&mut self, event: &EventRef, since: u64) {
        self.name(event);
        let ledger = self.ledger;
        for known in ledger.state.known(&event.source, &event.id) {
            if known.seq == event.seq && known.decided > since {
                self.taken_back(known.decided);
                let mut decided = Some(known.decided);
                while let Some(record) = decided.filter(|decided| *decided > since) {
                    decided = self.record(record).and_then(|it| decided_before(it, event.seq));
                }
            }
            // It may have given way to another content.
            if let Some(by) = known.reversed_by.filter(|_| known.seq == event.seq) {
                self.record(by);
            }
        }
    }

    /// What is known of an event's name.
    fn name(&mut self, event: &EventRef) {
        if !self.ledger.state.working.has_name(&event.source, &event.id) {
            self.wants.ids.push((event.source.clone(), event.id.clone()));
        }
    }

    /// A record; asked for, if it is not at hand.
    fn record(&mut self, seq: u64) -> Option<&'a Record> {
        let record = self.ledger.record(seq);
        if record.is_none() {
            self.wants.records.insert(seq);
        }
        record
    }

    /// What has become of a conflict, and the decision on it.
    fn decision_on(&mut self, id: ConflictId) {
        if self.ledger.state.open_conflict(id).is_some() {
            return;
        }
        match self.ledger.sight().closed_conflict(id) {
            None => drop(self.wants.conflicts.insert(id)),
            Some(closed) => {
                let seq = closed.resolution.as_ref().map(|decision| decision.seq);
                seq.and_then(|seq| self.record(seq));
            }
        }
    }

    /// What was said of a transfer, and what has been decided of it: a decision may correct it.
    fn said(&mut self, transfer: &TransferId) {
        let ledger = self.ledger;
        let Some(transfer) = ledger.state.transfer(transfer) else { return };
        let receipts = transfer.receipts.iter().map(|receipt| &receipt.said);
        for said in transfer.shipment.iter().chain(receipts) {
            let event = said.event();
            self.name(&event);
            for known in ledger.state.known(&event.source, &event.id) {
                if known.seq == event.seq {
                    self.asked_by(known.decided);
                }
            }
        }
    }

    /// What has become of what a record has asked about movements near a count.
    fn asked_by(&mut self, seq: u64) {
        let Some(record) = self.record(seq) else { return };
        for change in &record.changes {
            if let Change::Conflict(conflict) = change
                && conflict.opened_seq == record.seq
                && conflict.is_about_late_movement()
            {
                self.answer_to(conflict.id);
            }
        }
    }

    /// What has become of a question, and the answer to it, which may be taken back by now.
    fn answer_to(&mut self, id: ConflictId) {
        self.decision_on(id);
        let closed = self.ledger.sight().closed_conflict(id);
        let decided = closed.and_then(|closed| closed.resolution.as_ref());
        if let Some(decision) = decided.and_then(|it| self.ledger.record(it.seq)) {
            self.name(&decision.event_ref());
        }
    }

    fn transfer(&mut self, transfer: &TransferId) {
        if !self.ledger.state.working.transfers().is_known(transfer) {
            self.wants.transfers.insert(transfer.clone());
        }
    }

    fn order(&mut self, order: &OrderId) {
        if !self.ledger.state.working.orders().is_known(order) {
            self.wants.orders.insert(order.clone());
        }
    }

    fn reservation(&mut self, reservation: &ReservationId) {
        if !self.ledger.state.working.reservations().is_known(reservation) {
            self.wants.reservations.insert(reservation.clone());
        }
    }

    fn level(&self, sku: &Sku, location: &LocationId) -> Option<(SkuIx, LocIx)> {
        let catalogue = &self.ledger.state.catalogue;
        Some((catalogue.sku(sku)?, catalogue.location(location)?))
    }

    /// Notes what an event wakes if it is applied.
    fn wakes(&mut self, data: &EventData) {
        match data {
            EventData::ItemUpserted(data) => self.keys.push(WaitKey::Sku(data.sku.clone())),
            EventData::LocationUpserted(data) => {
                self.keys.push(WaitKey::Location(data.location.clone()));
                self.keys.push(WaitKey::AnyLocation);
            }
            EventData::TransferShipped(data) => {
                self.keys.push(WaitKey::Transfer(data.transfer.clone()));
            }
            EventData::OrderPlaced(data) => self.keys.push(WaitKey::Order(data.order.clone())),
            EventData::ReservationConfirmed(data) => {
                self.keys.push(WaitKey::Order(data.order.clone()));
            }
            _ => {}
        }
    }

    /// What it takes to release the events that wait for what may come, and those that these may
    /// wake in turn.
    fn woken(&mut self) {
        let mut seen = BTreeSet::new();
        while let Some(key) = self.keys.pop() {
            if !self.ledger.state.waiting.any_on(&key) || !seen.insert(key.clone()) {
                continue;
            }
            for seq in self.ledger.state.waiting.on(&key) {
                if !self.waiting(seq) {
                    break;
                }
            }
        }
    }

    /// What it takes to release one event; says whether there is room for more.
    fn waiting(&mut self, seq: u64) -> bool {
        if let Some(held) = self.ledger.record(seq) {
            self.goes_on(held);
            return true;
        }
        if self.wants.records.contains(&seq) {
            return true;
        }
        if self.room == 0 {
            return false;
        }
        self.room -= 1;
        self.wants.records.insert(seq)
    }
}
