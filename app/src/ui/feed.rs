//! The live feed of events. New rows wait while a person reads, scrolls or has paused it.

use leptos::html;
use leptos::prelude::*;
use onhand::record::Outcome;
use onhand::wire::live::EventRow;

use super::badge::outcome_badge;
use super::clock::Time;
use super::event::{about, event_href, main_effect, remark, what};
use super::icon::{Icon, icon};
use super::reactive::{effect, keyed, when};
use crate::format::counted;
use crate::live::use_live;

/// Rows that the feed keeps.
const FEED_ROWS: usize = 100;

/// Which outcomes a feed shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// All of them.
    #[default]
    All,
    /// What took effect.
    Applied,
    /// What a person has to decide.
    Conflict,
    /// Everything else: late, repeated, refused, waiting.
    Other,
}

impl Filter {
    /// Every filter, in the order of the switch.
    pub const ALL: [Self; 4] = [Self::All, Self::Applied, Self::Conflict, Self::Other];

    /// The filter of this name; anything unknown shows all.
    pub fn from_name(name: &str) -> Self {
        Self::ALL.into_iter().find(|filter| filter.name() == name).unwrap_or_default()
    }

    /// The filter's name in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Applied => "applied",
            Self::Conflict => "conflict",
            Self::Other => "other",
        }
    }

    /// Whether an outcome passes.
    pub const fn passes(self, outcome: Outcome) -> bool {
        match self {
            Self::All => true,
            Self::Applied => matches!(outcome, Outcome::Applied),
            Self::Conflict => matches!(outcome, Outcome::Conflict),
            Self::Other => !matches!(outcome, Outcome::Applied | Outcome::Conflict),
        }
    }
}

/// Puts newer rows (newest first) on top of those that are shown. Rows with a gap between would
/// look like one after the other, so older ones then go.
fn put_on_top(shown: &mut Vec<EventRow>, newer: Vec<EventRow>) {
    let Some(oldest_new) = newer.last().map(|event| event.seq) else { return };
    let joined = shown.first().is_none_or(|newest| newest.seq + 1 >= oldest_new);
    let older = if joined { std::mem::take(shown) } else { Vec::new() };
    *shown = newer;
    shown.extend(older);
    shown.truncate(FEED_ROWS);
}

/// One row of the feed.
pub fn feed_row(event: &EventRow) -> AnyView {
    let at = event.recorded_at;
    let source = format!("from {}", event.envelope.source);
    view! {
        <li>
            <a class="feed-item" href=event_href(event)>
                <span class="feed-time">
                    <Time at=Signal::stored(at)/>
                </span>
                {outcome_badge(event.outcome)}
                <span title=event.envelope.id.clone()>
                    <strong class="feed-what">{what(&event.envelope.event_type)}</strong>
                    " "
                    {about(event)}
                    {remark(event).map(|remark| format!(", {remark}"))}
                    " "
                    <span class="muted">{source}</span>
                </span>
                <span class="num">{main_effect(&event.effects)}</span>
            </a>
        </li>
    }
    .into_any()
}

/// The feed: what the server rendered, with everything that comes in live on top.
#[expect(clippy::too_many_lines, reason = "one view, read from top to bottom")]
#[component]
pub fn Feed(
    /// The newest events when the page was read, newest first.
    first: Vec<EventRow>,
    /// The `seq` at which the page was read.
    seq: u64,
    /// Which outcomes are shown.
    #[prop(into)]
    filter: Signal<Filter>,
) -> impl IntoView {
    let live = use_live();
    let top = first.first().map_or(seq, |event| event.seq.max(seq));
    let (rows, top) = (RwSignal::new(first), RwSignal::new(top));
    let waiting = RwSignal::new(0_usize);
    let paused = RwSignal::new(false);
    let reading = RwSignal::new(false);
    let list = NodeRef::<html::Div>::new();

    let catch_up = move || {
        let newer = live.read(|book| (book.tail_after(top.get_untracked()), book.seq()));
        if let Some((newer, seq)) = newer {
            top.set(seq);
            if !newer.is_empty() {
                rows.update(|shown| put_on_top(shown, newer));
            }
        }
        waiting.set(0);
    };
    effect(move || {
        if paused.get() || reading.get() {
            let filter = filter.get();
            let count = live.read(|book| {
                let newer = book.tail_after(top.get_untracked());
                newer.iter().filter(|event| filter.passes(event.outcome)).count()
            });
            waiting.set(count.unwrap_or(0));
        } else {
            catch_up();
        }
    });
    let show_new = move |_| {
        catch_up();
        if let Some(list) = list.get_untracked() {
            list.set_scroll_top(0);
        }
        reading.set(false);
    };
    let look = move || {
        reading.set(list.get_untracked().is_some_and(|list| list.scroll_top() > 8));
    };
    let shown = move || {
        let filter = filter.get();
        rows.with(|rows| {
            rows.iter().filter(|event| filter.passes(event.outcome)).cloned().collect::<Vec<_>>()
        })
    };
    let new_rows = move || {
        let count = move || counted(waiting.get() as u64, "new event", "new events");
        view! {
            <button type="button" class="pending-rows" on:click=show_new>
                "Show " {move || count()}
            </button>
        }
        .into_any()
    };
    let nothing = move || {
        let words = move || match filter.get() {
            Filter::All => "Nothing has come in yet.",
            _ => "No such events lately.",
        };
        view! { <p class="feed-none">{move || words()}</p> }.into_any()
    };
    view! {
        <div class="feed-bar needs-script">
            <button
                type="button"
                class="btn btn-sm btn-ghost"
                aria-pressed=move || paused.get().to_string()
                on:click=move |_| paused.update(|paused| *paused = !*paused)
            >
                {move || if paused.get() { icon(Icon::Play) } else { icon(Icon::Pause) }}
                {move || if paused.get() { "Go on" } else { "Pause" }}
            </button>
        </div>
        {when(move || waiting.get() != 0, new_rows)}
        <div
            class="feed-scroll"
            tabindex="0"
            role="region"
            aria-label="Events, newest first"
            node_ref=list
            on:scroll=move |_| look()
            on:pointerenter=move |_| reading.set(true)
            on:pointerleave=move |_| look()
            on:focusin=move |_| reading.set(true)
            on:focusout=move |_| look()
        >
            <ul class="feed">
                {keyed(shown, |event| event.seq.to_string(), |event| feed_row(&event))}
            </ul>
            {when(move || shown().is_empty(), nothing)}
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::book::tests::event;

    fn rows(seqs: &[u64]) -> Vec<EventRow> {
        seqs.iter().map(|seq| event(*seq, Outcome::Applied, 0)).collect()
    }

    fn seqs(rows: &[EventRow]) -> Vec<u64> {
        rows.iter().map(|row| row.seq).collect()
    }

    #[test]
    fn newer_rows_go_on_top_and_a_gap_begins_anew() {
        let mut shown = rows(&[3, 2, 1]);
        put_on_top(&mut shown, rows(&[5, 4]));
        assert_eq!(seqs(&shown), [5, 4, 3, 2, 1]);
        put_on_top(&mut shown, Vec::new());
        assert_eq!(shown.len(), 5);
        put_on_top(&mut shown, rows(&[9, 8]));
        assert_eq!(seqs(&shown), [9, 8]);
    }

    #[test]
    fn filters_sort_every_outcome_into_one_of_three() {
        for outcome in Outcome::ALL {
            let passing = Filter::ALL.into_iter().filter(|filter| filter.passes(outcome)).count();
            assert_eq!(passing, 2, "all, and one more");
        }
        assert_eq!(Filter::from_name("conflict"), Filter::Conflict);
        assert_eq!(Filter::from_name("<x>"), Filter::All);
    }
}
