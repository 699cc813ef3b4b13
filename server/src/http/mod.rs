//! Everything that answers over HTTP.

pub mod api;
pub mod assets;
pub mod body;
pub mod health;
pub mod input;
pub mod limits;
pub mod listener;
pub mod metrics;
pub mod params;
pub mod problem;
pub mod router;
pub mod security;
pub mod typed;
