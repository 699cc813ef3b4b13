//! A history: what sources say and people decide, in the order in which it reaches the processor.
//! It does not depend on what becomes of it, so that any part of it is a history too.

use std::collections::BTreeSet;
use std::fmt;

use crate::event::Event;
use crate::id::{EventId, LocationId, Sku};
use crate::state::Settings;
use crate::time::{SECOND_US, Timestamp, Uptime};

/// How the ids of events begin on which a rule breaks off.
pub const POISON: &str = "poison-";

/// A history.
#[derive(Debug, Clone)]
pub struct History {
    /// The settings of the ledger.
    pub settings: Settings,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// Something that reaches the processor.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its number in the whole history, also where only a part of that is played.
    pub number: usize,
    /// What the server's clock shows.
    pub wall: Timestamp,
    /// How long the ledger has been served.
    pub uptime: Uptime,
    /// Whether what has come due by then is recorded after the step, not before it.
    pub due_last: bool,
    /// Whether it travels in the same batch as the step before.
    pub joins: bool,
    /// What it is.
    pub act: Act,
}

/// What can reach the processor.
#[derive(Debug, Clone)]
pub enum Act {
    /// A source says something.
    Tell {
        /// What it says.
        event: Event,
        /// How far the version that it has seen is from the current one, if it says one.
        seen: Option<i64>,
    },
    /// The event of an earlier step comes again, to the letter.
    Again(usize),
    /// A source asks to take back what Onhand itself has recorded, a decision mostly.
    TakeBack {
        /// The request, but for the name of what it is about.
        event: Event,
        /// Which of these records, counted from the newest.
        back: usize,
    },
    /// A person decides on one of the open conflicts.
    Decide(Decide),
    /// The rules are mended that break off on events.
    Mend,
}

/// A person's decision, before it is known what there is to decide.
#[derive(Debug, Clone)]
pub struct Decide {
    /// Which of the open conflicts, counted from the newest.
    pub which: usize,
    /// Which of its options.
    pub option: usize,
    /// Whether the person saw an older version of the conflict.
    pub stale: bool,
    /// The item they name where one is needed.
    pub sku: Sku,
    /// The location they name where one is needed.
    pub location: LocationId,
}

impl History {
    /// The steps of these numbers alone.
    #[must_use]
    pub fn only(&self, numbers: &[usize]) -> Self {
        let kept = self.steps.iter().filter(|step| numbers.contains(&step.number));
        Self { settings: self.settings, steps: kept.cloned().collect() }
    }

    /// The events on which a rule breaks off, as long as it is not mended.
    pub fn poisonous(&self) -> BTreeSet<EventId> {
        let events = self.steps.iter().filter_map(|step| match &step.act {
            Act::Tell { event, .. } | Act::TakeBack { event, .. } => Some(&event.id),
            Act::Again(_) | Act::Decide(_) | Act::Mend => None,
        });
        events.filter(|id| id.as_str().starts_with(POISON)).cloned().collect()
    }

    /// The numbers of its steps.
    pub fn numbers(&self) -> Vec<usize> {
        self.steps.iter().map(|step| step.number).collect()
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, wall, uptime, due_last, joins, act } = self;
        write!(f, "{}{number:>4} at {wall} ", if *joins { "+" } else { " " })?;
        let due = if *due_last { ", what is due comes last" } else { "" };
        write!(f, "(served {} s{due}) ", uptime.micros() / SECOND_US)?;
        match act {
            Act::Tell { event, seen } => {
                let data = serde_json::to_string(&event.data).unwrap_or_default();
                let (source, id, kind) = (&event.source, &event.id, event.event_type());
                write!(f, "{source}/{id} {kind} time {} {data}", event.time)?;
                seen.map_or(Ok(()), |seen| write!(f, " (expects the version {seen:+})"))
            }
            Act::TakeBack { event, back } => {
                let (source, id) = (&event.source, &event.id);
                write!(f, "{source}/{id} takes back Onhand's own record, {back} from the end")
            }
            Act::Again(earlier) => write!(f, "step {earlier} again"),
            Act::Decide(decide) => write!(f, "{decide:?}"),
            Act::Mend => write!(f, "the rules are mended"),
        }
    }
}
