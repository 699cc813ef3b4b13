//! `make bench`: Onhand's figures beside the raw limits of the same machine, in turn and in the
//! same minutes, as a table and as JSON in `target/bench`. `make bench ONLY=f1b` measures one
//! figure, `ONLY=f1,f4` some.
//!
//! The server is the real program in a process of its own, its data on a real disk; the load
//! generator is this process, on one thread, over loopback, on the same cores. Every answer is
//! checked, and at the end every level: a wrong or missing outcome ends the run.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "figures are read by people: they are far from where floats lose whole numbers"
)]

mod channels;
mod client;
mod cpu;
mod decisions;
mod fanout;
mod footprint;
mod ingest;
mod large;
mod load;
mod machine;
mod place;
mod postgres;
mod program;
mod raw;
mod report;
mod reserve;
mod restart;
mod scale;
mod screen;
mod seed;
mod verify;
mod watchers;
mod workload;

use std::process::ExitCode;

use anyhow::{Context as _, bail};

use place::Place;
use report::Report;

/// The raw limits and the load get the allocator that the server has.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Rounds of each figure, in each of which the raw limits are measured too.
const ROUNDS: usize = 5;

/// What the figures share.
struct Bench {
    place: Place,
    report: Report,
    rounds: usize,
}

/// A figure that can be measured alone.
struct Figure {
    name: &'static str,
    what: &'static str,
    measure: fn(&mut Bench) -> anyhow::Result<()>,
}

static FIGURES: [Figure; 12] = [
    Figure { name: "f1a", what: "single events over HTTP", measure: ingest::singles },
    Figure { name: "f1b", what: "batches of 256 over HTTP", measure: ingest::batches },
    Figure { name: "f2a", what: "decisions of the core alone", measure: decisions::measure },
    Figure { name: "f2b", what: "verifying a million events", measure: verify::measure },
    Figure { name: "f3", what: "reservations of the last units", measure: reserve::measure },
    Figure { name: "f4", what: "from a webhook to the screen", measure: screen::measure },
    Figure { name: "f5", what: "websockets, thousands of them", measure: fanout::measure },
    Figure { name: "f6", what: "until every channel shows it", measure: channels::measure },
    Figure { name: "f7", what: "until a large ledger is served", measure: restart::measure },
    Figure { name: "f8", what: "memory and sizes", measure: footprint::measure },
    Figure { name: "f9", what: "costs as the ledger grows", measure: scale::measure },
    Figure { name: "pg", what: "PostgreSQL, one transaction an event", measure: postgres::measure },
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let (wanted, rounds) = arguments(std::env::args().skip(1))?;
    let place = Place::new()?;
    let report = Report::new(&place);
    let mut bench = Bench { place, report, rounds };
    for figure in wanted {
        eprintln!("== {}: {}", figure.name, figure.what);
        (figure.measure)(&mut bench).with_context(|| format!("{} failed", figure.name))?;
    }
    bench.report.finish(&bench.place)
}

/// The figures that the arguments name (all without any), and the number of rounds.
fn arguments(
    arguments: impl Iterator<Item = String>,
) -> anyhow::Result<(Vec<&'static Figure>, usize)> {
    let mut names: Vec<String> = Vec::new();
    let mut rounds = ROUNDS;
    for argument in arguments {
        if let Some(number) = argument.strip_prefix("--rounds=") {
            rounds = number.parse().context("--rounds must be a number")?;
        } else if !argument.starts_with('-') {
            // Cargo adds `--bench`.
            names.extend(argument.split(',').map(str::to_lowercase));
        }
    }
    if let Some(name) = names.iter().find(|name| !FIGURES.iter().any(|it| fits(it, name))) {
        let known: Vec<_> = FIGURES.iter().map(|figure| figure.name).collect();
        bail!("there is no figure {name}; there are {}", known.join(", "));
    }
    let is_wanted = |figure: &&Figure| names.is_empty() || names.iter().any(|it| fits(figure, it));
    Ok((FIGURES.iter().filter(is_wanted).collect(), rounds.max(1)))
}

/// Whether a name means a figure: `f1` means all whose names begin so.
fn fits(figure: &Figure, name: &str) -> bool {
    !name.is_empty() && figure.name.starts_with(name)
}

impl Bench {
    /// Runs `measure` once for each round, and says so.
    fn each_round(
        &mut self,
        mut measure: impl FnMut(&mut Self, usize) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        for round in 1..=self.rounds {
            eprintln!("   round {round} of {}", self.rounds);
            measure(self, round)?;
        }
        Ok(())
    }
}

/// One thread for everything that this process does at a time.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
