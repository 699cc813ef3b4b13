//! The proof of the rule book: a seeded simulator that runs the core as the processor does and
//! compares it, step by step, with a second implementation of the rules.

mod check;
pub mod compare;
pub mod generate;
pub mod history;
pub mod host;
pub mod model;
mod past;
pub mod rng;
pub mod run;
pub mod samples;
pub mod spoil;
pub mod store;
pub mod trap;
mod views;
