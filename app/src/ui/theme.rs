//! The switch between the system's colours, light and dark. Without JavaScript the system's hold.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::icon::{Icon, icon};
use super::reactive::effect;
use crate::shell::{THEME_COOKIE, Theme};

/// How long the choice is kept: a year.
const COOKIE_MAX_AGE_S: u32 = 31_536_000;

/// Sets the theme now and for the next visits.
fn choose(theme: Theme) {
    let document = document();
    if let Some(root) = document.document_element() {
        // Only an attribute name with invalid characters is refused.
        let _ = match theme.attribute() {
            Some(name) => root.set_attribute("data-theme", name),
            None => root.remove_attribute("data-theme"),
        };
    }
    let name = theme.attribute().unwrap_or("system");
    if let Ok(document) = document.dyn_into::<web_sys::HtmlDocument>() {
        let cookie =
            format!("{THEME_COOKIE}={name}; Path=/; Max-Age={COOKIE_MAX_AGE_S}; SameSite=Lax");
        // A browser without cookies keeps the choice for this page.
        let _ = document.set_cookie(&cookie);
    }
}

fn chosen() -> Theme {
    let root = document().document_element();
    root.and_then(|root| root.get_attribute("data-theme"))
        .map_or(Theme::System, |name| Theme::from_name(&name))
}

/// The switch: from the system's colours to light to dark and back.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new(Theme::System);
    effect(move || theme.set(chosen()));
    let next = move |_| {
        let next = match theme.get_untracked() {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        };
        choose(next);
        theme.set(next);
    };
    let name = move || match theme.get() {
        Theme::System => "Theme: system",
        Theme::Light => "Theme: light",
        Theme::Dark => "Theme: dark",
    };
    view! {
        <button type="button" class="menu-item needs-script" on:click=next>
            {icon(Icon::Theme)}
            <span>{name}</span>
        </button>
    }
    .into_any()
}
