//! Why a number is what it is: the exact terms of each level, each a link to its event.

use std::time::Duration;

use leptos::prelude::*;
use onhand::history::{Cause, Hold, Term};
use onhand::record::Bucket;
use onhand::wire::page::LevelReason;
use onhand::wire::stock::LevelRow;

use crate::api::read::{Ask, fetch};
use crate::format::{grouped, signed, words};
use crate::ui::clock::Time;
use crate::ui::event::{record_href, what};
use crate::ui::reactive::effect;

/// How long after a change the terms are read again, in milliseconds: a level that sells every
/// moment does not ask the server every moment.
const READ_AGAIN_AFTER_MS: u64 = 1_000;

/// The card: what the page brought, read again after each change of one of the levels.
pub fn why(first: Vec<LevelReason>, sku: String, rows: &[ArcRwSignal<LevelRow>]) -> AnyView {
    let levels = RwSignal::new(first);
    read_again(levels, sku, rows.to_vec());
    let list = move || {
        levels.with(|levels| {
            let rows = levels.iter().enumerate();
            rows.map(|(index, level)| one(level, index == 0)).collect_view()
        })
    };
    let none = move || {
        levels.read().is_empty().then(|| {
            view! { <p class="card-body muted">"No event has moved it yet."</p> }
        })
    };
    view! {
        <section class="card card-flush" aria-labelledby="why">
            <div class="card-head">
                <h2 class="card-title" id="why">"Why this number"</h2>
                <span class="card-sub">"every term, from the last count on"</span>
            </div>
            {none} {list}
        </section>
    }
    .into_any()
}

/// Keeps the terms up to date: they are behind while a level has a later version than they have.
fn read_again(levels: RwSignal<Vec<LevelReason>>, sku: String, rows: Vec<ArcRwSignal<LevelRow>>) {
    let sum = move || rows.iter().map(|row| row.read().version).sum::<u64>();
    let waiting = StoredValue::new(false);
    effect(move || {
        let explained = levels.read().iter().map(|level| level.version).sum::<u64>();
        if sum() <= explained || waiting.get_value() {
            return;
        }
        waiting.set_value(true);
        let sku = sku.clone();
        let read = move || {
            leptos::task::spawn_local(async move {
                let found = fetch::<Vec<LevelReason>>(Ask::Why(sku)).await;
                // The page may be gone by now. Without an answer the next change asks again.
                waiting.try_set_value(false);
                if let Ok(found) = found {
                    levels.try_set(found);
                }
            });
        };
        set_timeout(read, Duration::from_millis(READ_AGAIN_AFTER_MS));
    });
}

/// One level: what is there, who holds some of it, and what is left.
fn one(level: &LevelReason, open: bool) -> AnyView {
    let why = &level.why;
    let terms = why.terms.iter().map(term).collect_view();
    let holds = why.holds.iter().map(hold).collect_view();
    let incoming = why.incoming.iter().map(|hold| hold.quantity).sum::<i64>();
    let incoming = (incoming != 0).then(|| {
        view! {
            <p class="sum-row muted">
                <span>"On its way, beside all this"</span>
                <span class="sum-term">{signed(incoming)}</span>
            </p>
        }
    });
    view! {
        <details class="why-level" open=open>
            <summary class="sum-row">
                <strong>{level.location.to_string()}</strong>
                <span class="sum-term">{grouped(why.available)} " available"</span>
            </summary>
            <div class="sum">
                {terms} {total("On hand", why.on_hand)} {holds}
                {total("Available", why.available)} {incoming}
            </div>
        </details>
    }
    .into_any()
}

fn total(label: &'static str, units: i64) -> AnyView {
    view! {
        <p class="sum-row sum-total">
            <span>{label}</span>
            <span class="sum-term">{grouped(units)}</span>
        </p>
    }
    .into_any()
}

fn term(term: &Term) -> AnyView {
    let label = match term.cause {
        Cause::Counted => "Counted".to_owned(),
        Cause::Decided => "Decided about movements near the count".to_owned(),
        Cause::Earlier => "Everything before".to_owned(),
        Cause::Moved => match &term.order {
            Some(order) => format!("{}: order {order}", what(&term.event_type)),
            None => what(&term.event_type),
        },
    };
    let from = format!("from {}", term.source);
    let units = match term.cause {
        Cause::Counted => grouped(term.quantity),
        _ => signed(term.quantity),
    };
    row(term.event.seq, label, Some(from), term.time, units)
}

fn hold(hold: &Hold) -> AnyView {
    let state = words(hold.state.as_str());
    let label = match &hold.order {
        Some(order) => format!("{state}: order {order}"),
        None if hold.state == Bucket::Committed => format!("{state}: earlier orders"),
        None => state,
    };
    row(hold.event.seq, crate::format::title(&label), None, hold.time, signed(-hold.quantity))
}

fn row(
    seq: u64,
    label: String,
    from: Option<String>,
    at: onhand::time::Timestamp,
    units: String,
) -> AnyView {
    let from = from.map(|from| view! { " " <span class="muted">{from}</span> });
    view! {
        <a class="sum-row" href=record_href(seq)>
            <span>
                {label} {from}
                <span class="cell-sub">
                    <Time at=Signal::stored(at)/>
                </span>
            </span>
            <span class="sum-term">{units}</span>
        </a>
    }
    .into_any()
}
