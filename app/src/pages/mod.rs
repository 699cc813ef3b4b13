//! The pages, one file each.

mod adjust;
mod channel;
mod channels;
mod conflict;
mod conflicts;
mod event;
mod events;
mod not_found;
mod overview;
mod sign_in;
mod sku;
mod stock;
mod why;

pub use not_found::NotFound;

use std::pin::Pin;

use leptos::prelude::*;
use leptos_router::ChooseView;
use onhand::conflict::Conflict;

/// A page, as a route takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The command center.
    Center,
    /// The stock.
    Stock,
    /// The sign-in page.
    SignIn,
    /// Any other.
    Later(Later),
}

/// A page whose code the browser gets in a second file: it is seldom the first that a person opens,
/// and those need not wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// One SKU.
    Sku,
    /// The journal.
    Events,
    /// One event.
    Event,
    /// The conflicts.
    Conflicts,
    /// One conflict.
    Conflict,
    /// The form for warehouse staff.
    Adjust,
    /// The channels.
    Channels,
    /// One channel.
    Channel,
}

impl Later {
    /// The page. In the browser only the second file may call this.
    pub fn show(self) -> AnyView {
        match self {
            Self::Sku => sku::sku_page(),
            Self::Events => events::events_page(),
            Self::Event => event::event_page(),
            Self::Conflicts => conflicts::conflicts_page(),
            Self::Conflict => conflict::conflict_page(),
            Self::Adjust => adjust::adjust_stock(),
            Self::Channels => channels::channels_page(),
            Self::Channel => channel::channel_page(),
        }
    }
}

/// Whether the page at this path needs the second file.
pub fn is_later(path: &str) -> bool {
    !matches!(path, "/" | "/stock" | "/sign-in")
}

/// A page that comes as soon as the second file is there; `None` if it cannot be loaded.
pub type Coming = Pin<Box<dyn Future<Output = Option<AnyView>>>>;

/// How the browser gets a page out of the second file, which it loads if it has to.
#[derive(Debug, Clone, Copy)]
pub struct FetchLater(pub fn(Later) -> Coming);

impl ChooseView for Page {
    async fn choose(self) -> AnyView {
        match self {
            Self::Center => overview::command_center(),
            Self::Stock => stock::stock_page(),
            Self::SignIn => sign_in::sign_in(),
            Self::Later(page) => show_later(page).await,
        }
    }

    async fn preload(&self) {}
}

#[cfg(feature = "ssr")]
fn show_later(page: Later) -> impl Future<Output = AnyView> {
    std::future::ready(page.show())
}

#[cfg(not(feature = "ssr"))]
async fn show_later(page: Later) -> AnyView {
    let FetchLater(fetch) = expect_context();
    let page = fetch(page).await;
    page.unwrap_or_else(|| crate::ui::state::page_error(&crate::api::PageError::Unreachable))
}

/// The head of a page: what it is, and what can be done here.
fn page_head(title: AnyView, sub: AnyView, actions: Option<AnyView>) -> AnyView {
    let actions = actions.map(|actions| view! { <div class="page-actions">{actions}</div> });
    view! {
        <div class="page-head">
            <div>
                <h1 class="page-title">{title}</h1>
                <p class="page-sub">{sub}</p>
            </div>
            {actions}
        </div>
    }
    .into_any()
}

/// What a conflict's row in a list stands for: another version of it is another row.
fn conflict_key(conflict: &Conflict) -> String {
    format!("{} {}", conflict.id, conflict.version)
}
