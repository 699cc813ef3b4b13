//! The files of a small website, asked for as browsers do.

use super::*;
use axum::{body::to_bytes, http::Request};
use std::fs;
use tempfile::TempDir;
use tower::ServiceExt as _;

const BODY_LIMIT_BYTES: usize = 1 << 20;

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    file("pkg/onhand-aa.js", "plain");
    file("pkg/onhand-aa.js.br", "brotli");
    file("pkg/onhand-aa.js.gz", "gzip");
    file("favicon.svg", "<svg/>");
    file(
        "manifest.json",
        r#"{"version":2,"mode":"dev","build_id":"b1","inputs":{},
            "entries":{"css":"/pkg/c.css","js":"/pkg/onhand-aa.js","wasm":"/pkg/w.wasm",
              "later":"/pkg/l.wasm",
              "font":"/pkg/f.woff2"},
            "files":{"/pkg/onhand-aa.js":{"content_type":"text/javascript; charset=utf-8",
                "hash":"aa","immutable":true,"bytes":5,"brotli_bytes":6,"gzip_bytes":4},
              "/favicon.svg":{"content_type":"image/svg+xml","hash":"bb","immutable":false,
                "bytes":6,"brotli_bytes":null,"gzip_bytes":null}}}"#,
    );
    folder
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(path: &str, headers: &[(header::HeaderName, &str)]) -> Answer {
    let folder = folder();
    let site = Arc::new(Site::from_folder(folder.path()).unwrap());
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = router::<()>(&site).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, BODY_LIMIT_BYTES).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, body }
}

#[tokio::test]
async fn a_hashed_file_is_kept_for_ever_and_compressed() {
    let answer = ask("/pkg/onhand-aa.js", &[(header::ACCEPT_ENCODING, "gzip, br")]).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "brotli"));
    assert_eq!(answer.header(header::CONTENT_ENCODING), "br");
    assert_eq!(answer.header(header::CONTENT_TYPE), "text/javascript; charset=utf-8");
    assert!(answer.header(header::CACHE_CONTROL).contains("immutable"));
    assert_eq!(answer.header(header::VARY), "accept-encoding");

    let answer = ask("/pkg/onhand-aa.js", &[]).await;
    assert_eq!(answer.body, "plain");
    assert_eq!(answer.header(header::CONTENT_ENCODING), "");
}

#[tokio::test]
async fn an_unhashed_file_is_revalidated_by_its_tag() {
    let answer = ask("/favicon.svg", &[(header::ACCEPT_ENCODING, "br")]).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "<svg/>"));
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-cache");
    assert_eq!(answer.header(header::ETAG), "\"bb\"");

    let answer = ask("/favicon.svg", &[(header::IF_NONE_MATCH, "\"x\", W/\"bb\"")]).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(answer.header(header::ETAG), "\"bb\"");
}

#[tokio::test]
async fn a_missing_file_is_a_plain_404() {
    for path in ["/pkg/onhand-old.js", "/pkg/", "/pkg/../manifest.json"] {
        let answer = ask(path, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.header(header::CONTENT_TYPE).contains("html"), "{path}");
    }
}

#[test]
fn the_manifest_gives_the_paths_of_the_page() {
    let folder = folder();
    let site = Site::from_folder(folder.path()).unwrap();
    let manifest = site.manifest().unwrap();
    assert_eq!(manifest.js, "/pkg/onhand-aa.js");
    assert_eq!(manifest.build_id, "b1");
}

#[test]
fn what_is_wrong_with_a_website_is_named() {
    let folder = folder();
    fs::remove_file(folder.path().join("pkg/onhand-aa.js.gz")).unwrap();
    let error = Site::from_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("onhand-aa.js.gz") && error.contains("make site"), "{error}");

    fs::write(folder.path().join("manifest.json"), "{}").unwrap();
    let error = Site::from_folder(folder.path()).unwrap_err().to_string();
    assert!(error.contains("manifest.json") && error.contains("version"), "{error}");
}
