//! Receiving, counting and adjusting, made for a thumb: large targets, the result always in view.

use leptos::html;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use onhand::record::Outcome;
use onhand::wire::live::EventRow;
use onhand::wire::page::{AdjustPage, LocationRow, Role};
use onhand::wire::stock::{LevelRow, StockPage};

use super::page_head;
use crate::api::read::{Ask, fetch};
use crate::api::{ADJUST, At, PageError};
use crate::format::grouped;
use crate::live::use_live;
use crate::ui::badge::outcome_badge;
use crate::ui::event::{about, effect_words, event_href, what};
use crate::ui::feed::feed_row;
use crate::ui::form::{Sending, post_form, why_refused};
use crate::ui::icon::{Icon, icon};
use crate::ui::reactive::{effect, memo};
use crate::ui::session::use_session;
use crate::ui::state::{ask, loaded, page_error};

/// What can be posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Action {
    #[default]
    Receive,
    Count,
    Adjust,
}

impl Action {
    const ALL: [Self; 3] = [Self::Receive, Self::Count, Self::Adjust];

    const fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Count => "count",
            Self::Adjust => "adjust",
        }
    }

    fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|action| action.name() == name).unwrap_or_default()
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Receive => "Receive",
            Self::Count => "Count",
            Self::Adjust => "Adjust",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Receive => Icon::Receive,
            Self::Count => Icon::Count,
            Self::Adjust => Icon::Adjust,
        }
    }

    /// What `on_hand` will be after it, if the quantity is one.
    fn after(self, on_hand: i64, quantity: &str) -> Option<i64> {
        let quantity: i64 = quantity.trim().trim_start_matches('+').parse().ok()?;
        match self {
            Self::Receive => (quantity > 0).then(|| on_hand.checked_add(quantity))?,
            Self::Count => (quantity >= 0).then_some(quantity),
            Self::Adjust => (quantity != 0).then(|| on_hand.checked_add(quantity))?,
        }
    }
}

/// The form.
pub fn adjust_stock() -> AnyView {
    view! { <Title text="Adjust stock"/> {allowed()} }.into_any()
}

fn allowed() -> AnyView {
    if !use_session().may(Role::Warehouse) {
        return page_error(&PageError::Forbidden);
    }
    let query = use_query_map();
    // Each outcome of the form changes the query: a fresh form with a fresh event id is read.
    let page = ask(Signal::derive(move || Ask::Adjust { outcome: query.get().to_query_string() }));
    view! {
        <div class="thumb stack">
            {page_head(
                "Adjust stock".into_any(),
                "Scan or type; sending twice counts once.".into_any(),
                None,
            )}
            {loaded(page, move |at| form(at, &query.get_untracked()))}
        </div>
    }
    .into_any()
}

/// What was typed, as signals, so that the level before and after can follow.
#[derive(Clone, Copy)]
struct Typed {
    action: RwSignal<Action>,
    sku: RwSignal<String>,
    location: RwSignal<String>,
    quantity: RwSignal<String>,
}

fn form(at: At<AdjustPage>, query: &ParamsMap) -> AnyView {
    let page = at.data;
    let text = |name: &str| query.get(name).unwrap_or_default();
    let only = match page.locations.as_slice() {
        [only] => only.location.clone(),
        _ => String::new(),
    };
    let location = Some(text("location")).filter(|name| !name.is_empty()).unwrap_or(only);
    let typed = Typed {
        action: RwSignal::new(Action::from_name(&text("action"))),
        sku: RwSignal::new(text("sku")),
        location: RwSignal::new(location),
        quantity: RwSignal::new(text("quantity")),
    };
    let error = |field: &str| query.get(&format!("err_{field}")).filter(|words| !words.is_empty());
    let sending = Sending::new();
    let general = error("event_id").or_else(|| query.get("error")).filter(|w| !w.is_empty());
    let fields = view! {
        <div class="card">
            <div class="card-body stack adjust-form">
                <input type="hidden" name="event_id" value=page.event_id/>
                {actions(typed)} {sku_field(typed, page.items, error("sku"))}
                {location_field(typed, page.locations, error("location"))}
                {quantity_field(typed, error("quantity"))}
                {reason_field(typed, text("reason"), error("reason"))}
                {note_field(text("note"), error("note"))} {before_and_after(typed)}
                {send(sending, typed)}
            </div>
        </div>
    }
    .into_any();
    view! {
        {general.map(notice_error)}
        {post_form(ADJUST, sending, fields)}
        {result(query, &page.recent)}
        {recent(&page.recent)}
    }
    .into_any()
}

fn notice_error(words: String) -> AnyView {
    view! {
        <div class="notice notice-danger" role="alert">
            {icon(Icon::Warning)}
            <div>
                <p class="notice-title">"Nothing was posted"</p>
                <p>{words}</p>
            </div>
        </div>
    }
    .into_any()
}

fn actions(typed: Typed) -> AnyView {
    let choices = Action::ALL
        .into_iter()
        .map(|own| {
            view! {
                <label>
                    <input
                        type="radio"
                        name="action"
                        value=own.name()
                        checked=own == typed.action.get_untracked()
                        on:change=move |_| typed.action.set(own)
                    />
                    {icon(own.icon())}
                    {own.label()}
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="segmented segmented-thumb">
            <legend class="visually-hidden">"What to post"</legend>
            {choices}
        </fieldset>
    }
    .into_any()
}

/// What is wrong with a field, under it.
fn field_error(id: &'static str, words: Option<String>) -> AnyView {
    let Some(words) = words else { return ().into_any() };
    view! {
        <p class="field-error" id=id role="alert">
            {icon(Icon::Warning)}
            {words}
        </p>
    }
    .into_any()
}

fn sku_field(typed: Typed, items: Vec<(String, Option<String>)>, error: Option<String>) -> AnyView {
    let options = items
        .into_iter()
        .map(|(sku, name)| view! { <option value=sku>{name}</option> })
        .collect_view();
    let field = NodeRef::<html::Input>::new();
    let ready_for_the_next = error.is_some() || typed.sku.get_untracked().is_empty();
    effect(move || {
        if ready_for_the_next && let Some(field) = field.get() {
            // A field that cannot take the focus can still be tapped.
            let _ = field.focus();
        }
    });
    let invalid = error.is_some().then_some("true");
    view! {
        <div class="field">
            <label class="field-label" for="sku">"SKU"</label>
            <input
                class="input input-lg"
                id="sku"
                name="sku"
                list="skus"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                required
                value=typed.sku.get_untracked()
                prop:value=move || typed.sku.get()
                aria-invalid=invalid
                aria-describedby="sku-error"
                node_ref=field
                on:input=move |event| typed.sku.set(event_target_value(&event))
            />
            <datalist id="skus">{options}</datalist>
            {field_error("sku-error", error)}
        </div>
    }
    .into_any()
}

fn location_field(typed: Typed, locations: Vec<LocationRow>, error: Option<String>) -> AnyView {
    let chosen = typed.location.get_untracked();
    let options = locations
        .into_iter()
        .map(|row| {
            let selected = row.location == chosen;
            let label = row.name.unwrap_or_else(|| row.location.clone());
            view! { <option value=row.location selected=selected>{label}</option> }
        })
        .collect_view();
    let invalid = error.is_some().then_some("true");
    view! {
        <div class="field">
            <label class="field-label" for="location">"Location"</label>
            <select
                class="select select-thumb"
                id="location"
                name="location"
                required
                aria-invalid=invalid
                aria-describedby="location-error"
                on:change=move |event| typed.location.set(event_target_value(&event))
            >
                <option value="">"Choose a location"</option>
                {options}
            </select>
            {field_error("location-error", error)}
        </div>
    }
    .into_any()
}

fn quantity_field(typed: Typed, error: Option<String>) -> AnyView {
    let label = move || match typed.action.get() {
        Action::Receive => "Units received",
        Action::Count => "Units counted",
        Action::Adjust => "Units more, or fewer with a minus",
    };
    let step = move |by: i64| {
        let now: i64 = typed.quantity.get_untracked().trim().parse().unwrap_or(0);
        let next = now.saturating_add(by);
        let floor = if typed.action.get_untracked() == Action::Adjust { i64::MIN } else { 0 };
        typed.quantity.set(next.max(floor).to_string());
    };
    let invalid = error.is_some().then_some("true");
    let first = typed.quantity.get_untracked();
    view! {
        <div class="field">
            <label class="field-label" for="quantity">{label}</label>
            <div class="stepper">
                <button
                    type="button"
                    class="btn"
                    aria-label="One less"
                    on:click=move |_| step(-1)
                >
                    {icon(Icon::Minus)}
                </button>
                <input
                    class="input"
                    id="quantity"
                    name="quantity"
                    inputmode="text"
                    pattern="[+\\-]?[0-9]+"
                    title="A whole number"
                    autocomplete="off"
                    required
                    value=first
                    prop:value=move || typed.quantity.get()
                    aria-invalid=invalid
                    aria-describedby="quantity-error"
                    on:input=move |event| typed.quantity.set(event_target_value(&event))
                />
                <button type="button" class="btn" aria-label="One more" on:click=move |_| step(1)>
                    {icon(Icon::Plus)}
                </button>
            </div>
            {field_error("quantity-error", error)}
        </div>
    }
    .into_any()
}

fn reason_field(typed: Typed, value: String, error: Option<String>) -> AnyView {
    let required = move || typed.action.get() == Action::Adjust;
    let invalid = error.is_some().then_some("true");
    // Shown by the stylesheet while `adjust` is chosen, so also without a script.
    view! {
        <div class="field for-adjust">
            <label class="field-label" for="reason">"Reason"</label>
            <input
                class="input input-thumb"
                id="reason"
                name="reason"
                list="reasons"
                maxlength="2000"
                value=value.clone()
                prop:value=value
                required=required
                aria-invalid=invalid
                aria-describedby="reason-error"
            />
            <datalist id="reasons">
                <option value="damaged"></option>
                <option value="lost"></option>
                <option value="found"></option>
                <option value="stolen"></option>
                <option value="expired"></option>
                <option value="correction"></option>
            </datalist>
            {field_error("reason-error", error)}
        </div>
    }
    .into_any()
}

fn note_field(value: String, error: Option<String>) -> AnyView {
    let invalid = error.is_some().then_some("true");
    let open = invalid.is_some() || !value.is_empty();
    view! {
        <details class="field more" open=open>
            <summary class="field-label">"Add a note"</summary>
            <input
                class="input input-thumb"
                id="note"
                name="note"
                aria-label="Note"
                maxlength="2000"
                value=value.clone()
                prop:value=value
                aria-invalid=invalid
                aria-describedby="note-error"
            />
            {field_error("note-error", error)}
        </details>
    }
    .into_any()
}

/// The level now, and as it will be. Only with JavaScript: it follows what is typed.
fn before_and_after(typed: Typed) -> AnyView {
    let live = use_live();
    let levels = RwSignal::new(Vec::<LevelRow>::new());
    let asked = StoredValue::new(String::new());
    effect(move || {
        let sku = typed.sku.get();
        live.resyncs.track();
        asked.set_value(sku.clone());
        levels.set(Vec::new());
        if sku.is_empty() {
            return;
        }
        leptos::task::spawn_local(async move {
            let found = fetch::<At<StockPage>>(Ask::LevelsOf(sku.clone())).await;
            // Only the answer to what is typed now counts.
            if asked.try_get_value() == Some(sku)
                && let Ok(found) = found
            {
                levels.try_set(found.data.levels);
            }
        });
    });
    let now = memo(move || {
        let location = typed.location.get();
        let row = levels.read().iter().find(|row| row.location.as_str() == location).cloned()?;
        Some(live.read(|book| book.newest_level(row.clone())).unwrap_or(row))
    });
    let on_hand = move || now.get().map_or(0, |row| row.on_hand);
    let after = move || typed.action.get().after(on_hand(), &typed.quantity.get());
    let before = move || match now.get() {
        Some(row) => grouped(row.on_hand),
        None if typed.sku.get().is_empty() || typed.location.get().is_empty() => {
            "\u{2013}".to_owned()
        }
        None => "0".to_owned(),
    };
    let then = move || after().map_or_else(|| "\u{2013}".to_owned(), grouped);
    view! {
        <div class="compare needs-script" aria-live="polite">
            <div class="side side-thumb">
                <span class="stat-label">"On hand now"</span>
                <span class="side-value">{before}</span>
            </div>
            <div class="side side-thumb">
                <span class="stat-label">"Afterwards"</span>
                <span class="side-value" class:neg=move || after().is_some_and(|after| after < 0)>
                    {then}
                </span>
            </div>
        </div>
    }
    .into_any()
}

fn send(sending: Sending, typed: Typed) -> AnyView {
    let label = move || match (sending.pending.get(), typed.action.get()) {
        (true, _) => "Posting",
        (false, Action::Receive) => "Receive",
        (false, Action::Count) => "Post the count",
        (false, Action::Adjust) => "Adjust",
    };
    view! {
        {move || sending.refused.get().map(|error| notice_error(why_refused(error)))}
        <button type="submit" class="btn btn-primary btn-lg btn-block">
            {move || label()}
        </button>
    }
    .into_any()
}

/// What the last posting did; stays in view above the bar.
fn result(query: &ParamsMap, recent: &[EventRow]) -> AnyView {
    let done = query.get("done").and_then(|seq| seq.parse::<u64>().ok());
    let outcome = query.get("outcome").and_then(|name| Outcome::from_name(&name));
    let (Some(done), Some(outcome)) = (done, outcome) else { return ().into_any() };
    let event = recent.iter().find(|event| event.seq == done);
    let words = event.map_or_else(
        || format!("Event {done}"),
        |event| {
            let effects: Vec<String> = event.effects.iter().map(effect_words).collect();
            let changes = if effects.is_empty() { about(event) } else { effects.join("; ") };
            let sku = event.effects.first().map(|effect| effect.sku.to_string());
            let head = what(&event.envelope.event_type);
            match sku {
                Some(sku) => format!("{head}: {sku}, {changes}"),
                None => format!("{head}: {changes}"),
            }
        },
    );
    let href = event.map_or_else(|| crate::ui::event::journal_href(done), event_href);
    view! {
        <div class="result" role="status" data-seq=done.to_string()>
            {outcome_badge(outcome)}
            <span class="result-words">{words}</span>
            <a href=href>"Details"</a>
        </div>
    }
    .into_any()
}

fn recent(recent: &[EventRow]) -> AnyView {
    let none = recent.is_empty().then(|| {
        view! { <p class="feed-none">"Nothing yet. What you post is listed here."</p> }
    });
    let rows = recent.iter().map(feed_row).collect_view();
    view! {
        <section class="card card-flush" aria-labelledby="recent">
            <div class="card-head">
                <h2 class="card-title" id="recent">"Your last postings"</h2>
            </div>
            <ul class="feed feed-narrow">{rows}</ul>
            {none}
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_afterwards_follows_the_action() {
        assert_eq!(Action::Receive.after(5, "3"), Some(8));
        assert_eq!(Action::Receive.after(5, "-3"), None);
        assert_eq!(Action::Count.after(5, "0"), Some(0));
        assert_eq!(Action::Adjust.after(5, "-7"), Some(-2));
        assert_eq!(Action::Adjust.after(5, "+7"), Some(12));
        for bad in ["", "x", "1.5", "99999999999999999999"] {
            assert_eq!(Action::Adjust.after(5, bad), None, "{bad}");
        }
        assert_eq!(Action::Adjust.after(5, "0"), None);
        assert_eq!(Action::Adjust.after(i64::MAX, "1"), None);
    }

    #[test]
    fn actions_have_names_in_addresses() {
        for action in Action::ALL {
            assert_eq!(Action::from_name(action.name()), action);
        }
        assert_eq!(Action::from_name("<x>"), Action::Receive);
    }
}
