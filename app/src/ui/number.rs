//! Numbers: grouped by the reader's locale once the page is hydrated, lit once when they change.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::clock::use_clock;
use crate::format::grouped;

thread_local! {
    static NUMBERS: js_sys::Function =
        js_sys::Intl::NumberFormat::new(&js_sys::Array::new(), &js_sys::Object::new()).format();
}

/// A number as the reader's locale writes it. Only in the browser.
#[expect(clippy::cast_precision_loss, reason = "quantities are below 2^53")]
fn local_number(number: i64) -> String {
    NUMBERS
        .with(|format| format.call1(&JsValue::UNDEFINED, &JsValue::from_f64(number as f64)))
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_else(|| grouped(number))
}

/// A number as text: plain until the page is hydrated, then as the reader's locale has it.
pub fn number_text(value: impl Fn() -> i64 + Send + Sync + 'static) -> impl Fn() -> String {
    let clock = use_clock();
    move || {
        let value = value();
        if clock.hydrated.get() { local_number(value) } else { grouped(value) }
    }
}

/// The same for counts.
pub fn count_text(value: impl Fn() -> u64 + Send + Sync + 'static) -> impl Fn() -> String {
    number_text(move || i64::try_from(value()).unwrap_or(i64::MAX))
}

/// Grows with each change of a value, to light what shows it.
fn changes(value: Signal<i64>) -> RwSignal<u32> {
    let changes = RwSignal::new(0);
    Effect::new(move |before: Option<i64>| {
        let now = value.get();
        if before.is_some_and(|before| before != now) {
            changes.update(|count| *count += 1);
        }
        now
    });
    changes
}

/// Two alike animations: going from one to the other starts it again.
fn flash_class(changes: u32) -> &'static str {
    match changes {
        0 => "live-number",
        odd if odd % 2 == 1 => "live-number flash",
        _ => "live-number flash-alt",
    }
}

/// A number that is lit once when it changes live.
#[component]
pub fn LiveNumber(
    /// The number.
    #[prop(into)]
    value: Signal<i64>,
) -> impl IntoView {
    let changes = changes(value);
    let text = number_text(move || value.get());
    view! {
        <span class=move || flash_class(changes.get()) class:neg=move || value.get() < 0>
            {text}
        </span>
    }
}

/// A table cell with such a number.
#[component]
pub fn NumberCell(
    /// The column, for phones, where each cell names it.
    label: &'static str,
    /// The number.
    #[prop(into)]
    value: Signal<i64>,
) -> impl IntoView {
    view! {
        <td class="num" data-label=label>
            <LiveNumber value/>
        </td>
    }
}
