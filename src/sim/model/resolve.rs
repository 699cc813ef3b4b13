//! What a person decides.

use std::rc::Rc;

use super::conflicts::{About, Asked};
use super::counts::Around;
use super::levels::LevelName;
use super::orders::Excess;
use super::rules::{InPlaceOfOrder, Waived};
use super::{Answer, Did, Model, Ruling};
use crate::conflict::{Choice, ResolutionOption as O};
use crate::event::EventData;
use crate::id::{LineId, LocationId, Sku};
use crate::record::{Outcome, WaitKey};
use crate::time::Now;

impl Model {
    /// Whether an option has a use for an item, for a location, and for lines that a person names.
    pub fn takes(&self, asked: &Asked, option: O) -> [bool; 3] {
        match (&asked.about, option) {
            (About::Unknown(WaitKey::Sku(_) | WaitKey::Listing(..)), O::Map) => {
                [true, false, false]
            }
            (About::Unknown(_), O::Map)
            | (About::Oversold(_), O::Reallocate)
            | (About::Drift { location: None, .. }, O::AcceptChannel) => [false, true, false],
            (About::Oversold(_), O::CancelLines) => [false, false, true],
            (About::Orphan(seq, _), O::ApplyWithoutOrder) => {
                let (no_sku, no_place) = self.lacks(*seq);
                [no_sku, no_place, false]
            }
            _ => [false; 3],
        }
    }

    /// A person decides on the conflict with this index. Whether the core has `refused` it matters
    /// where the rule book leaves that open.
    pub fn decide(&mut self, index: usize, choice: &Choice, refused: bool, now: Now) -> Answer {
        let before = Rc::new(self.clone());
        self.tick(now);
        let asked = self.asked[index].clone();
        let seen = choice.expected_version == asked.version;
        let offered = asked.about.kind().options().contains(&choice.option);
        self.asked[index].open = false;
        let given = [choice.sku.is_some(), choice.location.is_some(), !choice.lines.is_empty()];
        let takes = before.takes(&asked, choice.option);
        let is_of_use = given.iter().zip(takes).all(|(given, takes)| takes || !given);
        let fits = asked.open && seen && offered && is_of_use;
        if !fits || !self.carry_out_choice(&asked, choice, refused) {
            *self = (*before).clone();
            return Answer::Refused;
        }
        let seq = self.next_seq();
        let about = match (&asked.about, choice.option) {
            // What follows from these, they themselves have done.
            (About::Oversold(_) | About::Drift { .. }, _) => seq,
            (_, O::ApplySecond) => asked.events[1],
            _ => *asked.events.last().expect("a conflict is about events"),
        };
        self.record(Did::Decide(index), about, Outcome::Applied, before);
        self.release(now);
        Answer::Recorded(seq)
    }

    /// False if the choice lacks what its option needs, or cannot be carried out.
    fn carry_out_choice(&mut self, asked: &Asked, choice: &Choice, refused: bool) -> bool {
        let told = asked.events.iter().rev().find(|seq| self.told.contains_key(*seq)).copied();
        let held = || told.expect("what is held is an event from outside");
        let waived = Waived { future: true, ..Waived::default() };
        match &asked.about {
            About::Unknown(name) => self.settle_name(name, choice),
            About::Batch(id) => {
                self.wake(&WaitKey::Approval(*id), choice.option == O::Reject);
                true
            }
            About::Oversold(level) => self.settle_shortage(level, choice),
            About::Drift { location, .. } => {
                self.settle_drift(&asked.events, location.as_ref(), choice)
            }
            About::Name(..) | About::Changed(_) if choice.option == O::ApplySecond => {
                self.apply_second(asked, refused)
            }
            About::LateMovement { level, numbers, .. } => self.flip(level, numbers, choice.option),
            About::Name(..) => {
                for other in &asked.events[1..] {
                    self.become_of(*other, Outcome::Rejected);
                }
                true
            }
            About::Transfer(transfer, _) => self.settle_transfer(transfer, held(), choice.option),
            About::Orphan(seq, _) => {
                self.wait_no_longer(*seq);
                if choice.option == O::ApplyWithoutOrder {
                    return self.apply_without_order(*seq, choice);
                }
                self.become_of(*seq, Outcome::Rejected);
                true
            }
            _ if [O::Discard, O::KeepFirst].contains(&choice.option) => {
                self.become_of(held(), Outcome::Rejected);
                true
            }
            About::Changed(_) => false,
            About::Poison(_) => {
                // Of one that had waited, the safeguards before have let it pass.
                let future = asked.opened != held();
                self.try_again(held(), &Waived { future, ..Waived::default() })
            }
            About::Version(_) => self.try_again(held(), &Waived { version: true, ..waived }),
            About::Future => {
                let told = self.told.get_mut(&held()).expect("it was told");
                told.time = told.recorded_at;
                self.try_again(held(), &waived)
            }
            About::Excess(_) => {
                let all = choice.option == O::ApplyAnyway;
                let excess = if all { Excess::Anyway } else { Excess::Cap };
                self.try_again(held(), &Waived { excess, ..waived })
            }
            About::HeldCount(_) => {
                let around = match choice.option {
                    O::KeepCounted => Around::Counted,
                    _ => Around::Later,
                };
                self.try_again(held(), &Waived { around, version: true, ..waived })
            }
        }
    }

    pub(super) fn try_again(&mut self, seq: u64, waived: &Waived) -> bool {
        match self.rule(seq, waived) {
            Ruling::Outcome(outcome) => self.become_of(seq, outcome),
            Ruling::Repeats(_) | Ruling::Impossible | Ruling::BreaksOff => return false,
        }
        true
    }

    /// An event takes effect though its order, or its shipment, has not come. False if a person would have to say more.
    fn apply_without_order(&mut self, seq: u64, choice: &Choice) -> bool {
        let sku = choice.sku.as_ref().and_then(|name| self.item(name));
        let location = choice.location.as_ref().and_then(|name| self.place(name));
        let (no_sku, no_place) = self.lacks(seq);
        if no_sku && sku.is_none() || no_place && location.is_none() {
            return false;
        }
        // What was shipped and came back is booked somewhere, also where it is not restocked.
        let moves_units = matches!(
            self.told[&seq].event.data,
            EventData::OrderFulfilled(_) | EventData::OrderReturned(_)
        );
        if moves_units && self.locations.is_empty() {
            return false;
        }
        let without_order = Some(InPlaceOfOrder { sku, location });
        let excess = Excess::Anyway;
        self.try_again(seq, &Waived { future: true, excess, without_order, ..Waived::default() })
    }

    /// Whether an event names lines of which neither it nor what is known of its order says the item,
    /// or the place.
    fn lacks(&self, seq: u64) -> (bool, bool) {
        let data = &self.told[&seq].event.data;
        let order = self.orders.iter().find(|order| Some(&order.id) == data.order());
        let line = |id: &LineId| order?.lines.iter().find(|line| line.id == *id);
        let no_sku = |id: &LineId, sku: &Option<Sku>| line(id).is_none() && sku.is_none();
        let no_place = |id: &LineId, place: &Option<LocationId>| {
            place.is_none() && line(id).is_none_or(|line| line.shares.is_empty())
        };
        match data {
            EventData::OrderFulfilled(data) => (
                data.lines.iter().any(|row| no_sku(&row.line, &row.sku)),
                data.lines.iter().any(|row| no_place(&row.line, &row.location)),
            ),
            EventData::OrderReturned(data) => (
                data.lines.iter().any(|row| no_sku(&row.line, &row.sku)),
                data.lines.iter().any(|row| row.restock && no_place(&row.line, &row.location)),
            ),
            EventData::OrderCancelled(data) => {
                (data.lines.iter().flatten().any(|row| no_sku(&row.line, &row.sku)), false)
            }
            // Where a transfer goes, only its shipment says.
            EventData::TransferReceived(_) => (false, true),
            _ => (false, false),
        }
    }

    /// Says what an unknown name means, or that nobody wants to know.
    fn settle_name(&mut self, name: &WaitKey, choice: &Choice) -> bool {
        match (choice.option, name) {
            (O::Map, WaitKey::Sku(name)) => {
                let meant = choice.sku.as_ref().and_then(|sku| self.item(sku));
                let Some(sku) = meant else { return false };
                if self.kits.contains_key(&sku) && self.waits_for_what_is_no_kit(name) {
                    return false;
                }
                self.sku_meanings.insert(name.clone(), sku);
            }
            (O::Map, WaitKey::Location(name)) => {
                let meant = choice.location.as_ref().and_then(|name| self.place(name));
                let Some(location) = meant else { return false };
                self.location_meanings.insert(name.clone(), location);
            }
            (O::Map, WaitKey::Listing(channel, listing)) => {
                let meant = choice.sku.as_ref().and_then(|sku| self.item(sku));
                let Some(sku) = meant else { return false };
                self.listing_meanings.insert((channel.clone(), listing.clone()), sku);
            }
            (O::Create, WaitKey::Sku(name)) => self.items.push(name.clone()),
            (O::Create, WaitKey::Location(name)) => {
                self.locations.push((name.clone(), None));
                self.name_came(&WaitKey::AnyLocation);
            }
            (O::Discard, _) => {}
            _ => return false,
        }
        self.wake(name, choice.option == O::Discard);
        true
    }

    /// Says whether movements that came late are in the count or came after it.
    fn flip(&mut self, level: &LevelName, numbers: &[usize], option: O) -> bool {
        if option == O::Discard {
            return false;
        }
        let moved = self.movements[numbers[0]].seq;
        let count = self.newest_count_mut(level).expect("they came late for a count");
        assert!(count.seq < moved, "a newer count leaves nothing to ask");
        if option == O::KeepDifference {
            count.before.extend(numbers);
        }
        for number in numbers {
            self.movements[*number].absorbed = option == O::KeepCounted;
        }
        true
    }
}
