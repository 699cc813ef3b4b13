//! What waits for another event waits for a limited time. Then a person is asked about it, and it
//! goes on waiting.

use std::rc::Rc;

use super::conflicts::About;
use super::{Answer, Did, Model};
use crate::id::OrderId;
use crate::record::{Outcome, WaitKey};
use crate::time::Now;

impl Model {
    /// An event waits for another one, from now on and for so long.
    pub(super) fn park(&mut self, on: WaitKey, seq: u64) -> Outcome {
        let until = self.uptime.plus_micros(self.settings.orphan_after_us);
        self.waiting.insert((on, seq));
        self.patience.insert(seq, until);
        Outcome::Parked
    }

    /// An event waits no longer, and nobody needs to be asked why it waits for so long.
    pub(super) fn wait_no_longer(&mut self, seq: u64) {
        self.waiting.retain(|(_, waits)| *waits != seq);
        self.woken.remove(&seq);
        self.patience.remove(&seq);
        if let Some(asked) = self.open_about(&About::Orphan(seq, self.order_of(seq))) {
            self.asked[asked].open = false;
        }
    }

    fn order_of(&self, seq: u64) -> Option<OrderId> {
        self.told[&seq].event.data.order().cloned()
    }

    /// The patience with an event may be over.
    pub(super) fn lose_patience(&mut self, seq: u64, now: Now) -> Answer {
        if self.patience.get(&seq).is_none_or(|until| *until > now.uptime) {
            return Answer::NotDue;
        }
        let before = Rc::new(self.clone());
        self.tick(now);
        self.patience.remove(&seq);
        self.become_of(seq, Outcome::Conflict);
        self.ask(About::Orphan(seq, self.order_of(seq)), [seq]);
        let record = self.next_seq();
        self.record(Did::Orphan, seq, Outcome::Conflict, before);
        self.release(now);
        Answer::Recorded(record)
    }
}
