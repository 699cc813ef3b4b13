//! `onhand-site watch`: rebuilds and restarts the server whenever a source changes.
//!
//! An open page notices by itself: its live connection comes back with another build id. If
//! something does not compile, the server that runs stays up until it does.

use crate::{layout::Layout, site};
use anyhow::{Context, Result, bail};
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Child, Command},
    thread::sleep,
    time::{Duration, SystemTime},
};

const SOURCES: [&str; 7] = ["app", "migrations", "public", "server", "src", "style", "Cargo.toml"];
const POLL_INTERVAL: Duration = Duration::from_millis(400);
/// How long the server may take to finish its requests before it is ended the hard way.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Watches until it is interrupted.
pub(crate) fn run(layout: &Layout, arguments: &[String]) -> Result<()> {
    let mut server: Option<Child> = None;
    loop {
        let seen = snapshot(layout)?;
        match rebuild(layout) {
            Ok(()) => {
                if let Some(old) = server.take() {
                    stop(old)?;
                }
                server = Some(start(layout, arguments)?);
            }
            Err(error) => eprintln!("watch: {error:#}; waiting for the next change"),
        }
        while snapshot(layout)? == seen {
            if let Some(status) = server.as_mut().map(Child::try_wait).transpose()?.flatten() {
                eprintln!("watch: the server ended ({status}); waiting for the next change");
                server = None;
            }
            sleep(POLL_INTERVAL);
        }
        eprintln!("watch: a source changed");
    }
}

fn rebuild(layout: &Layout) -> Result<()> {
    site::build(layout)?;
    let status = Command::new("cargo")
        .current_dir(&layout.root)
        .args(["build", "-p", "onhand-server"])
        .status()
        .context("cargo cannot be started")?;
    if !status.success() {
        bail!("the server does not compile");
    }
    Ok(())
}

fn start(layout: &Layout, arguments: &[String]) -> Result<Child> {
    let program = layout.target.join("debug/onhand");
    Command::new(&program)
        .current_dir(&layout.root)
        .args(arguments)
        .env("ONHAND_SITE_DIR", layout.site())
        .spawn()
        .with_context(|| format!("{} cannot be started", program.display()))
}

/// Asks the server to end (SIGTERM), and ends it if it does not.
fn stop(mut server: Child) -> Result<()> {
    Command::new("kill").args(["-TERM", &server.id().to_string()]).status()?;
    let deadline = std::time::Instant::now() + STOP_TIMEOUT;
    while std::time::Instant::now() < deadline {
        if server.try_wait()?.is_some() {
            return Ok(());
        }
        sleep(Duration::from_millis(20));
    }
    server.kill()?;
    server.wait()?;
    Ok(())
}

/// When each source was last changed.
fn snapshot(layout: &Layout) -> Result<BTreeMap<PathBuf, SystemTime>> {
    let mut times = BTreeMap::new();
    for source in SOURCES {
        let path = layout.root.join(source);
        let files = if path.is_dir() { layout.files_below(source)? } else { vec![path] };
        for file in files {
            // A file that vanishes while it is looked at is a change like any other.
            if let Ok(time) = fs::metadata(&file).and_then(|metadata| metadata.modified()) {
                times.insert(file, time);
            }
        }
    }
    Ok(times)
}
