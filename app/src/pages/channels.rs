//! Every channel at a glance.

use leptos::prelude::*;
use leptos_meta::Title;

use super::overview::channel_tile;
use super::page_head;
use crate::api::At;
use crate::api::read::Ask;
use crate::live::use_live;
use crate::ui::icon::Icon;
use crate::ui::reactive::memo;
use crate::ui::state::{ask, empty, loaded};
use onhand::wire::channel::ChannelStatus;

/// The channels.
pub fn channels_page() -> AnyView {
    let all = ask(Signal::stored(Ask::Channels));
    view! {
        <Title text="Channels"/>
        {page_head(
            "Channels".into_any(),
            "What each shop was told, and what it still has to hear.".into_any(),
            None,
        )}
        {loaded(all, tiles)}
    }
    .into_any()
}

fn tiles(all: At<Vec<ChannelStatus>>) -> AnyView {
    let live = use_live();
    if all.data.is_empty() {
        let none = empty(
            Icon::Channel,
            "No channel is connected",
            "An administrator connects a shop with PUT /api/v1/channels/{channel}; its listings \
             then show up here.",
            None,
        );
        return view! { <section class="card">{none}</section> }.into_any();
    }
    let first = all.data;
    let channels = memo(move || {
        live.read(|book| first.iter().map(|own| book.channel(own)).collect::<Vec<_>>())
            .unwrap_or_else(|| first.clone())
    });
    view! {
        <div class="tiles">{move || channels.get().iter().map(channel_tile).collect_view()}</div>
    }
    .into_any()
}
