//! The browser's entry point: takes over the page that the server rendered.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_split::{SplitLoaderError, wasm_split};
use onhand_app::{App, FetchLater, Later, is_later};
use wasm_bindgen::prelude::{JsError, wasm_bindgen};

/// How long a page is left alone before the other pages are fetched.
const PAUSE: Duration = Duration::from_secs(1);

/// Where the program is split: what only this needs comes in a second file.
#[wasm_split(later, wasm_split_path = leptos::wasm_split, fallible, preload(fetch_later))]
#[allow(clippy::unnecessary_wraps, reason = "loading it may fail, as the macro adds")]
fn show_later(page: Later) -> Result<AnyView, SplitLoaderError> {
    Ok(page.show())
}

/// Hydrates the page. The script that `onhand-site` builds calls it once the wasm is compiled.
///
/// # Errors
/// When the page needs the second file and it cannot be loaded.
#[wasm_bindgen]
pub async fn hydrate() -> Result<(), JsError> {
    if is_later(&window().location().pathname().unwrap_or_default()) {
        fetch_later().await?;
    }
    leptos::mount::hydrate_body(|| {
        provide_context(FetchLater(|page| Box::pin(async move { show_later(page).await.ok() })));
        App()
    });
    let prepare = || {
        spawn_local(async {
            // Whoever opens one of the pages then tries again.
            let _ = fetch_later().await;
        });
    };
    set_timeout(prepare, PAUSE);
    Ok(())
}
