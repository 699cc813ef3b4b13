//! Serves the website's files: stylesheet, script, wasm, icons.
//!
//! Everything is held in memory, in the three encodings that `onhand-site` made, so a request
//! costs a table look-up. Files whose path holds their digest may be kept by browsers for ever;
//! the others are revalidated by their entity tag. A missing file is a plain 404, never a page: a
//! module script that gets HTML fails with a riddle.

mod encoding;
mod site;

pub use site::{Site, SiteError, SiteManifest};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use encoding::Encoding;
use site::Asset;
use std::sync::Arc;

/// A year, the longest that browsers honour, for files whose content never changes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Keep, but ask before every use.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// The routes of every file of `site`, and a plain 404 for anything else below `/pkg`.
pub fn router<S>(site: &Arc<Site>) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let mut router = Router::new().route("/pkg/{*path}", get(missing));
    for path in site.paths() {
        let (site, own) = (Arc::clone(site), path.to_owned());
        let handler = move |headers: HeaderMap| async move {
            site.asset(&own).map_or_else(not_found, |asset| respond(asset, &headers))
        };
        router = router.route(path, get(handler));
    }
    router
}

async fn missing() -> Response {
    not_found()
}

fn not_found() -> Response {
    let text = "Not found. The page may be of an older version: reload it.\n";
    (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}

fn respond(asset: &Asset, request: &HeaderMap) -> Response {
    let encoding = Encoding::choose(request, asset.brotli.is_some(), asset.gzip.is_some());
    let body = match encoding {
        Encoding::Brotli => asset.brotli.as_ref(),
        Encoding::Gzip => asset.gzip.as_ref(),
        Encoding::Identity => None,
    };
    let tag = format!("\"{}{}\"", asset.hash, encoding.suffix());
    let mut response = if matches(request, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(body.unwrap_or(&asset.plain).clone()));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, asset.content_type.clone());
        if let Some(name) = encoding.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, if asset.immutable { IMMUTABLE } else { REVALIDATE });
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether the browser has this very content already (RFC 9110, 13.1.2: weak comparison).
fn matches(request: &HeaderMap, tag: &str) -> bool {
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|value| value.trim().trim_start_matches("W/"))
        .any(|value| value == tag || value == "*")
}

#[cfg(test)]
mod tests;
