//! Plays a history on the core and on the model, and compares the two after every batch.

use std::collections::{BTreeMap, BTreeSet};

use super::check::check;
use super::history::{Act, Decide, History, Step};
use super::host::Host;
use super::model::{Answer, Item, Model, Parts, Transfer};
use super::trap;
use super::views::{Shown, as_expected, effects, level_of};
use crate::conflict::{CancelledPart, Choice, Conflict, ConflictKind};
use crate::event::{Event, EventData, EventReversed, KitPart};
use crate::id::{EventId, Sku};
use crate::ledger::{Entry, Input, Processed};
use crate::record::{Outcome, Timer, WaitKey};
use crate::reservation::Standing;
use crate::state::Settings;
use crate::time::Now;

/// Who sends the events and decides.
pub(super) const ACTOR: &str = "user:mia@example.com";

/// Sees each batch of steps and the records that it led to.
pub type Watch<'a> = dyn FnMut(&[Step], &[Entry]) + 'a;

/// The core and the model side by side.
#[derive(Debug)]
pub struct Pair {
    /// The core.
    pub host: Host,
    /// The model.
    pub model: Model,
    /// What was played: each batch with what the clocks showed when it came.
    pub inputs: Vec<(Now, Vec<Input>)>,
    /// Events that did not fit what was known when they came. Nothing is recorded of them.
    pub invalid: Vec<Event>,
    /// The settings of both.
    pub settings: Settings,
    /// The events on which a rule breaks off, until it is mended.
    pub poisonous: BTreeSet<EventId>,
    /// How many batches were played when the rules were mended, if they were.
    pub mended: Option<usize>,
    /// The events as they were sent, by the number of their step.
    sent: BTreeMap<usize, Event>,
}

/// Plays a history to its end. `watch` sees each batch of steps, and the records that it led to,
/// before these are compared.
///
/// # Panics
/// When core and model disagree.
pub fn play(history: &History, watch: &mut Watch<'_>) -> Pair {
    let wall = history.steps.first().map(|step| step.wall).unwrap_or_default();
    let mut pair = Pair {
        host: Host::new(history.settings, wall),
        model: Model::new(history.settings),
        inputs: Vec::new(),
        invalid: Vec::new(),
        settings: history.settings,
        poisonous: history.poisonous(),
        mended: None,
        sent: BTreeMap::new(),
    };
    pair.model.poisonous.clone_from(&pair.poisonous);
    trap::set_on_this_thread(pair.poisonous.clone());
    let mut steps = &history.steps[..];
    while !steps.is_empty() {
        let joined = steps[1..].iter().take_while(|step| step.joins).count();
        let (batch, rest) = steps.split_at(1 + joined);
        pair.batch(batch, watch);
        steps = rest;
    }
    check(&mut pair);
    pair
}

/// An input for the core, with what the model needs of it.
#[derive(Debug)]
enum Both {
    Event(Event),
    /// Events of one request that share a batch id.
    Group(Vec<Event>),
    /// A choice about the model's conflict of this index.
    Choice(Choice, usize),
    /// Something that has come due, though another input of the batch may settle it.
    Timer(Timer),
}

impl Pair {
    fn batch(&mut self, steps: &[Step], watch: &mut Watch<'_>) {
        self.host.wall = steps[0].wall;
        self.host.uptime = steps[0].uptime;
        let now = self.host.now();
        let known = self.host.store.journal.len();
        let inputs: Vec<Both> = steps.iter().filter_map(|step| self.input(step)).collect();
        let mut inputs = requests(inputs);
        let due = self.host.ledger.due(now.uptime, usize::MAX).into_iter().map(Both::Timer);
        let at = if steps[0].due_last { inputs.len() } else { 0 };
        inputs.splice(at..at, due);
        let answers = self.commit(&inputs);
        watch(steps, &self.host.store.journal[known..]);
        let refused = |entry: &&Entry| entry.record.outcome == Outcome::Rejected;
        let made = self.host.store.journal[known..].iter().filter(refused);
        self.model.refused = made.map(|entry| entry.record.seq).collect();
        for (input, answers) in inputs.iter().zip(answers) {
            let events = match input {
                Both::Event(event) => std::slice::from_ref(event),
                Both::Group(events) => events,
                Both::Choice(..) | Both::Timer(_) => &[],
            };
            let expected = match input {
                Both::Event(event) => vec![self.model.tell(event, now)],
                Both::Group(events) => self.model.tell_batch(events, now),
                Both::Choice(choice, asked) => {
                    let refused = answers == [Answer::Refused];
                    vec![self.model.decide(*asked, choice, refused, now)]
                }
                Both::Timer(timer) => vec![self.model.come_due(timer, now)],
            };
            assert_eq!(answers, expected, "the answer to {input:?}: core, model");
            let invalid = events.iter().zip(answers).filter(|(_, it)| *it == Answer::Invalid);
            self.invalid.extend(invalid.map(|(event, _)| event.clone()));
        }
        self.compare();
    }

    /// What a step means at present; nothing, if there is nothing to repeat or to decide.
    fn input(&mut self, step: &Step) -> Option<Both> {
        let event = match &step.act {
            Act::Tell { event, seen } => self.expecting(event, *seen),
            Act::Again(earlier) => self.sent.get(earlier)?.clone(),
            Act::Decide(decide) => return self.choice(decide),
            Act::TakeBack { event, back } => self.taking_back(event, *back)?,
            Act::Mend => {
                self.mended = self.mended.or(Some(self.inputs.len()));
                self.model.poisonous.clear();
                trap::set_on_this_thread(BTreeSet::new());
                return None;
            }
        };
        self.sent.insert(step.number, event.clone());
        Some(Both::Event(event))
    }

    /// The event with the version that its sender has seen.
    fn expecting(&self, event: &Event, seen: Option<i64>) -> Event {
        let version = seen.map(|seen| {
            let current = level_of(&event.data).map_or(0, |(sku, location)| {
                let state = self.host.ledger.state();
                let sku = state.catalogue().sku(sku);
                let location = state.catalogue().location(location);
                sku.zip(location).map_or(0, |(sku, location)| state.level(sku, location).version)
            });
            current.saturating_add_signed(seen)
        });
        Event { expected_version: version, ..event.clone() }
    }

    /// The event that takes back one of the records that Onhand itself has made.
    fn taking_back(&self, event: &Event, back: usize) -> Option<Event> {
        let journal = self.host.store.journal.iter().map(|entry| &entry.record.envelope);
        let own: Vec<&Event> = journal.filter(|it| it.source.as_str() == "onhand").collect();
        let newest = own.len().checked_sub(1)?;
        let target = own[newest - back % own.len()];
        let EventData::EventReversed(data) = &event.data else { return None };
        let (source, id, reason) = (target.source.clone(), target.id.clone(), data.reason.clone());
        let data = EventData::EventReversed(EventReversed { source, id, reason });
        Some(Event { data, ..event.clone() })
    }

    fn choice(&self, decide: &Decide) -> Option<Both> {
        let open: Vec<&Conflict> = self.host.ledger.state().open_conflicts().collect();
        let newest = open.len().checked_sub(1)?;
        let conflict = open[newest - decide.which % open.len()];
        let options = conflict.kind.options();
        let (option, asked) = (options[decide.option % options.len()], self.asked(conflict));
        let taken = self.model.takes(self.model.asked(asked), option);
        // Now and then more is said than the option takes.
        let [sku, location, lines] = taken.map(|takes| takes || decide.option.is_multiple_of(40));
        let choice = Choice {
            conflict: conflict.id,
            option,
            expected_version: conflict.version - u64::from(decide.stale),
            note: None,
            sku: sku.then(|| decide.sku.clone()),
            location: location.then(|| decide.location.clone()),
            lines: if lines { self.some_lines(conflict, decide) } else { Vec::new() },
        };
        Some(Both::Choice(choice, asked))
    }

    /// Lines of orders that are promised units of the level that a conflict is about, and how many
    /// units of each are to be cancelled.
    fn some_lines(&self, conflict: &Conflict, decide: &Decide) -> Vec<CancelledPart> {
        let level = conflict.sku.clone().zip(conflict.location.clone());
        let promised = level.map_or_else(Vec::new, |level| self.model.promised_at(&level));
        let (first, number) = (decide.which % promised.len().max(1), 1 + decide.option % 2);
        let quantity = [None, Some(1), Some(2)][decide.option % 3];
        let lines = promised.into_iter().skip(first).take(number);
        lines.map(|(order, line)| CancelledPart { order, line: line.id, quantity }).collect()
    }

    fn commit(&mut self, inputs: &[Both]) -> Vec<Vec<Answer>> {
        let inputs: Vec<Input> = inputs
            .iter()
            .map(|input| match input {
                Both::Event(event) => Input::Event(event.clone()),
                Both::Group(events) => Input::Group(events.clone()),
                Both::Choice(choice, _) => Input::Resolve(choice.clone()),
                Both::Timer(timer) => Input::Timer(timer.clone()),
            })
            .collect();
        let processed = self.host.batch(&inputs, ACTOR);
        self.inputs.push((self.host.now(), inputs));
        let answers = processed.into_iter().map(|processed| match processed {
            Processed::Group(events) => events.into_iter().map(answer).collect(),
            one => vec![answer(one)],
        });
        answers.collect()
    }

    /// Everything that the model predicts.
    fn compare(&self) {
        let journal = &self.host.store.journal;
        for (entry, said) in journal.iter().zip(&self.model.journal) {
            let record = &entry.record;
            let name = format!("#{} {}", record.seq, record.envelope.event_type());
            assert_eq!(effects(record), said.effects, "the effects of {name}: core, model");
            if record.envelope.source.as_str() != "onhand" {
                assert_eq!(record.outcome, said.outcome, "the outcome of {name}: core, model");
            }
        }
        assert_eq!(journal.len(), self.model.journal.len(), "records: core, model");
        self.compare_outcomes();
        self.compare_levels();
        self.compare_kits();
        self.compare_orders();
        self.compare_transfers();
        self.compare_reservations();
        self.compare_conflicts();
        assert_eq!(
            *self.host.store.timers(),
            self.model.timers(),
            "what time will do: core, model"
        );
        let waiting: BTreeSet<_> = self.host.store.waiting().collect();
        assert_eq!(&waiting, self.model.waiting(), "what waits: core, model");
        self.check_questions(&waiting);
    }

    /// Somebody is asked about whatever names events wait for.
    fn check_questions(&self, waiting: &BTreeSet<(WaitKey, u64)>) {
        let open = self.host.ledger.state().open_conflicts();
        let open: Vec<&Conflict> =
            open.filter(|conflict| conflict.kind == ConflictKind::Unmapped).collect();
        for (on, seq) in waiting {
            let names = |conflict: &Conflict| match on {
                WaitKey::Sku(sku) => conflict.sku.as_ref() == Some(sku),
                WaitKey::Location(location) => conflict.location.as_ref() == Some(location),
                WaitKey::AnyLocation => {
                    let nothing = conflict.sku.is_none() && conflict.location.is_none();
                    nothing && conflict.listing.is_none()
                }
                WaitKey::Listing(_, listing) => conflict.listing.as_ref() == Some(listing),
                _ => true,
            };
            let asked = matches!(
                on,
                WaitKey::Sku(_)
                    | WaitKey::Location(_)
                    | WaitKey::AnyLocation
                    | WaitKey::Listing(..)
            );
            let is_asked = open.iter().any(|conflict| names(conflict));
            assert!(!asked || is_asked, "#{seq} waits for {on}, but nobody is asked about it");
        }
    }

    fn compare_outcomes(&self) {
        assert!(!self.model.two_hold(), "of several contents of an id one holds at most");
        let decided = !self.model.stands_without_answer();
        assert!(decided, "what went on with an answer does not hold without it");
        assert!(!self.model.asks_what_is_answered(), "what is answered is asked no more");
        for seq in 1..=self.model.journal.len() as u64 {
            if let Some(expected) = self.model.outcome(seq) {
                let outcome: Outcome = self.host.store.outcome(seq);
                assert_eq!(outcome, expected, "what has become of #{seq}: core, model");
            }
        }
    }

    fn compare_levels(&self) {
        let state = self.host.ledger.state();
        let mut expected = self.model.levels();
        for (sku, location, level) in state.levels() {
            let name = (
                state.catalogue().sku_name(sku).clone(),
                state.catalogue().location_name(location).clone(),
            );
            let numbers = expected.remove(&name).unwrap_or_default();
            assert_eq!(level.buckets(), numbers, "{name:?}: core, model");
            assert_eq!(
                level.available(),
                super::model::available(&numbers),
                "available at {name:?}"
            );
            let version = self.model.version(&name);
            assert_eq!(level.version, version, "the version of {name:?}: core, model");
        }
        assert!(expected.is_empty(), "the core has no level {expected:?}");
    }

    /// One that nobody has asked for, or no longer, is as if it had never been.
    fn compare_reservations(&self) {
        let known = self.host.store.reservations();
        let known = known.filter(|known| known.standing != Standing::Withdrawn);
        let known: BTreeMap<_, _> =
            known.map(|known| (&known.reservation, known.standing == Standing::Held)).collect();
        assert_eq!(known, self.model.reservations(), "reservations, and which hold: core, model");
    }

    fn compare_kits(&self) {
        let state = self.host.ledger.state();
        let catalogue = state.catalogue();
        let kits = catalogue.items().iter().filter(|item| item.is_kit());
        let parts = |kit: &[KitPart]| -> Parts {
            kit.iter().map(|part| (part.sku.clone(), part.quantity)).collect()
        };
        let known: BTreeMap<Sku, Parts> =
            kits.map(|item| (item.sku.clone(), parts(&item.kit))).collect();
        let expected: BTreeMap<Sku, Parts> =
            self.model.kits().map(|(kit, parts)| (kit.clone(), parts.clone())).collect();
        assert_eq!(known, expected, "kits: core, model");
        for (kit, parts) in expected {
            let sku = catalogue.sku(&kit).expect("the core knows the kit");
            for (location, units) in state.available(sku) {
                let expected = self.model.kits_available(&parts, catalogue.location_name(location));
                assert_eq!(units, expected, "the units of {kit} that there are: core, model");
            }
        }
    }

    fn compare_orders(&self) {
        let store = &self.host.store;
        for expected in self.model.orders() {
            let order = store.order(expected.id.as_str());
            let order = order.unwrap_or_else(|| panic!("the core has no order {expected:?}"));
            assert_eq!(as_expected(order), expected, "an order: core, model");
        }
        assert_eq!(store.orders().count(), self.model.orders().len(), "orders: core, model");
    }

    fn compare_transfers(&self) {
        let shown = |transfer: &Transfer| {
            let numbers = |item: &Item| (item.sku.clone(), item.shipped, item.received, item.lost);
            transfer.items.iter().map(numbers).collect::<Vec<_>>()
        };
        for expected in self.model.transfers() {
            let transfer = self.host.store.transfer(expected.id.as_str());
            let lines = transfer.map(|transfer| {
                let lines = transfer.lines.iter();
                lines.map(|it| (it.sku.clone(), it.shipped, it.received, it.lost)).collect()
            });
            assert_eq!(lines, Some(shown(expected)), "{}: core, model", expected.id);
        }
    }

    fn compare_conflicts(&self) {
        let open = self.host.ledger.state().open_conflicts();
        let mut open: Vec<Shown> = open.map(Shown::of).collect();
        let mut expected: Vec<Shown> =
            self.model.open().map(|(_, asked)| Shown::expected(asked)).collect();
        open.sort();
        expected.sort();
        if open != expected {
            // All that both ask alike says nothing.
            let common: Vec<Shown> = open.extract_if(.., |it| expected.contains(it)).collect();
            expected.retain(|it| !common.contains(it));
            panic!("what only one asks: core {open:?}, model {expected:?}");
        }
    }

    /// Where the model keeps a conflict that the core shows.
    fn asked(&self, conflict: &Conflict) -> usize {
        let shown = Shown::of(conflict);
        let mut same = self.model.open().filter(|(_, asked)| Shown::expected(asked) == shown);
        same.next().expect("what is asked was compared").0
    }
}

/// What a batch says between two decisions is one request, of which the events that share a batch id
/// are one input.
fn requests(inputs: Vec<Both>) -> Vec<Both> {
    let mut requests = Vec::with_capacity(inputs.len());
    let mut events = Vec::new();
    let end = |events: &mut Vec<Event>| {
        let inputs = crate::ledger::inputs(std::mem::take(events)).into_iter();
        inputs.map(|(input, _)| match input {
            Input::Event(event) => Both::Event(event),
            Input::Group(events) => Both::Group(events),
            Input::Resolve(_) | Input::Timer(_) => unreachable!("nobody says that"),
        })
    };
    for input in inputs {
        match input {
            Both::Event(event) => events.push(event),
            other => {
                requests.extend(end(&mut events));
                requests.push(other);
            }
        }
    }
    requests.extend(end(&mut events));
    requests
}

fn answer(processed: Processed) -> Answer {
    match processed {
        Processed::Recorded(index) => Answer::Recorded(index as u64 + 1),
        Processed::Duplicate(original) => Answer::Duplicate(original.seq, original.outcome),
        Processed::Refused(_) => Answer::Refused,
        Processed::Invalid(_) => Answer::Invalid,
        Processed::NotDue => Answer::NotDue,
        Processed::Group(_) => panic!("a group is not within a group"),
    }
}
