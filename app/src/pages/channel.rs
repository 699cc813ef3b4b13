//! One channel: how it is doing, and what each of its listings should show and does.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};
use onhand::wire::channel::PublicationRow;

use super::overview::channel_tile;
use super::page_head;
use crate::api::At;
use crate::api::read::{Ask, ChannelView, LISTINGS_PAGE_ROWS};
use crate::format::{Query, counted, delay, encode, grouped, sku_href};
use crate::live::use_live;
use crate::ui::badge::publication_badge;
use crate::ui::clock::Time;
use crate::ui::event::journal_href;
use crate::ui::icon::Icon;
use crate::ui::number::{LiveNumber, count_text};
use crate::ui::reactive::{memo, page_title};
use crate::ui::state::{ask, empty, link_button, loaded};

/// One channel.
pub fn channel_page() -> AnyView {
    let params = use_params_map();
    let id = memo(move || params.read().get("id").unwrap_or_default());
    let query = use_query_map();
    let from = memo(move || {
        query.read().get("from").and_then(|from| from.parse::<u32>().ok()).unwrap_or(0)
    });
    let page = ask(Signal::derive(move || Ask::Channel { id: id.get(), from: from.get() }));
    view! {
        <Title text=page_title(id, |id| format!("Channel {id}"))/>
        {loaded(page, move |at| detail(at, from.get_untracked()))}
    }
    .into_any()
}

fn detail(at: At<ChannelView>, from: u32) -> AnyView {
    let live = use_live();
    let (seq, ChannelView { status, publications, listings: all }) = (at.seq, at.data);
    let id = status.channel.to_string();
    let (name, kind) = (status.name.clone(), status.kind.clone());
    let status =
        memo(move || live.read(|book| book.channel(&status)).unwrap_or_else(|| status.clone()));
    let sub = view! { {kind} " channel, mode " {move || status.read().mode.as_str()} };
    let count = |label: &'static str, read: fn(&onhand::wire::channel::ChannelStatus) -> u64| {
        let text = count_text(move || read(&status.read()));
        view! {
            <div class="stat">
                <span class="stat-label">{label}</span>
                <span class="stat-value">{text}</span>
                <span class="stat-note">"since the server started"</span>
            </div>
        }
    };
    view! {
        {page_head(name.into_any(), sub.into_any(), None)}
        <div class="split split-even">
            {move || channel_tile(&status.read())}
            <div class="stats">
                {count("Acknowledged", |status| status.pushed)}
                {count("Failed calls", |status| status.failed)}
                {count("Drift found", |status| status.drifted)}
            </div>
        </div>
        {listings(publications, seq, pager(&id, from, all))}
    }
    .into_any()
}

/// Which listings are shown, and the way to the others.
fn pager(id: &str, from: u32, all: u64) -> AnyView {
    let rows = LISTINGS_PAGE_ROWS as u64;
    let (first, end) = (u64::from(from) + 1, (u64::from(from) + rows).min(all));
    let count = |number: u64| grouped(i64::try_from(number).unwrap_or(i64::MAX));
    let href = |from: u64| {
        let mut href = Query::new(&format!("/channels/{}", encode(id)));
        href.add("from", &if from == 0 { String::new() } else { from.to_string() });
        href.as_str().to_owned()
    };
    let back = (from > 0).then(|| link_button(href(0), "First page"));
    let next = (end < all).then(|| link_button(href(end), "Next page"));
    let shown = if from == 0 && end == all {
        counted(all, "listing", "listings")
    } else {
        format!("{} to {} of {}", count(first), count(end), counted(all, "listing", "listings"))
    };
    view! {
        <div class="card-foot">
            <span>{shown}</span>
            <nav class="pager" aria-label="Pages">{back} {next}</nav>
        </div>
    }
    .into_any()
}

fn listings(publications: Vec<PublicationRow>, seq: u64, pager: AnyView) -> AnyView {
    if publications.is_empty() {
        let none = empty(
            Icon::Channel,
            "No listings yet",
            "A listing appears when the channel names it, or when it is mapped to a SKU.",
            None,
        );
        return view! { <section class="card">{none}</section> }.into_any();
    }
    let rows = publications.into_iter().map(|row| listing_row(row, seq)).collect_view();
    view! {
        <section class="card card-flush" aria-labelledby="listings">
            <div class="card-head">
                <h2 class="card-title" id="listings">"Listings"</h2>
                <span class="card-sub">"those behind first"</span>
            </div>
            <div class="table-wrap">
                <table class="table table-stack table-listings">
                    <thead>
                        <tr>
                            <th scope="col">"Listing"</th>
                            <th scope="col">"State"</th>
                            <th scope="col" class="num">"Should show"</th>
                            <th scope="col" class="num">"Acknowledged"</th>
                            <th scope="col" class="num">"Lag"</th>
                            <th scope="col">"Last trouble"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {pager}
        </section>
    }
    .into_any()
}

fn listing_row(row: PublicationRow, seq: u64) -> AnyView {
    let live = use_live();
    let (sku, listing) = (row.sku.to_string(), row.listing.to_string());
    let listing =
        (listing != sku).then(|| view! { <span class="cell-sub">{listing}</span> }.into_any());
    let row = RwSignal::from(live.publication(row, seq));
    let desired = Signal::derive(move || row.read().desired);
    let told = Signal::derive(move || row.read().acknowledged.unwrap_or_default());
    let any = memo(move || row.read().acknowledged.is_some());
    let acknowledged = move || {
        if any.get() {
            view! { <LiveNumber value=told/> }.into_any()
        } else {
            view! { <span class="muted">"nothing yet"</span> }.into_any()
        }
    };
    let trouble = move || {
        let row = row.read();
        let next = row.next_attempt_at.filter(|_| row.attempts > 0).map(|at| {
            view! { <span class="cell-sub">"tried again " <Time at=Signal::stored(at) ahead=true/></span> }
        });
        view! { {row.last_error.clone()} {next} }
    };
    let because = move || journal_href(row.read().desired_seq);
    view! {
        <tr>
            <td data-label="Listing">
                <a href=sku_href(&sku)>{sku.clone()}</a> {listing}
            </td>
            <td data-label="State">{move || publication_badge(row.read().state)}</td>
            <td class="num" data-label="Should show">
                <a href=because title="The event it comes from">
                    <LiveNumber value=desired/>
                </a>
            </td>
            <td class="num" data-label="Acknowledged">{move || acknowledged()}</td>
            <td class="num" data-label="Lag">{move || delay(row.read().lag_ms)}</td>
            <td data-label="Last trouble">{trouble}</td>
        </tr>
    }
    .into_any()
}
