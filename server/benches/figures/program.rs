//! The program `onhand` as a process of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::cpu;

/// The program that is measured.
pub const BINARY: &str = env!("CARGO_BIN_EXE_onhand");

/// What the program prints once it serves, followed by its address.
const SERVES: &str = "Onhand serves http://";

/// How long a server may take to stop.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// The program with these arguments and the data in `folder`; nothing of our own environment sets
/// it.
fn onhand(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("ONHAND_") {
            command.env_remove(key);
        }
    }
    command.env("ONHAND_LOG", "error").args(arguments).arg("--data").arg(folder);
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs a command of the program to its end; gives what it printed.
pub fn run(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = onhand(folder, arguments).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "onhand {arguments:?} ended with {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// A new API token.
pub fn token(folder: &Path, role: &str) -> anyhow::Result<String> {
    let printed = run(folder, &["token", "create", "--name", role, "--role", role])?;
    Ok(printed.trim().to_owned())
}

/// A server that runs; killed when dropped.
pub struct Program {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Program {
    /// Starts a server on the data in `folder` and waits until it serves.
    pub fn serve(folder: &Path) -> anyhow::Result<Self> {
        let mut command = onhand(folder, &["serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("the server's output is piped")?;
        let mut program = Self { child, address: ([127, 0, 0, 1], 0).into() };
        let mut lines = BufReader::new(output);
        let mut line = String::new();
        while program.address.port() == 0 {
            line.clear();
            ensure!(lines.read_line(&mut line)? > 0, "the server ended before it served");
            if let Some(address) = line.trim_end().strip_prefix(SERVES) {
                program.address = address.parse()?;
            }
        }
        std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        Ok(program)
    }

    /// The time that the process has had on any core, in seconds.
    pub fn cpu(&self) -> anyhow::Result<f64> {
        cpu::of_process(self.child.id())
    }

    /// The memory that the process holds, in bytes.
    pub fn resident_bytes(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        Ok(kib.context("VmRSS is there")?.trim().parse::<u64>()? * 1_024)
    }

    /// Ends the process at once (SIGKILL).
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks the process to stop (SIGTERM) and waits until it has.
    pub fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        ensure!(Command::new("kill").args(["-TERM", &pid]).status()?.success(), "kill failed");
        let deadline = Instant::now() + STOP_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the server ended with {status}");
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the server does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Gone already, if it was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
