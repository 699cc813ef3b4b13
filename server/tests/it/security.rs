//! What every request and response goes through.

use onhand::wire::page::Role;
use reqwest::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::support::server::{TestServer, location};

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_foreign_page_cannot_make_a_browser_act() {
    let server = TestServer::start().await;
    let mia = server.signed_in("mia@example.com", Role::Manager).await;
    let foreign = [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ];
    let forms =
        ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"];
    for path in ["/sign-in", "/sign-out", "/no/such/path"] {
        for (name, value) in foreign {
            for form in forms {
                let request = server.post(path).header(name, value).header(CONTENT_TYPE, form);
                assert_eq!(status(request).await, 403, "{path}: {name}: {value}, {form}");
            }
            let request = server.post(path).header(name, value).header(COOKIE, &mia.cookie);
            assert_eq!(status(request).await, 403, "{path}: {name}: {value}, with a cookie");
        }
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            let request = server.request(method, path).header(COOKIE, &mia.cookie);
            assert_eq!(status(request).await, 403, "{path}: no word of where it comes from");
        }
    }
    let read = mia.get("/healthz").header("sec-fetch-site", "cross-site");
    assert_eq!(status(read).await, 200, "reading is safe");
    let log = server.audit_log().await;
    let refused: i64 =
        log.iter().filter(|it| it.entry.action == "same_origin").map(|it| it.count).sum();
    assert_eq!(refused, 3 * (4 * (3 + 1) + 3));
}

#[tokio::test]
async fn our_own_pages_can_act() {
    let server = TestServer::start().await;
    let origin = server.origin();
    for (name, value) in
        [("origin", origin.as_str()), ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")]
    {
        let request = server.post("/sign-in").header(name, value);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        assert_eq!(status(request.body("email=a")).await, 303, "{name}: {value}");
    }
}

#[tokio::test]
async fn behind_a_proxy_the_public_address_is_ours() {
    let server =
        TestServer::with(|it| it.public_url = Some("https://stock.example.com".to_owned())).await;
    let form = |origin: &'static str| {
        let request = server.post("/sign-in").header(ORIGIN, origin);
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body("email=a")
    };
    assert_eq!(status(form("https://stock.example.com")).await, 303);
    assert_eq!(status(form("https://stock.example.com.evil.example")).await, 403);
    // A proxy that terminates TLS and keeps the host.
    assert_eq!(status(form("https://other.example").header(HOST, "other.example")).await, 303);
    let answer = server.get("/healthz").send().await.unwrap();
    assert!(answer.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let server = TestServer::start().await;
    for path in ["/healthz", "/readyz", "/no/such/path", "/pkg/missing.js"] {
        let answer = server.get(path).send().await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert!(header("permissions-policy").contains("geolocation=()"), "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert!(!answer.headers().contains_key("strict-transport-security"), "{path}");
    }
}

#[tokio::test]
async fn errors_are_problems() {
    let server = TestServer::start().await;
    for (request, expected, kind) in [
        (server.get("/no/such/path"), 404, "urn:onhand:problem:not-found"),
        (server.request(Method::DELETE, "/healthz"), 405, "urn:onhand:problem:method-not-allowed"),
        (server.form("/nope", &[]).header(ORIGIN, "null"), 403, "urn:onhand:problem:forbidden"),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), expected);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["type"], kind);
        assert_eq!(body["status"], expected);
        assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
    }
}

#[tokio::test]
async fn a_form_that_is_too_large_is_not_read() {
    let server = TestServer::start().await;
    let large = "x".repeat(65 * 1_024);
    let answer = server.form("/sign-in", &[("email", &large)]).send().await.unwrap();
    assert_eq!(location(&answer), "/sign-in?error=form");
}
