//! What pages ask of the server: reads for the first render and for navigation in the browser,
//! writes for forms that also work without JavaScript. On the server both are server functions
//! below [`PREFIX`]; the browser only needs their addresses.

mod call;
pub mod read;
#[cfg(feature = "ssr")]
mod serve;
#[cfg(feature = "ssr")]
pub mod write;

pub use call::{Reply, post};

use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
use leptos::prelude::use_context;
#[cfg(feature = "ssr")]
use leptos::server_fn::codec::JsonEncoding;
#[cfg(feature = "ssr")]
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};

#[cfg(feature = "ssr")]
use crate::backend::{BackendHandle, Refusal};
#[cfg(feature = "ssr")]
use crate::format::encode;

/// Where the server functions answer; the server routes everything below it to them.
pub const PREFIX: &str = "/api/fn";
/// Answers a question of a page.
pub const LOAD: &str = "/api/fn/load";
/// Posts an adjustment, a receipt or a count.
pub const ADJUST: &str = "/api/fn/adjust";
/// Takes an event back.
pub const REVERSE: &str = "/api/fn/reverse";
/// Decides a conflict.
pub const RESOLVE: &str = "/api/fn/resolve";

/// Why a page has nothing to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageError {
    /// Nobody is signed in, or not any more.
    SignIn,
    /// The role does not allow it.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// It changed meanwhile; the text says what and who.
    Changed(String),
    /// The input is wrong; the text names the field and what would be right.
    Invalid(String),
    /// The server cannot answer right now.
    Unavailable(String),
    /// The server could not be reached.
    Unreachable,
}

#[cfg(feature = "ssr")]
impl FromServerFnError for PageError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            ServerFnErrorErr::Args(detail) | ServerFnErrorErr::MissingArg(detail) => {
                Self::Invalid(detail)
            }
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// An answer with the place in the journal that it contains at least: live frames with a later
/// `seq` may change it, earlier ones are already in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct At<T> {
    /// The journal's last `seq` when reading began.
    pub seq: u64,
    /// What was read.
    pub data: T,
}

/// The backend of this request.
#[cfg(feature = "ssr")]
fn backend() -> Result<BackendHandle, PageError> {
    use_context().ok_or_else(|| PageError::Unavailable("The server is starting.".to_owned()))
}

/// Turns a refusal into what the page shows, and sets the status of the response.
#[cfg(feature = "ssr")]
fn refused(refusal: Refusal) -> PageError {
    let (status, error) = match refusal {
        Refusal::SignIn => {
            // A page without identity goes to the sign-in page and comes back afterwards. A script
            // gets the refusal instead and says so without losing what is on the screen.
            if let Some(url) = use_context::<leptos_router::location::RequestUrl>() {
                let next = encode(local(url.as_ref()));
                leptos_axum::redirect(&format!("/sign-in?next={next}"));
                return PageError::SignIn;
            }
            (http::StatusCode::UNAUTHORIZED, PageError::SignIn)
        }
        Refusal::Forbidden => (http::StatusCode::FORBIDDEN, PageError::Forbidden),
        Refusal::NotFound => (http::StatusCode::NOT_FOUND, PageError::NotFound),
        Refusal::Changed(text) => (http::StatusCode::CONFLICT, PageError::Changed(text)),
        Refusal::Invalid(text) => {
            (http::StatusCode::UNPROCESSABLE_ENTITY, PageError::Invalid(text))
        }
        Refusal::Unavailable(text) => {
            (http::StatusCode::SERVICE_UNAVAILABLE, PageError::Unavailable(text))
        }
    };
    set_status(status);
    error
}

/// The path and query of a URL: the renderer puts a host of its own before them.
#[cfg(feature = "ssr")]
fn local(url: &str) -> &str {
    let after_scheme = url.split_once("://").map(|(_, rest)| rest);
    after_scheme.map_or(url, |rest| rest.find('/').map_or("/", |at| &rest[at..]))
}

/// Sets the status of the response that is being made.
#[cfg(feature = "ssr")]
pub(crate) fn set_status(status: http::StatusCode) {
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(status);
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use leptos::server_fn::ServerFn;

    #[test]
    fn the_browser_knows_the_addresses_of_the_server_functions() {
        assert_eq!(serve::Load::PATH, LOAD);
        assert_eq!(write::PostAdjust::PATH, ADJUST);
        assert_eq!(write::PostResolve::PATH, RESOLVE);
        assert!([LOAD, ADJUST, RESOLVE].iter().all(|path| path.starts_with(PREFIX)));
    }
}
