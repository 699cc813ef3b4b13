//! The safeguards in their order, then what each event does.

use super::conflicts::About;
use super::counts::Around;
use super::levels::LevelName;
use super::orders::Excess;
use super::{Model, Ruling};
use crate::event::{Event, EventData, StockAdjusted};
use crate::id::{LocationId, Sku};
use crate::record::{Bucket, Outcome, WaitKey};

/// What a person has waived for an event.
#[derive(Debug, Clone)]
pub(super) struct Waived {
    pub future: bool,
    pub version: bool,
    pub excess: Excess,
    pub around: Around,
    /// What a person has said in the place of an order, or of a shipment, that has not come.
    pub without_order: Option<InPlaceOfOrder>,
}

/// What an order would say of an event's lines: their item, where they do not name one, and where
/// units left from or came back to. A shipment would say where they arrived.
#[derive(Debug, Clone, Default)]
pub(super) struct InPlaceOfOrder {
    pub sku: Option<Sku>,
    pub location: Option<LocationId>,
}

impl Default for Waived {
    fn default() -> Self {
        let (excess, around) = (Excess::Hold, Around::Unknown);
        Self { future: false, version: false, excess, around, without_order: None }
    }
}

impl Model {
    /// What becomes of the event told at `seq`.
    pub(super) fn rule(&mut self, seq: u64, waived: &Waived) -> Ruling {
        if self.poisonous.contains(&self.told[&seq].event.id) {
            return Ruling::BreaksOff;
        }
        if self.is_about_stock_of_kit(&self.told[&seq].event.data) {
            return Ruling::Impossible;
        }
        if let Some(ruling) = self.rule_on_repeated_fact(seq) {
            return ruling;
        }
        self.judge(seq, waived)
    }

    fn judge(&mut self, seq: u64, waived: &Waived) -> Ruling {
        let event = self.told[&seq].event.clone();
        if !waived.future && self.lies_ahead(seq) {
            self.ask(About::Future, [seq]);
            return Ruling::Outcome(Outcome::Conflict);
        }
        let holding = self.holding.is_some();
        while self.settings.create_unknown_skus
            && !holding
            && let Some(WaitKey::Sku(sku)) = self.unknown_name(&event.data)
        {
            self.items.push(sku.clone());
            self.name_came(&WaitKey::Sku(sku));
        }
        // What would be made known stops nothing.
        let made =
            |name: &WaitKey| self.settings.create_unknown_skus && matches!(name, WaitKey::Sku(_));
        if let Some(name) = self.unknown_names(&event.data).into_iter().find(|name| !made(name)) {
            self.waiting.insert((name.clone(), seq));
            self.ask(About::Unknown(name), [seq]);
            return Ruling::Outcome(Outcome::Conflict);
        }
        if holding {
            return Ruling::Outcome(self.hold(seq));
        }
        if self.cannot_be_booked(seq, waived) {
            return Ruling::Impossible;
        }
        if let Some(expected) = event.expected_version
            && !waived.version
        {
            let level = self.single_level(&event).expect("only such events expect a version");
            if expected != self.version(&level) {
                self.ask(About::Version(level), [seq]);
                return Ruling::Outcome(Outcome::Conflict);
            }
        }
        if let Some(order) = event.data.order()
            && !matches!(event.data, EventData::OrderPlaced(_) | EventData::ReservationConfirmed(_))
            && !self.is_heard_of(order)
        {
            if waived.without_order.is_none() {
                return Ruling::Outcome(self.park(WaitKey::Order(order.clone()), seq));
            }
            self.order_or_new(order);
        }
        if let EventData::TransferReceived(data) = &event.data
            && !self.is_shipped(&data.transfer)
            && waived.without_order.is_none()
        {
            return Ruling::Outcome(self.park(WaitKey::Transfer(data.transfer.clone()), seq));
        }
        let (first, before) = (self.movements.len(), self.levels());
        let outcome = match &event.data {
            EventData::TransferShipped(data) => match self.ship_transfer(seq, data) {
                Ruling::Outcome(outcome) => outcome,
                ruling => return ruling,
            },
            EventData::ItemUpserted(data) => return self.item_came(data),
            EventData::ChannelLevelReported(data) => match self.report(seq, data) {
                Some(outcome) => outcome,
                None => return Ruling::Impossible,
            },
            _ => self.carry_out(seq, &event, waived),
        };
        // Who sets a number has seen the count.
        if !matches!(event.data, EventData::StockSet(_)) {
            self.watch_late_movements(seq, first);
        }
        // What a count contains in part took effect in part.
        let absorbed = self.movements[first..].iter().any(|movement| movement.absorbed);
        let nothing_else = absorbed && self.levels() == before;
        Ruling::Outcome(if nothing_else { Outcome::Absorbed } else { outcome })
    }

    /// Whether a person has asked for more than can be written down of an order.
    fn cannot_be_booked(&self, seq: u64, waived: &Waived) -> bool {
        if waived.without_order.is_some() {
            self.cancels_another_item(&self.told[&seq].event.data)
        } else {
            waived.excess == Excess::Anyway && self.names_strange_lines(seq)
        }
    }

    /// Whether the time of an event lay too far ahead when it came.
    fn lies_ahead(&self, seq: u64) -> bool {
        let told = &self.told[&seq];
        // The time of recording does not come back with a clock that was ahead for a while.
        let came = if seq == self.next_seq() { self.wall } else { told.recorded_at };
        told.event.time > came.plus_micros(self.settings.future_limit_us)
    }

    /// What an event does once no safeguard stands in its way.
    fn carry_out(&mut self, seq: u64, event: &Event, waived: &Waived) -> Outcome {
        match &event.data {
            EventData::LocationUpserted(data) => {
                let known = self.locations.iter_mut().find(|(name, _)| *name == data.location);
                match known {
                    Some((_, rank)) => *rank = data.rank.or(*rank),
                    None => self.locations.push((data.location.clone(), data.rank)),
                }
                self.name_came(&WaitKey::Location(data.location.clone()));
                self.name_came(&WaitKey::AnyLocation);
                Outcome::Applied
            }
            EventData::StockAdjusted(StockAdjusted { sku, location, delta, state, .. }) => {
                let level = self.level_of(sku, location);
                self.move_units(seq, &level, *delta, state.bucket());
                Outcome::Applied
            }
            EventData::StockReceived(data) => {
                let level = self.level_of(&data.sku, &data.location);
                self.move_units(seq, &level, data.quantity, None);
                Outcome::Applied
            }
            EventData::StockMoved(data) => {
                let level = self.level_of(&data.sku, &data.location);
                self.shift(seq, &level, data.from_state, -data.quantity);
                self.shift(seq, &level, data.to_state, data.quantity);
                Outcome::Applied
            }
            EventData::StockCounted(data) => {
                let level = self.level_of(&data.sku, &data.location);
                self.count(seq, level, data.counted, waived.around)
            }
            EventData::StockSet(data) => {
                let level = self.level_of(&data.sku, &data.location);
                self.set(seq, &level, data.quantity);
                Outcome::Applied
            }
            EventData::TransferReceived(data) => self.receive_transfer(seq, data, waived),
            EventData::OrderPlaced(data) => self.place_order(data),
            EventData::OrderAmended(data) => self.amend(seq, data, waived),
            EventData::OrderCancelled(data) => self.cancel(seq, data, waived),
            EventData::OrderFulfilled(data) => self.fulfil(seq, data, waived),
            EventData::OrderReturned(data) => self.take_back(seq, data, waived),
            EventData::ReservationPlaced(data) => self.reserve(data),
            EventData::ReservationReleased(data) => self.free_reserved(data),
            EventData::ReservationConfirmed(data) => self.confirm(seq, data),
            EventData::EventReversed(data) => self.reverse(data),
            EventData::ItemUpserted(_)
            | EventData::ChannelLevelReported(_)
            | EventData::TransferShipped(_)
            | EventData::ReservationExpired(_)
            | EventData::EventReleased(_)
            | EventData::EventOrphaned(_)
            | EventData::ConflictResolved(_) => {
                unreachable!("nobody outside says this, or it was done before")
            }
        }
    }

    /// A set is a movement to the number asked for, on top of all that is known.
    fn set(&mut self, seq: u64, level: &LevelName, quantity: i64) {
        let delta = quantity - self.level(level)[Bucket::OnHand as usize];
        if delta == 0 {
            return;
        }
        let number = self.movements.len();
        self.move_units(seq, level, delta, None);
        self.movements[number].absorbed = false;
        for count in self.counts.iter_mut().filter(|count| count.level == *level) {
            count.before.insert(number);
        }
    }

    /// The one level that an event is about.
    fn single_level(&self, event: &Event) -> Option<LevelName> {
        let (sku, location) = match &event.data {
            EventData::StockAdjusted(data) => (&data.sku, &data.location),
            EventData::StockReceived(data) => (&data.sku, &data.location),
            EventData::StockCounted(data) => (&data.sku, &data.location),
            EventData::StockMoved(data) => (&data.sku, &data.location),
            EventData::StockSet(data) => (&data.sku, &data.location),
            _ => return None,
        };
        Some(self.level_of(sku, location))
    }
}
