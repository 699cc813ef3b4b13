//! The command center: how the ledger and its channels are, in one glance.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use onhand::conflict::Conflict;
use onhand::wire::channel::ChannelStatus;
use onhand::wire::page::{Figures, IntakeMinute, Overview};
use onhand::wire::stock::LevelRow;

use super::{conflict_key, page_head};
use crate::api::At;
use crate::api::read::{Ask, fetch as fetch_once};
use crate::format::{delay, sku_href, title};
use crate::live::use_live;
use crate::ui::badge::{health_badge, health_tile_class, mode_badge, severity_badge};
use crate::ui::chart::{intake_chart, intake_legend, intake_table, spark};
use crate::ui::clock::{Time, browser_now_us, use_clock};
use crate::ui::feed::{Feed, Filter};
use crate::ui::frame::KeyFigures;
use crate::ui::icon::{Icon, icon};
use crate::ui::level::AvailableCell;
use crate::ui::number::{LiveNumber, count_text, number_text};
use crate::ui::reactive::{effect, keyed, memo, when};
use crate::ui::state::{ask, empty, link_button, loaded};

/// While events come in, what the live frames do not hold is fetched again this often.
const REFRESH_MS: u64 = 15_000;
/// Conflicts listed; the rest is on their own page.
const CONFLICTS_SHOWN: usize = 6;
/// Points of a spark line that grows while the page is open.
const SPARK_POINTS: usize = 60;

/// The command center.
pub fn command_center() -> AnyView {
    let first = ask(Signal::stored(Ask::Overview));
    view! {
        <Title text="Command center"/>
        {page_head(
            "Command center".into_any(),
            "What comes in, what it does to the stock, and who has not heard yet.".into_any(),
            None,
        )}
        {loaded(first, center)}
    }
    .into_any()
}

fn center(first: At<Overview>) -> AnyView {
    let (seq, events) = (first.seq, first.data.events.clone());
    let page = RwSignal::new(first);
    refresh_while_events_come(page);
    let query = use_query_map();
    let filter =
        Signal::derive(move || Filter::from_name(&query.read().get("feed").unwrap_or_default()));
    view! {
        {figures(page)}
        <div class="split split-wide">
            {intake(page)}
            {conflicts(page)}
        </div>
        <div class="split split-wide">
            <section class="card card-flush feed-card" aria-labelledby="feed">
                <div class="card-head">
                    <h2 class="card-title" id="feed">"Live events"</h2>
                    {feed_filter(filter)}
                </div>
                <Feed first=events seq=seq filter=filter/>
            </section>
            {scarce(page)}
        </div>
        {channels(page)}
    }
    .into_any()
}

/// Fetches the page again from time to time, if anything has come in, and after a resync.
fn refresh_while_events_come(page: RwSignal<At<Overview>>) {
    let live = use_live();
    let fetch = move || {
        spawn_local(async move {
            if let Ok(fresh) = fetch_once::<At<Overview>>(Ask::Overview).await {
                page.try_set(fresh);
            }
        });
    };
    effect(move || {
        if live.resyncs.get() > 0 {
            fetch();
        }
    });
    effect(move || {
        let seen = StoredValue::new(live.changed.get_untracked());
        let tick = move || {
            let changed = live.changed.get_untracked();
            if seen.try_get_value().is_some_and(|seen| seen != changed) {
                seen.set_value(changed);
                fetch();
            }
        };
        if let Ok(handle) = set_interval_with_handle(tick, Duration::from_millis(REFRESH_MS)) {
            on_cleanup(move || handle.clear());
        }
    });
}

/// One key figure.
fn stat(
    href: &'static str,
    label: &'static str,
    value: AnyView,
    note: AnyView,
    line: AnyView,
) -> AnyView {
    view! {
        <a class="stat" href=href>
            <span class="stat-label">{label}</span>
            <span class="stat-value">{value}</span>
            <span class="stat-note">{note}</span>
            {line}
        </a>
    }
    .into_any()
}

/// What a figure was each time it was fetched since the page was opened.
fn trail(value: Memo<i64>, fresh: RwSignal<Option<Figures>>) -> impl Fn() -> AnyView {
    let points = RwSignal::new(vec![value.get_untracked()]);
    effect(move || {
        fresh.track();
        let value = value.get();
        points.update(|points| {
            points.push(value);
            let surplus = points.len().saturating_sub(SPARK_POINTS);
            points.drain(..surplus);
        });
    });
    move || points.with(|points| spark(points))
}

#[expect(clippy::too_many_lines, reason = "one view, read from top to bottom")]
fn figures(page: RwSignal<At<Overview>>) -> AnyView {
    let (live, clock) = (use_live(), use_clock());
    let key = expect_context::<KeyFigures>();
    let now = memo(move || {
        let page = page.read().data.figures;
        key.fresh.get().filter(|fresh| fresh.seq >= page.seq).unwrap_or(page)
    });
    let figure = move |read: fn(&Figures) -> i64| memo(move || read(&now.read()));
    let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let units = figure(|figures| figures.units_available);
    let open = memo(move || whole(now.read().open_conflicts));
    let behind = memo(move || whole(now.read().behind));
    let lag = memo(move || whole(now.read().oldest_lag_ms));
    let rate = move || {
        clock.now_us.get();
        let tenths = live.read(|book| book.rate_tenths(browser_now_us())).unwrap_or(0);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    let minutes = move || {
        let page = page.read();
        let per_minute: Vec<i64> = page
            .data
            .intake
            .iter()
            .map(|minute| i64::from(minute.applied + minute.conflict + minute.other))
            .collect();
        spark(&per_minute)
    };
    let events = count_text(move || {
        live.changed.track();
        live.seq().max(page.read().seq)
    });
    let levels = count_text(move || now.read().levels);
    view! {
        <div class="stats">
            {stat(
                "/events",
                "Events a second",
                rate.into_any(),
                view! { {events} " in all" }.into_any(),
                minutes.into_any(),
            )}
            {stat(
                "/stock",
                "Units available",
                view! { <LiveNumber value=units/> }.into_any(),
                view! { "at " {levels} " levels" }.into_any(),
                trail(units, key.fresh).into_any(),
            )}
            {stat(
                "/conflicts",
                "Open conflicts",
                view! { <LiveNumber value=open/> }.into_any(),
                (move || if open.get() == 0 { "nothing to decide" } else { "wait for a decision" })
                    .into_any(),
                trail(open, key.fresh).into_any(),
            )}
            {stat(
                "/channels",
                "Listings behind",
                view! { <LiveNumber value=behind/> }.into_any(),
                "not yet acknowledged".into_any(),
                trail(behind, key.fresh).into_any(),
            )}
            {stat(
                "/channels",
                "Oldest lag",
                (move || delay(lag.get().unsigned_abs())).into_any(),
                "since it should have shown".into_any(),
                trail(lag, key.fresh).into_any(),
            )}
        </div>
    }
    .into_any()
}

fn intake(page: RwSignal<At<Overview>>) -> AnyView {
    let (live, clock) = (use_live(), use_clock());
    let minutes = memo(move || -> Vec<IntakeMinute> {
        // Drawn anew at most once a second, however much comes in.
        clock.now_us.track();
        let page = page.read();
        let (intake, seq) = (&page.data.intake, page.seq);
        untrack(|| live.read(|book| book.minutes(intake, seq))).unwrap_or_else(|| intake.clone())
    });
    view! {
        <section class="card" aria-labelledby="intake">
            <div class="card-head">
                <h2 class="card-title" id="intake">"Intake and outcomes"</h2>
                <span class="card-sub">"events by minute, the last hour"</span>
                {intake_legend()}
            </div>
            <div class="card-body">
                {move || minutes.with(|minutes| intake_chart(minutes))}
                <details class="numbers">
                    <summary>"The numbers as a table"</summary>
                    <div class="table-wrap numbers-table">
                        {move || minutes.with(|minutes| intake_table(minutes))}
                    </div>
                </details>
            </div>
        </section>
    }
    .into_any()
}

/// What a conflict is about.
fn about(conflict: &Conflict) -> String {
    let sku = conflict.sku.as_ref().map(ToString::to_string);
    let location = conflict.location.as_ref().map(ToString::to_string);
    if let Some(transfer) = &conflict.transfer {
        return format!("transfer {transfer}");
    }
    match (sku, location, &conflict.order, &conflict.channel) {
        (Some(sku), Some(location), ..) => format!("{sku} at {location}"),
        (Some(sku), ..) => sku,
        (None, Some(location), ..) => location,
        (None, None, Some(order), _) => format!("order {order}"),
        (None, None, None, Some(channel)) => match &conflict.listing {
            Some(listing) => format!("{channel} {listing}"),
            None => format!("channel {channel}"),
        },
        (None, None, None, None) => conflict.id.to_string(),
    }
}

fn conflicts(page: RwSignal<At<Overview>>) -> AnyView {
    let live = use_live();
    let open = memo(move || {
        let page = page.read();
        let first = &page.data.conflicts;
        live.read(|book| book.open_conflicts(first, page.seq)).unwrap_or_else(|| first.clone())
    });
    let shown = move || open.get().into_iter().take(CONFLICTS_SHOWN).collect::<Vec<_>>();
    let row = |conflict: Conflict| {
        let href = format!("/conflicts/{}", conflict.id);
        view! {
            <a class="sum-row" href=href>
                <span>
                    {title(conflict.kind.as_str())}
                    <span class="cell-sub">
                        {about(&conflict)} " · " <Time at=Signal::stored(conflict.opened_at)/>
                    </span>
                </span>
                {severity_badge(conflict.kind.severity())}
            </a>
        }
        .into_any()
    };
    let none = || {
        empty(
            Icon::Check,
            "No open conflicts",
            "Whatever only a person can decide appears here, the most urgent first.",
            None,
        )
    };
    view! {
        <section class="card card-flush" aria-labelledby="alerts">
            <div class="card-head">
                <h2 class="card-title" id="alerts">"Needs a decision"</h2>
                <a class="card-link" href="/conflicts">"All conflicts"</a>
            </div>
            <div class="sum">{keyed(shown, conflict_key, row)}</div>
            {when(move || open.read().is_empty(), none)}
        </section>
    }
    .into_any()
}

/// The filter of the feed, by address.
fn feed_filter(filter: Signal<Filter>) -> AnyView {
    let links = Filter::ALL
        .into_iter()
        .map(|own| {
            let href = match own {
                Filter::All => "/".to_owned(),
                _ => format!("/?feed={}", own.name()),
            };
            let current = move || (filter.get() == own).then_some("true");
            view! {
                <a href=href aria-current=current data-noscroll="">
                    {title(own.name())}
                </a>
            }
        })
        .collect_view();
    view! { <nav class="segmented" aria-label="Which events">{links}</nav> }.into_any()
}

fn scarce(page: RwSignal<At<Overview>>) -> AnyView {
    let live = use_live();
    let rows = move || page.read().data.scarce.clone();
    let row = move |row: LevelRow| {
        let (sku, name, location) =
            (row.sku.to_string(), row.name.clone(), row.location.to_string());
        let row = live.level(row);
        view! {
            <tr>
                <td>
                    <a href=sku_href(&sku)>{sku.clone()}</a>
                    <span class="cell-sub">{name} " at " {location}</span>
                </td>
                <AvailableCell row=row/>
            </tr>
        }
        .into_any()
    };
    let key = |row: &LevelRow| format!("{} at {}", row.sku, row.location);
    let none = || {
        empty(
            Icon::Stock,
            "Nothing is running out",
            "Oversold SKUs, and those at or below their low-stock mark, appear here.",
            None,
        )
    };
    let table = move || {
        view! {
            <div class="table-wrap scarce-table">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"SKU"</th>
                            <th scope="col" class="num">"Available"</th>
                        </tr>
                    </thead>
                    <tbody>{keyed(rows, key, row)}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="card card-flush" aria-labelledby="scarce">
            <div class="card-head">
                <h2 class="card-title" id="scarce">"Running out"</h2>
                <a class="card-link" href="/stock?low=1">"All low levels"</a>
            </div>
            {when(move || page.read().data.scarce.is_empty(), none)}
            {when(move || !page.read().data.scarce.is_empty(), table)}
        </section>
    }
    .into_any()
}

fn channels(page: RwSignal<At<Overview>>) -> AnyView {
    let live = use_live();
    let channels = memo(move || {
        let page = page.read();
        let first = &page.data.channels;
        live.read(|book| first.iter().map(|own| book.channel(own)).collect::<Vec<_>>())
            .unwrap_or_else(|| first.clone())
    });
    let none = || {
        let none = empty(
            Icon::Channel,
            "No channel is connected",
            "Once a shop is connected, its health, lag and backlog show here.",
            Some(link_button("/channels".to_owned(), "Channels")),
        );
        view! { <div class="card">{none}</div> }.into_any()
    };
    view! {
        <section class="stack" aria-labelledby="channels">
            <h2 class="section-title" id="channels">"Channels"</h2>
            <div class="tiles">
                {move || channels.get().iter().map(channel_tile).collect_view()}
            </div>
            {when(move || channels.read().is_empty(), none)}
        </section>
    }
    .into_any()
}

/// How one channel is doing.
pub(super) fn channel_tile(status: &ChannelStatus) -> AnyView {
    let href = format!("/channels/{}", crate::format::encode(status.channel.as_str()));
    let (listings, behind) = (status.listings, status.behind);
    let in_sync = listings.saturating_sub(behind).to_string();
    let fact = |name: &'static str, value: AnyView| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    let error = status
        .last_error
        .clone()
        .filter(|_| status.health != onhand::wire::channel::ChannelHealth::Healthy);
    let error =
        error.map(|error| view! { <p class="tile-error">{icon(Icon::Warning)} {error}</p> });
    let behind_text = number_text(move || i64::try_from(behind).unwrap_or(i64::MAX));
    view! {
        <a class=health_tile_class(status.health) href=href>
            <span class="tile-head">
                <span>{status.name.clone()} <span class="cell-sub">{status.kind.clone()}</span></span>
                <span class="row">{mode_badge(status.mode)} {health_badge(status.health)}</span>
            </span>
            <progress
                class="meter"
                max=listings.max(1).to_string()
                value=in_sync
                aria-label="Listings in sync"
            ></progress>
            <dl class="tile-facts">
                {fact("Behind", behind_text.into_any())}
                {fact("Lag", delay(status.lag_ms).into_any())}
                {fact("Listings", count_text(move || listings).into_any())}
            </dl>
            {error}
        </a>
    }
    .into_any()
}
