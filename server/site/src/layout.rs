//! Where things lie: the sources that are read and the folder that is written.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Which of the two builds is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Small and slow to make: what is shipped.
    Release,
    /// Quick to make: for working on the pages.
    Dev,
}

impl Mode {
    /// The word that stands for this mode in the manifest.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "dev",
        }
    }
}

/// The folders of one build.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The workspace's root.
    pub(crate) root: PathBuf,
    /// Where cargo puts what it compiles.
    pub(crate) target: PathBuf,
    /// Which build this is.
    pub(crate) mode: Mode,
}

impl Layout {
    /// Finds the workspace from the current directory upwards.
    pub(crate) fn find(mode: Mode) -> Result<Self> {
        let start = std::env::current_dir().context("the current directory cannot be read")?;
        let root = start
            .ancestors()
            .find(|folder| folder.join("style/encre-css.toml").is_file())
            .context("no style/encre-css.toml here or above: run onhand-site inside Onhand")?
            .to_owned();
        let target = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| root.join("target"), |folder| root.join(folder));
        Ok(Self { root, target, mode })
    }

    /// The folder the website is written to. Two of them, so that neither build undoes the other.
    pub(crate) fn site(&self) -> PathBuf {
        self.target.join(match self.mode {
            Mode::Release => "site",
            Mode::Dev => "site-dev",
        })
    }

    /// Every file below `folder` (relative to the root) in a fixed order.
    pub(crate) fn files_below(&self, folder: &str) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        collect(&self.root.join(folder), &mut found)?;
        found.sort();
        Ok(found)
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("the folder {} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
