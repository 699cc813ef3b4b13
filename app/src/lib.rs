//! Onhand's pages: rendered by the server, hydrated in the browser, live over one websocket.
//!
//! The server renders [`shell`] around [`App`] and puts a `backend::BackendHandle` into the
//! context of each request; without JavaScript every page is complete and every form works. The
//! browser hydrates [`App`], and [`live`] keeps its numbers true from then on.

pub mod api;
#[cfg(feature = "ssr")]
pub mod backend;
pub mod format;
mod json;
pub mod live;
mod pages;
mod shell;
mod sort;
mod ui;

pub use shell::{Assets, THEME_COOKIE, Theme, shell};

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::SsrMode;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::path;

use pages::{
    NotFound, adjust_stock, channel_page, channels_page, command_center, conflict_page,
    conflicts_page, event_page, events_page, sign_in, sku_page, stock_page,
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
                    <Route path=path!("/") view=page(command_center) ssr=SsrMode::Async/>
                    <Route path=path!("/stock") view=page(stock_page) ssr=SsrMode::Async/>
                    <Route path=path!("/stock/:sku") view=page(sku_page) ssr=SsrMode::Async/>
                    <Route path=path!("/events") view=page(events_page) ssr=SsrMode::Async/>
                    <Route path=path!("/events/:seq") view=page(event_page) ssr=SsrMode::Async/>
                    <Route path=path!("/conflicts") view=page(conflicts_page) ssr=SsrMode::Async/>
                    <Route path=path!("/conflicts/:id") view=page(conflict_page) ssr=SsrMode::Async/>
                    <Route path=path!("/adjust") view=page(adjust_stock) ssr=SsrMode::Async/>
                    <Route path=path!("/channels") view=page(channels_page) ssr=SsrMode::Async/>
                    <Route path=path!("/channels/:id") view=page(channel_page) ssr=SsrMode::Async/>
                    <Route path=path!("/sign-in") view=page(sign_in) ssr=SsrMode::Async/>
                </FlatRoutes>
            </Frame>
        </Router>
    }
}

/// A page as a route takes it. All pages are of this one type, so that the browser's copy holds the
/// machinery of choosing and showing a page once instead of once a page.
const fn page(show: fn() -> AnyView) -> fn() -> AnyView {
    show
}
