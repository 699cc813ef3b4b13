//! The server's tests: one binary, the real parts.
#![expect(clippy::unwrap_used, reason = "a test may fail wherever it likes")]

mod accounts;
mod bad_input;
mod bench;
mod crash;
mod disk;
mod drift;
mod events;
mod evolution;
mod faults;
mod history;
mod hooks;
mod identity;
mod listings;
mod lists;
mod live;
mod mass_changes;
mod metrics;
mod orphans;
mod pages;
mod poison;
mod program;
mod real;
mod reservations;
mod reversals;
mod rights;
mod security;
mod sessions;
mod shortages;
mod sim;
mod store;
mod support;
mod sync;
mod transfers;
