//! What becomes of an event: the safeguards in their order (contract.md section 10), then the rule
//! of the event's type. Deciding looks at the state and changes nothing.

mod catalogue;
mod contents;
mod count;
mod draft;
mod drift;
mod finish;
mod kit;
mod late;
mod mass_change;
mod movement;
mod names;
mod order;
mod orphan;
mod overlap;
mod poison;
mod refused;
mod release;
mod reopen;
mod repeated;
mod reservation;
mod resolve;
mod reverse;
mod second;
mod shortage;
mod stock;
mod take_back;
mod taken_back;
mod transfer;
mod turn_back;
mod uncount;
mod wait_again;
mod waiting;
mod went_on;

use crate::conflict::{ConflictKind, EVENTS_LISTED_MAX, Evidence};
use crate::event::{Event, EventData, EventRef, FieldError, Fingerprint, VersionUse};
use crate::ledger::Sight;
use crate::record::{Decision, Original, Outcome};
use crate::state::{Known, Overlap, Subject};
use crate::time::{Now, Timestamp};

use draft::About;
pub(crate) use draft::waits_by_itself;
pub(crate) use draft::{Draft, time_of_held};
use finish::OutOfRange;
pub(crate) use kit::awaited_by;
pub(crate) use mass_change::{Held, MassChange, has_come, judge, measure};
pub(crate) use orphan::ask as ask_about_orphan;
pub(crate) use poison::{Failed, flag as flag_poison};
pub use refused::Refused;
pub(crate) use release::release;
pub(crate) use reopen::decision;
pub(crate) use reservation::expire;
pub(crate) use resolve::resolve;
pub(crate) use taken_back::last_taken_back;
pub(crate) use wait_again::let_go;
use waiting::park;
pub(crate) use went_on::decided_before;

/// What is to happen with an event.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is recorded with this decision.
    Record(Decision),
    /// It came before; nothing is recorded.
    Duplicate(Original),
    /// It cannot be; nothing is recorded.
    Invalid(Vec<FieldError>),
}

/// Why a rule ends a decision early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The business fact is recorded already.
    Duplicate(Original),
    /// It cannot be.
    Invalid(Vec<FieldError>),
}

impl Stop {
    fn invalid(pointer: &str, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { pointer: pointer.to_owned(), detail: detail.into() }])
    }
}

impl From<OutOfRange> for Stop {
    fn from(error: OutOfRange) -> Self {
        let OutOfRange { sku, location, number } = error;
        let range = crate::quantity::QUANTITY_MAX;
        Self::invalid(
            "/data",
            format!("would take {number} of {sku} at {location} beyond {range} either way"),
        )
    }
}

/// Which safeguards a person's decision has lifted from a held event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Lifted {
    /// The event's time may lie in the future.
    pub(crate) future: bool,
    /// The level's version does not matter.
    pub(crate) version: bool,
    /// What to do with more than an order still has.
    pub(crate) excess: Excess,
    /// What belongs to an order, or to a transfer, may come without it.
    pub(crate) without_order: bool,
    /// What a person has said of the movements around a count.
    pub(crate) overlap: Option<Overlap>,
}

impl Lifted {
    /// What a held event has behind it when it is decided again: a safeguard holds an event only
    /// after those before it have let it pass, by themselves or by a person's decision.
    fn again() -> Self {
        Self { future: true, ..Self::default() }
    }
}

/// What to do with more than an order still has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Excess {
    /// Ask a person.
    #[default]
    Ask,
    /// Apply what fits.
    Cap,
    /// Apply all of it.
    Anyway,
}

/// Decides an event that came from outside, when the server's clock shows `wall`. What is `held` of
/// its batch stops it before any rule that changes something.
pub(crate) fn decide(
    sight: Sight<'_>,
    event: &Event,
    now: Now,
    wall: Timestamp,
    actor: &str,
    held: Option<Held<'_>>,
) -> Verdict {
    let known = sight.state.known(&event.source, &event.id);
    if let Some(original) = same(known, event) {
        return Verdict::Duplicate(original);
    }
    let mut draft = Draft::new(sight, event, now, actor);
    // The time of recording does not come back with a clock that was ahead for a while.
    draft.came = wall;
    draft.held = held;
    let seq = draft.seq;
    let first = contents::in_force(known);
    let outcome = match (first, held.filter(|held| held.is_certain())) {
        (Some(first), _) => Ok(id_reused(&mut draft, event, first.seq)),
        (None, Some(held)) => Ok(mass_change::hold(&mut draft, held, &event.data, seq)),
        (None, None) => weigh(&mut draft, event, seq, Lifted::default()),
    };
    if let Ok(outcome) = &outcome {
        draft.note_said(event, *outcome);
    }
    match outcome.and_then(|outcome| Ok(draft.finish(outcome)?)) {
        Ok(decision) => Verdict::Record(decision),
        Err(Stop::Duplicate(original)) => Verdict::Duplicate(original),
        Err(Stop::Invalid(errors)) => Verdict::Invalid(errors),
    }
}

/// The same event with the same content (rule 1), if the journal has it already.
pub(crate) fn repeated(sight: Sight<'_>, event: &Event) -> Option<Original> {
    same(sight.state.known(&event.source, &event.id), event)
}

/// The one with the same content, of those that came under the event's name.
fn same(known: &[Known], event: &Event) -> Option<Original> {
    if known.is_empty() {
        return None;
    }
    let fingerprint = Fingerprint::of_event(event);
    let same = known.iter().find(|known| known.fingerprint == fingerprint)?;
    let (source, id) = (event.source.clone(), event.id.clone());
    Some(Original { source, id, seq: same.seq, outcome: same.outcome })
}

/// Contents of one id that its conflict shows, the first one's place in the journal among them.
const CONTENTS_SHOWN_MAX: usize = 10;

/// The same event id with other content (rule 1): no effect, one conflict for the id.
fn id_reused(draft: &mut Draft<'_>, event: &Event, first: u64) -> Outcome {
    let subject = Subject::Event(event.source.clone(), event.id.clone());
    let says = Evidence::at("another content says", describe(event), event.time);
    if let Some(conflict) = draft.conflict_about(&subject).cloned() {
        if conflict.events.len() >= EVENTS_LISTED_MAX {
            // Whatever is decided, it would be refused with all but one of those that are listed.
            let (id, count) = (conflict.id, conflict.events.len());
            draft.reason =
                Some(format!("{id} is about {count} contents of its id: say it under another"));
            draft.conflict = Some(id);
            return Outcome::Rejected;
        }
        let mut evidence = conflict.evidence.clone();
        // Each of them would be refused with a decision for another one.
        if evidence.len() < CONTENTS_SHOWN_MAX {
            evidence.push(says);
        }
        draft.join(&conflict, evidence);
        return Outcome::Conflict;
    }
    let original = EventRef { source: event.source.clone(), id: event.id.clone(), seq: first };
    let evidence = vec![
        Evidence::new("first recorded as", format!("#{first}")),
        Evidence::at("second content says", describe(event), event.time),
    ];
    let about = About { events: vec![original], ..names::about(draft, &event.data) };
    draft.open(ConflictKind::IdReused, about, evidence);
    Outcome::Conflict
}

/// All safeguards after identity, then the rule of the event's type. `seq` is the event's own
/// place in the journal: the present record's, or an earlier one's if it was held back.
fn weigh(draft: &mut Draft<'_>, event: &Event, seq: u64, lifted: Lifted) -> Result<Outcome, Stop> {
    #[cfg(feature = "sim")]
    crate::sim::trap::spring(crate::sim::trap::Phase::Decide, event.id.as_str());
    // The parser says so too, but programs within the house make events without it.
    if let Some(problem) = VersionUse::of(&event.data).problem(event.expected_version.is_some()) {
        return Err(Stop::invalid("/expectedversion", problem));
    }
    kit::refuse_stock(draft, &event.data)?;
    if let Some(outcome) = repeated::rule(draft, event)? {
        return Ok(outcome);
    }
    if !lifted.future && draft.is_in_future(event.time) {
        let ahead_s = event.time.since(draft.came) / crate::time::SECOND_US;
        let evidence = vec![
            Evidence::at("the event's time", event.time, event.time),
            Evidence::new("ahead of the server by", format!("{ahead_s} s")),
        ];
        draft.open(ConflictKind::FutureTime, names::about(draft, &event.data), evidence);
        return Ok(Outcome::Conflict);
    }
    if let Some((name, further)) = names::unknown(draft, event).split_first() {
        return Ok(names::hold(draft, &event.data, (name, further), seq));
    }
    if let Some(held) = draft.held {
        return Ok(mass_change::hold(draft, held, &event.data, seq));
    }
    carry_out(draft, event, seq, lifted)
}

/// The rule of the event's type.
fn carry_out(
    draft: &mut Draft<'_>,
    event: &Event,
    seq: u64,
    lifted: Lifted,
) -> Result<Outcome, Stop> {
    match &event.data {
        EventData::ItemUpserted(data) => catalogue::item(draft, data),
        EventData::LocationUpserted(data) => Ok(catalogue::location(draft, data)),
        EventData::StockAdjusted(data) => stock::adjusted(draft, event, data, lifted),
        EventData::StockReceived(data) => stock::received(draft, event, data, lifted),
        EventData::StockMoved(data) => stock::moved(draft, event, data, lifted),
        EventData::StockSet(data) => stock::set(draft, event, data, lifted),
        EventData::StockCounted(data) => count::counted(draft, event, data, lifted),
        EventData::TransferShipped(data) => transfer::ship(draft, event, data, seq),
        EventData::TransferReceived(data) => transfer::receive(draft, event, data, seq, lifted),
        EventData::OrderPlaced(data) => order::place(draft, data, seq),
        EventData::OrderAmended(data) => order::amend(draft, data, seq, lifted),
        EventData::OrderCancelled(data) => order::cancel(draft, data, seq, lifted),
        EventData::OrderFulfilled(data) => order::fulfil(draft, data, seq, lifted),
        EventData::OrderReturned(data) => order::take_back(draft, data, seq, lifted),
        EventData::ReservationPlaced(data) => reservation::place(draft, data),
        EventData::ReservationReleased(data) => Ok(reservation::release(draft, data)),
        EventData::ReservationConfirmed(data) => Ok(reservation::confirm(draft, data, seq)),
        EventData::ChannelLevelReported(data) => drift::reported(draft, event, data),
        EventData::EventReversed(data) => Ok(reverse::reversed(draft, data)),
        EventData::ReservationExpired(_)
        | EventData::EventReleased(_)
        | EventData::EventOrphaned(_)
        | EventData::ConflictResolved(_) => {
            Err(Stop::invalid("/type", "is an event that only Onhand makes"))
        }
    }
}

/// An event's content in one line, for a person who compares two.
fn describe(event: &Event) -> String {
    const SHOWN_CHARS: usize = 300;
    let data = serde_json::to_string(&event.data).unwrap_or_default();
    let mut text = format!("{} {data}", event.event_type());
    if let Some((end, _)) = text.char_indices().nth(SHOWN_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}
