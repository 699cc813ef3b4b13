//! Ways in.

#[path = "../../src/intake/events.rs"]
pub mod events;
#[path = "../../src/intake/webhooks/mod.rs"]
pub mod webhooks;
