//! States as a word with an icon; the colour only repeats them.

use leptos::prelude::*;
use onhand::conflict::{ConflictStatus, Severity};
use onhand::record::Outcome;
use onhand::wire::channel::{ChannelHealth, ChannelMode, PublicationState};

use super::icon::{Icon, icon};
use crate::format::title;

fn badge(class: &'static str, mark: Icon, word: String) -> AnyView {
    view! { <span class=class>{icon(mark)} {word}</span> }.into_any()
}

const fn outcome_class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "badge badge-ok",
        Outcome::Conflict => "badge badge-danger",
        Outcome::Parked | Outcome::Rejected | Outcome::Invalid => "badge badge-warn",
        Outcome::Absorbed | Outcome::Superseded => "badge badge-info",
        Outcome::Duplicate => "badge badge-muted",
    }
}

/// What became of an event.
pub fn outcome_badge(outcome: Outcome) -> AnyView {
    let mark = match outcome {
        Outcome::Applied => Icon::Check,
        Outcome::Conflict => Icon::Conflict,
        Outcome::Parked => Icon::Clock,
        Outcome::Rejected | Outcome::Invalid => Icon::Cross,
        Outcome::Absorbed | Outcome::Superseded => Icon::Next,
        Outcome::Duplicate => Icon::Copy,
    };
    badge(outcome_class(outcome), mark, title(outcome.as_str()))
}

/// The name of a severity.
pub const fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
    }
}

const fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "badge badge-danger",
        Severity::High => "badge badge-warn",
        Severity::Medium => "badge badge-muted",
    }
}

/// How urgent a conflict is.
pub fn severity_badge(severity: Severity) -> AnyView {
    badge(severity_class(severity), Icon::Warning, severity_name(severity).to_owned())
}

/// Where a conflict stands.
pub fn status_badge(status: ConflictStatus) -> AnyView {
    match status {
        ConflictStatus::Open => badge("badge badge-warn", Icon::Clock, "Open".to_owned()),
        ConflictStatus::Resolved => badge("badge badge-ok", Icon::Check, "Resolved".to_owned()),
        ConflictStatus::AutoResolved => {
            badge("badge badge-ok", Icon::Check, "Closed by itself".to_owned())
        }
    }
}

/// How a channel is.
pub fn health_badge(health: ChannelHealth) -> AnyView {
    match health {
        ChannelHealth::Healthy => badge("badge badge-ok", Icon::Check, "Healthy".to_owned()),
        ChannelHealth::Degraded => badge("badge badge-warn", Icon::Warning, "Degraded".to_owned()),
        ChannelHealth::Down => badge("badge badge-danger", Icon::Offline, "Down".to_owned()),
        ChannelHealth::Paused => badge("badge badge-muted", Icon::Pause, "Paused".to_owned()),
    }
}

/// The tone of a channel's tile.
pub const fn health_tile_class(health: ChannelHealth) -> &'static str {
    match health {
        ChannelHealth::Healthy => "tile tile-ok",
        ChannelHealth::Degraded => "tile tile-warn",
        ChannelHealth::Down => "tile tile-danger",
        ChannelHealth::Paused => "tile",
    }
}

/// What a channel may do, unless it is the usual.
pub fn mode_badge(mode: ChannelMode) -> Option<AnyView> {
    match mode {
        // The health says already that a channel is paused.
        ChannelMode::Live | ChannelMode::Paused => None,
        ChannelMode::Shadow => Some(badge("badge badge-info", Icon::Copy, "Shadow".to_owned())),
    }
}

/// Where a publication stands.
pub fn publication_badge(state: PublicationState) -> AnyView {
    match state {
        PublicationState::InSync => badge("badge badge-ok", Icon::Check, "In sync".to_owned()),
        PublicationState::Pending => badge("badge badge-info", Icon::Clock, "Pending".to_owned()),
        PublicationState::Retrying => {
            badge("badge badge-warn", Icon::Reload, "Retrying".to_owned())
        }
        PublicationState::Parked => badge("badge badge-danger", Icon::Cross, "Parked".to_owned()),
        PublicationState::Drifted => badge("badge badge-warn", Icon::Warning, "Drifted".to_owned()),
        PublicationState::Shadow => badge("badge badge-muted", Icon::Copy, "Shadow".to_owned()),
    }
}
