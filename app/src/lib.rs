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

pub use pages::{FetchLater, Later, is_later};

use pages::{NotFound, Page};
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
                    <Route path=path!("/") view=Page::Center ssr=SsrMode::Async/>
                    <Route path=path!("/stock") view=Page::Stock ssr=SsrMode::Async/>
                    <Route path=path!("/stock/:sku") view=Page::Later(Later::Sku) ssr=SsrMode::Async/>
                    <Route path=path!("/events") view=Page::Later(Later::Events) ssr=SsrMode::Async/>
                    <Route path=path!("/events/:seq") view=Page::Later(Later::Event) ssr=SsrMode::Async/>
                    <Route path=path!("/conflicts") view=Page::Later(Later::Conflicts) ssr=SsrMode::Async/>
                    <Route path=path!("/conflicts/:id") view=Page::Later(Later::Conflict) ssr=SsrMode::Async/>
                    <Route path=path!("/adjust") view=Page::Later(Later::Adjust) ssr=SsrMode::Async/>
                    <Route path=path!("/channels") view=Page::Later(Later::Channels) ssr=SsrMode::Async/>
                    <Route path=path!("/channels/:id") view=Page::Later(Later::Channel) ssr=SsrMode::Async/>
                    <Route path=path!("/sign-in") view=Page::SignIn ssr=SsrMode::Async/>
                </FlatRoutes>
            </Frame>
        </Router>
    }
}
