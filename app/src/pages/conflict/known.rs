//! What is known of a conflict: its facts, its moments, its events, and how it ended.

use leptos::prelude::*;
use onhand::conflict::{Conflict, Evidence};
use onhand::time::Timestamp;

use crate::format::{sku_href, title};
use crate::sort::sorted;
use crate::ui::badge::status_badge;
use crate::ui::clock::Time;
use crate::ui::event::record_href;

/// How it ended: who decided what, when and why.
pub(super) fn resolution(conflict: &Conflict) -> AnyView {
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
                    <a href=record_href(resolution.seq)>{resolution.seq}</a>
                </dd>
            </dl>
        </section>
    }
    .into_any()
}

pub(super) fn facts(conflict: &Conflict) -> AnyView {
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

pub(super) fn timeline(conflict: &Conflict) -> AnyView {
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

pub(super) fn events(conflict: &Conflict) -> AnyView {
    let more = conflict.event_count.saturating_sub(conflict.events.len() as u64);
    let rows = conflict
        .events
        .iter()
        .map(|event| {
            view! {
                <a class="sum-row" href=record_href(event.seq)>
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
    use onhand::conflict::{ConflictKind, ConflictStatus};
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
            renewed_seq: None,
            sku: None,
            location: None,
            order: None,
            transfer: None,
            channel: None,
            listing: None,
            count: None,
            content: None,
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
