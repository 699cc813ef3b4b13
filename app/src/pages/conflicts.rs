//! The inbox of conflicts: the open ones by urgency, or those that are closed.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use onhand::conflict::{Conflict, ConflictStatus};
use onhand::wire::conflict::ConflictPage;

use super::{conflict_key, page_head};
use crate::api::At;
use crate::api::read::Ask;
use crate::format::{counted, title};
use crate::live::use_live;
use crate::ui::badge::{severity_badge, status_badge};
use crate::ui::clock::Time;
use crate::ui::icon::Icon;
use crate::ui::reactive::{keyed, memo, when};
use crate::ui::state::{ask, empty, link_button, loaded};

/// The conflicts.
pub fn conflicts_page() -> AnyView {
    let query = use_query_map();
    let closed = memo(move || query.read().get("show").as_deref() == Some("closed"));
    let page = ask(Signal::derive(move || Ask::Conflicts { closed: closed.get() }));
    let tab = move |href: &'static str, label: &'static str, own: bool| {
        let current = move || (closed.get() == own).then_some("page");
        view! {
            <a class="tab" href=href aria-current=current>
                {label}
            </a>
        }
    };
    view! {
        <Title text="Conflicts"/>
        {page_head(
            "Conflicts".into_any(),
            "What only a person can decide. The most urgent comes first.".into_any(),
            None,
        )}
        <nav class="tabs" aria-label="Which conflicts">
            {tab("/conflicts", "Open", false)} {tab("/conflicts?show=closed", "Closed", true)}
        </nav>
        {loaded(page, move |page| inbox(page, closed.get_untracked()))}
    }
    .into_any()
}

fn inbox(page: At<ConflictPage>, closed: bool) -> AnyView {
    let live = use_live();
    let (seq, first) = (page.seq, page.data.conflicts);
    let more = page.data.next_cursor.is_some();
    let rows = memo(move || {
        if closed {
            return first.clone();
        }
        live.read(|book| book.open_conflicts(&first, seq)).unwrap_or_else(|| first.clone())
    });
    let none = move || {
        if closed {
            empty(
                Icon::Events,
                "No conflict has been closed yet",
                "Decisions, with who took them and why, are kept here.",
                Some(link_button("/conflicts".to_owned(), "Open conflicts")),
            )
        } else {
            empty(
                Icon::Check,
                "No open conflicts",
                "Every event could be decided by the rules. New conflicts appear here by \
                 themselves.",
                Some(link_button("/".to_owned(), "Command center")),
            )
        }
    };
    let shown = move || {
        let count = counted(rows.read().len() as u64, "conflict", "conflicts");
        if more { format!("The first {count}") } else { count }
    };
    let table = move || {
        view! {
            <div class="table-wrap">
                <table class="table table-stack">
                    <thead>
                        <tr>
                            <th scope="col">"Conflict"</th>
                            <th scope="col">"About"</th>
                            <th scope="col">{if closed { "Status" } else { "Severity" }}</th>
                            <th scope="col" class="num">"Events"</th>
                            <th scope="col" class="num">
                                {if closed { "Closed" } else { "Opened" }}
                            </th>
                        </tr>
                    </thead>
                    <tbody>{keyed(move || rows.get(), conflict_key, |own| row(&own))}</tbody>
                </table>
            </div>
            <div class="card-foot">
                <span>{move || shown()}</span>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="card card-flush" aria-label="Conflicts">
            {when(move || rows.read().is_empty(), none)}
            {when(move || !rows.read().is_empty(), table)}
        </section>
    }
    .into_any()
}

fn row(conflict: &Conflict) -> AnyView {
    let href = format!("/conflicts/{}", conflict.id);
    let part = |label: &'static str, value: Option<String>| {
        value.map(|value| view! { <span class="about-part"><span class="muted">{label}</span> " " {value}</span> })
    };
    let closed = conflict.resolution.as_ref();
    let by = closed.map(|resolution| {
        view! { <span class="cell-sub">"by " {resolution.by.clone()}</span> }
    });
    let state = if conflict.status == ConflictStatus::Open {
        severity_badge(conflict.kind.severity())
    } else {
        status_badge(conflict.status)
    };
    let at = closed.map_or(conflict.opened_at, |resolution| resolution.at);
    view! {
        <tr>
            <td data-label="Conflict">
                <a href=href>{title(conflict.kind.as_str())}</a>
                <span class="cell-sub">{conflict.explanation()}</span>
            </td>
            <td data-label="About">
                {part("SKU", conflict.sku.as_ref().map(ToString::to_string))}
                {part("Location", conflict.location.as_ref().map(ToString::to_string))}
                {part("Order", conflict.order.as_ref().map(ToString::to_string))}
                {part("Transfer", conflict.transfer.as_ref().map(ToString::to_string))}
                {part("Channel", conflict.channel.as_ref().map(ToString::to_string))}
                {part("Listing", conflict.listing.as_ref().map(ToString::to_string))}
            </td>
            <td data-label="State">{state} {by}</td>
            <td class="num" data-label="Events">{conflict.event_count}</td>
            <td class="num" data-label="When">
                <Time at=Signal::stored(at)/>
            </td>
        </tr>
    }
    .into_any()
}
