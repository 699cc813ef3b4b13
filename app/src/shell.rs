//! The HTML document around the pages, as the server sends it.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;
use leptos_router::location::RequestUrl;

use crate::{App, is_later};

/// The name of the cookie that keeps a person's choice of theme.
pub const THEME_COOKIE: &str = "onhand_theme";

/// URL paths of the website's files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assets {
    /// The stylesheet.
    pub css: String,
    /// The module script, which loads the wasm and hydrates the page by itself.
    pub js: String,
    /// The wasm module.
    pub wasm: String,
    /// The second wasm module, for the pages that need it.
    pub later: String,
    /// The font of the first paint.
    pub font: String,
}

/// The colours a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The theme of this name; anything unknown follows the system.
    pub fn from_name(name: &str) -> Self {
        match name {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// The theme that a `Cookie` header asks for.
    pub fn from_cookies(header: &str) -> Self {
        let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs
            .filter(|(name, _)| *name == THEME_COOKIE)
            .map(|(_, value)| Self::from_name(value))
            .next_back()
            .unwrap_or_default()
    }

    /// The value of `data-theme`; none follows the system.
    pub const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

/// Lets the browser fetch a wasm module before the script asks for it.
fn preload_wasm(href: String) -> AnyView {
    view! {
        <link
            rel="preload"
            href=href
            r#as="fetch"
            r#type="application/wasm"
            crossorigin="anonymous"
        />
    }
    .into_any()
}

/// Whether the page that is asked for needs the second module to become live.
fn later_is_needed() -> bool {
    let url = use_context::<RequestUrl>();
    let url = url.and_then(|url| url.parse().ok());
    url.is_some_and(|url| is_later(url.path()))
}

/// The whole document. Scripts carry the nonce of the response, which the server provides in the
/// context; without files of the website the pages are plain HTML.
pub fn shell(assets: &Assets, theme: Theme) -> impl IntoView + use<> {
    let nonce = use_nonce();
    let later = later_is_needed().then(|| preload_wasm(assets.later.clone()));
    let scripts = (!assets.js.is_empty()).then(|| {
        view! {
            <link rel="modulepreload" href=assets.js.clone() nonce=nonce.clone()/>
            {preload_wasm(assets.wasm.clone())}
            {later}
            <script type="module" src=assets.js.clone() nonce=nonce.clone()></script>
        }
    });
    let style = (!assets.css.is_empty()).then(|| {
        view! {
            <link rel="stylesheet" href=assets.css.clone()/>
            // The stylesheet names it too, but then the text has been drawn without it already.
            <link
                rel="preload"
                href=assets.font.clone()
                r#as="font"
                r#type="font/woff2"
                crossorigin="anonymous"
            />
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.attribute()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href="/icon.svg" r#type="image/svg+xml"/>
                <link rel="apple-touch-icon" href="/apple-touch-icon.png"/>
                <link rel="manifest" href="/manifest.webmanifest"/>
                {style}
                {scripts}
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_theme_comes_from_the_cookie() {
        assert_eq!(Theme::from_cookies("a=b; onhand_theme=dark"), Theme::Dark);
        assert_eq!(Theme::from_cookies("onhand_theme=light"), Theme::Light);
        assert_eq!(Theme::from_cookies("onhand_theme=<script>"), Theme::System);
        assert_eq!(Theme::from_cookies(""), Theme::System);
        assert_eq!(Theme::System.attribute(), None);
    }
}
