//! Puts the parts together: each brings its own routes.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;

use super::limits::DEFAULT_LIMIT_BYTES;
use super::problem::Problem;
use super::{api, assets, health, metrics, security};
use crate::auth;
use crate::intake::hooks;
use crate::state::AppState;
use crate::{live, pages};

/// Everything that the server answers.
pub fn router(state: AppState) -> Router {
    Router::new()
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(auth::routes())
        .merge(api::routes())
        .merge(live::socket::routes())
        .merge(hooks::routes())
        .merge(pages::routes(&state))
        .merge(assets::router(&state.site))
        .fallback(pages::unknown_path)
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(DEFAULT_LIMIT_BYTES))
        .layer(from_fn_with_state(state.clone(), security::same_origin_only))
        .layer(from_fn_with_state(state.clone(), security::headers))
        .with_state(state)
}
