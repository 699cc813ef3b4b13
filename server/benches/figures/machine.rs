//! What the figures were measured on.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

/// The machine, as far as it says something about itself.
pub struct Machine {
    cpu: String,
    cores: usize,
    kernel: String,
    load: String,
    commit: String,
}

impl Machine {
    /// Looks at the machine.
    pub fn look() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo")
            .lines()
            .find_map(|line| {
                Some(line.strip_prefix("model name")?.split_once(':')?.1.trim().into())
            })
            .unwrap_or_else(|| "an unknown CPU".to_owned());
        Self {
            cpu,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" "),
            commit: commit(),
        }
    }

    /// In one line.
    pub fn text(&self, file_system: &str) -> String {
        let Self { cpu, cores, kernel, load, commit } = self;
        format!("{commit} on {cores} × {cpu}, Linux {kernel}, {file_system}, load at start {load}")
    }

    /// For the JSON.
    pub fn json(&self, file_system: &str) -> Value {
        let Self { cpu, cores, kernel, load, commit } = self;
        json!({"cpu": cpu, "cores": cores, "kernel": kernel, "file_system": file_system,
            "load_at_start": load, "commit": commit})
    }
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short", "HEAD"]) else {
        return "a build without git".to_owned();
    };
    let changed = git(&["status", "--porcelain", "-uno"]).is_some_and(|it| !it.is_empty());
    if changed { format!("{commit} with changes") } else { commit }
}
