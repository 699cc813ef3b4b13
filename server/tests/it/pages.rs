//! The website from outside: who sees it, and what keeps foreign content out of it.

use std::io::Read as _;

use flate2::read::GzDecoder;
use onhand::wire::page::Role;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_TYPE};

use crate::support::server::{TestServer, location};

/// The nonce that a policy allows.
fn nonce(policy: &str) -> &str {
    let (_, rest) = policy.split_once("script-src 'nonce-").unwrap();
    rest.split_once('\'').unwrap().0
}

#[tokio::test]
async fn whoever_is_not_signed_in_goes_to_the_sign_in_page_and_comes_back() {
    let server = TestServer::start().await;
    for (path, next) in [("/stock?q=a", "%2Fstock%3Fq%3Da"), ("/conflicts", "%2Fconflicts")] {
        let answer = server.get(path).send().await.unwrap();
        assert_eq!(location(&answer), format!("/sign-in?next={next}"), "{path}");
        assert!(!answer.text().await.unwrap().contains("<table"), "{path} shows nothing");
    }
    let answer = server.get("/sign-in?next=%2Fstock").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let page = answer.text().await.unwrap();
    assert!(page.contains("action=\"/sign-in\"") && page.contains("value=\"/stock\""), "{page}");
}

#[tokio::test]
async fn a_page_allows_only_scripts_with_its_own_fresh_nonce() {
    let server = TestServer::start().await;
    let mia = server.signed_in("mia@example.com", Role::Manager).await;
    let mut nonces = Vec::new();
    for path in ["/", "/stock", "/conflicts", "/adjust", "/sign-in", "/"] {
        let answer = mia.get(path).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200, "{path}");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("object-src 'none'; base-uri 'none'"), "{policy}");
        assert!(policy.contains(&format!("ws://{}", server.address())), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
        let nonce = nonce(&policy).to_owned();
        let page = answer.text().await.unwrap();
        for script in page.split("<script").skip(1) {
            let tag = script.split_once('>').unwrap().0;
            assert!(tag.contains(&format!("nonce=\"{nonce}\"")), "{path}: <script{tag}>");
        }
        assert!(!page.contains(" onclick=") && !page.contains("javascript:"), "{path}");
        assert!(!page.contains(" style=\""), "{path}: the policy forbids style attributes");
        assert!(!nonces.contains(&nonce), "{path}: a nonce is used once");
        nonces.push(nonce);
    }
}

#[tokio::test]
async fn a_foreign_page_cannot_send_our_forms() {
    let server = TestServer::start().await;
    let mia = server.signed_in("mia@example.com", Role::Manager).await;
    for path in ["/api/fn/adjust", "/api/fn/resolve", "/api/fn/reverse", "/sign-out"] {
        for kind in ["application/x-www-form-urlencoded", "text/plain", "application/json"] {
            let request = server.post(path).header("cookie", &mia.cookie);
            let request = request.header("sec-fetch-site", "cross-site").header(CONTENT_TYPE, kind);
            let answer = request.body("id=c1").send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 403, "{path}, {kind}");
        }
    }
    assert_eq!(mia.get("/stock").send().await.unwrap().status().as_u16(), 200, "still signed in");
}

#[tokio::test]
async fn a_failed_sign_in_is_told_in_our_own_words() {
    let server = TestServer::start().await;
    let fields = [("email", "mia@example.com"), ("password", "wrong"), ("next", "/stock")];
    let answer = server.form("/sign-in", &fields).send().await.unwrap();
    let page = server.get(location(&answer)).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("The email or the password is wrong."), "{page}");
    assert!(page.contains("value=\"/stock\""), "{page}");
    let page = server.get("/sign-in?error=Call%20555").send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("Call 555"), "{page}");
}

#[tokio::test]
async fn an_unknown_address_is_a_page_for_people_and_a_problem_for_programs() {
    let server = TestServer::start().await;
    let mia = server.signed_in("mia@example.com", Role::Viewer).await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for path in ["/nothing-here", "/stok/1?q=a", "/index.html"] {
        for ask in [mia.get(path), server.get(path)] {
            let answer = ask.header("accept", browser).send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 404, "{path}");
            assert_eq!(answer.headers()[CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
            assert_eq!(answer.headers()["vary"], "accept", "{path}");
            let policy = answer.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("script-src 'nonce-"), "{path}: it is hydrated");
            let page = answer.text().await.unwrap();
            assert!(page.contains("There is no such thing") && page.contains("</html>"), "{page}");
        }
    }
    let problem = "application/problem+json";
    for (path, accept) in [
        ("/nothing-here", "*/*"),
        ("/nothing-here", "application/json"),
        ("/api/v1/nothing", browser),
        ("/hooks-none/x.js", browser),
        ("/favicon.ico", browser),
    ] {
        let answer = mia.get(path).header("accept", accept).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{path}");
        assert_eq!(answer.headers()[CONTENT_TYPE], problem, "{path}, {accept}");
    }
    let answer = mia.request(reqwest::Method::POST, "/nothing-here").header("accept", browser);
    let answer = answer.header("origin", server.origin()).send().await.unwrap();
    assert_eq!(answer.headers()[CONTENT_TYPE], problem);
}

#[tokio::test]
async fn pages_travel_compressed_to_whoever_can_read_that() {
    let server = TestServer::start().await;
    let mia = server.signed_in("mia@example.com", Role::Manager).await;
    for (accepted, coding) in [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("identity", "")] {
        let answer = mia.get("/stock").header(ACCEPT_ENCODING, accepted).send().await.unwrap();
        let chosen = answer.headers().get("content-encoding").map_or("", |it| it.to_str().unwrap());
        assert_eq!((answer.status().as_u16(), chosen), (200, coding), "{accepted}");
        assert_eq!(answer.headers()["vary"], "accept-encoding");
        let bytes = answer.bytes().await.unwrap();
        let mut page = String::new();
        if coding == "gzip" {
            GzDecoder::new(&bytes[..]).read_to_string(&mut page).unwrap();
        } else if coding.is_empty() {
            (&bytes[..]).read_to_string(&mut page).unwrap();
        } else {
            continue;
        }
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("</html>"), "{page}");
    }
}
