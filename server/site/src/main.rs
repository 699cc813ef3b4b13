//! `onhand-site` makes the website's files: it compiles the browser's wasm and the stylesheet,
//! names every file by its content, compresses it and lists it in a manifest for the server.
//!
//! ```text
//! onhand-site build [--dev]     bring target/site (or target/site-dev) up to date
//! onhand-site classes           list the classes of app/ that no stylesheet knows
//! onhand-site watch [-- ARGS]   rebuild and restart `onhand ARGS` whenever a source changes
//! ```

mod classes;
#[cfg(test)]
mod contrast;
mod layout;
mod lexer;
mod manifest;
mod output;
mod public;
mod site;
mod split;
mod stylesheet;
mod wasm;
mod watch;

use anyhow::{Result, bail};
use layout::{Layout, Mode};
use std::process::ExitCode;

const USAGE: &str = "\
usage: onhand-site build [--dev]      build target/site (or target/site-dev)
       onhand-site classes            list classes of app/ without a rule
       onhand-site watch [-- ARGS]    rebuild and restart `onhand ARGS` on change";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onhand-site: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["build"] => site::build(&Layout::find(Mode::Release)?),
        ["build", "--dev"] => site::build(&Layout::find(Mode::Dev)?),
        ["classes"] => report_classes(&Layout::find(Mode::Dev)?),
        ["watch"] => watch::run(&Layout::find(Mode::Dev)?, &["serve".to_owned()]),
        ["watch", "--", ..] => watch::run(&Layout::find(Mode::Dev)?, &arguments[2..]),
        _ => bail!("unknown arguments\n{USAGE}"),
    }
}

fn report_classes(layout: &Layout) -> Result<()> {
    let unknown = stylesheet::unknown_classes(layout)?;
    if unknown.is_empty() {
        eprintln!("every class of app/ has a rule");
        return Ok(());
    }
    for class in &unknown {
        eprintln!("{class}");
    }
    bail!("{} classes of app/ have no rule in base.css or encre-css", unknown.len())
}
