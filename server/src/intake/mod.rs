//! Every way in: verify, validate, hand to the queue, wait for the outcome.

pub mod events;
pub mod hooks;
pub mod submit;
pub mod webhooks;
