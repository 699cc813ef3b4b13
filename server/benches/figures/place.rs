//! Where the figures are measured: folders on a real disk, gone afterwards but for the large ledgers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tempfile::TempDir;

/// Names another folder on a real disk than `target/bench`.
const FOLDER_VARIABLE: &str = "ONHAND_BENCH_DIR";

/// File systems that keep nothing on a disk: syncing there costs nothing.
const IN_MEMORY: [&str; 3] = ["tmpfs", "ramfs", "devtmpfs"];

/// The folders of a run.
pub struct Place {
    /// Where the results stay.
    pub results: PathBuf,
    /// The file system of the data, such as `ext4`.
    pub file_system: String,
    data: TempDir,
    kept: PathBuf,
}

impl Place {
    /// Makes the folders.
    pub fn new() -> anyhow::Result<Self> {
        let results = target().join("bench");
        fs::create_dir_all(&results)?;
        let parent = std::env::var_os(FOLDER_VARIABLE).map_or_else(|| results.clone(), Into::into);
        let data = tempfile::Builder::new().prefix("data-").tempdir_in(&parent)?;
        let file_system = file_system(data.path())?;
        if IN_MEMORY.contains(&file_system.as_str()) {
            bail!(
                "{} is on {file_system}, where syncing costs nothing: set {FOLDER_VARIABLE} to a \
                 folder on a disk",
                data.path().display()
            );
        }
        Ok(Self { results, file_system, data, kept: parent.join("ledgers") })
    }

    /// A folder for data that stays between runs.
    pub fn kept(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.kept.join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// A new empty folder for data.
    pub fn folder(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.data.path().join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// The folder in which cargo builds.
pub fn target() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.join("target"), |folder| workspace.join(folder))
}

/// The file system on which a folder lies.
fn file_system(folder: &Path) -> anyhow::Result<String> {
    let folder = folder.canonicalize()?;
    let mounts = fs::read_to_string("/proc/self/mounts").context("mounts cannot be read")?;
    let found = mounts
        .lines()
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (point, kind) = (fields.next()?, fields.next()?);
            folder.starts_with(point).then_some((point.len(), kind))
        })
        .max_by_key(|(length, _)| *length);
    Ok(found.map_or("an unknown file system", |(_, kind)| kind).to_owned())
}
