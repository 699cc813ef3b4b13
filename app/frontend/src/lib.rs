//! Hydrates the pages.
#![allow(unsafe_code)]
use wasm_bindgen::prelude::wasm_bindgen;
/// Called by the page's script.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(onhand_app::App);
}
