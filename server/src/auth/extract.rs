//! Identities as handlers ask for them: `Identity` answers 401 where there is none,
//! `MaybeIdentity` leaves it to the handler.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::{Credential, Identity};
use crate::control::Digest;
use crate::http::problem::Problem;
use crate::state::AppState;

/// The longest bearer token that is looked at; ours have 47 characters.
const BEARER_MAX_BYTES: usize = 256;

/// Whoever asks, if they are known.
#[derive(Debug, Clone)]
pub struct MaybeIdentity(pub Option<Identity>);

/// The credential of a request: a bearer token, and only without one the session's cookie.
fn credential(headers: &HeaderMap, state: &AppState) -> Option<Credential> {
    if headers.contains_key(header::AUTHORIZATION) {
        return bearer(headers).map(|token| Credential::Token(Digest::of(token)));
    }
    let secret = state.auth.rules.cookie.read(headers)?;
    Some(Credential::Session(Digest::of(secret)))
}

/// The bearer token of a request, if it carries one that could be ours.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let plausible = !token.is_empty() && token.len() <= BEARER_MAX_BYTES;
    (scheme.eq_ignore_ascii_case("bearer") && plausible).then_some(token)
}

/// The address that a request comes from. What a proxy says about it is not believed.
pub(crate) fn origin(parts: &Parts) -> IpAddr {
    parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip())
}

impl FromRequestParts<AppState> for MaybeIdentity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Some(credential) = credential(&parts.headers, state) else { return Ok(Self(None)) };
        match state.auth.check(credential).await {
            Ok(identity) => Ok(Self(identity)),
            Err(error) => Err(Problem::unavailable_because("Identities cannot be checked", &error)),
        }
    }
}

impl FromRequestParts<AppState> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let MaybeIdentity(identity) = MaybeIdentity::from_request_parts(parts, state).await?;
        identity.ok_or_else(|| {
            // The route, not the path: whoever has no identity does not fill the log with paths.
            let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
            let target = format!("{} {route}", parts.method);
            state.notes.refused(
                "anonymous",
                "identify",
                &target,
                &format!("from {}", origin(parts)),
            );
            Problem::unauthorized()
        })
    }
}
