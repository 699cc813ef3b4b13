//! The website's files in memory, and where they come from.
//!
//! In this order: the folder that the configuration names; the files inside the binary; a folder
//! `site` beside the binary; what `onhand-site` built in the target folder the binary lies in.

use axum::http::HeaderValue;
use bytes::Bytes;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// The files inside the binary, by their path in the site folder; empty unless
/// `ONHAND_EMBED_SITE` was set when it was built (see `server/build.rs`).
static EMBEDDED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/embedded_site.rs"));

/// The version of the manifest's shape (`server/site/src/manifest.rs`) that is understood here.
const MANIFEST_VERSION: u32 = 2;
const MANIFEST: &str = "manifest.json";
/// How often a folder is read again when its files changed in the meantime.
const READ_ATTEMPTS: u32 = 3;

/// What the page shell needs to know of the website: URL paths, and the build they belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteManifest {
    /// The stylesheet.
    pub css: String,
    /// The module script, which loads the wasm and hydrates the page by itself.
    pub js: String,
    /// The wasm module, for `<link rel="preload">`.
    pub wasm: String,
    /// The second wasm module, the same for the pages that need it.
    pub later: String,
    /// The font of the first paint, for `<link rel="preload" as="font" crossorigin>`.
    pub font: String,
    /// Changes with every change of the website: an open page with another one should reload.
    pub build_id: String,
}

/// Why a website cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A file that the manifest names, or the manifest itself, cannot be read.
    #[error("the website's file {path} cannot be read: run `make site` to build the website")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The manifest is not one that this server understands.
    #[error("the website's manifest {path} is not usable: {reason}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// The website's files.
#[derive(Debug, Default)]
pub struct Site {
    manifest: Option<SiteManifest>,
    assets: BTreeMap<String, Asset>,
    origin: String,
}

/// One file in its encodings.
#[derive(Debug)]
pub(super) struct Asset {
    pub(super) content_type: HeaderValue,
    pub(super) hash: String,
    pub(super) immutable: bool,
    pub(super) plain: Bytes,
    pub(super) brotli: Option<Bytes>,
    pub(super) gzip: Option<Bytes>,
}

/// `manifest.json`, as far as it matters here.
#[derive(Deserialize)]
struct Manifest {
    version: u32,
    build_id: String,
    entries: BTreeMap<String, String>,
    files: BTreeMap<String, File>,
}

#[derive(Deserialize)]
struct File {
    content_type: String,
    hash: String,
    immutable: bool,
    brotli_bytes: Option<u64>,
    gzip_bytes: Option<u64>,
}

impl Site {
    /// Loads the website from `configured`, or else from wherever it is found (see the module).
    ///
    /// A website that was asked for must be there. Without any, the server still answers: its
    /// pages are then plain HTML, and `manifest` is `None`.
    pub fn load(configured: Option<&Path>) -> Result<Self, SiteError> {
        if let Some(folder) = configured {
            return Self::from_folder(folder);
        }
        if !EMBEDDED.is_empty() {
            return Self::from_table(EMBEDDED);
        }
        let program = std::env::current_exe().ok();
        let beside = program.as_deref().and_then(Path::parent);
        let candidates = beside.into_iter().flat_map(|folder| {
            // Tests run from `target/debug/deps`, programs from `target/debug`.
            let ancestors = folder.ancestors().take(3);
            ancestors.flat_map(|folder| [folder.join("site"), folder.join("site-dev")])
        });
        for folder in candidates {
            if folder.join(MANIFEST).is_file() {
                return Self::from_folder(&folder);
            }
        }
        Ok(Self { origin: "nowhere: pages are plain HTML".to_owned(), ..Self::default() })
    }

    /// Loads the website from a folder that `onhand-site` wrote.
    pub fn from_folder(folder: &Path) -> Result<Self, SiteError> {
        let read = |name: &str| {
            let path = folder.join(name);
            let content = fs::read(&path).map(Bytes::from);
            content.map_err(|source| SiteError::Read { path, source })
        };
        let load = || Self::assemble(&folder.display().to_string(), &folder.join(MANIFEST), &read);
        // A build that is going on replaces the manifest and then removes what it no longer
        // names: a file can vanish between the two reads, but is there at the next attempt.
        let mut site = load();
        for _ in 1..READ_ATTEMPTS {
            if site.is_ok() {
                break;
            }
            site = load();
        }
        site
    }

    fn from_table(table: &'static [(&str, &[u8])]) -> Result<Self, SiteError> {
        let read = |name: &str| {
            let found = table.iter().find(|(path, _)| *path == name);
            found.map(|(_, content)| Bytes::from_static(content)).ok_or_else(|| SiteError::Read {
                path: name.into(),
                source: io::ErrorKind::NotFound.into(),
            })
        };
        Self::assemble("the binary", Path::new(MANIFEST), &read)
    }

    fn assemble(
        origin: &str,
        path: &Path,
        read: &dyn Fn(&str) -> Result<Bytes, SiteError>,
    ) -> Result<Self, SiteError> {
        let unusable = |reason: String| SiteError::Manifest { path: path.to_owned(), reason };
        let text = read(MANIFEST)?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| unusable(error.to_string()))?;
        if manifest.version != MANIFEST_VERSION {
            let found = manifest.version;
            return Err(unusable(format!(
                "its version is {found}, this server reads {MANIFEST_VERSION}: build both anew"
            )));
        }
        let entry = |name: &str| {
            let path = manifest.entries.get(name);
            path.cloned().ok_or_else(|| unusable(format!("entries.{name} is missing")))
        };
        let pages = SiteManifest {
            css: entry("css")?,
            js: entry("js")?,
            wasm: entry("wasm")?,
            later: entry("later")?,
            font: entry("font")?,
            build_id: manifest.build_id.clone(),
        };
        let mut assets = BTreeMap::new();
        for (url, file) in manifest.files {
            let name = url.trim_start_matches('/');
            let companion = |there: Option<u64>, ending: &str| {
                there.map(|_| read(&format!("{name}.{ending}"))).transpose()
            };
            let asset = Asset {
                content_type: HeaderValue::try_from(&file.content_type)
                    .map_err(|_| unusable(format!("files.{url}.content_type is no header")))?,
                plain: read(name)?,
                brotli: companion(file.brotli_bytes, "br")?,
                gzip: companion(file.gzip_bytes, "gz")?,
                hash: file.hash,
                immutable: file.immutable,
            };
            assets.insert(url, asset);
        }
        Ok(Self { manifest: Some(pages), assets, origin: origin.to_owned() })
    }

    /// The paths that a page refers to; none when there is no website.
    pub fn manifest(&self) -> Option<&SiteManifest> {
        self.manifest.as_ref()
    }

    /// Where the files came from, for the log.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The URL paths of all files.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.assets.keys().map(String::as_str)
    }

    /// The file at a URL path.
    pub(super) fn asset(&self, path: &str) -> Option<&Asset> {
        self.assets.get(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only says something when the tests are built with `ONHAND_EMBED_SITE`, as a release is.
    #[test]
    fn a_website_inside_the_binary_is_whole() {
        if EMBEDDED.is_empty() {
            return;
        }
        let site = Site::from_table(EMBEDDED).unwrap();
        let manifest = site.manifest().unwrap();
        for path in [&manifest.css, &manifest.js, &manifest.wasm, &manifest.later, &manifest.font] {
            assert!(site.asset(path).is_some(), "{path}");
        }
    }

    #[test]
    fn a_table_without_a_manifest_is_refused_by_name() {
        let error = Site::from_table(&[("a", b"b")]).unwrap_err().to_string();
        assert!(error.contains("manifest.json"), "{error}");
    }
}
