//! Writes the website's files with their digests and compressed companions.

use crate::{layout::Mode, manifest::File};
use anyhow::{Context, Result, bail};
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// Hexadecimal digits of a digest that name a file: 64 bits are plenty for a handful of files.
const HASH_DIGITS: usize = 16;
/// Below this, compression saves less than its header costs.
const COMPRESS_FROM_BYTES: usize = 256;
const BROTLI_WINDOW_BITS: i32 = 22;

/// The digest of `content` in hexadecimal.
pub(crate) fn digest(content: &[u8]) -> String {
    let mut text = String::with_capacity(HASH_DIGITS);
    for byte in Sha256::digest(content).iter().take(HASH_DIGITS / 2) {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Writes `content` below `site` at the URL path `path`, with its companions.
pub(crate) fn write(
    site: &Path,
    path: &str,
    content: &[u8],
    mode: Mode,
    input: &str,
) -> Result<File> {
    let target = on_disk(site, path);
    let hash = digest(content);
    let mut file = File {
        content_type: content_type(path)?.to_owned(),
        immutable: path.contains(&hash),
        hash,
        bytes: content.len(),
        brotli_bytes: None,
        gzip_bytes: None,
        input: input.to_owned(),
    };
    replace(&target, content)?;
    if compressible(&file.content_type) && content.len() >= COMPRESS_FROM_BYTES {
        let small = brotli(content, mode)?;
        file.brotli_bytes = Some(small.len());
        replace(&companion(&target, "br"), &small)?;
        let small = gzip(content, mode)?;
        file.gzip_bytes = Some(small.len());
        replace(&companion(&target, "gz"), &small)?;
    }
    Ok(file)
}

/// Every path on disk that belongs to the file at the URL path `path`.
pub(crate) fn paths(site: &Path, path: &str, file: &File) -> Vec<PathBuf> {
    let target = on_disk(site, path);
    let mut all = Vec::new();
    all.extend(file.brotli_bytes.map(|_| companion(&target, "br")));
    all.extend(file.gzip_bytes.map(|_| companion(&target, "gz")));
    all.push(target);
    all
}

/// Puts a file in place in one step, so that no reader ever sees half of it.
pub(crate) fn replace(target: &Path, content: &[u8]) -> Result<()> {
    let failed = || format!("{} cannot be written", target.display());
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).with_context(failed)?;
    }
    let draft = companion(target, "new");
    fs::write(&draft, content).with_context(failed)?;
    fs::rename(&draft, target).with_context(failed)
}

fn on_disk(site: &Path, path: &str) -> PathBuf {
    site.join(path.trim_start_matches('/'))
}

fn companion(target: &Path, extension: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

fn content_type(path: &str) -> Result<&'static str> {
    Ok(match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("txt") => "text/plain; charset=utf-8",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        _ => bail!("{path}: no content type is known for this ending; add it to output.rs"),
    })
}

fn compressible(content_type: &str) -> bool {
    !matches!(content_type, "image/png" | "font/woff2")
}

fn brotli(content: &[u8], mode: Mode) -> Result<Vec<u8>> {
    let params = BrotliEncoderParams {
        quality: if mode == Mode::Release { 11 } else { 1 },
        lgwin: BROTLI_WINDOW_BITS,
        size_hint: content.len(),
        ..BrotliEncoderParams::default()
    };
    let mut small = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut small, &params)?;
    Ok(small)
}

fn gzip(content: &[u8], mode: Mode) -> Result<Vec<u8>> {
    let level = if mode == Mode::Release { Compression::best() } else { Compression::fast() };
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn companions_hold_the_same_content() {
        let content = "body { color: red }\n".repeat(100).into_bytes();
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &brotli(&content, Mode::Release).unwrap()[..], &mut plain)
            .unwrap();
        assert_eq!(plain, content);
        plain.clear();
        let small = gzip(&content, Mode::Dev).unwrap();
        flate2::read::GzDecoder::new(&small[..]).read_to_end(&mut plain).unwrap();
        assert_eq!(plain, content);
    }

    #[test]
    fn a_digest_names_the_content() {
        assert_eq!(digest(b""), "e3b0c44298fc1c14");
        assert_ne!(digest(b"a"), digest(b"b"));
    }

    #[test]
    fn an_unknown_ending_is_refused_by_name() {
        let error = content_type("/a.xyz").unwrap_err().to_string();
        assert!(error.contains("/a.xyz"), "{error}");
    }
}
