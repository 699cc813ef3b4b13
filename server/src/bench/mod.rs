//! Large ledgers to measure on: what a shop might have written in years, made up from the shape of
//! a real shop's log and written by the program's own rules and store. The same seed gives the same
//! ledger, byte for byte in the journal.

pub mod chance;
mod shape;
mod shop;
mod write;

pub use shop::{Plan, Shop, TooFew};
pub use write::{Holds, Written, write};
