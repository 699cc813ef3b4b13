//! How the browser calls the server: it posts a form, as it would without a script.

use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, Response};

use super::PageError;
use crate::json;

/// What the server says to a script in place of sending it to another page.
const REDIRECT_HEADER: &str = "serverfnredirect";

/// An answer that is no refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What it says.
    pub body: String,
    /// The page that shows the outcome.
    pub next: Option<String>,
}

/// Posts the fields of a form, encoded as in an address. Only in the browser.
///
/// # Errors
/// Why the server refuses it, or that it could not be reached.
pub async fn post(path: &str, fields: &str) -> Result<Reply, PageError> {
    // The browser has one thread: nothing here is ever sent to another.
    let answer = SendWrapper::new(fetch(path, fields)).await;
    // Whatever a browser rejects, it did not reach the server or lost it on the way.
    let (response, body) = answer.map_err(|_| PageError::Unreachable)?;
    if !response.ok() {
        let refusal = json::read(&body);
        return Err(refusal.unwrap_or_else(|_| PageError::Unavailable(response.status_text())));
    }
    let header = |name| response.headers().get(name).ok().flatten();
    let next = header(REDIRECT_HEADER).and_then(|_| header("location"));
    Ok(Reply { body, next })
}

async fn fetch(path: &str, fields: &str) -> Result<(Response, String), JsValue> {
    let headers = Headers::new()?;
    headers.set("accept", "application/json")?;
    headers.set("content-type", "application/x-www-form-urlencoded")?;
    let options = RequestInit::new();
    options.set_method("POST");
    options.set_headers(&headers);
    options.set_body(&JsValue::from_str(fields));
    let response = leptos::prelude::window().fetch_with_str_and_init(path, &options);
    let response: Response = JsFuture::from(response).await?.unchecked_into();
    let body = JsFuture::from(response.text()?).await?;
    Ok((response, body.as_string().unwrap_or_default()))
}
