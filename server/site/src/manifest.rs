//! The list of the website's files, which the server reads at its start.
//!
//! `server/src/http/assets.rs` reads the same shape.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of this shape; the server refuses another one.
pub(crate) const VERSION: u32 = 2;

/// `manifest.json`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The shape's version.
    pub(crate) version: u32,
    /// `release` or `dev`.
    pub(crate) mode: String,
    /// Changes whenever any file of the website changes.
    pub(crate) build_id: String,
    /// The URL path of the page's `css`, `js`, `wasm`, of the `later` wasm that only some pages need,
    /// and of the `font` that all need first.
    pub(crate) entries: BTreeMap<String, String>,
    /// Every file, by its URL path.
    pub(crate) files: BTreeMap<String, File>,
    /// What the files were made from, to tell whether anything has changed.
    pub(crate) inputs: BTreeMap<String, String>,
}

/// One file of the website. Its path on disk is its URL path below the site folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct File {
    /// The value of the `Content-Type` header.
    pub(crate) content_type: String,
    /// The content's digest: the entity tag.
    pub(crate) hash: String,
    /// Whether the URL path holds the digest, so that the content can never change.
    pub(crate) immutable: bool,
    /// Bytes as they are.
    pub(crate) bytes: usize,
    /// Bytes of the `.br` companion, where there is one.
    pub(crate) brotli_bytes: Option<usize>,
    /// Bytes of the `.gz` companion, where there is one.
    pub(crate) gzip_bytes: Option<usize>,
    /// Which of the inputs this file was made from.
    pub(crate) input: String,
}
