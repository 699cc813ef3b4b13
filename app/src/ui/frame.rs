//! The frame around every page: navigation, the state of the connection, the account.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;
use onhand::wire::page::{Figures, Role};
use wasm_bindgen::JsCast;

use super::clock::use_clock;
use super::icon::{Icon, brand_mark, icon};
use super::number::count_text;
use super::reactive::{effect, when};
use super::session::{Session, use_session};
use super::state::{Loading, ask};
use super::theme::ThemeSwitch;
use crate::api::read::{Ask, fetch};
use crate::format::{Query, span, title};
use crate::live::{Status, use_live};

/// While events come in, the key figures are asked for at most this often.
const FIGURES_EVERY_MS: u64 = 2_000;

/// One entry of the navigation.
struct Entry {
    href: &'static str,
    label: &'static str,
    /// The label where space is short.
    short: &'static str,
    icon: Icon,
    /// Whether it stands in the bar for thumbs.
    bar: bool,
    /// The least role that can use it.
    role: Role,
}

const ENTRIES: [Entry; 6] = [
    Entry {
        href: "/",
        label: "Command center",
        short: "Center",
        icon: Icon::Center,
        bar: true,
        role: Role::Viewer,
    },
    Entry {
        href: "/stock",
        label: "Stock",
        short: "Stock",
        icon: Icon::Stock,
        bar: true,
        role: Role::Viewer,
    },
    Entry {
        href: "/adjust",
        label: "Adjust stock",
        short: "Adjust",
        icon: Icon::Adjust,
        bar: true,
        role: Role::Warehouse,
    },
    Entry {
        href: "/conflicts",
        label: "Conflicts",
        short: "Conflicts",
        icon: Icon::Conflict,
        bar: true,
        role: Role::Viewer,
    },
    Entry {
        href: "/events",
        label: "Events",
        short: "Events",
        icon: Icon::Events,
        bar: false,
        role: Role::Viewer,
    },
    Entry {
        href: "/channels",
        label: "Channels",
        short: "Channels",
        icon: Icon::Channel,
        bar: true,
        role: Role::Viewer,
    },
];

/// Whether an entry leads to the page at `path`, or to the one above it.
fn is_current(href: &str, path: &str) -> bool {
    match path.strip_prefix(href) {
        Some(rest) if href != "/" => rest.is_empty() || rest.starts_with('/'),
        Some(rest) => rest.is_empty(),
        None => false,
    }
}

/// The key figures, first from the server, then kept fresh while events come in.
#[derive(Clone, Copy)]
pub struct KeyFigures {
    /// Those that the page came with.
    pub first: Loading,
    /// Those fetched since.
    pub fresh: RwSignal<Option<Figures>>,
}

fn provide_figures() -> KeyFigures {
    let figures =
        KeyFigures { first: ask(Signal::stored(Ask::Figures)), fresh: RwSignal::new(None) };
    provide_context(figures);
    let live = use_live();
    let (asking, again) = (StoredValue::new(false), StoredValue::new(false));
    effect(move || {
        if live.changed.get() == 0 {
            return;
        }
        if asking.get_value() {
            again.set_value(true);
        } else {
            refresh(figures.fresh, asking, again);
        }
    });
    figures
}

/// Fetches the figures now; if more came in meanwhile, once more after a pause.
fn refresh(fresh: RwSignal<Option<Figures>>, asking: StoredValue<bool>, again: StoredValue<bool>) {
    asking.set_value(true);
    spawn_local(async move {
        if let Ok(figures) = fetch::<Figures>(Ask::Figures).await {
            fresh.set(Some(figures));
        }
    });
    set_timeout(
        move || {
            asking.set_value(false);
            if again.get_value() {
                again.set_value(false);
                refresh(fresh, asking, again);
            }
        },
        Duration::from_millis(FIGURES_EVERY_MS),
    );
}

/// The frame. Pages for people who are not signed in stand alone.
#[component]
pub fn Frame(
    /// The page.
    children: Children,
) -> impl IntoView {
    let session = use_session();
    let location = use_location();
    if session.viewer.is_none() || location.pathname.get_untracked() == "/sign-in" {
        return view! { <main id="main" class="auth">{children()}</main> }.into_any();
    }
    let live = use_live();
    let figures = provide_figures();
    let (seq, build) = (session.seq, session.build.clone());
    effect(move || live.start(seq, build.clone()));
    let nav = move |bar: bool| {
        let session = use_session();
        ENTRIES
            .iter()
            .filter(|entry| session.may(entry.role) && (entry.bar || !bar))
            .map(|entry| nav_item(entry, bar, figures))
            .collect_view()
    };
    view! {
        <div class="shell">
            // External, so that the browser follows it and moves the focus too.
            <a class="skip-link" rel="external" href="#main">"Skip to content"</a>
            <nav class="sidebar" aria-label="Main">
                <a class="brand" href="/">
                    {brand_mark()} <span class="brand-name">"Onhand"</span>
                </a>
                <div class="nav-group">{nav(false)}</div>
                <div class="sidebar-foot">
                    <ConnectionChip/>
                    <Account up=true/>
                </div>
            </nav>
            <div class="main">
                <header class="topbar only-phone">
                    <a class="brand" href="/">
                        {brand_mark()} <span>"Onhand"</span>
                    </a>
                    <div class="topbar-end">
                        <ConnectionChip/>
                        <Account up=false/>
                    </div>
                </header>
                <Banner/>
                <main id="main" class="page" tabindex="-1">
                    {children()}
                </main>
            </div>
            <nav class="bottombar" aria-label="Main, short">
                {nav(true)}
            </nav>
            <p class="visually-hidden" aria-live="polite">
                {move || live.announcement.get()}
            </p>
        </div>
    }
    .into_any()
}

fn nav_item(entry: &'static Entry, bar: bool, figures: KeyFigures) -> AnyView {
    let location = use_location();
    let current = move || is_current(entry.href, &location.pathname.get()).then_some("page");
    let count = (entry.href == "/conflicts").then(|| {
        view! {
            <Suspense>
                {move || Suspend::new(async move {
                    let first = figures.first.await.read::<Figures>();
                    let first = first.map_or(0, |first| first.open_conflicts);
                    let open = move || figures.fresh.get().map_or(first, |new| new.open_conflicts);
                    when(
                        move || open() != 0,
                        move || {
                            let count = count_text(open);
                            view! {
                                <span class="nav-count">
                                    {move || count()} <span class="visually-hidden">" open"</span>
                                </span>
                            }
                            .into_any()
                        },
                    )
                })}
            </Suspense>
        }
    });
    let label = if bar { entry.short } else { entry.label };
    view! {
        <a class="nav-item" href=entry.href aria-current=current title=entry.label>
            {icon(entry.icon)}
            <span class="nav-label">{label}</span>
            {count}
        </a>
    }
    .into_any()
}

/// The state of the connection as a word; how old what is shown is, if it is.
#[component]
fn ConnectionChip() -> impl IntoView {
    let (live, clock) = (use_live(), use_clock());
    let class = move || match live.status.get() {
        Status::Live => "chip chip-live",
        Status::Connecting => "chip",
        Status::Lost { .. } => "chip chip-stale",
        Status::SignedOut => "chip chip-lost",
    };
    let words = move || match live.status.get() {
        Status::Connecting if clock.hydrated.get() => "Connecting".to_owned(),
        Status::Connecting => "As loaded".to_owned(),
        Status::Live => "Live".to_owned(),
        Status::Lost { since_us } => {
            let age = clock.now_us.get().unwrap_or(since_us) - since_us;
            format!("Reconnecting, {}", span(age))
        }
        Status::SignedOut => "Signed out".to_owned(),
    };
    view! { <span class=class data-connection="">{words}</span> }.into_any()
}

/// Tells across the page when what is shown is old, or of an older build.
#[component]
fn Banner() -> impl IntoView {
    let (live, clock) = (use_live(), use_clock());
    let lost = move || match live.status.get() {
        Status::Lost { since_us } => Some(since_us),
        _ => None,
    };
    let age = move || {
        lost().map(|since| span(clock.now_us.get().unwrap_or(since) - since)).unwrap_or_default()
    };
    // Told once; the age that grows beside it is only for the eye.
    let stale = move || {
        view! {
            <p class="stale-banner">
                {icon(Icon::Offline)}
                <span>
                    "The connection was lost"
                    <span aria-hidden="true">" " {move || age()} " ago"</span>
                    ". What you see is from then; it updates by itself."
                </span>
            </p>
        }
        .into_any()
    };
    let location = use_location();
    let sign_in = move || {
        let mut href = Query::new("/sign-in");
        let here = format!("{}{}", location.pathname.get(), location.search.get());
        href.add("next", &here);
        href.as_str().to_owned()
    };
    let signed_out = move || {
        view! {
            <p class="stale-banner">
                {icon(Icon::Person)}
                <span>"Your session has ended, so nothing updates any more."</span>
                <a rel="external" href=sign_in()>"Sign in again"</a>
            </p>
        }
        .into_any()
    };
    let reload = |_| {
        // A browser that refuses to reload leaves the page as it is.
        let _ = window().location().reload();
    };
    let outdated = move || {
        view! {
            <p class="stale-banner">
                {icon(Icon::Reload)} <span>"Onhand was updated."</span>
                <button type="button" class="btn btn-sm" on:click=reload>
                    "Reload the page"
                </button>
            </p>
        }
        .into_any()
    };
    view! {
        <div role="status">
            {when(move || lost().is_some(), stale)}
            {when(move || live.status.get() == Status::SignedOut, signed_out)}
            {when(move || live.outdated.get(), outdated)}
        </div>
    }
    .into_any()
}

/// Who is signed in, the theme, and the way out. Works without JavaScript.
#[component]
fn Account(
    /// Whether its menu opens upwards.
    up: bool,
) -> impl IntoView {
    let Session { viewer, .. } = use_session();
    let Some(viewer) = viewer else { return ().into_any() };
    let role = title(viewer.role.as_str());
    view! {
        <details class="menu-host account" class:menu-up=up>
            <summary class="nav-item">
                {icon(Icon::Person)}
                <span class="nav-label account-name">
                    {viewer.email.clone()} <span class="cell-sub">{role}</span>
                </span>
            </summary>
            <div class="menu">
                <p class="menu-note">{viewer.email} " · " {title(viewer.role.as_str())}</p>
                <ThemeSwitch/>
                <form method="post" action="/sign-out">
                    <button type="submit" class="menu-item">
                        {icon(Icon::Next)} "Sign out"
                    </button>
                </form>
            </div>
        </details>
    }
    .into_any()
}

/// The key `/` goes to the search field of the page, unless somebody is typing.
pub fn focus_search_on_slash() {
    effect(move || {
        // For the life of the page, so the handle is not kept.
        let _ = window_event_listener(leptos::ev::keydown, |event| {
            let typing = event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
                .is_some_and(|target| {
                    matches!(target.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
                });
            if typing || event.key() != "/" || event.ctrl_key() || event.meta_key() {
                return;
            }
            if let Ok(Some(field)) = document().query_selector("[data-search]")
                && let Ok(field) = field.dyn_into::<web_sys::HtmlElement>()
            {
                event.prevent_default();
                // A field that cannot take the focus stays as it is.
                let _ = field.focus();
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_above_a_page_is_the_current_one() {
        assert!(is_current("/", "/") && !is_current("/", "/stock"));
        assert!(is_current("/stock", "/stock/A%2FB") && is_current("/stock", "/stock"));
        assert!(!is_current("/stock", "/stocks"));
    }
}
