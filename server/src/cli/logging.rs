//! Messages for whoever runs the program: on standard error, compact on a terminal, else one JSON
//! object a line.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

/// Starts writing messages that pass `filter`, which the configuration has checked.
pub(super) fn start(filter: &str) {
    let filter = EnvFilter::builder().parse_lossy(filter);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    if io::stderr().is_terminal() {
        builder.compact().init();
    } else {
        builder.with_ansi(false).json().flatten_event(true).init();
    }
}
