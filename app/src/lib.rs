//! Onhand's pages: rendered by the server, hydrated in the browser, live over one websocket.

pub mod api;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod format;
pub mod live;
mod shell;

pub use shell::{Assets, THEME_COOKIE, Theme, shell};

use leptos::prelude::*;

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    view! { <p>"Onhand"</p> }
}
