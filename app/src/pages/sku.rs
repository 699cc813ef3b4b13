//! One SKU: where it is, how it got there, who has been told.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use onhand::conflict::Conflict;
use onhand::event::KitPart;
use onhand::record::{Bucket, Effect as LevelChange};
use onhand::wire::channel::PublicationRow;
use onhand::wire::live::EventRow;
use onhand::wire::page::{HistoryPoint, Role, SkuPage};
use onhand::wire::stock::LevelRow;

use super::why::why;
use super::{conflict_key, page_head};
use crate::api::At;
use crate::api::read::Ask;
use crate::format::{Query, counted, grouped};
use crate::live::use_live;
use crate::ui::badge::{outcome_badge, publication_badge, severity_badge};
use crate::ui::chart::{SERIES_MAX, history_chart};
use crate::ui::clock::Time;
use crate::ui::event::{effect_words, journal_href, record_href, what};
use crate::ui::icon::{Icon, icon};
use crate::ui::level::{Lead, LevelTr, level_head};
use crate::ui::number::LiveNumber;
use crate::ui::reactive::{keyed, memo, page_title, when};
use crate::ui::session::use_session;
use crate::ui::state::{ask, empty, loaded};

/// Events listed as the reason for a number; the journal has all of them.
const REASONS_MAX: usize = 20;

/// The page of one SKU.
pub fn sku_page() -> AnyView {
    let params = use_params_map();
    let sku = memo(move || params.read().get("sku").unwrap_or_default());
    let page = ask(Signal::derive(move || Ask::Sku(sku.get())));
    view! {
        <Title text=page_title(sku, |sku| sku)/>
        {loaded(page, detail)}
    }
    .into_any()
}

/// What a kit consists of: `2 TEA, 1 MUG`.
fn parts(kit: &[KitPart]) -> String {
    let parts: Vec<String> =
        kit.iter().map(|part| format!("{} {}", grouped(part.quantity), part.sku)).collect();
    parts.join(", ")
}

fn detail(at: At<SkuPage>) -> AnyView {
    let live = use_live();
    let (seq, page) = (at.seq, at.data);
    let rows: Vec<ArcRwSignal<LevelRow>> =
        page.levels.into_iter().map(|row| live.level(row)).collect();
    let sub = view! {
        {page.name.clone()}
        {page.barcode.map(|barcode| format!(" · barcode {barcode}"))}
        {page.low_stock.map(|mark| format!(" · low at {mark} or less"))}
        {(!page.kit.is_empty()).then(|| format!(" · kit of {}", parts(&page.kit)))}
    };
    let adjust = use_session().may(Role::Warehouse).then(|| {
        let mut href = Query::new("/adjust");
        href.add("sku", &page.sku);
        let href = href.as_str().to_owned();
        view! { <a class="btn btn-primary" href=href>{icon(Icon::Adjust)} "Adjust"</a> }.into_any()
    });
    view! {
        {page_head(page.sku.clone().into_any(), sub.into_any(), adjust)}
        {totals(&rows)}
        <div class="split">
            <div class="stack">
                {why(page.why, page.sku.clone(), &rows)}
                {levels(rows)}
                {history(page.history, page.sku.clone())}
                {reasons(page.events, page.sku.clone(), seq)}
            </div>
            <div class="stack">
                {conflicts(page.conflicts, page.sku, seq)}
                {publications(page.publications, seq)}
            </div>
        </div>
    }
    .into_any()
}

/// The sums over all locations.
fn totals(rows: &[ArcRwSignal<LevelRow>]) -> AnyView {
    let stat = |label: &'static str, read: fn(&LevelRow) -> i64, note: &'static str| {
        let rows = rows.to_vec();
        let sum = Signal::derive(move || rows.iter().map(|row| read(&row.read())).sum::<i64>());
        view! {
            <div class="stat">
                <span class="stat-label">{label}</span>
                <span class="stat-value">
                    <LiveNumber value=sum/>
                </span>
                <span class="stat-note">{note}</span>
            </div>
        }
    };
    view! {
        <div class="stats">
            {stat("Available", |row| row.available, "can be sold")}
            {stat("On hand", |row| row.on_hand, "physically there")}
            {stat("Committed", |row| row.committed, "promised to orders")}
            {stat("Reserved", |row| row.reserved, "held for carts")}
            {stat("Incoming", |row| row.incoming, "on the way")}
        </div>
    }
    .into_any()
}

fn levels(rows: Vec<ArcRwSignal<LevelRow>>) -> AnyView {
    let rows =
        rows.into_iter().map(|row| view! { <LevelTr row lead=Lead::Location/> }).collect_view();
    view! {
        <section class="card card-flush" aria-labelledby="levels">
            <div class="card-head">
                <h2 class="card-title" id="levels">"Levels by location"</h2>
            </div>
            <div class="table-wrap">
                <table class="table table-stack">
                    {level_head(Lead::Location)} <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

/// The history of a page, with what came in live since its last point.
fn history(first: Vec<HistoryPoint>, sku: String) -> AnyView {
    let live = use_live();
    let newest = first.last().map_or(0, |point| point.seq);
    let points = memo(move || {
        let mut points = first.clone();
        let mut newer = live.read(|book| book.tail_after(newest)).unwrap_or_default();
        newer.reverse();
        for event in newer {
            let of_this = |effect: &&LevelChange| {
                effect.state == Bucket::OnHand && effect.sku.as_str() == sku.as_str()
            };
            points.extend(event.effects.iter().filter(of_this).map(|effect| HistoryPoint {
                seq: event.seq,
                at_us: event.recorded_at.micros(),
                location: effect.location.to_string(),
                on_hand: effect.after,
            }));
        }
        points
    });
    view! {
        <section class="card" aria-labelledby="history">
            <div class="card-head">
                <h2 class="card-title" id="history">"On hand over time"</h2>
                <span class="card-sub">
                    "the last changes, at most " {SERIES_MAX} " locations"
                </span>
            </div>
            <div class="card-body">{move || points.with(|points| history_drawn(points))}</div>
        </section>
    }
    .into_any()
}

fn history_drawn(points: &[HistoryPoint]) -> AnyView {
    let rows = points
        .iter()
        .rev()
        .map(|point| {
            let at = onhand::time::Timestamp::from_micros(point.at_us);
            view! {
                <tr>
                    <td>
                        <Time at=Signal::stored(at)/>
                    </td>
                    <td>{point.location.clone()}</td>
                    <td class="num">{point.on_hand}</td>
                </tr>
            }
        })
        .collect_view();
    let chart = if points.len() < 2 {
        view! { <p class="muted">"A line appears after the second change."</p> }.into_any()
    } else {
        history_chart(points)
    };
    view! {
        {chart}
        <details class="numbers">
            <summary>"The numbers as a table"</summary>
            <div class="table-wrap numbers-table">
                <table class="table table-dense">
                    <thead>
                        <tr>
                            <th>"When"</th>
                            <th>"Location"</th>
                            <th class="num">"On hand"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}

/// What changed it lately: the events, newest first, with what each changed.
fn reasons(first: Vec<EventRow>, sku: String, seq: u64) -> AnyView {
    let live = use_live();
    let newest = first.first().map_or(seq, |event| event.seq.max(seq));
    let earlier = first.get(REASONS_MAX).map(|event| {
        let href = journal_href(event.seq);
        view! {
            <div class="card-foot">
                <span>{counted(REASONS_MAX as u64, "event", "events")} " at most"</span>
                <a href=href>"Earlier ones in the journal"</a>
            </div>
        }
    });
    let of_this = {
        let sku = sku.clone();
        move |event: &EventRow| {
            event.effects.iter().any(|effect| effect.sku.as_str() == sku.as_str())
        }
    };
    let events = memo(move || {
        let mut events = live.read(|book| book.tail_after(newest)).unwrap_or_default();
        events.retain(&of_this);
        events.extend(first.iter().cloned());
        events.truncate(REASONS_MAX);
        events
    });
    let row = move |event: EventRow| {
        let effects = event
            .effects
            .iter()
            .filter(|effect| effect.sku.as_str() == sku.as_str())
            .map(|effect| view! { <li>{effect_words(effect)}</li> })
            .collect_view();
        let data = event.envelope.data;
        let words = [event.reason, data.reason, data.reference, data.note];
        let words =
            words.into_iter().flatten().map(|words| view! { <li>{words}</li> }).collect_view();
        let from = format!("from {}", event.envelope.source);
        view! {
            <a class="sum-row reason" href=record_href(event.seq)>
                <span class="reason-what">
                    {outcome_badge(event.outcome)}
                    <strong>{what(&event.envelope.event_type)}</strong>
                    <span class="muted" title=event.actor>{from}</span>
                </span>
                <span class="feed-time">
                    <Time at=Signal::stored(event.recorded_at)/>
                </span>
                <ul class="reason-effects">{effects} {words}</ul>
            </a>
        }
        .into_any()
    };
    view! {
        <section class="card card-flush" aria-labelledby="lately">
            <div class="card-head">
                <h2 class="card-title" id="lately">"What changed it lately"</h2>
                <span class="card-sub">"newest first"</span>
            </div>
            <div class="sum">
                {keyed(move || events.get(), |event| event.seq.to_string(), row)}
            </div>
            {earlier}
        </section>
    }
    .into_any()
}

fn conflicts(first: Vec<Conflict>, sku: String, seq: u64) -> AnyView {
    let live = use_live();
    let open = memo(move || {
        let now = live.read(|book| book.open_conflicts(&first, seq));
        let mut open = now.unwrap_or_else(|| first.clone());
        open.retain(|conflict| conflict.sku.as_ref().is_some_and(|own| own.as_str() == sku));
        open
    });
    let row = |conflict: Conflict| {
        let href = format!("/conflicts/{}", conflict.id);
        view! {
            <a class="sum-row" href=href>
                <span>
                    {crate::format::title(conflict.kind.as_str())}
                    <span class="cell-sub">{conflict.explanation()}</span>
                </span>
                {severity_badge(conflict.kind.severity())}
            </a>
        }
        .into_any()
    };
    let list = move || {
        view! {
            <section class="card card-flush" aria-labelledby="open">
                <div class="card-head">
                    <h2 class="card-title" id="open">"Open conflicts"</h2>
                </div>
                <div class="sum">{keyed(move || open.get(), conflict_key, row)}</div>
            </section>
        }
        .into_any()
    };
    when(move || !open.read().is_empty(), list)
}

fn publications(first: Vec<PublicationRow>, seq: u64) -> AnyView {
    let live = use_live();
    let none = first.is_empty().then(|| {
        empty(
            Icon::Channel,
            "No channel sells it",
            "A listing of a channel that is mapped to this SKU shows up here.",
            None,
        )
    });
    let rows = first
        .into_iter()
        .map(|row| {
            let href = format!("/channels/{}", crate::format::encode(row.channel.as_str()));
            let (channel, listing) = (row.channel.to_string(), row.listing.to_string());
            let signal = live.publication(row, seq);
            let shown = {
                let signal = signal.clone();
                Signal::derive(move || signal.read().acknowledged.unwrap_or_default())
            };
            let told = {
                let signal = signal.clone();
                move || {
                    let row = signal.read();
                    match row.acknowledged {
                        Some(acknowledged) if acknowledged == row.desired => None,
                        Some(_) => Some(format!("should show {}", row.desired)),
                        None => Some(format!("told nothing yet, should show {}", row.desired)),
                    }
                }
            };
            let state = move || publication_badge(signal.read().state);
            view! {
                <a class="sum-row" href=href>
                    <span>
                        {channel} <span class="cell-sub">{listing} " " {told}</span>
                    </span>
                    <span class="sum-term row">
                        {state} <LiveNumber value=shown/>
                    </span>
                </a>
            }
        })
        .collect_view();
    view! {
        <section class="card card-flush" aria-labelledby="channels">
            <div class="card-head">
                <h2 class="card-title" id="channels">"Channels show"</h2>
            </div>
            <div class="sum">{rows} {none}</div>
        </section>
    }
    .into_any()
}
