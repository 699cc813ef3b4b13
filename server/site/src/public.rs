//! Takes over the files of `public/` as they are: icons and the web app manifest.

use crate::layout::Layout;
use anyhow::{Context, Result};
use std::path::PathBuf;

/// The files of `public/` with the URL paths they are served under.
pub(crate) fn files(layout: &Layout) -> Result<Vec<(String, PathBuf)>> {
    let folder = layout.root.join("public");
    let mut found = Vec::new();
    for file in layout.files_below("public")? {
        let relative = file.strip_prefix(&folder)?;
        let name = relative
            .to_str()
            .with_context(|| format!("{} has a name that is not UTF-8", file.display()))?;
        found.push((format!("/{}", name.replace('\\', "/")), file));
    }
    Ok(found)
}
