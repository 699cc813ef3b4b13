//! Timers as part of the state, in a defined order, so that a replay has them too.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::Timer;
use crate::time::Uptime;

/// Which timers are due when.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schedule {
    in_order: BTreeSet<(Uptime, Timer)>,
    times: BTreeMap<Timer, Uptime>,
}

impl Schedule {
    /// Makes a timer due at a time, or settles it; gives back when it was due.
    pub(crate) fn set(&mut self, what: &Timer, at: Option<Uptime>) -> Option<Uptime> {
        let before = self.times.remove(what);
        if let Some(before) = before {
            self.in_order.remove(&(before, what.clone()));
        }
        if let Some(at) = at {
            self.times.insert(what.clone(), at);
            self.in_order.insert((at, what.clone()));
        }
        before
    }

    /// When a timer is due.
    pub fn time_of(&self, what: &Timer) -> Option<Uptime> {
        self.times.get(what).copied()
    }

    /// The timers, in the order in which they are due.
    pub fn iter(&self) -> impl Iterator<Item = (Uptime, &Timer)> {
        self.in_order.iter().map(|(at, what)| (*at, what))
    }

    /// Whether there is no timer.
    pub fn is_empty(&self) -> bool {
        self.in_order.is_empty()
    }
}
