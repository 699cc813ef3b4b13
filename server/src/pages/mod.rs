//! The website: Leptos renders the pages of `onhand-app`, and every request brings its own backend.

mod backend;
mod event;
mod forms;
mod read;
mod unknown;

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use leptos::config::LeptosOptions;
use leptos::prelude::{AnyView, IntoAny, provide_context, use_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list};
use onhand_app::backend::BackendHandle;
use onhand_app::{App, Assets, Theme, shell};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;

pub use backend::Pages;
pub use forms::FormTimes;
pub use unknown::unknown_path;

use crate::auth::MaybeIdentity;
use crate::http::problem::Problem;
use crate::http::security::provide_nonce;
use crate::state::AppState;

/// How hard a page is compressed: beyond this, brotli takes longer than what it saves on the way.
const COMPRESSION: CompressionLevel = CompressionLevel::Precise(5);

/// The addresses of the pages. Found once: while leptos looks for them, no resource of the process
/// begins to load, and one that is asked for just then never does (leptos issue 4773), so that a
/// page of a server beside this one would hang.
static ROUTES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));

/// Everything that a browser sees. A page's compressed length tells a foreign page nothing: that
/// gets no cookie along with what it asks for, and can only send a person to a page in plain sight.
pub fn routes(state: &AppState) -> Router<AppState> {
    Router::new()
        .leptos_routes_with_context(state, ROUTES.clone(), context, document(state))
        .layer(from_fn_with_state(state.clone(), bring_backend))
        .layer(CompressionLayer::new().quality(COMPRESSION))
}

/// The document as the request at hand gets it.
fn document(state: &AppState) -> impl Fn() -> AnyView + Clone + Send + Sync + 'static {
    let assets = assets(state);
    move || {
        let cookies = use_context::<Parts>().and_then(|parts| {
            parts.headers.get(header::COOKIE)?.to_str().ok().map(ToOwned::to_owned)
        });
        let theme = cookies.map_or_else(Theme::default, |cookies| Theme::from_cookies(&cookies));
        shell(&assets, theme).into_any()
    }
}

/// What the renderer knows of the request: the nonce of its response, and who asks.
fn context() {
    provide_nonce();
    let pages = use_context::<Parts>().and_then(|parts| parts.extensions.get().cloned());
    if let Some(Backend(pages)) = pages {
        provide_context::<BackendHandle>(pages);
    }
}

fn assets(state: &AppState) -> Assets {
    state.site.manifest().map_or_else(Assets::default, |manifest| Assets {
        css: manifest.css.clone(),
        js: manifest.js.clone(),
        wasm: manifest.wasm.clone(),
        later: manifest.later.clone(),
        font: manifest.font.clone(),
    })
}

/// The backend of one request, on its way to the renderer.
#[derive(Clone)]
struct Backend(Arc<Pages>);

/// Finds out who asks, before a page is rendered or a form is taken.
async fn bring_backend(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match with_backend(state, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn with_backend(state: AppState, request: Request) -> Result<Request, Problem> {
    let (mut parts, body) = request.into_parts();
    let MaybeIdentity(identity) = MaybeIdentity::from_request_parts(&mut parts, &state).await?;
    parts.extensions.insert(Backend(Arc::new(Pages::new(state, identity))));
    Ok(Request::from_parts(parts, body))
}

impl axum::extract::FromRef<AppState> for LeptosOptions {
    fn from_ref(_: &AppState) -> Self {
        Self::builder().output_name("onhand").build()
    }
}
