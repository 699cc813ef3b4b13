//! One channel: how it is doing, and what each of its listings should show and does.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use onhand::wire::channel::PublicationRow;

use super::overview::channel_tile;
use super::page_head;
use crate::api::At;
use crate::api::read::{Ask, ChannelView};
use crate::format::{counted, delay, sku_href};
use crate::live::use_live;
use crate::ui::badge::publication_badge;
use crate::ui::clock::Time;
use crate::ui::event::journal_href;
use crate::ui::icon::Icon;
use crate::ui::number::{LiveNumber, count_text};
use crate::ui::state::{ask, empty, loaded};

/// One channel.
pub fn channel_page() -> AnyView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let page = ask(Signal::derive(move || Ask::Channel(id.get())));
    view! {
        <Title text=move || format!("Channel {}", id.get())/>
        {loaded(page, detail)}
    }
    .into_any()
}

fn detail(at: At<ChannelView>) -> AnyView {
    let live = use_live();
    let (seq, ChannelView { status, publications }) = (at.seq, at.data);
    Effect::new(move |_| live.join(seq));
    let (name, kind) = (status.name.clone(), status.kind.clone());
    let status = Memo::new(move |_| {
        live.read(|book| book.channel(&status)).unwrap_or_else(|| status.clone())
    });
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
        {listings(publications, seq)}
    }
    .into_any()
}

fn listings(publications: Vec<PublicationRow>, seq: u64) -> AnyView {
    if publications.is_empty() {
        let none = empty(
            Icon::Channel,
            "No listings yet",
            "A listing appears when the channel names it, or when it is mapped to a SKU.",
            None,
        );
        return view! { <section class="card">{none}</section> }.into_any();
    }
    let shown = counted(publications.len() as u64, "listing", "listings");
    let rows = publications.into_iter().map(|row| listing_row(row, seq)).collect_view();
    view! {
        <section class="card card-flush" aria-labelledby="listings">
            <div class="card-head">
                <h2 class="card-title" id="listings">"Listings"</h2>
                <span class="card-sub">{shown} ", those behind first"</span>
            </div>
            <div class="table-wrap">
                <table class="table table-stack">
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
        </section>
    }
    .into_any()
}

fn listing_row(row: PublicationRow, seq: u64) -> AnyView {
    let live = use_live();
    let (sku, listing) = (row.sku.to_string(), row.listing.to_string());
    let row = RwSignal::from(live.publication(row, seq));
    let desired = Signal::derive(move || row.read().desired);
    let acknowledged = move || match row.read().acknowledged {
        Some(number) => {
            let number = Signal::stored(number);
            view! { <LiveNumber value=number/> }.into_any()
        }
        None => view! { <span class="muted">"nothing yet"</span> }.into_any(),
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
                <a href=sku_href(&sku)>{sku.clone()}</a> <span class="cell-sub">{listing}</span>
            </td>
            <td data-label="State">{move || publication_badge(row.read().state)}</td>
            <td class="num" data-label="Should show">
                <a href=because title="The event it comes from">
                    <LiveNumber value=desired/>
                </a>
            </td>
            <td class="num" data-label="Acknowledged">{acknowledged}</td>
            <td class="num" data-label="Lag">{move || delay(row.read().lag_ms)}</td>
            <td data-label="Last trouble">{trouble}</td>
        </tr>
    }
    .into_any()
}
