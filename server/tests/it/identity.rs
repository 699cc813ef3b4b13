//! Who is asking, and may they: the extractor and the rights, in front of routes of the test's
//! own that use the real server's state.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::routing::{get, post};
use onhand::wire::page::Role;
use onhand_server::auth::{Action, Identity, MaybeIdentity};
use onhand_server::control::AuditOutcome;
use onhand_server::http::problem::Problem;
use onhand_server::state::AppState;
use tower::ServiceExt as _;

use crate::support::eventually;
use crate::support::server::TestServer;

fn routes(server: &TestServer) -> Router {
    Router::new()
        .route("/who", get(async |identity: Identity| identity.actor))
        .route(
            "/maybe",
            get(async |MaybeIdentity(identity): MaybeIdentity| {
                identity.map_or_else(|| "nobody".to_owned(), |identity| identity.actor)
            }),
        )
        .route("/channels/{channel}", post(put_channel))
        .with_state(server.state().clone())
}

async fn put_channel(
    State(state): State<AppState>,
    identity: Identity,
) -> Result<&'static str, Problem> {
    state.auth.require(&identity, Action::Administer, "channel shop-1")?;
    Ok("done")
}

/// The status, the headers and the body of the answer.
async fn ask(
    server: &TestServer,
    method: &str,
    path: &str,
    headers: &[(header::HeaderName, &str)],
) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let (head, body) = routes(server).oneshot(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn tokens_and_sessions_are_known_and_nothing_else_is() {
    let server = TestServer::start().await;
    let token = server.token("wms", Role::Warehouse).await;
    let mia = server.signed_in("mia@example.com", Role::Manager).await;
    let bearer = format!("Bearer {token}");
    let lower = format!("bearer {token}");
    let known = [
        (vec![(header::AUTHORIZATION, bearer.as_str())], "token:wms"),
        (vec![(header::AUTHORIZATION, lower.as_str())], "token:wms"),
        (vec![(header::COOKIE, mia.cookie.as_str())], "user:mia@example.com"),
        // A program that says who it is, is that, whatever cookie travels along.
        (
            vec![(header::AUTHORIZATION, bearer.as_str()), (header::COOKIE, mia.cookie.as_str())],
            "token:wms",
        ),
    ];
    for (headers, actor) in known {
        let (status, _, body) = ask(&server, "GET", "/who", &headers).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, actor), "{actor}");
    }
    let (_, session) = mia.cookie.split_once('=').unwrap();
    let wrong = [
        vec![],
        vec![(header::AUTHORIZATION, "Bearer onh_wrong")],
        vec![(header::AUTHORIZATION, "Bearer ")],
        vec![(header::AUTHORIZATION, token.as_str())],
        vec![(header::AUTHORIZATION, "Basic bWlhOm1pYQ==")],
        vec![(header::COOKIE, "onhand_session=wrong")],
        vec![(header::COOKIE, "onhand_session=")],
        vec![(header::COOKIE, session)],
        // A wrong token is refused also when the cookie is right.
        vec![(header::AUTHORIZATION, "Bearer x"), (header::COOKIE, mia.cookie.as_str())],
    ];
    for headers in wrong {
        let (status, told, body) = ask(&server, "GET", "/who", &headers).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{headers:?}");
        assert_eq!(told[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(told[header::WWW_AUTHENTICATE], "Bearer");
        assert!(!body.contains(&token) && !body.contains(session), "{body}");
        let (status, _, body) = ask(&server, "GET", "/maybe", &headers).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "nobody"));
    }
    let log = server.audit_log().await;
    let refused = log.iter().find(|row| row.entry.action == "identify").unwrap();
    assert_eq!((refused.entry.target.as_str(), refused.count), ("GET /who", 9));
}

#[tokio::test]
async fn what_the_role_does_not_allow_is_403_and_audited() {
    let server = TestServer::start().await;
    for role in Role::ALL {
        let bearer = format!("Bearer {}", server.token(role.as_str(), role).await);
        let headers = [(header::AUTHORIZATION, bearer.as_str())];
        let (status, _, body) = ask(&server, "POST", "/channels/shop-1", &headers).await;
        if role == Role::Admin {
            assert_eq!((status, body.as_str()), (StatusCode::OK, "done"));
        } else {
            assert_eq!(status, StatusCode::FORBIDDEN, "{role:?}");
            assert!(body.contains("needs the role admin"), "{body}");
        }
    }
    let log = server.audit_log().await;
    let refused: Vec<_> =
        log.iter().filter(|row| row.entry.outcome == AuditOutcome::Refused).collect();
    assert_eq!(refused.len(), 4);
    for row in refused {
        assert_eq!(row.entry.action, "administer");
        assert_eq!(row.entry.target, "channel shop-1");
    }
}

#[tokio::test]
async fn a_token_that_was_taken_back_stops_working() {
    let server = TestServer::start().await;
    let bearer = format!("Bearer {}", server.token("wms", Role::Viewer).await);
    let headers = [(header::AUTHORIZATION, bearer.as_str())];
    assert_eq!(ask(&server, "GET", "/who", &headers).await.0, StatusCode::OK);
    let control = &server.state().control;
    let id = control.tokens().await.unwrap()[0].token.id;
    control.revoke_token(id, server.state().clock.now()).await.unwrap();
    eventually("the refusal", async || {
        let (status, ..) = ask(&server, "GET", "/who", &headers).await;
        (status == StatusCode::UNAUTHORIZED).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_use_of_a_token_is_noted() {
    let server = TestServer::start().await;
    let bearer = format!("Bearer {}", server.token("wms", Role::Viewer).await);
    ask(&server, "GET", "/who", &[(header::AUTHORIZATION, bearer.as_str())]).await;
    server.state().notes.flush().await;
    let tokens = server.state().control.tokens().await.unwrap();
    assert!(tokens[0].token.last_used_at.is_some());
}

#[tokio::test]
async fn when_identities_cannot_be_checked_the_answer_is_503() {
    let server = TestServer::start().await;
    server.state().control.close().await;
    let headers = [(header::AUTHORIZATION, "Bearer onh_x")];
    let (status, told, body) = ask(&server, "GET", "/who", &headers).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(told.contains_key(header::RETRY_AFTER));
    assert!(!body.to_lowercase().contains("pool"), "nothing of the inside is told: {body}");
}
