//! The deterministic core of Onhand: what an event means for stock, and nothing else.
//!
//! [`ledger::Ledger`] takes one event after another. For each, `decide` looks at the state and
//! says what becomes of it, and `apply` changes the state accordingly. There is no I/O here, no
//! clock, no randomness and no float: the same events at the same times always give the same
//! journal, which is why a replay can be compared bit by bit.

mod apply;
pub mod business_fact;
pub mod conflict;
mod decide;
pub mod digest;
mod document;
pub mod event;
pub mod history;
pub mod id;
pub mod journal;
pub mod ledger;
pub mod order;
pub mod orphan;
pub mod policy;
pub mod publication;
pub mod quantity;
pub mod record;
pub mod reservation;
#[cfg(feature = "sim")]
pub mod sim;
pub mod state;
pub mod time;
pub mod transfer;
pub mod wire;
