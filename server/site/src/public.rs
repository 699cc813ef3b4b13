//! Takes over the files of `public/`: icons, the web app manifest, fonts.

use crate::layout::Layout;
use anyhow::{Context, Result};
use std::path::PathBuf;

const FONT_ENDING: &str = ".woff2";

/// A font, which gets a name by its content, as it is large and never changes.
pub(crate) struct Font {
    /// The path that `style/` knows it by.
    pub(crate) path: String,
    /// The file's name without its ending.
    pub(crate) stem: String,
    /// Where it lies.
    pub(crate) file: PathBuf,
}

/// The fonts of `public/fonts/`.
pub(crate) fn fonts(layout: &Layout) -> Result<Vec<Font>> {
    let mut fonts = Vec::new();
    for (path, file) in all(layout)? {
        if let Some(stem) = path.strip_suffix(FONT_ENDING).and_then(|path| path.rsplit('/').next())
        {
            fonts.push(Font { stem: stem.to_owned(), path, file });
        }
    }
    Ok(fonts)
}

/// The files of `public/` with the URL paths they are served under, without the fonts.
pub(crate) fn files(layout: &Layout) -> Result<Vec<(String, PathBuf)>> {
    let mut files = all(layout)?;
    files.retain(|(path, _)| !path.ends_with(FONT_ENDING));
    Ok(files)
}

fn all(layout: &Layout) -> Result<Vec<(String, PathBuf)>> {
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
