//! Time on the cores, in seconds, which says what something costs even while others use them too.

use std::fs;

use anyhow::Context as _;

/// Ticks a second in `/proc/PID/stat`, the same on every Linux (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

/// The time that the calling thread has had on a core.
pub fn of_this_thread() -> anyhow::Result<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split(' ').next().context("schedstat begins with the time on a core")?;
    Ok(nanos.parse::<f64>()? / 1e9)
}

/// The time that a process has had on any core.
pub fn of_process(id: u32) -> anyhow::Result<f64> {
    ticks(&format!("/proc/{id}/stat"), 13)
}

/// The time that our children had on any core, as far as they have ended.
pub fn of_children() -> anyhow::Result<f64> {
    ticks("/proc/self/stat", 15)
}

/// The sum of two fields of a `stat` file: one for the program, one for the system.
fn ticks(path: &str, first: usize) -> anyhow::Result<f64> {
    let text = fs::read_to_string(path)?;
    // The second field is the name, in which anything may be.
    let (_, fields) = text.rsplit_once(')').context("a stat file names its process")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let field = |number: usize| {
        let text = fields.get(number - 2).context("a stat file has all its fields")?;
        Ok::<f64, anyhow::Error>(text.parse()?)
    };
    Ok((field(first)? + field(first + 1)?) / TICKS_PER_SECOND)
}
