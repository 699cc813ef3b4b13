//! The stock: every level, searched, filtered and paged by address, with live numbers.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use onhand::wire::page::LocationRow;

use super::page_head;
use crate::api::At;
use crate::api::read::{Ask, StockView};
use crate::format::{Query, counted, grouped};
use crate::live::use_live;
use crate::ui::form::search_form;
use crate::ui::icon::{Icon, icon};
use crate::ui::level::{Lead, LevelTr, level_head};
use crate::ui::reactive::{memo, when};
use crate::ui::state::{ask, empty, link_button, loaded};

/// How long typing has to rest before the search runs.
const SEARCH_DELAY_MS: u64 = 250;

/// What the address asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Asked {
    q: String,
    location: String,
    low: bool,
    cursor: String,
}

impl Asked {
    fn filters(&self) -> bool {
        !self.q.is_empty() || !self.location.is_empty() || self.low
    }

    fn href(&self, cursor: &str) -> String {
        let mut href = Query::new("/stock");
        href.add("q", &self.q).add("location", &self.location);
        href.add("low", if self.low { "1" } else { "" }).add("cursor", cursor);
        href.as_str().to_owned()
    }
}

/// The stock table.
pub fn stock_page() -> AnyView {
    let query = use_query_map();
    let asked = memo(move || {
        let query = query.read();
        let text = |name: &str| query.get(name).unwrap_or_default();
        Asked {
            q: text("q"),
            location: text("location"),
            low: !text("low").is_empty(),
            cursor: text("cursor"),
        }
    });
    let rows = ask(Signal::derive(move || {
        let Asked { q, location, low, cursor } = asked.get();
        Ask::Stock { q, location, low, cursor }
    }));
    view! {
        <Title text="Stock"/>
        {page_head(
            "Stock".into_any(),
            "Every level, by SKU and location. Numbers change as events come in.".into_any(),
            None,
        )}
        {loaded(rows, move |view| table(view, asked))}
    }
    .into_any()
}

/// The filters as a form that works by address, and by itself while typing.
fn toolbar(asked: &Asked, locations: Vec<LocationRow>) -> AnyView {
    let form = NodeRef::<html::Button>::new();
    let typed = StoredValue::new(0_u32);
    let submit = move || {
        if let Some(button) = form.get_untracked() {
            button.click();
        }
    };
    let on_type = move |_| {
        typed.update_value(|count| *count += 1);
        let mine = typed.get_value();
        let rested = move || {
            if typed.try_get_value() == Some(mine) {
                submit();
            }
        };
        set_timeout(rested, Duration::from_millis(SEARCH_DELAY_MS));
    };
    let chosen = asked.location.clone();
    let options = locations
        .into_iter()
        .map(|row| {
            let selected = row.location == chosen;
            let label = row.name.unwrap_or_else(|| row.location.clone());
            view! { <option value=row.location selected=selected>{label}</option> }
        })
        .collect_view();
    let clear = asked.filters().then(|| link_button("/stock".to_owned(), "Clear"));
    let fields = view! {
            <div class="toolbar" role="search">
                <label class="search">
                    <span class="visually-hidden">"Search SKUs and names"</span>
                    {icon(Icon::Search)}
                    <input
                        class="input"
                        type="search"
                        name="q"
                        value=asked.q.clone()
                        placeholder="Search SKUs and names"
                        autocomplete="off"
                        data-search=""
                        on:input=on_type
                    />
                    <kbd class="kbd needs-script" aria-hidden="true">"/"</kbd>
                </label>
                <label class="toolbar-field">
                    <span class="visually-hidden">"Location"</span>
                    <select class="select" name="location" on:change=move |_| submit()>
                        <option value="">"All locations"</option>
                        {options}
                    </select>
                </label>
                <label class="check">
                    <input
                        type="checkbox"
                        name="low"
                        value="1"
                        checked=asked.low
                        on:change=move |_| submit()
                    />
                    "Low only"
                </label>
                <button type="submit" class="btn" node_ref=form>"Search"</button>
                {clear}
            </div>
    }
    .into_any();
    search_form("/stock", fields)
}

fn table(view: At<StockView>, asked: Memo<Asked>) -> AnyView {
    let live = use_live();
    let (seq, StockView { page, locations }) = (view.seq, view.data);
    let asked = asked.get_untracked();
    let tools = toolbar(&asked, locations);
    let new_before = live.new_levels.get_untracked();
    let new = move || live.new_levels.get().saturating_sub(new_before);
    let here = asked.href(&asked.cursor);
    let new_rows = move || {
        let count = move || counted(u64::from(new()), "new level", "new levels");
        view! {
            <a class="pending-rows" rel="external" href=here.clone()>
                "Show " {move || count()}
            </a>
        }
        .into_any()
    };
    let new_rows = when(move || new() != 0, new_rows);
    if page.levels.is_empty() {
        let none = if asked.filters() {
            let all = link_button("/stock".to_owned(), "Show all levels");
            empty(Icon::Search, "Nothing matches", "No level fits these filters.", Some(all))
        } else {
            empty(
                Icon::Stock,
                "There is no stock yet",
                "Levels appear with the first event that names a SKU and a location: receive \
                 goods, import a file, or connect a channel.",
                Some(link_button("/adjust?action=receive".to_owned(), "Receive goods")),
            )
        };
        return view! {
            {tools}
            <section class="card card-flush">{new_rows} {none}</section>
        }
        .into_any();
    }
    let shown = counted(page.levels.len() as u64, "level", "levels");
    let first = (!asked.cursor.is_empty()).then(|| link_button(asked.href(""), "First page"));
    let next = page.next_cursor.map(|cursor| link_button(asked.href(&cursor), "Next page"));
    let rows = page
        .levels
        .into_iter()
        .map(|row| view! { <LevelTr row=live.level(row) lead=Lead::Sku/> })
        .collect_view();
    let as_of = i64::try_from(seq).unwrap_or(i64::MAX);
    view! {
        {tools}
        <section class="card card-flush" aria-label="Levels">
            {new_rows}
            <div class="table-wrap">
                <table class="table table-stack">
                    {level_head(Lead::Sku)} <tbody>{rows}</tbody>
                </table>
            </div>
            <div class="card-foot">
                <span>{shown} " on this page, from event " {grouped(as_of)} " on"</span>
                <nav class="pager" aria-label="Pages">{first} {next}</nav>
            </div>
        </section>
    }
    .into_any()
}
