//! What every request and response goes through: the check that a browser's request comes from our
//! own pages, and the headers that keep foreign content out of them.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use leptos::nonce::Nonce;
use leptos::prelude::{provide_context, use_context};

use super::problem::Problem;
use crate::auth::{bearer, origin_address};
use crate::state::AppState;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Where webhooks come in: they carry a signature instead of a cookie.
const HOOKS: &str = "/hooks/";
/// Where programs speak: without a cookie nobody is known there but by a token, so a form's shape
/// alone is no danger, and the answer is 401 as for any other request without identity.
const API: &str = "/api/v1/";
/// The media types that a form of a foreign page can send without being asked first (Fetch
/// standard, CORS-safelisted request header).
const FORMS: [&str; 3] = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
/// For whatever is no page: it may not load anything, nor be framed.
const CSP_OTHERS: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// Half a year: long enough to matter, short enough to recover from.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=15768000");

/// The same headers on every response. `same-origin` rather than `no-referrer`, with which browsers
/// would send `Origin: null` with forms. The camera is for scanning.
static FIXED: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "camera=(self), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
        ),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Refuses unsafe requests that a foreign page could have made a browser send: those with a cookie
/// or in the shape of a form. A bearer token cannot be sent from a foreign page, and webhooks carry
/// neither.
pub async fn same_origin_only(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    if !is_at_risk(request.method(), request.uri().path(), request.headers())
        || comes_from_us(request.headers(), &state)
    {
        return next.run(request).await;
    }
    let (parts, _) = request.into_parts();
    // The path may be anything; what is kept of it is bounded.
    let path: String = parts.uri.path().chars().take(128).collect();
    let target = format!("{} {path}", parts.method);
    let detail = format!("from another site, from {}", origin_address(&parts));
    state.notes.refused("anonymous", "same_origin", &target, &detail);
    Problem::forbidden("The request does not come from a page of this server.").into_response()
}

fn is_at_risk(method: &Method, path: &str, headers: &HeaderMap) -> bool {
    let safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
    if safe || path.starts_with(HOOKS) || bearer(headers).is_some() {
        return false;
    }
    let is_form = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| FORMS.iter().any(|form| kind.trim().eq_ignore_ascii_case(form)));
    headers.contains_key(header::COOKIE) || (is_form && !path.starts_with(API))
}

/// Whether a browser says that a page of this server makes the request. Also for the handshake of
/// a websocket, which browsers let any page begin.
pub fn comes_from_us(headers: &HeaderMap, state: &AppState) -> bool {
    // Browsers send each of these once; a second one can only be meant to confuse.
    let once = |name: &HeaderName| headers.get_all(name).iter().nth(1).is_none();
    if ![SEC_FETCH_SITE, header::ORIGIN, header::HOST].iter().all(once) {
        return false;
    }
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(&header::ORIGIN) else { return false };
    if state.config.public_origin().is_some_and(|ours| ours == origin.to_lowercase()) {
        return true;
    }
    // Without the scheme: behind a proxy that terminates TLS it is another one here.
    let host = origin.split_once("://").map(|(_, host)| host);
    matches!((host, text(&header::HOST)), (Some(a), Some(b)) if a.eq_ignore_ascii_case(b))
}

/// Adds the security headers. Pages get a policy with a fresh nonce, which [`provide_nonce`] hands
/// to the renderer.
pub async fn headers(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let nonce = Nonce::new();
    let sockets = sockets(request.headers(), &state);
    request.extensions_mut().insert(nonce.clone());
    let mut response = next.run(request).await;
    let policy = if is_html(&response) { page_policy(&nonce, &sockets) } else { CSP_OTHERS };
    let https = state.config.public_url.as_deref().is_some_and(|url| url.starts_with("https:"));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    for (name, value) in &FIXED {
        headers.insert(name.clone(), value.clone());
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    // Stock is nobody's business but the reader's; assets say for themselves how long they keep.
    let keep = headers.entry(header::CACHE_CONTROL);
    keep.or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Hands the nonce of this response to the renderer: for the `additional_context` of
/// `leptos_axum`, which has put the request's parts into the context by then.
pub fn provide_nonce() {
    if let Some(nonce) = use_context::<Parts>().and_then(|it| it.extensions.get().cloned()) {
        provide_context::<Nonce>(nonce);
    }
}

fn is_html(response: &Response<Body>) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

fn page_policy(nonce: &Nonce, sockets: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'self'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; connect-src 'self'{sockets}; \
         object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(CSP_OTHERS)
}

/// The websocket's address under every name of this server, each with a space before it; not all
/// browsers take `'self'` for it.
fn sockets(headers: &HeaderMap, state: &AppState) -> String {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    // A host that is none must not find its way into the policy.
    let host = host.filter(|host| {
        host.parse::<Authority>().is_ok_and(|it| !it.as_str().contains(['@', ';', ',', '\'']))
    });
    let direct = host.map(|host| format!(" ws://{host} wss://{host}"));
    let public = state.config.public_origin();
    let public = public.map(|origin| format!(" {}", origin.replacen("http", "ws", 1)));
    format!("{}{}", direct.unwrap_or_default(), public.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.clone(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn cookies_and_forms_are_at_risk_tokens_and_webhooks_are_not() {
        let at_risk = |method, path, pairs: &[_]| is_at_risk(&method, path, &request(pairs));
        let cookie = (header::COOKIE, "a=b");
        let form = (header::CONTENT_TYPE, "Text/Plain; charset=utf-8");
        let json = (header::CONTENT_TYPE, "application/json");
        let token = (header::AUTHORIZATION, "Bearer onh_x");
        assert!(at_risk(Method::POST, "/api/v1/events", &[cookie.clone(), json.clone()]));
        assert!(at_risk(Method::POST, "/sign-in", std::slice::from_ref(&form)));
        assert!(at_risk(Method::DELETE, "/x", std::slice::from_ref(&cookie)));
        assert!(!at_risk(Method::GET, "/", std::slice::from_ref(&cookie)));
        assert!(!at_risk(Method::POST, "/api/v1/events", &[json]));
        assert!(!at_risk(Method::POST, "/api/v1/events", &[token, cookie.clone()]));
        assert!(!at_risk(Method::POST, "/hooks/shop-1", &[form]));
        let form = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        assert!(!at_risk(Method::POST, "/api/v1/events", std::slice::from_ref(&form)));
        assert!(at_risk(Method::POST, "/api/v1/events", &[form.clone(), cookie.clone()]));
        assert!(at_risk(Method::POST, "/api/fn/adjust", &[form]));
        let basic = (header::AUTHORIZATION, "Basic eDp5");
        assert!(at_risk(Method::POST, "/x", &[basic, cookie]));
    }

    #[test]
    fn a_page_may_run_only_what_carries_its_nonce() {
        let nonce = Nonce::from_value("NONCE");
        let policy = page_policy(&nonce, " ws://127.0.0.1:3000");
        let policy = policy.to_str().unwrap();
        assert!(policy.contains("script-src 'nonce-NONCE' 'strict-dynamic' 'wasm-unsafe-eval';"));
        assert!(policy.contains("connect-src 'self' ws://127.0.0.1:3000;"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
        assert_ne!(*Nonce::new(), *Nonce::new());
    }
}
