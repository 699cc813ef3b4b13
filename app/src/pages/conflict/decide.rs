//! The decision: one option, a note, and whatever the options need.

use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use onhand::conflict::{CancelledPart, Conflict};
use onhand::wire::conflict::{OptionView, Promise};
use onhand::wire::page::LocationRow;

use super::preview::preview;
use super::{LINES, given};
use crate::api::read::TypedNeeds;
use crate::api::{PageError, RESOLVE};
use crate::ui::form::{Sending, post_form, why_refused};
use crate::ui::icon::{Icon, icon};

/// The form: one option, a note, and whatever the options need.
pub(super) fn decision(
    conflict: &Conflict,
    options: Vec<OptionView>,
    (locations, promises): (Vec<LocationRow>, Vec<Promise>),
    query: &ParamsMap,
) -> AnyView {
    let sending = Sending::new();
    let pending = sending.pending;
    let text = |name: &str| query.get(name).unwrap_or_default();
    let (chosen, note) = (text("option"), text("note"));
    let needs = |name: &str| options.iter().any(|option| option.needs.iter().any(|n| n == name));
    let TypedNeeds { sku, location, lines } = given(query);
    let sku = needs("sku").then(|| sku_field(sku));
    let location = needs("location").then(|| location_field(&location, locations));
    let lines = needs("lines").then(|| lines_field(&lines, promises));
    let asks = options.iter().any(|option| !option.needs.is_empty());
    let try_out = asks.then(|| try_out(format!("/conflicts/{}", conflict.id)));
    let single = options.len() == 1;
    let options = options
        .into_iter()
        .enumerate()
        .map(|(index, option)| option_card(index + 1, option, &chosen, single))
        .collect_view();
    let refused = move |error: PageError| {
        view! {
            <p class="field-error" role="alert">
                {icon(Icon::Warning)}
                {why_refused(error)}
            </p>
        }
        .into_any()
    };
    let fields = view! {
            <div class="stack">
                <input type="hidden" name="id" value=conflict.id.to_string()/>
                <input
                    type="hidden"
                    name="expected_version"
                    value=conflict.version.to_string()
                />
                <fieldset class="options">
                    <legend class="section-title">
                        "What is to be done? "
                        <span class="muted needs-script keys">"Keys 1 to 9 choose."</span>
                    </legend>
                    {options}
                </fieldset>
                <div class="field-row">{sku} {location}</div>
                {lines}
                {note_field(note)}
                {move || sending.refused.get().map(refused)}
                <div class="row">
                    <button
                        type="submit"
                        class="btn btn-primary"
                        aria-disabled=move || pending.get().then_some("true")
                    >
                        {move || if pending.get() { "Resolving" } else { "Resolve" }}
                    </button>
                    {try_out}
                </div>
            </div>
    }
    .into_any();
    post_form(RESOLVE, sending, fields)
}

/// The button that only asks what would follow, at the page's own address.
fn try_out(here: String) -> AnyView {
    view! {
        <button type="submit" class="btn" formmethod="get" formaction=here formnovalidate>
            {icon(Icon::Search)}
            "Show what would follow"
        </button>
    }
    .into_any()
}

/// The field of the form for the note.
fn note_field(note: String) -> AnyView {
    view! {
        <div class="field">
            <label class="field-label" for="note">"Note"</label>
            <input
                class="input"
                id="note"
                name="note"
                value=note
                maxlength="2000"
                aria-describedby="note-hint"
            />
            <p class="field-hint" id="note-hint">
                "Optional: why. It stays with the decision."
            </p>
        </div>
    }
    .into_any()
}

fn option_card(number: usize, option: OptionView, chosen: &str, single: bool) -> AnyView {
    let name = option.option.as_str();
    let checked = single || name == chosen;
    let word = |need: &String| if need == "sku" { "SKU".to_owned() } else { need.clone() };
    let needs: Vec<String> = option.needs.iter().map(word).collect();
    let needs =
        (!needs.is_empty()).then(|| format!("Needs the {} below.", needs.join(" and the ")));
    view! {
        <label class="option">
            <input
                type="radio"
                name="option"
                id=format!("option-{number}")
                value=name
                checked=checked
                required
            />
            <span class="option-title">{option.label}</span>
            <kbd class="kbd needs-script" aria-hidden="true">{number}</kbd>
            <span class="option-preview">{needs} {preview(option.preview, option.problem)}</span>
        </label>
    }
    .into_any()
}

fn sku_field(value: String) -> AnyView {
    view! {
        <div class="field">
            <label class="field-label" for="need-sku">"SKU that is meant"</label>
            <input class="input mono" id="need-sku" name="sku" value=value autocomplete="off"/>
        </div>
    }
    .into_any()
}

fn location_field(value: &str, locations: Vec<LocationRow>) -> AnyView {
    let options = locations
        .into_iter()
        .map(|row| {
            let selected = row.location == value;
            let label = row.name.unwrap_or_else(|| row.location.clone());
            view! { <option value=row.location selected=selected>{label}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label class="field-label" for="need-location">"Location"</label>
            <select class="select" id="need-location" name="location">
                <option value="">"Choose a location"</option>
                {options}
            </select>
        </div>
    }
    .into_any()
}

/// The lines of orders that can be cancelled. Each is sent as JSON, since ids may hold anything.
fn lines_field(chosen: &[String], promises: Vec<Promise>) -> AnyView {
    let none = promises.is_empty().then(|| {
        view! { <p class="field-hint">"No order is promised units here."</p> }
    });
    let lines = promises
        .into_iter()
        .map(|Promise { order, line, quantity }| {
            let label = format!("Order {order}, line {line}: {quantity} promised");
            let part = CancelledPart { order, line, quantity: None };
            let value = serde_json::to_string(&part).unwrap_or_default();
            let checked = chosen.contains(&value);
            view! {
                <label class="check">
                    <input type="checkbox" name=LINES value=value checked=checked/>
                    <span>{label}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="field">
            <legend class="field-label">"Lines to be cancelled"</legend>
            {none} {lines}
        </fieldset>
    }
    .into_any()
}
