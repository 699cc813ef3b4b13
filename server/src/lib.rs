//! The server.

pub mod auth;
pub mod bench;
pub mod cli;
pub mod clock;
pub mod config;
pub mod conflicts;
pub mod control;
pub mod demo;
pub mod history;
pub mod http;
pub mod import;
pub mod intake;
#[cfg(unix)]
pub mod limits;
pub mod live;
pub mod lock;
pub mod metrics;
pub mod pages;
pub mod processor;
pub mod server;
pub mod shutdown;
pub mod simshop;
pub mod state;
pub mod store;
pub mod sync;
pub mod telemetry;
#[cfg(test)]
mod test_ledger;
pub mod verify;
