//! Plays seeds one after another, and makes what fails small.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use super::compare::{Watch, play};
use super::generate::history;
use super::history::History;

thread_local! {
    /// The message and place of the last panic.
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A seed that failed.
#[derive(Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The numbers of the steps that it takes.
    pub steps: Vec<usize>,
    /// What was wrong.
    pub message: String,
}

/// Keeps panics quiet; they are reported with their seed.
pub fn catch_panics() {
    set_hook(Box::new(|panic| {
        LAST_PANIC.with(|last| *last.borrow_mut() = panic.to_string());
    }));
}

/// Plays a history; what was wrong, if anything was.
pub fn outcome(history: &History, watch: &mut Watch<'_>) -> Result<usize, String> {
    catch_unwind(AssertUnwindSafe(|| play(history, watch).host.store.journal.len()))
        .map_err(|_| LAST_PANIC.with(|last| last.borrow().clone()))
}

/// Plays a seed; shrinks it, if it fails. Gives the number of records it made.
///
/// # Errors
/// With the smallest part of it that still fails.
pub fn seed(seed: u64) -> Result<usize, Failure> {
    let history = history(seed);
    outcome(&history, &mut |_, _| {}).map_err(|message| shrink(seed, &history, message))
}

/// Drops chunks of steps, ever smaller ones, as long as the rest still fails (delta debugging).
/// Any failure will do: a smaller one of another kind is as good a find.
pub fn shrink(seed: u64, history: &History, message: String) -> Failure {
    let mut steps = history.numbers();
    let mut message = message;
    let mut chunk = steps.len().div_ceil(2).max(1);
    loop {
        let mut dropped = false;
        let mut start = 0;
        while start < steps.len() {
            let end = (start + chunk).min(steps.len());
            let rest = [&steps[..start], &steps[end..]].concat();
            match outcome(&history.only(&rest), &mut |_, _| {}) {
                Err(smaller) => {
                    steps = rest;
                    message = smaller;
                    dropped = true;
                }
                Ok(_) => start = end,
            }
        }
        if chunk == 1 && !dropped {
            return Failure { seed, steps, message };
        }
        chunk = chunk.div_ceil(2).max(1);
    }
}
