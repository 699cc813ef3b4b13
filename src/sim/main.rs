//! The simulator as a program: plays seeds for as long as asked, or one seed again.

#![expect(clippy::print_stdout, reason = "a program that reports to a terminal")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use onhand::ledger::Entry;
use onhand::sim::history::Step;
use onhand::sim::{generate, run};

const USAGE: &str = "usage: onhand-sim [--seconds N] [--from SEED] | --seed SEED [--steps 1,4,7]";

/// What was asked for.
enum Task {
    /// Play seeds from this one on for so long.
    Soak { seconds: u64, from: u64 },
    /// Play one seed, or some of its steps.
    Replay { seed: u64, steps: Option<Vec<usize>> },
}

fn main() -> ExitCode {
    run::catch_panics();
    match task(std::env::args().skip(1)) {
        Some(Task::Soak { seconds, from }) => soak(Duration::from_secs(seconds), from),
        Some(Task::Replay { seed, steps }) => replay(seed, steps.as_deref()),
        None => {
            println!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn task(mut arguments: impl Iterator<Item = String>) -> Option<Task> {
    let (mut seconds, mut from, mut seed, mut steps) = (20, 1, None, None);
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--seconds" => seconds = value.parse().ok()?,
            "--from" => from = value.parse().ok()?,
            "--seed" => seed = Some(value.parse().ok()?),
            "--steps" => {
                let numbers = value.split(',').map(str::parse);
                steps = Some(numbers.collect::<Result<Vec<usize>, _>>().ok()?);
            }
            _ => return None,
        }
    }
    Some(match seed {
        Some(seed) => Task::Replay { seed, steps },
        None => Task::Soak { seconds, from },
    })
}

/// Plays seeds on all processors until one fails or the time is over.
fn soak(time: Duration, from: u64) -> ExitCode {
    let start = Instant::now();
    let (next, records) = (AtomicU64::new(from), AtomicUsize::new(0));
    let failed: Mutex<Option<run::Failure>> = Mutex::new(None);
    let work = || {
        while start.elapsed() < time && failed.lock().expect("no panic escapes").is_none() {
            match run::seed(next.fetch_add(1, Ordering::Relaxed)) {
                Ok(made) => {
                    records.fetch_add(made, Ordering::Relaxed);
                }
                Err(failure) => *failed.lock().expect("no panic escapes") = Some(failure),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = |number: u64| number as f64 / minutes;
    let (seeds, records) = (next.into_inner() - from, records.into_inner() as u64);
    println!(
        "{seeds} seeds from {from}, {records} records: {:.0} seeds and {:.0} records a minute",
        rate(seeds),
        rate(records)
    );
    match failed.into_inner().expect("no panic escapes") {
        Some(failure) => {
            report(&failure);
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

fn report(failure: &run::Failure) {
    let steps: Vec<String> = failure.steps.iter().map(usize::to_string).collect();
    println!("seed {} fails; to see it again:", failure.seed);
    println!("  make soak ARGS='--seed {} --steps {}'", failure.seed, steps.join(","));
    for step in &generate::history(failure.seed).only(&failure.steps).steps {
        println!("{step}");
    }
    println!("{}", failure.message);
}

fn replay(seed: u64, steps: Option<&[usize]>) -> ExitCode {
    let whole = generate::history(seed);
    let history = steps.map_or_else(|| whole.clone(), |steps| whole.only(steps));
    let mut show = |steps: &[Step], entries: &[Entry]| {
        for step in steps {
            println!("{step}");
        }
        for Entry { record, .. } in entries {
            let name = record.envelope.event_type();
            let why = record.reason.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
            println!("      #{} {name}: {}{why}", record.seq, record.outcome.as_str());
            for effect in &record.effects {
                let (level, state) = (format!("{} {}", effect.sku, effect.location), effect.state);
                println!("          {level} {} {:+}", state.as_str(), effect.delta);
            }
            for change in &record.changes {
                println!("          {change:?}");
            }
        }
    };
    match run::outcome(&history, &mut show) {
        Ok(records) => {
            println!("seed {seed} holds: {records} records");
            ExitCode::SUCCESS
        }
        Err(message) => {
            println!("{message}");
            ExitCode::FAILURE
        }
    }
}
