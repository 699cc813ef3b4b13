//! Progress on a terminal: how far, how fast, how long still. Elsewhere nothing is drawn.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the bar is drawn anew while nothing moves.
const TICK: Duration = Duration::from_millis(200);

/// A bar over bytes read.
pub(super) fn bytes(total: u64) -> ProgressBar {
    bar(total, "{msg} [{bar:32}] {percent}% {bytes}/{total_bytes} {eta} left")
}

/// A bar over events.
pub(super) fn events(total: u64) -> ProgressBar {
    bar(total, "{msg} [{bar:32}] {percent}% {human_pos}/{human_len} {per_sec} {eta} left")
}

/// Something of which nobody knows how long it takes: for how long it has gone on.
pub(super) fn unmeasured(what: &'static str) -> ProgressBar {
    bar(0, "{msg} {elapsed}").with_message(what)
}

fn bar(total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.enable_steady_tick(TICK);
    bar
}
