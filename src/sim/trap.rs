//! Rules that fail on purpose: what a panic in the processor leads to can only be shown if there is
//! one. Traps exist in builds for tests alone; what is not named by one is not touched.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::id::EventId;

/// Where it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// When it is found out what has to be loaded for an event.
    Load,
    /// When an event is decided.
    Decide,
    /// When the passing of time brings something about.
    Time,
    /// Half-way through applying what was decided.
    Apply,
}

/// A trap for events of one id, or for the reservation of one id. Dropped, it is gone.
#[derive(Debug)]
pub struct Trap {
    phase: Phase,
    id: String,
}

/// How many traps are set: usually none, and then nothing is looked up.
static SET: AtomicUsize = AtomicUsize::new(0);
static TRAPS: Mutex<Vec<(Phase, String)>> = Mutex::new(Vec::new());

thread_local! {
    /// The events of which deciding fails on this thread: those of the history that it plays.
    static OWN: RefCell<BTreeSet<EventId>> = const { RefCell::new(BTreeSet::new()) };
}

/// Makes deciding fail on this thread for events of these ids, and for no others from now on.
pub fn set_on_this_thread(ids: BTreeSet<EventId>) {
    OWN.with(|own| *own.borrow_mut() = ids);
}

/// What a rule says that fails on purpose.
pub const MESSAGE: &str = "a rule fails on purpose";

impl Trap {
    /// Sets a trap. Tests run side by side, so the id must be of this test alone.
    pub fn set(phase: Phase, id: &str) -> Self {
        TRAPS.lock().unwrap_or_else(PoisonError::into_inner).push((phase, id.to_owned()));
        SET.fetch_add(1, Ordering::SeqCst);
        Self { phase, id: id.to_owned() }
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        let mut traps = TRAPS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = traps.iter().position(|it| *it == (self.phase, self.id.clone())) {
            traps.swap_remove(place);
            SET.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Fails if there is a trap for this.
///
/// # Panics
/// Then.
pub(crate) fn spring(phase: Phase, id: &str) {
    let own = |own: &RefCell<BTreeSet<EventId>>| own.borrow().iter().any(|it| it.as_str() == id);
    assert!(phase != Phase::Decide || !OWN.with(own), "{MESSAGE}");
    if SET.load(Ordering::SeqCst) == 0 {
        return;
    }
    let is_set = {
        let traps = TRAPS.lock().unwrap_or_else(PoisonError::into_inner);
        traps.iter().any(|(at, of)| *at == phase && of == id)
    };
    assert!(!is_set, "{MESSAGE}");
}
