//! What would be so after a decision.

use leptos::prelude::*;
use onhand::wire::conflict::Preview;

use crate::format::signed;
use crate::ui::icon::{Icon, icon};

/// What would be so afterwards, or why it cannot be. Spans, because it stands inside a label.
pub(super) fn preview(preview: Option<Preview>, problem: Option<String>) -> AnyView {
    let Some(preview) = preview else {
        let problem = problem.map(|problem| {
            view! {
                <span class="preview-line preview-problem">{icon(Icon::Warning)} {problem}</span>
            }
        });
        return view! { {problem} }.into_any();
    };
    if preview.levels.is_empty() && preview.publications.is_empty() {
        return view! { <span class="preview-line">"No level changes."</span> }.into_any();
    }
    let levels = preview
        .levels
        .into_iter()
        .map(|row| {
            view! {
                <span class="preview-line">
                    {icon(Icon::Stock)} <strong>{row.sku.to_string()}</strong> " at "
                    {row.location.to_string()} ": " <span class="num">{row.on_hand}</span>
                    " on hand, " <span class="num">{row.available}</span> " available"
                </span>
            }
        })
        .collect_view();
    let pushes = preview
        .publications
        .into_iter()
        .map(|push| {
            let now = push.acknowledged.map_or("nothing".to_owned(), |now| now.to_string());
            let change = push
                .acknowledged
                .filter(|now| *now != push.desired)
                .map(|now| format!(" ({})", signed(push.desired - now)));
            view! {
                <span class="preview-line">
                    {icon(Icon::Channel)} {push.channel} " " {push.listing} ": acknowledged "
                    {now}
                    ", next " <strong>{push.desired}</strong> {change}
                </span>
            }
        })
        .collect_view();
    let more = preview.more.then(|| {
        view! { <span class="preview-line">"And so on: more events wait for this."</span> }
    });
    view! { {levels} {pushes} {more} }.into_any()
}
