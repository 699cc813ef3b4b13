//! Signing in and out. Both are plain forms, so that they work without JavaScript; their answers
//! are redirects.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Form, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use onhand_app::format::encode;
use serde::Deserialize;

use super::{Auth, Credential, Secret, extract};
use crate::control::{AuditEntry, AuditOutcome, ControlError, Digest, User, normalise_email};
use crate::http::limits::FORM_LIMIT_BYTES;
use crate::state::AppState;

/// The longest path that is gone to after signing in, in bytes.
const NEXT_MAX_BYTES: usize = 2_048;

/// `POST /sign-in` and `POST /sign-out`.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .layer(DefaultBodyLimit::max(FORM_LIMIT_BYTES))
}

#[derive(Deserialize)]
struct SignInForm {
    email: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// Why somebody is not signed in; the sign-in page turns the word into a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// The form was incomplete.
    Form,
    /// Address or password is wrong, or the user is disabled: which of them is not said.
    Credentials,
    /// Too many attempts failed; this many seconds to wait.
    Wait(u64),
    /// The server cannot check it right now.
    Unavailable,
}

impl Failure {
    fn location(self, next: &str) -> String {
        let error = match self {
            Self::Form => "form".to_owned(),
            Self::Credentials => "credentials".to_owned(),
            Self::Wait(seconds) => format!("wait&seconds={seconds}"),
            Self::Unavailable => "unavailable".to_owned(),
        };
        let next = if next.is_empty() { String::new() } else { format!("&next={}", encode(next)) };
        format!("/sign-in?error={error}{next}")
    }
}

/// The address that a request comes from, as an extractor.
struct Origin(IpAddr);

impl FromRequestParts<AppState> for Origin {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Self::Rejection> {
        Ok(Self(extract::origin(parts)))
    }
}

async fn sign_in(
    State(state): State<AppState>,
    Origin(origin): Origin,
    headers: HeaderMap,
    form: Result<Form<SignInForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else { return see_other(&Failure::Form.location("")) };
    let next = local_path(&form.next);
    let auth = &state.auth;
    match auth.sign_in(&form.email, form.password, origin).await {
        Ok(secret) => {
            auth.end_session(&headers).await;
            let lifetime_us = u64::try_from(auth.rules.lifetime_us).unwrap_or(0);
            let lifetime = Duration::from_micros(lifetime_us);
            let mut response = see_other(if next.is_empty() { "/" } else { next });
            if let Some(cookie) = auth.rules.cookie.set(&secret, lifetime) {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(failure) => see_other(&failure.location(next)),
    }
}

async fn sign_out(State(state): State<AppState>, headers: HeaderMap) -> Response {
    state.auth.end_session(&headers).await;
    let mut response = see_other("/sign-in");
    if let Some(cookie) = state.auth.rules.cookie.clear() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

impl Auth {
    /// Checks a password and begins a session, whose secret is new whatever the browser sent.
    async fn sign_in(
        &self,
        email: &str,
        password: String,
        origin: IpAddr,
    ) -> Result<Secret, Failure> {
        // Nobody has an address that is none; it is treated like any other unknown one.
        let email = normalise_email(email).unwrap_or_default();
        let refused = |why: &str| {
            self.notes.refused("anonymous", "sign_in", &email, &format!("{why}, from {origin}"));
        };
        if let Err(wait) = self.throttles.attempt(&email, origin, Instant::now()) {
            refused("too many failures");
            return Err(Failure::Wait(wait.as_secs().max(1)));
        }
        let user = self.control.user_by_email(&email).await.map_err(unavailable)?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let right = self.passwords.check(password, hash).await.map_err(|error| {
            tracing::warn!(%error, "a password was not checked");
            Failure::Unavailable
        })?;
        let Some(user) = user.filter(|user| right && !user.disabled) else {
            refused("wrong address or password");
            return Err(Failure::Credentials);
        };
        self.throttles.succeeded(&email, origin);
        self.begin_session(&user, origin).await.map_err(unavailable)
    }

    async fn begin_session(&self, user: &User, origin: IpAddr) -> Result<Secret, ControlError> {
        let secret = Secret::for_session();
        let digest = Digest::of(secret.reveal());
        let now = self.clock.now();
        let expires_at = now.plus_micros(self.rules.lifetime_us);
        self.control.create_session(&digest, user.id, now, expires_at).await?;
        let entry = AuditEntry {
            actor: format!("user:{}", user.email),
            action: "sign_in".to_owned(),
            target: user.email.clone(),
            detail: format!("from {origin}"),
            outcome: AuditOutcome::Done,
        };
        self.control.audit(now, &entry).await?;
        Ok(secret)
    }

    /// Ends the session that the request's cookie names, if there is one.
    async fn end_session(&self, headers: &HeaderMap) {
        let Some(secret) = self.rules.cookie.read(headers) else { return };
        let digest = Digest::of(secret);
        if let Err(error) = self.control.delete_session(&digest).await {
            tracing::error!(%error, "a session could not be ended");
        }
        self.cache.forget(&Credential::Session(digest));
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn unavailable(error: ControlError) -> Failure {
    tracing::error!(%error, "nobody can sign in");
    Failure::Unavailable
}

fn see_other(location: &str) -> Response {
    let location = HeaderValue::try_from(location).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// A path on this server to go to, or nothing: never another server, whatever a link says.
fn local_path(next: &str) -> &str {
    let mut bytes = next.bytes();
    let local = bytes.next() == Some(b'/')
        && !matches!(bytes.next(), Some(b'/' | b'\\'))
        && next.len() <= NEXT_MAX_BYTES
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if local { next } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_this_server_is_gone_to() {
        for good in ["/", "/stock", "/stock?q=a%20b&low=true", "/conflicts/c1#x"] {
            assert_eq!(local_path(good), good);
        }
        let long = format!("/{}", "x".repeat(NEXT_MAX_BYTES));
        for bad in [
            "",
            "stock",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\tevil",
            "/\r\nSet-Cookie: a=b",
            "/a\\b",
            "/\u{e9}",
            long.as_str(),
        ] {
            assert_eq!(local_path(bad), "", "{bad:?}");
        }
    }

    #[test]
    fn a_failure_comes_back_to_the_form_and_remembers_the_way() {
        assert_eq!(
            Failure::Credentials.location("/stock?q=a&low=true"),
            "/sign-in?error=credentials&next=%2Fstock%3Fq%3Da%26low%3Dtrue"
        );
        assert_eq!(Failure::Wait(4).location(""), "/sign-in?error=wait&seconds=4");
    }
}
