//! A level as a row of a table whose numbers change live.

use leptos::prelude::*;
use onhand::wire::stock::LevelRow;

use super::clock::Time;
use super::icon::{Icon, icon};
use super::number::{LiveNumber, NumberCell};
use crate::format::sku_href;

/// What a level's row begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead {
    /// The SKU with its name, then the location.
    Sku,
    /// The location alone, on the page of one SKU.
    Location,
}

/// Kept apart from what can be sold: damaged, in quality control, safety stock.
fn held_back(row: &LevelRow) -> i64 {
    row.damaged + row.quality_control + row.safety_stock
}

fn held_back_words(row: &LevelRow) -> String {
    format!(
        "{} damaged, {} in quality control, {} safety stock",
        row.damaged, row.quality_control, row.safety_stock
    )
}

/// What is wrong with a number that can be sold, in a word.
fn shortage(available: i64) -> Option<AnyView> {
    match available {
        ..0 => {
            Some(view! { <span class="badge badge-danger">{icon(Icon::Warning)} "Oversold"</span> })
        }
        0 => Some(view! { <span class="badge badge-warn">{icon(Icon::Warning)} "Out"</span> }),
        _ => None,
    }
    .map(IntoAny::into_any)
}

/// The row's number that can be sold, with a word if there is none.
#[expect(clippy::needless_pass_by_value, reason = "components own their properties")]
#[component]
pub fn AvailableCell(
    /// The level.
    row: ArcRwSignal<LevelRow>,
) -> impl IntoView {
    let available = Signal::derive({
        let row = row.clone();
        move || row.read().available
    });
    view! {
        <td class="num" data-label="Available">
            <span class="available">
                {move || shortage(available.get())} <LiveNumber value=available/>
            </span>
        </td>
    }
    .into_any()
}

/// The headings of a table of levels.
pub fn level_head(lead: Lead) -> AnyView {
    let sku = (lead == Lead::Sku).then(|| view! { <th scope="col">"SKU"</th> });
    view! {
        <thead>
            <tr>
                {sku} <th scope="col">"Location"</th> <th scope="col" class="num">"Available"</th>
                <th scope="col" class="num">"On hand"</th>
                <th scope="col" class="num">"Committed"</th>
                <th scope="col" class="num">"Reserved"</th>
                <th scope="col" class="num" title="Damaged, quality control and safety stock">
                    "Held back"
                </th>
                <th scope="col" class="num">"Incoming"</th>
                <th scope="col" class="num">"Changed"</th>
            </tr>
        </thead>
    }
    .into_any()
}

/// One level.
#[expect(clippy::needless_pass_by_value, reason = "components own their properties")]
#[component]
pub fn LevelTr(
    /// The level.
    row: ArcRwSignal<LevelRow>,
    /// What its row begins with.
    lead: Lead,
) -> impl IntoView {
    let (sku, name, location) = {
        let row = row.read_untracked();
        (row.sku.to_string(), row.name.clone(), row.location.to_string())
    };
    let number = {
        let row = row.clone();
        move |read: fn(&LevelRow) -> i64| {
            let row = row.clone();
            Signal::derive(move || read(&row.read()))
        }
    };
    let held_title = {
        let row = row.clone();
        move || held_back_words(&row.read())
    };
    let changed_at = {
        let row = row.clone();
        Signal::derive(move || row.read().updated_at)
    };
    let sku = (lead == Lead::Sku).then(|| {
        view! {
            <td data-label="SKU">
                <a href=sku_href(&sku)>{sku.clone()}</a>
                <span class="cell-sub">{name}</span>
            </td>
        }
    });
    let held = number(held_back);
    view! {
        <tr>
            {sku} <td data-label="Location">{location}</td> <AvailableCell row=row.clone()/>
            <NumberCell label="On hand" value=number(|row| row.on_hand)/>
            <NumberCell label="Committed" value=number(|row| row.committed)/>
            <NumberCell label="Reserved" value=number(|row| row.reserved)/>
            <td class="num" data-label="Held back" title=held_title>
                <LiveNumber value=held/>
            </td>
            <NumberCell label="Incoming" value=number(|row| row.incoming)/>
            <td class="num muted" data-label="Changed">
                <Time at=changed_at/>
            </td>
        </tr>
    }
    .into_any()
}
