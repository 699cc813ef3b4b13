//! Imports: files of the past, read as events.

pub mod shop_log;
