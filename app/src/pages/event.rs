//! One event of the journal: what was said, what became of it, and how it is taken back.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use leptos_router::params::ParamsMap;
use onhand::wire::live::EventRow;
use onhand::wire::page::{EventPage, Role};

use super::page_head;
use crate::api::read::Ask;
use crate::api::{At, REVERSE};
use crate::format::{sku_href, title};
use crate::ui::badge::outcome_badge;
use crate::ui::clock::Time;
use crate::ui::event::{effect_words, journal_href, record_href, what};
use crate::ui::form::{Sending, post_form, why_refused};
use crate::ui::icon::{Icon, icon};
use crate::ui::reactive::{memo, page_title};
use crate::ui::session::use_session;
use crate::ui::state::{ask, link_button, loaded};

/// One event.
pub fn event_page() -> AnyView {
    let params = use_params_map();
    let seq =
        memo(move || params.read().get("seq").and_then(|seq| seq.parse::<u64>().ok()).unwrap_or(0));
    // The query changes with each outcome of the form: the page is then read anew.
    let query = use_query_map();
    let page = ask(Signal::derive(move || Ask::Event {
        seq: seq.get(),
        outcome: query.get().to_query_string(),
    }));
    view! {
        <Title text=page_title(seq, |seq| format!("Event {seq}"))/>
        {loaded(page, move |at| detail(at, &query.get_untracked()))}
    }
    .into_any()
}

fn detail(at: At<EventPage>, query: &ParamsMap) -> AnyView {
    let EventPage { event, first_outcome, envelope, reversed_by, can_be_reversed, event_id } =
        at.data;
    let heading = format!("#{}: {}", event.seq, what(&event.envelope.event_type));
    let sub = view! {
        "Recorded " <Time at=Signal::stored(event.recorded_at)/>
        <span class="cell-sub">"from " {event.envelope.source.clone()}</span>
    };
    let first = first_outcome.map(|first| {
        view! { <p class="muted">"Answered first: " {title(first.as_str())}</p> }
    });
    let reversed = reversed_by.map(|by| {
        view! {
            <div class="notice">
                {icon(Icon::Undo)}
                <div>
                    <p class="notice-title">"It is taken back"</p>
                    <p>
                        "By event " <a href=record_href(by)>"#" {by}</a>
                        ". What it changed is not in the stock any more."
                    </p>
                </div>
            </div>
        }
    });
    let badges = view! { {outcome_badge(event.outcome)} };
    let undo = can_be_reversed.then(|| take_back(event.seq, event_id, query));
    let around = view! {
        <nav class="pager" aria-label="The journal">
            {link_button(journal_href(event.seq), "In the journal")}
        </nav>
    };
    view! {
        {page_head(heading.into_any(), sub.into_any(), Some(badges.into_any()))}
        {outcome(query)}
        {reversed}
        <div class="split split-wide">
            <div class="stack">{effects(&event)} {undo} {around}</div>
            <div class="stack">{facts(&event)} {first} {said(envelope)}</div>
        </div>
    }
    .into_any()
}

/// What became of the form.
fn outcome(query: &ParamsMap) -> AnyView {
    let text = |name: &str| query.get(name).filter(|words| !words.is_empty());
    let (class, mark, head, words) = match (text("done"), text("error")) {
        (Some(words), _) => ("notice notice-ok", Icon::Check, "Taken back", words),
        (None, Some(words)) => ("notice notice-danger", Icon::Warning, "Not taken back", words),
        (None, None) => return ().into_any(),
    };
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
}

/// What it changed, level by level.
fn effects(event: &EventRow) -> AnyView {
    let none = event.effects.is_empty().then(|| {
        let why = event.reason.clone().map(|reason| format!(": {reason}"));
        view! { <p class="card-body muted">"It changed no level" {why} "."</p> }
    });
    let rows = event
        .effects
        .iter()
        .map(|effect| {
            view! {
                <a class="sum-row" href=sku_href(effect.sku.as_str())>
                    <span>
                        {effect.sku.to_string()}
                        <span class="cell-sub">{effect_words(effect)}</span>
                    </span>
                    <span class="sum-term muted">"version " {effect.version}</span>
                </a>
            }
        })
        .collect_view();
    view! {
        <section class="card card-flush" aria-labelledby="effects">
            <div class="card-head">
                <h2 class="card-title" id="effects">"What it changed"</h2>
            </div>
            {none}
            <div class="sum">{rows}</div>
        </section>
    }
    .into_any()
}

fn facts(event: &EventRow) -> AnyView {
    let conflict = event.conflict.map(|conflict| {
        view! {
            <dt>"Conflict"</dt>
            <dd>
                <a href=format!("/conflicts/{conflict}")>{conflict.to_string()}</a>
            </dd>
        }
    });
    let reason = event.reason.clone().map(|reason| {
        view! {
            <dt>"Why"</dt>
            <dd>{reason}</dd>
        }
    });
    view! {
        <section class="card" aria-labelledby="facts">
            <div class="card-head">
                <h2 class="card-title" id="facts">"What is known"</h2>
            </div>
            <dl class="card-body facts">
                <dt>"Outcome"</dt>
                <dd>{title(event.outcome.as_str())}</dd>
                {reason} {conflict}
                <dt>"Happened"</dt>
                <dd>
                    <Time at=Signal::stored(event.envelope.time)/>
                </dd>
                <dt>"Recorded"</dt>
                <dd>
                    <Time at=Signal::stored(event.recorded_at)/>
                </dd>
                <dt>"Sent by"</dt>
                <dd>{event.actor.clone()}</dd>
                <dt>"Its id there"</dt>
                <dd class="mono">{event.envelope.id.clone()}</dd>
            </dl>
        </section>
    }
    .into_any()
}

/// The envelope as the journal has it.
fn said(envelope: String) -> AnyView {
    view! {
        <section class="card" aria-labelledby="said">
            <div class="card-head">
                <h2 class="card-title" id="said">"What it says"</h2>
            </div>
            <pre class="card-body said" tabindex="0" aria-labelledby="said">{envelope}</pre>
        </section>
    }
    .into_any()
}

/// The form that takes it back, or who may.
fn take_back(seq: u64, event_id: String, query: &ParamsMap) -> AnyView {
    if !use_session().may(Role::Manager) {
        return view! {
            <div class="notice">
                {icon(Icon::Lock)}
                <div>
                    <p class="notice-title">"A manager can take it back"</p>
                    <p>"Your role lets you look at events."</p>
                </div>
            </div>
        }
        .into_any();
    }
    let sending = Sending::new();
    let pending = sending.pending;
    let reason = query.get("reason").unwrap_or_default();
    let refused = move |error| {
        view! {
            <p class="field-error" role="alert">{icon(Icon::Warning)} {why_refused(error)}</p>
        }
        .into_any()
    };
    let fields = view! {
        <div class="card-body stack">
            <input type="hidden" name="seq" value=seq.to_string()/>
            <input type="hidden" name="event_id" value=event_id/>
            <div class="field">
                <label class="field-label" for="reason">"Reason"</label>
                <input
                    class="input"
                    id="reason"
                    name="reason"
                    value=reason
                    required
                    maxlength="2000"
                    aria-describedby="reason-hint"
                />
                <p class="field-hint" id="reason-hint">
                    "Its effects are negated, except what a later count already contains. It stays in the journal."
                </p>
            </div>
            {move || sending.refused.get().map(refused)}
            <div>
                <button
                    type="submit"
                    class="btn btn-danger"
                    aria-disabled=move || pending.get().then_some("true")
                >
                    {icon(Icon::Undo)}
                    {move || if pending.get() { "Taking it back" } else { "Take it back" }}
                </button>
            </div>
        </div>
    }
    .into_any();
    view! {
        <section class="card" aria-labelledby="undo">
            <div class="card-head">
                <h2 class="card-title" id="undo">"Take it back"</h2>
            </div>
            {post_form(REVERSE, sending, fields)}
        </section>
    }
    .into_any()
}
