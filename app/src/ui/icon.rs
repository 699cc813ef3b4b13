//! Icons: strokes on a grid of 24, drawn in the colour of the text beside them. They never stand
//! for a meaning alone, so screen readers skip them.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// The command center.
    Center,
    /// Stock.
    Stock,
    /// The journal.
    Events,
    /// Conflicts.
    Conflict,
    /// Adjusting stock.
    Adjust,
    /// Channels.
    Channel,
    /// Searching.
    Search,
    /// Something is done.
    Check,
    /// Something is held or refused.
    Cross,
    /// Attention.
    Warning,
    /// Waiting.
    Clock,
    /// The same once more.
    Copy,
    /// Going into the stock.
    Receive,
    /// Counting.
    Count,
    /// Going on.
    Next,
    /// Pause.
    Pause,
    /// Go on.
    Play,
    /// A person.
    Person,
    /// The theme.
    Theme,
    /// No connection.
    Offline,
    /// Not allowed.
    Lock,
    /// Begin again.
    Reload,
    /// Take back.
    Undo,
    /// More or less.
    Plus,
    /// Less.
    Minus,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Center => "M4 13h6V4H4zM14 20h6v-9h-6zM14 8h6V4h-6zM4 20h6v-4H4z",
            Self::Stock => "M12 3 20 7.5v9L12 21l-8-4.5v-9zM4.3 7.7 12 12l7.7-4.3M12 12v9",
            Self::Events => "M4 6h16M4 12h16M4 18h10",
            Self::Conflict => "M6 4v16M6 5h11l-2.5 4L17 13H6",
            Self::Adjust => "M4 8h10M18 8h2M4 16h2M10 16h10M14 5.5v5M6 13.5v5",
            Self::Channel => {
                "M4 9l1.5-5h13L20 9M4 9h16M4 9v2a3 3 0 0 0 5.3 1.9 3.5 3.5 0 0 0 5.4 0\
                 A3 3 0 0 0 20 11V9M6 14v6h12v-6"
            }
            Self::Search => "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l4.5 4.5",
            Self::Check => "M5 12.5 10 17.5 19 7",
            Self::Cross => "M6 6l12 12M18 6 6 18",
            Self::Warning => "M12 4 21 19.5H3zM12 10v4M12 16.8v.2",
            Self::Clock => "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17zM12 7.5V12l3 2",
            Self::Copy => "M9 9h11v11H9zM5 15H4V4h11v1",
            Self::Receive => "M12 4v11M7.5 10.5 12 15l4.5-4.5M4 16v4h16v-4",
            Self::Count => "M6 4v13M10 4v13M14 4v13M18 4v13M3.5 15 20.5 6",
            Self::Next => "M9 5l7 7-7 7",
            Self::Pause => "M8 5v14M16 5v14",
            Self::Play => "M7 4.5 19 12 7 19.5z",
            Self::Person => "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM4.5 20a7.5 7.5 0 0 1 15 0",
            Self::Theme => {
                "M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17M12 8h5.5M12 12h8\
                 M12 16h5.5"
            }
            Self::Offline => {
                "M4 4l16 16M8.5 14.5a5 5 0 0 1 5-1.2M5 11a10 10 0 0 1 4-2.6M13 8a10 10 \
                 0 0 1 6 3M12 18.5v.2"
            }
            Self::Lock => "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
            Self::Reload => "M19.5 12a7.5 7.5 0 1 1-2.3-5.4M20 4v4.5h-4.5",
            Self::Undo => "M9 5 4.5 9.5 9 14M4.5 9.5H15a4.5 4.5 0 0 1 0 9h-3",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Minus => "M5 12h14",
        }
    }
}

/// An icon beside a word.
pub fn icon(icon: Icon) -> impl IntoView {
    view! {
        <svg
            class="icon"
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="1.75"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
        >
            <path d=icon.path()></path>
        </svg>
    }
    .into_any()
}

/// Onhand's mark.
pub fn brand_mark() -> impl IntoView {
    view! {
        <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
            <rect class="brand-ground" width="32" height="32" rx="8"></rect>
            <path fill="#fff" d="M16 6.2 24.6 10.6 16 15 7.4 10.6z"></path>
            <path
                fill="none"
                stroke="#fff"
                stroke-linecap="round"
                stroke-linejoin="round"
                stroke-width="2.4"
                d="m7.6 16.1 8.4 4.3 8.4-4.3M7.6 21.2l8.4 4.3 8.4-4.3"
            ></path>
        </svg>
    }
    .into_any()
}
