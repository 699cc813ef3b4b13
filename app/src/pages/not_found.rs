//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::PageError;
use crate::ui::state::page_error;

/// The page for addresses that no other page has.
#[component]
pub fn NotFound() -> impl IntoView {
    #[cfg(feature = "ssr")]
    crate::api::set_status(http::StatusCode::NOT_FOUND);
    view! {
        <Title text="Not found"/>
        <h1 class="visually-hidden">"Not found"</h1>
        {page_error(&PageError::NotFound)}
    }
    .into_any()
}
