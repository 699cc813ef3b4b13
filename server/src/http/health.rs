//! `/healthz`: the process is alive. `/readyz`: it can serve, or why it cannot.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::state::AppState;

/// What each part of the server says of itself. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<RwLock<BTreeMap<&'static str, Option<String>>>>);

#[derive(Serialize)]
struct Report {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    parts: BTreeMap<&'static str, String>,
}

impl Readiness {
    /// A part can serve.
    pub fn ready(&self, part: &'static str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(part, None);
    }

    /// A part cannot serve; `reason` says why.
    pub fn not_ready(&self, part: &'static str, reason: impl Into<String>) {
        let mut parts = self.0.write().unwrap_or_else(PoisonError::into_inner);
        parts.insert(part, Some(reason.into()));
    }

    fn report(&self) -> Report {
        let parts = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let reason = parts
            .iter()
            .find_map(|(part, reason)| reason.as_ref().map(|reason| format!("{part}: {reason}")));
        let told = |reason: &Option<String>| reason.clone().unwrap_or_else(|| "ready".to_owned());
        let parts = parts.iter().map(|(part, reason)| (*part, told(reason))).collect();
        Report { ready: reason.is_none(), reason, parts }
    }
}

/// `GET /healthz` and `GET /readyz`; neither asks for an identity.
pub fn routes() -> Router<AppState> {
    Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz))
}

async fn healthz() -> &'static str {
    "alive\n"
}

async fn readyz(State(state): State<AppState>) -> Response {
    let report = if state.shutdown.is_requested() {
        let reason = Some("the server is stopping".to_owned());
        Report { ready: false, reason, parts: BTreeMap::new() }
    } else {
        state.readiness.report()
    };
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_that_cannot_serve_is_enough() {
        let readiness = Readiness::default();
        readiness.ready("control");
        readiness.not_ready("ledger", "its tables are being read");
        let report = readiness.report();
        assert!(!report.ready);
        assert_eq!(report.reason.as_deref(), Some("ledger: its tables are being read"));
        readiness.ready("ledger");
        assert!(readiness.report().ready);
    }
}
