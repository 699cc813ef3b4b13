//! The ways in: every source's form of saying that something happened becomes [`onhand::event::Event`]
//! here, verified and well-formed, before it goes to the queue.

pub mod webhooks;
