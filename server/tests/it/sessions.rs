//! Signing in and out.

use std::sync::Arc;

use onhand::time::{SECOND_US, Timestamp};
use onhand::wire::page::Role;
use onhand_server::auth::Credential;
use onhand_server::clock::{ManualClock, SystemClock};
use onhand_server::config::SecureCookies;
use onhand_server::control::{AuditOutcome, Digest};
use reqwest::header::{COOKIE, SET_COOKIE};

use crate::support::server::{PASSWORD, TestServer, cookie, location};

/// Who holds a session's cookie, by the server's own check.
async fn holder(server: &TestServer, cookie: &str) -> Option<(String, Role)> {
    let (_, secret) = cookie.split_once('=').unwrap();
    let credential = Credential::Session(Digest::of(secret));
    let identity = server.state().auth.check(credential).await.unwrap();
    identity.map(|identity| (identity.actor, identity.role))
}

#[tokio::test]
async fn signing_in_leads_to_where_one_wanted_to_go() {
    let server = TestServer::start().await;
    server.user("mia@example.com", Role::Manager).await;
    let fields =
        [("email", "Mia@Example.com"), ("password", PASSWORD), ("next", "/stock?low=true")];
    let answer = server.form("/sign-in", &fields).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/stock?low=true"));
    let session = cookie(&answer).unwrap();
    let known = holder(&server, &session).await;
    assert_eq!(known, Some(("user:mia@example.com".to_owned(), Role::Manager)));
    let fields = [("email", "mia@example.com"), ("password", PASSWORD), ("next", "//evil.example")];
    let answer = server.form("/sign-in", &fields).send().await.unwrap();
    assert_eq!(location(&answer), "/");
}

#[tokio::test]
async fn the_cookie_is_marked_for_where_the_server_is_reached() {
    let server = TestServer::start().await;
    server.user("mia@example.com", Role::Viewer).await;
    let answer = server.sign_in("mia@example.com", PASSWORD).await;
    let header = answer.headers()[SET_COOKIE].to_str().unwrap();
    let (pair, flags) = header.split_once(';').unwrap();
    assert!(pair.starts_with("onhand_session="), "{pair}");
    assert_eq!(flags, " Path=/; Max-Age=43200; HttpOnly; SameSite=Lax");

    let server = TestServer::with(|config| config.secure_cookies = SecureCookies::Always).await;
    server.user("mia@example.com", Role::Viewer).await;
    let answer = server.sign_in("mia@example.com", PASSWORD).await;
    let header = answer.headers()[SET_COOKIE].to_str().unwrap();
    let (pair, flags) = header.split_once(';').unwrap();
    assert!(pair.starts_with("__Host-onhand_session="), "{pair}");
    assert_eq!(flags, " Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure");
}

#[tokio::test]
async fn failures_look_alike_and_are_audited() {
    let server = TestServer::start().await;
    server.user("mia@example.com", Role::Viewer).await;
    server.user("gone@example.com", Role::Viewer).await;
    server.state().control.set_user_disabled("gone@example.com", true).await.unwrap();
    let attempts = [
        ("mia@example.com", "wrong password"),
        ("nobody@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
        ("no address", PASSWORD),
        ("mia@example.com", ""),
    ];
    for (email, password) in attempts {
        let answer = server.sign_in(email, password).await;
        assert_eq!(location(&answer), "/sign-in?error=credentials", "{email}");
        assert_eq!(cookie(&answer), None);
    }
    let fields = [("email", "mia@example.com"), ("password", "x"), ("next", "/stock")];
    let answer = server.form("/sign-in", &fields).send().await.unwrap();
    assert_eq!(location(&answer), "/sign-in?error=credentials&next=%2Fstock");
    let answer = server.form("/sign-in", &[("email", "mia@example.com")]).send().await.unwrap();
    assert_eq!(location(&answer), "/sign-in?error=form");
    let log = server.audit_log().await;
    let refused = log.iter().filter(|row| row.entry.outcome == AuditOutcome::Refused);
    assert_eq!(refused.map(|row| row.count).sum::<i64>(), 6);
    assert!(log.iter().all(|row| !format!("{row:?}").contains(PASSWORD)));
}

#[tokio::test]
async fn guessing_has_to_wait_and_the_right_password_with_it() {
    let server = TestServer::start().await;
    server.user("mia@example.com", Role::Viewer).await;
    for _ in 0..6 {
        server.sign_in("mia@example.com", "wrong password").await;
    }
    let answer = server.sign_in("mia@example.com", PASSWORD).await;
    assert!(location(&answer).starts_with("/sign-in?error=wait&seconds="), "{}", location(&answer));
    server.user("noah@example.com", Role::Viewer).await;
    let answer = server.sign_in("noah@example.com", PASSWORD).await;
    assert_eq!(location(&answer), "/", "others from the same address still can");
}

#[tokio::test]
async fn a_session_that_somebody_planted_is_not_taken_over() {
    let server = TestServer::start().await;
    server.user("mia@example.com", Role::Viewer).await;
    let planted = "onhand_session=planted-by-somebody";
    let fields = [("email", "mia@example.com"), ("password", PASSWORD)];
    let answer = server.form("/sign-in", &fields).header(COOKIE, planted).send().await.unwrap();
    assert_ne!(cookie(&answer).unwrap(), planted);
    assert_eq!(holder(&server, planted).await, None);

    let noah = server.signed_in("noah@example.com", Role::Viewer).await;
    let answer = noah.form("/sign-in", &fields).send().await.unwrap();
    let next = cookie(&answer).unwrap();
    assert_ne!(next, noah.cookie);
    assert_eq!(holder(&server, &noah.cookie).await, None, "the browser's old session is over");
    assert_eq!(holder(&server, &next).await.unwrap().0, "user:mia@example.com");
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once() {
    let server = TestServer::start().await;
    let mia = server.signed_in("mia@example.com", Role::Viewer).await;
    assert!(holder(&server, &mia.cookie).await.is_some());
    let answer = mia.post("/sign-out").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), location(&answer)), (303, "/sign-in"));
    assert_eq!(cookie(&answer).as_deref(), Some("onhand_session="));
    assert_eq!(holder(&server, &mia.cookie).await, None);
}

#[tokio::test]
async fn a_session_outlives_a_restart() {
    let server = TestServer::start().await;
    let mia = server.signed_in("mia@example.com", Role::Viewer).await;
    let session = mia.cookie;
    let folder = server.stop().await;
    let server = TestServer::start_in(folder, Arc::new(SystemClock), |_| {}).await;
    assert!(holder(&server, &session).await.is_some());
}

#[tokio::test]
async fn a_role_change_and_a_lock_hold_within_a_second() {
    let server = TestServer::start().await;
    let mia = server.signed_in("mia@example.com", Role::Viewer).await;
    let control = &server.state().control;
    assert_eq!(holder(&server, &mia.cookie).await.unwrap().1, Role::Viewer);
    control.set_user_role("mia@example.com", Role::Admin).await.unwrap();
    crate::support::eventually("the new role", async || {
        (holder(&server, &mia.cookie).await?.1 == Role::Admin).then_some(())
    })
    .await;
    control.set_user_disabled("mia@example.com", true).await.unwrap();
    crate::support::eventually("the lock", async || {
        holder(&server, &mia.cookie).await.is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_by_time_and_use_prolongs_it() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_800_000_000 * SECOND_US)));
    let server = TestServer::with_clock(Arc::clone(&clock) as _, |config| {
        config.session_idle_s = 600;
        config.session_lifetime_s = 1_800;
    })
    .await;
    let mia = server.signed_in("mia@example.com", Role::Viewer).await;
    let (_, secret) = mia.cookie.split_once('=').unwrap();
    let digest = Digest::of(secret);
    // Straight to the database: the cache is about real time.
    let at = |idle_s: i64| {
        let now = server.state().clock.now();
        (now, now.plus_micros(-idle_s * SECOND_US))
    };
    for _ in 0..3 {
        clock.advance(500 * SECOND_US);
        let (now, idle_since) = at(600);
        assert!(server.state().control.session(&digest, now, idle_since).await.unwrap().is_some());
        server.state().notes.session_seen(digest, now);
        server.state().notes.flush().await;
    }
    clock.advance(300 * SECOND_US);
    let (now, idle_since) = at(600);
    let over = server.state().control.session(&digest, now, idle_since).await.unwrap();
    assert!(over.is_none(), "it is used, but its time is over");
}
