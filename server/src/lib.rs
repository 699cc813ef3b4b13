//! The server.

pub mod clock;
pub mod http;
pub mod intake;
pub mod processor;
pub mod store;
