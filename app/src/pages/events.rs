//! The journal: newest first, live at its head, older pages by address.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use onhand::wire::live::EventRow;

use super::page_head;
use crate::api::At;
use crate::api::read::{Ask, EVENTS_PAGE_ROWS};
use crate::live::use_live;
use crate::ui::feed::{Feed, Filter, feed_row};
use crate::ui::icon::Icon;
use crate::ui::reactive::{memo, when};
use crate::ui::state::{ask, empty, link_button, loaded};

/// The journal.
pub fn events_page() -> AnyView {
    let query = use_query_map();
    let before = memo(move || {
        query.read().get("before").and_then(|seq| seq.parse::<u64>().ok()).unwrap_or(0)
    });
    let filter =
        Signal::derive(move || Filter::from_name(&query.read().get("feed").unwrap_or_default()));
    let page = ask(Signal::derive(move || Ask::Events(before.get())));
    view! {
        <Title text="Events"/>
        {page_head(
            "Events".into_any(),
            "The journal: every event that came in, with what became of it.".into_any(),
            None,
        )}
        {loaded(page, move |page| journal(page, before.get_untracked(), filter))}
    }
    .into_any()
}

/// The links of the filter, which keep the place in the journal.
fn filter_links(filter: Signal<Filter>, before: u64) -> AnyView {
    let links = Filter::ALL
        .into_iter()
        .map(|own| {
            let href = address(before, own);
            let current = move || (filter.get() == own).then_some("true");
            view! {
                <a href=href aria-current=current>
                    {crate::format::title(own.name())}
                </a>
            }
        })
        .collect_view();
    view! { <nav class="segmented" aria-label="Which events">{links}</nav> }.into_any()
}

fn address(before: u64, filter: Filter) -> String {
    let mut href = crate::format::Query::new("/events");
    if before > 0 {
        href.add("before", &before.to_string());
    }
    if filter != Filter::All {
        href.add("feed", filter.name());
    }
    href.as_str().to_owned()
}

fn journal(at: At<Vec<EventRow>>, before: u64, filter: Signal<Filter>) -> AnyView {
    let (seq, rows) = (at.seq, at.data);
    if rows.is_empty() && before == 0 {
        // Until the first event comes in.
        let live = use_live();
        let none = move || live.read(|book| book.seq() == seq).unwrap_or(true);
        let feed = move || feed(seq, Vec::new(), 0, filter);
        return view! { {when(none, nothing)} {when(move || !none(), feed)} }.into_any();
    }
    feed(seq, rows, before, filter)
}

fn nothing() -> AnyView {
    let none = empty(
        Icon::Events,
        "The journal is empty",
        "Events appear here as soon as a channel, a form or an import sends one.",
        Some(link_button("/adjust".to_owned(), "Post an adjustment")),
    );
    view! { <section class="card">{none}</section> }.into_any()
}

fn feed(seq: u64, rows: Vec<EventRow>, before: u64, filter: Signal<Filter>) -> AnyView {
    let oldest = rows.last().map_or(0, |event| event.seq);
    let full = rows.len() >= EVENTS_PAGE_ROWS as usize;
    let older = (full && oldest > 1)
        .then_some(move || link_button(address(oldest, filter.get()), "Older events"));
    let newest = (before > 0).then(|| link_button("/events".to_owned(), "Newest events"));
    let list = if before == 0 {
        view! { <Feed first=rows seq=seq filter=filter/> }.into_any()
    } else {
        let shown = move || {
            let filter = filter.get();
            rows.iter().filter(|event| filter.passes(event.outcome)).map(feed_row).collect_view()
        };
        view! { <ul class="feed">{shown}</ul> }.into_any()
    };
    view! {
        <section class="card card-flush feed-card feed-tall" aria-label="Events">
            <div class="card-head">{filter_links(filter, before)}</div>
            {list}
            <div class="card-foot">
                <span>{if before == 0 { "Newest first, live" } else { "Newest first" }}</span>
                <nav class="pager" aria-label="Pages">{newest} {older}</nav>
            </div>
        </section>
    }
    .into_any()
}
