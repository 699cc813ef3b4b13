//! One conflict: what is known, what can be done, and what each choice would lead to.

mod decide;
mod known;
mod preview;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use leptos_router::params::ParamsMap;
use onhand::conflict::{Conflict, ConflictStatus};
use onhand::wire::conflict::OptionView;
use onhand::wire::page::Role;
use wasm_bindgen::JsCast;

use super::page_head;
use crate::api::At;
use crate::api::read::{Ask, ConflictDetail, TypedNeeds};
use crate::format::title;
use crate::live::use_live;
use crate::ui::badge::{severity_badge, status_badge};
use crate::ui::clock::Time;
use crate::ui::icon::{Icon, icon};
use crate::ui::reactive::{effect, memo, page_title, when};
use crate::ui::session::use_session;
use crate::ui::state::{Loading, ask, loaded};

use decide::decision;
use known::{events, facts, resolution, timeline};
use preview::preview;

/// The field that holds the lines to be cancelled, once for each.
const LINES: &str = "lines[]";

/// One conflict.
pub fn conflict_page() -> AnyView {
    let params = use_params_map();
    let id = memo(move || params.read().get("id").unwrap_or_default());
    // The query changes with each outcome of the form: the page is then read anew.
    let query = use_query_map();
    let page = ask(Signal::derive(move || {
        let query = query.get();
        Ask::Conflict { id: id.get(), given: given(&query), outcome: query.to_query_string() }
    }));
    choose_by_number();
    view! {
        <Title text=page_title(id, |id| format!("Conflict {id}"))/>
        {loaded(page, move |at| detail(at, page, &query.get_untracked()))}
    }
    .into_any()
}

/// What the form held for the options that need something, as the address has it.
fn given(query: &ParamsMap) -> TypedNeeds {
    let text = |name: &str| query.get(name).unwrap_or_default();
    TypedNeeds {
        sku: text("sku"),
        location: text("location"),
        lines: query.get_all(LINES).unwrap_or_default(),
    }
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
                    {preview(option.preview, option.problem)}
                </div>
            }
        })
        .collect_view();
    view! { <div class="options">{options}</div> }.into_any()
}
