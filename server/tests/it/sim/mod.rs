//! The processor in a world where everything goes wrong, from a seed: the real loop over the store
//! in memory, which is slow, unreadable, unwritable, full, or fails without saying what it has kept;
//! a process that is killed at any moment or told to stop, and starts again on what is durable;
//! many clients that lose patience, repeat themselves and say the same thing at once; people who
//! decide on what is open.
//!
//! Nothing here depends on threads or clocks: [`executor`] draws which task goes on next, and time
//! passes when none can. So a seed that fails fails again, and can be made small.
//!
//! Whatever happened, at the end every client has its answers, and what they were told is what the
//! journal holds ([`oracle`]).
//!
//! ```sh
//! make soak                                  # for SECONDS, with the other layers
//! ONHAND_SIM_SEED=7 cargo test -p onhand-server --test it sim::   # one seed again
//! ```

mod clients;
mod executor;
mod oracle;
mod server;
mod store;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use onhand::sim::generate;
use onhand::sim::history::History;

/// How long seeds are tried unless `ONHAND_SIM_SECONDS` says otherwise.
const SECONDS: u64 = 10;

fn variable<T: std::str::FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}={value} cannot be read")))
}

#[test]
fn every_client_was_told_the_truth() {
    if let Some(seed) = variable("ONHAND_SIM_SEED") {
        let history = generate::history(seed);
        let steps: Option<String> = variable("ONHAND_SIM_STEPS");
        let history = steps.map_or(history.clone(), |steps| {
            let steps = steps.split(',').map(|step| step.parse().unwrap());
            history.only(&steps.collect::<Vec<_>>())
        });
        world::play(&history, seed).unwrap();
        return;
    }
    let time = Duration::from_secs(variable("ONHAND_SIM_SECONDS").unwrap_or(SECONDS));
    let first = variable("ONHAND_SIM_FROM").unwrap_or(1);
    let begun = Instant::now();
    let mut records = 0;
    let mut next = first;
    while begun.elapsed() < time {
        let history = generate::history(next);
        match outcome(&history, next) {
            Ok(made) => records += made,
            Err(why) => panic!("{}", smallest(&history, next, why)),
        }
        next += 1;
    }
    eprintln!("{} seeds from {first}, {records} records in {:?}", next - first, begun.elapsed());
}

/// The same seed gives the same world: otherwise none could be seen again.
#[test]
fn a_seed_decides_everything() {
    for seed in 1..4 {
        let history = generate::history(seed);
        assert_eq!(world::play(&history, seed), world::play(&history, seed));
    }
}

/// A store that loses what it has called durable is found out: the proof can fail.
#[test]
fn what_a_store_forgets_is_found_out() {
    for seed in 1..6 {
        let history = generate::history(seed);
        let forget = || world::play_with(&history, seed, |faults| faults.forgotten = 30);
        assert!(caught(forget).is_err(), "seed {seed}");
    }
}

/// Plays a history; what was wrong, if anything was. Gives the number of records.
fn outcome(history: &History, seed: u64) -> Result<usize, String> {
    caught(|| world::play(history, seed)).map(|end| end.records)
}

fn caught(play: impl FnOnce() -> Result<world::End, String>) -> Result<world::End, String> {
    let played = catch_unwind(AssertUnwindSafe(play));
    played.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        Err(text.unwrap_or_else(|| "it panics".to_owned()))
    })
}

/// Drops steps as long as the rest still fails, and says how to see it again.
fn smallest(history: &History, seed: u64, mut why: String) -> String {
    let mut steps = history.numbers();
    let mut chunk = steps.len().div_ceil(2).max(1);
    loop {
        let mut dropped = false;
        let mut start = 0;
        while start < steps.len() {
            let end = (start + chunk).min(steps.len());
            let rest = [&steps[..start], &steps[end..]].concat();
            if let Err(smaller) = outcome(&history.only(&rest), seed) {
                (steps, why, dropped) = (rest, smaller, true);
            } else {
                start = end;
            }
        }
        if chunk == 1 && !dropped {
            break;
        }
        chunk = chunk.div_ceil(2).max(1);
    }
    let numbers: Vec<String> = steps.iter().map(ToString::to_string).collect();
    let played: Vec<String> = history.only(&steps).steps.iter().map(ToString::to_string).collect();
    format!(
        "seed {seed} fails; to see it again:\n  ONHAND_SIM_SEED={seed} ONHAND_SIM_STEPS={} \
         cargo test -p onhand-server --test it sim::\n{}\n{why}",
        numbers.join(","),
        played.join("\n")
    )
}
