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

pub use adjust::adjust_stock;
pub use channel::channel_page;
pub use channels::channels_page;
pub use conflict::conflict_page;
pub use conflicts::conflicts_page;
pub use event::event_page;
pub use events::events_page;
pub use not_found::NotFound;
pub use overview::command_center;
pub use sign_in::sign_in;
pub use sku::sku_page;
pub use stock::stock_page;

use leptos::prelude::*;
use onhand::conflict::Conflict;

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
