//! Addresses that nothing answers: a person gets a page that says so, whoever else a problem.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use leptos_axum::render_app_async_with_context;

use super::{context, document, with_backend};
use crate::http::problem::Problem;
use crate::state::AppState;

/// Where programs ask: they never get a page.
const PROGRAMS: [&str; 3] = ["/api/", "/hooks/", "/pkg/"];

/// Answers a path that nothing else answers.
pub async fn unknown_path(State(state): State<AppState>, request: Request) -> Response {
    let mut response = if wants_page(request.method(), request.uri().path(), request.headers()) {
        match with_backend(state.clone(), request).await {
            // The page of this address is the one that says that there is none.
            Ok(request) => render_app_async_with_context(context, document(&state))(request).await,
            Err(problem) => problem.into_response(),
        }
    } else {
        Problem::not_found("There is nothing at this path.").into_response()
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept"));
    response
}

/// Whether a person goes to this address, rather than a program or a page that needs a file.
fn wants_page(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
        && !PROGRAMS.iter().any(|prefix| path.starts_with(prefix))
        && !names_file(path)
        && headers.get_all(header::ACCEPT).iter().any(asks_for_html)
}

/// Browsers name HTML when somebody goes to an address, and only then.
fn asks_for_html(accept: &HeaderValue) -> bool {
    let ranges = accept.to_str().unwrap_or_default().split(',');
    ranges.filter_map(|range| range.split(';').next()).any(|range| {
        let range = range.trim();
        range.eq_ignore_ascii_case("text/html")
            || range.eq_ignore_ascii_case("application/xhtml+xml")
    })
}

/// Whether the path ends as the names of files do, such as `.js`: a script, style or image that
/// gets a page instead of itself fails with a riddle.
fn names_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.rsplit_once('.').is_some_and(|(_, ending)| {
        ending.starts_with(|first: char| first.is_ascii_lowercase())
            && ending.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && !matches!(ending, "htm" | "html")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    fn wants(method: &Method, path: &str, accept: &'static str) -> bool {
        let headers = [(header::ACCEPT, HeaderValue::from_static(accept))];
        wants_page(method, path, &headers.into_iter().collect())
    }

    #[test]
    fn only_who_goes_to_an_address_gets_a_page() {
        for path in ["/nothing-here", "/stok/1.5", "/index.html", "/apis", "/stock/A/B"] {
            assert!(wants(&Method::GET, path, BROWSER), "{path}");
            assert!(wants(&Method::HEAD, path, "TEXT/HTML; q=0.9"), "{path}");
        }
        for accept in
            ["*/*", "application/json", "image/avif,image/*,*/*;q=0.8", "text/css,*/*", ""]
        {
            assert!(!wants(&Method::GET, "/nothing-here", accept), "{accept}");
        }
        assert!(!wants(&Method::POST, "/nothing-here", BROWSER));
        assert!(!wants_page(&Method::GET, "/nothing-here", &HeaderMap::new()));
    }

    #[test]
    fn programs_and_missing_files_get_no_page() {
        let files = ["/favicon.ico", "/a/b.css", "/old.js", "/fonts/x.woff2", "/robots.txt"];
        let programs = ["/api/v2/stock", "/api/v1/nothing", "/hooks/none", "/pkg/x"];
        for path in files.into_iter().chain(programs) {
            assert!(!wants(&Method::GET, path, BROWSER), "{path}");
        }
    }
}
