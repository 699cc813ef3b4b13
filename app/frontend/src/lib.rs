//! The browser's entry point: takes over the page that the server rendered.

use wasm_bindgen::prelude::wasm_bindgen;

/// Hydrates the page. The script that `onhand-site` builds calls it once the wasm is compiled.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(onhand_app::App);
}
