//! One conflict: what is known, what can be done, and what each choice would lead to.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use leptos_router::params::ParamsMap;
use onhand::conflict::{CancelledPart, Conflict, ConflictStatus, Evidence};
use onhand::time::Timestamp;
use onhand::wire::conflict::{OptionView, Preview, Promise};
use onhand::wire::page::{LocationRow, Role};
use wasm_bindgen::JsCast;

use super::page_head;
use crate::api::read::{Ask, ConflictDetail};
use crate::api::{At, PageError, RESOLVE};
use crate::format::{signed, sku_href, title};
use crate::live::use_live;
use crate::sort::sorted;
use crate::ui::badge::{severity_badge, status_badge};
use crate::ui::clock::Time;
use crate::ui::event::journal_href;
use crate::ui::form::{Sending, post_form, why_refused};
use crate::ui::icon::{Icon, icon};
use crate::ui::reactive::{effect, memo, when};
use crate::ui::session::use_session;
use crate::ui::state::{Loading, ask, loaded};

/// One conflict.
pub fn conflict_page() -> AnyView {
    let params = use_params_map();
    let id = memo(move || params.read().get("id").unwrap_or_default());
    // The query changes with each outcome of the form: the page is then read anew.
    let query = use_query_map();
    let page = ask(Signal::derive(move || Ask::Conflict {
        id: id.get(),
        outcome: query.get().to_query_string(),
    }));
    choose_by_number();
    view! {
        <Title text=move || format!("Conflict {}", id.get())/>
        {loaded(page, move |at| detail(at, page, &query.get_untracked()))}
    }
    .into_any()
}

/// The keys 1 to 9 choose an option, unless somebody is typing.
fn choose_by_number() {
    effect(move || {
        let handle = window_event_listener(leptos::ev::keydown, |event| {
            let typing = event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok())
                .is_some_and(|target| {
                    let name = target.tag_name();
                    (name == "INPUT" && target.get_attribute("type").as_deref() != Some("radio"))
                        || name == "TEXTAREA"
                        || name == "SELECT"
                });
            let number = event.key().parse::<u8>().unwrap_or(0);
            if typing || number == 0 || event.ctrl_key() || event.meta_key() || event.alt_key() {
                return;
            }
            if let Some(choice) = document().get_element_by_id(&format!("option-{number}"))
                && let Ok(choice) = choice.dyn_into::<web_sys::HtmlInputElement>()
            {
                choice.click();
                // An element that cannot take the focus stays chosen all the same.
                let _ = choice.focus();
            }
        });
        on_cleanup(move || handle.remove());
    });
}

fn detail(at: At<ConflictDetail>, page: Loading, query: &ParamsMap) -> AnyView {
    let live = use_live();
    let ConflictDetail { conflict, severity, explanation, options, locations, promises } = at.data;
    let (id, version) = (conflict.id, conflict.version);
    // Somebody else decided, or more events joined it: show what is so now, and say it.
    let newer = memo(move || {
        live.read(|book| book.conflict(id).filter(|live| live.version > version).cloned()).flatten()
    });
    effect(move || {
        if newer.read().as_ref().is_some_and(|newer| newer.status != ConflictStatus::Open) {
            page.refetch();
        }
    });
    let sub = view! {
        {explanation}
        <span class="cell-sub">"Opened " <Time at=Signal::stored(conflict.opened_at)/></span>
    };
    let badges = view! {
        {severity_badge(severity)} {status_badge(conflict.status)}
    };
    let heading = format!("{}: {}", conflict.id, title(conflict.kind.as_str()));
    let decide = if conflict.status == ConflictStatus::Open {
        if use_session().may(Role::Manager) {
            decision(&conflict, options, (locations, promises), query)
        } else {
            view! {
                {not_allowed()} {options_to_read(options)}
            }
            .into_any()
        }
    } else {
        resolution(&conflict)
    };
    view! {
        {page_head(heading.into_any(), sub.into_any(), Some(badges.into_any()))}
        {outcome(query)}
        {joined(newer, page)}
        <div class="split split-wide">
            <div class="stack">{decide}</div>
            <div class="stack">{facts(&conflict)} {timeline(&conflict)} {events(&conflict)}</div>
        </div>
    }
    .into_any()
}

/// What became of the form.
fn outcome(query: &ParamsMap) -> AnyView {
    let notice = |class: &'static str, mark: Icon, head: &'static str, words: String| {
        view! {
            <div class=class role="status">
                {icon(mark)}
                <div>
                    <p class="notice-title">{head}</p>
                    <p>{words}</p>
                </div>
            </div>
        }
        .into_any()
    };
    let text = |name: &str| query.get(name).filter(|words| !words.is_empty());
    if let Some(words) = text("done") {
        return notice("notice notice-ok", Icon::Check, "Resolved", words);
    }
    if let Some(words) = text("changed") {
        let head = "It changed before your decision arrived";
        return notice("notice notice-warn", Icon::Warning, head, words);
    }
    match text("error") {
        Some(words) => notice("notice notice-danger", Icon::Warning, "Not resolved", words),
        None => ().into_any(),
    }
}

/// Says that the conflict grew while the page was open.
fn joined(newer: Memo<Option<Conflict>>, page: Loading) -> AnyView {
    let still_open = |newer: &Conflict| newer.status == ConflictStatus::Open;
    let notice = move || {
        view! {
            <div class="notice notice-info">
                {icon(Icon::Reload)}
                <div>
                    <p class="notice-title">"This conflict has changed"</p>
                    <p>"More events have joined it. Look at it as it is now before you decide."</p>
                    <button type="button" class="btn btn-sm" on:click=move |_| page.refetch()>
                        "Show it as it is now"
                    </button>
                </div>
            </div>
        }
        .into_any()
    };
    view! {
        <div role="status">
            {when(move || newer.read().as_ref().is_some_and(still_open), notice)}
        </div>
    }
    .into_any()
}

fn not_allowed() -> AnyView {
    view! {
        <div class="notice">
            {icon(Icon::Lock)}
            <div>
                <p class="notice-title">"A manager decides this"</p>
                <p>"Your role lets you look at conflicts. These are the choices there are."</p>
            </div>
        </div>
    }
    .into_any()
}

fn options_to_read(options: Vec<OptionView>) -> AnyView {
    let options = options
        .into_iter()
        .map(|option| {
            view! {
                <div class="card card-body">
                    <p class="option-title">{option.label}</p>
                    {preview(option.preview)}
                </div>
            }
        })
        .collect_view();
    view! { <div class="options">{options}</div> }.into_any()
}

/// The form: one option, a note, and whatever the options need.
fn decision(
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
    let sku = needs("sku").then(|| sku_field(text("sku")));
    let location = needs("location").then(|| location_field(&text("location"), locations));
    let lines =
        needs("lines").then(|| lines_field(&query.get_all("lines").unwrap_or_default(), promises));
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
                {move || sending.refused.get().map(refused)}
                <div>
                    <button
                        type="submit"
                        class="btn btn-primary"
                        aria-disabled=move || pending.get().then_some("true")
                    >
                        {move || if pending.get() { "Resolving" } else { "Resolve" }}
                    </button>
                </div>
            </div>
    }
    .into_any();
    post_form(RESOLVE, sending, fields)
}

fn option_card(number: usize, option: OptionView, chosen: &str, single: bool) -> AnyView {
    let name = option.option.as_str();
    let checked = single || name == chosen;
    let needs = (!option.needs.is_empty())
        .then(|| format!("Needs the {} below.", option.needs.join(" and the ")));
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
            <span class="option-preview">{needs} {preview(option.preview)}</span>
        </label>
    }
    .into_any()
}

/// What would be so afterwards. Spans, because it stands inside a label.
fn preview(preview: Option<Preview>) -> AnyView {
    let Some(preview) = preview else { return ().into_any() };
    if preview.levels.is_empty() && preview.publications.is_empty() {
        return view! { <span class="preview-line">"No level changes."</span> }.into_any();
    }
    let levels = preview
        .levels
        .into_iter()
        .map(|row| {
            view! {
                <span class="preview-line">
                    {icon(Icon::Stock)} <strong>{row.sku.to_string()}</strong> " at "
                    {row.location.to_string()} ": " <span class="num">{row.on_hand}</span>
                    " on hand, " <span class="num">{row.available}</span> " available"
                </span>
            }
        })
        .collect_view();
    let pushes = preview
        .publications
        .into_iter()
        .map(|push| {
            let now = push.acknowledged.map_or("nothing".to_owned(), |now| now.to_string());
            let change = push
                .acknowledged
                .filter(|now| *now != push.desired)
                .map(|now| format!(" ({})", signed(push.desired - now)));
            view! {
                <span class="preview-line">
                    {icon(Icon::Channel)} {push.channel} " " {push.listing} ": shows " {now}
                    ", next " <strong>{push.desired}</strong> {change}
                </span>
            }
        })
        .collect_view();
    let more = preview.more.then(|| {
        view! { <span class="preview-line">"And so on: more events wait for this."</span> }
    });
    view! { {levels} {pushes} {more} }.into_any()
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
                    <input type="checkbox" name="lines[]" value=value checked=checked/>
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

/// How it ended: who decided what, when and why.
fn resolution(conflict: &Conflict) -> AnyView {
    let Some(resolution) = conflict.resolution.clone() else { return ().into_any() };
    let choice = resolution.option.map_or("It closed by itself", |option| conflict.label(option));
    let note = resolution.note.map(|note| {
        view! {
            <dt>"Note"</dt>
            <dd>{note.to_string()}</dd>
        }
    });
    view! {
        <section class="card" aria-labelledby="decision">
            <div class="card-head">
                <h2 class="card-title" id="decision">"The decision"</h2>
                {status_badge(conflict.status)}
            </div>
            <dl class="card-body facts">
                <dt>"What"</dt>
                <dd>{choice}</dd>
                <dt>"Who"</dt>
                <dd>{resolution.by}</dd>
                <dt>"When"</dt>
                <dd>
                    <Time at=Signal::stored(resolution.at)/>
                </dd>
                {note}
                <dt>"Event"</dt>
                <dd>
                    <a href=journal_href(resolution.seq)>{resolution.seq}</a>
                </dd>
            </dl>
        </section>
    }
    .into_any()
}

fn facts(conflict: &Conflict) -> AnyView {
    let sku = conflict.sku.as_ref().map(|sku| {
        view! {
            <dt>"SKU"</dt>
            <dd>
                <a href=sku_href(sku.as_str())>{sku.to_string()}</a>
            </dd>
        }
    });
    let plain = |name: &'static str, value: Option<String>| {
        value.map(|value| {
            view! {
                <dt>{name}</dt>
                <dd>{value}</dd>
            }
        })
    };
    let evidence = conflict
        .evidence
        .iter()
        .filter(|fact| fact.at.is_none())
        .map(|fact| {
            view! {
                <dt>{title(&fact.label)}</dt>
                <dd>{fact.value.clone()}</dd>
            }
        })
        .collect_view();
    view! {
        <section class="card" aria-labelledby="facts">
            <div class="card-head">
                <h2 class="card-title" id="facts">"What is known"</h2>
            </div>
            <dl class="card-body facts">
                {sku} {plain("Location", conflict.location.as_ref().map(ToString::to_string))}
                {plain("Order", conflict.order.as_ref().map(ToString::to_string))}
                {plain("Transfer", conflict.transfer.as_ref().map(ToString::to_string))}
                {plain("Channel", conflict.channel.as_ref().map(ToString::to_string))} {evidence}
            </dl>
        </section>
    }
    .into_any()
}

/// The facts that have a moment, and the moments of the conflict itself, in their order.
fn moments(conflict: &Conflict) -> Vec<Evidence> {
    let mut moments: Vec<Evidence> =
        conflict.evidence.iter().filter(|fact| fact.at.is_some()).cloned().collect();
    moments.push(Evidence::at("Conflict opened", "", conflict.opened_at));
    if let Some(resolution) = &conflict.resolution {
        moments.push(Evidence::at("Conflict closed", "", resolution.at));
    }
    sorted(moments, |fact| (fact.at.map_or(0, Timestamp::micros), 0))
}

fn timeline(conflict: &Conflict) -> AnyView {
    let items = moments(conflict)
        .into_iter()
        .map(|fact| {
            let class = match fact.label.as_str() {
                "Conflict opened" => "timeline-item timeline-warn",
                "Conflict closed" => "timeline-item timeline-ok",
                _ => "timeline-item timeline-accent",
            };
            let at = fact.at.map(|at| {
                view! {
                    <span class="timeline-time">
                        <Time at=Signal::stored(at)/>
                    </span>
                }
            });
            view! {
                <li class=class>
                    <strong>{title(&fact.label)}</strong> {at}
                    <span class="timeline-note">{fact.value}</span>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="card" aria-labelledby="timeline">
            <div class="card-head">
                <h2 class="card-title" id="timeline">"In the order it happened"</h2>
            </div>
            <ol class="card-body timeline">{items}</ol>
        </section>
    }
    .into_any()
}

fn events(conflict: &Conflict) -> AnyView {
    let more = conflict.event_count.saturating_sub(conflict.events.len() as u64);
    let rows = conflict
        .events
        .iter()
        .map(|event| {
            view! {
                <a class="sum-row" href=journal_href(event.seq)>
                    <span>
                        {event.id.to_string()}
                        <span class="cell-sub">"from " {event.source.to_string()}</span>
                    </span>
                    <span class="sum-term muted">{event.seq}</span>
                </a>
            }
        })
        .collect_view();
    let more = (more > 0).then(|| view! { <p class="card-foot">"and " {more} " more"</p> });
    view! {
        <section class="card card-flush" aria-labelledby="events">
            <div class="card-head">
                <h2 class="card-title" id="events">"Events that take part"</h2>
            </div>
            <div class="sum">{rows}</div>
            {more}
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use onhand::conflict::ConflictKind;
    use onhand::id::ConflictId;

    #[test]
    fn moments_stand_in_the_order_they_happened() {
        let at = Timestamp::from_micros;
        let conflict = Conflict {
            id: ConflictId::from_number(1),
            kind: ConflictKind::CountOverlap,
            status: ConflictStatus::Open,
            opened_at: at(30),
            opened_seq: 3,
            sku: None,
            location: None,
            order: None,
            transfer: None,
            channel: None,
            count: None,
            events: Vec::new(),
            event_count: 0,
            evidence: vec![
                Evidence::at("Counted", "14", at(20)),
                Evidence::new("Present level", "12"),
                Evidence::at("Sold", "-2", at(10)),
            ],
            version: 1,
            resolution: None,
        };
        let labels: Vec<String> = moments(&conflict).into_iter().map(|fact| fact.label).collect();
        assert_eq!(labels, ["Sold", "Counted", "Conflict opened"]);
    }
}
