//! Why a person's decision is not taken.

use super::Stop;
use crate::conflict::ResolutionOption as O;

/// Why a resolution is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no open conflict of this id.
    #[error("the conflict is not open")]
    NotOpen,
    /// It changed since the person looked at it.
    #[error("the conflict is at version {now}, not {seen}: look at it again")]
    Changed {
        /// The version now.
        now: u64,
        /// The version that the person saw.
        seen: u64,
    },
    /// The kind of conflict does not offer the option.
    #[error("option {} is not offered: choose one of {offered}", .option.label())]
    NotOffered {
        /// The option asked for.
        option: O,
        /// The options offered, by their names on the wire.
        offered: String,
    },
    /// The option needs a field that is missing or names nothing.
    #[error("{field} {problem}")]
    Needs {
        /// The field.
        field: &'static str,
        /// What would be right.
        problem: &'static str,
    },
    /// A field was given that the option does not take: it would have been passed over.
    #[error("{field} is of no use to option {}, which takes {takes}", .option.as_str())]
    Unused {
        /// The field.
        field: &'static str,
        /// The option asked for.
        option: O,
        /// What it takes.
        takes: String,
    },
    /// Carrying it out would break a limit.
    #[error("{0}")]
    Impossible(String),
}

impl From<Stop> for Refused {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Duplicate(original) => {
                Self::Impossible(format!("it says the same as event #{}", original.seq))
            }
            Stop::Invalid(errors) => {
                let details: Vec<_> = errors.into_iter().map(|error| error.detail).collect();
                Self::Impossible(details.join("; "))
            }
        }
    }
}
