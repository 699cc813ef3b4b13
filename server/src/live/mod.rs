//! The live side: every browser and program that watches sees each durable change at once.
//!
//! [`hub`] takes each batch once and encodes it once; a [`ring`] keeps the last changes; a
//! [`mailbox`] is one connection's place among them; a [`snapshot`] is where it begins; [`session`]
//! speaks the protocol (contract.md section 7) over a [`socket`].

pub mod bye;
pub mod change;
pub mod channels;
pub mod frame;
pub mod hub;
pub mod mailbox;
pub mod ring;
pub mod session;
pub mod snapshot;
pub mod socket;
pub mod subscription;

pub use hub::{Hub, LiveStats};
pub use snapshot::{ChannelView, Snapshots};
