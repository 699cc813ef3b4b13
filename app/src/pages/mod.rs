//! The pages, one file each.

mod adjust;
mod channel;
mod channels;
mod conflict;
mod conflicts;
mod events;
mod not_found;
mod overview;
mod sign_in;
mod sku;
mod stock;

pub use adjust::AdjustStock;
pub use channel::Channel;
pub use channels::Channels;
pub use conflict::ConflictPage;
pub use conflicts::Conflicts;
pub use events::Events;
pub use not_found::NotFound;
pub use overview::CommandCenter;
pub use sign_in::SignIn;
pub use sku::SkuDetail;
pub use stock::Stock;

use leptos::prelude::*;

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
