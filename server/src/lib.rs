//! The server.

pub mod clock;
pub mod config;
pub mod control;
pub mod http;
pub mod intake;
pub mod processor;
pub mod store;
