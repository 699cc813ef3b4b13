//! Onhand's pages: rendered by the server, hydrated in the browser, live over one websocket.
//!
//! The server renders [`shell`] around [`App`] and puts a `backend::BackendHandle` into the
//! context of each request; without JavaScript every page is complete and every form works. The
//! browser hydrates [`App`], and [`live`] keeps its numbers true from then on.

pub mod api;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod format;
pub mod live;
mod pages;
mod shell;
mod ui;

pub use shell::{Assets, THEME_COOKIE, Theme, shell};

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;

use pages::{
    AdjustStock, Channel, Channels, CommandCenter, ConflictPage, Conflicts, Events, NotFound,
    SignIn, SkuDetail, Stock,
};
use ui::frame::Frame;

/// Every page behind its address. All of them are sent whole, so that they need no script.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    ui::session::provide_session();
    ui::clock::provide_clock();
    live::provide_live();
    ui::frame::focus_search_on_slash();
    view! {
        <Title formatter=|text| format!("{text} · Onhand")/>
        <Router>
            <Frame>
                <FlatRoutes fallback=NotFound>
                    <Route path=path!("/") view=CommandCenter ssr=SsrMode::Async/>
                    <Route path=path!("/stock") view=Stock ssr=SsrMode::Async/>
                    <Route path=path!("/stock/:sku") view=SkuDetail ssr=SsrMode::Async/>
                    <Route path=path!("/events") view=Events ssr=SsrMode::Async/>
                    <Route path=path!("/conflicts") view=Conflicts ssr=SsrMode::Async/>
                    <Route path=path!("/conflicts/:id") view=ConflictPage ssr=SsrMode::Async/>
                    <Route path=path!("/adjust") view=AdjustStock ssr=SsrMode::Async/>
                    <Route path=path!("/channels") view=Channels ssr=SsrMode::Async/>
                    <Route path=path!("/channels/:id") view=Channel ssr=SsrMode::Async/>
                    <Route path=path!("/sign-in") view=SignIn ssr=SsrMode::Async/>
                </FlatRoutes>
            </Frame>
        </Router>
    }
}
