//! Numbers: grouped by the reader's locale once the page is hydrated, lit once when they change.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::clock::use_clock;
use crate::format::grouped;

thread_local! {
    static NUMBERS: js_sys::Function =
        js_sys::Intl::NumberFormat::new(&js_sys::Array::new(), &js_sys::Object::new()).format();
    static OUR_DIGITS: bool = local_number(987) == "987";
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

/// Whether a number looks the same in the reader's locale, as most do: short, and in our digits.
/// Nothing has to be written anew for it when the page is hydrated.
fn is_plain(number: i64) -> bool {
    (0..1_000).contains(&number) && (cfg!(feature = "ssr") || OUR_DIGITS.with(|ours| *ours))
}

/// A number as text: plain until the page is hydrated, then as the reader's locale has it.
pub fn number_text(value: impl Fn() -> i64 + Send + Sync + 'static) -> impl Fn() -> String {
    let clock = use_clock();
    move || {
        let value = value();
        if is_plain(value) || !clock.hydrated.get() { grouped(value) } else { local_number(value) }
    }
}

/// The same for counts.
pub fn count_text(value: impl Fn() -> u64 + Send + Sync + 'static) -> impl Fn() -> String {
    number_text(move || i64::try_from(value()).unwrap_or(i64::MAX))
}

/// The class of what shows a number, which lights it with each change. Two alike animations: going
/// from one to the other starts it again.
fn number_class(changes: u32, negative: bool) -> &'static str {
    match (changes, negative) {
        (0, false) => "live-number",
        (0, true) => "live-number neg",
        (odd, false) if odd % 2 == 1 => "live-number flash",
        (odd, true) if odd % 2 == 1 => "live-number neg flash",
        (_, false) => "live-number flash-alt",
        (_, true) => "live-number neg flash-alt",
    }
}

/// A number that is lit once when it changes live. A page holds many hundreds of them: each costs
/// the browser a signal and two effects, and no more.
#[component]
pub fn LiveNumber(
    /// The number.
    #[prop(into)]
    value: Signal<i64>,
) -> impl IntoView {
    let text = number_text(move || value.get());
    let (mut before, mut changes) = (None, 0);
    let class = move || {
        let now = value.get();
        changes += u32::from(before.replace(now).is_some_and(|before| before != now));
        number_class(changes, now < 0)
    };
    view! { <span class=class>{text}</span> }
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
