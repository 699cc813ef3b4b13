//! The compiled program `onhand` as a process of its own, as people run it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Instant;

use super::PATIENCE;

/// What the program prints once it serves, followed by its address.
const SERVES: &str = "Onhand serves ";

/// The program with these arguments, the data in `folder`, and nothing of the test's own
/// environment that could set it.
pub fn onhand(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onhand"));
    for (key, _) in std::env::vars_os() {
        if key.to_string_lossy().starts_with("ONHAND_") {
            command.env_remove(key);
        }
    }
    // What a test does not look at would only fill its output.
    command.env("ONHAND_LOG", "warn");
    command.args(arguments).arg("--data").arg(folder).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end, with `input` on standard input.
pub fn run_with(mut command: Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // A program that refuses its arguments does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What a command printed, and its exit code.
pub fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A new token of the ledger in `folder`.
pub fn token(folder: &Path, role: &str) -> String {
    let arguments = ["token", "create", "--name", role, "--role", role];
    let (code, out, err) = told(&onhand(folder, &arguments).output().unwrap());
    assert_eq!(code, Some(0), "{err}");
    out.trim_end().to_owned()
}

/// Has the program compare the ledger in `folder` with its journal; they must agree.
pub fn verify(folder: &Path) {
    let (code, out, err) = told(&onhand(folder, &["verify"]).output().unwrap());
    assert_eq!(code, Some(0), "{out}{err}");
}

/// A server in a process of its own; killed when dropped.
pub struct Serving {
    child: Child,
    /// Its address, such as `http://127.0.0.1:41234`.
    pub url: String,
}

impl Serving {
    /// Starts `onhand serve` on a free port and waits until it serves.
    pub fn start(folder: &Path) -> Self {
        Self::from(onhand(folder, &["serve", "--listen", "127.0.0.1:0"]))
    }

    /// Starts a command that serves, and waits until it does.
    pub fn from(mut command: Command) -> Self {
        // Unread pipes fill up: what it logs goes to the test's own output.
        let child = command.stderr(Stdio::inherit()).spawn().unwrap();
        let mut serving = Self { child, url: String::new() };
        let mut lines = BufReader::new(serving.child.stdout.take().unwrap());
        let mut line = String::new();
        while serving.url.is_empty() {
            line.clear();
            assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended before it served");
            if let Some(url) = line.trim_end().strip_prefix(SERVES) {
                url.clone_into(&mut serving.url);
            }
        }
        std::thread::spawn(move || lines.read_to_end(&mut Vec::new()));
        serving
    }

    /// Kills the process as a crash would (SIGKILL).
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until the process has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        super::eventually("the process ends", async || self.child.try_wait().unwrap()).await
    }

    /// Asks the process to stop (SIGTERM) and waits until it has.
    pub fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the server does not stop");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Gone already, if the test ended it itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
