//! Parts that several pages are put together from.

pub mod badge;
pub mod chart;
pub mod clock;
pub mod event;
pub mod feed;
pub mod form;
pub mod frame;
pub mod icon;
pub mod level;
pub mod number;
pub mod reactive;
pub mod session;
pub mod state;
pub mod theme;
