//! `GET /metrics`, for Prometheus: to whoever may see the stock, and without identity to programs on
//! the same machine. A proxy on this machine does not make its clients such programs.

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, header, uri::Authority};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

use super::problem::Problem;
use crate::auth::{Action, Identity, origin_address};
use crate::metrics;
use crate::state::AppState;

/// What proxies add to the requests of others.
const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// `GET /metrics`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/metrics", get(scrape))
}

async fn scrape(_: Reader, State(state): State<AppState>) -> Result<Response, Problem> {
    let text = metrics::text(&state)
        .map_err(|error| Problem::unavailable_because("The figures cannot be written", &error))?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response())
}

/// Somebody who may read the figures.
struct Reader;

impl FromRequestParts<AppState> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        if is_of_this_machine(parts) && state.config.public_url.is_none() {
            return Ok(Self);
        }
        let identity = Identity::from_request_parts(parts, state).await?;
        state.auth.require(&identity, Action::See, "GET /metrics")?;
        Ok(Self)
    }
}

/// Whether a program on this machine asks for itself, under this machine's own name: a name that
/// a foreign page has pointed here is another one.
fn is_of_this_machine(parts: &Parts) -> bool {
    let headers = &parts.headers;
    let foreign = [header::AUTHORIZATION, header::COOKIE, header::ORIGIN];
    origin_address(parts).is_loopback()
        && headers.get(header::HOST).is_some_and(|host| names_this_machine(host.as_bytes()))
        && !foreign.iter().any(|name| headers.contains_key(name))
        && !FORWARDED.iter().any(|name| headers.contains_key(HeaderName::from_static(name)))
}

fn names_this_machine(host: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(host) else { return false };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    let address: Option<std::net::IpAddr> = host.parse().ok();
    host.eq_ignore_ascii_case("localhost") || address.is_some_and(|it| it.is_loopback())
}
