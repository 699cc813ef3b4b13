//! One ticking clock for every relative time on the page, and the moment from which the reader's
//! locale may be used.

use std::time::Duration;

use leptos::prelude::*;
use onhand::time::Timestamp;
use wasm_bindgen::JsValue;

use super::reactive::effect;
use crate::format::{ago, plain_time, until};

/// How often relative times are written anew.
const TICK_MS: u64 = 1_000;

/// The page's clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Microseconds since 1970 by the browser's clock; `None` on the server and while hydrating.
    pub now_us: RwSignal<Option<i64>>,
    /// Whether the page is hydrated. Unlike `now_us` it changes only once.
    pub hydrated: RwSignal<bool>,
}

/// The present moment by the browser's clock. Only to be called in the browser.
#[expect(clippy::cast_possible_truncation, reason = "microseconds since 1970 fit into 63 bits")]
pub fn browser_now_us() -> i64 {
    (js_sys::Date::now() * 1_000.0) as i64
}

/// Puts a clock into the context; it begins to tick in the browser.
pub fn provide_clock() -> Clock {
    let clock = Clock { now_us: RwSignal::new(None), hydrated: RwSignal::new(false) };
    provide_context(clock);
    effect(move || {
        clock.hydrated.set(true);
        clock.now_us.set(Some(browser_now_us()));
        // It ticks as long as the page is open, so the handle is not kept.
        let _ = set_interval_with_handle(
            move || clock.now_us.set(Some(browser_now_us())),
            Duration::from_millis(TICK_MS),
        );
    });
    clock
}

/// The page's clock.
pub fn use_clock() -> Clock {
    expect_context()
}

thread_local! {
    static DATES: js_sys::Intl::DateTimeFormat = {
        let options = js_sys::Object::new();
        for (name, value) in [("dateStyle", "medium"), ("timeStyle", "medium")] {
            // Setting a member of a plain object does not fail.
            let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
        }
        js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &options)
    };
}

/// A moment in the reader's language and zone. Only in the browser.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit into 53 bits")]
fn local_time(at: Timestamp) -> String {
    let date = js_sys::Date::new(&JsValue::from_f64(at.micros() as f64 / 1_000.0));
    DATES
        .with(|format| format.format().call1(&JsValue::UNDEFINED, &date))
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_else(|| plain_time(at))
}

/// How long ago something was, with the exact time on hover and for screen readers. Before
/// hydration the exact time in UTC.
#[component]
pub fn Time(
    /// The moment.
    #[prop(into)]
    at: Signal<Timestamp>,
    /// Whether it lies ahead, as the next attempt does.
    #[prop(optional)]
    ahead: bool,
) -> impl IntoView {
    let clock = use_clock();
    let relative = if ahead { until } else { ago };
    let exact = move || {
        let at = at.get();
        if clock.hydrated.get() { local_time(at) } else { format!("{} UTC", plain_time(at)) }
    };
    let shown = move || {
        let at = at.get();
        clock.now_us.get().map_or_else(|| plain_time(at), |now| relative(at, now))
    };
    view! {
        <time datetime=move || at.get().to_string() title=exact>
            {shown}
        </time>
    }
}
