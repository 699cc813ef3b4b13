//! The live store: one websocket per tab keeps every number on the screen true.
//!
//! [`machine`] decides when to connect, wait, resync or give up; [`book`] decides what a frame
//! changes. Both are pure and tested natively. [`socket`] is the browser's websocket around them,
//! and [`store`] holds the signals that views read.

pub mod book;
mod frame;
pub mod machine;
mod recent;
mod socket;
mod store;
mod tally;

pub use machine::Status;
pub use store::{Live, provide_live, use_live};
