//! What a rule that panics leads to (rule 9): the event that it was about is flagged for a person,
//! and the rest goes on.
//!
//! Deciding changes nothing, so a panic there costs nothing but the decision. Applying may break off
//! half-way: then the batch is undone and begun again, the guilty event is flagged without being
//! decided, and the batch ends with it, so that what is decided again is written once.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Characters kept of what a panic says.
const MESSAGE_CHARS_MAX: usize = 300;

/// What a panic is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Culprit {
    /// The input of this index.
    Input(usize),
    /// An event of the group that is the input of this index, by its place there.
    InGroup(usize, usize),
    /// The event of this place in the journal, whose waiting is over.
    Held(u64),
}

/// What could not be handled, and why.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) culprit: Culprit,
    pub(super) message: String,
}

/// Runs something; if it panics, gives what the panic says. Whatever it has changed by then must be
/// given up by the caller.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| message(panic.as_ref()))
}

/// What a panic says, in one line of bounded length.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("it does not say why").chars();
    text.take(MESSAGE_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_panic_says_is_one_line_of_bounded_length() {
        assert_eq!(guarded(|| 3), Ok(3));
        assert_eq!(guarded(|| panic!("a\nb\u{1b}[1m")), Err::<(), _>("a b [1m".to_owned()));
        let long: Result<(), String> = guarded(|| panic!("{}", "ä".repeat(1_000)));
        assert_eq!(long, Err("ä".repeat(MESSAGE_CHARS_MAX)));
        let silent: Result<(), String> = guarded(|| std::panic::panic_any(7));
        assert_eq!(silent, Err("it does not say why".to_owned()));
    }
}
