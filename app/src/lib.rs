//! Pages.
#[cfg(feature = "ssr")]
pub mod backend;

use leptos::prelude::*;
/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    view! { <p>"Onhand"</p> }
}
