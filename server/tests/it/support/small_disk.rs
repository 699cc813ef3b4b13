//! A disk that is really full: a small file system in memory, mounted where only the programs of
//! one test see it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Mounts, says so, and keeps the namespace until it is killed.
const HOLD: &str = "mount -t tmpfs -o size=$2 none \"$1\" && echo mounted && exec sleep 600";
/// What a ballast is written with.
const BLOCK: [u8; 4_096] = [0; 4_096];

/// A small disk; gone when dropped.
pub struct SmallDisk {
    holder: Child,
    /// Where its files are found from outside.
    seen: PathBuf,
}

impl SmallDisk {
    /// Mounts a disk of this many bytes at `folder`; `None` where programs may not mount anything,
    /// as in many containers.
    pub fn mount(folder: &Path, bytes: u64) -> Option<Self> {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", HOLD, "sh"]);
        command.arg(folder).arg(bytes.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut holder = command.spawn().ok()?;
        let mut line = String::new();
        BufReader::new(holder.stdout.take()?).read_line(&mut line).ok()?;
        if line.trim_end() != "mounted" {
            let _ = holder.wait();
            return None;
        }
        let root = PathBuf::from(format!("/proc/{}/root", holder.id()));
        let seen = root.join(folder.strip_prefix("/").ok()?);
        Some(Self { holder, seen })
    }

    /// The same command, run where the disk is seen.
    pub fn inside(&self, command: &Command) -> Command {
        let mut within = Command::new("nsenter");
        within.args(["--target", &self.holder.id().to_string()]);
        within.args(["--user", "--mount", "--preserve-credentials", "--"]);
        within.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => within.env(name, value),
                None => within.env_remove(name),
            };
        }
        within.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        within
    }

    /// Fills the disk until so many bytes are left, rounded up to whole blocks.
    pub fn fill(&self, left: u64) {
        let mut ballast = File::create(self.ballast()).unwrap();
        let mut written = 0;
        while ballast.write_all(&BLOCK).is_ok() {
            written += BLOCK.len() as u64;
        }
        ballast.set_len(written.saturating_sub(left.next_multiple_of(BLOCK.len() as u64))).unwrap();
    }

    /// Makes room again.
    pub fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.seen.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
